// Command local runs the whole platform on this machine: the API, the Lambda functions, the queues, the stream,
// the schedules, the emulators and a carrier simulator, as `make run` starts it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/fairlead/fairlead/infra/local"
	"github.com/fairlead/fairlead/infra/local/demo"
)

func main() {
	// The second signal ends the program at once; its children die with it.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "local:", err)
		os.Exit(1)
	}
}

// options are what the flags say.
type options struct {
	local.Config
	noDemo, once, verbose bool
	seed                  uint64 // of the simulator
}

func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	o, err := parse(args, errOut)
	if err != nil {
		return err
	}
	screen := &screen{w: out}
	if o.verbose {
		o.Tee = screen.function
	}
	logFile, err := openLog(o.Data)
	if err != nil {
		return err
	}
	defer func() { _ = logFile.Close() }()
	o.Log = slog.New(slog.NewTextHandler(logFile, nil))
	o.Simulator = simulator(o.Params["TimeSet"] == "short", o.seed)

	began := time.Now()
	s, err := local.Start(ctx, o.Config)
	if err != nil {
		if ctx.Err() != nil {
			return nil // interrupted while starting
		}
		return err
	}
	defer s.Stop()
	table(screen, s.Where, time.Since(began))
	if !o.noDemo {
		d := &demo.Demo{Platform: s, API: s.Where.API, Dir: o.Data, Out: screen, Now: time.Now}
		defer d.Close()
		err := d.Run(ctx)
		if o.once {
			return err
		}
		if err != nil && ctx.Err() == nil {
			_, _ = fmt.Fprintf(screen, "\n%v\nThe stack goes on; its logs are in %s\n", err, s.Where.Logs)
		}
	}
	_, _ = fmt.Fprintln(screen, "Serving. Ctrl-C stops everything.")
	select {
	case <-ctx.Done():
		_, _ = fmt.Fprintln(screen, "\nStopping ...")
		return nil
	case err := <-s.Failed():
		return err
	}
}

func parse(args []string, errOut io.Writer) (options, error) {
	o := options{Config: local.Config{Params: map[string]string{}}}
	f := flag.NewFlagSet("local", flag.ContinueOnError)
	f.SetOutput(errOut)
	f.StringVar(&o.Template, "template", "template.yaml", "the SAM template to run")
	f.Func("params", "a template parameter, as name=value; may be repeated", func(s string) error {
		k, v, ok := strings.Cut(s, "=")
		if !ok {
			return errors.New("want name=value")
		}
		o.Params[k] = v
		return nil
	})
	f.StringVar(&o.Bin, "bin", filepath.Join(".fairlead", "bin"), "folder with the functions' programs")
	f.StringVar(&o.Data, "data", ".fairlead", "folder for everything that is kept; remove it to start afresh")
	f.StringVar(&o.Tools, "tools", filepath.Join("infra", "local"), "folder whose node_modules holds the emulators")
	f.StringVar(&o.Listen, "listen", envOr("LISTEN", "127.0.0.1:8080"), "address of the API (or LISTEN)")
	f.StringVar(&o.Admin, "admin", "127.0.0.1:8081", "address of the Lambda Invoke API and /_local/")
	f.StringVar(&o.SimListen, "sim", "127.0.0.1:8082", "address of the carrier simulator")
	f.Uint64Var(&o.seed, "seed", 0, "decides the carrier simulator's chances and where its tracking numbers start")
	f.StringVar(&o.CarrierURL, "ups", "", "URL of a UPS or simulator that runs elsewhere; no own one is started")
	f.IntVar(&o.DynamoDBPort, "dynamodb-port", 0, "port of the DynamoDB emulator; 0 is any free one")
	f.IntVar(&o.QueuePort, "queue-port", 0, "port of the SQS and S3 emulator; 0 is any free one")
	f.IntVar(&o.Instances, "instances", 4, "processes per function, and batches at once per queue")
	f.DurationVar(&o.ScheduleEvery, "schedule-every", 0, "interval of every schedule, for tests; 0 keeps the template's")
	f.BoolVar(&o.noDemo, "no-demo", false, "start without booking a shipment")
	f.BoolVar(&o.once, "once", false, "end after the demo, with status 1 when it failed")
	f.BoolVar(&o.verbose, "v", false, "show what the functions log")
	f.BoolVar(&o.Meter, "meter", true, "have the functions log what each DynamoDB call consumed")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q; see -help", f.Arg(0))
	}
	if o.Instances < 1 {
		return o, fmt.Errorf("%d processes per function run nothing: give -instances 1 or more", o.Instances)
	}
	if o.ScheduleEvery < 0 {
		return o, fmt.Errorf("no schedule comes every %v: give -schedule-every a time such as 10s, or 0 for the template's own", o.ScheduleEvery)
	}
	return o, nil
}

func envOr(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

// openLog opens the log of the stack itself.
func openLog(data string) (*os.File, error) {
	dir := filepath.Join(data, "logs")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(filepath.Join(dir, "local.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// table prints where everything listens.
func table(out io.Writer, at local.Where, took time.Duration) {
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	_, _ = fmt.Fprintf(w, "\nFairlead runs (started in %d ms).\n\n", took.Milliseconds())
	for _, row := range [][2]string{
		{"API", at.API + "/v1"}, {"carrier simulator", at.Simulator}, {"Lambda Invoke API", at.Admin + "  (aws lambda invoke --endpoint-url)"},
		{"function processes", at.Admin + "/_local/instances"}, {"DynamoDB", at.DynamoDB}, {"SQS", at.SQS}, {"S3", at.S3}, {"KMS", at.KMS},
		{"data", at.Data}, {"logs", at.Logs},
	} {
		_, _ = fmt.Fprintf(w, "  %s\t%s\n", row[0], row[1])
	}
	_ = w.Flush()
}

// screen keeps lines of several writers apart.
type screen struct {
	mu sync.Mutex
	w  io.Writer
}

// Write writes p in one piece.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}

// function shows a line of a function's log.
func (s *screen) function(name, line string) { _, _ = fmt.Fprintf(s, "%s | %s\n", name, line) }
