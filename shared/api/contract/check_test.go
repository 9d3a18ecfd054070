package contract

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
)

const order = `{"service":"ups_ground","carrier_account":"ca_1","ship_from":{"name":"A","lines":["1 St"],"city":"NYC","state":"NY","postcode":"10001","country":"US"},
"ship_to":{"name":"B","lines":["2 St"],"city":"NYC","state":"NY","postcode":"10001","country":"US"},"parcels":[{"weight_g":500}]}`

func TestDecode(t *testing.T) {
	edit := func(from, to string) string {
		if !strings.Contains(order, from) {
			t.Fatalf("the order has no %s", from)
		}
		return strings.Replace(order, from, to, 1)
	}
	for name, c := range map[string]struct {
		body   string
		status int
		code   string
		want   []string // field:code of each problem
	}{
		"a good order is read":                        {order, 0, "", nil},
		"no body is 400":                              {"", 400, "empty_body", nil},
		"a body of blanks is 400":                     {" \n ", 400, "empty_body", nil},
		"broken JSON is 400":                          {`{"service":`, 400, "invalid_json", nil},
		"two values are 400":                          {order + order, 400, "invalid_json", nil},
		"bytes that are not UTF-8 are 400":            {edit(`"A"`, "\"\xff\""), 400, "invalid_utf8", nil},
		"half a surrogate pair is 400 at its place":   {edit(`"A"`, `"\ud800"`), 400, "invalid_utf8", []string{"ship_from.name:invalid"}},
		"an escaped U+FFFD is 400, in a name as well": {edit(`"parcels"`, `"metadata":{"k\udc00":"\ufffd"},"parcels"`), 400, "invalid_utf8", []string{"metadata.k\ufffd:invalid"}},
		"a whole surrogate pair is read":              {edit(`"A"`, `"\ud83d\udce6"`), 0, "", nil},
		"a name twice is 400 at its place":            {edit(`"parcels"`, `"service":"x","parcels"`), 400, "duplicate_key", []string{"service:duplicate_key"}},
		"a name twice deep down by its path":          {edit(`"weight_g":500`, `"weight_g":500,"weight_g":5`), 400, "duplicate_key", []string{"parcels[0].weight_g:duplicate_key"}},
		"a name twice, once escaped, is 400":          {edit(`"parcels"`, `"\u0073ervice":"x","parcels"`), 400, "duplicate_key", []string{"service:duplicate_key"}},
		"all names that are there twice are told":     {`{"a":{"b":1,"b":2},"c":[{"d":[],"d":{}},{"d":1}],"a":3,"c":"c"}`, 400, "duplicate_key", []string{"a:duplicate_key", "a.b:duplicate_key", "c:duplicate_key", "c[0].d:duplicate_key"}},
		"one name in two objects is none twice":       {`[{"a":{"a":1}},{"a":["a","a"]}]`, 422, "invalid_request", []string{":type"}},
		"an array is 422":                             {`[]`, 422, "invalid_request", []string{":type"}},
		"a negative weight is 422 at its place":       {edit("500", "-5"), 422, "invalid_request", []string{"parcels[0].weight_g:minimum"}},
		"a weight as text is 422":                     {edit("500", `"500"`), 422, "invalid_request", []string{"parcels[0].weight_g:type"}},
		"a fraction of a gram is 422":                 {edit("500", `0.5`), 422, "invalid_request", []string{"parcels[0].weight_g:minimum", "parcels[0].weight_g:type"}},
		"a huge exponent is 422, not a crash":         {edit("500", `1e400`), 422, "invalid_request", nil},
		"an unknown field is 422 by its name":         {edit(`"parcels"`, `"colour":1,"parcels"`), 422, "invalid_request", []string{"colour:unknown_field"}},
		"an unknown field deep down by its path":      {edit(`{"name":"B"`, `{"planet":"Mars","name":"B"`), 422, "invalid_request", []string{"ship_to.planet:unknown_field"}},
		"a quoted name in an unknown field is read":   {edit(`"parcels"`, `"a\"b":1,"parcels"`), 422, "invalid_request", []string{`a"b:unknown_field`}},
		"null where an object belongs is 422":         {edit(`[{"weight_g":500}]`, `[null]`), 422, "invalid_request", []string{"parcels[0]:nullable"}},
		"a name of metadata is not of any length":     {edit(`"parcels"`, `"metadata":{"`+strings.Repeat("é", 101)+`":"x","":"y","`+strings.Repeat("é", 100)+`":"z"},"parcels"`), 422, "invalid_request", []string{"metadata.:minLength", "metadata." + strings.Repeat("é", 101) + ":too_long"}},
		"all problems of a body are told at once":     {edit(`"service":"ups_ground",`, "")[:len(order)-len(`"service":"ups_ground",`)-1] + `,"priority":"soon","metadata":{"k":1}}`, 422, "invalid_request", []string{"metadata.k:type", "priority:enum"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := api.Decode[v1.ShipmentRequest](api.Request{Check: Check, Body: []byte(c.body)}, "ShipmentRequest")
			if c.status == 0 {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			e, ok := errors.AsType[*api.Error](err)
			if !ok || e.Status != c.status || e.Code != c.code {
				t.Fatalf("got %v, want %d %s", err, c.status, c.code)
			}
			var got []string
			for _, p := range e.Problems {
				got = append(got, p.Field+":"+p.Code)
				if p.Detail == "" {
					t.Errorf("%s says nothing", p.Field)
				}
			}
			if c.want != nil && !slices.Equal(got, c.want) {
				t.Errorf("problems %q, want %q", got, c.want)
			}
		})
	}
}

func TestProblemsSayWhatToDo(t *testing.T) {
	for schema, c := range map[string]struct{ body, want string }{
		"CarrierAccountUpdate":   {`{"credentials":null}`, "It is null; give a value, or leave the field out."},
		"CallbackEndpointUpdate": {`{}`, "It has no fields; say what is to be done."},
		"ApiKeyRequest":          {`{"name":"a","scopes":["read","read"]}`, "It holds an entry twice; leave one out."},
		"RotateSecretRequest":    {`{"overlap":1}`, `There is no field "overlap" here; correct its name or leave it out.`},
	} {
		t.Run(schema, func(t *testing.T) {
			_, err := Check([]byte(c.body), schema)
			e, ok := errors.AsType[*api.Error](err)
			if !ok || len(e.Problems) != 1 || e.Problems[0].Detail != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestInvalidJSONSaysWhere(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"at the end, when it is cut off":         {"{\n\"a\": 1,", "The body is not valid JSON: line 2, byte 9: it ends before the JSON value does."},
		"at the end, when it is cut off in text": {`{"a`, "The body is not valid JSON: line 1, byte 3: it ends before the JSON value does."},
		"at the character that is wrong":         {"{\n'a'", "The body is not valid JSON: line 2, byte 3: invalid character '\\'' looking for beginning of object key string."},
		"behind the first value":                 {"{} []", "The body is not valid JSON: line 1, byte 4: there is something behind the JSON value."},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Check([]byte(c.body), "ShipmentRequest")
			e, ok := errors.AsType[*api.Error](err)
			if !ok || e.Detail != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// FuzzDuplicates holds the walk against another way to find out: an object that is read into a map loses the names that
// come twice, so the maps hold fewer names than the text.
func FuzzDuplicates(f *testing.F) {
	for _, seed := range []string{order, `{"a":1,"a":2}`, `{"a":{"b":[{"c":1,"c":[]}]}}`, `[{"":0,"":0}]`, `{"\u0061":0,"a":{}}`, `{"a":"a","b":["b","b"]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if !utf8.Valid(body) {
			return
		}
		v, err := parse(body)
		if err != nil {
			return
		}
		got := duplicates(body)
		if lost := names(body) - kept(v); (lost > 0) != (len(got) > 0) {
			t.Errorf("%s: %d names lost, told are %v", body, lost, got)
		}
	})
}

// names counts the names of a JSON text: each has a colon behind it that is in no string.
func names(body []byte) (n int) {
	inString, escaped := false, false
	for _, c := range body {
		switch {
		case escaped:
			escaped = false
		case inString && c == '\\':
			escaped = true
		case c == '"':
			inString = !inString
		case c == ':' && !inString:
			n++
		}
	}
	return n
}

// kept counts the names of parsed JSON.
func kept(v any) (n int) {
	switch v := v.(type) {
	case map[string]any:
		n = len(v)
		for _, x := range v {
			n += kept(x)
		}
	case []any:
		for _, x := range v {
			n += kept(x)
		}
	}
	return n
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(order))
	f.Add([]byte(`{"parcels":[{"weight_g":1e999}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		_, _, err := api.Decode[v1.ShipmentRequest](api.Request{Check: Check, Body: body}, "ShipmentRequest")
		if e, ok := errors.AsType[*api.Error](err); err != nil && (!ok || e.Status >= 500) {
			t.Errorf("%q: %v", body, err)
		}
	})
}
