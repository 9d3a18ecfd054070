package linear

import (
	"time"

	"github.com/anishathalye/porcupine"
)

// A nanosecond is divided, so that what happens at one instant can be told apart by version: two places for each.
const (
	places       = 1 << 10
	mostVersions = places/2 - 2
	longest      = never / places * time.Nanosecond // a history: 104 days
)

// placed are the claims of one shipment at the only places that matter, so that the search has next to nothing left to
// try. Versions only grow. Each may as well begin as late as it can: when the first answer that shows it or a later one
// is there. Then what was seen of a version held whenever it is asked, and a write comes last in the version that it
// ends. What stays open is which calls wrote, of those that nobody knows of.
func placed(claims []porcupine.Operation) []porcupine.Operation {
	seen := map[int64]int64{} // the first return of an answer with a version or a later one
	for _, c := range claims {
		for v := range c.Input.(claim).shows() {
			if at, ok := seen[v+1]; !ok || c.Return < at {
				seen[v+1] = c.Return
			}
		}
	}
	var out []porcupine.Operation
	for _, c := range claims {
		says, open := c.Input.(claim), c.Return == never
		ends, known := says.ends()
		at, next := seen[ends+1]
		end := at*places + 2*ends + 1
		c.Call *= places
		switch {
		case says.what != wrote:
			if v := says.shows(); v > 0 {
				c.Call = max(c.Call, seen[v]*places+2*v)
			}
			c.Return = c.Call
		case known && next && open && c.Call > end:
			continue // too late to have happened
		case known && next && !open:
			c.Call = max(c.Call, end)
			c.Return = c.Call
		case !open:
			c.Return = c.Return*places + places - 1
		}
		out = append(out, c)
	}
	return out
}

// shows is the version that a claim needs at least; 0 for none.
func (c claim) shows() int64 {
	switch c.what {
	case showed:
		return c.op.Answered
	case sawAnother:
		return 1
	}
	return 0
}

// ends is the version that a write ends: that of its If-Match, or none for a plain create. An order may end none or a
// draft.
func (c claim) ends() (version int64, known bool) {
	if c.op.Kind == Confirm || c.op.Kind == Update {
		return c.op.Version, true
	}
	return 0, !c.op.ConfirmNow
}
