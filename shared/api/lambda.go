package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fairlead/fairlead/shared/obs"
	"github.com/fairlead/fairlead/shared/ratelimit"
	"github.com/fairlead/fairlead/shared/ship"
)

// Lambda makes a Lambda handler of an operation: it decodes the proxy event, holds it against the operation, recovers
// from panics, writes the request's one line and its metrics, and turns errors into problem+json. The function itself never
// fails. check may be nil, and limits: then nobody is limited.
func Lambda(op Operation, h Handler, check Checker, limits *Limits, log *slog.Logger) func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	return func(ctx context.Context, ev events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		ctx, unit := obs.Begin(ctx)
		r, err := read(op, ev)
		r.Check = check
		note(ctx, ev)
		var limited map[string]string
		if err == nil {
			limited, err = limits.charge(ctx, op, r)
		}
		if err == nil {
			err = op.admit(r)
		}
		var resp Response
		if err == nil {
			resp, err = safely(ctx, h, r)
		}
		if err != nil {
			e := asError(err)
			obs.Note(ctx, "code", e.Code)
			if e.Status >= 500 {
				obs.Note(ctx, "error", err.Error())
			}
			resp = Response{Status: e.Status, Header: e.Header, MediaType: "application/problem+json", Body: e.document(r)}
		}
		out := write(r, resp)
		maps.Copy(out.Headers, limited)
		measured(ctx, unit, out.StatusCode)
		unit.End(ctx, log, slog.LevelInfo, "request", "operation", ev.HTTPMethod+" "+ev.Resource, "request_id", r.RequestID, "correlation_id", r.Correlation,
			"tenant", r.Tenant, "mode", r.Mode, "key", r.KeyID, "status", out.StatusCode)
		return out, nil
	}
}

func safely(ctx context.Context, h Handler, r Request) (resp Response, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return h(ctx, r)
}

func read(op Operation, ev events.APIGatewayProxyRequest) (Request, error) {
	r := Request{Method: ev.HTTPMethod, Path: ev.Path, Params: ev.PathParameters, Query: url.Values{}, Header: http.Header{}}
	for k, vs := range ev.MultiValueQueryStringParameters {
		r.Query[k] = vs
	}
	for k, v := range ev.QueryStringParameters {
		if len(r.Query[k]) == 0 {
			r.Query.Set(k, v)
		}
	}
	for k, vs := range ev.MultiValueHeaders {
		for _, v := range vs {
			r.Header.Add(k, v)
		}
	}
	for k, v := range ev.Headers {
		if r.Header.Get(k) == "" {
			r.Header.Set(k, v)
		}
	}
	r.RequestID = ev.RequestContext.RequestID
	if own := r.Header.Get("X-Request-Id"); plain(own) {
		r.RequestID = own
	}
	r.Correlation, r.Version = r.RequestID, version(r)
	if base, _, staged := strings.Cut(ev.RequestContext.Path, "/v1/"); staged {
		r.Base = base
	}
	r.Tenant, _ = ev.RequestContext.Authorizer["tenant"].(string)
	r.KeyID, _ = ev.RequestContext.Authorizer["key_id"].(string)
	mode, _ := ev.RequestContext.Authorizer["mode"].(string)
	r.Mode = ship.Mode(mode)
	scopes, _ := ev.RequestContext.Authorizer["scopes"].(string)
	r.Scopes = strings.Fields(scopes)
	limits, _ := ev.RequestContext.Authorizer["limits"].(string)
	r.Limits, _ = ratelimit.ParseSet(limits) // our own authorizer's words; were they not, the defaults hold
	suspended, _ := ev.RequestContext.Authorizer["suspended"].(string)
	r.Suspended = suspended == "true"
	if op.Scope != "" && (r.Tenant == "" || r.Mode != ship.Test && r.Mode != ship.Live) {
		return r, &Error{Status: http.StatusUnauthorized, Code: "unauthorized", Detail: "Send your API key as `Authorization: Bearer fl_…`."}
	}
	r.Body = []byte(ev.Body)
	if ev.IsBase64Encoded {
		b, err := base64.StdEncoding.DecodeString(ev.Body)
		if err != nil {
			return r, Malformed("invalid_body", "The body is not the base64 it is said to be.")
		}
		r.Body = b
	}
	// RFC 8259 lets a reader of JSON ignore a byte order mark, which programs on Windows put in front of what they write.
	r.Body = bytes.TrimPrefix(r.Body, []byte("\ufeff"))
	return r, nil
}

// plain tells whether a caller's request id can go into logs and messages as it is.
func plain(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func write(r Request, resp Response) events.APIGatewayProxyResponse {
	out := events.APIGatewayProxyResponse{StatusCode: resp.Status, Headers: map[string]string{
		"X-Request-Id": r.RequestID, "Api-Version": answeredVersion(r), "Cache-Control": "no-store",
	}}
	for k, v := range resp.Header {
		out.Headers[k] = v
	}
	if resp.Raw != nil {
		out.Headers["Content-Type"] = resp.MediaType
		if utf8.Valid(resp.Raw) { // text goes as it is, whatever the caller accepts
			out.Body = string(resp.Raw)
		} else {
			out.Body, out.IsBase64Encoded = base64.StdEncoding.EncodeToString(resp.Raw), true
		}
		return out
	}
	if resp.Body == nil { // 204: nothing but the status
		return out
	}
	body, err := encode(resp.Body)
	if err != nil { // a body of ours that can't be encoded is a bug
		e := asError(err)
		out.StatusCode, resp.MediaType = e.Status, "application/problem+json"
		body, _ = encode(e.document(r))
	}
	out.Headers["Content-Type"] = resp.MediaType
	if resp.MediaType == "" {
		out.Headers["Content-Type"] = "application/json"
	}
	out.Body = string(body)
	return out
}

// encode writes JSON without escaping &, < and > for HTML, which no answer is: a link can be taken out of it as it is.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
