package api

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fairlead/fairlead/shared/obs"
	"github.com/fairlead/fairlead/shared/ratelimit"
	"github.com/fairlead/fairlead/shared/ship"
)

// Principal is who an API key acts for.
type Principal struct {
	Tenant    string
	Mode      ship.Mode
	KeyID     string
	Scopes    []string      // what the key may do: ScopeRead, ScopeShip, ScopeAdmin
	Limits    ratelimit.Set // what the tenant has instead of the defaults
	Suspended bool          // the tenant is
}

// ErrUnknownKey means that a key is malformed, unknown, revoked or has the wrong secret: callers are told no more.
var ErrUnknownKey = errors.New("unknown API key")

// Authorizer makes the Lambda authorizer of a function that looks a key up.
// The policy allows the whole stage, because API Gateway caches it per key: one route's policy would deny the next.
// What the key may do travels in the context, and each operation looks at it. usageKey is the one API key of API Gateway
// that the deployment's usage plan counts by, whoever calls.
func Authorizer(authenticate func(ctx context.Context, key string) (Principal, error), usageKey string, log *slog.Logger) func(context.Context, events.APIGatewayCustomAuthorizerRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
	return func(ctx context.Context, ev events.APIGatewayCustomAuthorizerRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
		ctx, unit := obs.Begin(ctx)
		outcome := "refused"
		defer func() {
			obs.Measure(ctx, obs.KeyChecks, 1, outcome)
			unit.End(ctx, log, levelOf(outcome), "authorizer", "outcome", outcome)
		}()
		scheme, key, _ := strings.Cut(ev.AuthorizationToken, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return events.APIGatewayCustomAuthorizerResponse{}, errors.New("Unauthorized") // the word API Gateway maps to 401
		}
		p, err := authenticate(ctx, strings.TrimSpace(key))
		if errors.Is(err, ErrUnknownKey) {
			return events.APIGatewayCustomAuthorizerResponse{}, errors.New("Unauthorized")
		}
		if err != nil { // not the caller's fault, and not 401: a client must not throw its key away for an outage
			outcome = "failed"
			obs.Note(ctx, "error", err.Error())
			return events.APIGatewayCustomAuthorizerResponse{}, errors.New("the API key could not be checked")
		}
		outcome = "known"
		obs.Note(ctx, "tenant", p.Tenant)
		obs.Note(ctx, "mode", p.Mode)
		obs.Note(ctx, "key", p.KeyID)
		return events.APIGatewayCustomAuthorizerResponse{
			PrincipalID: p.KeyID,
			PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{Version: "2012-10-17", Statement: []events.IAMPolicyStatement{
				{Action: []string{"execute-api:Invoke"}, Effect: "Allow", Resource: []string{wholeStage(ev.MethodArn)}},
			}},
			Context: map[string]any{"tenant": p.Tenant, "mode": string(p.Mode), "key_id": p.KeyID, "scopes": strings.Join(p.Scopes, " "),
				"limits": p.Limits.String(), "suspended": strconv.FormatBool(p.Suspended)},
			UsageIdentifierKey: usageKey,
		}, nil
	}
}

func levelOf(outcome string) slog.Level {
	if outcome == "failed" {
		return slog.LevelError
	}
	return slog.LevelInfo
}

// wholeStage turns "arn:…:api/stage/GET/v1/shipments" into "arn:…:api/stage/*".
func wholeStage(methodArn string) string {
	parts := strings.SplitN(methodArn, "/", 3)
	if len(parts) < 2 {
		return methodArn
	}
	return parts[0] + "/" + parts[1] + "/*"
}
