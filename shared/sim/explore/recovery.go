package explore

import (
	"slices"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
)

// settleWrites are the writes that Recovery.settle leaves.
var settleWrites = [...]string{"CLOSE", "CLEAR", "fetched", "audited", "VOID"}

const (
	closeIt uint8 = iota
	clearIt
	fetchedIt
	auditedIt
	voidIt
)

// recover is a recovery message reaching a recovery: Recovery.Handle.
func (x *explorer) recover(s state, fair bool) {
	if i := x.idler(&s, x.Workers, x.Workers+x.Recoveries); i >= 0 {
		x.lease(s, i, proc{phase: recovering, left: int8(x.t.WorkerTimeout / unit)}, fair)
	}
}

// lease is RECOVER with what Handle makes of it.
func (x *explorer) lease(s state, i int, p proc, fair bool) {
	if res := x.do(&s, "RECOVER", i, p); !res.ok {
		x.leaseRefused(s, i, p, fair)
		return
	}
	lost := s
	lost.procs[i] = p
	x.leased(&s, i, p)
	x.emit(s, move{what: "RECOVER", who: i, fair: fair})
	x.emit(lost, move{what: "RECOVER, acknowledgement lost", who: i})
}

// leased is a recovery that has the shipment: it looks, or goes on with a void.
func (x *explorer) leased(s *state, i int, p proc) {
	s.procs[i] = proc{phase: looking, left: p.left, seen: x.shelf.part(s.item, toLook)}
	if x.rec(s.item).Status == booking.Cancelling {
		s.procs[i] = proc{phase: asking, left: p.left, flag: doubtful, seen: x.shelf.part(s.item, toVoid)}
	}
}

// leaseRefused is Recovery.refused.
func (x *explorer) leaseRefused(s state, i int, p proc, fair bool) {
	old := x.rec(s.item)
	step, _ := booking.AfterRecoverRefused(old, token(i), x.clock(i), x.t)
	switch step {
	case booking.RecoverHold:
		x.leased(&s, i, p)
		x.emit(s, move{what: "RECOVER refused: it is mine", who: i, fair: fair})
		return
	case booking.RecoverReopen:
		x.once(s, i, "REOPEN", fair)
		return
	case booking.RecoverExpire:
		x.once(s, i, "EXPIRE", fair)
		return
	case booking.RecoverCancel:
		s.procs[i] = proc{phase: cancelling, left: p.left, seen: x.shelf.part(s.item, toCancel)}
		x.emit(s, move{what: "RECOVER refused: nobody wants it", who: i, fair: fair})
		return
	case booking.RecoverSettle:
		x.settles(s, i, p, old, fair)
		return
	}
	x.end(&s, i)
	x.emit(s, move{what: "RECOVER refused: acknowledges", who: i, fair: fair})
}

// look is the first half of Recovery.look: the carrier is asked, and answers all that it can. What is visible is
// found, what is not yet may be.
func (x *explorer) look(s state, i int) {
	r := x.rec(s.procs[i].seen)
	say := func(kind carrier.FindKind, nums, flag uint8, what string) {
		out := s
		p := &out.procs[i]
		p.phase, p.at, p.find, p.nums, p.flag = deciding, 0, uint8(kind), nums, flag
		x.emit(out, move{what: what, who: i, nums: nums, fair: true})
	}
	say(carrier.FindFailed, 0, blind, "the account can't be read")
	if len(r.Late) > 0 || x.Absence == carrier.NoAbsence {
		say(carrier.FindFailed, 0, 0, "does not ask")
		return
	}
	say(carrier.FindFailed, 0, 0, "look-up fails")
	x.shown(&s, func(nums uint8) {
		if nums == 0 {
			say(carrier.Absent, 0, 0, "look-up: absent")
			return
		}
		say(carrier.Found, nums, labelled, "look-up finds it, with its label")
		say(carrier.Found, nums, 0, "look-up finds it")
	})
}

// shown are the sets of bookings that a look-up can show now.
func (x *explorer) shown(s *state, each func(nums uint8)) {
	must, live := s.visible(), s.live()
	for nums := range live + 1 {
		if nums&must == must && nums&live == nums {
			each(nums)
		}
	}
}

// decide is the loop of Recovery.look: one write, and what its refusal calls for.
func (x *explorer) decide(s state, i int) {
	p := s.procs[i]
	r := x.rec(p.seen)
	d := x.looked(r, p, i)
	write := [...]string{booking.LookAgain: "again", booking.LookAnnounce: "again", booking.LookAdopt: "adopt", booking.LookAdoptOpen: "adopt+",
		booking.LookAbsent: "absent", booking.LookHold: "hold"}[d.Step]
	res := x.do(&s, write, i, p)
	if res.ok {
		m := move{what: write, who: i, nums: bit(d.Number), fair: true}
		if res.unfenced {
			m.bad = "written under an epoch that is over"
		}
		x.finish(s, i, m)
		return
	}
	old := x.rec(s.item)
	m := move{what: write + " refused: it moved on", who: i, nums: p.nums, fair: true}
	held := old.Status == booking.Unknown && old.Owner == token(i) && old.Epoch == r.Epoch // Fence.holdsRecovery
	if held && (!slices.Equal(old.Late, r.Late) || old.CancelWanted.IsZero() != r.CancelWanted.IsZero()) {
		s.procs[i].seen = x.shelf.part(s.item, toLook)
		m.what = write + " refused: takes the item as it is now"
		x.emit(s, m)
		return
	}
	// Recovery.keep
	keep := numbers(append([]string{d.Number}, d.Rest...)) &^ (bit(old.TrackingNumber) | numbers(old.Late))
	s.procs[i] = proc{phase: keeping, left: p.left, nums: keep}
	if keep == 0 {
		x.end(&s, i)
	}
	x.emit(s, m)
}

// settles is Recovery.settle up to its write.
func (x *explorer) settles(s state, i int, p proc, r booking.Record, fair bool) {
	leave := func(write, doc uint8, what string) {
		out := s
		out.procs[i] = proc{phase: settling, left: p.left, write: write, flag: doc, seen: x.shelf.part(s.item, toSettle)}
		x.emit(out, move{what: what, who: i, fair: fair})
	}
	open := numbers(booking.Outstanding(r))
	switch {
	case r.Status == booking.Booked && !r.CancelWanted.IsZero():
		leave(voidIt, 0, "nobody wants it")
		return
	case len(r.Late) > 0 && open == 0:
		leave(clearIt, 0, "all that is late is its own")
		return
	case open != 0 && x.Voids: // Recovery.strays, and what follows when it voids nothing
		out := s
		out.procs[i] = proc{phase: clearing, left: p.left, nums: open, seen: x.shelf.part(s.item, toSettle)}
		x.emit(out, move{what: "voids what came late", who: i, nums: open, fair: fair})
	}
	more := r.AuditOwed || len(r.Late) > 0
	switch {
	case r.Status == booking.Booked && r.Document == booking.DocumentPending: // Recovery.fetch
		write := closeIt
		if more {
			write = fetchedIt
		}
		leave(write, 0, "fetches the label")
		leave(write, 1, "gives the label up")
	case booking.AuditDue(r, x.clock(i), x.t):
		x.audit(s, i, p, r, leave)
		return
	case r.AuditOwed, len(r.Late) > 0:
	default:
		leave(closeIt, doc(r), "nothing is left")
	}
	x.end(&s, i) // nothing to do now, or the label is not there yet
	x.emit(s, move{what: "leaves it to wake", who: i, fair: fair})
}

// doc is the flag for the document a record has; that of a shipment without one does not matter.
func doc(r booking.Record) uint8 {
	if r.Document == booking.DocumentFailed {
		return 1
	}
	return 0
}

// audit is Recovery.audit, and what settle makes of its answer.
func (x *explorer) audit(s state, i int, p proc, r booking.Record, leave func(write, doc uint8, what string)) {
	clean := func(what string) {
		if len(r.Late) > 0 {
			leave(auditedIt, 0, what)
			return
		}
		leave(closeIt, doc(r), what)
	}
	idle := s
	x.end(&idle, i)
	x.emit(idle, move{what: "audit fails", who: i, fair: true})
	if x.Beyond == 0 && x.clock(i).Sub(r.Updated()) > x.t.Audit+x.t.LookupEnd { // beyond, somebody has to be able to ask
		clean("audit is given up")
	}
	if x.Absence == carrier.NoAbsence {
		return
	}
	x.shown(&s, func(nums uint8) {
		if nums &^= bit(r.TrackingNumber) | numbers(r.Late); nums == 0 {
			clean("audit finds nothing else")
			return
		}
		out := s
		out.procs[i] = proc{phase: keeping, left: p.left, nums: nums}
		x.emit(out, move{what: "audit finds another", who: i, nums: nums, fair: true})
	})
}
