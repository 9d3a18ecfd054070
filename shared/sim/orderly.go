package sim

import (
	"context"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carriers/ups"
	"github.com/fairlead/fairlead/shared/oauth"
	"github.com/fairlead/fairlead/shared/ship"
)

// This file keeps the messages of one batch in the seed's order where their goroutines could overtake each other inside
// the process: after a cache let all who waited for it go at once, and before they share a carrier's connections.

// line lets the goroutines of a process go on one after the other.
func (w *World) line(ctx context.Context, in *instance, what string) error {
	return w.park(ctx, &call{in: in, task: taskOf(ctx).name, what: what})
}

// until lets a call of a carrier go on, and ends it at its deadline in the process's stead: a process that stands still
// has timers that stand still, and may send or read what is long out of date.
func (w *World) until(ctx context.Context, in *instance, what string, deadline *time.Time) (context.Context, context.CancelFunc, error) {
	bound, cancel := context.WithCancelCause(ctx)
	stop := func() { cancel(context.Canceled) }
	at := *deadline
	*deadline = at.Add(24 * time.Hour)
	c := &call{in: in, task: taskOf(ctx).name, what: what}
	c.then = func() {
		w.after(at.Sub(in.now()), func() { w.expire(in, cancel) })
		c.release(nil)
	}
	if err := w.park(ctx, c); err != nil {
		stop()
		return nil, nil, err
	}
	return bound, stop, nil
}

// expire ends a call whose time is up. After a thaw a timer has some of its time left.
func (w *World) expire(in *instance, cancel context.CancelCauseFunc) {
	if wait := time.Until(in.frozen); wait > 0 && !in.dead {
		w.after(wait+w.between(50*time.Millisecond, 20*time.Second), func() { w.expire(in, cancel) })
		return
	}
	cancel(context.DeadlineExceeded)
}

// asked is a carrier with all that can be asked of one.
type asked interface {
	carrier.Carrier
	carrier.Finder
	carrier.Documenter
}

var (
	_ asked = (*ups.UPS)(nil)
	_ asked = (*plain)(nil)
)

// orderly is a carrier whose callers stand in line.
type orderly struct {
	asked
	w  *World
	in *instance
}

// Login implements carrier.Carrier.
func (o orderly) Login(ctx context.Context, a carrier.Account) (carrier.Token, error) {
	if err := o.w.line(ctx, o.in, "logs in"); err != nil {
		return carrier.Token{}, err
	}
	return o.asked.Login(ctx, a)
}

// Book implements carrier.Carrier.
func (o orderly) Book(ctx context.Context, order carrier.Order, c carrier.Call) carrier.Outcome {
	ctx, stop, err := o.w.until(ctx, o.in, "books", &c.Deadline)
	if err != nil {
		return carrier.Outcome{Kind: carrier.NotSent, Message: err.Error()}
	}
	defer stop()
	out := o.asked.Book(ctx, order, c)
	if out.Booking != nil {
		o.w.rules.told(taskOf(ctx).name, order.Reference, out.Booking.TrackingNumber)
	}
	return out
}

// Find implements carrier.Finder.
func (o orderly) Find(ctx context.Context, order carrier.Order, c carrier.Call) carrier.Finding {
	ctx, stop, err := o.w.until(ctx, o.in, "looks up", &c.Deadline)
	if err != nil {
		return carrier.Finding{Message: err.Error()}
	}
	defer stop()
	return o.asked.Find(ctx, order, c)
}

// Label implements carrier.Documenter.
func (o orderly) Label(ctx context.Context, order carrier.Order, number string, c carrier.Call) (ship.Label, error) {
	ctx, stop, err := o.w.until(ctx, o.in, "fetches a label", &c.Deadline)
	if err != nil {
		return ship.Label{}, err
	}
	defer stop()
	return o.asked.Label(ctx, order, number, c)
}

// orderlyAccounts are accounts whose readers stand in line.
type orderlyAccounts struct {
	booking.Accounts
	w  *World
	in *instance
}

// CarrierAccount implements booking.Accounts.
func (o orderlyAccounts) CarrierAccount(ctx context.Context, tenant, id string) (carrier.Account, error) {
	a, err := o.Accounts.CarrierAccount(ctx, tenant, id)
	if stopped := o.w.line(ctx, o.in, "has the account"); stopped != nil {
		return a, stopped
	}
	return a, err
}

// orderlyTokens are tokens whose users stand in line.
type orderlyTokens struct {
	*oauth.Keeper
	w  *World
	in *instance
}

// Token implements booking.Tokens.
func (o orderlyTokens) Token(ctx context.Context, a carrier.Account, c carrier.Carrier) (carrier.Token, error) {
	t, err := o.Keeper.Token(ctx, a, c)
	if stopped := o.w.line(ctx, o.in, "has a token"); stopped != nil {
		return t, stopped
	}
	return t, err
}

// Refresh implements booking.Tokens.
func (o orderlyTokens) Refresh(ctx context.Context, a carrier.Account, c carrier.Carrier, stale carrier.Token) (carrier.Token, error) {
	t, err := o.Keeper.Refresh(ctx, a, c, stale)
	if stopped := o.w.line(ctx, o.in, "has another token"); stopped != nil {
		return t, stopped
	}
	return t, err
}
