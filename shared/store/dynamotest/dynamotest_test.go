package dynamotest

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	gocmp "github.com/google/go-cmp/cmp"
)

func TestSchema(t *testing.T) {
	t.Run("is the template's", func(t *testing.T) {
		want, kinds := declared(t)
		byName := func(a, b table) int { return cmp.Compare(a.name, b.name) }
		have := slices.SortedFunc(slices.Values(schema), byName)
		slices.SortFunc(want, byName)
		if diff := gocmp.Diff(want, have, gocmp.AllowUnexported(table{})); diff != "" {
			t.Errorf("template.yaml (-) and this package (+) disagree:\n%s", diff)
		}
		for name, kind := range kinds {
			if (kind == "N") != numbers[name] {
				t.Errorf("attribute %s is of type %s in template.yaml", name, kind)
			}
		}
	})
	t.Run("tables are fresh for each store", func(t *testing.T) {
		if a, b := New(t).Tables, New(t).Tables; a.Accounts == b.Accounts || a.Limits == b.Limits {
			t.Errorf("two stores share tables: %v, %v", a, b)
		}
	})
}

// declared reads the tables of template.yaml, and the types of their key attributes.
func declared(t *testing.T) ([]table, map[string]any) {
	dir, err := root()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	var tables []table
	kinds := map[string]any{}
	resources, _ := at(doc, "Resources").(map[string]any)
	for id, r := range resources {
		if at(r, "Type") != "AWS::DynamoDB::Table" {
			continue
		}
		p := at(r, "Properties")
		tb := table{name: strings.ToLower(strings.TrimSuffix(id, "Table")), key: key(p),
			stream: at(p, "StreamSpecification", "StreamViewType") == "NEW_AND_OLD_IMAGES",
			ttl:    at(p, "TimeToLiveSpecification", "AttributeName") == "ttl"}
		for _, i := range list(p, "GlobalSecondaryIndexes") {
			if tb.indexes == nil {
				tb.indexes = map[string]string{}
			}
			if kind := at(i, "Projection", "ProjectionType"); kind != "KEYS_ONLY" {
				t.Errorf("an index of %s holds %v", id, kind)
			}
			tb.indexes[at(i, "IndexName").(string)] = key(i)
		}
		for _, a := range list(p, "AttributeDefinitions") {
			kinds[at(a, "AttributeName").(string)] = at(a, "AttributeType")
		}
		tables = append(tables, tb)
	}
	return tables, kinds
}

// key joins the names of a key schema, hash first, as the template writes them.
func key(v any) string {
	var names []string
	for _, k := range list(v, "KeySchema") {
		names = append(names, at(k, "AttributeName").(string))
	}
	return strings.Join(names, " ")
}

func at(v any, path ...string) any {
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

func list(v any, path ...string) []any {
	l, _ := at(v, path...).([]any)
	return l
}
