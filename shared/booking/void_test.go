package booking_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/queue"
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

func TestVoidGivenUp(t *testing.T) {
	t.Run("an account that is gone is waited for, then it is still booked", func(t *testing.T) {
		d := inMemory(t)
		v := d.takes(says(carrier.Voided))
		id := d.unwanted()
		d.account.ID = "ca_gone"
		d.wakes(id, time.Hour, 23*time.Hour)
		if r := d.want(id, booking.Booked); r.CancelWanted.IsZero() || r.Due.IsZero() || r.Version != 4 {
			t.Fatalf("wanted %v, due %v, version %d: nothing is written meanwhile", r.CancelWanted, r.Due, r.Version)
		}
		d.wakes(id, time.Hour, 3*time.Hour)
		r := d.want(id, booking.Booked)
		if !r.CancelWanted.IsZero() || r.VoidRefused == nil || r.VoidRefused.Code != "void_given_up" || r.VoidRefused.Source != "fairlead" || !r.Due.IsZero() || len(v.asked) != 0 {
			t.Errorf("%+v, %v", r, r.VoidRefused)
		}
	})
	t.Run("a carrier that throttles for a day: still booked", func(t *testing.T) {
		d := inMemory(t)
		v := d.takes(says(carrier.VoidThrottled))
		id := d.unwanted()
		d.wakes(id, 20*time.Minute, 26*time.Hour)
		r := d.want(id, booking.Booked)
		if r.VoidRefused == nil || r.VoidRefused.Code != "void_given_up" || !r.Due.IsZero() || len(v.asked) > 24*3+2 {
			t.Errorf("refused %v, asked %d times", r.VoidRefused, len(v.asked))
		}
	})
	t.Run("a carrier that never answers is a person's after a day", func(t *testing.T) {
		d := inMemory(t)
		v := d.takes(says(carrier.VoidUnknown))
		id := d.unwanted()
		d.wakes(id, 20*time.Minute, 26*time.Hour)
		if r := d.want(id, booking.Cancelling); r.Held == "" || !r.Due.IsZero() || len(v.asked) < 5 {
			t.Errorf("held %q, due %v, asked %d times", r.Held, r.Due, len(v.asked))
		}
	})
	t.Run("an account that is gone after a void without an answer is a person's after a day", func(t *testing.T) {
		d := inMemory(t)
		v := d.takes(says(carrier.VoidUnknown))
		id := d.unwanted()
		d.recover(id)
		d.account.ID = "ca_gone"
		d.wakes(id, 20*time.Minute, 26*time.Hour)
		if r := d.want(id, booking.Cancelling); r.Held == "" || !r.Due.IsZero() || len(v.asked) != 1 {
			t.Errorf("held %q, due %v, asked %d times", r.Held, r.Due, len(v.asked))
		}
	})
}

// TestVoidLostAcknowledgements applies each write and loses its acknowledgement.
func TestVoidLostAcknowledgements(t *testing.T) {
	for name, c := range map[string]struct {
		answer carrier.VoidKind
		want   booking.Status
	}{
		"VOID":     {carrier.VoidRefused, booking.Booked}, // and no doubt: nobody else had it
		"VOIDED":   {carrier.Voided, booking.Cancelled},
		"VOIDNO":   {carrier.VoidRefused, booking.Booked},
		"VOIDBACK": {carrier.VoidThrottled, booking.Booked},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			v := d.takes(says(c.answer))
			id := d.unwanted()
			before := d.record(id).Version
			d.loses(name, 1)
			d.recover(id)
			if r := d.want(id, c.want); r.Version != before+2 || len(v.asked) != 1 {
				t.Errorf("version %d after %d, asked %d times", r.Version, before, len(v.asked))
			}
		})
	}
	t.Run("LOCAL", func(t *testing.T) {
		d := newDesk(t)
		id := d.unwanted()
		d.loses("LOCAL", 1)
		d.recover(id)
		d.want(id, booking.CancelledLocally)
	})
	t.Run("VOIDUNK", func(t *testing.T) {
		d := newDesk(t)
		v := d.takes(says(carrier.VoidUnknown))
		id := d.unwanted()
		d.recover(id)
		d.tick(80 * time.Second)
		v.void = says(carrier.VoidRefused)
		d.loses("VOIDUNK", 1)
		d.recover(id)
		if r := d.want(id, booking.Cancelling); r.Held == "" {
			t.Error("not held")
		}
	})
	t.Run("a VOID that can't be acknowledged leaves the message to come again, in doubt", func(t *testing.T) {
		d := newDesk(t)
		d.takes(says(carrier.VoidRefused))
		id := d.unwanted()
		db := d.store.DB
		d.loses("VOID", -1)
		m := d.message(id, booking.TypeRecover)
		m.Queue = queue.Recovery
		if err := d.recovery.Handle(d.ctx, m); !errors.Is(err, errLost) {
			t.Fatalf("got %v", err)
		}
		d.store.DB = db
		d.tick(80 * time.Second)
		d.recover(id)
		if r := d.want(id, booking.Cancelling); r.Held == "" {
			t.Error("its doubt was forgotten")
		}
	})
}

func TestVoidRaces(t *testing.T) {
	t.Run("a number that came late in between keeps the cancelled shipment open, and is voided next", func(t *testing.T) {
		d := newDesk(t)
		var id string
		v := d.takes(func(n int, _ string) carrier.VoidAnswer {
			if n == 1 {
				d.cameLate(id, "1Z9")
			}
			return carrier.VoidAnswer{Kind: carrier.Voided}
		})
		id = d.unwanted()
		d.recover(id)
		if r := d.want(id, booking.Cancelled); len(r.Late) != 1 || r.Due.IsZero() {
			t.Fatalf("late %v, due %v", r.Late, r.Due)
		}
		d.recover(id)
		if r := d.want(id, booking.Cancelled); r.Late != nil || !r.Due.IsZero() || !slices.Equal(v.asked, []string{"1Z1", "1Z9"}) {
			t.Errorf("late %v, due %v, asked %v", r.Late, r.Due, v.asked)
		}
	})
	t.Run("a void that took too long writes nothing over its successor's", func(t *testing.T) {
		d := newDesk(t)
		var id string
		d.takes(func(n int, _ string) carrier.VoidAnswer {
			if n > 1 {
				return carrier.VoidAnswer{Kind: carrier.VoidRefused}
			}
			d.tick(2 * time.Minute) // the machine stands still, and somebody else takes over
			d.recover(id)
			return carrier.VoidAnswer{Kind: carrier.VoidThrottled}
		})
		id = d.unwanted()
		d.recover(id)
		if r := d.want(id, booking.Cancelling); r.Held == "" {
			t.Errorf("%+v", r)
		}
	})
	t.Run("with late numbers beside it the void goes first", func(t *testing.T) {
		d := newDesk(t)
		v := d.takes(says(carrier.Voided))
		d.carrier.book = always(done("1Z1"))
		id := d.accepted()
		d.book(id)
		d.cameLate(id, "1Z9")
		d.recover(d.cancelled(id))
		d.want(id, booking.Cancelled)
		d.recover(id)
		if r := d.want(id, booking.Cancelled); r.Late != nil || !slices.Equal(v.asked, []string{"1Z1", "1Z9"}) {
			t.Errorf("late %v, asked %v", r.Late, v.asked)
		}
	})
	t.Run("an audit ends where the carrier shows its own numbers, and as void, only", func(t *testing.T) {
		for name, c := range map[string]struct {
			voided []string
			owed   bool
		}{
			"its own":               {[]string{"1Z2"}, false},
			"with another parcel's": {[]string{"1Z3", "1Z2"}, false},
			"another's beside":      {[]string{"1Z2", "1Z1"}, true},
			"none":                  {nil, true},
		} {
			d := inMemory(t)
			d.takes(says(carrier.Voided))
			d.account.RebookOnAbsent = true
			d.carrier.book = func(n int) carrier.Outcome {
				if n == 1 {
					return carrier.Outcome{Kind: carrier.Unknown}
				}
				o := done("1Z2")
				o.Booking.Numbers = []string{"1Z2", "1Z3"}
				return o
			}
			d.carrier.find = always(absent)
			id := d.accepted()
			d.book(id)
			for d.record(id).Status == booking.Unknown {
				d.tick(2 * time.Minute)
				d.recover(id)
			}
			d.book(id)
			d.recover(d.cancelled(id))
			d.carrier.find = always(carrier.Finding{Message: "knows what is void only", Voided: c.voided})
			d.wakes(id, time.Hour, 30*time.Hour)
			if r := d.want(id, booking.Cancelled); r.AuditOwed != c.owed || r.Due.IsZero() == c.owed || r.Late != nil {
				t.Errorf("%s: owed %v, due %v, late %v", name, r.AuditOwed, r.Due, r.Late)
			}
		}
	})
	t.Run("what is void proves no absence of what is not known", func(t *testing.T) {
		d := inMemory(t)
		d.account.RebookOnAbsent = true
		d.carrier.book, d.carrier.find = always(carrier.Outcome{Kind: carrier.Unknown}), always(carrier.Finding{Voided: []string{"1Z1"}})
		id := d.accepted()
		d.book(id)
		d.wakes(id, 20*time.Minute, 10*time.Hour)
		if r := d.want(id, booking.Unknown); !r.FirstAbsent.IsZero() {
			t.Errorf("first absent %v", r.FirstAbsent)
		}
	})
	t.Run("an audit that is owed is owed after the void", func(t *testing.T) {
		d := inMemory(t)
		v := d.takes(says(carrier.Voided))
		d.carrier.desc.Absence = carrier.Conclusive
		d.carrier.book = func(n int) carrier.Outcome {
			if n == 1 {
				return carrier.Outcome{Kind: carrier.Unknown}
			}
			return done("1Z2")
		}
		d.carrier.find = func(int) carrier.Finding {
			if d.carrier.booked == 1 || slices.Contains(v.asked, "1Z1") {
				return absent
			}
			return foundAt("1Z1") // it executed after all, and the other one is void
		}
		id := d.accepted()
		d.book(id)
		for d.record(id).Status == booking.Unknown {
			d.tick(2 * time.Minute)
			d.recover(id)
		}
		d.book(id)
		d.recover(d.cancelled(id))
		if r := d.want(id, booking.Cancelled); !r.AuditOwed || r.Due.IsZero() {
			t.Fatalf("audit owed %v, due %v", r.AuditOwed, r.Due)
		}
		d.wakes(id, time.Hour, 80*time.Hour)
		if r := d.want(id, booking.Cancelled); r.AuditOwed || r.Late != nil || !r.Due.IsZero() || !slices.Equal(v.asked, []string{"1Z2", "1Z1"}) {
			t.Errorf("audit owed %v, late %v, due %v, asked %v", r.AuditOwed, r.Late, r.Due, v.asked)
		}
	})
}

// cameLate is a number that somebody was answered too late.
func (d *desk) cameLate(id string, numbers ...string) {
	d.t.Helper()
	for _, n := range numbers {
		if _, err := d.store.Late(d.ctx, tenant, ship.Test, id, n, d.clock(), d.clock().Add(5*time.Minute)); err != nil {
			d.t.Fatal(err)
		}
	}
}

func TestLateNumbers(t *testing.T) {
	booked := func(t *testing.T) (*desk, string) {
		d := inMemory(t)
		d.carrier.book = always(done("1Z1"))
		id := d.accepted()
		d.book(id)
		return d, id
	}
	t.Run("each is voided by its number, never the one that is booked, and it is closed", func(t *testing.T) {
		d, id := booked(t)
		v := d.takes(says(carrier.Voided))
		d.cameLate(id, "1Z8", "1Z9")
		d.recover(id)
		if r := d.want(id, booking.Booked); r.Late != nil || !r.Due.IsZero() || !slices.Equal(v.asked, []string{"1Z8", "1Z9"}) {
			t.Errorf("late %v, due %v, asked %v", r.Late, r.Due, v.asked)
		}
	})
	t.Run("what is refused stays, is asked at wake's pace, and the rest goes", func(t *testing.T) {
		d, id := booked(t)
		v := d.takes(func(_ int, number string) carrier.VoidAnswer {
			return carrier.VoidAnswer{Kind: map[bool]carrier.VoidKind{true: carrier.VoidRefused, false: carrier.Voided}[number == "1Z8"]}
		})
		d.cameLate(id, "1Z8", "1Z9")
		d.recover(id)
		if r := d.want(id, booking.Booked); !slices.Equal(r.Late, []string{"1Z8"}) || r.Due.IsZero() {
			t.Fatalf("late %v, due %v", r.Late, r.Due)
		}
		v.asked = nil
		d.wakes(id, time.Hour, 4*24*time.Hour)
		r := d.want(id, booking.Booked)
		if !slices.Equal(r.Late, []string{"1Z8"}) || r.Due.IsZero() || len(v.asked) < 3*24 || len(v.asked) > 4*24 {
			t.Errorf("late %v, due %v, asked %d times", r.Late, r.Due, len(v.asked))
		}
		if len(r.History) > 12 || r.Version != int64(len(r.History)) {
			t.Errorf("version %d: a try that changes nothing leaves nothing behind", r.Version)
		}
	})
	t.Run("a carrier that takes nothing back: it is shown, and stays open", func(t *testing.T) {
		d, id := booked(t)
		d.cameLate(id, "1Z9")
		d.wakes(id, time.Hour, 24*time.Hour)
		if r := d.want(id, booking.Booked); len(r.Late) != 1 || r.Due.IsZero() {
			t.Errorf("late %v, due %v", r.Late, r.Due)
		}
	})
	t.Run("of a cancelled shipment every number is voided", func(t *testing.T) {
		d := newDesk(t)
		v := d.takes(says(carrier.Voided))
		id := d.cancelled(d.accepted())
		d.want(id, booking.Cancelled)
		d.cameLate(id, "1Z9")
		d.recover(id)
		if r := d.want(id, booking.Cancelled); r.Late != nil || !r.Due.IsZero() || !slices.Equal(v.asked, []string{"1Z9"}) {
			t.Errorf("late %v, due %v, asked %v", r.Late, r.Due, v.asked)
		}
	})
	t.Run("of a shipment cancelled locally as well, and of one whose void a person settles", func(t *testing.T) {
		d := newDesk(t)
		id := d.unwanted()
		d.recover(id)
		d.want(id, booking.CancelledLocally)
		d.takes(says(carrier.Voided))
		d.cameLate(id, "1Z9")
		d.recover(id)
		if r := d.want(id, booking.CancelledLocally); r.Late != nil || !r.Due.IsZero() {
			t.Errorf("late %v, due %v", r.Late, r.Due)
		}
		d = newDesk(t)
		v := d.takes(says(carrier.VoidUnknown))
		id = d.unwanted()
		d.recover(id)
		d.tick(80 * time.Second)
		v.void = says(carrier.VoidRefused)
		d.recover(id)
		d.cameLate(id, "1Z9")
		v.void, v.asked = says(carrier.Voided), nil
		d.recover(id)
		if r := d.want(id, booking.Cancelling); r.Held == "" || r.Late != nil || !r.Due.IsZero() || !slices.Equal(v.asked, []string{"1Z9"}) {
			t.Errorf("held %q, late %v, due %v, asked %v", r.Held, r.Late, r.Due, v.asked)
		}
	})
	t.Run("a number that comes late while others are voided is not cleared with them", func(t *testing.T) {
		d, id := booked(t)
		v := d.takes(func(n int, _ string) carrier.VoidAnswer {
			if n == 1 {
				d.cameLate(id, "1Z9")
			}
			return carrier.VoidAnswer{Kind: carrier.Voided}
		})
		d.cameLate(id, "1Z8")
		d.recover(id)
		if r := d.want(id, booking.Booked); !slices.Equal(r.Late, []string{"1Z8", "1Z9"}) {
			t.Fatalf("late %v", r.Late)
		}
		d.recover(id)
		if r := d.want(id, booking.Booked); r.Late != nil || !slices.Equal(v.asked, []string{"1Z8", "1Z8", "1Z9"}) {
			t.Errorf("late %v, asked %v", r.Late, v.asked)
		}
	})
	t.Run("parcels of the shipment are no duplicates", func(t *testing.T) {
		d := newDesk(t)
		v := d.takes(says(carrier.Voided))
		o := done("1Z1")
		o.Booking.Numbers = []string{"1Z1", "1Z2"}
		d.carrier.book = always(o)
		id := d.accepted()
		d.book(id)
		if r := d.want(id, booking.Booked); !slices.Equal(r.Numbers, []string{"1Z2"}) {
			t.Fatalf("numbers %v", r.Numbers)
		}
		d.cameLate(id, "1Z2")
		d.recover(id)
		if r := d.want(id, booking.Booked); r.Late != nil || len(v.asked) != 0 {
			t.Errorf("late %v, asked %v", r.Late, v.asked)
		}
	})
	t.Run("a label that is fetched again and again does not ask for voids again and again", func(t *testing.T) {
		d := newDesk(t)
		v := d.takes(says(carrier.VoidRefused))
		d.carrier.book = func(int) carrier.Outcome { o := done("1Z1"); o.Booking.Label = nil; return o }
		d.carrier.label = func(int) (ship.Label, error) { return ship.Label{}, errors.New("not yet") }
		id := d.accepted()
		d.book(id)
		d.cameLate(id, "1Z9")
		d.recover(id)
		for i := 0; i < len(d.sent.sent); i++ { // the message that comes back for the label
			d.tick(time.Second)
			m := d.message(id, booking.TypeRecover)
			m.Data = d.sent.sent[i].Envelope.Data
			if err := d.recovery.Handle(d.ctx, m); err != nil {
				t.Fatal(err)
			}
		}
		if len(v.asked) != 1 || d.carrier.asked < 3 {
			t.Errorf("%d voids, %d labels asked for", len(v.asked), d.carrier.asked)
		}
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
