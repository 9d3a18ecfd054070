package sim

import "slices"

// Port is a place where the platform meets what can fail it.
type Port string

// The ports.
const (
	DBWrite      Port = "database write" // one state change, document or record
	DBRead       Port = "database read"  // one item, or a batch of them
	DBQuery      Port = "index query"
	QueueSend    Port = "queue send" // one message, a batch, or a dead letter
	QueueReceive Port = "queue receive"
	Stream       Port = "stream" // the outbox's records on their way to the relay
	CarrierDial  Port = "carrier dial"
	CarrierLogin Port = "carrier login"
	CarrierBook  Port = "carrier booking"
	CarrierFind  Port = "carrier look-up"
	CarrierLabel Port = "carrier label"
	CarrierVoid  Port = "carrier void"
	Callback     Port = "callback" // one event at the shipper's endpoint
	API          Port = "api call" // between a client and the platform
	Clock        Port = "clock"    // of a machine
)

// Ports are all of them.
func Ports() []Port {
	return []Port{DBWrite, DBRead, DBQuery, QueueSend, QueueReceive, Stream, CarrierDial, CarrierLogin, CarrierBook, CarrierFind, CarrierLabel, CarrierVoid, Callback, API, Clock}
}

// Fault is what can strike at a port.
type Fault string

// The faults.
const (
	CrashBefore   Fault = "crash before"    // the process dies, and the call was not made
	CrashAfter    Fault = "crash after"     // the call was carried out, and its answer finds nobody
	Freeze        Fault = "freeze"          // the process stands still for up to an hour, and is killed late
	LostAnswer    Fault = "lost answer"     // carried out, answered with an error
	Delay         Fault = "delay"           // takes seconds
	Throttle      Fault = "throttle"        // refused for now, not carried out
	Conflict      Fault = "conflict"        // a transaction conflict: not carried out
	StaleRead     Fault = "stale read"      // sees what was true some time ago
	Duplicate     Fault = "duplicate"       // delivered twice
	Reorder       Fault = "reorder"         // held back while later ones overtake
	Refusal       Fault = "refusal"         // the carrier's definite no, to a booking, a login or a void
	ErrorBefore   Fault = "5xx before"      // an error, and nothing was done
	ErrorAfter    Fault = "5xx after"       // done, and answered with an error
	DropBefore    Fault = "drop before"     // the connection breaks, and nothing was done
	DropAfter     Fault = "drop after"      // done, and the connection breaks
	Slow          Fault = "slow"            // done at once, answered after 45 s
	Empty         Fault = "empty 200"       // success without a body, and nothing was done
	EmptyAfter    Fault = "empty 200 after" // done, and success without a body
	Truncated     Fault = "answer cut off"  // done, and the connection breaks in the middle of the answer
	LookupLag     Fault = "look-up lag"     // done, and hidden from look-ups for some time
	LateExecution Fault = "late execution"  // no answer; the carrier acts long after
	Storm         Fault = "401 storm"       // every token is refused for a while
	SoftRotation  Fault = "soft rotation"   // a new token; the old one stays valid for a minute
	HardRotation  Fault = "hard rotation"   // a new token; the old one dies at once
	Skew          Fault = "skew"            // up to 90 s from the true time
)

// Faults are all of them.
func Faults() []Fault {
	return []Fault{CrashBefore, CrashAfter, Freeze, LostAnswer, Delay, Throttle, Conflict, StaleRead, Duplicate, Reorder, Refusal, ErrorBefore, ErrorAfter,
		DropBefore, DropAfter, Slow, Empty, EmptyAfter, Truncated, LookupLag, LateExecution, Storm, SoftRotation, HardRotation, Skew}
}

// process are the faults of whoever makes a call.
var process = []Fault{CrashBefore, CrashAfter, Freeze, Delay}

// strikes is what can strike where: the table that the coverage is held against.
var strikes = map[Port][]Fault{
	DBWrite:      slices.Concat(process, []Fault{LostAnswer, Throttle, Conflict}),
	DBRead:       slices.Concat(process, []Fault{Throttle, StaleRead}),
	DBQuery:      slices.Concat(process, []Fault{Throttle, StaleRead}),
	QueueSend:    slices.Concat(process, []Fault{LostAnswer, Throttle}),
	QueueReceive: {Duplicate, Reorder, Delay},
	Stream:       {Duplicate, Delay},
	CarrierDial:  {CrashBefore, CrashAfter, Freeze, Delay, DropBefore},
	CarrierLogin: slices.Concat(process, []Fault{Throttle, Refusal, ErrorBefore, ErrorAfter, DropBefore, DropAfter, SoftRotation, HardRotation}),
	CarrierBook: slices.Concat(process, []Fault{Throttle, Refusal, ErrorBefore, ErrorAfter, DropBefore, DropAfter, Slow, Empty, EmptyAfter, Truncated, LookupLag, LateExecution,
		Storm}),
	CarrierFind:  slices.Concat(process, []Fault{Throttle, ErrorBefore, DropBefore, DropAfter, Slow, Empty, Storm}),
	CarrierLabel: slices.Concat(process, []Fault{Throttle, ErrorBefore, DropBefore, DropAfter, Slow, Empty, Storm}),
	CarrierVoid: slices.Concat(process, []Fault{Throttle, Refusal, ErrorBefore, ErrorAfter, DropBefore, DropAfter, Slow, Empty, EmptyAfter, Truncated, LateExecution,
		Storm}),
	Callback: slices.Concat(process, []Fault{Throttle, ErrorBefore, ErrorAfter, DropBefore, DropAfter, Slow}),
	API:      {LostAnswer, Delay},
	Clock:    {Skew},
}
