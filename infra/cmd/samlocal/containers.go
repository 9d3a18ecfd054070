package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"
)

// containers run the functions by sam local.
type containers struct {
	sam      string
	skipPull bool
	env      string // the file with the functions' environments
	say      func(string, ...any)
}

// flags are those of every sam local command.
func (c containers) flags() []string {
	out := []string{"--config-env", "local", "--env-vars", c.env}
	if c.skipPull {
		out = append(out, "--skip-pull-image")
	}
	return out
}

// invokeAll invokes the events turn by turn, and those that change nothing several at once. It tells of each that is
// not answered as meant.
func (c containers) invokeAll(ctx context.Context, all []event, parallel int) (asMeant int, err error) {
	var wrong []error
	for begin := 0; begin < len(all); {
		end := begin + 1
		for end < len(all) && all[end].turn == all[begin].turn {
			end++
		}
		turn, results := all[begin:end], make([]error, end-begin)
		var group errgroup.Group
		if group.SetLimit(1); all[begin].turn == readers {
			group.SetLimit(parallel)
		}
		for i, e := range turn {
			group.Go(func() error {
				if ctx.Err() == nil {
					results[i] = c.invoke(ctx, e)
				}
				return nil
			})
		}
		_ = group.Wait()
		if ctx.Err() != nil {
			return asMeant, ctx.Err()
		}
		for _, err := range results {
			if err != nil {
				wrong = append(wrong, err)
			} else {
				asMeant++
			}
		}
		if begin = end; asMeant+len(wrong) > 0 {
			c.say("invoked %d of %d", begin, len(all))
		}
	}
	return asMeant, errors.Join(wrong...)
}

// invoke invokes one event and holds its answer against what is meant.
func (c containers) invoke(ctx context.Context, e event) error {
	answer, log, err := c.call(ctx, e)
	if err != nil {
		return err
	}
	if wrong := e.wrong(answer); wrong != "" {
		return fmt.Errorf("%s: %s\n%s", e.file, wrong, tail(log))
	}
	return nil
}

// call is one sam local invoke. Its last line on standard output is the answer.
func (c containers) call(ctx context.Context, e event) (answer, log []byte, err error) {
	cmd := command(ctx, c.sam, append([]string{"local", "invoke", e.function.LogicalID, "--event", e.file}, c.flags()...)...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err = cmd.Run()
	lines := bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n"))
	answer = lines[len(lines)-1]
	if len(answer) == 0 {
		return nil, nil, fmt.Errorf("%s: sam local invoke gave no answer (%v)\n%s", e.file, err, tail(said.Bytes()))
	}
	return answer, said.Bytes(), nil // a function that failed is an answer too
}

// tail is the end of what was said.
func tail(log []byte) string {
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	return strings.Join(lines[max(0, len(lines)-12):], "\n")
}
