package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/api"
)

// document is the contract as JSON.
func document(t *testing.T) []byte {
	t.Helper()
	in, err := os.ReadFile("../../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := yaml.YAMLToJSON(in)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func rendered(t *testing.T, doc []byte, codes []api.Code) []byte {
	t.Helper()
	c, err := read(doc)
	if err != nil {
		t.Fatal(err)
	}
	page, err := render(c, codes)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func TestPage(t *testing.T) {
	doc := document(t)
	page := rendered(t, doc, api.Codes)
	all := parse(t, page)
	byID := map[string]*element{}
	for _, e := range all {
		if id, ok := e.attrs["id"]; ok && byID[id] != nil {
			t.Errorf("two elements are %s", id)
		} else if ok {
			byID[id] = e
		}
	}
	t.Run("holds each element where HTML has it", func(t *testing.T) {
		for _, m := range misplaced(all) {
			t.Error(m)
		}
	})
	t.Run("leads each link to a place of its own", func(t *testing.T) {
		for _, e := range all {
			if at, inner := strings.CutPrefix(e.attrs["href"], "#"); inner && byID[at] == nil {
				t.Errorf("%q leads to #%s, which is not there", e.text, at)
			}
		}
	})
	t.Run("asks for nothing else and runs nothing", func(t *testing.T) {
		outside := map[string]bool{}
		for _, e := range all {
			if slices.Contains([]string{"script", "link", "img", "iframe", "object", "embed", "form", "base"}, e.name) || e.attrs["src"] != "" {
				t.Errorf("there is a <%s>", e.name)
			}
			if e.name == "style" && (strings.Contains(e.text, "url(") || strings.Contains(e.text, "@import")) {
				t.Error("the style asks for something")
			}
			if to := e.attrs["href"]; to != "" && to[0] != '#' {
				outside[to] = true
			}
		}
		want := []string{"https://www.apache.org/licenses/LICENSE-2.0", "openapi.json"}
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(outside))); diff != "" {
			t.Error("links that leave the page (-want +got):\n" + diff)
		}
	})
	t.Run("shows every operation with its parameters, fields and answers", func(t *testing.T) {
		c, _ := read(doc)
		for _, path := range c.Paths {
			for _, method := range path.Value {
				shows(t, c, byID["op-"+method.Value.ID], method.Value, strings.ToUpper(method.Name), path.Name)
			}
		}
		shows(t, c, byID["op-receiveEvent"], c.Paths.of(t, "/v1/callback-endpoints").of(t, "post").Callbacks[0].Value[0].Value[0].Value, "POST", "your URL", "data.tracking_number")
		if e := byID["op-createShipment"]; !strings.Contains(e.text, "customs.items[].hs_code") || !strings.Contains(e.text, `"reference": "order-1001-1"`) {
			t.Error("the body of createShipment is not shown to its end, or its example is missing")
		}
	})
	t.Run("explains every code", func(t *testing.T) {
		for _, c := range api.Codes {
			if e := byID["error-"+c.Name]; e == nil || !strings.Contains(e.text, c.Title) || !strings.Contains(e.text, c.Cause) || !strings.Contains(e.text, c.Remedy) {
				t.Errorf("%s is not explained", c.Name)
			}
		}
	})
	t.Run("tells how to authenticate, to repeat, what errors and versions are", func(t *testing.T) {
		for _, at := range []string{"about-keys", "about-repeating", "about-errors", "about-versions"} {
			if byID[at] == nil {
				t.Errorf("there is no #%s", at)
			}
		}
	})
	t.Run("stays small", func(t *testing.T) {
		if most := 600_000; len(page) > most {
			t.Errorf("the page has %d bytes; %d are the most", len(page), most)
		}
	})
}

// of is the member of a name.
func (o ordered[T]) of(t *testing.T, name string) T {
	t.Helper()
	_, v, err := o.get(name)
	for _, e := range o { // get takes the last part of a path
		if e.Name == name {
			return e.Value
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// shows holds what the page has of an operation against the contract.
func shows(t *testing.T, c *contract, e *element, op operation, want ...string) {
	t.Helper()
	if e == nil {
		t.Errorf("%s is not shown", op.ID)
		return
	}
	want = append(want, plain(op.Summary))
	if op.Scope != "" {
		want = append(want, "scope "+op.Scope, "the limit "+op.Limit)
	}
	for _, p := range op.Params {
		p, err := c.parameter(p)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, p.Name+" "+p.In)
	}
	if op.Body != nil {
		want = append(want, names(op.Body.Content)...)
	}
	for _, r := range op.Responses {
		want = append(want, strings.Replace(r.Name, "default", "any other", 1))
		want = append(want, names(r.Value.Headers)...)
	}
	for _, w := range want {
		if !strings.Contains(e.text, w) {
			t.Errorf("%s does not show %q", op.ID, w)
		}
	}
}

// hostile is what text could hold that is meant to be more than text, and harmless is as good a text to sort by.
const (
	hostile  = " <img src=x onerror=alert(1)> \"' & {{.}} <!-- ]]>"
	harmless = " harmless"
)

// poisoned is a contract with a text behind every text and every name of it. References still lead where they led.
func poisoned(v any, key, poison string) any {
	switch v := v.(type) {
	case string:
		if key == "type" || key == "in" {
			return v
		}
		return v + poison
	case []any:
		for i := range v {
			v[i] = poisoned(v[i], "", poison)
		}
	case map[string]any:
		named := slices.Contains([]string{"properties", "schemas", "headers", "content", "responses", "parameters", "paths"}, key)
		out := map[string]any{}
		for name, inner := range v {
			below := name
			if named {
				name += poison
				below = ""
			}
			out[name] = poisoned(inner, below, poison)
		}
		return out
	}
	return v
}

func TestHostile(t *testing.T) {
	page := func(t *testing.T, poison string) []*element {
		t.Helper()
		var v any
		if err := json.Unmarshal(document(t), &v); err != nil {
			t.Fatal(err)
		}
		var doc bytes.Buffer
		enc := json.NewEncoder(&doc)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(poisoned(v, "", poison)); err != nil {
			t.Fatal(err)
		}
		codes := slices.Clone(api.Codes)
		for i, c := range codes {
			codes[i] = api.Code{Name: c.Name + poison, In: c.In, Status: c.Status, Title: c.Title + poison, Cause: c.Cause + poison, Remedy: c.Remedy + poison}
		}
		return parse(t, rendered(t, doc.Bytes(), codes))
	}
	t.Run("what is written in the contract and in the codes stays text, wherever it stands", func(t *testing.T) {
		shape := func(all []*element) []string {
			out := make([]string, len(all))
			for i, e := range all {
				out[i] = fmt.Sprint(e.in, e.name, slices.Sorted(maps.Keys(e.attrs)))
			}
			return out
		}
		clean, dirty := page(t, harmless), page(t, hostile)
		if diff := cmp.Diff(shape(clean), shape(dirty)); diff != "" {
			t.Errorf("other elements or attributes (-clean +hostile):\n%.2000s", diff)
		}
		for i, e := range dirty {
			want := strings.ReplaceAll(clean[i].text, harmless, hostile)
			if unquoted := strings.NewReplacer(`\"`, `"`); unquoted.Replace(want) != unquoted.Replace(e.text) { // JSON escapes the quotation mark
				t.Fatalf("<%s> says something else (-want +got):\n%.2000s", e.name, cmp.Diff(want, e.text))
			}
		}
	})
	t.Run("a link never becomes a program", func(t *testing.T) {
		var v map[string]any
		if err := json.Unmarshal(document(t), &v); err != nil {
			t.Fatal(err)
		}
		v["info"].(map[string]any)["license"].(map[string]any)["url"] = "javascript:alert(1)"
		doc, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range parse(t, rendered(t, doc, nil)) {
			if strings.HasPrefix(e.attrs["href"], "javascript:") {
				t.Error("the licence's link runs")
			}
		}
	})
}
