package client

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// WebhookTolerance is how old an event's signature may be, or how far ahead of our clock: what Standard Webhooks advise.
const WebhookTolerance = 5 * time.Minute

// Delivery is an event that Fairlead sent. The same event may come more than once, and events may come out of order:
// drop those whose ID was seen, and those whose Sequence is not greater than the last of the same shipment.
type Delivery struct {
	ID     string    // the event's: the same when it is sent again
	SentAt time.Time // when this attempt was made
	Event
}

// VerifyWebhook tells whether a request to a callback endpoint is Fairlead's, by the signing secrets of the endpoint
// (whsec_…; two while one replaces the other), and reads it. body must be the bytes as they came. A signature further
// than tolerance from now is refused, so that what somebody recorded is of no use later.
func VerifyWebhook(secrets []string, h http.Header, body []byte, now time.Time, tolerance time.Duration) (Delivery, error) {
	id, stamp := h.Get("webhook-id"), h.Get("webhook-timestamp")
	at, err := strconv.ParseInt(stamp, 10, 64)
	if id == "" || err != nil {
		return Delivery{}, errors.New("webhook: webhook-id or webhook-timestamp is missing or can't be read")
	}
	sent := time.Unix(at, 0)
	if off := now.Unix() - at; off > seconds(tolerance) || off < -seconds(tolerance) {
		return Delivery{}, fmt.Errorf("webhook: it was signed more than %s from now; is the clock right?", tolerance)
	}
	signatures := signaturesIn(h.Values("webhook-signature"))
	if len(signatures) == 0 {
		return Delivery{}, errors.New("webhook: webhook-signature holds no signature of version 1")
	}
	ok := false
	for i, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil || len(key) == 0 {
			return Delivery{}, fmt.Errorf("webhook: secret %d is not a signing secret, whsec_…", i+1)
		}
		mac := hmac.New(sha256.New, key)
		_, _ = io.WriteString(mac, id+"."+stamp+".")
		mac.Write(body)
		want := mac.Sum(nil)
		for _, s := range signatures {
			ok = hmac.Equal(s, want) || ok
		}
	}
	if !ok {
		return Delivery{}, errors.New("webhook: no signature is one by these secrets")
	}
	d := Delivery{ID: id, SentAt: sent.UTC()}
	if err := json.Unmarshal(body, &d.Event); err != nil {
		return Delivery{}, fmt.Errorf("webhook: the body is not an event: %w", err)
	}
	return d, nil
}

// signaturesIn are those of version 1 in a header such as "v1,AAAA v1,BBBB v1a,CCCC".
func signaturesIn(headers []string) [][]byte {
	var out [][]byte
	for _, h := range headers {
		for s := range strings.FieldsSeq(h) {
			version, text, _ := strings.Cut(s, ",")
			if raw, err := base64.StdEncoding.DecodeString(text); version == "v1" && err == nil {
				out = append(out, raw)
			}
		}
	}
	return out
}
