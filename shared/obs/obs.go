// Package obs is what an operator sees: one structured line for each unit of work (a request, a message, a batch of the
// stream, a run of the schedule), and the metrics that CloudWatch takes from those lines.
package obs

import (
	"context"
	"io"
	"log/slog"
)

// Logger writes JSON lines at a level ("debug", "info", "warn", "error"; anything else is info). stack is the dimension that
// all metrics have.
func Logger(w io.Writer, level, function, stack string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	h := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l, ReplaceAttr: stamp})
	return slog.New(handler{h, l, stack}).With("function", function)
}

// stamp writes the time as Lambda asks for it: one of RFC 3339 under the key timestamp. A line without is taken for INFO
// whatever its level, and dropped where LogLevel is WARN or ERROR. All are equally long, so that they sort as text.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
func stamp(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey && a.Value.Kind() == slog.KindTime {
		return slog.String("timestamp", a.Value.Time().UTC().Format("2006-01-02T15:04:05.000000Z07:00"))
	}
	return a
}

// handler is a handler of lines that takes metrics too.
type handler struct {
	slog.Handler
	level slog.Level
	stack string
}

// WithAttrs implements slog.Handler.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.Handler = h.Handler.WithAttrs(attrs)
	return h
}

// WithGroup implements slog.Handler.
func (h handler) WithGroup(name string) slog.Handler {
	h.Handler = h.Handler.WithGroup(name)
	return h
}

// write writes a unit's line with as many of its metrics as one line can hold, and the rest in lines of their own. A line
// below the level is left out, its metrics never are. Lambda drops lines by their level too, and takes a line that says none
// for INFO; so metrics alone say the level that is configured.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
func (h handler) write(ctx context.Context, r slog.Record, measures []measure) {
	all := documents(measures, h.stack, r.Time)
	if h.Enabled(ctx, r.Level) {
		if len(all) > 0 {
			r.AddAttrs(all[0].attrs()...)
			all = all[1:]
		}
		_ = h.Handle(ctx, r)
	}
	for _, d := range all {
		alone := slog.NewRecord(r.Time, max(h.level, slog.LevelInfo), "metrics", 0)
		alone.AddAttrs(d.attrs()...)
		_ = h.Handle(ctx, alone)
	}
}
