// Package shipping wires the operations on shipments.
package shipping

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/labels"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/quoting"
)

// Reading are the operations that need nothing but what is stored in tables.
func Reading(a *boot.App) *booking.HTTP {
	store := a.Store()
	return &booking.HTTP{
		Service: &booking.Service{Intake: store, Cancels: store, Edits: store, Reader: store, Now: time.Now, NewID: boot.NewID, Times: a.Times, Answers: booking.NewAnswers(booking.ReplayLimit)},
		Lister:  store, Watcher: store, Past: store,
	}
}

// Labels are the operations that hand labels out, alone or with a shipment that was waited for: confirm and get.
func Labels(a *boot.App) *booking.HTTP {
	h := Reading(a)
	h.Labels, h.Files = labels.Store(a), labels.Bucket(a)
	return h
}

// Ordering are the operations that check an order against its account and its carrier: create and update. They see
// accounts without their credentials.
func Ordering(a *boot.App, carriers carrier.Registry) *booking.HTTP {
	h := Labels(a)
	accounts := &account.Service{Store: a.Store(), Carriers: carriers, Now: time.Now}
	h.Service.Accounts, h.Service.Carriers = Finder(accounts.Facts), carriers
	h.Service.Rates = &quoting.Service{Quotes: a.Store(), Now: time.Now}
	return h
}

// Finder makes booking's port of an account look-up.
type Finder func(ctx context.Context, tenant, id string) (carrier.Account, error)

// CarrierAccount implements booking.Accounts.
func (f Finder) CarrierAccount(ctx context.Context, tenant, id string) (carrier.Account, error) {
	acct, err := f(ctx, tenant, id)
	if errors.Is(err, account.ErrNotFound) {
		err = fmt.Errorf("%w: %w", booking.ErrNotFound, err)
	}
	return acct, err
}
