package obs

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Unit is one unit of work: what is noted of it, what is measured, how long it takes and how much of that it waits for AWS.
// It is safe for concurrent use.
type Unit struct {
	began  time.Time
	waited atomic.Int64

	mu       sync.Mutex
	notes    []slog.Attr
	measures []measure
}

// measure is one value of a metric. of is the value of the metric's own dimension, "" for what the unit's notes say.
type measure struct {
	name  Name
	of    string
	value int64
}

// unitKey finds the unit in a context.
type unitKey struct{}

// Begin begins a unit of work, which the context carries to whatever works for it.
func Begin(ctx context.Context) (context.Context, *Unit) {
	u := &Unit{began: time.Now()}
	return context.WithValue(ctx, unitKey{}, u), u
}

func of(ctx context.Context) *Unit {
	u, _ := ctx.Value(unitKey{}).(*Unit)
	return u
}

// Note puts an attribute on the line of the unit of work, if there is one; the last value of a key stays. Never a secret, and
// nothing of a person: no name, no address, and no words of a carrier, for carriers repeat what they were sent.
func Note(ctx context.Context, key string, value any) {
	u := of(ctx)
	if u == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for i := range u.notes {
		if u.notes[i].Key == key {
			u.notes[i].Value = slog.AnyValue(value)
			return
		}
	}
	u.notes = append(u.notes, slog.Any(key, value))
}

// Measure adds a value of a metric of the table to the unit of work, if there is one. of is the value of the metric's own
// dimension; "" takes what is noted under the dimension's name in lower case.
func Measure(ctx context.Context, name Name, value int64, dimension string) {
	u := of(ctx)
	if u == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.measures = append(u.measures, measure{name, dimension, value})
}

// Waited adds to the time that the unit of work, if there is one, waited for AWS. Of calls side by side each counts by itself.
func Waited(ctx context.Context, d time.Duration) {
	if u := of(ctx); u != nil {
		u.waited.Add(int64(d))
	}
}

// Took is how long the unit has taken so far.
func (u *Unit) Took() time.Duration { return time.Since(u.began) }

// Noted is what was noted under a key, "" when nothing was or it is no text.
func (u *Unit) Noted(key string) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.noted(key)
}

func (u *Unit) noted(key string) string {
	for _, a := range u.notes {
		if a.Key == key {
			return a.Value.String()
		}
	}
	return ""
}

// End writes the unit's one line: attrs, then what was noted, then ms, how long it took, and aws_ms, how much of that was
// waiting for AWS. Its metrics go to the same line, where the logger was made by Logger.
func (u *Unit) End(ctx context.Context, log *slog.Logger, level slog.Level, msg string, attrs ...any) {
	u.mu.Lock()
	defer u.mu.Unlock()
	r := slog.NewRecord(time.Now(), level, msg, 0)
	r.Add(attrs...)
	r.AddAttrs(u.notes...)
	r.AddAttrs(slog.Int64("ms", u.Took().Milliseconds()), slog.Int64("aws_ms", time.Duration(u.waited.Load()).Milliseconds()))
	h, ok := log.Handler().(handler)
	if !ok {
		if log.Enabled(ctx, level) {
			_ = log.Handler().Handle(ctx, r)
		}
		return
	}
	for i, m := range u.measures {
		if d := dimensionOf(m.name); m.of == "" && d != "" {
			u.measures[i].of = u.noted(strings.ToLower(d))
		}
	}
	h.write(ctx, r, u.measures)
}
