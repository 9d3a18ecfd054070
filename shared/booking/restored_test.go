package booking_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
)

// restored is a desk whose tables have forgotten all, after a restore that was an hour ago.
func restored(t *testing.T, absence carrier.Absence) *desk {
	d := newDesk(t)
	d.carrier.desc.Absence = absence
	d.worker.Restored = booking.Restored{At: d.clock().Add(-time.Hour), Until: d.clock().Add(48 * time.Hour)}
	d.carrier.book = always(done("1Z2"))
	return d
}

// lookUp looks for an order until it is no longer unknown, four times at the most.
func lookUp(d *desk, id string) {
	for range 4 {
		if d.record(id).Status != booking.Unknown {
			return
		}
		d.tick(time.Hour)
		d.recover(id)
	}
}

func TestAnOrderThatTheTablesHaveForgottenIsNotBookedAgain(t *testing.T) {
	d := restored(t, carrier.Conclusive)
	d.carrier.find = always(foundAt("1Z1"))
	id := d.accepted()
	d.book(id)
	d.want(id, booking.Unknown)
	d.tick(10 * time.Minute)
	d.recover(id)
	if r := d.want(id, booking.Booked); r.TrackingNumber != "1Z1" || d.carrier.booked != 0 {
		t.Errorf("%s, booked %d times", r.TrackingNumber, d.carrier.booked)
	}
}

func TestAnOrderThatIsNewAfterARestoreIsBookedOnce(t *testing.T) {
	d := restored(t, carrier.Conclusive)
	d.carrier.find = always(absent)
	id := d.accepted()
	d.book(id)
	d.want(id, booking.Unknown)
	lookUp(d, id)
	d.want(id, booking.Pending)
	d.book(id)
	if r := d.want(id, booking.Booked); r.TrackingNumber != "1Z2" || d.carrier.booked != 1 {
		t.Errorf("%s, booked %d times", r.TrackingNumber, d.carrier.booked)
	}
}

func TestAnOrderThatWasPendingIsLookedUpThoughItOnceWasBefore(t *testing.T) {
	d := restored(t, carrier.Conclusive)
	d.worker.Restored = booking.Restored{}
	d.carrier.book = always(carrier.Outcome{Kind: carrier.Unknown})
	d.carrier.find = always(absent)
	id := d.accepted()
	d.book(id)
	lookUp(d, id)
	d.want(id, booking.Pending) // and this is the moment that is restored
	d.tick(time.Hour)
	d.worker.Restored = booking.Restored{At: d.clock().Add(-time.Minute), Until: d.clock()}
	d.book(id)
	if d.want(id, booking.Unknown); d.carrier.booked != 1 {
		t.Errorf("booked %d times", d.carrier.booked)
	}
}

func TestAnOrderThatIsConfirmedAfterTheDoubtIsBookedAtOnce(t *testing.T) {
	d := restored(t, carrier.Conclusive)
	d.worker.Restored.Until = d.clock()
	id := d.accepted()
	d.book(id)
	if d.want(id, booking.Booked); d.carrier.booked != 1 || d.carrier.looked != 0 {
		t.Errorf("booked %d times, looked up %d times", d.carrier.booked, d.carrier.looked)
	}
}

func TestRestoredIsTwoMoments(t *testing.T) {
	var r booking.Restored
	if err := r.UnmarshalText([]byte("2026-11-22T10:00:00Z/2026-11-24T10:00:00Z")); err != nil || r.Until.Sub(r.At) != 48*time.Hour {
		t.Errorf("%+v, %v", r, err)
	}
	if err := r.UnmarshalText(nil); err != nil || r != (booking.Restored{}) {
		t.Errorf("%+v, %v", r, err)
	}
	for _, wrong := range []string{"yesterday", "2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z/", "2026-11-24T10:00:00Z/2026-11-22T10:00:00Z"} {
		if err := r.UnmarshalText([]byte(wrong)); err == nil || !strings.Contains(err.Error(), "as in") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}
