package ddbsim

import (
	"slices"
	"strings"
	"sync"
)

// texts are the expressions of one request.
type texts struct{ update, condition, key string }

// program is what they parse to. names and values are the placeholders that all of them use.
type program struct {
	actions []action
	cond    condition // of a write
	key     []condition
	names   []string
	values  []string
	checks  []check
	aliased bool // a target of the update is a #name
}

// programs keeps what was parsed: a program has few texts, and says them all the time.
type programs struct {
	mu sync.RWMutex
	m  map[texts]*program
}

// compile parses the expressions of a request, of which any may be absent.
func (ps *programs) compile(update, cond, key *string) (*program, error) {
	var t texts
	for _, e := range []struct{ from, to *string }{{update, &t.update}, {cond, &t.condition}, {key, &t.key}} {
		if e.from == nil {
			continue
		}
		if *e.from == "" {
			return nil, invalid("The expression can not be empty")
		}
		*e.to = *e.from
	}
	ps.mu.RLock()
	p := ps.m[t]
	ps.mu.RUnlock()
	if p != nil {
		return p, nil
	}
	p, err := parse(t)
	if err != nil {
		return nil, err
	}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.m == nil {
		ps.m = map[texts]*program{}
	}
	ps.m[t] = p
	return p, nil
}

func parse(t texts) (*program, error) {
	out := &program{}
	for _, part := range []struct {
		text string
		read func(p *parser) error
	}{
		{t.update, func(p *parser) (err error) { out.actions, err = p.update(); return err }},
		{t.condition, func(p *parser) (err error) { out.cond, err = p.condition(); return err }},
		{t.key, func(p *parser) error {
			c, err := p.condition()
			out.key = conjuncts(c)
			return err
		}},
	} {
		if part.text == "" {
			continue
		}
		p, err := newParser(part.text)
		if err != nil {
			return nil, err
		}
		if err := part.read(p); err != nil {
			return nil, err
		}
		if err := p.end(); err != nil {
			return nil, err
		}
		out.names, out.values = union(out.names, p.names), union(out.values, p.values)
		out.checks = append(out.checks, p.checks...)
	}
	out.aliased = slices.ContainsFunc(out.actions, func(a action) bool { return a.target[0] == '#' })
	return out, overlapping(out.actions, nil)
}

// conjuncts takes a key condition apart at its ANDs.
func conjuncts(c condition) []condition {
	switch c := c.(type) {
	case parens:
		return conjuncts(c.condition)
	case andOp:
		return append(conjuncts(c.a), conjuncts(c.b)...)
	}
	return []condition{c}
}

func union(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(a, s)
		}
	}
	return a
}

// overlapping refuses an update that says two things about one attribute.
func overlapping(actions []action, names map[string]string) error {
	for i, a := range actions {
		for _, b := range actions[:i] {
			if a.target == b.target || names != nil && a.target.name(names) == b.target.name(names) {
				return invalid("Two document paths overlap with each other; must remove or rewrite one of these paths; path: [%s]", a.target)
			}
		}
	}
	return nil
}

// bind checks a request's names and values against its expressions and returns the values as the service keeps them.
func (p *program) bind(names map[string]string, values attrs) (attrs, error) {
	if names != nil && len(names) == 0 {
		return nil, invalid("ExpressionAttributeNames must not be empty")
	}
	if values != nil && len(values) == 0 {
		return nil, invalid("ExpressionAttributeValues must not be empty")
	}
	for _, name := range p.names {
		if names[name] == "" {
			return nil, invalid("An expression attribute name used in the document path is not defined; attribute name: %s", name)
		}
	}
	for _, name := range p.values {
		if values[name] == nil {
			return nil, invalid("An expression attribute value used in expression is not defined; attribute value: %s", name)
		}
	}
	if len(names) > len(p.names) {
		return nil, invalid("Value provided in ExpressionAttributeNames unused in expressions: keys: {%s}", spare(names, p.names))
	}
	if len(values) > len(p.values) {
		return nil, invalid("Value provided in ExpressionAttributeValues unused in expressions: keys: {%s}", spare(values, p.values))
	}
	values, err := cleaned(values)
	if err != nil {
		return nil, err
	}
	for _, c := range p.checks {
		if err := c.run(values); err != nil {
			return nil, err
		}
	}
	if p.aliased {
		return values, overlapping(p.actions, names)
	}
	return values, nil
}

// spare are the keys of m that are not used, in order.
func spare[V any](m map[string]V, used []string) string {
	var out []string
	for k := range m {
		if !slices.Contains(used, k) {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func (c check) run(values attrs) error {
	v := values[c.value]
	if c.below != "" {
		if order, ok := compare(values[c.below], v); !ok || order > 0 {
			return invalid("The BETWEEN operator requires upper bound to be greater than or equal to lower bound")
		}
		return nil
	}
	if k := kind(v); !strings.Contains(c.kinds, " "+k+" ") {
		return invalid("Incorrect operand type for operator or function; operator or function: %s, operand type: %s", c.what, k)
	}
	if c.what == "ADD" && kind(v) != "N" {
		return unsupported("ADD of a set")
	}
	if c.what == "attribute_type" && !slices.Contains([]string{"S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"}, scalar(v)) {
		return invalid("Invalid attribute type name found; type: %s", scalar(v))
	}
	return nil
}
