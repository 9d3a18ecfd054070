package ratelimit

import (
	"context"
	"sync"
	"time"
)

// Slots hands out the times at which a carrier may be called, one after the other. It refuses nobody: who comes later gets
// a later time. It is safe for concurrent use and must not be copied once used.
type Slots struct {
	Store Store
	Now   func() time.Time
	Most  time.Duration // no slot is given that is further away: it could not be waited for

	memory memory
	mu     sync.Mutex
	pushed map[string]time.Time
}

// Reserve reserves the next slot of a key, every apart from the one before. ok is false when that is further away than
// Most: then nothing is reserved, and at is when the next one would be.
func (s *Slots) Reserve(ctx context.Context, key string, every time.Duration) (at time.Time, ok bool, err error) {
	now, inc := s.Now().UnixMicro(), every.Microseconds()
	t := terms{now: now, inc: inc, floor: now, ceil: now + s.Most.Microseconds(), anchor: now + inc}
	tat, held, err := move(ctx, s.Store, key, t, s.memory.get(key).tat >= now)
	if err != nil {
		return time.Time{}, false, err
	}
	s.memory.put(key, known{tat: tat})
	if held {
		tat -= inc
	}
	return time.UnixMicro(tat).UTC(), held, nil
}

// Push keeps everybody from a key's slots until a time: the carrier has said that it takes no more before.
func (s *Slots) Push(ctx context.Context, key string, until time.Time) error {
	s.mu.Lock()
	if s.pushed == nil || len(s.pushed) >= mostKnown {
		s.pushed = map[string]time.Time{}
	}
	if until.After(s.pushed[key]) {
		s.pushed[key] = until
	}
	s.mu.Unlock()
	at := until.UnixMicro()
	_, _, err := s.Store.Anchor(ctx, key, at, at)
	return err
}

// Pushed is until when this process itself has kept everybody from a key's slots: one that was given before, and is earlier,
// is not to be used any more.
func (s *Slots) Pushed(key string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pushed[key]
}
