package api

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/fairlead/fairlead/shared/ratelimit"
)

// What an API key may do. A key has any of them, and none includes another.
const (
	ScopeRead  = "read"  // see shipments, labels, rates, accounts and endpoints
	ScopeShip  = "ship"  // order, change, confirm and cancel shipments
	ScopeAdmin = "admin" // change keys, carrier accounts and callback endpoints
)

// How an operation takes an Idempotency-Key. "" is not at all: what is read, changed under If-Match or deleted can be
// sent again as it is.
const (
	KeyReplayed = "replayed" // the first answer is kept, and a repetition gets it again
	KeyRequired = "required" // the same, and a request without a key is refused
	KeyOwn      = "own"      // the operation finds its repetitions itself (creating, confirming and cancelling shipments)
)

// The media types of request bodies.
const (
	JSON       = "application/json"
	JSONLines  = "application/x-ndjson"
	MergePatch = "application/merge-patch+json" // RFC 7396
)

// Operation is what the contract says of one operation, as far as the edge holds requests to it. The values are generated
// from infra/openapi.yaml.
type Operation struct {
	Name    string          // operationId, such as "createShipment"; part of the keys of kept answers, so it never changes
	Method  string          // "POST"
	Path    string          // "/v1/shipments/{id}"
	Scope   string          // ScopeRead, ScopeShip or ScopeAdmin; "" needs no key
	Class   ratelimit.Class // which of the tenant's limits it is charged to; "" with no Scope
	Query   []string        // the names of the query parameters it takes
	Media   []string        // the media types of its body; none: it takes no body
	MaxBody int             // the most bytes of a body; 0 is MaxBody
	Key     string          // KeyReplayed, KeyRequired, KeyOwn or ""
}

// MaxBody is the largest body that an operation takes unless it says otherwise, in bytes.
const MaxBody = 1 << 20

// admit holds a request against its operation before any of its work is done: the version first, for it decides how
// the rest is read, then what the key may do, then the request from its first line to its body.
func (o Operation) admit(r Request) error {
	for _, check := range []func(Request) error{o.checkVersion, o.checkTenant, o.checkScope, o.checkParams, o.checkQuery, o.checkBody} {
		if err := check(r); err != nil {
			return err
		}
	}
	return nil
}

// checkTenant refuses what a suspended tenant asks for. What the gateway knows of a key is up to 60 s old.
func (o Operation) checkTenant(r Request) error {
	if o.Scope == "" || !r.Suspended {
		return nil
	}
	return &Error{Status: http.StatusForbidden, Code: "tenant_suspended",
		Detail: "The operator of this platform has suspended your account. Nothing was done. What is booked stays booked, and callbacks go on; speak to the operator, and send the request again afterwards."}
}

// checkScope is about the operation alone: the authorizer's policy is cached for the whole stage and says nothing of it.
func (o Operation) checkScope(r Request) error {
	if o.Scope == "" || slices.Contains(r.Scopes, o.Scope) {
		return nil
	}
	has := "no scope"
	if len(r.Scopes) > 0 {
		has = "the scopes " + strings.Join(r.Scopes, ", ")
	}
	return &Error{Status: http.StatusForbidden, Code: "scope_missing",
		Detail: fmt.Sprintf("This needs a key with the scope %s; yours has %s. Use another key, or have one made with that scope.", o.Scope, has)}
}

// maxParam is longer than any id of ours.
const maxParam = 64

// checkParams answers for ids that cannot exist: ours are of letters, digits, _ and -. What the path holds beyond that
// must get into no key of the database.
func (o Operation) checkParams(r Request) error {
	for _, name := range slices.Sorted(maps.Keys(r.Params)) {
		if id := r.Params[name]; !MaybeID(id) {
			return NotFound("object", strings.ToValidUTF8(id[:min(len(id), maxParam)], ""))
		}
	}
	return nil
}

// MaybeID tells whether a text could be the id of something of ours.
func MaybeID(s string) bool {
	return s != "" && len(s) <= maxParam && !strings.ContainsFunc(s, func(c rune) bool { return !idLetter(c) })
}

func idLetter(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-'
}

// checkQuery refuses what would otherwise be ignored: a filter with a wrong name, or without a value, would list everything.
func (o Operation) checkQuery(r Request) error {
	for _, name := range slices.Sorted(maps.Keys(r.Query)) {
		switch known := slices.Contains(o.Query, name); {
		case !known && len(o.Query) == 0:
			return Malformed("unknown_parameter", fmt.Sprintf("There is no parameter %.100q here; this operation takes none.", name))
		case !known:
			return Malformed("unknown_parameter", fmt.Sprintf("There is no parameter %.100q here; there are %s.", name, strings.Join(o.Query, ", ")))
		case r.Query.Get(name) == "":
			return Malformed("empty_parameter", fmt.Sprintf("The parameter %s is empty; give it a value or leave it out.", name))
		case len(r.Query[name]) > 1:
			return Malformed("repeated_parameter", fmt.Sprintf("The parameter %s is there %d times; send it once.", name, len(r.Query[name])))
		}
	}
	return nil
}

// checkBody looks at size and media type. A body where none belongs is refused, for its sender thinks it is heeded;
// {} and null are what many clients send for nothing.
func (o Operation) checkBody(r Request) error {
	if len(o.Media) == 0 {
		if sent := string(bytes.TrimSpace(r.Body)); sent == "" || sent == "{}" || sent == "null" {
			return nil
		}
		return Malformed("unexpected_body", fmt.Sprintf("%s %s takes no body; leave it out.", o.Method, o.Path))
	}
	if most := cmp.Or(o.MaxBody, MaxBody); len(r.Body) > most {
		return &Error{Status: http.StatusRequestEntityTooLarge, Code: "body_too_large", Detail: fmt.Sprintf("The body has %d bytes; at most %d are taken.", len(r.Body), most)}
	}
	sent := r.Header.Get("Content-Type")
	if sent == "" || len(r.Body) == 0 { // no Content-Type is JSON; no body is told by who reads it
		return nil
	}
	media, params, err := mime.ParseMediaType(sent)
	if charset := params["charset"]; err != nil || !slices.Contains(o.Media, media) || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return &Error{Status: http.StatusUnsupportedMediaType, Code: "unsupported_media_type",
			Detail: fmt.Sprintf("The Content-Type is %.100q; send the body as %s, in UTF-8.", sent, strings.Join(o.Media, " or "))}
	}
	return nil
}
