package secret_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/secret"
)

// keys is a key service in memory that counts its calls.
type keys struct {
	mu                   sync.Mutex
	plain                map[string][]byte // by tenant and wrapped key
	generated, unwrapped int
	slow                 chan struct{} // when set, calls wait for it
}

func (k *keys) Generate(ctx context.Context, tenant string) ([]byte, []byte, error) {
	if err := k.wait(ctx); err != nil {
		return nil, nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.generated++
	plain, wrapped := make([]byte, 32), make([]byte, 40)
	_, _ = rand.Read(plain)
	_, _ = rand.Read(wrapped)
	if k.plain == nil {
		k.plain = map[string][]byte{}
	}
	k.plain[tenant+string(wrapped)] = plain
	return plain, wrapped, nil
}

func (k *keys) Unwrap(ctx context.Context, tenant string, wrapped []byte) ([]byte, error) {
	if err := k.wait(ctx); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.unwrapped++
	plain, ok := k.plain[tenant+string(wrapped)]
	if !ok {
		return nil, errors.New("no such key for this tenant")
	}
	return plain, nil
}

func (k *keys) wait(ctx context.Context) error {
	if k.slow == nil {
		return nil
	}
	select {
	case <-k.slow:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (k *keys) counts(t *testing.T, generated, unwrapped int) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.generated != generated || k.unwrapped != unwrapped {
		t.Errorf("generated %d and unwrapped %d keys, want %d and %d", k.generated, k.unwrapped, generated, unwrapped)
	}
}

// clock is set by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newClock() *clock { return &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

const plaintext = "client-secret-of-a-shipper"

func seal(t *testing.T, b *secret.Box, tenant, id string) []byte {
	t.Helper()
	sealed, err := b.Seal(t.Context(), tenant, "test", id, []byte(plaintext))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestSeal(t *testing.T) {
	k, c := &keys{}, newClock()
	box := &secret.Box{Keys: k, Now: c.now}
	other := &secret.Box{Keys: k, Now: c.now} // another process
	sealed := seal(t, box, "tn_1", "id")

	t.Run("opens in the same and in another process", func(t *testing.T) {
		for _, b := range []*secret.Box{box, other} {
			got, err := b.Open(t.Context(), "tn_1", "test", "id", sealed)
			if err != nil || string(got) != plaintext {
				t.Errorf("got %q, %v", got, err)
			}
		}
	})
	t.Run("an empty plaintext opens", func(t *testing.T) {
		s, err := box.Seal(t.Context(), "tn_1", "test", "id", nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := box.Open(t.Context(), "tn_1", "test", "id", s); err != nil || len(got) != 0 {
			t.Errorf("got %q, %v", got, err)
		}
	})
	t.Run("does not show the plaintext and never repeats itself", func(t *testing.T) {
		if bytes.Contains(sealed, []byte(plaintext)) {
			t.Error("the plaintext is in it")
		}
		if bytes.Equal(sealed, seal(t, box, "tn_1", "id")) {
			t.Error("the same bytes twice")
		}
	})
	t.Run("begins with a version, the key's length and the wrapped key", func(t *testing.T) {
		if sealed[0] != 1 || binary.BigEndian.Uint16(sealed[1:3]) != 40 || len(sealed) != 3+40+12+len(plaintext)+16 {
			t.Errorf("got %s", hex.EncodeToString(sealed))
		}
	})
}

func TestOpen(t *testing.T) {
	k, c := &keys{}, newClock()
	box := &secret.Box{Keys: k, Now: c.now}
	sealed := seal(t, box, "tn_1", "id")
	refused := func(t *testing.T, tenant, purpose, id string, sealed []byte, wanted error) {
		t.Helper()
		for _, b := range []*secret.Box{box, {Keys: k, Now: c.now}} {
			got, err := b.Open(t.Context(), tenant, purpose, id, sealed)
			if err == nil || got != nil {
				t.Fatal("it opened")
			}
			if wanted != nil && !errors.Is(err, wanted) {
				t.Errorf("got %v, want %v", err, wanted)
			}
			if strings.Contains(err.Error(), plaintext) {
				t.Errorf("the error says too much: %v", err)
			}
		}
	}
	t.Run("another tenant is refused", func(t *testing.T) { refused(t, "tn_2", "test", "id", sealed, nil) })
	t.Run("another purpose is refused", func(t *testing.T) { refused(t, "tn_1", "other", "id", sealed, secret.ErrUnreadable) })
	t.Run("another id is refused", func(t *testing.T) { refused(t, "tn_1", "test", "id2", sealed, secret.ErrUnreadable) })
	t.Run("parts shifted between purpose and id are refused", func(t *testing.T) {
		refused(t, "tn_1", "testi", "d", sealed, secret.ErrUnreadable)
		refused(t, "tn_1", "", "testid", sealed, secret.ErrUnreadable)
	})
	t.Run("a change of any byte is refused", func(t *testing.T) {
		for i := range sealed {
			changed := bytes.Clone(sealed)
			changed[i] ^= 1
			refused(t, "tn_1", "test", "id", changed, nil)
		}
	})
	t.Run("anything shorter is refused", func(t *testing.T) {
		for n := range sealed {
			refused(t, "tn_1", "test", "id", sealed[:n], nil)
		}
	})
	t.Run("a newer format is refused and says so", func(t *testing.T) {
		newer := bytes.Clone(sealed)
		newer[0] = 2
		if _, err := box.Open(t.Context(), "tn_1", "test", "id", newer); err == nil || !strings.Contains(err.Error(), "newer") {
			t.Errorf("got %v", err)
		}
	})
}

func TestKeys(t *testing.T) {
	open := func(t *testing.T, b *secret.Box, tenant string, sealed []byte) {
		t.Helper()
		if _, err := b.Open(t.Context(), tenant, "test", "id", sealed); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("one data key seals for a tenant for five minutes, and opens what it sealed", func(t *testing.T) {
		k, c := &keys{}, newClock()
		box := &secret.Box{Keys: k, Now: c.now}
		first := seal(t, box, "tn_1", "id")
		c.pass(5*time.Minute - 1)
		open(t, box, "tn_1", seal(t, box, "tn_1", "id"))
		open(t, box, "tn_1", first)
		k.counts(t, 1, 0)
		seal(t, box, "tn_2", "id")
		k.counts(t, 2, 0)
		c.pass(1)
		seal(t, box, "tn_1", "id")
		k.counts(t, 3, 0)
		open(t, box, "tn_1", first)
		k.counts(t, 3, 1)
	})
	t.Run("another process unwraps once for five minutes", func(t *testing.T) {
		k, c := &keys{}, newClock()
		sealed := seal(t, &secret.Box{Keys: k, Now: c.now}, "tn_1", "id")
		box := &secret.Box{Keys: k, Now: c.now}
		for range 3 {
			open(t, box, "tn_1", sealed)
		}
		k.counts(t, 1, 1)
		c.pass(5 * time.Minute)
		open(t, box, "tn_1", sealed)
		k.counts(t, 1, 2)
	})
	t.Run("a key in memory does not open for another tenant", func(t *testing.T) {
		k, c := &keys{}, newClock()
		box := &secret.Box{Keys: k, Now: c.now}
		sealed := seal(t, box, "tn_1", "id")
		if _, err := box.Open(t.Context(), "tn_2", "test", "id", sealed); err == nil {
			t.Error("it opened")
		}
		k.counts(t, 1, 1) // the key service was asked on behalf of the other tenant, and said no
	})
	t.Run("many at once share one call", func(t *testing.T) {
		k, c := &keys{slow: make(chan struct{})}, newClock()
		box := &secret.Box{Keys: k, Now: c.now}
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() { seal(t, box, "tn_1", "id") })
		}
		close(k.slow)
		group.Wait()
		k.counts(t, 1, 0)
	})
	t.Run("one who gives up does not spoil it for the rest", func(t *testing.T) {
		k, c := &keys{slow: make(chan struct{})}, newClock()
		box := &secret.Box{Keys: k, Now: c.now}
		gone, cancel := context.WithCancel(t.Context())
		failed, sealed := make(chan error), make(chan error)
		go func() {
			_, err := box.Seal(gone, "tn_1", "test", "id", nil)
			failed <- err
		}()
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		go func() {
			_, err := box.Seal(context.Background(), "tn_1", "test", "id", nil)
			sealed <- err
		}()
		close(k.slow)
		if err := <-sealed; err != nil {
			t.Error(err)
		}
		k.counts(t, 1, 0)
	})
	t.Run("memory is bounded", func(t *testing.T) {
		k, c := &keys{}, newClock()
		box := &secret.Box{Keys: k, Now: c.now}
		for i := range 1001 {
			seal(t, box, fmt.Sprintf("tn_%d", i), "id")
		}
		seal(t, box, "tn_1000", "id")
		k.counts(t, 1001, 0)
		seal(t, box, "tn_0", "id") // dropped to make room
		k.counts(t, 1002, 0)
	})
	t.Run("a failure is not kept", func(t *testing.T) {
		k, c := &keys{}, newClock()
		box := &secret.Box{Keys: k, Now: c.now}
		sealed := seal(t, box, "tn_1", "id")
		away := &keys{}
		elsewhere := &secret.Box{Keys: away, Now: c.now}
		if _, err := elsewhere.Open(t.Context(), "tn_1", "test", "id", sealed); err == nil {
			t.Fatal("it opened")
		}
		away.plain = k.plain
		open(t, elsewhere, "tn_1", sealed)
	})
}
