package endtoend_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/infra/carriersim/fault"
)

// questions are those that book nothing: rates, addresses, carriers and the contract itself.
func questions(t *testing.T, s *stack, sim *simulator) {
	p := s.shipper("Questions")
	account := p.testCarrier()
	validate := func(p *shipper, account, line string, header map[string]string) answer {
		address := p.Order("")["ship_to"].(map[string]any)
		address["lines"] = []any{line}
		return p.call("POST", "/v1/addresses/validate", map[string]any{"carrier_account": account, "address": address}, header)
	}
	for line, want := range map[string]struct {
		verdict, place string
		candidates     int
	}{
		"100 Main Street": {"valid", "commercial", 1}, "12 Main Street Apt 4": {"valid", "residential", 1}, "1 Ambiguous 4": {"ambiguous", "", 4}, "Nowhere 5": {"unknown", "", 0}, "5 Misspelt Street": {"corrected", "commercial", 1},
	} {
		t.Run("UPS finds "+line+" "+want.verdict, func(t *testing.T) {
			a := validate(p.in(t), p.Account, line, nil)
			if a.Status != 200 || a.Str("verdict") != want.verdict || want.place != "" && a.Str("place") != want.place || len(list(a, "candidates")) != want.candidates {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		})
	}
	for line, want := range map[string]string{"1 Main St": "valid", "sim-address-corrected": "corrected", "sim-address-ambiguous": "ambiguous", "sim-address-unknown": "unknown"} {
		t.Run("the test carrier finds "+line+" "+want, func(t *testing.T) {
			if a := validate(p.in(t), account, line, nil); a.Status != 200 || a.Str("verdict") != want {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		})
	}
	t.Run("an answer is given again to the same key, and a carrier that is down is 503 and not kept", func(t *testing.T) {
		p := p.in(t)
		key := map[string]string{"Idempotency-Key": "address"}
		down := validate(p, account, "sim-address-down", key)
		if p.want(down, 503, "carrier_unavailable"); down.Header.Get("Retry-After") == "" || down.Str("source") != "carrier" {
			t.Errorf("%v %s", down.Header, down.Body)
		}
		first := validate(p, p.Account, "100 Main Street", map[string]string{"Idempotency-Key": "address-2"})
		again := validate(p, p.Account, "100 Main Street", map[string]string{"Idempotency-Key": "address-2"})
		if first.Header.Get("Idempotent-Replayed") != "" || again.Header.Get("Idempotent-Replayed") != "true" || string(first.Body) != string(again.Body) {
			t.Errorf("%s, then %v %s", first.Body, again.Header, again.Body)
		}
	})
	t.Run("an account that can't be asked is told beside the others' rates", func(t *testing.T) {
		p := p.in(t)
		q := question(p.Order(""))
		q["carrier_accounts"] = []any{p.Account, account, "ca_00000000000000000000000000"}
		a := p.call("POST", "/v1/rates", q, nil)
		p.want(a, 200, "")
		if problems := list(a, "problems"); len(problems) != 1 || problems[0]["code"] != "unknown_carrier_account" {
			t.Errorf("%s", a.Body)
		}
		carriers := column(list(a, "data"), "carrier")
		if !slices.Contains(carriers, "ups") || !slices.Contains(carriers, "sim") {
			t.Errorf("%v", carriers)
		}
		q["services"] = []any{"sim_express"}
		a = p.call("POST", "/v1/rates", q, nil)
		if got := column(list(a, "data"), "service"); !slices.Equal(got, []string{"sim_express"}) {
			t.Errorf("%v", got)
		}
	})
	t.Run("a carrier's no to rates is in its own words", func(t *testing.T) {
		p := p.in(t)
		if err := sim.SetFaults(append(sim.Faults(), fault.Fault{Kind: fault.Refuse, Operation: fault.Rate, Times: 1})...); err != nil {
			t.Fatal(err)
		}
		q := question(p.Order(""))
		q["carrier_accounts"] = []any{p.Account}
		a := p.call("POST", "/v1/rates", q, nil)
		if problems := list(a, "problems"); a.Status != 200 || len(problems) != 1 || problems[0]["source"] != "carrier" || problems[0]["code"] == "" || len(list(a, "data")) != 0 {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	})
	t.Run("the carriers are listed with what they can do", func(t *testing.T) {
		p := p.in(t)
		a := p.call("GET", "/v1/carriers", nil, nil)
		p.want(a, 200, "")
		if got := column(list(a, "data"), "name"); !slices.Equal(got, []string{"sim", "ups"}) {
			t.Errorf("%v", got)
		}
		for _, c := range list(a, "data") {
			if len(c["services"].([]any)) < 4 || len(c["can"].([]any)) != 4 || !slices.Contains(c["ship_from_countries"].([]any), any("DE")) {
				t.Errorf("%v", c)
			}
		}
	})
	t.Run("the contract and its page are for everybody", func(t *testing.T) {
		p := p.in(t)
		nobody := map[string]string{"Authorization": ""}
		if a := p.call("GET", "/v1/openapi.json", nil, nobody); a.Status != 200 || a.Str("openapi") != "3.0.3" {
			t.Errorf("%d %.300s", a.Status, a.Body)
		}
		if a := p.call("GET", "/v1/reference", nil, nobody); a.Status != 200 || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") || !strings.Contains(string(a.Body), `id="error-not_found"`) {
			t.Errorf("%d %v %.300s", a.Status, a.Header, a.Body)
		}
	})
}
