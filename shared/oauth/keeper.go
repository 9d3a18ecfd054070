package oauth

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/obs"
)

// cacheSize bounds how many tokens one process keeps.
const cacheSize = 1000

// purpose binds a sealed token to its use.
const purpose = "carrier-token"

// Keeper hands out tokens. It is safe for concurrent use and must not be copied once used.
type Keeper struct {
	Store Store
	Box   Box
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error // returns early, with the reason, when ctx ends
	NewID func() string                                    // unique among all workers: owners of leases
	Times Times

	flights singleflight.Group
	mu      sync.Mutex
	tokens  map[string]carrier.Token
}

// Token returns a token that is good for a while yet: from memory, from the database, or by logging in.
// *carrier.LoginRefused passes through as the carrier gave it; ErrBusy means that another worker is at it and
// was slower than ctx allows; ErrReplaced that acct is not the account any more.
func (k *Keeper) Token(ctx context.Context, acct carrier.Account, c carrier.Carrier) (carrier.Token, error) {
	return k.after(ctx, acct, c, Floor(acct.Revision))
}

// Refresh returns a token newer than stale, which the carrier refused. Of all workers that saw the same token
// refused one logs in; the rest get what it got. Its errors are those of Token.
func (k *Keeper) Refresh(ctx context.Context, acct carrier.Account, c carrier.Carrier, stale carrier.Token) (carrier.Token, error) {
	return k.after(ctx, acct, c, max(stale.Generation, Floor(acct.Revision)))
}

// after returns a good token of a generation higher than old.
func (k *Keeper) after(ctx context.Context, acct carrier.Account, c carrier.Carrier, old int64) (carrier.Token, error) {
	id := acct.Tenant + "\x00" + acct.ID + "\x00" + strconv.FormatInt(acct.Revision, 10)
	for {
		if t, ok := k.cached(id); ok && t.Generation > old && k.good(t.Expires) {
			return t, nil
		}
		t, err := k.shared(ctx, id, acct, c, old)
		if err != nil || t.Generation > old {
			return t, err
		}
		// We joined a search that began before we knew that this token is refused: search again.
	}
}

// shared makes sure that one goroutine of a process looks for a token at a time. The search goes on when the
// caller who began it gives up: others wait for it, and what it finds is good for the next one.
func (k *Keeper) shared(ctx context.Context, id string, acct carrier.Account, c carrier.Carrier, old int64) (carrier.Token, error) {
	if err := ctx.Err(); err != nil {
		return carrier.Token{}, busy(acct, err)
	}
	result := k.flights.DoChan(id, func() (got any, err error) {
		defer func() { // it runs in a goroutine of its own, where a panic would end the process and the batch with it
			if p := recover(); p != nil {
				got, err = carrier.Token{}, fmt.Errorf("panic while logging in: %v", p)
			}
		}()
		detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*k.Times.orStandard().Lease)
		defer cancel()
		t, err := k.search(detached, acct, c, old)
		if err == nil {
			k.keep(id, t)
		}
		return t, err
	})
	select {
	case r := <-result:
		return r.Val.(carrier.Token), r.Err
	case <-ctx.Done():
		return carrier.Token{}, busy(acct, context.Cause(ctx))
	}
}

// search reads the record until it holds what we look for, or the lease is ours to fetch it.
func (k *Keeper) search(ctx context.Context, acct carrier.Account, c carrier.Carrier, old int64) (carrier.Token, error) {
	times := k.Times.orStandard()
	first, wait := int64(-1), times.Poll
	for {
		r, err := k.Store.Token(ctx, acct.Tenant, acct.ID)
		if err != nil {
			return carrier.Token{}, k.failed(ctx, acct, err)
		}
		if first < 0 {
			first = r.Generation
		}
		if k.serves(r, old, first) {
			return k.open(ctx, acct, r)
		}
		t, done, err := k.attempt(ctx, acct, c, old, first)
		if err != nil || done {
			return t, k.failed(ctx, acct, err)
		}
		if err := k.Sleep(ctx, wait); err != nil {
			return carrier.Token{}, busy(acct, err)
		}
		wait = min(2*wait, 20*times.Poll)
	}
}

// attempt logs in if nobody else does. Not done means that somebody else has the lease, or had it and was faster.
func (k *Keeper) attempt(ctx context.Context, acct carrier.Account, c carrier.Carrier, old, first int64) (t carrier.Token, done bool, err error) {
	owner, lease := k.NewID(), k.Times.orStandard().Lease
	ours, err := k.Store.AcquireRefresh(ctx, acct.Tenant, acct.ID, owner, k.Now().Add(lease))
	if err != nil || !ours {
		return carrier.Token{}, false, err
	}
	defer func() {
		// Also when ctx has ended: nobody shall wait for a lease that nobody uses. If it can't be released it ends by itself.
		release, cancel := context.WithTimeout(context.WithoutCancel(ctx), lease/4)
		defer cancel()
		_ = k.Store.ReleaseRefresh(release, acct.Tenant, acct.ID, owner)
	}()
	// The lease is worth nothing for what was read before it: the last owner may just have saved a token.
	r, err := k.Store.Token(ctx, acct.Tenant, acct.ID)
	if err != nil {
		return carrier.Token{}, false, err
	}
	if k.serves(r, old, first) {
		t, err = k.open(ctx, acct, r)
		return t, err == nil, err
	}
	if r.Generation >= Floor(acct.Revision+1) { // to log in with what has been replaced would be no use, or undo it
		return carrier.Token{}, false, fmt.Errorf("%w: account %s", ErrReplaced, acct.ID)
	}
	within, cancel := context.WithTimeout(ctx, lease*9/10)
	defer cancel()
	t, err = k.login(within, acct, c, max(r.Generation, old)+1)
	if errors.Is(err, ErrSuperseded) {
		return carrier.Token{}, false, nil // our lease ran out, and its next owner was faster
	}
	return t, err == nil, err
}

// login fetches a token and saves it before anybody uses it: a token only this process knows would be refreshed
// again by all others.
func (k *Keeper) login(ctx context.Context, acct carrier.Account, c carrier.Carrier, generation int64) (carrier.Token, error) {
	t, err := c.Login(ctx, acct)
	measure(ctx, acct.Carrier, err)
	if err != nil {
		return carrier.Token{}, err // as the carrier gave it
	}
	t.Generation = generation
	sealed, err := k.Box.Seal(ctx, acct.Tenant, purpose, sealedID(acct, generation), []byte(t.Value))
	if err != nil {
		return carrier.Token{}, fmt.Errorf("sealing the token of %s: %w", acct.ID, err)
	}
	r := Record{Generation: generation, Expires: t.Expires, Sealed: sealed}
	if err := k.Store.SaveToken(ctx, acct.Tenant, acct.ID, r); err != nil {
		return carrier.Token{}, err
	}
	return t, nil
}

func measure(ctx context.Context, name string, err error) {
	obs.Measure(ctx, obs.Logins, 1, name)
	if _, refused := errors.AsType[*carrier.LoginRefused](err); refused {
		obs.Measure(ctx, obs.LoginsRefused, 1, name)
	} else if err != nil {
		obs.Measure(ctx, obs.LoginsFailed, 1, name)
	}
}

func (k *Keeper) open(ctx context.Context, acct carrier.Account, r Record) (carrier.Token, error) {
	value, err := k.Box.Open(ctx, acct.Tenant, purpose, sealedID(acct, r.Generation), r.Sealed)
	if err != nil {
		return carrier.Token{}, fmt.Errorf("opening the token of %s: %w", acct.ID, err)
	}
	return carrier.Token{Value: string(value), Expires: r.Expires, Generation: r.Generation}, nil
}

// serves tells whether a record is newer than old and good. One that appeared while we were waiting need not have
// the margin left: of a carrier whose tokens live shorter than that, no other will come.
func (k *Keeper) serves(r Record, old, first int64) bool {
	if len(r.Sealed) == 0 || r.Generation <= old {
		return false
	}
	return k.good(r.Expires) || (r.Generation > first && k.Now().Before(r.Expires))
}

// good tells whether a token that expires then may be used now.
func (k *Keeper) good(expires time.Time) bool {
	return expires.IsZero() || k.Now().Add(k.Times.orStandard().Margin).Before(expires)
}

// failed names what went wrong. When it is only that the time was up, somebody else may still succeed.
func (k *Keeper) failed(ctx context.Context, acct carrier.Account, err error) error {
	if _, refused := errors.AsType[*carrier.LoginRefused](err); err == nil || refused || ctx.Err() == nil {
		return err
	}
	return busy(acct, err)
}

func (k *Keeper) cached(id string) (carrier.Token, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	t, ok := k.tokens[id]
	return t, ok
}

// keep remembers a token unless a newer good one is known: a slow reader must not bring a refused one back.
func (k *Keeper) keep(id string, t carrier.Token) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if known, ok := k.tokens[id]; ok && known.Generation >= t.Generation && k.good(known.Expires) {
		return
	}
	if k.tokens == nil || len(k.tokens) >= cacheSize {
		k.tokens = map[string]carrier.Token{} // all can be read again; an order to evict by would cost more
	}
	k.tokens[id] = t
}

// sealedID binds a sealed token to its account and generation, so that no old one can stand in for a new one.
func sealedID(acct carrier.Account, generation int64) string {
	return acct.ID + "#" + strconv.FormatInt(generation, 10)
}

func busy(acct carrier.Account, why error) error {
	return fmt.Errorf("%w: account %s: %w", ErrBusy, acct.ID, why)
}
