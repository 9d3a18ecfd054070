package explore

import (
	"slices"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
)

// move says how a state came out of another.
type move struct {
	what string
	who  int // the process; nobody
	nums uint8
	fair bool // it happens when nothing goes wrong; the rest is up to faults and people
	by   bool // the client wants it so
	died bool // a process was lost
	bad  string
}

// resultWrites are the names of what booking.AfterCall decides.
var resultWrites = [...]string{booking.WriteUnknown: "UNKNOWN", booking.WriteBooked: "BOOKED", booking.WriteBookedOpen: "BOOKED+", booking.WriteBack: "BACK", booking.WriteRefused: "REFUSED"}

// idler is a process that could take a message, -1 when all are busy.
func (x *explorer) idler(s *state, from, to int) int {
	for i := from; i < to; i++ {
		if s.procs[i].phase == idle {
			return i
		}
	}
	return -1
}

// book is a booking message reaching a worker: Worker.Handle.
func (x *explorer) book(s state, fair bool) {
	i := x.idler(&s, 0, x.Workers)
	if i < 0 {
		return
	}
	p := proc{phase: claiming, left: int8(x.t.WorkerTimeout / unit)}
	if x.Hopeless {
		x.impossible(s, i, p)
	}
	x.claim(s, i, p, fair)
}

// impossible is an account that is not there any more: Worker.impossible.
func (x *explorer) impossible(s state, i int, p proc) {
	old := x.rec(s.item)
	if old.Status != booking.Pending || len(old.Late) > 0 || !old.CancelWanted.IsZero() {
		x.claimRefused(s, i, p, old, false)
		return
	}
	s.procs[i] = proc{phase: dropping, left: p.left, seen: x.shelf.part(s.item, toDrop)}
	x.emit(s, move{what: "reads it: its account is gone", who: i})
}

// claim is Worker.claim with what Handle makes of it.
func (x *explorer) claim(s state, i int, p proc, fair bool) {
	old := x.rec(s.item)
	if res := x.do(&s, "CLAIM", i, p); !res.ok {
		x.claimRefused(s, i, p, old, fair)
		return
	}
	bad := ""
	if len(old.Late) > 0 {
		bad = "claimed, although a number that came late is known"
	}
	lost := s
	lost.procs[i] = p
	s.procs[i] = proc{phase: sending, left: p.left, seen: x.shelf.part(s.item, toBook)}
	x.emit(s, move{what: "CLAIM", who: i, fair: fair, bad: bad})
	x.emit(lost, move{what: "CLAIM, acknowledgement lost", who: i, bad: bad})
}

// claimRefused is Worker.claimRefused. EXPIRE and REOPEN are made at once: their conditions say again all that the
// decision rests on. A message that is sent again is one that may come at any time.
func (x *explorer) claimRefused(s state, i int, p proc, old booking.Record, fair bool) {
	step, _ := booking.AfterClaimRefused(old, token(i), x.clock(i), x.t)
	switch step {
	case booking.StepHold:
		s.procs[i] = proc{phase: sending, left: p.left, seen: x.shelf.part(s.item, toBook)}
		x.emit(s, move{what: "CLAIM refused: it is mine", who: i, fair: fair})
		return
	case booking.StepReopen:
		x.once(s, i, "REOPEN", fair)
		return
	case booking.StepExpire:
		x.once(s, i, "EXPIRE", fair)
		return
	case booking.StepCancel:
		s.procs[i] = proc{phase: cancelling, left: p.left, seen: x.shelf.part(s.item, toCancel)}
		x.emit(s, move{what: "CLAIM refused: nobody wants it", who: i, fair: fair})
		return
	}
	x.end(&s, i)
	x.emit(s, move{what: "CLAIM refused: acknowledges", who: i, fair: fair})
}

// once makes a write after which the process has nothing left to do, whatever came of it.
func (x *explorer) once(s state, i int, write string, fair bool) {
	p := s.procs[i]
	res := x.do(&s, write, i, p)
	x.end(&s, i)
	x.emit(s, move{what: said(write, res), who: i, nums: p.nums, fair: fair})
}

func said(write string, res result) string {
	if !res.ok {
		return write + " refused"
	}
	return write
}

// send is the first half of Worker.call: the request goes out, or its bytes never do.
func (x *explorer) send(s state, i int) {
	p := s.procs[i]
	r := x.rec(p.seen)
	k := slices.IndexFunc(s.reqs[:x.Requests], func(r request) bool { return r.is == free })
	if k >= 0 && (now.Before(r.SendBy) || x.Without == SendByGate) {
		out := s
		out.reqs[k] = request{is: flying, left: int8(r.Lease.Sub(now)/unit) + int8(x.Late+x.Beyond)}
		out.procs[i].phase, out.procs[i].req = waiting, uint8(k+1)
		x.emit(out, move{what: "sends the request", who: i, nums: 1 << k, fair: true})
	}
	x.outcome(s, i, carrier.Outcome{Kind: carrier.NotSent}, false, "not a byte leaves")
}

// wait is the second half of Worker.call: any answer that the carrier can give, at any time.
func (x *explorer) wait(s state, i int) {
	p := s.procs[i]
	x.outcome(s, i, carrier.Outcome{Kind: carrier.Unknown}, false, "no answer, or one that says nothing")
	if p.req == 0 {
		return
	}
	k := p.req - 1
	switch s.reqs[k].is {
	case booked:
		s.procs[i].nums = 1 << k
		x.outcome(s, i, carrier.Outcome{Kind: carrier.Done}, true, "the carrier says yes")
		x.outcome(s, i, carrier.Outcome{Kind: carrier.Done}, false, "the carrier says yes, the label is to come")
	case flying:
		s.reqs[k] = request{}
		x.outcome(s, i, carrier.Outcome{Kind: carrier.Refused}, false, "the carrier refuses")
		x.outcome(s, i, carrier.Outcome{Kind: carrier.Throttled, RetryAfter: unit}, false, "the carrier answers 429")
		x.outcome(s, i, carrier.Outcome{Kind: carrier.Unauthenticated}, false, "the carrier answers 401 twice")
		if now.Before(x.rec(p.seen).SendBy) {
			s.procs[i].phase, s.procs[i].req = sending, 0
			x.emit(s, move{what: "the carrier answers 401, the token is refreshed", who: i, fair: true})
		}
	}
}

// outcome is the first half of Worker.record. A day without an attempt that came to anything may have passed (GiveUp).
func (x *explorer) outcome(s state, i int, o carrier.Outcome, ready bool, what string) {
	p := s.procs[i]
	write, _ := booking.AfterCall(x.rec(p.seen), o, ready)
	write = x.Without.call(write, o)
	s.procs[i] = proc{phase: recording, left: p.left, nums: p.nums, write: uint8(write), flag: uint8(o.RetryAfter / unit), seen: x.shelf.part(p.seen, toRecord)}
	if ready {
		s.procs[i].flag = labelled
	}
	x.emit(s, move{what: what, who: i, nums: p.nums, fair: true})
	if write == booking.WriteBack && x.Hopeless {
		s.procs[i].write, s.procs[i].flag = uint8(booking.WriteRefused), 0
		x.emit(s, move{what: what + ", and gives up after a day", who: i})
	}
}

// record is Worker.write: one write, or the next one that its refusal calls for.
func (x *explorer) record(s state, i int) {
	p := s.procs[i]
	f := x.fence(p, i)
	w := booking.ResultWrite(p.write)
	res := x.do(&s, resultWrites[w], i, p)
	if res.ok {
		m := move{what: resultWrites[w], who: i, nums: p.nums, fair: true}
		if res.unfenced && x.Without != Fences { // without them, what it leads to is to be seen
			m.bad = "written under an epoch that is over"
		}
		x.finish(s, i, m)
		return
	}
	old := x.rec(s.item)
	m := move{who: i, nums: p.nums, fair: true}
	switch step := x.Without.result(booking.AfterResultRefused(old, f, w, name(p.nums))); step {
	case booking.ResultOpen:
		s.procs[i].write, s.procs[i].seen = uint8(booking.WriteBookedOpen), x.shelf.part(s.item, toRecord)
		m.what = resultWrites[w] + " refused: something is left to do"
	case booking.ResultUnknown:
		s.procs[i].write, s.procs[i].flag = uint8(booking.WriteUnknown), 0
		m.what = resultWrites[w] + " refused: a late answer exists"
	case booking.ResultLate:
		s.procs[i] = proc{phase: keeping, left: p.left, nums: p.nums}
		m.what = resultWrites[w] + " refused: holds a number"
	default:
		x.end(&s, i)
		m.what = resultWrites[w] + " refused: drops it"
	}
	x.emit(s, m)
}

func (x *explorer) fence(p proc, i int) booking.Fence {
	r := x.rec(p.seen)
	return booking.Fence{Mode: r.Mode, ID: r.ID, Me: token(i), Epoch: r.Epoch}
}

// finish ends a process after its last write was applied; or that is not known to it, and it will write again.
func (x *explorer) finish(s state, i int, m move) {
	done := s
	x.end(&done, i)
	x.emit(done, m)
	m.what, m.fair = m.what+", acknowledgement lost", false
	x.emit(s, m)
}

// keep is Desk.late, for one number after the other.
func (x *explorer) keep(s state, i int) {
	p := s.procs[i]
	n := lowest(p.nums)
	res := x.do(&s, "LATE", i, p)
	done := s
	if done.procs[i].nums &^= n; done.procs[i].nums == 0 {
		x.end(&done, i)
	}
	x.emit(done, move{what: said("LATE", res), who: i, nums: n, fair: true})
	if res.ok {
		x.emit(s, move{what: "LATE, acknowledgement lost", who: i, nums: n})
	}
}

// worked makes the steps of a process that is at work.
func (x *explorer) worked(s state, i int) {
	switch p := s.procs[i]; p.phase {
	case claiming:
		x.claim(s, i, p, true)
	case sending:
		x.send(s, i)
	case waiting:
		x.wait(s, i)
	case recording:
		x.record(s, i)
	case keeping:
		x.keep(s, i)
	case cancelling:
		x.once(s, i, "CANCEL", true)
	case dropping:
		x.once(s, i, "DROP", true)
	case recovering:
		x.lease(s, i, p, true)
	case looking:
		x.look(s, i)
	case deciding:
		x.decide(s, i)
	case settling:
		if p.write == voidIt {
			x.begin(s, i)
			return
		}
		x.once(s, i, settleWrites[p.write], true)
	case clearing:
		x.clear(s, i)
	case asking:
		x.ask(s, i)
	case ending:
		x.conclude(s, i)
	}
}
