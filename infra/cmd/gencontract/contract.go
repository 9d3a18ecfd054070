package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// contract is infra/openapi.yaml as the generator reads it: every keyword that is used there, in the order it is written
// in. A keyword that is not here is an error, so that the page leaves nothing out silently.
type contract struct {
	OpenAPI string `json:"openapi"`
	Info    struct {
		Title       string `json:"title"`
		Version     string `json:"version"`
		Description string `json:"description"`
		License     struct {
			Name string `json:"name"`
			URL  string `json:"url"`
		} `json:"license"`
	} `json:"info"`
	Servers  json.RawMessage `json:"servers"`  // not shown: the page is served by the very deployment it is read for
	Security json.RawMessage `json:"security"` // a key, unless an operation says otherwise
	Tags     []struct {
		Name        string `json:"name"`
		Description string `json:"description"`
	} `json:"tags"`
	Paths      ordered[ordered[operation]] `json:"paths"`
	Components struct {
		SecuritySchemes json.RawMessage    `json:"securitySchemes"` // told by info.description, for people
		Parameters      ordered[parameter] `json:"parameters"`
		Headers         ordered[header]    `json:"headers"`
		Responses       ordered[response]  `json:"responses"`
		Schemas         ordered[*schema]   `json:"schemas"`
	} `json:"components"`
}

type operation struct {
	ID          string                               `json:"operationId"`
	Tags        []string                             `json:"tags"`
	Scope       string                               `json:"x-scope"`
	Limit       string                               `json:"x-limit"`
	MaxBody     int                                  `json:"x-max-body"`
	Summary     string                               `json:"summary"`
	Description string                               `json:"description"`
	Params      []parameter                          `json:"parameters"`
	Body        *body                                `json:"requestBody"`
	Responses   ordered[response]                    `json:"responses"`
	Callbacks   ordered[ordered[ordered[operation]]] `json:"callbacks"`
	Security    *[]any                               `json:"security"`
}

type parameter struct {
	Ref         string          `json:"$ref"`
	Name        string          `json:"name"`
	In          string          `json:"in"`
	Required    bool            `json:"required"`
	Description string          `json:"description"`
	Schema      *schema         `json:"schema"`
	Example     json.RawMessage `json:"example"`
}

type header struct {
	Ref         string          `json:"$ref"`
	Description string          `json:"description"`
	Schema      *schema         `json:"schema"`
	Example     json.RawMessage `json:"example"`
}

type body struct {
	Required bool           `json:"required"`
	Content  ordered[media] `json:"content"`
}

type response struct {
	Ref         string          `json:"$ref"`
	Description string          `json:"description"`
	Headers     ordered[header] `json:"headers"`
	Content     ordered[media]  `json:"content"`
}

type media struct {
	Schema  *schema         `json:"schema"`
	Example json.RawMessage `json:"example"`
}

type schema struct {
	Ref         string            `json:"$ref"`
	Type        string            `json:"type"`
	Format      string            `json:"format"`
	Description string            `json:"description"`
	Enum        []json.RawMessage `json:"enum"`
	Default     json.RawMessage   `json:"default"`
	Example     json.RawMessage   `json:"example"`
	Nullable    bool              `json:"nullable"`
	Minimum     json.Number       `json:"minimum"`
	Maximum     json.Number       `json:"maximum"`
	MinLength   json.Number       `json:"minLength"`
	MaxLength   json.Number       `json:"maxLength"`
	Pattern     json.RawMessage   `json:"pattern"`
	MinItems    json.Number       `json:"minItems"`
	MaxItems    json.Number       `json:"maxItems"`
	UniqueItems bool              `json:"uniqueItems"`
	MinProps    json.Number       `json:"minProperties"`
	MaxProps    json.Number       `json:"maxProperties"`
	Required    []string          `json:"required"`
	Properties  ordered[*schema]  `json:"properties"`
	Others      *others           `json:"additionalProperties"`
	Items       *schema           `json:"items"`
	AllOf       []*schema         `json:"allOf"`
}

// others is additionalProperties: whether an object takes members that are not named, and of which schema.
type others struct {
	Allowed bool
	Schema  *schema
}

// UnmarshalJSON reads a boolean or a schema.
func (o *others) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &o.Allowed) == nil {
		return nil
	}
	o.Allowed = true
	return strictly(b, &o.Schema)
}

// entry is a member of an object.
type entry[T any] struct {
	Name  string
	Value T
}

// ordered is an object with its members in the order they are written in.
type ordered[T any] []entry[T]

// UnmarshalJSON reads an object.
func (o *ordered[T]) UnmarshalJSON(b []byte) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return fmt.Errorf("an object is wanted, not %.40s", b)
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		e := entry[T]{Name: name.(string)} // JSON has no other names
		if err := dec.Decode(&e.Value); err != nil {
			return fmt.Errorf("%s: %w", e.Name, err)
		}
		*o = append(*o, e)
	}
	return nil
}

// get finds what a reference such as #/components/schemas/Money points to, by the name at its end.
func (o ordered[T]) get(ref string) (name string, value T, err error) {
	name = ref[strings.LastIndex(ref, "/")+1:]
	for _, e := range o {
		if e.Name == name {
			return name, e.Value, nil
		}
	}
	return name, value, fmt.Errorf("%s points to nothing", ref)
}

// names are those of the members.
func names[T any](o ordered[T]) []string {
	out := make([]string, len(o))
	for i, e := range o {
		out[i] = e.Name
	}
	return out
}

// parameter follows a parameter's reference.
func (c *contract) parameter(p parameter) (parameter, error) {
	if p.Ref == "" {
		return p, nil
	}
	_, p, err := c.Components.Parameters.get(p.Ref)
	return p, err
}

func strictly(b []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	return dec.Decode(v)
}

// read reads the contract.
func read(doc []byte) (*contract, error) {
	var c contract
	if err := strictly(doc, &c); err != nil {
		return nil, fmt.Errorf("%w (a keyword that is new to the contract has to be shown on the page: teach infra/cmd/gencontract)", err)
	}
	return &c, nil
}
