package sim

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/store/ddbsim"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// often weighs the ports, in tenths: one booking makes dozens of database calls and one call to its carrier.
var often = map[Port]int{DBWrite: 2, DBRead: 1, DBQuery: 3, QueueSend: 3, QueueReceive: 10, Stream: 10, CarrierDial: 10, CarrierLogin: 20, CarrierBook: 25, CarrierFind: 15,
	CarrierLabel: 30, CarrierVoid: 40, Callback: 15, API: 10, Clock: 10}

// chance draws whether a fault strikes at a port, and counts it when it does.
func (w *World) chance(p Port, f Fault) bool {
	rate := w.Rates[f] * often[p]
	if w.Even {
		rate = w.Rates[f] * 10
	}
	if at, ok := w.Focus[Place{p, f}]; ok {
		rate = at * 10
	}
	if w.calm || rate == 0 || w.rand.IntN(100_000) >= rate {
		return false
	}
	w.struck++
	if w.Skip[w.struck] {
		return false
	}
	w.cover.pair(p, f)
	w.counts.Faults[f]++
	return true
}

// apart are the faults that come on top of another one and are drawn where they act.
var apart = map[Fault]bool{StaleRead: true, LookupLag: true}

// strike draws the one fault that strikes a call, "" for none.
func (w *World) strike(p Port) Fault {
	if w.calm {
		return ""
	}
	for _, f := range strikes[p] {
		if !apart[f] && w.chance(p, f) {
			return f
		}
	}
	return ""
}

// own deals with the faults of whoever makes the call. It tells whether the call goes on now.
func (w *World) own(c *call, f Fault, again func()) bool {
	switch f {
	case CrashBefore:
		w.noteCall(c, f)
		if c.in == nil {
			again()
			return false
		}
		w.kill(c.in, "crashed before "+string(c.port))
		return false
	case Freeze:
		w.noteCall(c, f)
		if c.in != nil {
			w.freeze(c.in)
		}
		w.after(0, func() { w.turn(c, again) })
		return false
	case Delay:
		w.noteCall(c, f)
		w.after(w.between(time.Second, 40*time.Second), func() { w.turn(c, again) })
		return false
	}
	return true
}

// pass lets a call to the database or a queue go on, struck by what the seed draws. What strikes after the call is
// left in outcome for the second half. refused makes the error of a fault that strikes before it.
func (w *World) pass(c *call, outcome *Fault, refused func(Fault) error) {
	f := w.strike(c.port)
	if !w.own(c, f, func() { c.release(nil) }) {
		return
	}
	switch f {
	case CrashAfter, LostAnswer:
		*outcome = f
		c.release(nil)
	case Throttle, Conflict:
		w.noteCall(c, f)
		c.release(refused(f))
	default:
		if w.rand.IntN(4) == 0 {
			*outcome = Delay // the answer takes its time, so that others act between the deed and its acknowledgement
		}
		c.release(nil)
	}
}

// acknowledge is the second half of a call: what was done is done. lost is the error of an answer that got lost.
func (w *World) acknowledge(ctx context.Context, first *call, outcome Fault, lost error) error {
	if outcome == "" {
		return nil
	}
	c := &call{in: first.in, task: first.task, port: first.port, what: first.what + " answered", answer: true}
	c.then = func() {
		switch outcome {
		case CrashAfter:
			w.noteCall(c, CrashAfter)
			if c.in == nil {
				c.release(lost)
				return
			}
			w.kill(c.in, "crashed after "+string(c.port))
		case LostAnswer:
			w.noteCall(c, LostAnswer)
			c.release(lost)
		default:
			c.release(nil)
		}
	}
	return w.park(ctx, c)
}

// database is a process's client of the database.
func (w *World) database(in *instance) *ddbsim.Client {
	return w.db.Client(ddbsim.ClientOptions{
		Before: func(ctx context.Context, op *ddbsim.Op) error {
			t := taskOf(ctx)
			c := &call{in: in, task: t.name, port: portOf(op), what: operation(ctx, op)}
			state := &flight{call: c}
			c.then = func() { w.pass(c, &state.outcome, databaseError) }
			if err := w.park(ctx, c); err != nil {
				return err
			}
			w.mu.Lock()
			w.flights[op] = state
			w.mu.Unlock()
			return nil
		},
		After: func(ctx context.Context, op *ddbsim.Op, err error) error {
			w.mu.Lock()
			state := w.flights[op]
			delete(w.flights, op)
			w.mu.Unlock()
			if _, refused := errors.AsType[*types.ConditionalCheckFailedException](err); refused {
				w.rules.refusedWrite(ctx, op)
			}
			if lost := w.acknowledge(ctx, state.call, state.outcome, ddbsim.LostAnswer()); lost != nil {
				return lost
			}
			return err
		},
		Lag: func(_ context.Context, op *ddbsim.Op) time.Duration {
			if w.chance(portOf(op), StaleRead) {
				return w.between(0, 5*time.Second)
			}
			return 0
		},
		Sleep: sleep,
	})
}

// flight is a database call between its halves.
type flight struct {
	call    *call
	outcome Fault
}

func databaseError(f Fault) error {
	if f == Conflict {
		return ddbsim.Conflict()
	}
	return ddbsim.Throttled()
}

func portOf(op *ddbsim.Op) Port {
	switch {
	case op.Write:
		return DBWrite
	case op.Name == "Query":
		return DBQuery
	}
	return DBRead
}

// operation names a database call as the trace shows it.
func operation(ctx context.Context, op *ddbsim.Op) string {
	name := op.Name
	if write := dynamo.WriteName(ctx); write != "" {
		name = write
	}
	return name + " " + op.Table + " " + op.Key + op.Index
}

// sleep waits, or returns early with the reason when ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
