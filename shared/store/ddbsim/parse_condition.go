package ddbsim

// condition reads a whole condition: OR binds least, then AND, then NOT.
func (p *parser) condition() (condition, error) {
	left, err := p.conjunction()
	for err == nil && p.keyword("OR") {
		var right condition
		if right, err = p.conjunction(); err == nil {
			left, err = orOp{left, right}, p.count()
		}
	}
	return left, err
}

func (p *parser) conjunction() (condition, error) {
	left, err := p.negation()
	for err == nil && p.keyword("AND") {
		var right condition
		if right, err = p.negation(); err == nil {
			left, err = andOp{left, right}, p.count()
		}
	}
	return left, err
}

func (p *parser) negation() (condition, error) {
	if p.keyword("NOT") {
		c, err := p.negation()
		if err == nil {
			err = p.count()
		}
		return notOp{c}, err
	}
	return p.primary()
}

// primary is a parenthesis, a comparison or a function. A parenthesis around nothing but another one is refused.
func (p *parser) primary() (condition, error) {
	if p.take("(") {
		c, err := p.condition()
		if err != nil {
			return nil, err
		}
		if _, again := c.(parens); again {
			return nil, invalid("The expression has redundant parentheses")
		}
		return parens{c}, p.want(")")
	}
	if err := p.count(); err != nil {
		return nil, err
	}
	if p.peek().word && p.rest[1].text == "(" && p.peek().text != "size" {
		name, _ := p.call()
		return p.predicate(name)
	}
	return p.comparison()
}

// parens is a condition that stood in parentheses.
type parens struct{ condition }

func (p *parser) comparison() (condition, error) {
	x, err := p.operand()
	if err != nil {
		return nil, err
	}
	switch t := p.peek(); {
	case t.is("BETWEEN"):
		p.next()
		return p.between(x)
	case t.is("IN"):
		p.next()
		return p.in(x)
	case t.text == "=" || t.text == "<>":
		p.next()
		return p.compared(t.text, anyKind, x)
	case t.text == "<" || t.text == "<=" || t.text == ">" || t.text == ">=":
		p.next()
		return p.compared(t.text, sortable, x)
	}
	return nil, p.bad()
}

func (p *parser) compared(op, kinds string, x operand) (condition, error) {
	y, err := p.operand()
	if err != nil {
		return nil, err
	}
	if kinds != anyKind {
		if err := p.demand(op, kinds, x, y); err != nil {
			return nil, err
		}
	}
	return compareOp{op, x, y}, distinct(op, x, y)
}

func (p *parser) between(x operand) (condition, error) {
	low, err := p.operand()
	if err != nil {
		return nil, err
	}
	if !p.keyword("AND") {
		return nil, p.bad()
	}
	high, err := p.operand()
	if err != nil {
		return nil, err
	}
	a, ok1 := low.(literal)
	b, ok2 := high.(literal)
	if ok1 && ok2 {
		p.checks = append(p.checks, check{value: string(b), below: string(a), what: "BETWEEN"})
	}
	if err := p.demand("BETWEEN", sortable, x, low, high); err != nil {
		return nil, err
	}
	return betweenOp{x, low, high}, distinct("BETWEEN", x, low, high)
}

// maxIn is how many operands an IN may list.
const maxIn = 100

func (p *parser) in(x operand) (condition, error) {
	if err := p.want("("); err != nil {
		return nil, err
	}
	c := inOp{x: x}
	for {
		o, err := p.operand()
		if err != nil {
			return nil, err
		}
		if c.list = append(c.list, o); p.take(")") {
			break
		}
		if err := p.want(","); err != nil {
			return nil, err
		}
	}
	if len(c.list) > maxIn {
		return nil, invalid("The IN operator is provided with too many operands; number of operands: %d", len(c.list))
	}
	return c, distinct("IN", x, c.list...)
}

// operand of a condition: a path, a :value or size(path).
func (p *parser) operand() (operand, error) {
	name, ok := p.call()
	if !ok {
		return p.term()
	}
	if name != "size" {
		return nil, invalid("The function is not allowed to be used this way in an expression; function: %s", name)
	}
	args, err := p.args(1, p.operand)
	if err != nil {
		return nil, err
	}
	of, err := asPath(name, args[0])
	if _, isValue := args[0].(literal); isValue {
		return nil, unsupported("size() of a value in %q", p.text)
	}
	return sizeOp{of}, err
}

// predicate reads the arguments of a function that is a condition.
func (p *parser) predicate(name string) (condition, error) {
	n, known := map[string]int{"attribute_exists": 1, "attribute_not_exists": 1, "attribute_type": 2, "begins_with": 2, "contains": 2}[name]
	if !known {
		return nil, invalid("Invalid function name; function: %s", name)
	}
	args, err := p.args(n, p.operand)
	if err != nil {
		return nil, err
	}
	switch name {
	case "begins_with":
		if err := p.demand(name, " S B ", args...); err != nil {
			return nil, err
		}
		return prefixOp{args[0], args[1]}, distinct(name, args[0], args[1])
	case "contains":
		if err := p.demand(name, " S B SS NS BS L ", args[0]); err != nil {
			return nil, err
		}
		return containsOp{args[0], args[1]}, distinct(name, args[0], args[1])
	}
	of, err := asPath(name, args[0])
	if err != nil {
		return nil, err
	}
	if name != "attribute_type" {
		return existsOp{of, name == "attribute_exists"}, nil
	}
	is, ok := args[1].(literal)
	if !ok {
		return nil, invalid("Incorrect operand type for operator or function; operator or function: attribute_type")
	}
	p.checks = append(p.checks, check{value: string(is), kinds: " S ", what: name})
	return typeOp{of, is}, nil
}
