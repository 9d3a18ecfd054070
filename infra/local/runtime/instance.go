package runtime

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/fairlead/fairlead/infra/local/child"
)

// state is what an instance is doing.
type state int

const (
	starting  state = iota // has not asked for an invocation yet
	idle                   // asks, or is about to be given one
	busy                   // runs one
	finishing              // has answered and not asked again
)

func (s state) String() string { return [...]string{"starting", "idle", "busy", "finishing"}[s] }

// invocation is one call of a function.
type invocation struct {
	id      string
	payload []byte
	timeout time.Duration
	result  chan Result // takes exactly one
	timer   *time.Timer // kills the instance; nil until it runs
}

// initError is a process that ended before it asked for its first invocation.
type initError struct{ payload []byte }

func (e *initError) Error() string { return string(e.payload) }

// instance is one process of a function.
type instance struct {
	p       *pool
	prog    *program
	id      string // the path prefix of its Runtime API
	seq     int
	started time.Time
	work    chan *invocation // unbuffered: handed over only while the process asks
	dead    chan struct{}    // closed when the process has ended

	mu     sync.Mutex
	proc   *child.Process // nil until it is started
	state  state
	since  time.Time
	now    *invocation // while busy
	served int
	init   []byte // what the process reported before it gave up
}

// newInstance starts a process of p's function and registers its Runtime API.
func newInstance(p *pool, prog *program) (*instance, error) {
	r := p.r
	r.mu.Lock()
	r.seq++
	now := time.Now()
	i := &instance{
		p: p, prog: prog, seq: r.seq, id: strconv.Itoa(r.seq) + "-" + NewID()[:8], started: now, since: now,
		work: make(chan *invocation), dead: make(chan struct{}),
	}
	r.instances[i.id] = i
	r.mu.Unlock()
	proc, err := r.opt.Spawner.Start(child.Spec{
		Path: prog.binary, Env: i.environment(), Dir: filepath.Dir(prog.binary), Out: p.log.output(),
	})
	if err != nil {
		r.forget(i)
		return nil, err
	}
	i.mu.Lock()
	i.proc = proc
	i.mu.Unlock()
	if r.isClosed() { // Close may have looked before the process was there
		i.kill()
	}
	return i, nil
}

// environment is what the process sees: the system's bare minimum, the stack's, the function's, and what Lambda
// itself sets. Nothing else of this machine's environment gets in.
func (i *instance) environment() []string {
	f, o := i.p.f, i.p.r.opt
	env := map[string]string{"PATH": "/usr/local/bin:/usr/bin:/bin", "TZ": ":UTC", "LANG": "en_US.UTF-8", "HOME": os.TempDir()}
	maps.Copy(env, f.Env)
	maps.Copy(env, o.Env)
	maps.Copy(env, map[string]string{
		"AWS_LAMBDA_RUNTIME_API": i.p.r.addr + "/" + i.id, "AWS_REGION": o.Region, "AWS_DEFAULT_REGION": o.Region,
		"AWS_LAMBDA_FUNCTION_NAME": f.Name, "AWS_LAMBDA_FUNCTION_VERSION": i.prog.version,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.MemoryMB), "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/" + f.Name, "AWS_LAMBDA_LOG_STREAM_NAME": i.id,
		"AWS_EXECUTION_ENV": "AWS_Lambda_provided.al2023", "LAMBDA_TASK_ROOT": filepath.Dir(i.prog.binary),
		"LAMBDA_RUNTIME_DIR": filepath.Dir(i.prog.binary), "_HANDLER": "bootstrap",
	})
	out := make([]string, 0, len(env))
	for k, v := range env {
		out = append(out, k+"="+v)
	}
	return out
}

// watch follows the process to its end.
func (i *instance) watch() {
	late := time.AfterFunc(initWithin, func() {
		if i.info().State == starting.String() {
			i.p.log.note("INIT_REPORT Status: timeout, no invocation was asked for within %s", initWithin)
			i.kill()
		}
	})
	ended := i.proc.Ended()
	close(i.dead)
	late.Stop()

	i.mu.Lock()
	was, inv, payload := i.state, i.now, i.init
	i.now = nil
	i.mu.Unlock()
	i.p.r.forget(i)
	var failed error
	switch {
	case was == starting && !i.p.r.isClosed():
		if payload == nil {
			payload = errorPayload("Runtime.ExitError", "Error: Runtime exited without asking for an invocation: "+ended)
		}
		i.p.log.note("INIT_REPORT Status: error %s", ended)
		failed = &initError{payload}
	case was == starting:
		failed = ErrClosed
	}
	i.p.gone(i, was, failed)
	if inv != nil {
		i.p.log.note("RequestId: %s Error: Runtime exited with error: %s", inv.id, ended)
		inv.finish(Result{FunctionError: "Unhandled",
			Payload: errorPayload("Runtime.ExitError", fmt.Sprintf("RequestId: %s Error: Runtime exited with error: %s", inv.id, ended))})
	}
}

// give hands over an invocation. It is false when the process has ended, and then it never saw the invocation.
func (i *instance) give(inv *invocation) bool {
	select {
	case i.work <- inv:
		return true
	case <-i.dead:
		return false
	}
}

// begin marks the instance busy with inv and starts the clock that kills it. The deadline is what the process
// is told.
func (i *instance) begin(inv *invocation) (deadline time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.set(busy)
	i.now = inv
	i.served++
	inv.timer = time.AfterFunc(inv.timeout, func() { i.timeOut(inv) })
	return time.Now().Add(inv.timeout)
}

// timeOut kills the process and answers for it, unless it answered in the same moment.
func (i *instance) timeOut(inv *invocation) {
	i.mu.Lock()
	if i.now != inv {
		i.mu.Unlock()
		return
	}
	i.now = nil // watch must not answer a second time
	i.mu.Unlock()
	i.kill()
	text := fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", inv.id, inv.timeout.Seconds())
	i.p.log.note("%s", text)
	inv.finish(Result{FunctionError: "Unhandled", Payload: errorPayload("Sandbox.Timedout", text)})
}

// end delivers the answer of the invocation called id. It is false when the instance runs no such invocation.
func (i *instance) end(id string, res Result) bool {
	i.mu.Lock()
	inv := i.now
	if inv == nil || inv.id != id {
		i.mu.Unlock()
		return false
	}
	i.now = nil
	i.set(finishing)
	i.mu.Unlock()
	i.p.mu.Lock()
	i.prog.coming++
	i.p.served[i.prog.version]++
	i.p.mu.Unlock()
	inv.finish(res)
	return true
}

// ready records that the process asks for an invocation, and makes the instance available. It is false when the
// process has not answered the last one.
func (i *instance) ready() bool {
	i.mu.Lock()
	was := i.state
	if was == idle || was == busy {
		i.mu.Unlock()
		return was == idle // it asked, lost the connection and asks again
	}
	i.set(idle)
	i.mu.Unlock()
	i.p.mu.Lock()
	defer i.p.mu.Unlock()
	if was == starting {
		i.p.starts = append(i.p.starts, time.Since(i.started))
	}
	i.prog.coming--
	i.p.offer(i)
	return true
}

// set changes the state. Call it with i.mu held.
func (i *instance) set(s state) { i.state, i.since = s, time.Now() }

func (i *instance) kill() {
	i.mu.Lock()
	proc := i.proc
	i.mu.Unlock()
	if proc != nil {
		proc.Kill()
	}
}

func (i *instance) info() Info {
	i.mu.Lock()
	defer i.mu.Unlock()
	out := Info{Function: i.p.f.Folder, Name: i.p.f.Name, Version: i.prog.version, State: i.state.String(), Busy: i.state == busy, Since: i.since.UTC(), Served: i.served}
	if i.proc != nil {
		out.Pid = i.proc.Pid()
	}
	if i.now != nil {
		out.RequestID = i.now.id
	}
	return out
}

func (r *Runtime) forget(i *instance) {
	r.mu.Lock()
	delete(r.instances, i.id)
	r.mu.Unlock()
}

func (inv *invocation) finish(res Result) {
	if inv.timer != nil {
		inv.timer.Stop()
	}
	inv.result <- res
}

func errorPayload(typ, message string) []byte {
	out, _ := json.Marshal(map[string]string{"errorType": typ, "errorMessage": message}) // strings always encode
	return out
}
