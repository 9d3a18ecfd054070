package booking_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// draft creates a shipment without confirming it.
func (d *desk) draft() booking.Record {
	d.t.Helper()
	a, err := d.service.Create(d.ctx, tenant, ship.Test, d.order(d.t.Name(), false))
	if err != nil {
		d.t.Fatal(err)
	}
	return a.Record
}

func (d *desk) cancel(id string, version *int64) (booking.Accepted, error) {
	return d.service.Cancel(d.ctx, tenant, ship.Test, id, version)
}

func TestCancel(t *testing.T) {
	t.Run("a draft is cancelled at once, and its reference stays its name", func(t *testing.T) {
		d := newDesk(t)
		r := d.draft()
		a, err := d.cancel(r.ID, nil)
		if err != nil || a.Replayed || a.Record.Status != booking.Cancelled {
			t.Fatalf("%+v, %v", a, err)
		}
		again, err := d.service.Create(d.ctx, tenant, ship.Test, d.order(t.Name(), true))
		if err != nil || again.Record.Status != booking.Cancelled || !again.Replayed {
			t.Errorf("ordered again: %s, %v", again.Record.Status, err)
		}
	})
	t.Run("a pending one is cancelled, and its message books nothing", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(done("1Z1"))
		id := d.cancelled(d.accepted())
		d.book(id)
		if r := d.want(id, booking.Cancelled); d.carrier.booked != 0 || !r.Due.IsZero() {
			t.Errorf("%d calls, due %v", d.carrier.booked, r.Due)
		}
	})
	t.Run("what is being booked is cancelled when it is booked", func(t *testing.T) {
		d := newDesk(t)
		d.takes(says(carrier.Voided))
		var id string
		d.carrier.book = func(int) carrier.Outcome {
			d.cancelled(id)
			return done("1Z1")
		}
		id = d.accepted()
		d.book(id)
		if r := d.want(id, booking.Booked); r.CancelWanted.IsZero() || r.Due.IsZero() {
			t.Fatalf("wanted %v, due %v", r.CancelWanted, r.Due)
		}
		d.recover(id)
		d.want(id, booking.Cancelled)
	})
	t.Run("and when it provably is not booked, however long the next attempt would wait", func(t *testing.T) {
		for name, then := range map[string]func(d *desk, id string, seen int64){
			"its message": func(d *desk, id string, _ int64) { d.book(id) },
			"said again":  func(d *desk, id string, _ int64) { d.cancelled(id) },
			"said again, of the version that was seen": func(d *desk, id string, seen int64) {
				if _, err := d.cancel(id, &seen); err != nil {
					t.Error(err)
				}
			},
		} {
			d := inMemory(t)
			var id string
			var seen int64
			d.carrier.book = func(int) carrier.Outcome {
				seen = d.record(id).Version
				d.cancelled(id)
				return carrier.Outcome{Kind: carrier.Throttled, RetryAfter: 20 * time.Hour}
			}
			id = d.accepted()
			d.book(id)
			d.want(id, booking.Pending)
			then(d, id, seen)
			if r := d.record(id); r.Status != booking.Cancelled || d.carrier.booked != 1 || !r.Due.IsZero() {
				t.Errorf("%s: %s, %d calls, due %v", name, r.Status, d.carrier.booked, r.Due)
			}
		}
	})
	t.Run("an unknown one is found out first, then voided", func(t *testing.T) {
		d := newDesk(t)
		v := d.takes(says(carrier.Voided))
		d.carrier.book, d.carrier.find = always(carrier.Outcome{Kind: carrier.Unknown}), always(foundAt("1Z7"))
		id := d.accepted()
		d.book(id)
		d.cancelled(id)
		d.tick(31 * time.Second)
		d.recover(id)
		d.want(id, booking.Booked)
		d.recover(id)
		if d.want(id, booking.Cancelled); len(v.asked) != 1 || v.asked[0] != "1Z7" {
			t.Errorf("asked %v", v.asked)
		}
	})
	t.Run("a held one stays a person's, whose word then cancels it", func(t *testing.T) {
		for _, say := range []booking.Decision{booking.DeclareAbsent, booking.AdoptNumber} {
			d, op, r := held(t)
			d.takes(says(carrier.Voided))
			d.cancelled(r.ID)
			r = d.want(r.ID, booking.Unknown)
			if r.Held == "" || r.CancelWanted.IsZero() || !r.Due.IsZero() {
				t.Fatalf("%+v", r)
			}
			var err error
			if say == booking.DeclareAbsent {
				_, err = op.Declare(d.ctx, tenant, ship.Test, r.ID, r.Version)
				d.book(r.ID)
			} else {
				_, err = op.Adopt(d.ctx, tenant, ship.Test, r.ID, r.Version, "1Z7")
				d.recover(r.ID)
			}
			if err != nil {
				t.Fatal(err)
			}
			if d.want(r.ID, booking.Cancelled); d.carrier.booked != 1 {
				t.Errorf("%s: %d calls", say, d.carrier.booked)
			}
		}
	})
	t.Run("a number that came late is found out first, whether pending or failed", func(t *testing.T) {
		for _, refuse := range []bool{false, true} {
			d := newDesk(t)
			v := d.takes(says(carrier.Voided))
			id := d.accepted()
			if refuse {
				d.carrier.book = always(carrier.Outcome{Kind: carrier.Refused, Code: "1"})
				d.book(id)
			}
			d.cameLate(id, "1Z9")
			version := d.record(id).Version
			a, err := d.cancel(id, &version)
			if err != nil || a.Record.Status != booking.Unknown || a.Record.CancelWanted.IsZero() {
				t.Fatalf("%+v, %v", a, err)
			}
			d.recover(id)
			d.recover(id)
			if d.want(id, booking.Cancelled); len(v.asked) != 1 || v.asked[0] != "1Z9" {
				t.Errorf("asked %v", v.asked)
			}
		}
	})
	t.Run("a failed one has nothing to cancel", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(carrier.Outcome{Kind: carrier.Refused, Code: "1"})
		id := d.accepted()
		d.book(id)
		_, err := d.cancel(id, nil)
		if e, ok := errors.AsType[*booking.NotCancellable](err); !ok || e.Current.Record.Status != booking.Failed || e.Current.Shipment.Service == "" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("said again it changes nothing, whatever version is named", func(t *testing.T) {
		d := newDesk(t)
		d.takes(says(carrier.VoidUnknown))
		id := d.unwanted()
		old := int64(1)
		for range 3 {
			before := d.record(id)
			a, err := d.cancel(id, &old)
			if err != nil || !a.Replayed || a.Record.Version != before.Version || d.record(id).Version != before.Version {
				t.Errorf("%s: replayed %v, version %d after %d, %v", before.Status, a.Replayed, a.Record.Version, before.Version, err)
			}
			d.recover(id)
			d.tick(30 * time.Hour)
		}
		d.want(id, booking.Cancelling)
	})
	t.Run("of another version it is refused with the current state", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(done("1Z1"))
		id := d.accepted()
		d.book(id)
		old := int64(1)
		_, err := d.cancel(id, &old)
		if e, ok := errors.AsType[*booking.Stale](err); !ok || e.Current.Record.Status != booking.Booked {
			t.Errorf("got %v", err)
		}
		if r := d.want(id, booking.Booked); !r.CancelWanted.IsZero() {
			t.Error("it was wanted all the same")
		}
	})
	t.Run("a shipment that is nobody's, or another's, is not found", func(t *testing.T) {
		d := newDesk(t)
		id := d.accepted()
		for _, c := range []struct {
			tenant string
			mode   ship.Mode
			id     string
		}{{tenant, ship.Test, "shp_none"}, {"tn_2", ship.Test, id}, {tenant, ship.Live, id}} {
			if _, err := d.service.Cancel(d.ctx, c.tenant, c.mode, c.id, nil); !errors.Is(err, booking.ErrNotFound) {
				t.Errorf("%v: %v", c, err)
			}
		}
	})
}

func TestCancelRaces(t *testing.T) {
	t.Run("a claim that was faster is cancelled from there", func(t *testing.T) {
		d := newDesk(t)
		id := d.accepted()
		d.service.Cancels = overtaken{d.store, func() {
			if _, err := d.store.Claim(d.ctx, tenant, booking.Claim{Mode: ship.Test, ID: id, Me: "w", Request: d.record(id).RequestFP, Now: d.clock(), Lease: d.clock().Add(time.Minute), SendBy: d.clock(), Account: acct, Service: "ground"}); err != nil {
				t.Error(err)
			}
		}}
		a, err := d.cancel(id, nil)
		if err != nil || a.Record.Status != booking.Booking || a.Record.CancelWanted.IsZero() {
			t.Errorf("%+v, %v", a.Record, err)
		}
	})
	t.Run("with a version named it is told instead", func(t *testing.T) {
		d := newDesk(t)
		r := d.draft()
		d.service.Cancels = overtaken{d.store, func() {
			if _, err := d.service.Confirm(d.ctx, tenant, ship.Test, r.ID, r.Version, "k"); err != nil {
				t.Error(err)
			}
		}}
		if _, err := d.cancel(r.ID, &r.Version); !isStale(err) {
			t.Errorf("got %v", err)
		}
		d.want(r.ID, booking.Pending)
	})
	for _, name := range []string{"CANCEL", "CW", "REOPEN"} {
		t.Run(name+" whose acknowledgement was lost is answered by its own work", func(t *testing.T) {
			d := newDesk(t)
			d.carrier.book = always(done("1Z1"))
			id := d.accepted()
			switch name {
			case "CW":
				d.book(id)
			case "REOPEN":
				d.cameLate(id, "1Z9")
			}
			d.loses(name, 1)
			if _, err := d.cancel(id, nil); !errors.Is(err, errLost) {
				t.Fatalf("got %v", err)
			}
			a, err := d.cancel(id, nil) // the client's retry
			if err != nil || a.Replayed == (name == "REOPEN") || (a.Record.Status != booking.Cancelled && a.Record.CancelWanted.IsZero()) {
				t.Errorf("%s, wanted %v, replayed %v, %v", a.Record.Status, a.Record.CancelWanted, a.Replayed, err)
			}
		})
	}
}

// overtaken makes its first write after something else has happened.
type overtaken struct {
	booking.Cancels
	happens func()
}

func (o overtaken) CancelSeen(ctx context.Context, tenant string, old booking.Record, now, audit time.Time) (booking.Record, error) {
	o.happens()
	return o.Cancels.CancelSeen(ctx, tenant, old, now, audit)
}

func TestCancelOperation(t *testing.T) {
	call := func(d *desk, id, match string) (api.Response, error) {
		r := api.Request{Tenant: tenant, Mode: ship.Test, Params: map[string]string{"id": id}, Header: http.Header{}}
		if match != "" {
			r.Header.Set("If-Match", match)
		}
		return d.http().Cancel(d.ctx, r)
	}
	status := func(t *testing.T, want int, resp api.Response, err error) v1.Shipment {
		t.Helper()
		if err != nil || resp.Status != want || resp.Header["ETag"] == "" {
			t.Fatalf("%d %v, want %d: %v", resp.Status, resp.Header, want, err)
		}
		return resp.Body.(v1.Shipment)
	}
	refused := func(t *testing.T, want int, code string, err error) *api.Error {
		t.Helper()
		e, ok := errors.AsType[*api.Error](err)
		if !ok || e.Status != want || e.Code != code {
			t.Fatalf("got %v, want %d %s", err, want, code)
		}
		return e
	}
	t.Run("cancelled is 200, again as well; wanted is 202 until it is", func(t *testing.T) {
		d := newDesk(t)
		id := d.accepted()
		resp, err := call(d, id, `"1"`)
		if s := status(t, 200, resp, err); s.Status != "cancelled" || s.Cancellation != nil || resp.Header["Idempotent-Replayed"] != "" {
			t.Errorf("%+v", s)
		}
		resp, err = call(d, id, "")
		if status(t, 200, resp, err); resp.Header["Idempotent-Replayed"] != "true" {
			t.Error("not told to be a repetition")
		}
		d = newDesk(t)
		d.takes(says(carrier.VoidRefused))
		d.carrier.book = always(done("1Z1"))
		id = d.accepted()
		d.book(id)
		for range 2 {
			resp, err = call(d, id, "")
			if s := status(t, 202, resp, err); s.Status != "booked" || s.Cancellation == nil || s.Cancellation.Status != "in_progress" || !s.Cancellation.RequestedAt.Equal(d.clock()) {
				t.Errorf("%+v", s.Cancellation)
			}
		}
		d.recover(id)
		got, err := d.http().Get(d.ctx, api.Request{Tenant: tenant, Mode: ship.Test, Params: map[string]string{"id": id}, Header: http.Header{}})
		if s := status(t, 200, got, err); s.Status != "booked" || s.Cancellation == nil || s.Cancellation.Status != "refused" || *s.Cancellation.Code != "190102" || *s.Cancellation.Detail == "" {
			t.Errorf("%+v", s.Cancellation)
		}
	})
	t.Run("the same key after a refusal asks again, for a cancellation is told as it is now", func(t *testing.T) {
		d := newDesk(t)
		d.takes(says(carrier.VoidRefused))
		d.carrier.book = always(done("1Z1"))
		id := d.accepted()
		d.book(id)
		handler := api.Repeats{Requests: d.store, Now: d.clock, NewID: rand.Text, Log: slog.New(slog.DiscardHandler)}.Handler(v1.OpCancelShipment, d.http().Cancel)
		r := api.Request{Tenant: tenant, Mode: ship.Test, Params: map[string]string{"id": id}, Header: http.Header{"Idempotency-Key": {"k"}}}
		for range 2 {
			resp, err := handler(d.ctx, r)
			if s := status(t, 202, resp, err); s.Cancellation == nil || s.Cancellation.Status != "in_progress" {
				t.Errorf("%+v", s.Cancellation)
			}
			if w := d.record(id).CancelWanted; w.IsZero() {
				t.Error("it is not wanted")
			}
			d.recover(id)
		}
		r.Header.Set("Idempotency-Key", "")
		_, err := handler(d.ctx, r)
		refused(t, 400, "invalid_idempotency_key", err)
	})
	t.Run("what can't be is told with the shipment", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(carrier.Outcome{Kind: carrier.Refused, Code: "1"})
		id := d.accepted()
		d.book(id)
		_, err := call(d, id, "")
		if e := refused(t, 409, "not_cancellable", err); e.Extra["shipment"].(v1.Shipment).Status != "failed" || e.Header["ETag"] == "" {
			t.Errorf("%+v", e)
		}
		_, err = call(d, id, `W/"1"`)
		if e := refused(t, 412, "version_mismatch", err); e.Extra["shipment"].(v1.Shipment).Version != 3 {
			t.Errorf("%+v", e)
		}
		for _, match := range []string{"three", `"3`, `3"`, `""`, "+3", "-3", "W/", `"3", "4"`, "9223372036854775808"} {
			_, err = call(d, id, match)
			refused(t, 400, "invalid_if_match", err)
		}
		_, err = call(d, "shp_none", "")
		refused(t, 404, "not_found", err)
	})
}
