package explore

import (
	"math/bits"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
)

// begin is Recovery.hold, and what Recovery.cancel makes of its refusal.
func (x *explorer) begin(s state, i int) {
	p := s.procs[i]
	took := func(s state, what string) {
		s.procs[i] = proc{phase: asking, left: p.left, seen: x.shelf.part(s.item, toVoid)}
		x.emit(s, move{what: what, who: i, fair: true})
	}
	if res := x.do(&s, "VOID", i, p); res.ok {
		took(s, "VOID")
		s.procs[i] = p
		x.emit(s, move{what: "VOID, acknowledgement lost", who: i})
		return
	}
	if old := x.rec(s.item); old.Status == booking.Cancelling && old.Owner == token(i) {
		took(s, "VOID refused: it is mine")
		return
	}
	x.end(&s, i)
	x.emit(s, move{what: "VOID refused: it moved on", who: i, fair: true})
}

// ask is Recovery.void: whatever a carrier can answer, and what package booking decides it means. A carrier that has
// voided it before may say so, or may refuse as if it knew nothing of it.
func (x *explorer) ask(s state, i int) {
	p, k := s.procs[i], bits.TrailingZeros8(bit(x.rec(s.item).TrackingNumber))
	if !x.Voids {
		s.procs[i] = proc{phase: ending, left: p.left, write: local, seen: p.seen}
		x.emit(s, move{what: "the carrier takes nothing back", who: i, fair: true})
		return
	}
	answer := func(s state, kind carrier.VoidKind, what string) {
		d := x.Without.voiding(booking.Voiding{Answer: carrier.VoidAnswer{Kind: kind}, Doubt: p.flag&doubtful != 0})
		x.concludes(s, i, p, booking.AfterVoid(d), what)
		if d.Over = true; x.Hopeless {
			x.concludes(s, i, p, booking.AfterVoid(d), what+", and gives up after a day")
		}
	}
	answer(s, carrier.VoidNotSent, "no void is asked for")
	if p.left < -leaseTicks && x.Without != VoidGate { // the gate
		return
	}
	if s.reqs[k].is == booked {
		answer(s, carrier.VoidRefused, "the carrier refuses the void")
		sent := s
		sent.reqs[k].void = max(sent.reqs[k].void, int8(x.VoidLate)+1)
		answer(sent, carrier.VoidUnknown, "a void is on its way, no answer")
		s.reqs[k] = request{is: voided}
		answer(s, carrier.Voided, "the carrier voids it")
		answer(s, carrier.VoidUnknown, "the carrier voids it, no answer")
		return
	}
	answer(s, carrier.Voided, "the carrier says it is void already")
	answer(s, carrier.VoidRefused, "the carrier refuses, for it is void already")
	answer(s, carrier.VoidUnknown, "no answer")
}

// leaseTicks are those of Times.LeaseMargin: a lease ends as long after the deadline.
const leaseTicks = 1

// local is LOCAL among the booking.VoidSteps.
const local = 1 << 7

// concludes leaves what is to be written after a try, or nothing: then whoever takes over asks again.
func (x *explorer) concludes(s state, i int, p proc, step booking.VoidStep, what string) {
	s.procs[i] = proc{phase: ending, left: p.left, write: uint8(step), seen: p.seen}
	if step == booking.VoidLeave {
		x.end(&s, i)
	}
	x.emit(s, move{what: what, who: i, fair: true})
}

// conclude is Recovery.ended: one write, and again when a number came late in between.
func (x *explorer) conclude(s state, i int) {
	p := s.procs[i]
	write := "LOCAL"
	if p.write != local {
		write = booking.VoidStep(p.write).String()
	}
	r := x.rec(p.seen)
	res := x.do(&s, write, i, p)
	if res.ok {
		m := move{what: write, who: i, fair: true}
		if res.unfenced && x.Without != VoidFences {
			m.bad = "written under an epoch that is over"
		}
		x.finish(s, i, m)
		return
	}
	m := move{what: write + " refused: it moved on", who: i, fair: true}
	if old := x.rec(s.item); old.Status == booking.Cancelling && old.Owner == token(i) && old.Epoch == r.Epoch { // Fence.holdsVoid
		s.procs[i].seen = x.shelf.part(s.item, toVoid)
		m.what = write + " refused: takes the item as it is now"
	} else {
		x.end(&s, i)
	}
	x.emit(s, m)
}

// clear is Recovery.strays: it asks for one number after the other, and then writes which are void.
func (x *explorer) clear(s state, i int) {
	p := s.procs[i]
	n := lowest(p.nums)
	if n == 0 {
		if p.find == 0 {
			x.end(&s, i) // what else there is to settle was gone on with
		} else {
			s.procs[i] = proc{phase: settling, left: p.left, write: clearIt, nums: p.find, seen: p.seen}
		}
		x.emit(s, move{what: "has asked for every number that came late", who: i, nums: p.find, fair: true})
		return
	}
	k := bits.TrailingZeros8(n)
	s.procs[i].nums &^= n
	x.emit(s, move{what: "the carrier does not void it", who: i, nums: n, fair: true})
	if s.reqs[k].is == booked {
		sent := s
		sent.reqs[k].void = max(sent.reqs[k].void, int8(x.VoidLate)+1)
		x.emit(sent, move{what: "a void is on its way, no answer", who: i, nums: n})
		s.reqs[k] = request{is: voided}
		x.emit(s, move{what: "the carrier voids it, no answer", who: i, nums: n})
	}
	s.procs[i].find |= n
	x.emit(s, move{what: "the carrier voids it, or has", who: i, nums: n, fair: true})
}

// forget frees the places of requests that are void and that nothing names any more. What is settled books nothing, so
// that no number comes to mean another booking.
func (x *explorer) forget(s *state) {
	r := x.rec(s.item)
	names := numbers(r.Late) | bit(r.TrackingNumber)
	for _, p := range s.procs {
		if names |= p.nums; p.phase == clearing {
			names |= p.find
		}
		if p.req > 0 {
			names |= 1 << (p.req - 1)
		}
	}
	for k := range s.reqs {
		if s.reqs[k].is == voided && names&(1<<k) == 0 {
			s.reqs[k] = request{}
		}
	}
}
