//go:build mutants

package sim

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/mutant"
)

var (
	budgetFlag = flag.Int("budget", 40, "seeds in which a mutant must be caught")
	mutantFlag = flag.String("mutant", "", "hunt this mutant alone, by its name")
)

// mutants is the document that holds the table, after this line.
const (
	mutants      = "../../infra/docs/mutants.md"
	mutantsBegin = "<!-- make mutants writes from here -->\n"
)

// hunted is how many orders a run has: the first that breaks a rule ends it.
const hunted = 50

// hunt is where a mutant is looked for: what must strike for it to show, on top of what the seed draws.
type hunt struct {
	mutant mutant.Mutant
	focus  map[Place]int // chances in 10,000, of which the seed draws half to all
	set    func(p *Plan)
}

func hunts() []hunt {
	again := map[Place]int{{Stream, Duplicate}: 4000, {QueueSend, LostAnswer}: 3000, {QueueReceive, Duplicate}: 3000}
	long := func(carrier string, still time.Duration) func(*Plan) { // second attempts are struck as well
		return func(p *Plan) { p.Only, p.Still, p.Window = carrier, still, time.Hour }
	}
	return []hunt{
		{mutant.NoFence, map[Place]int{{CarrierDial, Freeze}: 6000}, long(exact, 40*time.Minute)},
		{mutant.NoRecoveryFence, map[Place]int{{CarrierBook, DropBefore}: 5000, {CarrierFind, Freeze}: 3000}, func(p *Plan) { p.Still = 10 * time.Minute }},
		{mutant.NoSendBy, map[Place]int{{CarrierDial, Freeze}: 4000}, long(exact, time.Hour)},
		{mutant.NoIntent, again, nil},
		{mutant.NoSettle, map[Place]int{{CarrierBook, LateExecution}: 5000}, long(exact, 10*time.Minute)},
		{mutant.SettledAtWrite, map[Place]int{{CarrierBook, LateExecution}: 10_000, {CarrierFind, Freeze}: 3000, {Clock, Skew}: 0}, func(p *Plan) {
			p.Only, p.Still, p.Grace, p.Window = exact, 3*time.Minute, 10, time.Hour
			p.Times.Skew = 0 // all clocks agree: the allowance for their skew must not hide it
		}},
		{mutant.NoLate, map[Place]int{{CarrierBook, LookupLag}: 8000, {CarrierBook, Freeze}: 6000, {QueueReceive, Delay}: 6000}, func(p *Plan) {
			p.Only, p.Still, p.Grace, p.Window, p.Beyond = exact, time.Hour, 10, 2*time.Hour, true
			p.Times.Audit = 24 * time.Hour // after all that comes too late
		}},
		{mutant.LateDropped, map[Place]int{{CarrierBook, Freeze}: 3000}, long(silent, 20*time.Minute)},
		{mutant.PooledBooking, nil, nil},
		{mutant.WakeAnyway, map[Place]int{{CarrierBook, DropBefore}: 4000, {QueueReceive, Delay}: 3000}, func(p *Plan) { p.Rates[Duplicate] = 100 }},
		{mutant.NoNotBefore, map[Place]int{{CarrierBook, Throttle}: 5000, {QueueReceive, Duplicate}: 5000}, nil},
		{mutant.OwnerPerProcess, again, nil},
		{mutant.LeaseOfAnother, again, nil},
		{mutant.BlindRetry, map[Place]int{{CarrierBook, DropAfter}: 2000}, nil},
		{mutant.ServerErrorRefused, map[Place]int{{CarrierBook, ErrorAfter}: 2000}, nil},
		{mutant.ExpireToPending, map[Place]int{{CarrierBook, CrashAfter}: 2000}, nil},
		{mutant.ResetOnError, map[Place]int{{CarrierBook, DropAfter}: 2000}, nil},
		{mutant.ClaimAnyOrder, map[Place]int{{CarrierBook, Refusal}: 5000, {QueueReceive, Duplicate}: 5000, {QueueReceive, Delay}: 5000}, func(p *Plan) { p.Fickle = 100 }},
		{mutant.VoidDoubtForgotten, map[Place]int{{CarrierVoid, DropAfter}: 5000, {CarrierVoid, LateExecution}: 3000}, func(p *Plan) { p.Fickle = 100 }},
		// An audit that is owed keeps a shipment open as well: it has to be made, and the number it finds to resist, before the
		// shipper cancels.
		{mutant.VoidedCloses, map[Place]int{{CarrierBook, LookupLag}: 8000, {CarrierBook, DropAfter}: 5000, {CarrierBook, LateExecution}: 0, {CarrierVoid, DropAfter}: 6000}, func(p *Plan) {
			p.Only, p.Window, p.Beyond, p.Fickle = exact, time.Hour, true, 100
			p.Times.Audit, p.Linger, p.Regret = 5*time.Hour, 10*time.Hour, 12*time.Hour
		}},
	}
}

// plan is the swarm's plan of a seed with the hunt's faults drawn on top. Every fourth seed is the swarm's alone.
func (h hunt) plan(seed uint64) Plan {
	p := Swarm(seed, hunted)
	if seed%4 == 0 {
		return p
	}
	r := rand.New(rand.NewPCG(seed, 3))
	p.Focus = map[Place]int{}
	for _, port := range Ports() { // in an order that is always the same
		for _, f := range Faults() {
			if rate, ok := h.focus[Place{port, f}]; ok {
				p.Focus[Place{port, f}] = rate/2 + r.IntN(rate/2+1)
			}
		}
	}
	if h.set != nil {
		p.Rates = maps.Clone(p.Rates)
		h.set(&p)
	}
	return p
}

// hunt runs seeds until a rule is broken, with the mutant and then without it. It answers how many that took, and what was
// broken.
func (h hunt) hunt(t *testing.T) (seeds int, broken *Violation) {
	for broken == nil && seeds < *budgetFlag {
		seeds++
		mutant.Set(h.mutant)
		r := Run(t, h.plan(*fromFlag+uint64(seeds-1)), false)
		mutant.Set("")
		broken = r.Violation
	}
	for n := range seeds {
		if r := Run(t, h.plan(*fromFlag+uint64(n)), false); r.Violation != nil {
			t.Errorf("seed %d breaks a rule with every guard in its place: %v", *fromFlag+uint64(n), r.Violation)
		}
	}
	return seeds, broken
}

// TestMutants takes one guard of the protocol out at a time. The rules must notice, and no run may break one when the guard
// is back in its place.
func TestMutants(t *testing.T) {
	start, seen, missed := time.Now(), map[mutant.Mutant]bool{}, 0
	table := "| taken out | noticed by the rule | after seeds | shipments |\n| --- | --- | --: | --: |\n"
	for _, h := range hunts() {
		seen[h.mutant] = true
		if *mutantFlag != "" && *mutantFlag != string(h.mutant) {
			continue
		}
		t.Run(string(h.mutant), func(t *testing.T) {
			seeds, broken := h.hunt(t)
			if broken == nil {
				missed++
				table += fmt.Sprintf("| %s | **not noticed** | %d | %d |\n", h.mutant, seeds, seeds*hunted)
				t.Fatalf("not noticed in %d seeds", seeds)
			}
			table += fmt.Sprintf("| %s | %s | %d | %d |\n", h.mutant, broken.Rule, seeds, seeds*hunted)
			t.Logf("seed %d: %v", *fromFlag+uint64(seeds-1), broken)
		})
	}
	for _, m := range mutant.All() {
		if !seen[m] {
			t.Errorf("nobody hunts %q", m)
		}
	}
	fmt.Printf("%smutants %d, not noticed %d, real time %s\n", table, len(seen), missed, time.Since(start).Round(time.Second))
	if *updateFlag && *mutantFlag == "" && !t.Failed() {
		text, err := os.ReadFile(mutants)
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(string(text), mutantsBegin)
		if err := os.WriteFile(mutants, []byte(head+mutantsBegin+table), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
