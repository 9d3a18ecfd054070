package endtoend_test

import (
	"slices"
	"testing"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim/fault"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
)

// cancelWith asks for a cancellation, of a version when it is not empty.
func (p *shipper) cancelWith(id, version string) answer {
	p.t.Helper()
	return p.call("POST", "/v1/shipments/"+id+"/cancel", nil, map[string]string{"If-Match": version})
}

// cancellation is how it stands, "" when there is none.
func cancellation(a answer) string {
	c, _ := a.JSON["cancellation"].(map[string]any)
	status, _ := c["status"].(string)
	return status
}

func (p *shipper) becomes(id, status string) answer {
	p.t.Helper()
	return p.reaches(id, status, func(a answer) bool { return a.Str("status") == status && a.JSON["cancellation"] == nil })
}

// cancelling takes shipments back, in every state.
func cancelling(t *testing.T, s *stack, sim *simulator) {
	p := s.shipper("Cancelling")
	told := p.receiver(nil, "shipment.cancelled", "shipment.cancellation_refused", "shipment.duplicate")
	t.Run("a draft is cancelled at once, of the version that was seen, and stays so", func(t *testing.T) {
		p := p.in(t)
		id := p.call("POST", "/v1/shipments", p.Order("cancel-draft"), nil).Str("id")
		stale := p.cancelWith(id, `"7"`)
		p.want(stale, 412, "version_mismatch")
		if a := p.cancelWith(id, `"1"`); a.Status != 200 || a.Str("status") != "cancelled" || a.Header.Get("Idempotent-Replayed") != "" {
			t.Errorf("%d %s", a.Status, a.Body)
		}
		p.replayed(p.cancelWith(id, ""), id)
		p.want(p.confirm(id, `"2"`, ""), 409, "not_confirmable")
		p.want(p.call("PATCH", "/v1/shipments/"+id, map[string]any{"order_number": "1"}, map[string]string{"If-Match": `"2"`}), 409, "not_editable")
		p.replayed(p.call("POST", "/v1/shipments", p.Confirmed("cancel-draft"), nil), id)
		if sim.entry(id) != nil {
			t.Error("the carrier knows it")
		}
	})
	t.Run("what has failed is not to be cancelled", func(t *testing.T) {
		p := p.in(t)
		id := booking.IDByReference(p.Tenant, ship.Test, "cancel-failed")
		sim.inject(t, id, fault.Fault{Kind: fault.Refuse, Operation: fault.Ship, Times: 1})
		p.want(p.call("POST", "/v1/shipments", p.Confirmed("cancel-failed"), waiting), 201, "")
		p.want(p.cancelWith(id, ""), 409, "not_cancellable")
	})
	t.Run("while the carrier books it, it is wanted, and void as soon as it is booked", func(t *testing.T) { whileBooking(t, p.in(t), sim, told) })
	t.Run("of twenty cancellations at once the carrier is asked for one void", func(t *testing.T) {
		p := p.in(t)
		id := p.ordered("cancel-crowd", "zpl", 1).Str("id")
		got := p.together(20, func(int) (answer, error) { return p.Call(t.Context(), "POST", "/v1/shipments/"+id+"/cancel", nil, nil) })
		if got[202]+got[200] != 20 {
			t.Errorf("%v", got)
		}
		p.becomes(id, "cancelled")
		if n := sim.asked(fault.Void, id); n != 1 || sim.entry(id).Live != 0 {
			t.Errorf("%d voids, the carrier holds %+v", n, sim.entry(id))
		}
	})
	t.Run("three parcels are void all three", func(t *testing.T) {
		p := p.in(t)
		id := p.ordered("cancel-three", "zpl", 3).Str("id")
		p.want(p.cancelWith(id, ""), 202, "")
		p.becomes(id, "cancelled")
		for _, parcel := range sim.entry(id).Bookings[0].Parcels {
			if parcel.VoidedAt.IsZero() {
				t.Errorf("%s is live", parcel.Number)
			}
		}
	})
	t.Run("a void that UPS refuses leaves it booked, tells why, and can be tried again", func(t *testing.T) { refusedVoid(t, p.in(t), sim, told) })
	t.Run("a void that is not answered is asked again, and what was void is void", func(t *testing.T) {
		p := p.in(t)
		id := p.ordered("cancel-lost", "zpl", 1).Str("id")
		sim.inject(t, id, fault.Fault{Kind: fault.DropAfter, Operation: fault.Void, Times: 1})
		p.want(p.cancelWith(id, ""), 202, "")
		p.becomes(id, "cancelled")
		told.gets(t, 1, id, "shipment.cancelled")
	})
	t.Run("at the test carrier every end can be tried", func(t *testing.T) { testVoids(t, p.in(t), told) })
}

// whileBooking cancels while the carrier holds the booking call.
func whileBooking(t *testing.T, p *shipper, sim *simulator, told *receiver) {
	id := booking.IDByReference(p.Tenant, ship.Test, "cancel-booking")
	sim.inject(t, id, fault.Fault{Kind: fault.Slow, Operation: fault.Ship, Times: 1, DelayMS: 1200})
	p.fresh(p.call("POST", "/v1/shipments", p.Confirmed("cancel-booking"), nil), 202)
	await(t, 30*time.Second, "the carrier to hold the call", func() bool {
		for _, h := range sim.Inflight() {
			if h.Reference == booking.Reference(id) && h.Kind == fault.Slow {
				return true
			}
		}
		return false
	}, nil)
	a := p.cancelWith(id, "")
	if p.fresh(a, 202); a.Str("status") != "booking" || cancellation(a) != "requested" {
		t.Errorf("%s", a.Body)
	}
	again := p.cancelWith(id, "")
	if again.Status != 202 || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%d %v", again.Status, again.Header)
	}
	p.becomes(id, "cancelled")
	if e := sim.entry(id); e == nil || e.Live != 0 || len(e.Bookings) != 1 {
		t.Errorf("the carrier holds %+v", e)
	}
	told.gets(t, 1, id, "shipment.cancelled")
}

// refusedVoid cancels what UPS does not take back any more.
func refusedVoid(t *testing.T, p *shipper, sim *simulator, told *receiver) {
	a := p.ordered("cancel-refused", "zpl", 1)
	id := a.Str("id")
	set := sim.Settings()
	set.NoVoid = true
	sim.Set(set)
	p.want(p.cancelWith(id, ""), 202, "")
	a = p.reaches(id, "booked, its void refused", func(a answer) bool { return cancellation(a) == "refused" })
	set.NoVoid = false
	sim.Set(set)
	why, _ := a.JSON["cancellation"].(map[string]any)
	if a.Str("status") != "booked" || why["code"] != "190102" || why["detail"] == "" || a.JSON["held"] != false || sim.entry(id).Live != 1 {
		t.Errorf("%s, the carrier holds %+v", a.Body, sim.entry(id))
	}
	d := told.gets(t, 1, id, "shipment.cancellation_refused")[0]
	if c, _ := d.data()["cancellation"].(map[string]any); d.data()["status"] != "booked" || c["code"] != "190102" || c["status"] != "refused" {
		t.Errorf("%s", d.Body)
	}
	if l := p.get("/v1/shipments/"+id+"/label", "", "application/zpl"); l.Status != 200 {
		t.Errorf("the label of a booked shipment: %d %s", l.Status, l.Body)
	}
	p.fresh(p.cancelWith(id, ""), 202)
	p.becomes(id, "cancelled")
	told.gets(t, 1, id, "shipment.cancelled")
}

// testVoids are the markers of the test carrier about voids, and about bookings that are made twice.
func testVoids(t *testing.T, p *shipper, told *receiver) {
	account := p.testCarrier()
	book := func(reference string) string {
		a := p.call("POST", "/v1/shipments", p.atTestCarrier(account, reference), waiting)
		if a.Str("status") != "booked" {
			t.Fatalf("%s", a.Body)
		}
		return a.Str("id")
	}
	plain, refused, unknown := book("void it"), book("keep it sim-void-refused"), book("lose it sim-void-unknown")
	for _, id := range []string{plain, refused, unknown} {
		p.want(p.cancelWith(id, ""), 202, "")
	}
	p.becomes(plain, "cancelled")
	a := p.reaches(refused, "refused", func(a answer) bool { return cancellation(a) == "refused" })
	if a.Str("status") != "booked" || a.JSON["cancellation"].(map[string]any)["code"] != "sim_collected" {
		t.Errorf("%s", a.Body)
	}
	// booked twice: the second number is told, voided and taken off the list
	twice := book("twice sim-duplicate")
	d := told.gets(t, 1, twice, "shipment.duplicate")[0]
	late, _ := d.data()["late_tracking_numbers"].([]any)
	if len(late) != 1 || d.data()["tracking_number"] == late[0] {
		t.Errorf("%s", d.Body)
	}
	a = p.reaches(twice, "rid of its second number", func(a answer) bool { return a.JSON["late_tracking_numbers"] == nil })
	if a.Str("status") != "booked" || a.Str("tracking_number") != d.data()["tracking_number"] {
		t.Errorf("%s", a.Body)
	}
	if got := column(list(p.call("GET", "/v1/shipments/"+twice+"/events", nil, nil), "data"), "cause"); !slices.Contains(got, "cleared") {
		t.Errorf("%v", got)
	}
	a = p.call("GET", "/v1/shipments/"+unknown, nil, nil)
	if a.Str("status") != "cancelling" || cancellation(a) != "in_progress" && cancellation(a) != "unknown" {
		t.Errorf("%s", a.Body)
	}
}

// executedLate is a booking that the carrier carries out long after its connection broke, when the shipment has been
// booked again: the account takes the carrier's second "not found" for a proof.
type executedLate struct {
	*shipper
	sim *simulator
	r   *receiver
	id  string
}

func beginExecutedLate(t *testing.T, s *stack, sim *simulator) *executedLate {
	t.Helper()
	p := s.shipper("Executed late")
	account, err := p.AddAccount(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	o := p.Confirmed("late")
	o["carrier_account"] = account
	x := &executedLate{p, sim, p.receiver(nil), booking.IDByReference(p.Tenant, ship.Test, "late")}
	sim.inject(t, x.id, fault.Fault{Kind: fault.Late, Operation: fault.Ship, Times: 1, DelayMS: 80_000})
	p.fresh(p.call("POST", "/v1/shipments", o, nil), 202)
	return x
}

// check waits for the audit, which finds the second number, a day (here 72 s) after it was booked again.
func (x *executedLate) check(t *testing.T) {
	p := x.shipper.in(t)
	booked := p.booked(x.id)
	d := x.r.gets(t, 1, x.id, "shipment.duplicate")[0]
	late, _ := d.data()["late_tracking_numbers"].([]any)
	if d.data()["tracking_number"] != booked.Str("tracking_number") || len(late) != 1 {
		t.Errorf("%s", d.Body)
	}
	a := p.reaches(x.id, "rid of the number that came late", func(a answer) bool { return a.JSON["late_tracking_numbers"] == nil })
	e := x.sim.entry(x.id)
	if a.Str("status") != "booked" || a.Str("tracking_number") != booked.Str("tracking_number") || a.Num("attempts") != 2 || e.Live != 1 || len(e.Bookings) != 2 || e.Numbers[0] != a.Str("tracking_number") {
		t.Errorf("%s, the carrier holds %+v", a.Body, e)
	}
	if got := column(list(p.call("GET", "/v1/shipments/"+x.id+"/events", nil, nil), "data"), "cause"); !slices.Contains(got, "absent") || !slices.Contains(got, "cleared") {
		t.Errorf("%v", got)
	}
}
