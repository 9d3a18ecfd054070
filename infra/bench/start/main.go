// Command start measures how long each function takes from the start of its process to its first request for an
// invocation, against a Go function that does nothing, in the same run and in turns. It reports and judges nothing:
// the aim is twice the empty function.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/fairlead/fairlead/infra/bench/functions"
	"github.com/fairlead/fairlead/infra/local/template"
)

const (
	empty   = "empty"
	emptyAt = "./infra/bench/start/empty"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	root := flag.String("root", ".", "the repository")
	times := flag.Int("times", 15, "starts of each function")
	flag.Parse()
	if err := run(ctx, *root, max(*times, 1), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "start:", err)
		os.Exit(1)
	}
}

// function is one program and what its starts took.
type function struct {
	name string
	env  map[string]string
	took []time.Duration
}

func (f *function) least() time.Duration  { return slices.Min(f.took) }
func (f *function) median() time.Duration { return slices.Sorted(slices.Values(f.took))[len(f.took)/2] }

func run(ctx context.Context, root string, times int, out io.Writer) error {
	bin, err := os.MkdirTemp("", "fairlead-start-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(bin) }()
	if err := functions.Build(ctx, root, bin, "", emptyAt); err != nil {
		return err
	}
	t, err := template.Load(filepath.Join(root, "template.yaml"), template.Options{})
	if err != nil {
		return err
	}
	all := []*function{{name: empty}}
	for _, f := range t.Functions {
		all = append(all, &function{name: f.Folder, env: f.Env})
	}
	s, err := newStarter(bin)
	if err != nil {
		return err
	}
	defer s.close()
	for round := range times + 1 { // in turns, so that a slow moment of the machine meets them all
		for _, f := range all {
			took, err := s.start(ctx, f)
			if err != nil {
				return err
			}
			if round > 0 { // the first round only brings the programs into memory
				f.took = append(f.took, took)
			}
		}
	}
	report(out, all, times)
	return nil
}

func report(out io.Writer, all []*function, times int) {
	base := all[0]
	slices.SortStableFunc(all, func(a, b *function) int { return cmp.Compare(a.median(), b.median()) })
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintf(w, "function\tleast, ms\tmedian, ms\tmedian / empty\t\n")
	for _, f := range all {
		ratio := f.median() * 100 / base.median()
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%d.%02d\t\n", f.name, ms(f.least()), ms(f.median()), ratio/100, ratio%100)
	}
	_ = w.Flush()
	_, _ = fmt.Fprintf(out, "Process start to the first request for an invocation, %d starts of each in turns. Aim: at most 2 times the empty function.\n", times)
}

func ms(d time.Duration) string {
	return fmt.Sprintf("%d.%02d", d.Milliseconds(), d.Microseconds()%1000/10)
}
