package endtoend_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/contract"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
)

// takesIfMatch tells whether the contract gives an operation an If-Match header.
func takesIfMatch(op api.Operation) bool {
	item := contract.Document().Paths.Value(op.Path)
	return item.GetOperation(op.Method).Parameters.GetByInAndName("header", "If-Match") != nil
}

// badRoutes sends every operation that takes a body, a version or a key what it can't take.
func badRoutes(t *testing.T, s *stack, sim *simulator) {
	p := s.shipper("Bad routes")
	mine := p.things()
	for _, op := range v1.Operations {
		good, err := json.Marshal(p.body(op))
		if err != nil {
			t.Fatal(err)
		}
		if len(op.Media) > 0 {
			p.unchanged(t, sim, op.Name+" refuses what is no good body", func(t *testing.T, p *shipper) { badBodies(t, p, op, mine, good) })
		} else if op.Method != http.MethodGet {
			p.unchanged(t, sim, op.Name+" refuses a body", func(t *testing.T, p *shipper) {
				refused(t, p.send(op, mine, []byte(`{"service":"x"}`), nil), 400, "unexpected_body")
			})
		}
		if op.Key != "" {
			p.unchanged(t, sim, op.Name+" refuses an Idempotency-Key that is none", func(t *testing.T, p *shipper) {
				for _, key := range []string{"", "  ", strings.Repeat("k", 256), "a\tb", "cl\xe9"} {
					refused(t, p.send(op, mine, good, http.Header{"Idempotency-Key": {key}}), 400, "invalid_idempotency_key")
				}
			})
		}
		if takesIfMatch(op) {
			p.unchanged(t, sim, op.Name+" refuses an If-Match that is none", func(t *testing.T, p *shipper) {
				for _, v := range []string{"one", `"x"`, "*", "-1", "1.5", "99999999999999999999", `"1", "2"`, `"1`, `1"`, `""`, "+1", `W/`} {
					refused(t, p.send(op, mine, good, http.Header{"If-Match": {v}}), 400, "invalid_if_match")
				}
			})
		}
	}
}

// send is a call of an operation on these things with a body as it is, nil for one that takes none.
func (p *shipper) send(op api.Operation, on things, body []byte, header http.Header) answer {
	p.t.Helper()
	h := http.Header{"If-Match": {`"1"`}, "Idempotency-Key": {"bad " + op.Name}, "Content-Type": {api.JSON}}
	for k, v := range header {
		h[k] = v
	}
	if len(op.Media) == 0 && string(body) == "null" {
		body = nil
	}
	return p.rawBody(op.Method, on.path(op), body, h)
}

func badBodies(t *testing.T, p *shipper, op api.Operation, mine things, good []byte) {
	for _, media := range []string{"application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", "application/xml", "application/json; charset=latin1", "application/pdf", "nonsense", "application/json-patch+json"} {
		refused(t, p.send(op, mine, good, http.Header{"Content-Type": {media}}), 415, "unsupported_media_type")
	}
	if !slices.Contains(op.Media, api.MergePatch) {
		refused(t, p.send(op, mine, good, http.Header{"Content-Type": {api.MergePatch}}), 415, "unsupported_media_type")
	}
	inside := func(more string) []byte { return slices.Concat([]byte("{"), []byte(more), []byte(","), good[1:]) }
	first, _, _ := strings.Cut(string(good[1:]), ":") // the name of the first member
	for name, c := range map[string]struct {
		body   []byte
		status int
		code   string
	}{
		"a byte too many":         {inside(`"x":"` + strings.Repeat("x", op.MaxBody) + `"`), 413, "body_too_large"},
		"half of it":              {good[:len(good)/2], 400, "invalid_json"},
		"two of it":               {slices.Concat(good, good), 400, "invalid_json"},
		"a name twice":            {inside(first + `:1`), 400, "duplicate_key"},
		"a name twice, escaped":   {inside(`"\u00` + hex(first[1]) + first[2:] + `:1`), 400, "duplicate_key"},
		"bytes that are no UTF-8": {inside("\"x\":\"\xff\""), 400, "invalid_utf8"},
		"half a character":        {inside("\"\xe2\x82\":1"), 400, "invalid_utf8"},
		"an array":                {slices.Concat([]byte("["), good, []byte("]")), 422, "invalid_request"},
		"a string":                {[]byte(`"x"`), 422, "invalid_request"},
		"null":                    {[]byte(`null`), 422, "invalid_request"},
		"a field that is not":     {inside(`"colour":"red"`), 422, "invalid_request"},
		"a field in capitals":     {bytes.Replace(good, []byte(first), []byte(strings.ToUpper(first)), 1), 422, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, p.in(t).send(op, mine, c.body, nil), c.status, c.code) })
	}
}

// hex are the two digits of a letter in an escape.
func hex(letter byte) string {
	return string("0123456789abcdef"[letter>>4]) + string("0123456789abcdef"[letter&15])
}
