package alarms

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Read takes the metrics out of a log line in the embedded metric format, as CloudWatch does; a line without any has none. What
// CloudWatch would leave out is an error here.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func Read(line []byte) ([]Sample, error) {
	var root map[string]json.RawMessage
	if json.Unmarshal(line, &root) != nil || root["_aws"] == nil {
		return nil, nil // no JSON, such as the platform's own lines, or nothing measured
	}
	var meta struct {
		Timestamp         int64
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	}
	if err := json.Unmarshal(root["_aws"], &meta); err != nil {
		return nil, fmt.Errorf("_aws: %w", err)
	}
	if meta.Timestamp <= 0 || len(meta.CloudWatchMetrics) == 0 {
		return nil, fmt.Errorf("_aws has no Timestamp or no CloudWatchMetrics: %s", root["_aws"])
	}
	var out []Sample
	for _, d := range meta.CloudWatchMetrics {
		for _, set := range d.Dimensions {
			values, err := dimensions(root, set)
			if err != nil {
				return nil, err
			}
			for _, m := range d.Metrics {
				s := Sample{At: time.UnixMilli(meta.Timestamp), Namespace: d.Namespace, Name: m.Name, Unit: m.Unit, Dimensions: values}
				if s.Values, err = numbers(root[m.Name]); err != nil {
					return nil, fmt.Errorf("%s: %w", m.Name, err)
				}
				out = append(out, s)
			}
		}
	}
	return out, nil
}

// dimensions are the values of a set of dimensions: texts at the root of the line.
func dimensions(root map[string]json.RawMessage, set []string) (map[string]string, error) {
	if len(set) > 30 {
		return nil, fmt.Errorf("%d dimensions", len(set))
	}
	out := map[string]string{}
	for _, name := range set {
		var v string
		if err := json.Unmarshal(root[name], &v); err != nil || v == "" {
			return nil, fmt.Errorf("dimension %s is no text at the root: %s", name, root[name])
		}
		out[name] = v
	}
	return out, nil
}

// numbers are the values of a metric: one, or up to a hundred.
func numbers(raw json.RawMessage) ([]float64, error) {
	var one float64
	if json.Unmarshal(raw, &one) == nil && string(raw) != "null" {
		return []float64{one}, nil
	}
	var many []float64
	if err := json.Unmarshal(raw, &many); err != nil || len(many) == 0 || len(many) > 100 {
		return nil, fmt.Errorf("no number, and no list of 1 to 100: %.100s", raw)
	}
	return many, nil
}

// Stretch makes times that passed so much faster than they will those of a deployed stack: the local stack's short times are a
// twentieth. Times are counted from a beginning.
func Stretch(samples []Sample, begin time.Time, factor int) []Sample {
	out := slices.Clone(samples)
	for i := range out {
		out[i].At = begin.Add(time.Duration(factor) * out[i].At.Sub(begin))
		out[i].Dimensions = maps.Clone(out[i].Dimensions)
	}
	return out
}
