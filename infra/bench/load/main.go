// Command load measures what the platform does under load: beside the field's figures, while orders come at steady rates,
// beside a carrier that hangs, and with many shipments stored. It prints each table, and a summary that holds every figure
// against its goal. It fails when a count that must hold does not; a time or a rate only informs, for it is the machine's.
//
// Everything runs on this machine and shares its processor: the local stack with the programs that deploy, the emulators
// of DynamoDB, SQS and S3, the carriers and the clients, which are this program.
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
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/fairlead/fairlead/infra/bench/figures"
	"github.com/fairlead/fairlead/infra/local/endtoend"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal ends the program at once; the stack dies with it
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// bench is one run of the measurements.
type bench struct {
	root, bin, data string
	duration        time.Duration // of accepting, for each rate
	orders          int           // beside the field
	out             io.Writer

	tables  []*table
	figures []figure
	broken  []error // counts that must hold and do not
}

// add prints a table and keeps it.
func (b *bench) add(t *table) {
	t.text(b.out)
	b.tables = append(b.tables, t)
}

// figure keeps a figure for the summary, and notes it where it must hold and does not.
func (b *bench) figure(f figure) {
	b.figures = append(b.figures, f)
	if f.asserted && !f.reached {
		b.fail(fmt.Errorf("%s: %s, not %s", f.name, f.measured, f.goal))
	}
}

// fail notes a count that must hold and does not; nil is none.
func (b *bench) fail(err error) {
	if err != nil {
		b.broken = append(b.broken, err)
	}
}

func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	f := flag.NewFlagSet("load", flag.ContinueOnError)
	f.SetOutput(errOut)
	b := &bench{out: out}
	f.StringVar(&b.root, "root", ".", "the repository")
	f.StringVar(&b.bin, "bin", filepath.Join(".fairlead", "bin"), "folder for the functions' programs, built for this machine")
	f.DurationVar(&b.duration, "duration", time.Minute, "how long orders are accepted at each rate")
	f.IntVar(&b.orders, "orders", 1000, "orders beside the field")
	update := f.Bool("update", false, "write the tables into "+figures.Document)
	f.StringVar(&b.data, "data", "", "folder for the stacks' data and logs, kept; none: one that is removed when all went well")
	only := f.String("only", "", "one part alone: "+strings.Join(names(), ", "))
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; see -help", f.Arg(0))
	}
	if *only != "" && !slices.Contains(names(), *only) {
		return fmt.Errorf("there is no part %q; the parts are %s", *only, strings.Join(names(), ", "))
	}
	if *only != "" && *update {
		return errors.New("-update writes all tables: it needs all parts, without -only")
	}
	if err := endtoend.Build(ctx, b.root, b.bin); err != nil {
		return err
	}
	kept := b.data != ""
	if !kept {
		var err error
		if b.data, err = os.MkdirTemp("", "fairlead-load-"); err != nil {
			return err
		}
	}
	for _, p := range parts {
		if *only == "" || *only == p.name {
			if err := p.measure(b, ctx); err != nil {
				return fmt.Errorf("%s: %w (the logs are in %s)", p.name, err, b.data)
			}
		}
	}
	summary(b.figures).text(b.out)
	if err := errors.Join(b.broken...); err != nil {
		return fmt.Errorf("counts that must hold do not (the data are in %s):\n%w", b.data, err)
	}
	if *update {
		if err := figures.Write(b.root, "make bench", b.page()); err != nil {
			return err
		}
	}
	if kept {
		return nil
	}
	return os.RemoveAll(b.data)
}

// page is what the document of the figures gets.
func (b *bench) page() string {
	var out strings.Builder
	_, _ = fmt.Fprintf(&out, "\nMeasured on %s, where the clients, the carriers, the emulators and the platform share the processor.\n", figures.Machine())
	for _, t := range append([]*table{summary(b.figures)}, b.tables...) {
		t.markdown(&out)
	}
	_, _ = fmt.Fprintln(&out)
	return out.String()
}

// parts are the measurements, each on a stack or a database of its own.
var parts = []struct {
	name    string
	measure func(*bench, context.Context) error
}{
	{"field", (*bench).field},
	{"accept", (*bench).accept},
	{"slow", (*bench).slow},
	{"list", (*bench).list},
}

func names() []string {
	var out []string
	for _, p := range parts {
		out = append(out, p.name)
	}
	return out
}
