package booking

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
)

// Sleeper finds and moves shipments whose `due` has come. Open is the platform's own look across tenants.
type Sleeper interface {
	Open(ctx context.Context, shard int, before time.Time, limit int) ([]Record, error)             // keys and due only
	Wake(ctx context.Context, tenant string, mode ship.Mode, id string, seen, next time.Time) error // WAKE
}

// Waker sends again whatever is unfinished and overdue: lost messages, dead-letter queues, relay bugs.
type Waker struct {
	Sleeper Sleeper
	Reader  Reader
	Sender  queue.Sender
	Shards  int
	Now     func() time.Time
	Times   Times
	Log     *slog.Logger
}

// wakePage is how many shipments of a shard one query reads.
const wakePage = 100

// Run looks through every shard once. One shipment that can't be woken does not stop the others; the error then
// says how many could not.
func (w *Waker) Run(ctx context.Context) error {
	woken, failed := 0, 0
	for shard := range w.Shards {
		for {
			open, err := w.Sleeper.Open(ctx, shard, w.Now().Round(0), wakePage)
			if err != nil {
				return fmt.Errorf("reading shard %d of open: %w", shard, err)
			}
			moved := 0
			for _, o := range open {
				sent, err := w.wake(ctx, o)
				switch {
				case err != nil:
					failed++
					w.Log.ErrorContext(ctx, "not woken", "tenant", o.Tenant, "shipment", o.ID, "error", err)
				case sent:
					woken++
					moved++
				}
			}
			if len(open) < wakePage || moved == 0 {
				break
			}
		}
	}
	w.Log.InfoContext(ctx, "wake", "woken", woken, "failed", failed)
	if failed > 0 {
		return fmt.Errorf("%d shipments could not be woken", failed)
	}
	return nil
}

// wake moves `due` first, then sends: at most one message per due.
func (w *Waker) wake(ctx context.Context, o Record) (bool, error) {
	r, err := w.Reader.Record(ctx, o.Tenant, o.Mode, o.ID)
	if err != nil {
		return false, err
	}
	now := w.Now().Round(0)
	if r.Due.IsZero() || r.Due.After(now) {
		return false, nil // the index lags behind
	}
	if err := w.Sleeper.Wake(ctx, r.Tenant, r.Mode, r.ID, r.Due, NextWake(r, now, w.Times)); err != nil {
		return false, ignoreRefused(err)
	}
	w.Log.InfoContext(ctx, "woken", "tenant", r.Tenant, "shipment", r.ID, "status", r.Status, "since", r.Updated())
	if r.Status == Pending || r.Status == Booking {
		return true, w.Sender.Send(ctx, PriorityQueue(r.Priority), envelope(r, TypeBook), 0)
	}
	return true, w.Sender.Send(ctx, queue.Recovery, envelope(r, TypeRecover), 0)
}
