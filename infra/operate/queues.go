package operate

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/fairlead/fairlead/shared/operating"
	"github.com/fairlead/fairlead/shared/queue"
)

func lettersCommand() command {
	return command{name: "dead-letters", args: "[QUEUE] [-n 10]", about: "counts what lies on the dead-letter queues, or shows the letters of one: urgent, standard, bulk, slow, recovery, events, callbacks, callback-retries, batches or relay.",
		prepare: func(f *flag.FlagSet) func(context.Context, *task, []string) error {
			var in operating.LettersRequest
			f.IntVar(&in.Most, "n", 0, "how many at most (10; up to 100)")
			return func(ctx context.Context, t *task, args []string) error {
				switch len(args) {
				case 0:
				case 1:
					in.Queue = queue.Name(args[0])
				default:
					return usage("unexpected argument %q", args[1])
				}
				in.Caller = t.caller()
				_, err := call(ctx, t, "redrive-dead-letters", in, showLetters)
				return err
			}
		}}
}

func redriveCommand() command {
	return command{name: "redrive", args: "QUEUE [-n 10] -reason WHY -yes", about: "sends dead letters again to the queue they came from, each sent first and removed then, so at least once; that is no harm. Records of the relay have no queue: their shipments are read again and announced. What came back twice stays, unless -force.",
		prepare: func(f *flag.FlagSet) func(context.Context, *task, []string) error {
			in := operating.LettersRequest{Redrive: true}
			f.IntVar(&in.Most, "n", 0, "how many at most (10; up to 100)")
			f.BoolVar(&in.Force, "force", false, "those too that came back twice")
			return func(ctx context.Context, t *task, args []string) error {
				if len(args) != 1 {
					return usage("say whose dead letters: redrive QUEUE")
				}
				in.Queue, in.Caller = queue.Name(args[0]), t.caller()
				if err := t.certain("send dead letters of %s again", in.Queue); err != nil {
					return err
				}
				out, err := call(ctx, t, "redrive-dead-letters", in, showLetters)
				if err == nil && out.Left > 0 {
					err = errPartly
				}
				return err
			}
		}}
}

func showLetters(w io.Writer, out operating.LettersAnswer) {
	row(w, "QUEUE", "WAITING", "HIDDEN")
	for _, c := range out.Counts {
		row(w, c.Queue, c.Waiting, c.Hidden)
	}
	if len(out.Letters) > 0 {
		showEach(w, out.Letters)
	}
	if out.Unseen > 0 {
		row(w, fmt.Sprintf("\n%d more are there and can't be shown right now: somebody is reading them, or just did. Wait some seconds and look again.", out.Unseen))
	}
}

func showEach(w io.Writer, letters []operating.LetterView) {
	row(w)
	row(w, "MESSAGE", "AGE", "TENANT", "ABOUT", "AGAIN", "REASON", "BODY")
	for _, l := range letters {
		row(w, l.ID, time.Duration(l.AgeS)*time.Second, orNone(l.Tenant), orNone(l.Shipment), l.Again, oneLine(l.Reason), oneLine(l.Body))
		if said := l.Did + l.Left; said != "" {
			row(w, "", "", "", "", "", "-> "+said)
		}
	}
}

func replayCommand() command {
	return command{name: "replay", args: "-tenant TENANT (-event EVENT | -endpoint ENDPOINT -from TIME [-to TIME] [-failed]) -reason WHY -yes",
		about: "sends events to their callback endpoints again, under their own ids, by which receivers know repetitions. Deliveries are kept for 30 days. An event whose details are not kept any more is named and not sent.",
		prepare: func(f *flag.FlagSet) func(context.Context, *task, []string) error {
			var in operating.ReplayRequest
			f.StringVar(&in.Tenant, "tenant", "", "whose events")
			f.StringVar(&in.Event, "event", "", "one event, by its webhook-id")
			f.StringVar(&in.Endpoint, "endpoint", "", "the endpoint; with -event none is every one it was sent to")
			moment := func(to *time.Time) func(string) error {
				return func(s string) (err error) {
					if *to, err = time.Parse(time.RFC3339, s); err != nil {
						err = errors.New("it is written as in 2026-11-21T00:00:00Z")
					}
					return err
				}
			}
			f.Func("from", "begin of the window, as in 2026-11-21T00:00:00Z", moment(&in.From))
			f.Func("to", "its end (now)", moment(&in.To))
			f.BoolVar(&in.OnlyFailed, "failed", false, "only those whose delivery failed")
			f.IntVar(&in.Limit, "limit", 0, "how many at most (100; up to 500)")
			f.StringVar(&in.Cursor, "cursor", "", "of the call before")
			return func(ctx context.Context, t *task, args []string) error {
				if err := noArguments(args); err != nil {
					return err
				}
				in.Caller = t.caller()
				if err := t.certain("send events of tenant %s again", in.Tenant); err != nil {
					return err
				}
				out, err := call(ctx, t, "replay-callbacks", in, func(w io.Writer, out operating.ReplayAnswer) {
					row(w, "EVENT", "TYPE", "ENDPOINT", "SHIPMENT", "OCCURRED", "WAS", "NOW")
					for _, e := range out.Events {
						row(w, e.Event, e.Type, e.Endpoint, e.Shipment, e.OccurredAt.Format(time.RFC3339), e.Was, orElse(e.Problem, "sent"))
					}
					row(w, fmt.Sprintf("%d sent, %d not", out.Sent, out.Problems))
					t.more(w, out.Cursor)
				})
				if err == nil && out.Problems > 0 {
					err = errPartly
				}
				return err
			}
		}}
}
