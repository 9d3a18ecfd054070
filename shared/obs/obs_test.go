package obs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// work runs a unit of work whose line is of a level, and returns the lines that were written.
func work(t *testing.T, configured string, level slog.Level, do func(context.Context)) []map[string]any {
	t.Helper()
	var b bytes.Buffer
	ctx, unit := Begin(t.Context())
	do(ctx)
	unit.End(ctx, Logger(&b, configured, "f", "stack-1"), level, "work", "tenant", "tn_1")
	var out []map[string]any
	for dec := json.NewDecoder(&b); ; {
		var line map[string]any
		if err := dec.Decode(&line); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			t.Fatal(err)
		}
		out = append(out, line)
	}
}

func TestUnit(t *testing.T) {
	t.Run("is one line with what was noted, how long it took and how long it waited", func(t *testing.T) {
		lines := work(t, "info", slog.LevelInfo, func(ctx context.Context) {
			Note(ctx, "outcome", "first")
			Note(ctx, "outcome", "last")
			var wait sync.WaitGroup
			for range 3 {
				wait.Go(func() { Waited(context.WithoutCancel(ctx), 2*time.Millisecond) })
			}
			wait.Wait()
		})
		if len(lines) != 1 || lines[0]["outcome"] != "last" || lines[0]["aws_ms"] != 6.0 || lines[0]["ms"] == nil || lines[0]["tenant"] != "tn_1" || lines[0]["function"] != "f" {
			t.Errorf("%v", lines)
		}
	})
	t.Run("says when under the key that Lambda reads, in a text that sorts", func(t *testing.T) {
		for _, configured := range []string{"info", "ERROR"} { // a line of its own, and one of metrics alone
			line := work(t, configured, slog.LevelInfo, func(ctx context.Context) { Measure(ctx, Requests, 1, "2xx") })[0]
			said, _ := line["timestamp"].(string)
			if at, err := time.Parse(time.RFC3339, said); err != nil || time.Since(at) > time.Minute || len(said) != len("2026-11-21T12:00:00.000000Z") || !strings.HasSuffix(said, "Z") {
				t.Errorf("timestamp is %q: %v", said, err)
			}
			if line["time"] != nil {
				t.Errorf("%v", line)
			}
		}
	})
	t.Run("one inside another is of its own", func(t *testing.T) {
		lines := work(t, "info", slog.LevelInfo, func(ctx context.Context) {
			inner, _ := Begin(ctx)
			Waited(inner, time.Second)
			Note(inner, "of", "inner")
		})
		if lines[0]["aws_ms"] != 0.0 || lines[0]["of"] != nil {
			t.Errorf("%v", lines)
		}
	})
	t.Run("outside of one nothing is kept", func(t *testing.T) {
		Note(t.Context(), "k", "v")
		Measure(t.Context(), Requests, 1, "2xx")
		Waited(t.Context(), time.Second)
	})
	t.Run("with a logger that is not ours it is a line without metrics", func(t *testing.T) {
		var b bytes.Buffer
		ctx, unit := Begin(t.Context())
		Measure(ctx, Requests, 1, "2xx")
		unit.End(ctx, slog.New(slog.NewJSONHandler(&b, nil)), slog.LevelInfo, "work")
		if !strings.Contains(b.String(), `"msg":"work"`) || strings.Contains(b.String(), "_aws") {
			t.Error(b.String())
		}
	})
}

func TestMetricsOnALine(t *testing.T) {
	t.Run("are members of the unit's own line", func(t *testing.T) {
		lines := work(t, "info", slog.LevelInfo, func(ctx context.Context) {
			Note(ctx, "carrier", "ups")
			Measure(ctx, Messages, 1, "standard")
			Measure(ctx, BookingsDone, 1, "") // of the carrier that is noted
			Measure(ctx, CarrierMs, 120, "")
			Measure(ctx, CarrierMs, 80, "")
			Measure(ctx, ClaimsRefused, 1, "")
			Measure(ctx, ClaimsRefused, 2, "")
		})
		if len(lines) != 1 {
			t.Fatalf("%d lines", len(lines))
		}
		got := lines[0]
		if got["Stack"] != "stack-1" || got["Queue"] != "standard" || got["Carrier"] != "ups" || got["BookingsDone"] != 1.0 || got["ClaimsRefused"] != 3.0 || !slices.Equal(got["CarrierMs"].([]any), []any{120.0, 80.0}) {
			t.Errorf("%v", got)
		}
		want := map[string]any{"CloudWatchMetrics": []any{
			map[string]any{"Namespace": "Fairlead", "Dimensions": []any{[]any{"Stack"}}, "Metrics": []any{map[string]any{"Name": "ClaimsRefused", "Unit": "Count"}}},
			map[string]any{"Namespace": "Fairlead", "Dimensions": []any{[]any{"Stack"}, []any{"Stack", "Queue"}}, "Metrics": []any{map[string]any{"Name": "Messages", "Unit": "Count"}}},
			map[string]any{"Namespace": "Fairlead", "Dimensions": []any{[]any{"Stack"}, []any{"Stack", "Carrier"}}, "Metrics": []any{map[string]any{"Name": "BookingsDone", "Unit": "Count"}, map[string]any{"Name": "CarrierMs", "Unit": "Milliseconds"}}},
		}}
		meta := got["_aws"].(map[string]any)
		if at, ok := meta["Timestamp"].(float64); !ok || time.Since(time.UnixMilli(int64(at))) > time.Minute {
			t.Errorf("at %v", meta["Timestamp"])
		}
		delete(meta, "Timestamp")
		if diff := cmp.Diff(want, meta); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("of a second queue are on a line of their own", func(t *testing.T) {
		lines := work(t, "info", slog.LevelInfo, func(ctx context.Context) {
			Measure(ctx, QueueDepth, 3, "urgent")
			Measure(ctx, QueueDepth, 5, "bulk")
			Measure(ctx, DeadLetters, 7, "bulk")
		})
		if len(lines) != 2 || lines[0]["QueueDepth"] != 3.0 || lines[1]["QueueDepth"] != 5.0 || lines[1]["DeadLetters"] != 7.0 || lines[1]["Queue"] != "bulk" || lines[1]["msg"] != "metrics" {
			t.Errorf("%v", lines)
		}
	})
	t.Run("without a value of their dimension are of the stack alone", func(t *testing.T) {
		lines := work(t, "info", slog.LevelInfo, func(ctx context.Context) { Measure(ctx, BookingsDone, 1, "") })
		if lines[0]["Carrier"] != nil || lines[0]["BookingsDone"] != 1.0 {
			t.Errorf("%v", lines)
		}
	})
	t.Run("are written where the line is below the level, and say a level that Lambda lets through", func(t *testing.T) {
		lines := work(t, "ERROR", slog.LevelInfo, func(ctx context.Context) { Measure(ctx, Requests, 1, "2xx") })
		if len(lines) != 1 || lines[0]["Requests"] != 1.0 || lines[0]["level"] != "ERROR" || lines[0]["tenant"] != nil {
			t.Errorf("%v", lines)
		}
		if lines := work(t, "ERROR", slog.LevelInfo, func(context.Context) {}); len(lines) != 0 {
			t.Errorf("%v", lines)
		}
	})
	t.Run("more values than a line may hold go to the next", func(t *testing.T) {
		lines := work(t, "info", slog.LevelInfo, func(ctx context.Context) {
			for i := range int64(250) {
				Measure(ctx, RelayMs, i, "")
			}
		})
		if len(lines) != 3 || len(lines[0]["RelayMs"].([]any)) != 100 || len(lines[2]["RelayMs"].([]any)) != 50 {
			t.Errorf("%d lines", len(lines))
		}
	})
}

// names are the constants of type Name in metrics.go.
func names(t *testing.T) []Name {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "metrics.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []Name
	ast.Inspect(f, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			if typ, ok := v.Type.(*ast.Ident); ok && typ.Name == "Name" {
				out = append(out, Name(strings.Trim(v.Values[0].(*ast.BasicLit).Value, `"`)))
			}
		}
		return true
	})
	return out
}

func TestTable(t *testing.T) {
	t.Run("has every name once", func(t *testing.T) {
		all := names(t)
		if len(all) == 0 || len(all) != len(Metrics) {
			t.Errorf("%d names, %d metrics", len(all), len(Metrics))
		}
		for _, n := range all {
			if m, ok := Lookup(n); !ok || m.Meaning == "" || m.From == "" {
				t.Errorf("%s is not explained", n)
			}
		}
	})
	// $0.30 a metric and month for the first 10,000, a metric being each combination of a name and its dimensions' values
	// (https://aws.amazon.com/cloudwatch/pricing/, read in November 2026).
	t.Run("has dimensions of few values, no tenant among them", func(t *testing.T) {
		most := 0
		for _, m := range Metrics {
			i := slices.IndexFunc(Dimensions, func(d Dimension) bool { return d.Name == m.Dimension })
			if m.Dimension != "" && i < 0 {
				t.Errorf("%s is by %s, which is no dimension of the table", m.Name, m.Dimension)
				continue
			}
			most++
			if i >= 0 {
				most += Dimensions[i].Most
			}
			if !slices.Contains([]Measured{Count, Milliseconds, Seconds}, m.Unit) {
				t.Errorf("%s is in %q", m.Name, m.Unit)
			}
		}
		if most > 300 {
			t.Errorf("up to %d metrics are paid for", most)
		}
		for _, d := range Dimensions {
			if d.Most > 10 || strings.Contains(strings.ToLower(fmt.Sprint(d)), "tenant") {
				t.Errorf("%v has too many values", d)
			}
		}
	})
}
