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
	acceptProcesses = 16
	goalAccept      = time.Second // p99, without the emulators' share
)

// accept measures what is accepted while one worker books, and then how fast the rest is booked.
func (b *bench) accept(ctx context.Context) error {
	r, err := b.start(ctx, "accept", acceptProcesses)
	if err != nil {
		return err
	}
	defer r.close()
	if err := r.stack.Limit(ctx, "book-shipment", 1); err != nil {
		return err
	}
	s, err := r.shop(ctx, "Bench", "test")
	if err != nil {
		return err
	}
	if _, err := r.order(ctx, s, "warm", warmUps); err != nil {
		return err
	}
	from := tail(r.log("book-shipment"))
	all, err := b.atRates(ctx, r, s)
	if err != nil {
		return err
	}
	return b.drain(ctx, r, all, from)
}

// atRates has orders come at each rate.
func (b *bench) atRates(ctx context.Context, r *rig, s *shop) ([]arrival, error) {
	t := &table{title: "Accepting", head: []string{"a second", "orders", "errors", "p50", "p95", "p99", "max", "emulator p50", "p95", "p99", "max", "net p50", "p95", "p99", "max"}}
	var all []arrival
	best, bestNet := 0, spread(nil)
	for i, rate := range acceptRates {
		from := tail(r.log("create-shipment"))
		came := s.arrive(ctx, fmt.Sprintf("at-%d", rate), "ups_ground", rate, b.duration)
		all = append(all, came...)
		waited := map[string]time.Duration{} // for the emulators, by request
		err := lines(r.log("create-shipment"), from, func(l line) {
			if l.Msg == "request" {
				waited[l.RequestID] = time.Duration(l.AWS) * time.Millisecond
			}
		})
		if err != nil {
			return nil, err
		}
		var gross, emulator, net []time.Duration
		var errs []error
		for _, a := range came {
			if a.err != nil {
				errs = append(errs, a.err)
				continue
			}
			gross, emulator, net = append(gross, a.took), append(emulator, waited[a.request]), append(net, a.took-waited[a.request])
		}
		if len(errs) == 0 {
			best, bestNet = rate, spreadOf(net)
		}
		if i == 0 {
			b.figure(figure{name: fmt.Sprintf("errors of %d creates, %d a second", len(came), rate), measured: fmt.Sprint(len(errs)), goal: "0", reached: len(errs) == 0, asserted: true})
		}
		t.row(slices.Concat([]string{fmt.Sprint(rate), fmt.Sprint(len(came)), fmt.Sprint(len(errs))}, spreadOf(gross).cells(), spreadOf(emulator).cells(), spreadOf(net).cells())...)
		if len(errs) > 0 {
			t.note("At %d a second the first error was: %v", rate, errs[0])
		}
	}
	t.note("Create with confirm, %s at each rate, from the moment an order was due to its answer; one worker books meanwhile.", took(b.duration))
	t.note("Emulator is what the same calls waited for DynamoDB's emulator, net is the rest.")
	b.add(t)
	goal := acceptRates[len(acceptRates)-1]
	b.figure(figure{name: "creates a second, the most without an error", measured: fmt.Sprint(best), goal: fmt.Sprint(goal), reached: best >= goal})
	b.figure(figure{name: fmt.Sprintf("create at %d a second, p99 without the emulators' share", best), measured: took(bestNet.at(99)),
		goal: "under " + took(goalAccept), reached: best > 0 && bestNet.at(99) < goalAccept})
	return all, ctx.Err()
}

// drain lets every worker book what was accepted, and holds it against the carrier's ledger.
func (b *bench) drain(ctx context.Context, r *rig, all []arrival, from int64) error {
	ids := accepted(all)
	before := r.test.Calls()[fault.Ship] - warmUps
	began := time.Now()
	if err := r.stack.Limit(ctx, "book-shipment", acceptProcesses); err != nil {
		return err
	}
	err := until(ctx, "what was accepted is not booked", func() (bool, error) {
		if r.test.Calls()[fault.Ship]-warmUps < len(ids) {
			return false, nil
		}
		return r.idle(ctx)
	})
	if err != nil {
		return err
	}
	booked, err := r.booked(from)
	if err != nil {
		return err
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
	b.add(t)
	return nil
}
