package alarms

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/infra/local/template"
)

// now is the end of a period of any alarm.
var now = time.Unix(1_800_000_000, 0)

// minutes makes one sample a minute up to now, the last value in the last minute.
func minutes(m template.MetricStat, values ...float64) []Sample {
	var out []Sample
	for i, v := range values {
		at := now.Add(-time.Duration(len(values)-i) * time.Minute)
		out = append(out, Sample{At: at, Namespace: m.Namespace, Name: m.Name, Dimensions: m.Dimensions, Values: []float64{v}})
	}
	return out
}

func TestEvaluate(t *testing.T) {
	metric := template.MetricStat{Namespace: "N", Name: "M", Stat: "Sum", Period: time.Minute, Dimensions: map[string]string{"Stack": "s"}}
	alarm := func(change func(*template.Alarm)) template.Alarm {
		a := template.Alarm{LogicalID: "A", Queries: []template.Query{{ID: "m", Metric: metric, Return: true}}, Periods: 3, Datapoints: 2, Threshold: 10, Comparison: "GreaterThanOrEqualToThreshold", Missing: "notBreaching"}
		change(&a)
		return a
	}
	same := func(*template.Alarm) {}
	missing := func(a *template.Alarm) { a.Missing = "breaching" }
	for name, c := range map[string]struct {
		alarm   template.Alarm
		samples []Sample
		want    string
	}{
		"two of three are enough":                   {alarm(same), minutes(metric, 10, 0, 11), Alarm},
		"one of three is not":                       {alarm(same), minutes(metric, 0, 0, 11), OK},
		"what is longer ago is forgotten":           {alarm(same), minutes(metric, 50, 50, 0, 0, 11), OK},
		"what is missing is no trouble":             {alarm(same), nil, OK},
		"what is missing is trouble, if so said":    {alarm(missing), nil, Alarm},
		"one of two that are missing is none":       {alarm(missing), minutes(metric, 0, 0), OK},
		"fewer than the threshold":                  {alarm(func(a *template.Alarm) { a.Comparison = "LessThanThreshold" }), minutes(metric, 9, 9, 9), Alarm},
		"as many is not fewer":                      {alarm(func(a *template.Alarm) { a.Comparison = "LessThanThreshold" }), minutes(metric, 10, 10, 10), OK},
		"another dimension's values are not ours":   {alarm(same), minutes(with(metric, "Queue", "bulk"), 50, 50, 50), OK},
		"the sum of a period is compared":           {alarm(same), slices.Concat(minutes(metric, 5, 5, 5), minutes(metric, 5, 5, 5)), Alarm},
		"the largest of a period is compared":       {alarm(func(a *template.Alarm) { a.Queries[0].Metric.Stat = "Maximum" }), slices.Concat(minutes(metric, 5, 5, 5), minutes(metric, 9, 9, 9)), OK},
		"a percentile leaves out what is beyond it": {alarm(func(a *template.Alarm) { a.Queries[0].Metric.Stat = "p50" }), slices.Concat(minutes(metric, 5, 5, 5), minutes(metric, 5, 5, 5), minutes(metric, 99, 99, 99)), OK},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := Evaluate(c.alarm, c.samples, now); err != nil || got != c.want {
				t.Errorf("%s, want %s (%v)", got, c.want, err)
			}
		})
	}
}

func with(m template.MetricStat, dimension, value string) template.MetricStat {
	m.Dimensions = maps.Clone(m.Dimensions)
	m.Dimensions[dimension] = value
	return m
}

func TestCalculate(t *testing.T) {
	known := map[string]point{"a": {30, true}, "b": {4, true}, "none": {}}
	for expression, want := range map[string]point{
		"a + b * 2 - 1": {37, true}, "(a + b) / 2": {17, true}, "100 * b / a": {400.0 / 30, true},
		"a / 0": {}, "a + none": {}, "FILL(none, 7) + b": {11, true}, "FILL(a, 7)": {30, true},
		"IF(a >= 30, b, 0)": {4, true}, "IF(a > 30, b, 0)": {0, true}, "IF(none >= 1, b, 0)": {}, "IF(b < 5, none, 0)": {},
		"MAX([a, b, none])": {30, true}, "MAX([none])": {},
	} {
		t.Run(expression, func(t *testing.T) {
			got, err := calculate(expression, known)
			if !got.there {
				got.value = 0
			}
			if err != nil || got != want {
				t.Errorf("%v, want %v (%v)", got, want, err)
			}
		})
	}
	for _, wrong := range []string{"", "c", "a +", "a b", "FILL(a)", "IF(a, b)", "MAX(a)", "AVG([a])", "(a", "a)"} {
		t.Run("refuses "+wrong, func(t *testing.T) {
			if got, err := calculate(wrong, known); err == nil {
				t.Errorf("%v", got)
			}
		})
	}
}

func TestRead(t *testing.T) {
	const good = `{"msg":"x","Stack":"s","Queue":"bulk","Depth":3,"Ms":[1,2],"_aws":{"Timestamp":1800000000000,"CloudWatchMetrics":[
		{"Namespace":"N","Dimensions":[["Stack"],["Stack","Queue"]],"Metrics":[{"Name":"Depth","Unit":"Count"}]},{"Namespace":"N","Dimensions":[["Stack"]],"Metrics":[{"Name":"Ms","Unit":"Milliseconds"}]}]}}`
	t.Run("every metric is there by each set of its dimensions", func(t *testing.T) {
		got, err := Read([]byte(good))
		want := []Sample{
			{now, "N", "Depth", "Count", map[string]string{"Stack": "s"}, []float64{3}},
			{now, "N", "Depth", "Count", map[string]string{"Stack": "s", "Queue": "bulk"}, []float64{3}},
			{now, "N", "Ms", "Milliseconds", map[string]string{"Stack": "s"}, []float64{1, 2}},
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Error(err, diff)
		}
	})
	t.Run("a line without metrics has none", func(t *testing.T) {
		for _, line := range []string{"START RequestId: 1", `{"msg":"x"}`, ""} {
			if got, err := Read([]byte(line)); err != nil || got != nil {
				t.Errorf("%q: %v, %v", line, got, err)
			}
		}
	})
	for what, change := range map[string][2]string{
		"a dimension that is missing": {`"Queue":"bulk"`, `"queue":"bulk"`}, "a dimension that is no text": {`"bulk"`, `7`},
		"a metric that is missing": {`"Depth":3,`, ``}, "a metric that is no number": {`"Depth":3`, `"Depth":"3"`}, "no time": {`1800000000000`, `0`},
	} {
		t.Run(what+" is an error", func(t *testing.T) {
			if got, err := Read([]byte(strings.Replace(good, change[0], change[1], 1))); err == nil {
				t.Errorf("%v", got)
			}
		})
	}
}

// values are what AWS's own metrics would have to be: for each alarm on them, what it must bear and what must set it off. That
// AWS emits these values then is AWS's word (OfAWS has where); nothing here shows it.
var values = map[string]struct{ calm, cause []float64 }{
	"FunctionErrors":    {[]float64{0, 1, 0, 1, 2}, []float64{0, 0, 2, 1, 2}},
	"FunctionThrottles": {[]float64{0, 0, 0, 0, 0}, []float64{0, 0, 0, 1, 0}},
	"RelayBehind":       {[]float64{300, 90_000, 70_000, 1200, 900}, []float64{300, 70_000, 110_000, 300, 200_000}},
	"QueuesStuck":       {[]float64{3599, 3599, 3599}, []float64{3600, 3900, 4200}},
}

func TestAlarmsOnMetricsOfAWS(t *testing.T) {
	for _, a := range ours(t, nil).Alarms {
		i := slices.IndexFunc(a.Queries, func(q template.Query) bool { return strings.HasPrefix(q.Metric.Namespace, "AWS/") })
		v, there := values[a.LogicalID]
		if _, beside := besideOurs[a.LogicalID]; beside {
			continue
		}
		if (i >= 0) != there {
			t.Errorf("%s is on a metric of AWS %v, and has values %v", a.LogicalID, i >= 0, there)
		}
		if i < 0 {
			continue
		}
		t.Run(a.LogicalID, func(t *testing.T) {
			for want, given := range map[string][]float64{OK: v.calm, Alarm: v.cause} {
				for _, q := range a.Queries[i:] { // whichever function or queue it is
					if q.Expression != "" {
						continue
					}
					samples := minutes(q.Metric, given...)
					if q.Metric.Period > time.Minute && a.Periods > 1 {
						samples = spread(q.Metric, given)
					}
					if got, err := Evaluate(a, samples, now); err != nil || got != want {
						t.Errorf("%s with %v of %v, want %s (%v)", got, given, q.Metric.Dimensions, want, err)
					}
				}
			}
		})
	}
}

// besideOurs are sums of five minutes, by the ids of the queries, for the alarms that hold a metric of AWS against ours.
var besideOurs = map[string]map[string]struct {
	sums map[string]float64
	want string
}{
	"GatewayErrors": {
		"nothing failed":                           {nil, OK},
		"all failures are answers of functions":    {map[string]float64{"failed": 500, "ours": 498}, OK},
		"a carrier that can't be asked":            {map[string]float64{"failed": 500, "carriers": 490}, OK},
		"four that no function answered":           {map[string]float64{"failed": 4}, OK},
		"five that no function answered":           {map[string]float64{"failed": 5}, Alarm},
		"some of them beside those of a carrier":   {map[string]float64{"failed": 60, "ours": 10, "carriers": 40}, Alarm},
		"answers of two periods, counted in other": {map[string]float64{"failed": 1000, "carriers": 960}, OK},
	},
	"GatewayRefuses": {
		"nothing is refused":                            {map[string]float64{"requests": 1000}, OK},
		"all are refused by functions":                  {map[string]float64{"requests": 1000, "refused": 900, "ours": 500, "limited": 400}, OK},
		"few of a few":                                  {map[string]float64{"requests": 99, "refused": 99}, OK},
		"a hundred of many":                             {map[string]float64{"requests": 1000, "refused": 110}, OK},
		"a hundred of few":                              {map[string]float64{"requests": 300, "refused": 100}, Alarm},
		"the gateway refuses more beside functions":     {map[string]float64{"requests": 1000, "refused": 500, "ours": 200, "limited": 50}, Alarm},
		"the usage plan is used up, none comes through": {map[string]float64{"requests": 4000, "refused": 4000}, Alarm},
	},
}

func TestAlarmsOnMetricsOfAWSBesideOurs(t *testing.T) {
	for _, a := range ours(t, nil).Alarms {
		for name, c := range besideOurs[a.LogicalID] {
			t.Run(a.LogicalID+": "+name, func(t *testing.T) {
				var samples []Sample
				for _, q := range a.Queries {
					v, there := c.sums[q.ID]
					switch {
					case !there:
					case q.Metric.Stat == "SampleCount":
						one := minutes(q.Metric, 1)[0]
						one.Values = slices.Repeat([]float64{1}, int(v))
						samples = append(samples, one)
					default:
						samples = append(samples, minutes(q.Metric, v)...)
					}
				}
				if got, err := Evaluate(a, samples, now); err != nil || got != c.want {
					t.Errorf("%s, want %s (%v)", got, c.want, err)
				}
			})
		}
	}
}

// spread makes one sample a period up to now.
func spread(m template.MetricStat, values []float64) []Sample {
	out := minutes(m, values...)
	for i := range out {
		out[i].At = now.Add(-time.Duration(len(out)-i) * m.Period)
	}
	return out
}
