package sim

import (
	"math/rand/v2"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carriers/ups"
)

// Plan is everything a run depends on. Equal plans give equal runs.
type Plan struct {
	Seed   uint64
	Orders int           // shipments ordered
	Window time.Duration // in which they are ordered
	Rates  map[Fault]int // chances in 10,000 that a fault strikes where it can; what is absent never strikes
	Focus  map[Place]int // chances in 10,000 at one port, instead of what Rates gives it
	Still  time.Duration // a process stands still for up to this long
	Linger time.Duration // faults go on for so long after the last order, to meet second attempts; 0: 20 min
	Grace  int           // and makes up to so many calls when it should have been killed meanwhile
	Gather time.Duration // how long a queue lets messages gather before it is read; 0: 60 ms
	Tail   bool          // one call in fifty takes seconds
	Beyond bool          // late executions and look-up lag may exceed the carrier's settling time
	Times  booking.Times
	Skip   map[int]bool  // strikes left out, by number: the shrinker's
	Limit  int           // bookings a minute above which a carrier throttles; 0: none
	Storms bool          // carriers fall away for half a minute at a time
	Peaks  int           // half of the orders come in so many peaks of a minute; 0: evenly
	Only   string        // all orders go to this carrier; "": to all
	Rival  string        // the algorithm that books instead of ours; "" ours
	Even   bool          // the rates hold at every port alike, unweighted
	Fickle int           // of a hundred shippers so many cancel, and so many change what they order
	Regret time.Duration // they cancel at any time within this after they order; 0: most soon, some late
}

// Place is a fault at a port.
type Place struct {
	Port  Port
	Fault Fault
}

// chances are what a fault's rate is drawn from.
var chances = []int{40, 120, 300, 800}

// Swarm draws a plan: each seed has its own mix of faults, for a mix of everything hides what only some can show.
func Swarm(seed uint64, orders int) Plan {
	r := rand.New(rand.NewPCG(seed, 1))
	p := Plan{Seed: seed, Orders: orders, Window: time.Duration(1+r.IntN(15)) * time.Minute, Rates: map[Fault]int{}, Times: simTimes(), Tail: r.IntN(3) == 0, Beyond: r.IntN(8) == 0,
		Fickle: []int{0, 20, 20, 60}[r.IntN(4)]}
	p.Linger = []time.Duration{20 * time.Minute, 20 * time.Minute, 20 * time.Minute, 90 * time.Minute}[r.IntN(4)]
	p.Times.GiveUp = []time.Duration{24 * time.Hour, 24 * time.Hour, 40 * time.Minute}[r.IntN(3)]
	p.Still = []time.Duration{2 * time.Minute, 10 * time.Minute, 10 * time.Minute, time.Hour}[r.IntN(4)]
	p.Grace = []int{3, 3, 3, 10}[r.IntN(4)]
	p.Gather = []time.Duration{60 * time.Millisecond, 60 * time.Millisecond, 5 * time.Second, 20 * time.Second}[r.IntN(4)]
	some := 1 + r.IntN(4) // quarters of the faults that are on
	for _, f := range Faults() {
		chance := chances[r.IntN(len(chances))]
		if r.IntN(4) < some {
			p.Rates[f] = chance
		}
	}
	if r.IntN(2) == 0 {
		p.Rates[Skew] = 10_000
	}
	if r.IntN(10) == 0 { // carriers that act long after, and then say no: what comes too late meets every state
		p.Beyond, p.Rates[LateExecution], p.Rates[Refusal], p.Rates[Freeze] = true, 1000, 800, 800
	}
	if !p.Beyond && r.IntN(5) == 0 { // audits come while faults still strike
		p.Times.Audit, p.Linger = 30*time.Minute, 3*time.Hour
	}
	return p
}

// Calm is a plan without faults.
func Calm(seed uint64, orders int) Plan {
	p := Swarm(seed, orders)
	p.Rates, p.Tail, p.Beyond = map[Fault]int{}, false, false
	return p
}

// BadWeek is a week with UPS as bad as weeks are: available for 99.46 % of the time, in half-minute gaps; tokens that die
// at every refresh; 429 above 100 bookings a minute, in peaks of some 200; labels that are made and answered after 45 seconds.
func BadWeek(seed uint64, orders int) Plan {
	return Plan{Seed: seed, Orders: orders, Window: 7 * 24 * time.Hour, Times: simTimes(), Only: ups.Name, Storms: true, Limit: 100, Peaks: max(1, orders/400),
		Rates: map[Fault]int{HardRotation: 5000, Slow: 80}}
}

// simTimes is the deployed set, but for the look-ups of an unknown outcome: they end after two hours instead of a
// day, which is what most of a run would otherwise consist of.
func simTimes() booking.Times {
	t := booking.StandardTimes()
	t.LookupEnd = 2 * time.Hour
	return t
}
