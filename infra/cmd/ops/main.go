// Command ops is what an operator types: it shows what waits for a person and carries out what was decided, by invoking the
// functions that have no route. `make ops ARGS="help"` lists its commands.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/fairlead/fairlead/infra/operate"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal ends the program at once
	os.Exit(operate.Run(ctx, os.Args[1:], operate.World{Out: os.Stdout, ErrOut: os.Stderr, Env: os.Getenv}))
}
