package rivals_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/sim/rivals"
)

// What each of them does wrong, as its documentation says: the second booking is a second label that somebody pays.

// Powertools, "Lambda timeouts": an execution that did not end is made again once its time is over.
func TestPowertoolsBooksAgainAfterACrash(t *testing.T) {
	a, w := algorithm(t, "powertools"), newWorld(t)
	w.dies(a, "UpdateItem")
	w.made(1, 1)
	w.shows("", false)

	w.tick(59 * time.Second)
	if err := w.receive(a); err == nil || !strings.Contains(err.Error(), "AlreadyInProgress") {
		t.Errorf("before the invocation's end: %v", err)
	}
	w.made(1, 1)

	w.tick(2 * time.Second)
	if err := w.receive(a); err != nil {
		t.Fatal(err)
	}
	w.made(2, 2)
	w.shows(number(2), false)
}

// Powertools, "Handling exceptions": an exception deletes the record, so that the code is executed again.
func TestPowertoolsBooksAgainAfterATimeout(t *testing.T) {
	for name, lost := range map[string]answer{"no answer": bookedReset, "504": booked504, "500": booked500} {
		t.Run(name, func(t *testing.T) {
			a, w := algorithm(t, "powertools"), newWorld(t, lost)
			if w.receive(a) == nil {
				t.Error("the exception was not propagated")
			}
			if err := w.receive(a); err != nil { // no wait: the record is gone
				t.Fatal(err)
			}
			w.made(2, 2)
			w.shows(number(2), false)
		})
	}
}

// Powertools, "Idempotency request flow": the update names no condition, so that an overtaken execution replaces the
// number that was shown.
func TestPowertoolsReplacesTheNumberOfAnother(t *testing.T) {
	a, w := algorithm(t, "powertools"), newWorld(t)
	frozen := &tapped{API: w.db, write: "UpdateItem", before: func(int) error {
		w.tick(2 * time.Minute)
		if err := w.receive(a); err != nil {
			t.Error(err)
		}
		w.shows(number(2), false)
		return nil
	}}
	if err := a.New(w.desk(frozen))(t.Context(), w.message()); err != nil {
		t.Fatal(err)
	}
	w.made(2, 2)
	w.shows(number(1), false)
}

// Powertools, "Adjusting expiration window": after its expiration a record does not count any more.
func TestPowertoolsBooksAgainAfterItsExpiration(t *testing.T) {
	a, w := algorithm(t, "powertools"), newWorld(t)
	for _, after := range []time.Duration{0, 30 * 24 * time.Hour, 2 * time.Second} {
		w.tick(after)
		if err := w.receive(a); err != nil {
			t.Fatal(err)
		}
	}
	w.made(2, 2)
}

// Powertools, "Handling exceptions": an error of the store is raised, and the execution counts as not ended.
func TestPowertoolsBooksAgainAfterALostUpdate(t *testing.T) {
	a, w := algorithm(t, "powertools"), newWorld(t)
	failing := &tapped{API: w.db, write: "UpdateItem", before: func(int) error { return errLost }}
	if err := a.New(w.desk(failing))(t.Context(), w.message()); !errors.Is(err, errLost) {
		t.Errorf("not raised: %v", err)
	}
	w.tick(6 * time.Minute)
	if err := w.receive(a); err != nil {
		t.Fatal(err)
	}
	w.made(2, 2)
	w.shows(number(2), false)
}

// "Distributed Locks with Redis", "Disclaimer about consistency": a lock is not kept for as long as its owner lives.
func TestLockBooksAgainBesideAFrozenWorker(t *testing.T) {
	a, w := algorithm(t, "redis-lock"), newWorld(t)
	frozen := &tapped{API: w.db, write: "PutItem", before: func(int) error {
		w.tick(29 * time.Second)
		if w.receive(a) == nil {
			t.Error("the lock was not held")
		}
		w.made(1, 1)
		w.tick(time.Second)
		if err := w.receive(a); err != nil {
			t.Error(err)
		}
		return nil
	}}
	if err := a.New(w.desk(frozen))(t.Context(), w.message()); err != nil {
		t.Fatal(err)
	}
	w.made(2, 2)
}

// The same page, "Correct Implementation with a Single Instance": the lock goes by itself; what its owner did stays.
func TestLockBooksAgainAfterACrash(t *testing.T) {
	a, w := algorithm(t, "redis-lock"), newWorld(t)
	w.dies(a, "PutItem")
	w.tick(6 * time.Minute)
	if err := w.receive(a); err != nil {
		t.Fatal(err)
	}
	w.made(2, 2)
	w.shows(number(2), false)
}

// RFC 9110, section 9.2.2: a POST that was not answered may have been applied.
func TestRetryBooksAgainInOneInvocation(t *testing.T) {
	for _, name := range []string{"redis-lock", "plain-retry"} {
		for fault, lost := range map[string]answer{"no answer": bookedReset, "504": booked504, "half an answer": bookedCutOff} {
			t.Run(name+" after "+fault, func(t *testing.T) {
				a, w := algorithm(t, name), newWorld(t, lost)
				if err := w.receive(a); err != nil {
					t.Fatal(err)
				}
				w.made(2, 2)
				w.shows(number(2), false)
			})
		}
	}
}

// SQS, "At-least-once delivery": a message may be with two workers at once. A record written after the answer does
// not keep them apart; a lock and a record in progress do.
func TestTwoWorkersAtOnce(t *testing.T) {
	each(t, func(t *testing.T, a rivals.Algorithm) {
		w := newWorld(t)
		var second error
		w.during = func(call int) {
			if call == 1 {
				second = w.receive(a)
			}
		}
		if err := w.receive(a); err != nil {
			t.Fatal(err)
		}
		want := 1
		if a.Name == "plain-retry" {
			want = 2
		}
		w.made(want, want)
		if (second == nil) != (a.Name == "plain-retry") {
			t.Errorf("the second worker: %v", second)
		}
	})
}

// What they do right beyond the common.

func TestPowertoolsLooksAgainWhenARecordRunsOutMeanwhile(t *testing.T) {
	a := algorithm(t, "powertools")
	slow := func(w *world) *tapped {
		return &tapped{API: w.db, write: "PutItem", before: func(nth int) error {
			if nth == 1 {
				w.tick(10 * time.Second)
			}
			return nil
		}}
	}
	t.Run("one in progress, left behind when its delete failed", func(t *testing.T) {
		w := newWorld(t)
		w.order = errors.New("not read")
		failing := &tapped{API: w.db, write: "DeleteItem", before: func(int) error { return errLost }}
		if err := a.New(w.desk(failing))(t.Context(), w.message()); !errors.Is(err, errLost) || !errors.Is(err, w.order) {
			t.Errorf("not raised: %v", err)
		}
		w.order = nil
		w.tick(55 * time.Second)
		if err := a.New(w.desk(slow(w)))(t.Context(), w.message()); err != nil {
			t.Fatal(err)
		}
		w.made(1, 1)
		w.shows(number(1), false)
	})
	t.Run("a complete one", func(t *testing.T) {
		w := newWorld(t)
		if err := w.receive(a); err != nil {
			t.Fatal(err)
		}
		w.tick(30*24*time.Hour - 5*time.Second)
		if err := a.New(w.desk(slow(w)))(t.Context(), w.message()); err != nil {
			t.Fatal(err)
		}
		w.made(2, 2)
	})
}

func TestSave(t *testing.T) {
	for _, name := range []string{"redis-lock", "plain-retry"} {
		a := algorithm(t, name)
		for fails, lost := range map[int]bool{3: false, 4: true} {
			t.Run(fmt.Sprint(name, " after ", fails, " failures, lost: ", lost), func(t *testing.T) {
				w := newWorld(t)
				failing := &tapped{API: w.db, write: "PutItem", before: func(nth int) error {
					if nth <= fails {
						return errLost
					}
					return nil
				}}
				if err := a.New(w.desk(failing))(t.Context(), w.message()); errors.Is(err, errLost) != lost {
					t.Error(err)
				}
				if lost {
					w.shows("", false)
				} else {
					w.shows(number(1), false)
				}
			})
		}
	}
	t.Run("a no never replaces a number", func(t *testing.T) {
		a, w := algorithm(t, "plain-retry"), newWorld(t, refused)
		w.during = func(call int) {
			if call == 1 {
				if err := w.receive(a); err != nil {
					t.Error(err)
				}
			}
		}
		if err := w.receive(a); err != nil {
			t.Fatal(err)
		}
		w.shows(number(2), false)
	})
}

func TestLock(t *testing.T) {
	a := algorithm(t, "redis-lock")
	t.Run("is released after a failure", func(t *testing.T) {
		w := newWorld(t, broken)
		if w.receive(a) == nil {
			t.Error("the message was acknowledged")
		}
		if err := w.receive(a); err != nil {
			t.Errorf("the lock is held: %v", err)
		}
	})
	t.Run("is asked to be released when its acquisition was not acknowledged", func(t *testing.T) {
		w := newWorld(t)
		d := w.desk(w.db)
		d.Redis = rivals.Client{Server: w.redis, After: func(_ context.Context, c rivals.Command) error {
			if c.Name == "SetNX" {
				return errLost
			}
			return nil
		}}
		if a.New(d)(t.Context(), w.message()) == nil {
			t.Error("the message was acknowledged")
		}
		w.made(0, 0)
		if err := w.receive(a); err != nil {
			t.Errorf("the lock is held: %v", err)
		}
	})
	t.Run("a worker that died leaves it to its end", func(t *testing.T) {
		w := newWorld(t)
		w.dies(a, "PutItem")
		w.tick(29 * time.Second)
		if w.receive(a) == nil {
			t.Error("the lock was not held")
		}
	})
}
