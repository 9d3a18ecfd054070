package explore

import (
	"fmt"
	"io"

	"github.com/fairlead/fairlead/shared/booking"
)

// graph is what was explored: every state with the first way to it, and the fair steps between them.
type graph struct {
	x        *explorer
	ids      map[state]int32
	states   []state
	parents  []int32
	from, to []int32 // the fair steps
	report   Report
	cut      bool // at Config.Max
}

// walk visits the states in the order of their distance.
func (g *graph) walk(log io.Writer) {
	x := g.x
	first := x.start()
	g.ids[first], g.states, g.parents = 0, []state{first}, []int32{-1}
	level := 1 // the first state of the next depth
	for at := 0; at < len(g.states) && g.report.Broken == ""; at++ {
		if at == level {
			g.report.Depth++
			level = len(g.states)
			if log != nil {
				fmt.Fprintf(log, "depth %d: %d states, %d transitions\n", g.report.Depth, len(g.states), g.report.Transitions)
			}
		}
		if x.Max > 0 && len(g.states) > x.Max {
			g.cut, g.report.Broken = true, fmt.Sprintf("given up at %d states", x.Max)
			return
		}
		g.expand(int32(at))
	}
}

// expand makes the steps of a state.
func (g *graph) expand(at int32) {
	x, cur := g.x, g.states[at]
	if cur.live() != 0 || cur.reqs[0].is != free {
		g.bound(&cur)
	}
	x.emit = func(next state, m move) {
		g.report.Transitions++
		x.forget(&next)
		x.ordered(&next)
		if next == cur || g.report.Broken != "" {
			return
		}
		id, known := g.ids[next]
		if !known {
			id = int32(len(g.states))
			g.ids[next] = id
			g.states, g.parents = append(g.states, next), append(g.parents, at)
		}
		if bad := x.judge(&cur, &next, m, !known); bad != "" {
			g.report.Broken = bad
			g.report.Trace = append(g.trace(at), x.told(m, &next))
			return
		}
		if m.fair {
			g.from, g.to = append(g.from, at), append(g.to, id)
		}
	}
	x.steps(cur)
}

// bound counts the states in which a worker would send and there is no room for its request.
func (g *graph) bound(s *state) {
	for _, r := range s.reqs[:g.x.Requests] {
		if r.is == free {
			return
		}
	}
	for _, p := range s.procs {
		if p.phase == sending {
			g.report.Full++
			return
		}
	}
}

// trace is the shortest way to a state, told by making the steps again.
func (g *graph) trace(id int32) []string {
	if g.parents[id] < 0 {
		return []string{g.x.told(move{what: "created, to be booked", who: nobody}, &g.states[id])}
	}
	out := g.trace(g.parents[id])
	emit, found := g.x.emit, false
	g.x.emit = func(next state, m move) {
		g.x.forget(&next)
		g.x.ordered(&next)
		if !found && next == g.states[id] {
			found = true
			out = append(out, g.x.told(m, &next))
		}
	}
	g.x.steps(g.states[g.parents[id]])
	g.x.emit = emit
	return out
}

// stuck looks for a state from which no fair steps lead to an end.
func (g *graph) stuck() {
	into := make([][]int32, len(g.states))
	for k, to := range g.to {
		into[to] = append(into[to], g.from[k])
	}
	reach := make([]bool, len(g.states))
	var queue []int32
	for i := range g.states {
		if g.x.ended(&g.states[i]) {
			reach[i], queue = true, append(queue, int32(i))
		}
	}
	for len(queue) > 0 {
		at := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, from := range into[at] {
			if !reach[from] {
				reach[from], queue = true, append(queue, from)
			}
		}
	}
	for i, ok := range reach {
		if !ok {
			g.report.Broken, g.report.Trace = "nothing leads to an end from here", g.trace(int32(i))
			return
		}
	}
}

// ended tells whether nothing is left to do but by a person.
func (x *explorer) ended(s *state) bool {
	r := x.rec(s.item)
	stray := len(r.Late) > 0 && !x.Voids // nobody can void it, and it is shown
	switch r.Status {
	case booking.Booked:
		return r.Document != booking.DocumentPending && r.CancelWanted.IsZero() && !r.AuditOwed && (r.Due.IsZero() || stray && len(booking.Outstanding(r)) > 0)
	case booking.Cancelled, booking.CancelledLocally:
		return !r.AuditOwed && (r.Due.IsZero() || stray)
	case booking.Cancelling:
		return r.Held != "" && !r.AuditOwed && (len(r.Late) == 0 || stray)
	case booking.Failed:
		return !r.AuditOwed && r.Due.IsZero()
	case booking.Unknown:
		return r.Held != "" && len(r.Late) == 0
	}
	return false
}
