package callback

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/fairlead/fairlead/shared/obs"
	"github.com/fairlead/fairlead/shared/queue"
)

// EndpointReader reads one endpoint, or ErrNoEndpoint.
type EndpointReader interface {
	Endpoint(ctx context.Context, tenant, id string) (Endpoint, error)
}

// Recorder keeps what became of deliveries.
type Recorder interface {
	// RecordDelivery writes d once. It returns ErrDelivered, and changes nothing, when the event is known to be
	// delivered, later than d is to be written over, and d says otherwise.
	RecordDelivery(ctx context.Context, tenant string, d Delivery) error
	// DisableEndpoint stops everything for an endpoint that still has this URL.
	DisableEndpoint(ctx context.Context, tenant, endpoint, url string) error
}

// Opener opens what Sealer sealed.
type Opener interface {
	Open(ctx context.Context, tenant, purpose, id string, sealed []byte) ([]byte, error)
}

// Deliverer makes attempts. Its Handle consumes `callbacks` and `callback-retries`.
type Deliverer struct {
	Endpoints EndpointReader
	Records   Recorder
	Box       Opener
	Queue     queue.Sender
	Client    *Client
	Times     Times
	Jitter    func(time.Duration) time.Duration // Spread in functions
	Now       func() time.Time

	cache cache[target]
}

// target is an endpoint ready for use.
type target struct {
	Endpoint
	keys  []key
	found bool
}

// PerEndpoint is how many attempts of a batch may run at once against one endpoint (queue.Consumer.PerGroup).
const PerEndpoint = 2

// Group names the endpoint a message is for (queue.Consumer.Group); "" when it can't be told.
func Group(m queue.Message) string {
	var o order
	if json.Unmarshal(m.Data, &o) != nil {
		return ""
	}
	return o.Endpoint
}

// attempt is one message at work.
type attempt struct {
	queue.Message
	order
	event   string // its type
	began   time.Time
	outcome string // for the log
}

// Handle is a queue.Handler. It makes one attempt, records it, and when it failed sends the next one to
// `callback-retries`. The healthy path writes once and reads nothing while the process is warm.
//
// Delivery is at least once: when the receiver has accepted the event but the record can't be written, the message
// is received again and so is the event, with the same id and the same bytes.
func (d *Deliverer) Handle(ctx context.Context, m queue.Message) error {
	o, p, err := open(m.Envelope)
	if err != nil {
		return err
	}
	a := &attempt{Message: m, order: o, event: p.Type, began: d.Now()}
	if !m.Deadline.IsZero() && m.Deadline.Sub(a.began) < d.Times.Total+d.Times.Total/4 {
		// It waited for its endpoint's turn. Begun now it might be killed halfway; this costs no attempt.
		a.outcome = "deferred"
		d.note(ctx, a, answer{})
		return d.again(ctx, a, a.Attempt, 0)
	}
	to, err := d.target(ctx, m.Tenant, o.Endpoint)
	if err != nil {
		return fmt.Errorf("reading callback endpoint %s: %w", o.Endpoint, err)
	}
	var got answer
	switch {
	case !to.found || to.Mode != m.Mode:
		got.Reason, a.Attempt = ReasonUnknown, a.Attempt-1 // no attempt is made
	case to.Disabled:
		got.Reason, a.Attempt = ReasonDisabled, a.Attempt-1
	default:
		got = d.Client.post(ctx, to.URL, m.ID, o.Event, live(to.keys, a.began))
		obs.Measure(ctx, obs.CallbackMs, d.Now().Sub(a.began).Milliseconds(), "")
	}
	err = d.settle(ctx, a, to, got)
	d.note(ctx, a, got)
	return err
}

// settle turns what happened into a record and what follows from it.
func (d *Deliverer) settle(ctx context.Context, a *attempt, to target, got answer) error {
	switch {
	case got.Reason == "":
		a.outcome = "delivered"
		return d.record(ctx, a, Delivered, got)
	case got.Reason == ReasonUnknown, got.Reason == ReasonDisabled:
		a.outcome = "failed"
		return ignoreDelivered(d.record(ctx, a, Failed, got))
	case got.Reason == ReasonGone:
		a.outcome = "gone"
		err := errors.Join(ignoreDelivered(d.record(ctx, a, Failed, got)), d.Records.DisableEndpoint(ctx, a.Tenant, a.Endpoint, to.URL))
		d.cache.drop(cacheKey(a.Tenant, a.Endpoint))
		return err
	case a.Attempt >= d.Times.Attempts():
		a.outcome = "failed"
		return ignoreDelivered(d.record(ctx, a, Failed, got))
	}
	a.outcome = "retry"
	// The record first: were it the other way round, a refused write would bring this message back beside the
	// retry it had already sent, and there would be two chains of attempts.
	if err := d.record(ctx, a, Pending, got); errors.Is(err, ErrDelivered) {
		a.outcome = "delivered_before" // by a copy of this message, or a replay: nothing is left to do
		return nil
	} else if err != nil {
		return err
	}
	return d.again(ctx, a, a.Attempt+1, d.Times.pause(a.Attempt, got.RetryAfter, d.Jitter))
}

func (d *Deliverer) record(ctx context.Context, a *attempt, s State, got answer) error {
	err := d.Records.RecordDelivery(ctx, a.Tenant, Delivery{
		Endpoint: a.Endpoint, EventID: a.ID, OccurredAt: a.OccurredAt, Type: a.event, Shipment: a.Shipment,
		State: s, Attempt: a.Attempt, Status: got.Status, Reason: got.Reason, Answer: got.Head, At: d.Now(), Over: a.Again,
	})
	if err != nil {
		return fmt.Errorf("recording delivery of %s to %s: %w", a.ID, a.Endpoint, err)
	}
	return nil
}

func ignoreDelivered(err error) error {
	if errors.Is(err, ErrDelivered) {
		return nil
	}
	return err
}

// again sends the message as attempt n to the queue of retries.
func (d *Deliverer) again(ctx context.Context, a *attempt, n int, delay time.Duration) error {
	o := a.order
	o.Attempt = n
	e, err := enclose(a.Envelope, o)
	if err != nil {
		return err
	}
	if err := d.Queue.Send(ctx, queue.CallbackRetries, e, delay); err != nil {
		return fmt.Errorf("sending the next attempt of %s to %s: %w", a.ID, a.Endpoint, err)
	}
	return nil
}

// target reads an endpoint and opens its secrets, at most once per Times.Keep and process.
func (d *Deliverer) target(ctx context.Context, tenant, id string) (target, error) {
	return d.cache.get(ctx, d.Now, cacheKey(tenant, id), func(ctx context.Context) (target, time.Duration, error) {
		e, err := d.Endpoints.Endpoint(ctx, tenant, id)
		if errors.Is(err, ErrNoEndpoint) {
			return target{}, d.Times.KeepNone, nil
		}
		if err != nil {
			return target{}, 0, err
		}
		keys, err := openKeys(ctx, d.Box, tenant, e, d.Now())
		if err != nil {
			return target{}, 0, err
		}
		return target{Endpoint: e, keys: keys, found: true}, d.Times.Keep, nil
	})
}

func cacheKey(tenant, id string) string { return tenant + "\x00" + id }

// note puts what became of an attempt on its message's line. It never holds a URL, a secret or a body.
func (d *Deliverer) note(ctx context.Context, a *attempt, got answer) {
	obs.Measure(ctx, obs.Callbacks, 1, a.outcome)
	obs.Note(ctx, "outcome", a.outcome)
	obs.Note(ctx, "endpoint", a.Endpoint)
	obs.Note(ctx, "event", a.event)
	obs.Note(ctx, "attempt", a.Attempt)
	obs.Note(ctx, "status", got.Status)
	obs.Note(ctx, "reason", got.Reason)
}
