// Package sources invokes functions with what queues, streams and schedules hold, as Lambda's event source
// mappings do, with the same batches, partial failures and retries.
package sources

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/fairlead/fairlead/infra/local/runtime"
)

// Invoker runs a function by its deployed name.
type Invoker interface {
	Invoke(ctx context.Context, function string, payload []byte) (runtime.Result, error)
}

// Place is where everything is, as ARNs say it.
type Place struct{ Region, AccountID string }

func (p Place) arn(service, resource string) string {
	return "arn:aws:" + service + ":" + p.Region + ":" + p.AccountID + ":" + resource
}

// Target is the function a source invokes.
type Target struct {
	Function string // as deployed
	Invoker  Invoker
	Log      *slog.Logger
}

// partial is what a function answers about a batch.
type partial struct {
	BatchItemFailures []struct {
		ItemIdentifier string `json:"itemIdentifier"`
	} `json:"batchItemFailures"`
}

// failures reads the answer of a function that reports partial failures. As in Lambda an empty answer, null and
// an empty list are success, and an answer that does not parse or names nothing is failure of the whole batch
// (ok is false).
func failures(answer []byte) (ids []string, ok bool) {
	if len(answer) == 0 || string(answer) == `""` || string(answer) == "null" {
		return nil, true
	}
	var p partial
	if err := json.Unmarshal(answer, &p); err != nil {
		return nil, false
	}
	for _, f := range p.BatchItemFailures {
		if f.ItemIdentifier == "" {
			return nil, false
		}
		ids = append(ids, f.ItemIdentifier)
	}
	return ids, true
}

// pause waits for d; it is false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
