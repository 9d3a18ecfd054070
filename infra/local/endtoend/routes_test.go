package endtoend_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
)

// things are an object of each kind that a tenant has, by the path that leads to it.
type things map[string]string

// things makes one of each.
func (p *shipper) things() things {
	p.t.Helper()
	o := p.Order("thing-in-a-batch")
	o["confirm"] = false
	b := p.call("POST", "/v1/batches", map[string]any{"shipments": []any{o}}, map[string]string{"Idempotency-Key": "thing"})
	p.want(b, 202, "")
	await(p.t, 30*time.Second, "the batch", func() bool {
		return p.call("GET", "/v1/batches/"+b.Str("id"), nil, nil).Str("status") == "created"
	}, nil)
	k := p.call("POST", "/v1/api-keys", map[string]any{"name": "a thing"}, nil)
	p.want(k, 201, "")
	return things{
		"/v1/shipments/": p.call("POST", "/v1/shipments", p.Order("thing"), nil).Str("id"), "/v1/batches/": b.Str("id"), "/v1/api-keys/": k.Str("id"),
		"/v1/carrier-accounts/": p.Account, "/v1/callback-endpoints/": p.receiver(nil).id,
	}
}

// nowhere are ids of every kind that nobody has.
func nowhere() things {
	return things{"/v1/shipments/": "shp_aaaaaaaaaaaaaaaaaaaaaaaaaa", "/v1/batches/": "bat_aaaaaaaaaaaaaaaaaaaaaaaaaa", "/v1/api-keys/": "aaaaaaaaaaaaaaaa",
		"/v1/carrier-accounts/": "ca_00000000000000000000000000", "/v1/callback-endpoints/": "ce_00000000000000000000000000"}
}

// path is an operation's, with the ids of these things in it.
func (x things) path(op api.Operation) string {
	kind, rest, has := strings.Cut(op.Path, "{id}")
	switch {
	case has:
		return kind + x[kind] + rest
	case op.Name == v1.OpGetLabels.Name:
		return op.Path + "?shipments=" + x["/v1/shipments/"]
	}
	return op.Path
}

// body is a good one for an operation, nil for one that takes none.
func (p *shipper) body(op api.Operation) any {
	o := p.Order("thing " + op.Name)
	return map[string]any{
		"createShipment": o, "updateShipment": map[string]any{"order_number": "1001"}, "createBatch": map[string]any{"shipments": []any{o}},
		"createRates":          map[string]any{"ship_from": o["ship_from"], "ship_to": o["ship_to"], "parcels": o["parcels"]},
		"validateAddress":      map[string]any{"carrier_account": p.Account, "address": o["ship_to"]},
		"createCarrierAccount": map[string]any{"carrier": "ups", "number": "A1B2C3", "credentials": map[string]any{"client_id": "i", "client_secret": "hush-4"}},
		"updateCarrierAccount": map[string]any{"name": "east"}, "createCallbackEndpoint": map[string]any{"url": "https://example.com/hook"},
		"updateCallbackEndpoint": map[string]any{"disabled": true}, "rotateCallbackSecret": map[string]any{"overlap_s": 60}, "createApiKey": map[string]any{"name": "another", "scopes": []any{"read"}},
	}[op.Name]
}

// try calls an operation on these things with all that it may ask for, but for what is said otherwise.
func (p *shipper) try(op api.Operation, on things, header map[string]string) answer {
	p.t.Helper()
	h := map[string]string{"If-Match": `"1"`, "Idempotency-Key": "try " + op.Name}
	maps.Copy(h, header)
	return p.call(op.Method, on.path(op), p.body(op), h)
}

// with is the tenant with another of its keys.
func (p *shipper) with(key string) *shipper {
	mine, other := *p, *p.Shipper
	other.Key, mine.Shipper = key, &other
	return &mine
}

// live is the tenant in live mode.
func (p *shipper) live() *shipper {
	p.t.Helper()
	var made struct {
		APIKey struct{ Secret string } `json:"api_key"`
	}
	p.invoke("create-tenant", map[string]string{"tenant": p.Tenant, "mode": "live"}, &made)
	return p.with(made.APIKey.Secret)
}

// scoped is the tenant with a new key of these scopes.
func (p *shipper) scoped(scopes ...string) *shipper {
	p.t.Helper()
	k := p.call("POST", "/v1/api-keys", map[string]any{"name": strings.Join(scopes, " "), "scopes": scopes}, nil)
	p.want(k, 201, "")
	return p.with(k.Str("key"))
}

// routes calls every operation of the contract as somebody who may not.
func routes(t *testing.T, s *stack, sim *simulator) {
	p := s.shipper("Routes")
	mine := p.things()
	for who, other := range map[string]*shipper{"another tenant": s.shipper("Routes' neighbour"), "the other mode": p.live()} {
		theirs := other.in(t)
		p.unchanged(t, sim, "what is the tenant's is nowhere for "+who, func(t *testing.T, _ *shipper) { strangers(t, theirs, mine) })
	}
	p.unchanged(t, sim, "a key without the operation's scope is 403, and one with nothing else is let in", func(t *testing.T, p *shipper) { scopes(t, p, mine) })
	p.unchanged(t, sim, "an Api-Version that there is not is 400", func(t *testing.T, p *shipper) {
		for _, op := range v1.Operations {
			refused(t, p.try(op, mine, map[string]string{"Api-Version": "2020-02-02"}), 400, "unknown_api_version")
		}
	})
	p.unchanged(t, sim, "without a key only the contract is to be had", func(t *testing.T, p *shipper) {
		for _, op := range v1.Operations {
			switch a := p.try(op, mine, map[string]string{"Authorization": ""}); {
			case op.Scope != "":
				refused(t, a, 401, "unauthorized")
			case a.Status != 200 || len(a.Body) < 1000:
				t.Errorf("%s: %d %.200q", op.Name, a.Status, a.Body)
			}
		}
	})
}

// strangers are those whose key opens other objects than these.
func strangers(t *testing.T, p *shipper, mine things) {
	for _, op := range v1.Operations {
		if op.Scope == "" || !strings.Contains(op.Path, "{id}") {
			continue
		}
		t.Run(op.Name+" is 404, as for an id that nobody has", func(t *testing.T) {
			p := p.in(t)
			kind, _, _ := strings.Cut(op.Path, "{id}")
			a, none := p.try(op, mine, nil), p.try(op, nowhere(), nil)
			refused(t, a, 404, "not_found")
			refused(t, none, 404, "not_found")
			if strings.ReplaceAll(a.Str("detail"), mine[kind], nowhere()[kind]) != none.Str("detail") {
				t.Errorf("%q, but %q", a.Str("detail"), none.Str("detail"))
			}
		})
	}
	t.Run("labels of it are not found", func(t *testing.T) {
		a := p.in(t).try(v1.OpGetLabels, mine, nil)
		if refused(t, a, 422, "invalid_request"); !slices.Equal(problemsOf(a), []string{"shipments[0]:not_found"}) {
			t.Errorf("%s", a.Body)
		}
	})
	t.Run("no list shows it", func(t *testing.T) {
		p := p.in(t)
		for _, op := range v1.Operations {
			if !slices.Contains(op.Query, "cursor") || strings.Contains(op.Path, "{id}") {
				continue
			}
			a := p.try(op, mine, nil)
			p.want(a, 200, "")
			for _, id := range mine {
				if strings.Contains(string(a.Body), id) {
					t.Errorf("%s shows %s", op.Path, id)
				}
			}
		}
		for _, q := range []string{"reference=thing", "status=draft"} {
			if a := p.call("GET", "/v1/shipments?"+q, nil, nil); len(a.JSON["data"].([]any)) != 0 {
				t.Errorf("%s: %s", q, a.Body)
			}
		}
	})
}

// scopes calls each operation with a key that has everything but its scope, and with one that has nothing else. The latter
// asks for what is not there, so that nothing changes.
func scopes(t *testing.T, p *shipper, mine things) {
	all := []string{api.ScopeRead, api.ScopeShip, api.ScopeAdmin}
	without, only := map[string]*shipper{}, map[string]*shipper{}
	for i, scope := range all {
		without[scope], only[scope] = p.scoped(slices.Delete(slices.Clone(all), i, i+1)...), p.scoped(scope)
	}
	for _, op := range v1.Operations {
		if op.Scope == "" {
			continue
		}
		t.Run(op.Name+" needs "+op.Scope, func(t *testing.T) {
			a := without[op.Scope].in(t).try(op, mine, nil)
			refused(t, a, 403, "scope_missing")
			if !strings.Contains(a.Str("detail"), "scope "+op.Scope) {
				t.Errorf("%s", a.Body)
			}
			if op.Method != http.MethodGet && !strings.Contains(op.Path, "{id}") {
				return // it would make something
			}
			if a := only[op.Scope].in(t).try(op, nowhere(), nil); a.Status == 401 || a.Status == 403 {
				t.Errorf("with %s alone: %d %s", op.Scope, a.Status, a.Body)
			}
		})
	}
	for scope := range only {
		for _, k := range []*shipper{without[scope], only[scope]} {
			if a := p.call("DELETE", "/v1/api-keys/"+strings.Split(k.Key, "_")[2], nil, nil); a.Status != 204 {
				t.Fatal(fmt.Sprint(a.Status), string(a.Body))
			}
		}
	}
}
