package carriersim_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/infra/carriersim/fault"
)

func TestAdmin(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	r.book(t.Context(), "<script>alert(1)</script>", "")
	r.book(t.Context(), "plain", "error_after")
	t.Run("ledger is JSON by reference", func(t *testing.T) {
		var v struct {
			References []carriersim.Entry
			Bookings   int
			Live       int
		}
		g := r.send(t.Context(), http.MethodGet, "/_sim/ledger?reference=plain", "", "")
		if err := json.Unmarshal([]byte(g.body), &v); err != nil || v.Live != 1 || v.Bookings != 1 || v.References[0].Reference != "plain" {
			t.Errorf("%s: %v", g.body, err)
		}
	})
	t.Run("injected has every fault and counts", func(t *testing.T) {
		g := r.send(t.Context(), http.MethodGet, "/_sim/injected", "", "")
		if !strings.Contains(g.body, `"error_after": 1`) || !strings.Contains(g.body, `"drop_after": 0`) || !strings.Contains(g.body, `"booked": true`) {
			t.Error(g.body)
		}
	})
	t.Run("page escapes what callers sent and loads nothing", func(t *testing.T) {
		g := r.send(t.Context(), http.MethodGet, "/_sim/", "", "")
		if g.status != 200 || strings.Contains(g.body, "<script") || !strings.Contains(g.body, "&lt;script&gt;") || strings.Contains(g.body, "http://") || strings.Contains(g.body, "src=") {
			t.Error(g.body)
		}
	})
	t.Run("rules are added, replaced and removed", func(t *testing.T) {
		r.send(t.Context(), http.MethodPost, "/_sim/faults", `{"kind":"slow","operation":"ship","reference":"x"}`, "")
		r.send(t.Context(), http.MethodPost, "/_sim/faults", `{"kind":"late"}`, "")
		if n := len(r.sim.Faults()); n != 2 {
			t.Errorf("%d rules, want 2", n)
		}
		r.send(t.Context(), http.MethodPost, "/_sim/faults", `[{"kind":"empty","probability":50}]`, "")
		if f := r.sim.Faults(); len(f) != 1 || f[0].Kind != fault.Empty {
			t.Errorf("rules %v", f)
		}
		r.send(t.Context(), http.MethodDelete, "/_sim/faults", "", "")
		if n := len(r.sim.Faults()); n != 0 {
			t.Errorf("%d rules, want 0", n)
		}
	})
	t.Run("wrong rules are refused", func(t *testing.T) {
		for _, body := range []string{`{"kind":"nope"}`, `{"kind":"slow","operation":"x"}`, `{"kind":"slow","probability":1001}`, `{"kind":"slow","typo":1}`, `{`, `[{"kind":"slow"},{"kind":"x"}]`, `{"kind":"error_after","status":404}`, `{"kind":"slow","operation":"rates"}`} {
			if g := r.send(t.Context(), http.MethodPost, "/_sim/faults", body, ""); g.status != 400 || len(r.sim.Faults()) != 0 {
				t.Errorf("%s: %d, rules %v", body, g.status, r.sim.Faults())
			}
		}
		if g := r.book(t.Context(), "h", "nope"); g.status != 400 || r.sim.Live("h") != 0 {
			t.Errorf("header: %+v", g)
		}
	})
	t.Run("settings change alone", func(t *testing.T) {
		r.send(t.Context(), http.MethodPost, "/_sim/settings", `{"lag_ms":100,"polymorphic":true}`, "")
		r.send(t.Context(), http.MethodPost, "/_sim/settings", `{"slow_ms":2250}`, "")
		want := carriersim.Settings{LagMS: 100, Polymorphic: true, SlowMS: 2250, LateMS: 10_000, FaultLagMS: 60_000, VoidDays: 28}
		if diff := cmp.Diff(want, r.sim.Settings()); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("tokens are revoked", func(t *testing.T) {
		if g := r.send(t.Context(), http.MethodPost, "/_sim/tokens/revoke", "", ""); g.status != 200 {
			t.Errorf("%+v", g)
		}
		if g := r.book(t.Context(), "after", ""); g.status != 401 {
			t.Errorf("%+v", g)
		}
	})
}

func TestABookingOfTwoReferencesCountsOnce(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	for _, refs := range []string{`{"Value":"box-1"},{"Value":"order"}`, `{"Value":"box-2"},{"Value":"order"}`} {
		r.order(t.Context(), refs, "")
	}
	r.void(t.Context(), "box-1", "")
	for query, want := range map[string][2]int{"": {2, 1}, "?reference=order": {2, 1}, "?reference=box-1": {1, 0}} {
		var v struct{ Bookings, Live int }
		g := r.send(t.Context(), http.MethodGet, "/_sim/ledger"+query, "", "")
		if err := json.Unmarshal([]byte(g.body), &v); err != nil || v.Bookings != want[0] || v.Live != want[1] || !strings.Contains(g.body, `"voided_at"`) {
			t.Errorf("%s: %d bookings, %d live, want %v (%v)", query, v.Bookings, v.Live, want, err)
		}
	}
	r.order(t.Context(), `{"Value":"box-3"},{"Value":"order"}`, "")
	g := r.send(t.Context(), http.MethodGet, "/_sim/", "", "")
	if !strings.Contains(g.body, "2 live of 3 bookings under 4 references") || !strings.Contains(g.body, "None is booked more than once") || !strings.Contains(g.body, "voided ") {
		t.Error(g.body)
	}
	r.order(t.Context(), `{"Value":"box-3"},{"Value":"order"}`, "")
	if g := r.send(t.Context(), http.MethodGet, "/_sim/", "", ""); !strings.Contains(g.body, "1 booked more than once") {
		t.Error(g.body)
	}
}

func TestAdminIsForThisMachineOnly(t *testing.T) {
	sim := carriersim.New(carriersim.Options{})
	for remote, want := range map[string]int{"192.0.2.1:1234": 403, "[2001:db8::1]:9": 403, "": 403, "127.0.0.1:5": 200, "[::1]:5": 200} {
		req := httptest.NewRequest(http.MethodGet, "/_sim/ledger", nil)
		req.RemoteAddr = remote
		w := httptest.NewRecorder()
		sim.ServeHTTP(w, req)
		if w.Code != want {
			t.Errorf("from %q: %d, want %d", remote, w.Code, want)
		}
	}
	req := httptest.NewRequest(http.MethodPost, "/_sim/tokens/revoke", nil)
	req.RemoteAddr = "127.0.0.1:5"
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	if sim.ServeHTTP(w, req); w.Code != 403 {
		t.Errorf("from a web page: %d, want 403", w.Code)
	}
}
