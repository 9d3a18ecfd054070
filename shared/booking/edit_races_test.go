package booking_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// failedAfterAbsence is a shipment whose first attempt was not answered and could not be found, and whose second one was
// refused: the audit is owed that finds the first one after all.
func (d *desk) failedAfterAbsence(change func(s *ship.Shipment)) string {
	d.t.Helper()
	d.account.RebookOnAbsent = true
	d.carrier.book = func(n int) carrier.Outcome {
		if n == 1 {
			return carrier.Outcome{Kind: carrier.Unknown}
		}
		return carrier.Outcome{Kind: carrier.Refused, Code: "1"}
	}
	d.carrier.find = always(absent)
	id := d.ordered(change)
	d.book(id)
	for d.record(id).Status == booking.Unknown {
		d.tick(2 * time.Minute)
		d.recover(id)
	}
	d.book(id)
	if r := d.want(id, booking.Failed); !r.AuditOwed {
		d.t.Fatal("no audit is owed")
	}
	return id
}

func TestUpdateWhileAnAuditIsOwed(t *testing.T) {
	t.Run("nothing is changed, and it is said until when", func(t *testing.T) {
		d := newDesk(t)
		id := d.failedAfterAbsence(func(*ship.Shipment) {})
		r := d.record(id)
		_, err := d.patch(id, fmt.Sprint(r.Version), `{"ship_to":{"postcode":"10002"}}`)
		e, ok := errors.AsType[*api.Error](err)
		if until := r.Updated().Add(24 * time.Hour).Format(time.RFC3339); !ok || e.Status != 409 || e.Code != "audit_owed" || !strings.Contains(e.Detail, until) || !strings.Contains(e.Detail, "new reference") {
			t.Errorf("got %+v", err)
		}
		if d.record(id).Version != r.Version {
			t.Error("something was written")
		}
	})
	t.Run("the write refuses as well", func(t *testing.T) {
		d := newDesk(t)
		id := d.failedAfterAbsence(func(*ship.Shipment) {})
		_, err := d.store.Edit(d.ctx, tenant, d.record(id), "fp2", ship.Bulk, d.clock(), d.clock())
		if refused, ok := errors.AsType[*booking.Refused](err); !ok || !refused.Old.AuditOwed {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a number that comes late is what is shown", func(t *testing.T) {
		d := newDesk(t)
		id := d.failedAfterAbsence(func(*ship.Shipment) {})
		r := d.record(id)
		if _, err := d.patch(id, fmt.Sprint(r.Version), `{"ship_to":{"postcode":"10002"}}`); err == nil {
			r = d.record(id)
		}
		if _, err := d.service.Confirm(d.ctx, tenant, ship.Test, id, r.Version, "again"); err != nil {
			t.Fatal(err)
		}
		d.cameLate(id, "1Z1")
		d.recover(id)
		d.recover(id)
		d.want(id, booking.Booked)
		if a, err := d.service.Get(d.ctx, tenant, ship.Test, id); err != nil || a.Shipment.To.Postcode != d.carrier.orders[0].Shipment.To.Postcode {
			t.Errorf("booked to %s, shown to %s, %v", d.carrier.orders[0].Shipment.To.Postcode, a.Shipment.To.Postcode, err)
		}
	})
	t.Run("once it is made, what is ordered can be changed", func(t *testing.T) {
		d := newDesk(t)
		id := d.failedAfterAbsence(func(*ship.Shipment) {})
		d.tick(24 * time.Hour)
		d.recover(id)
		r := d.want(id, booking.Failed)
		if s, err := d.patch(id, fmt.Sprint(r.Version), `{"ship_to":{"postcode":"10002"}}`); err != nil || s.Version != r.Version+1 {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

func TestUpdateRaces(t *testing.T) {
	change := func(s ship.Shipment) (ship.Shipment, string, error) {
		s.OrderNumber = "7"
		return s, "", nil
	}
	t.Run("a confirm that was faster books what was confirmed", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(done("1Z1"))
		r := d.draft()
		d.service.Edits = interrupted{d.store, func() {
			if _, err := d.service.Confirm(d.ctx, tenant, ship.Test, r.ID, 1, "k"); err != nil {
				t.Error(err)
			}
		}}
		if _, err := d.service.Update(d.ctx, tenant, ship.Test, r.ID, 1, change); !isStale(err) {
			t.Errorf("got %v", err)
		}
		d.book(r.ID)
		if d.want(r.ID, booking.Booked); d.carrier.orders[0].Shipment.OrderNumber != "" {
			t.Error("booked what was not confirmed")
		}
	})
	t.Run("an order that is confirmed does not confirm a draft that was changed meanwhile", func(t *testing.T) {
		d := newDesk(t)
		r := d.draft()
		d.service.Intake = changed{d.store, func() {
			if _, err := d.service.Update(d.ctx, tenant, ship.Test, r.ID, 1, change); err != nil {
				t.Error(err)
			}
		}}
		a, err := d.service.Create(d.ctx, tenant, ship.Test, d.order(d.t.Name(), true))
		if err != nil || a.Record.Status != booking.Draft || a.Record.Version != 2 || a.Shipment.OrderNumber != "7" || !a.Replayed {
			t.Errorf("%+v, %v", a, err)
		}
	})
	t.Run("a write that is made twice is mine", func(t *testing.T) {
		d := newDesk(t)
		r := d.draft()
		d.service.Edits = interrupted{d.store, func() {
			s, _, _ := change(shipment(d.t.Name()))
			fp, err := booking.Fingerprint(s)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := d.store.Edit(d.ctx, tenant, r, fp, s.Priority, d.clock(), d.clock()); err != nil {
				t.Error(err)
			}
		}}
		a, err := d.service.Update(d.ctx, tenant, ship.Test, r.ID, 1, change)
		if err != nil || a.Record.Version != 2 || a.Shipment.OrderNumber != "7" || !a.Replayed {
			t.Errorf("%+v, %v", a, err)
		}
	})
	t.Run("a message of the old content books the new one", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(carrier.Outcome{Kind: carrier.Refused, Code: "1"})
		id := d.accepted()
		old := d.message(id, booking.TypeBook)
		d.book(id)
		a, err := d.service.Update(d.ctx, tenant, ship.Test, id, 3, change)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.service.Confirm(d.ctx, tenant, ship.Test, id, a.Record.Version, "again"); err != nil {
			t.Fatal(err)
		}
		d.carrier.book = always(done("1Z1"))
		old.Receipt = "again"
		before := d.record(id)
		if err := d.worker.Handle(d.ctx, old); err != nil {
			t.Fatal(err)
		}
		if r := d.want(id, booking.Pending); d.carrier.booked != 1 || r.Version != before.Version || r.Attempts != 1 {
			t.Fatalf("%d calls, version %d, %d attempts: the old content was claimed", d.carrier.booked, r.Version, r.Attempts)
		}
		d.again()
		if d.want(id, booking.Booked); d.carrier.orders[1].Shipment.OrderNumber != "7" {
			t.Error("the old content was booked")
		}
	})
	t.Run("a message of the old content fails nothing: what it says can't be booked is not ordered any more", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(done("1Z1"))
		quoted := func(id string, valid time.Duration) *ship.Quote {
			return &ship.Quote{ID: id, Total: usd(5), Expires: d.clock().Add(valid)}
		}
		id := d.ordered(func(s *ship.Shipment) { s.Quote = quoted("rate_1", time.Minute) })
		old := d.message(id, booking.TypeBook)
		d.tick(time.Minute)
		d.book(id)
		r := d.want(id, booking.Failed)
		a, err := d.service.Update(d.ctx, tenant, ship.Test, id, r.Version, func(s ship.Shipment) (ship.Shipment, string, error) {
			s.Quote = quoted("rate_2", 24*time.Hour)
			return s, "", nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.service.Confirm(d.ctx, tenant, ship.Test, id, a.Record.Version, "again"); err != nil {
			t.Fatal(err)
		}
		old.Receipt, old.Deadline = "again", d.clock().Add(time.Minute)
		if err := d.worker.Handle(d.ctx, old); err != nil {
			t.Fatal(err)
		}
		d.want(id, booking.Pending)
		d.again()
		d.want(id, booking.Booked)
	})
}

// again hands the worker the message that was sent last.
func (d *desk) again() {
	d.t.Helper()
	if len(d.sent.sent) == 0 {
		d.t.Fatal("nothing was sent")
	}
	last := d.sent.sent[len(d.sent.sent)-1]
	m := queue.Message{Envelope: last.Envelope, Queue: last.To, Receipt: ulid.Make().String(), Received: 1, Deadline: d.clock().Add(time.Minute)}
	if err := d.worker.Handle(d.ctx, m); err != nil {
		d.t.Fatal(err)
	}
}

// interrupted makes its write after something else has happened.
type interrupted struct {
	booking.Edits
	happens func()
}

func (i interrupted) Edit(ctx context.Context, tenant string, old booking.Record, fp string, p ship.Priority, now, expires time.Time) (booking.Record, error) {
	i.happens()
	return i.Edits.Edit(ctx, tenant, old, fp, p, now, expires)
}

// changed confirms after something else has happened, once.
type changed struct {
	*dynamo.Store
	happens func()
}

func (c changed) Confirm(ctx context.Context, tenant string, mode ship.Mode, id string, version int64, key string, now, due time.Time) (booking.Record, error) {
	if version == 1 {
		c.happens()
	}
	return c.Store.Confirm(ctx, tenant, mode, id, version, key, now, due)
}
