package batch_test

import (
	"context"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/fairlead/fairlead/shared/batch"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
)

// icy is a shop whose worker freezes in front of its first writes: it tells of each, and goes on when it is thawed.
type icy struct {
	batch.Shop
	frozen, thaw chan struct{}
}

// rowsAtOnce is how many rows a worker writes side by side.
const rowsAtOnce = 10

func (f icy) Create(ctx context.Context, tenant string, mode ship.Mode, id string, row string, key string) (string, string, *batch.Reject, error) {
	f.frozen <- struct{}{}
	<-f.thaw
	return f.Shop.Create(ctx, tenant, mode, id, row, key)
}

// freeze has a worker take the batch's message and freeze, with as many rows begun as it begins at once. What it returns lets it go on, and answers how it ended.
func (s *shop) freeze() (thaw func() error) {
	s.t.Helper()
	b, err := s.store.Batch(s.ctx, tenant, ship.Test, batchID)
	if err != nil {
		s.t.Fatal(err)
	}
	f := icy{s.expander.Shop, make(chan struct{}, b.Rows), make(chan struct{})}
	x := *s.expander
	x.Shop = f
	end := make(chan error)
	m := queue.Message{Envelope: batch.Envelope(b), Queue: queue.Batches, Receipt: ulid.Make().String(), Received: s.received, Deadline: s.clock().Add(time.Minute)}
	go func() { end <- x.Handle(s.ctx, m) }()
	for range min(rowsAtOnce, b.Rows) {
		<-f.frozen
	}
	return func() error { close(f.thaw); return <-end }
}

// left are the shipments that are not cancelled, and those that are.
func (s *shop) left() (open, cancelled int) {
	s.t.Helper()
	found, _, err := s.store.List(s.ctx, tenant, ship.Test, booking.Query{Limit: 100})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, f := range found {
		if f.Record.Status == booking.Cancelled {
			cancelled++
		} else {
			open++
		}
	}
	return open, cancelled
}

func TestNothingIsLeftOfABatchThatWasCancelledWhileItsWorkerFroze(t *testing.T) {
	rows, _, _ := mixed()
	t.Run("undoing waits for its lease by every clock", func(t *testing.T) {
		s := newShop(t)
		if _, err := s.post(rows...); err != nil {
			t.Fatal(err)
		}
		thaw := s.freeze()
		s.cancel()
		s.tick(76 * time.Second) // the lease is over by this clock
		if err := s.deliver(time.Minute); err != nil || s.get().Status != "cancelling" || len(s.sent) != 1 || s.sent[0].Delay < s.expander.Skew-2*time.Second {
			t.Errorf("%v, %s, sent %v", err, asJSON(t, s.get()), s.sent)
		}
		s.tick(-40 * time.Second) // by its own clock it is not
		if err := thaw(); err != nil {
			t.Error(err)
		}
		if open, cancelled := s.left(); open != 0 || cancelled == 0 || s.get().Status != "cancelled" {
			t.Errorf("%d are left, %d cancelled: %s", open, cancelled, asJSON(t, s.get()))
		}
	})
	t.Run("when it thaws afterwards, it begins no row and takes back those it had begun", func(t *testing.T) {
		s := newShop(t)
		if _, err := s.post(rows...); err != nil {
			t.Fatal(err)
		}
		thaw := s.freeze()
		s.cancel()
		s.tick(10 * time.Minute)
		if err := s.deliver(time.Minute); err != nil || s.get().Status != "cancelled" {
			t.Fatal(err, asJSON(t, s.get()))
		}
		_ = thaw()
		if open, cancelled := s.left(); open != 0 || cancelled == 0 || cancelled > 10 {
			t.Errorf("%d are left, %d were created and cancelled; at most 10 had begun", open, cancelled)
		}
	})
	t.Run("when it dies after the row, its message cancels it", func(t *testing.T) {
		s := newShop(t)
		if _, err := s.post(order("")); err != nil {
			t.Fatal(err)
		}
		s.cancel()
		if err := s.deliver(time.Minute); err != nil || s.get().Status != "cancelled" {
			t.Fatal(err, asJSON(t, s.get()))
		}
		if _, _, no, err := s.expander.Shop.Create(s.ctx, tenant, ship.Test, batchID, order(""), batch.RowKey(batchID, 1)); no != nil || err != nil {
			t.Fatal(no, err)
		}
		s.received = 2
		if err := s.deliver(time.Minute); err != nil {
			t.Fatal(err)
		}
		if open, cancelled := s.left(); open != 0 || cancelled != 1 {
			t.Errorf("%d are left, %d cancelled", open, cancelled)
		}
	})
}
