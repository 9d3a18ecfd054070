package ups

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/goccy/go-yaml"
)

// erratum is one place where one of UPS's own schemas contradicts UPS's own text or recorded answers.
type erratum struct {
	File    string          `json:"file"`    // one of UPS's OpenAPI files
	Pointer string          `json:"pointer"` // JSON pointer into it
	Value   json.RawMessage `json:"value"`   // what stands there instead; absent: it is removed
	Reason  string          `json:"reason"`
}

// specified are UPS's own schemas of the requests that have a body: file and name.
var specified = map[string][2]string{
	"ship":     {"Shipping.yaml", "SHIPRequestWrapper"},
	"recovery": {"Shipping.yaml", "LABELRECOVERYRequestWrapper"},
	"rate":     {"Rating.yaml", "RATERequestWrapper"},
	"address":  {"AddressValidation.yaml", "XAVRequestWrapper"},
}

// TestOptionalSpecs registers what needs UPS's own files, which the repository does not hold.
func TestOptionalSpecs(t *testing.T) {
	dir := os.Getenv("FAIRLEAD_SPECS")
	if dir == "" {
		t.Log("UPS's own schemas are not checked: FAIRLEAD_SPECS names no folder")
		return
	}
	dir = filepath.Join(dir, "ups")
	var errata []erratum
	if err := json.Unmarshal([]byte(file(t, "errata.json")), &errata); err != nil {
		t.Fatal(err)
	}
	t.Run("requests obey UPS's own schemas", func(t *testing.T) {
		t.Logf("UPS's files with %d errata", len(errata))
		validateAll(t, official(t, dir, errata))
	})
	t.Run("every erratum is needed", func(t *testing.T) {
		everyErratumIsNeeded(t, dir, errata)
	})
}

// everyErratumIsNeeded leaves out one erratum after the other: some request must then fail.
func everyErratumIsNeeded(t *testing.T, dir string, errata []erratum) {
	all := map[[2]string]bool{}
	for _, o := range orders() {
		for _, b := range bodies(t, o) {
			all[b] = true
		}
	}
	for i, e := range errata {
		schemas := official(t, dir, slices.Delete(slices.Clone(errata), i, i+1))
		needed := false
		for b := range all {
			var v any
			if err := json.Unmarshal([]byte(b[1]), &v); err != nil {
				t.Fatal(err)
			}
			needed = needed || schemas[b[0]].VisitJSON(v) != nil
		}
		if !needed || len(e.Reason) < 20 {
			t.Errorf("%s %s: no request needs it (or it lacks its reason)", e.File, e.Pointer)
		}
	}
}

// official loads UPS's schemas of what is sent, with the errata applied.
func official(t *testing.T, dir string, errata []erratum) map[string]*openapi3.Schema {
	t.Helper()
	files := map[string]openapi3.Schemas{}
	schemas := map[string]*openapi3.Schema{}
	for name, at := range specified {
		if files[at[0]] == nil {
			mine := slices.DeleteFunc(slices.Clone(errata), func(e erratum) bool { return e.File != at[0] })
			files[at[0]] = components(t, filepath.Join(dir, at[0]), mine)
		}
		schemas[name] = files[at[0]][at[1]].Value
	}
	return schemas
}

// components loads the schemas of one of UPS's files with its errata applied. Only they are read: the files are no
// valid documents, and Shipping.yaml is no strict YAML (it has tabs).
func components(t *testing.T, path string, errata []erratum) openapi3.Schemas {
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
