package account

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/ship"
)

const (
	keyIDBytes     = 10 // 16 characters
	keySecretBytes = 25 // 200 bits, 40 characters
)

// AllScopes are the scopes there are, in the order in which keys have them.
func AllScopes() []string { return []string{api.ScopeRead, api.ScopeShip, api.ScopeAdmin} }

// newKey makes an API key and the one text that holds its secret: fl_<mode>_<key id>_<secret>. The id is the seed's, if
// there is one; the secret is always from chance.
func (s *Service) newKey(tenant string, mode ship.Mode, name string, scopes []string, seed string) (Key, string, error) {
	var raw [keyIDBytes + keySecretBytes]byte
	if _, err := io.ReadFull(s.Random, raw[:]); err != nil {
		return Key{}, "", fmt.Errorf("making an API key: %w", err)
	}
	if seed != "" {
		sum := sha256.Sum256([]byte("key" + seed))
		copy(raw[:keyIDBytes], sum[:])
	}
	id, secret := text(raw[:keyIDBytes]), text(raw[keyIDBytes:])
	hash := sha256.Sum256([]byte(secret))
	k := Key{ID: id, Tenant: tenant, Name: name, Mode: mode, Scopes: scopes, Hash: hash[:], CreatedAt: s.now()}
	return k, "fl_" + string(mode) + "_" + id + "_" + secret, nil
}

// Authenticate tells whom a key acts for. A malformed key, an unknown one and one with a wrong secret give the same
// api.ErrUnknownKey after the same work; any other error is not about the key.
func (s *Service) Authenticate(ctx context.Context, key string) (api.Principal, error) {
	mode, id, secret, formed := parseKey(key)
	if !formed {
		// Looked up all the same, under an id that no key has: its text is longer.
		sum := sha256.Sum256([]byte(key))
		mode, id, secret = ship.Test, hex.EncodeToString(sum[:]), ""
	}
	k, err := s.Store.APIKey(ctx, id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return api.Principal{}, err
	}
	found := err == nil
	if !found {
		k = Key{Mode: mode, Hash: make([]byte, sha256.Size)} // no secret is known that hashes to zeros
	}
	hash := sha256.Sum256([]byte(secret))
	same := subtle.ConstantTimeCompare(hash[:], k.Hash) & subtle.ConstantTimeCompare([]byte(mode), []byte(k.Mode))
	if same != 1 || !found || !formed {
		return api.Principal{}, api.ErrUnknownKey
	}
	t, err := s.Store.Tenant(ctx, k.Tenant)
	if errors.Is(err, ErrNotFound) { // a key outlives its tenant only by accident
		return api.Principal{}, api.ErrUnknownKey
	}
	if err != nil {
		return api.Principal{}, err
	}
	return api.Principal{Tenant: k.Tenant, Mode: k.Mode, KeyID: k.ID, Scopes: k.Scopes, Limits: t.Limits, Suspended: !t.Suspended.IsZero()}, nil
}

// parseKey takes a key apart. It judges the form only.
func parseKey(key string) (mode ship.Mode, id, secret string, ok bool) {
	if len(key) > 128 {
		return "", "", "", false
	}
	parts := strings.Split(key, "_")
	if len(parts) != 4 || parts[0] != "fl" || (parts[1] != string(ship.Test) && parts[1] != string(ship.Live)) {
		return "", "", "", false
	}
	return ship.Mode(parts[1]), parts[2], parts[3], isText(parts[2], keyIDBytes) && isText(parts[3], keySecretBytes)
}

// text writes bytes in lower-case base32: safe in URLs, shells and double clicks.
func text(b []byte) string {
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))
}

// isText tells whether s is what text makes of n bytes (n·8 is a multiple of 5).
func isText(s string, n int) bool {
	return len(s) == n*8/5 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz234567") == ""
}
