package booking_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// kept is a desk whose documents live for a time.
func kept(t *testing.T, keep time.Duration) *desk {
	d := inMemory(t)
	d.store.Keep, d.store.Now = keep, d.clock
	return d
}

func TestErasedOrders(t *testing.T) {
	const days = 90 * 24 * time.Hour
	t.Run("what is booked is shown without its personal data, and its label is gone", func(t *testing.T) {
		d := kept(t, days)
		id := d.printed(t.Name(), ship.LabelSpec{Format: ship.ZPL}, ship.ZPL, []byte("^XA^XZ"))
		d.tick(days - time.Second)
		if a, err := d.service.Get(d.ctx, tenant, ship.Test, id); err != nil || a.Shipment.Erased || a.Shipment.To.Name == "" {
			t.Fatalf("%+v, %v", a, err)
		}
		d.tick(time.Second)
		a, err := d.service.Get(d.ctx, tenant, ship.Test, id)
		if s := booking.Present(a); err != nil || s.Erased == nil || !*s.Erased || s.ShipTo != nil || s.ShipFrom != nil || s.Parcels != nil || *s.TrackingNumber != "N-"+t.Name() ||
			s.Status != "booked" || s.Service != "ground" || s.CarrierAccount != acct || *s.Reference != t.Name() {
			t.Errorf("%+v, %v", booking.Present(a), err)
		}
		if page, err := d.list("limit=10"); err != nil || len(page.Data) != 1 || page.Data[0].Erased == nil {
			t.Errorf("%+v, %v", page, err)
		}
		_, err = d.hand(d.http().Label, id, "", "")
		if e, ok := errors.AsType[*api.Error](err); !ok || e.Status != http.StatusGone || e.Code != "label_erased" {
			t.Errorf("%v", err)
		}
	})
	t.Run("an order that nobody confirmed in time is never booked without its addresses", func(t *testing.T) {
		d := kept(t, days)
		id := d.accepted()
		d.tick(days)
		d.carrier.book = func(int) carrier.Outcome { t.Error("the carrier was asked"); return done("N") }
		d.book(id)
		if r := d.record(id); r.Status != booking.Failed || r.Failure.Code != "personal_data_erased" || r.Failure.Source != "fairlead" {
			t.Errorf("%s %+v", r.Status, r.Failure)
		}
	})
	t.Run("it is booked when it is ordered again as it was, though the database has not deleted what has ended", func(t *testing.T) {
		d := kept(t, days)
		id := d.accepted()
		request, err := d.store.Request(d.ctx, tenant, ship.Test, id, d.record(id).RequestFP)
		if err != nil {
			t.Fatal(err)
		}
		d.tick(days)
		d.book(id)
		r := d.want(id, booking.Failed)
		same := func(ship.Shipment) (ship.Shipment, string, error) { return request, "", nil }
		a, err := d.service.Update(d.ctx, tenant, ship.Test, id, r.Version, same)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.service.Confirm(d.ctx, tenant, ship.Test, id, a.Record.Version, "again"); err != nil {
			t.Fatal(err)
		}
		d.carrier.book = always(done("1Z1"))
		d.book(id)
		d.want(id, booking.Booked)
	})
	t.Run("a booking of unknown outcome is held for a person, never taken for absent", func(t *testing.T) {
		d := kept(t, days)
		id := d.accepted()
		d.carrier.book = always(carrier.Outcome{Kind: carrier.Unknown})
		d.book(id)
		if answers, err := d.store.Answers(d.ctx, tenant, d.record(id)); err != nil || len(answers) != 1 {
			t.Fatalf("%d answers are kept, %v", len(answers), err)
		}
		d.tick(days)
		if answers, err := d.store.Answers(d.ctx, tenant, d.record(id)); err != nil || len(answers) != 0 {
			t.Errorf("%d answers are shown, %v", len(answers), err)
		}
		d.recover(id)
		if r := d.record(id); r.Status != booking.Unknown || r.Held == "" {
			t.Errorf("%s, held %q", r.Status, r.Held)
		}
	})
}
