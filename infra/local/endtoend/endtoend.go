// Package endtoend drives the whole platform from outside: the programs that deploy, the template, the emulators and
// the carrier simulator, over HTTP, as a shipper and an operator see them.
package endtoend

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fairlead/fairlead/infra/bench/functions"
	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/infra/local"
	"github.com/fairlead/fairlead/infra/local/child"
)

const (
	startWithin = 2 * time.Minute // machines are slow; only a failure takes that long
	stopWithin  = time.Minute
)

// Build builds every function and the local stack of the repository at root into the folder bin, as `make run` does.
func Build(ctx context.Context, root, bin string) error {
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	return functions.Build(ctx, root, bin, "", "./infra/cmd/local")
}

// Options say which stack to start.
type Options struct {
	Root    string   // the repository
	Bin     string   // the folder Build was given
	Data    string   // folder for all it keeps; a second start there goes on where the first ended
	Carrier string   // URL of the carrier simulator
	Args    []string // further flags of the local stack; they win over those that Start gives
}

// Stack is a running local stack, a process of its own that may be killed and started again.
type Stack struct {
	opt     Options
	spawner *child.Spawner
	process *child.Process // nil before the first start
	out     lines
	at      atomic.Pointer[local.Where] // another one after a restart, while killers and clients go on
	client  *http.Client

	shippers atomic.Int64
	answered tally
}

// Start starts the local stack on free ports with the times a twentieth as long, unless Args say otherwise, and waits
// until it serves.
// Close it, whatever became of it; when Start fails nothing is left.
func Start(ctx context.Context, o Options) (*Stack, error) {
	s := &Stack{opt: o, spawner: child.NewSpawner(), client: &http.Client{Timeout: 40 * time.Second}}
	if err := s.Run(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Run starts the stack again after Kill or Stop. The error holds what the process printed.
func (s *Stack) Run(ctx context.Context) error {
	bin, err := filepath.Abs(s.opt.Bin)
	if err != nil {
		return err
	}
	s.process, err = s.spawner.Start(child.Spec{Path: filepath.Join(bin, "local"), Dir: s.opt.Root, Env: os.Environ(), Out: &s.out, Args: append([]string{
		"-bin", bin, "-data", s.opt.Data, "-listen", "127.0.0.1:0", "-admin", "127.0.0.1:0", "-sim", "127.0.0.1:0",
		"-params", "TimeSet=short", "-ups", s.opt.Carrier, "-no-demo", "-schedule-every", "1s"}, s.opt.Args...)})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !s.serves() {
		select {
		case <-tick.C:
		case <-s.process.Done():
			return fmt.Errorf("the stack ended while starting (%s):\n%s", s.process.Ended(), s.Output())
		case <-ctx.Done():
			return fmt.Errorf("the stack does not start: %w\n%s", ctx.Err(), s.Output())
		}
	}
	return nil
}

// serves tells whether this very process has announced where it listens.
func (s *Stack) serves() bool {
	b, err := os.ReadFile(filepath.Join(s.opt.Data, "stack.json"))
	var at local.Where
	if err != nil || json.Unmarshal(b, &at) != nil || at.Pid != s.process.Pid() {
		return false
	}
	s.at.Store(&at)
	return true
}

// Where tells where everything listens, or listened last.
func (s *Stack) Where() local.Where { return *s.at.Load() }

// Output is all that the stack's processes printed, of every start.
func (s *Stack) Output() string { return s.out.String() }

// Ended tells whether the stack's process has ended, and how.
func (s *Stack) Ended() (ended bool, how string) {
	select {
	case <-s.process.Done():
		return true, s.process.Ended()
	default:
		return false, ""
	}
}

// Stop ends the stack as Ctrl-C does: what runs may finish.
func (s *Stack) Stop() {
	if s.process != nil {
		s.process.Stop(stopWithin)
	}
}

// Kill ends the stack as a power cut does: at once, with everything it runs.
func (s *Stack) Kill() {
	if s.process != nil {
		s.process.Kill()
	}
}

// Close stops the stack for good.
func (s *Stack) Close() {
	s.Stop()
	s.spawner.Close()
}

// Answered tells how often each operation of the contract was answered with each status, by any shipper.
func (s *Stack) Answered() map[string]map[int]int { return s.answered.copy() }

// tally counts answers by operation and status.
type tally struct {
	mu sync.Mutex
	n  map[string]map[int]int
}

func (t *tally) add(operation string, status int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n == nil {
		t.n = map[string]map[int]int{}
	}
	if t.n[operation] == nil {
		t.n[operation] = map[int]int{}
	}
	t.n[operation][status]++
}

func (t *tally) copy() map[string]map[int]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := map[string]map[int]int{}
	for operation, n := range t.n {
		out[operation] = maps.Clone(n)
	}
	return out
}

// lines collects what a process prints.
type lines struct {
	mu  sync.Mutex
	buf []byte
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = append(l.buf, p...)
	return len(p), nil
}

func (l *lines) String() string { l.mu.Lock(); defer l.mu.Unlock(); return string(l.buf) }

// Simulator is the carrier, outside the stack, so that its ledger outlives whatever is killed.
type Simulator struct {
	*carriersim.Server
	URL string

	server *http.Server
}

// NewSimulator serves a simulator whose delays suit the times of the stack. The seed decides its chances.
func NewSimulator(ctx context.Context, seed uint64) (*Simulator, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	sim := carriersim.New(carriersim.Options{Seed: seed, Settings: carriersim.Settings{SlowMS: 45_000 / 20, LateMS: 10_000 / 20, FaultLagMS: 40_000 / 20}})
	s := &Simulator{sim, "http://" + l.Addr().String(), &http.Server{Handler: sim, ReadHeaderTimeout: 10 * time.Second}}
	go func() { _ = s.server.Serve(l) }()
	return s, nil
}

// Close ends it; answers it holds are dropped.
func (s *Simulator) Close() error {
	s.Release()
	return errors.Join(s.server.Close(), s.Server.Close())
}
