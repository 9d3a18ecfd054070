package callback

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/obs"
)

// maxID is longer than any id of ours, in bytes; a longer one need not be looked up.
const maxID = 64

// Create answers POST /v1/callback-endpoints. It is an api.Handler.
func (s Service) Create(ctx context.Context, r api.Request) (api.Response, error) {
	body, _, err := api.Decode[v1.CallbackEndpointRequest](r, "CallbackEndpointRequest")
	if err != nil {
		return api.Response{}, err
	}
	in := EndpointInput{URL: body.Url, Events: typesOf(body.Events), Seed: r.Seed}
	e, secret, err := s.CreateEndpoint(ctx, r.Tenant, r.Mode, in)
	if err != nil {
		return api.Response{}, err
	}
	obs.Note(ctx, "endpoint", e.ID)
	return s.withSecret(http.StatusCreated, e, secret), nil
}

// List answers GET /v1/callback-endpoints. It is an api.Handler.
func (s Service) List(ctx context.Context, r api.Request) (api.Response, error) {
	limit, after, err := api.Page(r)
	if err != nil {
		return api.Response{}, err
	}
	if after != "" && !isEndpointID(after) {
		return api.Response{}, api.BadCursor()
	}
	found, next, err := s.Store.EndpointPage(ctx, r.Tenant, r.Mode, limit, after)
	if err != nil {
		return api.Response{}, err
	}
	page := v1.CallbackEndpointPage{Object: v1.List, Data: make([]v1.CallbackEndpoint, len(found)), NextCursor: api.NextCursor(next)}
	for i, e := range found {
		page.Data[i] = s.shown(e)
	}
	return api.Response{Status: http.StatusOK, Body: page}, nil
}

// Get answers GET /v1/callback-endpoints/{id}. It is an api.Handler.
func (s Service) Get(ctx context.Context, r api.Request) (api.Response, error) {
	e, err := s.read(ctx, r.Tenant, r.Mode, r.Params["id"])
	if err != nil {
		return api.Response{}, missing(err, r)
	}
	return api.Response{Status: http.StatusOK, Body: s.shown(e)}, nil
}

// Update answers PATCH /v1/callback-endpoints/{id}. It is an api.Handler.
func (s Service) Update(ctx context.Context, r api.Request) (api.Response, error) {
	body, parsed, err := api.Decode[v1.CallbackEndpointUpdate](r, "CallbackEndpointUpdate")
	if err != nil {
		return api.Response{}, err
	}
	if !isEndpointID(r.Params["id"]) {
		return api.Response{}, missing(ErrNoEndpoint, r)
	}
	change := EndpointChange{URL: body.Url, Disabled: body.Disabled}
	if members, _ := parsed.(map[string]any); body.Events != nil || has(members, "events") { // null and [] are all of them
		events := typesOf(body.Events)
		change.Events = &events
	}
	e, err := s.UpdateEndpoint(ctx, r.Tenant, r.Mode, r.Params["id"], change)
	if err != nil {
		return api.Response{}, missing(err, r)
	}
	return api.Response{Status: http.StatusOK, Body: s.shown(e)}, nil
}

// Delete answers DELETE /v1/callback-endpoints/{id}. It is an api.Handler.
func (s Service) Delete(ctx context.Context, r api.Request) (api.Response, error) {
	if !isEndpointID(r.Params["id"]) {
		return api.Response{}, missing(ErrNoEndpoint, r)
	}
	if err := s.Store.DeleteEndpoint(ctx, r.Tenant, r.Mode, r.Params["id"]); err != nil {
		return api.Response{}, missing(err, r)
	}
	return api.Response{Status: http.StatusNoContent}, nil
}

// Rotate answers POST /v1/callback-endpoints/{id}/rotate-secret. It is an api.Handler.
func (s Service) Rotate(ctx context.Context, r api.Request) (api.Response, error) {
	overlap := StandardOverlap
	if len(bytes.TrimSpace(r.Body)) > 0 {
		body, _, err := api.Decode[v1.RotateSecretRequest](r, "RotateSecretRequest")
		if err != nil {
			return api.Response{}, err
		}
		if body.OverlapS != nil {
			overlap = min(max(time.Duration(*body.OverlapS)*time.Second, 0), MaxOverlap)
		}
	}
	e, secret, err := s.RotateSecret(ctx, r.Tenant, r.Mode, r.Params["id"], overlap)
	if err != nil {
		return api.Response{}, missing(err, r)
	}
	return s.withSecret(http.StatusOK, e, secret), nil
}

// shown is an endpoint as its tenant sees it. No events means all of them.
func (s Service) shown(e Endpoint) v1.CallbackEndpoint {
	out := v1.CallbackEndpoint{
		Id: e.ID, Object: v1.CallbackEndpointObjectCallbackEndpoint, Url: e.URL, Events: make([]v1.EventType, len(e.Events)),
		Mode: v1.Mode(e.Mode), Disabled: e.Disabled, CreatedAt: e.CreatedAt,
	}
	for i, t := range e.Events { // never null in JSON
		out.Events[i] = v1.EventType(t)
	}
	if end := e.oldSecretsEnd(s.now()); !end.IsZero() {
		out.OldSecretExpiresAt = &end
	}
	return out
}

// withSecret is an endpoint with its newest secret, in the one answer that ever holds it.
func (s Service) withSecret(status int, e Endpoint, secret string) api.Response {
	x := s.shown(e)
	return api.Response{Status: status, Secret: []string{"secret"}, Body: v1.CallbackEndpointWithSecret{
		Id: x.Id, Object: x.Object, Url: x.Url, Events: x.Events, Mode: x.Mode, Disabled: x.Disabled,
		OldSecretExpiresAt: x.OldSecretExpiresAt, CreatedAt: x.CreatedAt, Secret: secret,
	}}
}

// isEndpointID tells whether an endpoint could have this id.
func isEndpointID(id string) bool {
	rest, ok := strings.CutPrefix(id, "ce_")
	return ok && len(id) <= maxID && rest != "" && strings.Trim(rest, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// missing is 404 for what was not found; any other error passes.
func missing(err error, r api.Request) error {
	if errors.Is(err, ErrNoEndpoint) {
		id := r.Params["id"]
		return api.NotFound("callback endpoint", strings.ToValidUTF8(id[:min(len(id), maxID)], ""))
	}
	return err
}

// typesOf are the events of a list; nil, which is all of them, when it is left out, null or empty.
func typesOf(list *[]v1.EventType) []string {
	if list == nil || len(*list) == 0 {
		return nil
	}
	out := make([]string, len(*list))
	for i, t := range *list {
		out[i] = string(t)
	}
	return out
}

func has(members map[string]any, name string) bool {
	_, there := members[name]
	return there
}
