package callback

import (
	"bytes"
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func TestSign(t *testing.T) {
	body := []byte(`{"type":"shipment.booked","data":{"shipment_id":"shp_1"}}`)
	first, second := newSecret(t), newSecret(t)
	header := http.Header{}
	sign(header, "evt_1", time.Now(), body, [][]byte{keyOf(t, first), keyOf(t, second)})

	for name, secret := range map[string]string{"the first secret verifies": first, "the second secret verifies": second} {
		t.Run(name, func(t *testing.T) {
			if err := verifier(t, secret).Verify(body, header); err != nil {
				t.Errorf("headers %v: %v", header, err)
			}
		})
	}
	t.Run("another secret does not", func(t *testing.T) {
		if verifier(t, newSecret(t)).Verify(body, header) == nil {
			t.Error("a secret that did not sign was accepted")
		}
	})
	t.Run("another body does not", func(t *testing.T) {
		if verifier(t, first).Verify(append(bytes.Clone(body), ' '), header) == nil {
			t.Error("a changed body was accepted")
		}
	})
	t.Run("another id does not", func(t *testing.T) {
		other := header.Clone()
		other.Set("webhook-id", "evt_2")
		if verifier(t, first).Verify(body, other) == nil {
			t.Error("a changed id was accepted")
		}
	})
	t.Run("an attempt of yesterday is too old for a receiver", func(t *testing.T) {
		old := http.Header{}
		sign(old, "evt_1", time.Now().Add(-24*time.Hour), body, [][]byte{keyOf(t, first)})
		if verifier(t, first).Verify(body, old) == nil {
			t.Error("the time of the attempt is not in the signature")
		}
	})
}

func TestSecret(t *testing.T) {
	t.Run("has 32 bytes of its own", func(t *testing.T) {
		a, b := newSecret(t), newSecret(t)
		if a == b || len(keyOf(t, a)) != 32 || !strings.HasPrefix(a, "whsec_") {
			t.Errorf("secrets of %d and %d characters, equal: %v", len(a), len(b), a == b)
		}
	})
	t.Run("is not made without enough randomness", func(t *testing.T) {
		if s, err := NewSecret(strings.NewReader("too short")); err == nil {
			t.Errorf("got %d characters", len(s))
		}
	})
	for name, wrong := range map[string]string{"without its prefix": "bm90IGEgc2VjcmV0", "not base64": "whsec_%%%", "empty": "whsec_"} {
		t.Run(name+" is refused without being told", func(t *testing.T) {
			_, err := signingKey(wrong)
			if err == nil || (len(wrong) > 8 && strings.Contains(err.Error(), wrong[6:])) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func newSecret(t *testing.T) string {
	t.Helper()
	s, err := NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func keyOf(t *testing.T, secret string) []byte {
	t.Helper()
	key, err := signingKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func verifier(t *testing.T, secret string) *standardwebhooks.Webhook {
	t.Helper()
	w, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	return w
}
