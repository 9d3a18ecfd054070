// Package operations wires what operators do. Every operation is audited.
package operations

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/operating"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// Audit is list-operations.
func Audit(a *boot.App) Handler[operating.AuditPage] {
	return audited(a, "list-operations", false, func() operating.Operation[operating.AuditRequest, operating.AuditPage] { return auditor(a).List })
}

// Held is list-held-shipments.
func Held(a *boot.App) Handler[operating.HeldPage] {
	return audited(a, "list-held-shipments", false, func() operating.Operation[operating.HeldRequest, operating.HeldPage] {
		store := a.Store()
		return (&operating.Lister{Finder: store, Evidence: store, Accounts: store, Shards: dynamo.Shards}).List
	})
}

// Resolve is resolve-shipments.
func Resolve(a *boot.App) Handler[operating.ResolveAnswer] {
	return audited(a, "resolve-shipments", true, func() operating.Operation[operating.ResolveRequest, operating.ResolveAnswer] {
		store := a.Store()
		op := &booking.Operator{Reader: store, Decisions: store, Settler: store, Now: time.Now, Times: a.Times}
		return (&operating.Resolver{Decide: op, Clear: op, Holders: store, Now: time.Now, Log: a.Log}).Resolve
	})
}

// Tenant is update-tenant.
func Tenant(a *boot.App) Handler[operating.TenantView] {
	return audited(a, "update-tenant", false, func() operating.Operation[operating.TenantUpdate, operating.TenantView] {
		return (&operating.Warden{Tenants: a.Store(), Keys: a.Store(), Now: time.Now}).Update
	})
}

// CreateTenant is create-tenant.
func CreateTenant(a *boot.App, make func(context.Context, account.TenantRequest) (account.TenantAnswer, error)) Handler[operating.TenantAnswer] {
	return audited(a, "create-tenant", false, func() operating.Operation[operating.TenantRequest, operating.TenantAnswer] {
		return func(ctx context.Context, in operating.TenantRequest) (operating.TenantAnswer, error) {
			out, err := make(ctx, in.TenantRequest)
			return operating.TenantAnswer{TenantAnswer: out}, err
		}
	})
}

// Handler is an operation as Lambda calls it.
type Handler[O any] func(ctx context.Context, in json.RawMessage) (O, error)

// audited makes an operation by its first call, not before the process is ready. What can't be read is refused in the audit
// as well.
func audited[I operating.Input, O any](a *boot.App, name string, changes bool, build func() operating.Operation[I, O]) Handler[O] {
	made := sync.OnceValue(build)
	return boot.Operator(a, name, func(ctx context.Context, raw json.RawMessage) (O, error) {
		in, wrong := operating.Read[I](raw)
		out, err := operating.Audited(auditor(a), name, changes, func(ctx context.Context, in I) (out O, err error) {
			if wrong != nil {
				return out, wrong
			}
			return made()(ctx, in)
		})(ctx, in)
		if wrong != nil { // before what is missing: it may be what is misspelt
			err = wrong
		}
		return out, err
	})
}

func auditor(a *boot.App) *operating.Auditor {
	return &operating.Auditor{Journal: a.Store(), Now: time.Now, NewID: boot.NewID, Log: a.Log}
}
