package main

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/client"
)

var getCommand = command{
	name: "get", args: "ID|-ref REFERENCE [-wait D]", about: "Show a shipment",
	more: "With -wait it ends like book: 1 when the shipment failed, 3 when it is not known yet what becomes of it.",
	prepare: func(f *flag.FlagSet) action {
		ref := f.String("ref", "", "the shipment's reference, in place of its id")
		wait := f.Duration("wait", 0, "how long to wait until it is booked, failed or cancelled")
		return func(ctx context.Context, t *task, args []string) error {
			if (*ref == "") == (len(args) == 0) || len(args) > 1 {
				return &usageError{"give an id, or a reference with -ref"}
			}
			c, err := t.connect()
			if err != nil {
				return err
			}
			id := strings.Join(args, "")
			if *ref != "" {
				if id, err = named(ctx, c, *ref); err != nil {
					return err
				}
			}
			var a client.Answer
			s, err := c.Await(ctx, id, *wait, client.Into(&a))
			if err != nil {
				return err
			}
			t.shipment(s, a.Body)
			if *wait > 0 {
				return outcome(s)
			}
			return nil
		}
	},
}

// named is the id of the shipment with a reference.
func named(ctx context.Context, c *client.Client, reference string) (string, error) {
	for s, err := range c.Shipments(ctx, client.ListShipmentsParams{Reference: &reference}) {
		return s.ID, err
	}
	return "", fmt.Errorf("there is no shipment with the reference %q for this API key", reference)
}

var listCommand = command{
	name: "list", args: "[-status S] [-since T] [-ref REFERENCE] [-number N] [-n 20]", about: "List shipments, newest first",
	prepare: func(f *flag.FlagSet) action {
		status := f.String("status", "", "draft, pending, booking, booked, failed, unknown, cancelling, cancelled or cancelled_locally")
		since := f.String("since", "", "created since a `time`: 90m, 24h, 2026-11-21 or 2026-11-21T12:00:00Z")
		ref := f.String("ref", "", "with this reference")
		number := f.String("number", "", "with this tracking number")
		most := f.Int("n", 20, "how many to show; 0 is all")
		return func(ctx context.Context, t *task, args []string) error {
			if len(args) > 0 {
				return &usageError{fmt.Sprintf("unexpected argument %q", args[0])}
			}
			query := client.ListShipmentsParams{Reference: given(*ref), TrackingNumber: given(*number), Status: given(client.Status(*status))}
			if *since != "" {
				at, err := moment(*since, time.Now())
				if err != nil {
					return err
				}
				query.CreatedAfter = &at
			}
			if *most > 0 {
				query.Limit = new(min(*most, 100))
			}
			c, err := t.connect()
			if err != nil {
				return err
			}
			return list(t, limited(c.Shipments(ctx, query), *most), []string{"CREATED", "SHIPMENT", "STATUS", "REFERENCE", "TRACKING", "SERVICE", "TO"}, func(s client.Shipment) []string {
				return []string{when(s.CreatedAt), s.ID, string(s.Status), text(s.Reference), text(s.TrackingNumber), s.Service, place(s.ShipTo)}
			})
		}
	},
}

func given[T ~string](v T) *T {
	if v == "" {
		return nil
	}
	return &v
}

// moment reads a time, or how long ago it was.
func moment(s string, now time.Time) (time.Time, error) {
	if ago, err := time.ParseDuration(s); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.ParseInLocation(layout, s, now.Location()); err == nil {
			return at, nil
		}
	}
	return time.Time{}, &usageError{fmt.Sprintf("-since %q is no time; write 90m, 24h, 2026-11-21 or 2026-11-21T12:00:00Z", s)}
}

// limited are the first ones, all when most is 0.
func limited[T any](all iter.Seq2[T, error], most int) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		n := 0
		for v, err := range all {
			if n++; !yield(v, err) || n == most {
				return
			}
		}
	}
}

// list prints a list: JSON as it comes, or a table when all is there.
func list[T any](t *task, all iter.Seq2[T, error], heading []string, row func(T) []string) error {
	var rows [][]string
	for v, err := range all {
		if err != nil {
			return err
		}
		if t.json {
			if err := t.line(v); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, row(v))
	}
	if !t.json && len(rows) == 0 {
		t.note("nothing was found")
		return nil
	}
	if !t.json {
		t.table(heading, rows)
	}
	return nil
}

var eventsCommand = command{
	name: "events", args: "ID [-f]", about: "Show the history of a shipment",
	more: "With -f it goes on until the shipment is booked, failed or cancelled, and ends like book.",
	prepare: func(f *flag.FlagSet) action {
		follow := f.Bool("f", false, "follow: go on until the shipment has come to an end")
		return func(ctx context.Context, t *task, args []string) error {
			id, err := one(args)
			if err != nil {
				return err
			}
			c, err := t.connect()
			if err != nil {
				return err
			}
			shown, err := t.events(ctx, c, id, -1)
			if err != nil || !*follow {
				return err
			}
			return t.follow(ctx, c, id, shown)
		}
	},
}

// follow prints what happens to a shipment until it has ended.
func (t *task) follow(ctx context.Context, c *client.Client, id string, shown int64) error {
	const look = 5 * time.Second // the server tells of the end at once, and of what is between as often as this
	for {
		s, err := c.Await(ctx, id, look)
		if err != nil {
			return err
		}
		for try := 0; s.Version > shown && try < 3; try++ { // the history may be a moment behind
			if try > 0 {
				err = t.sleep(ctx, time.Second/2)
			}
			if err == nil {
				shown, err = t.events(ctx, c, id, shown)
			}
			if err != nil {
				return err
			}
		}
		if s.Ended() {
			return outcome(s)
		}
	}
}

// events prints what happened after a version, and returns the last one's.
func (t *task) events(ctx context.Context, c *client.Client, id string, after int64) (int64, error) {
	page, err := c.ListShipmentEvents(ctx, id)
	if err != nil {
		return after, err
	}
	for _, e := range page.Data {
		if e.Version <= after {
			continue
		}
		after = e.Version
		if t.json {
			if err := t.line(e); err != nil {
				return after, err
			}
			continue
		}
		_, _ = fmt.Fprintf(t.out, "%s  %3d  %-12s %s\n", when(e.At), e.Version, clean(string(e.Status)), clean(e.Cause))
	}
	return after, nil
}

var keysCommand = command{
	name: "keys", args: "", about: "List the API keys, without their secrets",
	prepare: func(*flag.FlagSet) action {
		return func(ctx context.Context, t *task, args []string) error {
			if len(args) > 0 {
				return &usageError{fmt.Sprintf("unexpected argument %q", args[0])}
			}
			c, err := t.connect()
			if err != nil {
				return err
			}
			return list(t, c.APIKeys(ctx, client.ListAPIKeysParams{}), []string{"CREATED", "KEY", "MODE", "SCOPES", "NAME"}, func(k client.APIKey) []string {
				scopes := make([]string, len(k.Scopes))
				for i, s := range k.Scopes {
					scopes[i] = string(s)
				}
				return []string{when(k.CreatedAt), k.ID, string(k.Mode), strings.Join(scopes, ","), k.Name}
			})
		}
	},
}

var accountsCommand = command{
	name: "accounts", args: "[add -carrier C -number N [-name NAME] [-credentials FILE|-]]", about: "List the accounts with carriers, or add one",
	more: `The carrier sim needs no credentials: fairlead accounts add -carrier sim -number 1
Credentials are a JSON object as the carrier names them; UPS: {"client_id": "...", "client_secret": "..."}.`,
	prepare: func(f *flag.FlagSet) action {
		var in client.CarrierAccountRequest
		f.StringVar(&in.Carrier, "carrier", "", "the carrier, such as ups or sim")
		f.StringVar(&in.Number, "number", "", "the account's or shipper's number at the carrier")
		name := f.String("name", "", "your own name for it")
		credentials := f.String("credentials", "", "`file` with what the carrier gave you to log in, or -")
		return func(ctx context.Context, t *task, args []string) error {
			if len(args) > 0 && args[0] == "add" && len(args) == 1 {
				in.Name = given(*name)
				return t.addAccount(ctx, in, *credentials)
			}
			if len(args) > 0 || in.Carrier+in.Number+*name+*credentials != "" {
				return &usageError{"to add an account, say add first"}
			}
			c, err := t.connect()
			if err != nil {
				return err
			}
			return list(t, c.CarrierAccounts(ctx, client.ListCarrierAccountsParams{}), accountHeading, accountRow)
		}
	},
}

var accountHeading = []string{"CREATED", "ACCOUNT", "MODE", "CARRIER", "NUMBER", "NAME"}

func accountRow(a client.CarrierAccount) []string {
	return []string{when(a.CreatedAt), a.ID, string(a.Mode), a.Carrier, a.Number, text(a.Name)}
}
