package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// ordersIn are the orders in a file: one object, an array of them, {"shipments": [...]}, or one object after the other,
// as in JSON Lines. They stay as they are written: the API tells what is wrong with them. many says that it is a list,
// if only of one.
func ordersIn(data []byte) (orders []json.RawMessage, many bool, err error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	for {
		var v json.RawMessage
		if err := dec.Decode(&v); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			at := dec.InputOffset()
			if s, ok := errors.AsType[*json.SyntaxError](err); ok {
				at = s.Offset
			}
			return nil, false, fmt.Errorf("this is not JSON, line %d: %w", 1+bytes.Count(data[:min(int(at), len(data))], []byte("\n")), err)
		}
		orders = append(orders, v)
	}
	if len(orders) == 0 {
		return nil, false, errors.New("there is no order in it")
	}
	if len(orders) > 1 {
		return orders, true, nil
	}
	only := orders[0]
	var list []json.RawMessage
	var batch map[string]json.RawMessage
	if json.Unmarshal(only, &batch) == nil && len(batch) == 1 && batch["shipments"] != nil {
		only = batch["shipments"]
	}
	if json.Unmarshal(only, &list) == nil && only[0] == '[' {
		if len(list) == 0 {
			return nil, true, errors.New("the list of orders is empty")
		}
		return list, true, nil
	}
	return orders, false, nil
}

// with adds members to an object that does not have them. What is there stays as it is written, mistakes included.
func with(object json.RawMessage, members map[string]any) (json.RawMessage, error) {
	var has map[string]json.RawMessage
	if err := json.Unmarshal(object, &has); err != nil || has == nil {
		return nil, errors.New("an order is a JSON object")
	}
	out := bytes.NewBufferString("{")
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if _, there := has[name]; there {
			continue
		}
		if out.Len() > 1 {
			out.WriteByte(',')
		}
		v, err := json.Marshal(members[name])
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(out, "%q:%s", name, v)
	}
	rest := bytes.TrimSpace(bytes.TrimSpace(object)[1:])
	if out.Len() > 1 && rest[0] != '}' {
		out.WriteByte(',')
	}
	out.Write(rest)
	return out.Bytes(), nil
}
