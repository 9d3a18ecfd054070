package openapi_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/openapi"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
)

// answer is what the gateway gets from an operation.
func answer(t *testing.T, op api.Operation, h api.Handler) events.APIGatewayProxyResponse {
	t.Helper()
	ev := events.APIGatewayProxyRequest{HTTPMethod: op.Method, Resource: op.Path, Path: op.Path, Headers: map[string]string{"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"},
		RequestContext: events.APIGatewayProxyRequestContext{RequestID: "r-1", Path: "/dev" + op.Path}}
	got, err := api.Lambda(op, h, nil, nil, slog.New(slog.DiscardHandler))(context.Background(), ev)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestContract(t *testing.T) {
	got := answer(t, v1.OpGetContract, openapi.Contract)
	if got.StatusCode != http.StatusOK || got.Headers["Content-Type"] != "application/json" || !json.Valid([]byte(got.Body)) {
		t.Errorf("%d %s %.100s", got.StatusCode, got.Headers["Content-Type"], got.Body)
	}
}

func TestPage(t *testing.T) {
	got := answer(t, v1.OpGetReference, openapi.Page)
	t.Run("is served as text to whoever asks, without a key", func(t *testing.T) {
		if got.StatusCode != http.StatusOK || got.Headers["Content-Type"] != "text/html; charset=utf-8" || got.IsBase64Encoded || !strings.HasPrefix(got.Body, "<!doctype html>") {
			t.Errorf("%d %s %.100s", got.StatusCode, got.Headers["Content-Type"], got.Body)
		}
		if !strings.HasPrefix(got.Headers["Content-Security-Policy"], "default-src 'none'") {
			t.Error("the page may ask for anything")
		}
	})
	t.Run("has what the type of a problem points to", func(t *testing.T) {
		failed := answer(t, v1.OpGetShipment, func(context.Context, api.Request) (api.Response, error) { panic("never called without a key") })
		var problem struct{ Type, Code string }
		if err := json.Unmarshal([]byte(failed.Body), &problem); err != nil {
			t.Fatal(err)
		}
		page, anchor, _ := strings.Cut(problem.Type, "#")
		if page != "/dev"+v1.OpGetReference.Path || problem.Code != "unauthorized" || !strings.Contains(got.Body, ` id="`+anchor+`"`) {
			t.Errorf("type is %s", problem.Type)
		}
	})
	t.Run("has every code and every operation", func(t *testing.T) {
		for _, c := range api.Codes {
			if !strings.Contains(got.Body, ` id="error-`+c.Name+`"`) {
				t.Errorf("the code %s is missing: run make generate", c.Name)
			}
		}
		for _, op := range v1.Operations {
			if !strings.Contains(got.Body, ` id="op-`+op.Name+`"`) {
				t.Errorf("the operation %s is missing: run make generate", op.Name)
			}
		}
	})
}
