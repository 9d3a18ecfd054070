// Package carrier is the port to the carriers: what Fairlead asks of one, and the evidence by which an answer is
// judged. One folder under shared/carriers implements it for one carrier; nothing else knows a wire format.
package carrier

import (
	"context"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/ship"
)

// Account is what a carrier needs to act for one tenant. Secret fields are never logged.
type Account struct {
	ID             string            // "ca_…"
	Tenant         string            // owner
	Mode           ship.Mode         // chooses the base URL
	Carrier        string            // folder name under shared/carriers
	Number         string            // the carrier's own account (shipper) number
	Credentials    map[string]string // as the carrier's descriptor names them, e.g. client_id, client_secret
	Revision       int64             // of the credentials: it grows when they are replaced, and no token outlives it
	RebookOnAbsent bool              // the tenant accepts an advisory absence as proof (PROTOCOL §6)
	// BookingsPerMinute is what the carrier takes of this account's credential when that is not what carrier.json says; 0:
	// it is.
	BookingsPerMinute int64
}

// Token is a bearer token shared by all workers. Generation grows with each refresh, so that of many workers
// that saw the same token refused exactly one refreshes it.
type Token struct {
	Value      string
	Expires    time.Time
	Generation int64
}

// Order is one booking as the claim froze it: everything a rendered request depends on, so that every attempt
// of a shipment is rendered to the same bytes for the same account.
type Order struct {
	Shipment  ship.Shipment
	Reference string // our reference at the carrier: at most 30 characters, the same on every attempt
	ShipDate  time.Time
	Account   Account
}

// Call carries what bounds one call to a carrier.
type Call struct {
	Token    Token
	SendBy   time.Time // past it, by the wall clock, not a byte may be written (booking calls only; zero: none)
	Deadline time.Time // when an answer is no longer waited for
}

// Kind is an outcome by evidence, the table of PROTOCOL §6.
type Kind int

// The outcomes. The zero value is Unknown, so that a forgotten case is never taken for a no.
const (
	Unknown         Kind = iota // the request may have reached the carrier; nobody knows
	NotSent                     // not one byte of the request left
	Unauthenticated             // 401/403 of the carrier's documented kind
	Throttled                   // 429
	Refused                     // the carrier's documented error shape with a code that means no
	Done                        // a parsed body with the essentials
)

// String names the kind as PROTOCOL §6 does.
func (k Kind) String() string {
	return [...]string{"Unknown", "NotSent", "Unauthenticated", "Throttled", "Refused", "Done"}[k]
}

// Outcome is what one booking call came to.
type Outcome struct {
	Kind       Kind
	Booking    *ship.Booking // Done only
	Code       string        // the carrier's own error code, when it gave one
	Message    string        // the carrier's own words, or what happened on the wire
	RetryAfter time.Duration // Throttled with a Retry-After; else 0
	Raw        Answer        // evidence, kept with the attempt
}

// Answer is the head of a carrier's raw answer as it is kept for a person: no credential is ever in it.
type Answer struct {
	Status   int               `json:"status,omitempty"`
	Header   map[string]string `json:"header,omitempty"`
	Body     string            `json:"body,omitempty"` // at most MaxRawBody bytes, label images cut out
	Error    string            `json:"error,omitempty"`
	Sent     bool              `json:"sent"`
	Duration time.Duration     `json:"duration_ns"`
}

// MaxRawBody is how much of an answer's body is kept as evidence, in bytes.
const MaxRawBody = 2048

// Absence is what a carrier's "not found" proves (the second table of PROTOCOL §6).
type Absence string

// The kinds of absence.
const (
	Conclusive Absence = "conclusive" // proves that nothing was booked, once settled
	Advisory   Absence = "advisory"   // proves nothing by itself: a person or the tenant's opt-in decides
	NoAbsence  Absence = "none"       // the carrier can't be asked
)

// Descriptor is a carrier's carrier.json: facts as data, each with its source.
type Descriptor struct {
	Name        string             `json:"name"`
	Title       string             `json:"title"`
	Absence     Absence            `json:"absence"`
	SettleS     int                `json:"settle_s"`    // late execution and look-up lag together, seconds
	CallTimeout int                `json:"call_s"`      // the carrier's own booking deadline in seconds; 0: the platform's
	Unsure      []string           `json:"unsure"`      // error codes that do not prove that nothing was booked
	Services    map[string]Service `json:"services"`    // our service code -> the carrier's
	Formats     []ship.LabelFormat `json:"formats"`     // label formats, those fetched after booking included
	Number      string             `json:"number"`      // what an account number looks like (regular expression)
	NumberHint  string             `json:"number_hint"` // the same in words, for the message
	Credentials []string           `json:"credentials"` // names of the secrets an account needs
	Countries   []string           `json:"countries"`   // countries it picks up in
	MaxParcels  int                `json:"max_parcels"`
	BookLimit   *Limit             `json:"book_limit"` // how many bookings it takes; nil: nobody knows of a limit
	Sources     map[string]string  `json:"sources"`    // where each fact was read, with its date
}

// Limit is how many calls a carrier takes, and whose count together.
type Limit struct {
	PerMinute  int64  `json:"per_minute"`
	Credential string `json:"credential"` // the credential that is limited, whichever accounts it serves: one of Credentials
}

// Service is one of a carrier's services.
type Service struct {
	Code  string   `json:"code"`
	Title string   `json:"title"`
	From  []string `json:"from"` // countries it starts in; empty: all of the carrier's
	// To says where it goes, by the country it starts in ("*": every other one): countries, ToHome and ToAbroad. Where
	// nothing is said it goes everywhere.
	To map[string][]string `json:"to"`
}

// Words of Service.To beside countries. What is home to a country (itself, or itself and its territories) is for the
// carrier to say.
const (
	ToHome   = "home"
	ToAbroad = "abroad"
)

// Finding is the answer to a look-up by our reference.
type Finding struct {
	Kind     FindKind
	Bookings []ship.Booking // Found: every live booking under the reference
	Voided   []string       // numbers under the reference that are known and void, whatever the kind; not every carrier tells
	Message  string         // why it failed
	Raw      Answer
}

// FindKind tells an absence from an error: an error is not an absence.
type FindKind int

// The kinds of finding.
const (
	FindFailed       FindKind = iota // no answer that can be used; nothing was learned
	FindUnauthorized                 // the token was refused: refresh and ask again
	Absent                           // the carrier says it has no such booking
	Found
)

// Carrier books. Implementations are stateless and safe for concurrent use.
type Carrier interface {
	Describe() Descriptor
	// Check tells what of an order this carrier can't do, before it is accepted. No I/O.
	Check(s ship.Shipment) []ship.Problem
	// Login fetches a new token with the account's credentials: client credentials, never a session.
	// It returns *LoginRefused when a person has to act; every other error passes.
	Login(ctx context.Context, acct Account) (Token, error)
	// Book sends the order once on a fresh connection and judges the answer. It never retries and never
	// returns while the call is running; what it can't prove is Unknown.
	Book(ctx context.Context, o Order, c Call) Outcome
}

// Finder is a carrier that can be asked by our reference whether it booked.
type Finder interface {
	Find(ctx context.Context, o Order, c Call) Finding
}

// Documenter is a carrier that hands a booking's label out again.
type Documenter interface {
	Label(ctx context.Context, o Order, trackingNumber string, c Call) (ship.Label, error)
}

// Voider is a carrier that takes a booking back.
type Voider interface {
	// Void asks once that the booking under a tracking number be voided. It never retries.
	Void(ctx context.Context, o Order, trackingNumber string, c Call) VoidAnswer
}

// VoidKind is what a void came to, by evidence.
type VoidKind int

// The kinds. The zero value is VoidUnknown, so that a forgotten case is never taken for a yes or a no.
const (
	VoidUnknown         VoidKind = iota // nobody knows whether it is void
	VoidNotSent                         // not one byte of the request left
	VoidUnauthenticated                 // the token was refused: refresh it and ask again
	VoidThrottled                       // 429
	VoidRefused                         // the carrier's documented no
	Voided                              // it is void, now or since before
)

// String names the kind.
func (k VoidKind) String() string {
	return [...]string{"Unknown", "NotSent", "Unauthenticated", "Throttled", "Refused", "Voided"}[k]
}

// VoidAnswer is what one void call came to.
type VoidAnswer struct {
	Kind       VoidKind
	Code       string // the carrier's own error code, when it gave one
	Message    string // the carrier's own words, or what happened on the wire
	RetryAfter time.Duration
	Raw        Answer
}

// AskKind is what a question without consequences came to.
type AskKind int

// The kinds.
const (
	AskFailed       AskKind = iota // no answer that can be used; asking again may help
	AskUnauthorized                // the token was refused: refresh it and ask again
	AskThrottled                   // 429
	AskRefused                     // the carrier's documented no: the question is at fault
	AskImpossible                  // the adapter's own no: the carrier can't be asked this, and was not
	Answered
)

// Rater is a carrier that tells what it would charge.
type Rater interface {
	// Rates asks for offers. A shipment whose Service is "", ship.Cheapest or ship.Fastest asks for every service there is.
	Rates(ctx context.Context, s ship.Shipment, acct Account, c Call) RateAnswer
}

// RateAnswer is what a question for offers came to.
type RateAnswer struct {
	Kind       AskKind
	Rates      []ship.Rate // Answered
	Code       string
	Message    string
	RetryAfter time.Duration
	Raw        Answer
}

// AddressChecker is a carrier that knows addresses.
type AddressChecker interface {
	CheckAddress(ctx context.Context, a ship.Address, acct Account, c Call) AddressAnswer
}

// Verdict is what a carrier says of an address.
type Verdict string

// The verdicts.
const (
	AddressValid     Verdict = "valid"
	AddressCorrected Verdict = "corrected" // one candidate, which differs
	AddressAmbiguous Verdict = "ambiguous" // several candidates
	AddressUnknown   Verdict = "unknown"   // no candidate
)

// AddressAnswer is what a question about an address came to.
type AddressAnswer struct {
	Kind       AskKind
	Verdict    Verdict // Answered
	Place      ship.Place
	Candidates []ship.Address
	Code       string
	Message    string
	RetryAfter time.Duration
	Raw        Answer
}

// LoginRefused is a login that only a person can mend (wrong or revoked credentials).
type LoginRefused struct{ Code, Message string }

// Error gives the carrier's code and words.
func (e *LoginRefused) Error() string {
	return "carrier refused the login: " + e.Code + " " + e.Message
}

// Advice says what happened to an account's login and what a shipper can do about it, for an error's detail.
func (e *LoginRefused) Advice(a Account) string {
	what := "The carrier refused the login of account " + a.ID + " (" + e.Code + ": " + strings.TrimSuffix(e.Message, ".") + "). "
	if len(a.Credentials) == 0 { // of a carrier that takes none
		return what + "It has no credentials that could be replaced: use another account."
	}
	return what + "Replace its credentials with PATCH /v1/carrier-accounts/" + a.ID + "."
}

// ErrUnauthorized is returned by Label when the token was refused: refresh it and ask again.
type ErrUnauthorized struct{ Message string }

// Error gives the carrier's words.
func (e *ErrUnauthorized) Error() string { return "carrier refused the token: " + e.Message }

// Registry finds a carrier by its name.
type Registry map[string]Carrier
