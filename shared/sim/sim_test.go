package sim

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	seedFlag   = flag.Uint64("seed", 0, "run this seed alone, with its trace")
	seedsFlag  = flag.Int("seeds", 12, "how many seeds")
	fromFlag   = flag.Uint64("from", 1, "the first seed")
	ordersFlag = flag.Int("orders", 25, "shipments ordered in each seed")
	forFlag    = flag.Duration("for", 0, "begin no seed after this time; 0: all seeds")
	weekFlag   = flag.Int("week", 1000, "orders of the bad week, at least 1000: fewer may meet no carrier that is away")
	skipFlag   = flag.String("skip", "", "strikes to leave out, by number: 3-3,17-40")
	traceFlag  = flag.String("story", "", "write the trace of -seed to this file")
)

// coverFrom is the number of bookings from which a run is expected to have met every pair.
const coverFrom = 10_000

func TestMain(m *testing.M) {
	flag.Parse()
	debug.SetGCPercent(400) // a run allocates much and keeps little
	os.Exit(m.Run())
}

// TestSwarm is the proof: many seeds, each with its own mix of faults, and every rule held after every step.
func TestSwarm(t *testing.T) {
	if *seedFlag != 0 {
		one(t, plan(*seedFlag))
		return
	}
	start, total := time.Now(), newTotal()
	var next atomic.Int64
	t.Run("seeds", func(t *testing.T) {
		for range runtime.GOMAXPROCS(0) {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				for !t.Failed() {
					i := next.Add(1) - 1
					if i >= int64(*seedsFlag) || *forFlag > 0 && time.Since(start) > *forFlag {
						return
					}
					p := plan(*fromFlag + uint64(i))
					r := Run(t, p, false)
					total.add(r)
					if r.Violation != nil {
						t.Errorf("%s", explain(t, p, r))
					}
				}
			})
		}
	})
	gaps, covered, all, err := total.coverage.Gaps()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Print(total.report(start))
	fmt.Printf("coverage: %d pairs of state and write, port and fault were met; of the other %d, %d are not excluded\n", covered, all-covered, len(gaps))
	if total.counts.Orders >= coverFrom && len(gaps) > 0 {
		t.Errorf("pairs that no exclusion explains:\n  %s", strings.Join(gaps, "\n  "))
	}
}

func plan(seed uint64) Plan {
	p := Swarm(seed, *ordersFlag)
	p.Skip = Skipped(*skipFlag)
	return p
}

// one runs a single seed and shows its trace.
func one(t *testing.T, p Plan) {
	r := Run(t, p, true)
	if *traceFlag != "" {
		if err := os.WriteFile(*traceFlag, []byte(r.Trace), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if r.Violation != nil {
		t.Errorf("%s", explain(t, p, r))
	}
	fmt.Printf("%+v\n", r.Counts)
}

// explain makes a failing run readable: the line that reproduces it, with the strikes it does not need left out, and
// the trace of the shipment it is about.
func explain(t *testing.T, p Plan, r Result) string {
	small, skipped := Shrink(t, p, r)
	needed := 0
	for n := range small.Struck {
		if !skipped[n+1] {
			needed++
		}
	}
	return fmt.Sprintf("%v\n\nreproduce: go test ./shared/sim -run TestSwarm -orders %d -seed %d -skip %s\n%d of %d strikes are needed; what concerns the shipment:\n%s",
		small.Violation, p.Orders, p.Seed, Numbers(skipped), needed, small.Struck, excerpt(small))
}

// total adds runs up.
type total struct {
	mu       sync.Mutex
	runs     int
	counts   Counts
	coverage *Coverage
}

func newTotal() *total {
	return &total{coverage: newCoverage(), counts: Counts{Faults: map[Fault]int{}}}
}

func (s *total) add(r Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs++
	s.counts.Add(r.Counts)
	s.coverage.Add(r.Coverage)
}

// report is what `make sim` prints last.
func (s *total) report(start time.Time) string {
	c := s.counts
	var out strings.Builder
	faults := 0
	for _, f := range slices.Sorted(maps.Keys(c.Faults)) {
		faults += c.Faults[f]
		fmt.Fprintf(&out, "  %-16s %9d\n", f, c.Faults[f])
	}
	fmt.Fprintf(&out, "seeds %d, bookings %d, steps %d, injected faults %d, processes killed %d, messages %d, virtual time %s, real time %s\n",
		s.runs, c.Orders, c.Steps, faults, c.Kills, c.Messages, c.Virtual.Round(time.Hour), time.Since(start).Round(time.Second))
	fmt.Fprintf(&out, "ended: booked %d, failed %d, held for a person %d, cancelled %d, drafts %d; callbacks owed %d, given up after six attempts %d\n",
		c.Booked, c.Failed, c.Held, c.Cancelled, c.Drafts, c.Events, c.Undelivered)
	fmt.Fprintf(&out, "beyond the settling time: %d second bookings, on %d shipments, all told; late numbers that a person settled %d\n", c.Duplicates, c.Reported, c.Cleared)
	fmt.Fprintf(&out, "client histories linearizable %d, too tangled to judge %d\n", s.runs-c.Unjudged, c.Unjudged)
	fmt.Fprintf(&out, "within it: 0 duplicates, %d lost\n", c.Lost)
	return out.String()
}

// TestWithoutFaults: nothing strikes, and everything is booked.
func TestWithoutFaults(t *testing.T) {
	r := Run(t, Calm(*fromFlag, *ordersFlag), true)
	if r.Violation != nil {
		t.Fatalf("%v\n%s", r.Violation, r.Trace)
	}
	if r.Counts.Made < *ordersFlag/2 || r.Counts.Events < r.Counts.Made {
		t.Errorf("too little happened: %+v", r.Counts)
	}
}

// TestEqualSeedsGiveEqualRuns: the trace of every step is the same, byte for byte.
func TestEqualSeedsGiveEqualRuns(t *testing.T) {
	different := map[string]bool{}
	for seed := range uint64(6) {
		p := Swarm(1000+seed, *ordersFlag)
		a, b := Run(t, p, true), Run(t, p, true)
		if a.Trace != b.Trace {
			t.Errorf("seed %d gives two runs", p.Seed)
		}
		different[a.Trace] = true
	}
	if len(different) != 6 {
		t.Errorf("6 seeds gave %d runs", len(different))
	}
}

// TestBadWeek: a week as bad as weeks are.
func TestBadWeek(t *testing.T) {
	r := Run(t, BadWeek(*fromFlag, max(*weekFlag, 1000)), false)
	if r.Violation != nil {
		t.Fatalf("%v", r.Violation)
	}
	c := r.Counts
	if c.Made == 0 || c.Outages == 0 || c.Faults[Throttle] == 0 || c.Faults[HardRotation] == 0 || c.Faults[Slow] == 0 || c.Faults[ErrorAfter] == 0 {
		t.Errorf("the week was not bad enough: %+v", c)
	}
	at := func(percent int) time.Duration {
		return r.Waits[(len(r.Waits)-1)*percent/100].Round(10 * time.Millisecond)
	}
	fmt.Printf("a bad week: %d orders, %d outages, %d calls while away, %d answers after 45 s, %d throttled, %d token rotations\n", c.Orders, c.Outages, c.Faults[ErrorAfter], c.Faults[Slow], c.Faults[Throttle], c.Faults[HardRotation])
	fmt.Printf("booked %d, failed %d, held for a person %d; from order to label p50 %s, p90 %s, p99 %s, longest %s\n", c.Booked, c.Failed, c.Held, at(50), at(90), at(99), at(100))
	fmt.Printf("duplicates %d, lost %d\n", c.Duplicates, c.Lost)
	if c.Duplicates+c.Lost > 0 {
		t.Error("a duplicate or a loss")
	}
}
