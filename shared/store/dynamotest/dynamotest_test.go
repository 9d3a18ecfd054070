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
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fairlead/fairlead/shared/store/ddbsim"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

func TestTemplate(t *testing.T) {
	t.Run("the tables are the template's", func(t *testing.T) {
		have, names := ddbsim.Template("x-")
		for i := range have {
			have[i].Name = strings.TrimPrefix(have[i].Name, "x-")
			slices.SortFunc(have[i].Indexes, func(a, b ddbsim.Index) int { return cmp.Compare(a.Name, b.Name) })
		}
		byName := cmpopts.SortSlices(func(a, b ddbsim.Table) bool { return a.Name < b.Name })
		if diff := gocmp.Diff(declared(t), have, byName); diff != "" {
			t.Errorf("template.yaml (-) and ddbsim (+) disagree:\n%s", diff)
		}
		want := dynamo.Tables{Shipments: "x-shipments", Documents: "x-documents", Accounts: "x-accounts", Limits: "x-limits", Deliveries: "x-deliveries", Requests: "x-requests"}
		if diff := gocmp.Diff(want, names); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("are fresh for each store", func(t *testing.T) {
		if a, b := New(t).Tables, New(t).Tables; a.Accounts == b.Accounts || a.Limits == b.Limits {
			t.Errorf("two stores share tables: %v, %v", a, b)
		}
	})
}

// declared reads the tables of template.yaml.
func declared(t *testing.T) []ddbsim.Table {
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
	var tables []ddbsim.Table
	resources, _ := at(doc, "Resources").(map[string]any)
	for id, r := range resources {
		if at(r, "Type") == "AWS::DynamoDB::Table" {
			tables = append(tables, table(t, strings.ToLower(strings.TrimSuffix(id, "Table")), at(r, "Properties")))
		}
	}
	return tables
}

func table(t *testing.T, name string, p any) ddbsim.Table {
	tb := ddbsim.Table{Name: name, Stream: at(p, "StreamSpecification", "StreamViewType") == "NEW_AND_OLD_IMAGES"}
	tb.Hash, tb.Range = key(p)
	tb.TTL, _ = at(p, "TimeToLiveSpecification", "AttributeName").(string)
	for _, i := range list(p, "GlobalSecondaryIndexes") {
		if kind := at(i, "Projection", "ProjectionType"); kind != "KEYS_ONLY" {
			t.Errorf("an index of %s holds %v", name, kind)
		}
		index := ddbsim.Index{Name: at(i, "IndexName").(string)}
		index.Hash, index.Range = key(i)
		tb.Indexes = append(tb.Indexes, index)
	}
	slices.SortFunc(tb.Indexes, func(a, b ddbsim.Index) int { return cmp.Compare(a.Name, b.Name) })
	for _, a := range list(p, "AttributeDefinitions") {
		switch kind := at(a, "AttributeType"); kind {
		case "N":
			tb.Numbers = append(tb.Numbers, at(a, "AttributeName").(string))
		case "S":
		default:
			t.Errorf("a key attribute of %s is of type %v", name, kind)
		}
	}
	return tb
}

// key are the names of a key schema, hash first, as the template writes them.
func key(v any) (hash, rng string) {
	for i, k := range list(v, "KeySchema") {
		name := at(k, "AttributeName").(string)
		if i == 0 {
			hash = name
		} else {
			rng = name
		}
	}
	return hash, rng
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
