package endtoend_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/infra/carriersim/fault"
)

// all is every object of a list, page by page.
func (p *shipper) all(path string, limit int) []map[string]any {
	p.t.Helper()
	var out []map[string]any
	query := fmt.Sprint("?limit=", limit)
	for range 50 {
		a := p.call("GET", path+query, nil, nil)
		p.want(a, 200, "")
		if page := list(a, "data"); len(page) > limit {
			p.t.Fatalf("%d on a page of %d", len(page), limit)
		} else {
			out = append(out, page...)
		}
		next := a.Str("next_cursor")
		if next == "" {
			return out
		}
		query = fmt.Sprintf("?limit=%d&cursor=%s", limit, url.QueryEscape(next))
	}
	p.t.Fatal("a list without an end")
	return nil
}

// gone fails the test unless an object is nowhere any more.
func (p *shipper) gone(path string) {
	p.t.Helper()
	p.want(p.call("GET", path, nil, nil), 404, "not_found")
	p.want(p.call("DELETE", path, nil, nil), 404, "not_found")
}

// settings are keys, accounts and endpoints as resources.
func settings(t *testing.T, s *stack, sim *simulator) {
	keys(t, s.shipper("Keys"))
	accounts(t, s.shipper("Accounts"), sim)
	endpoints(t, s.shipper("Endpoints"))
}

func keys(t *testing.T, p *shipper) {
	first := strings.Split(p.Key, "_")[2]
	t.Run("a key is shown once, works, is listed without its secret, and is gone once revoked", func(t *testing.T) {
		p := p.in(t)
		body, header := map[string]any{"name": "warehouse"}, map[string]string{"Idempotency-Key": "key-1"}
		a := p.call("POST", "/v1/api-keys", body, header)
		p.want(a, 201, "")
		if !strings.HasPrefix(a.Str("key"), "fl_test_"+a.Str("id")+"_") || fmt.Sprint(a.JSON["scopes"]) != "[read ship]" {
			t.Errorf("%s", a.Body)
		}
		again := p.call("POST", "/v1/api-keys", body, header)
		if p.want(again, 409, "secret_shown_once"); again.Str("existing_id") != a.Str("id") || strings.Contains(string(again.Body), a.Str("key")) {
			t.Errorf("%s", again.Body)
		}
		p.want(p.call("POST", "/v1/api-keys", map[string]any{"name": "office"}, header), 422, "idempotency_key_reused")
		other := p.with(a.Str("key"))
		p.want(other.call("GET", "/v1/shipments", nil, nil), 200, "")
		path := "/v1/api-keys/" + a.Str("id")
		if got := p.call("GET", path, nil, nil); got.Str("name") != "warehouse" || got.JSON["key"] != nil {
			t.Errorf("%s", got.Body)
		}
		if got := column(p.all("/v1/api-keys", 1), "id"); len(got) != 2 || !slices.Contains(got, first) || !slices.Contains(got, a.Str("id")) {
			t.Errorf("%v", got)
		}
		if d := p.call("DELETE", path, nil, nil); d.Status != 204 || len(d.Body) != 0 {
			t.Errorf("%d %s", d.Status, d.Body)
		}
		p.gone(path)
	})
	t.Run("a key gives no scope that it lacks, and a revoked one leaves none behind", func(t *testing.T) {
		p := p.in(t)
		admin := p.scoped("admin")
		p.want(admin.call("POST", "/v1/api-keys", map[string]any{"name": "more", "scopes": []any{"admin", "ship"}}, nil), 403, "scope_escalation")
		if d := p.call("DELETE", "/v1/api-keys/"+strings.Split(admin.Key, "_")[2], nil, nil); d.Status != 204 {
			t.Errorf("%d %s", d.Status, d.Body)
		}
		// The gateway still trusts it for a minute.
		p.want(admin.call("POST", "/v1/api-keys", map[string]any{"name": "behind", "scopes": []any{"admin"}}, nil), 401, "unauthorized")
	})
	t.Run("a revoked key that the gateway has not seen is 401 at once", func(t *testing.T) {
		p := p.in(t)
		unseen := p.scoped("read")
		if d := p.call("DELETE", "/v1/api-keys/"+strings.Split(unseen.Key, "_")[2], nil, nil); d.Status != 204 {
			t.Errorf("%d %s", d.Status, d.Body)
		}
		p.want(unseen.call("GET", "/v1/shipments", nil, nil), 401, "unauthorized")
	})
	t.Run("the last key that can make others stays", func(t *testing.T) {
		p := p.in(t)
		p.want(p.call("DELETE", "/v1/api-keys/"+first, nil, nil), 409, "last_admin_key")
		p.want(p.call("POST", "/v1/api-keys", map[string]any{"name": "x", "scopes": []any{"root"}}, nil), 422, "invalid_request")
		p.want(p.call("POST", "/v1/api-keys", map[string]any{"name": " "}, nil), 422, "invalid_request")
	})
}

func accounts(t *testing.T, p *shipper, sim *simulator) {
	var made []string
	t.Run("accounts are listed page by page, changed and deleted", func(t *testing.T) {
		p := p.in(t)
		made = append(made, p.Account, p.testCarrier())
		for i := range 3 {
			id, err := p.AddAccount(t.Context(), i == 1)
			if err != nil {
				t.Fatal(err)
			}
			made = append(made, id)
		}
		got := p.all("/v1/carrier-accounts", 2)
		slices.Sort(made)
		if ids := column(got, "id"); !slices.Equal(slices.Sorted(slices.Values(ids)), made) {
			t.Errorf("%v, want %v", ids, made)
		}
		path := "/v1/carrier-accounts/" + made[len(made)-1]
		a := p.call("PATCH", path, map[string]any{"name": "east", "rebook_on_absent": true, "credentials": map[string]any{"client_id": "i", "client_secret": "hush-5"}}, nil)
		if p.want(a, 200, ""); a.Str("name") != "east" || a.JSON["rebook_on_absent"] != true || strings.Contains(string(a.Body), "hush") {
			t.Errorf("%s", a.Body)
		}
		if got := p.call("GET", path, nil, nil); string(got.Body) != string(a.Body) {
			t.Errorf("%s, want %s", got.Body, a.Body)
		}
		fixed := p.call("PATCH", path, map[string]any{"number": "C1C2C3"}, nil)
		if p.want(fixed, 422, "invalid_request"); !slices.Equal(problemsOf(fixed), []string{"number:immutable"}) {
			t.Errorf("%s", fixed.Body)
		}
		for _, body := range []map[string]any{{}, {"credentials": map[string]any{"client_id": "i"}}} {
			if a := p.call("PATCH", path, body, nil); a.Status != 422 {
				t.Errorf("%v: %d %s", body, a.Status, a.Body)
			}
		}
		if a := p.call("PATCH", path, map[string]any{"name": nil}, nil); a.Status != 200 || a.JSON["name"] != nil {
			t.Errorf("%d %s", a.Status, a.Body)
		}
		if d := p.call("DELETE", path, nil, nil); d.Status != 204 {
			t.Errorf("%d %s", d.Status, d.Body)
		}
		p.gone(path)
	})
	t.Run("what is not booked yet fails without its account, and is booked with another", func(t *testing.T) {
		p := p.in(t)
		id, err := p.AddAccount(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		o := p.Order("account-gone")
		o["carrier_account"] = id
		a := p.call("POST", "/v1/shipments", o, nil)
		p.fresh(a, 201)
		p.want(p.call("DELETE", "/v1/carrier-accounts/"+id, nil, nil), 204, "")
		path := "/v1/shipments/" + a.Str("id")
		a = p.call("POST", path+"/confirm", nil, map[string]string{"If-Match": a.Header.Get("ETag"), "Prefer": "wait=20"})
		if a.Str("status") != "failed" || a.JSON["error"].(map[string]any)["code"] != "carrier_account_missing" {
			t.Fatalf("%s", a.Body)
		}
		a = p.call("PATCH", path, map[string]any{"carrier_account": p.Account}, map[string]string{"If-Match": a.Header.Get("ETag")})
		p.want(a, 200, "")
		a = p.call("POST", path+"/confirm", nil, map[string]string{"If-Match": a.Header.Get("ETag"), "Prefer": "wait=20"})
		if a.Str("status") != "booked" {
			t.Errorf("%s", a.Body)
		}
	})
	t.Run("a login that is refused is corrected, and the shipment confirmed again", func(t *testing.T) { relogin(t, p.in(t), sim) })
}

// relogin books with wrong credentials, corrects them, and books.
func relogin(t *testing.T, p *shipper, sim *simulator) {
	secret := func(s string) map[string]any { return map[string]any{"client_id": "test", "client_secret": s} }
	acct := p.call("POST", "/v1/carrier-accounts", map[string]any{"carrier": "ups", "number": "D1B2C3", "credentials": secret("wrong")}, nil)
	p.want(acct, 201, "")
	o := p.Confirmed("relogin")
	o["carrier_account"] = acct.Str("id")
	a := p.call("POST", "/v1/shipments", o, waiting)
	if a.Str("status") != "failed" || a.JSON["error"].(map[string]any)["code"] != "login_refused" {
		t.Fatalf("%s", a.Body)
	}
	p.want(p.call("PATCH", "/v1/carrier-accounts/"+acct.Str("id"), map[string]any{"credentials": secret("right")}, nil), 200, "")
	a = p.call("POST", "/v1/shipments/"+a.Str("id")+"/confirm", nil, map[string]string{"If-Match": a.Header.Get("ETag"), "Prefer": "wait=20"})
	if a.Str("status") != "booked" || sim.asked(fault.Ship, a.Str("id")) != 1 {
		t.Errorf("%s, %d calls", a.Body, sim.asked(fault.Ship, a.Str("id")))
	}
}
