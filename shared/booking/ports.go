package booking

import (
	"context"
	"errors"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// Every write returns the item as it left it, or *Refused with the item that stood in its way. A write given a
// Record is fenced by that record's owner and epoch, or by its version, as the protocol says. audit is when a shipment
// that owes an audit look-up is to be looked at: a write that would close it then keeps it open until that time.

// ErrNotFound means that there is no such shipment, document or account.
var ErrNotFound = errors.New("not found")

// Reader reads state items and canonical requests. Absent is ErrNotFound.
type Reader interface {
	Record(ctx context.Context, tenant string, mode ship.Mode, id string) (Record, error)
	Request(ctx context.Context, tenant string, mode ship.Mode, id, fingerprint string) (ship.Shipment, error)
}

// Requested reads what a shipment orders. A request is stored before its shipment, so one that is not there was erased:
// then it is what the shipment itself still knows.
func Requested(ctx context.Context, reader Reader, tenant string, r Record) (ship.Shipment, error) {
	out, err := reader.Request(ctx, tenant, r.Mode, r.ID, r.RequestFP)
	if errors.Is(err, ErrNotFound) {
		return Erased(r), nil
	}
	return out, err
}

// Erased is what is known of an order when its personal data is not kept any more.
func Erased(r Record) ship.Shipment {
	return ship.Shipment{Reference: r.Reference, Priority: r.Priority, Service: r.Service, CarrierAccount: r.Account, Erased: true}
}

// Claim is what a worker claims with. Me is fresh for each message receipt, Request the fingerprint of what it will ask the
// carrier for: nothing else is claimed.
type Claim struct {
	Mode             ship.Mode
	ID, Me           string
	Request          string
	Now, Lease       time.Time
	SendBy           time.Time
	Account, Service string
}

// Claimer takes a shipment for booking.
type Claimer interface {
	Claim(ctx context.Context, tenant string, c Claim) (Record, error)                                      // CLAIM
	Expire(ctx context.Context, tenant string, old Record, now, notBefore time.Time) (Record, error)        // EXPIRE
	Drop(ctx context.Context, tenant string, old Record, why Failure, now, audit time.Time) (Record, error) // DROP
	Cancel(ctx context.Context, tenant string, old Record, now, audit time.Time) (Record, error)            // CANCEL
}

// Results writes what a booking came to.
type Results interface {
	Booked(ctx context.Context, tenant string, r Record, res Result, now time.Time) (Record, error)              // BOOKED
	BookedOpen(ctx context.Context, tenant string, r Record, res Result, now, due time.Time) (Record, error)     // BOOKED+
	Back(ctx context.Context, tenant string, r Record, why Cause, now, notBefore, due time.Time) (Record, error) // BACK
	Refused(ctx context.Context, tenant string, r Record, why Failure, now, audit time.Time) (Record, error)     // REFUSED
	Unknown(ctx context.Context, tenant string, r Record, now, notBefore time.Time) (Record, error)              // UNKNOWN
}

// Latecomers keeps the numbers that came too late.
type Latecomers interface {
	Late(ctx context.Context, tenant string, mode ship.Mode, id, number string, now, due time.Time) (Record, error) // LATE
	Reopen(ctx context.Context, tenant string, old Record, now, due time.Time) (Record, error)                      // REOPEN
	// Clear leaves the numbers in rest; the others are void at the carrier, or the shipment's own.
	Clear(ctx context.Context, tenant string, r Record, rest []string, now, due time.Time) (Record, error) // CLEAR
}

// Recoveries writes what a look-up came to.
type Recoveries interface {
	Recover(ctx context.Context, tenant string, mode ship.Mode, id, me string, now, lease time.Time) (Record, error)       // RECOVER
	Again(ctx context.Context, tenant string, r Record, l Looked, now, notBefore time.Time) (Record, error)                // again
	Adopt(ctx context.Context, tenant string, r Record, res Result, now time.Time) (Record, error)                         // adopt
	AdoptOpen(ctx context.Context, tenant string, r Record, res Result, rest []string, now, due time.Time) (Record, error) // adopt+
	Absent(ctx context.Context, tenant string, r Record, settled, now, due time.Time) (Record, error)                      // absent
	Hold(ctx context.Context, tenant string, r Record, settled, now time.Time) (Record, error)                             // hold
	Close(ctx context.Context, tenant string, r Record, doc Document, now time.Time) (Record, error)                       // CLOSE
	Audited(ctx context.Context, tenant string, r Record, now, due time.Time) (Record, error)                              // the audit is made, a late number is left
	Fetched(ctx context.Context, tenant string, r Record, now, due time.Time) (Record, error)                              // the document is there, an audit is still owed
}

// Voids writes what becomes of a booking that is to be taken back. due is when a shipment is to be looked at that a late
// number, an audit or a document keeps open.
type Voids interface {
	Void(ctx context.Context, tenant string, r Record, me string, now, lease, due time.Time) (Record, error) // VOID: this write is the intent
	VoidBack(ctx context.Context, tenant string, r Record, now, notBefore, due time.Time) (Record, error)    // VOIDBACK
	Voided(ctx context.Context, tenant string, r Record, now, due time.Time) (Record, error)                 // VOIDED
	// VoidProven is VOIDPROVEN: the carrier has voided this number, whoever holds the shipment by now.
	VoidProven(ctx context.Context, tenant string, r Record, number string, now, due time.Time) (Record, error)
	Local(ctx context.Context, tenant string, r Record, now, due time.Time) (Record, error)                // LOCAL
	VoidNo(ctx context.Context, tenant string, r Record, why Failure, now, due time.Time) (Record, error)  // VOIDNO
	VoidUnk(ctx context.Context, tenant string, r Record, why Failure, now, due time.Time) (Record, error) // VOIDUNK
}

// Papers keeps documents: immutable, beside the state item.
type Papers interface {
	// PutLabel keys a label by its tracking number: a label that came too late never replaces the booked one.
	PutLabel(ctx context.Context, tenant string, mode ship.Mode, id, number string, l ship.Label, raw carrier.Answer) error
	PutRaw(ctx context.Context, tenant string, mode ship.Mode, id string, attempt int64, raw carrier.Answer) error
	// PutInvoice keeps the customs invoice that a carrier made with the label of a tracking number.
	PutInvoice(ctx context.Context, tenant string, mode ship.Mode, id, number string, l ship.Label) error
	// HasLabel tells whether the label of a tracking number is stored.
	HasLabel(ctx context.Context, tenant string, mode ship.Mode, id, number string) (bool, error)
}

// VoidAnswer is what a carrier answered, or did not, when it was asked to void a number: what a person decides by.
type VoidAnswer struct {
	Number  string         `json:"number"`
	At      time.Time      `json:"at"`
	Kind    string         `json:"kind"` // Refused or Unknown
	Code    string         `json:"code,omitempty"`
	Message string         `json:"message,omitempty"`
	Raw     carrier.Answer `json:"raw"`
}

// VoidEvidence keeps the last refusal and the last void that was not answered, of each number.
type VoidEvidence interface {
	PutVoidAnswer(ctx context.Context, tenant string, mode ship.Mode, id string, a VoidAnswer) error
}

// Accounts finds a tenant's carrier account with its credentials. Absent is ErrNotFound.
type Accounts interface {
	CarrierAccount(ctx context.Context, tenant, id string) (carrier.Account, error)
}

// Tenants knows whether a tenant is suspended, and whether its data is erased. What it says may be a minute old.
type Tenants interface {
	Standing(ctx context.Context, tenant string) (suspended, erased bool, err error)
}

// Breaker knows which carriers hang. What it says may be a little out of date, and then nothing but time is lost.
type Breaker interface {
	Hangs(ctx context.Context, carrier string, mode ship.Mode) bool
	// Watch is called when a call of a carrier begins, and stop when it has ended.
	Watch(ctx context.Context, carrier string, mode ship.Mode) (stop func())
}

// Tokens hands out the token all workers share, and refreshes it once for all of them.
type Tokens interface {
	Token(ctx context.Context, acct carrier.Account, c carrier.Carrier) (carrier.Token, error)
	Refresh(ctx context.Context, acct carrier.Account, c carrier.Carrier, stale carrier.Token) (carrier.Token, error)
}
