package callback

import (
	"context"
	"net/http"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
)

// Create answers POST /v1/callback-endpoints. It is an api.Handler.
func (s Service) Create(ctx context.Context, r api.Request) (api.Response, error) {
	body, _, err := api.Decode[v1.CallbackEndpointRequest](r, "CallbackEndpointRequest")
	if err != nil {
		return api.Response{}, err
	}
	in := EndpointInput{URL: body.Url}
	if body.Events != nil {
		for _, t := range *body.Events {
			in.Events = append(in.Events, string(t))
		}
	}
	e, secret, err := s.CreateEndpoint(ctx, r.Tenant, r.Mode, in)
	if err != nil {
		return api.Response{}, err
	}
	return api.Response{Status: http.StatusCreated, Body: shown(e, secret)}, nil
}

// shown is an endpoint with its secret, as the one answer that ever holds it.
func shown(e Endpoint, secret string) v1.CallbackEndpointWithSecret {
	events := make([]v1.EventType, len(e.Events)) // never null in JSON
	for i, t := range e.Events {
		events[i] = v1.EventType(t)
	}
	return v1.CallbackEndpointWithSecret{
		Id: e.ID, Object: v1.CallbackEndpointObjectCallbackEndpoint, Url: e.URL, Events: events,
		Mode: v1.Mode(e.Mode), Secret: secret, CreatedAt: e.CreatedAt,
	}
}
