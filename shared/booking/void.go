package booking

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/queue"
)

// This file takes bookings back: the one that is not wanted any more, under a lease of its own, and those that came too
// late beside the one that won.

// cancel begins to void a booking that nobody wants any more. Like a booking it prepares first; what it can't prepare has
// asked the carrier nothing.
func (v *Recovery) cancel(ctx context.Context, m queue.Message, r Record) error {
	j, _, why, err := v.prepare(ctx, m, r.RequestFP, r)
	if err != nil {
		return err
	}
	if why != nil && !v.over(r) {
		noteStep(ctx, "no void possible yet", why.why.Code)
		return v.retry(ctx, m)
	}
	held, err := v.hold(ctx, m, r)
	if refused, ok := errors.AsType[*Refused](err); ok {
		if refused.Old == nil || refused.Old.Status != Cancelling || refused.Old.Owner != m.Receipt {
			return nil // somebody else moved it on
		}
		held, err = *refused.Old, nil // it is mine: my own acknowledgement was lost
	}
	if err != nil {
		return fmt.Errorf("void: %w", err)
	}
	return v.void(ctx, m, held, j, why, false)
}

// hold makes VOID, and makes it again when its answer is lost: left behind, it would be taken for one whose void may have
// reached the carrier.
func (v *Recovery) hold(ctx context.Context, m queue.Message, r Record) (out Record, err error) {
	for range 3 {
		out, err = v.Voids.Void(ctx, m.Tenant, r, m.Receipt, v.wall(), m.Deadline.Round(0).Add(v.Times.LeaseMargin), v.due())
		if _, refused := errors.AsType[*Refused](err); err == nil || refused || ctx.Err() != nil {
			break
		}
		v.Log.WarnContext(ctx, "void not acknowledged", "tenant", m.Tenant, "shipment", r.ID, "error", err)
	}
	return out, err
}

// takeOver goes on with a void whose owner gave no account of it: the carrier may have been asked, and may yet be.
func (v *Recovery) takeOver(ctx context.Context, m queue.Message, r Record) error {
	j, _, why, err := v.prepare(ctx, m, r.RequestFP, r)
	if err != nil {
		return err
	}
	if why != nil && !v.over(r) {
		return v.retry(ctx, m)
	}
	return v.void(ctx, m, r, j, why, true)
}

// over tells whether a cancellation has been tried for as long as it is tried.
func (v *Recovery) over(r Record) bool { return v.wall().Sub(r.CancelWanted) > v.Times.GiveUp }

// void asks the carrier once to take the booking back, and writes what that means. This recovery holds r.
func (v *Recovery) void(ctx context.Context, m queue.Message, r Record, j job, why *impossible, doubt bool) error {
	d := Voiding{Doubt: doubt, Over: v.over(r)}
	voider, ok := j.carrier.(carrier.Voider)
	switch {
	case why != nil:
		d.Answer = carrier.VoidAnswer{Kind: carrier.VoidNotSent, Code: why.why.Code, Message: why.why.Detail}
	case !ok:
		_, err := v.ended(ctx, m, r, "LOCAL", func(r Record, now time.Time) error {
			_, err := v.Voids.Local(ctx, m.Tenant, r, now, DueAfterVoid(r, now, v.Times))
			return err
		})
		return err
	default:
		// Past the lease somebody else has taken over: nothing more may be let out.
		d.Answer = v.ask(ctx, m, voider, j, r, r.TrackingNumber, carrier.Call{Token: j.token, SendBy: r.RecoverLease, Deadline: v.until(m)})
	}
	step := AfterVoid(d)
	noteVoid(ctx, r, d, step)
	if step == VoidLeave {
		return v.retry(ctx, m) // it comes back when the lease is over
	}
	left, err := v.ended(ctx, m, r, step.String(), func(r Record, now time.Time) error { return v.end(ctx, m.Tenant, r, step, d, now) })
	if step == VoidDone && left != nil {
		return v.proven(ctx, m, *left, r.TrackingNumber)
	}
	return err
}

// proven writes a yes whose asker was taken over meanwhile. A void stays void, whoever holds the shipment by now and whatever
// they are told: dropped, it would leave a person to find out what is known.
func (v *Recovery) proven(ctx context.Context, m queue.Message, r Record, number string) error {
	for r.Status == Cancelling {
		left, err := v.ended(ctx, m, r, "VOIDPROVEN", func(r Record, now time.Time) error {
			_, err := v.Voids.VoidProven(ctx, m.Tenant, r, number, now, DueAfterVoid(r, now, v.Times))
			return err
		})
		if left == nil || err != nil {
			return err
		}
		r = *left
	}
	if r.Status == Booked {
		v.Log.ErrorContext(ctx, "void at the carrier, and said to be booked: cancel it again", "tenant", m.Tenant, "shipment", r.ID, "number", number)
	}
	return nil
}

// end makes the write that a try to void ends with.
func (v *Recovery) end(ctx context.Context, tenant string, r Record, step VoidStep, d Voiding, now time.Time) error {
	var err error
	switch step {
	case VoidDone:
		_, err = v.Voids.Voided(ctx, tenant, r, now, DueAfterVoid(r, now, v.Times))
	case VoidNo:
		_, err = v.Voids.VoidNo(ctx, tenant, r, refusal(d), now, DueAfterVoid(r, now, v.Times))
	case VoidHold:
		_, err = v.Voids.VoidUnk(ctx, tenant, r, refusal(d), now, DueAfterVoid(r, now, v.Times))
	default:
		nx := now.Add(VoidBackoff(r, d.Answer.RetryAfter, now, v.Times))
		_, err = v.Voids.VoidBack(ctx, tenant, r, now, nx, dueAfter(nx, now, v.Times))
	}
	return err
}

// ended makes a write that ends a void until it is acknowledged or the invocation ends. When a number came late in between
// the shipment stays open; when somebody else took over, left is how they have it, and they find out.
func (v *Recovery) ended(ctx context.Context, m queue.Message, r Record, name string, write func(Record, time.Time) error) (left *Record, err error) {
	for try := 0; try < 4; try++ {
		err = write(r, v.wall())
		refused, ok := errors.AsType[*Refused](err)
		switch {
		case ok && refused.Old != nil && r.Fence().holdsVoid(*refused.Old):
			r = *refused.Old
			continue
		case ok:
			return refused.Old, nil
		case err == nil:
			return nil, nil
		}
		v.Log.ErrorContext(ctx, "void not written", "tenant", m.Tenant, "shipment", r.ID, "write", name, "try", try, "error", err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, err
}

// ask asks that a number be voided, and keeps what was answered when it was no yes.
func (v *Recovery) ask(ctx context.Context, m queue.Message, voider carrier.Voider, j job, r Record, number string, call carrier.Call) carrier.VoidAnswer {
	a := v.asked(ctx, m, voider, j, r, number, call)
	if a.Kind != carrier.VoidRefused && a.Kind != carrier.VoidUnknown {
		return a
	}
	ctx, cancel := context.WithTimeout(ctx, v.Times.Prepare) // the result must not wait for its evidence
	defer cancel()
	seen := VoidAnswer{Number: number, At: v.wall(), Kind: a.Kind.String(), Code: a.Code, Message: a.Message, Raw: a.Raw}
	if err := v.Evidence.PutVoidAnswer(ctx, m.Tenant, m.Mode, r.ID, seen); err != nil {
		v.Log.ErrorContext(ctx, "evidence not stored", "tenant", m.Tenant, "shipment", r.ID, "number", number, "error", err)
	}
	return a
}

// asked asks once more with a refreshed token if the first was refused.
func (v *Recovery) asked(ctx context.Context, m queue.Message, voider carrier.Voider, j job, r Record, number string, call carrier.Call) carrier.VoidAnswer {
	a := voider.Void(ctx, j.order(r.ID), number, call)
	if a.Kind != carrier.VoidUnauthenticated {
		return a
	}
	token, err := v.refresh(ctx, j, call.Deadline)
	if err != nil {
		return a
	}
	call.Token = token
	return voider.Void(ctx, j.order(r.ID), number, call)
}

// refusal is what is told of a void that was not a yes.
func refusal(d Voiding) Failure {
	said := d.Answer.Code + " " + d.Answer.Message
	switch {
	case d.Answer.Kind == carrier.VoidRefused && !d.Doubt:
		return Failure{"carrier", d.Answer.Code, d.Answer.Message}
	case !d.Doubt && d.Answer.Kind != carrier.VoidUnknown:
		return Failure{"fairlead", "void_given_up", "It is still booked: for a day the carrier could not be asked to void it. Cancel it again to go on. The last try ended with " + d.Answer.Kind.String() + ": " + said}
	}
	return Failure{"fairlead", "void_unknown", "A void may have reached the carrier, and was not answered; a person looks at the carrier. The last try ended with " + d.Answer.Kind.String() + ": " + said}
}

// strayPatience is how many times GiveUp a late number may resist before every further try is an error for a person.
const strayPatience = 7

// clear voids the numbers that came too late, each once, and takes those that are void off the list. It tells whether it
// wrote. What is not void stays on the list, and wake comes back to it.
func (v *Recovery) clear(ctx context.Context, m queue.Message, r Record) (bool, error) {
	if len(r.Late) == 0 {
		return false, nil
	}
	var void []string
	if open := Outstanding(r); len(open) > 0 {
		var err error
		if void, err = v.strays(ctx, m, r, open); err != nil || len(void) == 0 {
			return false, err
		}
	}
	now := v.wall()
	was := r
	r.Late = LeftOver(r, void)
	_, err := v.Late.Clear(ctx, m.Tenant, was, r.Late, now, DueAfterVoid(r, now, v.Times))
	return true, ignoreRefused(err)
}

// strays asks the carrier to void numbers. To void one that is void already is no harm, so no lease is needed; a message
// that comes again for another reason asks nothing.
func (v *Recovery) strays(ctx context.Context, m queue.Message, r Record, numbers []string) (void []string, err error) {
	if again, err := repeated(m); again || err != nil {
		return nil, err
	}
	j, _, why, err := v.prepare(ctx, m, r.RequestFP, r)
	if err != nil {
		return nil, err
	}
	log := v.Log.WarnContext
	if v.wall().Sub(r.Updated()) > strayPatience*v.Times.GiveUp {
		log = v.Log.ErrorContext
	}
	voider, ok := j.carrier.(carrier.Voider)
	if why != nil || !ok {
		log(ctx, "late numbers not voided: the carrier can't be asked to", "tenant", m.Tenant, "shipment", r.ID, "numbers", numbers)
		return nil, nil
	}
	if r.Status == Booked && len(j.request.Parcels) > 1 && len(r.Numbers) == 0 {
		// A person named the booking by one of its numbers: these may stand on its other parcels.
		log(ctx, "late numbers not voided: they may be those of the shipment's own parcels; a person looks at the carrier", "tenant", m.Tenant, "shipment", r.ID, "numbers", numbers)
		return nil, nil
	}
	for _, n := range numbers {
		a := v.ask(ctx, m, voider, j, r, n, carrier.Call{Token: j.token, Deadline: v.until(m)})
		if a.Kind == carrier.Voided {
			void = append(void, n)
			v.Log.InfoContext(ctx, "late number voided", "tenant", m.Tenant, "shipment", r.ID, "number", n)
			continue
		}
		log(ctx, "late number not voided", "tenant", m.Tenant, "shipment", r.ID, "number", n, "answer", a.Kind.String(), "code", a.Code)
	}
	return void, nil
}
