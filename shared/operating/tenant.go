package operating

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/ratelimit"
	"github.com/fairlead/fairlead/shared/ship"
)

// Tenants keeps tenants.
type Tenants interface {
	Tenant(ctx context.Context, tenant string) (account.Tenant, error) // strongly consistent; account.ErrNotFound
	// UpdateTenant returns the tenant as it is now, account.ErrNotFound, or account.ErrErased.
	UpdateTenant(ctx context.Context, tenant string, change account.TenantChange) (account.Tenant, error)
}

// Keys ends API keys.
type Keys interface {
	APIKey(ctx context.Context, keyID string) (account.Key, error)
	// DeleteAPIKey returns account.ErrNotFound for a key that is not the tenant's in this mode.
	DeleteAPIKey(ctx context.Context, tenant string, mode ship.Mode, keyID string) error
}

// Warden suspends tenants, and sets what they may ask for.
type Warden struct {
	Tenants Tenants
	Keys    Keys
	Now     func() time.Time
}

// TenantUpdate is what an operator changes of a tenant. With nothing named it is shown.
type TenantUpdate struct {
	Caller
	Tenant    string  `json:"tenant"`
	Suspend   *bool   `json:"suspend,omitempty"`    // false: resume
	Limits    *string `json:"limits,omitempty"`     // such as "read=100/s:200 book=5/s:10"; "default" sets them back
	RevokeKey KeyID   `json:"revoke_key,omitempty"` // the last one that administers included
}

// Target implements Input.
func (u TenantUpdate) Target() string {
	return strings.TrimSpace(u.Tenant + " " + u.RevokeKey.String())
}

// KeyID is the id of an API key. Who has found a leaked key has all of it: of a whole key only the id is sent and read, for
// what is read is kept in the audit for ever.
type KeyID string

// keyIDLength is how long an id is.
const keyIDLength = 16

// MarshalText leaves the secret out.
func (k KeyID) MarshalText() ([]byte, error) {
	id := strings.TrimSpace(string(k))
	if _, key, found := strings.Cut(id, "fl_"); found { // fl_<mode>_<id>_<secret>
		_, id, _ = strings.Cut(key, "_")
	}
	return []byte(id[:min(len(id), keyIDLength)]), nil
}

// UnmarshalText leaves the secret out.
func (k *KeyID) UnmarshalText(text []byte) error {
	id, err := KeyID(text).MarshalText()
	*k = KeyID(id)
	return err
}

// String leaves the secret out.
func (k KeyID) String() string {
	id, _ := k.MarshalText()
	return string(id)
}

// TenantView is a tenant as an operator sees it.
type TenantView struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
	Suspended time.Time `json:"suspended_since,omitzero"`
	Erased    time.Time `json:"erased_since,omitzero"`
	Limits    string    `json:"limits"` // its own; empty: the deployment's defaults
	Did       string    `json:"did"`    // what this call changed
}

// Summary implements Told.
func (v TenantView) Summary() (target, said string) { return "", v.Did }

// defaultLimits is the word that sets a tenant's limits back.
const defaultLimits = "default"

// Update is update-tenant. A suspended tenant's requests are refused within a minute, and what is ordered and not begun
// waits for a day; what is on its way to a carrier, or was, is finished and found out, and its callbacks are delivered.
func (w *Warden) Update(ctx context.Context, in TenantUpdate) (TenantView, error) {
	if err := checkID("tenant", in.Tenant); err != nil {
		return TenantView{}, err
	}
	change, did, err := w.change(in)
	if err != nil {
		return TenantView{}, err
	}
	if len(did) > 0 || in.RevokeKey != "" {
		if err := in.check(true); err != nil {
			return TenantView{}, err
		}
	}
	if in.RevokeKey != "" {
		if err := w.revoke(ctx, in); err != nil {
			return TenantView{}, err
		}
		did = append(did, "key "+in.RevokeKey.String()+" revoked")
	}
	t, err := w.Tenants.Tenant(ctx, in.Tenant)
	if err == nil && change != (account.TenantChange{}) {
		if in.Suspend != nil && *in.Suspend && !t.Suspended.IsZero() {
			change.Suspended = &t.Suspended // it stays so since when it was
		}
		t, err = w.Tenants.UpdateTenant(ctx, in.Tenant, change)
	}
	switch {
	case errors.Is(err, account.ErrNotFound):
		return TenantView{}, refuse("there is no tenant %s", in.Tenant)
	case errors.Is(err, account.ErrErased):
		return TenantView{}, refuse("the data of tenant %s is erased, or is being erased: it stays suspended", in.Tenant)
	case err != nil:
		return TenantView{}, err
	}
	out := TenantView{ID: t.ID, Name: t.Name, CreatedAt: t.CreatedAt, Suspended: t.Suspended, Erased: t.Erased, Limits: t.Limits.String(), Did: "shown"}
	if len(did) > 0 {
		out.Did = strings.Join(did, ", ")
	}
	return out, nil
}

// change reads what is to be changed, and says it in words.
func (w *Warden) change(in TenantUpdate) (c account.TenantChange, did []string, err error) {
	if in.Suspend != nil {
		at, word := time.Time{}, "resumed"
		if *in.Suspend {
			at, word = w.Now().UTC().Truncate(time.Millisecond), "suspended"
		}
		c.Suspended, did = &at, append(did, word)
	}
	if in.Limits == nil {
		return c, did, nil
	}
	if *in.Limits == defaultLimits {
		c.Limits = &ratelimit.Set{}
		return c, append(did, "limits set back to the deployment's defaults"), nil
	}
	if strings.Contains(*in.Limits, ",") {
		return c, nil, refuse(`limits: divide them by spaces, not by commas, as in "read=100/s:200 book=5/s:10"`)
	}
	set, err := ratelimit.ParseSet(*in.Limits)
	if err == nil && set == (ratelimit.Set{}) {
		err = errors.New(`name at least one, as in "read=100/s:200", or say "default"`)
	}
	if err != nil {
		return c, nil, refuse("limits: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	c.Limits = &set
	return c, append(did, "limits set to "+set.String()+"; what is not named has the deployment's default"), nil
}

// revoke ends a key, be it the last that administers: an operator can give the tenant another by create-tenant.
func (w *Warden) revoke(ctx context.Context, in TenantUpdate) error {
	id := in.RevokeKey.String()
	if err := checkID("revoke_key", id); err != nil {
		return err
	}
	k, err := w.Keys.APIKey(ctx, id)
	if err == nil && k.Tenant == in.Tenant {
		err = w.Keys.DeleteAPIKey(ctx, in.Tenant, k.Mode, id)
	} else if err == nil {
		err = account.ErrNotFound
	}
	if errors.Is(err, account.ErrNotFound) {
		return refuse("tenant %s has no API key %s; it is the part of a key between its mode and its secret", in.Tenant, id)
	}
	if err != nil {
		return fmt.Errorf("revoking key %s: %w", id, err)
	}
	return nil
}
