package upgrade

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/infra/local/template"
	"github.com/fairlead/fairlead/shared/booking"
)

// judge holds what the shop was told against the carrier's ledger, and reads everything once more through the version
// that was rolled back to.
func (r *run) judge(ctx context.Context, report *Report) (err error) {
	s := r.shop
	s.enter("when all was done")
	orders := s.orders // nobody changes them any more
	ids := slices.Sorted(maps.Keys(orders))
	waiting := ""
	err = until(ctx, settlesWithin, func() (bool, error) {
		for _, reference := range ids {
			if o := orders[reference]; o.number != "" && r.callbacks.of(o.id) == 0 {
				waiting = o.id
				return false, nil
			}
		}
		return true, nil
	})
	if errors.Is(err, errLate) {
		report.bad("no callback came for %s, %s", waiting, orders[waiting].phase)
	} else if err != nil {
		return err
	}
	for _, reference := range ids {
		r.reread(ctx, orders[reference], report)
	}
	report.Phases = map[string]int{}
	for _, o := range orders {
		report.Phases[o.phase]++
	}
	report.Orders, report.Requests, report.Failed = s.begun, s.requests, s.failed
	report.hold(orders, r.sim.Ledger(), s.Number)
	report.callbacks(r.callbacks)
	if report.Served, err = r.stack.Served(ctx); err != nil {
		return err
	}
	if report.Formats, err = r.formats(ctx); err != nil {
		return err
	}
	report.Dead, err = r.dead(ctx)
	return err
}

// reread reads a shipment and its label, whichever version wrote them, through the version that serves now.
func (r *run) reread(ctx context.Context, o *order, report *Report) {
	if o.number == "" {
		return // told by hold
	}
	a, ok := r.shop.ask(ctx, o.by, http.MethodGet, "/v1/shipments/"+o.id, nil, nil, http.StatusOK)
	label, read := r.shop.ask(ctx, o.by, http.MethodGet, "/v1/shipments/"+o.id+"/label", nil, map[string]string{"Accept": "application/zpl"}, http.StatusOK)
	switch {
	case !ok || !read:
	case a.Str("tracking_number") != o.number || string(label.Body) != o.label:
		report.bad("%s, ordered %s, has another number or label now than it had", o.id, o.phase)
	default:
		report.Reread++
	}
}

// hold holds the orders against the carrier's ledger of an account.
func (t *Report) hold(orders map[string]*order, ledger []carriersim.Entry, account string) {
	entries := map[string]carriersim.Entry{}
	for _, e := range ledger {
		if e.Account == account {
			entries[e.Reference] = e
		}
	}
	t.Lost += t.Orders - len(orders) // begun and never accepted
	for _, reference := range slices.Sorted(maps.Keys(orders)) {
		o := orders[reference]
		e := entries[booking.Reference(o.id)]
		delete(entries, booking.Reference(o.id))
		switch {
		case len(e.Bookings) > 1:
			t.Duplicates += len(e.Bookings) - 1
			t.bad("%s, ordered %s, was booked %d times", o.id, o.phase, len(e.Bookings))
		case len(e.Bookings) == 0 || o.number == "" || !slices.Contains(e.Numbers, o.number):
			t.Lost++
			t.bad("%s, ordered %s, has number %q where the carrier holds %q", o.id, o.phase, o.number, e.Numbers)
		default:
			t.Booked++
		}
	}
	for reference := range entries {
		t.Lost++
		t.bad("the carrier holds %s, which no order asked for", reference)
	}
}

func (t *Report) callbacks(r *receiver) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t.Callbacks, t.CallbacksAgain = len(r.seen), r.again
	for shipment, n := range r.booked {
		if n > 1 {
			t.bad("%d different events tell that %s was booked", n, shipment)
		}
	}
	for _, why := range r.refused {
		t.bad("a callback was refused: %s", why)
	}
}

// formats counts the shipments' items by the version of their format.
func (r *run) formats(ctx context.Context) (map[int]int, error) {
	store, err := r.stack.Store(ctx)
	if err != nil {
		return nil, err
	}
	out := map[int]int{}
	pages := dynamodb.NewScanPaginator(r.stack.Database(), &dynamodb.ScanInput{TableName: &store.Tables.Shipments})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, item := range page.Items {
			fv, _ := item["fv"].(*types.AttributeValueMemberN)
			if fv == nil {
				return nil, fmt.Errorf("an item of %s has no format version", store.Tables.Shipments)
			}
			n, err := strconv.Atoi(fv.Value)
			if err != nil {
				return nil, err
			}
			out[n]++
		}
	}
	return out, nil
}

// dead counts the messages in all dead-letter queues.
func (r *run) dead(ctx context.Context) (int, error) {
	urls, err := template.Load(r.Root+"/template.yaml", template.Options{QueueURL: func(name string) string { return name }})
	if err != nil {
		return 0, err
	}
	n, queues := 0, r.stack.Queues()
	for _, q := range urls.Queues {
		if !strings.HasSuffix(q.Name, "-dlq") {
			continue
		}
		url, err := queues.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &q.Name})
		if err != nil {
			return 0, err
		}
		got, err := queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: url.QueueUrl,
			AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameApproximateNumberOfMessages}})
		if err != nil {
			return 0, err
		}
		here, err := strconv.Atoi(got.Attributes["ApproximateNumberOfMessages"])
		if err != nil {
			return 0, err
		}
		n += here
	}
	return n, nil
}

// Report is what became of a run.
type Report struct {
	Took                time.Duration
	Functions, Replaced int

	Orders, Requests int
	Failed           []string       // requests that were not answered as they must be
	Phases           map[string]int // orders by when they were begun
	Booked           int            // orders with one label, which the shipper knows
	Duplicates       int            // labels beyond the first of an order
	Lost             int            // orders without a label, or labels that no order knows
	Reread           int            // shipments and labels that the version rolled back to read as they were
	Callbacks        int            // different events
	CallbacksAgain   int            // events that came once more
	Dead             int            // messages in dead-letter queues

	Served  map[string]map[string]int // invocations by function and version
	Formats map[int]int               // shipments' items by format
	Wrong   []string                  // everything else that must not be
}

func (t *Report) bad(format string, args ...any) {
	t.Wrong = append(t.Wrong, fmt.Sprintf(format, args...))
}

// Err says what must not be, nil when nothing is.
func (t *Report) Err() error {
	if len(t.Failed) == 0 && t.Duplicates == 0 && t.Lost == 0 && t.Dead == 0 && len(t.Wrong) == 0 && t.Reread == t.Orders {
		return nil
	}
	return fmt.Errorf("%d failed requests, %d duplicates, %d lost, %d messages in dead-letter queues, %d of %d read back, %d other faults:\n%s",
		len(t.Failed), t.Duplicates, t.Lost, t.Dead, t.Reread, t.Orders, len(t.Wrong), strings.Join(slices.Concat(t.Failed, t.Wrong), "\n"))
}
