package rivals_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/sim/rivals"
)

var errLost = errors.New("answer lost")

func TestRedis(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	server := rivals.NewRedis(func() time.Time { return now })
	c := rivals.Client{Server: server}
	set := func(token string, want bool) {
		t.Helper()
		got, err := c.SetNX(t.Context(), "k", token, 30*time.Second)
		if err != nil || got != want {
			t.Errorf("SetNX by %s: %v, %v, want %v", token, got, err, want)
		}
	}
	release := func(token string) {
		t.Helper()
		if err := c.CompareAndDelete(t.Context(), "k", token); err != nil {
			t.Error(err)
		}
	}
	set("a", true)
	set("a", false)
	release("b")
	set("b", false)
	release("a")
	set("b", true)
	now = now.Add(30*time.Second - time.Millisecond)
	set("c", false)
	now = now.Add(time.Millisecond)
	set("c", true)
	release("b") // its lock is another's by now
	set("d", false)
}

func TestRedisHooks(t *testing.T) {
	server := rivals.NewRedis(time.Now)
	whole := rivals.Client{Server: server}
	t.Run("before: nothing is done", func(t *testing.T) {
		c := rivals.Client{Server: server, Before: func(context.Context, rivals.Command) error { return errLost }}
		if set, err := c.SetNX(t.Context(), "before", "a", time.Minute); set || !errors.Is(err, errLost) {
			t.Errorf("%v, %v", set, err)
		}
		if set, _ := whole.SetNX(t.Context(), "before", "b", time.Minute); !set {
			t.Error("it was set")
		}
	})
	t.Run("after: it is done and not acknowledged", func(t *testing.T) {
		var seen rivals.Command
		c := rivals.Client{Server: server, After: func(_ context.Context, c rivals.Command) error { seen = c; return errLost }}
		if set, err := c.SetNX(t.Context(), "after", "a", time.Minute); set || !errors.Is(err, errLost) {
			t.Errorf("%v, %v", set, err)
		}
		if want := (rivals.Command{Name: "SetNX", Key: "after", Token: "a"}); seen != want {
			t.Errorf("hook saw %v, want %v", seen, want)
		}
		if set, _ := whole.SetNX(t.Context(), "after", "b", time.Minute); set {
			t.Error("it was not set")
		}
	})
	t.Run("a context that has ended does nothing", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := whole.SetNX(ctx, "ended", "a", time.Minute); err == nil {
			t.Error("no error")
		}
	})
}
