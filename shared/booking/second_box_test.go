package booking_test

import (
	"slices"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// A person may name any number that stands on the labels of a shipment of two boxes. Whatever tells of the same booking
// by its first number later tells of nothing new: to void that number voids the booking itself.
func TestABookingNamedByItsSecondBoxIsNotItsOwnDuplicate(t *testing.T) {
	both := ship.Booking{TrackingNumber: "1ZFIRST", Numbers: []string{"1ZFIRST", "1ZSECOND"}}
	named := func(d *desk, id string) {
		d.t.Helper()
		op := booking.Operator{Reader: d.store, Decisions: d.store, Settler: d.store, Now: d.clock, Times: d.worker.Times}
		if _, err := op.Adopt(d.ctx, tenant, ship.Test, id, d.record(id).Version, "1ZSECOND"); err != nil {
			d.t.Fatal(err)
		}
	}
	quiet := func(d *desk, id string, v *taking) {
		d.t.Helper()
		for range 3 {
			d.tick(time.Hour)
			d.recover(id)
		}
		if r := d.record(id); slices.Contains(v.asked, "1ZFIRST") || r.Status != booking.Booked {
			d.t.Errorf("it is %s, late %v, and these numbers were voided: %v", r.Status, r.Late, v.asked)
		}
	}
	t.Run("when a look-up that was under way finds it", func(t *testing.T) {
		d := inMemory(t)
		v := d.takes(says(carrier.Voided))
		d.carrier.label = twoLabels
		d.carrier.book = always(carrier.Outcome{Kind: carrier.Unknown})
		id := d.accepted()
		d.book(id)
		d.tick(time.Hour)
		d.carrier.find = func(int) carrier.Finding {
			named(d, id)
			return carrier.Finding{Kind: carrier.Found, Bookings: []ship.Booking{both}}
		}
		d.recover(id)
		quiet(d, id, v)
	})
	t.Run("when its own answer comes late", func(t *testing.T) {
		d := inMemory(t)
		v := d.takes(says(carrier.Voided))
		d.carrier.label = twoLabels
		id := d.accepted()
		d.carrier.book = func(int) carrier.Outcome {
			d.tick(time.Hour)
			d.recover(id) // EXPIRE
			named(d, id)
			return carrier.Outcome{Kind: carrier.Done, Booking: &both}
		}
		d.book(id)
		quiet(d, id, v)
	})
	t.Run("when the audit that it owes finds it", func(t *testing.T) {
		d, op, r := held(t)
		v := d.takes(says(carrier.Voided))
		d.carrier.desc.Absence = carrier.Advisory
		d.carrier.label, d.carrier.book = twoLabels, always(carrier.Outcome{Kind: carrier.Unknown})
		if _, err := op.Declare(d.ctx, tenant, ship.Test, r.ID, r.Version); err != nil {
			t.Fatal(err)
		}
		d.book(r.ID)
		named(d, r.ID)
		d.carrier.find = always(carrier.Finding{Kind: carrier.Found, Bookings: []ship.Booking{both}})
		d.tick(d.worker.Times.Audit)
		quiet(d, r.ID, v)
		d.tick(d.worker.Times.Audit)
		quiet(d, r.ID, v)
	})
	t.Run("when it came late before the person decided", func(t *testing.T) {
		d := inMemory(t)
		v := d.takes(says(carrier.Voided))
		d.carrier.label, d.carrier.book = twoLabels, always(carrier.Outcome{Kind: carrier.Unknown})
		two := d.order(t.Name(), true)
		two.Shipment.Parcels = append(two.Shipment.Parcels, ship.Parcel{Weight: 500})
		a, err := d.service.Create(d.ctx, tenant, ship.Test, two)
		if err != nil {
			t.Fatal(err)
		}
		id := a.Record.ID
		d.book(id)
		if _, err := d.store.Late(d.ctx, tenant, ship.Test, id, "1ZFIRST", d.clock(), d.clock().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		named(d, id)
		quiet(d, id, v)
		if r := d.record(id); !slices.Equal(r.Late, []string{"1ZFIRST"}) {
			t.Errorf("late %v", r.Late)
		}
	})
}

func twoLabels(int) (ship.Label, error) {
	return ship.Label{Format: ship.ZPL, Pages: [][]byte{[]byte("^XA1"), []byte("^XA2")}}, nil
}
