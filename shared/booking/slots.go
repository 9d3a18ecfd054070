package booking

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/obs"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
)

// Slots hands out the times at which a carrier may be asked to book, one after the other, to the whole fleet
// (ratelimit.Slots).
type Slots interface {
	// Reserve gives the next one. ok is false when that is further away than a message can wait; at is when it would be.
	Reserve(ctx context.Context, key string, every time.Duration) (at time.Time, ok bool, err error)
	// Push keeps everybody from slots until a time.
	Push(ctx context.Context, key string, until time.Time) error
	// Pushed is until when this process has done so.
	Pushed(key string) time.Time
}

// Postponer moves when wake looks at a shipment (WAKE). It returns *Refused when that has been moved meanwhile.
type Postponer interface {
	Wake(ctx context.Context, tenant string, mode ship.Mode, id string, seen, next time.Time) error
}

// permitLife is how long after its time a slot may still be used. What comes later, after a crash or from a queue that
// stood still, gets another: slots that were all missed must not be used all at once.
const permitLife = time.Minute

// shortWait is the longest wait for a slot within an invocation. Queues delay by whole seconds, and slots are closer.
const shortWait = time.Second

// pace is a carrier's limit as it binds one account: the key of the credential, by a hash of it, and the time between two
// bookings.
func (j job) pace() (key string, every time.Duration, limited bool) {
	limit := j.carrier.Describe().BookLimit
	if limit == nil {
		return "", 0, false
	}
	perMinute := limit.PerMinute
	if j.account.BookingsPerMinute > 0 {
		perMinute = j.account.BookingsPerMinute
	}
	sum := sha256.Sum256([]byte(j.account.Credentials[limit.Credential]))
	return j.account.Carrier + "#" + string(j.account.Mode) + "#" + hex.EncodeToString(sum[:16]), time.Minute / time.Duration(perMinute), true
}

// turn waits for a shipment's turn at its carrier: it tells whether it has come. A message whose slot is later is sent
// again to come up to a second before, and carries it, so that the limiter is asked once for each attempt. One whose slot is
// further away than a message can wait is left to wake. One that came too late is sent as much earlier the next time: behind a
// slow queue it would be late for every slot. When the limiter can't be asked there is no turn, and the message
// comes back after a growing wait: a carrier that is asked too often may shut the account out.
func (w *Worker) turn(ctx context.Context, m queue.Message, hint Hint, j job) (bool, error) {
	key, every, limited := j.pace()
	if w.Slots == nil || !limited {
		return true, nil
	}
	at, now := time.UnixMilli(hint.Slot), w.Now()
	var late time.Duration // than its slot: so long the queue takes
	if hint.Slot != 0 {
		late = max(now.Sub(at), 0)
	}
	// A slot that was given before the carrier said that it takes no more is not used: each process learns that from its own
	// calls, so that asking costs none.
	if hint.Slot == 0 || now.Sub(at) > permitLife || at.Before(w.Slots.Pushed(key)) {
		bounded, cancel := context.WithTimeout(ctx, w.Times.Prepare)
		defer cancel()
		var ok bool
		var err error
		if at, ok, err = w.Slots.Reserve(bounded, key, every); err != nil {
			w.Log.WarnContext(ctx, "no slot reserved", "tenant", m.Tenant, "shipment", m.Shipment, "carrier", j.account.Carrier, "error", err)
			return false, w.retry(ctx, m)
		}
		if !ok {
			noteStep(ctx, "no slot within reach, left to wake", "")
			return false, w.sooner(ctx, m, at)
		}
		now = w.Now()
		obs.Measure(ctx, obs.SlotMs, max(at.Sub(now), 0).Milliseconds(), "")
	}
	wait := at.Sub(now)
	if wait <= shortWait {
		return true, w.Sleep(ctx, max(wait, 0))
	}
	if at.After(at.Truncate(time.Millisecond)) { // the message holds milliseconds, and nobody is to be early
		at = at.Truncate(time.Millisecond).Add(time.Millisecond)
	}
	if err := w.postpone(ctx, m, at); err != nil {
		return false, err
	}
	noteStep(ctx, "waits for its slot", "")
	hint.Slot = at.UnixMilli()
	m.Data = raw(hint)
	return false, w.Sender.Send(ctx, m.Queue, m.Envelope, min(max(wait-late, 0).Truncate(time.Second), queue.MaxDelay))
}

// postpone has wake look after a slot that it would otherwise come before: its message has no slot, and would take another
// one for the same shipment. `due` is DueFirst after the write that the message was sent for, or later.
func (w *Worker) postpone(ctx context.Context, m queue.Message, at time.Time) error {
	if m.OccurredAt.Add(w.Times.DueFirst).After(at.Add(permitLife)) {
		return nil
	}
	r, err := w.named(ctx, m)
	if err != nil {
		return err
	}
	if r.Status != Pending || r.Due.After(at.Add(permitLife)) {
		return nil
	}
	return ignoreRefused(w.Sleeper.Wake(ctx, m.Tenant, m.Mode, m.Shipment, r.Due, at.Add(w.Times.DueFirst).UTC()))
}

// sooner has wake look again before the slots that were within reach are used up. The wait of wake doubles, and what waits
// together is looked at together: the carrier would stand idle in between. next is when a slot would be free now.
func (w *Worker) sooner(ctx context.Context, m queue.Message, next time.Time) error {
	r, err := w.named(ctx, m)
	if err != nil {
		return err
	}
	at := w.wall().Add(queue.MaxDelay * 2 / 3)
	if reach := wall(func() time.Time { return next.Add(-queue.MaxDelay) }); reach.After(at) {
		at = reach
	}
	if r.Status != Pending || !r.Due.After(at) {
		return nil
	}
	return ignoreRefused(w.Sleeper.Wake(ctx, m.Tenant, m.Mode, m.Shipment, r.Due, at.UTC()))
}

// mostPushed is how long one answer of a carrier keeps the fleet from its slots. A carrier may say a day, and be wrong or be
// asked for more before: one booking an hour finds that out, and no person has to.
const mostPushed = time.Hour

// throttled tells the whole fleet that the carrier takes no more for a while.
func (w *Worker) throttled(ctx context.Context, m queue.Message, r Record, j job, o carrier.Outcome) {
	key, _, limited := j.pace()
	if w.Slots == nil || !limited || o.Kind != carrier.Throttled {
		return
	}
	until := w.Now().Add(min(Backoff(r.ID, r.Attempts, o.RetryAfter, w.Times), mostPushed))
	if err := w.Slots.Push(ctx, key, until); err != nil {
		w.Log.WarnContext(ctx, "the fleet is not told that a carrier throttles", "tenant", m.Tenant, "carrier", j.account.Carrier, "until", until, "error", err)
		return
	}
	w.Log.WarnContext(ctx, "carrier throttles", "tenant", m.Tenant, "shipment", r.ID, "carrier", j.account.Carrier, "until", until)
}
