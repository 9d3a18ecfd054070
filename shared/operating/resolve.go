package operating

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
)

// mostResolved is how many shipments one call decides about.
const mostResolved = 100

// Decider carries a person's word out. Each takes the version that the person looked at.
type Decider interface {
	Declare(ctx context.Context, tenant string, mode ship.Mode, id string, version int64) (booking.Record, error)
	Adopt(ctx context.Context, tenant string, mode ship.Mode, id string, version int64, trackingNumber string) (booking.Record, error)
	Void(ctx context.Context, tenant string, mode ship.Mode, id string, version int64) (booking.Record, error)
	Booked(ctx context.Context, tenant string, mode ship.Mode, id string, version int64) (booking.Record, error)
}

// Clearer settles late numbers on a person's word.
type Clearer interface {
	Clear(ctx context.Context, tenant string, mode ship.Mode, id string, version int64, number string) (booking.Record, error)
}

// Holders knows which shipments are booked under a tracking number.
type Holders interface {
	HoldersOf(ctx context.Context, tenant string, mode ship.Mode, number string) ([]string, error)
	// ReserveNumber keeps a number for a shipment until a time, and returns the one that has it now.
	ReserveNumber(ctx context.Context, tenant string, mode ship.Mode, number, id string, until time.Time) (string, error)
}

// Resolver decides about shipments as a person says.
type Resolver struct {
	Decide  Decider
	Clear   Clearer
	Holders Holders
	Now     func() time.Time
	Log     *slog.Logger
}

// reserved is how long a number that is being adopted is nobody else's: until long after the index of numbers shows it.
const reserved = 10 * time.Minute

// ResolveRequest is what a person says of shipments.
type ResolveRequest struct {
	Caller
	Shipments []Verdict `json:"shipments"`
}

// Target implements Input.
func (r ResolveRequest) Target() string {
	var ids []string
	for _, v := range r.Shipments {
		ids = append(ids, v.Tenant+"/"+string(v.Mode)+"/"+v.ID)
	}
	return strings.Join(ids, " ")
}

// Verdict is what a person says of one shipment, as it was at a version.
type Verdict struct {
	Item
	Version  int64            `json:"version"`
	Decision booking.Decision `json:"decision"`
	Number   string           `json:"tracking_number,omitempty"` // with adopt and clear
}

// Resolution is what came of one verdict. Either Status or Problem is set.
type Resolution struct {
	Item
	Decision booking.Decision `json:"decision"`
	Status   string           `json:"status,omitempty"` // as it is now
	Version  int64            `json:"version,omitempty"`
	Problem  *Problem         `json:"problem,omitempty"`
}

// Problem is why a shipment was not decided.
type Problem struct {
	Code    string             `json:"code"` // invalid, not_found, changed, not_allowed, number_taken, not_late, failed
	Detail  string             `json:"detail"`
	Status  string             `json:"status,omitempty"`  // of the shipment as it is
	Version int64              `json:"version,omitempty"` //
	Allowed []booking.Decision `json:"allowed,omitempty"` // what could be decided instead
}

// ResolveAnswer is an outcome for each verdict, in their order.
type ResolveAnswer struct {
	Shipments []Resolution `json:"shipments"`
	Done      int          `json:"done"`
	Problems  int          `json:"problems"`
}

// Summary implements Told.
func (a ResolveAnswer) Summary() (target, said string) {
	said = fmt.Sprintf("%d decided, %d not", a.Done, a.Problems)
	for _, r := range a.Shipments {
		if r.Problem != nil {
			said += "; " + r.ID + ": " + r.Problem.Code
		} else {
			said += "; " + r.ID + ": " + r.Status
		}
	}
	return "", said
}

// Resolve is resolve-shipments. One that can't be decided does not stop the others.
func (o *Resolver) Resolve(ctx context.Context, in ResolveRequest) (ResolveAnswer, error) {
	if n := len(in.Shipments); n < 1 || n > mostResolved {
		return ResolveAnswer{}, refuse("shipments: there are %d, and a call takes 1 to %d", n, mostResolved)
	}
	out := ResolveAnswer{Shipments: make([]Resolution, len(in.Shipments))}
	for i, v := range in.Shipments {
		r, err := o.resolve(ctx, v)
		out.Shipments[i] = Resolution{Item: v.Item, Decision: v.Decision, Status: string(r.Status), Version: r.Version}
		if err != nil {
			out.Shipments[i].Problem = problem(err)
			out.Problems++
			o.Log.WarnContext(ctx, "not decided", "tenant", v.Tenant, "shipment", v.ID, "decision", v.Decision, "by", in.By, "error", err)
			continue
		}
		out.Done++
		o.Log.InfoContext(ctx, "decided by a person", "tenant", v.Tenant, "shipment", v.ID, "correlation_id", r.Correlation, "decision", v.Decision, "number", v.Number, "by", in.By, "status", r.Status, "version", r.Version)
	}
	return out, nil
}

func (o *Resolver) resolve(ctx context.Context, v Verdict) (booking.Record, error) {
	if err := v.check(); err != nil {
		return booking.Record{}, err
	}
	switch v.Decision {
	case booking.DeclareAbsent:
		return o.Decide.Declare(ctx, v.Tenant, v.Mode, v.ID, v.Version)
	case booking.DeclareVoid:
		return o.Decide.Void(ctx, v.Tenant, v.Mode, v.ID, v.Version)
	case booking.DenyVoid:
		return o.Decide.Booked(ctx, v.Tenant, v.Mode, v.ID, v.Version)
	case booking.ClearNumber:
		return o.Clear.Clear(ctx, v.Tenant, v.Mode, v.ID, v.Version, v.Number)
	}
	if err := o.free(ctx, v); err != nil {
		return booking.Record{}, err
	}
	return o.Decide.Adopt(ctx, v.Tenant, v.Mode, v.ID, v.Version, v.Number)
}

// taken is a number that another shipment has, or that somebody is just adopting for it.
type taken struct {
	number, holder string
	perhaps        bool
}

func (t *taken) Error() string {
	if t.perhaps {
		return fmt.Sprintf("%s was given to shipment %s less than %v ago: one number is one shipment. If that came to nothing, try again then", t.number, t.holder, reserved)
	}
	return fmt.Sprintf("shipment %s is booked under %s already: one number is one shipment. Look at both, and at the carrier by the reference of this one", t.holder, t.number)
}

// free refuses a number that another shipment of the tenant is booked under: two shipments would go out with one label. Who
// decides about another at the same time meets the reservation, who comes later the index.
func (o *Resolver) free(ctx context.Context, v Verdict) error {
	holder, err := o.Holders.ReserveNumber(ctx, v.Tenant, v.Mode, v.Number, v.ID, o.Now().Add(reserved))
	if err != nil {
		return err
	}
	if holder != v.ID {
		return &taken{v.Number, holder, true}
	}
	ids, err := o.Holders.HoldersOf(ctx, v.Tenant, v.Mode, v.Number)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(ids, func(id string) bool { return id != v.ID }); i >= 0 {
		return &taken{v.Number, ids[i], false}
	}
	return nil
}

// decisions are all that a person can say.
var decisions = []booking.Decision{booking.DeclareAbsent, booking.AdoptNumber, booking.DeclareVoid, booking.DenyVoid, booking.ClearNumber}

// check tells what is wrong with a verdict as it was sent.
func (v Verdict) check() error {
	if err := errors.Join(checkID("tenant", v.Tenant), checkMode(v.Mode), checkID("id", v.ID)); err != nil {
		return err
	}
	numbered := v.Decision == booking.AdoptNumber || v.Decision == booking.ClearNumber
	switch {
	case v.Version < 1:
		return refuse("version: give the version that was looked at, as the list shows it")
	case !slices.Contains(decisions, v.Decision):
		return refuse("decision: it is %.40q, and can be adopt, declare, void, booked or clear", v.Decision)
	case numbered && v.Number == "":
		return refuse("tracking_number: %s needs the number that it is about", v.Decision)
	case !numbered && v.Number != "":
		return refuse("tracking_number: leave it out with %s", v.Decision)
	}
	return nil
}

// problem says why a verdict was not carried out, and what could be decided instead.
func problem(err error) *Problem {
	with := func(code string, r booking.Record, detail string) *Problem {
		return &Problem{Code: code, Detail: detail, Status: string(r.Status), Version: r.Version, Allowed: booking.Allowed(r)}
	}
	if stale, ok := errors.AsType[*booking.Stale](err); ok {
		r := stale.Current.Record
		return with("changed", r, fmt.Sprintf("the shipment is %s at version %d by now: look at it again and decide about that version", r.Status, r.Version))
	}
	if not, ok := errors.AsType[*booking.NotAllowed](err); ok {
		detail := not.Error()
		if len(not.Allowed) == 0 {
			detail += "; nothing is to be decided about it now"
		}
		return with("not_allowed", not.Current, detail)
	}
	_, refused := errors.AsType[*Refused](err)
	_, double := errors.AsType[*taken](err)
	code := "failed"
	switch {
	case double:
		code = "number_taken"
	case refused, errors.Is(err, booking.ErrNumber):
		code = "invalid"
	case errors.Is(err, booking.ErrNotLate):
		code = "not_late"
	case errors.Is(err, booking.ErrNotFound):
		return &Problem{Code: "not_found", Detail: "there is no such shipment of this tenant in this mode"}
	}
	return &Problem{Code: code, Detail: err.Error()}
}
