// Package keys wires tenants and their API keys.
package keys

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/obs"
)

// Authorizer is the API's authorizer.
func Authorizer(a *boot.App) func(context.Context, events.APIGatewayCustomAuthorizerRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
	s := service(a)
	return api.Authorizer(func(ctx context.Context, key string) (api.Principal, error) { return s().Authenticate(ctx, key) }, a.Env.UsageKey, a.Log)
}

// CreateTenant is the operator's operation of that name.
func CreateTenant(a *boot.App) func(context.Context, account.TenantRequest) (account.TenantAnswer, error) {
	s := service(a)
	return func(ctx context.Context, in account.TenantRequest) (account.TenantAnswer, error) {
		out, err := s().OperatorCreateTenant(ctx, in)
		obs.Note(ctx, "tenant", out.Tenant.ID)
		return out, err
	}
}

// Operations are those of the API on keys.
func Operations(a *boot.App) *account.Service { return service(a)() }

func service(a *boot.App) func() *account.Service {
	return sync.OnceValue(func() *account.Service {
		return &account.Service{Store: a.Store(), Now: time.Now, NewID: boot.NewID, Random: rand.Reader}
	})
}
