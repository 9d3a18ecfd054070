package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
)

// Patch is a JSON merge patch (RFC 7396): a member that is left out stays as it is, nil takes it away, an object is
// merged member by member, and a list is replaced whole.
//
//	client.Patch{"order_number": nil, "parcels": []client.Parcel{{WeightG: 1500}}}
//
// Merged means that a field that is nil in a struct stays: to give a shipment another address, use [Difference].
type Patch map[string]any

// Difference is the patch that makes to of from, two values of the same type. It is empty when they are the same.
func Difference(from, to any) (Patch, error) {
	a, err := plain(from)
	if err != nil {
		return nil, err
	}
	b, err := plain(to)
	if err != nil {
		return nil, err
	}
	before, ok := a.(map[string]any)
	after, also := b.(map[string]any)
	if !ok || !also {
		return nil, fmt.Errorf("client: %T and %T are not both objects", from, to)
	}
	return difference(before, after), nil
}

func difference(from, to map[string]any) map[string]any {
	out := map[string]any{}
	for k := range from {
		if _, stays := to[k]; !stays {
			out[k] = nil
		}
	}
	for k, v := range to {
		was, there := from[k]
		before, ok := was.(map[string]any)
		after, also := v.(map[string]any)
		switch {
		case there && reflect.DeepEqual(was, v):
		case ok && also:
			out[k] = difference(before, after)
		default:
			out[k] = v
		}
	}
	return out
}

// plain is a value as JSON has it.
func plain(v any) (any, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("client: %T can't be written as JSON: %w", v, err)
	}
	return parse(b)
}

// parse keeps numbers as they are written.
func parse(b []byte) (v any, err error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	err = dec.Decode(&v)
	return v, err
}
