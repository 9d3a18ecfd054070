package callback_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
)

func TestFanOut(t *testing.T) {
	w := newWorld(t)
	all, _ := w.endpoint("https://example.com/all")
	booked, _ := w.endpoint("https://example.com/booked", "shipment.booked")
	failed, _ := w.endpoint("https://example.com/failed", "shipment.failed", "shipment.unknown")
	test, _, err := w.service.CreateEndpoint(t.Context(), w.tenant, ship.Test, callback.EndpointInput{URL: "https://example.com/test"})
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := w.service.CreateEndpoint(t.Context(), w.tenant+"x", ship.Live, callback.EndpointInput{URL: "https://example.com/other"})
	if err != nil {
		t.Fatal(err)
	}

	t.Run("sends one message to each endpoint that wants it", func(t *testing.T) {
		want := map[string][]string{"shipment.booked": {all, booked}, "shipment.failed": {all, failed}, "shipment.cancelled": {all}}
		for kind, ids := range want {
			slices.Sort(ids)
			if diff := cmp.Diff(ids, addressees(t, w.fan(w.event(1, kind)))); diff != "" {
				t.Errorf("%s (test %s, other tenant %s): %s", kind, test.ID, other.ID, diff)
			}
		}
	})
	t.Run("keeps id, tenant, shipment and correlation, and sends at once", func(t *testing.T) {
		event := w.event(2, "shipment.failed")
		for _, p := range w.fan(event) {
			m := received(t, p)
			if p.to != queue.Callbacks || p.delay != 0 {
				t.Errorf("sent to %s after %v", p.to, p.delay)
			}
			m.Type, m.Data = event.Type, event.Data
			if diff := cmp.Diff(event.Envelope, m.Envelope); diff != "" {
				t.Error(diff)
			}
		}
	})
	t.Run("reads the endpoints once", func(t *testing.T) {
		if w.db.reads != 1 {
			t.Errorf("%d reads for 4 events", w.db.reads)
		}
	})
	t.Run("sends an event of test mode to the endpoints of test mode", func(t *testing.T) {
		event := w.event(3, "shipment.booked")
		event.Mode = ship.Test
		if diff := cmp.Diff([]string{test.ID}, addressees(t, w.fan(event))); diff != "" {
			t.Error(diff)
		}
	})
}

func TestFanOutKeepsEndpoints(t *testing.T) {
	w := newWorld(t)
	now := time.Now()
	w.fanOut.Now = func() time.Time { return now }
	n := 0
	sentAfter := func(d time.Duration) int {
		now = now.Add(d)
		n++
		return len(w.fan(w.event(n, "shipment.booked")))
	}
	if sentAfter(0) != 0 {
		t.Fatal("sent to nobody's endpoint")
	}
	w.endpoint("https://example.com/1")
	if sentAfter(5*time.Second-1) != 0 || sentAfter(1) != 1 {
		t.Error("the first endpoint is not noticed after 5 s")
	}
	w.endpoint("https://example.com/2")
	if sentAfter(time.Minute-1) != 1 || sentAfter(1) != 2 {
		t.Error("the second endpoint is not noticed after 60 s")
	}
}

func TestFanOutFailures(t *testing.T) {
	w := newWorld(t)
	var ids []string
	for _, path := range []string{"1", "2", "3"} {
		id, _ := w.endpoint("https://example.com/" + path)
		ids = append(ids, id)
	}
	down := ids[1]
	w.queue.refuse = func(_ queue.Name, e queue.Envelope) bool { return strings.Contains(string(e.Data), down) }
	event := w.event(1, "shipment.booked")

	t.Run("one that can't be sent holds up no other", func(t *testing.T) {
		err := w.fanOut.Handle(t.Context(), event)
		if !errors.Is(err, errDown) {
			t.Errorf("the event would not be received again: %v", err)
		}
		if _, poison := queue.IsPoison(err); poison {
			t.Error("the event would be buried")
		}
		if got := addressees(t, w.queue.take()); len(got) != 2 || slices.Contains(got, down) {
			t.Errorf("sent to %v", got)
		}
	})
	t.Run("and is sent alone when the event comes again", func(t *testing.T) {
		if err := w.fanOut.Handle(t.Context(), event); !errors.Is(err, errDown) {
			t.Fatal(err)
		}
		if got := w.queue.take(); len(got) != 0 {
			t.Errorf("%d sent twice", len(got))
		}
		w.queue.refuse = nil
		if got := addressees(t, w.fan(event)); !slices.Equal(got, []string{down}) {
			t.Errorf("sent to %v, want %s", got, down)
		}
	})
	t.Run("one hiccup of the queue is not noticed", func(t *testing.T) {
		hiccups := 0
		w.queue.refuse = func(queue.Name, queue.Envelope) bool { hiccups++; return hiccups == 1 }
		if got := w.fan(w.event(2, "shipment.booked")); len(got) != 3 {
			t.Errorf("%d messages", len(got))
		}
		w.queue.refuse = nil
	})
	poison := map[string]func(*queue.Message){
		"an unknown type":       func(m *queue.Message) { m.Type = "shipment.lost" },
		"a booking message":     func(m *queue.Message) { m.Type = "book" },
		"no data":               func(m *queue.Message) { m.Data = nil },
		"data of another shape": func(m *queue.Message) { m.Data = json.RawMessage(`["booked"]`) },
		"no time":               func(m *queue.Message) { m.OccurredAt = time.Time{} },
	}
	for name, spoil := range poison {
		t.Run(name+" is poison", func(t *testing.T) {
			m := w.event(3, "shipment.booked")
			spoil(&m)
			if _, ok := queue.IsPoison(w.fanOut.Handle(t.Context(), m)); !ok || len(w.queue.take()) != 0 {
				t.Error("it was not buried")
			}
		})
	}
}

// addressees are the endpoints that messages are for, in order of their ids.
func addressees(t *testing.T, sent []parcel) []string {
	t.Helper()
	var ids []string
	for _, p := range sent {
		ids = append(ids, callback.Group(received(t, p)))
	}
	slices.Sort(ids)
	return ids
}
