package callback

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// secretPrefix marks a symmetric secret of Standard Webhooks.
const secretPrefix = "whsec_"

// secretBytes is the length of a signing key (the standard asks for 24 to 64).
const secretBytes = 32

var errSecret = errors.New("callback: not a signing secret")

// NewSecret makes a signing secret as the shipper sees it, "whsec_" and base64, from 32 bytes of random.
func NewSecret(random io.Reader) (string, error) {
	key := make([]byte, secretBytes)
	if _, err := io.ReadFull(random, key); err != nil {
		return "", err
	}
	return secretPrefix + base64.StdEncoding.EncodeToString(key), nil
}

// signingKey is the key within a secret. The error says nothing of the secret.
func signingKey(secret string) ([]byte, error) {
	enc, ok := strings.CutPrefix(secret, secretPrefix)
	if !ok {
		return nil, errSecret
	}
	key, err := base64.StdEncoding.DecodeString(enc)
	if err != nil || len(key) == 0 {
		return nil, errSecret
	}
	return key, nil
}

// key is a signing key ready for use.
type key struct {
	bytes []byte
	until time.Time // as Secret has it
}

// openKeys opens an endpoint's secrets, but for those that have ended.
func openKeys(ctx context.Context, box Opener, tenant string, e Endpoint, now time.Time) ([]key, error) {
	var keys []key
	for _, s := range e.Secrets {
		if s.ended(now) {
			continue
		}
		secret, err := box.Open(ctx, tenant, secretPurpose, e.ID, s.Sealed)
		if err != nil {
			return nil, fmt.Errorf("opening its secret: %w", err)
		}
		bytes, err := signingKey(string(secret))
		if err != nil {
			return nil, err
		}
		keys = append(keys, key{bytes, s.Until})
	}
	if len(keys) == 0 {
		return nil, errors.New("it has no secret, and nothing is sent unsigned")
	}
	return keys, nil
}

func (s Secret) ended(now time.Time) bool { return !s.Until.IsZero() && !now.Before(s.Until) }

// live are the keys that sign at a time.
func live(keys []key, now time.Time) [][]byte {
	var out [][]byte
	for _, k := range keys {
		if k.until.IsZero() || now.Before(k.until) {
			out = append(out, k.bytes)
		}
	}
	return out
}

// sign sets the three headers of Standard Webhooks 1.0.0. Every key signs, so that a receiver that knows either
// of two secrets accepts the message while one replaces the other. at is the time of this attempt.
func sign(h http.Header, id string, at time.Time, body []byte, keys [][]byte) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	signatures := make([]string, len(keys))
	for i, key := range keys {
		mac := hmac.New(sha256.New, key)
		io.WriteString(mac, id+"."+stamp+".")
		mac.Write(body)
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", stamp)
	h.Set("webhook-signature", strings.Join(signatures, " "))
}
