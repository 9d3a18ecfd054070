// Package quotes wires the questions to carriers: rates and addresses.
package quotes

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/carriers"
	"github.com/fairlead/fairlead/shared/boot/logins"
	"github.com/fairlead/fairlead/shared/boot/secrets"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/quoting"
	"github.com/fairlead/fairlead/shared/ship"
)

// Asking are the operations that ask carriers.
func Asking(a *boot.App) *quoting.HTTP {
	box, registry := secrets.Box(a), carriers.Registry(a)
	accounts := &account.Service{Store: a.Store(), Box: box, Carriers: registry, Now: time.Now}
	return &quoting.HTTP{
		Service: &quoting.Service{Accounts: tenants{accounts}, Tokens: logins.Keeper(a, box, accounts), Carriers: registry, Quotes: a.Store(), Now: time.Now, NewID: boot.NewID, Log: a.Log},
		Orders:  orders{&booking.Service{Reader: a.Store(), Now: time.Now}},
	}
}

// tenants makes quoting's port of carrier accounts.
type tenants struct{ accounts *account.Service }

// CarrierAccount implements quoting.Accounts.
func (t tenants) CarrierAccount(ctx context.Context, tenant, id string) (carrier.Account, error) {
	acct, err := t.accounts.CarrierAccount(ctx, tenant, id)
	if errors.Is(err, account.ErrNotFound) {
		err = fmt.Errorf("%w: %w", quoting.ErrNoAccount, err)
	}
	return acct, err
}

// AccountIDs implements quoting.Accounts.
func (t tenants) AccountIDs(ctx context.Context, tenant string, mode ship.Mode, limit int) ([]string, error) {
	found, _, err := t.accounts.Store.CarrierAccounts(ctx, tenant, mode, limit, "")
	ids := make([]string, len(found))
	for i, c := range found {
		ids[i] = c.ID
	}
	return ids, err
}

// orders makes quoting's port of shipments.
type orders struct{ service *booking.Service }

// Order implements quoting.Orders.
func (o orders) Order(ctx context.Context, tenant string, mode ship.Mode, id string) (ship.Shipment, bool, error) {
	a, err := o.service.Get(ctx, tenant, mode, id)
	if errors.Is(err, booking.ErrNotFound) {
		err = quoting.ErrNoShipment
	}
	return a.Shipment, a.Record.Status == booking.Draft || a.Record.Status == booking.Failed, err
}

// Carriers lists them.
func Carriers(a *boot.App) api.Handler { return quoting.Carriers(carriers.Registry(a)) }
