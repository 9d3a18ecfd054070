package chaos

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
)

const (
	explained = 10  // violations that are explained in full
	mostLines = 200 // of a shipment's logs
)

// explain tells everything one needs to find out how a shipment came to a wrong end.
func (r *run) explain(ctx context.Context, e evidence, wrong []string, full bool) string {
	at := booking.Reference(e.Shipment)
	b := &strings.Builder{}
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(b, format+"\n", args...) }
	p("%s (shipment %s, at the carrier %s): %s", e.Reference, e.Shipment, at, strings.Join(wrong, "; "))
	if !full {
		return strings.TrimSpace(b.String())
	}
	p("  the API says %s", e.Answer.Body)
	if st, err := r.stack.Store(ctx); err == nil {
		if rec, err := st.Record(ctx, r.shipper.Tenant, ship.Test, e.Shipment); err == nil {
			rec.History = nil
			p("  its item is %s", compact(rec))
		}
	}
	p("  its history")
	for i, h := range e.History {
		p("    %s %3d %-8s %s", clock(h.At), i+1, h.Status, h.Cause)
	}
	p("  the carrier's ledger has %s", compact(e.Ledger))
	p("  faults that struck its calls, and logins")
	for _, s := range e.Strikes {
		if s.Reference == "" && !e.during(s.Time, s.Time) {
			continue
		}
		p("    %s %s %s, booked %t, delay %d ms, request %s", clock(s.Time), s.Operation, s.Kind, s.Booked, s.DelayMS, s.RequestID)
	}
	p("  what was done meanwhile")
	for _, x := range e.Blows {
		if mine := x.Shipment == e.Shipment || x.Reference == at; mine || x.Kind != duplicated && e.during(x.From, x.To) {
			p("    %s to %s %s %s %s", clock(x.From), clock(x.To), x.What, x.Kind, x.Message)
		}
	}
	p("  its log lines")
	for _, l := range r.logLines(e.Shipment, at) {
		p("    %s", l)
	}
	return strings.TrimSpace(b.String())
}

// during tells whether something happened while the shipment was on its way.
func (e evidence) during(from, to time.Time) bool {
	return len(e.History) > 0 && !to.Before(e.History[0].At) && !from.After(e.History[len(e.History)-1].At)
}

func compact(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(out)
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05.000") }

// logLines are the functions' lines that name one of some texts, by their time.
func (r *run) logLines(texts ...string) []string {
	type logged struct{ at, text string }
	var found []logged
	r.eachLine("*.log*", func(file, line string) {
		if slices.ContainsFunc(texts, func(t string) bool { return strings.Contains(line, t) }) {
			var l struct{ Timestamp string }
			_ = json.Unmarshal([]byte(line), &l)
			found = append(found, logged{l.Timestamp, file + ": " + line})
		}
	})
	slices.SortStableFunc(found, func(a, b logged) int { return cmp.Compare(a.at, b.at) })
	var out []string
	for _, l := range found[:min(len(found), mostLines)] {
		out = append(out, l.text)
	}
	return out
}

// timedOut counts the booking processes that the platform killed because they outlasted their timeout.
func (r *run) timedOut() (n int) {
	r.eachLine("book-shipment.log*", func(_, line string) {
		if strings.Contains(line, "Task timed out") {
			n++
		}
	})
	return n
}

func (r *run) eachLine(pattern string, see func(file, line string)) {
	files, _ := filepath.Glob(filepath.Join(r.Data, "logs", pattern))
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			see(filepath.Base(name), lines.Text())
		}
		_ = f.Close()
	}
}
