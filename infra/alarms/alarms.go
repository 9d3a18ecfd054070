// Package alarms applies the alarms of infra/alarms.yaml to metrics: what CloudWatch would do with the log lines that the
// functions really write. Its tests hold every alarm against the metrics that exist, and against its runbook.
package alarms

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fairlead/fairlead/infra/local/template"
)

// Sample is values of one metric at one time. Values are what CloudWatch calculates with: they are no money and no weight.
type Sample struct {
	At              time.Time
	Namespace, Name string
	Unit            string
	Dimensions      map[string]string
	Values          []float64
}

// is tells whether a sample belongs to a metric: its dimensions are those exactly, as with CloudWatch, where a metric with
// fewer is another one.
func (s Sample) is(m template.MetricStat) bool {
	if s.Namespace != m.Namespace || s.Name != m.Name || len(s.Dimensions) != len(m.Dimensions) {
		return false
	}
	for k, v := range m.Dimensions {
		if got, ok := s.Dimensions[k]; !ok || got != v {
			return false
		}
	}
	return true
}

// The states of an alarm.
const (
	OK    = "OK"
	Alarm = "ALARM"
)

// Fired tells whether an alarm was in state ALARM at any time of a span. It is evaluated at the end of each of its periods, as
// CloudWatch does. What an alarm misses before the span began it does not hold against anybody: nothing ran.
func Fired(a template.Alarm, samples []Sample, from, to time.Time) (bool, error) {
	period, err := periodOf(a)
	if err != nil {
		return false, err
	}
	first := from.Truncate(period).Add(period)
	if a.Missing == "breaching" {
		first = first.Add(time.Duration(a.Periods) * period)
	}
	for at := first; !at.After(to.Truncate(period)); at = at.Add(period) {
		state, err := Evaluate(a, samples, at)
		if err != nil {
			return false, err
		}
		if state == Alarm {
			return true, nil
		}
	}
	return false, nil
}

// Evaluate tells the state of an alarm at the end of a period. It looks at as many periods as the alarm says and at no earlier
// ones; CloudWatch looks at a few more when data comes late, which changes nothing where missing data counts as one or the
// other. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
func Evaluate(a template.Alarm, samples []Sample, at time.Time) (string, error) {
	period, err := periodOf(a)
	if err != nil {
		return "", err
	}
	breaching := 0
	for i := range a.Periods {
		end := at.Add(-time.Duration(i) * period)
		value, there, err := datapoint(a, samples, end.Add(-period), end)
		if err != nil {
			return "", fmt.Errorf("alarm %s: %w", a.LogicalID, err)
		}
		beyond := a.Missing == "breaching"
		if there {
			if beyond, err = compare(a, value); err != nil {
				return "", err
			}
		}
		if beyond {
			breaching++
		}
	}
	if breaching >= a.Datapoints {
		return Alarm, nil
	}
	return OK, nil
}

// periodOf is the period of an alarm's metrics, which is one.
func periodOf(a template.Alarm) (time.Duration, error) {
	var period time.Duration
	for _, q := range a.Queries {
		if q.Expression != "" {
			continue
		}
		if period != 0 && q.Metric.Period != period {
			return 0, fmt.Errorf("alarm %s has metrics of several periods", a.LogicalID)
		}
		period = q.Metric.Period
	}
	if period <= 0 {
		return 0, fmt.Errorf("alarm %s has no period", a.LogicalID)
	}
	return period, nil
}

func compare(a template.Alarm, value float64) (bool, error) {
	switch a.Comparison {
	case "GreaterThanOrEqualToThreshold":
		return value >= a.Threshold, nil
	case "GreaterThanThreshold":
		return value > a.Threshold, nil
	case "LessThanThreshold":
		return value < a.Threshold, nil
	case "LessThanOrEqualToThreshold":
		return value <= a.Threshold, nil
	}
	return false, fmt.Errorf("alarm %s compares by %q", a.LogicalID, a.Comparison)
}

// datapoint is the value that an alarm compares for one period, and whether there is one.
func datapoint(a template.Alarm, samples []Sample, from, to time.Time) (float64, bool, error) {
	known := map[string]point{}
	var asked template.Query
	for _, q := range a.Queries {
		if q.Return {
			asked = q
		}
		if q.Expression == "" {
			v, there, err := statistic(q.Metric, samples, from, to)
			if err != nil {
				return 0, false, err
			}
			known[q.ID] = point{v, there}
		}
	}
	if asked.Expression == "" {
		p := known[asked.ID]
		return p.value, p.there, nil
	}
	p, err := calculate(asked.Expression, known)
	return p.value, p.there, err
}

// statistic is a metric's statistic over one period, and whether there was anything in it.
func statistic(m template.MetricStat, samples []Sample, from, to time.Time) (float64, bool, error) {
	var values []float64
	for _, s := range samples {
		if s.is(m) && !s.At.Before(from) && s.At.Before(to) {
			values = append(values, s.Values...)
		}
	}
	if len(values) == 0 {
		return 0, false, nil
	}
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	switch m.Stat {
	case "Sum":
		return sum, true, nil
	case "SampleCount":
		return float64(len(values)), true, nil
	case "Average":
		return sum / float64(len(values)), true, nil
	case "Maximum":
		return slices.Max(values), true, nil
	case "Minimum":
		return slices.Min(values), true, nil
	}
	percent, err := strconv.ParseFloat(strings.TrimPrefix(m.Stat, "p"), 64)
	if !strings.HasPrefix(m.Stat, "p") || err != nil {
		return 0, false, fmt.Errorf("statistic %q is none", m.Stat)
	}
	slices.SortFunc(values, cmp.Compare[float64])
	rank := int(math.Ceil(percent / 100 * float64(len(values))))
	return values[min(max(rank, 1), len(values))-1], true, nil
}
