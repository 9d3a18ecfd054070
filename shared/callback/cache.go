package callback

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// cacheSize bounds how many answers one process keeps.
const cacheSize = 1000

// cache keeps answers of the store for a while, so that a warm process reads nothing. Its zero value is ready.
type cache[T any] struct {
	mu      sync.Mutex
	entries map[string]kept[T]
	flight  singleflight.Group
}

type kept[T any] struct {
	value T
	until time.Time
}

// get answers from memory or by load, which says how long its answer keeps. Callers that miss the same key at
// the same time share one load; errors are not kept.
func (c *cache[T]) get(ctx context.Context, now func() time.Time, key string, load func(context.Context) (T, time.Duration, error)) (T, error) {
	if v, ok := c.look(key, now()); ok {
		return v, nil
	}
	v, err, _ := c.flight.Do(key, func() (any, error) {
		if v, ok := c.look(key, now()); ok {
			return v, nil
		}
		v, keep, err := load(ctx)
		if err == nil {
			c.put(key, kept[T]{v, now().Add(keep)}, now())
		}
		return v, err
	})
	return v.(T), err
}

func (c *cache[T]) look(key string, now time.Time) (T, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	return e.value, ok && now.Before(e.until)
}

// put makes room by dropping what has expired, and everything when that is not enough: no order to maintain,
// and the cost of reading it all again is shared by a thousand answers.
func (c *cache[T]) put(key string, e kept[T], now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= cacheSize {
		for k, old := range c.entries {
			if !now.Before(old.until) {
				delete(c.entries, k)
			}
		}
	}
	if c.entries == nil || len(c.entries) >= cacheSize {
		c.entries = map[string]kept[T]{}
	}
	c.entries[key] = e
}

func (c *cache[T]) drop(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, key)
}
