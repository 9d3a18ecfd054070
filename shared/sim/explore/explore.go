// Package explore walks through every state that one shipment can be in, breadth first and with equal states merged.
// It is no model: the decisions are package booking's, the writes are package dynamo's conditional updates applied by
// ddbsim, and what the relay and wake announce is what they announce. Only the few lines that join a decision to
// the next write are said again here, as steps between which anything else may happen; each names what it stands for.
//
// Shipments share nothing, so there is one. Around it: workers and recoveries that stall, die at any step and lose
// acknowledgements, messages that come again at any time, a carrier that executes late and shows it later, a client
// that confirms again, somebody who wants it cancelled, and an operator. Time moves in ticks.
package explore

import (
	"fmt"
	"io"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
)

// Config bounds an exploration. The zero value of a field leaves that part out.
type Config struct {
	Absence carrier.Absence // what the carrier's "not found" proves
	Rebook  bool            // the account's rebook_on_absent

	Workers    int // at work on the shipment at once, at most; messages that come while all are busy wait
	Recoveries int // the same
	Requests   int // at the carrier at once: on their way, or booked
	Crashes    int // of processes, at any step; beyond the platform's own kills. -1: any number

	Late   int // ticks by which a request may be executed after the lease of its sender
	Lag    int // ticks by which a booking may be found later than it was made
	Beyond int // ticks by which a request may be executed later than the settling time allows for
	Frozen int // ticks by which a stalled process may outlive its deadline, and its lease ends after one. -1: for ever; a look-up
	// of such a process then counts as no older than that, which only adds to what can happen
	Ahead int // ticks by which the recoveries' clocks are ahead of all others

	// Thrice begins where a carrier that executed beyond its settling time may leave a shipment: it is booked as A, B is known
	// to have come late, and a worker that stood still has just read C. Nothing but that worker knows of C: it must not die.
	Thrice bool

	Operator bool // a person decides
	Client   bool // confirms a failed shipment again
	Hopeless bool // an account may be gone, and a day pass without an attempt that came to anything
	Cancel   bool // the client wants it cancelled, at any time
	Voids    bool // the carrier takes bookings back
	VoidLate int  // ticks by which a void may be executed after it was asked for

	Without Guard // what is left out, for tests of the explorer
	Max     int   // states after which to give up; 0: none
}

// unit is a tick.
const unit = time.Second

// times are the shortest that keep the relations: send-by, then the deadline, then the lease; two answers of an absence
// fit the look-ups; those end after it has settled; an audit comes after the latest execution. Wake comes sooner than it should, which only adds to what can happen.
func (c Config) times() booking.Times {
	const lease = 3
	return booking.Times{
		WorkerTimeout: 2 * unit, SendBy: unit, LeaseMargin: unit, Skew: time.Duration(c.Ahead) * unit,
		DueFirst: unit, DueMax: unit, Lookups: []time.Duration{unit}, LookupLast: unit,
		LookupEnd: time.Duration(c.settle()+c.Ahead+4) * unit, AbsentGap: unit, Audit: time.Duration(lease+c.settle()+c.Beyond) * unit, GiveUp: unit, Divisor: 1,
	}
}

// settle is the carrier's settle_s: late execution and look-up lag together.
func (c Config) settle() int { return c.Late + c.Lag }

// frozen is how long after its deadline a process is told from one that is older. Leases end after one tick.
func (c Config) frozen() int {
	if c.Frozen < 0 {
		return 2
	}
	return c.Frozen
}

// Report is what an exploration came to.
type Report struct {
	States, Transitions, Depth int
	Items                      int            // different state items among the states
	Writes                     int            // different writes that were made through the store
	Applied                    map[string]int // how many different ones of each name were applied
	Full                       int            // states in which no further request fits: what comes after them is not explored
	Broken                     string
	Trace                      []string // the shortest way to what is broken
	Took                       time.Duration
}

// String is the report in one line.
func (r Report) String() string {
	out := fmt.Sprintf("%d states, %d transitions, depth %d, %d items, %d writes, %d at the bound of requests, %.1f s",
		r.States, r.Transitions, r.Depth, r.Items, r.Writes, r.Full, r.Took.Seconds())
	if r.Broken != "" {
		out += ": " + r.Broken
	}
	return out
}

// Explore visits every state that c allows, or stops at the first that breaks a rule. Progress goes to log, nil for none.
func Explore(c Config, log io.Writer) Report {
	start := time.Now()
	x := newExplorer(c)
	g := &graph{x: x, ids: map[state]int32{}}
	g.walk(log)
	if g.report.Broken == "" && !g.cut {
		g.stuck()
	}
	g.report.Applied = map[string]int{}
	for a, res := range x.made {
		if res.ok {
			g.report.Applied[a.write]++
		}
	}
	g.report.States, g.report.Items, g.report.Writes = len(g.states), x.shelf.whole(g.states), len(x.made)
	g.report.Took = time.Since(start)
	return g.report
}
