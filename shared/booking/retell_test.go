package booking_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
)

// announced are the events of a change, as the relay sends them.
func (d *desk) announced(before, now booking.Record) (out []queue.Envelope) {
	for _, m := range booking.Announce(&before, now, d.clock(), booking.StandardTimes()) {
		if m.To == queue.Events {
			out = append(out, m.Envelope)
		}
	}
	return out
}

// What is told again is what was told: the same id, time, sequence and data, whatever has happened to the shipment since.
func TestRetell(t *testing.T) {
	again := func(t *testing.T, d *desk, id, event string) (queue.Envelope, error) {
		t.Helper()
		r := d.record(id)
		history, err := d.store.History(d.ctx, tenant, r)
		if err != nil {
			t.Fatal(err)
		}
		version, kind, ok := booking.FindEvent(r, history, event)
		if !ok {
			t.Fatalf("%s is none of its events", event)
		}
		return booking.Retell(r, history, version, kind)
	}
	t.Run("a booking, though a number came late and it was cancelled since", func(t *testing.T) {
		d := newDesk(t)
		d.takes(says(carrier.Voided))
		d.carrier.book = always(done("1Z1"))
		id := d.accepted()
		before := d.record(id)
		before.Status = booking.Booking
		d.book(id)
		told := d.announced(before, d.want(id, booking.Booked))
		d.cameLate(id, "1Z9")
		if _, err := d.service.Cancel(d.ctx, tenant, ship.Test, id, nil); err != nil {
			t.Fatal(err)
		}
		got, err := again(t, d, id, told[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(told[0], got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a failure, until it is tried again", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(carrier.Outcome{Kind: carrier.Refused, Code: "1", Message: "no"})
		id := d.accepted()
		before := d.record(id)
		before.Status = booking.Booking
		d.book(id)
		r := d.want(id, booking.Failed)
		told := d.announced(before, r)
		if got, err := again(t, d, id, told[0].ID); err != nil || !cmp.Equal(told[0], got) {
			t.Errorf("%v %s", err, cmp.Diff(told[0], got))
		}
		if _, err := d.service.Confirm(d.ctx, tenant, ship.Test, id, r.Version, "another key"); err != nil {
			t.Fatal(err)
		}
		if _, err := again(t, d, id, told[0].ID); !isNotKept(err) {
			t.Errorf("%v", err)
		}
	})
	t.Run("that it is unknown, though it was found since", func(t *testing.T) {
		d, op, r := held(t)
		history, err := d.store.History(d.ctx, tenant, r)
		if err != nil {
			t.Fatal(err)
		}
		before := r
		before.Held, before.AbsenceSettled = "", time.Time{}
		told := d.announced(before, r)
		if len(told) != 1 || len(history) != int(r.Version) {
			t.Fatalf("told %v", told)
		}
		if _, err := op.Adopt(d.ctx, tenant, ship.Test, r.ID, r.Version, "1Z1"); err != nil {
			t.Fatal(err)
		}
		got, err := again(t, d, r.ID, told[0].ID)
		if diff := cmp.Diff(told[0], got); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
	t.Run("a version that is none", func(t *testing.T) {
		if _, err := booking.Retell(booking.Record{}, nil, 1, v1.ShipmentBooked); !isNotKept(err) {
			t.Errorf("%v", err)
		}
	})
}

func isNotKept(err error) bool { _, ok := errors.AsType[*booking.NotKept](err); return ok }
