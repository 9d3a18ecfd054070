// Package linear judges what clients saw: whether the answers to their concurrent creates, changes, confirms, cancellations
// and gets can be explained by calls that took effect one at a time, each between its call and its return. The specification is
// sequential and written from the booking protocol, not from the code that it judges; the search is porcupine's.
package linear

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
)

// Kind is what a call asks for.
type Kind string

// The calls.
const (
	Create  Kind = "create"
	Update  Kind = "update"
	Confirm Kind = "confirm"
	Cancel  Kind = "cancel"
	Get     Kind = "get"
)

// Op is one client call as the client saw it. Calls that were refused for what they hold (400, 422 with problems, 428)
// are left out of a history: they say nothing of a shipment.
type Op struct {
	Client       int
	Call, Return time.Duration // virtual time; Return < 0: never answered, so it may take effect at any later time, or never. Equal times are concurrent: a recorder that knows better gives each event a nanosecond of its own.
	Kind         Kind
	Tenant, Mode string // identity scope
	ID           string // the shipment the call names: of the path, or as its reference or key make it; of the answer for a create with neither, "" when none came
	Body         string // create: the creation fingerprint
	ConfirmNow   bool   // create with confirm: true
	Key          string // Idempotency-Key, "" for none
	Version      int64  // update, confirm, cancel: If-Match; 0 for none
	Status       int    // HTTP status of the answer; 0: none
	State        string // status in the answer's body, or in the shipment of a 409 or 412
	Answered     int64  // version there
	Late         bool   // late_tracking_numbers there
	Replayed     bool   // Idempotent-Replayed: true
	Existing     string // existing_id of a 422: what the reference or key names already
}

// Stale is how old a replayed answer to a create or confirm may be, by the status it shows: a warm process answers
// again what it knows. No other answer may be old, and a get never.
type Stale map[booking.Status]time.Duration

// Ever is the age of what never changes.
const Ever = time.Duration(math.MaxInt64)

// WarmReplay is the ages that the API promises.
func WarmReplay() Stale {
	return Stale{booking.Booked: 2 * time.Second, booking.Failed: 2 * time.Second, booking.Cancelled: Ever, booking.CancelledLocally: Ever}
}

// Check tells whether a history is linearizable under WarmReplay.
func Check(ops []Op) error { return WarmReplay().Check(ops) }

// Check tells whether a history is linearizable, shipment by shipment and key by key, for they share nothing. The error
// names the shipment or key and shows the smallest piece of its history that can't be explained; a call that the
// specification has no rule for is an error as well. A history must be shorter than the life of a draft, and its
// carrier accounts must stay.
func (s Stale) Check(ops []Op) error {
	shipments, keys := map[scope][]Op{}, map[scope][]Op{}
	for _, o := range ops {
		if err := o.judgeable(); err != nil {
			return err
		}
		if o.ID == "" {
			continue // nobody can name what it made
		}
		at := scope{o.Tenant, o.Mode, o.ID}
		shipments[at] = append(shipments[at], o)
		if o.aliased() {
			at := scope{o.Tenant, o.Mode, o.Key}
			keys[at] = append(keys[at], o)
		}
	}
	if err := explain("shipment", shipments, spec{s.claims, shipment{}}); err != nil {
		return err
	}
	return explain("Idempotency-Key", keys, spec{bindings, binding("")})
}

// scope is what a name is unique in, and the name.
type scope struct{ tenant, mode, name string }

func explain(what string, groups map[scope][]Op, by spec) error {
	for _, at := range slices.SortedFunc(maps.Keys(groups), func(a, b scope) int {
		return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.mode, b.mode), cmp.Compare(a.name, b.name))
	}) {
		err, shown := by.check(groups[at]), groups[at]
		if errors.Is(err, errNoOrder) {
			shown = by.smallest(shown)
		}
		if err != nil {
			return fmt.Errorf("%s %s (%s, %s): %w:\n%s", what, at.name, at.tenant, at.mode, err, listed(shown, len(groups[at])))
		}
	}
	return nil
}

// unanswered tells whether nobody knows what became of the call. A 5xx may have written before it failed.
func (o Op) unanswered() bool { return o.Return < 0 || o.Status == 0 || o.Status >= 500 }

// aliased tells whether the call binds its key to a shipment that has a reference.
func (o Op) aliased() bool {
	return o.Kind == Create && o.Key != "" && o.ID != booking.IDByKey(o.Tenant, ship.Mode(o.Mode), o.Key)
}

// statuses are those that the specification knows; denied are those that come before the service is asked.
var (
	statuses = map[Kind][]int{Create: {200, 201, 202, 422}, Update: {200, 404, 409, 412}, Confirm: {200, 202, 404, 409, 412}, Cancel: {200, 202, 404, 409, 412}, Get: {200, 404}}
	denied   = []int{401, 403, 429}
)

func (o Op) denied() bool { return slices.Contains(denied, o.Status) }

// judgeable tells what keeps a call from being judged: better loud than a rule that never bites.
func (o Op) judgeable() error {
	known, ok := statuses[o.Kind]
	switch {
	case max(o.Call, o.Return) > longest || min(o.Version, o.Answered) < 0 || max(o.Version, o.Answered) > mostVersions:
		return fmt.Errorf("a time or version out of range:\n%s", o)
	case ok && (o.unanswered() || o.denied()):
		return nil
	case !slices.Contains(known, o.Status):
		return fmt.Errorf("no rule for this call; leave out what is refused for what it holds:\n%s", o)
	case o.Return < o.Call:
		return fmt.Errorf("a call that returned before it was made:\n%s", o)
	case o.ID == "":
		return fmt.Errorf("an answer without its shipment's id:\n%s", o)
	case (o.Status == 422) != (o.Existing != ""):
		return fmt.Errorf("an existing_id belongs to a 422, and a 422 without one is refused for what it holds: leave it out:\n%s", o)
	}
	return nil
}
