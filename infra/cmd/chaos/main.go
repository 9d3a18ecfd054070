// Command chaos is a bad hour for the whole platform: it books on a local stack of its own while faults, kills,
// duplicates and restarts strike, and then holds every shipment against the carrier's ledger. It prints the counts last
// and fails on any violation.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/fairlead/fairlead/infra/local/chaos"
	"github.com/fairlead/fairlead/infra/local/endtoend"
)

func main() {
	// The second signal ends the program at once; the stack dies with it.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

// run carries out a run and prints its report. The data of one that went wrong are kept, to look into.
func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	f := flag.NewFlagSet("chaos", flag.ContinueOnError)
	f.SetOutput(errOut)
	bookings := f.Int("bookings", 1000, fmt.Sprintf("orders to book, at least %d", chaos.Least))
	seed := f.Uint64("seed", 0, "decides which faults strike when; 0 is one by chance")
	root := f.String("root", ".", "the repository")
	if err := f.Parse(args); err != nil {
		return err
	}
	switch {
	case f.NArg() > 0:
		return fmt.Errorf("unexpected argument %q; see -help", f.Arg(0))
	case *bookings < chaos.Least:
		return fmt.Errorf("-bookings is %d; with fewer than %d there is nothing to interrupt", *bookings, chaos.Least)
	}
	if *seed == 0 {
		*seed = rand.Uint64N(1_000_000) + 1
	}
	if _, err := os.Stat(filepath.Join(*root, "template.yaml")); err != nil {
		return fmt.Errorf("%s is not the repository: run this there, or say where it is with -root", *root)
	}
	data, err := os.MkdirTemp("", "fairlead-chaos-")
	if err != nil {
		return err
	}
	began := time.Now()
	plan := chaos.Standard(*bookings, *seed)
	plan.Root, plan.Bin, plan.Data = *root, filepath.Join(data, "bin"), filepath.Join(data, "stack")
	plan.Say = func(line string) { _, _ = fmt.Fprintf(out, "%5.0f s  %s\n", time.Since(began).Seconds(), line) }
	_, _ = fmt.Fprintf(out, "seed %d: %d bookings, %d kills, %d restarts, %d messages twice\n", plan.Seed, plan.Bookings, plan.Kills, plan.Restarts, plan.Duplicates)
	report, err := carryOut(ctx, plan)
	_ = os.RemoveAll(plan.Bin)
	_, kept := os.Stat(filepath.Join(plan.Data, "logs"))
	switch {
	case ctx.Err() != nil:
		_ = os.RemoveAll(data)
		return fmt.Errorf("interrupted: %w", ctx.Err())
	case err != nil && kept != nil: // nothing was started
		_ = os.RemoveAll(data)
		return err
	case err != nil:
		return fmt.Errorf("seed %d: %w (the logs are in %s)", plan.Seed, err, filepath.Join(plan.Data, "logs"))
	}
	report.Print(out)
	if n := len(report.Violations); n > 0 {
		return fmt.Errorf("seed %d: %d violations (the data are in %s)", plan.Seed, n, plan.Data)
	}
	return os.RemoveAll(data)
}

// carryOut builds the programs and runs the plan. A build is not cut short: its children would be left behind.
func carryOut(ctx context.Context, plan chaos.Plan) (*chaos.Report, error) {
	if err := endtoend.Build(context.WithoutCancel(ctx), plan.Root, plan.Bin); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return chaos.Run(ctx, plan)
}
