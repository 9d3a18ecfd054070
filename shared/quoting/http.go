package quoting

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/translate"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// Orders reads what a shipment was ordered with, and whether that can still be changed.
type Orders interface {
	Order(ctx context.Context, tenant string, mode ship.Mode, id string) (s ship.Shipment, open bool, err error) // absent is ErrNoShipment
}

// ErrNoShipment means that there is no such shipment.
var ErrNoShipment = errors.New("no such shipment")

// HTTP is the API side of quoting.
type HTTP struct {
	Service *Service
	Orders  Orders
}

// Rates is POST /v1/rates.
func (h *HTTP) Rates(ctx context.Context, r api.Request) (api.Response, error) {
	in, _, err := api.Decode[v1.RateRequest](r, "RateRequest")
	if err != nil {
		return api.Response{}, err
	}
	q := Question{Shipment: ship.Shipment{From: translate.Address(in.ShipFrom), To: translate.Address(in.ShipTo), Parcels: translate.Parcels(in.Parcels), Customs: translate.Customs(in.Customs),
		Priority: ship.Standard, Label: ship.LabelSpec{Format: ship.ZPL, Size: ship.Size4x6}}}
	if in.CarrierAccounts != nil {
		q.Accounts = *in.CarrierAccounts
	}
	if in.Services != nil {
		q.Services = *in.Services
	}
	return h.rates(ctx, r, q)
}

// ShipmentRates is POST /v1/shipments/{id}/rates.
func (h *HTTP) ShipmentRates(ctx context.Context, r api.Request) (api.Response, error) {
	id := r.Params["id"]
	s, open, err := h.Orders.Order(ctx, r.Tenant, r.Mode, id)
	if errors.Is(err, ErrNoShipment) {
		return api.Response{}, api.NotFound("shipment", id)
	}
	if err != nil {
		return api.Response{}, err
	}
	if !open {
		return api.Response{}, &api.Error{Status: http.StatusConflict, Code: "not_editable", Detail: "Only a draft or a failed shipment can still be given a rate. For prices alone use POST /v1/rates."}
	}
	return h.rates(ctx, r, Question{Shipment: s})
}

func (h *HTTP) rates(ctx context.Context, r api.Request, q Question) (api.Response, error) {
	quote, troubles, problems, err := h.Service.Rates(ctx, r.Tenant, r.Mode, q)
	if err != nil {
		return api.Response{}, err
	}
	if len(problems) > 0 {
		return api.Response{}, api.Invalid("The shipment can't be shipped as it is; each problem is listed in errors with its place.", problems...)
	}
	out := v1.RateList{Object: v1.RateListObjectRateList, Data: make([]v1.Rate, len(quote.Offers)), Problems: make([]v1.RateProblem, len(troubles)), ExpiresAt: quote.Expires}
	for i, o := range quote.Offers {
		out.Data[i] = show(RateID(quote.ID, i), o)
	}
	for i, t := range troubles {
		out.Problems[i] = v1.RateProblem{CarrierAccount: t.Account, Carrier: optional(t.Carrier), Source: v1.Source(t.Source), Code: t.Code, Detail: t.Detail}
		if len(t.Problems) > 0 {
			fields := make([]v1.FieldProblem, len(t.Problems))
			for k, p := range t.Problems {
				fields[k] = v1.FieldProblem{Field: p.Field, Code: p.Code, Detail: p.Detail}
			}
			out.Problems[i].Errors = &fields
		}
	}
	return api.Response{Status: http.StatusOK, Body: out}, nil
}

// show is an offer as the API shows it.
func show(id string, o Offer) v1.Rate {
	r := o.Rate
	out := v1.Rate{Id: id, Object: v1.RateObjectRate, Carrier: o.Carrier, CarrierAccount: o.Account, Service: r.Service, ServiceTitle: r.Title, Total: *translate.ShowMoney(r.Total),
		Charges: make([]v1.Charge, len(r.Charges)), Negotiated: r.Negotiated, BillingWeightG: optional(int64(r.Weight)), BusinessDays: optional(r.BusinessDays),
		DeliveryDate: optional(r.DeliveryDate), DeliveryTime: optional(r.DeliveryTime), Guaranteed: r.Guaranteed}
	for i, c := range r.Charges {
		out.Charges[i] = v1.Charge{Code: v1.ChargeCode(c.Code), CarrierCode: optional(c.Carrier), Title: optional(c.Title), Amount: *translate.ShowMoney(c.Amount)}
	}
	if len(r.Notes) > 0 {
		out.Notes = &r.Notes
	}
	return out
}

// ValidateAddress is POST /v1/addresses/validate.
func (h *HTTP) ValidateAddress(ctx context.Context, r api.Request) (api.Response, error) {
	in, _, err := api.Decode[v1.AddressValidationRequest](r, "AddressValidationRequest")
	if err != nil {
		return api.Response{}, err
	}
	answer, trouble := h.Service.CheckAddress(ctx, r.Tenant, r.Mode, in.CarrierAccount, translate.Address(in.Address))
	if trouble != nil {
		return api.Response{}, asError(*trouble)
	}
	out := v1.AddressValidation{Object: v1.AddressValidationObjectAddressValidation, Verdict: v1.AddressValidationVerdict(answer.Verdict),
		Place: v1.AddressValidationPlace(cmp.Or(answer.Place, ship.UnknownPlace)), Candidates: make([]v1.Address, len(answer.Candidates))}
	for i, a := range answer.Candidates {
		out.Candidates[i] = translate.ShowAddress(a)
	}
	return api.Response{Status: http.StatusOK, Body: out}, nil
}

// asError makes a problem document of why one account has no answer.
func asError(t Trouble) error {
	e := &api.Error{Status: http.StatusUnprocessableEntity, Code: t.Code, Detail: t.Detail, Source: t.Source}
	switch t.Code {
	case "unknown_carrier_account":
		e.Code, e.Problems = "invalid_request", []ship.Problem{{Field: "carrier_account", Code: t.Code, Detail: t.Detail}}
	case "carrier_unavailable", "login_unavailable", "account_unavailable", "throttled":
		e.Status, e.Header = http.StatusServiceUnavailable, map[string]string{"Retry-After": "5"}
	case "validation_unsupported", "login_refused", "unsupported_carrier":
	default: // the carrier's own code: its words are kept, the code is ours
		if t.Source == "carrier" {
			e.Code, e.Detail = "carrier_refused", t.Code+": "+t.Detail
		}
	}
	return e
}

// Carriers is GET /v1/carriers.
func Carriers(registry carrier.Registry) api.Handler {
	return func(context.Context, api.Request) (api.Response, error) {
		out := v1.CarrierPage{Object: v1.List, Data: []v1.Carrier{}}
		for _, name := range slices.Sorted(maps.Keys(registry)) {
			out.Data = append(out.Data, describe(registry[name]))
		}
		return api.Response{Status: http.StatusOK, Body: out}, nil
	}
}

func describe(c carrier.Carrier) v1.Carrier {
	d := c.Describe()
	out := v1.Carrier{Object: v1.CarrierObjectCarrier, Name: d.Name, Title: d.Title, Services: []v1.CarrierService{}, LabelFormats: []v1.LabelFormat{}, ShipFromCountries: []string{}, MaxParcels: d.MaxParcels, Can: []v1.CarrierCan{}}
	for _, code := range slices.Sorted(maps.Keys(d.Services)) {
		out.Services = append(out.Services, v1.CarrierService{Service: code, Title: d.Services[code].Title})
	}
	for _, f := range d.Formats {
		out.LabelFormats = append(out.LabelFormats, v1.LabelFormat(f))
	}
	for _, iso := range d.Countries { // a carrier may pick up where we know no addresses yet
		if ship.Supported(iso) {
			out.ShipFromCountries = append(out.ShipFromCountries, iso)
		}
	}
	if _, ok := c.(carrier.Rater); ok {
		out.Can = append(out.Can, "rate")
	}
	if _, ok := c.(carrier.Voider); ok {
		out.Can = append(out.Can, "void")
	}
	if _, ok := c.(carrier.Finder); ok {
		out.Can = append(out.Can, "find")
	}
	if _, ok := c.(carrier.AddressChecker); ok {
		out.Can = append(out.Can, "validate_address")
	}
	return out
}

func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
