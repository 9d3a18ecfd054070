package template

import (
	"strconv"
	"strings"
	"time"
)

// reader reads typed properties of one mapping and keeps the first error.
type reader struct {
	n   *node
	err error
}

func (r *reader) fail(n *node, format string, args ...any) {
	if r.err == nil {
		r.err = n.errorf(format, args...)
	}
}

// str is a property's text; required ones must be there.
func (r *reader) str(key string, required bool) string {
	v := r.n.get(key)
	if v == nil {
		if required {
			r.fail(r.n, "%s is missing", key)
		}
		return ""
	}
	if v.kind != scalarNode {
		r.fail(v, "%s must be a single value", key)
	}
	return v.text
}

// number is a whole number, or def when the property is missing.
func (r *reader) number(key string, def int) int {
	v := r.n.get(key)
	if v == nil {
		return def
	}
	i, err := strconv.Atoi(v.text)
	if v.kind != scalarNode || err != nil {
		r.fail(v, "%s must be a whole number, not %q", key, v.text)
	}
	return i
}

// seconds is a duration given as a whole number of seconds.
func (r *reader) seconds(key string, def time.Duration) time.Duration {
	return time.Duration(r.number(key, int(def/time.Second))) * time.Second
}

func (r *reader) flag(key string, def bool) bool {
	v := r.n.get(key)
	if v == nil {
		return def
	}
	if v.kind != scalarNode || (v.text != "true" && v.text != "false") {
		r.fail(v, "%s must be true or false", key)
	}
	return v.text == "true"
}

// list is a list of single values; one value alone is a list of one.
func (r *reader) list(key string) []string {
	v := r.n.get(key)
	switch {
	case v == nil:
		return nil
	case v.kind == scalarNode:
		return []string{v.text}
	case v.kind != seqNode:
		r.fail(v, "%s must be a list", key)
		return nil
	}
	out := make([]string, 0, len(v.items))
	for _, i := range v.items {
		if i.kind != scalarNode {
			r.fail(i, "must be a single value")
		}
		out = append(out, i.text)
	}
	return out
}

// texts is a mapping of single values.
func (r *reader) texts(n *node) map[string]string {
	out := map[string]string{}
	if n == nil {
		return out
	}
	if n.kind != mapNode {
		r.fail(n, "must be a mapping")
		return out
	}
	for _, f := range n.fields {
		if f.val.kind != scalarNode {
			r.fail(f.val, "must be a single value")
		}
		out[f.key] = f.val.text
	}
	return out
}

// every reads rate(5 minutes).
func every(n *node) (time.Duration, error) {
	inner, ok := strings.CutPrefix(n.text, "rate(")
	inner, closed := strings.CutSuffix(inner, ")")
	count, unit, two := strings.Cut(inner, " ")
	c, err := strconv.Atoi(count)
	if ok && closed && two && err == nil && c > 0 {
		switch strings.TrimSuffix(unit, "s") {
		case "minute":
			return time.Duration(c) * time.Minute, nil
		case "hour":
			return time.Duration(c) * time.Hour, nil
		case "day":
			return time.Duration(c) * 24 * time.Hour, nil
		}
	}
	return 0, n.errorf("schedule %q is not supported locally; supported is rate(<n> minutes|hours|days)", n.text)
}
