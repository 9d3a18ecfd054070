package callback_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	v1 "github.com/fairlead/fairlead/shared/api/v1"
)

// try asks for a test event and returns the answer without its duration.
func (w *world) try(id string) v1.CallbackTest {
	w.t.Helper()
	resp := w.do(w.service.Test, w.ask(id, ""))
	asSchema(w.t, "CallbackTest", resp.Body)
	got := resp.Body.(v1.CallbackTest)
	if resp.Status != http.StatusOK || got.DurationMs == nil || *got.DurationMs < 0 || *got.DurationMs > 60_000 {
		w.t.Errorf("got %+v", got)
	}
	got.DurationMs = nil
	return got
}

func TestTest(t *testing.T) {
	t.Run("sends one event now, signed with every live secret, and keeps no record", func(t *testing.T) {
		r := newReceiver(t, answering(204))
		w := newWorld(t, r.Certificate())
		id, first := w.endpoint(r.URL, "shipment.booked")
		second := w.rotate(id, "").Secret
		got := w.try(id)
		if !got.Delivered || got.HttpStatus == nil || *got.HttpStatus != 204 || !strings.Contains(got.Detail, "204") {
			t.Errorf("got %+v", got)
		}
		arrived := r.arrivals()
		if len(arrived) != 1 || len(w.deliveries(id)) != 0 || len(w.queue.take()) != 0 {
			t.Fatalf("%d arrived", len(arrived))
		}
		verified(t, first, arrived[0])
		verified(t, second, arrived[0])
		var event map[string]any
		if err := json.Unmarshal(arrived[0].body, &event); err != nil {
			t.Fatal(err)
		}
		asSchema(t, "TestEvent", event)
		at, err := time.Parse(time.RFC3339, event["timestamp"].(string))
		if err != nil || time.Since(at) > time.Minute {
			t.Error(at, err)
		}
		delete(event, "timestamp")
		want := map[string]any{"type": "endpoint.test", "sequence": 0.0, "correlation_id": "cor_1", "mode": "live", "data": map[string]any{"endpoint_id": id}}
		if diff := cmp.Diff(want, event); diff != "" {
			t.Error(diff)
		}
		if id := arrived[0].header.Get("webhook-id"); !strings.HasPrefix(id, "evt_") {
			t.Errorf("webhook-id %q", id)
		}
	})
	t.Run("repeated under one key is the same event, and each other test another", func(t *testing.T) {
		r := newReceiver(t, answering(204))
		w := newWorld(t, r.Certificate())
		id, _ := w.endpoint(r.URL)
		seeded := w.ask(id, "")
		seeded.Seed = "seed-1"
		for range 2 {
			w.do(w.service.Test, seeded)
			w.try(id)
		}
		got := r.arrivals()
		ids := map[string]bool{}
		for _, a := range got {
			ids[a.header.Get("webhook-id")] = true
		}
		if len(got) != 4 || len(ids) != 3 {
			t.Errorf("%d arrivals of %d events", len(got), len(ids))
		}
	})
	t.Run("reaches a disabled endpoint, which stays so", func(t *testing.T) {
		r := newReceiver(t, answering(204))
		w := newWorld(t, r.Certificate())
		id, _ := w.endpoint(r.URL)
		w.do(w.service.Update, w.ask(id, `{"disabled":true}`))
		if !w.try(id).Delivered || !w.get(id).Disabled {
			t.Error("not sent, or enabled")
		}
	})
}

func TestTestTells(t *testing.T) {
	redirect := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "https://example.com/")
		w.WriteHeader(302)
	}
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		status  int
		want    string
	}{
		{"a refusal with the receiver's words", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(500)
			io.WriteString(w, "database is full"+strings.Repeat("é", 1000))
		}, 500, "The endpoint answered 500; an event is taken when the answer is 2xx. It said: database is full"},
		{"a refusal without words", answering(403), 403, "The endpoint answered 403; an event is taken when the answer is 2xx."},
		{"a redirect", redirect, 302, "The endpoint answered 302. Redirects are not followed"},
		{"410, which disables nothing", answering(410), 410, "The endpoint answered 410. An event would have disabled it."},
		{"silence", hanging, 0, "The endpoint did not answer in time."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newReceiver(t, tt.handler)
			w := newWorld(t, r.Certificate())
			if tt.status == 0 {
				w.patience(300 * time.Millisecond)
			}
			id, _ := w.endpoint(r.URL)
			got := w.try(id)
			if got.Delivered || !strings.HasPrefix(got.Detail, tt.want) || len([]rune(got.Detail)) > 300 {
				t.Errorf("got %+v", got)
			}
			if status := got.HttpStatus; (status == nil) != (tt.status == 0) || status != nil && *status != tt.status {
				t.Errorf("status %v", status)
			}
			if len(r.arrivals()) != 1 || w.get(id).Disabled {
				t.Error("tried again, or disabled")
			}
		})
	}
	t.Run("an address inside, without sending anything", func(t *testing.T) {
		reached := false
		inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
		defer inside.Close()
		w := newWorld(t)
		id, _ := w.endpoint(inside.URL)
		w.outside()
		if got := w.try(id); got.Delivered || got.HttpStatus != nil || !strings.Contains(got.Detail, "public internet") || reached {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("a certificate nobody trusts", func(t *testing.T) {
		r := newReceiver(t, answering(204))
		w := newWorld(t)
		id, _ := w.endpoint(r.URL)
		if got := w.try(id); got.Delivered || !strings.Contains(got.Detail, "certificate") || len(r.arrivals()) != 0 {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("a port nobody listens on", func(t *testing.T) {
		closed := httptest.NewServer(nil)
		url := closed.URL
		closed.Close()
		w := newWorld(t)
		id, _ := w.endpoint(url)
		if got := w.try(id); got.Delivered || !strings.Contains(got.Detail, "refused") {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("as an error of ours when the secret does not open", func(t *testing.T) {
		w := newWorld(t)
		id, _ := w.endpoint("https://example.com/")
		w.service.Box = newBox(t)
		if status, _ := failed(w.service.Test(t.Context(), w.ask(id, ""))); status != 0 {
			t.Errorf("got %d", status)
		}
	})
}
