package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/ship"
)

// patience is how often a change of the administering keys is tried when others change them at the same time.
const patience = 5

// KeyInput is what a tenant says of a new API key.
type KeyInput struct {
	Name   string
	Scopes []string // nil: read and ship
	Seed   string   // of the request (api.Request): the same key for each of its executions
}

// CreateAPIKey makes a key of the mode of the key that asks, by, and with no scope that this lacks. The text returned
// is the key whole, which can never be read again. Whether by may make keys at all is for the operation's scope to say.
func (s *Service) CreateAPIKey(ctx context.Context, tenant, by string, in KeyInput) (Key, string, error) {
	asking, err := s.Store.APIKey(ctx, by)
	if errors.Is(err, ErrNotFound) || (err == nil && asking.Tenant != tenant) {
		// The gateway may still know a key that has been revoked; it must not leave another one behind.
		return Key{}, "", &api.Error{Status: http.StatusUnauthorized, Code: "unauthorized", Detail: "This API key has been revoked. Use another one."}
	}
	if err != nil {
		return Key{}, "", err
	}
	name, scopes, err := checkKey(asking, in)
	if err != nil {
		return Key{}, "", err
	}
	k, whole, err := s.newKey(tenant, asking.Mode, name, scopes, in.Seed)
	if err != nil {
		return Key{}, "", err
	}
	if asking.Name == "" { // from before keys were listed; from now on it is not the only one
		if err := s.Store.EnlistAPIKey(ctx, tenant, asking); err != nil {
			return Key{}, "", err
		}
	}
	if k.may(api.ScopeAdmin) { // before it works: no key administers that is not named
		if err := s.nameAdmin(ctx, asking, k); err != nil {
			return Key{}, "", err
		}
	}
	err = s.Store.PutAPIKey(ctx, tenant, k)
	if errors.Is(err, ErrExists) && in.Seed != "" { // by an execution whose answer was lost
		return Key{}, "", api.ShownOnce(k.ID, "key")
	}
	if err != nil {
		return Key{}, "", err
	}
	return k, whole, nil
}

// checkKey returns the name and the scopes of a new key, or an *api.Error with what is wrong.
func checkKey(asking Key, in KeyInput) (string, []string, error) {
	var problems []ship.Problem
	name := strings.TrimSpace(in.Name)
	if !isName(name) {
		problems = append(problems, ship.Problem{Field: "name", Code: "invalid", Detail: fmt.Sprintf("Give the key a name of 1 to %d characters on one line.", maxName)})
	}
	asked := in.Scopes
	if asked == nil {
		asked = []string{api.ScopeRead, api.ScopeShip}
	}
	if len(asked) == 0 {
		problems = append(problems, ship.Problem{Field: "scopes", Code: "required", Detail: "A key without a scope is of no use; leave scopes out for read and ship."})
	}
	var scopes, lacking []string
	for _, scope := range AllScopes() { // in this order, and each once
		if slices.Contains(asked, scope) {
			scopes = append(scopes, scope)
			if !slices.Contains(asking.Scopes, scope) {
				lacking = append(lacking, scope)
			}
		}
	}
	for i, scope := range asked {
		if !slices.Contains(AllScopes(), scope) {
			problems = append(problems, ship.Problem{Field: fmt.Sprintf("scopes[%d]", i), Code: "unknown_scope", Detail: "The scopes are " + strings.Join(AllScopes(), ", ") + "."})
		}
	}
	if len(problems) > 0 {
		return "", nil, api.Invalid("The API key cannot be made as it is.", problems...)
	}
	if len(lacking) > 0 {
		return "", nil, &api.Error{Status: http.StatusForbidden, Code: "scope_escalation",
			Detail: fmt.Sprintf("A key cannot give what it lacks: this one has %s, and the new one would have %s as well. Leave that out, or ask with a key that has it.", strings.Join(asking.Scopes, " and "), strings.Join(lacking, " and "))}
	}
	return name, scopes, nil
}

func (k Key) may(scope string) bool { return slices.Contains(k.Scopes, scope) }

// nameAdmin adds a key to those that administer.
func (s *Service) nameAdmin(ctx context.Context, asking, k Key) error {
	return s.changeAdmins(ctx, asking, func(ids []string) ([]string, error) {
		if slices.Contains(ids, k.ID) {
			return ids, nil
		}
		return append(slices.Clone(ids), k.ID), nil
	})
}

// changeAdmins replaces the list of the keys that administer a mode. Where none was ever named (a tenant from before
// keys had scopes) there is one, the key that asks.
func (s *Service) changeAdmins(ctx context.Context, asking Key, change func(ids []string) ([]string, error)) error {
	for range patience {
		seen, err := s.Store.Admins(ctx, asking.Tenant, asking.Mode)
		if err != nil {
			return err
		}
		ids := seen
		if seen == nil && asking.may(api.ScopeAdmin) {
			ids = []string{asking.ID}
		}
		next, err := change(ids)
		if err != nil || (seen != nil && slices.Equal(next, seen)) {
			return err
		}
		if err := s.Store.SaveAdmins(ctx, asking.Tenant, asking.Mode, seen, next); !errors.Is(err, ErrChanged) {
			return err
		}
	}
	return fmt.Errorf("naming the administering keys of %s: %w", asking.Tenant, ErrChanged)
}

// RevokeAPIKey ends a key of this mode, be it the one that asks (by) itself, unless no other key with the scope admin
// would be left: then nobody could make a key again. It returns ErrNotFound for a key that does not exist in this mode.
//
// Of several that revoke each other at the same time one is left: a key is taken from the list of those that
// administer before it ends, by a write that only goes through when the list is the one that was looked at, and on
// which a key was found that works.
func (s *Service) RevokeAPIKey(ctx context.Context, tenant string, mode ship.Mode, by, id string) error {
	k, err := s.readAPIKey(ctx, tenant, mode, id)
	if errors.Is(err, ErrNotFound) && isText(id, keyIDBytes) {
		return s.Store.DeleteAPIKey(ctx, tenant, mode, id) // a revocation that was interrupted may have left something
	}
	if err != nil {
		return err
	}
	if k.may(api.ScopeAdmin) {
		asking := Key{ID: by, Tenant: tenant, Mode: mode, Scopes: AllScopes()}
		err := s.changeAdmins(ctx, asking, func(ids []string) ([]string, error) {
			if !slices.Contains(ids, id) {
				return ids, nil
			}
			rest := slices.DeleteFunc(slices.Clone(ids), func(x string) bool { return x == id })
			return rest, s.oneWorks(ctx, tenant, mode, rest)
		})
		if err != nil {
			return err
		}
	}
	return s.Store.DeleteAPIKey(ctx, tenant, mode, id)
}

// oneWorks refuses a list of administering keys none of which exists: making a key may have been interrupted.
func (s *Service) oneWorks(ctx context.Context, tenant string, mode ship.Mode, ids []string) error {
	for _, id := range ids {
		_, err := s.readAPIKey(ctx, tenant, mode, id)
		if !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return &api.Error{Status: http.StatusConflict, Code: "last_admin_key",
		Detail: fmt.Sprintf("This is the last %s key with the scope admin; without it nobody could make keys or change settings. Make another one with the scope admin first (POST /v1/api-keys), and revoke this one with it.", mode)}
}

// readAPIKey reads a key as it is this moment. It returns ErrNotFound for one that does not exist in this mode.
func (s *Service) readAPIKey(ctx context.Context, tenant string, mode ship.Mode, id string) (Key, error) {
	if !isText(id, keyIDBytes) {
		return Key{}, ErrNotFound
	}
	k, err := s.Store.APIKey(ctx, id)
	if err == nil && (k.Tenant != tenant || k.Mode != mode) {
		err = ErrNotFound
	}
	return k, err
}

// listAPIKeys reads a page of keys. The only key of a tenant from before keys were listed is the one that asks.
func (s *Service) listAPIKeys(ctx context.Context, tenant string, mode ship.Mode, by string, limit int, after string) ([]Key, string, error) {
	found, next, err := s.Store.APIKeys(ctx, tenant, mode, limit, after)
	if err != nil || len(found) > 0 || after != "" {
		return found, next, err
	}
	k, err := s.readAPIKey(ctx, tenant, mode, by)
	if errors.Is(err, ErrNotFound) {
		return nil, "", nil
	}
	return []Key{k}, "", err
}
