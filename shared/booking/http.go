package booking

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/translate"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/obs"
	"github.com/fairlead/fairlead/shared/ship"
)

// HTTP is the API side of shipments.
type HTTP struct {
	Service *Service
	Lister  Lister
	Watcher Watcher
	Labels  Labels
	Past    Past
	Files   Files
}

// Create is POST /v1/shipments.
func (h *HTTP) Create(ctx context.Context, r api.Request) (api.Response, error) {
	in, parsed, err := api.Decode[v1.ShipmentRequest](r, "ShipmentRequest")
	if err != nil {
		return api.Response{}, err
	}
	key, err := api.IdempotencyKey(r)
	if err != nil {
		return api.Response{}, err
	}
	o := Order{Shipment: translate.Shipment(in), Fingerprint: Fingerprint0(parsed), Confirm: value(in.Confirm), Rate: value(in.Rate), Key: key, Correlation: r.Correlation}
	out, err := h.Service.Create(ctx, r.Tenant, r.Mode, o)
	if err != nil {
		return api.Response{}, createError(err)
	}
	obs.Note(ctx, "shipment", out.Record.ID)
	status := http.StatusCreated
	if out.Record.Status != Draft {
		status = http.StatusAccepted
	}
	return h.await(ctx, r, out, answer(status, out), http.StatusCreated)
}

func createError(err error) error {
	if e, ok := errors.AsType[*Invalid](err); ok {
		return api.Invalid("The shipment can't be booked as it is; each problem is listed in errors with its place.", e.Problems...)
	}
	if e, ok := errors.AsType[*Taken](err); ok {
		return &api.Error{Status: http.StatusUnprocessableEntity, Code: "reference_taken", Extra: map[string]any{"existing_id": e.ID},
			Detail: fmt.Sprintf("This %s already names shipment %s, which was created with another body. Nothing was changed. For another physical shipment use another %s; to see the existing one, GET /v1/shipments/%s.", e.By, e.ID, e.By, e.ID)}
	}
	if errors.Is(err, ErrNoIdentity) {
		return api.Malformed("idempotency_required", "A shipment that is confirmed at once needs a reference or an Idempotency-Key header; without one a retry could not be told from a second order.", ship.Problem{Field: "reference", Code: "required", Detail: "Give the shipment a reference of your own."})
	}
	return err
}

// Confirm is POST /v1/shipments/{id}/confirm.
func (h *HTTP) Confirm(ctx context.Context, r api.Request) (api.Response, error) {
	id, err := shipmentID(r)
	if err != nil {
		return api.Response{}, err
	}
	key, err := api.IdempotencyKey(r)
	if err != nil {
		return api.Response{}, err
	}
	version, err := requiredIfMatch(r)
	if err != nil {
		return api.Response{}, err
	}
	out, err := h.Service.Confirm(ctx, r.Tenant, r.Mode, id, version, key)
	if e, ok := errors.AsType[*NotConfirmable](err); ok {
		return api.Response{}, &api.Error{Status: http.StatusConflict, Code: "not_confirmable", Header: etag(e.Current.Record), Extra: map[string]any{"shipment": Present(e.Current)},
			Detail: fmt.Sprintf("The shipment is %s; only a draft or a failed shipment can be confirmed.", e.Current.Record.Status)}
	}
	if err != nil {
		return api.Response{}, changeError(err, id, &version)
	}
	return h.await(ctx, r, out, answer(http.StatusAccepted, out), http.StatusOK)
}

// Get is GET /v1/shipments/{id}.
func (h *HTTP) Get(ctx context.Context, r api.Request) (api.Response, error) {
	id, err := shipmentID(r)
	if err != nil {
		return api.Response{}, err
	}
	out, err := h.Service.Get(ctx, r.Tenant, r.Mode, id)
	if errors.Is(err, ErrNotFound) {
		return api.Response{}, api.NotFound("shipment", id)
	}
	if err != nil {
		return api.Response{}, err
	}
	return h.await(ctx, r, out, answer(http.StatusOK, out), http.StatusOK)
}

// shipmentID is the path's. What is longer than the contract's ShipmentID names nothing, and no key of the database
// takes any length.
func shipmentID(r api.Request) (string, error) {
	if id := r.Params["id"]; len(id) <= 64 {
		return id, nil
	}
	return "", api.NotFound("shipment", r.Params["id"][:64]+"…")
}

func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

func answer(status int, a Accepted) api.Response {
	h := etag(a.Record)
	if a.Replayed {
		status, h["Idempotent-Replayed"] = http.StatusOK, "true"
	}
	return api.Response{Status: status, Header: h, Body: Present(a)}
}

func etag(r Record) map[string]string {
	return map[string]string{"ETag": `"` + strconv.FormatInt(r.Version, 10) + `"`}
}

// raw is a JSON object as it will be sent.
func raw(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic("a value of ours that is no JSON: " + err.Error())
	}
	return b
}
