package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/infra/bench/functions"
)

const repository = "../../.."

// TestBookingsCostWhatTheBudgetSays is the measurement itself, with a few bookings.
func TestBookingsCostWhatTheBudgetSays(t *testing.T) {
	dir := t.TempDir()
	bin := filepath.Join(dir, "bin")
	if err := functions.Build(t.Context(), repository, bin, ""); err != nil {
		t.Fatal(err)
	}
	runs, err := measure(t.Context(), repository, bin, filepath.Join(dir, "data"), 3)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int64{"one call": 9000, "two calls": 10000, "no endpoint": 8000, "two, no endpoint": 9000, "waiting": 9000}
	for _, o := range runs {
		t.Run(o.name, func(t *testing.T) {
			for _, err := range check(o) {
				t.Error(err)
			}
			for i, readings := range o.bookings {
				if o.rows > 0 {
					continue // check bounds what a batch writes for itself
				}
				if got := total(sum(readings).writes); got != want[o.name] {
					t.Errorf("booking %d wrote %s units, want %s", i+1, units(got), units(want[o.name]))
				}
			}
		})
	}
	var told bytes.Buffer
	printCounts(&told, runs)
	printPrices(&told, runs)
	t.Logf("\n%s", &told)
}

// asBudgeted is a booking that consumes exactly the budget of one call.
func asBudgeted() []reading {
	return []reading{
		{"create-shipment", "PutItem", "documents", 1000, 0, nil},
		{"create-shipment", "PutItem", "shipments", 3000, 0, map[string]int64{"list": 1000, "open": 1000}},
		{"book-shipment", "GetItem", "documents", 0, 500, nil},
		{"book-shipment", "UpdateItem", "shipments", 1000, 0, nil},
		{"book-shipment", "PutItem", "documents", 2000, 0, nil},
		{"book-shipment", "UpdateItem", "shipments", 3000, 0, map[string]int64{"number": 1000, "open": 1000}},
		{"deliver-callback", "PutItem", "deliveries", 1000, 0, nil},
	}
}

func TestCheck(t *testing.T) {
	kept := reading{"fan-out-events", "Query", "accounts", 0, 500, nil}
	for name, c := range map[string]struct {
		change func([]reading) []reading
		want   string
	}{
		"the budget itself passes": {func(r []reading) []reading { return r }, ""},
		"the authorizer's reads are apart": {func(r []reading) []reading {
			return append(r, reading{"authorizer", "GetItem", "accounts", 0, 1000, nil})
		}, ""},
		"a limiter's writes are apart, one for the call and one for the slot": {func(r []reading) []reading {
			return append(r, reading{"create-shipment", "UpdateItem", "limits", 1000, 0, nil}, reading{"book-shipment", "UpdateItem", "limits", 2000, 0, nil})
		}, ""},
		"limiters that are asked too often are told": {func(r []reading) []reading {
			return append(r, reading{"create-shipment", "UpdateItem", "limits", 5000, 0, nil})
		}, "10 write units of limiters in all, at most 8"},
		"a larger label is apart":            {func(r []reading) []reading { r[4].Write = 9000; return r }, ""},
		"one write more names its operation": {func(r []reading) []reading { return append(r, r[3]) }, "book-shipment UpdateItem shipments 3 instead of 2"},
		"one write less names its operation": {func(r []reading) []reading { return r[:6] }, "deliver-callback PutItem deliveries 0 instead of 1"},
		"a dearer index names the index":     {func(r []reading) []reading { r[1].Write, r[1].Indexes["open"] = 4000, 2000; return r }, "create-shipment PutItem shipments/open 2 instead of 1"},
		"a write of somebody else is told": {func(r []reading) []reading {
			return append(r, reading{"wake", "UpdateItem", "shipments", 1000, 0, nil})
		}, "wake UpdateItem shipments 1 instead of 0"},
		"a read more names its operation":     {func(r []reading) []reading { return append(r, r[2]) }, "1 read units, at most 0.5: book-shipment GetItem documents 1"},
		"a label that is missing is told":     {func(r []reading) []reading { return slices.Delete(r, 4, 5) }, "no label"},
		"reading accounts each time is told":  {func(r []reading) []reading { return append(r, kept) }, "2 of 2 bookings: accounts or endpoints read"},
		"a state item of two units is a loss": {func(r []reading) []reading { r[3].Write = 2000; return r }, "book-shipment UpdateItem shipments 3 instead of 2"},
	} {
		t.Run(name, func(t *testing.T) {
			o := outcome{flow: flows[0], bookings: [][]reading{c.change(asBudgeted()), c.change(asBudgeted())}}
			got := check(o)
			switch {
			case c.want == "" && len(got) > 0:
				t.Errorf("errors %v", got)
			case c.want != "" && (len(got) != 1 || !strings.Contains(got[0].Error(), c.want)):
				t.Errorf("errors %v, want one with %q", got, c.want)
			}
		})
	}
	t.Run("accounts may be read now and then", func(t *testing.T) {
		o := outcome{flow: flows[0], bookings: [][]reading{append(asBudgeted(), kept), asBudgeted()}}
		if got := check(o); len(got) > 0 {
			t.Errorf("errors %v", got)
		}
	})
}

// TestCheckOfABatch: the shipments' writes are exact, what the batch writes for itself is bounded.
func TestCheckOfABatch(t *testing.T) {
	three := flow{name: "a batch of three", endpoint: true, rows: 3}
	asOrdered := func() []reading {
		out := []reading{
			{"create-batch", "PutItem", "shipments", 3000, 0, map[string]int64{"list": 1000, "open": 1000}},
			{"expand-batch", "UpdateItem", "shipments", 2000, 0, map[string]int64{"open": 1000}},
		}
		for range 3 {
			for _, r := range asBudgeted() {
				if r.Function == "create-shipment" {
					r.Function = "expand-batch"
				}
				out = append(out, r)
			}
		}
		return out
	}
	for name, c := range map[string]struct {
		change func([]reading) []reading
		want   string
	}{
		"the budget and its own items pass": {func(r []reading) []reading { return r }, ""},
		"a shipment's write less is told":   {func(r []reading) []reading { return r[:len(r)-1] }, "deliver-callback PutItem deliveries 2 instead of 3"},
		"a shipment's write more is told":   {func(r []reading) []reading { return append(r, r[len(r)-1]) }, "deliver-callback PutItem deliveries 4 instead of 3"},
		"a row that was not put is told":    {func(r []reading) []reading { return slices.Delete(r, 2, 3) }, "expand-batch PutItem documents 2 instead of 3"},
		"too much for itself is told":       {func(r []reading) []reading { r[1].Write = 40_000; return r }, "expand-batch UpdateItem shipments 39 instead of 0"},
	} {
		t.Run(name, func(t *testing.T) {
			got := check(outcome{flow: three, bookings: [][]reading{c.change(asOrdered())}})
			switch {
			case c.want == "" && len(got) > 0:
				t.Errorf("errors %v", got)
			case c.want != "" && (len(got) != 1 || !strings.Contains(got[0].Error(), c.want)):
				t.Errorf("errors %v, want one with %q", got, c.want)
			}
		})
	}
}

func TestCheckOfLooks(t *testing.T) {
	look := reading{"book-shipment", "GetItem", "limits", 0, 500, nil}
	of := func(took time.Duration) outcome {
		return outcome{flow: flows[0], took: took, bookings: [][]reading{append(asBudgeted(), look), append(asBudgeted(), look), append(asBudgeted(), look)}}
	}
	if got := check(of(7 * time.Second)); len(got) > 0 {
		t.Errorf("a look in 3 s is no part of a booking: %v", got)
	}
	if got := check(of(2 * time.Second)); len(got) != 1 || !strings.Contains(got[0].Error(), "3 looks of 1 processes at which carriers hang, at most 1 in 2s") {
		t.Errorf("got %v", got)
	}
}

func TestBudgetIsTheProtocols(t *testing.T) {
	for i, want := range []int64{9000, 10000, 8000, 9000, 9000, 900_000} {
		if got := total(flows[i].writes()); got != want {
			t.Errorf("%s: %s units, want %s", flows[i].name, units(got), units(want))
		}
	}
}

func TestMoney(t *testing.T) {
	t.Run("a million bookings of 9 units cost 5.63", func(t *testing.T) {
		if got := cents(dollars(9000, priceWriteUnit)); got != "5.63" {
			t.Error(got)
		}
	})
	t.Run("half a read unit costs six cents", func(t *testing.T) {
		if got := cents(dollars(500, priceReadUnit)); got != "0.06" {
			t.Error(got)
		}
	})
	t.Run("an invocation is billed by whole milliseconds", func(t *testing.T) {
		if got := billed(1000, 1_001, 512); got != (use{1000, 1}) { // 2 ms of half a GB
			t.Error(got)
		}
	})
	t.Run("units print without trailing zeros", func(t *testing.T) {
		for milli, want := range map[int64]string{0: "0", 500: "0.5", 10000: "10", 25: "0.025", 1250: "1.25"} {
			if got := units(milli); got != want {
				t.Errorf("%d: %s, want %s", milli, got, want)
			}
		}
	})
}
