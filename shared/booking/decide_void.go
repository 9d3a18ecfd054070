package booking

import (
	"math/bits"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/mutant"
)

// This file decides about cancellations, as decide.go decides about bookings.

// VoidStep is the write that ends a try to void a booking.
type VoidStep int

// The steps.
const (
	VoidLeave    VoidStep = iota // none: what became of the try is not known, and whoever takes over asks again
	VoidPostpone                 // VOIDBACK
	VoidDone                     // VOIDED
	VoidNo                       // VOIDNO
	VoidHold                     // VOIDUNK
)

// String is the name of the write.
func (s VoidStep) String() string {
	return [...]string{"none", "VOIDBACK", "VOIDED", "VOIDNO", "VOIDUNK"}[s]
}

// Voiding is everything the decision after a try to void a booking rests on.
type Voiding struct {
	Answer carrier.VoidAnswer
	Doubt  bool // an earlier void may have been carried out, or may yet be: whoever asked for it gave no account
	Over   bool // it has been tried for as long as it is tried
}

// AfterVoid decides what an answer, or the lack of one, means. "Still booked" is said only when nothing else can have
// voided it: a void that was not answered may be carried out after a later one is refused.
func AfterVoid(d Voiding) VoidStep {
	if mutant.On(mutant.VoidDoubtForgotten) {
		d.Doubt = false
	}
	switch d.Answer.Kind {
	case carrier.Voided:
		return VoidDone
	case carrier.VoidRefused:
		if d.Doubt {
			return VoidHold
		}
		return VoidNo
	case carrier.VoidNotSent, carrier.VoidThrottled, carrier.VoidUnauthenticated:
		switch {
		case !d.Doubt && d.Over:
			return VoidNo
		case !d.Doubt:
			return VoidPostpone
		}
	}
	if d.Over {
		return VoidHold
	}
	return VoidLeave
}

// VoidBackoff is how long a void waits after a try that came to nothing: what the carrier asked for, or about as long as
// the cancellation has been wanted, which doubles each wait up to BackoffMax.
func VoidBackoff(r Record, retryAfter time.Duration, now time.Time, t Times) time.Duration {
	wanted := max(now.Sub(r.CancelWanted), 0)
	return Backoff(r.ID, int64(bits.Len64(uint64(wanted/t.BackoffUnit))), retryAfter, t)
}

// DueAfterVoid is when wake looks at a shipment whose cancellation has come to its end, or whose late numbers have, and
// which something else keeps open.
func DueAfterVoid(r Record, now time.Time, t Times) time.Time {
	r.CancelWanted = time.Time{}
	return DueAfterBooked(r, r.Document, now, t)
}

// CancelStep is what a client's cancellation calls for.
type CancelStep int

// The steps.
const (
	CancelReplay CancelStep = iota // nothing: it is cancelled, or will be as soon as that is known to be possible
	CancelRefuse                   // nothing is booked, and nothing will be
	CancelNow                      // CANCEL: nothing is booked
	CancelReopen                   // REOPEN, then CW: a number came late
	CancelWant                     // CW: it is voided when it is booked, cancelled when it is not
)

// OnCancel decides what a client's wish to cancel means for a record.
func OnCancel(r Record) CancelStep {
	late := len(r.Late) > 0
	switch {
	case r.Status == Pending && !late: // wanted before or not: there is nothing to wait for
		return CancelNow
	case r.Status == Cancelling, r.Status == Cancelled, r.Status == CancelledLocally, !r.CancelWanted.IsZero():
		return CancelReplay
	case r.Status == Booking, r.Status == Unknown, r.Status == Booked:
		return CancelWant
	case late: // pending or failed
		return CancelReopen
	case r.Status == Failed:
		return CancelRefuse
	}
	return CancelNow
}
