package booking

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fairlead/fairlead/shared/mutant"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
)

// Sleeper finds and moves shipments whose `due` has come. Open is the platform's own look across tenants.
type Sleeper interface {
	Open(ctx context.Context, shard int, before time.Time, limit int) ([]Record, error)             // keys and due only
	Wake(ctx context.Context, tenant string, mode ship.Mode, id string, seen, next time.Time) error // WAKE
}

// Other moves on what lies in the index `open` and is no shipment. It tells whether it sent a message.
type Other interface {
	Wake(ctx context.Context, tenant string, mode ship.Mode, id string) (bool, error)
}

// Waker sends again whatever is unfinished and overdue: lost messages, dead-letter queues, relay bugs.
type Waker struct {
	Sleeper Sleeper
	Reader  Reader
	Sender  queue.Sender
	Other   Other // of ids that are no shipment's
	Shards  int
	Now     func() time.Time
	Times   Times
	Log     *slog.Logger
}

// wakePage is how many shipments of a shard one query reads: keys alone, a few KB.
const wakePage = 500

// wakeAtOnce is how many shipments are woken side by side.
const wakeAtOnce = 16

// Run looks through every shard once, beginning with another one each minute, so that a long backlog in some does not
// hide the others. What can't be woken does not stop the rest; the error then says so.
func (w *Waker) Run(ctx context.Context) error {
	var woken, failed atomic.Int64
	var overdue time.Duration
	var first error
	start := int(w.Now().Unix() / 60)
	for i := range w.Shards {
		oldest, err := w.shard(ctx, (start+i)%w.Shards, &woken, &failed)
		if overdue = max(overdue, oldest); err != nil && first == nil {
			first = err
		}
	}
	noteWake(ctx, woken.Load(), failed.Load(), overdue)
	if failed.Load() > 0 && first == nil {
		first = fmt.Errorf("%d shipments could not be woken", failed.Load())
	}
	return first
}

// shard wakes page after page, as long as a page moved something out of the way. overdue is how long what it found first had
// been waiting for it: pages begin with what is due longest.
func (w *Waker) shard(ctx context.Context, shard int, woken, failed *atomic.Int64) (overdue time.Duration, err error) {
	for {
		open, err := w.Sleeper.Open(ctx, shard, wall(w.Now), wakePage)
		if err != nil {
			return overdue, fmt.Errorf("reading shard %d of open: %w", shard, err)
		}
		if len(open) > 0 {
			overdue = max(overdue, wall(w.Now).Sub(open[0].Due))
		}
		before := woken.Load()
		var group errgroup.Group
		group.SetLimit(wakeAtOnce)
		for _, o := range open {
			group.Go(func() error {
				switch sent, err := w.wake(ctx, o); {
				case err != nil:
					failed.Add(1)
					w.Log.ErrorContext(ctx, "not woken", "tenant", o.Tenant, "shipment", o.ID, "error", err)
				case sent:
					woken.Add(1)
				}
				return nil
			})
		}
		_ = group.Wait()
		if len(open) < wakePage || woken.Load() == before {
			return overdue, nil
		}
	}
}

// wake moves `due` first, then sends: at most one message per due.
func (w *Waker) wake(ctx context.Context, o Record) (bool, error) {
	if !strings.HasPrefix(o.ID, idPrefix) {
		return w.Other.Wake(ctx, o.Tenant, o.Mode, o.ID)
	}
	r, err := w.Reader.Record(ctx, o.Tenant, o.Mode, o.ID)
	if err != nil {
		return false, err
	}
	now := wall(w.Now)
	if r.Due.IsZero() || r.Due.After(now) {
		return false, nil // the index lags behind
	}
	next, send := NextWake(r, now, w.Times)
	err = w.Sleeper.Wake(ctx, r.Tenant, r.Mode, r.ID, r.Due, next)
	if _, refused := errors.AsType[*Refused](err); refused && !mutant.On(mutant.WakeAnyway) {
		return false, nil // another wake was faster, or the answer to my own write was lost: then the next due sends
	} else if err != nil && !refused {
		return false, err
	}
	if !send {
		return true, nil
	}
	w.Log.InfoContext(ctx, "woken", "tenant", r.Tenant, "shipment", r.ID, "status", r.Status, "since", r.Updated())
	if r.Status == Pending || r.Status == Booking {
		return true, w.Sender.Send(ctx, PriorityQueue(r.Priority), envelope(r, TypeBook), 0)
	}
	return true, w.Sender.Send(ctx, queue.Recovery, envelope(r, TypeRecover), 0)
}
