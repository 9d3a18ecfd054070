package oauth_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/oauth"
	"github.com/fairlead/fairlead/shared/secret"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

// logins is a carrier that can only log in. It counts, and what it gives away says which login it was.
type logins struct {
	carrier.Carrier
	now    func() time.Time
	life   time.Duration
	count  atomic.Int64
	before func(ctx context.Context, n int64) error // called in login n before it answers
}

func (l *logins) Login(ctx context.Context, _ carrier.Account) (carrier.Token, error) {
	n := l.count.Add(1)
	if l.before != nil {
		if err := l.before(ctx, n); err != nil {
			return carrier.Token{}, err
		}
	}
	return carrier.Token{Value: fmt.Sprintf("token-%d", n), Expires: l.now().Add(l.life)}, nil
}

// world is one database, one clock, one carrier and any number of processes.
type world struct {
	t       *testing.T
	store   *dynamo.Store
	keys    *keys
	mu      sync.Mutex
	at      time.Time
	carrier *logins
	times   oauth.Times
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, store: dynamotest.New(t), keys: &keys{}, at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	w.store.Now = w.now
	w.carrier = &logins{now: w.now, life: 4 * time.Hour}
	w.times = oauth.Times{Poll: time.Millisecond}
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

// process is a Keeper with a memory of its own.
func (w *world) process() *oauth.Keeper {
	return &oauth.Keeper{Store: w.store, Box: &secret.Box{Keys: w.keys, Now: w.now}, Now: w.now, Sleep: sleep, NewID: rand.Text, Times: w.times}
}

func (w *world) processes(n int) []*oauth.Keeper {
	var out []*oauth.Keeper
	for range n {
		out = append(out, w.process())
	}
	return out
}

func (w *world) token(k *oauth.Keeper) carrier.Token {
	w.t.Helper()
	tok, err := k.Token(w.t.Context(), acct, w.carrier)
	if err != nil {
		w.t.Fatal(err)
	}
	return tok
}

func (w *world) logins(want int64) {
	w.t.Helper()
	if got := w.carrier.count.Load(); got != want {
		w.t.Errorf("%d logins, want %d", got, want)
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

var acct = carrier.Account{ID: "ca_1", Tenant: "tn_1", Mode: ship.Test, Carrier: "fake"}

// storm calls ask in n goroutines for each process at once and returns the tokens they got.
func storm(t *testing.T, processes []*oauth.Keeper, n int, ask func(k *oauth.Keeper) (carrier.Token, error)) map[carrier.Token]int {
	t.Helper()
	got := map[carrier.Token]int{}
	var mu sync.Mutex
	var group sync.WaitGroup
	start := make(chan struct{})
	for _, k := range processes {
		for range n {
			group.Go(func() {
				<-start
				tok, err := ask(k)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				got[tok]++
			})
		}
	}
	close(start)
	group.Wait()
	return got
}

type countReads struct {
	oauth.Store
	n atomic.Int64
}

func (c *countReads) Token(ctx context.Context, tenant, account string) (oauth.Record, error) {
	c.n.Add(1)
	return c.Store.Token(ctx, tenant, account)
}

type unsaved struct{ oauth.Store }

func (unsaved) SaveToken(context.Context, string, string, oauth.Record) error {
	return errors.New("the database is away")
}

// keys is a key service in memory.
type keys struct {
	mu    sync.Mutex
	plain map[string][]byte
}

func (k *keys) Generate(_ context.Context, tenant string) ([]byte, []byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	plain, name := make([]byte, 32), rand.Text()
	_, _ = rand.Read(plain)
	if k.plain == nil {
		k.plain = map[string][]byte{}
	}
	k.plain[tenant+name] = plain
	return plain, []byte(name), nil
}

func (k *keys) Unwrap(_ context.Context, tenant string, wrapped []byte) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if plain, ok := k.plain[tenant+string(wrapped)]; ok {
		return plain, nil
	}
	return nil, errors.New("no such key")
}
