package template

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Match tells whether a stream record passes a filter pattern of an event source. Both are JSON. Of the pattern
// language it knows exact strings, numbers, booleans and null, and {"exists": true|false}; a pattern with anything
// else is an error. A record that is not a JSON object never passes.
func Match(pattern string, record []byte) (bool, error) {
	p, err := parsePattern(pattern)
	if err != nil {
		return false, err
	}
	r, err := decodeJSON(record)
	if err != nil {
		return false, nil
	}
	return matchObject(p, r), nil
}

// parsePattern reads a pattern and refuses what Match does not know.
func parsePattern(pattern string) (map[string]any, error) {
	v, err := decodeJSON([]byte(pattern))
	if err != nil {
		return nil, fmt.Errorf("filter pattern is not JSON: %w", err)
	}
	p, ok := v.(map[string]any)
	if !ok || len(p) == 0 {
		return nil, fmt.Errorf("filter pattern is not an object with members")
	}
	return p, checkPattern(p, "")
}

func checkPattern(p map[string]any, path string) error {
	for _, k := range slices.Sorted(maps.Keys(p)) {
		at := path + "/" + k
		switch v := p[k].(type) {
		case map[string]any:
			if err := checkPattern(v, at); err != nil {
				return err
			}
		case []any:
			if len(v) == 0 {
				return fmt.Errorf("filter pattern %s: the list is empty", at)
			}
			for _, rule := range v {
				if err := checkRule(rule, at); err != nil {
					return err
				}
			}
		default:
			return fmt.Errorf("filter pattern %s: want an object or a list of values", at)
		}
	}
	return nil
}

func checkRule(rule any, at string) error {
	switch r := rule.(type) {
	case []any:
		return fmt.Errorf("filter pattern %s: a list in a list", at)
	case map[string]any:
		if _, ok := r["exists"].(bool); !ok || len(r) != 1 {
			return fmt.Errorf("filter pattern %s: only exact values and exists are supported locally", at)
		}
	}
	return nil
}

// matchObject holds every member of the pattern against the record; a record that is no object has no members.
func matchObject(p map[string]any, record any) bool {
	r, _ := record.(map[string]any)
	for k, want := range p {
		have, present := r[k]
		switch w := want.(type) {
		case map[string]any:
			if !matchObject(w, have) {
				return false
			}
		case []any:
			if !slices.ContainsFunc(w, func(rule any) bool { return matchRule(rule, have, present) }) {
				return false
			}
		}
	}
	return true
}

func matchRule(rule, have any, present bool) bool {
	if r, ok := rule.(map[string]any); ok {
		_, inner := have.(map[string]any) // exists speaks of leaves only
		return (present && !inner) == r["exists"].(bool)
	}
	if list, ok := have.([]any); ok {
		return slices.ContainsFunc(list, func(v any) bool { return matchRule(rule, v, true) })
	}
	if _, ok := have.(map[string]any); ok {
		return false
	}
	return present && rule == have
}

// decodeJSON keeps numbers as written: 1 and 1.0 differ, as they may in the service.
func decodeJSON(b []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if dec.More() {
		return nil, fmt.Errorf("more than one JSON value")
	}
	return v, nil
}
