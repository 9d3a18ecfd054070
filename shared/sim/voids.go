package sim

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/ddbsim"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// This file is what takes bookings back: carriers that void, a person who settles a void whose outcome is not known, and
// the rules about both.

// take voids a booking by its number. What is unknown and what is void already get the same refusal, as some carriers have
// it.
func (l *ledger) take(rw http.ResponseWriter, r *http.Request) {
	number := r.URL.Query().Get("number")
	for _, entries := range l.bookings {
		for i := range entries {
			if e := &entries[i]; e.number == number && !e.void {
				e.void = true
				plainReply(rw, 200, plainAnswer{Void: true})
				return
			}
		}
	}
	plainReply(rw, 400, plainAnswer{Error: "nothing to void"})
}

// voiding is a plain carrier that takes bookings back.
type voiding struct{ *plain }

// Void implements carrier.Voider.
func (v voiding) Void(ctx context.Context, _ carrier.Order, number string, c carrier.Call) carrier.VoidAnswer {
	e := v.wire.Book(ctx, carrier.Request{Method: "POST", URL: v.url("/void?number=" + number), Header: authorized(c)}, c)
	out := carrier.Judge(e, carrier.Reading{
		Booking: func(e carrier.Evidence) (ship.Booking, error) {
			if a, err := plainRead(e); err != nil || !a.Void {
				return ship.Booking{}, errors.Join(errors.New("not void"), err)
			}
			return ship.Booking{}, nil
		},
		Errors:          plainErrors,
		Unauthenticated: func(status int, _ string) bool { return status == http.StatusUnauthorized },
		Now:             v.now(),
	})
	kinds := map[carrier.Kind]carrier.VoidKind{carrier.NotSent: carrier.VoidNotSent, carrier.Unauthenticated: carrier.VoidUnauthenticated,
		carrier.Throttled: carrier.VoidThrottled, carrier.Refused: carrier.VoidRefused, carrier.Done: carrier.Voided}
	return carrier.VoidAnswer{Kind: kinds[out.Kind], Code: out.Code, Message: out.Message, RetryAfter: out.RetryAfter, Raw: out.Raw}
}

// voider is a carrier with all that can be asked of one, and that takes bookings back.
type voider interface {
	asked
	carrier.Voider
}

// orderlyVoider is a carrier that takes bookings back, whose callers stand in line.
type orderlyVoider struct {
	orderly
	voider voider
}

func taking(v voider, w *World, in *instance) orderlyVoider {
	return orderlyVoider{orderly{v, w, in}, v}
}

// Void implements carrier.Voider.
func (o orderlyVoider) Void(ctx context.Context, order carrier.Order, number string, c carrier.Call) carrier.VoidAnswer {
	ctx, stop, err := o.w.until(ctx, o.in, "voids "+number, &c.Deadline)
	if err != nil {
		return carrier.VoidAnswer{Kind: carrier.VoidNotSent, Message: err.Error()}
	}
	defer stop()
	a := o.voider.Void(ctx, order, number, c)
	o.w.rules.unanswered(taskOf(ctx).name, order.Reference, number, a)
	return a
}

// lateVoid carries a void out some time after nobody waits for it any more.
func (w *World) lateVoid(x *exchange) {
	t := w.rules.ships[w.rules.byRef[x.reference()]]
	if t != nil {
		t.flying++
	}
	w.after(w.between(time.Second, 2*time.Hour), func() {
		w.act(x, 0)
		if t != nil {
			t.flying--
		}
	})
}

// named is our reference of the booking that a void names by its number; "" for other requests.
func (k *rules) named(r *http.Request, p Port) string {
	if p != CarrierVoid {
		return ""
	}
	number := r.URL.Query().Get("number")
	if number == "" {
		number = r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	}
	k.w.mu.Lock()
	defer k.w.mu.Unlock()
	return k.refs[number]
}

// unanswered notes that whoever has a void in hand does not know what became of it.
func (k *rules) unanswered(task, ref, number string, a carrier.VoidAnswer) {
	k.w.mu.Lock()
	defer k.w.mu.Unlock()
	if t := k.ships[k.byRef[ref]]; t != nil && t.voider == task && t.record.TrackingNumber == number && a.Kind == carrier.VoidUnknown {
		t.doubt = true
	}
}

// took looks at the carrier's ledger after a void.
func (k *rules) took(x *exchange, ref string, live []string) {
	t := k.ships[k.byRef[ref]]
	if t == nil || len(live) == len(t.numbers) {
		return
	}
	k.w.counts.Voided++
	k.w.note(x.host, fmt.Sprintf("voids of %s: %v are left", ref, live))
	t.numbers = live
	k.live(k.byRef[ref], t)
}

// live holds what a shipment says against what is live at its carrier.
func (k *rules) live(pk string, t *truth) {
	r := t.record
	if r.TrackingNumber == "" || k.w.Rival != "" {
		return
	}
	switch live := slices.Contains(t.numbers, r.TrackingNumber); {
	case r.Status == booking.Booked && !live:
		k.broken(RuleLive, pk, "%s is void at the carrier", r.TrackingNumber)
	case r.Status == booking.CancelledLocally && !live:
		k.broken(RuleLive, pk, "cancelled here alone, and %s is void at the carrier", r.TrackingNumber)
	case r.Status == booking.Cancelled && live:
		k.broken(RuleVoid, pk, "%s is live at the carrier", r.TrackingNumber)
	}
}

// voids holds every write about a void against what can be known of it.
func (k *rules) voids(ctx context.Context, pk, name string, t *truth, old, now booking.Record) {
	who := taskOf(ctx)
	k.w.mu.Lock()
	switch {
	case name == "VOID":
		t.voider, t.doubt = who.name, false
	case name == "RECOVER" && now.Status == booking.Cancelling:
		t.voider, t.doubt = who.name, true // whoever had it gave no account
	}
	doubt := t.doubt
	k.w.mu.Unlock()
	switch {
	case who.in == nil: // a person
	case (name == "VOIDNO" || name == "VOIDBACK") && doubt:
		k.broken(RuleDoubt, pk, "%s, although a void may have been carried out, or may yet be", name)
	case name == "VOIDUNK" && !doubt:
		k.broken(RuleHeld, pk, "VOIDUNK, although every void was answered")
	}
	if name == "VOIDUNK" {
		k.w.settleVoid(pk)
	}
	k.live(pk, t)
}

// stuck tells whether a shipment only waits for late numbers that nobody can void: void already and denied so, or of a
// carrier that takes nothing back.
func (k *rules) stuck(pk string, r booking.Record) bool {
	open := booking.Outstanding(r)
	if len(open) == 0 || r.AuditOwed || !r.CancelWanted.IsZero() || r.Status == booking.Cancelling && r.Held == "" || r.Status == booking.Booked && r.Document == booking.DocumentPending {
		return false
	}
	if !slices.Contains([]booking.Status{booking.Booked, booking.Cancelling, booking.Cancelled, booking.CancelledLocally}, r.Status) {
		return false
	}
	return !slices.ContainsFunc(open, func(n string) bool {
		return slices.Contains(k.ships[pk].numbers, n) && !strings.HasPrefix(n, strings.ToUpper(silent))
	})
}

// settleVoid lets a person look at a void whose outcome is not known, when no void is on its way any more. Some are left to
// the end.
func (w *World) settleVoid(pk string) {
	if w.rand.IntN(5) == 0 {
		return
	}
	var look func()
	look = func() {
		t := w.rules.ships[pk]
		r := t.record
		if r.Held == "" || r.Status != booking.Cancelling {
			return
		}
		if t.flying > 0 {
			w.after(w.between(10*time.Minute, 3*time.Hour), look)
			return
		}
		store := &dynamo.Store{DB: w.db.Client(ddbsim.ClientOptions{}), Tables: w.tables, Now: time.Now}
		op := &booking.Operator{Reader: store, Decisions: store, Settler: store, Now: time.Now, Times: w.Times}
		say, live := op.Void, slices.Contains(t.numbers, r.TrackingNumber)
		if live {
			say = op.Booked
		}
		_, err := say(context.Background(), r.Tenant, r.Mode, r.ID, r.Version)
		w.note("operator", fmt.Sprintf("%s: live %v: %v", r.ID, live, err))
		w.pumpStream()
	}
	w.after(w.between(10*time.Minute, 3*time.Hour), look)
}

// clearLate lets a person look at a late number, long after it came, that is void at its carrier and that the carrier will
// not void again: nobody but a person can settle it. Some are left to the end.
func (w *World) clearLate(pk string) {
	if w.rand.IntN(5) == 0 {
		return
	}
	w.after(w.between(30*time.Minute, 12*time.Hour), func() {
		t := w.rules.ships[pk]
		r := t.record
		open := booking.Outstanding(r)
		if t.flying > 0 || len(open) == 0 || slices.Contains(t.numbers, open[0]) || !slices.Contains(booking.Allowed(r), booking.ClearNumber) {
			return
		}
		store := &dynamo.Store{DB: w.db.Client(ddbsim.ClientOptions{}), Tables: w.tables, Now: time.Now}
		op := &booking.Operator{Reader: store, Decisions: store, Settler: store, Now: time.Now, Times: w.Times}
		_, err := op.Clear(context.Background(), r.Tenant, r.Mode, r.ID, r.Version, open[0])
		w.note("operator", fmt.Sprintf("%s: %s is void: %v", r.ID, open[0], err))
		if err == nil {
			w.counts.Cleared++
		}
		w.pumpStream()
	})
}

// fickle is whether a shipper changes its mind about an order.
func (c *client) fickle() bool { return c.w.Rival == "" && c.rand.IntN(100) < c.w.Fickle }

// regret brings a program that cancels an order, at any time from before it is made to long after it is booked, and again
// when the carrier refused.
func (w *World) regret(c *client, at time.Duration) {
	r := *c
	r.number, r.rand = 2*w.Orders+c.number, rand.New(rand.NewPCG(w.Seed, uint64(900_000+c.number)))
	wait := cmp.Or(w.Regret, []time.Duration{3 * time.Second, 3 * time.Second, time.Minute, 20 * time.Minute, 5 * time.Hour}[r.rand.IntN(5)])
	w.start(at+time.Duration(r.rand.Int64N(int64(wait))), func() {
		for range 1 + r.rand.IntN(3) {
			r.cancel()
			r.pause(time.Duration(r.rand.Int64N(int64(30 * time.Minute))))
		}
	})
}

// cancel asks for the shipment to be cancelled, as it is or as it was seen.
func (c *client) cancel() (a answered) {
	head := map[string]string{}
	if c.rand.IntN(3) == 0 {
		if a = c.once("get", nil, nil); a.status == 200 {
			head["If-Match"] = fmt.Sprint(a.version)
		}
	}
	for try := range 6 {
		if a = c.once("cancel", nil, head); a.status != 0 && a.status < 500 {
			return a
		}
		c.pause(time.Duration(500<<try)*time.Millisecond + time.Duration(c.rand.Int64N(int64(time.Second))))
	}
	return a
}

// change asks for something else to be shipped, at the version that was seen. It answers the version then.
func (c *client) change(version int64) int64 {
	patch := map[string]any{"order_number": fmt.Sprintf("changed-%d", c.rand.IntN(2))}
	for try := range 6 {
		a := c.once("update", patch, map[string]string{"If-Match": fmt.Sprint(version)})
		if a.status == 200 {
			return a.version
		}
		if a.status != 0 && a.status < 500 {
			return version
		}
		c.pause(time.Duration(500<<try) * time.Millisecond)
	}
	return version
}

// plainErrors reads a refusal.
func plainErrors(e carrier.Evidence) []carrier.CarrierError {
	var a plainAnswer
	if json.Unmarshal(e.Body, &a) == nil && a.Error != "" {
		return []carrier.CarrierError{{Code: a.Error, Message: a.Error}}
	}
	return nil
}
