// Package secret seals what must not be readable in the database: carrier credentials, tokens, signing secrets.
// It is envelope encryption: a data key of the tenant encrypts, a key service outside wraps the data key. What is
// sealed opens only for the tenant, purpose and id it was sealed for, so that a copied item is worth nothing.
package secret

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// KeySource makes data keys for tenants and wraps them so that only it can unwrap them, for the same tenant.
type KeySource interface {
	// Generate returns a new 256-bit data key, plain and wrapped.
	Generate(ctx context.Context, tenant string) (plain, wrapped []byte, err error)
	// Unwrap returns the plain key of a wrapped one.
	Unwrap(ctx context.Context, tenant string, wrapped []byte) ([]byte, error)
}

// ErrUnreadable means that sealed bytes are damaged or were sealed for another tenant, purpose or id.
var ErrUnreadable = errors.New("secret: it does not open: damaged, or sealed for something else")

const (
	// format is the version byte of what is sealed, also part of the associated data.
	format = 1
	// keepKeys is how long a process keeps a plain data key.
	keepKeys = 5 * time.Minute
	// maxKeys bounds each cache of plain keys.
	maxKeys = 1000
	// fetchWithin bounds one call to the key service; several callers may wait for it.
	fetchWithin = 10 * time.Second
	// head is the version byte and the length of the wrapped key.
	head = 3
	// keySize is that of AES-256, in bytes.
	keySize = 32
)

// Box seals and opens. It is safe for concurrent use and must not be copied once used.
type Box struct {
	Keys KeySource
	Now  func() time.Time

	flights singleflight.Group
	mu      sync.Mutex
	sealing map[string]dataKey // by tenant
	opening map[string]dataKey // by tenant and wrapped key
}

// dataKey is ready for use until a time.
type dataKey struct {
	aead    cipher.AEAD
	wrapped []byte
	until   time.Time
}

// Seal encrypts plaintext for a tenant, a purpose and an id. The result is a version byte, the length of the
// wrapped key (two bytes), the wrapped key, the nonce and the ciphertext.
func (b *Box) Seal(ctx context.Context, tenant, purpose, id string, plaintext []byte) ([]byte, error) {
	key, err := b.sealingKey(ctx, tenant)
	if err != nil {
		return nil, fmt.Errorf("secret: no key to seal with: %w", err)
	}
	out := make([]byte, 0, head+len(key.wrapped)+key.aead.Overhead()+len(plaintext))
	out = append(out, format)
	out = binary.BigEndian.AppendUint16(out, uint16(len(key.wrapped))) // its length was checked when it was made
	out = append(out, key.wrapped...)
	return key.aead.Seal(out, nil, plaintext, associated(tenant, purpose, id)), nil
}

// Open decrypts what Seal made for the same tenant, purpose and id. It returns ErrUnreadable when it was for
// another or has been changed; other errors are the key service's.
func (b *Box) Open(ctx context.Context, tenant, purpose, id string, sealed []byte) ([]byte, error) {
	if len(sealed) < head {
		return nil, ErrUnreadable
	}
	if sealed[0] != format {
		return nil, fmt.Errorf("secret: sealed in format %d, this version knows %d: deploy the newer version", sealed[0], format)
	}
	size := int(binary.BigEndian.Uint16(sealed[1:head]))
	if size == 0 || len(sealed) < head+size {
		return nil, ErrUnreadable
	}
	wrapped, box := sealed[head:head+size], sealed[head+size:]
	key, err := b.openingKey(ctx, tenant, wrapped)
	if err != nil {
		return nil, fmt.Errorf("secret: no key to open with: %w", err)
	}
	plaintext, err := key.aead.Open(nil, nil, box, associated(tenant, purpose, id))
	if err != nil {
		return nil, ErrUnreadable
	}
	return plaintext, nil
}

// associated joins what is bound to the ciphertext, each part with its length, so that no two different triples
// give the same bytes.
func associated(tenant, purpose, id string) []byte {
	out := []byte{format}
	for _, part := range []string{tenant, purpose, id} {
		out = binary.BigEndian.AppendUint32(out, uint32(len(part)))
		out = append(out, part...)
	}
	return out
}

func (b *Box) sealingKey(ctx context.Context, tenant string) (dataKey, error) {
	if k, ok := b.cached(&b.sealing, tenant); ok {
		return k, nil
	}
	return b.fetch(ctx, "seal\x00"+tenant, func(ctx context.Context) (dataKey, error) {
		if k, ok := b.cached(&b.sealing, tenant); ok {
			return k, nil
		}
		plain, wrapped, err := b.Keys.Generate(ctx, tenant)
		if err != nil {
			return dataKey{}, err
		}
		k, err := b.ready(plain, wrapped)
		if err != nil {
			return dataKey{}, err
		}
		b.put(&b.sealing, tenant, k)
		b.put(&b.opening, openingID(tenant, wrapped), k) // what we sealed we can open
		return k, nil
	})
}

func (b *Box) openingKey(ctx context.Context, tenant string, wrapped []byte) (dataKey, error) {
	id := openingID(tenant, wrapped)
	if k, ok := b.cached(&b.opening, id); ok {
		return k, nil
	}
	return b.fetch(ctx, "open\x00"+id, func(ctx context.Context) (dataKey, error) {
		if k, ok := b.cached(&b.opening, id); ok {
			return k, nil
		}
		plain, err := b.Keys.Unwrap(ctx, tenant, wrapped)
		if err != nil {
			return dataKey{}, err
		}
		k, err := b.ready(plain, wrapped)
		if err != nil {
			return dataKey{}, err
		}
		b.put(&b.opening, id, k)
		return k, nil
	})
}

// openingID is unambiguous: a tenant's id holds no zero byte.
func openingID(tenant string, wrapped []byte) string { return tenant + "\x00" + string(wrapped) }

// fetch shares one call to the key service among all who need its answer. It goes on when the caller who began
// it gives up, for the others.
func (b *Box) fetch(ctx context.Context, id string, load func(context.Context) (dataKey, error)) (dataKey, error) {
	result := b.flights.DoChan(id, func() (any, error) {
		detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchWithin)
		defer cancel()
		return load(detached)
	})
	select {
	case r := <-result:
		return r.Val.(dataKey), r.Err
	case <-ctx.Done():
		return dataKey{}, context.Cause(ctx)
	}
}

func (b *Box) ready(plain, wrapped []byte) (dataKey, error) {
	if len(plain) != keySize || len(wrapped) == 0 || len(wrapped) > 1<<16-1 {
		return dataKey{}, fmt.Errorf("the key service gave a key of %d bytes, wrapped in %d", len(plain), len(wrapped))
	}
	block, err := aes.NewCipher(plain)
	if err != nil {
		return dataKey{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return dataKey{aead: aead, wrapped: wrapped, until: b.Now().Add(keepKeys)}, err
}

func (b *Box) cached(in *map[string]dataKey, id string) (dataKey, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k, ok := (*in)[id]
	return k, ok && b.Now().Before(k.until)
}

// put makes room by dropping what is over, and everything when that is not enough: keys can be fetched again.
func (b *Box) put(in *map[string]dataKey, id string, k dataKey) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(*in) >= maxKeys {
		for old, key := range *in {
			if !b.Now().Before(key.until) {
				delete(*in, old)
			}
		}
	}
	if *in == nil || len(*in) >= maxKeys {
		*in = map[string]dataKey{}
	}
	(*in)[id] = k
}
