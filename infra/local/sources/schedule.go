package sources

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"
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
	var id [16]byte
	_, _ = rand.Read(id[:])
	out, _ := json.Marshal(map[string]any{ // strings always encode
		"version": "0", "id": fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:]),
		"detail-type": "Scheduled Event", "source": "aws.events", "account": s.AccountID, "region": s.Region,
		"time": at.UTC().Format(time.RFC3339), "resources": []string{s.arn("events", "rule/"+s.Function)}, "detail": map[string]any{},
	})
	return out
}
