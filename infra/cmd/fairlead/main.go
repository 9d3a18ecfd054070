// Command fairlead orders shipments, looks at them and fetches their labels, through shared/client.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/fairlead/fairlead/shared/client"
)

// How the program ends.
const (
	exitDone       = 0
	exitFailed     = 1
	exitUsage      = 2
	exitUnfinished = 3
)

// world is what the program meets.
type world struct {
	in          io.Reader
	out, errOut io.Writer
	env         func(string) string
	sleep       func(context.Context, time.Duration) error
}

// command is one word after fairlead.
type command struct {
	name, args, about string
	more              string // for fairlead help NAME
	// prepare registers its flags and returns what it does.
	prepare func(f *flag.FlagSet) action
}

// action carries out a command.
type action func(ctx context.Context, t *task, args []string) error

// task is a command under way.
type task struct {
	world
	json    bool
	url     string
	keyFile string

	document io.Writer // for a document that goes to the standard output
}

func commands() []command {
	return []command{bookCommand, batchCommand, getCommand, listCommand, eventsCommand, labelCommand, cancelCommand, ratesCommand, accountsCommand, keysCommand}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], world{os.Stdin, os.Stdout, os.Stderr, os.Getenv, sleep}))
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// run carries out a command line and returns how the program ends.
func run(ctx context.Context, args []string, w world) int {
	if len(args) == 0 {
		help(w.errOut)
		return exitUsage
	}
	name, rest := args[0], args[1:]
	switch name {
	case "help", "-h", "-help", "--help":
		return helpOn(w, rest)
	}
	i := slices.IndexFunc(commands(), func(c command) bool { return c.name == name })
	if i < 0 {
		_, _ = fmt.Fprintf(w.errOut, "fairlead: there is no command %q; `fairlead help` lists them\n", name)
		return exitUsage
	}
	c := commands()[i]
	t := &task{world: w}
	f, do := t.flags(c)
	given, err := permuted(f, rest)
	if errors.Is(err, flag.ErrHelp) {
		return helpOn(w, args[:1])
	}
	if err == nil {
		err = do(ctx, t, given)
	} else {
		err = &usageError{err.Error()}
	}
	return t.end(ctx, c, err)
}

// flags are those of a command and those that all have.
func (t *task) flags(c command) (*flag.FlagSet, action) {
	f := flag.NewFlagSet(c.name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.BoolVar(&t.json, "json", false, "print what the API answers, as JSON; lists one item a line")
	f.StringVar(&t.url, "url", "", "where the API is (or FAIRLEAD_URL)")
	f.StringVar(&t.keyFile, "key-file", "", "`file` with the API key (or the key itself in FAIRLEAD_API_KEY)")
	return f, c.prepare(f)
}

// permuted parses flags wherever they stand among the arguments, which it returns.
func permuted(f *flag.FlagSet, args []string) (given []string, err error) {
	for {
		if err := f.Parse(args); err != nil {
			return nil, err
		}
		if f.NArg() == 0 {
			return given, nil
		}
		given, args = append(given, f.Arg(0)), f.Args()[1:]
	}
}

// usageError is a command line that makes no sense.
type usageError struct{ say string }

func (e *usageError) Error() string { return e.say }

// exit ends the program with a status, after what is to be said about it, if anything.
type exit struct {
	status int
	say    string
}

func (e *exit) Error() string { return e.say }

// end says what went wrong and returns how the program ends.
func (t *task) end(ctx context.Context, c command, err error) int {
	switch e := err.(type) {
	case nil:
		return exitDone
	case *usageError:
		_, _ = fmt.Fprintf(t.errOut, "fairlead %s: %s\nusage: fairlead %s %s\n", c.name, clean(e.say), c.name, c.args)
		return exitUsage
	case *exit:
		if e.say != "" {
			_, _ = fmt.Fprintf(t.errOut, "fairlead: %s\n", clean(e.say))
		}
		return e.status
	}
	if ctx.Err() != nil {
		_, _ = fmt.Fprintln(t.errOut, "fairlead: interrupted. What was asked may have been done; to see, run the same again: nothing is done twice.")
		return exitUnfinished
	}
	if p, ok := errors.AsType[*client.Problem](err); ok {
		if before := strings.TrimSuffix(strings.TrimSuffix(err.Error(), p.Error()), ": "); before != "" {
			_, _ = fmt.Fprintf(t.errOut, "fairlead: %s:\n", clean(before))
		}
		tell(t.errOut, p)
		return exitFailed
	}
	_, _ = fmt.Fprintf(t.errOut, "fairlead: %s\n", clean(strings.TrimPrefix(err.Error(), "client: ")))
	return exitFailed
}

func help(w io.Writer) {
	_, _ = fmt.Fprint(w, `fairlead orders shipments, looks at them and fetches their labels.

usage: fairlead COMMAND [flags] [arguments]

`)
	for _, c := range commands() {
		_, _ = fmt.Fprintf(w, "  %-28s %s\n", c.name+" "+short(c.args), c.about)
	}
	_, _ = fmt.Fprint(w, `
fairlead help COMMAND tells its flags. All commands have -json, -url and -key-file.

The API is at FAIRLEAD_URL or -url, the key in FAIRLEAD_API_KEY or in the file of -key-file. Where
neither is given, the stack that make run started in this folder is taken (.fairlead/demo.json).

It ends with 0 when it is done, 1 when it failed, 2 when the command line makes no sense, and 3 when
the outcome is not known yet: run the same again. Nothing is ever booked twice by repeating.
`)
}

// short are the arguments without the flags.
func short(args string) string {
	words := strings.Fields(args)
	if i := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(w, "-") || strings.HasPrefix(w, "[-") }); i >= 0 {
		words = words[:i]
	}
	s := strings.Join(words, " ")
	return s + strings.Repeat("]", strings.Count(s, "[")-strings.Count(s, "]"))
}

// helpOn tells about a command, or about all.
func helpOn(w world, names []string) int {
	if len(names) == 0 {
		help(w.out)
		return exitDone
	}
	for _, c := range commands() {
		if c.name != names[0] {
			continue
		}
		_, _ = fmt.Fprintf(w.out, "usage: fairlead %s %s\n\n%s.\n", c.name, c.args, c.about)
		if c.more != "" {
			_, _ = fmt.Fprintf(w.out, "\n%s\n", c.more)
		}
		_, _ = fmt.Fprintln(w.out, "\nflags:")
		f, _ := (&task{}).flags(c)
		f.SetOutput(w.out)
		f.PrintDefaults()
		return exitDone
	}
	_, _ = fmt.Fprintf(w.errOut, "fairlead: there is no command %q; `fairlead help` lists them\n", names[0])
	return exitUsage
}
