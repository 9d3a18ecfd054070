package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/obs"
	"github.com/fairlead/fairlead/shared/ship"
)

// decoded is the one line of a log.
func decoded(t *testing.T, log []byte) map[string]any {
	t.Helper()
	var line map[string]any
	if err := json.Unmarshal(log, &line); err != nil {
		t.Fatalf("not one line: %v in %s", err, log)
	}
	return line
}

func TestRequestsAreMeasured(t *testing.T) {
	run := func(t *testing.T, h api.Handler) map[string]any {
		t.Helper()
		var log bytes.Buffer
		op := api.Operation{Name: "getShipment", Method: "GET", Path: "/v1/shipments/{id}", Scope: api.ScopeRead}
		ev := events.APIGatewayProxyRequest{HTTPMethod: "GET", Resource: op.Path, PathParameters: map[string]string{"id": "shp_1"}, Headers: map[string]string{"X-Request-Id": "mine"}}
		ev.RequestContext.Authorizer = map[string]any{"tenant": "tn_1", "mode": "test", "key_id": "k", "scopes": "read"}
		if _, err := api.Lambda(op, h, nil, nil, obs.Logger(&log, "info", "f", "stack"))(t.Context(), ev); err != nil {
			t.Fatal(err)
		}
		return decoded(t, log.Bytes())
	}
	answers := func(status int, err error) api.Handler {
		return func(context.Context, api.Request) (api.Response, error) { return api.Response{Status: status}, err }
	}
	t.Run("by the class of their status, with what they are about", func(t *testing.T) {
		line := run(t, answers(204, nil))
		if line["Requests"] != 1.0 || line["Class"] != "2xx" || line["RequestMs"] == nil || line["shipment"] != "shp_1" || line["correlation_id"] != "mine" || line["request_id"] != "mine" || line["operation"] != "GET /v1/shipments/{id}" {
			t.Errorf("%v", line)
		}
	})
	t.Run("429 has a class of its own, and a failure too", func(t *testing.T) {
		if line := run(t, answers(0, &api.Error{Status: 429, Code: "throttled"})); line["Class"] != "429" {
			t.Errorf("%v", line)
		}
		if line := run(t, answers(0, errors.New("no table"))); line["Class"] != "5xx" || line["error"] != "no table" {
			t.Errorf("%v", line)
		}
	})
	t.Run("a carrier that can't be asked has a class of its own: it is no failure of ours", func(t *testing.T) {
		for _, code := range []string{"carrier_unavailable", "login_unavailable", "throttled"} {
			if line := run(t, answers(0, &api.Error{Status: 503, Code: code})); line["Class"] != "carrier" {
				t.Errorf("%v", line)
			}
		}
		if line := run(t, answers(0, &api.Error{Status: 503, Code: "account_unavailable"})); line["Class"] != "5xx" {
			t.Errorf("%v", line)
		}
	})
	t.Run("a conflict is counted by its code, another refusal is not", func(t *testing.T) {
		if line := run(t, answers(0, &api.Error{Status: 422, Code: "reference_taken"})); line["Conflicts"] != 1.0 || line["Code"] != "reference_taken" {
			t.Errorf("%v", line)
		}
		if line := run(t, answers(0, &api.Error{Status: 422, Code: "invalid_request"})); line["Conflicts"] != nil || line["Class"] != "4xx" {
			t.Errorf("%v", line)
		}
	})
	t.Run("one that waits for something else says nothing of how fast we are", func(t *testing.T) {
		line := run(t, func(ctx context.Context, _ api.Request) (api.Response, error) {
			obs.Note(ctx, "waits_for", "carrier")
			return api.Response{Status: 200}, nil
		})
		if line["RequestMs"] != nil || line["Requests"] != 1.0 || line["ms"] == nil {
			t.Errorf("%v", line)
		}
	})
}

func TestKeyChecksAreMeasured(t *testing.T) {
	for outcome, err := range map[string]error{"known": nil, "refused": api.ErrUnknownKey, "failed": errors.New("no table")} {
		t.Run(outcome, func(t *testing.T) {
			var log bytes.Buffer
			look := func(context.Context, string) (api.Principal, error) {
				return api.Principal{Tenant: "tn_1", Mode: ship.Test, KeyID: "key-id"}, err
			}
			_, _ = api.Authorizer(look, "", obs.Logger(&log, "info", "authorizer", "stack"))(t.Context(), events.APIGatewayCustomAuthorizerRequest{AuthorizationToken: "Bearer fl_test_key-id_secret", MethodArn: "a/b/c"})
			line := decoded(t, log.Bytes())
			if line["msg"] != "authorizer" || line["outcome"] != outcome || line["KeyChecks"] != 1.0 || line["Outcome"] != outcome || bytes.Contains(log.Bytes(), []byte("secret")) {
				t.Errorf("%v", line)
			}
			if (line["tenant"] == "tn_1") != (err == nil) || (line["level"] == "ERROR") != (outcome == "failed") {
				t.Errorf("%v", line)
			}
		})
	}
}
