package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/client"
)

func TestList(t *testing.T) {
	pages := func() map[string][]answer {
		page := client.ShipmentPage{Object: client.ListObjectList, Data: []client.Shipment{shipment(client.StatusBooked), shipment(client.StatusFailed)}, NextCursor: new("c2")}
		last := client.ShipmentPage{Object: client.ListObjectList, Data: []client.Shipment{shipment(client.StatusDraft)}}
		return map[string][]answer{"GET /v1/shipments": {{status: 200, body: page}, {status: 200, body: last}}}
	}
	t.Run("shows a line for each, over all pages", func(t *testing.T) {
		s := serve(t, pages())
		r := s.fairlead("", "list", "-n", "0")
		r.ends(t, exitDone, "TRACKING", "SIM1", "failed", "draft")
		if n := strings.Count(r.out, "\n"); n != 4 {
			t.Errorf("%d lines", n)
		}
	})
	t.Run("no more than are wanted, and asks for no more", func(t *testing.T) {
		s := serve(t, pages())
		r := s.fairlead("", "list", "-n", "2", "-status", "booked", "-since", "2026-11-21T12:00:00Z", "-number", "SIM1", "-json")
		r.ends(t, exitDone)
		if n := strings.Count(r.out, "\n"); n != 2 {
			t.Errorf("%d lines", n)
		}
		for line := range strings.Lines(r.out) {
			if !json.Valid([]byte(line)) {
				t.Errorf("not JSON: %s", line)
			}
		}
		s.asked("GET /v1/shipments?created_after=2026-11-21T12%3A00%3A00Z&limit=2&status=booked&tracking_number=SIM1")
	})
	t.Run("an error after the first page ends with a failure", func(t *testing.T) {
		answers := pages()
		answers["GET /v1/shipments"][1] = refusal(403, "scope_missing")
		serve(t, answers).fairlead("", "list", "-n", "0").ends(t, exitFailed, "scope_missing")
	})
}

func TestMoment(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.FixedZone("", 3600))
	for s, want := range map[string]string{"90m": "2026-11-21T10:30:00+01:00", "24h": "2026-11-20T12:00:00+01:00", "2026-11-01": "2026-11-01T00:00:00+01:00", "2026-11-01T08:00:00Z": "2026-11-01T08:00:00Z"} {
		t.Run(s, func(t *testing.T) {
			if got, err := moment(s, now); err != nil || got.Format(time.RFC3339) != want {
				t.Errorf("%s, %v", got, err)
			}
		})
	}
	for _, s := range []string{"-1h", "soon", "2026-13-01"} {
		t.Run(s+" is none", func(t *testing.T) {
			if got, err := moment(s, now); err == nil {
				t.Errorf("%s", got)
			}
		})
	}
}

func TestMoney(t *testing.T) {
	for want, m := range map[string]client.Money{
		"12.34 USD": {Amount: 1234, Currency: "USD"}, "0.05 EUR": {Amount: 5, Currency: "EUR"}, "-0.05 EUR": {Amount: -5, Currency: "EUR"},
		"1234 JPY": {Amount: 1234, Currency: "JPY"}, "0.012 KWD": {Amount: 12, Currency: "KWD"}, "-92233720368547758.08 USD": {Amount: -1 << 63, Currency: "USD"}, "7 XXX": {Amount: 7, Currency: "XXX"},
	} {
		t.Run(want, func(t *testing.T) {
			if got := money(m); got != want {
				t.Error(got)
			}
		})
	}
}

func TestEvents(t *testing.T) {
	event := func(version int64, status client.Status, cause string) client.ShipmentEvent {
		return client.ShipmentEvent{Version: version, At: noon, Status: status, Cause: cause}
	}
	history := func(e ...client.ShipmentEvent) answer {
		return answer{status: 200, body: client.ShipmentEventPage{Object: client.ListObjectList, Data: e}}
	}
	one, two, three := event(1, client.StatusPending, "created"), event(2, client.StatusBooking, "label_requested"), event(3, client.StatusBooked, "label_generated")
	t.Run("what happened is shown", func(t *testing.T) {
		s := serve(t, map[string][]answer{"GET /v1/shipments/shp_1/events": {history(one, two)}})
		s.fairlead("", "events", "shp_1").ends(t, exitDone, "created", "label_requested")
	})
	t.Run("with -f what happens is shown once, until the end", func(t *testing.T) {
		at := func(version int64, status client.Status) client.Shipment {
			return shipment(status, func(s *client.Shipment) { s.Version = version })
		}
		s := serve(t, map[string][]answer{
			"GET /v1/shipments/shp_1/events": {history(one), history(one, two), history(one, two, three)},
			"GET /v1/shipments/shp_1":        {{status: 202, body: at(2, client.StatusBooking)}, {status: 200, body: at(3, client.StatusBooked)}},
		})
		r := s.fairlead("", "events", "-f", "shp_1")
		r.ends(t, exitDone)
		for _, cause := range []string{"created", "label_requested", "label_generated"} {
			if strings.Count(r.out, cause) != 1 {
				t.Errorf("%s is not shown once:\n%s", cause, r.out)
			}
		}
	})
	t.Run("a failed one ends with a failure", func(t *testing.T) {
		s := serve(t, map[string][]answer{"GET /v1/shipments/shp_1/events": {history(one)}, "GET /v1/shipments/shp_1": {{status: 200, body: shipment(client.StatusFailed)}}})
		s.fairlead("", "events", "-f", "shp_1", "-json").ends(t, exitFailed, `"cause":"created"`)
	})
}

func TestAccounts(t *testing.T) {
	account := client.CarrierAccount{ID: "ca_1", Object: client.CarrierAccountObjectCarrierAccount, Carrier: "ups", Number: "A1B2C3", Name: new("East"), Mode: client.ModeTest, CreatedAt: noon}
	t.Run("are listed", func(t *testing.T) {
		s := serve(t, map[string][]answer{"GET /v1/carrier-accounts": {{status: 200, body: client.CarrierAccountPage{Object: client.ListObjectList, Data: []client.CarrierAccount{account}}}}})
		s.fairlead("", "accounts").ends(t, exitDone, "ca_1", "ups", "A1B2C3", "East")
	})
	t.Run("one is added, and its credentials are not printed", func(t *testing.T) {
		s := serve(t, map[string][]answer{"POST /v1/carrier-accounts": {{status: 201, body: account}}})
		r := s.fairlead(`{"client_id": "i", "client_secret": "hush"}`, "accounts", "add", "-carrier", "ups", "-number", "A1B2C3", "-name", "East", "-credentials", "-")
		r.ends(t, exitDone, "ca_1")
		if strings.Contains(r.out+r.err, "hush") {
			t.Error("the credentials were printed")
		}
		s.asked(`POST /v1/carrier-accounts? {"carrier":"ups","credentials":{"client_id":"i","client_secret":"hush"},"name":"East","number":"A1B2C3"}`)
	})
	t.Run("credentials that are none are not printed either", func(t *testing.T) {
		s := serve(t, nil)
		r := s.fairlead(`{"client_secret": hush}`, "accounts", "add", "-carrier", "ups", "-number", "1", "-credentials", "-")
		r.ends(t, exitFailed, "a JSON object")
		if strings.Contains(r.out+r.err, "hush") {
			t.Error("the credentials were printed")
		}
	})
	t.Run("keys are listed", func(t *testing.T) {
		k := client.APIKey{ID: "k1", Object: client.APIKeyObjectAPIKey, Name: "till", Scopes: []client.Scope{client.ScopeRead, client.ScopeShip}, Mode: client.ModeTest, CreatedAt: noon}
		s := serve(t, map[string][]answer{"GET /v1/api-keys": {{status: 200, body: client.APIKeyPage{Object: client.ListObjectList, Data: []client.APIKey{k}}}}})
		s.fairlead("", "keys").ends(t, exitDone, "k1", "read,ship", "till")
	})
}

func TestRates(t *testing.T) {
	found := client.RateList{Object: client.RateListObjectRateList, ExpiresAt: noon, Problems: []client.RateProblem{{CarrierAccount: "ca_2", Source: client.SourceCarrier, Code: "110971", Detail: "No service"}},
		Data: []client.Rate{{ID: "rate_1", Object: client.RateObjectRate, Carrier: "sim", CarrierAccount: "ca_1", Service: "sim_standard", ServiceTitle: "Standard", Total: client.Money{Amount: 799, Currency: "USD"}, Charges: []client.Charge{}, BusinessDays: new(int64(3))}}}
	t.Run("of an order, as if it were booked", func(t *testing.T) {
		s := serve(t, map[string][]answer{"POST /v1/rates": {{status: 200, body: found}}})
		s.fairlead(order(named1+`"confirm": true, `), "rates", "-").ends(t, exitDone, "7.99 USD", "Standard", "rate_1", "ca_2 offers nothing: No service")
		s.asked(`POST /v1/rates? {"carrier_accounts":["ca_1"],"parcels":[{"weight_g":1200}],"ship_from":`)
	})
	t.Run("of a question as it is written", func(t *testing.T) {
		s := serve(t, map[string][]answer{"POST /v1/rates": {refusal(422, "invalid_request", client.FieldProblem{Field: "colour", Detail: "There is no such field."})}})
		s.fairlead(`{"colour": "red"}`, "rates", "-").ends(t, exitFailed, "There is no such field.")
		s.asked(`POST /v1/rates? {"colour": "red"}`)
	})
	t.Run("of a draft", func(t *testing.T) {
		s := serve(t, map[string][]answer{"POST /v1/shipments/shp_1/rates": {{status: 200, body: found}}})
		s.fairlead("", "rates", "shp_1", "-json").ends(t, exitDone, `"object":"rate_list"`)
	})
	t.Run("no offer is a failure, with its reasons", func(t *testing.T) {
		none := found
		none.Data = []client.Rate{}
		s := serve(t, map[string][]answer{"POST /v1/rates": {{status: 200, body: none}}})
		s.fairlead(order(""), "rates", "-").ends(t, exitFailed, "there is no rate", "No service")
	})
}
