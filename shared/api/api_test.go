package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/contract"
	"github.com/fairlead/fairlead/shared/obs"
	"github.com/fairlead/fairlead/shared/ratelimit"
)

func call(t *testing.T, h api.Handler, change func(*events.APIGatewayProxyRequest)) (events.APIGatewayProxyResponse, map[string]any, string) {
	t.Helper()
	return callOp(t, api.Operation{Name: "x", Method: "GET", Path: "/v1/x", Scope: "read", Media: []string{api.JSON}}, h, change)
}

func callOp(t *testing.T, op api.Operation, h api.Handler, change func(*events.APIGatewayProxyRequest)) (events.APIGatewayProxyResponse, map[string]any, string) {
	t.Helper()
	var log bytes.Buffer
	ev := events.APIGatewayProxyRequest{HTTPMethod: "GET", Resource: "/v1/x", Headers: map[string]string{},
		RequestContext: events.APIGatewayProxyRequestContext{RequestID: "gw-1", Authorizer: map[string]any{"tenant": "tn_1", "mode": "test", "key_id": "k", "scopes": "read ship"}}}
	if change != nil {
		change(&ev)
	}
	resp, err := api.Lambda(op, h, contract.Check, nil, slog.New(slog.NewJSONHandler(&log, nil)))(t.Context(), ev)
	if err != nil {
		t.Fatalf("the function itself failed: %v", err)
	}
	var doc map[string]any
	if strings.Contains(resp.Headers["Content-Type"], "json") {
		if err := json.Unmarshal([]byte(resp.Body), &doc); err != nil {
			t.Fatalf("%v in %q", err, resp.Body)
		}
	}
	return resp, doc, log.String()
}

func TestLambda(t *testing.T) {
	ok := func(_ context.Context, r api.Request) (api.Response, error) {
		return api.Response{Status: 200, Body: map[string]string{"tenant": r.Tenant, "body": string(r.Body)}}, nil
	}
	t.Run("an unknown error is a 500 that tells the caller nothing and the log everything", func(t *testing.T) {
		resp, doc, log := call(t, func(context.Context, api.Request) (api.Response, error) {
			return api.Response{}, errors.New("table is on fire")
		}, nil)
		if resp.StatusCode != 500 || doc["code"] != "internal_error" || strings.Contains(resp.Body, "fire") || !strings.Contains(log, "fire") {
			t.Errorf("%d %s, log %s", resp.StatusCode, resp.Body, log)
		}
	})
	t.Run("a panic is a 500", func(t *testing.T) {
		resp, _, log := call(t, func(context.Context, api.Request) (api.Response, error) { panic("oops") }, nil)
		if resp.StatusCode != 500 || !strings.Contains(log, "oops") {
			t.Errorf("%d, log %s", resp.StatusCode, log)
		}
	})
	t.Run("the log tells how much of the time was waiting for AWS", func(t *testing.T) {
		_, _, log := call(t, func(ctx context.Context, _ api.Request) (api.Response, error) {
			obs.Waited(ctx, 12*time.Millisecond)
			return api.Response{Status: 204}, nil
		}, nil)
		if !strings.Contains(log, `"aws_ms":12`) {
			t.Errorf("log %s", log)
		}
	})
	t.Run("the caller's request id is kept when it is plain", func(t *testing.T) {
		resp, _, _ := call(t, ok, func(e *events.APIGatewayProxyRequest) { e.Headers["x-request-id"] = "mine" })
		if resp.Headers["X-Request-Id"] != "mine" {
			t.Errorf("got %q", resp.Headers["X-Request-Id"])
		}
		resp, _, _ = call(t, ok, func(e *events.APIGatewayProxyRequest) { e.Headers["x-request-id"] = "a\nb" })
		if resp.Headers["X-Request-Id"] != "gw-1" {
			t.Errorf("got %q", resp.Headers["X-Request-Id"])
		}
	})
	t.Run("no tenant is 401", func(t *testing.T) {
		resp, doc, _ := call(t, ok, func(e *events.APIGatewayProxyRequest) { e.RequestContext.Authorizer = nil })
		if resp.StatusCode != http.StatusUnauthorized || doc["request_id"] != "gw-1" {
			t.Errorf("%d %s", resp.StatusCode, resp.Body)
		}
	})
	t.Run("a byte order mark in front of a body is no part of it", func(t *testing.T) {
		if _, doc, _ := call(t, ok, func(e *events.APIGatewayProxyRequest) { e.Body = "\ufeff{}" }); doc["body"] != "{}" {
			t.Errorf("the body is %q", doc["body"])
		}
	})
	t.Run("a link in an answer can be taken out of it as it is", func(t *testing.T) {
		link := "https://example.com/a?x=1&y=<2>"
		resp, doc, _ := call(t, func(context.Context, api.Request) (api.Response, error) {
			return api.Response{Status: 200, Body: map[string]string{"url": link}}, nil
		}, nil)
		if doc["url"] != link || !strings.Contains(resp.Body, link) {
			t.Errorf("answered %s", resp.Body)
		}
	})
	t.Run("a base64 body is decoded and a broken one is 400", func(t *testing.T) {
		_, doc, _ := call(t, ok, func(e *events.APIGatewayProxyRequest) { e.Body, e.IsBase64Encoded = "aGk=", true })
		if doc["body"] != "hi" {
			t.Errorf("body %v", doc["body"])
		}
		resp, _, _ := call(t, ok, func(e *events.APIGatewayProxyRequest) { e.Body, e.IsBase64Encoded = "%%%", true })
		if resp.StatusCode != 400 {
			t.Errorf("got %d", resp.StatusCode)
		}
	})
	t.Run("a problem document has every member the contract asks for", func(t *testing.T) {
		_, doc, _ := call(t, func(context.Context, api.Request) (api.Response, error) {
			return api.Response{}, api.NotFound("shipment", "shp_1")
		}, nil)
		if err := contract.Document().Components.Schemas["Problem"].Value.VisitJSON(doc); err != nil {
			t.Error(err)
		}
	})
}

func TestAuthorizer(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	h := api.Authorizer(func(_ context.Context, key string) (api.Principal, error) {
		switch key {
		case "good":
			return api.Principal{Tenant: "tn_1", Mode: "test", KeyID: "k1", Limits: ratelimit.Set{Read: ratelimit.Rate{Count: 1, Per: time.Hour, Burst: 2}}, Suspended: true}, nil
		case "down":
			return api.Principal{}, errors.New("database is down")
		}
		return api.Principal{}, api.ErrUnknownKey
	}, "the-usage-key", log)
	const arn = "arn:aws:execute-api:us-east-1:1:api/dev/GET/v1/shipments"
	t.Run("a good key allows the whole stage, for the policy is cached", func(t *testing.T) {
		out, err := h(t.Context(), events.APIGatewayCustomAuthorizerRequest{AuthorizationToken: "bearer good", MethodArn: arn})
		if err != nil || out.PolicyDocument.Statement[0].Resource[0] != "arn:aws:execute-api:us-east-1:1:api/dev/*" || out.Context["tenant"] != "tn_1" {
			t.Errorf("%v %v", out, err)
		}
	})
	t.Run("the tenant's limits and whether it is suspended go with it, and what the usage plan counts by", func(t *testing.T) {
		out, err := h(t.Context(), events.APIGatewayCustomAuthorizerRequest{AuthorizationToken: "Bearer good", MethodArn: arn})
		if err != nil || out.Context["limits"] != "read=1/h:2" || out.Context["suspended"] != "true" || out.UsageIdentifierKey != "the-usage-key" {
			t.Errorf("%v %v", out, err)
		}
	})
	for name, token := range map[string]string{"an unknown key": "Bearer bad", "another scheme": "Basic good", "no scheme": "good", "nothing": ""} {
		t.Run(name+" is Unauthorized", func(t *testing.T) {
			if _, err := h(t.Context(), events.APIGatewayCustomAuthorizerRequest{AuthorizationToken: token, MethodArn: arn}); err == nil || err.Error() != "Unauthorized" {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("an outage is not 401: a client must not throw its key away", func(t *testing.T) {
		if _, err := h(t.Context(), events.APIGatewayCustomAuthorizerRequest{AuthorizationToken: "Bearer down", MethodArn: arn}); err == nil || err.Error() == "Unauthorized" {
			t.Errorf("got %v", err)
		}
	})
}
