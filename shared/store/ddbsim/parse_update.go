package ddbsim

import "strings"

// update reads an update expression.
func (p *parser) update() ([]action, error) {
	var out []action
	sections := map[string]bool{}
	for p.peek().text != "" {
		section := strings.ToUpper(p.next().text)
		if sections[section] {
			return nil, invalid("The %q section can only be used once in an update expression", section)
		}
		sections[section] = true
		var one func() (action, error)
		switch section {
		case "SET":
			one = p.assignment
		case "REMOVE":
			one = p.removal
		case "ADD":
			one = p.addition
		case "DELETE":
			return nil, unsupported("DELETE in %q", p.text)
		default:
			return nil, syntax(p.text, section)
		}
		for {
			a, err := one()
			if err != nil {
				return nil, err
			}
			if out = append(out, a); !p.take(",") {
				break
			}
		}
	}
	return out, nil
}

func (p *parser) removal() (action, error) {
	target, err := p.path()
	return action{target: target, kind: removeAction}, err
}

func (p *parser) addition() (action, error) {
	target, err := p.path()
	if err != nil {
		return action{}, err
	}
	to, err := p.term()
	if err != nil {
		return action{}, err
	}
	if _, ok := to.(literal); !ok {
		return action{}, syntax(p.text, string(to.(path)))
	}
	return action{target, addAction, to}, p.demand("ADD", " N SS NS BS ", to)
}

func (p *parser) assignment() (action, error) {
	target, err := p.path()
	if err != nil {
		return action{}, err
	}
	if err := p.want("="); err != nil {
		return action{}, err
	}
	to, err := p.source()
	if err != nil {
		return action{}, err
	}
	for _, op := range []string{"+", "-"} {
		if !p.take(op) {
			continue
		}
		other, err := p.source()
		if err != nil {
			return action{}, err
		}
		if err := p.demand(op, " N ", to, other); err != nil {
			return action{}, err
		}
		to = sumOp{to, other, op == "-"}
		break
	}
	return action{target, setAction, to}, p.count()
}

// source is what an assignment can take a value from, but for sums.
func (p *parser) source() (operand, error) {
	name, ok := p.call()
	if !ok {
		if p.peek().text == "(" {
			return nil, unsupported("parentheses in %q", p.text)
		}
		return p.term()
	}
	if name != "if_not_exists" && name != "list_append" {
		return nil, invalid("Invalid function name; function: %s", name)
	}
	if err := p.count(); err != nil {
		return nil, err
	}
	args, err := p.args(2, p.source)
	if err != nil {
		return nil, err
	}
	if name == "list_append" {
		return appendOp{args[0], args[1]}, p.demand(name, " L ", args...)
	}
	of, err := asPath(name, args[0])
	return orElse{of, args[1]}, err
}
