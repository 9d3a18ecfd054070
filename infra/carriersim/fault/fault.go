// Package fault breaks a simulated carrier on demand: by rule, by chance that a seed decides, or for one call by a
// header. It knows when a fault strikes (before or after the carrier acted) and how a connection is dropped; what
// an error looks like on the wire is the carrier's own affair.
package fault

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind names a fault.
type Kind string

// The faults. "Before" and "after" are seen from the booking or the void (or whatever the operation does).
const (
	Unauthorized Kind = "unauthorized" // before: 401, as if the token were not valid
	Throttled    Kind = "throttled"    // before: 429
	Refuse       Kind = "refuse"       // before: a definite refusal
	ErrorBefore  Kind = "error_before" // before: 5xx
	ErrorAfter   Kind = "error_after"  // after: 5xx
	Empty        Kind = "empty"        // before: 200 with an empty body
	EmptyAfter   Kind = "empty_after"  // after: 200 with an empty body
	Garbled      Kind = "garbled"      // after: the answer with a defect the carrier is known for, where it has one
	DropBefore   Kind = "drop_before"  // before: the connection is reset without an answer
	DropAfter    Kind = "drop_after"   // after: the connection is reset without an answer
	Slow         Kind = "slow"         // after: the answer comes Delay later, if the caller still waits
	Late         Kind = "late"         // the connection is reset at once; the carrier acts Delay later
	Lag          Kind = "lag"          // the booking is answered well, but hidden from look-ups for Delay
	none         Kind = ""             // no fault
)

// Kinds are all faults, in the order of the table above.
func Kinds() []Kind {
	return []Kind{Unauthorized, Throttled, Refuse, ErrorBefore, ErrorAfter, Empty, EmptyAfter, Garbled, DropBefore, DropAfter, Slow, Late, Lag}
}

// Operation names what a caller asked of the carrier.
type Operation string

// The operations.
const (
	Token    Operation = "token"
	Ship     Operation = "ship"
	Recovery Operation = "recovery"
	Track    Operation = "track"
	Void     Operation = "void"
	Rate     Operation = "rate"
	Address  Operation = "address" // validation of an address
	Any      Operation = "*"       // in a rule only
)

func operations() []Operation {
	return []Operation{Token, Ship, Recovery, Track, Void, Rate, Address, Any}
}

// Fault is a rule: which calls it strikes, and how.
type Fault struct {
	ID          int       `json:"id"`                    // given by the injector
	Kind        Kind      `json:"kind"`                  // required
	Operation   Operation `json:"operation"`             // empty means Any
	Reference   string    `json:"reference,omitempty"`   // prefix of the caller's reference; empty matches every call
	Probability int       `json:"probability,omitempty"` // per 1000 matching calls; 0 means every one
	Times       int       `json:"times,omitempty"`       // strikes left; 0 means without end
	DelayMS     int64     `json:"delay_ms,omitempty"`    // of slow, late and lag; 0 means the simulator's setting
	RetryAfter  int       `json:"retry_after,omitempty"` // seconds, of throttled; 0 sends no header
	Status      int       `json:"status,omitempty"`      // of error_before and error_after: 500 (default), 502 or 503
	Code        string    `json:"code,omitempty"`        // of refuse: the carrier's error code
}

// Delay is DelayMS as a duration.
func (f Fault) Delay() time.Duration { return time.Duration(f.DelayMS) * time.Millisecond }

// Check tells what is wrong with a rule.
func (f Fault) Check() error {
	switch {
	case !slices.Contains(Kinds(), f.Kind):
		return fmt.Errorf("kind %q is not one of %v", f.Kind, Kinds())
	case f.Operation != "" && !slices.Contains(operations(), f.Operation):
		return fmt.Errorf("operation %q is not one of %v", f.Operation, operations())
	case f.Probability < 0 || f.Probability > 1000:
		return fmt.Errorf("probability %d is not between 0 and 1000", f.Probability)
	case f.Times < 0 || f.DelayMS < 0 || f.RetryAfter < 0:
		return fmt.Errorf("times, delay_ms and retry_after can't be negative")
	case f.Status != 0 && !slices.Contains([]int{500, 502, 503}, f.Status):
		return fmt.Errorf("status %d is not 500, 502 or 503", f.Status)
	}
	return nil
}

func (f Fault) matches(op Operation, reference string) bool {
	return (f.Operation == "" || f.Operation == Any || f.Operation == op) && strings.HasPrefix(reference, f.Reference)
}

// share is how many of 1000 matching calls the rule strikes.
func (f Fault) share() int {
	if f.Probability == 0 {
		return 1000
	}
	return f.Probability
}

// Header is the request header that asks for a fault on that call alone: "slow" or, with a delay in
// milliseconds, "slow:2000".
const Header = "X-Sim-Fault"

// FromHeader reads the value of Header. An empty value is no fault.
func FromHeader(value string) (Fault, error) {
	if value == "" {
		return Fault{}, nil
	}
	kind, delay, timed := strings.Cut(value, ":")
	f := Fault{Kind: Kind(strings.TrimSpace(kind))}
	if timed {
		ms, err := strconv.ParseInt(strings.TrimSpace(delay), 10, 64)
		if err != nil {
			return Fault{}, fmt.Errorf("%s: delay %q is not a number of milliseconds", Header, delay)
		}
		f.DelayMS = ms
	}
	return f, f.Check()
}
