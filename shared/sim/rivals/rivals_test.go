package rivals_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/sim/rivals"
)

// each runs a test with every algorithm.
func each(t *testing.T, test func(*testing.T, rivals.Algorithm)) {
	for _, a := range rivals.All() {
		t.Run(a.Name, func(t *testing.T) { test(t, a) })
	}
}

// What all of them do right: without a fault, with a repeated message, with a clear answer.

func TestBooksOnce(t *testing.T) {
	each(t, func(t *testing.T, a rivals.Algorithm) {
		w := newWorld(t)
		w.shows("", false)
		for range 3 { // the second and third time it is a repeated message
			if err := w.receive(a); err != nil {
				t.Fatal(err)
			}
			w.made(1, 1)
			w.shows(number(1), false)
			w.tick(25 * time.Hour)
		}
	})
}

func TestRefusedEndsAsFailed(t *testing.T) {
	each(t, func(t *testing.T, a rivals.Algorithm) {
		w := newWorld(t, refused)
		for range 2 {
			if err := w.receive(a); err != nil {
				t.Fatal(err)
			}
			w.made(0, 1)
			w.shows("", true)
		}
	})
}

func TestExpiredTokenIsRefreshedOnce(t *testing.T) {
	t.Run("and the order is booked with the new one", func(t *testing.T) {
		each(t, func(t *testing.T, a rivals.Algorithm) {
			w := newWorld(t, expired)
			if err := w.receive(a); err != nil {
				t.Fatal(err)
			}
			w.made(1, 2)
			w.shows(number(2), false)
			if w.refreshes != 1 || w.calls[1].Token.Value != "new" || len(w.slept) != 0 {
				t.Errorf("%d refreshes, second call with token %q, slept %v", w.refreshes, w.calls[1].Token.Value, w.slept)
			}
		})
	})
	t.Run("and the message comes back when that is refused too", func(t *testing.T) {
		each(t, func(t *testing.T, a rivals.Algorithm) {
			w := newWorld(t, expired, expired)
			if w.receive(a) == nil {
				t.Error("the message was acknowledged")
			}
			w.made(0, 2)
			w.shows("", false)
			if err := w.receive(a); err != nil {
				t.Fatal(err)
			}
			w.made(1, 3)
			w.shows(number(3), false)
		})
	})
}

func TestWhatPassesIsBookedByALaterReceipt(t *testing.T) {
	for name, answer := range map[string]answer{"429": busy, "500": broken, "refused connection": unreachable} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, a rivals.Algorithm) {
				w := newWorld(t, answer, answer)
				for range 3 {
					_ = w.receive(a)
					w.tick(6 * time.Minute)
				}
				w.made(1, 3)
				w.shows(number(3), false)
			})
		})
	}
}

func TestLoginRefusedEndsAsFailed(t *testing.T) {
	each(t, func(t *testing.T, a rivals.Algorithm) {
		w := newWorld(t)
		w.login = &carrier.LoginRefused{Code: "invalid_client"}
		if err := w.receive(a); err != nil {
			t.Fatal(err)
		}
		w.made(0, 0)
		w.shows("", true)
	})
}

func TestPoisonStaysPoison(t *testing.T) {
	each(t, func(t *testing.T, a rivals.Algorithm) {
		w := newWorld(t)
		w.order = &queue.Poison{Reason: "there is no shipment"}
		if reason, ok := queue.IsPoison(w.receive(a)); !ok || reason != "there is no shipment" {
			t.Errorf("poison %v, reason %q", ok, reason)
		}
		w.made(0, 0)
	})
}

func TestLimits(t *testing.T) {
	t.Run("no call late in an invocation", func(t *testing.T) {
		each(t, func(t *testing.T, a rivals.Algorithm) {
			w := newWorld(t)
			m := w.message()
			w.tick(41 * time.Second) // 19 s are left, 5 of them a margin, and a call needs 15
			if a.New(w.desk(w.db))(t.Context(), m) == nil {
				t.Error("the message was acknowledged")
			}
			w.made(0, 0)
		})
	})
	t.Run("a call ends by the limit, by the invocation's end or by the lock's", func(t *testing.T) {
		for _, c := range []struct {
			own             int
			late            time.Duration
			limit, lockedTo time.Duration // from the call
		}{
			{0, 0, 40 * time.Second, 30 * time.Second},
			{20, 0, 20 * time.Second, 20 * time.Second},
			{0, 30 * time.Second, 25 * time.Second, 25 * time.Second},
		} {
			each(t, func(t *testing.T, a rivals.Algorithm) {
				w := newWorld(t)
				w.own = c.own
				m := w.message()
				w.tick(c.late)
				if err := a.New(w.desk(w.db))(t.Context(), m); err != nil {
					t.Fatal(err)
				}
				want := c.limit
				if a.Name == "redis-lock" {
					want = c.lockedTo
				}
				if got := w.calls[0].Deadline.Sub(w.clock()); got != want {
					t.Errorf("a call may take %v, want %v", got, want)
				}
			})
		}
	})
	t.Run("no wait that the invocation has no time for", func(t *testing.T) {
		later := busy
		later.outcome.RetryAfter = time.Minute
		w := newWorld(t, later)
		if w.receive(algorithm(t, "plain-retry")) == nil || len(w.slept) != 0 {
			t.Errorf("slept %v", w.slept)
		}
		w.made(0, 1)
	})
}

func TestCallsAgainAtOnce(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer answer
		by     map[string]bool
	}{
		{"429", busy, map[string]bool{"plain-retry": true}},
		{"500", broken, map[string]bool{"plain-retry": true}},
		{"504", booked504, map[string]bool{"plain-retry": true, "redis-lock": true}},
		{"no answer", bookedReset, map[string]bool{"plain-retry": true, "redis-lock": true}},
		{"half an answer", bookedCutOff, map[string]bool{"plain-retry": true, "redis-lock": true}},
		{"refused connection", unreachable, map[string]bool{"plain-retry": true, "redis-lock": true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, a rivals.Algorithm) {
				w := newWorld(t, c.answer)
				err := w.receive(a)
				if again := len(w.calls) == 2; again != c.by[a.Name] || (err == nil) != again {
					t.Errorf("%d calls, error %v", len(w.calls), err)
				}
			})
		})
	}
}

func TestShown(t *testing.T) {
	for name, item := range map[string]map[string]types.AttributeValue{
		"nothing of no record":             nil,
		"nothing of one in progress":       {"status": &types.AttributeValueMemberS{Value: "INPROGRESS"}},
		"nothing of one it can't read":     {"data": &types.AttributeValueMemberS{Value: "{"}},
		"nothing of another kind of value": {"data": &types.AttributeValueMemberN{Value: "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			if n, failed := rivals.Shown(item); n != "" || failed {
				t.Errorf("%q, %v", n, failed)
			}
		})
	}
}

func algorithm(t *testing.T, name string) rivals.Algorithm {
	t.Helper()
	for _, a := range rivals.All() {
		if a.Name == name {
			return a
		}
	}
	t.Fatal(errors.New("no algorithm " + name))
	return rivals.Algorithm{}
}
