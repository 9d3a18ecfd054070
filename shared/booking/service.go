package booking

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// Intake writes what the API accepts.
type Intake interface {
	// Alias binds an Idempotency-Key to a shipment; *AliasTaken names the other shipment it is bound to.
	Alias(ctx context.Context, tenant string, mode ship.Mode, key, id string) error
	// PutRequest stores a canonical request under its fingerprint. fresh is false when it was there already:
	// the create is probably a repetition.
	PutRequest(ctx context.Context, tenant string, mode ship.Mode, id, fingerprint string, s ship.Shipment) (fresh bool, err error)
	Create(ctx context.Context, tenant string, r Record, expires time.Time) (Record, error)                                               // CREATE
	Confirm(ctx context.Context, tenant string, mode ship.Mode, id string, version int64, key string, now, due time.Time) (Record, error) // CONFIRM
}

// AliasTaken is an Idempotency-Key that names another shipment.
type AliasTaken struct{ ID string }

// Error names the other shipment.
func (e *AliasTaken) Error() string { return "the Idempotency-Key is bound to " + e.ID }

// Rates knows what was offered. What is wrong with a rate's id is a problem, not an error.
type Rates interface {
	Rate(ctx context.Context, tenant string, mode ship.Mode, id string, s ship.Shipment) (ship.Shipment, *ship.Problem, error)
}

// Service holds the rules of creating, changing, confirming, cancelling and reading shipments.
type Service struct {
	Intake   Intake
	Cancels  Cancels
	Edits    Edits
	Reader   Reader
	Accounts Accounts
	Carriers carrier.Registry
	Rates    Rates
	Now      func() time.Time
	NewID    func() string // a ULID
	Times    Times
	Answers  *Answers // what this process has answered; nil keeps nothing
}

// Order is a create call.
type Order struct {
	Shipment    ship.Shipment // normalised, defaults filled in
	Fingerprint string        // Fingerprint0 of the body
	Confirm     bool
	Rate        string // the id of the rate it is ordered by, "" for none
	Key         string // Idempotency-Key, "" for none
	Correlation string

	id, by  string // the shipment it names, and what named it
	request string // Fingerprint of Shipment
}

// alias is the key to be bound to the shipment besides its reference, "" for none.
func (o Order) alias() string {
	if o.by != "reference" {
		return ""
	}
	return o.Key
}

// Invalid is an order that can't be accepted.
type Invalid struct{ Problems []ship.Problem }

// Error counts the problems.
func (e *Invalid) Error() string { return fmt.Sprintf("%d problems", len(e.Problems)) }

// Taken is an order whose reference or key names another shipment already.
type Taken struct{ ID, By string }

// Error names the existing shipment.
func (e *Taken) Error() string { return "the " + e.By + " names " + e.ID }

// ErrNoIdentity is a confirmed order with neither reference nor key: a retry could not be told from a second one.
var ErrNoIdentity = errors.New("confirm needs a reference or an Idempotency-Key")

// Accepted is what became of a create or confirm.
type Accepted struct {
	Record   Record
	Shipment ship.Shipment
	Replayed bool // nothing was done anew
}

// Create accepts an order once. What this process has answered before costs at most one read; any other order goes
// the whole way. It returns *Invalid, *Taken or ErrNoIdentity.
func (s *Service) Create(ctx context.Context, tenant string, mode ship.Mode, o Order) (Accepted, error) {
	o.id, o.by = s.identify(tenant, mode, o)
	if o.by == "" && o.Confirm {
		return Accepted{}, ErrNoIdentity
	}
	old, ok, err := s.recall(ctx, tenant, mode, o.id, func(k known) bool {
		return k.Record.RequestFP0 == o.Fingerprint && (o.alias() == "" || o.alias() == k.alias)
	})
	if err != nil {
		return Accepted{}, err
	}
	if ok {
		return s.repeat(ctx, tenant, old, o)
	}
	problems, err := s.complete(ctx, tenant, mode, &o.Shipment, o.Rate)
	if err != nil {
		return Accepted{}, err
	}
	if o.request, err = Fingerprint(o.Shipment); err != nil {
		return Accepted{}, err
	}
	if len(problems) > 0 {
		return s.invalid(ctx, tenant, mode, o, problems)
	}
	asked := wall(s.Now)
	out, err := s.accept(ctx, tenant, mode, o)
	if err == nil {
		s.Answers.keep(tenant, mode, out, o.alias(), asked)
	}
	return out, err
}

// recall answers what this process answered before, when same says that it is asked again: as it was, for as long as
// that may be shown, else with the state as it is now. It is false when only the whole way tells.
func (s *Service) recall(ctx context.Context, tenant string, mode ship.Mode, id string, same func(known) bool) (Accepted, bool, error) {
	asked := wall(s.Now)
	k, ok := s.Answers.find(tenant, mode, id)
	if !ok || !same(k) {
		return Accepted{}, false, nil
	}
	if k.current(asked) {
		return k.Accepted, true, nil
	}
	now, err := s.Reader.Record(ctx, tenant, mode, id)
	if errors.Is(err, ErrNotFound) { // a draft that has expired
		return Accepted{}, false, nil
	}
	if err != nil {
		return Accepted{}, false, err
	}
	request := k.Record.RequestFP
	if k.Record = now; !same(k) || now.RequestFP != request {
		return Accepted{}, false, nil
	}
	s.Answers.keep(tenant, mode, k.Accepted, "", asked)
	return k.Accepted, true, nil
}

// accept stores an order. The request document goes first (an orphan is harmless), then the one conditional write that
// decides.
func (s *Service) accept(ctx context.Context, tenant string, mode ship.Mode, o Order) (Accepted, error) {
	if o.alias() != "" {
		err := s.Intake.Alias(ctx, tenant, mode, o.Key, o.id)
		if taken, ok := errors.AsType[*AliasTaken](err); ok {
			return Accepted{}, &Taken{taken.ID, "Idempotency-Key"}
		}
		if err != nil {
			return Accepted{}, err
		}
	}
	fresh, err := s.Intake.PutRequest(ctx, tenant, mode, o.id, o.request, o.Shipment)
	if err != nil {
		return Accepted{}, err
	}
	if !fresh { // somebody stored this very body before: most likely a retry
		old, err := s.Reader.Record(ctx, tenant, mode, o.id)
		if err == nil {
			return s.again(ctx, tenant, old, o)
		}
		if !errors.Is(err, ErrNotFound) {
			return Accepted{}, err
		}
	}
	r := s.record(tenant, mode, o)
	created, err := s.Intake.Create(ctx, tenant, r, s.expiry(r))
	if refused, ok := errors.AsType[*Refused](err); ok && refused.Old != nil {
		if refused.Old.CreateRequest == r.CreateRequest { // my own write, its acknowledgement was lost
			return Accepted{Record: *refused.Old, Shipment: o.Shipment}, nil
		}
		return s.again(ctx, tenant, *refused.Old, o)
	}
	return Accepted{Record: created, Shipment: o.Shipment}, err
}

func (s *Service) identify(tenant string, mode ship.Mode, o Order) (id, by string) {
	switch {
	case o.Shipment.Reference != "":
		return IDByReference(tenant, mode, o.Shipment.Reference), "reference"
	case o.Key != "":
		return IDByKey(tenant, mode, o.Key), "Idempotency-Key"
	}
	return idPrefix + s.NewID(), ""
}

func (s *Service) record(tenant string, mode ship.Mode, o Order) Record {
	now := wall(s.Now)
	r := Record{
		Tenant: tenant, Mode: mode, ID: o.id, Status: Draft, Version: 1, RequestFP0: o.Fingerprint, RequestFP: o.request,
		Reference: o.Shipment.Reference, Priority: o.Shipment.Priority, Correlation: o.Correlation, CreateRequest: s.NewID(), Created: now,
	}
	if o.Confirm {
		r.Status, r.Due, r.Confirmed = Pending, now.Add(s.Times.DueFirst), now
	}
	r.History = []Entry{{now, r.Status, CauseInitiated}}
	return r
}

// expiry is when a draft frees its reference; a confirmed shipment never does.
func (s *Service) expiry(r Record) time.Time {
	if r.Status == Draft {
		return r.Created.Add(s.Times.DraftTTL)
	}
	return time.Time{}
}

// complete fills in what the rate stands for, "" for none, and collects what is wrong with an order.
func (s *Service) complete(ctx context.Context, tenant string, mode ship.Mode, o *ship.Shipment, rate string) ([]ship.Problem, error) {
	if rate == "" {
		return s.check(ctx, tenant, mode, *o)
	}
	if o.Service != "" || o.CarrierAccount != "" {
		return []ship.Problem{{Field: "rate", Code: "conflict", Detail: "Give the rate, or service and carrier_account: a rate stands for both."}}, nil
	}
	priced, problem, err := s.Rates.Rate(ctx, tenant, mode, rate, *o)
	if err != nil {
		return nil, err
	}
	if problem != nil {
		return append(o.Check(), *problem), nil
	}
	*o = priced
	return s.check(ctx, tenant, mode, *o)
}

// check collects what is wrong with an order: addresses, then what its carrier can't do.
func (s *Service) check(ctx context.Context, tenant string, mode ship.Mode, o ship.Shipment) ([]ship.Problem, error) {
	problems := o.Check()
	for _, f := range []struct{ name, value string }{{"service", o.Service}, {"carrier_account", o.CarrierAccount}} {
		if f.value == "" {
			problems = append(problems, ship.Problem{Field: f.name, Code: "required", Detail: "Say it, or give the rate the shipment is ordered by."})
		}
	}
	if o.CarrierAccount == "" {
		return problems, nil
	}
	acct, err := s.Accounts.CarrierAccount(ctx, tenant, o.CarrierAccount)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && acct.Mode != mode:
		return append(problems, ship.Problem{Field: "carrier_account", Code: "unknown_carrier_account", Detail: fmt.Sprintf("There is no carrier account %q for this API key in mode %s; add one with POST /v1/carrier-accounts.", o.CarrierAccount, mode)}), nil
	case err != nil:
		return nil, err
	}
	c, ok := s.Carriers[acct.Carrier]
	if !ok {
		return append(problems, ship.Problem{Field: "carrier_account", Code: "unsupported_carrier", Detail: "This account's carrier is not supported."}), nil
	}
	return append(problems, c.Check(o)...), nil
}

// invalid refuses an order, unless it was accepted before: a retry is answered even when its account is gone.
func (s *Service) invalid(ctx context.Context, tenant string, mode ship.Mode, o Order, problems []ship.Problem) (Accepted, error) {
	old, err := s.Reader.Record(ctx, tenant, mode, o.id)
	if err == nil && old.RequestFP0 == o.Fingerprint {
		request, err := s.request(ctx, tenant, old, o)
		return Accepted{Record: old, Shipment: request, Replayed: true}, err
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Accepted{}, err
	}
	return Accepted{}, &Invalid{problems}
}

// request is the canonical request of a shipment: the order's own when that says the same, for requests are named by
// their content.
func (s *Service) request(ctx context.Context, tenant string, r Record, o Order) (ship.Shipment, error) {
	if r.RequestFP == o.request {
		return o.Shipment, nil
	}
	return Requested(ctx, s.Reader, tenant, r)
}

// again answers an order that was created before: replayed when it is the same.
func (s *Service) again(ctx context.Context, tenant string, old Record, o Order) (Accepted, error) {
	if old.RequestFP0 != o.Fingerprint {
		return Accepted{}, &Taken{old.ID, o.by}
	}
	request, err := s.request(ctx, tenant, old, o)
	if err != nil {
		return Accepted{}, err
	}
	return s.repeat(ctx, tenant, Accepted{Record: old, Shipment: request, Replayed: true}, o)
}

// repeat replays an answer, and confirms a draft when the order asks so. One that was edited since says something else than
// the order does (a draft has a version more for each edit): it is shown, and confirmed with the version that was seen.
func (s *Service) repeat(ctx context.Context, tenant string, old Accepted, o Order) (Accepted, error) {
	r := old.Record
	if r.Status != Draft || !o.Confirm || r.Version > 1 {
		return old, nil
	}
	out, err := s.confirm(ctx, tenant, r.Mode, r.ID, r.Version, confirmKey(o.Key, r.ID, r.Version), old)
	if stale, ok := errors.AsType[*Stale](err); ok { // somebody else was faster: creating is replayed, never refused
		return stale.Current, nil
	}
	if past, ok := errors.AsType[*NotConfirmable](err); ok {
		return past.Current, nil
	}
	return out, err
}

// Stale is a confirm that named another version than the current one.
type Stale struct{ Current Accepted }

// Error says so.
func (e *Stale) Error() string { return "the shipment has another version" }

// NotConfirmable is a confirm of a shipment that is past it.
type NotConfirmable struct{ Current Accepted }

// Error names the state.
func (e *NotConfirmable) Error() string { return "the shipment is " + string(e.Current.Record.Status) }

// Confirm asks for a draft or a failed shipment to be booked. With a key that this process has answered it costs at most
// one read. It returns ErrNotFound, *Stale or *NotConfirmable.
func (s *Service) Confirm(ctx context.Context, tenant string, mode ship.Mode, id string, version int64, key string) (Accepted, error) {
	ck := confirmKey(key, id, version)
	out, ok, err := s.recall(ctx, tenant, mode, id, func(k known) bool { return k.Record.ConfirmKey == ck })
	if ok || err != nil {
		return out, err
	}
	return s.confirm(ctx, tenant, mode, id, version, ck, Accepted{})
}

// confirm makes the write. known is the shipment as the caller has seen it, if it has.
func (s *Service) confirm(ctx context.Context, tenant string, mode ship.Mode, id string, version int64, ck string, known Accepted) (Accepted, error) {
	now := wall(s.Now)
	r, err := s.Intake.Confirm(ctx, tenant, mode, id, version, ck, now, now.Add(s.Times.DueFirst))
	refused, ok := errors.AsType[*Refused](err)
	if ok && refused.Old == nil {
		return Accepted{}, ErrNotFound
	}
	if ok {
		r = *refused.Old
	} else if err != nil {
		return Accepted{}, err
	}
	request := known.Shipment
	if known.Record.RequestFP != r.RequestFP {
		if request, err = Requested(ctx, s.Reader, tenant, r); err != nil {
			return Accepted{}, err
		}
	}
	out := Accepted{Record: r, Shipment: request, Replayed: ok}
	switch {
	case !ok || r.ConfirmKey == ck:
		s.Answers.keep(tenant, mode, out, "", now)
		return out, nil
	case r.Version != version:
		return Accepted{}, &Stale{out}
	}
	return Accepted{}, &NotConfirmable{out}
}

// Get reads a shipment as it is now.
func (s *Service) Get(ctx context.Context, tenant string, mode ship.Mode, id string) (Accepted, error) {
	r, err := s.Reader.Record(ctx, tenant, mode, id)
	if err != nil {
		return Accepted{}, err
	}
	request, err := Requested(ctx, s.Reader, tenant, r)
	return Accepted{Record: r, Shipment: request}, err
}
