package operating

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// Kind is why a shipment is listed.
type Kind string

// The kinds.
const (
	KindHeld    Kind = "held"    // a booking of unknown outcome: a person says whether it is booked, and under which number
	KindVoid    Kind = "void"    // a void of unknown outcome: a person says whether it is void
	KindUnknown Kind = "unknown" // a booking of unknown outcome that the carrier is still asked about
	KindLate    Kind = "late"    // settled, with numbers that came late and are not void yet
)

// Kinds are all of them.
func Kinds() []Kind { return []Kind{KindHeld, KindVoid, KindUnknown, KindLate} }

// Finder looks through the indexes of shipments. Pages are keys only, with the position to go on after, "" on the last.
type Finder interface {
	Held(ctx context.Context, kind string, limit int, after string) ([]booking.Record, string, error)
	Unfinished(ctx context.Context, shard, limit int, after string) ([]booking.Record, string, error)
	Records(ctx context.Context, keys []booking.Record) ([]booking.Record, error)
}

// Evidence reads what is known of a shipment.
type Evidence interface {
	booking.Past
	VoidAnswers(ctx context.Context, tenant string, mode ship.Mode, id string) ([]booking.VoidAnswer, error)
}

// Accounts finds tenants and their carrier accounts, or account.ErrNotFound.
type Accounts interface {
	CarrierAccount(ctx context.Context, tenant, id string) (account.Carrier, error)
	Tenant(ctx context.Context, tenant string) (account.Tenant, error)
}

// Lister lists what waits for a person.
type Lister struct {
	Finder   Finder
	Evidence Evidence
	Accounts Accounts
	Shards   int // of the index of what is unfinished
}

// HeldRequest asks for what waits for a person.
type HeldRequest struct {
	Caller
	Tenant string    `json:"tenant,omitempty"` // none: all of them
	Mode   ship.Mode `json:"mode,omitempty"`   // with id
	ID     string    `json:"id,omitempty"`     // one shipment, in whatever state it is
	Kinds  []Kind    `json:"kinds,omitempty"`  // none: held and void
	Limit  int       `json:"limit,omitempty"`
	Cursor string    `json:"cursor,omitempty"`
}

// Target implements Input.
func (r HeldRequest) Target() string { return strings.TrimSpace(r.Tenant + " " + r.ID) }

// Waiting is a shipment that waits, with all that a decision rests on.
type Waiting struct {
	Item
	Kind        Kind      `json:"kind,omitempty"`
	Version     int64     `json:"version"`
	Status      string    `json:"status"`
	Since       time.Time `json:"since"` // of its last change
	Reference   string    `json:"reference,omitempty"`
	AtCarrier   string    `json:"carrier_reference"` // the reference that the carrier was given: look for this
	Carrier     string    `json:"carrier,omitempty"` // none: the account is gone
	Account     string    `json:"account,omitempty"`
	Number      string    `json:"account_number,omitempty"`
	Service     string    `json:"service,omitempty"`
	Tracking    string    `json:"tracking_number,omitempty"`
	Late        []string  `json:"late_numbers,omitempty"`
	CancelAsked bool      `json:"cancel_wanted,omitempty"`
	AuditOwed   bool      `json:"audit_owed,omitempty"`
	Attempts    int64     `json:"attempts"`
	LookUps     int64     `json:"look_ups,omitempty"`
	Why         string    `json:"why,omitempty"` // the last failure, or the carrier's refusal to void
	Correlation string    `json:"correlation_id,omitempty"`

	History []Change             `json:"history"`
	Answers []Answer             `json:"answers,omitempty"` // of the last attempts, the newest first
	Voids   []booking.VoidAnswer `json:"voids,omitempty"`

	Allowed    []booking.Decision `json:"allowed,omitempty"`
	Suggestion []string           `json:"suggestion,omitempty"` // arguments of `make ops`, to be completed
}

// Change is one entry of a history.
type Change struct {
	At     time.Time `json:"at"`
	Status string    `json:"status,omitempty"` // none: it stayed as it was
	Cause  string    `json:"cause"`
}

// Answer is what a carrier answered to a booking attempt.
type Answer struct {
	Attempt int64          `json:"attempt"`
	Began   time.Time      `json:"began,omitzero"`
	Raw     carrier.Answer `json:"raw"`
}

// HeldPage is a page of what waits.
type HeldPage struct {
	Shipments []Waiting `json:"shipments"`
	Read      int       `json:"read"`             // how many the indexes gave
	Cursor    string    `json:"cursor,omitempty"` // of the next page, which may be there though this one is empty
}

// Summary implements Told.
func (p HeldPage) Summary() (target, said string) {
	return "", fmt.Sprintf("%d shipments", len(p.Shipments))
}

const (
	mostAnswers = 3    // of a shipment's attempts that are shown
	mostRead    = 2000 // keys that one call looks at
	pageSize    = 100
)

// place is a position in the list: an index, or a shard of one, and where to go on in it.
type place struct {
	Source int    `json:"s"`
	After  string `json:"a,omitempty"`
}

// List is list-held-shipments.
func (l *Lister) List(ctx context.Context, in HeldRequest) (HeldPage, error) {
	limit, err := bounded(in.Limit, 25, 100)
	if err != nil {
		return HeldPage{}, err
	}
	for _, k := range in.Kinds {
		if !slices.Contains(Kinds(), k) {
			return HeldPage{}, refuse("kinds: %.40q is none; the kinds are held, void, unknown and late", k)
		}
	}
	if in.Tenant != "" {
		if err := checkID("tenant", in.Tenant); err != nil {
			return HeldPage{}, err
		}
		// Nothing waits at a tenant that is mistyped: that must not look like the all-clear.
		if _, err := l.Accounts.Tenant(ctx, in.Tenant); errors.Is(err, account.ErrNotFound) {
			return HeldPage{}, refuse("there is no tenant %s", in.Tenant)
		} else if err != nil {
			return HeldPage{}, err
		}
	}
	names := map[string]account.Carrier{}
	if in.ID != "" {
		return l.one(ctx, in, names)
	}
	if len(in.Kinds) == 0 {
		in.Kinds = []Kind{KindHeld, KindVoid}
	}
	var at place
	if err := unpack(in.Cursor, &at); err != nil {
		return HeldPage{}, err
	}
	if at.Source < 0 || at.Source >= 2+l.Shards { // it would say that nothing waits
		return HeldPage{}, ErrBadCursor
	}
	out := HeldPage{Shipments: []Waiting{}}
	for at.Source < 2+l.Shards && len(out.Shipments) < limit && out.Read < mostRead {
		keys, next, err := l.keys(ctx, in.Kinds, at, min(pageSize, limit-len(out.Shipments)))
		if err != nil {
			return out, asRefused(err)
		}
		out.Read += len(keys)
		if err := l.rows(ctx, in, keys, names, &out); err != nil {
			return out, err
		}
		if at.After = next; next == "" {
			at.Source++
		}
	}
	if at.Source < 2+l.Shards {
		out.Cursor = pack(at)
	}
	return out, nil
}

func asRefused(err error) error {
	if errors.Is(err, booking.ErrBadCursor) {
		return ErrBadCursor
	}
	return err
}

// keys reads a page of the source that a place is in: first what is held, then what is unfinished, shard by shard.
func (l *Lister) keys(ctx context.Context, kinds []Kind, at place, limit int) ([]booking.Record, string, error) {
	switch {
	case at.Source < 0:
		return nil, "", ErrBadCursor
	case at.Source == 0 && slices.Contains(kinds, KindHeld):
		return l.Finder.Held(ctx, string(KindHeld), limit, at.After)
	case at.Source == 1 && slices.Contains(kinds, KindVoid):
		return l.Finder.Held(ctx, string(KindVoid), limit, at.After)
	case at.Source > 1 && (slices.Contains(kinds, KindUnknown) || slices.Contains(kinds, KindLate)):
		return l.Finder.Unfinished(ctx, at.Source-2, limit, at.After)
	}
	return nil, "", nil
}

func (l *Lister) rows(ctx context.Context, in HeldRequest, keys []booking.Record, names map[string]account.Carrier, out *HeldPage) error {
	if in.Tenant != "" {
		keys = slices.DeleteFunc(keys, func(k booking.Record) bool { return k.Tenant != in.Tenant })
	}
	records, err := l.Finder.Records(ctx, keys)
	if err != nil {
		return err
	}
	for _, r := range records {
		kind := kindOf(r)
		if !slices.Contains(in.Kinds, kind) {
			continue
		}
		w, err := l.show(ctx, r, names)
		if err != nil {
			return err
		}
		out.Shipments = append(out.Shipments, w)
	}
	return nil
}

func (l *Lister) one(ctx context.Context, in HeldRequest, names map[string]account.Carrier) (HeldPage, error) {
	if err := errors.Join(checkID("tenant", in.Tenant), checkMode(in.Mode), checkID("id", in.ID)); err != nil {
		return HeldPage{}, refuse("one shipment is named by tenant, mode and id: %s", err)
	}
	found, err := l.Finder.Records(ctx, []booking.Record{{Tenant: in.Tenant, Mode: in.Mode, ID: in.ID}})
	if err != nil {
		return HeldPage{}, err
	}
	if len(found) == 0 {
		return HeldPage{}, refuse("there is no shipment %s of tenant %s in mode %s", in.ID, in.Tenant, in.Mode)
	}
	w, err := l.show(ctx, found[0], names)
	return HeldPage{Shipments: []Waiting{w}, Read: 1}, err
}

// kindOf is why a shipment waits, "" for one that does not.
func kindOf(r booking.Record) Kind {
	switch {
	case r.Held != "" && r.Status == booking.Cancelling:
		return KindVoid
	case r.Held != "":
		return KindHeld
	case r.Status == booking.Unknown:
		return KindUnknown
	case slices.Contains(booking.Allowed(r), booking.ClearNumber):
		return KindLate
	}
	return ""
}

// show gathers the evidence about a shipment.
func (l *Lister) show(ctx context.Context, r booking.Record, names map[string]account.Carrier) (Waiting, error) {
	w := Waiting{
		Item: Item{r.Tenant, r.Mode, r.ID}, Kind: kindOf(r), Version: r.Version, Status: string(r.Status), Since: r.Updated(), Reference: r.Reference,
		AtCarrier: booking.Reference(r.ID), Account: r.Account, Service: r.Service, Tracking: r.TrackingNumber, Late: booking.Outstanding(r),
		CancelAsked: !r.CancelWanted.IsZero(), AuditOwed: r.AuditOwed, Attempts: r.Attempts, LookUps: r.Lookups, Correlation: r.Correlation, Allowed: booking.Allowed(r),
	}
	for _, f := range []*booking.Failure{r.Failure, r.VoidRefused} {
		if f != nil {
			w.Why = strings.TrimSpace(f.Source + " " + f.Code + ": " + f.Detail)
		}
	}
	acct, err := l.account(ctx, r, names)
	if err != nil {
		return w, err
	}
	w.Carrier, w.Number = acct.Carrier, acct.Number
	history, err := l.Evidence.History(ctx, r.Tenant, r)
	if err != nil {
		return w, err
	}
	claims := []time.Time{}
	for _, e := range history {
		w.History = append(w.History, Change{e.At, string(e.Status), e.Cause.String()})
		if e.Cause == booking.CauseLabelRequested {
			claims = append(claims, e.At)
		}
	}
	if w.Answers, err = l.answers(ctx, r, claims); err != nil {
		return w, err
	}
	if w.Voids, err = l.Evidence.VoidAnswers(ctx, r.Tenant, r.Mode, r.ID); err != nil {
		return w, err
	}
	w.Suggestion = suggest(w)
	return w, nil
}

// answers are those to the last attempts, the newest first, with when each began.
func (l *Lister) answers(ctx context.Context, r booking.Record, claims []time.Time) ([]Answer, error) {
	heads, err := l.Evidence.Answers(ctx, r.Tenant, r)
	if err != nil {
		return nil, err
	}
	var out []Answer
	for _, n := range slices.Backward(slices.Sorted(maps.Keys(heads))) {
		if len(out) == mostAnswers {
			break
		}
		a := Answer{Attempt: n, Raw: heads[n]}
		if n >= 1 && n <= int64(len(claims)) {
			a.Began = claims[n-1]
		}
		out = append(out, a)
	}
	return out, nil
}

// account finds the account a shipment was claimed with, once a call.
func (l *Lister) account(ctx context.Context, r booking.Record, names map[string]account.Carrier) (account.Carrier, error) {
	key := r.Tenant + " " + r.Account
	if a, ok := names[key]; ok || r.Account == "" {
		return a, nil
	}
	a, err := l.Accounts.CarrierAccount(ctx, r.Tenant, r.Account)
	if errors.Is(err, account.ErrNotFound) {
		a, err = account.Carrier{}, nil
	}
	if err == nil {
		names[key] = a
	}
	return a, err
}

// suggest writes the commands that could settle a shipment; what is in capitals is to be filled in.
func suggest(w Waiting) []string {
	var out []string
	for _, d := range w.Allowed {
		number := ""
		switch {
		case d == booking.AdoptNumber && len(w.Late) > 0:
			number = " -number " + w.Late[0]
		case d == booking.AdoptNumber:
			number = " -number NUMBER"
		case d == booking.ClearNumber:
			number = " -number " + w.Late[0]
		}
		out = append(out, fmt.Sprintf("resolve -tenant %s -mode %s -id %s -version %d -decision %s%s -reason WHY", w.Tenant, w.Mode, w.ID, w.Version, d, number))
	}
	return out
}
