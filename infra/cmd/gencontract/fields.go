package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// kind is what a value is: words such as "list of", the name of a schema when it has one, and its limits.
type kind struct {
	Words  string
	Schema string
	Limits []limit
}

// limit is a rule that a value keeps, such as "one of" with values, or "1 to 35 characters" without.
type limit struct {
	Words  string
	Values []string
}

// field is a row of a table: a member of an object, of an object in it, or of the entries of a list in it.
type field struct {
	Path        string // of the object that the member is in, such as "parcels[]."
	Name        string
	Depth       int
	Required    bool
	Kind        kind
	Description string
}

// place is what a schema stands for where it is used: the schema that its references lead to, that one's name when it has
// one, and the description that is nearest.
type place struct {
	name        string
	description string
	*schema
}

// follow goes along references, and through an allOf of one, which is there to give a reference its own description.
func (c *contract) follow(s *schema) (place, error) {
	p := place{schema: s}
	for {
		if p.description == "" {
			p.description = p.schema.Description
		}
		var err error
		switch {
		case p.Ref != "":
			p.name, p.schema, err = c.Components.Schemas.get(p.Ref)
		case len(p.AllOf) == 1 && p.Type == "":
			p.schema = p.AllOf[0]
		case p.AllOf != nil:
			err = fmt.Errorf("an allOf of several schemas, or beside a type, can't be shown")
		default:
			return p, nil
		}
		if err != nil {
			return p, err
		}
	}
}

// fields are the rows of an object's table. Objects within it have rows of their own: those without a name always, for they
// are explained nowhere else, and with deep each schema that has a name where it is met first.
func (c *contract) fields(s *schema, deep bool) ([]field, error) {
	top, err := c.follow(s)
	if err != nil {
		return nil, err
	}
	w := walk{contract: c, deep: deep, met: []string{top.name}}
	err = w.object(top.schema, "", 0)
	return w.rows, err
}

type walk struct {
	*contract
	deep bool
	met  []string // the names of schemas that have rows already
	rows []field
}

func (w *walk) object(s *schema, path string, depth int) error {
	for _, m := range s.Properties {
		at, err := w.follow(m.Value)
		if err != nil {
			return err
		}
		k, err := w.kind(m.Value)
		if err != nil {
			return err
		}
		w.rows = append(w.rows, field{Path: path, Name: m.Name, Depth: depth, Required: slices.Contains(s.Required, m.Name), Kind: k, Description: at.description})
		below := path + m.Name + "."
		for at.Items != nil {
			if at, err = w.follow(at.Items); err != nil {
				return err
			}
			below = strings.TrimSuffix(below, ".") + "[]."
		}
		if at.Properties == nil || at.name != "" && !w.deep {
			continue
		}
		if at.name != "" && slices.Contains(w.met, at.name) {
			last := &w.rows[len(w.rows)-1].Kind
			last.Limits = append(last.Limits, limit{Words: "its fields are above"})
			continue
		}
		w.met = append(w.met, at.name)
		if err := w.object(at.schema, below, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// kind tells what a schema takes. The limits are the value's own; of a list, its entries' as well.
func (c *contract) kind(s *schema) (kind, error) {
	at, err := c.follow(s)
	if err != nil {
		return kind{}, err
	}
	k := kind{Words: at.Type, Schema: at.name, Limits: at.limits()}
	if k.Words == "" && k.Schema == "" {
		k.Words = "anything"
	}
	if at.Format != "" {
		k.Words += " (" + at.Format + ")"
	}
	var of *schema
	switch {
	case at.Items != nil:
		k.Words, of = "list of ", at.Items
	case at.Others != nil && at.Others.Schema != nil:
		k.Words, of = "object of any members, each ", at.Others.Schema
	case at.Others != nil && at.Others.Allowed:
		k.Words = "object of any members"
	}
	if of != nil {
		inner, err := c.kind(of)
		if err != nil {
			return k, err
		}
		if inner.Schema != "" {
			k.Schema = inner.Schema
		} else {
			k.Words += inner.Words
		}
		for _, l := range inner.Limits {
			k.Limits = append(k.Limits, limit{"each " + l.Words, l.Values})
		}
	} else if at.name != "" && at.Type == "object" {
		k.Words = ""
	} else if at.name != "" {
		k.Words += ", "
	}
	if at.Nullable {
		k.Limits = append(k.Limits, limit{Words: "or null"})
	}
	return k, nil
}

func (s *schema) limits() []limit {
	var out []limit
	if len(s.Enum) == 1 {
		out = append(out, limit{"always", literals(s.Enum...)})
	} else if s.Enum != nil {
		out = append(out, limit{"one of", literals(s.Enum...)})
	}
	out = append(out, between(s.MinLength, s.MaxLength, "character", "characters")...)
	if s.Pattern != nil {
		out = append(out, limit{"matching", literals(s.Pattern)})
	}
	out = append(out, between(s.Minimum, s.Maximum, "", "")...)
	out = append(out, between(s.MinItems, s.MaxItems, "entry", "entries")...)
	out = append(out, between(s.MinProps, s.MaxProps, "member", "members")...)
	if s.UniqueItems {
		out = append(out, limit{Words: "no entry twice"})
	}
	if s.Default != nil {
		out = append(out, limit{"default", literals(s.Default)})
	}
	if s.Example != nil && s.Type != "object" {
		out = append(out, limit{"such as", literals(s.Example)})
	}
	return out
}

// between says a range in words. The contract's numbers are whole; thousands are set apart for the eye.
func between(low, high json.Number, one, many string) []limit {
	unit := many
	if high == "1" || high == "" && low == "1" {
		unit = one
	}
	words := ""
	switch {
	case low == "" && high == "":
		return nil
	case low == "":
		words = "at most " + grouped(high)
	case high == "":
		words = "at least " + grouped(low)
	case low == high:
		words = "exactly " + grouped(low)
	default:
		words = grouped(low) + " to " + grouped(high)
	}
	return []limit{{Words: strings.TrimSpace(words + " " + unit)}}
}

func grouped(n json.Number) string {
	v, err := strconv.ParseInt(n.String(), 10, 64)
	if err != nil || v < 10_000 {
		return n.String()
	}
	s := strconv.FormatInt(v, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// literals are values as they are shown: strings without their quotation marks, for the type is beside them.
func literals(values ...json.RawMessage) []string {
	out := make([]string, len(values))
	for i, v := range values {
		if json.Unmarshal(v, &out[i]) != nil || string(v) == "null" {
			out[i] = string(v)
		}
	}
	return out
}
