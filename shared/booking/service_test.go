package booking_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
)

func TestCreate(t *testing.T) {
	t.Run("the same order again is replayed, and a draft is confirmed when it asks so", func(t *testing.T) {
		d := newDesk(t)
		first, err := d.service.Create(d.ctx, tenant, ship.Test, d.order("r", false))
		if err != nil || first.Replayed || first.Record.Status != booking.Draft {
			t.Fatalf("%+v, %v", first, err)
		}
		again, err := d.service.Create(d.ctx, tenant, ship.Test, d.order("r", false))
		if err != nil || !again.Replayed || again.Record.Version != 1 {
			t.Fatalf("%+v, %v", again, err)
		}
		confirmed, err := d.service.Create(d.ctx, tenant, ship.Test, d.order("r", true))
		if err != nil || confirmed.Record.Status != booking.Pending || confirmed.Record.ID != first.Record.ID {
			t.Fatalf("%+v, %v", confirmed, err)
		}
		last, err := d.service.Create(d.ctx, tenant, ship.Test, d.order("r", true))
		if err != nil || !last.Replayed || last.Record.Version != 2 {
			t.Fatalf("%+v, %v", last, err)
		}
	})
	t.Run("another body under the same reference names the existing shipment and changes nothing", func(t *testing.T) {
		d := newDesk(t)
		first, err := d.service.Create(d.ctx, tenant, ship.Test, d.order("r", true))
		if err != nil {
			t.Fatal(err)
		}
		other := d.order("r", true)
		other.Fingerprint, other.Shipment.Parcels = "other", []ship.Parcel{{Weight: 7}}
		_, err = d.service.Create(d.ctx, tenant, ship.Test, other)
		if taken, ok := errors.AsType[*booking.Taken](err); !ok || taken.ID != first.Record.ID {
			t.Fatalf("%v", err)
		}
		if r := d.record(first.Record.ID); r.Version != 1 {
			t.Errorf("version %d", r.Version)
		}
	})
	t.Run("two hundred identical creates at once are one shipment and 199 replays", func(t *testing.T) {
		d := newDesk(t)
		var wg sync.WaitGroup
		var mu sync.Mutex
		ids, fresh := map[string]bool{}, 0
		for range 200 {
			wg.Go(func() {
				a, err := d.service.Create(d.ctx, tenant, ship.Test, d.order("r", true))
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				ids[a.Record.ID] = true
				if !a.Replayed {
					fresh++
				}
			})
		}
		wg.Wait()
		if len(ids) != 1 || fresh != 1 {
			t.Errorf("%d shipments, %d of them new", len(ids), fresh)
		}
	})
	t.Run("confirmed with neither reference nor key is refused; as a draft it is taken", func(t *testing.T) {
		d := newDesk(t)
		if _, err := d.service.Create(d.ctx, tenant, ship.Test, d.order("", true)); !errors.Is(err, booking.ErrNoIdentity) {
			t.Errorf("%v", err)
		}
		a, err := d.service.Create(d.ctx, tenant, ship.Test, d.order("", false))
		if err != nil {
			t.Fatal(err)
		}
		b, err := d.service.Create(d.ctx, tenant, ship.Test, d.order("", false))
		if err != nil || a.Record.ID == b.Record.ID {
			t.Errorf("%v: two drafts without identity are one", err)
		}
	})
	t.Run("a key names a shipment for ever, and can't name a second one", func(t *testing.T) {
		d := newDesk(t)
		o := d.order("r1", true)
		o.Key = "k"
		first, err := d.service.Create(d.ctx, tenant, ship.Test, o)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := d.service.Create(d.ctx, tenant, ship.Test, o); err != nil || !again.Replayed {
			t.Errorf("%+v %v", again, err)
		}
		o2 := d.order("r2", true)
		o2.Key = "k"
		_, err = d.service.Create(d.ctx, tenant, ship.Test, o2)
		if taken, ok := errors.AsType[*booking.Taken](err); !ok || taken.ID != first.Record.ID {
			t.Errorf("%v", err)
		}
		keyed := d.order("", true)
		keyed.Key = "other"
		a, err := d.service.Create(d.ctx, tenant, ship.Test, keyed)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := d.service.Create(d.ctx, tenant, ship.Test, keyed); err != nil || b.Record.ID != a.Record.ID || !b.Replayed {
			t.Errorf("%+v %v", b, err)
		}
	})
	t.Run("what is invalid is refused with every problem and nothing is stored", func(t *testing.T) {
		d := newDesk(t)
		o := d.order("r", true)
		o.Shipment.CarrierAccount, o.Shipment.To.Country, o.Shipment.From.Postcode = "ca_x", "XX", "1"
		_, err := d.service.Create(d.ctx, tenant, ship.Test, o)
		e, ok := errors.AsType[*booking.Invalid](err)
		if !ok || len(e.Problems) != 3 {
			t.Fatalf("%v", err)
		}
		if _, err := d.store.Record(d.ctx, tenant, ship.Test, booking.IDByReference(tenant, ship.Test, "r")); !errors.Is(err, booking.ErrNotFound) {
			t.Errorf("%v", err)
		}
	})
	t.Run("a retry is answered even when its account is gone", func(t *testing.T) {
		d := newDesk(t)
		if _, err := d.service.Create(d.ctx, tenant, ship.Test, d.order("r", true)); err != nil {
			t.Fatal(err)
		}
		d.account.ID = "ca_gone"
		if again, err := d.service.Create(d.ctx, tenant, ship.Test, d.order("r", true)); err != nil || !again.Replayed {
			t.Errorf("%+v %v", again, err)
		}
	})
	t.Run("a request document without its shipment, as a crash leaves it, does not stand in the way", func(t *testing.T) {
		d := newDesk(t)
		o := d.order("r", true)
		fp, err := booking.Fingerprint(o.Shipment)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.store.PutRequest(d.ctx, tenant, ship.Test, booking.IDByReference(tenant, ship.Test, "r"), fp, o.Shipment); err != nil {
			t.Fatal(err)
		}
		a, err := d.service.Create(d.ctx, tenant, ship.Test, o)
		if err != nil || a.Replayed {
			t.Errorf("%+v %v", a, err)
		}
	})
}

func TestConfirmOperation(t *testing.T) {
	d := newDesk(t)
	a, err := d.service.Create(d.ctx, tenant, ship.Test, d.order("r", false))
	if err != nil {
		t.Fatal(err)
	}
	id := a.Record.ID
	if _, err := d.service.Confirm(d.ctx, tenant, ship.Test, id, 9, ""); !isStale(err) {
		t.Errorf("another version: %v", err)
	}
	c, err := d.service.Confirm(d.ctx, tenant, ship.Test, id, 1, "k")
	if err != nil || c.Record.Status != booking.Pending || c.Replayed {
		t.Fatalf("%+v %v", c, err)
	}
	if c, err = d.service.Confirm(d.ctx, tenant, ship.Test, id, 1, "k"); err != nil || !c.Replayed {
		t.Errorf("the same key again: %+v %v", c, err)
	}
	if _, err = d.service.Confirm(d.ctx, tenant, ship.Test, id, c.Record.Version, "k2"); err == nil {
		t.Error("a pending shipment was confirmed")
	} else if _, ok := errors.AsType[*booking.NotConfirmable](err); !ok {
		t.Errorf("%v", err)
	}
	if _, err := d.service.Confirm(d.ctx, "tn_2", ship.Test, id, 1, "k"); !errors.Is(err, booking.ErrNotFound) {
		t.Errorf("another tenant: %v", err)
	}
}

func isStale(err error) bool { _, ok := errors.AsType[*booking.Stale](err); return ok }

func TestWaker(t *testing.T) {
	d := newDesk(t)
	d.carrier.book = always(done("1Z1"))
	id := d.accepted()
	w := d.waker()
	run := func() int {
		t.Helper()
		d.sent.sent = nil
		if err := w.Run(d.ctx); err != nil {
			t.Fatal(err)
		}
		return len(d.sent.sent)
	}
	if n := run(); n != 0 {
		t.Errorf("woken before its time: %d", n)
	}
	d.tick(5*time.Minute + time.Second)
	if n := run(); n != 1 {
		t.Fatalf("%d messages, want 1", n)
	}
	if n := run(); n != 0 {
		t.Errorf("woken twice for one due: %d", n)
	}
	waits := []time.Duration{}
	for range 6 {
		due := d.record(id).Due
		waits = append(waits, due.Sub(d.clock()))
		d.tick(due.Sub(d.clock()) + time.Second)
		if n := run(); n != 1 {
			t.Fatalf("%d messages", n)
		}
	}
	for i := 1; i < len(waits); i++ {
		if waits[i] < waits[i-1] || waits[i] > time.Hour {
			t.Errorf("waits %v: want them to grow up to an hour", waits)
		}
	}
	if last := waits[len(waits)-1]; last != time.Hour {
		t.Errorf("the last wait is %v", last)
	}
	d.book(id)
	d.tick(2 * time.Hour)
	if n := run(); n != 0 {
		t.Errorf("a booked shipment was woken")
	}
}
