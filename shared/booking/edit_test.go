package booking_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/contract"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
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
