package account

import (
	"context"
	"net/http"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
)

// PostCarrierAccount answers POST /v1/carrier-accounts. It is an api.Handler.
func (s *Service) PostCarrierAccount(ctx context.Context, r api.Request) (api.Response, error) {
	body, _, err := api.Decode[v1.CarrierAccountRequest](r, "CarrierAccountRequest")
	if err != nil {
		return api.Response{}, err
	}
	in := Input{Carrier: body.Carrier, Number: body.Number}
	if body.Credentials != nil {
		in.Credentials = *body.Credentials
	}
	if body.RebookOnAbsent != nil {
		in.RebookOnAbsent = *body.RebookOnAbsent
	}
	c, err := s.CreateCarrierAccount(ctx, r.Tenant, r.Mode, in)
	if err != nil {
		return api.Response{}, err
	}
	return api.Response{Status: http.StatusCreated, Body: v1.CarrierAccount{
		Id: c.ID, Object: v1.CarrierAccountObjectCarrierAccount, Carrier: c.Carrier, Number: c.Number, Mode: v1.Mode(c.Mode),
		RebookOnAbsent: c.RebookOnAbsent, CreatedAt: c.CreatedAt,
	}}, nil
}
