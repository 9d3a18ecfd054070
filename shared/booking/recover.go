package booking

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/mutant"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
)

// Recovery finds out what became of a shipment whose outcome is not known, by looking at the carrier, takes back what is
// booked and not wanted, and settles what else a booked one has open. It never sends a booking.
type Recovery struct {
	Desk
	Recoveries Recoveries
	Voids      Voids
	Evidence   VoidEvidence
}

// Handle is the queue.Handler of recover-shipment.
func (v *Recovery) Handle(ctx context.Context, m queue.Message) error {
	if m.Type != TypeRecover {
		return &queue.Poison{Reason: fmt.Sprintf("a message of type %q on the recovery queue", m.Type)}
	}
	if mutant.On(mutant.OwnerPerProcess) {
		m.Receipt, _, _ = strings.Cut(m.Receipt, ".") // the simulator's ids are process.serial
	}
	if gone, err := v.gone(ctx, m); gone || err != nil { // a suspended tenant's bookings are found all the same
		return err
	}
	now := v.wall()
	r, err := v.Recoveries.Recover(ctx, m.Tenant, m.Mode, m.Shipment, m.Receipt, now, m.Deadline.Round(0).Add(v.Times.LeaseMargin))
	refused, ok := errors.AsType[*Refused](err)
	if !ok && err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	if ok {
		if refused.Old == nil {
			return &queue.Poison{Reason: "there is no shipment " + m.Shipment + " of this tenant and mode"}
		}
		old := *refused.Old
		step, wait := AfterRecoverRefused(old, m.Receipt, now, v.Times)
		if step != RecoverHold {
			return v.refused(ctx, m, old, step, wait)
		}
		r = old
	}
	if r.Status == Cancelling {
		return v.takeOver(ctx, m, r)
	}
	return v.look(ctx, m, r)
}

func (v *Recovery) refused(ctx context.Context, m queue.Message, old Record, step RecoverStep, wait time.Duration) error {
	now := v.wall()
	var err error
	switch step {
	case RecoverResend:
		return v.resend(ctx, m, wait)
	case RecoverReopen:
		_, err = v.Late.Reopen(ctx, m.Tenant, old, now, v.due())
	case RecoverExpire:
		_, err = v.Claimer.Expire(ctx, m.Tenant, old, now, now.Add(NextLookup(0, v.Times)))
	case RecoverCancel:
		_, err = v.Claimer.Cancel(ctx, m.Tenant, old, now, now.Add(v.Times.Audit))
	case RecoverSettle:
		return v.settle(ctx, m, old)
	}
	return ignoreRefused(err)
}

// look asks the carrier and writes what that means. Recovery holds r.
func (v *Recovery) look(ctx context.Context, m queue.Message, r Record) error {
	l := Look{Asked: v.wall(), Absence: carrier.Advisory}
	j, _, why, err := v.prepare(ctx, m, r.RequestFP, r)
	if err != nil {
		return err
	}
	l.Asked = v.wall() // before the look-up is sent: settling is judged by this, never by the time of the write
	if why != nil {
		l.Finding.Message = why.why.Code
	} else {
		d := j.carrier.Describe()
		l.Absence, l.SettleS, l.Rebook = d.Absence, d.SettleS, j.account.RebookOnAbsent
		// A number that came late needs no look-up, but came without those of further parcels.
		if (len(r.Late) == 0 || len(j.request.Parcels) > 1) && d.Absence != carrier.NoAbsence {
			l.Finding = v.find(ctx, m, r, j)
		}
	}
	for {
		number, _ := adoptable(r, l.Finding)
		b := found(number, l.Finding)
		l.Document = DocumentPending
		if b.Label != nil && v.stored(ctx, m, r, number, *b.Label, l.Finding.Raw) {
			l.Document = DocumentReady
		}
		if mutant.On(mutant.SettledAtWrite) {
			l.Asked = v.wall()
		}
		d := AfterLook(r, l, v.Times)
		err := v.write(ctx, m.Tenant, r, d, Result{TrackingNumber: d.Number, Numbers: further(b), Charge: b.Charge, Document: l.Document})
		refused, ok := errors.AsType[*Refused](err)
		noteLook(ctx, r, l, d, ok)
		switch {
		case !ok:
			return err
		case refused.Old != nil && r.Fence().holdsRecovery(*refused.Old) && !slices.Equal(refused.Old.Late, r.Late):
			r = *refused.Old // a number came late in between: take the new list
		case refused.Old != nil && r.Fence().holdsRecovery(*refused.Old) && !refused.Old.CancelWanted.Equal(r.CancelWanted):
			r = *refused.Old
		case refused.Old != nil:
			return v.keep(ctx, m.Tenant, *refused.Old, d, l.Finding) // somebody else took over: no number is dropped
		default:
			return nil
		}
	}
}

// stored puts a label away, in bounded time: adopting does not wait for a document.
func (v *Recovery) stored(ctx context.Context, m queue.Message, r Record, number string, l ship.Label, raw carrier.Answer) bool {
	ctx, cancel := context.WithTimeout(ctx, v.Times.Prepare)
	defer cancel()
	err := v.Papers.PutLabel(ctx, m.Tenant, m.Mode, r.ID, number, l, raw)
	if err != nil {
		v.Log.ErrorContext(ctx, "label not stored, to be fetched again", "tenant", m.Tenant, "shipment", r.ID, "error", err)
	}
	return err == nil
}

// keep makes every number that a look-up found, and that the item does not show, a late one. A person may have named the
// same booking by another of its parcels.
func (v *Recovery) keep(ctx context.Context, tenant string, old Record, d Looked, f carrier.Finding) error {
	if d.Number == "" {
		return nil
	}
	for _, n := range append([]string{d.Number}, d.Rest...) {
		same := func(b ship.Booking) bool { return under(b, n) && under(b, old.TrackingNumber) }
		if old.bookedUnder(n) || slices.Contains(old.Late, n) || slices.ContainsFunc(f.Bookings, same) {
			continue
		}
		if err := v.late(ctx, tenant, old, n); err != nil {
			return err
		}
	}
	return nil
}

// find looks up by our reference, with one refreshed token if the first was refused.
func (v *Recovery) find(ctx context.Context, m queue.Message, r Record, j job) carrier.Finding {
	finder, ok := j.carrier.(carrier.Finder)
	if !ok {
		return carrier.Finding{Message: "this carrier can't be asked"}
	}
	call := carrier.Call{Token: j.token, Deadline: v.until(m)}
	f := finder.Find(ctx, j.order(r.ID), call)
	if f.Kind != carrier.FindUnauthorized {
		return f
	}
	token, err := v.refresh(ctx, j, call.Deadline)
	if err != nil {
		return f
	}
	call.Token = token
	return finder.Find(ctx, j.order(r.ID), call)
}

// found is what will be adopted as the look-up brought it: its label, its charge, the numbers of its other parcels.
func found(number string, f carrier.Finding) ship.Booking {
	for _, b := range f.Bookings {
		if number != "" && under(b, number) {
			b.Numbers = slices.Concat([]string{b.TrackingNumber}, b.Numbers)
			b.TrackingNumber = number
			return b
		}
	}
	return ship.Booking{}
}

func (v *Recovery) write(ctx context.Context, tenant string, r Record, d Looked, res Result) error {
	now := v.wall()
	var err error
	switch d.Step {
	case LookAdopt:
		_, err = v.Recoveries.Adopt(ctx, tenant, r, res, now)
	case LookAdoptOpen:
		due := r
		due.Late = d.Rest
		_, err = v.Recoveries.AdoptOpen(ctx, tenant, r, res, d.Rest, now, DueAfterBooked(due, res.Document, now, v.Times))
	case LookAbsent:
		_, err = v.Recoveries.Absent(ctx, tenant, r, d.Settled, now, v.due())
	case LookHold:
		_, err = v.Recoveries.Hold(ctx, tenant, r, d.Settled, now)
	default:
		_, err = v.Recoveries.Again(ctx, tenant, r, d, now, now.Add(NextLookup(r.Lookups+1, v.Times)))
	}
	return err
}

// settle does what a shipment that came to its end still has open: the cancellation that is wanted, its late numbers, its
// document and the audit look-up it owes, in this order. Each write leaves the rest to the next message.
func (v *Recovery) settle(ctx context.Context, m queue.Message, r Record) error {
	if r.Status == Booked && !r.CancelWanted.IsZero() {
		return v.cancel(ctx, m, r)
	}
	if cleared, err := v.clear(ctx, m, r); cleared || err != nil {
		return err
	}
	now := v.wall()
	switch {
	case r.Status == Booked && r.Document == DocumentPending:
		doc, err := v.fetch(ctx, m, r)
		if err != nil || doc == DocumentPending {
			return err
		}
		if r.Document = doc; r.AuditOwed || len(r.Late) > 0 {
			_, err = v.Recoveries.Fetched(ctx, m.Tenant, r, now, DueAfterBooked(r, doc, now, v.Times))
			return ignoreRefused(err)
		}
	case AuditDue(r, now, v.Times):
		if done, err := v.audit(ctx, m, r); err != nil || !done {
			return err
		}
		if len(r.Late) > 0 { // made, while something else keeps it open: it is owed once
			_, err := v.Recoveries.Audited(ctx, m.Tenant, r, now, now.Add(v.Times.DueFirst))
			return ignoreRefused(err)
		}
	case r.AuditOwed && len(r.Late) == 0:
		return nil // its time has not come
	}
	if len(r.Late) > 0 {
		return nil // it stays open, and wake comes back to it
	}
	_, err := v.Recoveries.Close(ctx, m.Tenant, r, r.Document, now)
	return ignoreRefused(err)
}

// fetch gets a label that was not there when the carrier said yes. What can't be had is asked for again soon, then
// when wake comes back, and given up after a day.
func (v *Recovery) fetch(ctx context.Context, m queue.Message, r Record) (Document, error) {
	if stored, err := v.Papers.HasLabel(ctx, m.Tenant, m.Mode, r.ID, r.TrackingNumber); err != nil {
		return DocumentPending, err
	} else if stored {
		return DocumentReady, nil // it was stored with the yes, and only the answer to that was lost
	}
	label, err := v.label(ctx, m, r)
	if err == nil {
		if err = v.Papers.PutLabel(ctx, m.Tenant, m.Mode, r.ID, r.TrackingNumber, label, carrier.Answer{}); err == nil {
			return DocumentReady, nil
		}
	}
	v.Log.WarnContext(ctx, "label not fetched", "tenant", m.Tenant, "shipment", r.ID, "error", err)
	switch age := v.wall().Sub(r.Updated()); {
	case age > v.Times.GiveUp:
		return DocumentFailed, nil
	case age < v.Times.DueFirst: // a passing fault: soon again, and not for long
		return DocumentPending, v.retry(ctx, m)
	}
	return DocumentPending, nil
}

func (v *Recovery) label(ctx context.Context, m queue.Message, r Record) (ship.Label, error) {
	j, _, why, err := v.prepare(ctx, m, r.RequestFP, r)
	if err != nil {
		return ship.Label{}, err
	}
	if why != nil {
		return ship.Label{}, errors.New(why.why.Code)
	}
	doc, ok := j.carrier.(carrier.Documenter)
	if !ok {
		return ship.Label{}, errors.New("this carrier does not hand labels out again")
	}
	call := carrier.Call{Token: j.token, Deadline: v.until(m)}
	label, err := doc.Label(ctx, j.order(r.ID), r.TrackingNumber, call)
	if _, stale := errors.AsType[*carrier.ErrUnauthorized](err); stale {
		if call.Token, err = v.refresh(ctx, j, call.Deadline); err == nil {
			label, err = doc.Label(ctx, j.order(r.ID), r.TrackingNumber, call)
		}
	}
	return label, err
}

// auditPatience is how many audit times an audit is tried for.
const auditPatience = 7

// ownVoid tells whether a carrier shows nothing but the shipment's own numbers, and those as void. Of an outcome that is not
// known that proves nothing, for what is not seen yet is not shown; an audit asks whether anything else is seen.
func ownVoid(r Record, f carrier.Finding) bool {
	return len(f.Bookings) == 0 && len(f.Voided) > 0 && !slices.ContainsFunc(f.Voided, func(n string) bool { return !r.bookedUnder(n) })
}

// audit is the look-up a shipment owes that was booked again: every other live number becomes late. It is done when
// it found none, or when nothing could be learned for a week.
func (v *Recovery) audit(ctx context.Context, m queue.Message, r Record) (bool, error) {
	j, _, why, err := v.prepare(ctx, m, r.RequestFP, r)
	if err != nil {
		return false, err
	}
	f := carrier.Finding{}
	switch {
	case why != nil:
		f.Message = why.why.Code
	case j.carrier.Describe().Absence == carrier.NoAbsence: // nobody to ask: a person declared it, and knew
		return true, nil
	default:
		f = v.find(ctx, m, r, j)
	}
	over := v.wall().Sub(r.Updated()) > auditPatience*v.Times.Audit
	noteAudit(ctx, f, over)
	if f.Kind != carrier.Found && f.Kind != carrier.Absent && !ownVoid(r, f) {
		if over {
			v.Log.ErrorContext(ctx, "audit given up: whether the carrier executed late is not known", "tenant", m.Tenant, "shipment", r.ID)
		}
		return over, nil // nothing was learned; wake comes back
	}
	clean := true
	for _, b := range f.Bookings {
		if !r.bookedUnder(b.TrackingNumber) && !under(b, r.TrackingNumber) && !slices.Contains(r.Late, b.TrackingNumber) {
			clean = false
			if err := v.late(ctx, m.Tenant, r, b.TrackingNumber); err != nil {
				return false, err
			}
		}
	}
	return clean, nil
}
