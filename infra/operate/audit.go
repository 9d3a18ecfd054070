package operate

import (
	"context"
	"flag"
	"io"
	"time"

	"github.com/fairlead/fairlead/shared/operating"
)

func auditCommand() command {
	return command{name: "audit", args: "[-day 2026-11-22 | -month 2026-11] [-cursor CURSOR]", about: "lists what operators did, the newest first, refused calls included.",
		prepare: func(f *flag.FlagSet) func(context.Context, *task, []string) error {
			var in operating.AuditRequest
			f.StringVar(&in.Day, "day", "", "of this day (UTC)")
			f.StringVar(&in.Month, "month", "", "of this month (the current one)")
			f.IntVar(&in.Limit, "limit", 0, "how many at most (50; up to 200)")
			f.StringVar(&in.Cursor, "cursor", "", "of the page before")
			return func(ctx context.Context, t *task, args []string) error {
				if err := noArguments(args); err != nil {
					return err
				}
				in.Caller = t.caller()
				_, err := call(ctx, t, "list-operations", in, func(w io.Writer, out operating.AuditPage) {
					row(w, "AT", "BY", "OPERATION", "TARGET", "OUTCOME", "REASON", "SAID")
					for _, e := range out.Entries {
						row(w, e.At.Format(time.RFC3339), e.By, e.Operation, orNone(oneLine(e.Target)), e.Outcome, orNone(e.Reason), oneLine(e.Said))
					}
					t.more(w, out.Cursor)
				})
				return err
			}
		}}
}
