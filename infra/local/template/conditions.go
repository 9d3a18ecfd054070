package template

import "slices"

// truth is what a condition gives.
func truth(holds bool) *node {
	if holds {
		return &node{text: "true"}
	}
	return &node{text: "false"}
}

func (e *evaluator) equals(n, arg *node) (*node, error) {
	args, err := e.eval(arg)
	if err != nil {
		return nil, err
	}
	if args.kind != seqNode || len(args.items) != 2 || args.items[0].kind != scalarNode || args.items[1].kind != scalarNode {
		return nil, n.errorf("Equals takes two single values")
	}
	return truth(args.items[0].text == args.items[1].text), nil
}

// contains tells whether a list, written out, holds a value. Rules use it.
func (e *evaluator) contains(n, arg *node) (*node, error) {
	args, err := e.eval(arg)
	if err != nil {
		return nil, err
	}
	if args.kind != seqNode || len(args.items) != 2 || args.items[0].kind != seqNode || args.items[1].kind != scalarNode {
		return nil, n.errorf("Contains takes a list and a single value")
	}
	return truth(slices.ContainsFunc(args.items[0].items, func(i *node) bool { return i.kind == scalarNode && i.text == args.items[1].text })), nil
}

// combine answers Not, And and Or.
func (e *evaluator) combine(n, arg *node) (*node, error) {
	least, most := 2, 10 // CloudFormation's own limits
	if n.fn == "Not" {
		least, most = 1, 1
	}
	if arg.kind != seqNode || len(arg.items) < least || len(arg.items) > most {
		return nil, n.errorf("%s takes a list of %d to %d conditions", n.fn, least, most)
	}
	all, some := true, false
	for _, i := range arg.items {
		holds, err := e.holds(i)
		if err != nil {
			return nil, err
		}
		all, some = all && holds, some || holds
	}
	switch n.fn {
	case "Not":
		return truth(!all), nil
	case "And":
		return truth(all), nil
	}
	return truth(some), nil
}

// holds answers a function that gives true or false, or {Condition: Name}, the long form of !Condition.
func (e *evaluator) holds(n *node) (bool, error) {
	if name := n.get("Condition"); name != nil && len(n.fields) == 1 {
		return e.condition(n, name.text)
	}
	if n.kind != callNode {
		return false, n.errorf("want a condition: Equals, Not, And, Or, Contains or Condition")
	}
	v, err := e.eval(n)
	if err != nil {
		return false, err
	}
	if v.kind != scalarNode || v.text != "true" && v.text != "false" {
		return false, n.errorf("%s gives %q, which is neither true nor false", n.fn, v.text)
	}
	return v.text == "true", nil
}

// condition answers a condition of the template by its name.
func (e *evaluator) condition(n *node, name string) (bool, error) {
	if v, ok := e.conditions[name]; ok {
		return v, nil
	}
	c := e.root.at("Conditions", name)
	if c == nil {
		return false, n.errorf("there is no condition %q", name)
	}
	leave, err := e.enter(c, "condition "+name)
	if err != nil {
		return false, err
	}
	defer leave()
	if e.conditions[name], err = e.holds(c); err != nil {
		delete(e.conditions, name)
	}
	return e.conditions[name], err
}
