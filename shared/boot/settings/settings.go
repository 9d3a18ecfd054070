// Package settings wires the operations by which a tenant says how it wants to ship and be called back.
package settings

import (
	"crypto/rand"
	"time"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/callbacks"
	"github.com/fairlead/fairlead/shared/boot/secrets"
	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/carrier"
)

// Accounts are the operations on carrier accounts.
func Accounts(a *boot.App, carriers carrier.Registry) *account.Service {
	return &account.Service{Store: a.Store(), Box: secrets.Box(a), Carriers: carriers, Now: time.Now, NewID: boot.NewID, Random: rand.Reader}
}

// Endpoints are the operations on callback endpoints.
func Endpoints(a *boot.App) callback.Service {
	return callback.Service{Store: a.Store(), Box: secrets.Box(a), Now: time.Now, NewID: boot.NewID, Random: rand.Reader, AllowLoopback: a.Env.AllowLoopback}
}

// Trials are Endpoints with the client that tries them out.
func Trials(a *boot.App) callback.Service {
	s := Endpoints(a)
	s.Client = callbacks.Client(a)
	return s
}
