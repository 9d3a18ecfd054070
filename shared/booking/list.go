package booking

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/ship"
)

// Lister finds a tenant's shipments.
type Lister interface {
	// List returns a page, newest first, and the position of the next page, "" on the last. It reads a bounded number of
	// shipments: with a Status the page may be short, or empty, and not the last.
	List(ctx context.Context, tenant string, mode ship.Mode, q Query) ([]Accepted, string, error)
	// ByNumber returns the shipments booked under a tracking number, of which there should be one.
	ByNumber(ctx context.Context, tenant string, mode ship.Mode, number string) ([]Accepted, error)
	// Many returns those of some ids that are there, in their order. A shipment of the last second may be missing.
	Many(ctx context.Context, tenant string, mode ship.Mode, ids []string) ([]Accepted, error)
	// Count tells how many of some ids have each status.
	Count(ctx context.Context, tenant string, mode ship.Mode, ids []string) (map[Status]int64, error)
}

// Query is what a list is asked for. Zero values ask for nothing.
type Query struct {
	Limit        int    // at most as many
	After        string // a position that List returned; "" from the newest
	From, Before time.Time
	Status       Status

	reference, number string
}

// matches tells whether a shipment found by its reference or number is among those asked for.
func (q Query) matches(a Accepted) bool {
	r := a.Record
	return (q.Status == "" || r.Status == q.Status) && !r.Created.Before(q.From) && (q.Before.IsZero() || r.Created.Before(q.Before)) &&
		(q.reference == "" || r.Reference == q.reference) && (q.number == "" || r.TrackingNumber == q.number)
}

// ErrBadCursor is a list position that none of our answers held.
var ErrBadCursor = errors.New("not a cursor of ours")

// List is GET /v1/shipments.
func (h *HTTP) List(ctx context.Context, r api.Request) (api.Response, error) {
	q, err := query(r)
	if err != nil {
		return api.Response{}, err
	}
	found, next, err := h.list(ctx, r.Tenant, r.Mode, q)
	if errors.Is(err, ErrBadCursor) {
		return api.Response{}, api.BadCursor()
	}
	if err != nil {
		return api.Response{}, err
	}
	page := v1.ShipmentPage{Object: v1.List, Data: make([]v1.Shipment, len(found)), NextCursor: api.NextCursor(next)}
	for i, f := range found {
		page.Data[i] = Present(f)
	}
	return api.Response{Status: http.StatusOK, Body: page}, nil
}

// list takes the cheapest way: a reference computes the id, a number has an index, all else is a page of the list.
func (h *HTTP) list(ctx context.Context, tenant string, mode ship.Mode, q Query) ([]Accepted, string, error) {
	var found []Accepted
	var err error
	switch {
	case q.reference != "":
		var one Accepted
		one, err = h.Service.Get(ctx, tenant, mode, IDByReference(tenant, mode, q.reference))
		if found = []Accepted{one}; errors.Is(err, ErrNotFound) {
			return nil, "", nil
		}
	case q.number != "":
		found, err = h.Lister.ByNumber(ctx, tenant, mode, q.number)
	default:
		return h.Lister.List(ctx, tenant, mode, q)
	}
	return slices.DeleteFunc(found, func(a Accepted) bool { return !q.matches(a) }), "", err
}

// enumerated are words as a sentence lists them.
func enumerated[T ~string](words []T) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = string(w)
	}
	return strings.Join(out, ", ")
}

// query reads the parameters of a list.
func query(r api.Request) (Query, error) {
	q := Query{reference: r.Query.Get("reference"), number: r.Query.Get("tracking_number"), Status: Status(r.Query.Get("status"))}
	var err error
	if q.Limit, q.After, err = api.Page(r); err != nil {
		return q, err
	}
	if q.Status != "" && !slices.Contains(Statuses, q.Status) {
		return q, api.Malformed("invalid_status", fmt.Sprintf("There is no status %.50q; the statuses are %s.", q.Status, enumerated(Statuses)))
	}
	// The contract's lengths. What is longer names nothing, and the database takes no key of any length.
	if utf8.RuneCountInString(q.reference) > 100 {
		return q, api.Malformed("invalid_reference", "A reference has at most 100 characters.")
	}
	if utf8.RuneCountInString(q.number) > 64 {
		return q, api.Malformed("invalid_tracking_number", "A tracking number has at most 64 characters.")
	}
	for name, at := range map[string]*time.Time{"created_after": &q.From, "created_before": &q.Before} {
		s := r.Query.Get(name)
		if s == "" {
			continue
		}
		if *at, err = time.Parse(time.RFC3339, s); err != nil {
			return q, api.Malformed("invalid_time", fmt.Sprintf("%s is %.50q; write it like 2026-11-21T12:00:00Z (a + in an offset as %%2B).", name, s))
		}
	}
	if !q.Before.IsZero() && !q.From.Before(q.Before) {
		return q, api.Malformed("invalid_time", "created_after is not before created_before: no shipment could be found.")
	}
	return q, nil
}
