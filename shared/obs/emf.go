package obs

import (
	"log/slog"
	"time"
)

// This file writes CloudWatch's embedded metric format: a line of JSON whose member _aws says which of its other members are
// metrics and which are their dimensions.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

// Namespace is that of all metrics.
const Namespace = "Fairlead"

// Stack is the dimension that all metrics have; each is there for the stack as a whole, and by its own dimension if it has one.
const Stack = "Stack"

// most is how many values of one metric a line may hold, by the specification.
const most = 100

// document is what one line can hold: a value for each dimension, values for each metric.
type document struct {
	at         time.Time
	dimensions []slog.Attr // Stack first
	metrics    []series
}

// series are the values of one metric in a document.
type series struct {
	Metric
	values []int64
}

// documents spreads measures over as few lines as their dimensions allow. Counts are added up.
func documents(measures []measure, stack string, at time.Time) []*document {
	var out []*document
	for _, m := range measures {
		metric, ok := Lookup(m.name)
		if !ok {
			continue // the tests know all names
		}
		if m.of == "" {
			metric.Dimension = ""
		}
		done := false
		for _, d := range out {
			if done = d.take(metric, m); done {
				break
			}
		}
		if !done {
			d := &document{at: at, dimensions: []slog.Attr{slog.String(Stack, stack)}}
			d.take(metric, m)
			out = append(out, d)
		}
	}
	return out
}

// take adds a measure, unless the document speaks of another carrier, queue or the like, or is full.
func (d *document) take(metric Metric, m measure) bool {
	known := metric.Dimension == ""
	for _, a := range d.dimensions {
		if a.Key == metric.Dimension {
			if a.Value.String() != m.of {
				return false
			}
			known = true
		}
	}
	at := -1
	for i, s := range d.metrics {
		if s.Name == metric.Name {
			if s.Dimension != metric.Dimension || metric.Unit != Count && len(s.values) >= most {
				return false
			}
			at = i
		}
	}
	if !known {
		d.dimensions = append(d.dimensions, slog.String(metric.Dimension, m.of))
	}
	switch {
	case at < 0:
		d.metrics = append(d.metrics, series{metric, []int64{m.value}})
	case metric.Unit == Count:
		d.metrics[at].values[0] += m.value
	default:
		d.metrics[at].values = append(d.metrics[at].values, m.value)
	}
	return true
}

// metadata is the member _aws.
type metadata struct {
	Timestamp         int64 // milliseconds since 1970
	CloudWatchMetrics []directive
}

// directive names metrics that have the same sets of dimensions.
type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []definition
}

type definition struct {
	Name Name
	Unit Measured
}

// attrs are the members of a line.
func (d *document) attrs() []slog.Attr {
	meta := metadata{Timestamp: d.at.UnixMilli()}
	out := make([]slog.Attr, 1, 1+len(d.dimensions)+len(d.metrics))
	out = append(out, d.dimensions...)
	for _, a := range d.dimensions {
		own, sets := a.Key, [][]string{{Stack}, {Stack, a.Key}}
		if a.Key == Stack {
			own, sets = "", sets[:1]
		}
		dir := directive{Namespace: Namespace, Dimensions: sets}
		for _, s := range d.metrics {
			if s.Dimension == own {
				dir.Metrics = append(dir.Metrics, definition{s.Name, s.Unit})
			}
		}
		if len(dir.Metrics) > 0 {
			meta.CloudWatchMetrics = append(meta.CloudWatchMetrics, dir)
		}
	}
	for _, s := range d.metrics {
		if len(s.values) == 1 {
			out = append(out, slog.Int64(string(s.Name), s.values[0]))
		} else {
			out = append(out, slog.Any(string(s.Name), s.values))
		}
	}
	out[0] = slog.Any("_aws", meta)
	return out
}
