package booking

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/mutant"
	"github.com/fairlead/fairlead/shared/obs"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
)

// Hint is the Data of a book or recover message: what the shipment looked like when it was sent.
type Hint struct {
	Request string `json:"fp"`              // fingerprint of the canonical request
	Tries   int    `json:"tries,omitempty"` // how often the message came back because no attempt was possible
	Slot    int64  `json:"slot,omitempty"`  // when the carrier may be asked, in ms: reserved for the next attempt, and no other
}

// maxTries is how often one message comes back before wake takes over.
const maxTries = 8

// Message types of the booking and recovery queues.
const (
	TypeBook    = "book"
	TypeRecover = "recover"
)

// Worker books: claim with intent, one call on a fresh connection, a fenced result.
type Worker struct {
	Desk
	Results Results
	Breaker Breaker // nil: no carrier hangs
	Slots   Slots   // nil: no carrier has a limit
	Sleeper Postponer
	Sleep   func(ctx context.Context, d time.Duration) error // until a slot that is near
	// Restored is set after the tables were restored.
	Restored Restored
}

// Handle is the queue.Handler of book-shipment.
func (w *Worker) Handle(ctx context.Context, m queue.Message) error {
	if m.Type != TypeBook {
		return &queue.Poison{Reason: fmt.Sprintf("a message of type %q on a booking queue", m.Type)}
	}
	var hint Hint
	if err := json.Unmarshal(m.Data, &hint); err != nil || hint.Request == "" {
		return &queue.Poison{Reason: "a booking message without the fingerprint of its request"}
	}
	if mutant.On(mutant.OwnerPerProcess) {
		m.Receipt, _, _ = strings.Cut(m.Receipt, ".") // the simulator's ids are process.serial
	}
	if why, err := w.standing(ctx, m.Tenant); err != nil {
		return err
	} else if why != nil { // before the claim: what is claimed is finished
		return w.impossible(ctx, m, hint.Request, *why)
	}
	j, fp, why, err := w.prepare(ctx, m, hint.Request, Record{})
	if err == nil && why == nil && w.hangs(ctx, m, j) {
		return w.Sender.Send(ctx, queue.Slow, m.Envelope, 0)
	}
	if err == nil && why == nil {
		j, fp, why, err = w.choose(ctx, m, j, fp)
	}
	if err != nil {
		return err
	}
	if why != nil {
		return w.impossible(ctx, m, fp, *why)
	}
	if come, err := w.turn(ctx, m, hint, j); !come {
		return err
	}
	now := w.wall()
	c := Claim{Mode: m.Mode, ID: m.Shipment, Me: m.Receipt, Request: fp, Now: now, Lease: m.Deadline.Round(0).Add(w.Times.LeaseMargin), SendBy: now.Add(w.Times.SendBy),
		Account: j.account.ID, Service: j.request.Service}
	if !m.Deadline.Add(-w.Times.CallMargin).After(c.SendBy) {
		return errors.New("too little of the invocation is left for a booking call")
	}
	var outcome carrier.Outcome
	if mutant.On(mutant.NoIntent) {
		outcome = w.call(ctx, m, Record{ID: m.Shipment, SendBy: c.SendBy}, j)
	}
	r, err := w.claim(ctx, m, c)
	if refused, ok := errors.AsType[*Refused](err); ok {
		r, err = w.claimRefused(ctx, m, refused, c)
		if err != nil || (r.Owner != c.Me && !mutant.On(mutant.LeaseOfAnother)) {
			return err
		}
	} else if err != nil {
		return fmt.Errorf("claim: %w", err)
	}
	j.request.Service = r.Service
	if w.Restored.doubts(r) {
		outcome = forgotten()
	} else if !mutant.On(mutant.NoIntent) {
		outcome = w.call(ctx, m, r, j)
	}
	w.throttled(ctx, m, r, j, outcome)
	return w.record(ctx, m, r, outcome)
}

// hangs tells whether a message is to wait elsewhere: a carrier that hangs may hold the workers of the slow queue, and
// nobody else's.
func (w *Worker) hangs(ctx context.Context, m queue.Message, j job) bool {
	if w.Breaker == nil || m.Queue == queue.Slow || !w.Breaker.Hangs(ctx, j.account.Carrier, m.Mode) {
		return false
	}
	obs.Note(ctx, "outcome", "set apart, its carrier hangs")
	return true
}

// watch has the breaker look at a call of the carrier until it has ended.
func (w *Worker) watch(ctx context.Context, m queue.Message, j job) (stop func()) {
	if w.Breaker == nil {
		return func() {}
	}
	return w.Breaker.Watch(ctx, j.account.Carrier, m.Mode)
}

// claim makes the claim, and makes it again when its answer is lost: a claim that was applied is recognised by its
// owner, and left behind it would be taken for a worker that died.
func (w *Worker) claim(ctx context.Context, m queue.Message, c Claim) (r Record, err error) {
	for range 3 {
		r, err = w.Claimer.Claim(ctx, m.Tenant, c)
		if _, refused := errors.AsType[*Refused](err); err == nil || refused || ctx.Err() != nil || !w.wall().Before(c.SendBy) {
			break
		}
		w.Log.WarnContext(ctx, "claim not acknowledged", "tenant", m.Tenant, "shipment", m.Shipment, "error", err)
	}
	return r, err
}

// impossible ends a shipment that can't be attempted, or lets its message come back later. fp is what was found impossible:
// what is ordered by now is judged by itself.
func (w *Worker) impossible(ctx context.Context, m queue.Message, fp string, i impossible) error {
	r, err := w.named(ctx, m)
	if err != nil {
		return err
	}
	now := w.wall()
	if r.Status != Pending || len(r.Late) > 0 || !r.CancelWanted.IsZero() {
		_, err := w.claimRefused(ctx, m, &Refused{&r}, Claim{Me: m.Receipt, Request: fp, Now: now})
		return err
	}
	if r.RequestFP != fp {
		return w.anew(ctx, m, r.RequestFP)
	}
	if i.final || now.Sub(r.Confirmed) > w.Times.GiveUp {
		noteStep(ctx, "given up", i.why.Code)
		_, err := w.Claimer.Drop(ctx, m.Tenant, r, i.why, now, now.Add(w.Times.Audit))
		return ignoreRefused(err)
	}
	noteStep(ctx, "no attempt possible yet", i.why.Code)
	if i.waits {
		return nil
	}
	return w.retry(ctx, m)
}

// claimRefused does what the table for a refused claim says. A record owned by c.Me means: I hold it, go on.
func (w *Worker) claimRefused(ctx context.Context, m queue.Message, refused *Refused, c Claim) (Record, error) {
	if refused.Old == nil {
		return Record{}, &queue.Poison{Reason: "there is no shipment " + m.Shipment + " of this tenant and mode"}
	}
	old := *refused.Old
	step, wait := AfterClaimRefused(old, c, w.Times)
	noteRefusedClaim(ctx, old)
	switch step {
	case StepHold:
		return old, nil
	case StepResend:
		return Record{}, w.resend(ctx, m, wait)
	case StepAnew:
		return Record{}, w.anew(ctx, m, old.RequestFP)
	case StepReopen:
		_, err := w.Late.Reopen(ctx, m.Tenant, old, c.Now, w.due())
		return Record{}, ignoreRefused(err)
	case StepCancel:
		_, err := w.Claimer.Cancel(ctx, m.Tenant, old, c.Now, c.Now.Add(w.Times.Audit))
		return Record{}, ignoreRefused(err)
	case StepExpire:
		_, err := w.Claimer.Expire(ctx, m.Tenant, old, c.Now, c.Now.Add(NextLookup(0, w.Times)))
		return Record{}, ignoreRefused(err)
	}
	return Record{}, nil
}

// anew sends a message again as one of what is ordered by now.
func (w *Worker) anew(ctx context.Context, m queue.Message, fp string) error {
	var hint Hint
	if err := json.Unmarshal(m.Data, &hint); err != nil {
		return &queue.Poison{Reason: "a message without its hint: " + err.Error()}
	}
	hint.Request = fp
	m.Data = raw(hint)
	obs.Note(ctx, "outcome", "edited since the message was sent")
	return w.resend(ctx, m, 0)
}

// call makes the one booking call, and repeats that segment alone after a token that had expired.
func (w *Worker) call(ctx context.Context, m queue.Message, r Record, j job) carrier.Outcome {
	deadline := r.SendBy.Add(w.Times.CallDeadline - w.Times.SendBy)
	if own := j.carrier.Describe().CallTimeout; own > 0 {
		deadline = r.SendBy.Add(w.Times.Settle(own) - w.Times.SendBy)
	}
	if last := m.Deadline.Round(0).Add(-w.Times.CallMargin); last.Before(deadline) {
		deadline = last
	}
	defer w.watch(ctx, m, j)()
	call := carrier.Call{Token: j.token, SendBy: r.SendBy, Deadline: deadline}
	o := j.carrier.Book(ctx, j.order(r.ID), call)
	if mutant.On(mutant.BlindRetry) && o.Kind == carrier.Unknown {
		o = j.carrier.Book(ctx, j.order(r.ID), call)
	}
	if o.Kind != carrier.Unauthenticated {
		return o
	}
	bounded, cancel := context.WithTimeout(ctx, r.SendBy.Sub(w.wall()))
	defer cancel()
	token, err := w.Tokens.Refresh(bounded, j.account, j.carrier, j.token)
	if refused, ok := errors.AsType[*carrier.LoginRefused](err); ok { // nothing was booked, and only a person can help
		return carrier.Outcome{Kind: carrier.Refused, Code: "login_refused", Message: loginRefused(j.account, refused), Raw: o.Raw}
	}
	if err != nil || !w.wall().Before(r.SendBy) {
		return o
	}
	call.Token = token
	return j.carrier.Book(ctx, j.order(r.ID), call)
}

// record stores what the call came to. It tries until the invocation ends: what it can't write, the lease brings
// to unknown, and recovery finds out.
func (w *Worker) record(ctx context.Context, m queue.Message, r Record, o carrier.Outcome) error {
	res, ready := w.papers(ctx, m, r, o)
	write, cause := AfterCall(r, o, ready)
	if write == WriteBack && r.Attempts > 1 && w.wall().Sub(r.Confirmed) > w.Times.GiveUp { // provably not booked, for a day
		write = WriteRefused
		o.Code, o.Message = "given_up", "No attempt of a day came to a booking; the last ended with "+cause.String()+" ("+o.Code+" "+o.Message+"). Confirm again to go on."
	}
	var err error
	for try := range 4 {
		if write, err = w.write(ctx, m.Tenant, r, o, res, write, cause); err == nil {
			break
		}
		w.Log.ErrorContext(ctx, "result not written", "tenant", m.Tenant, "shipment", r.ID, "try", try, "error", err)
		if ctx.Err() != nil {
			break
		}
	}
	noteCall(ctx, r, o, res.TrackingNumber, w.wall())
	return err
}

// papers stores the label before the result says that it is there, and the evidence of what was not a yes.
func (w *Worker) papers(ctx context.Context, m queue.Message, r Record, o carrier.Outcome) (Result, bool) {
	ctx, cancel := context.WithTimeout(ctx, w.Times.Prepare) // the result must not wait for a document
	defer cancel()
	if o.Kind != carrier.Done {
		if o.Kind == carrier.Refused || o.Kind == carrier.Unknown {
			if err := w.Papers.PutRaw(ctx, m.Tenant, m.Mode, r.ID, r.Attempts, o.Raw); err != nil {
				w.Log.ErrorContext(ctx, "evidence not stored", "tenant", m.Tenant, "shipment", r.ID, "error", err)
			}
		}
		return Result{}, false
	}
	res := Result{TrackingNumber: o.Booking.TrackingNumber, Numbers: further(*o.Booking), Charge: o.Booking.Charge, Document: DocumentPending}
	if o.Booking.Invoice != nil {
		defer w.invoice(ctx, m, r, res.TrackingNumber, *o.Booking.Invoice)
	}
	if o.Booking.Label == nil {
		return res, false
	}
	if err := w.Papers.PutLabel(ctx, m.Tenant, m.Mode, r.ID, res.TrackingNumber, *o.Booking.Label, o.Raw); err != nil {
		w.Log.ErrorContext(ctx, "label not stored, to be fetched again", "tenant", m.Tenant, "shipment", r.ID, "error", err)
		return res, false
	}
	res.Document = DocumentReady
	return res, true
}

// invoice keeps the customs invoice. What can't be stored is missed: the booking does not wait for it.
func (w *Worker) invoice(ctx context.Context, m queue.Message, r Record, number string, l ship.Label) {
	if err := w.Papers.PutInvoice(ctx, m.Tenant, m.Mode, r.ID, number, l); err != nil {
		w.Log.ErrorContext(ctx, "invoice not stored", "tenant", m.Tenant, "shipment", r.ID, "error", err)
	}
}

// write makes one result write and follows the table when it is refused. It returns the write to try next.
func (w *Worker) write(ctx context.Context, tenant string, r Record, o carrier.Outcome, res Result, write ResultWrite, cause Cause) (ResultWrite, error) {
	for {
		err := w.writeOnce(ctx, tenant, r, o, res, write, cause)
		refused, ok := errors.AsType[*Refused](err)
		if !ok {
			return write, err
		}
		obs.Measure(ctx, obs.ResultsRefused, 1, "")
		if refused.Old == nil {
			return write, nil // the item is gone: nothing of ours deletes one that was confirmed
		}
		switch AfterResultRefused(*refused.Old, r.Fence(), write, res.TrackingNumber) {
		case ResultOpen:
			write, r = WriteBookedOpen, *refused.Old
		case ResultUnknown:
			write = WriteUnknown
		case ResultLate:
			if slices.Contains(res.Numbers, refused.Old.TrackingNumber) {
				return write, nil // a person has named this very booking by another of its parcels
			}
			return write, w.late(ctx, tenant, r, res.TrackingNumber)
		default:
			return write, nil
		}
	}
}

func (w *Worker) writeOnce(ctx context.Context, tenant string, r Record, o carrier.Outcome, res Result, write ResultWrite, cause Cause) error {
	now := w.wall()
	var err error
	switch write {
	case WriteBooked:
		_, err = w.Results.Booked(ctx, tenant, r, res, now)
	case WriteBookedOpen:
		_, err = w.Results.BookedOpen(ctx, tenant, r, res, now, DueAfterBooked(r, res.Document, now, w.Times))
	case WriteBack:
		nx := now.Add(Backoff(r.ID, r.Attempts, o.RetryAfter, w.Times))
		_, err = w.Results.Back(ctx, tenant, r, cause, now, nx, dueAfter(nx, now, w.Times))
	case WriteRefused:
		_, err = w.Results.Refused(ctx, tenant, r, Failure{sourceOf(o), o.Code, o.Message}, now, now.Add(w.Times.Audit))
	default:
		_, err = w.Results.Unknown(ctx, tenant, r, now, now.Add(NextLookup(0, w.Times)))
	}
	return err
}

// sourceOf is who refused: we give up ourselves.
func sourceOf(o carrier.Outcome) string {
	if o.Code == "given_up" {
		return "fairlead"
	}
	return "carrier"
}
