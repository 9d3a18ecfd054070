// Package breaker keeps a carrier in trouble from harming the others. So far it knows one trouble: a carrier that hangs
// may hold only its own share of the workers.
package breaker

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/fairlead/fairlead/shared/obs"
	"github.com/fairlead/fairlead/shared/ship"
)

// Store is what the whole fleet knows. A carrier is one thing in test mode and another in live mode: they are different
// hosts.
type Store interface {
	// SlowUntil is until when a carrier is to be taken for one that hangs; zero when nobody ever said so.
	SlowUntil(ctx context.Context, carrier string, mode ship.Mode) (time.Time, error)
	// MarkSlow says so.
	MarkSlow(ctx context.Context, carrier string, mode ship.Mode, until time.Time) error
	// CountSlow counts a slow call among those of the time that begins at window, and returns how many there are by now.
	CountSlow(ctx context.Context, carrier string, mode ship.Mode, window time.Time) (int64, error)
}

// Enough is how many slow calls within Times.For say that a carrier hangs. Each of them holds one place of a worker, and
// the workers of all queues have hundreds: fewer harm nobody, and a carrier that is slow now and then keeps the priority of
// its orders, which have none in the slow queue.
const Enough = 5

// Times of a Slow.
type Times struct {
	After time.Duration // a call that runs longer is a slow one
	For   time.Duration // what was said holds so long, and in such a time slow calls are counted
	Look  time.Duration // what the fleet knows is read so often; nothing is read for a carrier that is not called
}

// Slow knows which carriers hang. A fleet whose carriers answer writes nothing. It is safe for concurrent use and must
// not be copied once used.
type Slow struct {
	Store Store
	Now   func() time.Time
	Times Times
	Log   *slog.Logger

	mu    sync.Mutex
	known map[key]state
}

type key struct {
	carrier string
	mode    ship.Mode
}

type state struct {
	until, read time.Time
	reading     chan struct{} // closed when the one who reads has learned it; nil: nobody reads
}

// Hangs tells whether a carrier is to be taken for one that hangs. When the store can't say, it is not: its calls have
// deadlines of their own. Messages that ask side by side ask the store once, and wait for what it says.
func (s *Slow) Hangs(ctx context.Context, carrier string, mode ship.Mode) bool {
	k := key{carrier, mode}
	for {
		now := s.Now()
		s.mu.Lock()
		at := s.known[k]
		if now.Sub(at.read) < s.Times.Look && !at.read.After(now) {
			s.mu.Unlock()
			return now.Before(at.until)
		}
		if at.reading == nil {
			at.reading = make(chan struct{})
			s.set(k, at)
			s.mu.Unlock()
			return s.look(ctx, k, at.reading)
		}
		s.mu.Unlock()
		select {
		case <-at.reading:
		case <-ctx.Done():
			return now.Before(at.until)
		}
	}
}

// look asks the store, for everybody who waits.
func (s *Slow) look(ctx context.Context, k key, reading chan struct{}) bool {
	defer s.done(k, reading)
	ctx, cancel := context.WithTimeout(ctx, s.Times.Look) // the claim waits for it
	defer cancel()
	until, err := s.Store.SlowUntil(ctx, k.carrier, k.mode)
	if err != nil {
		s.Log.WarnContext(ctx, "not known whether a carrier hangs", "carrier", k.carrier, "mode", k.mode, "error", err)
	}
	now := s.Now()
	return now.Before(s.keep(k, state{until: until, read: now}).until)
}

// done lets go of those who wait, however the look ended.
func (s *Slow) done(k key, reading chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := s.known[k]; at.reading == reading {
		at.reading = nil
		s.set(k, at)
	}
	close(reading)
}

// Watch is called when a call begins, and stop when it has ended. A call that takes too long is told to the fleet while
// it still runs, for the workers it would hold are taken by then.
func (s *Slow) Watch(ctx context.Context, carrier string, mode ship.Mode) (stop func()) {
	told := make(chan struct{})
	timer := time.AfterFunc(s.Times.After, func() {
		defer close(told)
		s.tell(context.WithoutCancel(ctx), key{carrier, mode})
	})
	return func() {
		if !timer.Stop() {
			<-told // nothing of ours runs on when the invocation has ended
		}
	}
}

// tell counts a slow call, and marks the carrier when there are enough of them, unless that was done a short while ago.
func (s *Slow) tell(ctx context.Context, k key) {
	now := s.Now()
	s.mu.Lock()
	fresh := s.known[k].until.Sub(now) > s.Times.For/2
	s.mu.Unlock()
	if fresh {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, s.Times.After)
	defer cancel()
	n, err := s.Store.CountSlow(ctx, k.carrier, k.mode, now.Truncate(s.Times.For))
	until := now.Add(s.Times.For)
	if err == nil && n >= Enough {
		err = s.Store.MarkSlow(ctx, k.carrier, k.mode, until)
	}
	if err != nil {
		s.Log.WarnContext(ctx, "not told that a carrier hangs", "carrier", k.carrier, "mode", k.mode, "error", err)
		return
	}
	if n < Enough {
		s.Log.InfoContext(ctx, "slow call", "carrier", k.carrier, "mode", k.mode, "of_late", n)
		return
	}
	s.keep(k, state{until: until, read: now})
	obs.Measure(ctx, obs.CarrierHangs, 1, k.carrier)
	s.Log.WarnContext(ctx, "carrier hangs", "carrier", k.carrier, "mode", k.mode, "until", until)
}

// keep remembers what was learned. Of two that were learned side by side the longer one stays.
func (s *Slow) keep(k key, learned state) state {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := s.known[k]; at.until.After(learned.until) {
		learned.until = at.until
	}
	s.set(k, learned)
	return learned
}

// set is called under the lock.
func (s *Slow) set(k key, at state) {
	if s.known == nil {
		s.known = map[key]state{}
	}
	s.known[k] = at
}
