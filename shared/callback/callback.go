// Package callback tells shippers what happened to their shipments: endpoints they add, the fan-out of events to
// them, and signed deliveries (Standard Webhooks 1.0.0) with a schedule of retries and a record of every outcome.
// Deliveries are at least once: an event keeps its id and its bytes on every attempt, so that a receiver can
// tell a repetition.
package callback

import (
	"errors"
	"time"

	"github.com/fairlead/fairlead/shared/ship"
)

// Endpoint is a URL a tenant wants its events sent to.
type Endpoint struct {
	ID        string    // "ce_…"
	URL       string    // https; checked when it was added and again before each attempt
	Secrets   []Secret  // its signing secrets, the newest first; several while one replaces the other
	Mode      ship.Mode // only events of this mode are sent to it
	Events    []string  // event types it wants; empty: all
	Disabled  bool      // nothing is sent: the tenant wants it so, or the receiver answered 410 Gone
	CreatedAt time.Time
}

// Secret is a signing secret as it is stored.
type Secret struct {
	Sealed []byte    // for this endpoint
	Until  time.Time // when it signs no more; zero: it does not end
}

// EndpointChange is what changes of an endpoint. What is nil stays as it is.
type EndpointChange struct {
	URL      *string
	Events   *[]string // empty: all
	Disabled *bool
}

// Wants tells whether events of this mode and type are to be sent to e.
func (e Endpoint) Wants(mode ship.Mode, eventType string) bool {
	if e.Disabled || e.Mode != mode {
		return false
	}
	for _, t := range e.Events {
		if t == eventType {
			return true
		}
	}
	return len(e.Events) == 0
}

// State is where the delivery of one event to one endpoint stands.
type State string

// The states. Pending is only ever written when an attempt failed and another one follows.
const (
	Delivered State = "DELIVERED"
	Pending   State = "PENDING"
	Failed    State = "FAILED"
)

// Delivery is the record of one event's delivery to one endpoint: where it stands after its last attempt.
type Delivery struct {
	Endpoint   string    // "ce_…"
	EventID    string    // "evt_…", also the webhook-id
	OccurredAt time.Time // of the event; its hour is part of the key, so that a window can be replayed
	Type       string    // event type
	Shipment   string
	State      State
	Attempt    int    // attempts made, from 1
	Status     int    // HTTP status of the last attempt; 0 when there was no answer
	Reason     string // why it is not delivered (one of the Reason constants); empty when it is
	Answer     string // head of the answer's body when it was not a success, for a person; may be clipped further
	At         time.Time
	Over       time.Time // of a replay, and not kept: a word of up to then, DELIVERED too, is written over
}

// Reasons a delivery is not (yet) delivered.
const (
	ReasonStatus     = "status"             // the receiver answered, but not with 2xx
	ReasonGone       = "gone"               // 410: the endpoint has been disabled
	ReasonTimeout    = "timeout"            // connecting or answering took too long
	ReasonDNS        = "dns"                // its name does not resolve
	ReasonTLS        = "tls"                // no secure connection could be made
	ReasonProhibited = "prohibited_address" // it is not, or no longer, on the public internet
	ReasonConnection = "connection"         // refused, reset, or not HTTP
	ReasonUnknown    = "unknown_endpoint"   // it was deleted, or never was
	ReasonDisabled   = "disabled_endpoint"  // it answered 410 to another event
)

// ErrDelivered is returned by Recorder when a later word comes too late: the event is known to be delivered.
var ErrDelivered = errors.New("callback: this event has been delivered already")

// ErrNoEndpoint is returned for an endpoint that does not exist, or is another tenant's or the other mode's.
var ErrNoEndpoint = errors.New("callback: no such endpoint")

// ErrExists is returned by EndpointWriter for an id that is taken.
var ErrExists = errors.New("callback: there is such an endpoint")

// ErrRotated is returned by EndpointWriter when an endpoint's secrets are not those that were seen.
var ErrRotated = errors.New("callback: the secrets were rotated meanwhile")
