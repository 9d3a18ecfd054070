package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/obs"
	"github.com/fairlead/fairlead/shared/ratelimit"
	"github.com/fairlead/fairlead/shared/store/ddbsim"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// edge is an operation behind its limits, on a database and a clock that stands still.
type edge struct {
	t    *testing.T
	now  time.Time
	call func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error)
	done int // how often the handler ran
}

func newEdge(t *testing.T, op api.Operation) *edge {
	e := &edge{t: t, now: time.Unix(1_800_000_000, 0)}
	clock := func() time.Time { return e.now }
	tables, names := ddbsim.Template("")
	store := &dynamo.Store{DB: ddbsim.New(ddbsim.Options{Now: clock, Tables: tables}).Client(ddbsim.ClientOptions{}), Tables: names, Now: clock}
	log := slog.New(slog.DiscardHandler)
	limits := &api.Limits{Limiter: &ratelimit.Limiter{Store: store.TenantLimits(), Now: clock, Log: log}, Defaults: ratelimit.Defaults}
	e.call = api.Lambda(op, func(context.Context, api.Request) (api.Response, error) {
		e.done++
		return api.Response{Status: 200, Body: map[string]string{}}, nil
	}, nil, limits, log)
	return e
}

// ask sends a request of a tenant with limits of its own.
func (e *edge) ask(tenant, mode, limits, body string) (events.APIGatewayProxyResponse, map[string]any) {
	e.t.Helper()
	resp, err := e.call(e.t.Context(), events.APIGatewayProxyRequest{HTTPMethod: "POST", Resource: "/v1/x", Headers: map[string]string{"Content-Type": "application/json"}, Body: body,
		RequestContext: events.APIGatewayProxyRequestContext{RequestID: "gw-1", Authorizer: map[string]any{"tenant": tenant, "mode": mode, "key_id": "k", "scopes": "ship", "limits": limits}}})
	if err != nil {
		e.t.Fatal(err)
	}
	var doc map[string]any
	if err := json.NewDecoder(bytes.NewReader([]byte(resp.Body))).Decode(&doc); err != nil {
		e.t.Fatalf("%v in %q", err, resp.Body)
	}
	return resp, doc
}

var limitedThing = api.Operation{Name: "x", Method: "POST", Path: "/v1/x", Scope: api.ScopeShip, Class: ratelimit.Book, Media: []string{api.JSON}}

func TestTenantLimits(t *testing.T) {
	const own = "book=1/min:2"
	t.Run("every answer tells the limit and what is left of it", func(t *testing.T) {
		e := newEdge(t, limitedThing)
		resp, _ := e.ask("tn_1", "test", "", "{}")
		if resp.StatusCode != 200 || resp.Headers["RateLimit-Policy"] != `"book";q=100;w=2` || resp.Headers["RateLimit"] != `"book";r=87;t=1` {
			t.Errorf("%d %v", resp.StatusCode, resp.Headers)
		}
		if resp, _ := e.ask("tn_1", "test", own, "{}"); resp.Headers["RateLimit-Policy"] != `"book";q=2;w=120` {
			t.Errorf("with limits of its own: %v", resp.Headers)
		}
	})
	t.Run("over it nothing is done, and the answer says which limit it is and when to come back", func(t *testing.T) {
		e := newEdge(t, limitedThing)
		for range 2 {
			e.ask("tn_1", "test", own, "{}")
		}
		resp, doc := e.ask("tn_1", "test", own, "{}")
		if resp.StatusCode != 429 || doc["code"] != "rate_limited" || resp.Headers["Retry-After"] != "60" || resp.Headers["RateLimit"] != `"book";r=0;t=120` || e.done != 2 {
			t.Errorf("%d %v %v, done %d times", resp.StatusCode, doc, resp.Headers, e.done)
		}
		if want := "Your tenant's limit of requests of the class book in test mode is 1 a minute, and 2 at once. Nothing was done; come back in 60 seconds."; doc["detail"] != want {
			t.Errorf("detail %q", doc["detail"])
		}
		e.now = e.now.Add(60 * time.Second)
		if resp, _ := e.ask("tn_1", "test", own, "{}"); resp.StatusCode != 200 {
			t.Errorf("%d after the time it said", resp.StatusCode)
		}
	})
	t.Run("a limit that was changed begins anew: what was asked under the old one is not held against it", func(t *testing.T) {
		e := newEdge(t, limitedThing)
		for range 3 {
			e.ask("tn_1", "test", "book=1/day:2", "{}")
		}
		if resp, doc := e.ask("tn_1", "test", "", "{}"); resp.StatusCode != 200 {
			t.Errorf("with the deployment's limit again: %d %v", resp.StatusCode, doc)
		}
	})
	t.Run("refused again it is told the same time", func(t *testing.T) {
		e := newEdge(t, limitedThing)
		for range 3 {
			e.ask("tn_1", "test", "book=1/day:2", "{}")
		}
		e.now = e.now.Add(10 * time.Second)
		if resp, _ := e.ask("tn_1", "test", "book=1/day:2", "{}"); resp.Headers["Retry-After"] != "86390" {
			t.Errorf("come back in %s seconds, want a day less ten", resp.Headers["Retry-After"])
		}
	})
	t.Run("another tenant, and the other mode, have limits of their own", func(t *testing.T) {
		e := newEdge(t, limitedThing)
		for range 3 {
			e.ask("tn_1", "test", own, "{}")
		}
		for _, other := range [][2]string{{"tn_2", "test"}, {"tn_1", "live"}} {
			if resp, _ := e.ask(other[0], other[1], own, "{}"); resp.StatusCode != 200 {
				t.Errorf("%v: %d", other, resp.StatusCode)
			}
		}
	})
	t.Run("what is refused for another reason is charged too, before its body is looked at", func(t *testing.T) {
		e := newEdge(t, limitedThing)
		large := strings.Repeat(" ", api.MaxBody+1)
		for i, want := range []int{413, 413, 429} {
			resp, _ := e.ask("tn_1", "test", own, large)
			if resp.StatusCode != want || resp.Headers["RateLimit"] == "" {
				t.Errorf("request %d: %d %v", i, resp.StatusCode, resp.Headers)
			}
		}
	})
	t.Run("who needs no key has no limit", func(t *testing.T) {
		e := newEdge(t, api.Operation{Name: "x", Method: "POST", Path: "/v1/x", Media: []string{api.JSON}})
		if resp, _ := e.ask("", "", "", "{}"); resp.StatusCode != 200 || resp.Headers["RateLimit"] != "" {
			t.Errorf("%d %v", resp.StatusCode, resp.Headers)
		}
	})
}

// decided is a limiter that decides one way.
type decided ratelimit.Decision

func (d decided) Take(context.Context, string, ratelimit.Rate) ratelimit.Decision {
	return ratelimit.Decision(d)
}

func TestLimitsDecidedAlone(t *testing.T) {
	for name, local := range map[string]bool{"without the store are measured": true, "by the store are not": false} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			limits := &api.Limits{Limiter: decided{Allowed: true, Local: local}, Defaults: ratelimit.Defaults}
			call := api.Lambda(limitedThing, func(context.Context, api.Request) (api.Response, error) {
				return api.Response{Status: 200, Body: map[string]string{}}, nil
			}, nil, limits, obs.Logger(&log, "info", "x", "fairlead"))
			e := &edge{t: t, call: call}
			e.ask("tn_1", "test", "", "{}")
			if got := strings.Contains(log.String(), "LimitsLocal"); got != local {
				t.Errorf("measured %v: %s", got, log.String())
			}
		})
	}
}
