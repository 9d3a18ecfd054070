package ratelimit_test

import (
	"errors"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/ratelimit"
)

func TestSlots(t *testing.T) {
	const every = 600 * time.Millisecond
	slots := func(w *world) *ratelimit.Slots {
		return &ratelimit.Slots{Store: w, Now: func() time.Time { return w.now }, Most: 15 * time.Minute}
	}
	reserve := func(t *testing.T, s *ratelimit.Slots) time.Time {
		t.Helper()
		at, ok, err := s.Reserve(t.Context(), "a", every)
		if err != nil || !ok {
			t.Fatalf("%v, %t, %v", at, ok, err)
		}
		return at
	}
	t.Run("one after the other, every apart", func(t *testing.T) {
		w := newWorld()
		s := slots(w)
		for i := range 100 {
			if at := reserve(t, s); !at.Equal(w.now.Add(time.Duration(i) * every)) {
				t.Fatalf("slot %d is at %v", i, at.Sub(w.now))
			}
		}
		if w.calls != 100 {
			t.Errorf("%d calls for 100 slots", w.calls)
		}
	})
	t.Run("processes share them", func(t *testing.T) {
		w := newWorld()
		seen := map[time.Time]bool{}
		for range 50 {
			seen[reserve(t, slots(w))] = true
		}
		if len(seen) != 50 {
			t.Errorf("%d slots of 50", len(seen))
		}
	})
	t.Run("what was not used is not saved up", func(t *testing.T) {
		w := newWorld()
		s := slots(w)
		reserve(t, s)
		w.now = w.now.Add(time.Hour)
		if first, second := reserve(t, s), reserve(t, s); !first.Equal(w.now) || second.Sub(first) != every {
			t.Errorf("%v and %v after it", first.Sub(w.now), second.Sub(first))
		}
	})
	t.Run("beyond the longest wait none is given", func(t *testing.T) {
		w := newWorld()
		s := slots(w)
		n := 0
		for ; ; n++ {
			at, ok, err := s.Reserve(t.Context(), "a", every)
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				if wait := at.Sub(w.now); wait <= s.Most || wait > s.Most+every {
					t.Errorf("the next one is %v away", wait)
				}
				break
			}
		}
		if n != 1501 {
			t.Errorf("%d slots in 15 minutes, the first one included", n)
		}
		w.now = w.now.Add(every)
		reserve(t, s)
	})
	t.Run("a push moves everybody, and never back", func(t *testing.T) {
		w := newWorld()
		s := slots(w)
		reserve(t, s)
		until := w.now.Add(time.Minute)
		for _, at := range []time.Time{until, until.Add(-time.Second)} {
			if err := s.Push(t.Context(), "a", at); err != nil {
				t.Fatal(err)
			}
		}
		if at := reserve(t, slots(w)); !at.Equal(until) {
			t.Errorf("%v, want a minute", at.Sub(w.now))
		}
	})
	t.Run("without the store there is no slot", func(t *testing.T) {
		w := newWorld()
		w.err = errors.New("throttled")
		if at, ok, err := slots(w).Reserve(t.Context(), "a", every); !errors.Is(err, w.err) || ok {
			t.Errorf("%v, %t, %v", at, ok, err)
		}
	})
}
