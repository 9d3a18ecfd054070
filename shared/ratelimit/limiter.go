package ratelimit

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// How a limiter treats refusals and a store that does not answer.
const (
	// refusalKept is how long a process refuses by itself, at least, what the store has refused: a flood costs a call a
	// second and process, not one a request.
	refusalKept = time.Second
	// refusalMost is how long at most; what it tells is the whole time.
	refusalMost = time.Minute
	// Patience is how long a limiter waits for the store before it decides by itself.
	Patience = 500 * time.Millisecond
	// away is how long it then decides by itself without asking.
	away = time.Second
)

// Decision is what became of a request.
type Decision struct {
	Allowed bool
	Left    int64         // requests that would be let through now
	Whole   time.Duration // until the whole burst is there again
	Retry   time.Duration // when it is refused: until another request is worth making, a second at least
	Local   bool          // the store did not decide: it failed or was slow
}

// Limiter decides over requests: it refuses what is over its limit. When the store can't be asked it lets the rate through
// in each process: a limit protects, and must not become the outage itself. It is safe for concurrent use and must not
// be copied once used.
type Limiter struct {
	Store Store
	Now   func() time.Time
	Log   *slog.Logger

	memory memory
	own    buckets // for when the store does not decide
	mu     sync.Mutex
	asked  time.Time // the store is not asked before
}

// Take charges one request to a key.
func (l *Limiter) Take(ctx context.Context, key string, r Rate) Decision {
	now := l.Now()
	t, was := r.terms(now), l.memory.get(key)
	if now.Before(was.refused) {
		wait := was.refused.Sub(now)
		return Decision{Retry: max(wait, t.wait(was.tat)), Whole: max(wait, time.Duration(was.tat-t.floor)*time.Microsecond)}
	}
	if l.isAway(now) {
		return l.alone(ctx, key, t)
	}
	bounded, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	tat, held, err := move(bounded, l.Store, key, t, busyFirst(was, t))
	if err != nil {
		l.leave(now.Add(away))
		l.Log.WarnContext(ctx, "limits are decided here alone: the store does not answer", "error", err)
		return l.alone(ctx, key, t)
	}
	d, is := decision(t, tat, held), known{tat: tat, busy: tat != t.anchor}
	if !held {
		is.refused = now.Add(min(d.Retry, refusalMost))
	}
	l.memory.put(key, is)
	return d
}

// busyFirst tells which write to begin with. A key whose time is known to have reached floor is busy for certain. Else it
// is what it was the last time: others move it too, and at a steady load it stays what it is.
func busyFirst(was known, t terms) bool { return was.busy || was.tat >= t.floor }

func decision(t terms, tat int64, held bool) Decision {
	d := Decision{Allowed: held}
	d.Left, d.Whole = t.left(tat)
	if !held {
		d.Left, d.Retry = 0, max(t.wait(tat), refusalKept)
	}
	return d
}

// alone decides by what this process has let through itself.
func (l *Limiter) alone(ctx context.Context, key string, t terms) Decision {
	tat, held, _ := move(ctx, &l.own, key, t, true) // it never fails
	d := decision(t, tat, held)
	d.Local = true
	return d
}

func (l *Limiter) isAway(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return now.Before(l.asked)
}

func (l *Limiter) leave(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = until
}

// buckets is a Store of one process.
type buckets struct {
	mu   sync.Mutex
	tats map[string]int64
}

// Advance implements Store.
func (b *buckets) Advance(_ context.Context, key string, floor, ceil, inc int64) (int64, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if tat := b.tats[key]; tat < floor || tat > ceil {
		return tat, false, nil
	}
	b.tats[key] += inc
	return b.tats[key], true, nil
}

// Anchor implements Store.
func (b *buckets) Anchor(_ context.Context, key string, floor, to int64) (int64, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if tat := b.tats[key]; tat >= floor {
		return tat, false, nil
	}
	if b.tats == nil || len(b.tats) >= mostKnown {
		b.tats = map[string]int64{}
	}
	b.tats[key] = to
	return to, true, nil
}
