package account

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/fairlead/fairlead/shared/carrier"
)

const (
	// cacheSize bounds how many values a cache keeps.
	cacheSize = 1000
	// standardKeep is how long it keeps them.
	standardKeep = time.Minute
	// loadWithin bounds one load; several callers may wait for it.
	loadWithin = 10 * time.Second
)

// cache keeps what was read for a while, so that a warm process reads nothing. Its zero value is ready.
type cache[T any] struct {
	flights singleflight.Group
	mu      sync.Mutex
	entries map[string]entry[T]
}

type entry[T any] struct {
	value T
	until time.Time
}

// get answers from memory or by load. Callers that miss the same value at the same time share one load, which
// goes on when the one who began it gives up. Errors are not kept.
func (c *cache[T]) get(ctx context.Context, now func() time.Time, keep time.Duration, key string, load func(context.Context) (T, error)) (T, error) {
	if a, ok := c.look(key, now()); ok {
		return a, nil
	}
	result := c.flights.DoChan(key, func() (got any, err error) {
		defer func() { // it runs in a goroutine of its own, where a panic would end the process
			if p := recover(); p != nil {
				got, err = *new(T), fmt.Errorf("panic while reading %s: %v", key, p)
			}
		}()
		if a, ok := c.look(key, now()); ok {
			return a, nil
		}
		detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadWithin)
		defer cancel()
		a, err := load(detached)
		if err == nil {
			c.put(key, entry[T]{a, now().Add(keep)}, now())
		}
		return a, err
	})
	select {
	case r := <-result:
		return r.Val.(T), r.Err
	case <-ctx.Done():
		return *new(T), context.Cause(ctx)
	}
}

func (c *cache[T]) look(key string, now time.Time) (T, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	return e.value, ok && now.Before(e.until)
}

func (c *cache[T]) forget(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, key)
}

// put makes room by dropping what is over, and everything when that is not enough: it can be read again.
func (c *cache[T]) put(key string, e entry[T], now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= cacheSize {
		maps.DeleteFunc(c.entries, func(_ string, old entry[T]) bool { return !now.Before(old.until) })
	}
	if c.entries == nil || len(c.entries) >= cacheSize {
		c.entries = map[string]entry[T]{}
	}
	c.entries[key] = e
}

// own gives each caller credentials of its own: what one does to the map must not reach the others.
func own(a carrier.Account) carrier.Account {
	a.Credentials = maps.Clone(a.Credentials)
	return a
}
