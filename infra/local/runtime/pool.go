package runtime

import (
	"context"
	"os"
	"sync"
	"time"
)

// pool holds the instances of one function.
type pool struct {
	r   *Runtime
	f   Function
	log *logFile

	mu      sync.Mutex
	now     *program       // what new invocations run
	idle    []*instance    // of now's; the one used last comes last and is taken first
	waiting []chan granted // callers without an instance, oldest first
	most    int            // processes each program may have
	starts  []time.Duration
	served  map[string]int // invocations by version
}

// program is one version of a function's binary, and how many processes of it there are; the pool's mu guards both.
type program struct {
	binary, version string

	total  int // processes alive or being started
	coming int // processes that will be idle soon: starting, or answered but not yet asking again
}

// granted is an instance for a waiting caller, or why there will be none.
type granted struct {
	inst *instance
	err  error
}

// acquire gives an idle instance, or waits for one, starting a process when the pool may grow.
func (p *pool) acquire(ctx context.Context) (*instance, error) {
	if p.r.isClosed() {
		return nil, ErrClosed
	}
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		inst := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return inst, nil
	}
	turn := make(chan granted, 1)
	p.waiting = append(p.waiting, turn)
	p.grow()
	p.mu.Unlock()

	select {
	case g := <-turn:
		return g.inst, g.err
	case <-ctx.Done():
		p.leave(turn)
		return nil, ctx.Err()
	}
}

// leave takes a caller out of the queue. One that was served in the same moment hands its instance on.
func (p *pool) leave(turn chan granted) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, w := range p.waiting {
		if w == turn {
			p.waiting = append(p.waiting[:i:i], p.waiting[i+1:]...)
			return
		}
	}
	if g := <-turn; g.inst != nil {
		p.offer(g.inst)
	}
}

// grow starts a process when more callers wait than instances are about to be free. Call it with p.mu held.
func (p *pool) grow() {
	for p.now.coming < len(p.waiting) && p.now.total < p.most && !p.r.isClosed() {
		p.now.total++
		p.now.coming++
		go p.start(p.now)
	}
}

// start starts a process; its first request for an invocation makes it available.
func (p *pool) start(prog *program) {
	inst, err := newInstance(p, prog)
	if err != nil {
		p.mu.Lock()
		prog.total--
		prog.coming--
		p.fail(prog, err)
		p.grow()
		p.mu.Unlock()
		return
	}
	inst.watch()
}

// offer gives an instance to the caller that has waited longest, or keeps it. One of a program that was replaced has
// done its work and ends. Call it with p.mu held.
func (p *pool) offer(inst *instance) {
	if inst.prog != p.now {
		go inst.kill()
		return
	}
	if len(p.waiting) > 0 {
		p.waiting[0] <- granted{inst: inst}
		p.waiting = p.waiting[1:]
		return
	}
	p.idle = append(p.idle, inst)
}

// fail tells the caller that has waited longest that its process did not start, unless another program was to serve
// it by then. Call it with p.mu held.
func (p *pool) fail(prog *program, err error) {
	if prog == p.now && len(p.waiting) > 0 {
		p.waiting[0] <- granted{err: err}
		p.waiting = p.waiting[1:]
	}
}

// gone forgets an instance whose process has ended. err, when set, is why it never got ready.
func (p *pool) gone(inst *instance, was state, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	inst.prog.total--
	if was == starting || was == finishing {
		inst.prog.coming--
	}
	for i, x := range p.idle {
		if x == inst {
			p.idle = append(p.idle[:i:i], p.idle[i+1:]...)
			break
		}
	}
	if err != nil {
		p.fail(inst.prog, err)
	}
	p.grow()
}

// openLog opens a function's log, keeping the previous one beside it once it is large.
func openLog(opt Options, folder string) (*logFile, error) {
	name := opt.Logs + string(os.PathSeparator) + folder + ".log"
	if info, err := os.Stat(name); err == nil && info.Size() > 16<<20 {
		_ = os.Rename(name, name+".1")
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	return &logFile{File: f, folder: folder, tee: opt.Tee}, nil
}
