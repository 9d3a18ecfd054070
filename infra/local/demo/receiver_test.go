package demo

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// signed are the headers that the standard's own library makes.
func signed(t *testing.T, key []byte, at time.Time, body []byte) http.Header {
	t.Helper()
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

func TestHandler(t *testing.T) {
	now, key := time.Now(), []byte("0123456789abcdef0123456789abcdef")
	for name, c := range map[string]struct {
		body   string
		status int
		said   string
	}{
		"an event of a shipment is taken and told":           {`{"type":"shipment.booked","data":{"shipment_id":"shp_1"}}`, 204, "shipment.booked, signature right, id evt_1"},
		"a test event is taken, though it is of no shipment": {`{"type":"endpoint.test","data":{"endpoint_id":"ce_1"}}`, 204, ""},
		"what is signed and is no event is refused":          {`{}`, 400, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := &receiver{now: func() time.Time { return now }, come: map[string]chan string{}}
			req := httptest.NewRequest("POST", "/callbacks", strings.NewReader(c.body))
			req.Header = signed(t, key, now, []byte(c.body))
			w := httptest.NewRecorder()
			r.handler(key)(w, req)
			said := ""
			select {
			case said = <-r.verified("shp_1"):
			default:
			}
			if w.Code != c.status || said != c.said {
				t.Errorf("answer %d, told %q", w.Code, said)
			}
		})
	}
}

func TestVerify(t *testing.T) {
	now := time.Now()
	key := []byte("0123456789abcdef0123456789abcdef")
	other := []byte("ffffffffffffffffffffffffffffffff")
	body := []byte(`{"type":"shipment.booked"}`)
	signed := func(key []byte, at time.Time) http.Header { return signed(t, key, at, body) }
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
