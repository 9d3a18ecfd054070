package demo

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func TestVerify(t *testing.T) {
	now := time.Now()
	key := []byte("0123456789abcdef0123456789abcdef")
	other := []byte("ffffffffffffffffffffffffffffffff")
	body := []byte(`{"type":"shipment.booked"}`)
	signed := func(key []byte, at time.Time) http.Header {
		lib, err := standardwebhooks.NewWebhook(base64.StdEncoding.EncodeToString(key))
		if err != nil {
			t.Fatal(err)
		}
		signature, err := lib.Sign("evt_1", at, body)
		if err != nil {
			t.Fatal(err)
		}
		h := http.Header{}
		h.Set("webhook-id", "evt_1")
		h.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
		h.Set("webhook-signature", signature)
		return h
	}
	both := signed(other, now)
	both.Set("webhook-signature", both.Get("webhook-signature")+" v2,abc "+signed(key, now).Get("webhook-signature"))
	changed := signed(key, now)
	changed.Set("webhook-id", "evt_2")
	for name, c := range map[string]struct {
		header http.Header
		want   string
	}{
		"what the standard's library signed is right": {signed(key, now), ""},
		"one right signature of several is enough":    {both, ""},
		"another key is not right":                    {signed(other, now), "no signature is right"},
		"another id is not right":                     {changed, "no signature is right"},
		"an old callback is refused":                  {signed(key, now.Add(-6*time.Minute)), "too old"},
		"one from the future is refused":              {signed(key, now.Add(6*time.Minute)), "too new"},
		"no headers are refused":                      {http.Header{}, "missing"},
	} {
		t.Run(name, func(t *testing.T) {
			err := verify(key, c.header, body, now)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v", err)
			}
		})
	}
}
