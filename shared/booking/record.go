// Package booking is the promise: one order, one label. It holds the state machine of a shipment as pure
// decisions over a record, the API operations that create and confirm, the worker that books, the recovery that
// looks before it leaps, the relay of the outbox and the wake-up of what was forgotten. Names are those of the
// booking protocol; ports are declared where they are used.
package booking

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/fairlead/fairlead/shared/ship"
)

// Status is where a shipment stands.
type Status string

// The statuses.
const (
	Draft            Status = "draft"
	Pending          Status = "pending"
	Booking          Status = "booking"
	Booked           Status = "booked"
	Failed           Status = "failed"
	Unknown          Status = "unknown"
	Cancelling       Status = "cancelling"
	Cancelled        Status = "cancelled"
	CancelledLocally Status = "cancelled_locally"

	Unchanged Status = "" // in a history entry: the write leaves the status as it is
)

// Statuses are all of them.
var Statuses = []Status{Draft, Pending, Booking, Booked, Failed, Unknown, Cancelling, Cancelled, CancelledLocally}

// statusCode is a status in a history entry. Codes are stored: append, never reorder.
var statusCode = []Status{Unchanged, Draft, Pending, Booking, Booked, Failed, Unknown, Cancelling, Cancelled, CancelledLocally}

// Cause is why a write was made, as the history keeps it. Codes are stored: append, never reorder.
type Cause byte

// The causes, in the order of the protocol's writes.
const (
	_ Cause = iota
	CauseInitiated
	CauseConfirmed
	CauseLabelRequested // CLAIM: account, service and rendered request are frozen
	CauseLabelGenerated // BOOKED
	CauseNotSent
	CauseThrottled
	CauseAuthExpiredRetry
	_ // request_edited: no write has it any more
	CauseRefused
	CauseOutcomeUnknown
	CauseLeaseExpired
	CauseLateAnswer
	CauseDropped
	CauseAdopted
	CauseAbsent
	CauseHeld
	CauseReopened
	CauseCleared
	CauseCompleted // CLOSE: document fetched, audit done
	CauseCancelled
	CauseAbsenceSettled // the shipper is told that the outcome stays unknown
	CauseDeclared       // DECLARE: a person says that nothing is booked
	CauseNamed          // ADOPT: a person says under which number it is booked
	CauseEdited         // EDIT
	CauseCancelWanted   // CW
	CauseVoidRequested  // VOID: this write is the intent
	CauseVoidPostponed  // VOIDBACK: provably not void, asked again later
	CauseVoided         // VOIDED
	CauseVoidRefused    // VOIDNO
	CauseVoidUnknown    // VOIDUNK: a person finds out whether it is void
	CauseLocal          // LOCAL: cancelled here, for the carrier takes nothing back
	CauseVoidDeclared   // VOIDED by a person's word
	CauseVoidDenied     // VOIDNO by a person's word
	CauseLateSettled    // CLEAR by a person's word
)

var causeName = [...]string{
	"", "initiated", "confirmed", "label_requested", "label_generated", "not_sent", "throttled", "auth_expired_retry",
	"request_edited", "refused", "outcome_unknown", "lease_expired", "late_answer", "dropped", "adopted", "absent", "held",
	"reopened", "cleared", "completed", "cancelled", "absence_settled", "declared", "named", "edited", "cancel_requested",
	"void_requested", "void_postponed", "voided", "void_refused", "void_unknown", "cancelled_locally", "void_declared", "void_denied", "late_settled",
}

// String names the cause.
func (c Cause) String() string {
	if int(c) < len(causeName) {
		return causeName[c]
	}
	return fmt.Sprintf("cause(%d)", byte(c))
}

// Document is whether the label can be had.
type Document string

// The document states.
const (
	NoDocument      Document = "none"
	DocumentPending Document = "pending"
	DocumentReady   Document = "ready"
	DocumentFailed  Document = "failed"
)

// Failure is why a shipment failed, or what its last attempt met. Detail is the carrier's own words where
// Source is carrier.
type Failure struct {
	Source string // "fairlead" or "carrier"
	Code   string
	Detail string
}

// Entry is one change in a shipment's history: 10 bytes when stored.
type Entry struct {
	At     time.Time // to the millisecond
	Status Status
	Cause  Cause
}

// Bytes is the entry as it is stored: time in ms, status, cause.
func (e Entry) Bytes() []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(e.At.UnixMilli()))
	return append(b, byte(slices.Index(statusCode, e.Status)), byte(e.Cause))
}

// ParseEntry reads a stored history entry.
func ParseEntry(b []byte) (Entry, error) {
	if len(b) != 10 || int(b[8]) >= len(statusCode) {
		return Entry{}, fmt.Errorf("history entry of %d bytes is not one of ours", len(b))
	}
	return Entry{At: time.UnixMilli(int64(binary.BigEndian.Uint64(b))).UTC(), Status: statusCode[b[8]], Cause: Cause(b[9])}, nil
}

// Record is a shipment's state item. A zero time or an empty string is an absent attribute. The comment gives the
// attribute's name.
type Record struct {
	Tenant string    // in pk
	Mode   ship.Mode // in pk
	ID     string    // in pk

	Status        Status        // st
	Version       int64         // ver: grows by one with every write that is in the history
	RequestFP0    string        // fp0: fingerprint of the body it was created with
	RequestFP     string        // fp: the canonical request, a key in Documents
	Reference     string        // ref
	Priority      ship.Priority // pri
	Correlation   string        // cid
	CreateRequest string        // rq: id of the create call, so that a retry knows its own write
	ConfirmKey    string        // ck
	Created       time.Time     // in ls
	Confirmed     time.Time     // ct: when booking was last asked for

	Owner        string    // own: who booked or recovers, fresh per message receipt
	Epoch        int64     // ep: grows with every change of owner
	Lease        time.Time // lx: the booking's lease; kept until it leaves unknown, for it anchors the settling time
	SendBy       time.Time // sb
	RecoverLease time.Time // rx
	FirstAbsent  time.Time // ab
	Lookups      int64     // lk
	Attempts     int64     // att
	Account      string    // acct, frozen by the claim
	Service      string    // svc, frozen by the claim

	TrackingNumber string     // trk
	Numbers        []string   // nums: of the second and further parcels, when there are several
	Charge         ship.Money // amt, cur
	Document       Document   // doc
	Failure        *Failure   // err
	VoidRefused    *Failure   // vr: why the last cancellation of a booked shipment came to nothing, or to nobody knows

	NotBefore      time.Time // nx
	Due            time.Time // due: when wake looks at it; zero means nothing is left to do
	Late           []string  // late: tracking numbers that came too late
	Held           string    // hp: a person decides
	CancelWanted   time.Time // cw
	AuditOwed      bool      // au
	AbsenceSettled time.Time // ua: when the shipper was told that the outcome stays unknown

	History []Entry // h
	Moved   int64   // hb: entries that moved to Documents; Version = Moved + len(History)
}

// Updated is when the record last changed.
func (r Record) Updated() time.Time {
	if len(r.History) == 0 {
		return r.Created
	}
	return r.History[len(r.History)-1].At
}

// Fence is what a booking or recovery writes under: it fails as soon as anybody else took over.
type Fence struct {
	Mode  ship.Mode
	ID    string
	Me    string // own
	Epoch int64  // ep
}

// Fence is the record's own fence.
func (r Record) Fence() Fence { return Fence{r.Mode, r.ID, r.Owner, r.Epoch} }

// holds tells whether a booking under f still owns r.
func (f Fence) holds(r Record) bool {
	return r.Status == Booking && r.Owner == f.Me && r.Epoch == f.Epoch
}

// holdsRecovery tells whether a recovery under f still owns r.
func (f Fence) holdsRecovery(r Record) bool {
	return r.Status == Unknown && r.Owner == f.Me && r.Epoch == f.Epoch
}

// holdsVoid tells whether a void under f still owns r.
func (f Fence) holdsVoid(r Record) bool {
	return r.Status == Cancelling && r.Owner == f.Me && r.Epoch == f.Epoch
}

// bookedUnder tells whether the shipment is booked under a number, or one of its parcels is.
func (r Record) bookedUnder(number string) bool {
	return number == r.TrackingNumber || slices.Contains(r.Numbers, number)
}

// Refused is a conditional write that was refused. Old is the item as it stood; nil when there is none.
type Refused struct{ Old *Record }

// Error says what stood there.
func (e *Refused) Error() string {
	if e.Old == nil {
		return "write refused: no such shipment"
	}
	return fmt.Sprintf("write refused: shipment is %s at version %d", e.Old.Status, e.Old.Version)
}

// Result is what BOOKED and adopt write.
type Result struct {
	TrackingNumber string
	Numbers        []string // of the second and further parcels
	Charge         ship.Money
	Document       Document
}

// further are the tracking numbers of a booking beside the one it is known by.
func further(b ship.Booking) []string {
	var out []string
	for _, n := range b.Numbers {
		if n != "" && n != b.TrackingNumber && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}
