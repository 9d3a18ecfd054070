package booking_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

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
