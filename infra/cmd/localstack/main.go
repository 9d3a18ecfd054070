// Command localstack runs the end-to-end scenario with LocalStack as data plane: DynamoDB with its stream, SQS, S3 and
// KMS, where `make test` has emulators of its own. It takes the LocalStack that LOCALSTACK_URL names; or starts one, by
// Docker, or by the command that FAIRLEAD_LOCALSTACK names, and stops it again. It ends with 2 when there is nothing to
// start.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop)
	err := run(ctx, fromEnvironment(), os.Stdout)
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "localstack:", err)
	if _, ok := errors.AsType[*missing](err); ok {
		os.Exit(2)
	}
	os.Exit(1)
}

// missing says what is not on this machine.
type missing struct{ why string }

func (m *missing) Error() string {
	return m.why + `
  It takes one of:
    a LocalStack that runs:          LOCALSTACK_URL=http://127.0.0.1:4566 make localstack
    Docker, with LocalStack's image: docker pull ` + image + ` && make localstack
    a command that starts one in the foreground on 127.0.0.1:4566, given a folder for its files:
                                     FAIRLEAD_LOCALSTACK=/path/to/command make localstack`
}

// setting is what a user has.
type setting struct{ url, command string }

func fromEnvironment() setting {
	return setting{strings.TrimSuffix(os.Getenv("LOCALSTACK_URL"), "/"), os.Getenv("FAIRLEAD_LOCALSTACK")}
}

// run finds or starts a LocalStack, runs the scenario on it and stops what it started.
func run(ctx context.Context, has setting, out io.Writer) (err error) {
	at, err := open(ctx, has, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, at.close()) }()
	_, _ = fmt.Fprintf(out, "LocalStack %s at %s, %s\n", at.version, at.url, at.how)
	if err := vacant(ctx, at.url); err != nil {
		return err
	}
	if at.stop == nil { // somebody's own: it is left as it was
		defer func() { err = errors.Join(err, vacate(context.WithoutCancel(ctx), at.url)) }()
	}
	return scenario(ctx, at.url, out)
}

// scenario runs the tests, and prints what each group of them came to.
func scenario(ctx context.Context, url string, out io.Writer) error {
	began := time.Now()
	// The tests end what they started when they are interrupted as a group is, from the terminal; a kill would not let them.
	cmd := exec.CommandContext(ctx, "go", "test", "./infra/local/endtoend", "-run", "^TestDataPlane$", "-v", "-count=1", "-timeout", "20m")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+url, "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local")
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = out
	if err := cmd.Start(); err != nil {
		return err
	}
	counts, said := results{}, &strings.Builder{}
	lines := bufio.NewScanner(pipe)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		if said.WriteString(lines.Text() + "\n"); counts.read(lines.Text()) {
			_, _ = fmt.Fprintln(out, lines.Text())
		}
	}
	err = errors.Join(lines.Err(), cmd.Wait())
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted: %w", ctx.Err())
	case err != nil:
		return fmt.Errorf("%w\n%s", err, said)
	case counts.passed == 0:
		return fmt.Errorf("no test ran:\n%s", said)
	}
	_, _ = fmt.Fprintf(out, "the end-to-end scenario on LocalStack: %d tests in %d groups passed, in %v\n", counts.passed, counts.groups, time.Since(began).Round(time.Second))
	return nil
}

// results counts the tests that passed.
type results struct{ groups, passed int }

// read reads a line of go test's output. It is true for a group, a test directly below the scenario.
func (r *results) read(line string) bool {
	test, passed := strings.CutPrefix(strings.TrimSpace(line), "--- PASS: TestDataPlane/")
	if !passed {
		return strings.Contains(line, "--- FAIL:")
	}
	name, _, _ := strings.Cut(test, " ")
	r.passed++
	if strings.Contains(name, "/") {
		return false
	}
	r.groups++
	return true
}
