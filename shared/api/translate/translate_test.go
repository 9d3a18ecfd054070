package translate_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/api/contract"
	"github.com/fairlead/fairlead/shared/api/translate"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/ship"
)

// whole says everything that a request can say, but confirm and rate, which are no part of a shipment.
const whole = `{
	"reference": "r-1", "order_number": "o-1", "priority": "urgent", "service": "cheapest", "carrier_account": "ca_1",
	"filter": {"services": ["a", "b"], "max_business_days": 3, "max_total": {"amount": 1999, "currency": "EUR"}},
	"ship_from": {"name": "Ann", "company": "A", "phone": "1", "email": "a@example.com", "lines": ["1", "2"], "city": "Berlin", "state": "BE", "postcode": "10115", "country": "DE", "tax_id": "DE1", "residential": false},
	"ship_to": {"name": "Bob", "company": "B", "phone": "2", "email": "b@example.com", "lines": ["3"], "city": "New York", "state": "NY", "postcode": "10001", "country": "US", "tax_id": "US1", "residential": true},
	"parcels": [{"weight_g": 1, "length_mm": 2, "width_mm": 3, "height_mm": 4}],
	"customs": {"contents": "gift", "incoterm": "DAP", "invoice_number": "i", "invoice_date": "2026-11-21", "note": "n",
		"items": [{"description": "d", "quantity": 2, "unit_value": {"amount": 5, "currency": "EUR"}, "unit_weight_g": 6, "origin_country": "PT", "hs_code": "610910", "sku": "s"}]},
	"label": {"format": "pdf", "size": "a4"}, "metadata": {"k": "v"}}`

func TestARequestComesBackWhole(t *testing.T) {
	var in v1.ShipmentRequest
	if err := json.Unmarshal([]byte(whole), &in); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, translate.Request(translate.Shipment(in))); diff != "" {
		t.Error(diff)
	}
}

// A field that is new in the contract must be carried over: it has to be in the request above.
func TestTheRequestSaysEverything(t *testing.T) {
	var parsed any
	if err := json.Unmarshal([]byte(whole), &parsed); err != nil {
		t.Fatal(err)
	}
	var visit func(at string, s *openapi3.Schema, v any)
	visit = func(at string, s *openapi3.Schema, v any) {
		if list, ok := v.([]any); ok {
			visit(at+"[]", s.Items.Value, list[0])
			return
		}
		said, _ := v.(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
			if path := at + "." + name; said[name] == nil && path != ".confirm" && path != ".rate" {
				t.Errorf("%s is not there", path)
			} else if said[name] != nil {
				visit(path, s.Properties[name].Value, said[name])
			}
		}
	}
	visit("", contract.Document().Components.Schemas["ShipmentRequest"].Value, parsed)
}

func TestDefaults(t *testing.T) {
	got := translate.Shipment(v1.ShipmentRequest{})
	if got.Priority != ship.Standard || got.Label != (ship.LabelSpec{Format: ship.ZPL, Size: ship.Size4x6}) {
		t.Errorf("got %+v", got)
	}
}

func TestARateStandsForServiceAndAccount(t *testing.T) {
	got := translate.Request(ship.Shipment{Service: "s", CarrierAccount: "ca_1", Quote: &ship.Quote{ID: "rate_1_0"}})
	if got.Service != nil || got.CarrierAccount != nil || *got.Rate != "rate_1_0" {
		t.Errorf("got %+v", got)
	}
}
