package alarms

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/infra/local/template"
	"github.com/fairlead/fairlead/shared/obs"
)

// ours are the alarms of a stack called fairlead.
func ours(t *testing.T, more map[string]string) *template.Template {
	t.Helper()
	params := map[string]string{"StackName": "fairlead", "Stage": "dev"}
	for k, v := range more {
		params[k] = v
	}
	tpl, err := template.Load("../alarms.yaml", template.Options{Parameters: params})
	if err != nil {
		t.Fatal(err)
	}
	if len(tpl.Alarms) == 0 {
		t.Fatal("there are no alarms")
	}
	return tpl
}

// deployed is the stack whose alarms they are.
func deployed(t *testing.T) *template.Template {
	t.Helper()
	tpl, err := template.Load("../../template.yaml", template.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return tpl
}

// exists tells what is wrong with a metric: one that is not there exactly so would leave its alarm green for ever.
func exists(m template.MetricStat, stack *template.Template) error {
	if m.Namespace == obs.Namespace {
		return emitted(m)
	}
	i := slices.IndexFunc(OfAWS, func(x Metric) bool { return x.Namespace == m.Namespace && x.Name == m.Name })
	if i < 0 {
		return fmt.Errorf("there is no metric %s %s in the table", m.Namespace, m.Name)
	}
	known := OfAWS[i]
	if len(m.Dimensions) != len(known.Dimensions) || slices.ContainsFunc(known.Dimensions, func(d string) bool { return m.Dimensions[d] == "" }) {
		return fmt.Errorf("%s has the dimensions %v, not %v", m.Name, known.Dimensions, m.Dimensions)
	}
	if !slices.Contains(known.Stats, m.Stat) {
		return fmt.Errorf("the %s of %s means nothing", m.Stat, m.Name)
	}
	return named(m.Dimensions, stack)
}

// emitted tells what is wrong with a metric of ours.
func emitted(m template.MetricStat) error {
	known, ok := obs.Lookup(obs.Name(m.Name))
	if !ok {
		return fmt.Errorf("there is no metric %s", m.Name)
	}
	if m.Dimensions[obs.Stack] != "fairlead" {
		return fmt.Errorf("%s is not the stack's: %v", m.Name, m.Dimensions)
	}
	for d, v := range m.Dimensions {
		if d == obs.Stack {
			continue
		}
		i := slices.IndexFunc(obs.Dimensions, func(x obs.Dimension) bool { return x.Name == d })
		if d != known.Dimension || i < 0 {
			return fmt.Errorf("%s is by %q, not by %s", m.Name, known.Dimension, d)
		}
		if all := obs.Dimensions[i].Values; all != nil && !slices.Contains(all, v) {
			return fmt.Errorf("%s has no value %q of %s", m.Name, v, d)
		}
	}
	fit := []string{"Sum", "SampleCount"}
	switch {
	case known.Level:
		fit = []string{"Maximum"}
	case known.Unit != obs.Count:
		fit = []string{"p50", "p90", "p95", "p99", "Average", "Maximum", "SampleCount"}
	}
	if !slices.Contains(fit, m.Stat) {
		return fmt.Errorf("the %s of %s, which is in %s, means nothing", m.Stat, m.Name, known.Unit)
	}
	return nil
}

// named tells whether the stack has what dimensions of AWS name.
func named(dimensions map[string]string, stack *template.Template) error {
	for d, v := range dimensions {
		there := false
		switch d {
		case "FunctionName":
			there = slices.ContainsFunc(stack.Functions, func(f template.Function) bool { return f.Name == v })
		case "QueueName":
			there = slices.ContainsFunc(stack.Queues, func(q template.Queue) bool { return q.Name == v })
		case "ApiName":
			there = v == "fairlead" // template.yaml names the API after the stack
		case "Stage":
			there = v == stack.Parameters["Stage"]
		}
		if !there {
			return fmt.Errorf("the stack has no %s %q", d, v)
		}
	}
	return nil
}

func TestEveryAlarmIsOnMetricsThatExist(t *testing.T) {
	stack := deployed(t)
	for _, a := range ours(t, nil).Alarms {
		t.Run(a.LogicalID, func(t *testing.T) {
			asked := 0
			for _, q := range a.Queries {
				if q.Return {
					asked++
				}
				if q.Expression != "" {
					continue
				}
				if err := exists(q.Metric, stack); err != nil {
					t.Error(err)
				}
			}
			if asked != 1 {
				t.Errorf("%d queries are compared with the threshold", asked)
			}
			if _, err := Evaluate(a, nil, now); err != nil {
				t.Error(err)
			}
			if a.Missing != "breaching" && a.Missing != "notBreaching" {
				t.Errorf("what is missing is %q: an alarm that knows nothing is no alarm", a.Missing)
			}
			if a.Datapoints < 1 || a.Datapoints > a.Periods || a.Threshold <= 0 {
				t.Errorf("%d of %d beyond %v", a.Datapoints, a.Periods, a.Threshold)
			}
		})
	}
}

// A check that finds nothing would look just as green.
func TestAWrongMetricIsFound(t *testing.T) {
	stack := deployed(t)
	ok := func() template.MetricStat {
		return template.MetricStat{Namespace: "Fairlead", Name: "Requests", Stat: "Sum", Dimensions: map[string]string{"Stack": "fairlead", "Class": "5xx"}}
	}
	lambda := func() template.MetricStat {
		return template.MetricStat{Namespace: "AWS/Lambda", Name: "Errors", Stat: "Sum", Dimensions: map[string]string{"FunctionName": "fairlead-wake"}}
	}
	for _, m := range []template.MetricStat{ok(), lambda()} {
		if err := exists(m, stack); err != nil {
			t.Fatal(err)
		}
	}
	for name, m := range map[string]template.MetricStat{
		"another name":                 change(ok(), func(m *template.MetricStat) { m.Name = "Request" }),
		"another namespace":            change(ok(), func(m *template.MetricStat) { m.Namespace = "fairlead" }),
		"no stack":                     change(ok(), func(m *template.MetricStat) { delete(m.Dimensions, "Stack") }),
		"a dimension it has not":       change(ok(), func(m *template.MetricStat) { m.Dimensions["Carrier"] = "ups" }),
		"a dimension in another case":  change(ok(), func(m *template.MetricStat) { delete(m.Dimensions, "Class"); m.Dimensions["class"] = "5xx" }),
		"a value it has not":           change(ok(), func(m *template.MetricStat) { m.Dimensions["Class"] = "5XX" }),
		"a percentile of a count":      change(ok(), func(m *template.MetricStat) { m.Stat = "p90" }),
		"the sum of a level":           change(ok(), func(m *template.MetricStat) { m.Name = "QueueDepth"; delete(m.Dimensions, "Class") }),
		"the sum of a time":            change(ok(), func(m *template.MetricStat) { m.Name = "RequestMs"; delete(m.Dimensions, "Class") }),
		"a metric that AWS has not":    change(lambda(), func(m *template.MetricStat) { m.Name = "Error" }),
		"a dimension that AWS has not": change(lambda(), func(m *template.MetricStat) { m.Dimensions["Resource"] = "x" }),
		"a function that is not there": change(lambda(), func(m *template.MetricStat) { m.Dimensions["FunctionName"] = "fairlead-woke" }),
		"a statistic AWS has not":      change(lambda(), func(m *template.MetricStat) { m.Stat = "p90" }),
	} {
		t.Run(name, func(t *testing.T) {
			if exists(m, stack) == nil {
				t.Error("nothing is said of it")
			}
		})
	}
}

func change(m template.MetricStat, by func(*template.MetricStat)) template.MetricStat {
	by(&m)
	return m
}

func TestActions(t *testing.T) {
	const topic = "arn:aws:sns:us-east-1:000000000000:oncall"
	for _, a := range ours(t, map[string]string{"AlarmTopicArn": topic}).Alarms {
		if !slices.Equal(a.Actions, []string{topic}) {
			t.Errorf("%s tells %v", a.LogicalID, a.Actions)
		}
	}
	for _, a := range ours(t, nil).Alarms {
		if len(a.Actions) != 0 {
			t.Errorf("%s tells %v", a.LogicalID, a.Actions)
		}
	}
}

// parts are what each runbook has.
var parts = []string{"**What it means.**", "**How to look.**", "**What to do.**", "**What not to do.**"}

func TestEveryAlarmHasARunbookAndEveryRunbookAnAlarm(t *testing.T) {
	text, err := os.ReadFile("../docs/runbooks.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, s := range strings.Split(string(text), "\n## ")[1:] {
		title, body, _ := strings.Cut(s, "\n")
		sections[title] = body
	}
	link := regexp.MustCompile(`^(.+)\. Runbook: infra/docs/runbooks\.md#([a-z-]+)$`)
	used := map[string]bool{}
	for _, a := range ours(t, nil).Alarms {
		m := link.FindStringSubmatch(a.Description)
		if m == nil {
			t.Errorf("%s is described as %q: say what it is and where its runbook is", a.LogicalID, a.Description)
			continue
		}
		body, ok := sections[m[2]]
		if !ok {
			t.Errorf("%s leads to a runbook %q that is not there", a.LogicalID, m[2])
		}
		if a.Name != "fairlead-"+m[2] || used[m[2]] {
			t.Errorf("%s is named %s, and its runbook is %s: one name for both, and one runbook each", a.LogicalID, a.Name, m[2])
		}
		used[m[2]] = true
		for _, p := range parts {
			if ok && !strings.Contains(body, p) {
				t.Errorf("the runbook %s has no %s", m[2], p)
			}
		}
	}
	for title := range sections {
		if !used[title] {
			t.Errorf("the runbook %q is of no alarm", title)
		}
	}
}

func TestTheDashboardShowsMetricsThatExist(t *testing.T) {
	stack, shown := deployed(t), map[string]bool{}
	for _, body := range ours(t, nil).Dashboards {
		var d struct {
			Widgets []struct {
				X, Y, Width, Height int
				Properties          struct {
					Title, Stat string
					Metrics     [][]string
				}
			}
		}
		if err := json.Unmarshal([]byte(body), &d); err != nil || len(d.Widgets) == 0 {
			t.Fatal(err, body)
		}
		for _, w := range d.Widgets {
			if w.X+w.Width > 24 {
				t.Errorf("%s is wider than the dashboard", w.Properties.Title)
			}
			for _, line := range w.Properties.Metrics {
				m := template.MetricStat{Namespace: line[0], Name: line[1], Stat: w.Properties.Stat, Dimensions: map[string]string{}}
				for i := 2; i+1 < len(line); i += 2 {
					m.Dimensions[line[i]] = line[i+1]
				}
				shown[m.Name] = true
				if known, _ := obs.Lookup(obs.Name(m.Name)); m.Stat == "Maximum" && !known.Level {
					m.Stat = "Sum" // a count beside a level
				}
				if err := exists(m, stack); err != nil {
					t.Errorf("%s: %v", w.Properties.Title, err)
				}
			}
		}
	}
	if len(shown) < 20 {
		t.Errorf("%d metrics are shown", len(shown))
	}
}
