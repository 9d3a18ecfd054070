package endtoend_test

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/quoting"
	"github.com/fairlead/fairlead/shared/ship"
)

// usd is money.
func usd(cents int64) map[string]any { return map[string]any{"amount": cents, "currency": "USD"} }

// offers are what the accounts offer for an order.
func (p *shipper) offers(o map[string]any) []map[string]any {
	p.t.Helper()
	a := p.call("POST", "/v1/rates", question(o), nil)
	if p.want(a, 200, ""); len(list(a, "data")) == 0 {
		p.t.Fatalf("%s", a.Body)
	}
	return list(a, "data")
}

// choosing lets Fairlead choose the service, or names a rate that can't be had.
func choosing(t *testing.T, s *stack, sim *simulator) {
	p := s.shipper("Choosing")
	days := func(r map[string]any) int { n, _ := r["business_days"].(float64); return int(n) }
	until := func(r map[string]any) string { at, _ := r["delivery_time"].(string); return at }
	cheaper := func(a, b map[string]any) int { return cmp.Compare(amount(a, "total"), amount(b, "total")) }
	faster := func(a, b map[string]any) int {
		return cmp.Or(cmp.Compare(days(a), days(b)), strings.Compare(until(a), until(b)), cheaper(a, b))
	}
	offers := p.offers(p.Order(""))
	for name, c := range map[string]struct {
		service string
		filter  map[string]any
		fits    func(map[string]any) bool
		better  func(a, b map[string]any) int
	}{
		"the cheapest":           {"cheapest", nil, nil, cheaper},
		"the cheapest overnight": {"cheapest", map[string]any{"max_business_days": 1}, func(r map[string]any) bool { return days(r) == 1 }, cheaper},
		"the cheapest of two": {"cheapest", map[string]any{"services": []any{"ups_next_day_air", "ups_2nd_day_air"}}, func(r map[string]any) bool {
			return r["service"] == "ups_next_day_air" || r["service"] == "ups_2nd_day_air"
		}, cheaper},
		"the fastest for up to 40 dollars": {"fastest", map[string]any{"max_total": usd(4000)}, func(r map[string]any) bool { return amount(r, "total") <= 4000 }, faster},
	} {
		t.Run(name+" is booked, at its price", func(t *testing.T) {
			p := p.in(t)
			fit := slices.DeleteFunc(slices.Clone(offers), func(r map[string]any) bool { return c.fits != nil && !c.fits(r) })
			best := slices.MinFunc(fit, c.better)
			o := p.Confirmed("choose " + name)
			if o["service"] = c.service; c.filter != nil {
				o["filter"] = c.filter
			}
			a := p.call("POST", "/v1/shipments", o, waiting)
			p.fresh(a, 201)
			if a.Str("service") != best["service"] || a.Str("requested_service") != c.service || amount(a.JSON, "charge") != amount(best, "total") {
				t.Errorf("%s, want %v", a.Body, best)
			}
		})
	}
	t.Run("what nothing fits is failed and says what is on offer, and is booked when it is changed", func(t *testing.T) {
		p := p.in(t)
		o := p.Confirmed("choose nothing")
		o["service"], o["filter"] = "cheapest", map[string]any{"max_total": usd(1)}
		a := p.call("POST", "/v1/shipments", o, waiting)
		if p.fresh(a, 201); a.Str("status") != "failed" || a.JSON["error"].(map[string]any)["code"] != "no_rate" {
			t.Fatalf("%s", a.Body)
		}
		path := "/v1/shipments/" + a.Str("id")
		a = p.call("PATCH", path, map[string]any{"filter": nil}, map[string]string{"If-Match": a.Header.Get("ETag")})
		if p.want(a, 200, ""); a.Str("status") != "failed" {
			t.Errorf("%s", a.Body)
		}
		a = p.call("POST", path+"/confirm", nil, map[string]string{"If-Match": a.Header.Get("ETag"), "Prefer": "wait=20"})
		if p.fresh(a, 200); a.Str("status") != "booked" || a.Str("service") != "ups_ground" || len(sim.entry(a.Str("id")).Bookings) != 1 {
			t.Errorf("%s", a.Body)
		}
	})
	badRates(t, p, s.shipper("Choosing's neighbour"), sim)
}

// badRates are ids of rates that book nothing.
func badRates(t *testing.T, p, other *shipper, sim *simulator) {
	byRate := func(p *shipper, id any) map[string]any {
		o := p.Confirmed("by a rate that is none")
		delete(o, "service")
		delete(o, "carrier_account")
		o["rate"] = id
		return o
	}
	mine := p.offers(p.Order(""))[0]["id"].(string)
	expired := p.offers(p.Order(""))[0]["id"].(string)
	quote, _, _ := quoting.ParseRateID(expired)
	q, err := p.store().Quote(t.Context(), p.Tenant, ship.Test, quote)
	if err != nil {
		t.Fatal(err)
	}
	q.Expires = time.Now().Add(-time.Second)
	if err := p.store().PutQuote(t.Context(), p.Tenant, ship.Test, q); err != nil {
		t.Fatal(err)
	}
	both := byRate(p, mine)
	both["service"], both["carrier_account"] = "ups_ground", p.Account
	lighter := byRate(p, mine)
	lighter["parcels"] = []any{map[string]any{"weight_g": 1}}
	for name, c := range map[string]struct {
		who   *shipper
		order map[string]any
		want  string
	}{
		"an expired rate":                   {p, byRate(p, expired), "rate:rate_expired"},
		"another tenant's rate":             {other, byRate(other, mine), "rate:unknown_rate"},
		"the other mode's rate":             {p.live(), byRate(p, mine), "rate:unknown_rate"},
		"a rate that was not offered":       {p, byRate(p, mine+"9"), "rate:unknown_rate"},
		"a rate that is none":               {p, byRate(p, "cheapest"), "rate:unknown_rate"},
		"a rate of other parcels":           {p, lighter, "rate:rate_mismatch"},
		"a rate beside service and account": {p, both, "rate:conflict"},
	} {
		c.who.unchanged(t, sim, name+" is 422 and books nothing", func(t *testing.T, p *shipper) {
			a := p.call("POST", "/v1/shipments", c.order, nil)
			if refused(t, a, 422, "invalid_request"); !slices.Contains(problemsOf(a), c.want) {
				t.Errorf("%v", problemsOf(a))
			}
		})
	}
}

// declared is an order from the US to Germany with its customs data.
func (p *shipper) declared(reference string) map[string]any {
	o := p.Confirmed(reference)
	o["service"], o["ship_from"], o["ship_to"] = "ups_express_saver", places()["US"], places()["DE"]
	o["customs"] = map[string]any{"contents": "merchandise", "incoterm": "DAP", "invoice_number": "INV-1", "items": []any{
		map[string]any{"description": "Cotton T-shirt", "quantity": 2, "unit_value": usd(1500), "unit_weight_g": 300, "origin_country": "PT", "hs_code": "610910", "sku": "SHIRT-1"},
		map[string]any{"description": "Mug", "quantity": 1, "unit_value": usd(900), "unit_weight_g": 400, "origin_country": "US", "hs_code": "691200", "sku": "MUG-1"},
	}}
	return o
}

// abroad is a shipment across a customs border, with the invoice that the carrier makes.
func abroad(t *testing.T, s *stack, sim *simulator) {
	p := s.shipper("Abroad")
	t.Run("what is offered goes abroad", func(t *testing.T) {
		p := p.in(t)
		if got := column(p.offers(p.declared("")), "service"); !slices.Contains(got, "ups_express_saver") || slices.Contains(got, "ups_ground") {
			t.Errorf("%v", got)
		}
	})
	t.Run("it is booked with its invoice", func(t *testing.T) {
		p := p.in(t)
		a := p.call("POST", "/v1/shipments", p.declared("abroad-1"), waiting)
		p.fresh(a, 201)
		e := sim.entry(a.Str("id"))
		if a.Str("status") != "booked" || e == nil || e.Bookings[0].To.Country != "DE" || e.Bookings[0].Invoice == "" {
			t.Fatalf("%s, the carrier holds %+v", a.Body, e)
		}
		path := "/v1/shipments/" + a.Str("id") + "/invoice"
		pdf := p.get(path, "", "application/pdf")
		if pdf.Status != 200 || pdf.Header.Get("Content-Type") != "application/pdf" || !bytes.HasPrefix(pdf.Body, []byte("%PDF-")) || pdf.Header.Get("Content-Disposition") == "" {
			t.Errorf("%d %v %.300q", pdf.Status, pdf.Header, pdf.Body)
		}
		p.linked(p.get(path, "", "application/json"), pdf.Body, "application/pdf")
	})
	t.Run("at home, and before it is booked, there is none", func(t *testing.T) {
		p := p.in(t)
		for _, o := range []map[string]any{p.Confirmed("at-home"), p.Order("at-home-draft")} {
			a := p.call("POST", "/v1/shipments", o, waiting)
			p.want(p.get("/v1/shipments/"+a.Str("id")+"/invoice", "", "application/pdf"), 404, "no_invoice")
		}
	})
	t.Run("what is missing is told, each with its place", func(t *testing.T) {
		p := p.in(t)
		o := p.declared("abroad-2")
		item := o["customs"].(map[string]any)["items"].([]any)[0].(map[string]any)
		item["origin_country"], item["hs_code"] = "XX", "61"
		o["customs"].(map[string]any)["incoterm"] = "XYZ"
		delete(o["ship_to"].(map[string]any), "phone")
		a := p.call("POST", "/v1/shipments", o, nil)
		p.want(a, 422, "invalid_request")
		for _, field := range []string{"customs.items[0].origin_country", "customs.items[0].hs_code", "customs.incoterm", "ship_to.phone"} {
			if !slices.Contains(column(list(a, "errors"), "field"), field) {
				t.Errorf("nothing is said of %s: %s", field, a.Body)
			}
		}
	})
}
