package ratelimit

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Store keeps one theoretical arrival time a key, in microseconds since 1970. Each method is one conditional write, and
// answers with the time as the write left it, or with the one that refused it, 0 where there is none.
type Store interface {
	// Advance adds inc to a time that lies between floor and ceil, both included.
	Advance(ctx context.Context, key string, floor, ceil, inc int64) (tat int64, held bool, err error)
	// Anchor sets the time when there is none, or one before floor.
	Anchor(ctx context.Context, key string, floor, to int64) (tat int64, held bool, err error)
}

// terms are what the rule asks of a key's time for one request at one moment, in microseconds.
//
// A key whose time lies between floor and ceil is busy, and each request moves it by inc. One that lags behind floor is
// idle and starts again from anchor. That lies above floor, else every second request of a steady load below the limit
// would find the key idle and try twice; who comes to an idle key finds an eighth of a burst less for it, 16 at most, and
// nothing less of a burst below 8, which is exact. What is let through between two moments is at most
// burst + rate × (the time between): a request moves the time by inc at least, never beyond its own now + spare, and finds
// it, or takes it to be, at now - (burst × interval - spare) at least.
type terms struct {
	now, inc, floor, ceil, anchor int64
	spare                         int64 // how far ahead of now the time may be
}

// interval is the time between two requests at the rate, rounded up: never more than the rate is let through.
func (r Rate) interval() int64 {
	return (r.Per.Microseconds() + r.Count - 1) / r.Count
}

func (r Rate) terms(now time.Time) terms {
	t := terms{now: now.UnixMicro(), inc: r.interval()}
	apart := min(r.Burst/8, 16) * t.inc
	t.spare = r.Burst*t.inc - 2*apart
	t.floor, t.ceil, t.anchor = t.now-2*apart, t.now+t.spare-t.inc, t.now-apart+t.inc
	return t
}

// wait is how long after now a request would be let through.
func (t terms) wait(tat int64) time.Duration {
	return time.Duration(tat-t.ceil) * time.Microsecond
}

// left is how many requests more would be let through at once, and whole how long it takes until the burst is whole.
func (t terms) left(tat int64) (left int64, whole time.Duration) {
	from := max(tat, t.floor)
	return max(0, (t.now+t.spare-from)/t.inc), time.Duration(from-t.floor) * time.Microsecond
}

// memory is what a process knows of its keys. It is there to save calls: a process that knows nothing does no harm.
type memory struct {
	mu   sync.Mutex
	keys map[string]known
}

// known is what a process has seen of a key.
type known struct {
	tat     int64     // when it last looked; by now the time is this or later
	busy    bool      // it was busy then
	refused time.Time // every request is refused until then
}

// mostKnown bounds the keys a process remembers. What is forgotten costs a call.
const mostKnown = 10_000

func (m *memory) get(key string) known {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.keys[key]
}

func (m *memory) put(key string, k known) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.keys == nil || len(m.keys) >= mostKnown {
		m.keys = map[string]known{}
	}
	m.keys[key] = k
}

// move is one request: the write for a busy key or that for an idle one, whichever is likelier to hold, and the other one
// only if the refusal says that it would hold. Who finds a key idle and then, because another process was faster, busy,
// tries the first one again: that is the third and last, for a time never moves back.
func move(ctx context.Context, store Store, key string, t terms, busyFirst bool) (tat int64, held bool, err error) {
	busy := busyFirst
	for range 3 {
		if busy {
			tat, held, err = store.Advance(ctx, key, t.floor, t.ceil, t.inc)
		} else {
			tat, held, err = store.Anchor(ctx, key, t.floor, t.anchor)
		}
		if err != nil || held || tat > t.ceil {
			return tat, held, err
		}
		busy = tat >= t.floor
	}
	return tat, false, errMovedBack
}

// errMovedBack means that a key's time was reset while it was decided over: its item was deleted.
var errMovedBack = errors.New("the time of a limit's key moved back")
