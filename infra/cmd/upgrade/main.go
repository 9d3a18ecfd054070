// Command upgrade replaces every function of a local stack with another binary of it while orders are booked, and puts
// the first ones back. It prints the counts, and fails on any failed request, duplicate or loss.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/fairlead/fairlead/infra/bench/functions"
	"github.com/fairlead/fairlead/infra/local/endtoend"
	"github.com/fairlead/fairlead/infra/local/upgrade"
)

func main() {
	// The second signal ends the program at once; the stack dies with it.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "upgrade:", err)
		os.Exit(1)
	}
}

// run carries out an upgrade and prints its report. The data of one that went wrong are kept, to look into.
func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	f := flag.NewFlagSet("upgrade", flag.ContinueOnError)
	f.SetOutput(errOut)
	rate := f.Float64("rate", 4, "orders a second")
	every := f.Duration("every", time.Second, "between two replacements")
	from := f.String("from", "", "commit whose functions are the old ones; without it both are of these sources, built twice")
	root := f.String("root", ".", "the repository")
	if err := f.Parse(args); err != nil {
		return err
	}
	switch {
	case f.NArg() > 0:
		return fmt.Errorf("unexpected argument %q; see -help", f.Arg(0))
	case *rate < 0.1 || *rate > 1000:
		return fmt.Errorf("-rate is %v: want 0.1 to 1000 orders a second", *rate)
	case *every < time.Millisecond || *every > time.Minute:
		return fmt.Errorf("-every is %v: want 1ms to 1m", *every)
	}
	if _, err := os.Stat(filepath.Join(*root, "template.yaml")); err != nil {
		return fmt.Errorf("%s is not the repository: run this there, or say where it is with -root", *root)
	}
	data, err := os.MkdirTemp("", "fairlead-upgrade-")
	if err != nil {
		return err
	}
	began := time.Now()
	plan := upgrade.Plan{Rate: *rate, Every: *every, Root: *root, Old: filepath.Join(data, "bin", "old"), New: filepath.Join(data, "bin", "new"), Data: filepath.Join(data, "stack"),
		Say: func(line string) { _, _ = fmt.Fprintf(out, "%5.0f s  %s\n", time.Since(began).Seconds(), line) }}
	if *from == "" {
		plan.Old = filepath.Join(*root, ".fairlead", "endtoend") // where the tests have built them already
	}
	if err := build(ctx, plan, *from); err != nil {
		_ = os.RemoveAll(data)
		return err
	}
	plan.Say("both versions are built")
	report, err := upgrade.Run(ctx, plan)
	_ = os.RemoveAll(filepath.Join(data, "bin"))
	switch {
	case ctx.Err() != nil:
		_ = os.RemoveAll(data)
		return fmt.Errorf("interrupted: %w", ctx.Err())
	case err != nil:
		return fmt.Errorf("%w (the logs are in %s)", err, filepath.Join(plan.Data, "logs"))
	}
	report.Print(out)
	if err := report.Err(); err != nil {
		return fmt.Errorf("%w\n(the data are in %s)", err, plan.Data)
	}
	return os.RemoveAll(data)
}

// build builds the old and the new functions. A build is not cut short: its children would be left behind.
func build(ctx context.Context, plan upgrade.Plan, from string) error {
	whole := context.WithoutCancel(ctx)
	if err := endtoend.Build(whole, plan.Root, plan.Old); err != nil {
		return err
	}
	if from == "" {
		return errors.Join(functions.Again(whole, plan.Root, plan.New, "upgrade"), ctx.Err())
	}
	// The sources here are the new ones. A function that the old commit does not have is there from the beginning.
	if err := functions.Build(whole, plan.Root, plan.New, ""); err != nil {
		return err
	}
	tree := plan.Old + "-sources"
	git := func(args ...string) error {
		cmd := exec.CommandContext(whole, "git", args...)
		cmd.Dir = plan.Root
		if told, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("git %s: %w\n%s", args[0], err, told)
		}
		return nil
	}
	if err := git("worktree", "add", "--detach", tree, from); err != nil {
		return err
	}
	err := functions.Build(whole, tree, plan.Old, "")
	return errors.Join(err, git("worktree", "remove", "--force", tree), ctx.Err())
}
