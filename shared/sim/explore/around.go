package explore

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/store/ddbsim"
	"github.com/fairlead/fairlead/shared/store/dynamo"
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
			out.reqs[k] = request{booked, int8(x.Lag)}
			x.emit(out, move{what: "the carrier books", who: nobody, nums: 1 << k, fair: true})
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
	if x.Cancel && r.CancelWanted.IsZero() {
		out := s
		if res := x.do(&out, "CW", nobody, proc{}); res.ok {
			x.emit(out, move{what: "somebody wants it cancelled", who: nobody})
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
)

// operate is Operator.decide: a person sees the shipment and the carrier, and says so some time later.
func (x *explorer) operate(s state, r booking.Record) {
	if s.op.decided != 0 {
		write, p := "DECLARE", proc{nums: s.op.number, seen: s.op.seen}
		if s.op.decided == adopts {
			write = "ADOPT"
		}
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
	for n := uint8(1); n <= s.live() && slices.Contains(allowed, booking.AdoptNumber); n <<= 1 {
		if s.live()&n != 0 {
			out := s
			out.op = person{decided: adopts, number: n, seen: x.shelf.part(s.item, toDecide)}
			x.emit(out, move{what: "the operator sees it at the carrier", who: nobody, nums: n})
		}
	}
}

// wanted is the protocol's CW, which has no method yet: here so that what the other writes say of cw is explored.
func (x *explorer) wanted(ctx context.Context, at time.Time) (booking.Record, error) {
	set, cond := "SET cw=:t, ver=ver+:one", "st=:booking OR st=:unknown"
	out, err := x.db.Client(ddbsim.ClientOptions{}).UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: new(table), Key: attrs{"pk": x.item()["pk"]}, UpdateExpression: &set, ConditionExpression: &cond, ReturnValues: types.ReturnValueAllNew,
		ExpressionAttributeValues: attrs{":t": number(at.UnixMilli()), ":one": number(1), ":booking": str("booking"), ":unknown": str("unknown")},
	})
	if err != nil {
		return booking.Record{}, &booking.Refused{}
	}
	return dynamo.Decode(out.Attributes)
}
