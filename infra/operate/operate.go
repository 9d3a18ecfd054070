// Package operate is the operator's command line: it turns words into calls of the functions that have no route, by Lambda's
// Invoke API, and their answers into tables.
package operate

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/fairlead/fairlead/shared/operating"
)

// How the program ends.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// World is what the program meets.
type World struct {
	Out, ErrOut io.Writer
	Env         func(string) string
}

// usageError is a command line that can't be carried out.
type usageError struct{ say string }

func (e *usageError) Error() string { return e.say }

func usage(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// errPartly means that the answer tells of problems: it is printed, and the program ends with 1.
var errPartly = errors.New("not everything was done")

// command is one word after ops.
type command struct {
	name, args, about string
	// prepare registers its flags and returns what it does.
	prepare func(f *flag.FlagSet) func(ctx context.Context, t *task, args []string) error
}

// commands are all there are, in the order in which help lists them.
func commands() []command {
	return []command{heldCommand(), resolveCommand(), lettersCommand(), redriveCommand(), replayCommand(), tenantCommand(), eraseCommand(), auditCommand()}
}

// task is a command under way.
type task struct {
	World
	flags  *flag.FlagSet
	json   bool
	yes    bool
	by     string
	reason string
	at     target

	invoke invoker
	where  string // what is operated, in words
	told   bool   // where
}

// Run carries out a command line and returns how the program ends.
func Run(ctx context.Context, args []string, w World) int {
	if len(args) == 0 || slices.Contains([]string{"help", "-h", "-help", "--help"}, args[0]) {
		help(w, args)
		return exitDone
	}
	i := slices.IndexFunc(commands(), func(c command) bool { return c.name == args[0] })
	if i < 0 {
		_, _ = fmt.Fprintf(w.ErrOut, "ops: there is no command %q; `make ops ARGS=help` lists them\n", args[0])
		return exitUsage
	}
	c := commands()[i]
	t, do := prepared(c, w)
	given, err := permuted(t.flags, args[1:])
	if errors.Is(err, flag.ErrHelp) {
		help(w, []string{"help", c.name})
		return exitDone
	}
	switch {
	case err != nil:
		err = &usageError{err.Error()}
	case t.reason == "WHY": // as held prints a command that settles something
		err = usage("say in the place of WHY why it is done")
	case t.reason != "" && strings.TrimSpace(t.reason) == "":
		err = usage("-reason: say why it is done; it is blank")
	case strings.TrimSpace(t.by) == "": // in many a container
		err = usage("say who asks, with -by: $USER is empty")
	default:
		if t.invoke, t.where, err = t.at.connect(ctx, w); err == nil {
			err = do(ctx, t, given)
		}
	}
	return t.end(c, err)
}

func prepared(c command, w World) (*task, func(context.Context, *task, []string) error) {
	t := &task{World: w, flags: flag.NewFlagSet(c.name, flag.ContinueOnError)}
	t.flags.SetOutput(io.Discard)
	t.flags.BoolVar(&t.json, "json", false, "print the function's answer as it is")
	t.flags.BoolVar(&t.yes, "yes", false, "carry it out; without it, what changes something only says what it would do")
	t.flags.StringVar(&t.by, "by", w.Env("USER"), "who asks, for the audit")
	t.flags.StringVar(&t.reason, "reason", "", "why, for the audit; needed where something is changed")
	t.at.register(t.flags)
	return t, c.prepare(t.flags)
}

// noArguments refuses what a command that takes flags only would pass over: a day of the audit, a shipment.
func noArguments(args []string) error {
	if len(args) > 0 {
		return usage("unexpected argument %q", args[0])
	}
	return nil
}

// permuted lets flags stand behind arguments.
func permuted(f *flag.FlagSet, args []string) (given []string, err error) {
	for {
		if err := f.Parse(args); err != nil {
			return nil, err
		}
		if args = f.Args(); len(args) == 0 {
			return given, nil
		}
		given, args = append(given, args[0]), args[1:]
	}
}

func (t *task) end(c command, err error) int {
	wrong, isUsage := errors.AsType[*usageError](err)
	switch {
	case err == nil:
		return exitDone
	case isUsage:
		_, _ = fmt.Fprintf(t.ErrOut, "ops %s: %s\n`make ops ARGS=\"help %s\"` says more\n", c.name, wrong.say, c.name)
		return exitUsage
	case errors.Is(err, errPartly):
		return exitFailed
	}
	_, _ = fmt.Fprintf(t.ErrOut, "ops %s: %s\n", c.name, err)
	return exitFailed
}

// caller is who asks.
func (t *task) caller() operating.Caller { return operating.Caller{By: t.by, Reason: t.reason} }

// certain refuses to go on without -yes. what says what would be done.
func (t *task) certain(what string, args ...any) error {
	if t.yes {
		return nil
	}
	return usage("nothing was done: it would "+what+", on %s. Add -yes to do it", append(args, t.where)...)
}

// call invokes a function and decodes its answer; with -json it prints the answer, and table is left out.
func call[O any](ctx context.Context, t *task, function string, in any, table func(w io.Writer, out O)) (out O, err error) {
	raw, err := t.invoke(ctx, function, in)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return out, fmt.Errorf("the answer of %s is not what this program knows; are both of the same version? %w", function, err)
	}
	if t.json {
		_, err = fmt.Fprintf(t.Out, "%s\n", raw)
		return out, err
	}
	if !t.told {
		t.told = true
		_, _ = fmt.Fprintf(t.ErrOut, "%s:\n", t.where)
	}
	w := tabwriter.NewWriter(t.Out, 0, 0, 2, ' ', 0)
	table(w, out)
	return out, w.Flush()
}

func row(w io.Writer, cells ...any) {
	for i, c := range cells {
		if i > 0 {
			_, _ = fmt.Fprint(w, "\t")
		}
		_, _ = fmt.Fprint(w, c)
	}
	_, _ = fmt.Fprintln(w)
}

// more tells how to get the next page.
func (t *task) more(w io.Writer, cursor string) {
	if cursor != "" {
		_, _ = fmt.Fprintf(w, "\nThere may be more: add -cursor %s\n", cursor)
	}
}

func help(w World, args []string) {
	i := -1
	if len(args) > 1 {
		i = slices.IndexFunc(commands(), func(c command) bool { return c.name == args[1] })
	}
	if i >= 0 {
		c := commands()[i]
		t, _ := prepared(c, w)
		_, _ = fmt.Fprintf(w.Out, "make ops ARGS=\"%s\"\n\n%s\n\n", strings.TrimSpace(c.name+" "+c.args), c.about)
		t.flags.SetOutput(w.Out)
		t.flags.PrintDefaults()
		return
	}
	_, _ = fmt.Fprint(w.Out, "make ops ARGS=\"COMMAND ...\"\n\n")
	for _, c := range commands() {
		about, _, _ := strings.Cut(c.about, ".")
		_, _ = fmt.Fprintf(w.Out, "  %-13s %s\n", c.name, about)
	}
	_, _ = fmt.Fprint(w.Out, "\nIt works on the stack that `make run` runs here; with -stack NAME, or -aws for fairlead, on one of the account that the AWS SDK finds.\n`make ops ARGS=\"help COMMAND\"` says more; infra/docs/operate.md is the guide.\n")
}
