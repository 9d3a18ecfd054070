package callback

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/fairlead/fairlead/shared/obs"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
)

// EndpointLister lists a tenant's endpoints, of both modes, disabled ones included.
type EndpointLister interface {
	Endpoints(ctx context.Context, tenant string) ([]Endpoint, error)
}

// FanOut turns one event into one message per endpoint that wants it, so that from there on no endpoint waits
// for another. Its Handle consumes the queue `events`.
type FanOut struct {
	Endpoints EndpointLister
	Queue     queue.Sender
	Times     Times
	Now       func() time.Time

	cache  cache[[]Endpoint]
	sent   sync.Mutex
	partly map[string]map[string]bool // events that reached some endpoints but not all: which
}

// Handle is a queue.Handler. When an endpoint's message can't be sent the others are sent all the same and the
// event is received again; this process then leaves out those it has reached. Another process does not know
// them, so an event may be delivered twice, with the same id.
func (f *FanOut) Handle(ctx context.Context, m queue.Message) error {
	body, err := render(m.Envelope)
	if err != nil {
		return err
	}
	endpoints, err := f.endpoints(ctx, m.Tenant, m.Mode)
	if err != nil {
		return fmt.Errorf("reading callback endpoints: %w", err)
	}
	done := f.recall(m)
	sent, failed := 0, []error(nil)
	for _, e := range endpoints {
		if !e.Wants(m.Mode, m.Type) || done[e.ID] {
			continue
		}
		if err := f.send(ctx, m.Envelope, order{Endpoint: e.ID, Attempt: 1, Event: body}); err != nil {
			failed = append(failed, fmt.Errorf("endpoint %s: %w", e.ID, err))
			continue
		}
		sent++
		done[e.ID] = true
	}
	f.remember(m, done, len(failed) > 0)
	obs.Note(ctx, "sent", sent)
	obs.Note(ctx, "failed", len(failed))
	return errors.Join(failed...)
}

// send tries twice: one hiccup of the queue is no reason to receive the whole event again.
func (f *FanOut) send(ctx context.Context, e queue.Envelope, o order) error {
	message, err := enclose(e, o)
	if err != nil {
		return err
	}
	if f.Queue.Send(ctx, queue.Callbacks, message, 0) == nil {
		return nil
	}
	return f.Queue.Send(ctx, queue.Callbacks, message, 0)
}

// endpoints are the tenant's of one mode. Each mode is kept by itself: a tenant that has only tried things out in
// test mode gets its first live endpoint noticed as soon as anybody's first.
func (f *FanOut) endpoints(ctx context.Context, tenant string, mode ship.Mode) ([]Endpoint, error) {
	return f.cache.get(ctx, f.Now, tenant+"\x00"+string(mode), func(ctx context.Context) ([]Endpoint, time.Duration, error) {
		all, err := f.Endpoints.Endpoints(ctx, tenant)
		var ofMode []Endpoint
		for _, e := range all {
			if e.Mode == mode {
				ofMode = append(ofMode, e)
			}
		}
		if len(ofMode) == 0 {
			return nil, f.Times.KeepNone, err
		}
		return ofMode, f.Times.Keep, err
	})
}

func (f *FanOut) recall(m queue.Message) map[string]bool {
	f.sent.Lock()
	defer f.sent.Unlock()
	done := map[string]bool{}
	for id := range f.partly[partlyKey(m)] {
		done[id] = true
	}
	return done
}

// remember keeps what was reached only while something is missing.
func (f *FanOut) remember(m queue.Message, done map[string]bool, missing bool) {
	f.sent.Lock()
	defer f.sent.Unlock()
	if !missing {
		delete(f.partly, partlyKey(m))
		return
	}
	if f.partly == nil || len(f.partly) >= cacheSize {
		f.partly = map[string]map[string]bool{}
	}
	f.partly[partlyKey(m)] = done
}

func partlyKey(m queue.Message) string { return m.Tenant + "\x00" + m.ID }
