package batch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
	"unicode/utf8"

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

// longestReference is the contract's, in characters.
const longestReference = 100

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
	Due    time.Duration // when wake looks again
	Log    *slog.Logger
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
	now := x.now()
	switch {
	case b.Status == Processing:
		return x.create(ctx, m, b)
	case b.Status == Cancelling && b.Lease.After(now): // somebody may be creating rows until then
		return x.Sender.Send(ctx, m.Queue, m.Envelope, min(b.Lease.Sub(now)+time.Second, queue.MaxDelay))
	case b.Status == Cancelling:
		return x.undo(ctx, m, b)
	}
	return nil
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
		b, err = x.chunk(ctx, m, b, rows)
		if refused, ok := errors.AsType[*Refused](err); ok {
			return x.taken(ctx, m, refused)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// taken: no further row is to be begun here. Where somebody else creates rows, the message comes back when that one must be
// dead. Where the batch was cancelled under the hands of this one, which has stopped, there is nobody's end to wait for:
// what is not booked yet should not be booked first.
func (x *Expander) taken(ctx context.Context, m queue.Message, refused *Refused) error {
	now := x.now()
	switch old := refused.Old; {
	case old == nil:
	case old.Status == Processing && old.Lease.After(now):
		return x.Sender.Send(ctx, m.Queue, m.Envelope, min(old.Lease.Sub(now)+time.Second, queue.MaxDelay))
	case old.Status == Cancelling && old.Owner == m.Receipt:
		return x.undo(ctx, m, *old)
	}
	return nil
}

// chunk creates the rows that are next, records what became of them, and only then counts them.
func (x *Expander) chunk(ctx context.Context, m queue.Message, b Batch, rows []string) (Batch, error) {
	number := b.Done / ChunkRows
	from, to := b.Done, min(b.Done+ChunkRows, b.Rows)
	outcomes := make([]Outcome, to-from)
	failed := make([]error, to-from)
	var wait sync.WaitGroup
	turn := make(chan struct{}, rowsAtOnce)
	for i := range outcomes {
		wait.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			defer func() {
				if p := recover(); p != nil {
					failed[i] = fmt.Errorf("panic in row %d: %v", from+int64(i)+1, p)
				}
			}()
			outcomes[i], failed[i] = x.row(ctx, m, b, from+int64(i)+1, rows[from+int64(i)])
		})
	}
	wait.Wait()
	if err := errors.Join(failed...); err != nil {
		return b, err
	}
	if err := x.Writer.PutOutcomes(ctx, m.Tenant, m.Mode, b.ID, number, outcomes); err != nil {
		return b, err
	}
	recorded, err := x.Reader.Outcomes(ctx, m.Tenant, m.Mode, b.ID, number) // an earlier record of it stands
	if err != nil {
		return b, err
	}
	var accepted, rejected int64
	for _, o := range recorded {
		if o.Reject == nil {
			accepted++
		} else {
			rejected++
		}
	}
	x.Log.InfoContext(ctx, "chunk created", "tenant", m.Tenant, "batch", b.ID, "correlation_id", b.Correlation, "from", from+1, "to", to, "accepted", accepted, "rejected", rejected)
	return x.Writer.AdvanceBatch(ctx, m.Tenant, b, to, b.Accepted+accepted, b.Rejected+rejected, x.now())
}

func (x *Expander) row(ctx context.Context, m queue.Message, b Batch, n int64, row string) (Outcome, error) {
	id, reference, reject, err := x.Shop.Create(ctx, m.Tenant, m.Mode, b.ID, row, RowKey(b.ID, n))
	if err != nil {
		return Outcome{}, fmt.Errorf("row %d: %w", n, err)
	}
	if reject != nil && len(reject.Problems) > mostProblems {
		reject.Problems = reject.Problems[:mostProblems]
	}
	if utf8.RuneCountInString(reference) > longestReference {
		reference = "" // it names nothing, and what became of a chunk has to fit into an item of the database
	}
	return Outcome{Row: n, Reference: reference, Shipment: id, Reject: reject}, nil
}

// RowKey names a row that has no reference of its own, for ever.
func RowKey(batch string, row int64) string { return fmt.Sprintf("%s#%d", batch, row) }

// undo cancels what was created, chunk after chunk. Nobody creates rows any more, but the last who did may have died
// before it recorded them: those are found by creating nothing and asking for their ids.
func (x *Expander) undo(ctx context.Context, m queue.Message, b Batch) error {
	for b.Status == Cancelling {
		if m.Deadline.Sub(x.now()) < x.Margin {
			return x.Sender.Send(ctx, m.Queue, m.Envelope, 0)
		}
		ids, err := x.created(ctx, m, b, b.Undone/ChunkRows)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := x.Shop.Cancel(ctx, m.Tenant, m.Mode, b.ID, id); err != nil {
				return fmt.Errorf("cancelling %s: %w", id, err)
			}
		}
		b, err = x.Writer.UndoBatch(ctx, m.Tenant, b, min(b.Undone+ChunkRows, b.Rows), x.now())
		if _, refused := errors.AsType[*Refused](err); refused {
			return nil // another message was faster
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// created are the ids of the shipments that a chunk became. Of one that is not recorded it is every id that its rows can
// have: cancelling what does not exist does nothing.
func (x *Expander) created(ctx context.Context, m queue.Message, b Batch, chunk int64) ([]string, error) {
	outcomes, err := x.Reader.Outcomes(ctx, m.Tenant, m.Mode, b.ID, chunk)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, o := range outcomes {
		if o.Reject == nil {
			ids = append(ids, o.Shipment)
		}
	}
	if outcomes != nil || chunk*ChunkRows > b.Done { // a chunk that was never begun
		return ids, nil
	}
	rows, err := x.Reader.Source(ctx, m.Tenant, m.Mode, b.ID)
	if err != nil {
		return nil, fmt.Errorf("reading the rows: %w", err)
	}
	for n := chunk * ChunkRows; n < min((chunk+1)*ChunkRows, b.Rows); n++ {
		ids = append(ids, x.Shop.ID(m.Tenant, m.Mode, rows[n], RowKey(b.ID, n+1)))
	}
	return ids, nil
}

func (x *Expander) now() time.Time { return x.Now().Round(0).Truncate(time.Millisecond) }
