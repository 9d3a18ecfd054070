package booking_test

import (
	"slices"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// unwanted is a shipment that is booked as 1Z1 and that its client has cancelled.
func (d *desk) unwanted() string {
	d.t.Helper()
	d.carrier.book = always(done("1Z1"))
	id := d.accepted()
	d.book(id)
	d.want(id, booking.Booked)
	return d.cancelled(id)
}

// cancelled cancels a shipment as a client does.
func (d *desk) cancelled(id string) string {
	d.t.Helper()
	if _, err := d.service.Cancel(d.ctx, tenant, ship.Test, id, nil); err != nil {
		d.t.Fatal(err)
	}
	return id
}

// wakes runs wake every so often for a time, and hands on what it sends.
func (d *desk) wakes(id string, every, until time.Duration) {
	d.t.Helper()
	w := d.waker()
	for range int(until / every) {
		d.tick(every)
		d.sent.sent = nil
		if err := w.Run(d.ctx); err != nil {
			d.t.Fatal(err)
		}
		for range slices.Clone(d.sent.sent) {
			d.recover(id)
		}
	}
}

func TestVoid(t *testing.T) {
	t.Run("what is booked and not wanted is voided, once, and is cancelled", func(t *testing.T) {
		d := newDesk(t)
		v := d.takes(says(carrier.Voided))
		id := d.unwanted()
		if len(v.asked) != 0 {
			t.Fatal("the API called the carrier")
		}
		d.recover(id)
		r := d.want(id, booking.Cancelled)
		if !slices.Equal(v.asked, []string{"1Z1"}) || !r.Due.IsZero() || !r.CancelWanted.IsZero() || r.Owner != "" {
			t.Errorf("asked %v, %+v", v.asked, r)
		}
		if gate := v.calls[0].SendBy; !gate.Equal(d.clock().Add(75 * time.Second)) {
			t.Errorf("nothing more may leave after %v, want the end of the lease", gate)
		}
		d.recover(id) // a duplicate of the message
		if len(v.asked) != 1 {
			t.Errorf("asked %v", v.asked)
		}
	})
	t.Run("a refusal is told: it is still booked, and can be cancelled again", func(t *testing.T) {
		d := newDesk(t)
		v := d.takes(says(carrier.VoidRefused))
		id := d.unwanted()
		d.recover(id)
		r := d.want(id, booking.Booked)
		if r.VoidRefused == nil || *r.VoidRefused != (booking.Failure{Source: "carrier", Code: "190102", Detail: "the carrier's words"}) || !r.Due.IsZero() || !r.CancelWanted.IsZero() {
			t.Errorf("%+v", r)
		}
		v.void = says(carrier.Voided)
		d.recover(d.cancelled(id))
		if r := d.want(id, booking.Cancelled); r.VoidRefused != nil {
			t.Errorf("refused %v", r.VoidRefused)
		}
	})
	t.Run("a void without an answer is asked again; a yes settles it", func(t *testing.T) {
		d := newDesk(t)
		v := d.takes(says(carrier.VoidUnknown))
		id := d.unwanted()
		d.recover(id)
		r := d.want(id, booking.Cancelling)
		if r.Held != "" || r.Due.IsZero() || len(d.sent.sent) != 1 {
			t.Fatalf("held %q, due %v, sent %d", r.Held, r.Due, len(d.sent.sent))
		}
		d.recover(id) // its lease still lives
		if len(v.asked) != 1 || len(d.sent.sent) != 2 || d.sent.sent[1].Delay != 80*time.Second {
			t.Errorf("asked %d times, sent %v", len(v.asked), d.sent.sent)
		}
		d.tick(80 * time.Second)
		v.void = says(carrier.Voided)
		d.recover(id)
		d.want(id, booking.Cancelled)
	})
	t.Run("a refusal after a void without an answer is a person's, never booked", func(t *testing.T) {
		d := inMemory(t)
		v := d.takes(says(carrier.VoidUnknown))
		id := d.unwanted()
		d.recover(id)
		d.tick(80 * time.Second)
		v.void = says(carrier.VoidRefused)
		d.recover(id)
		r := d.want(id, booking.Cancelling)
		if r.Held == "" || !r.Due.IsZero() || r.VoidRefused == nil || r.VoidRefused.Code != "void_unknown" {
			t.Errorf("%+v", r)
		}
		d.wakes(id, time.Hour, 48*time.Hour)
		if len(v.asked) != 2 {
			t.Errorf("asked %d times although a person decides", len(v.asked))
		}
	})
	t.Run("one who died before a byte left is in doubt as well", func(t *testing.T) {
		d := newDesk(t)
		d.takes(says(carrier.VoidRefused))
		id := d.unwanted()
		if _, err := d.store.Void(d.ctx, tenant, d.record(id), "dead", d.clock(), d.clock().Add(time.Minute), d.clock().Add(5*time.Minute)); err != nil {
			t.Fatal(err)
		}
		d.tick(61 * time.Second)
		d.recover(id)
		if r := d.want(id, booking.Cancelling); r.Held == "" {
			t.Error("a refusal was believed, although another void may be on its way")
		}
	})
	t.Run("what provably did not reach the carrier is tried again later, without doubt", func(t *testing.T) {
		for _, kind := range []carrier.VoidKind{carrier.VoidNotSent, carrier.VoidThrottled, carrier.VoidUnauthenticated} {
			d := newDesk(t)
			v := d.takes(says(kind))
			id := d.unwanted()
			d.recover(id)
			r := d.want(id, booking.Booked)
			if r.CancelWanted.IsZero() || !r.NotBefore.After(d.clock()) || r.Due.IsZero() || r.Owner != "" {
				t.Errorf("%s: %+v", kind, r)
			}
			d.tick(r.NotBefore.Sub(d.clock()))
			v.void = says(carrier.VoidRefused)
			d.recover(id)
			if r := d.want(id, booking.Booked); r.VoidRefused == nil || r.VoidRefused.Code != "190102" {
				t.Errorf("%s: refused %v", kind, r.VoidRefused)
			}
		}
	})
	t.Run("429 waits as long as the carrier asks, and a message before that comes back", func(t *testing.T) {
		d := newDesk(t)
		v := d.takes(func(int, string) carrier.VoidAnswer {
			return carrier.VoidAnswer{Kind: carrier.VoidThrottled, RetryAfter: 42 * time.Second}
		})
		id := d.unwanted()
		d.recover(id)
		if r := d.want(id, booking.Booked); !r.NotBefore.Equal(d.clock().Add(42 * time.Second)) {
			t.Errorf("not before %v", r.NotBefore)
		}
		d.recover(id)
		if len(v.asked) != 1 || len(d.sent.sent) != 1 || d.sent.sent[0].Delay != 42*time.Second {
			t.Errorf("asked %d times, sent %v", len(v.asked), d.sent.sent)
		}
	})
	t.Run("a refused token is refreshed once", func(t *testing.T) {
		d := newDesk(t)
		v := d.takes(func(n int, _ string) carrier.VoidAnswer {
			return carrier.VoidAnswer{Kind: map[bool]carrier.VoidKind{true: carrier.VoidUnauthenticated, false: carrier.Voided}[n == 1]}
		})
		id := d.unwanted()
		d.recover(id)
		d.want(id, booking.Cancelled)
		if len(v.asked) != 2 {
			t.Errorf("asked %d times", len(v.asked))
		}
	})
	t.Run("a carrier that takes nothing back: cancelled here, and it says so", func(t *testing.T) {
		d := newDesk(t)
		id := d.unwanted()
		d.recover(id)
		if r := d.want(id, booking.CancelledLocally); !r.Due.IsZero() || r.TrackingNumber != "1Z1" {
			t.Errorf("%+v", r)
		}
	})
	t.Run("a cancelled label that was never fetched is not fetched", func(t *testing.T) {
		d := newDesk(t)
		d.takes(says(carrier.Voided))
		d.carrier.book = func(int) carrier.Outcome { o := done("1Z1"); o.Booking.Label = nil; return o }
		id := d.accepted()
		d.book(id)
		d.recover(d.cancelled(id))
		if r := d.want(id, booking.Cancelled); r.Document != booking.NoDocument || d.carrier.asked != 0 || !r.Due.IsZero() {
			t.Errorf("document %s, asked %d times", r.Document, d.carrier.asked)
		}
	})
}

// TestVoidProven: a yes comes when its asker has been taken over.
func TestVoidProven(t *testing.T) {
	for name, c := range map[string]struct {
		between func(d *desk, v *taking, id string) // while the one who asks stands still
		want    booking.Status
		late    []string
	}{
		"by one who was refused, in doubt": {func(d *desk, _ *taking, id string) {
			d.recover(id)
			if r := d.want(id, booking.Cancelling); r.Held == "" {
				d.t.Fatal("not held")
			}
		}, booking.Cancelled, nil},
		"by one who is at it": {func(d *desk, _ *taking, id string) {
			if _, err := d.store.Recover(d.ctx, tenant, ship.Test, id, "at it", d.clock(), d.clock().Add(time.Minute)); err != nil {
				d.t.Fatal(err)
			}
		}, booking.Cancelled, nil},
		"and a number came late": {func(d *desk, _ *taking, id string) {
			d.recover(id)
			d.cameLate(id, "1Z9")
		}, booking.Cancelled, []string{"1Z9"}},
		"by one who has said so": {func(d *desk, v *taking, id string) {
			v.void = says(carrier.Voided)
			d.recover(id)
		}, booking.Cancelled, nil},
		"and a person has seen it booked": {func(d *desk, _ *taking, id string) {
			d.recover(id)
			op := &booking.Operator{Reader: d.store, Decisions: d.store, Settler: d.store, Now: d.clock, Times: booking.StandardTimes()}
			if _, err := op.Booked(d.ctx, tenant, ship.Test, id, d.record(id).Version); err != nil {
				d.t.Fatal(err)
			}
		}, booking.Booked, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := inMemory(t)
			v := d.takes(nil)
			id := d.unwanted()
			v.void = func(int, string) carrier.VoidAnswer {
				v.void = says(carrier.VoidRefused)
				d.tick(5 * time.Minute)
				c.between(d, v, id)
				return carrier.VoidAnswer{Kind: carrier.Voided}
			}
			d.recover(id)
			r := d.want(id, c.want)
			if r.Held != "" || r.Owner != "" || !r.CancelWanted.IsZero() || !slices.Equal(r.Late, c.late) || r.Due.IsZero() != (c.late == nil) {
				t.Errorf("%+v", r)
			}
			if c.want == booking.Cancelled && r.VoidRefused != nil {
				t.Errorf("refused %v", r.VoidRefused)
			}
		})
	}
	t.Run("its acknowledgement is lost", func(t *testing.T) {
		d := inMemory(t)
		v := d.takes(nil)
		id := d.unwanted()
		v.void = func(int, string) carrier.VoidAnswer {
			v.void = says(carrier.VoidRefused)
			d.tick(5 * time.Minute)
			d.recover(id)
			d.loses("VOIDPROVEN", 1)
			return carrier.VoidAnswer{Kind: carrier.Voided}
		}
		d.recover(id)
		d.want(id, booking.Cancelled)
	})
}

func TestDecidedVoid(t *testing.T) {
	held := func(t *testing.T) (*desk, *booking.Operator, booking.Record) {
		d := newDesk(t)
		v := d.takes(says(carrier.VoidUnknown))
		id := d.unwanted()
		d.recover(id)
		d.tick(80 * time.Second)
		v.void = says(carrier.VoidRefused)
		d.recover(id)
		return d, &booking.Operator{Reader: d.store, Decisions: d.store, Settler: d.store, Now: d.clock, Times: booking.StandardTimes()}, d.want(id, booking.Cancelling)
	}
	t.Run("a person's word that it is void cancels it", func(t *testing.T) {
		d, op, r := held(t)
		got, err := op.Void(d.ctx, tenant, ship.Test, r.ID, r.Version)
		if err != nil || got.Status != booking.Cancelled || got.Held != "" || !got.Due.IsZero() {
			t.Fatalf("%+v, %v", got, err)
		}
	})
	t.Run("a person's word that it is not leaves it booked, and it can be cancelled again", func(t *testing.T) {
		d, op, r := held(t)
		got, err := op.Booked(d.ctx, tenant, ship.Test, r.ID, r.Version)
		if err != nil || got.Status != booking.Booked || got.Held != "" || got.VoidRefused.Code != "void_denied" {
			t.Fatalf("%+v, %v", got, err)
		}
		d.takes(says(carrier.Voided))
		d.recover(d.cancelled(r.ID))
		d.want(r.ID, booking.Cancelled)
	})
	t.Run("said twice, by a call whose answer was lost, it is one word", func(t *testing.T) {
		for _, name := range []string{"VOIDED", "VOIDNO"} {
			d, op, r := held(t)
			say := map[string]func() (booking.Record, error){
				"VOIDED": func() (booking.Record, error) { return op.Void(d.ctx, tenant, ship.Test, r.ID, r.Version) },
				"VOIDNO": func() (booking.Record, error) { return op.Booked(d.ctx, tenant, ship.Test, r.ID, r.Version) },
			}[name]
			op.Decisions = repeating{d.store}
			if got, err := say(); err != nil || got.Version != r.Version+1 {
				t.Errorf("%s: version %d, %v", name, got.Version, err)
			}
		}
	})
	t.Run("no other word is taken, and none about what is not held", func(t *testing.T) {
		d, op, r := held(t)
		if _, err := op.Declare(d.ctx, tenant, ship.Test, r.ID, r.Version); !isNotAllowed(err) {
			t.Errorf("declared absent: %v", err)
		}
		if _, err := op.Void(d.ctx, tenant, ship.Test, r.ID, r.Version-1); !isStale(err) {
			t.Errorf("of another version: %v", err)
		}
		other := newDesk(t)
		id := other.unwanted()
		op = &booking.Operator{Reader: other.store, Decisions: other.store, Settler: other.store, Now: other.clock, Times: booking.StandardTimes()}
		if _, err := op.Void(other.ctx, tenant, ship.Test, id, other.record(id).Version); !isNotAllowed(err) {
			t.Errorf("not held: %v", err)
		}
	})
}
