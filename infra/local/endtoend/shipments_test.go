package endtoend_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim/fault"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
)

func documents(t *testing.T, s *stack, sim *simulator) {
	p := s.shipper("Documents")
	ids := map[string]string{}
	for _, format := range []string{"zpl", "gif", "pdf"} {
		o := p.Confirmed("label-" + format)
		o["label"] = map[string]any{"format": format, "size": "4x6"}
		ids[format] = p.call("POST", "/v1/shipments", o, nil).Str("id")
	}
	t.Run("before it is there a label is 404 label_not_ready", func(t *testing.T) {
		p := p.in(t)
		id := p.call("POST", "/v1/shipments", p.Order("label-draft"), nil).Str("id")
		p.want(p.call("GET", "/v1/shipments/"+id+"/label", nil, nil), 404, "label_not_ready")
	})
	for format, c := range map[string]struct{ media, head string }{
		"zpl": {"application/zpl", "^XA"}, "gif": {"image/gif", "GIF8"}, "pdf": {"application/pdf", "%PDF-"},
	} {
		t.Run("a "+format+" label is handed out as the carrier made it", func(t *testing.T) {
			p := p.in(t)
			id := ids[format]
			a := p.booked(id)
			if a.Str("label_url") != "/v1/shipments/"+id+"/label" {
				t.Errorf("%s", a.Body)
			}
			label := p.call("GET", a.Str("label_url"), nil, map[string]string{"Accept": c.media})
			if label.Status != 200 || label.Header.Get("Content-Type") != c.media || !bytes.HasPrefix(bytes.TrimSpace(label.Body), []byte(c.head)) {
				t.Errorf("%d %v %.80q", label.Status, label.Header, label.Body)
			}
			if format == "zpl" && !bytes.Contains(label.Body, []byte(a.Str("tracking_number"))) {
				t.Errorf("the number is not on the label: %s", label.Body)
			}
		})
	}
	t.Run("a label that did not come with the booking is fetched after it, and is pending until it is there", func(t *testing.T) { fetchedLater(t, p.in(t), sim) })
}

// fetchedLater books where the carrier leaves the label out of its answer, and is too busy when it is asked for it.
func fetchedLater(t *testing.T, p *shipper, sim *simulator) {
	id := booking.IDByReference(p.Tenant, ship.Test, "label-later")
	sim.inject(t, id, fault.Fault{Kind: fault.Garbled, Operation: fault.Ship, Times: 1})
	sim.inject(t, id, fault.Fault{Kind: fault.Throttled, Operation: fault.Recovery, Times: 1})
	o := p.Confirmed("label-later")
	o["label"] = map[string]any{"format": "pdf"}
	p.fresh(p.call("POST", "/v1/shipments", o, nil), 202)
	a := p.reaches(id, "booked without its document", func(a answer) bool { return a.Str("status") == "booked" })
	if a.Str("document") != "pending" || a.Str("tracking_number") == "" || a.JSON["label_url"] != nil {
		t.Errorf("%s", a.Body)
	}
	pdf := map[string]string{"Accept": "application/pdf"}
	if l := p.call("GET", "/v1/shipments/"+id+"/label", nil, pdf); l.Str("code") != "label_not_ready" {
		t.Errorf("%d %.80q", l.Status, l.Body)
	}
	p.booked(id)
	if l := p.call("GET", "/v1/shipments/"+id+"/label", nil, pdf); l.Status != 200 || !bytes.HasPrefix(l.Body, []byte("%PDF-")) {
		t.Errorf("%d %.80q", l.Status, l.Body)
	}
	if e := sim.entry(id); e == nil || len(e.Bookings) != 1 {
		t.Errorf("the carrier holds %+v", e)
	}
}

// places are an address in each country.
func places() map[string]map[string]any {
	at := func(line, city, state, postcode, country, phone string) map[string]any {
		a := map[string]any{"name": "Jo Doe", "lines": []string{line}, "city": city, "postcode": postcode, "country": country, "phone": phone}
		if state != "" {
			a["state"] = state
		}
		return a
	}
	return map[string]map[string]any{
		"DE": at("Unter den Linden 1", "Berlin", "", "10117", "DE", "+49 30 1234567"), "GB": at("10 Downing Street", "London", "", "SW1A 2AA", "GB", "+44 20 7946 0018"),
		"CA": at("111 Wellington St", "Ottawa", "ON", "K1A 0A9", "CA", "613-555-0100"), "US": at("1 Main Street", "Boston", "MA", "02108-1234", "US", "617-555-0100"),
	}
}

func shipsFrom(t *testing.T, s *stack, sim *simulator) {
	p := s.shipper("Countries")
	order := func(reference, service, from, to string) map[string]any {
		o := p.Confirmed(reference)
		o["service"], o["ship_from"], o["ship_to"] = service, places()[from], places()[to]
		return o
	}
	for country, service := range map[string]string{"DE": "ups_standard", "GB": "ups_express_saver", "CA": "ups_standard", "US": "ups_2nd_day_air"} {
		t.Run("within "+country+" it is booked as the service that was ordered", func(t *testing.T) {
			p := p.in(t)
			a := p.call("POST", "/v1/shipments", order("in-"+country, service, country, country), nil)
			p.fresh(a, 202)
			p.booked(a.Str("id"))
			code := map[string]string{"ups_standard": "11", "ups_express_saver": "65", "ups_2nd_day_air": "02"}[service]
			if e := sim.entry(a.Str("id")); e == nil || e.Bookings[0].Service != code || e.Bookings[0].To.Country != country {
				t.Errorf("the carrier holds %+v", e)
			}
		})
	}
	t.Run("across a customs border without a declaration is 422", func(t *testing.T) {
		p := p.in(t)
		a := p.call("POST", "/v1/shipments", order("abroad", "ups_ground", "US", "DE"), nil)
		p.want(a, 422, "invalid_request")
		if !slices.Contains(problemsOf(a), "customs:required") {
			t.Errorf("%s", a.Body)
		}
	})
	t.Run("a service that does not start there is 422", func(t *testing.T) {
		p := p.in(t)
		a := p.call("POST", "/v1/shipments", order("wrong-service", "ups_ground", "DE", "DE"), nil)
		p.want(a, 422, "invalid_request")
		if !slices.Contains(problemsOf(a), "service:unsupported") {
			t.Errorf("%s", a.Body)
		}
	})
}

func priorities(t *testing.T, s *stack, _ *simulator) {
	p := s.shipper("Priorities")
	for _, priority := range []string{"urgent", "standard", "bulk"} {
		t.Run(priority+" goes through its own queue and is booked", func(t *testing.T) {
			p := p.in(t)
			o := p.Confirmed("priority-" + priority)
			o["priority"] = priority
			id := p.call("POST", "/v1/shipments", o, nil).Str("id")
			if a := p.booked(id); a.Str("priority") != priority {
				t.Errorf("%s", a.Body)
			}
			log, err := os.ReadFile(filepath.Join(p.Where().Logs, "relay-events.log"))
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(log)) {
				if strings.Contains(line, id) && strings.Contains(line, `"type":"book"`) && strings.Contains(line, `"to":"`+priority+`"`) {
					return
				}
			}
			t.Errorf("the relay says nothing of %s for %s", priority, id)
		})
	}
}

func pages(t *testing.T, s *stack, _ *simulator) {
	p, stranger := s.shipper("Pages"), s.shipper("Nobody's pages")
	var made []string
	for i := range 25 {
		a := p.call("POST", "/v1/shipments", p.Order(fmt.Sprintf("page-%02d", i)), nil)
		p.fresh(a, 201)
		made = append(made, a.Str("id"))
	}
	page := func(p *shipper, query string) (ids []string, times []time.Time, next string) {
		p.t.Helper()
		a := p.call("GET", "/v1/shipments"+query, nil, nil)
		p.want(a, 200, "")
		for _, x := range a.JSON["data"].([]any) {
			m := x.(map[string]any)
			at, err := time.Parse(time.RFC3339, m["created_at"].(string))
			if err != nil {
				p.t.Fatal(err)
			}
			ids, times = append(ids, m["id"].(string)), append(times, at)
		}
		return ids, times, a.Str("next_cursor")
	}
	t.Run("25 shipments come in pages of 10, 10 and 5, newest first, none twice", func(t *testing.T) {
		p := p.in(t)
		var all []string
		var times []time.Time
		var sizes []int
		query := "?limit=10"
		for query != "" && len(sizes) < 5 {
			ids, at, next := page(p, query)
			all, times, sizes = append(all, ids...), append(times, at...), append(sizes, len(ids))
			if query = ""; next != "" {
				query = "?limit=10&cursor=" + url.QueryEscape(next)
			}
		}
		if !slices.Equal(sizes, []int{10, 10, 5}) || !slices.IsSortedFunc(times, func(a, b time.Time) int { return b.Compare(a) }) {
			t.Errorf("pages of %v, created at %v", sizes, times)
		}
		slices.Sort(all)
		if want := slices.Sorted(slices.Values(made)); !slices.Equal(all, want) {
			t.Errorf("got %v, want %v", all, want)
		}
	})
	t.Run("without a limit a page has 20, with 100 all", func(t *testing.T) {
		p := p.in(t)
		if ids, _, next := page(p, ""); len(ids) != 20 || next == "" {
			t.Errorf("%d, next %q", len(ids), next)
		}
		if ids, _, next := page(p, "?limit=100"); len(ids) != 25 || next != "" {
			t.Errorf("%d, next %q", len(ids), next)
		}
	})
	t.Run("another tenant sees none, not even with the first one's cursor", func(t *testing.T) {
		p, stranger := p.in(t), stranger.in(t)
		_, _, next := page(p, "?limit=5")
		for _, query := range []string{"", "?cursor=" + url.QueryEscape(next)} {
			if ids, _, _ := page(stranger, query); len(ids) != 0 {
				t.Errorf("%s shows %v", query, ids)
			}
		}
	})
	badPages(t, p)
}

func badPages(t *testing.T, p *shipper) {
	for name, c := range map[string]struct{ query, code string }{
		"no base64": {"cursor=!!", "invalid_cursor"}, "base64 of nonsense": {"cursor=bm9uc2Vuc2U", "invalid_cursor"}, "padded": {"cursor=bm9uc2Vuc2U=", "invalid_cursor"},
		"a NUL": {"cursor=%00", "invalid_cursor"}, "no UTF-8": {"cursor=%ff%fe", "invalid_cursor"}, "5000 characters": {"cursor=" + strings.Repeat("A", 5000), "invalid_cursor"},
		"a limit of 0": {"limit=0", "invalid_limit"}, "a limit of 101": {"limit=101", "invalid_limit"}, "a negative limit": {"limit=-1", "invalid_limit"},
		"a limit in words": {"limit=ten", "invalid_limit"}, "half a limit": {"limit=1.5", "invalid_limit"}, "a limit beyond numbers": {"limit=99999999999999999999", "invalid_limit"},
	} {
		t.Run(name+" is 400", func(t *testing.T) {
			p := p.in(t)
			p.want(p.call("GET", "/v1/shipments?"+c.query, nil, nil), 400, c.code)
		})
	}
}

func otherTenants(t *testing.T, s *stack, _ *simulator) {
	p, stranger := s.shipper("Owner"), s.shipper("Stranger")
	id := p.call("POST", "/v1/shipments", p.Confirmed("mine"), nil).Str("id")
	p.booked(id)
	for what, call := range map[string]struct{ method, path string }{
		"getting": {"GET", ""}, "confirming": {"POST", "/confirm"}, "the label of": {"GET", "/label"},
	} {
		t.Run(what+" another tenant's shipment is 404, as if it were nowhere", func(t *testing.T) {
			stranger := stranger.in(t)
			header := map[string]string{"If-Match": "1"}
			a := stranger.call(call.method, "/v1/shipments/"+id+call.path, nil, header)
			stranger.want(a, http.StatusNotFound, "not_found")
			nowhere := stranger.call(call.method, "/v1/shipments/shp_aaaaaaaaaaaaaaaaaaaaaaaaaa"+call.path, nil, header)
			if strings.ReplaceAll(a.Str("detail"), id, "shp_aaaaaaaaaaaaaaaaaaaaaaaaaa") != nowhere.Str("detail") {
				t.Errorf("%q, but %q", a.Str("detail"), nowhere.Str("detail"))
			}
		})
	}
	t.Run("the same reference is another shipment there", func(t *testing.T) {
		stranger := stranger.in(t)
		a := stranger.call("POST", "/v1/shipments", stranger.Order("mine"), nil)
		if stranger.fresh(a, 201); a.Str("id") == id {
			t.Error("two tenants share an id")
		}
	})
	t.Run("another tenant's carrier account is unknown", func(t *testing.T) {
		stranger := stranger.in(t)
		o := stranger.Confirmed("borrowed")
		o["carrier_account"] = p.Account
		a := stranger.call("POST", "/v1/shipments", o, nil)
		if stranger.want(a, 422, "invalid_request"); !slices.Contains(problemsOf(a), "carrier_account:unknown_carrier_account") {
			t.Errorf("%s", a.Body)
		}
	})
}
