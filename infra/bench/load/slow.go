package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim/fault"
	"github.com/fairlead/fairlead/infra/local/demo"
)

const (
	slowAnswer    = 45 * time.Second
	slowRate      = 10  // orders a second for each carrier
	slowProcesses = 100 // MaximumConcurrency as deployed
	goalSlow      = 0.8
)

// slow measures what a carrier that takes 45 s for every call takes from another one.
func (b *bench) slow(ctx context.Context) error {
	r, err := b.start(ctx, "slow", slowProcesses)
	if err != nil {
		return err
	}
	defer r.close()
	healthy, err := r.shop(ctx, "Healthy", "test")
	if err != nil {
		return err
	}
	hanging, err := r.shop(ctx, "Hanging", "live")
	if err != nil {
		return err
	}
	if _, err := r.order(ctx, healthy, "warm", warmUps); err != nil {
		return err
	}
	if _, err := hanging.create(ctx, "login", demo.Order("login", "ups_ground", hanging.account)); err != nil {
		return err
	}
	if err := until(ctx, "the hanging carrier's first order is not booked", func() (bool, error) { return r.live.Calls()[fault.Ship] == 1, nil }); err != nil {
		return err
	}
	t := &table{title: "A carrier that hangs", head: []string{"", "orders", "bookings a second", "created to booked p50", "p95", "p99", "max"}}
	alone, err := r.steady(ctx, healthy, "alone", b.duration/2, t)
	if err != nil {
		return err
	}
	if err := every(r.live.Server, slowAnswer); err != nil {
		return err
	}
	var beside sync.WaitGroup
	var hang []arrival
	beside.Go(func() { hang = hanging.arrive(ctx, "hanging", "ups_ground", slowRate, b.duration) })
	with, err := r.steady(ctx, healthy, "beside", b.duration, t)
	beside.Wait()
	if err != nil {
		return err
	}
	if _, twice := bookings(r.live.Server, accepted(hang)); twice > 0 {
		b.fail(fmt.Errorf("the carrier that hangs holds %d shipments more than once", twice))
	}
	t.note("%d orders a second for a carrier of %s, alone and beside as many for one of %s a call.", slowRate, took(answersIn), took(slowAnswer))
	b.add(t)
	ratio := with / max(alone, 0.001)
	b.figure(figure{name: "bookings of a healthy carrier beside one that hangs, against without", measured: fmt.Sprintf("%.2f", ratio),
		goal: fmt.Sprintf("%.1f", goalSlow), reached: ratio >= goalSlow})
	return nil
}

// steady orders at a steady rate and counts what is booked by the end of the time.
func (r *rig) steady(ctx context.Context, s *shop, name string, d time.Duration, t *table) (perSecond float64, err error) {
	from, began := tail(r.log("book-shipment")), time.Now()
	came := s.arrive(ctx, name, "ups_ground", slowRate, d)
	end := began.Add(d + time.Second) // what was ordered last is booked by then
	if !pause(ctx, time.Until(end)) {
		return 0, ctx.Err()
	}
	booked, err := r.booked(from)
	if err != nil {
		return 0, err
	}
	var times []time.Duration
	for _, a := range came {
		if a.err != nil {
			return 0, a.err
		}
		if at, ok := booked[a.request]; ok && at.Before(end) {
			times = append(times, at.Sub(a.at))
		}
	}
	perSecond = float64(len(times)) / d.Seconds()
	t.row(append([]string{name, fmt.Sprint(len(came)), fmt.Sprintf("%.1f", perSecond)}, spreadOf(times).cells()...)...)
	return perSecond, nil
}
