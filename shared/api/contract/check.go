package contract

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/ship"
)

// Check implements api.Checker: UTF-8 and JSON (400), then the contract's schema of that name (422 with every problem
// at once). It returns the body as parsed JSON with its numbers as written. How large a body may be is the operation's.
func Check(body []byte, schema string) (any, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, api.Malformed("empty_body", "The body is empty; send a JSON object.")
	}
	// API Gateway hands bytes that are no UTF-8 on as U+FFFD: what they were is lost, and must not be stored.
	if !utf8.Valid(body) || bytes.ContainsRune(body, utf8.RuneError) {
		return nil, api.Malformed("invalid_utf8", fmt.Sprintf("The body is not valid UTF-8 (first at byte %d); encode it as UTF-8.", firstInvalid(body)))
	}
	v, err := parse(body)
	if err != nil {
		return nil, err
	}
	if lost := replaced(nil, nil, v); len(lost) > 0 {
		return nil, api.Malformed("invalid_utf8", "The body has an escape that stands for no character; each place is listed in errors.", told(lost)...)
	}
	if twice := duplicates(body); len(twice) > 0 {
		return nil, api.Malformed("duplicate_key", fmt.Sprintf("%s is there more than once; leave one out.", clip(twice[0].Field)), told(twice)...)
	}
	wrong := values(nil, nil, v)
	if err := Document().Components.Schemas[schema].Value.VisitJSON(v, openapi3.MultiErrors(), openapi3.VisitAsRequest()); err != nil {
		wrong = append(wrong, problems(err)...)
	}
	if len(wrong) > 0 {
		return nil, api.Invalid("The body has problems; each is listed in errors with its place.", told(wrong)...)
	}
	return v, nil
}

// replaced finds escapes that stand for no character: half of a surrogate pair, such as \ud800, or \ufffd itself. Both are
// read as U+FFFD, so that two references would become one and metadata would not come back as it was.
func replaced(out []ship.Problem, at []string, v any) []ship.Problem {
	hold := func(at []string, s string) {
		if strings.ContainsRune(s, utf8.RuneError) {
			out = append(out, ship.Problem{Field: fieldPath(at), Code: "invalid", Detail: `It holds an escape that stands for no character, such as \ud800 without its other half; leave it out.`})
		}
	}
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			inside := append(slices.Clip(at), k)
			hold(inside, k)
			out = replaced(out, inside, x)
		}
	case []any:
		for i, x := range v {
			out = replaced(out, append(slices.Clip(at), strconv.Itoa(i)), x)
		}
	case string:
		hold(at, v)
	}
	return out
}

// values finds what the schema lets pass: control characters, which no carrier prints, and whole numbers written with
// a point or an exponent, which Go does not read. Metadata is the caller's own, and handed back as it came.
func values(out []ship.Problem, at []string, v any) []ship.Problem {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if len(at) == 0 && k == "metadata" {
				out = metadata(out, x)
				continue
			}
			out = values(out, append(slices.Clip(at), k), x)
		}
	case []any:
		for i, x := range v {
			out = values(out, append(slices.Clip(at), strconv.Itoa(i)), x)
		}
	case string:
		if strings.ContainsFunc(v, unicode.IsControl) {
			out = append(out, ship.Problem{Field: fieldPath(at), Code: "control_character", Detail: "It holds a control character, such as a line break; leave it out."})
		}
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			out = append(out, ship.Problem{Field: fieldPath(at), Code: "type", Detail: "Write a whole number, without a point or an exponent."})
		}
	}
	return out
}

// longestName is how many characters a name of metadata has at most. OpenAPI 3.0 has no words for it.
const longestName = 100

// metadata finds names that are of no length to be kept. null takes an entry away, whatever its name.
func metadata(out []ship.Problem, v any) []ship.Problem {
	entries, _ := v.(map[string]any)
	for name, x := range entries {
		field := fieldPath([]string{"metadata", name})
		switch n := utf8.RuneCountInString(name); {
		case x == nil:
		case n == 0:
			out = append(out, ship.Problem{Field: field, Code: "minLength", Detail: "A name of metadata is empty; give it one."})
		case n > longestName:
			out = append(out, ship.Problem{Field: field, Code: "too_long", Detail: fmt.Sprintf("A name of metadata has at most %d characters; this one has %d.", longestName, n)})
		}
	}
	return out
}

// An answer has to fit what a function may answer, and what a person reads.
const (
	mostProblems = 100
	mostText     = 300 // bytes of a field's path or a detail
)

// told sorts problems, one a field and code, and cuts what is too much.
func told(p []ship.Problem) []ship.Problem {
	slices.SortStableFunc(p, func(a, b ship.Problem) int {
		return cmp.Or(strings.Compare(a.Field, b.Field), strings.Compare(a.Code, b.Code))
	})
	p = slices.CompactFunc(p, func(a, b ship.Problem) bool { return a.Field == b.Field && a.Code == b.Code })
	if more := len(p) - mostProblems; more > 0 {
		p = append(p[:mostProblems], ship.Problem{Code: "more_problems", Detail: fmt.Sprintf("There are %d more problems.", more)})
	}
	for i := range p {
		p[i].Field, p[i].Detail = clip(p[i].Field), clip(p[i].Detail)
	}
	return p
}

func clip(s string) string {
	if len(s) <= mostText {
		return s
	}
	return strings.ToValidUTF8(s[:mostText], "") + "…"
}

func parse(body []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	err := dec.Decode(&v)
	if err == nil {
		if _, extra := dec.Token(); extra != io.EOF {
			err = errors.New("there is something behind the JSON value")
		}
	}
	if err != nil {
		at := dec.InputOffset()
		if s, ok := errors.AsType[*json.SyntaxError](err); ok {
			at = s.Offset
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			at, err = int64(len(body)), errors.New("it ends before the JSON value does")
		}
		line := 1 + bytes.Count(body[:min(int(at), len(body))], []byte("\n"))
		return nil, api.Malformed("invalid_json", fmt.Sprintf("The body is not valid JSON: line %d, byte %d: %v.", line, at, err))
	}
	return v, nil
}

func firstInvalid(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError {
			return i
		}
		i += n
	}
	return len(b)
}

// problems flattens a validation error into one problem a field, in a stable order.
func problems(err error) []ship.Problem {
	var out []ship.Problem
	var walk func(error)
	walk = func(err error) {
		switch e := err.(type) {
		case openapi3.MultiError:
			for _, x := range e {
				walk(x)
			}
		case *openapi3.SchemaError:
			if m, ok := errors.AsType[openapi3.MultiError](e.Origin); ok {
				walk(m)
				return
			}
			out = append(out, problem(e))
		default:
			out = append(out, ship.Problem{Code: "invalid", Detail: sentence(err.Error())})
		}
	}
	walk(err)
	return out
}

// fieldPath writes a JSON pointer as a shipper would: parcels[0].weight_g.
func fieldPath(pointer []string) string {
	var b strings.Builder
	for _, p := range pointer {
		if p != "" && strings.Trim(p, "0123456789") == "" {
			b.WriteString("[" + p + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(p)
	}
	return b.String()
}

// unknownField is how the schema checker words a field it does not know; its pointer is the object's, so the name
// is read from here.
var unknownField = regexp.MustCompile(`^property ("(?:[^"\\]|\\.)*") is unsupported$`)

// problem names what the schema asked for: "required", "type", "unknown_field", "minimum" …
func problem(e *openapi3.SchemaError) ship.Problem {
	pointer := e.JSONPointer()
	if m := unknownField.FindStringSubmatch(e.Reason); m != nil {
		if name, err := strconv.Unquote(m[1]); err == nil {
			return ship.Problem{Field: fieldPath(append(pointer, name)), Code: "unknown_field", Detail: fmt.Sprintf("There is no field %q here; correct its name or leave it out.", name)}
		}
	}
	detail := sentence(e.Reason)
	switch e.SchemaField {
	case "nullable":
		detail = "It is null; give a value, or leave the field out."
	case "minProperties":
		detail = "It has no fields; say what is to be done."
	case "uniqueItems":
		detail = "It holds an entry twice; leave one out."
	}
	return ship.Problem{Field: fieldPath(pointer), Code: e.SchemaField, Detail: detail}
}

func sentence(s string) string {
	if s == "" {
		return "Not accepted."
	}
	return strings.ToUpper(s[:1]) + strings.TrimSuffix(s[1:], ".") + "."
}
