package account

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
)

// PostCarrierAccount answers POST /v1/carrier-accounts. It is an api.Handler.
func (s *Service) PostCarrierAccount(ctx context.Context, r api.Request) (api.Response, error) {
	body, _, err := api.Decode[v1.CarrierAccountRequest](r, "CarrierAccountRequest")
	if err != nil {
		return api.Response{}, err
	}
	in := Input{
		Name: value(body.Name), Carrier: body.Carrier, Number: body.Number, Credentials: value(body.Credentials),
		RebookOnAbsent: value(body.RebookOnAbsent), BookingsPerMinute: value(body.BookingsPerMinute), Seed: r.Seed,
	}
	c, err := s.CreateCarrierAccount(ctx, r.Tenant, r.Mode, in)
	if err != nil {
		return api.Response{}, err
	}
	return api.Response{Status: http.StatusCreated, Body: c.shown()}, nil
}

// ListCarrierAccounts answers GET /v1/carrier-accounts. It is an api.Handler.
func (s *Service) ListCarrierAccounts(ctx context.Context, r api.Request) (api.Response, error) {
	limit, after, err := api.Page(r)
	if err != nil {
		return api.Response{}, err
	}
	if after != "" && !isAccountID(after) {
		return api.Response{}, api.BadCursor()
	}
	found, next, err := s.CarrierAccounts(ctx, r.Tenant, r.Mode, limit, after)
	if err != nil {
		return api.Response{}, err
	}
	page := v1.CarrierAccountPage{Object: v1.List, Data: make([]v1.CarrierAccount, len(found)), NextCursor: api.NextCursor(next)}
	for i, c := range found {
		page.Data[i] = c.shown()
	}
	return api.Response{Status: http.StatusOK, Body: page}, nil
}

// GetCarrierAccount answers GET /v1/carrier-accounts/{id}. It is an api.Handler.
func (s *Service) GetCarrierAccount(ctx context.Context, r api.Request) (api.Response, error) {
	c, err := s.readCarrierAccount(ctx, r.Tenant, r.Mode, r.Params["id"])
	if err != nil {
		return api.Response{}, missing(err, "carrier account", r)
	}
	return api.Response{Status: http.StatusOK, Body: c.shown()}, nil
}

// PatchCarrierAccount answers PATCH /v1/carrier-accounts/{id}. It is an api.Handler.
func (s *Service) PatchCarrierAccount(ctx context.Context, r api.Request) (api.Response, error) {
	body, parsed, err := api.Decode[v1.CarrierAccountUpdate](r, "CarrierAccountUpdate")
	if err != nil {
		return api.Response{}, fixed(err)
	}
	if name, said := parsed.(map[string]any)["name"]; said && name == nil { // a merge patch takes a member away by null
		body.Name = new(string)
	}
	if pace, said := parsed.(map[string]any)["bookings_per_minute"]; said && pace == nil {
		body.BookingsPerMinute = new(int64)
	}
	up := Update{Name: body.Name, Credentials: value(body.Credentials), RebookOnAbsent: body.RebookOnAbsent, BookingsPerMinute: body.BookingsPerMinute}
	c, err := s.UpdateCarrierAccount(ctx, r.Tenant, r.Mode, r.Params["id"], up)
	if err != nil {
		return api.Response{}, missing(err, "carrier account", r)
	}
	return api.Response{Status: http.StatusOK, Body: c.shown()}, nil
}

// fixed explains what of an account never changes: shipments that were booked with it are found at the carrier by it.
func fixed(err error) error {
	if e, ok := errors.AsType[*api.Error](err); ok {
		for i, p := range e.Problems {
			if p.Code == "unknown_field" && (p.Field == "carrier" || p.Field == "number") {
				e.Problems[i].Code = "immutable"
				e.Problems[i].Detail = "The " + p.Field + " of an account never changes, for shipments were booked with it. Add another account, and order with that."
			}
		}
	}
	return err
}

// DeleteCarrierAccount answers DELETE /v1/carrier-accounts/{id}. It is an api.Handler.
func (s *Service) DeleteCarrierAccount(ctx context.Context, r api.Request) (api.Response, error) {
	if !isAccountID(r.Params["id"]) {
		return api.Response{}, missing(ErrNotFound, "carrier account", r)
	}
	if err := s.Store.DeleteCarrierAccount(ctx, r.Tenant, r.Mode, r.Params["id"]); err != nil {
		return api.Response{}, missing(err, "carrier account", r)
	}
	return api.Response{Status: http.StatusNoContent}, nil
}

// shown is an account as its tenant sees it. Credentials are in no answer.
func (c Carrier) shown() v1.CarrierAccount {
	out := v1.CarrierAccount{
		Id: c.ID, Object: v1.CarrierAccountObjectCarrierAccount, Carrier: c.Carrier, Number: c.Number, Mode: v1.Mode(c.Mode),
		RebookOnAbsent: c.RebookOnAbsent, CreatedAt: c.CreatedAt,
	}
	if c.Name != "" {
		out.Name = &c.Name
	}
	if c.BookingsPerMinute != 0 {
		out.BookingsPerMinute = &c.BookingsPerMinute
	}
	return out
}

// isAccountID tells whether an account could have this id.
func isAccountID(id string) bool {
	rest, ok := strings.CutPrefix(id, "ca_")
	return ok && len(id) <= maxID && rest != "" && strings.Trim(rest, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// missing is 404 for what was not found; any other error passes.
func missing(err error, what string, r api.Request) error {
	if errors.Is(err, ErrNotFound) {
		id := r.Params["id"]
		return api.NotFound(what, strings.ToValidUTF8(id[:min(len(id), maxID)], ""))
	}
	return err
}

func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
