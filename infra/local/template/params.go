package template

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// parameters gives every parameter its value: the override's or the default's, checked against its constraints.
func parameters(root *node, overrides map[string]string) (map[string]string, error) {
	section := root.get("Parameters")
	out := map[string]string{}
	var names []string
	if section != nil {
		for _, f := range section.fields {
			names = append(names, f.key)
			v, given := overrides[f.key]
			if !given {
				d := f.val.get("Default")
				if d == nil {
					return nil, f.val.errorf("parameter %s has no default; give it a value", f.key)
				}
				v = d.text
			}
			if err := checkParameter(f.val, f.key, v); err != nil {
				return nil, err
			}
			out[f.key] = v
		}
	}
	for _, k := range slices.Sorted(maps.Keys(overrides)) {
		if _, ok := out[k]; !ok {
			return nil, root.errorf("there is no parameter %q; the template has %s", k, strings.Join(names, ", "))
		}
	}
	return out, nil
}

// checkParameter holds a value against everything the parameter demands. What a person did wrong is told in the
// words of its ConstraintDescription, as CloudFormation does; what the template has wrong, in our own.
func checkParameter(p *node, name, v string) error {
	wrong, err := violation(p, v)
	if err != nil {
		return p.errorf("parameter %s: %v", name, err)
	}
	if wrong == "" {
		return nil
	}
	if c := text(p.get("ConstraintDescription")); c != "" {
		wrong = c
	}
	return p.errorf("parameter %s is %q: %s", name, v, wrong)
}

// violation says which constraint of p the value breaks, "" for none. The error is the template's own.
func violation(p *node, v string) (string, error) {
	number := math.NaN()
	switch typ := text(p.get("Type")); typ {
	case "Number":
		var err error
		if number, err = strconv.ParseFloat(v, 64); err != nil || math.IsNaN(number) || math.IsInf(number, 0) {
			return "must be a number", nil
		}
	case "String":
	default:
		return "", fmt.Errorf("parameters of type %q are not supported locally; supported are String, Number", typ)
	}
	if a := p.get("AllowedValues"); a != nil {
		var allowed []string
		for _, i := range a.items {
			allowed = append(allowed, i.text)
		}
		if !slices.Contains(allowed, v) {
			return "must be one of " + strings.Join(allowed, ", "), nil
		}
	}
	if a := p.get("AllowedPattern"); a != nil {
		re, err := regexp.Compile(`^(?:` + a.text + `)$`)
		if err != nil {
			return "", fmt.Errorf("its AllowedPattern cannot be read: %w", err)
		}
		if !re.MatchString(v) {
			return "must match " + a.text, nil
		}
	}
	return outside(p, number, float64(utf8.RuneCountInString(v)))
}

// outside says which bound of p the value breaks, "" for none. A text has no number: it breaks no bound of numbers.
func outside(p *node, number, length float64) (string, error) {
	for _, bound := range []struct {
		key    string
		actual float64
		broken func(actual, limit float64) bool
		says   string
	}{
		{"MinValue", number, func(a, l float64) bool { return a < l }, "must be at least "},
		{"MaxValue", number, func(a, l float64) bool { return a > l }, "must be at most "},
		{"MinLength", length, func(a, l float64) bool { return a < l }, "must be at least this long: "},
		{"MaxLength", length, func(a, l float64) bool { return a > l }, "must be at most this long: "},
	} {
		c := p.get(bound.key)
		if c == nil {
			continue
		}
		limit, err := strconv.ParseFloat(c.text, 64)
		if err != nil {
			return "", fmt.Errorf("its %s is not a number", bound.key)
		}
		if bound.broken(bound.actual, limit) {
			return bound.says + c.text, nil
		}
	}
	return "", nil
}

// checkRules holds the template's Rules, which forbid combinations of parameters.
func (e *evaluator) checkRules() error {
	rules := e.root.get("Rules")
	if rules == nil {
		return nil
	}
	for _, r := range rules.fields {
		if c := r.val.get("RuleCondition"); c != nil {
			if applies, err := e.holds(c); err != nil {
				return err
			} else if !applies {
				continue
			}
		}
		assertions := r.val.get("Assertions")
		if assertions == nil || len(assertions.items) == 0 {
			return r.val.errorf("rule %s asserts nothing", r.key)
		}
		for _, a := range assertions.items {
			if a.get("Assert") == nil {
				return a.errorf("an assertion has an Assert")
			}
			holds, err := e.holds(a.get("Assert"))
			if err != nil {
				return err
			}
			if !holds {
				why := text(a.get("AssertDescription"))
				if why == "" {
					why = "rule " + r.key + " forbids this combination"
				}
				return a.errorf("%s (%s)", why, e.given(r.val))
			}
		}
	}
	return nil
}

// given lists the parameters that a rule speaks of, with the values in force.
func (e *evaluator) given(rule *node) string {
	named := map[string]bool{}
	var walk func(n *node)
	walk = func(n *node) {
		if n.kind == callNode && n.fn == "Ref" {
			named[text(n.items[0])] = true
		}
		for _, f := range n.fields {
			walk(f.val)
		}
		for _, i := range n.items {
			walk(i)
		}
	}
	walk(rule)
	var out []string
	for _, name := range slices.Sorted(maps.Keys(named)) {
		out = append(out, fmt.Sprintf("%s is %q", name, e.params[name]))
	}
	return strings.Join(out, ", ")
}
