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
	"github.com/fairlead/fairlead/shared/batch"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/ship"
)

// Holdings are what a tenant has in the tables, as it is found.
type Holdings interface {
	TenantKeys(ctx context.Context, tenant string, mode ship.Mode, batches bool, limit int, after string) ([]booking.Record, string, error)
	Records(ctx context.Context, keys []booking.Record) ([]booking.Record, error)
	Batch(ctx context.Context, tenant string, mode ship.Mode, id string) (batch.Batch, error) // batch.ErrNotFound
	Endpoints(ctx context.Context, tenant string) ([]callback.Endpoint, error)
}

// Shredder takes it out. Each may be called again.
type Shredder interface {
	EraseDocuments(ctx context.Context, tenant string, mode ship.Mode, id string) (int, error)
	Scrub(ctx context.Context, tenant string, mode ship.Mode, id string) error
	// Retire takes what is of an erased tenant out of the lists of what is unfinished, and returns how many were in one.
	Retire(ctx context.Context, tenant string, keys []booking.Record) (int, error)
	EraseDeliveries(ctx context.Context, tenant, endpoint string, hour time.Time) (int, error)
}

// Evictor takes a tenant's settings out, and in the end its name.
type Evictor interface {
	EraseSettings(ctx context.Context, tenant string, limit int) (int, error)
	EraseName(ctx context.Context, tenant string) error
}

// Objects erases what a tenant has in the bucket, a page a call.
type Objects interface {
	EraseTenant(ctx context.Context, tenant string) (erased int, more bool, err error)
}

// Eraser erases a tenant's personal data.
type Eraser struct {
	Tenants  Tenants
	Holdings Holdings
	Shredder Shredder
	Evictor  Evictor
	Objects  Objects
	Now      func() time.Time
	Quiet    time.Duration // for so long a tenant must have been suspended: no process takes it for active any more
}

// EraseRequest asks for the erasure of a tenant's personal data.
type EraseRequest struct {
	Caller
	Tenant  string `json:"tenant"`
	Abandon bool   `json:"abandon,omitempty"` // though shipments or batches are unfinished: nobody will find out what became of them
	Cursor  string `json:"cursor,omitempty"`  // of the call before: it goes on from there
}

// Target implements Input.
func (r EraseRequest) Target() string { return r.Tenant }

// EraseAnswer is how far it came.
type EraseAnswer struct {
	Tenant string         `json:"tenant"`
	Step   string         `json:"step"`   // it is at
	Erased map[string]int `json:"erased"` // by this call
	Done   bool           `json:"done"`
	Cursor string         `json:"cursor,omitempty"` // with it the next call goes on; none: it is done
}

// Summary implements Told.
func (a EraseAnswer) Summary() (target, said string) {
	var did []string
	for _, what := range slices.Sorted(maps.Keys(a.Erased)) {
		did = append(did, fmt.Sprintf("%d %s", a.Erased[what], what))
	}
	if !a.Done {
		return "", fmt.Sprintf("not done yet, at %s: %s", a.Step, strings.Join(did, ", "))
	}
	return "", "erased: " + strings.Join(did, ", ")
}

// The steps, in their order. Nothing is erased before the first is over. Endpoints go after their deliveries, which are
// found by them.
const (
	lookStep = iota
	shipmentStep
	deliveryStep
	settingStep
	objectStep
	retireStep
	nameStep
	doneStep
)

var stepNames = [...]string{"looking for what is unfinished", "shipments", "deliveries", "settings", "objects", "what is abandoned", "name", "done"}

// stage is where an erasure goes on.
type stage struct {
	Step    int    `json:"s"`
	Part    int    `json:"p,omitempty"` // of a step: mode and kind, or the endpoint
	After   string `json:"a,omitempty"`
	Hour    int    `json:"h,omitempty"` // back from now
	Found   int    `json:"n,omitempty"` // unfinished shipments
	Batches int    `json:"b,omitempty"` // unfinished ones
	First   string `json:"f,omitempty"` // of all that is unfinished
}

const (
	eraseUnits = 300 // pieces of work of one call
	erasePage  = 50
)

// parts are what a tenant has lists of.
var parts = []struct {
	mode    ship.Mode
	batches bool
}{{ship.Test, false}, {ship.Live, false}, {ship.Test, true}, {ship.Live, true}}

// Erase is erase-tenant-data: some of it a call, until the answer has no cursor. It may be begun again at any time.
func (x *Eraser) Erase(ctx context.Context, in EraseRequest) (EraseAnswer, error) {
	out := EraseAnswer{Tenant: in.Tenant, Erased: map[string]int{}}
	if err := checkID("tenant", in.Tenant); err != nil {
		return out, err
	}
	var at stage
	if err := unpack(in.Cursor, &at); err != nil || at.Step < 0 || at.Step > doneStep || at.Part < 0 {
		return out, ErrBadCursor
	}
	t, err := x.Tenants.Tenant(ctx, in.Tenant)
	switch quiet := x.Now().Sub(t.Suspended); {
	case errors.Is(err, account.ErrNotFound):
		return out, refuse("there is no tenant %s", in.Tenant)
	case err != nil:
		return out, err
	case t.Suspended.IsZero():
		return out, refuse("tenant %s is not suspended: suspend it first, see that it was right, then erase", in.Tenant)
	case quiet < x.Quiet:
		return out, refuse("tenant %s was suspended %s ago; some processes know that after %s only. Come back then", in.Tenant, quiet.Round(time.Second), x.Quiet)
	}
	switch begun := !t.Erased.IsZero(); {
	case !begun:
		at.Step = lookStep // nothing goes on that was not begun
	case at.Step == lookStep: // what is unfinished was decided about when it began, and what was abandoned stays so
		at.next()
	}
	for units := 0; units < eraseUnits && at.Step < doneStep; {
		n, err := x.step(ctx, in, &at, &out)
		if err != nil {
			return out, err
		}
		units += n
	}
	out.Step, out.Done = stepNames[at.Step], at.Step == doneStep
	if !out.Done {
		out.Cursor = pack(at)
	}
	return out, nil
}

// step does a piece of work, tells how much it was, and moves on.
func (x *Eraser) step(ctx context.Context, in EraseRequest, at *stage, out *EraseAnswer) (int, error) {
	switch at.Step {
	case lookStep:
		return x.look(ctx, in, at)
	case shipmentStep:
		return x.shipments(ctx, in.Tenant, at, out)
	case deliveryStep:
		return x.deliveries(ctx, in.Tenant, at, out)
	case settingStep:
		n, err := x.Evictor.EraseSettings(ctx, in.Tenant, erasePage)
		if out.Erased["settings"] += n; n < erasePage && err == nil {
			at.next()
		}
		return n + 1, err
	case objectStep:
		n, more, err := x.Objects.EraseTenant(ctx, in.Tenant)
		if out.Erased["objects"] += n; !more && err == nil {
			at.next()
		}
		return n + 1, err
	case retireStep:
		return x.retire(ctx, in.Tenant, at, out)
	}
	at.next()
	return 1, x.Evictor.EraseName(ctx, in.Tenant)
}

func (s *stage) next() { *s = stage{Step: s.Step + 1} }

// turn goes to the next page, or the next part of a step, or the next step.
func (s *stage) turn(next string, of int) {
	if s.After = next; next != "" {
		return
	}
	if s.Part++; s.Part >= of {
		s.next()
	}
}

// unfinished tells whether something is left to find out or to do for a shipment.
func unfinished(r booking.Record) bool {
	switch r.Status {
	case booking.Pending, booking.Booking, booking.Unknown, booking.Cancelling:
		return true
	}
	return r.Held != "" || !r.Due.IsZero()
}

// look counts what is unfinished, and in the end refuses for it, or begins: from then on the tenant counts as erased.
func (x *Eraser) look(ctx context.Context, in EraseRequest, at *stage) (int, error) {
	if at.Part < len(parts) {
		return x.count(ctx, in.Tenant, at)
	}
	if at.Found+at.Batches > 0 && !in.Abandon {
		return 0, refuse("%d shipments and %d batches of tenant %s are unfinished, the first %s: settle the shipments (held), resume the tenant until its batches are through, or erase with abandon, and nobody will find out what became of them",
			at.Found, at.Batches, in.Tenant, at.First)
	}
	now := x.Now().UTC().Truncate(time.Millisecond)
	_, err := x.Tenants.UpdateTenant(ctx, in.Tenant, account.TenantChange{Erased: &now})
	if errors.Is(err, account.ErrErased) {
		err = nil
	}
	if errors.Is(err, account.ErrChanged) {
		err = refuse("tenant %s was resumed meanwhile", in.Tenant)
	}
	at.next()
	return 1, err
}

// page reads the page of shipments or batches that an erasure is at.
func (x *Eraser) page(ctx context.Context, tenant string, at *stage) (keys []booking.Record, next string, err error) {
	if at.Part >= len(parts) {
		return nil, "", ErrBadCursor
	}
	p := parts[at.Part]
	keys, next, err = x.Holdings.TenantKeys(ctx, tenant, p.mode, p.batches, erasePage, at.After)
	if err != nil {
		return nil, "", asRefused(err)
	}
	return keys, next, nil
}

// count counts what is unfinished on a page of shipments or batches.
func (x *Eraser) count(ctx context.Context, tenant string, at *stage) (int, error) {
	keys, next, err := x.page(ctx, tenant, at)
	if err != nil {
		return 0, err
	}
	open, counted := x.openShipments, &at.Found
	if parts[at.Part].batches {
		open, counted = x.openBatches, &at.Batches
	}
	ids, err := open(ctx, keys)
	if err != nil {
		return 0, err
	}
	if *counted += len(ids); at.First == "" && len(ids) > 0 {
		at.First = ids[0]
	}
	if at.After = next; next == "" {
		at.Part++
	}
	return len(keys) + 1, nil
}

func (x *Eraser) openShipments(ctx context.Context, keys []booking.Record) (ids []string, err error) {
	records, err := x.Holdings.Records(ctx, keys)
	for _, r := range records {
		if unfinished(r) {
			ids = append(ids, r.ID)
		}
	}
	return ids, err
}

// openBatches are those whose rows are being made into shipments, or cancelled.
func (x *Eraser) openBatches(ctx context.Context, keys []booking.Record) (ids []string, err error) {
	for _, k := range keys {
		b, err := x.Holdings.Batch(ctx, k.Tenant, k.Mode, k.ID)
		switch {
		case errors.Is(err, batch.ErrNotFound): // the index may lag behind
		case err != nil:
			return nil, err
		case b.Status == batch.Processing, b.Status == batch.Cancelling:
			ids = append(ids, k.ID)
		}
	}
	return ids, nil
}

// shipments erases the documents of shipments and batches, and what is of a person in their items.
func (x *Eraser) shipments(ctx context.Context, tenant string, at *stage, out *EraseAnswer) (int, error) {
	keys, next, err := x.page(ctx, tenant, at)
	if err != nil {
		return 0, err
	}
	for _, k := range keys {
		n, err := x.Shredder.EraseDocuments(ctx, tenant, k.Mode, k.ID)
		if err == nil {
			err = x.Shredder.Scrub(ctx, tenant, k.Mode, k.ID)
		}
		if err != nil {
			return 0, err
		}
		out.Erased["documents"] += n
	}
	at.turn(next, len(parts))
	return len(keys) + 1, nil
}

// retire lets what was abandoned be forgotten: nobody is to find out about it any more. It is done late, for what was under
// way when the erasure began may have put something back.
func (x *Eraser) retire(ctx context.Context, tenant string, at *stage, out *EraseAnswer) (int, error) {
	keys, next, err := x.page(ctx, tenant, at)
	if err != nil {
		return 0, err
	}
	n, err := x.Shredder.Retire(ctx, tenant, keys)
	if out.Erased["abandoned"] += n; err != nil {
		return 0, err
	}
	at.turn(next, len(parts))
	return len(keys) + 1, nil
}

// deliveries erases what is kept of deliveries, hour by hour.
func (x *Eraser) deliveries(ctx context.Context, tenant string, at *stage, out *EraseAnswer) (int, error) {
	endpoints, err := x.Holdings.Endpoints(ctx, tenant)
	if err != nil {
		return 0, err
	}
	if at.Part >= len(endpoints) {
		at.next()
		return 1, nil
	}
	for range erasePage {
		hour := x.Now().Truncate(time.Hour).Add(-time.Duration(at.Hour) * time.Hour)
		n, err := x.Shredder.EraseDeliveries(ctx, tenant, endpoints[at.Part].ID, hour)
		if err != nil {
			return 0, err
		}
		out.Erased["deliveries"] += n
		if at.Hour++; time.Duration(at.Hour)*time.Hour > deliveriesKept+time.Hour {
			at.Part, at.Hour = at.Part+1, 0
			break
		}
	}
	return erasePage / 5, nil
}
