package ddbsim

import (
	"slices"
	"strings"
)

// parser reads one expression. names and values collect the placeholders it meets, checks what has to be looked at in
// every call, because it depends on the values.
type parser struct {
	text   string
	rest   []token
	names  []string
	values []string
	checks []check
	ops    int
}

// maxOperators is how many operators and functions an expression may have.
const maxOperators = 300

// check demands a type of a :value, or that one is not less than another.
type check struct {
	value string
	kinds string // " S N B "
	below string // the lower bound of a BETWEEN, or ""
	what  string // the operator or function
}

const (
	anyKind  = ""
	sortable = " S N B "
)

func newParser(text string) (*parser, error) {
	tokens, err := lex(text)
	return &parser{text: text, rest: tokens}, err
}

func (p *parser) peek() token { return p.rest[0] }

func (p *parser) next() token {
	t := p.rest[0]
	if t.text != "" {
		p.rest = p.rest[1:]
	}
	return t
}

// take consumes a punctuation or operator if it is next.
func (p *parser) take(text string) bool {
	if p.peek().text != text || p.peek().word {
		return false
	}
	p.next()
	return true
}

func (p *parser) keyword(word string) bool {
	if !p.peek().is(word) {
		return false
	}
	p.next()
	return true
}

func (p *parser) bad() error {
	if near := p.peek().text; near != "" {
		return syntax(p.text, near)
	}
	return syntax(p.text, "<EOF>")
}

func (p *parser) want(text string) error {
	if !p.take(text) {
		return p.bad()
	}
	return nil
}

// end refuses whatever is left.
func (p *parser) end() error {
	if p.peek().text != "" {
		return p.bad()
	}
	return nil
}

// call consumes `name(` if the next tokens are that.
func (p *parser) call() (string, bool) {
	if !p.peek().word || p.rest[1].text != "(" {
		return "", false
	}
	name := p.next().text
	p.next()
	return name, true
}

func (p *parser) path() (path, error) {
	t := p.peek()
	switch {
	case strings.HasPrefix(t.text, "#"):
		if !slices.Contains(p.names, t.text) {
			p.names = append(p.names, t.text)
		}
	case !t.word:
		return "", p.bad()
	case reserved[strings.ToUpper(t.text)]:
		return "", invalid("Invalid expression: Attribute name is a reserved keyword; reserved keyword: %s", t.text)
	}
	return path(p.next().text), nil
}

// term is a path or a :value.
func (p *parser) term() (operand, error) {
	if t := p.peek(); strings.HasPrefix(t.text, ":") {
		if !slices.Contains(p.values, t.text) {
			p.values = append(p.values, t.text)
		}
		return literal(p.next().text), nil
	}
	at, err := p.path()
	if err != nil {
		return nil, err
	}
	return at, nil
}

// demand notes the types an operand may have, which can be told before any item is seen if it is a :value.
func (p *parser) demand(what, kinds string, operands ...operand) error {
	for _, o := range operands {
		switch o := o.(type) {
		case literal:
			p.checks = append(p.checks, check{value: string(o), kinds: kinds, what: what})
		case sizeOp, sumOp:
			if !strings.Contains(kinds, " N ") {
				return invalid("Incorrect operand type for operator or function; operator or function: %s, operand type: N", what)
			}
		case appendOp:
			if !strings.Contains(kinds, " L ") {
				return invalid("Incorrect operand type for operator or function; operator or function: %s, operand type: L", what)
			}
		}
	}
	return nil
}

// distinct refuses an operator whose operands are one and the same attribute.
func distinct(what string, first operand, others ...operand) error {
	if slices.Contains(others, first) {
		return invalid("The first operand must be distinct from the remaining operands for this operator or function; operator: %s", what)
	}
	return nil
}

func (p *parser) count() error {
	if p.ops++; p.ops > maxOperators {
		return invalid("The expression contains too many operators")
	}
	return nil
}

// args reads n operands up to the closing parenthesis.
func (p *parser) args(n int, one func() (operand, error)) ([]operand, error) {
	var out []operand
	for {
		o, err := one()
		if err != nil {
			return nil, err
		}
		out = append(out, o)
		if p.take(")") {
			break
		}
		if err := p.want(","); err != nil {
			return nil, err
		}
	}
	if len(out) != n {
		return nil, invalid("Incorrect number of operands for operator or function in %q: %d", p.text, len(out))
	}
	return out, nil
}

// asPath refuses an operand that is not a document path.
func asPath(function string, o operand) (path, error) {
	at, ok := o.(path)
	if !ok {
		return "", invalid("Operator or function requires a document path; operator or function: %s", function)
	}
	return at, nil
}
