package sources

import (
	"context"
	"encoding/json"
	"time"

	"github.com/fairlead/fairlead/infra/local/runtime"
)

// Schedule invokes a function at a fixed interval, the first time one interval after the start, as a rate
// expression does. An invocation that outlasts the interval makes the next one wait.
type Schedule struct {
	Place
	Target
	Every time.Duration
}

// Run invokes until ctx ends, and then until the invocation that runs is done.
func (s *Schedule) Run(ctx context.Context) {
	tick := time.NewTicker(s.Every)
	defer tick.Stop()
	for {
		select {
		case at := <-tick.C:
			res, err := s.Invoker.Invoke(context.WithoutCancel(ctx), s.Function, s.event(at))
			if err != nil || res.FunctionError != "" {
				s.Log.WarnContext(ctx, "scheduled invocation failed", "function", s.Function, "answer", string(res.Payload), "error", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

func (s *Schedule) event(at time.Time) []byte {
	out, _ := json.Marshal(map[string]any{ // strings always encode
		"version": "0", "id": runtime.NewID(),
		"detail-type": "Scheduled Event", "source": "aws.events", "account": s.AccountID, "region": s.Region,
		"time": at.UTC().Format(time.RFC3339), "resources": []string{s.arn("events", "rule/"+s.Function)}, "detail": map[string]any{},
	})
	return out
}
