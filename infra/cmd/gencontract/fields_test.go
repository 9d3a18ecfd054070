package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// schemas is a contract of schemas alone.
func schemas(t *testing.T, text string) *contract {
	t.Helper()
	c, err := read([]byte(`{"components":{"schemas":` + text + `}}`))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// rows writes fields as "path: kind; limits".
func rows(fields []field) []string {
	var out []string
	for _, f := range fields {
		row := f.Path + f.Name + ": " + f.Kind.Words + f.Kind.Schema
		if f.Required {
			row = "!" + row
		}
		for _, l := range f.Kind.Limits {
			row += "; " + strings.TrimSpace(l.Words+" "+strings.Join(l.Values, " "))
		}
		if f.Description != "" {
			row += " // " + f.Description
		}
		out = append(out, row)
	}
	return out
}

const sample = `{
	"Order": {"type": "object", "additionalProperties": false, "required": ["to", "boxes"], "properties": {
		"to": {"$ref": "#/components/schemas/Place"},
		"from": {"description": "Ours when left out.", "allOf": [{"$ref": "#/components/schemas/Place"}]},
		"boxes": {"type": "array", "minItems": 1, "maxItems": 20, "items": {"type": "object", "required": ["g"], "properties": {
			"g": {"type": "integer", "format": "int64", "minimum": 1, "maximum": 1000000, "description": "Grams."}}}},
		"kind": {"$ref": "#/components/schemas/Kind"},
		"kinds": {"type": "array", "uniqueItems": true, "nullable": true, "items": {"$ref": "#/components/schemas/Kind"}},
		"own": {"type": "object", "maxProperties": 20, "additionalProperties": {"type": "string", "maxLength": 500}},
		"any": {"type": "object", "minProperties": 1, "additionalProperties": true},
		"rest": {"type": "array", "items": {}},
		"sure": {"type": "boolean", "default": false},
		"country": {"type": "string", "minLength": 2, "maxLength": 2, "pattern": "^[A-Z]+$", "example": "US"}}},
	"Place": {"type": "object", "description": "Somewhere.", "properties": {
		"city": {"type": "string", "minLength": 1, "maxLength": 60},
		"zone": {"$ref": "#/components/schemas/Kind"}}},
	"Kind": {"type": "string", "enum": ["a", "b"], "default": "a", "description": "Of which kind."}
}`

func TestFields(t *testing.T) {
	c := schemas(t, sample)
	_, order, _ := c.Components.Schemas.get("Order")
	t.Run("shallow, objects with a name of their own are led to", func(t *testing.T) {
		got, err := c.fields(order, false)
		want := []string{
			"!to: Place // Somewhere.",
			"from: Place // Ours when left out.",
			"!boxes: list of object; 1 to 20 entries",
			"!boxes[].g: integer (int64); 1 to 1,000,000 // Grams.",
			"kind: string, Kind; one of a b; default a // Of which kind.",
			"kinds: list of Kind; no entry twice; each one of a b; each default a; or null",
			"own: object of any members, each string; at most 20 members; each at most 500 characters",
			"any: object of any members; at least 1 member",
			"rest: list of anything",
			"sure: boolean; default false",
			"country: string; exactly 2 characters; matching ^[A-Z]+$; such as US",
		}
		if diff := cmp.Diff(want, rows(got)); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
	t.Run("deep, they are shown where they are met first, in the words of field paths", func(t *testing.T) {
		got, err := c.fields(order, true)
		want := []string{"!to: Place // Somewhere.", "to.city: string; 1 to 60 characters", "to.zone: string, Kind; one of a b; default a // Of which kind.", "from: Place; its fields are above // Ours when left out."}
		if diff := cmp.Diff(want, rows(got)[:4]); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
	t.Run("an object that holds itself is shown once", func(t *testing.T) {
		c := schemas(t, `{"Tree": {"type": "object", "properties": {"leaves": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}}}}`)
		got, err := c.fields(&schema{Ref: "#/components/schemas/Tree"}, true)
		if diff := cmp.Diff([]string{"leaves: list of Tree; its fields are above"}, rows(got)); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
	for name, text := range map[string]string{
		"a reference to nothing":      `{"A": {"type": "object", "properties": {"b": {"$ref": "#/components/schemas/B"}}}}`,
		"an allOf of several schemas": `{"A": {"type": "object", "properties": {"b": {"allOf": [{"type": "string"}, {"maxLength": 3}]}}}}`,
	} {
		t.Run(name+" is an error", func(t *testing.T) {
			c := schemas(t, text)
			if got, err := c.fields(c.Components.Schemas[0].Value, false); err == nil {
				t.Error("it is shown as", rows(got))
			}
		})
	}
}

func TestRead(t *testing.T) {
	t.Run("keeps the order of members", func(t *testing.T) {
		c := schemas(t, `{"B": {}, "A": {}, "C": {}}`)
		if diff := cmp.Diff([]string{"B", "A", "C"}, names(c.Components.Schemas)); diff != "" {
			t.Error(diff)
		}
	})
	for name, text := range map[string]string{
		"at the top":         `{"externalDocs": {}}`,
		"of a schema":        `{"components": {"schemas": {"A": {"oneOf": []}}}}`,
		"of a deep schema":   `{"components": {"schemas": {"A": {"properties": {"b": {"additionalProperties": {"items": {"multipleOf": 2}}}}}}}}`,
		"of an operation":    `{"paths": {"/v1/a": {"get": {"deprecated": true}}}}`,
		"of a response":      `{"paths": {"/v1/a": {"get": {"responses": {"200": {"links": {}}}}}}}`,
		"of a callback":      `{"paths": {"/v1/a": {"get": {"callbacks": {"b": {"c": {"post": {"servers": []}}}}}}}}`,
		"of another's shape": `{"paths": {"/v1/a": {"parameters": []}}}`,
	} {
		t.Run("refuses a keyword "+name+" that the page would leave out", func(t *testing.T) {
			if _, err := read([]byte(text)); err == nil || !strings.Contains(err.Error(), "gencontract") {
				t.Errorf("got %v", err)
			}
		})
	}
}
