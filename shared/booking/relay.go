package booking

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
)

// Change is one record of the table's stream. Err is why its images can't be read; Raw is then what came.
type Change struct {
	Old   *Record // nil when the item is new
	New   Record
	Other []queue.Outgoing // what a change calls for that is of no shipment; New is then empty
	Err   error
	Raw   string
}

// messages are those that the change calls for.
func (c Change) messages(at time.Time, t Times) []queue.Outgoing {
	if c.New.ID == "" {
		return c.Other
	}
	return Announce(c.Old, c.New, at, t)
}

// Relay sends on what the outbox holds.
type Relay struct {
	Sender queue.BatchSender
	Dead   queue.DeadLetter
	Now    func() time.Time
	Times  Times
	Log    *slog.Logger
}

// Run relays changes in their order. It answers the index of the first change whose messages could not all be
// sent, or len(changes). It never fails for bad data: that goes to the dead-letter queue with its reason.
func (l *Relay) Run(ctx context.Context, changes []Change) int {
	var out []queue.Outgoing
	var of []int // the change each message belongs to
	first := len(changes)
	for i, c := range changes {
		if c.Err != nil {
			l.Log.ErrorContext(ctx, "change buried", "error", c.Err)
			if err := l.Dead.Bury(ctx, queue.Relay, c.Raw, c.Err.Error()); err != nil {
				l.Log.ErrorContext(ctx, "dead-letter queue refused a change", "error", err)
				first = min(first, i)
			}
			continue
		}
		measureChange(ctx, c, wall(l.Now))
		for _, m := range c.messages(wall(l.Now), l.Times) {
			out, of = append(out, m), append(of, i)
		}
	}
	for k, err := range l.Sender.SendBatch(ctx, out) {
		if reason, ok := queue.IsPoison(err); ok {
			if err = l.Dead.Bury(ctx, queue.Relay, string(raw(out[k].Envelope)), reason); err == nil {
				l.Log.ErrorContext(ctx, "message buried", "to", out[k].To, "message", out[k].Envelope.ID, "reason", reason)
				continue
			}
		}
		if err != nil {
			l.Log.ErrorContext(ctx, "message not sent", "to", out[k].To, "message", out[k].Envelope.ID, "error", err)
			first = min(first, of[k])
			continue
		}
		l.Log.InfoContext(ctx, "relayed", "to", out[k].To, "message", out[k].Envelope.ID, "type", out[k].Envelope.Type, "correlation_id", out[k].Envelope.Correlation, "delay_ms", out[k].Delay.Milliseconds())
	}
	noteRelay(ctx, len(changes), first, len(out))
	return first
}

// Announce tells which messages a change of a state item calls for. The table's stream is the outbox: the write
// that changed the item was the commit, and nothing else announces work.
func Announce(old *Record, now Record, at time.Time, t Times) []queue.Outgoing {
	var out []queue.Outgoing
	before := Record{}
	if old != nil {
		before = *old
	}
	if m, ok := work(before, now, at, t); ok {
		out = append(out, m)
	}
	for _, event := range events(before, now) {
		e := envelope(now, string(event))
		e.ID = EventID(now.Tenant, now.Mode, now.ID, now.Version, string(event))
		e.Data = raw(presentEvent(now))
		out = append(out, queue.Outgoing{To: queue.Events, Envelope: e})
	}
	return out
}

// work is the message that moves the shipment on, if the change calls for one. A claim, a lease or a moved `due`
// calls for none.
func work(before, now Record, at time.Time, t Times) (queue.Outgoing, bool) {
	// The writer's clock may be ahead of the relay's: what waits just as long as a message can is still announced, and
	// a message that comes too early is sent again by its consumer.
	longest := queue.MaxDelay + t.Skew
	recovery := func(delay time.Duration) (queue.Outgoing, bool) {
		return queue.Outgoing{To: queue.Recovery, Envelope: envelope(now, TypeRecover), Delay: clamped(delay)}, delay <= longest
	}
	changed := before.Status != now.Status
	switch {
	case now.Status == Booked && !now.CancelWanted.IsZero():
		if changed || before.CancelWanted.IsZero() || len(fresh(before, now)) > 0 {
			return recovery(now.NotBefore.Sub(at))
		}
	case now.Status == Cancelling && now.Held == "": // its owner is at work; if it dies, wake finds it
	case len(now.Late) > 0 && (changed || len(fresh(before, now)) > 0):
		return recovery(0)
	case now.Status == Pending && changed:
		// Longer waits are `due` times: wake sends them. What is wanted cancelled waits for no attempt.
		delay := now.NotBefore.Sub(at)
		if !now.CancelWanted.IsZero() {
			delay = 0
		}
		return queue.Outgoing{To: PriorityQueue(now.Priority), Envelope: envelope(now, TypeBook), Delay: clamped(delay)}, delay <= longest
	case now.Status == Unknown && now.Owner == "" && now.Held == "" && (changed || before.Owner != ""):
		return recovery(now.NotBefore.Sub(at))
	case now.Status == Booked && changed && now.Document == DocumentPending:
		return recovery(0)
	}
	return queue.Outgoing{}, false
}

func clamped(delay time.Duration) time.Duration { return min(max(delay, 0), queue.MaxDelay) }

// fresh are the late numbers that a change brought.
func fresh(before, now Record) []string {
	return slices.DeleteFunc(slices.Clone(now.Late), func(n string) bool { return slices.Contains(before.Late, n) })
}

// events are what the shipper is told of a change. A void that was refused leads back to booked, which is no news.
func events(before, now Record) []v1.EventType {
	var out []v1.EventType
	voided := before.Status == Cancelling
	if before.Status != now.Status {
		switch {
		case now.Status == Booked && !voided:
			out = append(out, v1.ShipmentBooked)
		case now.Status == Failed:
			out = append(out, v1.ShipmentFailed)
		case now.Status == Cancelled, now.Status == CancelledLocally:
			out = append(out, v1.ShipmentCancelled)
		}
	}
	if voided && now.VoidRefused != nil && (now.Status == Booked || before.Held == "" && now.Held != "") {
		out = append(out, v1.ShipmentCancellationRefused)
	}
	if before.AbsenceSettled.IsZero() && !now.AbsenceSettled.IsZero() {
		out = append(out, v1.ShipmentUnknown)
	}
	if settled(now.Status) {
		for _, n := range Outstanding(now) {
			if !settled(before.Status) || !slices.Contains(before.Late, n) {
				return append(out, v1.ShipmentDuplicate)
			}
		}
	}
	return out
}

// settled tells whether another live number is a duplicate: one was booked, or none is wanted.
func settled(s Status) bool {
	return s == Booked || s == Cancelling || s == Cancelled || s == CancelledLocally
}

func envelope(r Record, kind string) queue.Envelope {
	return queue.Envelope{ID: fmt.Sprintf("%s#%d", r.ID, r.Version), Correlation: r.Correlation, Tenant: r.Tenant, Mode: r.Mode,
		Shipment: r.ID, Version: r.Version, OccurredAt: r.Updated(), Type: kind, Data: raw(Hint{Request: r.RequestFP})}
}

// PriorityQueue is the queue shipments of a priority are booked from.
func PriorityQueue(p ship.Priority) queue.Name {
	switch p {
	case ship.Urgent:
		return queue.Urgent
	case ship.Bulk:
		return queue.Bulk
	}
	return queue.Standard
}
