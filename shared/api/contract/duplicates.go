package contract

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/fairlead/fairlead/shared/ship"
)

// level is an object or list that a walk through JSON is in.
type level struct {
	names map[string]bool // of an object, those seen
	name  string          // of an object, the last one
	index int             // of a list, the place of the next value
	value bool            // of an object, whether a value comes next
}

// duplicates finds names that an object holds twice: encoding/json keeps the last one, other readers the first, and who
// sent both meant one of them. The body must be valid JSON. It has no recursion, for the body decides how deep it goes.
func duplicates(body []byte) []ship.Problem {
	var found []ship.Problem
	var open []level
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	for {
		token, err := dec.Token()
		if err != nil {
			return found
		}
		at := len(open) - 1
		if name, ok := token.(string); ok && at >= 0 && open[at].names != nil && !open[at].value {
			o := &open[at]
			o.name, o.value = name, true
			if o.names[name] && len(found) < mostProblems {
				found = append(found, ship.Problem{Field: place(open), Code: "duplicate_key", Detail: "The object has this name more than once; leave one out."})
			}
			o.names[name] = true
			continue
		}
		switch token {
		case json.Delim('{'):
			open = append(open, level{names: map[string]bool{}})
			continue
		case json.Delim('['):
			open = append(open, level{})
			continue
		case json.Delim('}'), json.Delim(']'):
			open = open[:at]
		}
		if at = len(open) - 1; at >= 0 { // a value has ended
			open[at].value = false
			open[at].index++
		}
	}
}

// place is the path of the name that was read last.
func place(open []level) string {
	var pointer []string
	for _, l := range open {
		if l.names == nil {
			pointer = append(pointer, strconv.Itoa(l.index))
		} else {
			pointer = append(pointer, l.name)
		}
	}
	return fieldPath(pointer)
}
