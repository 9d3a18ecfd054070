package api_test

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/ratelimit"
)

// patchThing is an operation with everything.
var patchThing = api.Operation{Name: "patchThing", Method: "PATCH", Path: "/v1/things/{id}", Scope: api.ScopeShip, Query: []string{"limit", "cursor"},
	Media: []string{api.JSON, api.MergePatch}, MaxBody: 100}

// ask sends a request to an operation that answers 200, and returns the answer.
func ask(t *testing.T, op api.Operation, change func(*events.APIGatewayProxyRequest)) (events.APIGatewayProxyResponse, map[string]any) {
	t.Helper()
	ok := func(context.Context, api.Request) (api.Response, error) {
		return api.Response{Status: 200, Body: struct{}{}}, nil
	}
	resp, doc, _ := callOp(t, op, ok, change)
	return resp, doc
}

func TestOperation(t *testing.T) {
	body := func(mediaType, text string) func(*events.APIGatewayProxyRequest) {
		return func(e *events.APIGatewayProxyRequest) {
			if e.Body = text; mediaType != "" {
				e.Headers["content-type"] = mediaType
			}
		}
	}
	param := func(id string) func(*events.APIGatewayProxyRequest) {
		return func(e *events.APIGatewayProxyRequest) { e.PathParameters = map[string]string{"id": id} }
	}
	query := func(q string) func(*events.APIGatewayProxyRequest) {
		return func(e *events.APIGatewayProxyRequest) {
			values, err := url.ParseQuery(q)
			if err != nil {
				t.Fatal(err)
			}
			e.MultiValueQueryStringParameters = values
		}
	}
	scopes := func(s any) func(*events.APIGatewayProxyRequest) {
		return func(e *events.APIGatewayProxyRequest) { e.RequestContext.Authorizer["scopes"] = s }
	}
	bare := api.Operation{Name: "confirmThing", Method: "POST", Path: "/v1/things/{id}/confirm", Scope: api.ScopeShip}
	lines := patchThing
	lines.Media = []string{api.JSON, api.JSONLines}
	for name, c := range map[string]struct {
		op     api.Operation
		change func(*events.APIGatewayProxyRequest)
		status int
		code   string
		says   string // part of the detail
	}{
		"a plain request passes":                          {patchThing, nil, 200, "", ""},
		"one of several scopes will do":                   {patchThing, scopes("read ship admin"), 200, "", ""},
		"a suspended tenant is 403":                       {patchThing, func(e *events.APIGatewayProxyRequest) { e.RequestContext.Authorizer["suspended"] = "true" }, 403, "tenant_suspended", "Nothing was done"},
		"another scope is 403 and both are named":         {patchThing, scopes("read admin"), 403, "scope_missing", "scope ship; yours has the scopes read, admin"},
		"admin is not everything":                         {patchThing, scopes("admin"), 403, "scope_missing", ""},
		"no scope is 403":                                 {patchThing, scopes(""), 403, "scope_missing", "yours has no scope"},
		"an authorizer that tells no scopes is 403":       {patchThing, scopes(nil), 403, "scope_missing", ""},
		"half a scope's name is none":                     {patchThing, scopes("shipping"), 403, "scope_missing", ""},
		"an id of ours passes":                            {patchThing, param("shp_k5ql4vdyx2mvkx4w7m3bq2c6ee"), 200, "", ""},
		"an id of 65 letters is 404":                      {patchThing, param(strings.Repeat("a", 65)), 404, "not_found", ""},
		"an empty id is 404":                              {patchThing, param(""), 404, "not_found", ""},
		"an id with a key's separator is 404":             {patchThing, param("a#b"), 404, "not_found", ""},
		"an encoded id is 404":                            {patchThing, param("a%2Fb"), 404, "not_found", ""},
		"an id of other letters is 404":                   {patchThing, param("☃"), 404, "not_found", ""},
		"known parameters pass":                           {patchThing, query("limit=1&cursor=x"), 200, "", ""},
		"an unknown one is 400 and the known are named":   {patchThing, query("limit=1&colour=red"), 400, "unknown_parameter", `"colour" here; there are limit, cursor`},
		"the case of a parameter counts":                  {patchThing, query("Limit=1"), 400, "unknown_parameter", ""},
		"a parameter where there is none is 400":          {bare, query("x"), 400, "unknown_parameter", "takes none"},
		"a parameter without a value is 400":              {patchThing, query("limit="), 400, "empty_parameter", "limit"},
		"a parameter twice is 400":                        {patchThing, query("limit=1&limit=1"), 400, "repeated_parameter", "limit"},
		"an empty parameter is 400":                       {patchThing, query("limit="), 400, "empty_parameter", "limit"},
		"JSON passes":                                     {patchThing, body("application/json", "{}"), 200, "", ""},
		"JSON in UTF-8 passes":                            {patchThing, body("Application/JSON; charset=UTF-8", "{}"), 200, "", ""},
		"a merge patch passes":                            {patchThing, body("application/merge-patch+json", "{}"), 200, "", ""},
		"no Content-Type is JSON":                         {patchThing, body("", "{}"), 200, "", ""},
		"no body needs no Content-Type":                   {patchThing, body("text/plain", ""), 200, "", ""},
		"a form is 415 and says what is taken":            {patchThing, body("application/x-www-form-urlencoded", "{}"), 415, "unsupported_media_type", "application/json or application/merge-patch+json"},
		"a merge patch to who takes none is 415":          {lines, body("application/merge-patch+json", "{}"), 415, "unsupported_media_type", ""},
		"JSON lines pass where they are taken":            {lines, body("application/x-ndjson", "{}\n{}"), 200, "", ""},
		"JSON in Latin-1 is 415":                          {patchThing, body("application/json; charset=iso-8859-1", "{}"), 415, "unsupported_media_type", "UTF-8"},
		"a Content-Type that can't be read is 415":        {patchThing, body("json;;", "{}"), 415, "unsupported_media_type", ""},
		"100 bytes pass":                                  {patchThing, body("", strings.Repeat("x", 100)), 200, "", ""},
		"a byte more is 413":                              {patchThing, body("", strings.Repeat("x", 101)), 413, "body_too_large", "at most 100"},
		"1 MB is what is taken where nothing is said":     {api.Operation{Scope: "ship", Media: []string{api.JSON}}, body("", strings.Repeat("x", 1<<20)), 200, "", ""},
		"a byte more than 1 MB is 413":                    {api.Operation{Scope: "ship", Media: []string{api.JSON}}, body("", strings.Repeat("x", 1<<20+1)), 413, "body_too_large", ""},
		"an empty object is no body":                      {bare, body("application/json", " {}\n"), 200, "", ""},
		"null is no body":                                 {bare, body("text/plain", "null"), 200, "", ""},
		"a body where none belongs is 400":                {bare, body("", `{"a":1}`), 400, "unexpected_body", "POST /v1/things/{id}/confirm takes no body"},
		"blanks are no body":                              {bare, body("", strings.Repeat(" ", 100)), 200, "", ""},
		"the scope comes before what is asked":            {patchThing, func(e *events.APIGatewayProxyRequest) { scopes("read")(e); query("x=1")(e); param("☃")(e) }, 403, "scope_missing", ""},
		"an operation without a scope needs no key":       {api.Operation{}, func(e *events.APIGatewayProxyRequest) { e.RequestContext.Authorizer = nil }, 200, "", ""},
		"any other does":                                  {patchThing, func(e *events.APIGatewayProxyRequest) { e.RequestContext.Authorizer = nil }, 401, "unauthorized", ""},
		"a mode that there is not is no key":              {patchThing, func(e *events.APIGatewayProxyRequest) { e.RequestContext.Authorizer["mode"] = "prod" }, 401, "unauthorized", ""},
		"the version of today passes":                     {patchThing, func(e *events.APIGatewayProxyRequest) { e.Headers["api-version"] = "2026-11-01" }, 200, "", ""},
		"another version is 400 and those there are told": {patchThing, func(e *events.APIGatewayProxyRequest) { e.Headers["api-version"] = "2026-11-02" }, 400, "unknown_api_version", "there are 2026-11-01"},
		"an empty version is 400":                         {patchThing, func(e *events.APIGatewayProxyRequest) { e.MultiValueHeaders = map[string][]string{"Api-Version": {""}} }, 400, "unknown_api_version", ""},
		"two versions are 400": {patchThing, func(e *events.APIGatewayProxyRequest) {
			e.MultiValueHeaders = map[string][]string{"Api-Version": {"2026-11-01", "2026-11-01"}}
		}, 400, "unknown_api_version", ""},
	} {
		t.Run(name, func(t *testing.T) {
			resp, doc := ask(t, c.op, c.change)
			detail, _ := doc["detail"].(string)
			if resp.StatusCode != c.status || c.code != "" && doc["code"] != c.code || !strings.Contains(detail, c.says) {
				t.Errorf("%d %s", resp.StatusCode, resp.Body)
			}
			if h := resp.Headers; h["Api-Version"] != "2026-11-01" || h["X-Request-Id"] == "" || h["Cache-Control"] != "no-store" {
				t.Errorf("headers %v", h)
			}
		})
	}
}

func TestProblemType(t *testing.T) {
	for path, want := range map[string]string{
		"/dev/v1/things/1":            "/dev/v1/reference#error-not_found",
		"/v1/things/1":                "/v1/reference#error-not_found", // a domain of its own
		"/shipping/api/v1/things/v1/": "/shipping/api/v1/reference#error-not_found",
		"":                            "/v1/reference#error-not_found",
	} {
		t.Run("a problem below "+path+" is explained by the same deployment", func(t *testing.T) {
			_, doc := ask(t, patchThing, func(e *events.APIGatewayProxyRequest) {
				e.RequestContext.Path, e.PathParameters = path, map[string]string{"id": "☃"}
			})
			if doc["type"] != want || doc["title"] != "Not found" {
				t.Errorf("type %v, title %v", doc["type"], doc["title"])
			}
		})
	}
}

func TestPage(t *testing.T) {
	for name, c := range map[string]struct {
		query, after, code string
		limit              int
	}{
		"nothing said is the beginning":           {"", "", "", 20},
		"a limit":                                 {"limit=100", "", "", 100},
		"a position":                              {"cursor=" + *api.NextCursor("a#ü"), "a#ü", "", 20},
		"a limit of nothing is refused":           {"limit=0", "", "invalid_limit", 0},
		"a limit of 101 is refused":               {"limit=101", "", "invalid_limit", 0},
		"a limit in words is refused":             {"limit=ten", "", "invalid_limit", 0},
		"an empty limit is refused":               {"limit=", "", "invalid_limit", 0},
		"an empty cursor is refused":              {"cursor=", "", "invalid_cursor", 0},
		"a cursor that is no base64 is refused":   {"cursor=%25", "", "invalid_cursor", 0},
		"a cursor with a bit too many is refused": {"cursor=YR", "", "invalid_cursor", 0},
		"a cursor of bytes is refused":            {"cursor=_w", "", "invalid_cursor", 0},
		"a cursor with a line break is refused":   {"cursor=YW%0D%0AFh", "", "invalid_cursor", 0},
		"a cursor of 1024 characters is read":     {"cursor=" + strings.Repeat("YWFh", 256), strings.Repeat("aaa", 256), "", 20},
		"a cursor of 1028 characters is refused":  {"cursor=" + strings.Repeat("YWFh", 257), "", "invalid_cursor", 0},
	} {
		t.Run(name, func(t *testing.T) {
			q, err := url.ParseQuery(c.query)
			if err != nil {
				t.Fatal(err)
			}
			limit, after, err := api.Page(api.Request{Query: q})
			if c.code != "" {
				is(t, err, 400, c.code)
			} else if err != nil || limit != c.limit || after != c.after {
				t.Errorf("%d %q %v", limit, after, err)
			}
		})
	}
	t.Run("after the last page there is no cursor", func(t *testing.T) {
		if api.NextCursor("") != nil {
			t.Error("there is one")
		}
	})
}

func FuzzPage(f *testing.F) {
	f.Add("20", "YWFh")
	f.Add("20", "YWFh\r")
	f.Fuzz(func(t *testing.T, limit, cursor string) {
		n, after, err := api.Page(api.Request{Query: url.Values{"limit": {limit}, "cursor": {cursor}}})
		if err == nil && (n < 1 || n > 100 || *api.NextCursor(after) != cursor) {
			t.Errorf("limit %q is %d, cursor %q is %q", limit, n, cursor, after)
		}
	})
}

func TestIdempotencyKey(t *testing.T) {
	for name, c := range map[string]struct {
		sent []string
		ok   bool
	}{
		"none is none":                        {nil, true},
		"a UUID":                              {[]string{"0f8fad5b-d9cb-469f-a165-70867728950e"}, true},
		"words":                               {[]string{"order 17, second try"}, true},
		"255 characters":                      {[]string{strings.Repeat("~", 255)}, true},
		"an empty one is refused":             {[]string{""}, false},
		"another alphabet is refused":         {[]string{"ж"}, false},
		"256 letters are refused":             {[]string{strings.Repeat("k", 256)}, false},
		"a tab is refused":                    {[]string{"a\tb"}, false},
		"a NUL is refused":                    {[]string{"a\x00"}, false},
		"bytes that are no UTF-8 are refused": {[]string{"a\xff"}, false},
		"what they became is refused":         {[]string{"a\ufffd"}, false},
		"two are refused":                     {[]string{"a", "b"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := request("", "")
			if r.Header = map[string][]string{}; c.sent != nil {
				r.Header["Idempotency-Key"] = c.sent
			}
			key, err := api.IdempotencyKey(r)
			if !c.ok {
				is(t, err, 400, "invalid_idempotency_key")
			} else if err != nil || strings.Join(c.sent, "") != key {
				t.Errorf("%q, %v", key, err)
			}
		})
	}
}

func TestScopesReachTheOperation(t *testing.T) {
	authorize := api.Authorizer(func(context.Context, string) (api.Principal, error) {
		return api.Principal{Tenant: "tn_1", Mode: "test", KeyID: "k", Scopes: []string{"read", "ship"}, Limits: ratelimit.Defaults}, nil
	}, "", slog.New(slog.DiscardHandler))
	out, err := authorize(t.Context(), events.APIGatewayCustomAuthorizerRequest{AuthorizationToken: "Bearer x", MethodArn: "arn:aws:execute-api:us-east-1:1:api/dev/GET/v1/x"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	h := func(_ context.Context, r api.Request) (api.Response, error) {
		if got = r.Scopes; r.Limits != ratelimit.Defaults || r.Suspended {
			t.Errorf("limits %v, suspended %t", r.Limits, r.Suspended)
		}
		return api.Response{Status: 204}, nil
	}
	resp, _, _ := callOp(t, patchThing, h, func(e *events.APIGatewayProxyRequest) { e.RequestContext.Authorizer = out.Context })
	if strings.Join(got, " ") != "read ship" || resp.StatusCode != 204 || resp.Body != "" || resp.Headers["Content-Type"] != "" {
		t.Errorf("scopes %v, answer %+v", got, resp)
	}
}
