package obs

import (
	"context"
	"sync/atomic"
	"time"
)

// waitKey finds the clock in a context.
type waitKey struct{}

// Waiting gives a unit of work a clock of what it waits for other services; waited reads it.
func Waiting(ctx context.Context) (_ context.Context, waited func() time.Duration) {
	clock := new(atomic.Int64)
	return context.WithValue(ctx, waitKey{}, clock), func() time.Duration { return time.Duration(clock.Load()) }
}

// Waited adds to the clock of the unit of work, if it has one. Of calls side by side each counts by itself.
func Waited(ctx context.Context, d time.Duration) {
	if clock, ok := ctx.Value(waitKey{}).(*atomic.Int64); ok {
		clock.Add(int64(d))
	}
}
