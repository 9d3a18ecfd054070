package ddbsim

import (
	"math/big"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"pgregory.net/rapid"
)

// FuzzParse holds that no text breaks the parser, and that what it accepts can be evaluated, whatever its values are.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"SET st=:st, ver=ver+:one, h=list_append(if_not_exists(h,:nil),:h) REMOVE a, #b ADD ep :one",
		"(st=:a OR (st=:b AND NOT contains(late,:x))) AND size(h)<=:n AND nx BETWEEN :a AND :b",
		"pk=:pk AND begins_with(sk,:sk)", "a IN (:x, b, size(c))", "attribute_type(a,:t) AND attribute_exists(b)", "((a=:b))", "SET a=a-:b", "NOT NOT a<>b", "a.b[0]", ":", "#",
	} {
		f.Add(seed)
	}
	item := attrs{"a": &types.AttributeValueMemberN{Value: "1"}, "h": &types.AttributeValueMemberL{}, "st": &types.AttributeValueMemberS{Value: "x"}}
	f.Fuzz(func(t *testing.T, text string) {
		for _, texts := range []texts{{update: text}, {condition: text}, {key: text}} {
			p, err := parse(texts)
			if err != nil {
				continue
			}
			e := &env{item: item, names: map[string]string{}, values: attrs{}}
			for _, name := range p.names {
				e.names[name] = strings.ToLower(name[1:])
			}
			for i, name := range p.values {
				e.values[name] = []types.AttributeValue{item["a"], item["h"], item["st"]}[i%3]
			}
			_, _ = p.bind(e.names, e.values)
			if p.cond != nil {
				p.cond.holds(e)
			}
			if next, size, err := apply(p.actions, item, sizeOfItem(item), nil, e); err == nil && size != sizeOfItem(next) {
				t.Errorf("%q: counted %d bytes of %d", text, size, sizeOfItem(next))
			}
			for _, c := range p.key {
				_, _ = restrictionOf(c, e)
			}
		}
	})
}

// TestNumbers compares sums and orders with exact fractions.
func TestNumbers(t *testing.T) {
	number := rapid.Custom(func(t *rapid.T) string {
		digits := rapid.StringMatching(`-?[0-9]{1,18}(\.[0-9]{1,10})?`).Draw(t, "number")
		if rapid.Bool().Draw(t, "scientific") {
			digits += rapid.StringMatching(`[eE][+-]?[0-9]`).Draw(t, "exponent")
		}
		return digits
	})
	fraction := func(t *rapid.T, s string) *big.Rat {
		r, ok := new(big.Rat).SetString(s)
		if !ok {
			t.Fatalf("%q is no number", s)
		}
		return r
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := number.Draw(t, "a"), number.Draw(t, "b")
		x, err1 := normalize(a)
		y, err2 := normalize(b)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if again, _ := normalize(x); again != x || fraction(t, a).Cmp(fraction(t, x)) != 0 {
			t.Errorf("%s becomes %s, then %s", a, x, again)
		}
		if got, want := compareNumbers(x, y), fraction(t, a).Cmp(fraction(t, b)); got != want {
			t.Errorf("%s and %s compare as %d, not %d", a, b, got, want)
		}
		if (x == y) != (fraction(t, a).Cmp(fraction(t, b)) == 0) {
			t.Errorf("%s and %s become %s and %s", a, b, x, y)
		}
		for _, minus := range []bool{false, true} {
			want := new(big.Rat).Add(fraction(t, a), fraction(t, b))
			if minus {
				want.Sub(fraction(t, a), fraction(t, b))
			}
			got, err := addNumbers(x, y, minus)
			if err != nil {
				t.Fatal(err)
			}
			if fraction(t, got).Cmp(want) != 0 {
				t.Errorf("%s and %s, minus %v: %s", a, b, minus, got)
			}
		}
	})
}

func TestUnsupported(t *testing.T) {
	for _, c := range []struct{ name, update, condition string }{
		{"a path into a map", "SET a.b=:v", ""},
		{"a path into a list", "REMOVE a[0]", ""},
		{"a path in a condition", "", "a.b=:v"},
		{"DELETE", "DELETE a :v", ""},
		{"the size of a value", "", "size(:v)=:v"},
		{"parentheses in an assignment", "SET a=(a+:v)", ""},
	} {
		t.Run(c.name+" is no validation error, and says so", func(t *testing.T) {
			_, err := parse(texts{update: c.update, condition: c.condition})
			if err == nil || !strings.Contains(err.Error(), "does not support") || !strings.Contains(err.Error(), c.update+c.condition) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestReservedWords(t *testing.T) {
	if len(reserved) != 573 {
		t.Errorf("%d words", len(reserved))
	}
	for word := range reserved {
		if _, err := parse(texts{condition: "attribute_exists(" + strings.ToLower(word) + ")"}); err == nil {
			t.Errorf("%s was taken for a name", word)
		}
	}
}

// FuzzParseDecimal holds that a number is what DynamoDB gives back: normalized once, it stays as it is, and it is worth
// the same.
func FuzzParseDecimal(f *testing.F) {
	for _, seed := range []string{"0", "-0", "+1", "1.50", ".5", "5.", "1e3", "1E-130", "9.9999999999999999999999999999999999999E+125", "--1", "1e99999", "", "e", "."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := parseDecimal(text)
		if err != nil {
			return
		}
		once, err := d.text()
		if err != nil {
			return // out of DynamoDB's range
		}
		again, err := parseDecimal(once)
		if err != nil || again.cmp(d) != 0 {
			t.Errorf("%q becomes %q, which is another number (%v)", text, once, err)
		}
		if twice, err := again.text(); err != nil || twice != once {
			t.Errorf("%q becomes %q, and that %q (%v)", text, once, twice, err)
		}
	})
}
