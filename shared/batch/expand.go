package batch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/fairlead/fairlead/shared/obs"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
)

// Shop creates and cancels shipments, exactly as the API does.
type Shop interface {
	// Create makes one shipment of a row, marked as the batch's. A row without a reference is named by key. A row that
	// can't be accepted is a *Reject; an error means that nobody knows, and that the row is to be done again.
	Create(ctx context.Context, tenant string, mode ship.Mode, batch string, row string, key string) (id, reference string, reject *Reject, err error)
	// Cancel asks for a shipment to be cancelled when it is the batch's: a row may have named one that was there before.
	// One that is past it, or does not exist, is no error.
	Cancel(ctx context.Context, tenant string, mode ship.Mode, batch, id string) error
	// ID is the shipment that a row names, created or not.
	ID(tenant string, mode ship.Mode, row string, key string) string
}

// rowsAtOnce is how many rows are created side by side.
const rowsAtOnce = 10

// Expander moves batches on: it is the consumer of their queue.
type Expander struct {
	Reader Reader
	Writer Writer
	Shop   Shop
	Sender queue.Sender
	Now    func() time.Time
	Margin time.Duration // a chunk is not begun when less is left of the invocation; a lease outlasts it by as much
	Skew   time.Duration // the clocks of two machines differ by at most this (booking.Times)
	Due    time.Duration // when wake looks again
	Log    *slog.Logger
	// Tenants knows whether a tenant is suspended, and whether its data is erased; nil: every one is in good standing.
	Tenants interface {
		Standing(ctx context.Context, tenant string) (suspended, erased bool, err error)
	}
}

// Handle is the queue.Handler of expand-batch.
func (x *Expander) Handle(ctx context.Context, m queue.Message) error {
	if m.Type != TypeExpand {
		return &queue.Poison{Reason: fmt.Sprintf("a message of type %q on the queue of batches", m.Type)}
	}
	b, err := x.Reader.Batch(ctx, m.Tenant, m.Mode, m.Shipment)
	if errors.Is(err, ErrNotFound) {
		return &queue.Poison{Reason: "there is no batch " + m.Shipment + " of this tenant and mode"}
	}
	if err != nil {
		return err
	}
	if waits, err := x.waits(ctx, m, b); waits || err != nil {
		return err
	}
	now := x.now()
	switch {
	case b.Status == Processing:
		return x.create(ctx, m, b)
	case b.Status == Cancelling && b.Lease.Add(x.Skew).After(now): // somebody may be creating rows until then, by any clock
		return x.Sender.Send(ctx, m.Queue, m.Envelope, min(b.Lease.Add(x.Skew).Sub(now)+time.Second, queue.MaxDelay))
	case b.Status == Cancelling:
		return x.undo(ctx, m, b)
	case b.Status == Cancelled && m.Received > 1: // who had this message before died, perhaps with rows begun too late
		return x.sweep(ctx, m, b)
	}
	return nil
}

// waits tells whether nothing is to be done for a batch: of a suspended tenant no row is begun, and wake comes back to it;
// of an erased one nothing is left.
func (x *Expander) waits(ctx context.Context, m queue.Message, b Batch) (bool, error) {
	if x.Tenants == nil {
		return false, nil
	}
	suspended, erased, err := x.Tenants.Standing(ctx, m.Tenant)
	if err != nil || !erased && (!suspended || b.Status != Processing) {
		return false, err
	}
	x.Log.WarnContext(ctx, "batch waits for its tenant", "tenant", m.Tenant, "batch", b.ID, "correlation_id", b.Correlation, "suspended", suspended, "erased", erased, "done", b.Done, "rows", b.Rows)
	return true, nil
}

// create makes chunk after chunk of shipments for as long as the invocation lasts, and leaves the rest to the next
// message.
func (x *Expander) create(ctx context.Context, m queue.Message, b Batch) error {
	rows, err := x.Reader.Source(ctx, m.Tenant, m.Mode, b.ID)
	if err != nil {
		return fmt.Errorf("reading the rows: %w", err)
	}
	for b.Status == Processing && b.Done < b.Rows {
		now := x.now()
		if m.Deadline.Sub(now) < x.Margin {
			return x.Sender.Send(ctx, m.Queue, m.Envelope, 0)
		}
		b, err = x.Writer.TakeBatch(ctx, m.Tenant, b, m.Receipt, now, m.Deadline.Round(0).Add(x.Margin), now.Add(x.Due))
		if refused, ok := errors.AsType[*Refused](err); ok {
			return x.taken(ctx, m, refused)
		}
		if err != nil {
			return err
		}
		if b, err = x.chunk(ctx, m, b, rows); err != nil {
			return err
		}
		if m.Received >= mostTries && b.Status == Processing && b.Owner == m.Receipt { // the next chunk has tries of its own
			return x.Sender.Send(ctx, m.Queue, m.Envelope, 0)
		}
	}
	if b.Status == Cancelling && b.Owner == m.Receipt { // who might create rows is me, and I don't
		return x.undo(ctx, m, b)
	}
	return nil // done, or somebody else's: that has its own message
}

// taken: somebody else creates rows. Its message comes back when that one must be dead.
func (x *Expander) taken(ctx context.Context, m queue.Message, refused *Refused) error {
	now := x.now()
	if old := refused.Old; old != nil && old.Status == Processing && old.Lease.After(now) {
		return x.Sender.Send(ctx, m.Queue, m.Envelope, min(old.Lease.Sub(now)+time.Second, queue.MaxDelay))
	}
	return nil
}

// chunk creates the rows that are next, records what became of them, and only then counts them. It answers the batch as
// it is now, whoever changed it. When that was a wish to cancel, the rows may have come too late to be undone with the
// others: they are cancelled here.
func (x *Expander) chunk(ctx context.Context, m queue.Message, b Batch, rows []string) (Batch, error) {
	to := min(b.Done+ChunkRows, b.Rows)
	outcomes, err := x.rows(ctx, m, b, rows[b.Done:to])
	if err != nil {
		return b, errors.Join(err, x.withdraw(ctx, m, b, rows, outcomes))
	}
	next, err := x.record(ctx, m, b, outcomes)
	old := standing(err)
	switch {
	case err == nil || old == nil:
		return next, err
	case old.Done == to && (old.Status == Created || old.Status == Processing && old.Owner == m.Receipt):
		return *old, nil // refused by this very write, whose first answer was lost
	case old.Status == Cancelling && old.Owner == m.Receipt:
		return *old, nil // undone next
	}
	return Batch{}, x.withdraw(ctx, m, b, rows, outcomes)
}

// rows creates rows side by side. An error means that nobody knows what became of at least one of them.
func (x *Expander) rows(ctx context.Context, m queue.Message, b Batch, rows []string) ([]Outcome, error) {
	outcomes, failed := make([]Outcome, len(rows)), make([]error, len(rows))
	var wait sync.WaitGroup
	turn := make(chan struct{}, rowsAtOnce)
	for i, row := range rows {
		wait.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			n := b.Done + int64(i) + 1
			err := x.row(ctx, m, b, n, row, &outcomes[i])
			if err != nil && m.Received >= mostTries && ctx.Err() == nil && !errors.Is(err, errLate) {
				x.Log.ErrorContext(ctx, "row given up", "tenant", m.Tenant, "batch", b.ID, "correlation_id", b.Correlation, "row", n, "received", m.Received, "error", err)
				outcomes[i], err = givenUp(b, n, row), nil
			}
			failed[i] = err
		})
	}
	wait.Wait()
	return outcomes, errors.Join(failed...)
}

// record writes down what became of a chunk, and counts it.
func (x *Expander) record(ctx context.Context, m queue.Message, b Batch, outcomes []Outcome) (Batch, error) {
	number, to := b.Done/ChunkRows, b.Done+int64(len(outcomes))
	if err := x.Writer.PutOutcomes(ctx, m.Tenant, m.Mode, b.ID, number, outcomes); err != nil {
		return b, err
	}
	recorded, err := x.Reader.Outcomes(ctx, m.Tenant, m.Mode, b.ID, number) // an earlier record of it stands
	if err != nil {
		return b, err
	}
	accepted, rejected := count(recorded)
	obs.Note(ctx, "rows", b.Rows)
	obs.Note(ctx, "done", to)
	obs.Note(ctx, "accepted", b.Accepted+accepted)
	obs.Note(ctx, "rejected", b.Rejected+rejected)
	return x.Writer.AdvanceBatch(ctx, m.Tenant, b, to, b.Accepted+accepted, b.Rejected+rejected, x.now())
}

// standing is the batch that refused a write, nil when none did.
func standing(err error) *Batch {
	if refused, ok := errors.AsType[*Refused](err); ok {
		return refused.Old
	}
	return nil
}

// count tells how many rows became shipments, and how many did not.
func count(outcomes []Outcome) (accepted, rejected int64) {
	for _, o := range outcomes {
		if o.Reject == nil {
			accepted++
		} else {
			rejected++
		}
	}
	return accepted, rejected
}

// errLate means that a worker slept: the batch may have been cancelled and undone without this row.
var errLate = errors.New("the lease is over; the row was not begun")

// row creates a row, unless the platform should have ended this invocation by now. A panic is the row's own.
func (x *Expander) row(ctx context.Context, m queue.Message, b Batch, n int64, row string, o *Outcome) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in row %d: %v", n, p)
		}
	}()
	if !x.now().Before(b.Lease.Add(-x.Margin)) {
		return fmt.Errorf("row %d: %w", n, errLate)
	}
	id, reference, reject, err := x.Shop.Create(ctx, m.Tenant, m.Mode, b.ID, row, RowKey(b.ID, n))
	if err != nil {
		return fmt.Errorf("row %d: %w", n, err)
	}
	if reject != nil && len(reject.Problems) > mostProblems {
		reject.Problems = reject.Problems[:mostProblems]
	}
	*o = Outcome{Row: n, Reference: clip(reference), Shipment: id, Reject: reject}
	return nil
}

// mostTries is how often a chunk is tried before a row of it that fails each time is given up, so that the others go on.
const mostTries = 3

// unknown is the code of a row that was given up.
const unknown = "internal_error"

// givenUp is the outcome of a row of which nobody knows what became. Its name makes it safe to send it again.
func givenUp(b Batch, n int64, row string) Outcome {
	reference, name := referenceOf(row), "its reference"
	if reference == "" {
		name = "the Idempotency-Key " + RowKey(b.ID, n)
	}
	return Outcome{Row: n, Reference: clip(reference), Reject: &Reject{Code: unknown,
		Detail: fmt.Sprintf("Something failed on our side, each of %d times that this row was tried; it may have been created. Send it to POST /v1/shipments with %s: if it was created, that answers it or names it, and makes no second one. If it fails again, tell the operator the batch and the row.", mostTries, name)}}
}

// longestReference is the contract's; what is longer was rejected, and is shown as far as that.
const longestReference = 100

func clip(reference string) string {
	n := 0
	for i := range reference {
		if n++; n > longestReference {
			return reference[:i] + "…"
		}
	}
	return reference
}

// RowKey names a row that has no reference of its own, for ever.
func RowKey(batch string, row int64) string { return fmt.Sprintf("%s#%d", batch, row) }

func (x *Expander) now() time.Time { return x.Now().Round(0).Truncate(time.Millisecond) }
