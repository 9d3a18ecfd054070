package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/infra/local/endtoend"
)

// known is what hooks.py is told: what to put in the place of the contract's own examples, and what must stay.
type known struct {
	Examples   map[string]string            `json:"examples"`   // by what stands in infra/openapi.yaml
	Operations map[string]map[string]string `json:"operations"` // an operation's own examples of its parameters
	Bodies     map[string]map[string]object `json:"bodies"`     // an operation's good bodies, by a name of their own
	Parts      map[string]any               `json:"parts"`      // of a good order, by their names in a body
	Drafts     []string                     `json:"drafts"`     // to be confirmed and changed in turn
	Keep       []string                     `json:"keep"`       // ids that no case may delete or cancel: everything else rests on them
}

// fits tells whether the contract has everything that is meant to be replaced in it: else the cases would be about
// nothing, and succeed.
func (k known) fits(document string) error {
	var missing []error
	for _, example := range slices.Sorted(maps.Keys(k.Examples)) {
		if !strings.Contains(document, example) {
			missing = append(missing, fmt.Errorf("it has no example %s", example))
		}
	}
	for _, operation := range slices.Concat(slices.Sorted(maps.Keys(k.Operations)), slices.Sorted(maps.Keys(k.Bodies))) {
		if !strings.Contains(document, "operationId: "+operation+"\n") {
			missing = append(missing, fmt.Errorf("it has no operation %s", operation))
		}
	}
	return errors.Join(missing...)
}

// object is one of JSON.
type object = map[string]any

// words are the values of each dictionary that schemathesis.toml binds to parameters.
type words map[string][]string

// prepare makes two tenants, one with something of everything, and writes down its ids. document is the contract.
func (s *stand) prepare(ctx context.Context, document string) (err error) {
	if s.owner, err = s.stack.Shipper(ctx, "Contract"); err != nil {
		return err
	}
	if s.neighbour, err = s.stack.Shipper(ctx, "Neighbour"); err != nil {
		return err
	}
	m := &maker{ctx: ctx, p: s.owner, hook: s.hook, words: words{}}
	k := m.everything()
	if m.err != nil {
		return fmt.Errorf("preparing: %w", m.err)
	}
	text, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	if err := k.fits(string(text)); err != nil {
		return fmt.Errorf("%s: %w", document, err)
	}
	if err := s.writeAuth(); err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(s.data, "known.json"), k); err != nil {
		return err
	}
	for name, values := range m.words {
		var text strings.Builder
		for _, v := range values {
			fmt.Fprintf(&text, "%q\n", v)
		}
		if err := os.WriteFile(filepath.Join(s.data, name+".dict"), []byte(text.String()), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// writeAuth writes both tenants' keys for schemathesis: what one has, the other must not see.
func (s *stand) writeAuth() error {
	type header struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	type user struct {
		Name    string   `json:"name"`
		Headers []header `json:"fixedHeaders"`
	}
	users := []user{
		{"owner", []header{{"Authorization", "Bearer " + s.owner.Key}}},
		{"neighbour", []header{{"Authorization", "Bearer " + s.neighbour.Key}}},
	}
	return writeJSON(filepath.Join(s.data, "auth.json"), object{"auth": users})
}

func writeJSON(file string, v any) error {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, raw, 0o600)
}

// maker makes things over the API. The first error stays, and nothing is made after it.
type maker struct {
	ctx   context.Context
	p     *endtoend.Shipper
	hook  string
	words words
	err   error
}

// call expects success and returns the answer.
func (m *maker) call(method, path string, body any, header map[string]string) endtoend.Answer {
	if m.err != nil {
		return endtoend.Answer{}
	}
	a, err := m.p.Call(m.ctx, method, path, body, header)
	if err == nil && a.Status/100 != 2 {
		err = fmt.Errorf("%s %s: %d %s", method, path, a.Status, a.Body)
	}
	m.err = err
	return a
}

// add makes n things of a kind, puts their ids in a dictionary and returns the first's.
func (m *maker) add(n int, dictionary, path string, body any) string {
	for range n {
		m.words[dictionary] = append(m.words[dictionary], m.call("POST", path, body, nil).Str("id"))
	}
	return m.words[dictionary][len(m.words[dictionary])-n]
}

// spare is how many more there are of what cases may delete or change for good, in dictionaries of their own.
const spare = 4

// drafts is how many there are: each can be confirmed once only.
const drafts = 60

// everything makes something of all that the API is about. What stands for the contract's example of a shipment is
// booked and has a label; drafts are in a dictionary of their own.
func (m *maker) everything() known {
	sim := m.add(1, "accounts", "/v1/carrier-accounts", object{"carrier": "sim", "number": "1"})
	m.words["accounts"] = append(m.words["accounts"], m.p.Account)
	m.add(spare, "spare-accounts", "/v1/carrier-accounts", object{"carrier": "sim", "number": "2"})
	endpoint := m.add(1, "endpoints", "/v1/callback-endpoints", object{"url": m.hook})
	m.add(spare, "endpoints", "/v1/callback-endpoints", object{"url": m.hook, "events": []string{"shipment.booked"}})
	key := m.add(spare, "keys", "/v1/api-keys", object{"name": "spare", "scopes": []string{"read"}})
	m.words["hooks"] = []string{m.hook}

	booked := m.shipments(sim)
	batch := m.batch(sim, "batches")
	m.batch(sim, "spare-batches")
	rates := m.call("POST", "/v1/rates", rated(order(sim, "", false)), nil)
	m.words["rates"] = ids(rates)
	if len(m.words["rates"]) == 0 && m.err == nil {
		m.err = fmt.Errorf("there are no rates: %s", rates.Body)
	}
	if m.err != nil {
		return known{}
	}
	abroad := declared(m.p.Account, "by-ups")
	return known{
		Examples: map[string]string{
			"shp_k5ql4vdyx2mvkx4w7m3bq2c6ee": booked, "bat_k5ql4vdyx2mvkx4w7m3bq2c6ee": batch, "ca_01jd3v5x8z6q4m2n7p9r0s1t2v": sim,
			"ce_01jd3v5x8z6q4m2n7p9r0s1t2v": endpoint, "c7k2mq5x4w3n6p2a": key, "rate_k5ql4vdyx2mvkx4w7m3bq2c6ee_2": m.words["rates"][0],
			"https://example.com/fairlead": m.hook, "ups_ground": "sim_ground", "wait=20": "wait=1",
		},
		Operations: map[string]map[string]string{
			"confirmShipment":        {"id": m.words["drafts"][0], "If-Match": `"1"`},
			"updateShipment":         {"id": m.words["drafts"][1], "If-Match": `"1"`},
			"rateShipment":           {"id": m.words["drafts"][2]},
			"cancelShipment":         {"id": m.words["drafts"][3], "If-Match": `"1"`},
			"cancelBatch":            {"id": m.words["spare-batches"][0]},
			"getInvoice":             {"id": m.words["invoiced"][0]},
			"getLabels":              {"shipments": strings.Join(m.words["labelled"], ",")},
			"updateCarrierAccount":   {"id": m.words["spare-accounts"][0]},
			"deleteCarrierAccount":   {"id": m.words["spare-accounts"][1]},
			"updateCallbackEndpoint": {"id": m.words["endpoints"][1]},
			"deleteCallbackEndpoint": {"id": m.words["endpoints"][2]},
			"revokeApiKey":           {"id": m.words["keys"][1]},
		},
		Bodies: map[string]map[string]object{
			"createShipment": {
				"by service":         order(sim, "by-service", true),
				"by rate":            byRate(order(sim, "by-rate", true), m.words["rates"][0]),
				"the cheapest":       by(order(sim, "cheapest", true), "service", "cheapest"),
				"of the UPS account": abroad,
			},
			"updateShipment": {
				"heavier, without a number": {"parcels": []any{object{"weight_g": 1500}}, "order_number": nil},
				"to somebody else":          {"ship_to": abroad["ship_from"]},
				"another label":             {"label": object{"format": "pdf", "size": "a4"}},
			},
			"createRates": {"in the country": rated(order(sim, "", false)), "across a border": rated(abroad)},
		},
		Parts:  object{"ship_from": abroad["ship_from"], "ship_to": abroad["ship_from"], "address": abroad["ship_from"], "customs": abroad["customs"], "label": object{"size": "4x6"}},
		Drafts: m.words["drafts"],
		Keep:   slices.Concat([]string{sim, m.p.Account, endpoint, strings.Split(m.p.Key, "_")[2], key, booked, batch}, m.words["labelled"], m.words["invoiced"]),
	}
}

// batch makes a batch of which one row is booked, one is a draft and one is rejected.
func (m *maker) batch(account, dictionary string) string {
	rows := []any{printed(account, dictionary+"-1", "gif"), order(account, dictionary+"-2", false), object{}}
	id := m.call("POST", "/v1/batches", object{"shipments": rows}, map[string]string{"Idempotency-Key": dictionary}).Str("id")
	m.words[dictionary] = append(m.words[dictionary], id)
	m.await("/v1/batches/"+id, func(a endtoend.Answer) bool {
		progress, _ := a.JSON["progress"].(object)
		return progress["booked"] == 1.0
	})
	return id
}

// bookedWithin is how long the stack may take to book what is prepared.
const bookedWithin = time.Minute

// shipments makes drafts, and shipments in all the states that a carrier can bring about at once. It returns the id of
// one that is booked.
func (m *maker) shipments(account string) string {
	for i := range drafts {
		m.add(1, "drafts", "/v1/shipments", order(account, fmt.Sprintf("draft-%d", i), false))
	}
	for _, reference := range []string{"refused-sim-refused", "unknown-sim-unknown-held", "cancelled"} {
		m.add(1, "shipments", "/v1/shipments", order(account, reference, reference != "cancelled"))
	}
	m.call("POST", "/v1/shipments/"+m.words["shipments"][2]+"/cancel", nil, nil)
	for i := range 3 * spare {
		m.add(1, "spare-shipments", "/v1/shipments", order(account, fmt.Sprintf("void-%d", i), i%2 == 0))
	}
	booked := m.add(1, "shipments", "/v1/shipments", order(account, "booked", true))
	for _, format := range []string{"gif", "pdf"} {
		m.words["labelled"] = append(m.words["labelled"], m.add(1, "shipments", "/v1/shipments", printed(account, "booked-"+format, format)))
	}
	m.words["invoiced"] = []string{m.add(1, "shipments", "/v1/shipments", declared(m.p.Account, "abroad"))}
	for _, id := range slices.Concat([]string{booked}, m.words["labelled"], m.words["invoiced"]) {
		m.words["numbers"] = append(m.words["numbers"], m.await("/v1/shipments/"+id, func(a endtoend.Answer) bool { return a.Str("document") == "ready" }).Str("tracking_number"))
	}
	m.words["references"] = []string{"booked", "draft-0", "abroad"}
	return booked
}

// await asks until the answer is what is waited for.
func (m *maker) await(path string, done func(endtoend.Answer) bool) endtoend.Answer {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(bookedWithin); ; <-tick.C {
		a := m.call("GET", path, nil, nil)
		if m.err != nil || done(a) {
			return a
		}
		if time.Now().After(end) {
			m.err = fmt.Errorf("%s is not booked within %v: %s", path, bookedWithin, a.Body)
		}
	}
}

// order is a good order for the test carrier.
func order(account, reference string, confirm bool) object {
	return object{"reference": reference, "confirm": confirm, "service": "sim_ground", "carrier_account": account,
		"ship_from": object{"name": "Cedar Books", "lines": []string{"1208 SE Hawthorne Blvd"}, "city": "Portland", "state": "OR", "postcode": "97214", "country": "US", "phone": "5035550142"},
		"ship_to":   object{"name": "Jo Doe", "lines": []string{"100 Main Street"}, "city": "New York", "state": "NY", "postcode": "10001", "country": "US"},
		"parcels":   []any{object{"weight_g": 1200, "length_mm": 300, "width_mm": 200, "height_mm": 100}}}
}

// printed is a good order with a label in a format.
func printed(account, reference, format string) object {
	return by(order(account, reference, true), "label", object{"format": format})
}

// declared is a good order for UPS across a customs border, for which it makes an invoice.
func declared(account, reference string) object {
	o := order(account, reference, true)
	o["service"] = "ups_express_saver"
	o["ship_to"] = object{"name": "Jo Doe", "lines": []string{"Unter den Linden 1"}, "city": "Berlin", "postcode": "10117", "country": "DE", "phone": "+49301234567"}
	o["customs"] = object{"contents": "merchandise", "incoterm": "DAP", "invoice_number": "INV-7", "items": []any{object{
		"description": "Books", "quantity": 1, "unit_value": object{"amount": 1500, "currency": "USD"}, "unit_weight_g": 900, "origin_country": "US", "hs_code": "490199", "sku": "B-1"}}}
	return o
}

// by is an order with another value of a member.
func by(o object, member string, value any) object {
	o[member] = value
	return o
}

// byRate is an order that names its service and account by a rate.
func byRate(o object, rate string) object {
	delete(o, "service")
	delete(o, "carrier_account")
	return by(o, "rate", rate)
}

// rated is the part of an order that rates are asked for.
func rated(o object) object {
	r := object{"carrier_accounts": []any{o["carrier_account"]}, "ship_from": o["ship_from"], "ship_to": o["ship_to"], "parcels": o["parcels"]}
	if customs, abroad := o["customs"]; abroad {
		r["customs"] = customs
	}
	return r
}

// ids are those of a page's objects.
func ids(a endtoend.Answer) []string {
	data, _ := a.JSON["data"].([]any)
	var out []string
	for _, d := range data {
		o, _ := d.(object)
		id, _ := o["id"].(string)
		out = append(out, id)
	}
	return out
}
