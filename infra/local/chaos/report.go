package chaos

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/infra/carriersim/fault"
)

// Report is what happened, and what was wrong.
type Report struct {
	Seed     uint64
	Bookings int // references
	Took     time.Duration

	Outcomes map[string]int // references by status; "held" are those a person decides
	HeldLive int            // held references that the carrier booked: a look-up was struck until the last
	Booked   int            // bookings the carrier made
	Live     int            // of these, not voided
	Replays  int            // orders that were sent again
	Rebooked int            // references sent to the carrier again after an absence that was settled

	Calls       map[carriersim.Op]int
	Strikes     map[fault.Kind]int // on booking calls
	OtherFaults int                // on look-ups and logins

	Killed, Holding   int            // function processes; of these, while the carrier held their booking call
	Restarts, Crashed int            // of the stack; of these, killed
	Duplicated        map[string]int // messages sent again, by queue
	DeadLetters       int            // messages received too often, by killed processes
	TimedOut          int            // booking processes that outlasted their timeout: the machine was slow

	Duplicates int      // live bookings beyond the first of a reference
	Lost       int      // live bookings that their shipment does not show, unless it is held
	Violations []string // each with everything one needs to look into it
}

func (r *run) report() *Report {
	c := r.strikes.count()
	out := &Report{Seed: r.Seed, Bookings: r.Bookings, Outcomes: map[string]int{}, Calls: r.sim.Calls(), Strikes: map[fault.Kind]int{},
		Killed: c.killed, Holding: c.holding, Restarts: c.restarts, Crashed: c.crashed, Duplicated: map[string]int{}, Replays: r.board.replays, TimedOut: r.timedOut()}
	for _, e := range r.sim.Ledger() {
		out.Booked += len(e.Bookings)
		out.Live += e.Live
	}
	for _, i := range r.sim.Injected() {
		if i.Operation == fault.Ship {
			out.Strikes[i.Kind]++
		} else {
			out.OtherFaults++
		}
	}
	for _, b := range r.strikes.list() {
		if b.Kind == duplicated {
			out.Duplicated[b.What]++
		}
	}
	return out
}

// leastStrikes is how often each fault must have struck for a run to show anything: once in 200 bookings, where eight are
// expected. Which call a fault strikes is chance, so that more would fail a run for bad luck.
func leastStrikes(bookings int) int { return bookings / 200 }

// judgeCounts makes it a violation that too little happened.
func (r *Report) judgeCounts(p Plan) {
	few := func(what string, got, want int) {
		if got < want {
			r.Violations = append(r.Violations, fmt.Sprintf("too little happened to show anything: %s, %d of %d", what, got, want))
		}
	}
	few("processes killed", r.Killed, p.Kills)
	few("processes killed while the carrier held their call", r.Holding, p.holds())
	few("restarts of the stack", r.Restarts, p.Restarts)
	few("messages sent again", total(r.Duplicated), p.Duplicates)
	for _, k := range fault.Kinds() {
		few("booking calls struck by "+string(k), r.Strikes[k], leastStrikes(p.Bookings))
	}
}

func total(m map[string]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}

// Print prints the violations, and the counts last.
func (r *Report) Print(w io.Writer) {
	for _, v := range r.Violations {
		_, _ = fmt.Fprintf(w, "\nVIOLATION: %s\n", v)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) {
		_, _ = fmt.Fprintf(t, "  %s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	_, _ = fmt.Fprintf(w, "\nchaos, seed %d: %d references in %v\n", r.Seed, r.Bookings, r.Took.Round(time.Second))
	line("carrier", "%d bookings, %d of them live; calls: %s", r.Booked, r.Live, list(r.Calls))
	line("outcomes", "%s (%d of those held are booked at the carrier); %d were sent again after a settled absence", list(r.Outcomes), r.HeldLive, r.Rebooked)
	strikes := map[fault.Kind]int{}
	for _, k := range fault.Kinds() {
		strikes[k] = r.Strikes[k]
	}
	line("faults", "%s; %d on look-ups and logins", list(strikes), r.OtherFaults)
	line("killed", "%d function processes, %d of them while the carrier held their booking call", r.Killed, r.Holding)
	line("restarts", "%d of the whole stack, %d of them killed", r.Restarts, r.Crashed)
	line("orders", "%d sent twice", r.Replays)
	line("messages", "%d sent again: %s; %d on dead-letter queues", total(r.Duplicated), list(r.Duplicated), r.DeadLetters)
	if r.TimedOut > 0 {
		line("slow", "%d booking processes outlasted their timeout", r.TimedOut)
	}
	line("result", "%d duplicates, %d lost, %d violations", r.Duplicates, r.Lost, len(r.Violations))
	_ = t.Flush()
}

// list prints counts by name.
func list[K ~string](m map[K]int) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, fmt.Sprintf("%s %d", k, m[k]))
	}
	return strings.Join(out, ", ")
}
