package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fairlead/fairlead/shared/obs"
)

// named is what the ids of paths are called on lines, by what the path begins with.
var named = []struct{ path, key string }{
	{"/v1/shipments/", "shipment"}, {"/v1/batches/", "batch"}, {"/v1/callback-endpoints/", "endpoint"},
	{"/v1/carrier-accounts/", "account"}, {"/v1/api-keys/", "api_key"},
}

// note puts the id that a path names on the line, if it can be one. What a request makes, its operation notes itself.
func note(ctx context.Context, ev events.APIGatewayProxyRequest) {
	for _, n := range named {
		if id := ev.PathParameters["id"]; strings.HasPrefix(ev.Resource, n.path) && MaybeID(id) {
			obs.Note(ctx, n.key, id)
		}
	}
}

// conflicting are the errors that tell of another request which came first.
var conflicting = []string{"idempotency_key_reused", "reference_taken", "request_in_flight", "version_mismatch"}

// carriers are the errors of 503 that tell of a carrier that can't be asked: no fault of ours, and none that a rollout or an
// operator could mend.
var carriers = []string{"carrier_unavailable", "login_unavailable", "throttled"}

// measured counts an answer. A request that waited for something else than us says nothing of how fast we are.
func measured(ctx context.Context, unit *obs.Unit, status int) {
	code := unit.Noted("code")
	obs.Measure(ctx, obs.Requests, 1, class(status, code))
	if unit.Noted("waits_for") == "" {
		obs.Measure(ctx, obs.RequestMs, unit.Took().Milliseconds(), "")
	}
	if slices.Contains(conflicting, code) {
		obs.Measure(ctx, obs.Conflicts, 1, code)
	}
}

func class(status int, code string) string {
	switch {
	case status == http.StatusTooManyRequests:
		return "429"
	case status == http.StatusServiceUnavailable && slices.Contains(carriers, code):
		return "carrier"
	}
	return fmt.Sprintf("%dxx", status/100)
}
