package sim

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"
)

// This file is the scheduler. Every call of the platform that leaves its process parks here; the driver lets exactly
// one go at a time, at the moment the seed chose for it, and waits until nothing moves any more. Between two moments
// of the driver at most one thing happens, so that equal seeds give equal runs.

// call is one parked call.
type call struct {
	in     *instance // who makes it; nil: the world outside the platform
	task   string    // which invocation and message
	port   Port
	what   string // the operation, for the trace and for telling calls of one task apart
	answer bool   // the second half of a call: what was done is acknowledged
	then   func() // what the driver does when the call's moment comes; nil: it goes on

	resume chan error // nil: it goes on; an error: that is its answer
}

// errDead is what every call of a dead process gets.
var errDead = errors.New("the process is dead")

// scheduler holds what is parked and what is to come.
type scheduler struct {
	mu       sync.Mutex
	arrived  []*call
	parked   map[*call]bool
	finished []*invocation
	wakeup   chan struct{}

	closed bool // nobody drives any more

	events eventHeap
	serial int
	steps  int64
}

// event is something that happens at a time.
type event struct {
	at     time.Time
	serial int
	do     func()
}

type eventHeap []event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].serial < h[j].serial
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(x any)   { *h = append(*h, x.(event)) }
func (h *eventHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	*h = old[:len(old)-1]
	return e
}

// after makes do happen after d.
func (w *World) after(d time.Duration, do func()) {
	w.serial++
	heap.Push(&w.events, event{time.Now().Add(d), w.serial, do})
}

// park holds a call until the driver lets it go, its process dies or its context ends.
func (w *World) park(ctx context.Context, c *call) error {
	c.resume = make(chan error, 1)
	w.mu.Lock()
	if w.closed || (c.in != nil && c.in.dead) {
		w.mu.Unlock()
		return errDead
	}
	if err := ctx.Err(); err != nil {
		w.mu.Unlock()
		return err
	}
	w.arrived = append(w.arrived, c)
	w.parked[c] = true
	w.mu.Unlock()
	w.wake()
	var err error
	select {
	case err = <-c.resume:
	case <-ctx.Done():
		err = ctx.Err()
		if w.still(c.in) {
			err = c.thawed()
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.parked, c)
	if ctx.Err() == nil || err == nil {
		return err
	}
	select {
	case err := <-c.resume: // let go before it gave up
		return err
	default:
		return err
	}
}

// still tells whether a process stands still.
func (w *World) still(in *instance) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return in != nil && !in.dead && time.Now().Before(in.frozen)
}

// thawed waits for the moment of a call whose process stands still: its timers stand still as well.
func (c *call) thawed() error {
	select {
	case err := <-c.resume:
		return err
	case <-c.in.ctx.Done():
		return errDead
	}
}

// wake tells the driver that there is something to look at.
func (w *World) wake() {
	select {
	case w.wakeup <- struct{}{}:
	default:
	}
}

// release lets a parked call go.
func (c *call) release(err error) { c.resume <- err }

// drive runs events in the order of their times until none is left or a rule is broken.
func (w *World) drive() {
	for {
		synctest.Wait()
		select {
		case <-w.wakeup:
		default:
		}
		w.collect()
		w.stir()
		if w.violation != nil || len(w.events) == 0 {
			return
		}
		next := w.events[0]
		if d := time.Until(next.at); d > 0 {
			timer := time.NewTimer(d)
			select {
			case <-timer.C:
			case <-w.wakeup: // a deadline let somebody go on: look first
				timer.Stop()
			}
			continue
		}
		heap.Pop(&w.events)
		w.steps++
		next.do()
	}
}

// collect takes in what has arrived and ended since the last step, in an order that does not depend on how the
// goroutines were scheduled.
func (w *World) collect() {
	w.mu.Lock()
	arrived, finished := w.arrived, w.finished
	w.arrived, w.finished = nil, nil
	w.mu.Unlock()
	slices.SortFunc(finished, func(a, b *invocation) int { return cmp.Compare(a.number, b.number) })
	for _, inv := range finished {
		w.ended(inv)
	}
	slices.SortFunc(arrived, func(a, b *call) int {
		return cmp.Or(strings.Compare(a.task, b.task), strings.Compare(string(a.port), string(b.port)), strings.Compare(a.what, b.what))
	})
	for _, c := range arrived {
		if c.then != nil {
			w.after(w.latency(c.port), func() { w.turn(c, c.then) })
			continue
		}
		w.after(w.latency(c.port), func() { w.turn(c, func() { c.release(nil) }) })
	}
}

// turn is a call's moment: it comes later for a process that stands still, and never for a dead one.
func (w *World) turn(c *call, do func()) {
	in := c.in
	if in != nil {
		if in.dead {
			return
		}
		if wait := time.Until(in.frozen); wait > 0 {
			w.after(wait+w.between(0, 50*time.Millisecond), func() { w.turn(c, do) })
			return
		}
		if in.doomed && !c.answer {
			if in.grace == 0 {
				w.kill(in, "its time was up")
				return
			}
			in.grace--
		}
	}
	w.note(c.task, c.what)
	do()
}

// between draws a duration.
func (w *World) between(low, high time.Duration) time.Duration {
	return low + time.Duration(w.rand.Int64N(int64(high-low)+1))
}

// latency is how long a call travels.
func (w *World) latency(p Port) time.Duration {
	if w.Tail && w.rand.IntN(50) == 0 {
		return w.between(time.Second, 8*time.Second)
	}
	switch p {
	case DBWrite, DBRead, DBQuery:
		return w.between(time.Millisecond, 12*time.Millisecond)
	case QueueSend:
		return w.between(3*time.Millisecond, 40*time.Millisecond)
	case CarrierDial:
		return w.between(20*time.Millisecond, 80*time.Millisecond)
	case CarrierBook, CarrierFind, CarrierLabel, CarrierVoid, CarrierLogin, Callback:
		return w.between(50*time.Millisecond, 900*time.Millisecond)
	}
	return w.between(time.Millisecond, 5*time.Millisecond)
}
