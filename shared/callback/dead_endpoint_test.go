package callback_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/queue"
)

// A batch as the platform hands it over: a dead endpoint's messages and a living one's, mixed.
func TestDeadEndpointDelaysNobody(t *testing.T) {
	const each = 5
	served := make(chan struct{}) // closed when the living one has everything
	dead := newReceiver(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-served:
		case <-r.Context().Done():
			t.Error("an attempt at the dead one was over before the living one had everything")
		}
		w.WriteHeader(500)
	})
	var arrived atomic.Int32
	living := newReceiver(t, func(http.ResponseWriter, *http.Request) {
		if arrived.Add(1) == each {
			close(served)
		}
	})
	w := newWorld(t, dead.Certificate(), living.Certificate())
	deadID, _ := w.endpoint(dead.URL)
	livingID, _ := w.endpoint(living.URL)
	var batch events.SQSEvent
	for n := range each {
		for _, p := range w.fan(w.event(n, "shipment.booked")) {
			batch.Records = append(batch.Records, events.SQSMessage{MessageId: p.body, Body: p.body, EventSourceARN: "arn:aws:sqs:eu-west-1:1:stack-callbacks"})
		}
	}
	consumer := queue.Consumer{Handle: w.deliverer.Handle, NewID: func() string { return "receipt" }, Log: w.lines, Group: callback.Group, PerGroup: callback.PerEndpoint}
	answer, err := consumer.Lambda(t.Context(), batch)
	if err != nil || len(answer.BatchItemFailures) != 0 {
		t.Fatalf("%v, %v", answer, err)
	}

	t.Run("nothing is sent twice, and at most two at once", func(t *testing.T) {
		for _, r := range []*receiver{living, dead} {
			ids := map[string]bool{}
			for _, a := range r.arrivals() {
				ids[a.header.Get("webhook-id")] = true
			}
			if len(ids) != each || len(r.arrivals()) != each || r.most.Load() > callback.PerEndpoint {
				t.Errorf("%d events in %d requests, %d at once", len(ids), len(r.arrivals()), r.most.Load())
			}
		}
	})
	t.Run("only the dead one's are tried again", func(t *testing.T) {
		left := w.queue.take()
		if len(left) != each {
			t.Errorf("%d retries", len(left))
		}
		for _, id := range addressees(t, left) {
			if id != deadID {
				t.Errorf("a retry for %s", id)
			}
		}
		for _, d := range w.deliveries(livingID) {
			if d.State != callback.Delivered {
				t.Errorf("recorded %+v", d)
			}
		}
	})
}

// attemptLines are the canonical lines of a log.
func attemptLines(t *testing.T, log string) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for line := range strings.Lines(log) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		if fields["msg"] == "message" {
			lines = append(lines, fields)
		}
	}
	return lines
}
