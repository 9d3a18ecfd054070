package ddbsim

import (
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// env is what an expression is evaluated against. err is the first thing that could not be done.
type env struct {
	item   attrs
	names  map[string]string
	values attrs
	err    error
}

func (e *env) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

// path is an attribute: its name, or the placeholder that stands for it.
type path string

func (p path) name(names map[string]string) string {
	if p[0] == '#' {
		return names[string(p)]
	}
	return string(p)
}

// operand is something with a value; nil is a missing attribute.
type operand interface {
	value(e *env) types.AttributeValue
}

// literal is a :value.
type literal string

func (p path) value(e *env) types.AttributeValue    { return e.item[p.name(e.names)] }
func (l literal) value(e *env) types.AttributeValue { return e.values[string(l)] }

// sizeOp is size(path).
type sizeOp struct{ of path }

func (s sizeOp) value(e *env) types.AttributeValue {
	n := 0
	switch v := s.of.value(e).(type) {
	case *types.AttributeValueMemberS:
		if n = len(v.Value); slices.ContainsFunc([]byte(v.Value), func(b byte) bool { return b >= 0x80 }) {
			e.fail(unsupported("size() of a string beyond ASCII: %q", v.Value))
		}
	case *types.AttributeValueMemberB:
		n = len(v.Value)
	case *types.AttributeValueMemberL:
		n = len(v.Value)
	case *types.AttributeValueMemberM:
		n = len(v.Value)
	case *types.AttributeValueMemberSS, *types.AttributeValueMemberNS, *types.AttributeValueMemberBS:
		n = len(members(v))
	default:
		return nil
	}
	return &types.AttributeValueMemberN{Value: strconv.Itoa(n)}
}

// condition is a node of a condition.
type condition interface {
	holds(e *env) bool
}

type (
	andOp     struct{ a, b condition }
	orOp      struct{ a, b condition }
	notOp     struct{ a condition }
	compareOp struct {
		op   string
		a, b operand
	}
	betweenOp struct{ x, low, high operand }
	inOp      struct {
		x    operand
		list []operand
	}
	existsOp struct {
		of   path
		want bool
	}
	typeOp     struct{ of, is operand }
	prefixOp   struct{ of, prefix operand }
	containsOp struct{ of, part operand }
)

func (c andOp) holds(e *env) bool { return c.a.holds(e) && c.b.holds(e) }
func (c orOp) holds(e *env) bool  { return c.a.holds(e) || c.b.holds(e) }
func (c notOp) holds(e *env) bool { return !c.a.holds(e) }

func (c compareOp) holds(e *env) bool {
	a, b := c.a.value(e), c.b.value(e)
	switch c.op {
	case "=":
		return equal(a, b)
	case "<>": // also of an attribute that is missing
		return !equal(a, b)
	}
	order, ok := compare(a, b)
	return ok && ordered(c.op, order)
}

func ordered(op string, order int) bool {
	switch op {
	case "=":
		return order == 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

func (c betweenOp) holds(e *env) bool {
	x := c.x.value(e)
	low, ok1 := compare(x, c.low.value(e))
	high, ok2 := compare(x, c.high.value(e))
	return ok1 && ok2 && low >= 0 && high <= 0
}

func (c inOp) holds(e *env) bool {
	x := c.x.value(e)
	return slices.ContainsFunc(c.list, func(o operand) bool { return equal(x, o.value(e)) })
}

func (c existsOp) holds(e *env) bool { return (c.of.value(e) != nil) == c.want }
func (c typeOp) holds(e *env) bool {
	v := c.of.value(e)
	return v != nil && kind(v) == scalar(c.is.value(e))
}
func (c prefixOp) holds(e *env) bool   { return hasPrefix(c.of.value(e), c.prefix.value(e)) }
func (c containsOp) holds(e *env) bool { return contains(c.of.value(e), c.part.value(e)) }

// sumOp is a+b or a-b, orElse is if_not_exists, appendOp is list_append: what only an update can say.
type (
	sumOp struct {
		a, b  operand
		minus bool
	}
	orElse struct {
		of       path
		fallback operand
	}
	appendOp struct{ a, b operand }
)

// present evaluates an operand of an update, which must be there.
func present(o operand, e *env) types.AttributeValue {
	v := o.value(e)
	if v == nil {
		e.fail(invalid("The provided expression refers to an attribute that does not exist in the item"))
	}
	return v
}

func (o sumOp) value(e *env) types.AttributeValue {
	return sum(e, present(o.a, e), present(o.b, e), o.minus)
}

func sum(e *env, x, y types.AttributeValue, minus bool) types.AttributeValue {
	a, ok1 := x.(*types.AttributeValueMemberN)
	b, ok2 := y.(*types.AttributeValueMemberN)
	if !ok1 || !ok2 {
		e.fail(invalid("An operand in the update expression has an incorrect data type"))
		return nil
	}
	n, err := addNumbers(a.Value, b.Value, minus)
	if err != nil {
		e.fail(err)
	}
	return &types.AttributeValueMemberN{Value: n}
}

func (o orElse) value(e *env) types.AttributeValue {
	if v := o.of.value(e); v != nil {
		return v
	}
	return o.fallback.value(e)
}

func (o appendOp) value(e *env) types.AttributeValue {
	a, ok1 := present(o.a, e).(*types.AttributeValueMemberL)
	b, ok2 := present(o.b, e).(*types.AttributeValueMemberL)
	if !ok1 || !ok2 {
		e.fail(invalid("An operand in the update expression has an incorrect data type"))
		return nil
	}
	return &types.AttributeValueMemberL{Value: slices.Concat(a.Value, b.Value)}
}

// action is one assignment, addition or removal of an update.
type action struct {
	target path
	kind   actionKind
	to     operand // nil when removing
}

type actionKind int

const (
	setAction actionKind = iota
	addAction
	removeAction
)

// apply makes the new item of the old one: a copy, or nil with an error.
func apply(actions []action, old attrs, size int, key attrs, e *env) (attrs, int, error) {
	item := maps.Clone(old)
	if old == nil {
		item = make(attrs, len(key)+len(actions))
		for name, v := range key {
			item[name] = v
			size += len(name) + sizeOf(v)
		}
	}
	for _, a := range actions {
		name := a.target.name(e.names)
		before, there := item[name]
		if there {
			size -= len(name) + sizeOf(before)
		}
		if a.kind == removeAction {
			delete(item, name)
			continue
		}
		// Operands see the item as it was; no two actions have one target.
		v := present(a.to, e)
		if a.kind == addAction && there {
			v = sum(e, before, v, false)
		}
		if e.err != nil {
			return nil, 0, e.err
		}
		item[name] = v
		size += len(name) + sizeOf(v)
	}
	return item, size, nil
}
