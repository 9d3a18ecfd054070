package boot

import (
	"context"
	"log/slog"

	"github.com/fairlead/fairlead/shared/obs"
)

// Operator is an operator's operation, which is invoked and has no route. Each call writes one line; what it was asked and
// what it answered may hold secrets, and is in none.
func Operator[In, Out any](a *App, operation string, do func(context.Context, In) (Out, error)) func(context.Context, In) (Out, error) {
	return func(ctx context.Context, in In) (Out, error) {
		ctx, unit := obs.Begin(ctx)
		out, err := do(ctx, in)
		level, outcome := slog.LevelInfo, "done"
		if err != nil {
			level, outcome = slog.LevelWarn, "failed"
			obs.Note(ctx, "error", err.Error())
		}
		obs.Measure(ctx, obs.Operations, 1, outcome)
		unit.End(ctx, a.Log, level, "operator call", "operation", operation, "outcome", outcome)
		return out, err
	}
}
