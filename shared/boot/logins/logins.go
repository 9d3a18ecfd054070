// Package logins wires the tokens that all workers share.
package logins

import (
	"context"
	"errors"
	"time"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/oauth"
	"github.com/fairlead/fairlead/shared/secret"
)

// Tokens hands out the token that all workers share. It makes the process forget an account whose credentials have been
// replaced: whoever tries again gets the new ones at once, not after the minute for which accounts are kept.
type Tokens struct {
	keeper   *oauth.Keeper
	accounts *account.Service
}

// Keeper are the tokens of accounts that the process keeps in accounts.
func Keeper(a *boot.App, box *secret.Box, accounts *account.Service) Tokens {
	return Tokens{&oauth.Keeper{Store: a.Store(), Box: box, Now: time.Now, Sleep: Sleep, NewID: boot.NewID, Times: oauth.Times{Lease: a.Times.RefreshLease}}, accounts}
}

// Token returns a token that is good for a while yet.
func (t Tokens) Token(ctx context.Context, acct carrier.Account, c carrier.Carrier) (carrier.Token, error) {
	token, err := t.keeper.Token(ctx, acct, c)
	return token, t.noted(acct, err)
}

// Refresh returns a token newer than stale, which the carrier refused.
func (t Tokens) Refresh(ctx context.Context, acct carrier.Account, c carrier.Carrier, stale carrier.Token) (carrier.Token, error) {
	token, err := t.keeper.Refresh(ctx, acct, c, stale)
	return token, t.noted(acct, err)
}

func (t Tokens) noted(acct carrier.Account, err error) error {
	if errors.Is(err, oauth.ErrReplaced) {
		t.accounts.Forget(acct.Tenant, acct.ID)
	}
	return err
}

// Sleep waits, or returns early with the reason when ctx ends.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
