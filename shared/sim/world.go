// Package sim is the deterministic simulator: the platform's own services, handlers and carrier adapters over an
// in-memory database, simulated queues and carriers, on virtual time. One seed drives everything: who comes when,
// what is struck by which fault, and in which order things happen. Rules are checked after every step and at the end.
// It is for tests only; nothing that deploys knows it.
package sim

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/sim/linear"
	"github.com/fairlead/fairlead/shared/sim/rivals"
	"github.com/fairlead/fairlead/shared/store/ddbsim"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// World is one run.
type World struct {
	Plan
	scheduler

	rand *rand.Rand
	log  *slog.Logger
	calm bool // faults have stopped

	db     *ddbsim.DB
	tables dynamo.Tables
	blobs  map[string][]byte
	shards []shard
	queues map[queue.Name]*sqs

	carriers    map[string]*host
	instances   []*instance
	booted      int
	invocations int
	connections int64
	pipes       []net.Conn
	flights     map[*ddbsim.Op]*flight
	claims      map[string]*truth // by the task that made the last claim
	redis       *rivals.Server    // a rival's

	messageSerial int
	struck        int
	ticking       bool
	buried        []string // bodies on dead-letter queues
	planted       []string // bad messages
	clients       int      // still at work
	moments       int64
	history       []linear.Op
	waits         []time.Duration

	rules     *rules
	cover     *Coverage
	counts    Counts
	violation *Violation
	trace     *bytes.Buffer // nil: nobody reads it
}

// shard is a part of the outbox, relayed in order.
type shard struct {
	records []ddbsim.Change
	done    int // relayed
	busy    bool
	pumping bool
}

// Counts is what a run came to.
type Counts struct {
	Orders, Booked, Failed, Cancelled, Held, Drafts int // as shipments ended
	Made                                            int // bookings at the carriers
	Voided                                          int // of them
	Duplicates, Reported                            int // live bookings beyond the first; those that were told
	Lost                                            int
	Orphaned                                        int // a rival's shipments with a live booking and a record without a number
	Asked                                           int // a person was asked about them
	Cleared                                         int // late numbers that a person settled
	Attempts, Kills, Messages, DeadLetters          int
	Events, Undelivered                             int
	Faults                                          map[Fault]int
	Steps                                           int64
	Virtual                                         time.Duration
	Unjudged                                        int // histories too tangled for the search
	Outages                                         int
}

// Add takes another run's counts in.
func (c *Counts) Add(o Counts) {
	for _, p := range []struct {
		to   *int
		more int
	}{
		{&c.Orders, o.Orders}, {&c.Booked, o.Booked}, {&c.Failed, o.Failed}, {&c.Cancelled, o.Cancelled}, {&c.Held, o.Held}, {&c.Drafts, o.Drafts}, {&c.Made, o.Made},
		{&c.Duplicates, o.Duplicates}, {&c.Reported, o.Reported}, {&c.Lost, o.Lost}, {&c.Attempts, o.Attempts}, {&c.Kills, o.Kills}, {&c.Messages, o.Messages},
		{&c.DeadLetters, o.DeadLetters}, {&c.Events, o.Events}, {&c.Undelivered, o.Undelivered}, {&c.Outages, o.Outages}, {&c.Unjudged, o.Unjudged}, {&c.Orphaned, o.Orphaned}, {&c.Asked, o.Asked}, {&c.Voided, o.Voided}, {&c.Cleared, o.Cleared},
	} {
		*p.to += p.more
	}
	for f, n := range o.Faults {
		c.Faults[f] += n
	}
	c.Steps += o.Steps
	c.Virtual += o.Virtual
}

// Result is a run's outcome. Violation is nil when every rule held.
type Result struct {
	Counts    Counts
	Violation *Violation
	Coverage  *Coverage
	Trace     string
	Struck    int             // faults that struck, those left out included
	Waits     []time.Duration // from each order to its booking, shortest first
}

// Run runs a plan in a bubble of its own.
func Run(t *testing.T, p Plan, traced bool) (out Result) {
	t.Helper()
	synctest.Test(t, func(*testing.T) { out = newWorld(p, traced).run() })
	return out
}

func newWorld(p Plan, traced bool) *World {
	w := &World{Plan: p, rand: rand.New(rand.NewPCG(p.Seed, 2)), log: quiet(), blobs: map[string][]byte{}, shards: make([]shard, 2), queues: map[queue.Name]*sqs{},
		flights: map[*ddbsim.Op]*flight{}, claims: map[string]*truth{}, cover: newCoverage()}
	w.wakeup, w.parked = make(chan struct{}, 1), map[*call]bool{}
	w.counts.Faults = map[Fault]int{}
	if traced {
		w.trace = &bytes.Buffer{}
	}
	var tables []ddbsim.Table
	tables, w.tables = ddbsim.Template("")
	tables = append(tables, ddbsim.Table{Name: rivalTable, Hash: "pk"})
	w.redis = rivals.NewRedis(time.Now)
	w.db = ddbsim.New(ddbsim.Options{Now: time.Now, Tables: tables})
	w.rules = newRules(w)
	w.db.Watch(func(ctx context.Context, c ddbsim.Change) {
		if c.Table == rivalTable {
			w.recorded(c)
		}
		if c.Table != w.tables.Shipments || c.New == nil {
			return
		}
		w.rules.wrote(ctx, c)
		if c.New["st"] != nil {
			s := w.shardOf(dynamo.ShipmentKey(keyOf(c)))
			s.records = append(s.records, c)
		}
	})
	for _, name := range queueNames {
		w.queues[name] = &sqs{name: name, consumer: consumers[name]}
	}
	w.carriers = w.hosts()
	return w
}

// run plays the plan: orders come and faults strike, then the faults stop and everything must come to its end.
func (w *World) run() Result {
	start := time.Now()
	w.furnish()
	time.Sleep(time.Minute) // an endpoint that was made a moment ago need not be known everywhere
	for n := range w.Orders {
		w.order(n)
	}
	w.after(w.Window+cmp.Or(w.Linger, 20*time.Minute), func() { w.note("world", "the faults stop"); w.calm = true })
	if w.Storms {
		w.forecast()
	}
	w.drive()
	w.counts.Virtual = time.Since(start)
	w.counts.Steps = w.steps
	if w.violation == nil {
		w.judge()
	}
	w.close()
	out := Result{Counts: w.counts, Violation: w.violation, Coverage: w.cover, Struck: w.struck, Waits: slices.Sorted(slices.Values(w.waits))}
	if w.trace != nil {
		out.Trace = w.trace.String()
	}
	return out
}

// stir starts what the outbox and the clock set off, after every step.
func (w *World) stir() {
	w.pumpStream()
	if !w.ticking {
		if _, open := w.nextDue(); open {
			w.ticking = true
			w.after(w.between(0, time.Minute), w.tick)
		}
	}
	if time.Since(epoch) > 20*24*time.Hour {
		w.rules.broken(RuleEnd, "", "after 20 days %d shipments are still open", len(w.rules.open))
	}
}

// epoch is when virtual time begins.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// close ends what is left of the world, so that its bubble can end.
func (w *World) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	for _, in := range w.instances {
		w.mu.Lock()
		in.dead = true
		w.mu.Unlock()
		in.cancel()
	}
	for _, p := range w.pipes {
		p.Close()
	}
	for range 100 { // what was parked gives up, may park once more, and gives up
		synctest.Wait()
		w.mu.Lock()
		for c := range w.parked {
			select {
			case c.resume <- errDead:
			default:
			}
		}
		left := len(w.parked) + w.clients
		w.mu.Unlock()
		if left == 0 {
			return
		}
		time.Sleep(time.Hour) // clients that pause come back, and learn that it is over
	}
}

// note writes a line of the trace.
func (w *World) note(who, what string) {
	if w.trace != nil {
		fmt.Fprintf(w.trace, "%12.3f  %-22s %s\n", time.Since(epoch).Seconds(), who, what)
	}
}

// noteCall writes that a fault struck a call, and remembers it for the shipment it concerns.
func (w *World) noteCall(c *call, f Fault) {
	ref := ours.FindString(c.what)
	w.rules.struck(c.task, ref, c.port, f)
	w.note(c.task, fmt.Sprintf("%s: %s", c.what, f))
}

func (w *World) noteWrite(ctx context.Context, name string, r booking.Record) {
	if w.trace != nil {
		w.note(taskOf(ctx).name, fmt.Sprintf("%s %s -> %s v%d ep%d %s%s", name, r.ID, r.Status, r.Version, r.Epoch, r.TrackingNumber, lateOf(r)))
	}
}

func lateOf(r booking.Record) string {
	if len(r.Late) == 0 {
		return ""
	}
	return fmt.Sprintf(" late %v", r.Late)
}

// keyOf is the key of a changed shipment, as its parts.
func keyOf(c ddbsim.Change) (tenant string, mode ship.Mode, id string) {
	parts := strings.SplitN(c.New["pk"].(*types.AttributeValueMemberS).Value, "#", 3)
	return parts[0], ship.Mode(parts[1]), parts[2]
}
