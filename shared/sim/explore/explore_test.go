//go:build !race

// One goroutine has no races, and the detector makes it ten times as slow: `make test` runs these once more without.

package explore_test

import (
	"flag"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/sim/explore"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

var large = flag.Bool("large", false, "explore the larger bounds as well: 27 million states in all, 10 minutes, 6.5 GB")

// exploration is a configuration and what it is for.
type exploration struct {
	name string
	explore.Config
}

// always are explored in every run of the tests.
var always = []exploration{
	{"conclusive, three workers, two crashes", explore.Config{Absence: carrier.Conclusive, Workers: 3, Recoveries: 1, Requests: 2, Crashes: 2, Late: 1, Lag: 1}},
	{"conclusive, processes that outlive their lease", explore.Config{Absence: carrier.Conclusive, Workers: 2, Recoveries: 1, Requests: 2, Crashes: -1, Late: 1, Lag: 1, Frozen: 2}},
	{"conclusive, two recoveries", explore.Config{Absence: carrier.Conclusive, Workers: 2, Recoveries: 2, Requests: 2, Crashes: -1, Late: 1, Lag: 1}},
	{"conclusive, a client and hopeless accounts", explore.Config{Absence: carrier.Conclusive, Workers: 2, Recoveries: 1, Requests: 2, Crashes: -1, Late: 1, Lag: 1, Client: true, Hopeless: true}},
	{"conclusive, a client that cancels, and hopeless accounts", explore.Config{Absence: carrier.Conclusive, Workers: 2, Recoveries: 1, Requests: 2, Crashes: -1, Late: 1, Lag: 1, Cancel: true, Hopeless: true, Voids: true, VoidLate: 1}},
	{"conclusive, a client that cancels what the carrier does not take back", explore.Config{Absence: carrier.Conclusive, Workers: 1, Recoveries: 1, Requests: 2, Crashes: -1, Late: 1, Lag: 1, Cancel: true}},
	{"none, a client that cancels, and recoveries that outlive their lease", explore.Config{Absence: carrier.NoAbsence, Workers: 1, Recoveries: 2, Requests: 1, Crashes: -1, Frozen: 2, Cancel: true, Voids: true, VoidLate: 1}},
	{"advisory, a client that cancels, and an operator", explore.Config{Absence: carrier.Advisory, Workers: 1, Recoveries: 1, Requests: 2, Crashes: -1, Late: 1, Lag: 1, Cancel: true, Operator: true, Voids: true, VoidLate: 1}},
	{"booked thrice, a client that cancels, an operator and hopeless accounts", explore.Config{Absence: carrier.Conclusive, Workers: 1, Recoveries: 1, Requests: 3, Beyond: 1, Frozen: -1, Thrice: true, Cancel: true, Operator: true, Hopeless: true, Voids: true, VoidLate: 1}},
	{"advisory, an operator", explore.Config{Absence: carrier.Advisory, Workers: 3, Recoveries: 1, Requests: 2, Crashes: -1, Late: 1, Lag: 1, Operator: true}},
	{"advisory with rebook, clocks that differ", explore.Config{Absence: carrier.Advisory, Rebook: true, Workers: 2, Recoveries: 1, Requests: 2, Crashes: -1, Late: 1, Lag: 1, Ahead: 1, Operator: true}},
	{"none, an operator and a client", explore.Config{Absence: carrier.NoAbsence, Workers: 3, Recoveries: 1, Requests: 2, Crashes: -1, Late: 1, Lag: 1, Operator: true, Client: true}},
	{"conclusive, beyond the settling time", explore.Config{Absence: carrier.Conclusive, Workers: 2, Recoveries: 1, Requests: 3, Crashes: -1, Late: 1, Lag: 1, Beyond: 2, Voids: true, VoidLate: 1}},
	{"advisory with rebook, frozen beyond the settling time", explore.Config{Absence: carrier.Advisory, Rebook: true, Workers: 1, Recoveries: 1, Requests: 3, Crashes: -1, Late: 1, Lag: 1, Beyond: 2, Frozen: 2}},
}

// onDemand are the larger ones.
var onDemand = []exploration{
	{"conclusive, three workers that outlive their lease, two crashes", explore.Config{Absence: carrier.Conclusive, Workers: 3, Recoveries: 1, Requests: 2, Crashes: 2, Late: 1, Lag: 1, Frozen: 2}},
	{"conclusive, three workers that outlive their lease, a client and an operator", explore.Config{Absence: carrier.Conclusive, Workers: 3, Recoveries: 1, Requests: 2, Crashes: -1, Late: 1, Lag: 1, Frozen: 2, Client: true, Operator: true}},
	{"advisory, three workers that outlive their lease, an operator", explore.Config{Absence: carrier.Advisory, Workers: 3, Recoveries: 1, Requests: 2, Crashes: -1, Late: 1, Lag: 1, Frozen: 2, Operator: true}},
	{"advisory, a worker frozen for ever", explore.Config{Absence: carrier.Advisory, Workers: 1, Recoveries: 1, Requests: 2, Crashes: -1, Late: 1, Lag: 1, Frozen: -1, Operator: true}},
	{"conclusive, longer delays", explore.Config{Absence: carrier.Conclusive, Workers: 3, Recoveries: 1, Requests: 2, Crashes: -1, Late: 2, Lag: 2}},
	{"conclusive, frozen for ever beyond the settling time", explore.Config{Absence: carrier.Conclusive, Workers: 1, Recoveries: 1, Requests: 3, Crashes: -1, Late: 1, Lag: 1, Beyond: 2, Frozen: -1}},
	{"conclusive, a client that confirms and cancels, and hopeless accounts", explore.Config{Absence: carrier.Conclusive, Workers: 2, Recoveries: 1, Requests: 2, Crashes: -1, Late: 1, Lag: 1, Client: true, Cancel: true, Hopeless: true, Voids: true, VoidLate: 1}},
	{"conclusive, a client that confirms and cancels", explore.Config{Absence: carrier.Conclusive, Workers: 3, Recoveries: 1, Requests: 2, Crashes: -1, Late: 1, Lag: 1, Client: true, Cancel: true, Voids: true, VoidLate: 1}},
	{"conclusive, a client that cancels, two recoveries", explore.Config{Absence: carrier.Conclusive, Workers: 1, Recoveries: 2, Requests: 2, Crashes: -1, Late: 1, Lag: 1, Cancel: true, Voids: true, VoidLate: 1}},
	{"advisory, a client that cancels, processes that outlive their lease, and an operator", explore.Config{Absence: carrier.Advisory, Workers: 1, Recoveries: 1, Requests: 2, Crashes: -1, Late: 1, Lag: 1, Frozen: 2, Cancel: true, Operator: true, Voids: true, VoidLate: 1}},
	{"booked thrice, a client that cancels, two recoveries", explore.Config{Absence: carrier.Conclusive, Workers: 1, Recoveries: 2, Requests: 3, Beyond: 1, Frozen: -1, Thrice: true, Cancel: true, Voids: true, VoidLate: 1}},
	{"advisory with rebook, a client that cancels, beyond the settling time", explore.Config{Absence: carrier.Advisory, Rebook: true, Workers: 1, Recoveries: 1, Requests: 3, Crashes: -1, Late: 1, Lag: 1, Beyond: 2, Cancel: true, Voids: true, VoidLate: 1}},
}

// unreached are the writes that no state calls for, with the reason.
var unreached = map[string]string{
	"CREATE": "it makes the first state",
	"EDIT":   "it changes what is ordered, which decides nothing here: the simulation holds what is booked against it",
}

func TestNothingIsBookedTwiceOrLost(t *testing.T) {
	list, states, transitions, applied := always, 0, 0, map[string]int{}
	if *large {
		list = slices.Concat(always, onDemand)
	}
	for _, e := range list {
		t.Run(e.name, func(t *testing.T) {
			var log io.Writer
			if *large {
				log = os.Stderr
			}
			r := explore.Explore(e.Config, log)
			t.Log(r)
			if r.Broken != "" {
				t.Fatal(strings.Join(r.Trace, "\n"))
			}
			if e.Beyond == 0 && r.Full > 0 {
				t.Error("a request more is wanted than fits")
			}
			states, transitions = states+r.States, transitions+r.Transitions
			maps.Copy(applied, r.Applied)
		})
	}
	t.Logf("%d configurations: %d states, %d transitions; writes %v", len(list), states, transitions, applied)
	for _, w := range dynamo.Writes {
		if applied[w] == 0 && unreached[w] == "" {
			t.Errorf("%s was never applied", w)
		}
		if applied[w] > 0 && unreached[w] != "" {
			t.Errorf("%s was applied, although %s", w, unreached[w])
		}
	}
}

// TestEveryGuardIsMissed leaves out what keeps the promise, one thing at a time.
func TestEveryGuardIsMissed(t *testing.T) {
	small := explore.Config{Absence: carrier.Conclusive, Workers: 2, Recoveries: 1, Requests: 2, Crashes: -1, Late: 1, Lag: 1}
	frozen, beyond := small, small
	frozen.Frozen, beyond.Beyond, beyond.Requests = -1, 2, 3
	lasting := beyond
	lasting.Frozen = -1
	cancelled := small
	cancelled.Workers, cancelled.Recoveries, cancelled.Cancel, cancelled.Voids, cancelled.VoidLate = 1, 2, true, true, 1
	late := cancelled
	late.Frozen, late.Operator, late.Crashes = -1, true, 0
	thrice := cancelled
	thrice.Recoveries, thrice.Requests, thrice.Beyond, thrice.Crashes, thrice.Frozen, thrice.Late, thrice.Lag, thrice.Thrice = 1, 3, 1, 0, -1, 0, 0, true
	const lost, twice, void = "nobody looks for it", "two live bookings", "booked, and its label is void"
	for _, c := range []struct {
		without explore.Guard
		in      explore.Config
		broken  []string // any of
	}{
		{explore.Fences, small, []string{lost, twice}},
		// Settling and late numbers are conditions of their own: without this fence nothing is booked twice here.
		{explore.RecoveryFences, small, []string{"an epoch that is over"}},
		{explore.SendByGate, frozen, []string{lost, twice}},
		{explore.Settling, small, []string{lost, twice}},
		{explore.SettlingAsked, small, []string{lost, twice}},
		{explore.ExpiredUnknown, small, []string{lost, twice}},
		{explore.UnknownUnsure, small, []string{lost}},
		{explore.NoBlindRetry, small, []string{lost, twice}},
		{explore.LateKept, frozen, []string{"a number that was held is dropped"}},
		{explore.LateBarsClaim, lasting, []string{"although a number that came late is known"}},
		{explore.LateStaysOpen, frozen, []string{"`due` is not set"}},
		{explore.FreshReceipts, small, []string{lost, twice}},
		{explore.AuditsOwed, beyond, []string{lost}},
		{explore.WishStaysOpen, cancelled, []string{"`due` is not set"}},
		{explore.VoidFences, cancelled, []string{void}},
		{explore.VoidDoubt, cancelled, []string{void}},
		{explore.DoubtStays, cancelled, []string{void}},
		{explore.VoidGate, late, []string{void}}, // a person has seen it booked, and then a process that was frozen asks
		{explore.VoidStaysOpen, thrice, []string{"`due` is not set"}},
		{explore.ClearSeen, thrice, []string{"not shown any more"}},
	} {
		t.Run("without "+string(c.without), func(t *testing.T) {
			c.in.Without, c.in.Max = c.without, 2_000_000
			r := explore.Explore(c.in, nil)
			t.Logf("%s\n%s", r, strings.Join(r.Trace, "\n"))
			if !slices.ContainsFunc(c.broken, func(s string) bool { return strings.Contains(r.Broken, s) }) {
				t.Errorf("it is not missed: %q", r.Broken)
			}
		})
	}
}
