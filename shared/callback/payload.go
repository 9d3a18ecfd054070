package callback

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
)

// deliverType is the type of the messages in callbacks and callback-retries.
const deliverType = "deliver"

// payload is the body a receiver gets.
type payload struct {
	Type        string          `json:"type"`
	Timestamp   time.Time       `json:"timestamp"` // when it happened, not when it was sent
	Sequence    int64           `json:"sequence"`
	Correlation string          `json:"correlation_id"`
	Mode        ship.Mode       `json:"mode"`
	Data        json.RawMessage `json:"data"`
}

// order is what a "deliver" message carries: one attempt to send one event to one endpoint. Event holds the bytes
// of the body in json.Marshal's own form (compact, HTML characters escaped), which further encodings of the
// message leave as it is: they are the same on every attempt.
type order struct {
	Endpoint string          `json:"endpoint"`
	Attempt  int             `json:"attempt"`        // from 1
	Again    time.Time       `json:"again,omitzero"` // of a replay: see Delivery.Over
	Event    json.RawMessage `json:"event"`
}

// render makes the body of an event. It returns *queue.Poison for what can never be sent.
func render(e queue.Envelope) (json.RawMessage, error) {
	switch {
	case !v1.EventType(e.Type).Valid():
		return nil, &queue.Poison{Reason: fmt.Sprintf("event: unknown type %q", e.Type)}
	case e.OccurredAt.IsZero():
		return nil, &queue.Poison{Reason: "event: occurred_at is missing"}
	case !isObject(e.Data):
		return nil, &queue.Poison{Reason: "event: data is not an object"}
	}
	body, err := json.Marshal(payload{
		Type: e.Type, Timestamp: e.OccurredAt.UTC(), Sequence: e.Version, Correlation: e.Correlation, Mode: e.Mode, Data: e.Data,
	})
	if err != nil {
		return nil, &queue.Poison{Reason: fmt.Sprintf("event: cannot be encoded: %v", err)}
	}
	return body, nil
}

// enclose puts one attempt into a message. It keeps the event's id, which becomes the webhook-id.
func enclose(e queue.Envelope, o order) (queue.Envelope, error) {
	data, err := json.Marshal(o)
	if err != nil {
		return queue.Envelope{}, &queue.Poison{Reason: fmt.Sprintf("delivery: cannot be encoded: %v", err)}
	}
	e.Type, e.Data = deliverType, data
	return e, nil
}

// Readdress makes the message that sends an event to one endpoint once more, from its first attempt on: the same id, and
// the bytes that the event has now. over is when the record was written that is to be written over, though it may say that
// the event is delivered. It returns *queue.Poison for what can never be sent.
func Readdress(e queue.Envelope, endpoint string, over time.Time) (queue.Envelope, error) {
	body, err := render(e)
	if err != nil {
		return queue.Envelope{}, err
	}
	return enclose(e, order{Endpoint: endpoint, Attempt: 1, Again: over, Event: body})
}

// open reads a "deliver" message. It returns *queue.Poison naming what is wrong with it.
func open(e queue.Envelope) (order, payload, error) {
	var o order
	var p payload
	if e.Type != deliverType {
		return o, p, &queue.Poison{Reason: fmt.Sprintf("delivery: type is %q, not %q", e.Type, deliverType)}
	}
	if err := object(e.Data, &o); err != nil {
		return o, p, &queue.Poison{Reason: "delivery: " + err.Error()}
	}
	switch {
	case o.Endpoint == "":
		return o, p, &queue.Poison{Reason: "delivery: endpoint is missing"}
	case o.Attempt < 1:
		return o, p, &queue.Poison{Reason: "delivery: attempt is not positive"}
	case e.OccurredAt.IsZero():
		return o, p, &queue.Poison{Reason: "delivery: occurred_at is missing"}
	}
	if err := object(o.Event, &p); err != nil {
		return o, p, &queue.Poison{Reason: "delivery: event: " + err.Error()}
	}
	if !v1.EventType(p.Type).Valid() {
		return o, p, &queue.Poison{Reason: fmt.Sprintf("delivery: event: unknown type %q", p.Type)}
	}
	return o, p, nil
}

// object reads one JSON object. Members that are not known are those of a newer release (queue.Decode).
func object(data []byte, to any) error {
	if !isObject(data) {
		return fmt.Errorf("data is not an object")
	}
	return json.Unmarshal(data, to)
}

func isObject(data []byte) bool {
	data = bytes.TrimSpace(data)
	return len(data) > 0 && data[0] == '{' && json.Valid(data)
}
