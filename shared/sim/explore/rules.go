package explore

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
)

// judge tells which rule a step breaks, "" for none. fresh says that its state is seen for the first time.
func (x *explorer) judge(was, is *state, m move, fresh bool) string {
	if m.bad != "" {
		return m.bad
	}
	if is.item != was.item {
		if bad := moved(x.rec(was.item), x.rec(is.item)); bad != "" && !(m.by && bad == unwanted) {
			return bad
		}
	}
	known := func(s *state) uint8 {
		r := x.rec(s.item)
		return (numbers(r.Late) | bit(r.TrackingNumber)) & s.live()
	}
	if dropped := known(was) & is.live() &^ known(is); dropped != 0 {
		return "a number that the shipment showed is not shown any more"
	}
	if dropped := was.held() & is.live() &^ (is.held() | known(is)); dropped != 0 && !m.died {
		return "a number that was held is dropped"
	}
	if fresh {
		return x.state(is, known(is))
	}
	return ""
}

// unwanted is what a client's own cancellation may do.
const unwanted = "cancelled, although nobody wants that any more"

// after are the states that a booked shipment and its void can come to.
var after = map[booking.Status][]booking.Status{
	booking.Booked:           {booking.Booked, booking.Cancelling},
	booking.Cancelling:       {booking.Cancelling, booking.Booked, booking.Cancelled, booking.CancelledLocally},
	booking.Cancelled:        {booking.Cancelled},
	booking.CancelledLocally: {booking.CancelledLocally},
}

// moved are the rules of a change of the item.
func moved(old, r booking.Record) string {
	next, settled := after[old.Status]
	switch {
	case settled && (!slices.Contains(next, r.Status) || r.TrackingNumber != old.TrackingNumber):
		return "a booked shipment changed"
	case old.Status == booking.Pending && r.Status == booking.Cancelled && old.CancelWanted.IsZero():
		return unwanted
	case old.Status == booking.Unknown && r.Status == booking.Pending && len(old.Late) > 0:
		return "booked again, although a number that came late is known"
	}
	return ""
}

// state are the rules of a state.
func (x *explorer) state(s *state, known uint8) string {
	r := x.rec(s.item)
	if x.Beyond == 0 && bits.OnesCount8(s.live()) > 1 {
		return "two live bookings at the carrier"
	}
	if trk := bit(r.TrackingNumber); trk != 0 {
		switch live := s.live()&trk != 0; {
		case r.Status == booking.Booked && !live:
			return "booked, and its label is void"
		case r.Status == booking.Cancelled && live:
			return "cancelled, and its label is live"
		}
	}
	if lost := s.live() &^ (known | s.held() | s.awaited()); lost != 0 && !x.findable(r) {
		return fmt.Sprintf("booking %s is live, the shipment is %s and nobody looks for it", name(lowest(lost)), r.Status)
	}
	if r.Due.IsZero() && unfinished(r) {
		return "something is left to do, and `due` is not set"
	}
	if (r.Due.IsZero()) != (x.shelf.items[s.item]["wk"] == nil) {
		return "`wk` and `due` are not of one mind"
	}
	return ""
}

// findable tells whether a booking that the item does not show will yet be looked for: by recovery, by a person, or
// by the audit of a shipment that was booked again.
func (x *explorer) findable(r booking.Record) bool {
	return r.Status == booking.Booking || r.Status == booking.Unknown || x.Beyond > 0 && r.AuditOwed
}

// unfinished tells whether something is left for wake to find.
func unfinished(r booking.Record) bool {
	switch r.Status {
	case booking.Pending, booking.Booking:
		return true
	case booking.Unknown, booking.Cancelling:
		return r.Held == "" || len(r.Late) > 0 || r.Status == booking.Cancelling && r.AuditOwed
	}
	return r.AuditOwed || len(r.Late) > 0 || r.Status == booking.Booked && (r.Document == booking.DocumentPending || !r.CancelWanted.IsZero())
}

// told is a step and where it led, for a trace.
func (x *explorer) told(m move, s *state) string {
	who := "-"
	switch {
	case m.who < x.Workers:
		who = fmt.Sprintf("worker %d", m.who)
	case m.who < maxProcs:
		who = fmt.Sprintf("recovery %d", m.who-x.Workers)
	}
	what := m.what
	if m.nums != 0 {
		what += " (" + letters(m.nums) + ")"
	}
	return fmt.Sprintf("%-10s %-60s | %s", who, what, x.shows(s))
}

// shows is a state in a line.
func (x *explorer) shows(s *state) string {
	var b strings.Builder
	b.WriteString(x.line(s.item))
	for i, p := range s.procs {
		if p.phase != idle {
			fmt.Fprintf(&b, "; %s %s", token(i), phases[p.phase])
			if p.nums != 0 {
				b.WriteString(" " + letters(p.nums))
			}
			fmt.Fprintf(&b, " (%d left)", p.left)
		}
	}
	for k, r := range s.reqs {
		if r.is != free {
			fmt.Fprintf(&b, "; %s %s/%d", name(1<<k), []string{"", "on its way", "LIVE", "void"}[r.is], r.left)
			if r.void > 0 {
				fmt.Fprintf(&b, ", a void on its way/%d", r.void-1)
			}
		}
	}
	if s.op.decided != 0 {
		b.WriteString("; the operator has decided")
	}
	return b.String()
}

var phases = [...]string{
	claiming: "claims again", sending: "will send", waiting: "waits", recording: "will write", keeping: "holds", cancelling: "will cancel", dropping: "will drop",
	recovering: "recovers again", looking: "will look", deciding: "decides", settling: "settles", clearing: "voids what came late",
	asking: "will ask for a void", ending: "will write what became of it",
}

func letters(nums uint8) string {
	out := ""
	for n := uint8(1); n <= nums; n <<= 1 {
		if nums&n != 0 {
			out += name(n)
		}
	}
	return out
}

// line is an item in a line.
func (x *explorer) line(id itemID) string {
	r := x.rec(id)
	out := string(r.Status)
	for _, a := range []struct{ name, value string }{{"own", r.Owner}, {"trk", r.TrackingNumber}, {"doc", string(r.Document)}, {"late", strings.Join(r.Late, "")}, {"hp", r.Held}} {
		if a.value != "" {
			out += " " + a.name + "=" + a.value
		}
	}
	for _, a := range []struct {
		name string
		at   time.Time
	}{{"lx", r.Lease}, {"sb", r.SendBy}, {"rx", r.RecoverLease}, {"nx", r.NotBefore}, {"ab", r.FirstAbsent}, {"due", r.Due}} {
		if !a.at.IsZero() {
			out += fmt.Sprintf(" %s%+d", a.name, a.at.Sub(now)/unit)
		}
	}
	for _, a := range []struct {
		name string
		set  bool
	}{{"cw", !r.CancelWanted.IsZero()}, {"au", r.AuditOwed}, {"ua", !r.AbsenceSettled.IsZero()}} {
		if a.set {
			out += " " + a.name
		}
	}
	return out
}
