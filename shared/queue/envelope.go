// Package queue is the SQS edge: the envelope every message travels in, a batch consumer with partial failures,
// and the port through which messages are sent.
package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/fairlead/fairlead/shared/ship"
)

// Name is a queue by its role; the deployed name is the stack's name, a hyphen and this.
type Name string

// The queues. Each has a dead-letter queue whose name is its own with "-dlq" behind it.
const (
	Urgent          Name = "urgent"           // shipments to book, by priority
	Standard        Name = "standard"         //
	Bulk            Name = "bulk"             //
	Slow            Name = "slow"             // those of a carrier that hangs, whatever their priority
	Recovery        Name = "recovery"         // shipments whose outcome is not known, or with something left open
	Events          Name = "events"           // events to fan out to a tenant's endpoints
	Callbacks       Name = "callbacks"        // first attempts, one message per event and endpoint
	CallbackRetries Name = "callback-retries" // every later attempt
	Batches         Name = "batches"          // batches whose rows are to be created or cancelled
	Relay           Name = "relay"            // not a queue: the stream. Its "-dlq" takes records that cannot be relayed
)

// Roles are all names, that of the stream included: each has a dead-letter queue.
func Roles() []Name { return append(slices.Clone(queues), Relay) }

// Redriven is the message attribute that counts how often an operator sent a message again from its dead-letter queue.
const Redriven = "redriven"

// again begins the reason of a message that was buried after it had been sent again.
const again = "sent again %d times, buried again: "

// Again is the reason of a message that was sent again n times; it keeps the count where a body alone is kept.
func Again(n int, reason string) string {
	if n == 0 {
		return reason
	}
	return fmt.Sprintf(again, n) + reason
}

// TimesAgain reads the count out of a reason.
func TimesAgain(reason string) (n int) {
	if _, err := fmt.Sscanf(reason, again, &n); err != nil {
		return 0
	}
	return n
}

// queues are those that functions consume: every name but Relay.
var queues = []Name{Urgent, Standard, Bulk, Slow, Recovery, Events, CallbackRetries, Callbacks, Batches}

// MaxDelay is the longest SQS delays a message; longer waits are `due` times of the shipment itself.
const MaxDelay = 900 * time.Second

// Envelope is what every message consists of. A booking or recovery message is a hint: the shipment's own
// condition decides, and its Version is not compared. Only consumers of events compare versions.
type Envelope struct {
	ID          string          `json:"id"`             // <shipment>#<version> for what the stream sends; stable for one cause
	Correlation string          `json:"correlation_id"` // from the API call to the callback
	Tenant      string          `json:"tenant"`
	Mode        ship.Mode       `json:"mode"`
	Shipment    string          `json:"shipment"` // or the batch
	Version     int64           `json:"version"`
	OccurredAt  time.Time       `json:"occurred_at"`
	Type        string          `json:"type"`           // "book", "recover", or an event's type ("shipment.booked")
	Data        json.RawMessage `json:"data,omitempty"` // by Type
}

// Message is one received message.
type Message struct {
	Envelope
	Queue    Name
	Receipt  string    // fresh for each receipt: the identity that claims use
	Received int       // how often it has been received, this time included
	Redriven int       // how often an operator sent it again from the dead-letter queue
	Deadline time.Time // when the platform kills the invocation
}

// Sender sends one message. Delay is at most MaxDelay; group is the tenant, for fair queues.
type Sender interface {
	Send(ctx context.Context, to Name, e Envelope, delay time.Duration) error
}

// Outgoing is one message of a batch.
type Outgoing struct {
	To       Name
	Envelope Envelope
	Delay    time.Duration
}

// BatchSender sends many messages. It answers, message by message, what went wrong: nil where it was sent.
type BatchSender interface {
	SendBatch(ctx context.Context, messages []Outgoing) []error
}

// DeadLetter puts what can't be processed, as it was received, on the dead-letter queue of its source with the
// reason, so that it neither stops its batch nor burns receives.
type DeadLetter interface {
	Bury(ctx context.Context, from Name, body, reason string) error
}

// Poison marks a message that no retry can mend; its reason goes to the dead-letter queue with it.
type Poison struct{ Reason string }

// Error gives the reason.
func (p *Poison) Error() string { return p.Reason }

// Decode reads an envelope and checks that it can be acted upon. It returns *Poison naming the field at fault. Members that
// are not known are those of a newer release, which runs beside this one during an upgrade: they are ignored.
func Decode(body string) (Envelope, error) {
	var e Envelope
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		return e, &Poison{fmt.Sprintf("not an envelope: %v", err)}
	}
	switch {
	case e.ID == "":
		return e, &Poison{"envelope: id is missing"}
	case e.Tenant == "":
		return e, &Poison{"envelope: tenant is missing"}
	case e.Mode != ship.Test && e.Mode != ship.Live:
		return e, &Poison{fmt.Sprintf("envelope: mode is %q, not test or live", e.Mode)}
	case e.Shipment == "":
		return e, &Poison{"envelope: shipment is missing"}
	case e.Version < 0:
		return e, &Poison{"envelope: version is negative"}
	case e.Type == "":
		return e, &Poison{"envelope: type is missing"}
	}
	return e, nil
}

// Encode is an envelope as it is sent: JSON in ASCII. Queues refuse some characters that JSON and shippers know,
// and one tenant's character must not stop a shared stream.
func Encode(e Envelope) (string, error) {
	b, err := json.Marshal(e)
	if err != nil {
		return "", fmt.Errorf("encoding message %s: %w", e.ID, err)
	}
	return ASCII(string(b)), nil
}

// ASCII writes every character beyond ASCII, and every control character but white space, as JSON escapes it.
func ASCII(s string) string {
	var out strings.Builder
	for _, r := range s {
		switch {
		case r == '\t' || r == '\n' || r == '\r' || (r >= ' ' && r < 0x7f):
			out.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}

// IsPoison tells whether err marks a message that no retry can mend, and why.
func IsPoison(err error) (string, bool) {
	if p, ok := errors.AsType[*Poison](err); ok {
		return p.Reason, true
	}
	return "", false
}
