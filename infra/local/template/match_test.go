package template

import (
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	const states = `{"dynamodb":{"NewImage":{"st":{"S":["pending","booked"]}}}}`
	for name, c := range map[string]struct {
		pattern, record string
		want            bool
	}{
		"one of the values":                {states, `{"dynamodb":{"NewImage":{"st":{"S":"booked"},"x":{"N":"1"}}}}`, true},
		"another value":                    {states, `{"dynamodb":{"NewImage":{"st":{"S":"draft"}}}}`, false},
		"values are compared whole":        {states, `{"dynamodb":{"NewImage":{"st":{"S":"pending-ish"}}}}`, false},
		"no image":                         {states, `{"dynamodb":{"OldImage":{"st":{"S":"booked"}}}}`, false},
		"image is null":                    {states, `{"dynamodb":{"NewImage":null}}`, false},
		"an object where a value belongs":  {states, `{"dynamodb":{"NewImage":{"st":{"S":{}}}}}`, false},
		"not JSON":                         {states, `{"dynamodb":`, false},
		"not an object":                    {states, `[]`, false},
		"every member must match":          {`{"a":[1],"b":["x"]}`, `{"a":1,"b":"y"}`, false},
		"numbers":                          {`{"a":[1,2]}`, `{"a":2}`, true},
		"a number is no string":            {`{"a":[1]}`, `{"a":"1"}`, false},
		"booleans and null":                {`{"a":[true],"b":[null]}`, `{"a":true,"b":null}`, true},
		"null is not absent":               {`{"b":[null]}`, `{}`, false},
		"any element of a list":            {`{"a":["x"]}`, `{"a":["y","x"]}`, true},
		"exists":                           {`{"a":[{"exists":true}]}`, `{"a":0}`, true},
		"exists, and does not":             {`{"a":[{"exists":true}]}`, `{}`, false},
		"exists not":                       {`{"a":{"b":[{"exists":false}]}}`, `{"a":{}}`, true},
		"exists not, below what is absent": {`{"a":{"b":[{"exists":false}]}}`, `{}`, true},
		"exists not, and does":             {`{"a":[{"exists":false}]}`, `{"a":1}`, false},
		"a value or nothing":               {`{"a":["x",{"exists":false}]}`, `{}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Match(c.pattern, []byte(c.record))
			if err != nil {
				t.Fatal(err)
			}
			if got != c.want {
				t.Errorf("%s against %s: %v", c.record, c.pattern, got)
			}
		})
	}
	for name, c := range map[string]struct{ pattern, want string }{
		"not JSON":           {`{`, "not JSON"},
		"empty":              {`{}`, "not an object with members"},
		"a value alone":      {`{"a":"x"}`, "/a: want an object or a list"},
		"an empty list":      {`{"a":[]}`, "/a: the list is empty"},
		"a list in a list":   {`{"a":[["x"]]}`, "a list in a list"},
		"another comparison": {`{"a":{"b":[{"prefix":"x"}]}}`, "/a/b: only exact values and exists"},
	} {
		t.Run("refused: "+name, func(t *testing.T) {
			if _, err := Match(c.pattern, []byte(`{}`)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
