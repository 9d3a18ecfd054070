package booking_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// standing is how the desk's tenant stands.
type standing struct {
	suspended, erased bool
	err               error
}

// Standing implements booking.Tenants.
func (s *standing) Standing(context.Context, string) (suspended, erased bool, err error) {
	return s.suspended, s.erased, s.err
}

// stands gives the desk's tenant a standing.
func (d *desk) stands(s standing) *standing {
	d.worker.Tenants, d.recovery.Tenants = &s, &s
	return &s
}

// TestSuspended: what becomes of each message of a tenant that is suspended while it is in flight.
func TestSuspended(t *testing.T) {
	t.Run("a shipment that is not claimed stays pending, and is booked when the tenant is resumed", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(done("1Z1"))
		id := d.accepted()
		s := d.stands(standing{suspended: true})
		d.book(id)
		if r := d.want(id, booking.Pending); r.Version != 1 || d.carrier.booked != 0 || len(d.sent.sent) != 0 {
			t.Errorf("version %d, booked %d times, sent %v", r.Version, d.carrier.booked, d.sent.sent)
		}
		s.suspended = false
		d.book(id)
		d.want(id, booking.Booked)
	})
	t.Run("wake goes on to bring its message", func(t *testing.T) {
		d := newDesk(t)
		d.accepted()
		d.stands(standing{suspended: true})
		d.tick(time.Hour)
		if err := d.waker().Run(d.ctx); err != nil || len(d.sent.sent) != 1 {
			t.Errorf("sent %v, %v", d.sent.sent, err)
		}
	})
	t.Run("after a day it is given up, and says why", func(t *testing.T) {
		d := newDesk(t)
		id := d.accepted()
		d.stands(standing{suspended: true})
		d.tick(24*time.Hour + time.Minute)
		d.book(id)
		if r := d.want(id, booking.Failed); r.Failure.Code != "tenant_suspended" || r.Failure.Source != "fairlead" {
			t.Errorf("%+v", r.Failure)
		}
	})
	t.Run("one that is wanted cancelled is cancelled", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(carrier.Outcome{Kind: carrier.Throttled})
		id := d.accepted()
		d.carrier.book = func(int) carrier.Outcome {
			if _, err := d.service.Cancel(d.ctx, tenant, ship.Test, id, nil); err != nil {
				d.t.Error(err)
			}
			d.stands(standing{suspended: true})
			return carrier.Outcome{Kind: carrier.Throttled}
		}
		d.book(id)
		d.book(id)
		d.want(id, booking.Cancelled)
	})
	t.Run("a claimed one is finished", func(t *testing.T) {
		d := newDesk(t)
		id := d.accepted()
		d.carrier.book = func(int) carrier.Outcome {
			d.stands(standing{suspended: true})
			return done("1Z1")
		}
		d.book(id)
		d.want(id, booking.Booked)
	})
	t.Run("an unknown outcome is found out", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(carrier.Outcome{Kind: carrier.Unknown})
		d.carrier.find = always(foundAt("1Z1"))
		id := d.accepted()
		d.book(id)
		d.stands(standing{suspended: true})
		d.tick(time.Minute)
		d.recover(id)
		d.want(id, booking.Booked)
	})
	t.Run("a lease that ran out is found by its message", func(t *testing.T) {
		d := newDesk(t)
		id := d.accepted()
		r := d.record(id)
		if _, err := d.store.Claim(d.ctx, tenant, booking.Claim{Mode: ship.Test, ID: id, Me: "dead", Request: r.RequestFP, Now: d.clock(), Lease: d.clock().Add(time.Minute), SendBy: d.clock(), Account: acct, Service: "ground"}); err != nil {
			t.Fatal(err)
		}
		d.stands(standing{suspended: true})
		d.tick(10 * time.Minute)
		d.book(id)
		d.want(id, booking.Unknown)
	})
	t.Run("a void is carried out", func(t *testing.T) {
		d := newDesk(t)
		v := d.takes(says(carrier.Voided))
		id := d.unwanted()
		d.stands(standing{suspended: true})
		d.recover(id)
		if d.want(id, booking.Cancelled); len(v.asked) != 1 {
			t.Errorf("asked %v", v.asked)
		}
	})
	t.Run("when the tenant can't be read nothing is claimed, and the message comes again", func(t *testing.T) {
		d := newDesk(t)
		id := d.accepted()
		d.stands(standing{err: errors.New("away")})
		if err := d.worker.Handle(d.ctx, d.message(id, booking.TypeBook)); err == nil {
			t.Error("acknowledged")
		}
		d.want(id, booking.Pending)
	})
}

// TestErased: what becomes of each message of a tenant whose data is erased while it is in flight.
func TestErased(t *testing.T) {
	t.Run("what was not begun is given up at once", func(t *testing.T) {
		d := newDesk(t)
		id := d.accepted()
		d.stands(standing{suspended: true, erased: true})
		d.book(id)
		if r := d.want(id, booking.Failed); r.Failure.Code != "tenant_erased" || d.carrier.booked != 0 {
			t.Errorf("%+v, booked %d times", r.Failure, d.carrier.booked)
		}
	})
	t.Run("an outcome that is not known stays so, and its message is acknowledged", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(carrier.Outcome{Kind: carrier.Unknown})
		id := d.accepted()
		d.book(id)
		before := d.want(id, booking.Unknown)
		d.stands(standing{suspended: true, erased: true})
		d.tick(time.Hour)
		d.recover(id)
		d.book(id)
		if r := d.want(id, booking.Unknown); r.Version != before.Version || r.Epoch != before.Epoch || d.carrier.looked != 0 {
			t.Errorf("version %d, looked %d times", r.Version, d.carrier.looked)
		}
	})
}
