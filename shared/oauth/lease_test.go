package oauth_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/oauth"
	"github.com/fairlead/fairlead/shared/secret"
)

// TestHolder is about a worker that has the lease.
func TestHolder(t *testing.T) {
	t.Run("that dies is followed by another when its lease is over, not before", func(t *testing.T) {
		w := newWorld(t)
		dead, err := w.store.AcquireRefresh(t.Context(), acct.Tenant, acct.ID, "dead", w.now().Add(10*time.Second))
		if err != nil || !dead {
			t.Fatal(dead, err)
		}
		k, polled := w.process(), make(chan struct{}, 1000)
		k.Sleep = func(ctx context.Context, d time.Duration) error {
			polled <- struct{}{}
			return sleep(ctx, time.Millisecond)
		}
		got := make(chan error)
		go func() {
			_, err := k.Token(t.Context(), acct, w.carrier)
			got <- err
		}()
		polls := func(n int) {
			for range n {
				select {
				case <-polled:
				case err := <-got:
					t.Errorf("it ended early: %v", err)
				}
			}
		}
		polls(3)
		w.pass(10*time.Second - time.Millisecond)
		polls(3)
		w.logins(0)
		w.pass(time.Millisecond)
		if err := <-got; err != nil {
			t.Fatal(err)
		}
		w.logins(1)
	})
	t.Run("is waited for as long as the caller can, who then hears busy", func(t *testing.T) {
		w := newWorld(t)
		if ok, err := w.store.AcquireRefresh(t.Context(), acct.Tenant, acct.ID, "slow", w.now().Add(10*time.Second)); err != nil || !ok {
			t.Fatal(ok, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := w.process().Token(ctx, acct, w.carrier)
		if !errors.Is(err, oauth.ErrBusy) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		w.logins(0)
	})
	t.Run("that never finishes is given up after two leases also by a patient caller", func(t *testing.T) {
		w := newWorld(t)
		w.times.Lease = 20 * time.Millisecond // by the real clock; the lease in the database is by the other, which stands still
		if ok, err := w.store.AcquireRefresh(t.Context(), acct.Tenant, acct.ID, "slow", w.now().Add(time.Hour)); err != nil || !ok {
			t.Fatal(ok, err)
		}
		if _, err := w.process().Token(t.Context(), acct, w.carrier); !errors.Is(err, oauth.ErrBusy) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("whose caller gave up finishes for the others", func(t *testing.T) {
		w := newWorld(t)
		inside, finish := make(chan struct{}), make(chan struct{})
		w.carrier.before = func(context.Context, int64) error {
			close(inside)
			<-finish
			return nil
		}
		k := w.process()
		ctx, cancel := context.WithCancel(t.Context())
		gave, got := make(chan error), make(chan error)
		go func() {
			_, err := k.Token(ctx, acct, w.carrier)
			gave <- err
		}()
		<-inside
		cancel()
		if err := <-gave; !errors.Is(err, oauth.ErrBusy) {
			t.Errorf("got %v", err)
		}
		go func() {
			_, err := k.Token(t.Context(), acct, w.carrier)
			got <- err
		}()
		close(finish)
		if err := <-got; err != nil {
			t.Error(err)
		}
		w.logins(1)
	})
	t.Run("that was slower than its lease uses the token of the next one", func(t *testing.T) {
		w := newWorld(t)
		fast := w.process()
		w.carrier.before = func(ctx context.Context, n int64) error {
			if n > 1 {
				return nil
			}
			w.pass(11 * time.Second) // asleep past its lease
			tok, err := fast.Token(ctx, acct, w.carrier)
			if tok.Value != "token-2" {
				t.Errorf("the next one got %+v", tok)
			}
			return err
		}
		if tok := w.token(w.process()); tok.Value != "token-2" || tok.Generation != 1 {
			t.Errorf("got %+v", tok)
		}
		w.logins(2)
	})
	t.Run("leaves no lease behind", func(t *testing.T) {
		w := newWorld(t)
		w.token(w.process())
		if ok, err := w.store.AcquireRefresh(t.Context(), acct.Tenant, acct.ID, "next", w.now().Add(time.Second)); err != nil || !ok {
			t.Error(ok, err)
		}
	})
}

func TestFailure(t *testing.T) {
	t.Run("a refused login comes through as it is, is not kept, and leaves no lease behind", func(t *testing.T) {
		w := newWorld(t)
		refused := &carrier.LoginRefused{Code: "10401", Message: "invalid client"}
		w.carrier.before = func(_ context.Context, n int64) error {
			if n == 1 {
				return refused
			}
			return nil
		}
		k := w.process()
		_, err := k.Token(t.Context(), acct, w.carrier)
		if got, ok := errors.AsType[*carrier.LoginRefused](err); !ok || got != refused || err != error(refused) {
			t.Errorf("got %v", err)
		}
		if tok := w.token(k); tok.Value != "token-2" || tok.Generation != 1 {
			t.Errorf("got %+v", tok)
		}
	})
	t.Run("a refused login is one login for all who wait in a process", func(t *testing.T) {
		w := newWorld(t)
		inside, finish := make(chan struct{}), make(chan struct{})
		w.carrier.before = func(context.Context, int64) error {
			close(inside) // a second login would panic
			<-finish
			return &carrier.LoginRefused{Code: "x"}
		}
		k := w.process()
		results := make(chan error)
		ask := func() {
			_, err := k.Token(t.Context(), acct, w.carrier)
			results <- err
		}
		go ask()
		<-inside
		for range 9 {
			go ask()
		}
		// The others have joined the search, or will ask the next one: after this login the carrier accepts.
		w.carrier.before = nil
		close(finish)
		for range 10 {
			if err := <-results; err != nil {
				if _, ok := errors.AsType[*carrier.LoginRefused](err); !ok {
					t.Error(err)
				}
			}
		}
		if n := w.carrier.count.Load(); n > 2 {
			t.Errorf("%d logins", n)
		}
	})
	t.Run("a login that fails otherwise is told, and the next one tries again", func(t *testing.T) {
		w := newWorld(t)
		down := errors.New("bad gateway")
		w.carrier.before = func(_ context.Context, n int64) error {
			if n == 1 {
				return down
			}
			return nil
		}
		k := w.process()
		if _, err := k.Token(t.Context(), acct, w.carrier); !errors.Is(err, down) {
			t.Errorf("got %v", err)
		}
		w.token(k)
		w.logins(2)
	})
	t.Run("a token that cannot be saved is not used", func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		k.Store = unsaved{w.store}
		if tok, err := k.Token(t.Context(), acct, w.carrier); err == nil {
			t.Errorf("got %+v", tok)
		}
	})
	t.Run("a record sealed for another account does not open", func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		w.token(k)
		r, err := w.store.Token(t.Context(), acct.Tenant, acct.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.store.SaveToken(t.Context(), acct.Tenant, "ca_2", r); err != nil {
			t.Fatal(err)
		}
		other := acct
		other.ID = "ca_2"
		if _, err := k.Token(t.Context(), other, w.carrier); !errors.Is(err, secret.ErrUnreadable) {
			t.Errorf("got %v", err)
		}
	})
}
