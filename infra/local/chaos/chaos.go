// Package chaos books on the local stack while everything that can break breaks: every fault of the carrier simulator
// strikes at rates that change, function processes are killed with SIGKILL in the middle of their work and of their
// carrier calls, messages and orders come twice, and the whole stack goes down. When the faults have stopped, every
// shipment must have come to an end that the carrier's ledger and the injected faults agree with.
package chaos

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fairlead/fairlead/infra/local/endtoend"
	"github.com/fairlead/fairlead/shared/booking"
)

// Plan says what a run does. What it does when is decided by progress and by Seed, never by the time of day, but the
// processes of a real machine interleave as they like: a seed repeats the faults, not the run.
type Plan struct {
	Bookings   int
	Kills      int // function processes; half of them booking processes whose call the carrier holds at that moment
	Restarts   int // of the whole stack: killed and stopped by turns
	Duplicates int // messages sent to their queues once more
	Seed       uint64

	Root string // the repository
	Bin  string // the folder endtoend.Build was given
	Data string // folder for the stack

	Say func(line string) // told of progress now and then
}

// holds is how many of the kills are of a process whose call the carrier holds.
func (p Plan) holds() int { return p.Kills / 2 }

// Least is the fewest bookings a run takes: with fewer there is nothing to interrupt.
const Least = 100

// Standard is the plan for some bookings: at least 30 kills and two restarts.
func Standard(bookings int, seed uint64) Plan {
	return Plan{Bookings: bookings, Kills: max(30, bookings*6/100), Restarts: 2, Duplicates: bookings / 4, Seed: seed, Say: func(string) {}}
}

const (
	phases    = 10              // of a run, each with rates of its own
	atOnce    = 8               // clients
	backlog   = 16              // orders that may wait for their first attempt
	rebooked  = 2               // every second order is for an account with rebook_on_absent
	sentTwice = 5               // every fifth order is sent twice at once
	stall     = 5 * time.Minute // wake looks at everything within three: what has not moved for so long never will
	sayEvery  = 10 * time.Second
)

// run is one run.
type run struct {
	Plan
	times   booking.Times
	sim     *endtoend.Simulator
	stack   *endtoend.Stack
	shipper *endtoend.Shipper
	rebook  string // the account that may be booked again
	board   *board
	strikes *strikes
	rules   sync.Mutex // held while the simulator's are changed

	restless bool // the queues did not come to rest
}

// Run carries out a plan. The error says why it could not be carried out; violations are in the report. Nothing is
// left running.
func Run(ctx context.Context, p Plan) (*Report, error) {
	if p.Bookings < Least {
		return nil, fmt.Errorf("%d bookings are too few to show anything: take %d or more", p.Bookings, Least)
	}
	began := time.Now()
	r := &run{Plan: p, board: newBoard(), strikes: &strikes{}}
	defer r.close(ctx)
	if err := r.begin(ctx); err != nil {
		return nil, err
	}
	r.Say("the stack runs, with its data in " + r.Data)
	watching, blind := context.WithCancel(ctx)
	var watch errgroup.Group
	watch.Go(func() error { r.watch(watching); return nil })
	err := r.strike(ctx)
	if err == nil {
		err = r.settle(ctx)
	}
	blind()
	_ = watch.Wait()
	if err != nil {
		return nil, err
	}
	report, err := r.judge(ctx)
	if err == nil {
		report.Took = time.Since(began)
	}
	return report, err
}

func (r *run) begin(ctx context.Context) (err error) {
	if r.times, err = booking.TimeSet("short"); err != nil {
		return err
	}
	if r.sim, err = endtoend.NewSimulator(ctx, r.Seed); err != nil {
		return err
	}
	r.stack, err = endtoend.Start(ctx, endtoend.Options{Root: r.Root, Bin: r.Bin, Data: r.Data, Carrier: r.sim.URL})
	if err != nil {
		return err
	}
	if r.shipper, err = r.stack.Shipper(ctx, "Chaos"); err == nil {
		r.rebook, err = r.shipper.AddAccount(ctx, true)
	}
	return err
}

func (r *run) close(ctx context.Context) {
	if r.stack != nil {
		if ctx.Err() != nil { // interrupted: nobody wants to wait
			r.stack.Kill()
		}
		r.stack.Close()
	}
	if r.sim != nil {
		_ = r.sim.Close()
	}
}

// strike books and breaks, until every shipment was attempted and every blow was dealt.
func (r *run) strike(ctx context.Context) error {
	if err := r.storm(0); err != nil {
		return err
	}
	group, striking := errgroup.WithContext(ctx)
	striking, stop := context.WithCancel(striking)
	defer stop()
	for _, strike := range []func(context.Context) error{r.direct, r.killBusy, r.killHolding, r.duplicate} {
		group.Go(func() error { return strike(striking) })
	}
	r.accept(striking)
	r.until(striking, func() bool {
		c := r.board.count()
		return c.attempted == r.Bookings && (r.strikes.enough(r.Plan) || c.coming == 0)
	})
	stop()
	if err := group.Wait(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return r.sim.SetFaults()
}

// direct changes the rates and restarts the stack as the run goes on.
func (r *run) direct(ctx context.Context) error {
	for phase, restarts := 1, 0; pause(ctx, 100*time.Millisecond); {
		if ended, why := r.stack.Ended(); ended {
			return fmt.Errorf("the stack ended by itself (%s):\n%s", why, r.stack.Output())
		}
		done := r.board.count().attempted
		if phase < phases && done >= r.Bookings*phase/phases {
			if err := r.storm(phase); err != nil {
				return err
			}
			phase++
		}
		if restarts < r.Restarts && done >= r.Bookings*(restarts+1)/(r.Restarts+1) {
			if err := r.restart(ctx, restarts%2 == 0); err != nil {
				return err
			}
			restarts++
		}
	}
	return nil
}

// settle waits until every shipment has come to its end and nothing is on its way any more.
func (r *run) settle(ctx context.Context) error {
	var queues error
	r.until(ctx, func() bool {
		if ended, _ := r.stack.Ended(); ended {
			return true
		}
		if r.board.count().ended < r.Bookings || len(r.sim.Inflight()) > 0 {
			return false
		}
		var idle bool
		idle, queues = r.idle(ctx)
		r.restless = !idle
		return idle || queues != nil
	})
	if ended, why := r.stack.Ended(); ended && ctx.Err() == nil {
		return fmt.Errorf("the stack ended by itself (%s):\n%s", why, r.stack.Output())
	}
	if queues != nil {
		return queues
	}
	return ctx.Err()
}

// say tells how far the run is.
func (r *run) say() {
	doing := "breaking"
	if len(r.sim.Faults()) == 0 {
		doing = "settling"
	}
	c, s := r.board.count(), r.strikes.count()
	r.Say(fmt.Sprintf("%s: %d of %d accepted, %d attempted, %d at their end; %d processes killed, %d restarts, %d messages duplicated, %d faults struck",
		doing, c.accepted, r.Bookings, c.attempted, c.ended, s.killed, s.restarts, s.duplicated, len(r.sim.Injected())))
}

// until polls a condition. It gives up when ctx ends, or when nothing has moved for so long that nothing will.
func (r *run) until(ctx context.Context, ok func() bool) {
	for !ok() && !r.board.stuck() && pause(ctx, 100*time.Millisecond) {
	}
}

// pause waits for d; it is false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
