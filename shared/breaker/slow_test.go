package breaker

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead/fairlead/shared/ship"
)

// fleet is what two processes share.
type fleet struct {
	mu            sync.Mutex
	until         map[key]time.Time
	slow          map[time.Time]int64 // calls by the window they are counted in
	reads, writes int                 // of marks
	takes         time.Duration       // a read
	err           error
}

func (f *fleet) SlowUntil(ctx context.Context, carrier string, mode ship.Mode) (time.Time, error) {
	select {
	case <-time.After(f.takes):
	case <-ctx.Done():
		return time.Time{}, ctx.Err()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	return f.until[key{carrier, mode}], f.err
}

func (f *fleet) MarkSlow(_ context.Context, carrier string, mode ship.Mode, until time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writes++
	if f.err == nil {
		f.until[key{carrier, mode}] = until
	}
	return f.err
}

func (f *fleet) CountSlow(_ context.Context, _ string, _ ship.Mode, window time.Time) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.slow[window]++
	return f.slow[window], f.err
}

func TestSlow(t *testing.T) {
	times := Times{After: 5 * time.Second, For: time.Minute, Look: 3 * time.Second}
	in := func(t *testing.T, test func(t *testing.T, f *fleet, one, other *Slow)) {
		synctest.Test(t, func(t *testing.T) {
			f := &fleet{until: map[key]time.Time{}, slow: map[time.Time]int64{}}
			process := func() *Slow {
				return &Slow{Store: f, Now: time.Now, Times: times, Log: slog.New(slog.DiscardHandler)}
			}
			test(t, f, process(), process())
		})
	}
	// call takes a time.
	call := func(t *testing.T, s *Slow, d time.Duration) {
		stop := s.Watch(t.Context(), "ups", ship.Test)
		time.Sleep(d)
		stop()
	}
	// calls are as many as are enough, by turns of some processes.
	calls := func(t *testing.T, d time.Duration, by ...*Slow) {
		var all sync.WaitGroup
		for i := range Enough {
			all.Go(func() { call(t, by[i%len(by)], d) })
		}
		all.Wait()
	}
	t.Run("while calls are answered in time nothing is written", func(t *testing.T) {
		in(t, func(t *testing.T, f *fleet, one, _ *Slow) {
			for range 100 {
				if one.Hangs(t.Context(), "ups", ship.Test) {
					t.Fatal("said to hang")
				}
				call(t, one, times.After-time.Millisecond)
			}
			if f.writes != 0 {
				t.Errorf("%d writes", f.writes)
			}
		})
	})
	t.Run("the fleet knows while the call still runs, in that mode alone", func(t *testing.T) {
		in(t, func(t *testing.T, f *fleet, one, other *Slow) {
			var stops []func()
			for i := range Enough {
				stops = append(stops, []*Slow{one, other}[i%2].Watch(t.Context(), "ups", ship.Test))
			}
			time.Sleep(times.After + time.Millisecond)
			synctest.Wait()
			if !one.Hangs(t.Context(), "ups", ship.Test) || !other.Hangs(t.Context(), "ups", ship.Test) {
				t.Error("not known")
			}
			if other.Hangs(t.Context(), "ups", ship.Live) || other.Hangs(t.Context(), "sim", ship.Test) {
				t.Error("another one is said to hang")
			}
			for _, stop := range stops {
				stop()
			}
		})
	})
	t.Run("fewer slow calls say nothing, however long it goes on", func(t *testing.T) {
		in(t, func(t *testing.T, f *fleet, one, other *Slow) {
			for range 20 {
				for range Enough - 1 {
					one.Watch(t.Context(), "ups", ship.Test)
				}
				time.Sleep(times.For)
				if one.Hangs(t.Context(), "ups", ship.Test) || other.Hangs(t.Context(), "ups", ship.Test) {
					t.Fatal("said to hang")
				}
			}
			if f.writes != 0 {
				t.Errorf("%d writes", f.writes)
			}
		})
	})
	t.Run("it is over a while after the last slow call", func(t *testing.T) {
		in(t, func(t *testing.T, f *fleet, one, other *Slow) {
			calls(t, 40*time.Second, one)
			calls(t, 40*time.Second, other)
			time.Sleep(times.For - 36*time.Second)
			if !one.Hangs(t.Context(), "ups", ship.Test) {
				t.Error("over too early")
			}
			time.Sleep(times.Look + 2*time.Second)
			if one.Hangs(t.Context(), "ups", ship.Test) {
				t.Error("never over")
			}
		})
	})
	t.Run("many slow calls after that are no further write, and the store is read now and then", func(t *testing.T) {
		in(t, func(t *testing.T, f *fleet, one, _ *Slow) {
			var more sync.WaitGroup
			calls(t, 6*time.Second, one)
			marked := f.writes
			for range 10 {
				more.Go(func() { call(t, one, 20*time.Second) })
			}
			for range 20 {
				one.Hangs(t.Context(), "ups", ship.Test)
				time.Sleep(time.Second)
			}
			more.Wait()
			if f.writes != marked || f.reads > 7 {
				t.Errorf("%d writes and %d reads", f.writes, f.reads)
			}
		})
	})
	t.Run("messages side by side ask the store once, and all get its answer", func(t *testing.T) {
		in(t, func(t *testing.T, f *fleet, one, other *Slow) {
			calls(t, 6*time.Second, other)
			f.takes = time.Second
			var asked sync.WaitGroup
			var said atomic.Int64
			for range 10 {
				asked.Go(func() {
					if one.Hangs(t.Context(), "ups", ship.Test) {
						said.Add(1)
					}
				})
			}
			asked.Wait()
			if f.reads != 1 || said.Load() != 10 {
				t.Errorf("%d reads, %d of 10 said that it hangs", f.reads, said.Load())
			}
		})
	})
	t.Run("a store that does not answer is waited for no longer than a look is worth", func(t *testing.T) {
		in(t, func(t *testing.T, f *fleet, one, _ *Slow) {
			f.takes = time.Hour
			began := time.Now()
			var asked sync.WaitGroup
			for range 2 {
				asked.Go(func() {
					if one.Hangs(t.Context(), "ups", ship.Test) {
						t.Error("said to hang")
					}
				})
			}
			asked.Wait()
			if took := time.Since(began); took != times.Look {
				t.Errorf("after %v", took)
			}
		})
	})
	t.Run("whoever waits for another's look waits no longer than its own message may", func(t *testing.T) {
		in(t, func(t *testing.T, f *fleet, one, _ *Slow) {
			f.takes = 2 * time.Second
			var asked sync.WaitGroup
			asked.Go(func() { one.Hangs(t.Context(), "ups", ship.Test) })
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			began := time.Now()
			if one.Hangs(ctx, "ups", ship.Test) || time.Since(began) != time.Second {
				t.Errorf("after %v", time.Since(began))
			}
			asked.Wait()
		})
	})
	t.Run("a store that fails makes nobody hang", func(t *testing.T) {
		in(t, func(t *testing.T, f *fleet, one, _ *Slow) {
			f.err = errors.New("down")
			calls(t, 40*time.Second, one)
			if one.Hangs(t.Context(), "ups", ship.Test) {
				t.Error("said to hang")
			}
		})
	})
}
