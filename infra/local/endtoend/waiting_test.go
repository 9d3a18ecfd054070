package endtoend_test

import (
	"bytes"
	"testing"

	"github.com/fairlead/fairlead/infra/carriersim/fault"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
)

// testCarrier adds an account at the built-in test carrier.
func (p *shipper) testCarrier() string {
	p.t.Helper()
	a := p.call("POST", "/v1/carrier-accounts", map[string]any{"carrier": "sim", "number": "TEST"}, nil)
	p.want(a, 201, "")
	return a.Str("id")
}

// atTestCarrier is an order for it. A reference decides what it does: infra/docs/test-carrier.md.
func (p *shipper) atTestCarrier(account, reference string) map[string]any {
	o := p.Confirmed(reference)
	o["service"], o["carrier_account"] = "sim_ground", account
	return o
}

// waits are answers that wait for the outcome.
func waits(t *testing.T, s *stack, sim *simulator) {
	p := s.shipper("Waiting")
	account := p.testCarrier()
	for name, o := range map[string]map[string]any{"UPS": p.Confirmed("wait-ups"), "the test carrier": p.atTestCarrier(account, "wait-sim")} {
		t.Run("ordered and booked in one call with "+name+", with the label, and the same again", func(t *testing.T) {
			p := p.in(t)
			a := p.call("POST", "/v1/shipments", o, waiting)
			p.fresh(a, 201)
			if a.Str("status") != "booked" || a.Str("document") != "ready" || a.Str("tracking_number") == "" || a.Header.Get("Preference-Applied") != "wait=20" {
				t.Errorf("%v %s", a.Header, a.Body)
			}
			media, label := labelFile(t, a)
			again := p.call("POST", "/v1/shipments", o, waiting)
			p.replayed(again, a.Str("id"))
			_, same := labelFile(t, again)
			if media != "application/zpl" || !bytes.Contains(label, []byte("^XA")) || !bytes.Equal(label, same) || again.Str("tracking_number") != a.Str("tracking_number") {
				t.Errorf("%s %s, then %s", media, label, same)
			}
			if got := p.call("GET", "/v1/shipments/"+a.Str("id"), nil, nil); got.JSON["label_file"] != nil {
				t.Error("a label for somebody who did not wait")
			}
		})
	}
	t.Run("a time that is over is 202, and one can go on waiting", func(t *testing.T) {
		p := p.in(t)
		id := booking.IDByReference(p.Tenant, ship.Test, "wait-slow")
		sim.inject(t, id, fault.Fault{Kind: fault.Slow, Operation: fault.Ship, Times: 1, DelayMS: 1500})
		a := p.call("POST", "/v1/shipments", p.Confirmed("wait-slow"), map[string]string{"Prefer": "respond-async, wait=1"})
		if p.fresh(a, 202); a.Str("status") == "booked" || a.JSON["label_file"] != nil || a.Header.Get("Preference-Applied") != "wait=1" {
			t.Errorf("%v %s", a.Header, a.Body)
		}
		a = p.call("GET", "/v1/shipments/"+id, nil, waiting)
		if p.want(a, 200, ""); a.Str("status") != "booked" {
			t.Errorf("%s", a.Body)
		}
		labelFile(t, a)
	})
	t.Run("a refusal ends it", func(t *testing.T) {
		p := p.in(t)
		a := p.call("POST", "/v1/shipments", p.atTestCarrier(account, "wait sim-refused"), waiting)
		if p.fresh(a, 201); a.Str("status") != "failed" || a.JSON["error"].(map[string]any)["code"] != "sim_refused" || a.JSON["label_file"] != nil {
			t.Errorf("%s", a.Body)
		}
	})
	t.Run("a draft is not waited for, nonsense is ignored, and nobody waits for more than 20 s", func(t *testing.T) {
		p := p.in(t)
		a := p.call("POST", "/v1/shipments", p.Order("wait-draft"), waiting)
		if p.fresh(a, 201); a.Header.Get("Preference-Applied") != "" {
			t.Errorf("%v", a.Header)
		}
		for _, prefer := range []string{"wait", "wait=", "wait=x", "wait=-1", "wait=0", "wait=1.5", "waiting=20", "respond-async", ";;,,=="} {
			a := p.call("GET", "/v1/shipments/"+booking.IDByReference(p.Tenant, ship.Test, "wait-ups"), nil, map[string]string{"Prefer": prefer})
			if p.want(a, 200, ""); a.Header.Get("Preference-Applied") != "" {
				t.Errorf("%s: %v", prefer, a.Header)
			}
		}
		a = p.call("GET", "/v1/shipments/"+booking.IDByReference(p.Tenant, ship.Test, "wait-ups"), nil, map[string]string{"Prefer": `Wait="1000"; x=y`})
		if p.want(a, 200, ""); a.Header.Get("Preference-Applied") != "wait=20" {
			t.Errorf("%v", a.Header)
		}
	})
}
