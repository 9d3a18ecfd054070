package operating

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// Read reads what an operator sends. A member that is none of the input's is refused and named: passed over, it would make
// another call of it than was meant. What can be read is returned all the same, for the audit.
func Read[I Input](raw json.RawMessage) (in I, err error) {
	if err := json.Unmarshal(raw, &in); err != nil {
		return in, refuse("the input can't be read: %v", err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(new(I)); err != nil {
		return in, refuse("the input: %s; its members are %s", strings.TrimPrefix(err.Error(), "json: "), strings.Join(members(reflect.TypeFor[I]()), ", "))
	}
	return in, nil
}

// members are the names of a type's members, and of those of its lists, in their order.
func members(t reflect.Type) (names []string) {
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			continue
		}
		names = append(append(names, name), members(f.Type)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
