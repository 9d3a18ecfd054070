// Package account keeps tenants, their API keys and their accounts with carriers: it makes them, checks them, and
// hands a carrier account to those who book with it. Secrets are stored as hashes or sealed, never as they are.
package account

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ratelimit"
	"github.com/fairlead/fairlead/shared/ship"
)

// ErrNotFound means that there is no such account or key. Another tenant's counts as none.
var ErrNotFound = errors.New("account: not found")

// ErrExists is returned by a Put for an id that is taken.
var ErrExists = errors.New("account: it exists")

// ErrChanged is returned by a write that builds on what was read, when that is no more.
var ErrChanged = errors.New("account: changed meanwhile")

// ErrErased is returned for a tenant whose data is erased, or is being erased: it can't be brought back.
var ErrErased = errors.New("account: the tenant's data is erased")

// Tenant is one shipper with its own keys, accounts and shipments.
type Tenant struct {
	ID        string // "tn_…"
	Name      string
	CreatedAt time.Time
	Limits    ratelimit.Set // what it has instead of the deployment's defaults
	Suspended time.Time     // since when; zero: it is not
	Erased    time.Time     // when the erasure of its data was begun; zero: it was not
}

// Key is an API key as it is stored: its secret is not in it.
type Key struct {
	ID        string
	Tenant    string
	Name      string // the tenant's own; empty for a key from before keys had names
	Mode      ship.Mode
	Scopes    []string // what it may do, of AllScopes and in their order
	Hash      []byte   // SHA-256 of the secret
	CreatedAt time.Time
}

// Carrier is an account a tenant has with a carrier, as it is stored.
type Carrier struct {
	ID             string // "ca_…"
	Name           string // the tenant's own, may be empty
	Mode           ship.Mode
	Carrier        string // name of the carrier
	Number         string // the carrier's own account number
	Sealed         []byte // the credentials, as JSON, sealed for this account
	Revision       int64  // how often the credentials were replaced
	RebookOnAbsent bool   // the tenant accepts an advisory absence as proof that nothing was booked
	CreatedAt      time.Time
	// BookingsPerMinute is what the carrier takes, where the tenant knows better; 0: what the carrier is known to take.
	BookingsPerMinute int64
}

// CarrierChange is what changes of an account. What is nil stays as it is.
type CarrierChange struct {
	Name           *string
	Sealed         []byte // new credentials, sealed for the account
	RebookOnAbsent *bool
	// BookingsPerMinute is 0 to have what the carrier is known to take again.
	BookingsPerMinute *int64
}

// TenantChange is what an operator changes of a tenant. What is nil stays as it is.
type TenantChange struct {
	Suspended *time.Time     // zero: not any more
	Limits    *ratelimit.Set // zero: the deployment's defaults
	Erased    *time.Time     // once begun it is never taken back
}

// Store keeps tenants, keys and carrier accounts. Nothing that exists is overwritten by a Put. Lists are by id: at most
// limit after an id ("" from the first), and the id to go on after, "" on the last page.
type Store interface {
	PutTenant(ctx context.Context, tenant string, t Tenant) error
	Tenant(ctx context.Context, tenant string) (Tenant, error) // strongly consistent; ErrNotFound when there is none
	KeyStore
	CarrierStore
}

// KeyStore keeps API keys.
type KeyStore interface {
	// PutAPIKey lists a key under its tenant and then writes it, so that a key that works is always listed.
	PutAPIKey(ctx context.Context, tenant string, k Key) error
	// EnlistAPIKey lists a key that exists already.
	EnlistAPIKey(ctx context.Context, tenant string, k Key) error
	// APIKey finds a key by its id, strongly consistent; ErrNotFound when there is none. It knows no tenant yet: the key
	// says which.
	APIKey(ctx context.Context, keyID string) (Key, error)
	APIKeys(ctx context.Context, tenant string, mode ship.Mode, limit int, after string) ([]Key, string, error)
	// DeleteAPIKey returns ErrNotFound for a key that is not this tenant's in this mode.
	DeleteAPIKey(ctx context.Context, tenant string, mode ship.Mode, keyID string) error
	// Admins are the ids of a mode's keys with the scope admin, nil where none was ever named. SaveAdmins replaces what
	// was seen, and returns ErrChanged when it is another.
	Admins(ctx context.Context, tenant string, mode ship.Mode) ([]string, error)
	SaveAdmins(ctx context.Context, tenant string, mode ship.Mode, seen, ids []string) error
}

// CarrierStore keeps carrier accounts. All return ErrNotFound for an account that does not exist or is another tenant's;
// those that take a mode also for one of the other mode.
type CarrierStore interface {
	PutCarrierAccount(ctx context.Context, tenant string, c Carrier) error
	CarrierAccount(ctx context.Context, tenant, id string) (Carrier, error)
	// CarrierAccountNow is CarrierAccount, strongly consistent.
	CarrierAccountNow(ctx context.Context, tenant, id string) (Carrier, error)
	CarrierAccounts(ctx context.Context, tenant string, mode ship.Mode, limit int, after string) ([]Carrier, string, error)
	// UpdateCarrierAccount returns the account as it is now. New credentials raise its revision and end the tokens of the
	// earlier ones; so does deleting it.
	UpdateCarrierAccount(ctx context.Context, tenant string, mode ship.Mode, id string, change CarrierChange) (Carrier, error)
	DeleteCarrierAccount(ctx context.Context, tenant string, mode ship.Mode, id string) error
}

// Box seals secrets so that they open only for the same tenant, purpose and id.
type Box interface {
	Seal(ctx context.Context, tenant, purpose, id string, plaintext []byte) ([]byte, error)
	Open(ctx context.Context, tenant, purpose, id string, sealed []byte) ([]byte, error)
}

// Service holds the rules. It is safe for concurrent use and must not be copied once used.
type Service struct {
	Store    Store
	Box      Box // may be nil where nobody gives credentials or opens them
	Carriers carrier.Registry
	Now      func() time.Time
	NewID    func() string // a fresh ULID
	Random   io.Reader     // cryptographically secure
	Keep     time.Duration // how long a process keeps a carrier account; zero: a minute

	open, facts cache[carrier.Account] // with and without credentials
}
