// Command carriersim runs the carrier simulator: point a carrier's base URL at it, and see what it booked at
// /_sim/.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim"
)

// grace is how long a stop waits for answers in the making; held ones are let go at once.
const grace = 3 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "carriersim:", err)
		}
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, out, usage io.Writer) error {
	flags := flag.NewFlagSet("carriersim", flag.ContinueOnError)
	flags.SetOutput(usage)
	listen := flags.String("listen", "127.0.0.1:8089", "address to listen on")
	data := flags.String("data", "", "file that keeps bookings, tokens and injected faults over a restart (default: memory only)")
	seed := flags.Uint64("seed", 1, "decides every chance of a fault and where tracking numbers start")
	if err := flags.Parse(args); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is in use by another program: stop it, or choose another address with -listen", *listen)
	}
	if err != nil {
		return fmt.Errorf("can't listen on %s: %w", *listen, err)
	}
	sim, err := carriersim.Open(carriersim.Options{Data: *data, Seed: *seed})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	fmt.Fprintf(out, "carrier simulator: http://%s (ledger and faults: http://%[1]s/_sim/)\n", listener.Addr())
	return serve(ctx, &http.Server{Handler: sim, ReadHeaderTimeout: 10 * time.Second}, listener, sim)
}

func serve(ctx context.Context, server *http.Server, listener net.Listener, sim *carriersim.Server) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return errors.Join(err, sim.Close())
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	sim.Release()
	err := server.Shutdown(stopping)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	return errors.Join(err, sim.Close())
}
