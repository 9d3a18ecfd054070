package operate

import (
	"context"
	"flag"
	"io"
	"time"

	"github.com/fairlead/fairlead/shared/operating"
)

func tenantCommand() command {
	return command{name: "tenant", args: "show|suspend|resume|limits|revoke-key TENANT [LIMITS|KEY] -reason WHY",
		about: "shows a tenant, suspends or resumes it, sets its limits (\"read=100/s:200 book=5/s:10\", or default), or revokes an API key by its id. A suspension is in force within a minute; what is booked is finished, and callbacks go on.",
		prepare: func(f *flag.FlagSet) func(context.Context, *task, []string) error {
			return func(ctx context.Context, t *task, args []string) error {
				if len(args) < 2 {
					return usage("say what, and the id of the tenant: tenant show tn_…")
				}
				in, err := tenantUpdate(t, args[0], args[1], args[2:])
				if err != nil {
					return err
				}
				_, err = call(ctx, t, "update-tenant", in, func(w io.Writer, v operating.TenantView) {
					row(w, "tenant", v.ID)
					row(w, "name", v.Name)
					row(w, "created", v.CreatedAt.Format(time.RFC3339))
					row(w, "state", standing(v))
					row(w, "limits", orElse(v.Limits, "the deployment's defaults"))
					row(w, "done", v.Did)
				})
				return err
			}
		}}
}

func tenantUpdate(t *task, do, tenant string, more []string) (operating.TenantUpdate, error) {
	in := operating.TenantUpdate{Caller: t.caller(), Tenant: tenant}
	takes := map[string]int{"limits": 1, "revoke-key": 1}[do]
	if len(more) != takes {
		return in, usage("tenant %s takes %d arguments after the tenant, and got %d", do, takes, len(more))
	}
	switch do {
	case "show":
		return in, nil
	case "suspend":
		in.Suspend = new(true)
		return in, t.certain("suspend tenant %s", tenant)
	case "resume":
		in.Suspend = new(false)
		return in, nil
	case "limits":
		in.Limits = &more[0]
		return in, nil
	case "revoke-key":
		in.RevokeKey = operating.KeyID(more[0])
		return in, t.certain("revoke API key %s of tenant %s for good", in.RevokeKey, tenant)
	}
	return in, usage("there is no tenant %s; there are show, suspend, resume, limits and revoke-key", do)
}

func eraseCommand() command {
	return command{name: "erase", args: "TENANT [-abandon] -reason WHY -yes", about: "erases a suspended tenant's personal data for good: requests, labels, answers, deliveries, credentials, keys, endpoints, objects. Ids, statuses, times and tracking numbers of shipments stay. It may be interrupted and begun again.",
		prepare: func(f *flag.FlagSet) func(context.Context, *task, []string) error {
			var in operating.EraseRequest
			f.BoolVar(&in.Abandon, "abandon", false, "though shipments or batches are unfinished; nobody will find out what became of them")
			f.StringVar(&in.Cursor, "cursor", "", "where an earlier run ended")
			return func(ctx context.Context, t *task, args []string) error {
				if len(args) != 1 {
					return usage("say which tenant: erase tn_…")
				}
				in.Tenant, in.Caller = args[0], t.caller()
				if err := t.certain("erase the personal data of tenant %s for good", in.Tenant); err != nil {
					return err
				}
				for {
					out, err := call(ctx, t, "erase-tenant-data", in, func(w io.Writer, out operating.EraseAnswer) {
						_, said := out.Summary()
						row(w, said)
					})
					if err != nil || out.Done {
						return err
					}
					in.Cursor = out.Cursor
				}
			}
		}}
}

func standing(v operating.TenantView) string {
	switch {
	case !v.Erased.IsZero():
		return "erased since " + v.Erased.Format(time.RFC3339)
	case !v.Suspended.IsZero():
		return "suspended since " + v.Suspended.Format(time.RFC3339)
	}
	return "works"
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
