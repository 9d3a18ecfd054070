// Package child starts the processes of the local stack so that none of them can outlive it: each has its own
// process group, and the kernel kills it when the stack dies, even by SIGKILL.
package child

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Spawner starts processes from one thread that never ends. The kernel ties "die with the parent" to the thread
// that forked, not to the process: a child started from any goroutine could be killed when the Go runtime
// retires its thread.
type Spawner struct {
	requests chan request
}

type request struct {
	cmd  *exec.Cmd
	done chan error
}

// NewSpawner starts the thread.
func NewSpawner() *Spawner {
	s := &Spawner{requests: make(chan request)}
	go func() {
		runtime.LockOSThread() // never unlocked: the goroutine owns its thread until Close
		for r := range s.requests {
			r.done <- r.cmd.Start()
		}
	}()
	return s
}

// Close ends the thread, and with it every process that is still running. Start must not be called afterwards.
func (s *Spawner) Close() { close(s.requests) }

// Spec says what to start. Out takes both standard output and standard error; a *os.File is handed to the
// process as it is, so that nothing is lost when the stack dies.
type Spec struct {
	Path string
	Args []string
	Env  []string
	Dir  string
	Out  io.Writer
}

// Process is a running child.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // of Wait; read after done
}

// Start starts a child. The error says which program could not be started and why.
func (s *Spawner) Start(spec Spec) (*Process, error) {
	cmd := exec.Command(spec.Path, spec.Args...)
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = spec.Env, spec.Dir, spec.Out, spec.Out
	cmd.WaitDelay = time.Second // a pipe held open by a grandchild must not hold up Wait
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	r := request{cmd, make(chan error, 1)}
	s.requests <- r
	if err := <-r.done; err != nil {
		return nil, fmt.Errorf("starting %s: %w", spec.Path, err)
	}
	p := &Process{cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// Pid is the process id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Done is closed when the process has ended and was reaped.
func (p *Process) Done() <-chan struct{} { return p.done }

// Ended describes how the process ended ("exit status 1", "signal: killed"). It waits for the end.
func (p *Process) Ended() string {
	<-p.done
	if exit, ok := errors.AsType[*exec.ExitError](p.err); ok {
		return exit.Error()
	}
	if p.err != nil {
		return p.err.Error()
	}
	return "exit status 0"
}

// Kill ends the process and all of its group at once, and waits until it is gone.
func (p *Process) Kill() {
	p.signal(syscall.SIGKILL)
	<-p.done
}

// Stop asks the process to end, and kills it when it has not within grace.
func (p *Process) Stop(grace time.Duration) {
	p.signal(syscall.SIGTERM)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		p.Kill()
	}
}

// signal reaches the whole group. A process that has been reaped is not signalled: its id may be another's.
func (p *Process) signal(sig syscall.Signal) {
	select {
	case <-p.done:
	default:
		_ = syscall.Kill(-p.Pid(), sig)
	}
}
