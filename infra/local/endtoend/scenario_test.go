package endtoend

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/infra/carriersim/fault"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
)

// TestPlatform is one stack and everything a shipper and an operator can do with it. Each group has tenants of its own.
func TestPlatform(t *testing.T) {
	sim := newSimulator(t)
	s := start(t, sim)
	unsettled := beginUnsettled(t, s, sim) // it takes a minute: begun first, looked at last
	for _, group := range []struct {
		name string
		run  func(*testing.T, *stack, *simulator)
	}{
		{"confirming", confirming}, {"identity", identity}, {"documents", documents}, {"countries", shipsFrom}, {"priorities", priorities},
		{"pages", pages}, {"other tenants", otherTenants}, {"bad orders", badOrders}, {"bad settings", badSettings}, {"bad requests", badRequests},
		{"callbacks", callbacks}, {"poison", poison},
	} {
		t.Run(group.name, func(t *testing.T) { group.run(t, s.in(t), sim) })
	}
	t.Run("an outcome that stays unknown is told once its absence is settled", func(t *testing.T) { unsettled.check(t) })
}

// in is the stack as a subtest uses it, so that what fails is that subtest.
func (s *stack) in(t *testing.T) *stack {
	mine := *s
	mine.t = t
	return &mine
}

func (p *shipper) in(t *testing.T) *shipper {
	mine := *p
	mine.stack = p.stack.in(t)
	return &mine
}

// inject adds a fault to the simulator's rules that strikes one shipment only.
func (s *simulator) inject(t *testing.T, shipment string, f fault.Fault) {
	t.Helper()
	f.Reference = booking.Reference(shipment)
	if err := s.SetFaults(append(s.Faults(), f)...); err != nil {
		t.Fatal(err)
	}
}

// entry is what the carrier holds of a shipment; nil when it never booked it.
func (s *simulator) entry(shipment string) *carriersim.Entry {
	for _, e := range s.Ledger() {
		if e.Reference == booking.Reference(shipment) {
			return &e
		}
	}
	return nil
}

// booked waits until a shipment is, with its document.
func (p *shipper) booked(id string) answer {
	p.t.Helper()
	return p.reaches(id, "booked with its document", func(a answer) bool { return a.str("status") == "booked" && a.str("document") == "ready" })
}

func (p *shipper) reaches(id, what string, ok func(answer) bool) answer {
	p.t.Helper()
	var a answer
	await(p.t, 60*time.Second, id+" to be "+what, func() bool { a = p.call("GET", "/v1/shipments/"+id, nil, nil); return ok(a) }, func() string { return string(a.Body) })
	return a
}

// want fails the test unless an answer has a status and, when code is not empty, that problem code.
func (p *shipper) want(a answer, status int, code string) {
	p.t.Helper()
	if a.Status != status || a.str("code") != code {
		p.t.Fatalf("got %d %s, want %d %s", a.Status, a.Body, status, code)
	}
}

// fresh fails the test unless an answer is no replay.
func (p *shipper) fresh(a answer, status int) {
	p.t.Helper()
	if p.want(a, status, ""); a.Header.Get("Idempotent-Replayed") != "" {
		p.t.Fatalf("a replay: %d %s", a.Status, a.Body)
	}
}

// replayed fails the test unless an answer shows the shipment id and did nothing anew.
func (p *shipper) replayed(a answer, id string) {
	p.t.Helper()
	if p.want(a, 200, ""); a.Header.Get("Idempotent-Replayed") != "true" || a.str("id") != id {
		p.t.Fatalf("not a replay of %s: %v %s", id, a.Header, a.Body)
	}
}

func (p *shipper) confirm(id, version, key string) answer {
	p.t.Helper()
	return p.call("POST", "/v1/shipments/"+id+"/confirm", nil, map[string]string{"If-Match": version, "Idempotency-Key": key})
}

func confirming(t *testing.T, s *stack, sim *simulator) {
	p := s.shipper("Confirming")
	draft := p.call("POST", "/v1/shipments", p.order("draft-1"), nil)
	id := draft.str("id")
	t.Run("an order is a draft with its version as ETag", func(t *testing.T) {
		p := p.in(t)
		p.fresh(draft, 201)
		if draft.str("status") != "draft" || draft.Header.Get("ETag") != `"1"` || draft.str("mode") != "test" || draft.str("document") != "none" {
			t.Errorf("%v %s", draft.Header, draft.Body)
		}
	})
	t.Run("a confirm without the version is 428, with nonsense 400, with another 412 and the state", func(t *testing.T) {
		p := p.in(t)
		p.want(p.confirm(id, "", ""), 428, "if_match_required")
		for _, v := range []string{"one", `"x"`, "*", "-1", "1.5", "99999999999999999999", `"1", "2"`} {
			p.want(p.confirm(id, v, ""), 400, "invalid_if_match")
		}
		a := p.confirm(id, `"7"`, "k")
		p.want(a, 412, "version_mismatch")
		now, _ := a.JSON["shipment"].(map[string]any)
		if now["id"] != id || now["status"] != "draft" || a.Header.Get("ETag") != `"1"` {
			t.Errorf("%v %s", a.Header, a.Body)
		}
	})
	t.Run("the right version is 202 once, and a replay for the same key ever after", func(t *testing.T) {
		p := p.in(t)
		a := p.confirm(id, `"1"`, "first")
		p.fresh(a, 202)
		if a.str("status") != "pending" || a.Header.Get("ETag") != `"2"` {
			t.Errorf("%v %s", a.Header, a.Body)
		}
		p.replayed(p.confirm(id, `"1"`, "first"), id)
		version := p.booked(id).Header.Get("ETag")
		p.replayed(p.confirm(id, `"1"`, "first"), id)
		p.want(p.confirm(id, `"1"`, "second"), 412, "version_mismatch")
		p.want(p.confirm(id, version, "second"), 409, "not_confirmable")
		if e := sim.entry(id); e == nil || len(e.Bookings) != 1 {
			t.Errorf("the carrier holds %+v", e)
		}
	})
	t.Run("of twenty confirms at once one is accepted", func(t *testing.T) {
		p := p.in(t)
		id := p.call("POST", "/v1/shipments", p.order("draft-2"), nil).str("id")
		got := p.together(20, func(i int) (answer, error) {
			return p.try(t.Context(), "POST", "/v1/shipments/"+id+"/confirm", nil, map[string]string{"If-Match": "1", "Idempotency-Key": fmt.Sprint("key-", i)})
		})
		if n := got[202]; n != 1 || got[202]+got[412] != 20 {
			t.Errorf("answers by status: %v", got)
		}
		p.booked(id)
		if e := sim.entry(id); e == nil || len(e.Bookings) != 1 {
			t.Errorf("the carrier holds %+v", e)
		}
	})
	t.Run("a refused shipment is failed with the carrier's words, replayed as that, and booked by a new key", func(t *testing.T) { refusedThenBooked(t, p.in(t), sim) })
	t.Run("the same order again with confirm books the draft", func(t *testing.T) {
		p := p.in(t)
		id := p.call("POST", "/v1/shipments", p.order("draft-4"), nil).str("id")
		p.fresh(p.call("POST", "/v1/shipments", p.confirmed("draft-4"), nil), 202)
		p.booked(id)
	})
}

func refusedThenBooked(t *testing.T, p *shipper, sim *simulator) {
	id := p.call("POST", "/v1/shipments", p.order("draft-3"), nil).str("id")
	sim.inject(t, id, fault.Fault{Kind: fault.Refuse, Operation: fault.Ship, Times: 1, Code: "120802"})
	p.fresh(p.confirm(id, "1", "k1"), 202)
	a := p.reaches(id, "failed", func(a answer) bool { return a.str("status") == "failed" })
	why, _ := a.JSON["error"].(map[string]any)
	if why["source"] != "carrier" || why["code"] != "120802" || why["detail"] == "" {
		t.Errorf("%s", a.Body)
	}
	again := p.confirm(id, "1", "k1")
	if p.replayed(again, id); again.str("status") != "failed" {
		t.Errorf("%s", again.Body)
	}
	p.fresh(p.confirm(id, a.Header.Get("ETag"), "k2"), 202)
	if a := p.booked(id); a.JSON["error"] != nil || a.num("attempts") != 2 {
		t.Errorf("%s", a.Body)
	}
}

// together makes n calls at once and counts their statuses. Every call must be answered.
func (p *shipper) together(n int, call func(int) (answer, error)) map[int]int {
	p.t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	got := map[int]int{}
	for i := range n {
		wg.Go(func() {
			a, err := call(i)
			if err != nil {
				p.t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			got[a.Status]++
		})
	}
	wg.Wait()
	return got
}

func identity(t *testing.T, s *stack, sim *simulator) {
	p := s.shipper("Identity")
	key := func(k string) map[string]string { return map[string]string{"Idempotency-Key": k} }
	other := func(o map[string]any) map[string]any { o["order_number"] = "another"; return o }
	var first answer
	t.Run("an order becomes one label, and the same order again is a replay", func(t *testing.T) {
		p := p.in(t)
		first = p.call("POST", "/v1/shipments", p.confirmed("order-1"), map[string]string{"X-Request-Id": "mine-1"})
		p.fresh(first, 202)
		if first.str("status") != "pending" || first.Header.Get("ETag") != `"1"` || first.Header.Get("X-Request-Id") != "mine-1" {
			t.Errorf("%v %s", first.Header, first.Body)
		}
		id := first.str("id")
		a := p.booked(id)
		e := sim.entry(id)
		if e == nil || e.Live != 1 || len(e.Bookings) != 1 || e.Numbers[0] != a.str("tracking_number") || a.JSON["charge"] == nil {
			t.Errorf("the carrier holds %+v, the shipment is %s", e, a.Body)
		}
		p.replayed(p.call("POST", "/v1/shipments", p.confirmed("order-1"), nil), id)
		p.replayed(p.call("POST", "/v1/shipments", p.order("order-1"), nil), id)
	})
	t.Run("another body under the reference is 422, names the first and changes nothing", func(t *testing.T) {
		p := p.in(t)
		a := p.call("POST", "/v1/shipments", other(p.confirmed("order-1")), nil)
		p.want(a, 422, "reference_taken")
		if a.str("existing_id") != first.str("id") || p.call("GET", "/v1/shipments/"+first.str("id"), nil, nil).JSON["order_number"] != nil {
			t.Errorf("%s", a.Body)
		}
	})
	t.Run("without a reference the Idempotency-Key names the shipment", func(t *testing.T) {
		p := p.in(t)
		order := p.confirmed("")
		delete(order, "reference")
		a := p.call("POST", "/v1/shipments", order, key("only-key"))
		p.fresh(a, 202)
		p.replayed(p.call("POST", "/v1/shipments", order, key("only-key")), a.str("id"))
		b := p.call("POST", "/v1/shipments", other(order), key("only-key"))
		if p.want(b, 422, "reference_taken"); b.str("existing_id") != a.str("id") {
			t.Errorf("%s", b.Body)
		}
		p.want(p.call("POST", "/v1/shipments", order, nil), 400, "idempotency_required")
		p.booked(a.str("id"))
	})
	t.Run("drafts with neither are two shipments", func(t *testing.T) {
		p := p.in(t)
		order := p.order("")
		delete(order, "reference")
		a, b := p.call("POST", "/v1/shipments", order, nil), p.call("POST", "/v1/shipments", order, nil)
		p.fresh(a, 201)
		if p.fresh(b, 201); a.str("id") == b.str("id") {
			t.Error("one id for two orders")
		}
	})
	t.Run("a key sent with a reference is bound to it", func(t *testing.T) {
		p := p.in(t)
		a := p.call("POST", "/v1/shipments", p.order("both-1"), key("both"))
		p.fresh(a, 201)
		p.replayed(p.call("POST", "/v1/shipments", p.order("both-1"), key("both")), a.str("id"))
		p.replayed(p.call("POST", "/v1/shipments", p.order("both-1"), key("both-second")), a.str("id"))
		for _, k := range []string{"both", "both-second"} {
			b := p.call("POST", "/v1/shipments", p.order("both-2"), key(k))
			if p.want(b, 422, "reference_taken"); b.str("existing_id") != a.str("id") {
				t.Errorf("%s", b.Body)
			}
		}
		p.want(p.call("GET", "/v1/shipments/"+booking.IDByReference(p.Tenant, ship.Test, "both-2"), nil, nil), 404, "not_found")
	})
	t.Run("fifty identical orders at once are one shipment and one label", func(t *testing.T) {
		p := p.in(t)
		ids := make([]string, 50)
		got := p.together(50, func(i int) (answer, error) {
			a, err := p.try(t.Context(), "POST", "/v1/shipments", p.confirmed("at-once"), nil)
			ids[i] = a.str("id")
			return a, err
		})
		if got[202] != 1 || got[200] != 49 || len(slices.Compact(ids)) != 1 {
			t.Errorf("answers by status %v, ids %v", got, slices.Compact(ids))
		}
		p.booked(ids[0])
		if e := sim.entry(ids[0]); e == nil || len(e.Bookings) != 1 {
			t.Errorf("the carrier holds %+v", e)
		}
	})
}

func documents(t *testing.T, s *stack, sim *simulator) {
	p := s.shipper("Documents")
	ids := map[string]string{}
	for _, format := range []string{"zpl", "gif", "pdf"} {
		o := p.confirmed("label-" + format)
		o["label"] = map[string]any{"format": format, "size": "4x6"}
		ids[format] = p.call("POST", "/v1/shipments", o, nil).str("id")
	}
	t.Run("before it is there a label is 404 label_not_ready", func(t *testing.T) {
		p := p.in(t)
		id := p.call("POST", "/v1/shipments", p.order("label-draft"), nil).str("id")
		p.want(p.call("GET", "/v1/shipments/"+id+"/label", nil, nil), 404, "label_not_ready")
	})
	for format, c := range map[string]struct{ media, head string }{
		"zpl": {"application/zpl", "^XA"}, "gif": {"image/gif", "GIF8"}, "pdf": {"application/pdf", "%PDF-"},
	} {
		t.Run("a "+format+" label is handed out as the carrier made it", func(t *testing.T) {
			p := p.in(t)
			id := ids[format]
			a := p.booked(id)
			if a.str("label_url") != "/v1/shipments/"+id+"/label" {
				t.Errorf("%s", a.Body)
			}
			label := p.call("GET", a.str("label_url"), nil, map[string]string{"Accept": c.media})
			if label.Status != 200 || label.Header.Get("Content-Type") != c.media || !bytes.HasPrefix(bytes.TrimSpace(label.Body), []byte(c.head)) {
				t.Errorf("%d %v %.80q", label.Status, label.Header, label.Body)
			}
			if format == "zpl" && !bytes.Contains(label.Body, []byte(a.str("tracking_number"))) {
				t.Errorf("the number is not on the label: %s", label.Body)
			}
		})
	}
	t.Run("a PDF is fetched after the booking, and says so until it is there", func(t *testing.T) {
		p := p.in(t)
		id := booking.IDByReference(p.Tenant, ship.Test, "label-later")
		sim.inject(t, id, fault.Fault{Kind: fault.Throttled, Operation: fault.Recovery, Times: 2})
		o := p.confirmed("label-later")
		o["label"] = map[string]any{"format": "pdf"}
		p.fresh(p.call("POST", "/v1/shipments", o, nil), 202)
		a := p.reaches(id, "booked without its document", func(a answer) bool { return a.str("status") == "booked" })
		if a.str("document") != "pending" || a.str("tracking_number") == "" || a.JSON["label_url"] != nil {
			t.Errorf("%s", a.Body)
		}
		if l := p.call("GET", "/v1/shipments/"+id+"/label", nil, map[string]string{"Accept": "application/pdf"}); l.str("code") != "label_not_ready" {
			t.Errorf("%d %.80q", l.Status, l.Body)
		}
		p.booked(id)
		if l := p.call("GET", "/v1/shipments/"+id+"/label", nil, map[string]string{"Accept": "application/pdf"}); l.Status != 200 || !bytes.HasPrefix(l.Body, []byte("%PDF-")) {
			t.Errorf("%d %.80q", l.Status, l.Body)
		}
		if e := sim.entry(id); e == nil || len(e.Bookings) != 1 {
			t.Errorf("the carrier holds %+v", e)
		}
	})
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
		o := p.confirmed(reference)
		o["service"], o["ship_from"], o["ship_to"] = service, places()[from], places()[to]
		return o
	}
	for country, service := range map[string]string{"DE": "ups_standard", "GB": "ups_express_saver", "CA": "ups_standard", "US": "ups_2nd_day_air"} {
		t.Run("within "+country+" it is booked as the service that was ordered", func(t *testing.T) {
			p := p.in(t)
			a := p.call("POST", "/v1/shipments", order("in-"+country, service, country, country), nil)
			p.fresh(a, 202)
			p.booked(a.str("id"))
			code := map[string]string{"ups_standard": "11", "ups_express_saver": "65", "ups_2nd_day_air": "02"}[service]
			if e := sim.entry(a.str("id")); e == nil || e.Bookings[0].Service != code || e.Bookings[0].To.Country != country {
				t.Errorf("the carrier holds %+v", e)
			}
		})
	}
	t.Run("across a customs border is 422 at the country", func(t *testing.T) {
		p := p.in(t)
		a := p.call("POST", "/v1/shipments", order("abroad", "ups_ground", "US", "DE"), nil)
		p.want(a, 422, "invalid_request")
		if !slices.Contains(problemsOf(a), "ship_to.country:customs_unsupported") {
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
			o := p.confirmed("priority-" + priority)
			o["priority"] = priority
			id := p.call("POST", "/v1/shipments", o, nil).str("id")
			if a := p.booked(id); a.str("priority") != priority {
				t.Errorf("%s", a.Body)
			}
			log, err := os.ReadFile(filepath.Join(p.at.Logs, "relay-events.log"))
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
		a := p.call("POST", "/v1/shipments", p.order(fmt.Sprintf("page-%02d", i)), nil)
		p.fresh(a, 201)
		made = append(made, a.str("id"))
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
		return ids, times, a.str("next_cursor")
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
	id := p.call("POST", "/v1/shipments", p.confirmed("mine"), nil).str("id")
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
			if strings.ReplaceAll(a.str("detail"), id, "shp_aaaaaaaaaaaaaaaaaaaaaaaaaa") != nowhere.str("detail") {
				t.Errorf("%q, but %q", a.str("detail"), nowhere.str("detail"))
			}
		})
	}
	t.Run("the same reference is another shipment there", func(t *testing.T) {
		stranger := stranger.in(t)
		a := stranger.call("POST", "/v1/shipments", stranger.order("mine"), nil)
		if stranger.fresh(a, 201); a.str("id") == id {
			t.Error("two tenants share an id")
		}
	})
	t.Run("another tenant's carrier account is unknown", func(t *testing.T) {
		stranger := stranger.in(t)
		o := stranger.confirmed("borrowed")
		o["carrier_account"] = p.Account
		a := stranger.call("POST", "/v1/shipments", o, nil)
		if stranger.want(a, 422, "invalid_request"); !slices.Contains(problemsOf(a), "carrier_account:unknown_carrier_account") {
			t.Errorf("%s", a.Body)
		}
	})
}
