package ddbsim

import (
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// What the service allows of keys (bytes) and of nesting (levels).
const (
	maxHash  = 2048
	maxRange = 1024
	maxDepth = 32
)

// cleaned returns values as the service keeps them: the same map, unless a number in it was not in canonical form.
func cleaned(values attrs) (attrs, error) {
	copied := false
	for name, v := range values {
		c, err := clean(v, 1)
		if err != nil {
			return nil, err
		}
		if c == v {
			continue
		}
		if !copied {
			values, copied = maps.Clone(values), true
		}
		values[name] = c
	}
	return values, nil
}

// clean refuses a value the service would not take, and returns it with its numbers in canonical form.
func clean(v types.AttributeValue, depth int) (types.AttributeValue, error) {
	if depth > maxDepth {
		return nil, invalid("Nesting Levels have exceeded supported limits")
	}
	switch v := v.(type) {
	case *types.AttributeValueMemberS, *types.AttributeValueMemberB, *types.AttributeValueMemberBOOL:
		return v, nil
	case *types.AttributeValueMemberN:
		n, err := normalize(v.Value)
		if err != nil || n == v.Value {
			return v, err
		}
		return &types.AttributeValueMemberN{Value: n}, nil
	case *types.AttributeValueMemberNULL:
		if !v.Value {
			return nil, invalid("One or more parameter values were invalid: Null attribute value types must have the value of true")
		}
		return v, nil
	case *types.AttributeValueMemberL:
		return cleanList(v, depth)
	case *types.AttributeValueMemberM:
		return cleanMap(v, depth)
	case *types.AttributeValueMemberNS:
		return cleanNumbers(v)
	case *types.AttributeValueMemberSS, *types.AttributeValueMemberBS:
		return v, checkSet(v)
	}
	return nil, invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
}

func cleanList(v *types.AttributeValueMemberL, depth int) (types.AttributeValue, error) {
	out := v
	for i, x := range v.Value {
		c, err := clean(x, depth+1)
		if err != nil {
			return nil, err
		}
		if c == x {
			continue
		}
		if out == v {
			out = &types.AttributeValueMemberL{Value: slices.Clone(v.Value)}
		}
		out.Value[i] = c
	}
	return out, nil
}

func cleanMap(v *types.AttributeValueMemberM, depth int) (types.AttributeValue, error) {
	out := v
	for name, x := range v.Value {
		c, err := clean(x, depth+1)
		if err != nil {
			return nil, err
		}
		if c == x {
			continue
		}
		if out == v {
			out = &types.AttributeValueMemberM{Value: maps.Clone(v.Value)}
		}
		out.Value[name] = c
	}
	return out, nil
}

func cleanNumbers(v *types.AttributeValueMemberNS) (types.AttributeValue, error) {
	out := &types.AttributeValueMemberNS{Value: slices.Clone(v.Value)}
	for i, s := range v.Value {
		n, err := normalize(s)
		if err != nil {
			return nil, err
		}
		out.Value[i] = n
	}
	return out, checkSet(out)
}

func checkSet(v types.AttributeValue) error {
	list := members(v)
	if len(list) == 0 {
		return invalid("One or more parameter values were invalid: a set may not be empty")
	}
	if len(slices.Compact(list)) < len(members(v)) {
		return invalid("One or more parameter values were invalid: Input collection contains duplicates")
	}
	return nil
}

// keyKind is the type a key attribute must have.
func (t *table) keyKind(name string) string {
	if slices.Contains(t.Numbers, name) {
		return "N"
	}
	return "S"
}

// checkKey refuses a value that can't be a key attribute.
func (t *table) checkKey(name string, v types.AttributeValue, max int) error {
	if want := t.keyKind(name); kind(v) != want {
		return invalid("One or more parameter values were invalid: Type mismatch for key %s expected: %s actual: %s", name, want, kind(v))
	}
	switch n := len(scalar(v)); {
	case n == 0:
		return invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: %s", name)
	case n > max:
		return invalid("One or more parameter values were invalid: Size of key %s has exceeded the maximum size limit of %d bytes", name, max)
	}
	return nil
}

// primary checks a request's key: exactly the key's attributes.
func (t *table) primary(key attrs) (attrs, error) {
	if len(key) != len(t.keys()) {
		return nil, invalid("The provided key element does not match the schema")
	}
	for i, name := range t.keys() {
		v := key[name]
		if v == nil || kind(v) != t.keyKind(name) {
			return nil, invalid("The provided key element does not match the schema")
		}
		if err := t.checkKey(name, v, []int{maxHash, maxRange}[i]); err != nil {
			return nil, err
		}
	}
	return cleaned(key)
}

// admit checks an item to be put and returns the table's own copy of it, and its size.
func (t *table) admit(item attrs) (attrs, int, error) {
	for i, name := range t.keys() {
		if item[name] == nil {
			return nil, 0, invalid("One or more parameter values were invalid: Missing the key %s in the item", name)
		}
		if err := t.checkKey(name, item[name], []int{maxHash, maxRange}[i]); err != nil {
			return nil, 0, err
		}
	}
	own, err := cleaned(maps.Clone(item))
	if err != nil {
		return nil, 0, err
	}
	bytes := sizeOfItem(own)
	if bytes > maxItem {
		return nil, 0, invalid("Item size has exceeded the maximum allowed size")
	}
	return own, bytes, nil
}

// indexable refuses an item whose index key attributes are of the wrong type or empty, as far as they are new.
func (t *table) indexable(old, item attrs) error {
	for _, i := range t.indexes {
		for n, name := range i.keys() {
			v := item[name]
			if v == nil || v == old[name] {
				continue
			}
			if err := t.checkKey(name, v, []int{maxHash, maxRange}[n]); err != nil {
				return err
			}
		}
	}
	return nil
}
