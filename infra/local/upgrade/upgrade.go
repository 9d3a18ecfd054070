// Package upgrade replaces every function of a local stack with another binary of it, one function after the other,
// while shippers book, and then puts the first ones back: what a deployment and its rollback do to the people who use
// the platform meanwhile. No request may fail, no shipment be booked twice and none be lost.
package upgrade

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fairlead/fairlead/infra/local/endtoend"
	"github.com/fairlead/fairlead/infra/local/runtime"
	"github.com/fairlead/fairlead/infra/local/template"
)

// Plan says what a run does.
type Plan struct {
	Rate  float64       // orders begun a second, whether or not earlier ones are done
	Every time.Duration // at least this long between two replacements

	Root     string // the repository
	Old, New string // folders with a binary of every function; the stack's own program is in Old
	Data     string // folder for the stack

	Say func(line string) // told of progress now and then
}

// The versions of a run: what deploys, what is rolled out, and what is rolled back to.
const (
	before = runtime.Latest
	after  = "new"
	back   = "old again"
)

const (
	servesWithin  = 30 * time.Second // a function that is used serves in its new version
	endsWithin    = 20 * time.Second // an old process has nothing left to do
	settlesWithin = 3 * time.Minute  // after the last order
)

// run is one run.
type run struct {
	Plan
	functions []string // folders, in the template's order
	sim       *endtoend.Simulator
	stack     *endtoend.Stack
	shop      *shop
	callbacks *receiver
}

// Run carries out a plan. The error says why it could not be carried out; what went wrong on the way is in the report.
// Nothing is left running.
func Run(ctx context.Context, p Plan) (*Report, error) {
	began := time.Now()
	r := &run{Plan: p}
	defer r.close(ctx)
	if err := r.begin(ctx); err != nil {
		return nil, err
	}
	report, err := r.upgrade(ctx)
	if err != nil {
		return nil, err
	}
	report.Took = time.Since(began)
	return report, ctx.Err()
}

func (r *run) begin(ctx context.Context) error {
	tpl, err := template.Load(filepath.Join(r.Root, "template.yaml"), template.Options{})
	if err != nil {
		return err
	}
	for _, f := range tpl.Functions {
		r.functions = append(r.functions, f.Folder)
	}
	if r.sim, err = endtoend.NewSimulator(ctx, 1); err != nil {
		return err
	}
	// The standard times: what a shipper meets on AWS. Nothing here may need a lease to run out.
	r.stack, err = endtoend.Start(ctx, endtoend.Options{Root: r.Root, Bin: r.Old, Data: r.Data, Carrier: r.sim.URL, Args: []string{"-params", "TimeSet=standard"}})
	if err != nil {
		return err
	}
	p, err := r.stack.Shipper(ctx, "Upgrade")
	if err != nil {
		return err
	}
	if r.callbacks, err = listen(ctx, p); err != nil {
		return err
	}
	if r.shop, err = newShop(ctx, p); err != nil {
		return err
	}
	r.Say("the stack runs, with its data in " + r.Data)
	return nil
}

func (r *run) close(ctx context.Context) {
	if r.stack != nil {
		if ctx.Err() != nil { // interrupted: nobody wants to wait
			r.stack.Kill()
		}
		r.stack.Close()
	}
	if r.callbacks != nil {
		r.callbacks.close()
	}
	if r.sim != nil {
		_ = r.sim.Close()
	}
}

// upgrade rolls out and back under load, and judges.
func (r *run) upgrade(ctx context.Context) (*Report, error) {
	loading, enough := context.WithCancel(ctx)
	defer enough()
	var load errgroup.Group
	load.Go(func() error { r.shop.trade(loading, ctx, r.Rate); return nil })
	report := &Report{Functions: len(r.functions)}
	err := r.rollOut(ctx, report)
	enough()
	_ = load.Wait()
	if err != nil {
		return nil, err
	}
	r.Say("both ways are done; waiting until every order is at its end")
	return report, r.judge(ctx, report)
}

// rollOut replaces every function with its new binary, and then, the other way round, with its old one.
func (r *run) rollOut(ctx context.Context, report *Report) error {
	r.shop.enter("on the old version")
	if err := r.used(ctx, before); err != nil {
		return err
	}
	r.shop.enter("while the new version is rolled out")
	if err := r.wave(ctx, r.functions, r.New, after); err != nil {
		return err
	}
	r.shop.enter("on the new version alone")
	if err := r.only(ctx, r.New, after); err != nil {
		return err
	}
	r.shop.enter("while it is rolled back")
	backwards := slices.Clone(r.functions)
	slices.Reverse(backwards)
	if err := r.wave(ctx, backwards, r.Old, back); err != nil {
		return err
	}
	r.shop.enter("on the old version again")
	if err := r.only(ctx, r.Old, back); err != nil {
		return err
	}
	report.Replaced = 2 * len(r.functions)
	return nil
}

// wave replaces the functions one by one.
func (r *run) wave(ctx context.Context, functions []string, bin, version string) error {
	tick := time.NewTicker(r.Every)
	defer tick.Stop()
	for i, f := range functions {
		if err := r.stack.Replace(ctx, f, bin, version); err != nil {
			return err
		}
		if i%12 == 11 || i == len(functions)-1 {
			r.Say(fmt.Sprintf("%s: %d of %d functions; %s", version, i+1, len(functions), r.shop.line()))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return r.used(ctx, version)
}

// traded are the functions that the load and what follows from it reach, and which must serve in every version.
var traded = []string{"authorizer", "create-shipment", "confirm-shipment", "get-shipment", "get-label", "list-shipments", "relay-events", "book-shipment",
	"fan-out-events", "deliver-callback", "wake"}

// used waits until every function that the load reaches has served in a version.
func (r *run) used(ctx context.Context, version string) error {
	missing := ""
	err := until(ctx, servesWithin, func() (bool, error) {
		served, err := r.stack.Served(ctx)
		if err != nil {
			return false, err
		}
		i := slices.IndexFunc(traded, func(f string) bool { return served[f][version] == 0 })
		if i >= 0 {
			missing = traded[i]
		}
		return i < 0, nil
	})
	if errors.Is(err, errLate) {
		return fmt.Errorf("%s did not serve in version %q within %v", missing, version, servesWithin)
	}
	return err
}

// only waits until every process runs a binary of the folder bin, by what the system says that it executes.
func (r *run) only(ctx context.Context, bin, version string) error {
	bin, err := filepath.Abs(bin) // the system tells whole paths
	if err != nil {
		return err
	}
	if bin, err = filepath.EvalSymlinks(bin); err != nil {
		return err
	}
	other := ""
	err = until(ctx, endsWithin, func() (bool, error) {
		instances, err := r.stack.Instances(ctx)
		if err != nil {
			return false, err
		}
		for _, i := range instances {
			exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", i.Pid))
			if err == nil && (i.Version != version || filepath.Dir(exe) != bin) {
				other = fmt.Sprintf("%s runs %s as %q", i.Function, exe, i.Version)
				return false, nil
			}
		}
		return len(instances) > 0, nil
	})
	if errors.Is(err, errLate) {
		return fmt.Errorf("%v after the last replacement by %q, %s", endsWithin, version, other)
	}
	return err
}

var errLate = errors.New("the condition did not come about in time")

// until polls a condition.
func until(ctx context.Context, limit time.Duration, ok func() (bool, error)) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(limit); ; {
		if done, err := ok(); done || err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return errLate
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
