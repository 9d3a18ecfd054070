package booking

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/ship"
)

// Decisions writes what a person decided. The record is the one that was decided about: another version is refused.
type Decisions interface {
	Declare(ctx context.Context, tenant string, r Record, now, due time.Time) (Record, error)                               // DECLARE
	AdoptNamed(ctx context.Context, tenant string, r Record, res Result, rest []string, now, due time.Time) (Record, error) // ADOPT
	VoidDeclared(ctx context.Context, tenant string, r Record, now, due time.Time) (Record, error)                          // VOIDED
	VoidDenied(ctx context.Context, tenant string, r Record, why Failure, now, due time.Time) (Record, error)               // VOIDNO
}

// Settler writes a person's word about numbers that came late: CLEAR, which leaves those in rest.
type Settler interface {
	ClearNamed(ctx context.Context, tenant string, r Record, rest []string, now, due time.Time) (Record, error)
}

// Operator holds what a person may decide about a shipment whose outcome could not be found out. Whoever decides has
// looked at the carrier: a wrong word here is a second label, or a lost one.
type Operator struct {
	Reader    Reader
	Decisions Decisions
	Settler   Settler
	Now       func() time.Time
	Times     Times
}

// Decision is what a person can say about a shipment.
type Decision string

// The decisions.
const (
	DeclareAbsent Decision = "declare" // nothing is booked at the carrier: book it again
	AdoptNumber   Decision = "adopt"   // it is booked at the carrier, under this number
	DeclareVoid   Decision = "void"    // it is void at the carrier: it is cancelled
	DenyVoid      Decision = "booked"  // it is not void at the carrier: it is still booked
	ClearNumber   Decision = "clear"   // a number that came late is void at the carrier, or no booking of ours
)

// Allowed is what a person may decide about a shipment as it stands.
func Allowed(r Record) []Decision {
	switch {
	case r.Status == Cancelling && r.Held != "" && len(Outstanding(r)) > 0:
		return []Decision{DeclareVoid, DenyVoid, ClearNumber}
	case r.Status == Cancelling && r.Held != "":
		return []Decision{DeclareVoid, DenyVoid}
	case settled(r.Status) && r.Status != Cancelling && len(Outstanding(r)) > 0 && r.CancelWanted.IsZero():
		return []Decision{ClearNumber}
	case r.Status != Unknown:
		return nil
	case r.Held == "" || len(r.Late) > 0:
		return []Decision{AdoptNumber}
	}
	return []Decision{DeclareAbsent, AdoptNumber}
}

// NotAllowed is a decision that the shipment's state does not leave to a person.
type NotAllowed struct {
	Decision Decision
	Current  Record
	Allowed  []Decision // what could be decided instead
}

// Error says why, and what could be done.
func (e *NotAllowed) Error() string {
	switch r := e.Current; {
	case r.Status == Cancelling && r.Held != "":
		return "the shipment was booked, and whether it is void is not known: it can be declared void, or still booked"
	case slices.Contains(e.Allowed, ClearNumber):
		return fmt.Sprintf("the shipment is %s, and what is left of it are the numbers that came late, %s: each can be cleared once it is void at the carrier, or known to be no booking of ours",
			r.Status, strings.Join(Outstanding(r), ", "))
	case r.Status != Unknown:
		return fmt.Sprintf("the shipment is %s: a person decides only while the outcome of a booking or of a void is not known", r.Status)
	case len(r.Late) > 0:
		return fmt.Sprintf("the carrier answered late with %s: it can be adopted, never declared absent", strings.Join(r.Late, ", "))
	case r.Held != "":
		return "whether the shipment is booked is not known: it can be declared absent, or adopted under the number that it has at the carrier"
	}
	return "the carrier is still being asked: until the shipment is held it can be adopted, not declared absent"
}

// ErrNumber is what can't be a tracking number.
var ErrNumber = errors.New("a tracking number has 1 to 64 capital letters, digits and hyphens, as the carrier writes it and without spaces")

// Declare is a person's word that nothing is booked: the shipment goes back to pending and owes an audit look-up, which
// finds out if the word was wrong. It returns ErrNotFound, *Stale (with the state only) or *NotAllowed.
func (op *Operator) Declare(ctx context.Context, tenant string, mode ship.Mode, id string, version int64) (Record, error) {
	return op.decide(ctx, tenant, verdict{mode, id, version, DeclareAbsent, ""}, func(r Record, now time.Time) (Record, error) {
		return op.Decisions.Declare(ctx, tenant, r, now, now.Add(op.Times.DueFirst))
	})
}

// Adopt is a person's word that a shipment is booked under a tracking number. It stays open: the label is still to be
// had, and other numbers that came late remain to be voided. It returns ErrNotFound, ErrNumber, *Stale (with the state
// only) or *NotAllowed.
func (op *Operator) Adopt(ctx context.Context, tenant string, mode ship.Mode, id string, version int64, trackingNumber string) (Record, error) {
	if !wellFormed(trackingNumber) {
		return Record{}, ErrNumber
	}
	return op.decide(ctx, tenant, verdict{mode, id, version, AdoptNumber, trackingNumber}, func(r Record, now time.Time) (Record, error) {
		r.TrackingNumber = trackingNumber
		return op.Decisions.AdoptNamed(ctx, tenant, r, Result{TrackingNumber: trackingNumber, Document: DocumentPending}, Outstanding(r), now, now.Add(op.Times.DueFirst))
	})
}

// Void is a person's word about a void whose outcome is not known: the shipment is cancelled. It returns ErrNotFound,
// *Stale (with the state only) or *NotAllowed.
func (op *Operator) Void(ctx context.Context, tenant string, mode ship.Mode, id string, version int64) (Record, error) {
	return op.decide(ctx, tenant, verdict{mode: mode, id: id, version: version, Decision: DeclareVoid}, func(r Record, now time.Time) (Record, error) {
		return op.Decisions.VoidDeclared(ctx, tenant, r, now, DueAfterVoid(r, now, op.Times))
	})
}

// Booked is a person's word about a void whose outcome is not known: the shipment is booked as before, and may be
// cancelled again. Whoever says so has seen that the last void was not carried out and can't be any more. It returns what
// Void returns.
func (op *Operator) Booked(ctx context.Context, tenant string, mode ship.Mode, id string, version int64) (Record, error) {
	return op.decide(ctx, tenant, verdict{mode: mode, id: id, version: version, Decision: DenyVoid}, func(r Record, now time.Time) (Record, error) {
		why := Failure{"fairlead", "void_denied", "A person has seen at the carrier that it was not voided. It is still booked; it can be cancelled again."}
		return op.Decisions.VoidDenied(ctx, tenant, r, why, now, DueAfterVoid(r, now, op.Times))
	})
}

// ErrNotLate is a number that is not among those that came late and are still to be settled.
var ErrNotLate = errors.New("the shipment has no such late number")

// Clear is a person's word about a number that came late: that it is void at the carrier, or no booking of ours. The
// shipment stays as it is, and is closed when nothing else is left of it. Were the word wrong, the audit look-up of a
// shipment that owes one finds the number again. It returns ErrNotFound, ErrNumber, ErrNotLate, *Stale (with the state
// only) or *NotAllowed.
func (op *Operator) Clear(ctx context.Context, tenant string, mode ship.Mode, id string, version int64, number string) (Record, error) {
	if !possible(number) {
		return Record{}, ErrNumber
	}
	return op.decide(ctx, tenant, verdict{mode, id, version, ClearNumber, number}, func(r Record, now time.Time) (Record, error) {
		left := r
		if left.Late = LeftOver(r, []string{number}); len(left.Late) == len(Outstanding(r)) {
			return Record{}, ErrNotLate
		}
		return op.Settler.ClearNamed(ctx, tenant, r, left.Late, now, DueAfterVoid(left, now, op.Times))
	})
}

// verdict is a decision about a shipment as it was at a version.
type verdict struct {
	mode    ship.Mode
	id      string
	version int64
	Decision
	number string // of AdoptNumber and ClearNumber
}

func (op *Operator) decide(ctx context.Context, tenant string, v verdict, write func(Record, time.Time) (Record, error)) (Record, error) {
	r, err := op.Reader.Record(ctx, tenant, v.mode, v.id)
	if err != nil {
		return Record{}, err
	}
	if err := v.check(r); err != nil {
		return Record{}, err
	}
	now := wall(op.Now)
	out, err := write(r, now)
	refused, ok := errors.AsType[*Refused](err)
	switch {
	case !ok:
		return out, err
	case refused.Old == nil:
		return Record{}, ErrNotFound
	case v.wrote(*refused.Old, now): // its acknowledgement was lost
		return *refused.Old, nil
	}
	if why := v.check(*refused.Old); why != nil {
		err = why
	}
	return Record{}, err
}

// check tells why it may not be so decided. The writes hold the same in their conditions.
func (v verdict) check(r Record) error {
	if r.Version != v.version {
		return &Stale{Accepted{Record: r}}
	}
	if allowed := Allowed(r); !slices.Contains(allowed, v.Decision) {
		return &NotAllowed{v.Decision, r, allowed}
	}
	return nil
}

// wrote tells whether the last change of a shipment is this decision, made at a time.
func (v verdict) wrote(r Record, at time.Time) bool {
	want := map[Decision]Entry{DeclareAbsent: {at, Pending, CauseDeclared}, AdoptNumber: {at, Booked, CauseNamed},
		DeclareVoid: {at, Cancelled, CauseVoidDeclared}, DenyVoid: {at, Booked, CauseVoidDenied}, ClearNumber: {at, r.Status, CauseLateSettled}}[v.Decision]
	last := len(r.History) - 1
	return r.Version == v.version+1 && v.shows(r) && last >= 0 && string(r.History[last].Bytes()) == string(want.Bytes())
}

// shows tells whether a shipment shows what was said of a number.
func (v verdict) shows(r Record) bool {
	switch v.Decision {
	case AdoptNumber:
		return r.TrackingNumber == v.number
	case ClearNumber:
		return !slices.Contains(r.Late, v.number)
	}
	return true
}

// wellFormed tells whether a number may be adopted. It is compared with those of other shipments letter by letter, and what a
// person has mistyped can't be taken back: so it is refused in any form but the one that carriers write.
func wellFormed(number string) bool {
	return possible(number) && strings.IndexFunc(number, func(c rune) bool { return (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' }) < 0
}

func possible(number string) bool {
	return len(number) >= 1 && len(number) <= 64 && strings.IndexFunc(number, func(c rune) bool { return c <= ' ' || c > '~' }) < 0
}
