package ratelimit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead/fairlead/shared/ratelimit"
	"github.com/fairlead/fairlead/shared/store/ddbsim"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// world is a database with one clock, and counts its calls.
type world struct {
	ratelimit.Store
	now   time.Time
	calls int
	err   error // of every call, when set
}

func newWorld() *world {
	w := &world{now: time.Unix(1_800_000_000, 0)}
	w.Store = database(func() time.Time { return w.now }).TenantLimits()
	return w
}

func database(now func() time.Time) *dynamo.Store {
	tables, names := ddbsim.Template("")
	return &dynamo.Store{DB: ddbsim.New(ddbsim.Options{Now: now, Tables: tables}).Client(ddbsim.ClientOptions{}), Tables: names, Now: now}
}

func (w *world) Advance(ctx context.Context, key string, floor, ceil, inc int64) (int64, bool, error) {
	if w.calls++; w.err != nil {
		return 0, false, w.err
	}
	return w.Store.Advance(ctx, key, floor, ceil, inc)
}

func (w *world) Anchor(ctx context.Context, key string, floor, to int64) (int64, bool, error) {
	if w.calls++; w.err != nil {
		return 0, false, w.err
	}
	return w.Store.Anchor(ctx, key, floor, to)
}

func (w *world) limiter(log *bytes.Buffer) *ratelimit.Limiter {
	return &ratelimit.Limiter{Store: w, Now: func() time.Time { return w.now }, Log: slog.New(slog.NewTextHandler(log, nil))}
}

// burst takes until it is refused.
func burst(t *testing.T, l *ratelimit.Limiter, key string, r ratelimit.Rate) (allowed int64, last ratelimit.Decision) {
	t.Helper()
	for {
		if last = l.Take(t.Context(), key, r); !last.Allowed {
			return allowed, last
		}
		allowed++
	}
}

func TestLimiter(t *testing.T) {
	rate := ratelimit.Rate{Count: 10, Per: time.Second, Burst: 20}
	t.Run("a burst and then the rate are let through", func(t *testing.T) {
		w := newWorld()
		l := w.limiter(new(bytes.Buffer))
		first, refused := burst(t, l, "a", rate)
		if first != rate.Burst-2 || first > rate.Burst || refused.Left != 0 || refused.Retry != time.Second {
			t.Fatalf("%d at once, then %+v", first, refused)
		}
		total := int64(0)
		for range 60 {
			w.now = w.now.Add(time.Second)
			n, _ := burst(t, l, "a", rate)
			total += n
		}
		if total != 600 {
			t.Errorf("%d in a minute, want 600", total)
		}
	})
	t.Run("what is left goes down, and is whole again in time", func(t *testing.T) {
		w := newWorld()
		l := w.limiter(new(bytes.Buffer))
		a := l.Take(t.Context(), "a", rate)
		b := l.Take(t.Context(), "a", rate)
		if b.Left != a.Left-1 || b.Whole != a.Whole+100*time.Millisecond {
			t.Errorf("%+v, then %+v", a, b)
		}
		n, _ := burst(t, w.limiter(new(bytes.Buffer)), "a", rate)
		if n != b.Left {
			t.Errorf("%d were said to be left, and %d were", b.Left, n)
		}
	})
	t.Run("a burst of one is one request an interval", func(t *testing.T) {
		w := newWorld()
		l := w.limiter(new(bytes.Buffer))
		slow := ratelimit.Rate{Count: 1, Per: time.Minute, Burst: 1}
		for i := range 5 {
			if n, d := burst(t, l, "a", slow); n != 1 || d.Retry != time.Minute {
				t.Fatalf("minute %d: %d, then %+v", i, n, d)
			}
			w.now = w.now.Add(time.Minute)
		}
	})
	t.Run("a process refuses by itself what was refused", func(t *testing.T) {
		w := newWorld()
		l := w.limiter(new(bytes.Buffer))
		burst(t, l, "a", rate)
		before := w.calls
		for range 99 {
			w.now = w.now.Add(10 * time.Millisecond)
			if d := l.Take(t.Context(), "a", rate); d.Allowed || d.Retry <= 0 || d.Local {
				t.Fatalf("%+v", d)
			}
		}
		if w.calls != before {
			t.Errorf("%d calls within a second after a refusal", w.calls-before)
		}
	})
	t.Run("keys have nothing to do with each other", func(t *testing.T) {
		w := newWorld()
		l := w.limiter(new(bytes.Buffer))
		burst(t, l, "a", rate)
		if d := l.Take(t.Context(), "b", rate); !d.Allowed {
			t.Errorf("%+v", d)
		}
	})
}

func TestLimiterCalls(t *testing.T) {
	rate := ratelimit.Rate{Count: 10, Per: time.Second, Burst: 20}
	t.Run("a key that is seldom asked for takes one call", func(t *testing.T) {
		w := newWorld()
		l := w.limiter(new(bytes.Buffer))
		for i := range 50 {
			l.Take(t.Context(), "a", rate)
			w.now = w.now.Add(time.Minute)
			if w.calls != i+1 {
				t.Fatalf("%d calls for %d requests", w.calls, i+1)
			}
		}
	})
	t.Run("of two that ask an idle key at once neither is refused", func(t *testing.T) {
		w := newWorld()
		one, two := w.limiter(new(bytes.Buffer)), w.limiter(new(bytes.Buffer))
		one.Take(t.Context(), "a", rate)
		two.Take(t.Context(), "a", rate) // found it busy, and begins there
		w.now = w.now.Add(1900 * time.Millisecond)
		store := &meanwhile{Store: w, do: func() { one.Take(t.Context(), "a", rate) }}
		two.Store = store
		if d := two.Take(t.Context(), "a", rate); !d.Allowed || d.Local || store.calls != 3 {
			t.Errorf("%+v after %d calls; want it let through by the store after three", d, store.calls)
		}
	})
}

// meanwhile lets another process act between two calls of one request.
type meanwhile struct {
	ratelimit.Store
	do    func()
	calls int
}

func (m *meanwhile) Advance(ctx context.Context, key string, floor, ceil, inc int64) (int64, bool, error) {
	m.calls++
	tat, held, err := m.Store.Advance(ctx, key, floor, ceil, inc)
	m.do()
	return tat, held, err
}

func (m *meanwhile) Anchor(ctx context.Context, key string, floor, to int64) (int64, bool, error) {
	m.calls++
	return m.Store.Anchor(ctx, key, floor, to)
}

func TestLimiterWithoutItsStore(t *testing.T) {
	rate := ratelimit.Rate{Count: 10, Per: time.Second, Burst: 20}
	t.Run("each process lets the rate through, asks once a second and says so", func(t *testing.T) {
		w, log := newWorld(), new(bytes.Buffer)
		l := w.limiter(log)
		w.err = errors.New("throttled")
		var total int64
		for range 100 { // ten seconds
			if d := l.Take(t.Context(), "a", rate); !d.Local {
				t.Fatalf("%+v", d)
			} else if d.Allowed {
				total++
			}
			w.now = w.now.Add(100 * time.Millisecond)
		}
		if lines := strings.Count(log.String(), "the store does not answer"); total != 100 || w.calls != 10 || lines != 10 {
			t.Errorf("%d let through, %d calls, %d lines", total, w.calls, lines)
		}
		n, d := burst(t, l, "b", rate)
		if n > rate.Burst || d.Retry != time.Second {
			t.Errorf("%d at once, then %+v", n, d)
		}
	})
	t.Run("a store that is slow is not waited for", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := &ratelimit.Limiter{Store: hanging{}, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
			begun := time.Now()
			if d := l.Take(t.Context(), "a", rate); !d.Allowed || !d.Local || time.Since(begun) != ratelimit.Patience {
				t.Errorf("%+v after %v", d, time.Since(begun))
			}
		})
	})
	t.Run("it is asked again when it is back", func(t *testing.T) {
		w := newWorld()
		l := w.limiter(new(bytes.Buffer))
		w.err = errors.New("throttled")
		l.Take(t.Context(), "a", rate)
		w.err = nil
		w.now = w.now.Add(time.Second)
		if d := l.Take(t.Context(), "a", rate); d.Local || !d.Allowed {
			t.Errorf("%+v", d)
		}
	})
}

// hanging answers when nobody waits any more.
type hanging struct{}

func (hanging) Advance(ctx context.Context, _ string, _, _, _ int64) (int64, bool, error) {
	<-ctx.Done()
	return 0, false, ctx.Err()
}

func (h hanging) Anchor(ctx context.Context, key string, floor, _ int64) (int64, bool, error) {
	return h.Advance(ctx, key, floor, 0, 0)
}

// late is a network on which each call takes its time on both ways, so that the calls of processes interleave.
type late struct {
	ratelimit.Store
	rand *rand.Rand
}

func (l late) trip() { time.Sleep(time.Duration(l.rand.Int64N(int64(15 * time.Millisecond)))) }

func (l late) Advance(ctx context.Context, key string, floor, ceil, inc int64) (int64, bool, error) {
	l.trip()
	defer l.trip()
	return l.Store.Advance(ctx, key, floor, ceil, inc)
}

func (l late) Anchor(ctx context.Context, key string, floor, to int64) (int64, bool, error) {
	l.trip()
	defer l.trip()
	return l.Store.Anchor(ctx, key, floor, to)
}

// TestNeverMore holds the limit under any interleaving of 200 processes: between any two moments at most
// burst + rate × the time between is let through. With every other seed all ask at the same moments, at a key that was idle
// in between.
func TestNeverMore(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { neverMore(t, seed) })
		})
	}
}

func neverMore(t *testing.T, seed uint64) {
	draw := rand.New(rand.NewPCG(seed, 1))
	rate := ratelimit.Rate{Count: 1 + draw.Int64N(120), Per: time.Second, Burst: 1 + draw.Int64N(200)}
	pause := time.Duration(1 + draw.Int64N(int64(10*time.Second)))
	store := database(time.Now).TenantLimits()
	var mu sync.Mutex
	var admitted []time.Time
	var refused int
	var processes sync.WaitGroup
	for i := range uint64(200) {
		processes.Go(func() {
			own := rand.New(rand.NewPCG(seed, i+2))
			l := &ratelimit.Limiter{Store: late{store, own}, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
			for range 20 {
				wait := time.Duration(own.Int64N(int64(pause)))
				if seed%2 == 1 {
					wait = time.Until(time.Now().Truncate(pause).Add(pause))
				}
				time.Sleep(wait)
				at := time.Now()
				d := l.Take(t.Context(), "a", rate)
				mu.Lock()
				switch {
				case d.Local:
					t.Errorf("decided alone: %+v", d)
				case d.Allowed:
					admitted = append(admitted, at)
				default:
					refused++
				}
				mu.Unlock()
			}
		})
	}
	processes.Wait()
	t.Logf("%v: %d let through, %d refused", rate, len(admitted), refused)
	slices.SortFunc(admitted, time.Time.Compare)
	interval := (time.Second.Microseconds() + rate.Count - 1) / rate.Count
	most, from := int64(0), 0 // of requests × interval - time since the first, over every first and last
	for i, at := range admitted {
		owed := int64(i-from+1)*interval - at.Sub(admitted[from]).Microseconds()
		if owed <= interval {
			from, owed = i, interval
		}
		most = max(most, owed)
	}
	if most > rate.Burst*interval+int64(len(admitted)) { // times are cut to whole microseconds
		t.Errorf("%d µs of requests let through beyond the rate, the burst is %d", most, rate.Burst*interval)
	}
	// A request that travelled for longer than the whole burst lasts finds less of it.
	if refused > 0 && rate.Burst*interval > time.Second.Microseconds()/5 && most < rate.Burst*interval/2 {
		t.Errorf("at most %d µs beyond the rate, of a burst of %d: it refuses what it should let through", most, rate.Burst*interval)
	}
}
