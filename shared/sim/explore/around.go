package explore

import (
	"math/bits"
	"slices"

	"github.com/fairlead/fairlead/shared/booking"
)

// steps makes every step that can be made in a state.
func (x *explorer) steps(s state) {
	x.emit(x.tick(s), move{what: "time passes", who: nobody, fair: true, died: true})
	x.carrier(s)
	for i, p := range s.procs {
		if p.phase != idle {
			x.worked(s, i)
			x.crash(s, i)
		}
	}
	x.wake(s)
	if s.hints&bookHint != 0 {
		x.book(s, false)
	}
	if s.hints&recoverHint != 0 {
		x.recover(s, false)
	}
	x.people(s)
}

// crash is process i dying where it is.
func (x *explorer) crash(s state, i int) {
	if s.crashes == 0 {
		return
	}
	if s.crashes > 0 {
		s.crashes--
	}
	x.end(&s, i)
	x.emit(s, move{what: "crashes", who: i, died: true})
}

// carrier executes what it was asked for, at any time within its bound.
func (x *explorer) carrier(s state) {
	for k, r := range s.reqs {
		if r.is == flying {
			out := s
			out.reqs[k] = request{is: booked, left: int8(x.Lag)}
			x.emit(out, move{what: "the carrier books", who: nobody, nums: 1 << k, fair: true})
		}
		if r.is == booked && r.void > 0 {
			out := s
			out.reqs[k] = request{is: voided}
			x.emit(out, move{what: "the carrier carries the void out", who: nobody, nums: 1 << k, fair: true})
		}
	}
}

// wake is Waker.wake: it moves `due`, then sends. It may die in between, or its message come late: that is the hint.
func (x *explorer) wake(s state) {
	r := x.rec(s.item)
	if r.Due.IsZero() || r.Due.After(now) {
		return
	}
	_, send := booking.NextWake(r, now, x.t)
	if res := x.do(&s, "WAKE", nobody, proc{}); !res.ok {
		panic("explore: WAKE refused")
	}
	if !send {
		x.emit(s, move{what: "WAKE, only looking", who: nobody, fair: true})
		return
	}
	hint, deliver := recoverHint, x.recover
	if r.Status == booking.Pending || r.Status == booking.Booking {
		hint, deliver = bookHint, x.book
	}
	s.hints |= hint
	x.emit(s, move{what: "WAKE", who: nobody})
	emit := x.emit
	x.emit = func(next state, m move) { m.what = "WAKE, and its message: " + m.what; emit(next, m) }
	deliver(s, true)
	x.emit = emit
}

// people are the client and the operator.
func (x *explorer) people(s state) {
	r := x.rec(s.item)
	if x.Client && r.Status == booking.Failed && r.ConfirmKey != nextKey { // Service.Confirm reads, then writes under that version
		out := s
		if res := x.do(&out, "CONFIRM", nobody, proc{}); res.ok {
			x.emit(out, move{what: "CONFIRM with another key", who: nobody})
		}
	}
	if x.Cancel { // Service.Cancel reads, then writes under what it read
		if write := map[booking.CancelStep]string{booking.CancelNow: "CANCEL", booking.CancelReopen: "REOPEN", booking.CancelWant: "CW"}[booking.OnCancel(r)]; write != "" {
			out := s
			if res := x.do(&out, write, nobody, proc{}); res.ok {
				x.emit(out, move{what: "the client cancels: " + write, who: nobody, by: true})
			}
		}
	}
	if x.Operator {
		x.operate(s, r)
	}
}

// Decisions of a person.
const (
	declares uint8 = iota + 1
	adopts
	voids
	denies
	clears
)

// operate is Operator.decide: a person sees the shipment and the carrier, and says so some time later.
func (x *explorer) operate(s state, r booking.Record) {
	if s.op.decided != 0 {
		p := proc{nums: s.op.number, seen: s.op.seen}
		write := [...]string{declares: "DECLARE", adopts: "ADOPT", voids: "VOIDED by word", denies: "VOIDNO by word", clears: "CLEAR by word"}[s.op.decided]
		s.op = person{}
		res := x.do(&s, write, nobody, p)
		x.emit(s, move{what: said(write, res), who: nobody, nums: p.nums, fair: true})
		return
	}
	allowed := booking.Allowed(r)
	if slices.Contains(allowed, booking.DeclareAbsent) && s.visible() == 0 {
		out := s
		out.op = person{decided: declares, seen: x.shelf.part(s.item, toDecide)}
		x.emit(out, move{what: "the operator sees nothing at the carrier", who: nobody})
	}
	if slices.Contains(allowed, booking.DeclareVoid) { // a person waits until no void is on its way
		k := s.reqs[bits.TrailingZeros8(bit(r.TrackingNumber))]
		out := s
		switch {
		case k.is == voided:
			out.op = person{decided: voids, seen: x.shelf.part(s.item, toDecide)}
			x.emit(out, move{what: "the operator sees it void at the carrier", who: nobody})
		case k.void == 0:
			out.op = person{decided: denies, seen: x.shelf.part(s.item, toDecide)}
			x.emit(out, move{what: "the operator sees it booked at the carrier", who: nobody})
		}
	}
	if slices.Contains(allowed, booking.ClearNumber) {
		for _, late := range booking.Outstanding(r) {
			if n := bit(late); s.reqs[bits.TrailingZeros8(n)].is == voided {
				out := s
				out.op = person{decided: clears, number: n, seen: x.shelf.part(s.item, toSettle)}
				x.emit(out, move{what: "the operator sees a late number void at the carrier", who: nobody, nums: n})
			}
		}
	}
	for n := uint8(1); n <= s.live() && slices.Contains(allowed, booking.AdoptNumber); n <<= 1 {
		if s.live()&n != 0 {
			out := s
			out.op = person{decided: adopts, number: n, seen: x.shelf.part(s.item, toDecide)}
			x.emit(out, move{what: "the operator sees it at the carrier", who: nobody, nums: n})
		}
	}
}
