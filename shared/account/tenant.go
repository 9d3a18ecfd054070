package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/fairlead/fairlead/shared/ship"
)

// maxName is how long the name of a tenant, a key or an account may be, in characters.
const maxName = 100

// isName tells whether a name is one line of text.
func isName(name string) bool {
	return name != "" && utf8.ValidString(name) && utf8.RuneCountInString(name) <= maxName && !strings.ContainsFunc(name, unicode.IsControl)
}

// firstKey is the name of the key that a tenant begins with.
const firstKey = "first key"

// CreateTenant makes a tenant with a first API key of a mode, which may do everything. The text returned is the key whole, which can never
// be read again. Errors about the input say what to do.
func (s *Service) CreateTenant(ctx context.Context, name string, mode ship.Mode) (Tenant, Key, string, error) {
	var wrong []error
	if name = strings.TrimSpace(name); !isName(name) {
		wrong = append(wrong, fmt.Errorf("name: give the tenant a name of 1 to %d characters on one line", maxName))
	}
	if err := checkMode(mode); err != nil {
		wrong = append(wrong, err)
	}
	if len(wrong) > 0 {
		return Tenant{}, Key{}, "", errors.Join(wrong...)
	}
	t := Tenant{ID: s.id("tn_"), Name: name, CreatedAt: s.now()}
	key, whole, err := s.newKey(t.ID, mode, firstKey, AllScopes(), "")
	if err != nil {
		return Tenant{}, Key{}, "", err
	}
	// The tenant first: a key without a tenant could be used, a tenant without a key only lies there.
	if err := s.Store.PutTenant(ctx, t.ID, t); err != nil {
		return Tenant{}, Key{}, "", err
	}
	if err := s.Store.SaveAdmins(ctx, t.ID, mode, nil, []string{key.ID}); err != nil {
		return Tenant{}, Key{}, "", err
	}
	if err := s.Store.PutAPIKey(ctx, t.ID, key); err != nil {
		return Tenant{}, Key{}, "", err
	}
	return t, key, whole, nil
}

func checkMode(mode ship.Mode) error {
	if mode != ship.Test && mode != ship.Live {
		return fmt.Errorf("mode: say %q or %q, the mode of the first API key", ship.Test, ship.Live)
	}
	return nil
}

// OpenMode gives a tenant the first API key of a mode that has none: keys make keys of their own mode only, so this is the
// way from test to live. It does nothing where a key is left that can make others.
func (s *Service) OpenMode(ctx context.Context, tenant string, mode ship.Mode) (Tenant, Key, string, error) {
	if err := checkMode(mode); err != nil {
		return Tenant{}, Key{}, "", err
	}
	t, err := s.Store.Tenant(ctx, tenant)
	if errors.Is(err, ErrNotFound) {
		return Tenant{}, Key{}, "", fmt.Errorf("tenant: there is no tenant %q; leave it out to make one", tenant)
	}
	if err != nil {
		return Tenant{}, Key{}, "", err
	}
	if !t.Erased.IsZero() {
		return Tenant{}, Key{}, "", fmt.Errorf("tenant: the data of tenant %s is erased, or is being erased: it gets no key any more; leave it out to make one", tenant)
	}
	seen, err := s.Store.Admins(ctx, tenant, mode)
	if err != nil {
		return Tenant{}, Key{}, "", err
	}
	taken := fmt.Errorf("mode: tenant %s has a %s key that can make others; use POST /v1/api-keys with it", tenant, mode)
	for _, id := range seen { // what an interrupted call has named does not exist
		if _, err := s.readAPIKey(ctx, tenant, mode, id); !errors.Is(err, ErrNotFound) {
			return Tenant{}, Key{}, "", errors.Join(taken, err)
		}
	}
	key, whole, err := s.newKey(t.ID, mode, firstKey, AllScopes(), "")
	if err != nil {
		return Tenant{}, Key{}, "", err
	}
	if err := s.Store.SaveAdmins(ctx, t.ID, mode, seen, []string{key.ID}); errors.Is(err, ErrChanged) {
		return Tenant{}, Key{}, "", taken
	} else if err != nil {
		return Tenant{}, Key{}, "", err
	}
	return t, key, whole, s.Store.PutAPIKey(ctx, t.ID, key)
}

// TenantRequest is what an operator sends to make a tenant, or to give one its first key of the other mode.
type TenantRequest struct {
	Name   string    `json:"name"`   // of a new tenant
	Tenant string    `json:"tenant"` // the id of one that is there, instead of a name
	Mode   ship.Mode `json:"mode"`   // of the first API key
}

// TenantAnswer is what an operator gets. It is the only answer that ever holds the key's secret.
type TenantAnswer struct {
	Tenant struct {
		ID        string    `json:"id"`
		Name      string    `json:"name"`
		CreatedAt time.Time `json:"created_at"`
	} `json:"tenant"`
	APIKey struct {
		ID     string    `json:"id"`
		Mode   ship.Mode `json:"mode"`
		Secret string    `json:"secret"` // the whole key, fl_…, as it is sent
	} `json:"api_key"`
}

// OperatorCreateTenant answers the operator's invocation; there is no route to it.
func (s *Service) OperatorCreateTenant(ctx context.Context, in TenantRequest) (TenantAnswer, error) {
	t, key, whole, err := s.asked(ctx, in)
	if err != nil {
		return TenantAnswer{}, err
	}
	var out TenantAnswer
	out.Tenant.ID, out.Tenant.Name, out.Tenant.CreatedAt = t.ID, t.Name, t.CreatedAt
	out.APIKey.ID, out.APIKey.Mode, out.APIKey.Secret = key.ID, key.Mode, whole
	return out, nil
}

func (s *Service) asked(ctx context.Context, in TenantRequest) (Tenant, Key, string, error) {
	switch {
	case in.Tenant == "":
		return s.CreateTenant(ctx, in.Name, in.Mode)
	case in.Name != "":
		return Tenant{}, Key{}, "", errors.New("name: leave it out with tenant, whose name stays as it is")
	}
	return s.OpenMode(ctx, in.Tenant, in.Mode)
}
