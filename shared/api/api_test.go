package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	v1 "github.com/fairlead/fairlead/shared/api/v1"
)

const order = `{"service":"ups_ground","carrier_account":"ca_1","ship_from":{"name":"A","lines":["1 St"],"city":"NYC","state":"NY","postcode":"10001","country":"US"},
"ship_to":{"name":"B","lines":["2 St"],"city":"NYC","state":"NY","postcode":"10001","country":"US"},"parcels":[{"weight_g":500}]}`

func TestDecode(t *testing.T) {
	edit := func(from, to string) string {
		if !strings.Contains(order, from) {
			t.Fatalf("the order has no %s", from)
		}
		return strings.Replace(order, from, to, 1)
	}
	for name, c := range map[string]struct {
		body   string
		status int
		code   string
		want   []string // field:code of each problem
	}{
		"a good order is read":                      {order, 0, "", nil},
		"no body is 400":                            {"", 400, "empty_body", nil},
		"a body of blanks is 400":                   {" \n ", 400, "empty_body", nil},
		"broken JSON is 400":                        {`{"service":`, 400, "invalid_json", nil},
		"two values are 400":                        {order + order, 400, "invalid_json", nil},
		"bytes that are not UTF-8 are 400":          {edit(`"A"`, "\"\xff\""), 400, "invalid_utf8", nil},
		"more than 1 MB is 413":                     {`{"service":"` + strings.Repeat("x", MaxBody) + `"}`, 413, "body_too_large", nil},
		"an array is 422":                           {`[]`, 422, "invalid_request", []string{":type"}},
		"a negative weight is 422 at its place":     {edit("500", "-5"), 422, "invalid_request", []string{"parcels[0].weight_g:minimum"}},
		"a weight as text is 422":                   {edit("500", `"500"`), 422, "invalid_request", []string{"parcels[0].weight_g:type"}},
		"a fraction of a gram is 422":               {edit("500", `0.5`), 422, "invalid_request", []string{"parcels[0].weight_g:minimum", "parcels[0].weight_g:type"}},
		"a huge exponent is 422, not a crash":       {edit("500", `1e400`), 422, "invalid_request", nil},
		"an unknown field is 422 by its name":       {edit(`"parcels"`, `"colour":1,"parcels"`), 422, "invalid_request", []string{"colour:unknown_field"}},
		"an unknown field deep down by its path":    {edit(`{"name":"B"`, `{"planet":"Mars","name":"B"`), 422, "invalid_request", []string{"ship_to.planet:unknown_field"}},
		"a quoted name in an unknown field is read": {edit(`"parcels"`, `"a\"b":1,"parcels"`), 422, "invalid_request", []string{`a"b:unknown_field`}},
		"null where an object belongs is 422":       {edit(`[{"weight_g":500}]`, `[null]`), 422, "invalid_request", []string{"parcels[0]:nullable"}},
		"all problems of a body are told at once":   {edit(`"service":"ups_ground",`, "")[:len(order)-len(`"service":"ups_ground",`)-1] + `,"priority":"soon","metadata":{"k":1}}`, 422, "invalid_request", []string{"metadata.k:type", "priority:enum", "service:required"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode[v1.ShipmentRequest](Request{Body: []byte(c.body)}, "ShipmentRequest")
			if c.status == 0 {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Status != c.status || e.Code != c.code {
				t.Fatalf("got %v, want %d %s", err, c.status, c.code)
			}
			var got []string
			for _, p := range e.Problems {
				got = append(got, p.Field+":"+p.Code)
				if p.Detail == "" {
					t.Errorf("%s says nothing", p.Field)
				}
			}
			if c.want != nil && !slices.Equal(got, c.want) {
				t.Errorf("problems %q, want %q", got, c.want)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(order))
	f.Add([]byte(`{"parcels":[{"weight_g":1e999}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		_, err := Decode[v1.ShipmentRequest](Request{Body: body}, "ShipmentRequest")
		if e, ok := errors.AsType[*Error](err); err != nil && (!ok || e.Status >= 500) {
			t.Errorf("%q: %v", body, err)
		}
	})
}

func call(t *testing.T, h Handler, change func(*events.APIGatewayProxyRequest)) (events.APIGatewayProxyResponse, map[string]any, string) {
	t.Helper()
	var log bytes.Buffer
	ev := events.APIGatewayProxyRequest{HTTPMethod: "GET", Resource: "/v1/x", Headers: map[string]string{},
		RequestContext: events.APIGatewayProxyRequestContext{RequestID: "gw-1", Authorizer: map[string]any{"tenant": "tn_1", "mode": "test", "key_id": "k"}}}
	if change != nil {
		change(&ev)
	}
	resp, err := Lambda(h, slog.New(slog.NewJSONHandler(&log, nil)))(t.Context(), ev)
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
	ok := func(_ context.Context, r Request) (Response, error) {
		return Response{Status: 200, Body: map[string]string{"tenant": r.Tenant, "body": string(r.Body)}}, nil
	}
	t.Run("an unknown error is a 500 that tells the caller nothing and the log everything", func(t *testing.T) {
		resp, doc, log := call(t, func(context.Context, Request) (Response, error) { return Response{}, errors.New("table is on fire") }, nil)
		if resp.StatusCode != 500 || doc["code"] != "internal_error" || strings.Contains(resp.Body, "fire") || !strings.Contains(log, "fire") {
			t.Errorf("%d %s, log %s", resp.StatusCode, resp.Body, log)
		}
	})
	t.Run("a panic is a 500", func(t *testing.T) {
		resp, _, log := call(t, func(context.Context, Request) (Response, error) { panic("oops") }, nil)
		if resp.StatusCode != 500 || !strings.Contains(log, "oops") {
			t.Errorf("%d, log %s", resp.StatusCode, log)
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
		_, doc, _ := call(t, func(context.Context, Request) (Response, error) { return Response{}, NotFound("shipment", "shp_1") }, nil)
		if err := v1.Contract().Components.Schemas["Problem"].Value.VisitJSON(doc); err != nil {
			t.Error(err)
		}
	})
}

func TestAuthorizer(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	h := Authorizer(func(_ context.Context, key string) (Principal, error) {
		switch key {
		case "good":
			return Principal{Tenant: "tn_1", Mode: "test", KeyID: "k1"}, nil
		case "down":
			return Principal{}, errors.New("database is down")
		}
		return Principal{}, ErrUnknownKey
	}, log)
	const arn = "arn:aws:execute-api:us-east-1:1:api/dev/GET/v1/shipments"
	t.Run("a good key allows the whole stage, for the policy is cached", func(t *testing.T) {
		out, err := h(t.Context(), events.APIGatewayCustomAuthorizerRequest{AuthorizationToken: "bearer good", MethodArn: arn})
		if err != nil || out.PolicyDocument.Statement[0].Resource[0] != "arn:aws:execute-api:us-east-1:1:api/dev/*" || out.Context["tenant"] != "tn_1" {
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
