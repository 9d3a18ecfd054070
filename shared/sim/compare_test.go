package sim

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/fairlead/fairlead/shared/sim/rivals"
)

var (
	bookingsFlag = flag.Int("compare-bookings", 25, "orders for each algorithm under each class of faults, rounded down to whole runs")
	updateFlag   = flag.Bool("update", false, "write the comparison's table into its document")
)

// comparison is the document that holds the table, between these markers.
const (
	comparison = "../../infra/docs/comparison.md"
	tableBegin = "<!-- make compare writes from here -->\n"
	tableEnd   = "<!-- to here -->\n"
)

// compared is how many orders a run has at most.
const compared = 50

// class is faults that strike together.
type class struct {
	name  string
	rate  string        // for people: what is struck, and how often
	rates map[Fault]int // nil: each seed's own mix
	twice bool          // the carrier books and nobody hears of it: what is then called again books twice
}

// classes are the rows of the table.
var classes = []class{
	{"none", "", map[Fault]int{}, false},
	{"carrier books and answers 503", "7.5 % of booking calls", map[Fault]int{ErrorAfter: 750}, true},
	{"carrier books, connection breaks", "7.5 % of booking calls", map[Fault]int{DropAfter: 750}, true},
	{"the same, and look-ups lag behind", "7.5 %, half of the bookings hidden", map[Fault]int{DropAfter: 750, LookupLag: 5000}, true},
	{"carrier books, answers after 45 s", "7.5 % of booking calls", map[Fault]int{Slow: 750}, true},
	{"no answer, carrier books minutes later", "7.5 % of booking calls", map[Fault]int{LateExecution: 750}, true},
	{"5xx, nothing is booked", "7.5 % of carrier calls", map[Fault]int{ErrorBefore: 750}, false},
	{"connection breaks, nothing is booked", "7.5 % of carrier calls", map[Fault]int{DropBefore: 750}, false},
	{"200 without a body, nothing is booked", "7.5 % of booking calls", map[Fault]int{Empty: 750}, false},
	{"a definite no", "7.5 % of booking calls", map[Fault]int{Refusal: 750}, false},
	{"429, throttled database and queues", "1.5 % of calls", map[Fault]int{Throttle: 150}, false},
	{"every token is refused for 30 s", "begins at 1 % of carrier calls", map[Fault]int{Storm: 100}, false},
	{"a login makes other tokens invalid", "every login", map[Fault]int{HardRotation: 5000, SoftRotation: 10_000}, false},
	{"process dies before a call", "1 % of calls", map[Fault]int{CrashBefore: 100}, false},
	{"process dies after a call", "1 % of calls", map[Fault]int{CrashAfter: 100}, true},
	{"process stands still, up to 10 min", "1 % of calls", map[Fault]int{Freeze: 100}, true},
	{"answer of database or queue is lost", "3 % of writes", map[Fault]int{LostAnswer: 300}, false},
	{"a call takes up to 40 s", "1 % of calls", map[Fault]int{Delay: 100}, false},
	{"a message is delivered twice", "7.5 % of messages", map[Fault]int{Duplicate: 750}, false},
	{"a message is held back", "7.5 % of messages", map[Fault]int{Reorder: 750}, false},
	{"stale reads of the database", "7.5 % of reads", map[Fault]int{StaleRead: 750}, false},
	{"clocks wrong by up to 90 s", "every process", map[Fault]int{Skew: 10_000}, false},
	{"all at once", "each seed its own mix", nil, true},
}

// plan is one run of a class. Late executions stay within the carrier's settling time.
func (c class) plan(seed uint64, orders int, rival string) Plan {
	p := Swarm(seed, orders)
	p.Rival, p.Beyond = rival, false
	delete(p.Rates, Conflict) // of transactions: a rival's table sees none
	if c.rates != nil {
		p.Rates, p.Even, p.Tail = maps.Clone(c.rates), true, false
	}
	return p
}

// columns are the algorithms of the table: ours, which is no rival, and the others.
func columns() []rivals.Algorithm {
	return append([]rivals.Algorithm{{Title: "Fairlead"}}, rivals.All()...)
}

// cell is a class under an algorithm.
type cell struct {
	class
	algorithm rivals.Algorithm
	counts    Counts
}

// TestCompare books the same orders under the same faults with every algorithm and prints the table last. Ours may
// neither duplicate nor lose; the others must not either while nothing strikes (a rule of their runs), and must when
// carriers book and nobody hears of it, or the faults do not reach them.
func TestCompare(t *testing.T) {
	var cells []*cell
	for _, c := range classes {
		for _, a := range columns() {
			cells = append(cells, &cell{c, a, Counts{Faults: map[Fault]int{}}})
		}
	}
	orders := max(1, min(*bookingsFlag, compared))
	runs := max(1, *bookingsFlag/orders)
	compare(t, cells, runs, orders)
	twice := map[string]int{}
	for _, c := range cells {
		switch n := c.counts; {
		case c.algorithm.Name == "" && (n.Duplicates > 0 || n.Lost > 0):
			t.Errorf("%s: Fairlead made %d duplicates and lost %d", c.name, n.Duplicates, n.Lost)
		case c.twice:
			twice[c.algorithm.Name] += n.Duplicates
		}
	}
	for _, a := range rivals.All() {
		if twice[a.Name] == 0 {
			t.Errorf("%s never booked twice: the faults do not reach it", a.Title)
		}
	}
	text := table(cells, runs, orders)
	if *updateFlag && !t.Failed() {
		update(t, text)
	}
	fmt.Print(text)
}

// compare runs every cell so many times with so many orders, on every processor.
func compare(t *testing.T, cells []*cell, runs, orders int) {
	var next atomic.Int64
	var mu sync.Mutex
	t.Run("runs", func(all *testing.T) {
		for range runtime.GOMAXPROCS(0) {
			all.Run("", func(t *testing.T) {
				t.Parallel()
				for i := int(next.Add(1)) - 1; i < len(cells)*runs && !all.Failed(); i = int(next.Add(1)) - 1 {
					c := cells[i%len(cells)]
					p := c.plan(uint64(1+i/len(cells)), orders, c.algorithm.Name)
					r := Run(t, p, false)
					if r.Violation != nil {
						t.Errorf("%s, %s, seed %d: %v", c.name, c.algorithm.Title, p.Seed, r.Violation)
					}
					mu.Lock()
					c.counts.Add(r.Counts)
					mu.Unlock()
				}
			})
		}
	})
}

// table is the comparison as Markdown, in bookings of 10,000.
func table(cells []*cell, runs, orders int) string {
	var out strings.Builder
	list, each := columns(), runs*orders
	fmt.Fprintf(&out, "`make compare BOOKINGS=%d`: %d orders in each cell, in runs of %d with the seeds 1 to %d; %d orders in all.\n\n", each, each, orders, runs, each*len(cells))
	out.WriteString("| Faults | What is struck |")
	for _, a := range list {
		fmt.Fprintf(&out, " %s |", a.Title)
	}
	out.WriteString("\n| --- | --- |" + strings.Repeat(" --: |", len(list)) + "\n")
	orphaned := make([]int, len(list))
	for i, c := range cells {
		if i%len(list) == 0 {
			fmt.Fprintf(&out, "| %s | %s |", c.name, cmp.Or(c.rate, "nothing"))
		}
		n := c.counts
		booked := max(1, n.Booked+n.Failed+n.Held+n.Cancelled)
		per := func(k int) int { return max((k*10_000+booked/2)/booked, min(k, 1)) } // what happened is never shown as 0
		fmt.Fprintf(&out, " %d / %d / %d", per(n.Duplicates), per(n.Lost), per(n.Failed))
		if c.algorithm.Name == "" {
			fmt.Fprintf(&out, " / %d", per(n.Asked))
		}
		out.WriteString(" |")
		if i%len(list) == len(list)-1 {
			out.WriteString("\n")
		}
		orphaned[i%len(list)] += n.Orphaned
	}
	out.WriteString("\nDuplicates / lost / failed, and for Fairlead / asked of a person, for each 10,000 bookings.\n")
	out.WriteString("Orders of the whole table that have a label and a record that shows none:\n")
	for i, a := range list[1:] {
		fmt.Fprintf(&out, "%s: %d.\n", a.Title, orphaned[i+1])
	}
	return out.String()
}

// update puts the table into the document.
func update(t *testing.T, text string) {
	before, _, after := document(t)
	if err := os.WriteFile(comparison, []byte(before+tableBegin+text+tableEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// document is the comparison's document: what comes before its table, the table, and what comes after.
func document(t *testing.T) (before, text, after string) {
	t.Helper()
	b, err := os.ReadFile(comparison)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(b), tableBegin)
	text, after, ends := strings.Cut(rest, tableEnd)
	if !begins || !ends {
		t.Fatalf("%s has not both markers of the table", comparison)
	}
	return before, text, after
}

// TestComparisonIsOfTheseClasses: the document's table has the rows and columns that are compared.
func TestComparisonIsOfTheseClasses(t *testing.T) {
	_, text, _ := document(t)
	var rows []string
	for line := range strings.Lines(text) {
		if cells := strings.Split(line, "|"); len(cells) == len(columns())+4 {
			rows = append(rows, strings.TrimSpace(cells[1]))
		}
	}
	want := []string{"Faults", "---"}
	for _, c := range classes {
		want = append(want, c.name)
	}
	if !slices.Equal(rows, want) {
		t.Errorf("the table's rows are %q; make compare would write %q", rows, want)
	}
}

// eachRival runs a test for every rival.
func eachRival(t *testing.T, test func(t *testing.T, rival string)) {
	for _, a := range rivals.All() {
		t.Run(a.Name, func(t *testing.T) { test(t, a.Name) })
	}
}

// TestRivalsWithoutFaults: each books everything exactly once, and its record shows it.
func TestRivalsWithoutFaults(t *testing.T) {
	eachRival(t, func(t *testing.T, rival string) {
		p := Calm(*fromFlag, 4**ordersFlag)
		p.Rival = rival
		r := Run(t, p, true)
		if r.Violation != nil {
			t.Fatalf("%v\n%s", r.Violation, r.Trace)
		}
		c := r.Counts
		if c.Made < 2**ordersFlag || c.Booked != c.Made || c.Booked+c.Drafts < 3**ordersFlag || c.Duplicates+c.Lost+c.Failed+c.Orphaned > 0 {
			t.Errorf("not everything is booked once: %+v", c)
		}
	})
}

// TestRivalsAreDeterministic: the same seed gives the same run, byte for byte.
func TestRivalsAreDeterministic(t *testing.T) {
	eachRival(t, func(t *testing.T, rival string) {
		p := Swarm(1001, *ordersFlag)
		p.Rival = rival
		if a, b := Run(t, p, true), Run(t, p, true); a.Trace != b.Trace {
			t.Error("one seed gives two runs")
		}
	})
}
