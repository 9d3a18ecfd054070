// Package account keeps tenants, their API keys and their accounts with carriers: it makes them, checks them, and
// hands a carrier account to those who book with it. Secrets are stored as hashes or sealed, never as they are.
package account

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// ErrNotFound means that there is no such account or key. Another tenant's counts as none.
var ErrNotFound = errors.New("account: not found")

// Tenant is one shipper with its own keys, accounts and shipments.
type Tenant struct {
	ID        string // "tn_…"
	Name      string
	CreatedAt time.Time
}

// Key is an API key as it is stored: its secret is not in it.
type Key struct {
	ID        string
	Tenant    string
	Mode      ship.Mode
	Hash      []byte // SHA-256 of the secret
	CreatedAt time.Time
}

// Carrier is an account a tenant has with a carrier, as it is stored.
type Carrier struct {
	ID             string // "ca_…"
	Mode           ship.Mode
	Carrier        string // name of the carrier
	Number         string // the carrier's own account number
	Sealed         []byte // the credentials, as JSON, sealed for this account
	RebookOnAbsent bool   // the tenant accepts an advisory absence as proof that nothing was booked
	CreatedAt      time.Time
}

// Store keeps tenants, keys and carrier accounts. Nothing that exists is overwritten by a Put.
type Store interface {
	PutTenant(ctx context.Context, tenant string, t Tenant) error
	PutAPIKey(ctx context.Context, tenant string, k Key) error
	// APIKey finds a key by its id; ErrNotFound when there is none. It knows no tenant yet: the key says which.
	APIKey(ctx context.Context, keyID string) (Key, error)
	PutCarrierAccount(ctx context.Context, tenant string, c Carrier) error
	// CarrierAccount returns ErrNotFound for an account that does not exist or is another tenant's.
	CarrierAccount(ctx context.Context, tenant, id string) (Carrier, error)
}

// Box seals secrets so that they open only for the same tenant, purpose and id.
type Box interface {
	Seal(ctx context.Context, tenant, purpose, id string, plaintext []byte) ([]byte, error)
	Open(ctx context.Context, tenant, purpose, id string, sealed []byte) ([]byte, error)
}

// Service holds the rules. It is safe for concurrent use and must not be copied once used.
type Service struct {
	Store    Store
	Box      Box // may be nil where nobody creates accounts or opens their credentials
	Carriers carrier.Registry
	Now      func() time.Time
	NewID    func() string // a fresh ULID
	Random   io.Reader     // cryptographically secure
	Keep     time.Duration // how long a process keeps a carrier account; zero: a minute

	open, facts cache // with and without credentials
}
