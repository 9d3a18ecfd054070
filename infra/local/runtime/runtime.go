// Package runtime runs Lambda functions on this machine as Lambda does: every instance is a process of its own
// that speaks the Lambda Runtime API, handles one invocation at a time, is reused while it lives, and is killed
// when an invocation outlasts the function's timeout.
package runtime

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/fairlead/fairlead/infra/local/child"
)

// MaxPayload is the most bytes a request or a response of a synchronous invocation may have.
const MaxPayload = 6 << 20

// initWithin is how long a process may take until it asks for its first invocation.
const initWithin = 10 * time.Second

// Latest is the version of the programs that a Runtime begins with.
const Latest = "$LATEST"

// What an invocation can fail with before or beside the function's own errors.
var (
	ErrNoFunction = errors.New("there is no such function")
	ErrTooLarge   = errors.New("the payload is over 6 MB")
	ErrClosed     = errors.New("the local runtime is stopping")
)

// Function is one function and how it is run.
type Function struct {
	Name         string // as deployed
	Folder       string // the binary's name under Options.Bin, and the log's
	Timeout      time.Duration
	MemoryMB     int
	Env          map[string]string // its own; Options.Env is added to it
	MaxInstances int               // at least 1
}

// Options configure a Runtime.
type Options struct {
	Bin    string // folder with one binary per function
	Logs   string // folder for one log file per function
	Env    map[string]string
	Region string
	// AccountID is part of the ARNs the functions see.
	AccountID string
	Spawner   *child.Spawner
	// Tee, when set, also gets every line the functions write.
	Tee func(folder, line string)
}

// Result is what an invocation answered. FunctionError is "" on success, else "Unhandled", and Payload then
// holds {"errorType", "errorMessage"}.
type Result struct {
	Payload       []byte
	FunctionError string
}

// Runtime runs functions. It is an http.Handler: the Runtime API of its instances.
type Runtime struct {
	opt  Options
	addr string // host:port where the handler is served
	pool map[string]*pool

	mu        sync.Mutex
	instances map[string]*instance // by the path prefix of their Runtime API
	seq       int
	closed    bool
}

// New makes a runtime for functions; addr is the host and port where its handler will be served. It returns an
// error when a function's binary or the log folder is missing.
func New(opt Options, addr string, functions []Function) (*Runtime, error) {
	r := &Runtime{opt: opt, addr: addr, pool: map[string]*pool{}, instances: map[string]*instance{}}
	if err := os.MkdirAll(opt.Logs, 0o700); err != nil {
		return nil, err
	}
	for _, f := range functions {
		binary, err := find(opt.Bin, f.Folder)
		if err != nil {
			return nil, err
		}
		log, err := openLog(opt, f.Folder)
		if err != nil {
			return nil, err
		}
		r.pool[f.Name] = &pool{r: r, f: f, now: &program{binary: binary, version: Latest}, log: log, most: max(f.MaxInstances, 1), served: map[string]int{}}
	}
	return r, nil
}

// find is the program of a function in the folder bin.
func find(bin, folder string) (string, error) {
	binary, err := filepath.Abs(filepath.Join(bin, folder))
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(binary); err != nil {
		return "", fmt.Errorf("the program of %s is missing (%s): run `make functions`", folder, binary)
	}
	return binary, nil
}

// ARN is the ARN of a function.
func (r *Runtime) ARN(name string) string {
	return "arn:aws:lambda:" + r.opt.Region + ":" + r.opt.AccountID + ":function:" + name
}

// Invoke runs a function and waits for its answer. When ctx ends first, Invoke returns its error and the
// invocation runs on, as it does in Lambda; one that has no instance yet is dropped.
func (r *Runtime) Invoke(ctx context.Context, name string, payload []byte) (Result, error) {
	p := r.pool[name]
	if p == nil {
		return Result{}, fmt.Errorf("%w: %s", ErrNoFunction, name)
	}
	if len(payload) > MaxPayload {
		return Result{}, ErrTooLarge
	}
	for {
		inst, err := p.acquire(ctx)
		if err != nil {
			return asResult(err)
		}
		inv := &invocation{id: NewID(), payload: payload, result: make(chan Result, 1), timeout: p.f.Timeout}
		if !inst.give(inv) {
			continue // it died while idle; the invocation never reached it
		}
		select {
		case res := <-inv.result:
			return res, nil
		case <-ctx.Done():
			return Result{}, ctx.Err()
		}
	}
}

// asResult turns a start that failed into what the caller of a function sees.
func asResult(err error) (Result, error) {
	if f, ok := errors.AsType[*initError](err); ok {
		return Result{Payload: f.payload, FunctionError: "Unhandled"}, nil
	}
	return Result{}, err
}

// Limit bounds how many processes a function may have from now on. Those that are beyond it stay until they end.
func (r *Runtime) Limit(name string, most int) {
	if p := r.pool[name]; p != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.most = max(most, 1)
		p.grow()
	}
}

// Replace has a function run the program of its name in the folder bin from now on, under the name of a version, as
// Lambda does when an alias is pointed at another version: invocations that run finish where they are, new ones go to
// new processes, and an old process ends when it has nothing to do.
func (r *Runtime) Replace(name, bin, version string) error {
	p := r.pool[name]
	if p == nil {
		return fmt.Errorf("%w: %s", ErrNoFunction, name)
	}
	binary, err := find(bin, p.f.Folder)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = &program{binary: binary, version: version}
	for _, i := range p.idle {
		go i.kill()
	}
	p.idle = nil
	p.grow() // who waits for an old process is served by a new one
	return nil
}

// Served gives, by function folder and version, how many invocations were answered.
func (r *Runtime) Served() map[string]map[string]int {
	out := map[string]map[string]int{}
	for _, p := range r.pool {
		p.mu.Lock()
		if len(p.served) > 0 {
			out[p.f.Folder] = maps.Clone(p.served)
		}
		p.mu.Unlock()
	}
	return out
}

// Info describes one instance.
type Info struct {
	Function  string    `json:"function"` // the folder
	Name      string    `json:"name"`     // as deployed
	Version   string    `json:"version"`  // of its program: Latest, or what Replace was given
	Pid       int       `json:"pid"`
	State     string    `json:"state"` // starting, idle, busy or finishing
	Busy      bool      `json:"busy"`
	Since     time.Time `json:"since"` // when it got into that state
	RequestID string    `json:"request_id,omitempty"`
	Served    int       `json:"served"` // invocations so far
}

// Instances lists the running instances, by function and age.
func (r *Runtime) Instances() []Info {
	r.mu.Lock()
	all := make([]*instance, 0, len(r.instances))
	for _, i := range r.instances {
		all = append(all, i)
	}
	r.mu.Unlock()
	slices.SortFunc(all, func(a, b *instance) int { return a.seq - b.seq })
	out := make([]Info, 0, len(all))
	for _, i := range all {
		out = append(out, i.info())
	}
	slices.SortStableFunc(out, func(a, b Info) int {
		switch {
		case a.Function < b.Function:
			return -1
		case a.Function > b.Function:
			return 1
		}
		return 0
	})
	return out
}

// Starts gives, by function folder, how long each process took from its start to its first request for an
// invocation.
func (r *Runtime) Starts() map[string][]time.Duration {
	out := map[string][]time.Duration{}
	for _, p := range r.pool {
		p.mu.Lock()
		if len(p.starts) > 0 {
			out[p.f.Folder] = slices.Clone(p.starts)
		}
		p.mu.Unlock()
	}
	return out
}

// Close stops taking invocations, lets running ones finish within grace, and then kills every process.
func (r *Runtime) Close(grace time.Duration) {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	deadline := time.NewTimer(grace)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for r.busy() {
		select {
		case <-tick.C:
			continue
		case <-deadline.C:
		}
		break
	}
	r.mu.Lock()
	all := make([]*instance, 0, len(r.instances))
	for _, i := range r.instances {
		all = append(all, i)
	}
	r.mu.Unlock()
	var wg sync.WaitGroup
	for _, i := range all {
		wg.Go(i.kill)
	}
	wg.Wait()
	for _, p := range r.pool {
		_ = p.log.Close()
	}
}

func (r *Runtime) busy() bool {
	return slices.ContainsFunc(r.Instances(), func(i Info) bool { return i.Busy })
}

func (r *Runtime) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// NewID makes a request id in the form AWS gives them (a random UUID).
func NewID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

var _ http.Handler = (*Runtime)(nil)
