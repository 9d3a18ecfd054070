package template

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
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

func checkParameter(p *node, name, v string) error {
	why := violation(p, v)
	if why == "" {
		return nil
	}
	if c := p.get("ConstraintDescription"); c != nil {
		why = c.text
	}
	return p.errorf("parameter %s is %q: %s", name, v, why)
}

// violation says which constraint of p the value breaks, "" for none.
func violation(p *node, v string) string {
	var number float64
	if typ := text(p.get("Type")); typ == "Number" {
		var err error
		if number, err = strconv.ParseFloat(v, 64); err != nil {
			return "must be a number"
		}
	} else if typ != "String" {
		return fmt.Sprintf("parameters of type %q are not supported locally; supported are String, Number", typ)
	}
	if a := p.get("AllowedValues"); a != nil {
		var allowed []string
		for _, i := range a.items {
			allowed = append(allowed, i.text)
		}
		if !slices.Contains(allowed, v) {
			return "must be one of " + strings.Join(allowed, ", ")
		}
	}
	if a := p.get("AllowedPattern"); a != nil {
		re, err := regexp.Compile(`^(?:` + a.text + `)$`)
		if err != nil {
			return "its AllowedPattern cannot be read: " + err.Error()
		}
		if !re.MatchString(v) {
			return "must match " + a.text
		}
	}
	for _, limit := range []struct {
		key    string
		actual float64
		broken func(actual, limit float64) bool
		says   string
	}{
		{"MinValue", number, func(a, l float64) bool { return a < l }, "must be at least "},
		{"MaxValue", number, func(a, l float64) bool { return a > l }, "must be at most "},
		{"MinLength", float64(len(v)), func(a, l float64) bool { return a < l }, "must be at least this long: "},
		{"MaxLength", float64(len(v)), func(a, l float64) bool { return a > l }, "must be at most this long: "},
	} {
		if c := p.get(limit.key); c != nil {
			l, err := strconv.ParseFloat(c.text, 64)
			if err != nil {
				return fmt.Sprintf("its %s is not a number", limit.key)
			}
			if limit.broken(limit.actual, l) {
				return limit.says + c.text
			}
		}
	}
	return ""
}

// checkRules holds the template's Rules, which forbid combinations of parameters.
func (e *evaluator) checkRules() error {
	rules := e.root.get("Rules")
	if rules == nil {
		return nil
	}
	for _, r := range rules.fields {
		if c := r.val.get("RuleCondition"); c != nil {
			if v, err := e.eval(c); err != nil {
				return err
			} else if v.text != "true" {
				continue
			}
		}
		assertions := r.val.get("Assertions")
		if assertions == nil {
			return r.val.errorf("rule %s asserts nothing", r.key)
		}
		for _, a := range assertions.items {
			if a.get("Assert") == nil {
				return a.errorf("an assertion has an Assert")
			}
			v, err := e.eval(a.get("Assert"))
			if err != nil {
				return err
			}
			if v.text != "true" {
				return a.errorf("%s", text(a.get("AssertDescription")))
			}
		}
	}
	return nil
}
