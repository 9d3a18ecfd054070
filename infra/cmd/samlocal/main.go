// Command samlocal holds the template against the SAM command line: it validates and builds it, invokes every sample
// event in a container, and has `sam local start-api` create and show a shipment behind the authorizer. The functions'
// tables, queues, bucket and key are the emulators of infra/local, and the carrier is the simulator. What it starts, it
// stops, the Docker engine too. It ends with 2 when something is missing on this machine.
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
	"regexp"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return
	}
	fmt.Fprintln(os.Stderr, "samlocal:", err)
	if _, ok := errors.AsType[*missing](err); ok {
		os.Exit(2)
	}
	os.Exit(1)
}

// missing says what is not on this machine, and how to get it.
type missing struct{ why string }

func (m *missing) Error() string { return m.why }

// options are what the flags say.
type options struct {
	only     *regexp.Regexp
	parallel int
	build    bool
}

func parse(args []string, errOut io.Writer) (o options, err error) {
	f := flag.NewFlagSet("samlocal", flag.ContinueOnError)
	f.SetOutput(errOut)
	only := f.String("only", "", "invoke the events whose function/case matches this regular expression; empty is all")
	f.IntVar(&o.parallel, "parallel", 2, "events that change nothing are invoked so many at once")
	f.BoolVar(&o.build, "build", true, "run sam validate and sam build first")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q; see -help", f.Arg(0))
	case o.parallel < 1 || o.parallel > 8:
		return o, fmt.Errorf("-parallel is %d: want 1 to 8", o.parallel)
	}
	if o.only, err = regexp.Compile(*only); err != nil {
		return o, fmt.Errorf("-only: %w", err)
	}
	return o, nil
}

// run does it all and prints the counts.
func run(ctx context.Context, args []string, out, errOut io.Writer) (err error) {
	o, err := parse(args, errOut)
	if err != nil {
		return err
	}
	began := time.Now()
	say := func(format string, args ...any) {
		_, _ = fmt.Fprintf(out, "%5.0f s  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
	all, err := events(regexp.MustCompile(""))
	if err != nil {
		return err
	}
	files, err := events(o.only)
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(filepath.Join(".fairlead", "samlocal"))
	if err != nil {
		return err
	}
	sam, err := findSAM(dir)
	if err != nil {
		return err
	}
	if o.build {
		if err := build(ctx, sam, say); err != nil {
			return err
		}
	}
	docker, err := openDocker(ctx, dir, say)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, docker.close()) }()
	p, err := openPlane(ctx, docker.gateway, dir)
	if err != nil {
		return err
	}
	defer p.close()
	say("the data plane runs, for containers at %s", p.aws)
	if err := p.seed(ctx); err != nil {
		return fmt.Errorf("making what the sample events speak of: %w", err)
	}
	c := containers{sam: sam, skipPull: docker.hasImage, env: p.envFile, say: say}
	invoked, err := c.invokeAll(ctx, files, o.parallel)
	if err != nil {
		return err
	}
	calls, err := c.api(ctx)
	if err != nil {
		return err
	}
	say("sam local: %d of %d sample events invoked and answered as meant (of %d there are); %d calls to start-api, created and shown behind its authorizer", invoked, len(files), len(all), calls)
	return ctx.Err()
}
