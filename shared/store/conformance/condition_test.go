package conformance

import (
	"strings"
	"testing"
)

// thing has an attribute of every kind.
var thing = item("pk", "a", "s", "abc", "n10", 10, "ratio", number("1.5"), "neg", -3, "bin", []byte{1, 2, 3}, "li", []any{"x", 1},
	"obj", attrs{"k": value("v")}, "yesno", true, "nil", nil, "ss", stringSet{"p", "q"}, "ns", numberSet{"1", "2"}, "bs", binarySet{{1}, {2}})

// TestConditions evaluates each condition against thing: it holds, is refused, or is no condition.
func TestConditions(t *testing.T) {
	var cases []testCase
	for _, c := range []struct {
		expr   string
		values []any
		want   string
	}{
		{"attribute_exists(pk)", nil, "ok"},
		{"attribute_not_exists(pk)", nil, "refused"},
		{"attribute_exists(absent)", nil, "refused"},
		{"attribute_not_exists(absent)", nil, "ok"},
		{"attribute_exists(nil)", nil, "ok"},
		{"s=:v", []any{"abc"}, "ok"},
		{"s=:v", []any{"abd"}, "refused"},
		{"s=:v", []any{10}, "refused"},
		{"s = :v", []any{[]byte("abc")}, "refused"},
		{"absent=:v", []any{"abc"}, "refused"},
		{"absent<>:v", []any{"abc"}, "ok"},
		{"absent<:v", []any{"abc"}, "refused"},
		{"absent>=:v", []any{"abc"}, "refused"},
		{"absent=absent2", nil, "refused"},
		{"s<>:v", []any{"abc"}, "refused"},
		{"s<>:v", []any{10}, "ok"},
		{"s<:v", []any{"abd"}, "ok"},
		{"s<:v", []any{"B"}, "refused"},
		{"s<:v", []any{1}, "refused"},
		{"s<:v", []any{"é"}, "ok"},
		{"n10<:v", []any{9}, "refused"},
		{"n10>:v", []any{9}, "ok"},
		{"n10>:v", []any{"9"}, "refused"},
		{"n10=:v", []any{number("10.0")}, "ok"},
		{"n10=:v", []any{number("1e1")}, "ok"},
		{"n10<=:v", []any{10}, "ok"},
		{"n10>=:v", []any{number("10.0000000001")}, "refused"},
		{"ratio=:v", []any{number("1.50")}, "ok"},
		{"ratio>:v", []any{number("1.4999999999999999999999999999999999999")}, "ok"},
		{"neg<:v", []any{-2}, "ok"},
		{"neg>:v", []any{-20}, "ok"},
		{"neg<:v", []any{0}, "ok"},
		{"n10<:v", []any{number("123456789012345678901234567890")}, "ok"},
		{":v<n10", []any{3}, "ok"},
		{"neg<n10", nil, "ok"},
		{"bin=:v", []any{[]byte{1, 2, 3}}, "ok"},
		{"bin<:v", []any{[]byte{1, 3}}, "ok"},
		{"li=:v", []any{[]any{"x", 1}}, "ok"},
		{"li=:v", []any{[]any{"x", number("1.0")}}, "ok"},
		{"li=:v", []any{[]any{1, "x"}}, "refused"},
		{"li<>:v", []any{[]any{"x"}}, "ok"},
		{"obj=:v", []any{attrs{"k": value("v")}}, "ok"},
		{"obj=:v", []any{attrs{"k": value("w")}}, "refused"},
		{"yesno=:v", []any{true}, "ok"},
		{"yesno=:v", []any{false}, "refused"},
		{"nil=:v", []any{nil}, "ok"},
		{"ss=:v", []any{stringSet{"q", "p"}}, "ok"},
		{"ns=:v", []any{numberSet{"2.0", "1"}}, "ok"},
		{"bs=:v", []any{binarySet{{2}, {1}}}, "ok"},
		{"n10 BETWEEN :v AND :w", []any{9, 11}, "ok"},
		{"n10 BETWEEN :v AND :w", []any{10, 10}, "ok"},
		{"n10 BETWEEN :v AND :w", []any{11, 12}, "refused"},
		{"absent BETWEEN :v AND :w", []any{1, 2}, "refused"},
		{"NOT n10 BETWEEN :v AND :w", []any{11, 12}, "ok"},
		{"n10 BETWEEN :v AND :w AND attribute_exists(pk)", []any{1, 20}, "ok"},
		{"s IN (:v,:w)", []any{"x", "abc"}, "ok"},
		{"s in (:v)", []any{"x"}, "refused"},
		{"s IN (:v, n10)", []any{"abc"}, "ok"},
		{"absent IN (:v)", []any{"x"}, "refused"},
		{"contains(s,:v)", []any{"bc"}, "ok"},
		{"contains(s,:v)", []any{"x"}, "refused"},
		{"contains(li,:v)", []any{"x"}, "ok"},
		{"contains(li,:v)", []any{1}, "ok"},
		{"contains(li,:v)", []any{"1"}, "refused"},
		{"contains(ss,:v)", []any{"p"}, "ok"},
		{"contains(ns,:v)", []any{2}, "ok"},
		{"contains(bs,:v)", []any{[]byte{2}}, "ok"},
		{"contains(bin,:v)", []any{[]byte{2, 3}}, "ok"},
		{"contains(absent,:v)", []any{"x"}, "refused"},
		{"NOT contains(absent,:v)", []any{"x"}, "ok"},
		{"contains(n10,:v)", []any{1}, "refused"},
		{"begins_with(s,:v)", []any{"ab"}, "ok"},
		{"begins_with(s,:v)", []any{"b"}, "refused"},
		{"begins_with(bin,:v)", []any{[]byte{1}}, "ok"},
		{"begins_with(absent,:v)", []any{"b"}, "refused"},
		{"attribute_type(s,:v)", []any{"S"}, "ok"},
		{"attribute_type(nil,:v)", []any{"NULL"}, "ok"},
		{"attribute_type(absent,:v)", []any{"S"}, "refused"},
		{"size(s)=:v", []any{3}, "ok"},
		{"size(bin)<=:v", []any{3}, "ok"},
		{"size(li)<=:v", []any{1}, "refused"},
		{"size(li)<:v", []any{3}, "ok"},
		{"size(obj)=:v", []any{1}, "ok"},
		{"size(ss)=:v", []any{2}, "ok"},
		{"size(absent)<=:v", []any{1}, "refused"},
		{"size(n10)<=:v", []any{100}, "refused"},
		{"size(s) BETWEEN :v AND :w", []any{1, 3}, "ok"},
		{"attribute_exists(absent) AND attribute_exists(pk) OR attribute_exists(s)", nil, "ok"},
		{"attribute_exists(absent) AND (attribute_exists(pk) OR attribute_exists(s))", nil, "refused"},
		{"attribute_exists(s) OR attribute_exists(pk) AND attribute_exists(absent)", nil, "ok"},
		{"NOT attribute_exists(s) OR attribute_exists(pk)", nil, "ok"},
		{"NOT (attribute_exists(s) OR attribute_exists(pk))", nil, "refused"},
		{"NOT NOT attribute_exists(s)", nil, "ok"},
		{"not attribute_exists(absent) and attribute_exists(s)", nil, "ok"},
		{"(s=:v) AND (n10=:w)", []any{"abc", 10}, "ok"},
		{"((s=:v) AND n10=:w)", []any{"abc", 10}, "ok"},
		{"\ts =\n:v ", []any{"abc"}, "ok"},

		{"((s=:v))", []any{"abc"}, "ValidationException"},
		{"s=:v AND", []any{"abc"}, "ValidationException"},
		{"s=:v n10=:v", []any{"abc"}, "ValidationException"},
		{"(s=:v", []any{"abc"}, "ValidationException"},
		{"s==:v", []any{"abc"}, "ValidationException"},
		{"s!=:v", []any{"abc"}, "ValidationException"},
		{"s", nil, "ValidationException"},
		{"s=s", nil, "ValidationException"},
		{"s=:v", nil, "ValidationException"},
		{"s=:v", []any{"abc", "spare"}, "ValidationException"},
		{"#s=:v", []any{"abc"}, "ValidationException"},
		{"status=:v", []any{"abc"}, "ValidationException"},
		{"Ttl=:v", []any{1}, "ValidationException"},
		{"owner=:v", []any{1}, "ValidationException"},
		{"yesno<:v", []any{true}, "ValidationException"},
		{"li<:v", []any{[]any{}}, "ValidationException"},
		{"n10 BETWEEN :v AND :w", []any{12, 11}, "ValidationException"},
		{"n10 BETWEEN :v AND :w", []any{1, "2"}, "ValidationException"},
		{"begins_with(s,:v)", []any{1}, "ValidationException"},
		{"attribute_exists(:v)", []any{"s"}, "ValidationException"},
		{"attribute_exists(s,n10)", nil, "ValidationException"},
		{"attribute_type(s,:v)", []any{"T"}, "ValidationException"},
		{"attribute_type(s,:v)", []any{1}, "ValidationException"},
		{"Contains(s,:v)", []any{"a"}, "ValidationException"},
		{"exists(s)", nil, "ValidationException"},
		{"size(s)", nil, "ValidationException"},
		{"if_not_exists(s,:v)=:w", []any{"a", "b"}, "ValidationException"},
		{"s IN ()", nil, "ValidationException"},
		{"s=:v", []any{number("x")}, "ValidationException"},
		{"s=:v", []any{number("1234567890123456789012345678901234567890")}, "ValidationException"},
		{"s=:v", []any{stringSet{}}, "ValidationException"},
		{"s=:v", []any{stringSet{"a", "a"}}, "ValidationException"},
	} {
		values := []any{}
		for i, v := range c.values {
			values = append(values, []string{":v", ":w"}[i], v)
		}
		options := []option{given(c.expr)}
		shown := ""
		if len(values) > 0 {
			options = append(options, with(values...))
			shown = " with " + strings.Trim(show(item(values...)), "{}")
		}
		tc := testCase{name: c.expr + shown, seed: []attrs{thing}, in: update(key, "", options...), answer: c.want, after: show(thing)}
		if c.want == "ok" {
			tc.units = "1 table 1"
		}
		cases = append(cases, tc)
	}
	run(t, cases)
}
