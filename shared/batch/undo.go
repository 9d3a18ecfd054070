package batch

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/fairlead/fairlead/shared/queue"
)

// undo cancels what was created, chunk after chunk. Nobody creates rows any more, but the last who did may have died
// before it recorded them: those are found by creating nothing and asking for their ids.
func (x *Expander) undo(ctx context.Context, m queue.Message, b Batch) error {
	source := x.source(ctx, m, b)
	for b.Status == Cancelling {
		if m.Deadline.Sub(x.now()) < x.Margin {
			return x.Sender.Send(ctx, m.Queue, m.Envelope, 0)
		}
		to := min(b.Undone+ChunkRows, b.Rows)
		outcomes, err := x.cancelChunk(ctx, m, b, b.Undone/ChunkRows, source)
		if err != nil {
			return err
		}
		var accepted, rejected int64
		if b.Undone >= b.Done { // recorded after the wish to cancel, which kept it from being counted
			accepted, rejected = count(outcomes)
		}
		next, err := x.Writer.UndoBatch(ctx, m.Tenant, b, to, b.Accepted+accepted, b.Rejected+rejected, x.now())
		if old := standing(err); old != nil && old.Version == b.Version+1 && old.Undone == to {
			next, err = *old, nil // refused by this very write, whose first answer was lost
		}
		if _, refused := errors.AsType[*Refused](err); refused {
			return nil // another message was faster
		}
		if err != nil {
			return err
		}
		b = next
	}
	return nil
}

// sweep cancels once more what the chunk that was begun last may have become: it is the only one of which rows can
// have come after it was undone.
func (x *Expander) sweep(ctx context.Context, m queue.Message, b Batch) error {
	_, err := x.cancelChunk(ctx, m, b, b.Done/ChunkRows, x.source(ctx, m, b))
	return err
}

// cancelChunk cancels what a chunk became, and answers its record, nil when there is none.
func (x *Expander) cancelChunk(ctx context.Context, m queue.Message, b Batch, chunk int64, source func() ([]string, error)) ([]Outcome, error) {
	outcomes, err := x.Reader.Outcomes(ctx, m.Tenant, m.Mode, b.ID, chunk)
	if err != nil || outcomes == nil && chunk*ChunkRows > b.Done { // a chunk that was never begun
		return nil, err
	}
	rows, err := source()
	if err != nil {
		return nil, fmt.Errorf("reading the rows: %w", err)
	}
	return outcomes, x.cancel(ctx, m, b, chunk*ChunkRows, rows, outcomes)
}

// source reads the rows once, when they are asked for.
func (x *Expander) source(ctx context.Context, m queue.Message, b Batch) func() ([]string, error) {
	return sync.OnceValues(func() ([]string, error) { return x.Reader.Source(ctx, m.Tenant, m.Mode, b.ID) })
}

// withdraw cancels what has just been created of the chunk that is next, when the batch is cancelled by now.
func (x *Expander) withdraw(ctx context.Context, m queue.Message, b Batch, rows []string, outcomes []Outcome) error {
	now, err := x.Reader.Batch(ctx, m.Tenant, m.Mode, b.ID)
	if err != nil || now.Status != Cancelling && now.Status != Cancelled {
		return err
	}
	return x.cancel(ctx, m, b, b.Done, rows, outcomes)
}

// cancel cancels the shipments of the rows of a chunk, from a row on. Of a row whose outcome is not known it is the one
// that it would have become: cancelling what does not exist does nothing.
func (x *Expander) cancel(ctx context.Context, m queue.Message, b Batch, from int64, rows []string, outcomes []Outcome) error {
	for n := from; n < min(from+ChunkRows, b.Rows); n++ {
		var o Outcome
		if i := n - from; i < int64(len(outcomes)) {
			o = outcomes[i]
		}
		id := o.Shipment
		if o.Row == 0 || o.Reject != nil && o.Reject.Code == unknown {
			id = x.Shop.ID(m.Tenant, m.Mode, rows[n], RowKey(b.ID, n+1))
		}
		if id == "" {
			continue
		}
		if err := x.Shop.Cancel(ctx, m.Tenant, m.Mode, b.ID, id); err != nil {
			return fmt.Errorf("cancelling %s: %w", id, err)
		}
	}
	return nil
}
