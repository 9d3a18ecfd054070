package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/fairlead/fairlead/infra/local/demo"
)

// arrival is one order that came at its time, whatever had become of those before it.
type arrival struct {
	request string
	at      time.Time     // when it was to be sent
	took    time.Duration // from then to its answer
	id      string
	err     error
}

// arrive orders at a rate for a time: an open loop, for a client that waits for its answers hides what is slow.
func (s *shop) arrive(ctx context.Context, name, service string, perSecond int, d time.Duration) []arrival {
	out := schedule(name, time.Now(), perSecond, d)
	var wg sync.WaitGroup
	for i := range out {
		a := &out[i]
		if !pause(ctx, time.Until(a.at)) {
			a.err = ctx.Err()
			continue
		}
		wg.Go(func() {
			a.id, a.err = s.create(ctx, a.request, demo.Order(a.request, service, s.account))
			a.took = time.Since(a.at)
		})
	}
	wg.Wait()
	return out
}

// schedule is what is to come from a time on, at even distances.
func schedule(name string, began time.Time, perSecond int, d time.Duration) []arrival {
	out := make([]arrival, int64(d)*int64(perSecond)/int64(time.Second))
	for i := range out {
		out[i] = arrival{request: fmt.Sprintf("%s-%d", name, i), at: began.Add(time.Duration(i) * time.Second / time.Duration(perSecond))}
	}
	return out
}

// accepted are the ids of those that were.
func accepted(all []arrival) []string {
	var ids []string
	for _, a := range all {
		if a.err == nil {
			ids = append(ids, a.id)
		}
	}
	return ids
}

// pause waits for d; it is false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
