package booking

import (
	"encoding/binary"
	"slices"
	"strconv"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/mutant"
	"github.com/fairlead/fairlead/shared/ship"
)

// This file decides and does nothing else: pure functions over a record, an answer and the time. Every branch of
// the protocol's tables is here, so that it can be explored without a database, a queue or a carrier.

// ClaimStep is what to do after CLAIM was refused.
type ClaimStep int

// The steps.
const (
	StepAcknowledge ClaimStep = iota // nothing to do; count it
	StepHold                         // it is mine: my own acknowledgement was lost
	StepResend                       // the message again, after Wait
	StepAnew                         // the message again, of what is ordered by now
	StepReopen                       // REOPEN: a late answer arrived
	StepCancel                       // CANCEL: nothing is booked and nobody wants it any more
	StepExpire                       // EXPIRE: its worker is dead
)

// AfterClaimRefused reads the item that refused a claim.
func AfterClaimRefused(old Record, c Claim, t Times) (step ClaimStep, wait time.Duration) {
	now := c.Now
	switch {
	case old.Status == Booking && old.Owner == c.Me:
		return StepHold, 0
	case old.Status == Pending && len(old.Late) > 0:
		return StepReopen, 0
	case old.Status == Pending && !old.CancelWanted.IsZero():
		return StepCancel, 0
	case old.Status == Pending && old.NotBefore.After(now):
		return StepResend, old.NotBefore.Sub(now)
	case old.Status == Pending && old.RequestFP != c.Request:
		return StepAnew, 0
	case old.Status == Booking && old.Lease.Before(now):
		return StepExpire, 0
	case old.Status == Booking && mutant.On(mutant.LeaseOfAnother):
		return StepHold, 0
	case old.Status == Booking:
		return StepResend, old.Lease.Sub(now) + t.LeaseCheck
	}
	return StepAcknowledge, 0
}

// ResultWrite is the write an outcome leads to.
type ResultWrite int

// The result writes of a booking.
const (
	WriteUnknown    ResultWrite = iota // UNKNOWN
	WriteBooked                        // BOOKED
	WriteBookedOpen                    // BOOKED+: something is left to do
	WriteBack                          // BACK
	WriteRefused                       // REFUSED
)

// AfterCall turns an outcome into a write. r is the record as the claim left it; ready tells whether the label
// is stored.
func AfterCall(r Record, o carrier.Outcome, ready bool) (ResultWrite, Cause) {
	switch o.Kind {
	case carrier.Done:
		if !ready || r.AuditOwed || len(r.Late) > 0 || !r.CancelWanted.IsZero() {
			return WriteBookedOpen, CauseLabelGenerated
		}
		return WriteBooked, CauseLabelGenerated
	case carrier.NotSent:
		return WriteBack, CauseNotSent
	case carrier.Unauthenticated:
		return WriteBack, CauseAuthExpiredRetry
	case carrier.Throttled:
		return WriteBack, CauseThrottled
	case carrier.Refused:
		return WriteRefused, CauseRefused
	}
	if mutant.On(mutant.ResetOnError) {
		return WriteBack, CauseOutcomeUnknown
	}
	return WriteUnknown, CauseOutcomeUnknown
}

// ResultStep is what to do after a result write was refused.
type ResultStep int

// The steps.
const (
	ResultDone    ResultStep = iota // it was my own write, or somebody else owns it: drop
	ResultOpen                      // the fence holds: write BOOKED+ instead
	ResultUnknown                   // the fence holds but a late answer exists: write UNKNOWN instead
	ResultLate                      // I hold a number that the item does not show: LATE
)

// AfterResultRefused reads the item that refused a result write of a booking. number is the tracking number the
// caller holds, "" for none: a number is never dropped.
func AfterResultRefused(old Record, f Fence, w ResultWrite, number string) ResultStep {
	switch {
	case f.holds(old) && w == WriteBooked:
		return ResultOpen
	case f.holds(old) && (w == WriteBack || w == WriteRefused):
		return ResultUnknown
	case mutant.On(mutant.LateDropped):
		return ResultDone
	case number != "" && old.TrackingNumber != number:
		return ResultLate
	}
	return ResultDone
}

// Backoff is how long shipment id waits after attempt n came to nothing: what the carrier asked for, or
// min(BackoffMax, 2^n) with jitter, half to all of it. The jitter is drawn from id and n: what failed together does not
// come back together, and the decision stays a pure function.
func Backoff(id string, n int64, retryAfter time.Duration, t Times) time.Duration {
	if retryAfter > 0 {
		return min(retryAfter, t.GiveUp)
	}
	wait := t.BackoffMax
	if n < 20 {
		wait = min(t.BackoffMax, t.BackoffUnit<<max(n, 0))
	}
	sum := hashed(id, strconv.FormatInt(n, 10))
	share := int64(binary.BigEndian.Uint32(sum[:])) % 1000
	return wait/2 + wait/2*time.Duration(share)/1000
}

// NextWake is the `due` after a wake-up at now, and whether a message is to be sent. The wait is as long as the
// record has been unchanged, between DueFirst and DueMax, which doubles it each time. What waits for its own time (nx)
// has been announced by the stream: wake only looks whether that was lost. What is pending and wanted cancelled waits for
// nothing.
func NextWake(r Record, now time.Time, t Times) (next time.Time, send bool) {
	wanted := !r.CancelWanted.IsZero()
	waiting := (r.Status == Pending && !wanted || r.Status == Unknown) && len(r.Late) == 0 || r.Status == Booked && wanted
	if waiting && r.NotBefore.After(now) {
		return r.NotBefore.Add(t.DueFirst), false
	}
	return now.Add(min(max(now.Sub(r.Updated()), t.DueFirst), t.DueMax)), true
}

// AuditDue tells whether the look-up that a rebooked shipment owes is to be made. It is judged by the time of the last
// change, for wake has moved `due` before anybody looks.
func AuditDue(r Record, now time.Time, t Times) bool {
	return r.AuditOwed && now.Sub(r.Updated()) >= t.Audit
}

// DueAfterBooked is when wake looks at a shipment that is booked but still open.
func DueAfterBooked(r Record, doc Document, now time.Time, t Times) time.Time {
	if doc != DocumentPending && r.AuditOwed && len(r.Late) == 0 && r.CancelWanted.IsZero() {
		return now.Add(t.Audit)
	}
	return now.Add(t.DueFirst)
}

// RecoverStep is what recovery does with a record that RECOVER could not take.
type RecoverStep int

// The steps.
const (
	RecoverAcknowledge RecoverStep = iota
	RecoverHold                    // mine already: my own acknowledgement was lost
	RecoverResend                  // the message again, after wait
	RecoverReopen                  // REOPEN
	RecoverExpire                  // EXPIRE
	RecoverCancel                  // CANCEL
	RecoverSettle                  // booked with something left open: a cancellation, late numbers, a document, an audit
)

// AfterRecoverRefused reads the item that refused RECOVER.
func AfterRecoverRefused(old Record, me string, now time.Time, t Times) (RecoverStep, time.Duration) {
	switch old.Status {
	case Unknown:
		switch {
		case old.Owner == me:
			return RecoverHold, 0
		case old.Owner != "" && !old.RecoverLease.Before(now):
			return RecoverResend, old.RecoverLease.Sub(now) + t.LeaseCheck
		case old.Held == "" && old.NotBefore.After(now) && old.NotBefore.Sub(now) <= t.Skew:
			return RecoverResend, old.NotBefore.Sub(now) // this is its message, and the clocks differ
		}
	case Pending, Failed:
		switch {
		case len(old.Late) > 0:
			return RecoverReopen, 0
		case old.Status == Pending && !old.CancelWanted.IsZero():
			return RecoverCancel, 0
		case old.Status == Failed && !old.Due.IsZero():
			return RecoverSettle, 0
		}
	case Booking:
		if old.Lease.Before(now) {
			return RecoverExpire, 0
		}
	case Cancelling:
		switch {
		case old.Held != "" && !old.Due.IsZero():
			return RecoverSettle, 0
		case old.Held != "":
		case old.Owner == me:
			return RecoverHold, 0
		case !old.RecoverLease.Before(now):
			return RecoverResend, old.RecoverLease.Sub(now) + t.LeaseCheck
		}
	case Booked, Cancelled, CancelledLocally:
		wait := old.NotBefore.Sub(now)
		switch early := old.Status == Booked && !old.CancelWanted.IsZero() && wait > 0; {
		case early && wait <= t.Skew:
			return RecoverResend, wait
		case !early && !old.Due.IsZero():
			return RecoverSettle, 0
		}
	}
	return RecoverAcknowledge, 0
}

// LookStep is what a look-up leads to.
type LookStep int

// The writes of recovery.
const (
	LookAgain     LookStep = iota // again
	LookAnnounce                  // again, and the shipper is told that it stays unknown
	LookAdopt                     // adopt
	LookAdoptOpen                 // adopt+
	LookAbsent                    // absent
	LookHold                      // hold
)

// Look is everything the decision after a look-up rests on.
type Look struct {
	Finding  carrier.Finding
	Asked    time.Time // before the look-up was sent; settling is judged by it, never by the time of the write
	Absence  carrier.Absence
	SettleS  int
	Rebook   bool // the account's rebook_on_absent
	Document Document
}

// Looked is the decision.
type Looked struct {
	Step    LookStep
	Number  string    // adopt: the number
	Rest    []string  // adopt+: what stays in late
	Absent  bool      // again: this answer was an absence
	Settled time.Time // absent, hold: the lease must have ended before it
}

// AfterLook decides what an answer (or the lack of one) means for a record that recovery holds.
func AfterLook(r Record, l Look, t Times) Looked {
	if number, rest := adoptable(r, l.Finding); number != "" {
		step := LookAdopt
		if len(rest) > 0 || l.Document == DocumentPending || r.AuditOwed || !r.CancelWanted.IsZero() {
			step = LookAdoptOpen
		}
		return Looked{Step: step, Number: number, Rest: rest}
	}
	settled := l.Asked.Add(-t.Settle(l.SettleS) - t.Skew) // the lease was written by another machine's clock
	if mutant.On(mutant.NoSettle) {
		settled = l.Asked
	}
	lapsed := r.Lease.Before(settled)
	out := Looked{Step: LookAgain, Absent: l.Finding.Kind == carrier.Absent, Settled: settled}
	over := l.Asked.Sub(r.SendBy) > t.LookupEnd
	if l.Absence == carrier.NoAbsence {
		if lapsed {
			out.Step = LookHold
		}
		return out
	}
	certain := out.Absent && lapsed && !r.FirstAbsent.IsZero() && l.Asked.Sub(r.FirstAbsent) >= t.AbsentGap+t.Skew
	switch {
	case certain && (l.Absence == carrier.Conclusive || l.Rebook):
		out.Step = LookAbsent
	case over && lapsed:
		out.Step = LookHold
	case certain && r.AbsenceSettled.IsZero():
		out.Step = LookAnnounce
	}
	return out
}

// adoptable chooses the number to adopt: one that came late is known to be a booking; else the first one found.
// The others stay late, but for a booking that has a parcel of a number which came late: it is that one.
func adoptable(r Record, f carrier.Finding) (number string, rest []string) {
	all := slices.Clone(r.Late)
	if f.Kind == carrier.Found {
		for _, b := range f.Bookings {
			if b.TrackingNumber != "" && !slices.ContainsFunc(all, func(n string) bool { return under(b, n) }) {
				all = append(all, b.TrackingNumber)
			}
		}
	}
	if len(all) == 0 {
		return "", nil
	}
	return all[0], all[1:]
}

// under tells whether a booking is known by a number, or one of its parcels is.
func under(b ship.Booking, number string) bool {
	return b.TrackingNumber == number || slices.Contains(b.Numbers, number)
}

// NextLookup is how long to wait after look-up number n (from 0: the call itself).
func NextLookup(n int64, t Times) time.Duration {
	if n >= 0 && n < int64(len(t.Lookups)) {
		return t.Lookups[n]
	}
	return t.LookupLast
}

// Outstanding is what of a settled shipment's late numbers is still to be voided: all but what it is booked under.
func Outstanding(r Record) []string { return LeftOver(r, nil) }

// LeftOver is what stays of the late numbers when some are void at the carrier.
func LeftOver(r Record, void []string) []string {
	var out []string
	for _, n := range r.Late {
		if !r.bookedUnder(n) && !slices.Contains(void, n) {
			out = append(out, n)
		}
	}
	return out
}
