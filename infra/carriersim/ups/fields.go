package ups

import (
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"
)

// checker collects what is wrong with a request.
type checker struct{ errs []wireError }

func (c *checker) add(code, format string, args ...any) {
	c.errs = append(c.errs, wireError{code, fmt.Sprintf(format, args...)})
}

// node is a JSON object of a request and where it stands. A node whose object was missing is empty, so that the
// checks below it report their fields missing, or nothing when the object itself was optional.
type node struct {
	c      *checker
	path   string
	fields object
	there  bool
}

func (n node) at(name string) string { return n.path + "/" + name }

// object returns a member that must be an object; every name it may have, when known lists them, since a misspelt
// element would be ignored in silence.
func (n node) object(name string, required bool, known ...string) node {
	v, ok := n.fields[name]
	if !ok {
		if required && n.there {
			n.c.add(codeMissing, "Missing Required field, %s.", n.at(name))
		}
		return node{c: n.c, path: n.at(name)}
	}
	return n.c.object(v, n.at(name), known)
}

func (c *checker) object(v any, path string, known []string) node {
	fields, ok := v.(object)
	if !ok {
		c.add(codeNotValid, "The request is not valid: %s is not an object.", path)
		return node{c: c, path: path}
	}
	if len(known) > 0 {
		for name := range fields {
			if !slices.Contains(known, name) {
				c.add(codeNotValid, "The request is not valid: unknown element %s/%s.", path, name)
			}
		}
	}
	return node{c: c, path: path, fields: fields, there: true}
}

// objects returns a member that is an array of objects, or one object: UPS's own examples send both.
func (n node) objects(name string, known ...string) []node {
	v, ok := n.fields[name]
	if !ok {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		return []node{n.c.object(v, n.at(name), known)}
	}
	nodes := make([]node, len(list))
	for i, v := range list {
		nodes[i] = n.c.object(v, fmt.Sprintf("%s[%d]", n.at(name), i), known)
	}
	return nodes
}

// texts returns a member that is an array of strings, or one string, each of 1 to max characters.
func (n node) texts(name string, max int, code string) []string {
	v, ok := n.fields[name]
	if !ok {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var texts []string
	for _, v := range list {
		if s, ok := n.text(name, v, 1, max, code); ok {
			texts = append(texts, s)
		}
	}
	return texts
}

// need returns a string member of min to max characters; missing or wrong, it is an error with the given code
// (empty: the general codes).
func (n node) need(name string, min, max int, code string) string {
	v, ok := n.fields[name]
	if !ok {
		if n.there {
			n.missing(name, code)
		}
		return ""
	}
	s, _ := n.text(name, v, min, max, code)
	return s
}

// may is need for an optional member.
func (n node) may(name string, min, max int, code string) string {
	if _, ok := n.fields[name]; !ok {
		return ""
	}
	return n.need(name, min, max, code)
}

// has tells whether a member is there, whatever it holds: UPS's indicators are empty tags.
func (n node) has(name string) bool { _, ok := n.fields[name]; return ok }

func (n node) missing(name, code string) {
	if code == "" {
		code = codeMissing
	}
	n.c.add(code, "Missing Required field, %s.", n.at(name))
}

func (n node) text(name string, v any, min, max int, code string) (string, bool) {
	s, ok := v.(string)
	if !ok {
		n.c.add(codeNotValid, "The request is not valid: %s is %s, not a string.", n.at(name), kind(v))
		return "", false
	}
	if count := utf8.RuneCountInString(s); count < min || count > max {
		if code == "" {
			code = codeInvalid
		}
		n.c.add(code, "The field, %s, contains invalid data, %.60q: %d to %d characters.", n.at(name), s, min, max)
		return "", false
	}
	return s, true
}

func kind(v any) string {
	switch v.(type) {
	case json.Number:
		return "a number"
	case bool:
		return "a boolean"
	case nil:
		return "null"
	case []any:
		return "an array"
	}
	return "an object"
}
