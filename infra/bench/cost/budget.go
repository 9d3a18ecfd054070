package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fairlead/fairlead/shared/booking"
)

// row is one line of the counts: an operation's calls on a table, or what they took on one of its indexes.
type row struct{ function, operation, place string }

func (r row) String() string { return r.function + " " + r.operation + " " + r.place }

// allowed is a line of the budget of writes, in thousandths of a unit for one booking.
type allowed struct {
	row
	oneCall, twoCalls int64
	delivery          bool // only with a callback endpoint
}

// budget is every write that a booking may make, labels apart: 9 units in one call and 10 in two, one less without a
// callback endpoint.
var budget = []allowed{
	{row{"create-shipment", "PutItem", "documents"}, 1000, 1000, false}, // the request
	{row{"create-shipment", "PutItem", "shipments"}, 1000, 1000, false},
	{row{"create-shipment", "PutItem", "shipments/list"}, 1000, 1000, false},
	{row{"create-shipment", "PutItem", "shipments/open"}, 1000, 0, false},
	{row{"confirm-shipment", "UpdateItem", "shipments"}, 0, 1000, false},
	{row{"confirm-shipment", "UpdateItem", "shipments/open"}, 0, 1000, false},
	{row{"book-shipment", "UpdateItem", "shipments"}, 2000, 2000, false}, // the claim with its intent, the result
	{row{"book-shipment", "UpdateItem", "shipments/open"}, 1000, 1000, false},
	{row{"book-shipment", "UpdateItem", "shipments/number"}, 1000, 1000, false},
	{row{"deliver-callback", "PutItem", "deliveries"}, 1000, 1000, true},
}

// mostReads is what a warm booking may read, in thousandths of a unit: its request document, once. A second call has
// an answer of its own to give, which shows the stored order: that reads the document once more. One that waits looks at
// the state, and reads the label. A batch reads what it has recorded, and each row's id once.
func (f flow) mostReads() int64 {
	switch {
	case f.twoCalls:
		return 2 * documentRead
	case f.waiting:
		return documentRead + mostLooks*documentRead + labelRead
	case f.rows > 0:
		return int64(f.rows)*documentRead + batchReads
	}
	return documentRead
}

const (
	documentRead = 500    // an eventually consistent read of a request document, or of a state
	labelRead    = 1_000  // a label that lies in Documents
	mostLooks    = 25     // at a shipment that is waited for 20 s
	batchReads   = 10_000 // of a batch itself, whatever its rows
	batchWrites  = 20_000 // its own items, its chunks, and the answer that its Idempotency-Key keeps
)

// label is the one write that is counted apart. In Documents create-shipment puts requests, and book-shipment labels.
var label = row{"book-shipment", "PutItem", "documents"}

// look is how a process that books finds out which carriers hang: once in booking.Times.SlowLook for each carrier and mode,
// whatever it books meanwhile. It is no part of a booking.
var look = row{"book-shipment", "GetItem", "limits"}

// asked is a question to a limiter: may the tenant ask, and when may its carrier be asked. It is one write unit, seldom
// two, and counted apart from the booking.
func asked(at row) bool { return at.operation == "UpdateItem" && at.place == "limits" }

// questions is how many of them a flow makes for all its shipments: one for each call of the API, one for each booking.
func (f flow) questions() int64 {
	return (f.apiCalls()*int64(max(1, f.rows))+999)/1000 + int64(max(1, f.rows))
}

// mostAsked is what a question to a limiter takes at most, in thousandths of a unit: a second write where the first was that
// for a busy key and it is idle, or the other way round, and never a third. How often that is at a real load is counted by
// make limits; here carriers are so fast that their keys are hardly ever busy.
const mostAsked = 2000

// writes is what a flow may write, by row. The shipments of a batch are created by expand-batch.
func (f flow) writes() map[row]int64 {
	out := map[row]int64{}
	for _, a := range budget {
		n, at := a.oneCall, a.row
		if f.twoCalls {
			n = a.twoCalls
		}
		if f.rows > 0 && at.function == "create-shipment" {
			at.function = "expand-batch"
		}
		if n > 0 && (f.endpoint || !a.delivery) {
			out[at] = n * int64(max(1, f.rows))
		}
	}
	return out
}

// wrote tells whether what was written is the budget. What a batch writes for itself comes on top, and is bounded.
func (f flow) wrote(got, want map[row]int64) bool {
	if f.rows == 0 {
		return maps.Equal(got, want)
	}
	for at, n := range want {
		if got[at] < n || got[at] > n && at.function != "expand-batch" {
			return false
		}
	}
	return total(got) <= total(want)+batchWrites
}

// count is what some readings come to.
type count struct {
	writes, reads map[row]int64
	label         int64 // writes
	limits        int64 // writes, of limiters
	apart         int64 // reads that are not the booking's
	kept          bool  // something was read that a process keeps for a minute
	looks         int   // at which carriers hang
}

func sum(readings []reading) count {
	c := count{writes: map[row]int64{}, reads: map[row]int64{}}
	for _, r := range readings {
		at := row{r.Function, r.Operation, r.Table}
		switch {
		case r.Function == "authorizer":
			c.apart += r.Read
			continue
		case at == label:
			c.label += r.Write
			continue
		case r.Table == "accounts" && r.Write == 0: // carrier accounts, tokens, endpoints
			c.apart, c.kept = c.apart+r.Read, true
			continue
		case asked(at):
			c.limits += r.Write
			continue
		case at == look:
			c.apart, c.looks = c.apart+r.Read, c.looks+1
			continue
		}
		if r.Read > 0 {
			c.reads[at] += r.Read
		}
		if r.Write == 0 {
			continue
		}
		own := r.Write
		for index, n := range r.Indexes {
			own -= n
			c.writes[row{at.function, at.operation, at.place + "/" + index}] += n
		}
		c.writes[at] += own
	}
	return c
}

func total(m map[row]int64) (n int64) {
	for _, v := range m {
		n += v
	}
	return n
}

// check holds every booking against the budget. Each problem is one line that names the operations, and how many
// bookings had it.
func check(o outcome) []error {
	want, kept, looks, limits := o.writes(), 0, 0, int64(0)
	found := map[string]int{}
	for _, readings := range o.bookings {
		got := sum(readings)
		if !o.wrote(got.writes, want) {
			found[fmt.Sprintf("%s write units instead of %s: %s", units(total(got.writes)), units(total(want)), difference(got.writes, want))]++
		}
		if total(got.reads) > o.mostReads() {
			found[fmt.Sprintf("%s read units, at most %s: %s", units(total(got.reads)), units(o.mostReads()), difference(got.reads, nil))]++
		}
		if got.label == 0 {
			found["no label was stored"]++
		}
		if got.kept {
			kept++
		}
		looks, limits = looks+got.looks, limits+got.limits
	}
	if most := int64(len(o.bookings)) * o.questions() * mostAsked; limits > most {
		found[fmt.Sprintf("%s write units of limiters in all, at most %s", units(limits), units(most))] = len(o.bookings)
	}
	processes := max(1, o.work[look.function].processes)
	if most := processes * (1 + int(o.took/booking.StandardTimes().SlowLook)); looks > most {
		found[fmt.Sprintf("%d looks of %d processes at which carriers hang, at most %d in %s", looks, processes, most, o.took)]++
	}
	if kept*2 > len(o.bookings) && o.rows == 0 {
		found["accounts or endpoints read that a process should have kept"] = kept
	}
	var over []error
	for _, text := range slices.Sorted(maps.Keys(found)) {
		over = append(over, fmt.Errorf("over budget: %s, %d of %d bookings: %s", o.name, found[text], len(o.bookings), text))
	}
	return over
}

// difference lists the rows that are not as they should be.
func difference(got, want map[row]int64) string {
	all := maps.Clone(got)
	for r := range want {
		all[r] += 0
	}
	var out []string
	for _, r := range slices.SortedFunc(maps.Keys(all), compareRows) {
		if got[r] != want[r] {
			text := fmt.Sprintf("%s %s", r, units(got[r]))
			if want != nil {
				text += " instead of " + units(want[r])
			}
			out = append(out, text)
		}
	}
	return strings.Join(out, ", ")
}

// inOrder is the path of a booking.
var inOrder = []string{"create-batch", "expand-batch", "create-shipment", "confirm-shipment", "book-shipment", "relay-events", "fan-out-events", "deliver-callback"}

func compareRows(a, b row) int {
	return cmp.Or(
		cmp.Compare(slices.Index(inOrder, a.function), slices.Index(inOrder, b.function)),
		cmp.Compare(a.operation, b.operation), cmp.Compare(a.place, b.place))
}

// units prints thousandths of a unit: 500 is 0.5.
func units(milli int64) string {
	if milli%1000 == 0 {
		return fmt.Sprint(milli / 1000)
	}
	return strings.TrimRight(fmt.Sprintf("%d.%03d", milli/1000, milli%1000), "0")
}
