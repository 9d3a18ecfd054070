package booking_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/oklog/ulid/v2"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/contract"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// patch is PATCH /v1/shipments/{id}.
func (d *desk) patch(id, match, body string) (v1.Shipment, error) {
	d.t.Helper()
	r := api.Request{Tenant: tenant, Mode: ship.Test, Params: map[string]string{"id": id}, Header: http.Header{}, Body: []byte(body), Check: contract.Check}
	if match != "" {
		r.Header.Set("If-Match", match)
	}
	resp, err := d.http().Update(d.ctx, r)
	if err != nil {
		return v1.Shipment{}, err
	}
	if resp.Status != 200 {
		d.t.Fatalf("status %d", resp.Status)
	}
	return resp.Body.(v1.Shipment), nil
}

// problem is what an error says, and of which field.
func problem(t *testing.T, err error) (status int, code, field string) {
	t.Helper()
	e, ok := errors.AsType[*api.Error](err)
	if !ok {
		t.Fatalf("got %v", err)
	}
	if len(e.Problems) > 0 {
		field = e.Problems[0].Field
	}
	return e.Status, e.Code, field
}

func TestUpdate(t *testing.T) {
	refuse := always(carrier.Outcome{Kind: carrier.Refused, Code: "120802", Message: "Address validation error"})
	t.Run("a draft is changed where the patch says so, and nowhere else", func(t *testing.T) {
		d := newDesk(t)
		r := d.draft()
		before, err := d.service.Get(d.ctx, tenant, ship.Test, r.ID)
		if err != nil {
			t.Fatal(err)
		}
		s, err := d.patch(r.ID, `"1"`, `{"order_number":"A & B <7>","priority":"urgent","ship_to":{"postcode":"10002","company":"Acme"},"parcels":[{"weight_g":9007199254740},{"weight_g":2}],"metadata":{"a":"1","b":"2"}}`)
		if err == nil || s.Version == 2 {
			t.Fatalf("a weight beyond the contract's was taken: %+v", s)
		}
		s, err = d.patch(r.ID, `"1"`, `{"order_number":"A & B <7>","priority":"urgent","ship_to":{"postcode":"10002","company":"Acme"},"parcels":[{"weight_g":700},{"weight_g":2}],"metadata":{"a":"1","b":"2"}}`)
		if err != nil || s.Version != 2 || s.Status != "draft" {
			t.Fatalf("%+v, %v", s, err)
		}
		want := before.Shipment
		want.OrderNumber, want.Priority, want.To.Postcode, want.To.Company = "A & B <7>", ship.Urgent, "10002", "Acme"
		want.Parcels, want.Metadata = []ship.Parcel{{Weight: 700}, {Weight: 2}}, map[string]string{"a": "1", "b": "2"}
		after, err := d.service.Get(d.ctx, tenant, ship.Test, r.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, after.Shipment); diff != "" {
			t.Error(diff)
		}
		if s, err = d.patch(r.ID, `"2"`, `{"order_number":null,"metadata":{"a":null},"ship_to":{"company":null}}`); err != nil || s.OrderNumber != nil || s.ShipTo.Company != nil || len(*s.Metadata) != 1 {
			t.Errorf("null takes a member away: %+v, %v", s, err)
		}
		if rec := d.record(r.ID); rec.Priority != ship.Urgent || rec.RequestFP0 != r.RequestFP0 {
			t.Errorf("priority %s, fp0 changed %v", rec.Priority, rec.RequestFP0 != r.RequestFP0)
		}
	})
	t.Run("a failed one stays failed with its cause, and books what was corrected", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = refuse
		id := d.accepted()
		d.book(id)
		s, err := d.patch(id, `"3"`, `{"ship_to":{"postcode":"10002"}}`)
		if err != nil || s.Status != "failed" || s.Error == nil || s.Error.Code != "120802" {
			t.Fatalf("%+v, %v", s, err)
		}
		if _, err := d.service.Confirm(d.ctx, tenant, ship.Test, id, s.Version, "again"); err != nil {
			t.Fatal(err)
		}
		d.carrier.book = always(done("1Z1"))
		d.book(id)
		if r := d.want(id, booking.Booked); r.Failure != nil || d.carrier.orders[1].Shipment.To.Postcode != "10002" {
			t.Errorf("failure %v, sent to %s", r.Failure, d.carrier.orders[1].Shipment.To.Postcode)
		}
	})
	t.Run("a create that is sent again is answered with what it made", func(t *testing.T) {
		d := newDesk(t)
		r := d.draft()
		if _, err := d.patch(r.ID, `"1"`, `{"order_number":"7"}`); err != nil {
			t.Fatal(err)
		}
		a, err := d.service.Create(d.ctx, tenant, ship.Test, d.order(t.Name(), false))
		if err != nil || !a.Replayed || a.Shipment.OrderNumber != "7" {
			t.Errorf("%+v, %v", a, err)
		}
	})
	t.Run("and with confirm it books nothing that its sender has not seen", func(t *testing.T) {
		for name, anew := range map[string]func(d *desk){
			"from a process that knows it": func(*desk) {},
			"from another":                 func(d *desk) { d.service.Answers = booking.NewAnswers(10) },
		} {
			d := newDesk(t)
			d.service.Answers = booking.NewAnswers(10)
			r := d.draft()
			if _, err := d.patch(r.ID, `"1"`, `{"order_number":"7"}`); err != nil {
				t.Fatal(err)
			}
			anew(d)
			a, err := d.service.Create(d.ctx, tenant, ship.Test, d.order(t.Name(), true))
			if err != nil || !a.Replayed || a.Record.Status != booking.Draft || a.Shipment.OrderNumber != "7" {
				t.Errorf("%s: %s of version %d, replayed %v, order %q, %v", name, a.Record.Status, a.Record.Version, a.Replayed, a.Shipment.OrderNumber, err)
			}
			if _, err := d.service.Confirm(d.ctx, tenant, ship.Test, r.ID, a.Record.Version, "k"); err != nil {
				t.Errorf("%s: what was shown can't be confirmed: %v", name, err)
			}
		}
	})
	t.Run("what comes out is checked as a whole, with the place of each problem", func(t *testing.T) {
		d := newDesk(t)
		r := d.draft()
		for body, want := range map[string]string{
			`{"parcels":[{"weight_g":5},{"weight_g":-1}]}`: "parcels[1].weight_g",
			`{"parcels":null}`:                 "parcels",
			`{"ship_to":{"country":"Narnia"}}`: "ship_to.country",
			`{"ship_to":{"postcode":"x"}}`:     "ship_to.postcode",
			`{"ship_to":null}`:                 "ship_to",
			`{"ship_to":"there"}`:              "ship_to",
			`{"colour":"red"}`:                 "colour",
			`{"colour":null}`:                  "colour",
			`{"ship_to":{"compny":null}}`:      "ship_to.compny",
			`{"reference":"another"}`:          "reference",
			`{"reference":null}`:               "reference",
			`{"confirm":true}`:                 "confirm",
			`{"confirm":null}`:                 "confirm",
			`{"carrier_account":"ca_none"}`:    "carrier_account",
			`{"service":null}`:                 "service",
			`{"metadata":{"a":5}}`:             "metadata.a",
			`{"order_number":"a\u0000b"}`:      "order_number",
		} {
			_, err := d.patch(r.ID, `"1"`, body)
			if status, code, field := problem(t, err); status != 422 || code != "invalid_request" || field != want {
				t.Errorf("%s: %d %s at %q, want 422 at %q", body, status, code, field, want)
			}
		}
		for _, body := range []string{``, `[]`, `5`, `null`, `{`, `{"a":1}{}`} {
			if _, err := d.patch(r.ID, `"1"`, body); err == nil {
				t.Errorf("%q was taken for a patch", body)
			}
		}
		if d.record(r.ID).Version != 1 {
			t.Error("something was written")
		}
	})
	t.Run("a rate takes the place of service and account, and they its", func(t *testing.T) {
		d := newDesk(t)
		d.service.Rates = quoted{"rate_1": {Service: "air", CarrierAccount: "ca_1"}}
		r := d.draft()
		for i, c := range []struct{ body, rate, service string }{
			{`{"service":"cheapest","filter":{"max_business_days":3}}`, "", "cheapest"},
			{`{"rate":"rate_1"}`, "rate_1", "air"},
			{`{"order_number":"7"}`, "rate_1", "air"},
			{`{"rate":null}`, "", "air"},
			{`{"rate":"rate_1","service":null}`, "rate_1", "air"},
			{`{"service":"ground"}`, "", "ground"},
		} {
			s, err := d.patch(r.ID, fmt.Sprintf(`"%d"`, i+1), c.body)
			if err != nil {
				t.Fatalf("%s: %v", c.body, err)
			}
			if rate := s.Rate; (rate == nil) != (c.rate == "") || rate != nil && *rate != c.rate || s.Service != c.service || s.CarrierAccount != "ca_1" || i > 0 && s.Filter != nil {
				t.Errorf("%s: %+v", c.body, s)
			}
		}
		_, err := d.patch(r.ID, `"7"`, `{"rate":"rate_1","service":"ground"}`)
		if status, _, field := problem(t, err); status != 422 || field != "rate" {
			t.Errorf("both at once: %v", err)
		}
	})
	t.Run("its own reference is no change, nor is what it says already", func(t *testing.T) {
		d := newDesk(t)
		r := d.draft()
		s, err := d.patch(r.ID, `"1"`, `{"reference":"`+t.Name()+`","service":"ground"}`)
		if err != nil || s.Version != 1 {
			t.Errorf("version %d, %v", s.Version, err)
		}
	})
	t.Run("only with the version that was seen", func(t *testing.T) {
		d := newDesk(t)
		r := d.draft()
		_, err := d.patch(r.ID, "", `{"order_number":"7"}`)
		if status, code, _ := problem(t, err); status != 428 || code != "if_match_required" {
			t.Errorf("%d %s", status, code)
		}
		_, err = d.patch(r.ID, `"4"`, `{"order_number":"7"}`)
		if status, code, _ := problem(t, err); status != 412 || code != "version_mismatch" {
			t.Errorf("%d %s", status, code)
		}
		_, err = d.patch("shp_none", `"1"`, `{"order_number":"7"}`)
		if status, _, _ := problem(t, err); status != 404 {
			t.Errorf("%d", status)
		}
	})
	t.Run("the same patch again, after its answer was lost, is answered alike; another one is stale", func(t *testing.T) {
		d := newDesk(t)
		r := d.draft()
		d.loses("EDIT", 1)
		if _, err := d.patch(r.ID, `"1"`, `{"order_number":"7"}`); !errors.Is(err, errLost) {
			t.Fatalf("got %v", err)
		}
		if s, err := d.patch(r.ID, `"1"`, `{"order_number":"7"}`); err != nil || s.Version != 2 || *s.OrderNumber != "7" {
			t.Errorf("%+v, %v", s, err)
		}
		for _, body := range []string{`{"order_number":"8"}`, `{"colour":"red"}`} {
			_, err := d.patch(r.ID, `"1"`, body)
			if status, _, _ := problem(t, err); status != 412 {
				t.Errorf("%s: %d", body, status)
			}
		}
	})
	t.Run("what is with the carrier or done with can't be changed, and it is said what can be done", func(t *testing.T) {
		for name, bring := range map[string]func(d *desk) string{
			"pending": func(d *desk) string { return d.accepted() },
			"unknown": func(d *desk) string {
				d.carrier.book = always(carrier.Outcome{Kind: carrier.Unknown})
				id := d.accepted()
				d.book(id)
				return id
			},
			"booked": func(d *desk) string {
				d.carrier.book = always(done("1Z1"))
				id := d.accepted()
				d.book(id)
				return id
			},
			"cancelled": func(d *desk) string { return d.cancelled(d.accepted()) },
			"failed, with a late number": func(d *desk) string {
				d.carrier.book = refuse
				id := d.accepted()
				d.book(id)
				d.cameLate(id, "1Z9")
				return id
			},
		} {
			d := newDesk(t)
			id := bring(d)
			before := d.record(id)
			etag, err := json.Marshal(before.Version)
			if err != nil {
				t.Fatal(err)
			}
			_, err = d.patch(id, string(etag), `{"order_number":"7"}`)
			if status, code, _ := problem(t, err); status != 409 || code != "not_editable" {
				t.Errorf("%s: %d %s", name, status, code)
			}
			if d.record(id).Version != before.Version {
				t.Errorf("%s: something was written", name)
			}
		}
	})
}

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

// FuzzUpdate: whatever a patch is, the draft stays one that can be read, and nothing is taken that a create would refuse.
func FuzzUpdate(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":{"b":[null]}}`, `{"parcels":[{"weight_g":1e3}]}`, `{"ship_to":{"lines":["\ud800"]}}`, `{"metadata":{"":"x"}}`, `{"label":{"format":"pdf"},"filter":{"services":["x"]}}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		d := inMemory(t)
		r := d.draft()
		s, err := d.patch(r.ID, `"1"`, body)
		if err != nil {
			if e, ok := errors.AsType[*api.Error](err); !ok || e.Status >= 500 {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		if now, err := d.service.Get(d.ctx, tenant, ship.Test, r.ID); err != nil || now.Record.Version != s.Version || now.Shipment.Reference != r.Reference {
			t.Errorf("%q: %+v, %v", body, now, err)
		}
	})
}

// quoted are rates by their ids, each with what it stands for.
type quoted map[string]ship.Shipment

func (q quoted) Rate(_ context.Context, _ string, _ ship.Mode, id string, s ship.Shipment) (ship.Shipment, *ship.Problem, error) {
	s.Service, s.CarrierAccount, s.Quote = q[id].Service, q[id].CarrierAccount, &ship.Quote{ID: id, Expires: time.Now().Add(time.Hour)}
	return s, nil, nil
}
