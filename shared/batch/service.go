package batch

import (
	"context"
	"errors"
	"time"

	"github.com/fairlead/fairlead/shared/ship"
)

// Service accepts, shows and cancels batches.
type Service struct {
	Reader Reader
	Writer Writer
	Now    func() time.Time
	Due    time.Duration // when wake looks for the first time
}

// Accept stores the rows, then the batch: the write that creates it is the commit. A batch of the same id that is there
// already is answered as it is.
func (s *Service) Accept(ctx context.Context, tenant string, mode ship.Mode, id string, rows []string) (Batch, error) {
	if err := s.Writer.PutSource(ctx, tenant, mode, id, rows); err != nil {
		return Batch{}, err
	}
	now := s.now()
	b := Batch{Tenant: tenant, Mode: mode, ID: id, Status: Processing, Version: 1, Correlation: id, Rows: int64(len(rows)), Created: now, Updated: now, Due: now.Add(s.Due)}
	out, err := s.Writer.OpenBatch(ctx, tenant, b)
	if refused, ok := errors.AsType[*Refused](err); ok && refused.Old != nil {
		return *refused.Old, nil
	}
	return out, err
}

// Cancel is a wish: no further row is begun, and what was created is cancelled.
func (s *Service) Cancel(ctx context.Context, tenant string, mode ship.Mode, id string) (Batch, error) {
	for {
		b, err := s.Reader.Batch(ctx, tenant, mode, id)
		if err != nil || b.Status == Cancelling || b.Status == Cancelled {
			return b, err
		}
		now := s.now()
		out, err := s.Writer.StopBatch(ctx, tenant, b, now, now.Add(s.Due))
		if _, refused := errors.AsType[*Refused](err); !refused || ctx.Err() != nil {
			return out, err
		} // a chunk was done in between: look again
	}
}

// Row is one row as it stands.
type Row struct {
	Outcome
	Status RowStatus
}

// RowStatus is where a row stands.
type RowStatus string

// The statuses of rows.
const (
	RowWaiting   RowStatus = "waiting"
	RowCreated   RowStatus = "created"
	RowRejected  RowStatus = "rejected"
	RowCancelled RowStatus = "cancelled" // never created, for the batch was cancelled before
)

// Rows are the rows after a number, at most limit, and whether there are more.
func (s *Service) Rows(ctx context.Context, b Batch, after, limit int64) ([]Row, bool, error) {
	end := min(after+limit, b.Rows)
	var rows []Row
	for n := after; n < end; {
		chunk := n / ChunkRows
		var outcomes []Outcome
		if chunk*ChunkRows <= b.Done { // a later one was never begun
			var err error
			if outcomes, err = s.Reader.Outcomes(ctx, b.Tenant, b.Mode, b.ID, chunk); err != nil {
				return nil, false, err
			}
		}
		for ; n < end && n/ChunkRows == chunk; n++ {
			rows = append(rows, row(b, n, outcomes, n-chunk*ChunkRows))
		}
	}
	return rows, end < b.Rows, nil
}

func row(b Batch, n int64, outcomes []Outcome, at int64) Row {
	if outcomes == nil {
		r := Row{Outcome{Row: n + 1}, RowWaiting}
		if b.Status == Cancelling || b.Status == Cancelled {
			r.Status = RowCancelled
		}
		return r
	}
	r := Row{outcomes[at], RowCreated}
	if r.Reject != nil {
		r.Status = RowRejected
	}
	return r
}

// Shipments are the ids of the shipments that a batch became so far, in the order of its rows, from a row on.
func (s *Service) Shipments(ctx context.Context, b Batch, after, limit int64) ([]string, error) {
	rows, _, err := s.Rows(ctx, b, after, limit)
	var ids []string
	for _, r := range rows {
		if r.Shipment != "" {
			ids = append(ids, r.Shipment)
		}
	}
	return ids, err
}

func (s *Service) now() time.Time { return s.Now().Round(0).Truncate(time.Millisecond) }
