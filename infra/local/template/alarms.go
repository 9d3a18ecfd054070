package template

import (
	"strconv"
	"time"
)

// Alarm is a CloudWatch alarm. Of its queries one is compared with the threshold; an alarm on a plain metric has that one
// alone.
type Alarm struct {
	LogicalID, Name, Description string
	Queries                      []Query
	Periods                      int // how many are looked at
	Datapoints                   int // how many of them must be beyond the threshold
	Threshold                    float64
	Comparison                   string // GreaterThanOrEqualToThreshold and so on
	Missing                      string // TreatMissingData
	Actions                      []string
}

// Query is a metric with its statistic, or an expression over the other queries of the alarm.
type Query struct {
	ID         string
	Expression string // "" for a metric
	Metric     MetricStat
	Return     bool // it is compared with the threshold
}

// MetricStat is a statistic of a metric.
type MetricStat struct {
	Namespace, Name string
	Dimensions      map[string]string
	Stat            string // Sum, Maximum, p95 and so on
	Period          time.Duration
}

func (b *builder) alarm(res resource) error {
	r := &reader{n: res.props}
	a := Alarm{
		LogicalID: res.id, Name: r.str("AlarmName", true), Description: r.str("AlarmDescription", true), Periods: r.number("EvaluationPeriods", 0),
		Comparison: r.str("ComparisonOperator", true), Missing: r.str("TreatMissingData", true), Actions: r.list("AlarmActions"),
	}
	a.Datapoints = r.number("DatapointsToAlarm", a.Periods)
	var err error
	if a.Threshold, err = strconv.ParseFloat(r.str("Threshold", true), 64); err != nil {
		r.fail(res.props, "Threshold must be a number")
	}
	if queries := res.props.get("Metrics"); queries == nil {
		stat := r.str("Statistic", false)
		if stat == "" {
			stat = r.str("ExtendedStatistic", true)
		}
		a.Queries = []Query{{ID: "m", Metric: r.metric(res.props, stat, r.seconds("Period", 0)), Return: true}}
	} else {
		for _, q := range queries.items {
			a.Queries = append(a.Queries, r.query(q))
		}
	}
	b.t.Alarms = append(b.t.Alarms, a)
	return r.err
}

// query reads one of an alarm's Metrics.
func (r *reader) query(n *node) Query {
	qr := &reader{n: n, err: r.err}
	q := Query{ID: qr.str("Id", true), Expression: qr.str("Expression", false), Return: qr.flag("ReturnData", true)}
	if stat := n.get("MetricStat"); q.Expression == "" && stat != nil {
		sr := &reader{n: stat, err: qr.err}
		q.Metric = sr.metric(stat.get("Metric"), sr.str("Stat", true), sr.seconds("Period", 0))
		qr.err = sr.err
	} else if q.Expression == "" {
		qr.fail(n, "a query has an Expression or a MetricStat")
	}
	r.err = qr.err
	return q
}

// metric reads what names a metric.
func (r *reader) metric(n *node, stat string, period time.Duration) MetricStat {
	mr := &reader{n: n, err: r.err}
	m := MetricStat{Namespace: mr.str("Namespace", true), Name: mr.str("MetricName", true), Stat: stat, Period: period, Dimensions: map[string]string{}}
	if dims := n.get("Dimensions"); dims != nil {
		for _, d := range dims.items {
			m.Dimensions[text(d.get("Name"))] = text(d.get("Value"))
		}
	}
	r.err = mr.err
	return m
}

func (b *builder) dashboard(res resource) error {
	r := &reader{n: res.props}
	b.t.Dashboards = append(b.t.Dashboards, r.str("DashboardBody", true))
	return r.err
}
