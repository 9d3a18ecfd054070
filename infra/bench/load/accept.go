package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim/fault"
)

// The rates at which orders come, a second. The first must be accepted without an error; the last is the goal.
var acceptRates = []int{25, 50, 100}

const (
	acceptProcesses = 48 // of each function: who waits, waits for the emulators, which have one processor
	drainProcesses  = 16
	goalAccept      = time.Second // p99, without the emulators' share
)

// accept measures what is accepted at each rate while one worker books, and then how fast the rest is booked. Each rate
// has a stack of its own: to DynamoDB's emulator every write costs more, the more changes its stream holds.
func (b *bench) accept(ctx context.Context) error {
	t := &table{title: "Accepting", head: []string{"a second", "orders", "errors", "p50", "p95", "p99", "max", "emulator p50", "p95", "p99", "max", "net p50", "p95", "p99", "max"}}
	var best acceptance
	var backlog *table
	for i, rate := range acceptRates {
		got, drained, err := b.atRate(ctx, rate, i == len(acceptRates)-1)
		if err != nil {
			return err
		}
		backlog = drained
		if len(got.errs) == 0 {
			best = got
		} else {
			t.note("At %d a second the first error was: %v", rate, got.errs[0])
		}
		if i == 0 {
			b.figure(figure{name: fmt.Sprintf("errors of %d creates, %d a second", got.orders, rate), measured: fmt.Sprint(len(got.errs)), goal: "0", reached: len(got.errs) == 0, asserted: true})
		}
		t.row(slices.Concat([]string{fmt.Sprint(rate), fmt.Sprint(got.orders), fmt.Sprint(len(got.errs))}, got.gross.cells(), got.emulator.cells(), got.net.cells())...)
	}
	t.note("Create with confirm, %s at each rate, from the moment an order was due to its answer; one worker books meanwhile.", took(b.duration))
	t.note("Emulator is what the same calls waited for DynamoDB's emulator, net is the rest: our own work, and the queue in front of the functions that forms when the emulator stalls.")
	b.add(t)
	b.add(backlog)
	goal := acceptRates[len(acceptRates)-1]
	b.figure(figure{name: "creates a second, the most without an error", measured: fmt.Sprint(best.rate), goal: fmt.Sprint(goal), reached: best.rate >= goal})
	b.figure(figure{name: fmt.Sprintf("create at %d a second, p99 without the emulators' share", best.rate), measured: took(best.net.at(99)),
		goal: "under " + took(goalAccept), reached: best.rate > 0 && best.net.at(99) < goalAccept})
	return ctx.Err()
}

// acceptance is what became of the orders that came at a rate.
type acceptance struct {
	rate, orders         int
	errs                 []error
	gross, emulator, net spread // of those that were accepted
}

// atRate has orders come at a rate, and books the backlog if that is wanted.
func (b *bench) atRate(ctx context.Context, rate int, drain bool) (got acceptance, backlog *table, err error) {
	r, err := b.start(ctx, fmt.Sprintf("accept-%d", rate), acceptProcesses)
	if err != nil {
		return got, nil, err
	}
	defer r.close()
	if err := r.stack.Limit(ctx, "book-shipment", 1); err != nil {
		return got, nil, err
	}
	s, err := r.shop(ctx, "Bench", "test")
	if err != nil {
		return got, nil, err
	}
	if _, err := r.order(ctx, s, "warm", warmUps); err != nil {
		return got, nil, err
	}
	booking, creating := tail(r.log("book-shipment")), tail(r.log("create-shipment"))
	came := s.arrive(ctx, fmt.Sprintf("at-%d", rate), "ups_ground", rate, b.duration)
	waited := map[string]time.Duration{} // for the emulators, by request
	err = lines(r.log("create-shipment"), creating, func(l line) {
		if l.Msg == "request" {
			waited[l.RequestID] = time.Duration(l.AWS) * time.Millisecond
		}
	})
	if err != nil {
		return got, nil, err
	}
	got = acceptanceOf(rate, came, waited)
	if drain {
		backlog, err = b.drain(ctx, r, came, booking)
	}
	return got, backlog, err
}

func acceptanceOf(rate int, came []arrival, waited map[string]time.Duration) acceptance {
	var gross, emulator, net []time.Duration
	got := acceptance{rate: rate, orders: len(came)}
	for _, a := range came {
		if a.err != nil {
			got.errs = append(got.errs, a.err)
			continue
		}
		gross, emulator, net = append(gross, a.took), append(emulator, waited[a.request]), append(net, a.took-waited[a.request])
	}
	got.gross, got.emulator, got.net = spreadOf(gross), spreadOf(emulator), spreadOf(net)
	return got
}

// drain lets every worker book what was accepted, and holds it against the carrier's ledger.
func (b *bench) drain(ctx context.Context, r *rig, all []arrival, from int64) (*table, error) {
	ids := accepted(all)
	before := r.test.Calls()[fault.Ship] - warmUps
	began := time.Now()
	if err := r.stack.Limit(ctx, "book-shipment", drainProcesses); err != nil {
		return nil, err
	}
	err := until(ctx, "what was accepted is not booked", func() (bool, error) {
		if r.test.Calls()[fault.Ship]-warmUps < len(ids) {
			return false, nil
		}
		return r.idle(ctx)
	})
	if err != nil {
		return nil, err
	}
	booked, err := r.booked(from)
	if err != nil {
		return nil, err
	}
	b.fail(onceEach(r.test.Server, ids))
	last := latest(booked, began)
	var times []time.Duration
	for _, a := range all {
		at, ok := booked[a.request]
		if !ok {
			if a.err == nil {
				b.fail(fmt.Errorf("the order %s was accepted and never booked", a.request))
			}
			continue
		}
		times = append(times, at.Sub(a.at))
	}
	t := &table{title: "Booking the backlog", head: []string{"orders", "booked meanwhile", "backlog", "bookings a second", "created to booked p50", "p95", "p99", "max"}}
	backlog := len(ids) - before
	t.row(append([]string{fmt.Sprint(len(ids)), fmt.Sprint(before), fmt.Sprint(backlog), fmt.Sprintf("%.0f", perSecond(backlog, last.Sub(began)))}, spreadOf(times).cells()...)...)
	t.note("Each order was booked exactly once, by the carrier's ledger. The carrier takes %s a call.", took(answersIn))
	return t, nil
}
