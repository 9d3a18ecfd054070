// Command cost books shipments through the whole local stack, counts what DynamoDB bills for each, holds the counts
// against the budget and prints what a million bookings cost by the price list. It fails when a count is not the
// budget's; prices only inform.
//
// What is counted: every read and write of the functions on the path of a booking, from the API call to the
// delivered callback (create, confirm, book, relay, fan-out, deliver), by their own middleware. What is counted apart:
// the label, the limiters, and the authorizer, whose answer the API keeps for a minute. The measurement itself reads nothing while
// it counts: it waits for the functions' log lines. Nothing else runs meanwhile; the schedule of wake is off.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/fairlead/fairlead/infra/bench/figures"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := flag.String("root", ".", "the repository")
	bin := flag.String("bin", filepath.Join(".fairlead", "bin"), "folder with the functions' programs, built for this machine")
	n := flag.Int("n", 20, "bookings of each kind, and one batch")
	update := flag.Bool("update", false, "write the tables into "+figures.Document)
	flag.Parse()
	if err := run(ctx, *root, *bin, max(*n, 1), *update, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "cost:", err)
		os.Exit(1)
	}
}

// run measures, prints and judges. The data of a run that broke are kept, to look into.
func run(ctx context.Context, root, bin string, n int, update bool, out io.Writer) error {
	data, err := os.MkdirTemp("", "fairlead-cost-")
	if err != nil {
		return err
	}
	runs, err := measure(ctx, root, bin, data, n)
	if err != nil {
		return fmt.Errorf("%w (the logs are in %s)", err, filepath.Join(data, "logs"))
	}
	_ = os.RemoveAll(data)
	var told bytes.Buffer
	printCounts(&told, runs)
	printPrices(&told, runs)
	_, _ = out.Write(told.Bytes())
	var over []error
	for _, r := range runs {
		over = append(over, check(r)...)
	}
	if err := errors.Join(over...); err != nil {
		return err
	}
	booked := 0
	for _, r := range runs {
		booked += r.shipments()
	}
	verdict := fmt.Sprintf("Write and read units are within their budget: each of the %d bookings wrote what it may.\n", booked)
	_, _ = fmt.Fprint(out, verdict)
	if !update {
		return nil
	}
	return figures.Write(root, "make cost", "\n```text\n"+told.String()+verdict+"```\n\n")
}
