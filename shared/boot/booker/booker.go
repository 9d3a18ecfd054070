// Package booker wires what calls carriers: booking and recovery.
package booker

import (
	"time"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/carriers"
	"github.com/fairlead/fairlead/shared/boot/labels"
	"github.com/fairlead/fairlead/shared/boot/logins"
	"github.com/fairlead/fairlead/shared/boot/queues"
	"github.com/fairlead/fairlead/shared/boot/secrets"
	"github.com/fairlead/fairlead/shared/boot/shipping"
	"github.com/fairlead/fairlead/shared/breaker"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ratelimit"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// Booker consumes the booking queues.
func Booker(a *boot.App) queue.Consumer {
	desk, store, dead := parts(a)
	slow := &breaker.Slow{Store: store, Now: time.Now, Times: breaker.Times{After: a.Times.SlowAfter, For: a.Times.SlowFor, Look: a.Times.SlowLook}, Log: a.Log}
	w := &booking.Worker{Desk: desk, Results: store, Breaker: slow, Sleeper: store, Sleep: logins.Sleep, Slots: &ratelimit.Slots{Store: store.CarrierSlots(), Now: time.Now, Most: queue.MaxDelay}, Restored: a.Env.Restored}
	return queue.Consumer{Handle: w.Handle, Dead: dead, NewID: boot.NewID, Log: a.Log}
}

// Recoverer consumes the recovery queue.
func Recoverer(a *boot.App) queue.Consumer {
	desk, store, dead := parts(a)
	v := &booking.Recovery{Desk: desk, Recoveries: store, Voids: store, Evidence: store}
	return queue.Consumer{Handle: v.Handle, Dead: dead, NewID: boot.NewID, Log: a.Log}
}

// parts are what booking and recovery share.
func parts(a *boot.App) (booking.Desk, *dynamo.Store, queue.DeadLetter) {
	store, sender, box, registry := labels.Store(a), queues.Sender(a), secrets.Box(a), carriers.Registry(a)
	accounts := &account.Service{Store: store, Box: box, Carriers: registry, Now: time.Now}
	return booking.Desk{
		Reader: store, Accounts: shipping.Finder(accounts.CarrierAccount), Carriers: registry,
		Tokens: logins.Keeper(a, box, accounts),
		Sender: sender, Papers: store, Late: store, Claimer: store, Tenants: &account.Standings{Store: store, Now: time.Now},
		Now: time.Now, Times: a.Times, Log: a.Log,
	}, store, sender
}
