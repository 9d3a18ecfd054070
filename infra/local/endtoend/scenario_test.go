package endtoend_test

import (
	"fmt"
	"slices"
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
	t.Parallel() // most of it waits
	sim := newSimulator(t)
	s := start(t, sim)
	// These take a minute or two: they are begun first, and looked at last.
	unsettled, late, killed := beginUnsettled(t, s, sim), beginExecutedLate(t, s, sim), beginKilledBatch(t, s, sim)
	for _, group := range []struct {
		name string
		run  func(*testing.T, *stack, *simulator)
	}{
		{"outbound", outbound}, {"labels", labels}, {"waiting", waits}, {"choosing", choosing}, {"abroad", abroad}, {"questions", questions}, {"settings", settings}, {"cancelling", cancelling}, {"batches", batches}, {"confirming", confirming}, {"identity", identity}, {"documents", documents}, {"countries", shipsFrom}, {"priorities", priorities},
		{"pages", pages}, {"other tenants", otherTenants}, {"bad orders", badOrders}, {"bad settings", badSettings}, {"bad requests", badRequests},
		{"repeating", repeating}, {"edges", edges}, {"routes", routes}, {"bad routes", badRoutes},
		{"callbacks", callbacks}, {"the Go client", goClient}, {"poison", poison},
	} {
		t.Run(group.name, func(t *testing.T) { group.run(t, s.in(t), sim) })
	}
	t.Run("a batch whose process was killed in the middle ends complete, each shipment booked once", func(t *testing.T) { killed.check(t) })
	t.Run("an outcome that stays unknown is told once its absence is settled", func(t *testing.T) { unsettled.check(t) })
	t.Run("a booking that the carrier executes late is told, voided and cleared", func(t *testing.T) { late.check(t) })
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

// asked counts the calls of the carrier about a shipment.
func (s *simulator) asked(op fault.Operation, shipment string) int {
	return s.CallsFor(op, booking.Reference(shipment))
}

// bookings are what the carrier holds of a shipper.
func (p *shipper) bookings(sim *simulator) []carriersim.Entry {
	return slices.DeleteFunc(sim.Ledger(), func(e carriersim.Entry) bool { return e.Account != p.Number })
}

// booked waits until a shipment is, with its document.
func (p *shipper) booked(id string) answer {
	p.t.Helper()
	return p.reaches(id, "booked with its document", func(a answer) bool { return a.Str("status") == "booked" && a.Str("document") == "ready" })
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
	if a.Status != status || a.Str("code") != code {
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
	if p.want(a, 200, ""); a.Header.Get("Idempotent-Replayed") != "true" || a.Str("id") != id {
		p.t.Fatalf("not a replay of %s: %v %s", id, a.Header, a.Body)
	}
}

func (p *shipper) confirm(id, version, key string) answer {
	p.t.Helper()
	return p.call("POST", "/v1/shipments/"+id+"/confirm", nil, map[string]string{"If-Match": version, "Idempotency-Key": key})
}

func confirming(t *testing.T, s *stack, sim *simulator) {
	p := s.shipper("Confirming")
	draft := p.call("POST", "/v1/shipments", p.Order("draft-1"), nil)
	id := draft.Str("id")
	t.Run("an order is a draft with its version as ETag", func(t *testing.T) {
		p := p.in(t)
		p.fresh(draft, 201)
		if draft.Str("status") != "draft" || draft.Header.Get("ETag") != `"1"` || draft.Str("mode") != "test" || draft.Str("document") != "none" {
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
		if a.Str("status") != "pending" || a.Header.Get("ETag") != `"2"` {
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
		id := p.call("POST", "/v1/shipments", p.Order("draft-2"), nil).Str("id")
		got := p.together(20, func(i int) (answer, error) {
			return p.Call(t.Context(), "POST", "/v1/shipments/"+id+"/confirm", nil, map[string]string{"If-Match": "1", "Idempotency-Key": fmt.Sprint("key-", i)})
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
		id := p.call("POST", "/v1/shipments", p.Order("draft-4"), nil).Str("id")
		p.fresh(p.call("POST", "/v1/shipments", p.Confirmed("draft-4"), nil), 202)
		p.booked(id)
	})
}

func refusedThenBooked(t *testing.T, p *shipper, sim *simulator) {
	id := p.call("POST", "/v1/shipments", p.Order("draft-3"), nil).Str("id")
	sim.inject(t, id, fault.Fault{Kind: fault.Refuse, Operation: fault.Ship, Times: 1, Code: "120802"})
	p.fresh(p.confirm(id, "1", "k1"), 202)
	a := p.reaches(id, "failed", func(a answer) bool { return a.Str("status") == "failed" })
	why, _ := a.JSON["error"].(map[string]any)
	if why["source"] != "carrier" || why["code"] != "120802" || why["detail"] == "" {
		t.Errorf("%s", a.Body)
	}
	again := p.confirm(id, "1", "k1")
	if p.replayed(again, id); again.Str("status") != "failed" {
		t.Errorf("%s", again.Body)
	}
	p.fresh(p.confirm(id, a.Header.Get("ETag"), "k2"), 202)
	if a := p.booked(id); a.JSON["error"] != nil || a.Num("attempts") != 2 {
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
	var first answer
	t.Run("an order becomes one label, and the same order again is a replay", func(t *testing.T) {
		p := p.in(t)
		first = p.call("POST", "/v1/shipments", p.Confirmed("order-1"), map[string]string{"X-Request-Id": "mine-1"})
		p.fresh(first, 202)
		if first.Str("status") != "pending" || first.Header.Get("ETag") != `"1"` || first.Header.Get("X-Request-Id") != "mine-1" {
			t.Errorf("%v %s", first.Header, first.Body)
		}
		id := first.Str("id")
		a := p.booked(id)
		e := sim.entry(id)
		if e == nil || e.Live != 1 || len(e.Bookings) != 1 || e.Numbers[0] != a.Str("tracking_number") || a.JSON["charge"] == nil {
			t.Errorf("the carrier holds %+v, the shipment is %s", e, a.Body)
		}
		p.replayed(p.call("POST", "/v1/shipments", p.Confirmed("order-1"), nil), id)
		p.replayed(p.call("POST", "/v1/shipments", p.Order("order-1"), nil), id)
	})
	t.Run("another body under the reference is 422, names the first and changes nothing", func(t *testing.T) {
		p := p.in(t)
		a := p.call("POST", "/v1/shipments", another(p.Confirmed("order-1")), nil)
		p.want(a, 422, "reference_taken")
		if a.Str("existing_id") != first.Str("id") || p.call("GET", "/v1/shipments/"+first.Str("id"), nil, nil).JSON["order_number"] != nil {
			t.Errorf("%s", a.Body)
		}
	})
	t.Run("fifty identical orders at once are one shipment and one label", func(t *testing.T) { atOnce(t, p.in(t), sim) })
	identityByKey(t, p)
}

func another(o map[string]any) map[string]any { o["order_number"] = "another"; return o }

func identityByKey(t *testing.T, p *shipper) {
	key := func(k string) map[string]string { return map[string]string{"Idempotency-Key": k} }
	t.Run("without a reference the Idempotency-Key names the shipment", func(t *testing.T) {
		p := p.in(t)
		order := p.Confirmed("")
		delete(order, "reference")
		a := p.call("POST", "/v1/shipments", order, key("only-key"))
		p.fresh(a, 202)
		p.replayed(p.call("POST", "/v1/shipments", order, key("only-key")), a.Str("id"))
		b := p.call("POST", "/v1/shipments", another(order), key("only-key"))
		if p.want(b, 422, "reference_taken"); b.Str("existing_id") != a.Str("id") {
			t.Errorf("%s", b.Body)
		}
		p.want(p.call("POST", "/v1/shipments", order, nil), 400, "idempotency_required")
		p.booked(a.Str("id"))
	})
	t.Run("drafts with neither are two shipments", func(t *testing.T) {
		p := p.in(t)
		order := p.Order("")
		delete(order, "reference")
		a, b := p.call("POST", "/v1/shipments", order, nil), p.call("POST", "/v1/shipments", order, nil)
		p.fresh(a, 201)
		if p.fresh(b, 201); a.Str("id") == b.Str("id") {
			t.Error("one id for two orders")
		}
	})
	t.Run("a key sent with a reference is bound to it", func(t *testing.T) {
		p := p.in(t)
		a := p.call("POST", "/v1/shipments", p.Order("both-1"), key("both"))
		p.fresh(a, 201)
		p.replayed(p.call("POST", "/v1/shipments", p.Order("both-1"), key("both")), a.Str("id"))
		p.replayed(p.call("POST", "/v1/shipments", p.Order("both-1"), key("both-second")), a.Str("id"))
		for _, k := range []string{"both", "both-second"} {
			b := p.call("POST", "/v1/shipments", p.Order("both-2"), key(k))
			if p.want(b, 422, "reference_taken"); b.Str("existing_id") != a.Str("id") {
				t.Errorf("%s", b.Body)
			}
		}
		p.want(p.call("GET", "/v1/shipments/"+booking.IDByReference(p.Tenant, ship.Test, "both-2"), nil, nil), 404, "not_found")
	})
}

func atOnce(t *testing.T, p *shipper, sim *simulator) {
	ids := make([]string, 50)
	got := p.together(50, func(i int) (answer, error) {
		a, err := p.Call(t.Context(), "POST", "/v1/shipments", p.Confirmed("at-once"), nil)
		ids[i] = a.Str("id")
		return a, err
	})
	if got[202] != 1 || got[200] != 49 || len(slices.Compact(ids)) != 1 {
		t.Errorf("answers by status %v, ids %v", got, slices.Compact(ids))
	}
	p.booked(ids[0])
	if e := sim.entry(ids[0]); e == nil || len(e.Bookings) != 1 {
		t.Errorf("the carrier holds %+v", e)
	}
}
