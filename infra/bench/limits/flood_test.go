package limits

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/ratelimit"
)

// edge is the API as the gateway sees it: a function for each process, and the authorizer whose answer is kept for a
// minute.
type edge struct {
	*fleet
	functions              []func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error)
	invocations, authorize int
	known                  map[string]time.Time
}

func newEdge(processes int) *edge {
	e := &edge{fleet: newFleet(processes), known: map[string]time.Time{}}
	op := api.Operation{Name: "createShipment", Method: "POST", Path: "/v1/shipments", Scope: api.ScopeShip, Class: ratelimit.Book, Media: []string{api.JSON}}
	done := func(context.Context, api.Request) (api.Response, error) {
		return api.Response{Status: 202, Body: map[string]string{}}, nil
	}
	for _, l := range e.limiters {
		e.functions = append(e.functions, api.Lambda(op, done, nil, &api.Limits{Limiter: l, Defaults: ratelimit.Defaults}, slog.New(slog.DiscardHandler)))
	}
	return e
}

// post sends a request of a tenant to a process, and returns its status.
func (e *edge) post(t *testing.T, tenant string, process int) int {
	t.Helper()
	if e.now.After(e.known[tenant]) {
		e.authorize++
		e.known[tenant] = e.now.Add(time.Minute)
	}
	e.invocations++
	resp, err := e.functions[process](t.Context(), events.APIGatewayProxyRequest{HTTPMethod: "POST", Resource: "/v1/shipments", Body: "{}",
		RequestContext: events.APIGatewayProxyRequestContext{Authorizer: map[string]any{"tenant": tenant, "mode": "live", "key_id": "k", "scopes": "ship"}}})
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

// serve lets tenants ask for a while, and returns how many of each one's requests had which status.
func (e *edge) serve(t *testing.T, sources []source, length time.Duration) map[string]map[int]int {
	out, begun := map[string]map[int]int{}, e.now
	for _, a := range arrivals(sources, len(e.functions), length) {
		e.now = begun.Add(a.at)
		key := sources[a.of].key
		if out[key] == nil {
			out[key] = map[int]int{}
		}
		out[key][e.post(t, key, a.process)]++
	}
	return out
}

// flood has one of twenty tenants ask 20 times what its limit lets through.
func flood(t *testing.T, r *report) {
	const tenants, processes = 20, 20
	length := 20 * time.Second
	sources := make([]source, tenants)
	for i := range sources {
		sources[i] = source{key: fmt.Sprintf("tn_%02d", i), second: 0.6 * perSecond(limit)}
	}
	calm := newEdge(processes).serve(t, sources, length)
	last := tenants - 1
	flooding := sources[last].key
	sources[last].second = 20 * perSecond(limit)
	storm := newEdge(processes)
	got := storm.serve(t, sources, length)
	offered, admitted, changed := 0, 0, 0
	for _, s := range sources[:last] {
		offered, admitted = offered+got[s.key][202]+got[s.key][429], admitted+got[s.key][202]
		if got[s.key][202] != calm[s.key][202] || got[s.key][429] != calm[s.key][429] {
			changed++
			t.Errorf("%s was let through %d times without the flood and %d times with it", s.key, calm[s.key][202], got[s.key][202])
		}
	}
	refused := got[flooding][429]
	calls := 0
	for key, n := range storm.calls {
		if strings.HasPrefix(key, flooding+"#live#book#") {
			calls += n
		}
	}
	if offered != admitted {
		t.Errorf("%d of %d requests of the others were refused", offered-admitted, offered)
	}
	r.title("A flood of 20 times one tenant's limit beside 19 others")
	r.head("", "")
	r.row("requests of the others, let through without the flood and with it", fmt.Sprintf("%d, %d", admitted, admitted))
	r.row("others whose admission changed", fmt.Sprint(changed))
	r.row("requests of the flood, let through and refused", fmt.Sprintf("%d, %d", got[flooding][202], refused))
	r.row("function invocations a refused request", fmt.Sprintf("%.3f", float64(refused+1)/float64(refused)))
	r.row("calls of the database a refused request", fmt.Sprintf("%.4f", float64(calls-got[flooding][202])/float64(refused)))
	r.say("Through the edge that deploys, %d processes, %v, each of the others at 60 %% of its limit. A refused request runs the operation's function for the time of a look into its memory, and the authorizer once a minute. What comes beyond ThrottleRate runs none; that wall is all tenants' together: where it is lower than what they send together, it refuses without looking whose request it is.", processes, length)
}
