package sim

import (
	"context"
	"fmt"
	"net"
	"slices"
	"time"
)

// role is what a process does: one of the deployed functions, or a group of them that share their code.
type role string

const (
	roleAPI     role = "api"
	roleBook    role = "book"
	roleRecover role = "recover"
	roleRelay   role = "relay"
	roleWake    role = "wake"
	roleFanOut  role = "fan-out"
	roleDeliver role = "deliver"
)

// limits are how many processes of a role run at once.
var limits = map[role]int{roleAPI: 60, roleBook: 6, roleRecover: 4, roleRelay: 4, roleWake: 3, roleFanOut: 3, roleDeliver: 5}

// instance is one process: it has its own caches, connections and clock, and works on one invocation at a time.
type instance struct {
	name   string
	role   role
	skew   time.Duration
	ctx    context.Context
	cancel context.CancelFunc
	inv    *invocation
	dead   bool      // guarded by scheduler.mu
	frozen time.Time // stands still until then; written under scheduler.mu
	doomed bool      // will be killed: after a thaw it makes a few calls more
	grace  int       // how many
	conns  []net.Conn
	*services
}

// now is the process's own clock.
func (in *instance) now() time.Time { return time.Now().Add(in.skew) }

// invocation is one run of a function.
type invocation struct {
	number   int
	in       *instance
	deadline time.Time
	run      func(ctx context.Context) any
	done     func(result any, ok bool) // ok: the platform got the result
	result   any
	over     bool // the platform has its result, or knows that there is none
}

// bounded is an invocation's context: its deadline is told, and it ends when the driver says so, for a process that
// stands still has a clock that stands still.
type bounded struct {
	context.Context
	deadline time.Time
}

// Deadline is when the platform kills the invocation.
func (b bounded) Deadline() (time.Time, bool) { return b.deadline, true }

// idle finds a process of a role that has nothing to do, or starts one. nil: all are busy.
func (w *World) idle(r role) *instance {
	var free []*instance
	n := 0
	for _, in := range w.instances {
		if in.role == r && !in.doomed { // what the platform has given up does not count
			n++
			if in.inv == nil {
				free = append(free, in)
			}
		}
	}
	if len(free) > 0 && (n >= limits[r] || w.rand.IntN(4) > 0) {
		return free[w.rand.IntN(len(free))]
	}
	if n >= limits[r] {
		return nil
	}
	return w.boot(r)
}

// boot starts a process.
func (w *World) boot(r role) *instance {
	w.booted++
	in := &instance{name: fmt.Sprintf("%s-%d", r, w.booted), role: r}
	if w.chance(Clock, Skew) {
		in.skew = w.between(-90*time.Second, 90*time.Second)
	}
	in.ctx, in.cancel = context.WithCancel(context.Background())
	in.services = w.wire(in)
	w.instances = append(w.instances, in)
	return in
}

// invoke runs a function in a process that has nothing else to do.
func (w *World) invoke(in *instance, timeout time.Duration, run func(ctx context.Context) any, done func(any, bool)) {
	w.invocations++
	inv := &invocation{number: w.invocations, in: in, deadline: time.Now().Add(timeout), run: run, done: done}
	in.inv = inv
	ctx := context.WithValue(bounded{in.ctx, inv.deadline}, taskKey{}, task{in, fmt.Sprintf("%s/%d", in.name, inv.number)})
	go func() {
		inv.result = inv.run(ctx)
		w.mu.Lock()
		w.finished = append(w.finished, inv)
		w.mu.Unlock()
		w.wake()
	}()
	w.after(timeout, func() { w.timeout(inv) })
}

// ended takes the result of an invocation.
func (w *World) ended(inv *invocation) {
	in := inv.in
	if in.dead || in.inv != inv {
		return
	}
	if wait := time.Until(in.frozen); wait > 0 { // it ended in a process that stands still: the platform hears of it later
		w.after(wait, func() { w.ended(inv) })
		return
	}
	if in.doomed {
		w.kill(in, "its time was up")
		return
	}
	in.inv = nil
	inv.over = true
	inv.done(inv.result, true)
	w.pumpAll()
}

// timeout is the platform's kill. A process that stands still is killed late: after it has thawed it makes up to
// Grace calls more.
func (w *World) timeout(inv *invocation) {
	in := inv.in
	if in.dead || in.inv != inv {
		return
	}
	if time.Until(in.frozen) > 0 {
		in.doomed, in.grace = true, w.rand.IntN(w.Grace+1)
		w.fail(inv)
		return
	}
	w.kill(in, "timeout")
}

// kill ends a process: no call of it is carried out any more.
func (w *World) kill(in *instance, why string) {
	w.note(in.name, "killed: "+why)
	w.rules.disturbed(in)
	w.counts.Kills++
	w.mu.Lock()
	in.dead = true
	w.mu.Unlock()
	in.cancel()
	for _, c := range in.conns {
		c.Close()
	}
	w.instances = slices.DeleteFunc(w.instances, func(x *instance) bool { return x == in })
	if in.inv != nil {
		w.fail(in.inv)
	}
	w.pumpAll()
}

// fail tells the platform that it will not get an invocation's result. What became of its process is another matter.
func (w *World) fail(inv *invocation) {
	if !inv.over {
		inv.over = true
		inv.done(nil, false)
	}
}

// task is who makes a call, as the context tells.
type task struct {
	in   *instance
	name string
}

type taskKey struct{}

func taskOf(ctx context.Context) task {
	t, _ := ctx.Value(taskKey{}).(task)
	return t
}

// sub names one message of an invocation.
func sub(ctx context.Context, name string) context.Context {
	t := taskOf(ctx)
	return context.WithValue(ctx, taskKey{}, task{t.in, t.name + "/" + name})
}

// freeze makes a process stand still.
func (w *World) freeze(in *instance) {
	w.mu.Lock()
	in.frozen = time.Now().Add(w.between(time.Second, w.Still))
	w.mu.Unlock()
	w.rules.disturbed(in)
}
