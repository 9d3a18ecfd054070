package ups

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/goccy/go-yaml"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// erratum is one place where UPS's own schema contradicts UPS's own text or recorded answers.
type erratum struct {
	Pointer string          `json:"pointer"` // JSON pointer into Shipping.yaml
	Value   json.RawMessage `json:"value"`   // what stands there instead; absent: it is removed
	Reason  string          `json:"reason"`
}

// orders are one of each kind of request the adapter can send.
func orders() map[string]carrier.Order {
	m := map[string]carrier.Order{}
	for _, f := range []ship.LabelFormat{ship.ZPL, ship.GIF, ship.PDF} {
		n := string(f)
		m["US to US, "+n] = order(format(f))
		m["PR to PR, "+n] = order(format(f), within("PR", "", "00907-1234", "ups_2nd_day_air"))
		m["PR as a state of the US, "+n] = order(format(f), within("US", "PR", "00907", "ups_ground"))
		m["GB to GB, "+n] = order(format(f), within("GB", "", "SW1A 1AA", "ups_express_saver"))
		m["DE to DE, "+n] = order(format(f), within("DE", "BE", "10117", "ups_standard"))
		m["CA to CA, "+n] = order(format(f), within("CA", "ON", "K1A 0B1", "ups_standard"))
		if f != ship.GIF {
			m["several parcels, "+n] = order(format(f), parcels(20))
			m["several parcels in GB, "+n] = order(format(f), parcels(3), within("GB", "", "SW1A 1AA", "ups_standard"))
		}
	}
	m["everything at its longest"] = order(func(o *carrier.Order) {
		long := ship.Address{Name: strings.Repeat("ü", 35), Company: strings.Repeat("Ö", 35), Phone: strings.Repeat("4", 15),
			Email: strings.Repeat("e", 38) + "@example.com", Lines: []string{strings.Repeat("a", 35), strings.Repeat("b", 35), strings.Repeat("c", 35)},
			City: strings.Repeat("ß", 30), Postcode: "10117", Country: "DE"}
		o.Shipment.From, o.Shipment.To, o.Shipment.Service = long, long, "ups_express"
		o.Reference = strings.Repeat("R", 30)
		o.Shipment.Parcels = []ship.Parcel{{Weight: 70_000, Length: 1000, Width: 500, Height: 500}}
	})
	m["everything at its least"] = order(func(o *carrier.Order) {
		least := ship.Address{Name: "N", Lines: []string{"1"}, City: "C", State: "MD", Postcode: "21030", Country: "US"}
		o.Shipment.From, o.Shipment.To, o.Reference = least, least, "R"
		o.Shipment.Parcels = []ship.Parcel{{Weight: 1}}
	})
	for code, s := range adapter("").Describe().Services {
		cc := s.From[0]
		m["service "+code] = order(within(cc, map[string]string{"US": "MD", "CA": "ON"}[cc], map[string]string{"US": "21030", "CA": "K1A0B1", "GB": "SW1A 1AA", "DE": "10117"}[cc], code))
	}
	return m
}

// bodies are the request bodies the adapter sends for an order: schema name and body.
func bodies(t *testing.T, o carrier.Order) [][2]string {
	t.Helper()
	s := newServer(t, nil) // it answers 418: what matters is what was sent
	u := adapter(s.URL)
	if p := u.Check(o.Shipment); len(p) > 0 {
		t.Fatalf("the order fails the check: %v", p)
	}
	u.Book(t.Context(), o, testCall())
	u.Find(t.Context(), o, testCall())
	u.Label(t.Context(), o, number1, testCall())
	var list [][2]string
	for _, r := range s.requests(shipPath) {
		list = append(list, [2]string{"ship", r.body})
	}
	for _, r := range s.requests(recPath) {
		list = append(list, [2]string{"recovery", r.body})
	}
	if len(list) != 3 {
		t.Fatalf("%d requests with a body, want a booking and two recoveries", len(list))
	}
	return list
}

// validateAll checks every request of every order.
func validateAll(t *testing.T, schemas map[string]*openapi3.Schema) {
	for name, o := range orders() {
		t.Run(name, func(t *testing.T) {
			for _, b := range bodies(t, o) {
				var v any
				if err := json.Unmarshal([]byte(b[1]), &v); err != nil {
					t.Fatal(err)
				}
				if err := schemas[b[0]].VisitJSON(v, openapi3.MultiErrors()); err != nil {
					t.Errorf("%s: %s", b[0], reasons(err))
				}
			}
		})
	}
}

// reasons lists where and why, without the schemas that a kin-openapi error repeats.
func reasons(err error) string {
	if many, ok := errors.AsType[openapi3.MultiError](err); ok {
		var all []string
		for _, e := range many {
			all = append(all, reasons(e))
		}
		return strings.Join(all, "; ")
	}
	if one, ok := errors.AsType[*openapi3.SchemaError](err); ok {
		return "/" + strings.Join(one.JSONPointer(), "/") + " " + one.Reason
	}
	return err.Error()
}

func TestRequestsObeyOurSchemas(t *testing.T) {
	schemas := map[string]*openapi3.Schema{}
	for _, n := range []string{"ship", "recovery"} {
		s := &openapi3.Schema{}
		if err := json.Unmarshal([]byte(file(t, "schema/"+n+".json")), s); err != nil {
			t.Fatal(err)
		}
		schemas[n] = s
	}
	validateAll(t, schemas)
}

// TestOptionalSpecs registers what needs UPS's own files, which the repository does not hold.
func TestOptionalSpecs(t *testing.T) {
	dir := os.Getenv("FAIRLEAD_SPECS")
	if dir == "" {
		t.Log("UPS's own schemas are not checked: FAIRLEAD_SPECS names no folder")
		return
	}
	t.Run("requests obey UPS's own schemas", func(t *testing.T) {
		var errata []erratum
		if err := json.Unmarshal([]byte(file(t, "errata.json")), &errata); err != nil {
			t.Fatal(err)
		}
		t.Logf("UPS Shipping.yaml with %d errata", len(errata))
		doc := official(t, filepath.Join(dir, "ups", "Shipping.yaml"), errata)
		validateAll(t, map[string]*openapi3.Schema{
			"ship":     doc["SHIPRequestWrapper"].Value,
			"recovery": doc["LABELRECOVERYRequestWrapper"].Value,
		})
	})
	t.Run("every erratum is needed", func(t *testing.T) {
		everyErratumIsNeeded(t, filepath.Join(dir, "ups", "Shipping.yaml"))
	})
}

// everyErratumIsNeeded leaves out one erratum after the other: some request must then fail.
func everyErratumIsNeeded(t *testing.T, path string) {
	var errata []erratum
	if err := json.Unmarshal([]byte(file(t, "errata.json")), &errata); err != nil {
		t.Fatal(err)
	}
	all := map[string][][2]string{}
	for name, o := range orders() {
		all[name] = bodies(t, o)
	}
	for i, e := range errata {
		doc := official(t, path, append(append([]erratum{}, errata[:i]...), errata[i+1:]...))
		schemas := map[string]*openapi3.Schema{"ship": doc["SHIPRequestWrapper"].Value, "recovery": doc["LABELRECOVERYRequestWrapper"].Value}
		needed := false
		for _, list := range all {
			for _, b := range list {
				var v any
				if err := json.Unmarshal([]byte(b[1]), &v); err != nil {
					t.Fatal(err)
				}
				needed = needed || schemas[b[0]].VisitJSON(v) != nil
			}
		}
		if !needed || len(e.Reason) < 20 {
			t.Errorf("%s: no request needs it (or it lacks its reason)", e.Pointer)
		}
	}
}

// official loads the schemas of UPS's file with the errata applied. Only they are read: the file is no valid
// document, and no strict YAML (it has tabs).
func official(t *testing.T, path string, errata []erratum) openapi3.Schemas {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := yaml.Unmarshal([]byte(strings.ReplaceAll(string(raw), "\t", "  ")), &doc); err != nil {
		t.Fatal(err)
	}
	for _, e := range errata {
		if err := apply(doc, e); err != nil {
			t.Fatalf("%s: %v", e.Pointer, err)
		}
	}
	strict(doc["components"])
	small, err := json.Marshal(map[string]any{"openapi": "3.0.3", "info": map[string]any{"title": "UPS", "version": "1"},
		"paths": map[string]any{}, "components": map[string]any{"schemas": doc["components"].(map[string]any)["schemas"]}})
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := openapi3.NewLoader().LoadFromData(small)
	if err != nil {
		t.Fatal(err)
	}
	return loaded.Components.Schemas
}

// strict forbids properties that a schema does not name: UPS ignores a misspelt element in silence.
func strict(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["properties"].(map[string]any); ok && v["additionalProperties"] == nil {
			v["additionalProperties"] = false
		}
		for _, child := range v {
			strict(child)
		}
	case []any:
		for _, child := range v {
			strict(child)
		}
	}
}

// apply sets or removes what an erratum points at. It must exist: an erratum of a mended file has to go.
func apply(doc map[string]any, e erratum) error {
	parts := strings.Split(strings.TrimPrefix(e.Pointer, "/"), "/")
	at := doc
	for _, p := range parts[:len(parts)-1] {
		next, ok := at[p].(map[string]any)
		if !ok {
			return fmt.Errorf("there is no %s", p)
		}
		at = next
	}
	last := parts[len(parts)-1]
	if _, ok := at[last]; !ok {
		return fmt.Errorf("there is no %s", last)
	}
	if e.Value == nil {
		delete(at, last)
		return nil
	}
	var v any
	if err := json.Unmarshal(e.Value, &v); err != nil {
		return err
	}
	at[last] = v
	return nil
}
