package template

import (
	"regexp"
	"strings"
)

// supported are the intrinsic functions this package knows; the template uses no others.
const supported = "Ref, Sub, GetAtt, Join, FindInMap, If, Equals, Not, And, Or, Contains, Condition"

// evaluator answers intrinsic functions.
type evaluator struct {
	root       *node
	opt        Options
	params     map[string]string
	conditions map[string]bool
	pending    map[string]bool // references and conditions being answered: asked again, they are a circle
}

// eval resolves n and all beneath it.
func (e *evaluator) eval(n *node) (*node, error) {
	switch n.kind {
	case callNode:
		out, err := e.call(n)
		if err != nil || out == nil {
			return nil, err
		}
		placed := *out // the value stands where the function was called
		placed.line, placed.path = n.line, n.path
		return &placed, nil
	case mapNode:
		out := *n
		out.fields = make([]field, 0, len(n.fields))
		for _, f := range n.fields {
			v, err := e.eval(f.val)
			if err != nil {
				return nil, err
			}
			if v.kind != absentNode {
				out.fields = append(out.fields, field{f.key, v})
			}
		}
		return &out, nil
	case seqNode:
		out := *n
		out.items = make([]*node, 0, len(n.items))
		for _, i := range n.items {
			v, err := e.eval(i)
			if err != nil {
				return nil, err
			}
			if v.kind != absentNode {
				out.items = append(out.items, v)
			}
		}
		return &out, nil
	}
	return n, nil
}

func (e *evaluator) call(n *node) (*node, error) {
	arg := n.items[0]
	switch n.fn {
	case "Ref":
		return e.ref(n, arg)
	case "GetAtt":
		return e.getAtt(n, arg)
	case "Sub":
		return e.sub(n, arg)
	case "Join":
		return e.join(n, arg)
	case "If":
		return e.ifElse(n, arg)
	case "Equals":
		return e.equals(n, arg)
	case "Not", "And", "Or":
		return e.combine(n, arg)
	case "Contains":
		return e.contains(n, arg)
	case "Condition":
		holds, err := e.condition(n, text(arg))
		return truth(holds), err
	case "FindInMap":
		return e.findInMap(n, arg)
	}
	return nil, n.errorf("function %s is not supported locally; supported are %s", n.fn, supported)
}

func (e *evaluator) ref(n, arg *node) (*node, error) {
	if arg.kind != scalarNode {
		return nil, n.errorf("Ref takes a name")
	}
	if arg.text == "AWS::NoValue" {
		return &node{kind: absentNode}, nil
	}
	s, err := e.reference(n, arg.text)
	return &node{text: s}, err
}

func (e *evaluator) getAtt(n, arg *node) (*node, error) {
	id, attr, ok := strings.Cut(arg.text, ".")
	if arg.kind == seqNode && len(arg.items) == 2 {
		second, err := e.eval(arg.items[1])
		if err != nil {
			return nil, err
		}
		id, attr, ok = arg.items[0].text, second.text, true
	}
	if !ok || id == "" || attr == "" {
		return nil, n.errorf("GetAtt takes a resource and an attribute: Name.Arn")
	}
	s, err := e.attribute(n, id, attr)
	return &node{text: s}, err
}

var variable = regexp.MustCompile(`\$\{([^}]*)\}`)

func (e *evaluator) sub(n, arg *node) (*node, error) {
	text, vars := arg, (*node)(nil)
	if arg.kind == seqNode {
		if len(arg.items) != 2 || arg.items[1].kind != mapNode {
			return nil, n.errorf("Sub takes a string, or a list of a string and a mapping of variables")
		}
		v, err := e.eval(arg.items[1])
		if err != nil {
			return nil, err
		}
		text, vars = arg.items[0], v
	}
	if text.kind != scalarNode {
		return nil, n.errorf("Sub takes a string, or a list of a string and a mapping of variables")
	}
	var failed error
	out := variable.ReplaceAllStringFunc(text.text, func(m string) string {
		name := strings.TrimSpace(m[2 : len(m)-1])
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		if v := vars.get(name); v != nil {
			if v.kind != scalarNode {
				failed = n.errorf("Sub variable %s is not a single value", name)
			}
			return v.text
		}
		s, err := e.subReference(n, name)
		if err != nil {
			failed = err
		}
		return s
	})
	return &node{text: out}, failed
}

// subReference answers ${Name} and ${Name.Attr}.
func (e *evaluator) subReference(n *node, name string) (string, error) {
	if id, attr, ok := strings.Cut(name, "."); ok {
		return e.attribute(n, id, attr)
	}
	return e.reference(n, name)
}

func (e *evaluator) join(n, arg *node) (*node, error) {
	args, err := e.eval(arg)
	if err != nil {
		return nil, err
	}
	if args.kind != seqNode || len(args.items) != 2 || args.items[0].kind != scalarNode || args.items[1].kind != seqNode {
		return nil, n.errorf("Join takes a separator and a list")
	}
	parts := make([]string, 0, len(args.items[1].items))
	for _, i := range args.items[1].items {
		if i.kind != scalarNode {
			return nil, n.errorf("Join takes single values")
		}
		parts = append(parts, i.text)
	}
	return &node{text: strings.Join(parts, args.items[0].text)}, nil
}

// ifElse resolves only the branch that holds, so that the other may name what does not exist.
func (e *evaluator) ifElse(n, arg *node) (*node, error) {
	if arg.kind != seqNode || len(arg.items) != 3 || arg.items[0].kind != scalarNode {
		return nil, n.errorf("If takes a condition's name and two values")
	}
	holds, err := e.condition(n, arg.items[0].text)
	if err != nil {
		return nil, err
	}
	if holds {
		return e.eval(arg.items[1])
	}
	return e.eval(arg.items[2])
}

func (e *evaluator) findInMap(n, arg *node) (*node, error) {
	args, err := e.eval(arg)
	if err != nil {
		return nil, err
	}
	if args.kind != seqNode || len(args.items) != 3 {
		return nil, n.errorf("FindInMap takes a mapping and two keys")
	}
	v := e.root.get("Mappings")
	for _, k := range args.items {
		if v = v.get(k.text); v == nil {
			return nil, n.errorf("FindInMap: Mappings has no %s.%s.%s", args.items[0].text, args.items[1].text, args.items[2].text)
		}
	}
	return v, nil
}

// enter marks what as being answered, and fails when it already is.
func (e *evaluator) enter(n *node, what string) (leave func(), err error) {
	if e.pending[what] {
		return nil, n.errorf("circular reference through %s", what)
	}
	e.pending[what] = true
	return func() { delete(e.pending, what) }, nil
}
