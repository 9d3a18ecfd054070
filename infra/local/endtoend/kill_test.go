package endtoend

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/infra/carriersim/fault"
	"github.com/fairlead/fairlead/infra/local/runtime"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
)

// What the kill test does.
const (
	killOrders  = 200
	killRandom  = 10 // processes of any function, at any time
	killHolding = 10 // booking processes whose call the carrier holds at that moment
	killShare   = 90 // of a thousand booking calls that each fault strikes; more than a twentieth
	killStrikes = 4  // at least so often, or chance was against the test: 18 of 200 are expected
)

// killFaults are all the simulator's faults, each at its share of a thousand booking calls.
func killFaults() []carriersim.Fault {
	rule := func(kind fault.Kind, op fault.Operation, share int) carriersim.Fault {
		return carriersim.Fault{Kind: kind, Operation: op, Probability: share}
	}
	faults := []carriersim.Fault{
		rule(fault.Unauthorized, fault.Ship, killShare), rule(fault.Throttled, fault.Ship, killShare), rule(fault.Refuse, fault.Ship, killShare),
		rule(fault.ErrorBefore, fault.Ship, killShare), rule(fault.ErrorAfter, fault.Ship, killShare), rule(fault.Empty, fault.Ship, killShare),
		rule(fault.DropBefore, fault.Ship, killShare), rule(fault.DropAfter, fault.Ship, killShare), rule(fault.Slow, fault.Ship, 150),
		rule(fault.Lag, fault.Ship, 150), // drawn apart, of what is booked: a lost answer and a lag together are the case worth testing
	}
	for _, op := range []fault.Operation{fault.Recovery, fault.Track, fault.Token} { // look-ups and logins fail as well
		faults = append(faults, rule(fault.ErrorBefore, op, 50), rule(fault.Throttled, op, 50), rule(fault.DropBefore, op, 50))
	}
	return faults
}

// TestKill books while everything that can break breaks: every fault of the simulator, function processes killed
// with SIGKILL in the middle of their work and of their carrier calls, and the whole stack once. When the faults
// stop, every shipment must have come to an end that the ledger agrees with.
func TestKill(t *testing.T) {
	sim := newSimulator(t)
	s := start(t, sim)
	p := s.shipper("Chaos")
	if err := sim.SetFaults(killFaults()...); err != nil {
		t.Fatal(err)
	}
	k := &killer{shipper: p, sim: sim, rnd: rand.New(rand.NewPCG(7, 7))}
	ctx, cancel := context.WithCancel(t.Context())
	var killers sync.WaitGroup
	killers.Go(func() { k.holding(ctx) })
	killers.Go(func() { k.random(ctx) })

	ids := k.accept(ctx, 0, killOrders/2)
	s.kill()
	k.note("the whole stack")
	s.run()
	maps.Copy(ids, k.accept(ctx, killOrders/2, killOrders))
	await(t, 3*time.Minute, "enough processes to be killed", func() bool { return k.enough() }, k.String)
	tried := map[string]bool{}
	await(t, 3*time.Minute, "every shipment to be attempted", func() bool {
		for ref, id := range ids {
			tried[ref] = tried[ref] || p.call("GET", "/v1/shipments/"+id, nil, nil).num("attempts") > 0
		}
		return !slices.Contains(slices.Collect(maps.Values(tried)), false)
	}, nil)
	cancel()
	killers.Wait()
	if err := sim.SetFaults(); err != nil {
		t.Fatal(err)
	}

	end := map[string]answer{}
	await(t, 8*time.Minute, "every shipment to come to its end", func() bool {
		for ref, id := range ids {
			if _, over := end[ref]; over {
				continue
			}
			a := p.call("GET", "/v1/shipments/"+id, nil, nil)
			held, _ := a.JSON["held"].(bool)
			switch st := a.str("status"); {
			case st == "failed", st == "unknown" && held, st == "booked" && a.str("document") == "ready":
				end[ref] = a
			}
		}
		return len(end) == len(ids)
	}, func() string { return pending(p, ids, end) })
	k.judge(ids, end)
}

// pending names what has not come to its end.
func pending(p *shipper, ids map[string]string, end map[string]answer) string {
	var out []string
	for ref, id := range ids {
		if _, over := end[ref]; !over {
			out = append(out, string(p.call("GET", "/v1/shipments/"+id, nil, nil).Body))
		}
	}
	return strings.Join(out, "\n")
}

// killer kills, and remembers when.
type killer struct {
	*shipper
	sim *simulator
	rnd *rand.Rand

	mu      sync.Mutex
	kills   []kill
	holdIDs map[int]bool // calls whose process was killed
}

type kill struct {
	at      time.Time
	what    string
	holding bool
}

func (k *killer) note(what string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kills = append(k.kills, kill{time.Now(), what, strings.HasSuffix(what, "holding")})
}

func (k *killer) count() (all, holding int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, x := range k.kills {
		if x.holding {
			holding++
		}
	}
	return len(k.kills), holding
}

func (k *killer) enough() bool {
	all, holding := k.count()
	return holding >= killHolding && all-holding > killRandom // the stack itself is one of them
}

func (k *killer) String() string {
	all, holding := k.count()
	return fmt.Sprintf("%d kills, %d of them of a booking process that the carrier held", all, holding)
}

// accept creates the orders from to to, as a shipper does that repeats what got no answer, and returns their ids.
// When enough has been killed it only creates; until then orders of its own keep the carrier busy.
func (k *killer) accept(ctx context.Context, from, to int) map[string]string {
	ids := map[string]string{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	gate := make(chan struct{}, 8)
	for i := from; i < to; i++ {
		gate <- struct{}{}
		wg.Go(func() {
			defer func() { <-gate }()
			ref := fmt.Sprintf("chaos-%03d", i)
			id := k.accepted(ctx, ref)
			mu.Lock()
			ids[ref] = id
			mu.Unlock()
		})
	}
	wg.Wait()
	return ids
}

func (k *killer) accepted(ctx context.Context, ref string) string {
	for range 200 {
		a, err := k.try(ctx, "POST", "/v1/shipments", k.confirmed(ref), nil)
		switch {
		case err == nil && (a.Status == http.StatusAccepted || a.Status == http.StatusOK):
			return a.str("id")
		case err == nil && a.Status < 500:
			k.t.Errorf("%s: %d %s", ref, a.Status, a.Body)
			return ""
		}
		time.Sleep(20 * time.Millisecond) // a client's pause before its retry
	}
	k.t.Errorf("%s was never accepted", ref)
	return ""
}

// random kills processes of any function while they work.
func (k *killer) random(ctx context.Context) {
	tick := time.NewTicker(150 * time.Millisecond)
	defer tick.Stop()
	for n := 0; n <= killRandom; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var busy []runtime.Info
		for _, in := range k.instances() {
			if in.Busy {
				busy = append(busy, in)
			}
		}
		if len(busy) == 0 {
			continue
		}
		in := busy[k.rnd.IntN(len(busy))]
		if syscall.Kill(in.Pid, syscall.SIGKILL) == nil {
			k.note(in.Function)
			n++
		}
	}
}

// holding kills booking processes at the moment the carrier holds their call.
func (k *killer) holding(ctx context.Context) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	k.holdIDs = map[int]bool{}
	for n := 0; n < killHolding; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, h := range k.sim.Inflight() {
			if h.Operation != fault.Ship || k.holdIDs[h.ID] {
				continue
			}
			k.holdIDs[h.ID] = true
			if pid := k.caller(h.Remote); pid != 0 && syscall.Kill(pid, syscall.SIGKILL) == nil {
				k.note("book-shipment holding")
				n++
				break
			}
		}
	}
}

func (k *killer) instances() []runtime.Info {
	resp, err := k.client.Get(k.where().Admin + "/_local/instances")
	if err != nil {
		return nil // the stack is down
	}
	defer resp.Body.Close()
	var out []runtime.Info
	if json.NewDecoder(resp.Body).Decode(&out) != nil {
		return nil
	}
	return out
}

// caller finds which booking process holds the socket of a TCP address, as the kernel tells it.
func (k *killer) caller(remote string) int {
	inode := socketOf(remote)
	if inode == "" {
		return 0
	}
	for _, in := range k.instances() {
		if in.Function != "book-shipment" {
			continue
		}
		fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", in.Pid))
		for _, fd := range fds {
			if link, err := os.Readlink(fd); err == nil && link == "socket:["+inode+"]" {
				return in.Pid
			}
		}
	}
	return 0
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

// judge holds what the shipments say against the carrier's ledger and the injected faults.
func (k *killer) judge(ids map[string]string, end map[string]answer) {
	if len(ids) != killOrders {
		k.t.Errorf("%d orders were accepted, want %d", len(ids), killOrders)
	}
	ledger := map[string]carriersim.Entry{}
	for _, e := range k.sim.Ledger() {
		ledger[e.Reference] = e
	}
	injected := map[string][]carriersim.Injected{}
	kinds := map[fault.Kind]int{}
	for _, f := range k.sim.Injected() {
		if f.Operation == fault.Ship {
			injected[f.Reference] = append(injected[f.Reference], f)
			kinds[f.Kind]++
		}
	}
	ends := map[string]int{}
	for ref, id := range ids {
		a, at := end[ref], booking.Reference(id)
		e := ledger[at]
		st := a.str("status")
		ends[st]++
		last := ""
		if f := injected[at]; len(f) > 0 {
			last = string(f[len(f)-1].Kind)
		}
		switch {
		case e.Live > 1:
			k.t.Errorf("%s was booked %d times: %v", ref, e.Live, e.Numbers)
		case e.Live == 1 && (st != "booked" || a.str("tracking_number") != e.Numbers[0]):
			k.t.Errorf("%s is %s with number %q, the carrier holds %s", ref, st, a.str("tracking_number"), e.Numbers[0])
		case e.Live == 0 && st == "booked":
			k.t.Errorf("%s is booked as %s, which the carrier does not know", ref, a.str("tracking_number"))
		case st == "failed" && last != string(fault.Refuse):
			k.t.Errorf("%s failed although its last call was not refused but %q: %s", ref, last, a.Body)
		case st == "unknown" && !afterFirstByte(last) && !k.killedDuring(ref, id):
			k.t.Errorf("%s is held although its last call was %q and nothing was killed meanwhile: %s", ref, last, a.Body)
		}
		delete(ledger, at)
	}
	for at, e := range ledger {
		k.t.Errorf("the carrier holds %v under %s, which no shipment has", e.Numbers, at)
	}
	k.counts(ends, kinds)
}

func afterFirstByte(kind string) bool {
	return slices.Contains([]fault.Kind{fault.ErrorBefore, fault.ErrorAfter, fault.Empty, fault.DropBefore, fault.DropAfter, fault.Slow}, fault.Kind(kind))
}

// killedDuring tells whether a process was killed while the shipment's last attempt could have been running.
func (k *killer) killedDuring(ref, id string) bool {
	times, err := booking.TimeSet("short")
	if err != nil {
		k.t.Fatal(err)
	}
	r, err := k.store().Record(k.t.Context(), k.Tenant, ship.Test, id)
	if err != nil {
		k.t.Fatalf("%s: %v", ref, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, e := range slices.Backward(r.History) {
		if e.Cause == booking.CauseLabelRequested {
			return slices.ContainsFunc(k.kills, func(x kill) bool {
				return !x.at.Before(e.At.Add(-time.Second)) && x.at.Before(e.At.Add(times.WorkerTimeout+time.Second))
			})
		}
	}
	return false
}

// counts prints what happened, and fails the test when too little did.
func (k *killer) counts(ends map[string]int, kinds map[fault.Kind]int) {
	all, holding := k.count()
	calls := k.sim.Calls()
	k.t.Logf("%d orders: %v", killOrders, ends)
	k.t.Logf("carrier calls: %v; injected into booking calls: %v", calls, kinds)
	k.t.Logf("kills: %d, of these %d of a process whose booking call the carrier held", all, holding)
	if all < 20 || holding < killHolding {
		k.t.Errorf("%d kills, %d holding: too few to show anything", all, holding)
	}
	for _, f := range killFaults() {
		if f.Operation == fault.Ship && kinds[f.Kind] < killStrikes {
			k.t.Errorf("%s struck only %d of %d booking calls", f.Kind, kinds[f.Kind], calls[fault.Ship])
		}
	}
}
