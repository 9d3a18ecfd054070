package limits

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/infra/bench/figures"
	"github.com/fairlead/fairlead/shared/ratelimit"
)

var update = flag.Bool("update", false, "write the tables into "+figures.Document)

// report is what is printed: tables in Markdown.
type report struct{ bytes.Buffer }

func (r *report) title(text string) { fmt.Fprintf(r, "\n### %s\n\n", text) }

func (r *report) head(columns ...string) {
	r.row(columns...)
	r.row(strings.Split(strings.Repeat("---|", len(columns)-1)+"---", "|")...)
}

func (r *report) row(cells ...string) { fmt.Fprintf(r, "| %s |\n", strings.Join(cells, " | ")) }

func (r *report) say(format string, args ...any) { fmt.Fprintf(r, "\n"+format+"\n", args...) }

// a limit as the template gives it to the class book.
var limit = ratelimit.Defaults.Book

func perSecond(r ratelimit.Rate) float64 { return float64(r.Count) / r.Per.Seconds() }

// TestFigures counts, holds the counts against their goals, prints them and, with -update, writes them down.
func TestFigures(t *testing.T) {
	r := &report{}
	for _, part := range []struct {
		name string
		do   func(*testing.T, *report)
	}{
		{"calls a decision", decisions}, {"calls a refusal", refusals}, {"fairness", fairness}, {"flood", flood}, {"backlog", backlog},
	} {
		t.Run(part.name, func(t *testing.T) { part.do(t, r) })
	}
	fmt.Println(r)
	if *update && !t.Failed() {
		if err := figures.Write("../../..", "make limits", strings.TrimPrefix(r.String(), "\n")+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	_ = os.Stdout.Sync()
}

func decisions(t *testing.T, r *report) {
	r.title("Calls of the database a decision")
	r.head("load", "1 process", "5", "10", "50", "200")
	for _, load := range []float64{0.02, 0.5, 0.9, 1.2, 2} {
		cells := []string{fmt.Sprintf("%.0f %%", load*100)}
		for _, processes := range []int{1, 5, 10, 50, 200} {
			o := newFleet(processes).run(t.Context(), []source{{"one", limit, load * perSecond(limit)}}, 2*time.Minute)[0]
			each := float64(o.calls) / float64(o.asked)
			cells = append(cells, fmt.Sprintf("%.3f", each))
			if load == 0.9 && processes == 50 && each > 1.15 {
				t.Errorf("%.3f calls a decision at 90 %% load over 50 processes, at most 1.15", each)
			}
			if load > 1 && processes <= 50 && each > 1.01 {
				t.Errorf("%.3f calls a decision at %.0f %% load over %d processes, want 1.0", each, load*100, processes)
			}
			if float64(o.admitted) > perSecond(limit)*120+float64(limit.Burst) {
				t.Errorf("%d were let through", o.admitted)
			}
		}
		r.row(cells...)
	}
	r.say("One tenant with the limit %s asks for two minutes at random times, each time another process. Decisions that a process repeats from memory are not counted: they cost nothing. At most 1.15 at 90 %% over 50, 1.0 beyond the limit: asserted.", limit)
}

func refusals(t *testing.T, r *report) {
	r.title("Calls of the database a refused request")
	r.head("flood", "1 process", "2", "5", "10", "20", "50")
	for _, times := range []float64{2, 5, 20} {
		cells := []string{fmt.Sprintf("%.0f times the limit", times)}
		for _, processes := range []int{1, 2, 5, 10, 20, 50} {
			o := newFleet(processes).run(t.Context(), []source{{"one", limit, times * perSecond(limit)}}, 30*time.Second)[0]
			each := float64(o.calls-o.admitted) / float64(o.refused())
			cells = append(cells, fmt.Sprintf("%.4f", each))
			if times == 20 && processes <= 5 && each > 0.05 {
				t.Errorf("%.4f calls a refusal of %d processes, at most 0.05", each, processes)
			}
			if share := float64(o.admitted) / (perSecond(limit) * 30); share < 0.98 || float64(o.admitted) > perSecond(limit)*30+float64(limit.Burst) {
				t.Errorf("%.0f times, %d processes: %d let through of %.0f that the limit allows", times, processes, o.admitted, perSecond(limit)*30)
			}
		}
		r.row(cells...)
	}
	r.say("A process refuses by itself for a second what the database has refused, so each asks about once a second. At most 0.05 for up to 5 processes at 20 times the limit: asserted, and that what the limit allows is let through meanwhile.")
}

// zipf are tenants of which the n-th asks an n-th of what the first does.
func zipf(n int, second float64, rate ratelimit.Rate) []source {
	sum := 0.0
	for i := range n {
		sum += 1 / float64(i+1)
	}
	out := make([]source, n)
	for i := range out {
		out[i] = source{fmt.Sprintf("tn_%03d", i), rate, second / sum / float64(i+1)}
	}
	return out
}

// jain is Jain's index of fairness of what each got of what it was entitled to: 1 when all got the same share.
func jain(outcomes []outcome) float64 {
	sum, squares, n := 0.0, 0.0, 0.0
	for _, o := range outcomes {
		if o.offered == 0 {
			continue
		}
		x := float64(o.admitted) / o.entitled
		sum, squares, n = sum+x, squares+x*x, n+1
	}
	return sum * sum / (n * squares)
}

func fairness(t *testing.T, r *report) {
	rate := ratelimit.Rate{Count: 10, Per: time.Second, Burst: 20}
	length := 30 * time.Second
	outcomes := newFleet(50).run(t.Context(), zipf(500, 2000, rate), length)
	var calls, asked, offered, admitted, hottest int
	alone := math.Inf(1)
	for _, o := range outcomes {
		calls, asked, offered, admitted, hottest = calls+o.calls, asked+o.asked, offered+o.offered, admitted+o.admitted, max(hottest, o.calls)
		if o.offered > 0 {
			alone = min(alone, float64(o.admitted)/o.entitled)
		}
	}
	index := jain(outcomes)
	r.title("500 tenants, the n-th asking an n-th of what the first does")
	r.head("", "")
	r.row("requests a second, offered and let through", fmt.Sprintf("%.0f, %.0f", float64(offered)/length.Seconds(), float64(admitted)/length.Seconds()))
	r.row("calls of the database a decision", fmt.Sprintf("%.3f", float64(calls)/float64(asked)))
	r.row("calls of the database a request", fmt.Sprintf("%.3f", float64(calls)/float64(offered)))
	r.row("calls a second of the hottest key", fmt.Sprintf("%.1f", float64(hottest)/length.Seconds()))
	r.row("Jain's index of let through by entitled", fmt.Sprintf("%.4f", index))
	r.row("the least that a tenant got of what it was entitled to", fmt.Sprintf("%.3f", alone))
	r.say("Each tenant has the limit %s; 50 processes, %v. One key bears 1,000 writes a second. Entitled is what was asked, up to the limit and one burst.", rate, length)
	if each := float64(calls) / float64(asked); each > 1.5 {
		t.Errorf("%.3f calls a decision, at most 1.5", each)
	}
	if index < 0.98 || hottest > 1000*int(length.Seconds()) {
		t.Errorf("Jain's index %.4f, the hottest key has %d calls", index, hottest)
	}
}
