package client

import (
	"bytes"
	"encoding/json"
)

// The answer types below never fail on a value of an unexpected JSON type: UPS changes types between versions and
// by count (an array or its only element, an object or ""). What could not be read is empty, and whoever needs it
// finds it missing.

// Text is a JSON string or number.
type Text string

// UnmarshalJSON reads a string or a number; anything else is "".
func (t *Text) UnmarshalJSON(b []byte) error {
	*t = ""
	var s string
	switch {
	case plain(b): // as nearly every text is: an answer has hundreds
		*t = Text(b[1 : len(b)-1])
	case len(b) > 0 && (b[0] == '-' || b[0] >= '0' && b[0] <= '9'):
		*t = Text(b)
	case json.Unmarshal(b, &s) == nil:
		*t = Text(s)
	}
	return nil
}

// plain tells whether b is a JSON string that says what stands between its quotes: printable ASCII without an escape.
func plain(b []byte) bool {
	if len(b) < 2 || b[0] != '"' || b[len(b)-1] != '"' {
		return false
	}
	for _, c := range b[1 : len(b)-1] {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// Maybe is an object that UPS may send as "" instead.
type Maybe[T any] struct{ V T }

// UnmarshalJSON reads an object; anything else is the zero value.
func (m *Maybe[T]) UnmarshalJSON(b []byte) error {
	var v T
	if json.Unmarshal(b, &v) == nil {
		m.V = v
	}
	return nil
}

// List is an array that UPS may send as its only element, or as "" when it is empty.
type List[T any] []T

// UnmarshalJSON reads an array or an object. An element that can't be read stays in its place as the zero value, so
// that it is missed and not overlooked.
func (l *List[T]) UnmarshalJSON(b []byte) error {
	*l = nil
	b = bytes.TrimSpace(b)
	if len(b) == 0 {
		return nil
	}
	var parts []json.RawMessage
	switch b[0] {
	case '[':
		var whole []T
		if json.Unmarshal(b, &whole) == nil { // at one go, as nearly every list can be read
			*l = whole
			return nil
		}
		if json.Unmarshal(b, &parts) != nil {
			return nil
		}
	case '{':
		parts = []json.RawMessage{b} // not before: decoding into it would write over the answer
	default:
		return nil
	}
	for _, p := range parts {
		var v T
		if json.Unmarshal(p, &v) != nil {
			v = *new(T)
		}
		*l = append(*l, v)
	}
	return nil
}

// Flag is an indicator that is set by being there, whatever its value; some of UPS's answers say no in it all the same.
type Flag bool

// UnmarshalJSON reads any value but null, false, 0 and N as set.
func (f *Flag) UnmarshalJSON(b []byte) error {
	switch string(bytes.TrimSpace(b)) {
	case "null", "false", "0", `"0"`, `"N"`, `"false"`:
		*f = false
	default:
		*f = true
	}
	return nil
}

// Texts is an array of strings that UPS may send as its only element.
type Texts []Text

// UnmarshalJSON reads an array or a single value.
func (t *Texts) UnmarshalJSON(b []byte) error {
	*t = nil
	var many []Text
	if json.Unmarshal(b, &many) == nil {
		*t = many
		return nil
	}
	var one Text
	if _ = json.Unmarshal(b, &one); one != "" {
		*t = Texts{one}
	}
	return nil
}
