package account

import (
	"context"
	"net/http"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
)

// PostAPIKey answers POST /v1/api-keys, the one answer that ever holds the key's secret. It is an api.Handler.
func (s *Service) PostAPIKey(ctx context.Context, r api.Request) (api.Response, error) {
	body, _, err := api.Decode[v1.ApiKeyRequest](r, "ApiKeyRequest")
	if err != nil {
		return api.Response{}, err
	}
	in := KeyInput{Name: body.Name, Seed: r.Seed}
	if body.Scopes != nil {
		in.Scopes = []string{}
		for _, scope := range *body.Scopes {
			in.Scopes = append(in.Scopes, string(scope))
		}
	}
	k, whole, err := s.CreateAPIKey(ctx, r.Tenant, r.KeyID, in)
	if err != nil {
		return api.Response{}, err
	}
	shown := k.shown()
	return api.Response{Status: http.StatusCreated, Secret: []string{"key"}, Body: v1.ApiKeyWithSecret{
		Id: shown.Id, Object: shown.Object, Name: shown.Name, Scopes: shown.Scopes, Mode: shown.Mode, CreatedAt: shown.CreatedAt, Key: whole,
	}}, nil
}

// ListAPIKeys answers GET /v1/api-keys. It is an api.Handler.
func (s *Service) ListAPIKeys(ctx context.Context, r api.Request) (api.Response, error) {
	limit, after, err := api.Page(r)
	if err != nil {
		return api.Response{}, err
	}
	if after != "" && !isText(after, keyIDBytes) {
		return api.Response{}, api.BadCursor()
	}
	found, next, err := s.listAPIKeys(ctx, r.Tenant, r.Mode, r.KeyID, limit, after)
	if err != nil {
		return api.Response{}, err
	}
	page := v1.ApiKeyPage{Object: v1.List, Data: make([]v1.ApiKey, len(found)), NextCursor: api.NextCursor(next)}
	for i, k := range found {
		page.Data[i] = k.shown()
	}
	return api.Response{Status: http.StatusOK, Body: page}, nil
}

// GetAPIKey answers GET /v1/api-keys/{id}. It is an api.Handler.
func (s *Service) GetAPIKey(ctx context.Context, r api.Request) (api.Response, error) {
	k, err := s.readAPIKey(ctx, r.Tenant, r.Mode, r.Params["id"])
	if err != nil {
		return api.Response{}, missing(err, "API key", r)
	}
	return api.Response{Status: http.StatusOK, Body: k.shown()}, nil
}

// DeleteAPIKey answers DELETE /v1/api-keys/{id}. The key is gone when this answers; the gateway's authorizer may know it
// for as long as it keeps its answers. It is an api.Handler.
func (s *Service) DeleteAPIKey(ctx context.Context, r api.Request) (api.Response, error) {
	if err := s.RevokeAPIKey(ctx, r.Tenant, r.Mode, r.KeyID, r.Params["id"]); err != nil {
		return api.Response{}, missing(err, "API key", r)
	}
	return api.Response{Status: http.StatusNoContent}, nil
}

// shown is a key as its tenant sees it.
func (k Key) shown() v1.ApiKey {
	scopes := make([]v1.Scope, len(k.Scopes)) // never null in JSON
	for i, scope := range k.Scopes {
		scopes[i] = v1.Scope(scope)
	}
	return v1.ApiKey{Id: k.ID, Object: v1.ApiKeyObjectApiKey, Name: k.Name, Scopes: scopes, Mode: v1.Mode(k.Mode), CreatedAt: k.CreatedAt}
}
