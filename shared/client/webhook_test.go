package client

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const (
	oldSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	newSecret = "whsec_Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA="
	booked    = `{"type":"shipment.booked","timestamp":"2026-11-21T12:00:03.120Z","sequence":3,"correlation_id":"c","mode":"test","data":{"shipment_id":"shp_1","status":"booked","version":3,"tracking_number":"1Z1"}}`
)

// signed are the headers that the standard's own library makes.
func signed(t testing.TB, at time.Time, body string, secrets ...string) http.Header {
	t.Helper()
	h := http.Header{}
	var all []string
	for _, s := range secrets {
		w, err := standardwebhooks.NewWebhook(s)
		if err != nil {
			t.Fatal(err)
		}
		one, err := w.Sign("evt_1", at, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	h.Set("webhook-id", "evt_1")
	h.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	h.Set("webhook-signature", strings.Join(all, " "))
	return h
}

func TestVerifyWebhook(t *testing.T) {
	at := time.Unix(1_795_262_400, 0)
	good := signed(t, at, booked, oldSecret, newSecret)
	for name, secrets := range map[string][]string{"the old secret": {oldSecret}, "the new secret": {newSecret}, "both": {newSecret, oldSecret}, "one of them and another": {"whsec_b3RoZXI=", newSecret}} {
		t.Run("an event is verified by "+name, func(t *testing.T) {
			d, err := VerifyWebhook(secrets, good, []byte(booked), at, WebhookTolerance)
			if err != nil || d.ID != "evt_1" || !d.SentAt.Equal(at) || d.Type != EventTypeShipmentBooked || d.Sequence != 3 || *d.Data.TrackingNumber != "1Z1" {
				t.Errorf("%+v, error %v", d, err)
			}
		})
	}
	change := func(k, v string) http.Header {
		h := good.Clone()
		if h.Set(k, v); v == "" {
			h.Del(k)
		}
		return h
	}
	signature := good.Get("webhook-signature")
	first, _, _ := strings.Cut(signature, " ")
	for name, c := range map[string]struct {
		secrets []string
		h       http.Header
		body    string
		now     time.Time
	}{
		"a secret that did not sign":         {[]string{"whsec_b3RoZXI="}, good, booked, at},
		"no secret":                          {nil, good, booked, at},
		"an empty secret":                    {[]string{"whsec_"}, signed(t, at, booked, oldSecret), booked, at},
		"a secret that is none":              {[]string{"whsec_%%%", oldSecret}, good, booked, at},
		"another body":                       {[]string{oldSecret}, good, booked + " ", at},
		"another id":                         {[]string{oldSecret}, change("webhook-id", "evt_2"), booked, at},
		"another time":                       {[]string{oldSecret}, change("webhook-timestamp", strconv.FormatInt(at.Unix()+1, 10)), booked, at},
		"no id":                              {[]string{oldSecret}, change("webhook-id", ""), booked, at},
		"no time":                            {[]string{oldSecret}, change("webhook-timestamp", ""), booked, at},
		"a time that is none":                {[]string{oldSecret}, change("webhook-timestamp", "today"), booked, at},
		"the furthest time that there is":    {[]string{oldSecret}, change("webhook-timestamp", "-9223372036854775808"), booked, at},
		"no signature":                       {[]string{oldSecret}, change("webhook-signature", ""), booked, at},
		"a signature of another version":     {[]string{oldSecret}, change("webhook-signature", strings.Replace(first, "v1,", "v1a,", 1)), booked, at},
		"half a signature":                   {[]string{oldSecret}, change("webhook-signature", first[:len(first)/2]), booked, at},
		"an empty signature":                 {[]string{oldSecret}, change("webhook-signature", "v1,"), booked, at},
		"one that is older than allowed":     {[]string{oldSecret}, good, booked, at.Add(WebhookTolerance + time.Second)},
		"one of a future later than that":    {[]string{oldSecret}, good, booked, at.Add(-WebhookTolerance - time.Second)},
		"a body that is signed and no event": {[]string{oldSecret}, signed(t, at, `["x"]`, oldSecret), `["x"]`, at},
	} {
		t.Run(name+" is refused, and no secret is told", func(t *testing.T) {
			d, err := VerifyWebhook(c.secrets, c.h, []byte(c.body), c.now, WebhookTolerance)
			if err == nil || d.ID != "" {
				t.Fatalf("%+v was taken", d)
			}
			if strings.Contains(err.Error(), oldSecret[10:]) || strings.Contains(err.Error(), "%%%") {
				t.Error(err)
			}
		})
	}
	t.Run("the edges of the window are inside", func(t *testing.T) {
		for _, now := range []time.Time{at.Add(WebhookTolerance), at.Add(-WebhookTolerance)} {
			if _, err := VerifyWebhook([]string{oldSecret}, good, []byte(booked), now, WebhookTolerance); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("signatures of other versions and in several headers don't hinder", func(t *testing.T) {
		h := good.Clone()
		h["Webhook-Signature"] = []string{"v1a,AAAA v2 ,", "v1,?", signature}
		if _, err := VerifyWebhook([]string{newSecret}, h, []byte(booked), at, WebhookTolerance); err != nil {
			t.Error(err)
		}
	})
	t.Run("an event of a newer server is read", func(t *testing.T) {
		body := `{"type":"shipment.returned","weather":"fair","data":{}}`
		if d, err := VerifyWebhook([]string{oldSecret}, signed(t, at, body, oldSecret), []byte(body), at, WebhookTolerance); err != nil || d.Type != "shipment.returned" {
			t.Errorf("%+v, error %v", d, err)
		}
	})
}

// FuzzVerifyWebhook holds our verdict against that of the standard's own library.
func FuzzVerifyWebhook(f *testing.F) {
	now := time.Now()
	good := signed(f, now, booked, oldSecret)
	stamp := strconv.FormatInt(now.Unix(), 10)
	f.Add("evt_1", stamp, good.Get("webhook-signature"), booked)
	f.Add("evt_1", stamp, good.Get("webhook-signature")+" v1,AAAA", booked)
	f.Add("evt_1", "+"+stamp, "v1a,"+base64.StdEncoding.EncodeToString([]byte(booked)), "{}")
	f.Add("", "", "", "")
	f.Fuzz(func(t *testing.T, id, stamp, signature, body string) {
		theirs, err := standardwebhooks.NewWebhook(oldSecret)
		if err != nil {
			t.Fatal(err)
		}
		h := http.Header{}
		h.Set("webhook-id", id)
		h.Set("webhook-timestamp", stamp)
		h.Set("webhook-signature", signature)
		_, err = VerifyWebhook([]string{oldSecret}, h, []byte(body), now, WebhookTolerance)
		if their := theirs.Verify([]byte(body), h); err == nil && their != nil {
			t.Errorf("taken, and refused by the library: %v", their)
		} else if err != nil && their == nil && !strings.Contains(err.Error(), "not an event") {
			t.Errorf("taken by the library, and refused: %v", err)
		}
	})
}
