package sources

import (
	"context"
	"encoding/json"
	"math/big"
	"time"
)

const firstBackoff = 100 * time.Millisecond

// deliver has a batch handled, however often it takes: it goes on behind what the function reports as handled,
// halves a batch that fails as a whole when the source asks for it, and waits longer from try to try. Records
// are given up only when the source limits the retries. It is false when ctx ended first.
func (s *shard) deliver(ctx context.Context, batch []streamRecord) bool {
	tries, wait := 0, firstBackoff
	for len(batch) > 0 {
		if ctx.Err() != nil {
			return false
		}
		done, ok := s.attempt(ctx, batch)
		if done > 0 {
			s.save(ctx, mark{After: batch[done-1].seq})
			batch, tries, wait = batch[done:], 0, firstBackoff
		}
		if ok || len(batch) == 0 {
			continue
		}
		if tries++; s.Source.Retries >= 0 && tries > s.Source.Retries {
			s.Log.ErrorContext(ctx, "stream records given up", "table", s.Source.TableName, "function", s.Function, "records", len(batch), "first", batch[0].seq)
			s.save(ctx, mark{After: batch[len(batch)-1].seq})
			return true
		}
		if s.Source.Bisect && len(batch) > 1 && done == 0 {
			half := len(batch) / 2
			if !s.deliver(ctx, batch[:half]) {
				return false
			}
			s.save(ctx, mark{After: batch[half-1].seq})
			batch, tries, wait = batch[half:], 0, firstBackoff
			continue
		}
		if !pause(ctx, wait) {
			return false
		}
		wait = min(2*wait, s.BackoffMax)
	}
	return true
}

// attempt invokes the function once. done counts the records handled from the front; ok is false when the rest
// failed.
func (s *shard) attempt(ctx context.Context, batch []streamRecord) (done int, ok bool) {
	event, err := json.Marshal(map[string]any{"Records": batch})
	if err != nil {
		s.Log.ErrorContext(ctx, "event cannot be encoded", "table", s.Source.TableName, "error", err)
		return 0, false
	}
	res, err := s.Invoker.Invoke(context.WithoutCancel(ctx), s.Function, event)
	if err != nil || res.FunctionError != "" {
		if ctx.Err() == nil {
			s.Log.WarnContext(ctx, "stream batch failed", "table", s.Source.TableName, "function", s.Function, "records", len(batch), "answer", string(res.Payload), "error", err)
		}
		return 0, false
	}
	if !s.Source.ReportBatchItemFailures {
		return len(batch), true
	}
	ids, readable := failures(res.Payload)
	if !readable {
		s.Log.WarnContext(ctx, "answer about partial failures not understood: the whole batch failed", "table", s.Source.TableName, "answer", string(res.Payload))
		return 0, false
	}
	if len(ids) == 0 {
		return len(batch), true
	}
	return firstFailed(batch, ids), false
}

// firstFailed is the index of the first record of the batch that the function reported. Sequence numbers are
// integers of any length: as text, "9" would come after "10". An id that is no number fails the whole batch.
func firstFailed(batch []streamRecord, ids []string) int {
	var lowest *big.Int
	for _, id := range ids {
		n, ok := new(big.Int).SetString(id, 10)
		if !ok {
			return 0
		}
		if lowest == nil || n.Cmp(lowest) < 0 {
			lowest = n
		}
	}
	for i, r := range batch {
		if n, ok := new(big.Int).SetString(r.seq, 10); !ok || n.Cmp(lowest) >= 0 {
			return i
		}
	}
	return 0 // it names a record that is not in the batch
}
