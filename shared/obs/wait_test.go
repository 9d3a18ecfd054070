package obs

import (
	"context"
	"testing"
	"time"
)

func TestWaiting(t *testing.T) {
	t.Run("waits add up in their own unit of work", func(t *testing.T) {
		one, first := Waiting(t.Context())
		other, second := Waiting(one)
		Waited(one, 2*time.Millisecond)
		Waited(context.WithoutCancel(one), 3*time.Millisecond)
		Waited(other, 7*time.Millisecond)
		if first() != 5*time.Millisecond || second() != 7*time.Millisecond {
			t.Errorf("waited %v and %v", first(), second())
		}
	})
	t.Run("outside of a unit of work nothing is counted", func(t *testing.T) {
		Waited(t.Context(), time.Second)
	})
}
