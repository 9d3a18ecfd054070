package chaos

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim/fault"
	"github.com/fairlead/fairlead/infra/local/runtime"
)

// killBusy kills processes of any function while they work.
func (r *run) killBusy(ctx context.Context) error {
	rnd := r.chances(1)
	for n, of := 0, r.Kills-r.holds(); n < of && pause(ctx, 20*time.Millisecond); {
		if n >= r.due(of) {
			continue
		}
		var busy []runtime.Info
		for _, in := range r.instances(ctx) {
			if in.Busy {
				busy = append(busy, in)
			}
		}
		if len(busy) == 0 {
			continue
		}
		in := busy[rnd.IntN(len(busy))]
		if b := (blow{From: time.Now(), What: in.Function, Kind: killed}); r.kill(in) {
			r.strikes.add(b)
			n++
		}
	}
	return nil
}

// killHolding kills booking processes at the moment the carrier holds their call.
func (r *run) killHolding(ctx context.Context) error {
	done := map[int]bool{} // calls whose process was killed
	for n, of := 0, r.holds(); n < of && pause(ctx, 10*time.Millisecond); {
		if n >= r.due(of) {
			continue
		}
		if err := r.slowOnce(); err != nil {
			return err
		}
		for _, h := range r.sim.Inflight() {
			if h.Operation != fault.Ship || h.Kind == fault.Late || done[h.ID] {
				continue
			}
			done[h.ID] = true
			in, ok := r.caller(ctx, h.Remote)
			if b := (blow{From: time.Now(), What: in.Function, Kind: holding, Reference: h.Reference}); ok && r.kill(in) {
				r.strikes.add(b)
				n++
				break
			}
		}
	}
	return nil
}

// kill kills a function's process, and no other that may have got its id meanwhile.
func (r *run) kill(in runtime.Info) bool {
	p, err := os.FindProcess(in.Pid)
	if err != nil {
		return false
	}
	defer func() { _ = p.Release() }()
	exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", in.Pid))
	return err == nil && filepath.Base(exe) == in.Function && p.Kill() == nil
}

// instances are the function processes; none while the stack is down.
func (r *run) instances(ctx context.Context) []runtime.Info {
	all, err := r.stack.Instances(ctx)
	if err != nil {
		return nil
	}
	return all
}

// caller finds which booking process holds the socket of a TCP address, as the kernel tells it.
func (r *run) caller(ctx context.Context, remote string) (runtime.Info, bool) {
	inode := socketOf(remote)
	if inode == "" {
		return runtime.Info{}, false
	}
	for _, in := range r.instances(ctx) {
		if in.Function != "book-shipment" {
			continue
		}
		fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", in.Pid))
		for _, fd := range fds {
			if link, err := os.Readlink(fd); err == nil && link == "socket:["+inode+"]" {
				return in, true
			}
		}
	}
	return runtime.Info{}, false
}

// socketOf is the inode of the socket whose local address is addr ("127.0.0.1:1234").
func socketOf(addr string) string {
	_, port, ok := strings.Cut(addr, ":")
	var n int
	if _, err := fmt.Sscan(port, &n); !ok || err != nil {
		return ""
	}
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) > 9 && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", n)) {
			return f[9]
		}
	}
	return ""
}
