// Package obs is what an operator sees: structured log lines.
package obs

import (
	"io"
	"log/slog"
	"time"
)

// Logger writes JSON lines at a level ("debug", "info", "warn", "error"; anything else is info).
func Logger(w io.Writer, level, function string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	h := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey && a.Value.Kind() == slog.KindTime {
			a.Value = slog.StringValue(a.Value.Time().UTC().Format(time.RFC3339Nano))
		}
		return a
	}})
	return slog.New(h).With("function", function)
}
