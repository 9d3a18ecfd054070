package endtoend_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/fairlead/fairlead/infra/local/endtoend"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// root is the repository's top folder, seen from here.
const root = "../../.."

// programs builds the functions and the local stack once, where the next run finds what has not changed since.
var programs = sync.OnceValues(func() (string, error) {
	dir, err := filepath.Abs(filepath.Join(root, ".fairlead", "endtoend"))
	if err != nil {
		return "", err
	}
	return dir, endtoend.Build(context.Background(), root, dir)
})

// stack is a running stack as a test uses it: what goes wrong, fails the test.
type stack struct {
	*endtoend.Stack
	t *testing.T
}

// start runs the local stack against sim until the test ends.
func start(t *testing.T, sim *simulator, args ...string) *stack {
	t.Helper()
	return startIn(t, t.TempDir(), sim, args...)
}

// startIn does so on what the folder has.
func startIn(t *testing.T, data string, sim *simulator, args ...string) *stack {
	t.Helper()
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	s, err := endtoend.Start(t.Context(), endtoend.Options{Root: root, Bin: bin, Data: data, Carrier: sim.URL, Args: args})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.Close(); t.Failed() {
			t.Log(s.Output())
		}
	})
	return &stack{s, t}
}

func (s *stack) invoke(function string, in, out any) {
	s.t.Helper()
	if err := s.Invoke(s.t.Context(), function, in, out); err != nil {
		s.t.Fatal(err)
	}
}

// store reads the stack's own tables.
func (s *stack) store() *dynamo.Store {
	s.t.Helper()
	st, err := s.Store(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return st
}

// await polls a condition; the limit is generous, for machines are slow, and only a failure takes that long.
func await(t *testing.T, limit time.Duration, what string, ok func() bool, more func() string) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(limit); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			detail := ""
			if more != nil {
				detail = "\n" + more()
			}
			t.Fatalf("waited %v for %s%s", limit, what, detail)
		}
	}
}

type simulator struct{ *endtoend.Simulator }

func newSimulator(t *testing.T) *simulator {
	t.Helper()
	sim, err := endtoend.NewSimulator(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	return &simulator{sim}
}

// answer is a response of the API.
type answer = endtoend.Answer

// shipper is a tenant with its key.
type shipper struct {
	*stack
	*endtoend.Shipper
}

// shipper makes a tenant with an account at the simulator.
func (s *stack) shipper(name string) *shipper {
	s.t.Helper()
	p, err := s.Shipper(s.t.Context(), name)
	if err != nil {
		s.t.Fatal(err)
	}
	return &shipper{s, p}
}

// call sends a request. Every answer obeys the contract.
func (p *shipper) call(method, path string, body any, header map[string]string) answer {
	p.t.Helper()
	a, err := p.Call(context.Background(), method, path, body, header)
	if err != nil {
		p.t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}
