package gateway

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/fairlead/fairlead/infra/local/runtime"
	"github.com/fairlead/fairlead/infra/local/template"
)

// says answers every invocation with the same text.
type says string

func (s says) Invoke(_ context.Context, function string, _ []byte) (runtime.Result, error) {
	if function == "thing" {
		return runtime.Result{Payload: []byte(`{"statusCode":204}`)}, nil
	}
	return runtime.Result{Payload: []byte(s)}, nil
}

func TestUsageKey(t *testing.T) {
	const policy = `"principalId":"p","policyDocument":{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	for name, c := range map[string]struct {
		answer  string
		metered bool
		want    int
	}{
		"a metered route is answered when the authorizer names the plan's key":  {`{` + policy + `,"usageIdentifierKey":"the-key"}`, true, 204},
		"a metered route is refused when it names another":                      {`{` + policy + `,"usageIdentifierKey":"other"}`, true, 403},
		"a metered route is refused when it names none":                         {`{` + policy + `}`, true, 403},
		"a route that is not metered is answered whatever the authorizer names": {`{` + policy + `}`, false, 204},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := New(Options{
				API: template.API{Stage: "dev", Authorizer: template.Authorizer{Function: "Authorizer", Header: "Authorization"}, UsageKeys: []string{"the-key"},
					GatewayResponses: map[string]template.GatewayResponse{"INVALID_API_KEY": {Status: 403}}},
				Functions: []template.Function{{LogicalID: "Authorizer", Name: "authorizer"}, {LogicalID: "Thing", Name: "thing", Routes: []template.Route{{Method: "GET", Path: "/v1/x", Metered: c.metered}}}},
				Invoker:   says(c.answer), Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now,
			})
			if err != nil {
				t.Fatal(err)
			}
			req := httptest.NewRequest(http.MethodGet, "/v1/x", nil)
			req.Header.Set("Authorization", "Bearer key")
			w := httptest.NewRecorder()
			if g.ServeHTTP(w, req); w.Code != c.want {
				t.Errorf("%d %s, want %d", w.Code, w.Body, c.want)
			}
		})
	}
}

// FuzzParseDecision holds that nothing an authorizer answers breaks the gateway, and that only an answer with a
// statement that allows lets anybody pass.
func FuzzParseDecision(f *testing.F) {
	const arn = "arn:aws:execute-api:us-east-1:000000000000:local/dev/GET/v1/things"
	for _, seed := range []string{
		`{"principalId":"p","policyDocument":{"Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":["*"]}]},"context":{"tenant":"t","n":1,"b":true}}`,
		`{"principalId":"p","policyDocument":{"Statement":[{"Effect":"Deny","Action":["*"],"Resource":"*"},{"Effect":"Allow","Action":"*","Resource":"arn:*"}]}}`,
		`{"principalId":"p","policyDocument":{"Statement":[{"Effect":1}]}}`, `{"principalId":"p"}`, `{"context":{"a":[]}}`, `null`, `"Unauthorized"`, `{`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := parseDecision(raw)
		if err != nil {
			return
		}
		allowing := 0
		for _, s := range d.statements {
			if s.Effect == "Allow" {
				allowing++
			}
		}
		if d.allows(arn) && allowing == 0 {
			t.Errorf("%s lets everybody pass", raw)
		}
	})
}
