package alarms

import (
	"fmt"
	"strconv"
	"strings"
)

// This file is as much of CloudWatch's metric math as the alarms use, for one period at a time: + - * /, comparisons, FILL, IF,
// and MAX of a list. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html

// point is a value of a period, or that there is none.
type point struct {
	value float64
	there bool
}

// calculate answers an expression over what is known of a period. A value that is missing makes missing what is calculated
// with it; FILL gives it one.
func calculate(expression string, known map[string]point) (point, error) {
	p := &expr{left: expression, known: known}
	v := p.compared()
	if p.space(); p.err == nil && p.left != "" {
		p.fail("%q is left over", p.left)
	}
	if p.err != nil {
		return point{}, fmt.Errorf("expression %q: %w", expression, p.err)
	}
	return v, nil
}

// expr reads an expression from its left.
type expr struct {
	left  string
	known map[string]point
	err   error
}

func (p *expr) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

func (p *expr) space() { p.left = strings.TrimLeft(p.left, " ") }

// take takes one of some signs off the left, the longer first.
func (p *expr) take(signs ...string) string {
	p.space()
	for _, s := range signs {
		if rest, ok := strings.CutPrefix(p.left, s); ok {
			p.left = rest
			return s
		}
	}
	return ""
}

func (p *expr) want(sign string) {
	if p.take(sign) == "" {
		p.fail("%q is missing before %q", sign, p.left)
	}
}

func (p *expr) compared() point {
	a := p.sum()
	sign := p.take(">=", "<=", ">", "<")
	if sign == "" {
		return a
	}
	b := p.sum()
	holds := map[string]bool{">=": a.value >= b.value, "<=": a.value <= b.value, ">": a.value > b.value, "<": a.value < b.value}[sign]
	out := point{0, a.there && b.there}
	if holds {
		out.value = 1
	}
	return out
}

func (p *expr) sum() point {
	a := p.product()
	for p.err == nil {
		switch p.take("+", "-") {
		case "+":
			b := p.product()
			a = point{a.value + b.value, a.there && b.there}
		case "-":
			b := p.product()
			a = point{a.value - b.value, a.there && b.there}
		default:
			return a
		}
	}
	return a
}

func (p *expr) product() point {
	a := p.single()
	for p.err == nil {
		switch p.take("*", "/") {
		case "*":
			b := p.single()
			a = point{a.value * b.value, a.there && b.there}
		case "/":
			b := p.single()
			if a.there = a.there && b.there && b.value != 0; a.there {
				a.value /= b.value
			}
		default:
			return a
		}
	}
	return a
}

// single is a number, a name, a call or something in parentheses.
func (p *expr) single() point {
	if p.take("(") != "" {
		v := p.compared()
		p.want(")")
		return v
	}
	p.space()
	end := strings.IndexFunc(p.left, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '_' && c != '.'
	})
	if end < 0 {
		end = len(p.left)
	}
	word := p.left[:end]
	p.left = p.left[end:]
	if n, err := strconv.ParseFloat(word, 64); err == nil {
		return point{n, true}
	}
	switch word {
	case "FILL", "IF", "MAX":
		return p.call(word)
	}
	v, ok := p.known[word]
	if !ok {
		p.fail("there is no metric %q", word)
	}
	return v
}

func (p *expr) call(name string) point {
	p.want("(")
	listed := p.take("[") != ""
	var args []point
	for p.err == nil {
		args = append(args, p.compared())
		if p.take(",") == "" {
			break
		}
	}
	if listed {
		p.want("]")
	}
	p.want(")")
	switch {
	case p.err != nil:
	case name == "FILL" && len(args) == 2 && !listed:
		if args[0].there {
			return args[0]
		}
		return args[1]
	case name == "IF" && len(args) == 3 && !listed:
		if !args[0].there {
			return point{}
		}
		if args[0].value != 0 {
			return args[1]
		}
		return args[2]
	case name == "MAX" && listed:
		var out point
		for _, a := range args {
			if a.there && (!out.there || a.value > out.value) {
				out = a
			}
		}
		return out
	default:
		p.fail("%s takes something else", name)
	}
	return point{}
}
