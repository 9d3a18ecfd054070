package explore

import (
	"cmp"
	"slices"
)

// maxProcs and maxRequests bound what a state holds.
const (
	maxProcs    = 5
	maxRequests = 3
)

// state is all that the future depends on. Times are ticks from now.
type state struct {
	item    itemID
	procs   [maxProcs]proc // the workers, then the recoveries
	op      person
	reqs    [maxRequests]request
	hints   hints
	crashes int8
}

// phase is what a process will do next.
type phase uint8

// The phases of workers and recoveries.
const (
	idle       phase = iota
	claiming         // CLAIM was applied, its acknowledgement lost
	sending          // claimed, nothing sent
	waiting          // for the carrier's answer
	recording        // an outcome is to be written
	keeping          // LATE is to be written for nums
	cancelling       // CANCEL, of a pending shipment that nobody wants
	dropping         // DROP, of a pending shipment that can't be attempted
	recovering       // RECOVER was applied, its acknowledgement lost
	looking          // the carrier is to be asked
	deciding         // it has answered, and what that means is to be written
	settling         // CLOSE, CLEAR, FETCHED, AUDITED or VOID is to be written
	clearing         // the carrier is to be asked to void the numbers that came late
	asking           // VOID is written, or taken over: the carrier is to be asked
	ending           // what that came to is to be written
)

// proc is a worker or a recovery.
type proc struct {
	phase phase
	left  int8   // ticks to its invocation's deadline
	at    int8   // when it claimed, or asked; not after now
	req   uint8  // the request it waits for, from 1; 0: the carrier will not answer any more
	nums  uint8  // the numbers it holds, as bits; clearing: those to be asked about; settling: those that are void
	write uint8  // recording: a booking.ResultWrite; settling: the write; ending: a booking.VoidStep
	find  uint8  // deciding: a carrier.FindKind; clearing: the numbers that are void
	flag  uint8  // recording, deciding: labelled; deciding: blind; settling: the document; asking: doubtful
	seen  itemID // the record it works with
}

// Flags of a proc.
const (
	labelled = 1 << iota // the label came with the number
	blind                // the account could not be read: the carrier was not asked
	doubtful             // the void was taken over from an owner that gave no account
)

// person is the operator: what was decided, about the item as it was seen.
type person struct {
	decided uint8 // 0: nothing
	number  uint8 // bits
	seen    itemID
}

// request is a booking request at the carrier.
type request struct {
	is   uint8
	left int8 // flying: ticks in which it may still be executed; booked: ticks until every look-up shows it
	void int8 // booked: while a void of it may still be executed, ticks and one; 0: there is none
}

// What a request can be.
const (
	free uint8 = iota
	flying
	booked
	voided
)

// hints are the messages that were sent once. Each may come, again and again, at any time after.
type hints uint8

// The hints.
const (
	bookHint hints = 1 << iota
	recoverHint
)

// live are the numbers of the bookings at the carrier, as bits.
func (s *state) live() uint8 {
	var out uint8
	for k, r := range s.reqs {
		if r.is == booked {
			out |= 1 << k
		}
	}
	return out
}

// visible are those that every look-up shows.
func (s *state) visible() uint8 {
	var out uint8
	for k, r := range s.reqs {
		if r.is == booked && r.left == 0 {
			out |= 1 << k
		}
	}
	return out
}

// held are the numbers that a process holds.
func (s *state) held() uint8 {
	var out uint8
	for _, p := range s.procs {
		out |= p.nums
	}
	return out & s.live()
}

// awaited are the numbers that a process will hold when it reads its answer.
func (s *state) awaited() uint8 {
	var out uint8
	for _, p := range s.procs {
		if p.req > 0 {
			out |= 1 << (p.req - 1)
		}
	}
	return out & s.live()
}

// token is what process i writes as owner. A process that ended leaves gone behind: the next one in its place is
// another receipt.
func token(i int) string { return []string{"p0", "p1", "p2", "p3", "p4"}[i] }

const gone = "gone"

// end is process i leaving, with everything it knew.
func (x *explorer) end(s *state, i int) {
	s.procs[i] = proc{}
	if x.Without != FreshReceipts {
		s.item = x.shelf.renamed(s.item, token(i), gone)
	}
}

// ordered puts processes of a kind in order: which of them does a thing makes no difference.
func (x *explorer) ordered(s *state) {
	x.sort(s, 0, x.Workers)
	x.sort(s, x.Workers, x.Workers+x.Recoveries)
}

func (x *explorer) sort(s *state, from, to int) {
	if slices.IsSortedFunc(s.procs[from:to], compareProcs) {
		return
	}
	was := s.procs
	var order [maxProcs]int
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order[from:to], func(a, b int) int { return compareProcs(was[a], was[b]) })
	owner := x.rec(s.item).Owner
	for i, j := range order {
		s.procs[i] = was[j]
		if owner == token(j) && i != j {
			s.item = x.shelf.renamed(s.item, owner, token(i))
		}
	}
}

func compareProcs(a, b proc) int {
	if a == b {
		return 0
	}
	return cmp.Or(cmp.Compare(b.phase, a.phase), cmp.Compare(a.left, b.left), cmp.Compare(a.at, b.at), cmp.Compare(a.req, b.req), cmp.Compare(a.nums, b.nums),
		cmp.Compare(a.write, b.write), cmp.Compare(a.find, b.find), cmp.Compare(a.flag, b.flag), cmp.Compare(a.seen, b.seen))
}

// tick is time moving on. What nobody can tell apart any more becomes one.
func (x *explorer) tick(s state) state {
	s.item = x.shelf.ticked(s.item)
	s.op.seen = x.shelf.ticked(s.op.seen)
	for k := range s.reqs {
		r := &s.reqs[k]
		r.void = max(r.void-1, 0)
		switch {
		case r.left > 0:
			r.left--
		case r.is == flying: // it will never be executed
			*r = request{}
			for i := range s.procs {
				if s.procs[i].req == uint8(k+1) {
					s.procs[i].req = 0
				}
			}
		}
	}
	for i := range s.procs {
		p := &s.procs[i]
		if p.phase == idle {
			continue
		}
		if int(p.left) <= -x.frozen() {
			if x.Frozen >= 0 { // the platform kills it
				x.end(&s, i)
			}
			continue // its lease is over: how long ago makes no difference any more
		}
		p.left--
		if p.phase == claiming || p.phase == deciding {
			p.at--
		}
		p.seen = x.shelf.ticked(p.seen)
	}
	return s
}
