package booking

import (
	"context"
	"slices"
	"time"

	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/obs"
)

// This file is what booking says of itself: notes on the line of the message at work, and metrics. The carrier's own words
// stay out of both, for carriers repeat addresses; they are with the attempt (GET /v1/shipments/{id}/attempts).

func noteStep(ctx context.Context, outcome, code string) {
	obs.Note(ctx, "outcome", outcome)
	obs.Note(ctx, "code", code)
}

func noteRefusedClaim(ctx context.Context, old Record) {
	obs.Measure(ctx, obs.ClaimsRefused, 1, "")
	obs.Note(ctx, "outcome", "not claimed")
	obs.Note(ctx, "status", old.Status)
}

// callMetric counts booking calls by what they came to.
var callMetric = map[carrier.Kind]obs.Name{
	carrier.Done: obs.BookingsDone, carrier.Refused: obs.BookingsRefused, carrier.Unknown: obs.BookingsUnknown,
	carrier.NotSent: obs.BookingsNotSent, carrier.Throttled: obs.BookingsThrottled, carrier.Unauthenticated: obs.BookingsUnauthenticated,
}

func noteCall(ctx context.Context, r Record, o carrier.Outcome, number string, now time.Time) {
	ms := o.Raw.Duration.Milliseconds()
	obs.Measure(ctx, obs.BookingCalls, 1, "")
	obs.Measure(ctx, callMetric[o.Kind], 1, "")
	obs.Measure(ctx, obs.CarrierMs, ms, "")
	if o.Kind == carrier.Done && !r.Confirmed.IsZero() {
		obs.Measure(ctx, obs.BookingMs, max(now.Sub(r.Confirmed), 0).Milliseconds(), "")
	}
	noteStep(ctx, o.Kind.String(), o.Code)
	obs.Note(ctx, "attempt", r.Attempts)
	obs.Note(ctx, "epoch", r.Epoch)
	obs.Note(ctx, "http", o.Raw.Status)
	obs.Note(ctx, "sent", o.Raw.Sent)
	obs.Note(ctx, "carrier_ms", ms)
	obs.Note(ctx, "number", number)
}

func noteLook(ctx context.Context, r Record, l Look, d Looked, refused bool) {
	obs.Note(ctx, "outcome", "looked up")
	obs.Note(ctx, "lookup", r.Lookups+1)
	obs.Note(ctx, "found", l.Finding.Kind == carrier.Found)
	obs.Note(ctx, "absent", l.Finding.Kind == carrier.Absent)
	obs.Note(ctx, "step", int(d.Step))
	obs.Note(ctx, "number", d.Number)
	obs.Note(ctx, "refused", refused)
}

func noteAudit(ctx context.Context, f carrier.Finding, over bool) {
	obs.Note(ctx, "outcome", "audited")
	obs.Note(ctx, "found", len(f.Bookings))
	obs.Note(ctx, "voided", f.Voided)
	obs.Note(ctx, "absent", f.Kind == carrier.Absent)
	obs.Note(ctx, "over", over)
}

func noteVoid(ctx context.Context, r Record, d Voiding, step VoidStep) {
	noteStep(ctx, "void: "+d.Answer.Kind.String(), d.Answer.Code)
	obs.Note(ctx, "number", r.TrackingNumber)
	obs.Note(ctx, "http", d.Answer.Raw.Status)
	obs.Note(ctx, "doubt", d.Doubt)
	obs.Note(ctx, "over", d.Over)
	obs.Note(ctx, "step", step.String())
}

func noteWake(ctx context.Context, woken, failed int64, overdue time.Duration) {
	obs.Note(ctx, "woken", woken)
	obs.Note(ctx, "failed", failed)
	obs.Measure(ctx, obs.WakeRuns, 1, "")
	obs.Measure(ctx, obs.Woken, woken, "")
	obs.Measure(ctx, obs.WakeFailed, failed, "")
	obs.Measure(ctx, obs.OpenOverdue, int64(overdue/time.Second), "")
}

func noteRelay(ctx context.Context, changes, done, messages int) {
	obs.Note(ctx, "changes", changes)
	obs.Note(ctx, "failed", changes-done)
	obs.Note(ctx, "messages", messages)
	obs.Measure(ctx, obs.Changes, int64(done), "")
	obs.Measure(ctx, obs.ChangesFailed, int64(changes-done), "")
}

// measureChange counts what a change of a shipment says. The stream shows every change once, whoever made it; only what is
// read again after a failure counts again.
func measureChange(ctx context.Context, c Change, at time.Time) {
	now, before := c.New, Record{}
	if c.Old != nil {
		before = *c.Old
	}
	if now.ID == "" || now.Version == before.Version {
		return
	}
	if !now.Updated().Equal(before.Updated()) {
		obs.Measure(ctx, obs.RelayMs, max(at.Sub(now.Updated()), 0).Milliseconds(), "")
	}
	if now.Status == Unknown && before.Status != Unknown {
		obs.Measure(ctx, obs.ShipmentsUnknown, 1, "")
	}
	if now.Held != "" && before.Held == "" {
		obs.Measure(ctx, obs.ShipmentsHeld, 1, "")
	}
	if slices.Contains(events(before, now), v1.ShipmentDuplicate) {
		obs.Measure(ctx, obs.Duplicates, 1, "")
	}
}
