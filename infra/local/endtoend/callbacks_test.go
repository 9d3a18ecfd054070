package endtoend_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/fairlead/fairlead/infra/carriersim/fault"
	"github.com/fairlead/fairlead/shared/api/contract"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/ship"
)

// receiver is a shipper's endpoint: it checks every signature and every body, and keeps what came.
type receiver struct {
	id     string
	url    string
	answer func(w http.ResponseWriter, r *http.Request, nth int) // nth delivery of an event, from 1; nil accepts

	mu     sync.Mutex
	verify *webhooks.Webhook
	got    []delivery
}

// delivery is one attempt that arrived.
type delivery struct {
	ID, Timestamp string
	Body          string
	Event         map[string]any
	Wrong         string // what is wrong with its signature or body
	At            time.Time
}

func (d delivery) data() map[string]any { m, _ := d.Event["data"].(map[string]any); return m }

// receiver starts a receiver and adds it to the shipper's endpoints.
func (p *shipper) receiver(answer func(http.ResponseWriter, *http.Request, int), events ...string) *receiver {
	p.t.Helper()
	r := &receiver{answer: answer}
	srv := httptest.NewServer(http.HandlerFunc(r.serve))
	p.t.Cleanup(srv.Close)
	r.url = srv.URL + "/hook?secret=mine"
	body := map[string]any{"url": r.url}
	if len(events) > 0 {
		body["events"] = events
	}
	a := p.call("POST", "/v1/callback-endpoints", body, nil)
	p.want(a, 201, "")
	verify, err := webhooks.NewWebhook(a.Str("secret"))
	if err != nil {
		p.t.Fatal(err)
	}
	r.mu.Lock()
	r.verify, r.id = verify, a.Str("id")
	r.mu.Unlock()
	return r
}

func (r *receiver) serve(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	d := delivery{ID: req.Header.Get("webhook-id"), Timestamp: req.Header.Get("webhook-timestamp"), Body: string(body), At: time.Now()}
	r.mu.Lock()
	if err := r.verify.Verify(body, req.Header); err != nil {
		d.Wrong = "signature: " + err.Error()
	}
	if err := json.Unmarshal(body, &d.Event); err != nil {
		d.Wrong += " body: " + err.Error()
	} else if err := contract.Document().Components.Schemas["Event"].Value.VisitJSON(d.Event, openapi3.MultiErrors(), openapi3.VisitAsResponse()); err != nil {
		d.Wrong += " body: " + err.Error()
	}
	if req.Method != http.MethodPost || req.Header.Get("Content-Type") != "application/json" || req.RequestURI != "/hook?secret=mine" {
		d.Wrong += " request: " + req.Method + " " + req.RequestURI + " " + req.Header.Get("Content-Type")
	}
	r.got = append(r.got, d)
	nth := 0
	for _, x := range r.got {
		if x.ID == d.ID {
			nth++
		}
	}
	r.mu.Unlock()
	if r.answer != nil {
		r.answer(w, req, nth)
	}
}

// of is what came of a type for a shipment. It fails the test for whatever came in a wrong form.
func (r *receiver) of(t *testing.T, shipment, event string) []delivery {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []delivery
	for _, d := range r.got {
		if d.Wrong != "" {
			t.Fatalf("%s in %s", d.Wrong, d.Body)
		}
		if d.data()["shipment_id"] == shipment && (event == "" || d.Event["type"] == event) {
			out = append(out, d)
		}
	}
	return out
}

// gets waits for n deliveries of a type for a shipment.
func (r *receiver) gets(t *testing.T, n int, shipment, event string) []delivery {
	t.Helper()
	var out []delivery
	await(t, 90*time.Second, event+" of "+shipment, func() bool { out = r.of(t, shipment, event); return len(out) >= n }, nil)
	return out
}

// record is what the platform keeps of a delivery: its state, attempts and last status.
func (r *receiver) record(p *shipper, of delivery) callback.Delivery {
	p.t.Helper()
	at, err := time.Parse(time.RFC3339, of.Event["timestamp"].(string))
	if err != nil {
		p.t.Fatal(err)
	}
	st := p.store()
	all, err := st.Deliveries(p.t.Context(), p.Tenant, r.id, at)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, d := range all {
		if d.EventID == of.ID {
			return callback.Delivery{State: d.State, Attempt: d.Attempt, Status: d.Status}
		}
	}
	return callback.Delivery{}
}

func callbacks(t *testing.T, s *stack, sim *simulator) {
	p := s.shipper("Callbacks")
	all := p.receiver(nil)
	failures := p.receiver(nil, "shipment.failed")
	flaky := p.receiver(func(w http.ResponseWriter, _ *http.Request, nth int) {
		if nth <= 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}, "shipment.booked")
	hanging := p.receiver(func(_ http.ResponseWriter, req *http.Request, _ int) {
		<-req.Context().Done() // it accepts the connection and never answers
	}, "shipment.booked")

	var first string
	t.Run("a booking is told with its number, signed, under the version it happened in", func(t *testing.T) {
		p := p.in(t)
		first = p.call("POST", "/v1/shipments", p.Confirmed("told-1"), map[string]string{"X-Request-Id": "trace-1"}).Str("id")
		a := p.booked(first)
		d := all.gets(t, 1, first, "shipment.booked")[0]
		data := d.data()
		if data["tracking_number"] != a.Str("tracking_number") || data["reference"] != "told-1" || data["status"] != "booked" || data["label_url"] != a.Str("label_url") || data["document"] != "ready" {
			t.Errorf("%s", d.Body)
		}
		if d.Event["correlation_id"] != "trace-1" || d.Event["mode"] != "test" || d.Event["sequence"] != data["version"] || d.Event["sequence"] != a.JSON["version"] {
			t.Errorf("%s, but the shipment is %s", d.Body, a.Body)
		}
		if want := booking.EventID(p.Tenant, ship.Test, first, a.Num("version"), "shipment.booked"); d.ID != want {
			t.Errorf("webhook-id is %s, not %s", d.ID, want)
		}
	})
	t.Run("a refusal is told in the carrier's words, to those who asked for it", func(t *testing.T) {
		p := p.in(t)
		id := booking.IDByReference(p.Tenant, ship.Test, "told-2")
		sim.inject(t, id, fault.Fault{Kind: fault.Refuse, Operation: fault.Ship, Times: 1, Code: "120802"})
		p.fresh(p.call("POST", "/v1/shipments", p.Confirmed("told-2"), nil), 202)
		for _, r := range []*receiver{all, failures} {
			d := r.gets(t, 1, id, "shipment.failed")[0]
			why, _ := d.data()["error"].(map[string]any)
			if d.data()["status"] != "failed" || why["source"] != "carrier" || why["code"] != "120802" {
				t.Errorf("%s", d.Body)
			}
		}
		if got := flaky.of(t, id, ""); len(got) != 0 {
			t.Errorf("an endpoint for bookings got %v", got)
		}
	})
	t.Run("an answer that is lost is found by looking, booked once and told once", func(t *testing.T) {
		p := p.in(t)
		id := booking.IDByReference(p.Tenant, ship.Test, "told-3")
		sim.inject(t, id, fault.Fault{Kind: fault.DropAfter, Operation: fault.Ship, Times: 1})
		p.fresh(p.call("POST", "/v1/shipments", p.Confirmed("told-3"), nil), 202)
		a := p.booked(id)
		e := sim.entry(id)
		if e == nil || len(e.Bookings) != 1 || e.Numbers[0] != a.Str("tracking_number") || a.Num("attempts") != 1 {
			t.Fatalf("the carrier holds %+v, the shipment is %s", e, a.Body)
		}
		if d := all.gets(t, 1, id, "shipment.booked")[0]; d.data()["tracking_number"] != e.Numbers[0] {
			t.Errorf("%s", d.Body)
		}
	})
	t.Run("a receiver that fails twice gets the same event again, and no more once it accepts", func(t *testing.T) {
		got := flaky.gets(t, 3, first, "shipment.booked")
		for _, d := range got {
			if d.ID != got[0].ID || d.Body != got[0].Body {
				t.Errorf("%s %s, but first %s %s", d.ID, d.Body, got[0].ID, got[0].Body)
			}
		}
		if got[2].At.Sub(got[0].At) < 2*time.Second { // 30 and 60 s less 20 %, a twentieth of it
			t.Errorf("three attempts within %v", got[2].At.Sub(got[0].At))
		}
		await(t, 30*time.Second, "the record of the delivery", func() bool {
			return flaky.record(p.in(t), got[0]) == (callback.Delivery{State: callback.Delivered, Attempt: 3, Status: 200})
		}, nil)
		if got := flaky.of(t, first, ""); len(got) != 3 {
			t.Errorf("%d attempts", len(got))
		}
	})
	t.Run("an endpoint that never answers delays no other's, and is tried again", func(t *testing.T) {
		if tries := hanging.gets(t, 2, first, "shipment.booked"); tries[0].ID != tries[1].ID {
			t.Errorf("%v", tries)
		}
		p := p.in(t)
		id := p.call("POST", "/v1/shipments", p.Confirmed("told-4"), nil).Str("id")
		p.booked(id)
		mine := all.gets(t, 1, id, "shipment.booked")[0]
		if other := hanging.gets(t, 1, id, "shipment.booked")[0]; mine.At.Sub(other.At) > 500*time.Millisecond { // its one attempt takes as long
			t.Errorf("the healthy endpoint got it %v after the one that hangs", mine.At.Sub(other.At))
		}
	})
	t.Run("a healthy endpoint gets every event once", func(t *testing.T) {
		for _, ref := range []string{"told-1", "told-2", "told-3", "told-4"} {
			id := booking.IDByReference(p.Tenant, ship.Test, ref)
			if got := all.of(t, id, ""); len(got) != 1 {
				t.Errorf("%s: %d deliveries: %v", ref, len(got), got)
			}
		}
	})
	t.Run("a second number at the carrier is told as a duplicate", func(t *testing.T) { duplicate(t, p.in(t), all) })
}

// duplicate lets a number come late to a shipment that is booked, as a worker that held one would write it.
func duplicate(t *testing.T, p *shipper, all *receiver) {
	id := p.call("POST", "/v1/shipments", p.Confirmed("told-twice"), nil).Str("id")
	a := p.booked(id)
	now := time.Now()
	if _, err := p.store().Late(t.Context(), p.Tenant, ship.Test, id, "1Z999AA10123456784", now, now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	d := all.gets(t, 1, id, "shipment.duplicate")[0]
	late, _ := d.data()["late_tracking_numbers"].([]any)
	if d.data()["tracking_number"] != a.Str("tracking_number") || !slices.Equal(late, []any{"1Z999AA10123456784"}) || d.data()["status"] != "booked" {
		t.Errorf("%s", d.Body)
	}
}

// unsettled is an order whose call broke off before the carrier did anything, so that no look-up can find it.
type unsettled struct {
	*shipper
	sim *simulator
	r   *receiver
	id  string
}

func beginUnsettled(t *testing.T, s *stack, sim *simulator) *unsettled {
	t.Helper()
	p := s.shipper("Unsettled")
	u := &unsettled{p, sim, p.receiver(nil), booking.IDByReference(p.Tenant, ship.Test, "lost")}
	sim.inject(t, u.id, fault.Fault{Kind: fault.DropBefore, Operation: fault.Ship, Times: 1})
	p.fresh(p.call("POST", "/v1/shipments", p.Confirmed("lost"), nil), 202)
	return u
}

func (u *unsettled) check(t *testing.T) {
	p := u.shipper.in(t)
	d := u.r.gets(t, 1, u.id, "shipment.unknown")[0]
	if d.data()["status"] != "unknown" || d.data()["held"] != false || d.data()["tracking_number"] != nil {
		t.Errorf("%s", d.Body)
	}
	times, err := booking.TimeSet("short")
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.store().Record(t.Context(), p.Tenant, ship.Test, u.id)
	if err != nil {
		t.Fatal(err)
	}
	if least := times.Settle(300); d.At.Sub(r.Lease) < least {
		t.Errorf("told %v after the lease, before the carrier had %v to settle", d.At.Sub(r.Lease), least)
	}
	if a := p.call("GET", "/v1/shipments/"+u.id, nil, nil); a.Str("status") != "unknown" || a.Num("attempts") != 1 {
		t.Errorf("%s", a.Body)
	}
	if got := u.r.of(t, u.id, ""); len(got) != 1 || u.sim.entry(u.id) != nil {
		t.Errorf("events %v, the carrier holds %+v", got, u.sim.entry(u.id))
	}
}
