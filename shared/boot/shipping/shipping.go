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
	"github.com/fairlead/fairlead/shared/carrier"
)

// Reading are the operations that need nothing but what is stored, confirm among them.
func Reading(a *boot.App) *booking.HTTP {
	return &booking.HTTP{
		Service: &booking.Service{Intake: a.Store(), Cancels: a.Store(), Edits: a.Store(), Reader: a.Store(), Now: time.Now, NewID: boot.NewID, Times: a.Times, Answers: booking.NewAnswers(booking.ReplayLimit)},
		Lister:  a.Store(),
	}
}

// Labels hands labels out, the large ones from their bucket.
func Labels(a *boot.App, labels booking.Labels) *booking.HTTP {
	h := Reading(a)
	h.Labels = labels
	return h
}

// Creating checks an order against its account and its carrier as well. It sees accounts without their credentials.
func Creating(a *boot.App, carriers carrier.Registry) *booking.HTTP {
	h := Reading(a)
	accounts := &account.Service{Store: a.Store(), Carriers: carriers, Now: time.Now}
	h.Service.Accounts, h.Service.Carriers = Finder(accounts.Facts), carriers
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
