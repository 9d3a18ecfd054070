package booking

import (
	"context"
	"errors"
	"fmt"
	"time"

	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
)

// This file makes events again that were announced before: what a change announced is not kept, but its history is, and an
// event's id is a function of the version. What the history and the shipment do not tell any more is never made up.

// NotKept is an event that can't be made again as it was.
type NotKept struct{ Why string }

// Error says why.
func (e *NotKept) Error() string { return e.Why }

// eventTypes are all that a shipment announces.
var eventTypes = []v1.EventType{v1.ShipmentBooked, v1.ShipmentFailed, v1.ShipmentCancelled, v1.ShipmentCancellationRefused, v1.ShipmentUnknown, v1.ShipmentDuplicate}

// FindEvent finds which change of a shipment announced an event, by the event's id.
func FindEvent(r Record, history []Entry, eventID string) (version int64, event v1.EventType, ok bool) {
	for n := range history {
		for _, t := range eventTypes {
			if v := int64(n + 1); EventID(r.Tenant, r.Mode, r.ID, v, string(t)) == eventID {
				return v, t, true
			}
		}
	}
	return 0, "", false
}

// Retell makes the event that a version announced again, with its own id, from the shipment as it is now and its whole
// history. It returns *NotKept when what it said is not known any more.
func Retell(r Record, history []Entry, version int64, event v1.EventType) (queue.Envelope, error) {
	if version < 1 || version > int64(len(history)) {
		return queue.Envelope{}, &NotKept{fmt.Sprintf("shipment %s has no version %d", r.ID, version)}
	}
	then, err := asOf(r, history, version, event)
	if err != nil {
		return queue.Envelope{}, err
	}
	e := envelope(then, string(event))
	e.ID, e.OccurredAt = EventID(r.Tenant, r.Mode, r.ID, version, string(event)), history[version-1].At
	e.Data = raw(presentEvent(then))
	return e, nil
}

// asOf is the shipment as the event of a version showed it, as far as that is known for certain.
func asOf(r Record, history []Entry, version int64, event v1.EventType) (Record, error) {
	then, latest := r, r.Version == version
	then.Version = version
	for _, e := range history[:version] {
		if e.Status != Unchanged {
			then.Status = e.Status
		}
	}
	if latest {
		return then, nil
	}
	if event != v1.ShipmentDuplicate {
		then.Late = nil // of these a duplicate tells
	}
	then.Held = ""
	switch {
	case event == v1.ShipmentFailed && (r.Status != Failed || retried(history[version:])):
		return then, &NotKept{"why it failed is not kept: it was tried again since"}
	case event == v1.ShipmentCancellationRefused && r.VoidRefused == nil:
		return then, &NotKept{"why it was not cancelled is not kept: that was settled since"}
	case event == v1.ShipmentDuplicate && len(Outstanding(r)) == 0:
		return then, &NotKept{"the late numbers that it named are settled, and not kept"}
	case event == v1.ShipmentBooked, event == v1.ShipmentDuplicate:
		then.CancelWanted, then.VoidRefused = time.Time{}, nil
	case event == v1.ShipmentUnknown: // nothing was known of it then
		then.TrackingNumber, then.Numbers, then.Charge, then.Document, then.Failure = "", nil, ship.Money{}, NoDocument, nil
		then.CancelWanted, then.VoidRefused = time.Time{}, nil
		if history[version-1].Cause == CauseHeld {
			then.Held = "held"
		}
	}
	return then, nil
}

// retried tells whether a shipment was tried again.
func retried(since []Entry) bool {
	for _, e := range since {
		if e.Status == Pending || e.Status == Unknown {
			return true
		}
	}
	return false
}

// Reteller announces again what a shipment calls for: for a change that the relay could not read.
type Reteller struct {
	Reader Reader
	Past   Past
	Sender queue.BatchSender
	Now    func() time.Time
	Times  Times
}

// Announce sends the work that the shipment's state calls for, and every event of its history again, each under its own id:
// which of them was lost is not known, and receivers know a repetition by its id. What can't be made again is left out. It
// returns how many it sent, or ErrNotFound.
func (a *Reteller) Announce(ctx context.Context, tenant string, mode ship.Mode, id string) (int, error) {
	r, err := a.Reader.Record(ctx, tenant, mode, id)
	if err != nil {
		return 0, err
	}
	history, err := a.Past.History(ctx, tenant, r)
	if err != nil {
		return 0, err
	}
	var out []queue.Outgoing
	if m, ok := work(Record{}, r, wall(a.Now), a.Times); ok {
		out = append(out, m)
	}
	before, told := Draft, false
	for n, e := range history {
		events := announced(before, e)
		switch { // that it is unknown is told once, until it is booked again
		case e.Cause == CauseHeld && told:
			events = nil
		case e.Cause == CauseAbsenceSettled, e.Cause == CauseHeld:
			told = true
		case e.Status == Pending:
			told = false
		}
		for _, event := range events {
			m, err := Retell(r, history, int64(n+1), event)
			if _, lost := errors.AsType[*NotKept](err); lost {
				continue
			}
			if err != nil {
				return 0, err
			}
			out = append(out, queue.Outgoing{To: queue.Events, Envelope: m})
		}
		if e.Status != Unchanged {
			before = e.Status
		}
	}
	return len(out), errors.Join(a.Sender.SendBatch(ctx, out)...)
}

// announced are the events of a change, by its entry alone: what events tells by the items.
func announced(before Status, e Entry) (out []v1.EventType) {
	switch e.Cause {
	case CauseVoidRefused, CauseVoidDenied, CauseVoidUnknown:
		return []v1.EventType{v1.ShipmentCancellationRefused}
	case CauseAbsenceSettled, CauseHeld:
		return []v1.EventType{v1.ShipmentUnknown}
	case CauseLateAnswer:
		if settled(before) {
			return []v1.EventType{v1.ShipmentDuplicate}
		}
		return nil
	}
	if e.Status == before {
		return nil
	}
	switch {
	case e.Status == Booked && before != Cancelling:
		return []v1.EventType{v1.ShipmentBooked}
	case e.Status == Failed:
		return []v1.EventType{v1.ShipmentFailed}
	case e.Status == Cancelled, e.Status == CancelledLocally:
		return []v1.EventType{v1.ShipmentCancelled}
	}
	return nil
}
