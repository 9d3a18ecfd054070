// Command contract holds the running platform against infra/openapi.yaml: it starts a local stack of its own, makes a
// tenant with something of everything the API is about, and has schemathesis send what the contract allows and what it
// forbids. It prints the number of cases last and fails when an answer is not what the contract says.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/fairlead/fairlead/infra/local/child"
	"github.com/fairlead/fairlead/infra/local/endtoend"
)

func main() {
	// The second signal ends the program at once; the stack and schemathesis die with it.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "contract:", err)
		os.Exit(1)
	}
}

// options are what the flags say.
type options struct {
	examples int
	seed     int
	workers  int
	root     string   // the repository
	program  string   // schemathesis
	more     []string // arguments for schemathesis
}

// stopWithin is how long schemathesis may take to print what it has found when it is interrupted.
const stopWithin = 5 * time.Second

func parse(args []string, errOut io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("contract", flag.ContinueOnError)
	f.SetOutput(errOut)
	f.IntVar(&o.examples, "examples", 100, "cases that are drawn for each operation, and walks through the operations")
	f.IntVar(&o.seed, "seed", 1, "decides which cases are drawn")
	f.IntVar(&o.workers, "workers", 2, "operations that are tried at once")
	f.StringVar(&o.root, "root", ".", "the repository")
	f.StringVar(&o.program, "schemathesis", filepath.Join(".fairlead", "contract", "venv", "bin", "st"), "the program; `make contract` installs it")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.more = f.Args()
	if o.examples < 1 {
		return o, fmt.Errorf("-examples is %d; with fewer than 1 nothing is drawn", o.examples)
	}
	for _, needed := range []string{filepath.Join(o.root, "template.yaml"), o.program} {
		if _, err := os.Stat(needed); err != nil {
			return o, fmt.Errorf("%s is not there: run `make contract` in the repository", needed)
		}
	}
	return o, nil
}

// run tries the contract and prints what came of it. What the stack kept of a run that went wrong stays, to look into.
func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	o, err := parse(args, errOut)
	if err != nil {
		return err
	}
	data, err := filepath.Abs(filepath.Join(o.root, ".fairlead", "contract", "run")) // schemathesis.toml names it
	if err != nil {
		return err
	}
	if err := os.RemoveAll(data); err != nil {
		return err
	}
	began := time.Now()
	say := func(format string, a ...any) {
		_, _ = fmt.Fprintf(out, "%3.0f s  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, a...))
	}
	bin := filepath.Join(o.root, ".fairlead", "bin")                                // as `make functions`: what is up to date is not linked again
	if err := endtoend.Build(context.WithoutCancel(ctx), o.root, bin); err != nil { // cut short, a build leaves its children behind
		return err
	}
	s, err := newStand(ctx, o.root, bin, data)
	if err != nil {
		return err
	}
	defer s.close(ctx)
	say("the stack runs at %s, its logs are in %s", s.stack.Where().API, s.stack.Where().Logs)
	if err := s.prepare(ctx, filepath.Join(o.root, "infra", "openapi.yaml")); err != nil {
		return err
	}
	say("prepared; schemathesis draws %d cases an operation from seed %d", o.examples, o.seed)
	ended, err := schemathesis(ctx, o, s, out)
	if err != nil {
		return err
	}
	found, err := readReport(filepath.Join(data, reportFile))
	if err != nil {
		return fmt.Errorf("schemathesis ended with %s: %w", ended, err)
	}
	say("%s\n%s", found, found.answers())
	letters, err := s.deadLetters(ctx)
	if err != nil {
		return err
	}
	err = errors.Join(found.verdict(), letters)
	if err == nil && ended != "exit status 0" {
		err = errors.New("it tells why above")
	}
	if err != nil {
		return fmt.Errorf("schemathesis ended with %s, the stack's logs are in %s: %w", ended, s.stack.Where().Logs, err)
	}
	return nil
}

// reportFile is where schemathesis writes what it did.
const reportFile = "report.json"

// schemathesis runs the program to its end, and tells how that was.
func schemathesis(ctx context.Context, o options, s *stand, out io.Writer) (string, error) {
	program, err := filepath.Abs(o.program)
	if err != nil {
		return "", err
	}
	home := filepath.Join(o.root, "infra", "contract")
	spec := child.Spec{Path: program, Dir: home, Out: out, Args: append([]string{
		"--config-file", "schemathesis.toml", "run", filepath.Join("..", "openapi.yaml"), "--url", s.stack.Where().API,
		"--seed", strconv.Itoa(o.seed), "--max-examples", strconv.Itoa(o.examples), "--workers", strconv.Itoa(o.workers),
		"--report", "json", "--report-json-path", filepath.Join(s.data, reportFile)}, o.more...),
		Env: append(os.Environ(), "FAIRLEAD_CONTRACT="+s.data, "PYTHONDONTWRITEBYTECODE=1", "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1", "HYPOTHESIS_STORAGE_DIRECTORY="+filepath.Join(s.data, "hypothesis"))}
	spawner := child.NewSpawner()
	defer spawner.Close()
	p, err := spawner.Start(spec)
	if err != nil {
		return "", err
	}
	select {
	case <-p.Done():
		return p.Ended(), nil
	case <-ctx.Done():
		p.Stop(stopWithin)
		return "", fmt.Errorf("interrupted: %w", ctx.Err())
	}
}
