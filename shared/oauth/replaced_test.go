package oauth_test

import (
	"context"
	"errors"
	"testing"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/oauth"
	"github.com/fairlead/fairlead/shared/ship"
)

// TestReplaced is about credentials that are replaced or deleted while processes still know the earlier ones.
func TestReplaced(t *testing.T) {
	replace := func(t *testing.T, w *world) carrier.Account {
		t.Helper()
		c, err := w.store.UpdateCarrierAccount(t.Context(), acct.Tenant, ship.Test, acct.ID, account.CarrierChange{Sealed: []byte("new")})
		if err != nil {
			t.Fatal(err)
		}
		now := acct
		now.Revision = c.Revision
		return now
	}
	newWorld := func(t *testing.T) *world {
		w := newWorld(t)
		c := account.Carrier{ID: acct.ID, Mode: ship.Test, Carrier: "fake", Sealed: []byte("old"), CreatedAt: w.now()}
		if err := w.store.PutCarrierAccount(t.Context(), acct.Tenant, c); err != nil {
			t.Fatal(err)
		}
		return w
	}
	token := func(t *testing.T, w *world, k *oauth.Keeper, a carrier.Account) carrier.Token {
		t.Helper()
		tok, err := k.Token(t.Context(), a, w.carrier)
		if err != nil {
			t.Fatal(err)
		}
		return tok
	}
	t.Run("the new ones log in, in the process that has the old token and in others", func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		old := w.token(k)
		now := replace(t, w)
		if got := token(t, w, k, now); got.Value == old.Value || got.Generation <= oauth.Floor(now.Revision) {
			t.Errorf("got %+v", got)
		}
		if got := token(t, w, w.process(), now); got.Value != "token-2" {
			t.Errorf("got %+v", got)
		}
		w.logins(2)
	})
	t.Run("they do so too when the record of the old token was not reached", func(t *testing.T) {
		w := newWorld(t)
		old := w.token(w.process())
		now := acct
		now.Revision = 1
		if got := token(t, w, w.process(), now); got.Value == old.Value {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("who still knows the old ones gets the new token, and never logs in again", func(t *testing.T) {
		w := newWorld(t)
		behind := w.process()
		now := replace(t, w)
		if _, err := behind.Token(t.Context(), acct, w.carrier); !errors.Is(err, oauth.ErrReplaced) {
			t.Fatalf("got %v", err)
		}
		w.logins(0)
		fresh := token(t, w, w.process(), now)
		got := token(t, w, behind, acct)
		if got != fresh {
			t.Errorf("got %+v, want %+v", got, fresh)
		}
		if _, err := behind.Refresh(t.Context(), acct, w.carrier, got); !errors.Is(err, oauth.ErrReplaced) {
			t.Errorf("refreshing: %v", err)
		}
		w.logins(1)
	})
	t.Run("a login that was under way with the old ones is worth nothing", func(t *testing.T) {
		w := newWorld(t)
		inside, finish := make(chan struct{}), make(chan struct{})
		w.carrier.before = func(_ context.Context, n int64) error {
			if n == 1 {
				close(inside)
				<-finish
			}
			return nil
		}
		got := make(chan error)
		go func() {
			_, err := w.process().Token(t.Context(), acct, w.carrier)
			got <- err
		}()
		<-inside
		now := replace(t, w)
		close(finish)
		if err := <-got; !errors.Is(err, oauth.ErrReplaced) {
			t.Errorf("got %v", err)
		}
		if tok := token(t, w, w.process(), now); tok.Value != "token-2" {
			t.Errorf("got %+v", tok)
		}
	})
	t.Run("of a deleted account nobody logs in", func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		w.token(k)
		if err := w.store.DeleteCarrierAccount(t.Context(), acct.Tenant, ship.Test, acct.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.process().Token(t.Context(), acct, w.carrier); !errors.Is(err, oauth.ErrReplaced) {
			t.Errorf("got %v", err)
		}
		w.logins(1)
	})
	t.Run("revisions do not share generations", func(t *testing.T) {
		if oauth.Floor(0) != 0 || oauth.Floor(1) <= 1<<31 || oauth.Floor(oauth.LastRevision) <= oauth.Floor(oauth.LastRevision-1) || oauth.Floor(oauth.LastRevision) < 0 {
			t.Error("they overlap")
		}
	})
}
