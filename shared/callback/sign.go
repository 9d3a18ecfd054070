package callback

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
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
