// Package logins wires the tokens that all workers share.
package logins

import (
	"context"
	"time"

	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/oauth"
	"github.com/fairlead/fairlead/shared/secret"
)

// Keeper hands tokens out.
func Keeper(a *boot.App, box *secret.Box) *oauth.Keeper {
	return &oauth.Keeper{Store: a.Store(), Box: box, Now: time.Now, Sleep: sleep, NewID: boot.NewID, Times: oauth.Times{Lease: a.Times.RefreshLease}}
}

// sleep waits, or returns early with the reason when ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
