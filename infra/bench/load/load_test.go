package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSchedule(t *testing.T) {
	began := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		perSecond int
		d         time.Duration
		n         int
		last      time.Duration
	}{
		"25 a second for a minute are 1500, the last a step before its end": {25, time.Minute, 1500, time.Minute - 40*time.Millisecond},
		"3 a second are a third of a second apart":                          {3, 2 * time.Second, 6, 5 * time.Second / 3},
		"half a second holds half of a second's":                            {10, 500 * time.Millisecond, 5, 400 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			got := schedule("x", began, c.perSecond, c.d)
			if len(got) != c.n || !got[0].at.Equal(began) || !got[c.n-1].at.Equal(began.Add(c.last)) {
				t.Errorf("%d from %v to %v", len(got), got[0].at, got[len(got)-1].at)
			}
			requests := map[string]bool{}
			for _, a := range got {
				requests[a.request] = true
			}
			if len(requests) != c.n {
				t.Errorf("%d names for %d orders", len(requests), c.n)
			}
		})
	}
}

func TestSpread(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[99-i] = time.Duration(i+1) * time.Second
	}
	for name, c := range map[string]struct {
		of   []time.Duration
		want []string
	}{
		"of a hundred each is its own":    {hundred, []string{"50 s", "95 s", "99 s", "100 s"}},
		"of one all are that one":         {[]time.Duration{1500 * time.Microsecond}, []string{"1.5 ms", "1.5 ms", "1.5 ms", "1.5 ms"}},
		"of four the 95th is the last":    {[]time.Duration{4 * time.Second, 1 * time.Second, 3 * time.Second, 2 * time.Second}, []string{"2.0 s", "4.0 s", "4.0 s", "4.0 s"}},
		"of none there is nothing to say": {nil, []string{"0.0 ms", "0.0 ms", "0.0 ms", "0.0 ms"}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, spreadOf(c.of).cells()); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestSummary(t *testing.T) {
	b := &bench{}
	b.figure(figure{name: "a rate", measured: "79", goal: "80"})
	if len(b.broken) != 0 {
		t.Errorf("a rate that is not reached fails the run: %v", b.broken)
	}
	b.figure(figure{name: "labels", measured: "50", goal: "50", reached: true, asserted: true})
	if len(b.broken) != 0 {
		t.Errorf("a count that holds fails the run: %v", b.broken)
	}
	b.figure(figure{name: "labels", measured: "51", goal: "50", asserted: true})
	if len(b.broken) != 1 || b.broken[0].Error() != "labels: 51, not 50" {
		t.Errorf("got %v", b.broken)
	}
	var got bytes.Buffer
	summary(b.figures).markdown(&got)
	want := `
## Against the goals

|  | measured | goal | reached | asserted |
| --- | --- | --- | --- | --- |
| a rate | 79 | 80 | no | no |
| labels | 50 | 50 | yes | yes |
| labels | 51 | 50 | no | yes |
`
	if d := cmp.Diff(want, got.String()); d != "" {
		t.Error(d)
	}
}

func TestTable(t *testing.T) {
	tab := &table{title: "Two", head: []string{"", "one", "other"}}
	tab.row("a", "1", "2")
	tab.row("bb", "3")
	tab.note("Of %d.", 2)
	t.Run("a row that is too short is filled up", func(t *testing.T) {
		var got bytes.Buffer
		tab.markdown(&got)
		if want := "\n## Two\n\n|  | one | other |\n| --- | --- | --- |\n| a | 1 | 2 |\n| bb | 3 |  |\n\nOf 2.\n"; got.String() != want {
			t.Errorf("got %q\nwant %q", got.String(), want)
		}
	})
	t.Run("in a terminal the columns stand under each other", func(t *testing.T) {
		var got bytes.Buffer
		tab.text(&got)
		if want := "TWO\n\n      one  other\n  a   1    2\n  bb  3\n  Of 2.\n\n"; got.String() != want {
			t.Errorf("got %q\nwant %q", got.String(), want)
		}
	})
}

func TestLines(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.log")
	first := `{"msg":"request","request_id":"before"}` + "\n"
	text := first + "no JSON\n" + `{"msg":"request","request_id":"a","aws_ms":7}` + "\n" + `{"msg":"request","request_id":"half"`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var got []string
	if err := lines(file, int64(len(first)), func(l line) { got = append(got, l.RequestID) }); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"a"}, got); d != "" {
		t.Error(d)
	}
	if err := lines(file+".none", 0, func(line) { t.Error("a line of nothing") }); err != nil {
		t.Error(err)
	}
}

func TestSpent(t *testing.T) {
	before := spent{function: map[string]time.Duration{"book-shipment": time.Second}, gateway: time.Second}
	after := spent{function: map[string]time.Duration{"book-shipment": 3 * time.Second, "relay-events": time.Second}, gateway: 2 * time.Second, emulators: time.Second}
	got := after.each(before, 100)
	if got.functions() != 30*time.Millisecond || got.gateway != 10*time.Millisecond || got.emulators != 10*time.Millisecond {
		t.Errorf("got %+v", got)
	}
	if want := "book-shipment 20 ms, relay-events 10 ms"; got.byFunction() != want {
		t.Errorf("got %s, want %s", got.byFunction(), want)
	}
}

// TestPagesReadWhatAPageHas is the measurement of `list` with fewer shipments.
func TestPagesReadWhatAPageHas(t *testing.T) {
	few, err := readPages(t.Context(), 300)
	if err != nil {
		t.Fatal(err)
	}
	many, err := readPages(t.Context(), 3000)
	if err != nil {
		t.Fatal(err)
	}
	if few.shipments != 300 || many.shipments != 3000 || many.pages < 30 {
		t.Errorf("%d and %d shipments, %d pages", few.shipments, many.shipments, many.pages)
	}
	if few.least < pageSize*1000 || !boundedPages(few.most, many.most) {
		t.Errorf("a page of 300 reads %s to %s units, one of 3000 %s to %s", milli(few.least), milli(few.most), milli(many.least), milli(many.most))
	}
	if boundedPages(few.most, 10*few.most) || boundedPages(mostPageReads, mostPageReads+500) {
		t.Error("a page that grows would pass")
	}
}

func TestArguments(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"a part that is none is told with those there are": {[]string{"-only", "fields"}, "the parts are field, accept, slow, list"},
		"one part alone can't write the document":          {[]string{"-only", "slow", "-update"}, "without -only"},
		"what is no flag is refused":                       {[]string{"slow"}, "unexpected argument"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := run(t.Context(), c.args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}
