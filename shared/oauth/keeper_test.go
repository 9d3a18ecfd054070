package oauth_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/oauth"
)

func TestToken(t *testing.T) {
	t.Run("of many workers in many processes one logs in, and all get its token", func(t *testing.T) {
		w := newWorld(t)
		w.carrier.before = func(ctx context.Context, _ int64) error { return sleep(ctx, 30*time.Millisecond) }
		got := storm(t, w.processes(8), 50, func(k *oauth.Keeper) (carrier.Token, error) {
			return k.Token(t.Context(), acct, w.carrier)
		})
		w.logins(1)
		if len(got) != 1 {
			t.Errorf("tokens: %v", got)
		}
		for tok, n := range got {
			if tok.Value != "token-1" || tok.Generation != 1 || n != 400 {
				t.Errorf("%d got %+v", n, tok)
			}
		}
	})
	t.Run("is kept in memory, and read by a new process, until its last minute", func(t *testing.T) {
		w := newWorld(t)
		a, b := w.process(), w.process()
		w.token(a)
		w.pass(w.carrier.life - time.Minute - time.Millisecond)
		if w.token(a).Generation != 1 || w.token(b).Generation != 1 {
			t.Error("another token before its time")
		}
		w.logins(1)
		w.pass(time.Millisecond)
		if tok := w.token(a); tok.Generation != 2 || tok.Value != "token-2" {
			t.Errorf("got %+v", tok)
		}
		if w.token(b).Generation != 2 {
			t.Error("the other process kept an old one")
		}
		w.logins(2)
	})
	t.Run("in memory costs no read", func(t *testing.T) {
		w := newWorld(t)
		reads := &countReads{Store: w.store}
		k := w.process()
		k.Store = reads
		for range 5 {
			w.token(k)
		}
		if n := reads.n.Load(); n != 2 { // before and under the lease
			t.Errorf("%d reads", n)
		}
		fresh := w.process()
		fresh.Store = reads
		for range 5 {
			w.token(fresh)
		}
		if n := reads.n.Load(); n != 3 {
			t.Errorf("a new process read %d times", n-2)
		}
	})
	t.Run("that lives shorter than the margin serves those who waited for it", func(t *testing.T) {
		w := newWorld(t)
		w.carrier.life = 30 * time.Second
		w.carrier.before = func(ctx context.Context, _ int64) error { return sleep(ctx, 100*time.Millisecond) }
		got := storm(t, w.processes(4), 5, func(k *oauth.Keeper) (carrier.Token, error) {
			return k.Token(t.Context(), acct, w.carrier)
		})
		w.logins(1)
		if len(got) != 1 {
			t.Errorf("tokens: %v", got)
		}
	})
	t.Run("of another account is another", func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		other, third := acct, acct
		other.ID, third.Tenant = "ca_2", "tn_2"
		one := w.token(k)
		for _, a := range []carrier.Account{other, third} {
			tok, err := k.Token(t.Context(), a, w.carrier)
			if err != nil || tok.Value == one.Value {
				t.Errorf("got %+v, %v", tok, err)
			}
		}
		w.logins(3)
	})
	t.Run("is not in the database as it is", func(t *testing.T) {
		w := newWorld(t)
		w.token(w.process())
		r, err := w.store.Token(t.Context(), acct.Tenant, acct.ID)
		if err != nil || r.Generation != 1 || string(r.Sealed) == "token-1" || len(r.Sealed) < 50 {
			t.Errorf("got %+v, %v", r, err)
		}
	})
}

func TestRefresh(t *testing.T) {
	t.Run("of many workers that saw one token refused one logs in, and all get its token", func(t *testing.T) {
		w := newWorld(t)
		processes := w.processes(8)
		stale := w.token(processes[0])
		for _, k := range processes {
			w.token(k)
		}
		w.carrier.before = func(ctx context.Context, _ int64) error { return sleep(ctx, 30*time.Millisecond) }
		got := storm(t, processes, 50, func(k *oauth.Keeper) (carrier.Token, error) {
			return k.Refresh(t.Context(), acct, w.carrier, stale)
		})
		w.logins(2)
		if len(got) != 1 {
			t.Errorf("tokens: %v", got)
		}
		for tok := range got {
			if tok.Value != "token-2" || tok.Generation != 2 {
				t.Errorf("got %+v", tok)
			}
		}
		for _, k := range processes {
			if tok := w.token(k); tok.Generation != 2 {
				t.Errorf("a process went back to generation %d", tok.Generation)
			}
		}
		w.logins(2)
	})
	t.Run("among workers that only ask for a token never brings the refused one back", func(t *testing.T) {
		w := newWorld(t)
		processes := w.processes(4)
		stale := w.token(processes[0])
		var both atomic.Int64
		got := storm(t, processes, 20, func(k *oauth.Keeper) (carrier.Token, error) {
			if both.Add(1)%2 == 0 {
				_, err := k.Token(t.Context(), acct, w.carrier)
				if err != nil {
					return carrier.Token{}, err
				}
			}
			return k.Refresh(t.Context(), acct, w.carrier, stale)
		})
		w.logins(2)
		if len(got) != 1 {
			t.Errorf("tokens: %v", got)
		}
	})
	t.Run("of a token that has been replaced logs in nowhere", func(t *testing.T) {
		w := newWorld(t)
		a, b := w.process(), w.process()
		stale := w.token(a)
		w.token(b)
		if _, err := a.Refresh(t.Context(), acct, w.carrier, stale); err != nil {
			t.Fatal(err)
		}
		for _, k := range []*oauth.Keeper{a, b} {
			tok, err := k.Refresh(t.Context(), acct, w.carrier, stale)
			if err != nil || tok.Generation != 2 {
				t.Errorf("got %+v, %v", tok, err)
			}
		}
		w.logins(2)
	})
}
