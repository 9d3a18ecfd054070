package endtoend_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/infra/alarms"
	"github.com/fairlead/fairlead/infra/local/template"
)

// faster is how much faster the stack's times pass here: those of TimeSet short are a twentieth, and wake runs each second.
const faster = 20

// calm is how long the stack is watched without any trouble: a little more than the longest period of an alarm.
const calm = 17 * time.Second

// watcher evaluates alarms on what the functions of a stack really write.
type watcher struct {
	*stack
	alarms []template.Alarm
	begin  time.Time
	until  time.Time // what was calm, ended here
}

// stretched is a time as it would be on a deployed stack.
func (w *watcher) stretched(at time.Time) time.Time {
	return w.begin.Add(faster * at.Sub(w.begin))
}

// fired are the alarms that went off in a span, by their logical ids. The last period counts although it has not ended.
func (w *watcher) fired(t *testing.T, from, to time.Time) []string {
	t.Helper()
	samples := slices.DeleteFunc(metrics(t, w.logged()), func(s alarms.Sample) bool { return s.At.Before(from) || s.At.After(to) })
	samples = alarms.Stretch(samples, w.begin, faster)
	var out []string
	for _, a := range w.alarms {
		end := w.stretched(to)
		if a.Missing != "breaching" { // no word for the rest of a period would be held against it
			end = end.Add(a.Queries[len(a.Queries)-1].Metric.Period)
		}
		went, err := alarms.Fired(a, samples, w.stretched(from), end)
		if err != nil {
			t.Fatal(err)
		}
		if went {
			out = append(out, a.LogicalID)
		}
	}
	return out
}

// TestAlarms is one stack: first nothing is wrong with it and no alarm goes off, then the cause of each alarm on a metric of
// ours is brought about, and each goes off by its own definition. Alarms on AWS's own metrics are held against values in
// infra/alarms, for nothing here emits those.
func TestAlarms(t *testing.T) {
	tpl, err := template.Load(filepath.Join(root, "infra/alarms.yaml"), template.Options{Parameters: map[string]string{"StackName": "fairlead", "Stage": "dev"}})
	if err != nil {
		t.Fatal(err)
	}
	ours := slices.DeleteFunc(tpl.Alarms, func(a template.Alarm) bool {
		return slices.ContainsFunc(a.Queries, func(q template.Query) bool { return strings.HasPrefix(q.Metric.Namespace, "AWS/") })
	})
	var names []string
	for _, a := range ours {
		names = append(names, a.LogicalID)
		if causes[a.LogicalID] == nil {
			t.Errorf("nothing brings about the cause of %s", a.LogicalID)
		}
	}
	for name := range causes {
		if !slices.Contains(names, name) {
			t.Errorf("there is no alarm %s", name)
		}
	}
	sim := newSimulator(t)
	w := &watcher{stack: start(t, sim), alarms: ours, begin: time.Now()}
	t.Run("nothing is wrong: no alarm goes off", func(t *testing.T) { w.in(t, func(w *watcher) { calmly(t, w, sim) }) })
	if t.Failed() {
		return
	}
	t.Run("its cause is brought about: each goes off", func(t *testing.T) { w.in(t, func(w *watcher) { troubled(t, w, sim, names) }) })
}

func (w *watcher) in(t *testing.T, do func(*watcher)) {
	mine := *w
	mine.stack = w.stack.in(t)
	do(&mine)
	w.until = mine.until
}

// calmly has the stack do what it is there for.
func calmly(t *testing.T, w *watcher, sim *simulator) {
	p := w.shipper("Observed")
	r := p.receiver(nil)
	t.Run("one order is followed from the API to the callback by its correlation id", func(t *testing.T) { follows(t, p.in(t), r) })
	t.Run("a refusal is no alarm", func(t *testing.T) { refusedOrder(t, p.in(t), sim) })
	for i := range 8 {
		p.fresh(p.call("POST", "/v1/shipments", p.Confirmed("calm-"+string(rune('a'+i))), waiting), 201)
	}
	await(t, calm, "time to pass", func() bool { return time.Since(w.begin) > calm }, nil)
	w.until = time.Now()
	if got := w.fired(t, w.begin, w.until); len(got) > 0 {
		t.Errorf("%v went off", got)
	}
	seen := map[string]bool{}
	for _, m := range metrics(t, w.logged()) {
		seen[m.Name] = true
	}
	for _, name := range []string{"Requests", "RequestMs", "KeyChecks", "Operations", "Messages", "MessageAge", "BookingCalls", "BookingsDone", "BookingsRefused", "BookingMs", "CarrierMs", "Logins", "Changes", "RelayMs",
		"Callbacks", "CallbackMs", "WakeRuns", "Woken", "WakeFailed", "OpenOverdue", "QueueDepth", "DeadLetters"} {
		if !seen[name] {
			t.Errorf("nothing wrote %s", name)
		}
	}
	secret := p.call("POST", "/v1/callback-endpoints/"+r.id+"/rotate-secret", nil, map[string]string{"Idempotency-Key": "rotate"})
	t.Run("no line holds anything of a person, or a credential", func(t *testing.T) { discreet(t, p.in(t), secret.Str("secret")) })
}

// troubled brings about every cause, those that disturb all the others last, and holds that each alarm goes off.
func troubled(t *testing.T, w *watcher, sim *simulator, names []string) {
	from := time.Now()
	w.provoke(t, sim, from, slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(last, n) })...)
	for _, name := range last {
		w.provoke(t, sim, from, name)
	}
}

// provoke brings about the causes of alarms that have not gone off since from, all at once, and waits for the alarms. It does so
// three times at the most: what a cause brings about is little more than its alarm asks of one period, and may fall into two.
func (w *watcher) provoke(t *testing.T, sim *simulator, from time.Time, names ...string) {
	t.Helper()
	silent := func() []string {
		got := w.fired(t, from, time.Now())
		return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(got, n) })
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for range 3 {
		for _, name := range silent() {
			causes[name](t, w, sim)
		}
		for end := time.Now().Add(time.Minute); time.Now().Before(end); <-tick.C {
			if len(silent()) == 0 {
				return
			}
		}
		t.Logf("%v did not go off by now", silent())
	}
	t.Fatalf("%v did not go off", silent())
}
