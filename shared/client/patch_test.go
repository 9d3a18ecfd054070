package client

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The examples of RFC 7396, appendix A.
func TestMerged(t *testing.T) {
	for _, c := range []struct{ target, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"a":"foo"}`, `null`, `null`},
		{`{"a":"foo"}`, `"bar"`, `"bar"`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		t.Run(c.target+" with "+c.patch, func(t *testing.T) {
			target, patch, want := read(t, c.target), read(t, c.patch), read(t, c.want)
			if diff := cmp.Diff(want, merged(target, patch)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(read(t, c.target), target); diff != "" {
				t.Errorf("the target was changed: %s", diff)
			}
		})
	}
}

func read(t *testing.T, s string) any {
	t.Helper()
	v, err := parse([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestDifference(t *testing.T) {
	t.Run("takes away what is nil now, and leaves out what is the same", func(t *testing.T) {
		from, to := Order("order-1"), Order("order-1")
		from.OrderNumber = new("A-7")
		to.ShipTo = Address{Name: "Jo Doe", Lines: []string{"1 Other Street"}, City: "Boston", Postcode: new("02108"), Country: "US"}
		p, err := Difference(from, to)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := json.Marshal(p)
		if want := `{"order_number":null,"ship_to":{"lines":["1 Other Street"],"state":null}}`; string(got) != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
	t.Run("is nothing between equals", func(t *testing.T) {
		if p, err := Difference(Order("order-1"), Order("order-1")); err != nil || len(p) > 0 {
			t.Errorf("%v, error %v", p, err)
		}
	})
	t.Run("is between objects only", func(t *testing.T) {
		if p, err := Difference([]int{1}, []int{2}); err == nil {
			t.Errorf("got %v", p)
		}
	})
	t.Run("merged into the one gives the other", func(t *testing.T) {
		value := rapid.Deferred(func() *rapid.Generator[any] { return anything(3) })
		object := rapid.MapOfN(rapid.StringMatching(`[a-c]`), value, 0, 3)
		rapid.Check(t, func(t *rapid.T) {
			from, to := object.Draw(t, "from"), object.Draw(t, "to")
			p, err := Difference(from, to)
			if err != nil {
				t.Fatal(err)
			}
			was, _ := plain(from)
			want, _ := plain(to)
			change, _ := plain(p)
			if diff := cmp.Diff(want, merged(was, change)); diff != "" {
				t.Errorf("%v of %v: %s", p, from, diff)
			}
		})
	})
}

// anything is JSON without null, which a merge patch can't set.
func anything(depth int) *rapid.Generator[any] {
	simple := rapid.OneOf(rapid.StringMatching(`[x-z]{0,2}`).AsAny(), rapid.IntRange(0, 3).AsAny(), rapid.Bool().AsAny())
	if depth == 0 {
		return simple
	}
	inner := anything(depth - 1)
	return rapid.OneOf(simple, rapid.SliceOfN(inner, 0, 2).AsAny(), rapid.MapOfN(rapid.StringMatching(`[a-c]`), inner, 0, 3).AsAny())
}
