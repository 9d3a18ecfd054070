package booking_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/queue"
)

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
