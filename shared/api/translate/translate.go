// Package translate turns the contract's types into the vocabulary of package ship and back. It fills in the defaults of
// the contract and decides nothing else.
package translate

import (
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/ship"
)

// Shipment is a request with every default filled in and its addresses normalised. Confirm and rate are not part of it.
func Shipment(in v1.ShipmentRequest) ship.Shipment {
	s := ship.Shipment{
		Reference: value(in.Reference), OrderNumber: value(in.OrderNumber), Priority: ship.Standard, Service: value(in.Service), CarrierAccount: value(in.CarrierAccount),
		From: Address(in.ShipFrom), To: Address(in.ShipTo), Parcels: Parcels(in.Parcels), Customs: Customs(in.Customs), Label: ship.LabelSpec{Format: ship.ZPL, Size: ship.Size4x6},
		Filter: filter(in.Filter),
	}
	if in.Priority != nil {
		s.Priority = ship.Priority(*in.Priority)
	}
	if in.Label != nil {
		if in.Label.Format != nil {
			s.Label.Format = ship.LabelFormat(*in.Label.Format)
		}
		if in.Label.Size != nil {
			s.Label.Size = string(*in.Label.Size)
		}
	}
	if in.Metadata != nil {
		s.Metadata = *in.Metadata
	}
	return s
}

// Request is the shipment as the request that would create it: what a merge patch is applied to.
func Request(s ship.Shipment) v1.ShipmentRequest {
	priority := v1.Priority(s.Priority)
	out := v1.ShipmentRequest{
		Reference: optional(s.Reference), OrderNumber: optional(s.OrderNumber), Priority: &priority, Service: optional(s.Service), CarrierAccount: optional(s.CarrierAccount),
		ShipFrom: ShowAddress(s.From), ShipTo: ShowAddress(s.To), Parcels: ShowParcels(s.Parcels), Customs: ShowCustoms(s.Customs), Label: new(ShowLabel(s.Label)),
		Filter: ShowFilter(s.Filter),
	}
	if s.Quote != nil { // the rate says which service and account
		out.Rate, out.Service, out.CarrierAccount = &s.Quote.ID, nil, nil
	}
	if len(s.Metadata) > 0 {
		out.Metadata = &s.Metadata
	}
	return out
}

// Address is normalised.
func Address(a v1.Address) ship.Address {
	return ship.Address{Name: a.Name, Company: value(a.Company), Phone: value(a.Phone), Email: value(a.Email), Lines: a.Lines, City: a.City, State: value(a.State),
		Postcode: value(a.Postcode), Country: a.Country, TaxID: value(a.TaxId), Residential: a.Residential}.Normalised()
}

// ShowAddress is the reverse of Address.
func ShowAddress(a ship.Address) v1.Address {
	return v1.Address{Name: a.Name, Company: optional(a.Company), Phone: optional(a.Phone), Email: optional(a.Email), Lines: a.Lines, City: a.City, State: optional(a.State),
		Postcode: optional(a.Postcode), Country: a.Country, TaxId: optional(a.TaxID), Residential: a.Residential}
}

// Parcels are those of a request.
func Parcels(in []v1.Parcel) []ship.Parcel {
	var out []ship.Parcel
	for _, p := range in {
		out = append(out, ship.Parcel{Weight: ship.Grams(p.WeightG), Length: ship.Millimetres(value(p.LengthMm)), Width: ship.Millimetres(value(p.WidthMm)), Height: ship.Millimetres(value(p.HeightMm))})
	}
	return out
}

// ShowParcels is the reverse of Parcels.
func ShowParcels(in []ship.Parcel) []v1.Parcel {
	out := make([]v1.Parcel, len(in))
	for i, p := range in {
		out[i] = v1.Parcel{WeightG: int64(p.Weight), LengthMm: optional(int64(p.Length)), WidthMm: optional(int64(p.Width)), HeightMm: optional(int64(p.Height))}
	}
	return out
}

// Customs is normalised, and nil when there is none.
func Customs(in *v1.Customs) *ship.Customs {
	if in == nil {
		return nil
	}
	out := ship.Customs{Contents: ship.Contents(in.Contents), Incoterm: in.Incoterm, InvoiceNumber: value(in.InvoiceNumber), InvoiceDate: value(in.InvoiceDate), Note: value(in.Note)}
	for _, i := range in.Items {
		out.Items = append(out.Items, ship.CustomsItem{Description: i.Description, Quantity: i.Quantity, UnitValue: Money(i.UnitValue), UnitWeight: ship.Grams(i.UnitWeightG),
			Origin: i.OriginCountry, HSCode: value(i.HsCode), SKU: value(i.Sku)})
	}
	out = out.Normalised()
	return &out
}

// ShowCustoms is the reverse of Customs.
func ShowCustoms(in *ship.Customs) *v1.Customs {
	if in == nil {
		return nil
	}
	out := &v1.Customs{Contents: v1.CustomsContents(in.Contents), Incoterm: in.Incoterm, InvoiceNumber: optional(in.InvoiceNumber), InvoiceDate: optional(in.InvoiceDate), Note: optional(in.Note),
		Items: make([]v1.CustomsItem, len(in.Items))}
	for n, i := range in.Items {
		out.Items[n] = v1.CustomsItem{Description: i.Description, Quantity: i.Quantity, UnitValue: *ShowMoney(i.UnitValue), UnitWeightG: int64(i.UnitWeight),
			OriginCountry: i.Origin, HsCode: optional(i.HSCode), Sku: optional(i.SKU)}
	}
	return out
}

func filter(in *v1.ServiceFilter) *ship.Filter {
	if in == nil {
		return nil
	}
	out := &ship.Filter{Services: value(in.Services), MaxBusinessDays: value(in.MaxBusinessDays)}
	if in.MaxTotal != nil {
		out.MaxTotal = new(Money(*in.MaxTotal))
	}
	return out
}

// ShowFilter is how a filter was given.
func ShowFilter(in *ship.Filter) *v1.ServiceFilter {
	if in == nil {
		return nil
	}
	out := &v1.ServiceFilter{MaxBusinessDays: optional(in.MaxBusinessDays)}
	if len(in.Services) > 0 {
		out.Services = &in.Services
	}
	if in.MaxTotal != nil {
		out.MaxTotal = ShowMoney(*in.MaxTotal)
	}
	return out
}

// ShowLabel is how a label is ordered.
func ShowLabel(l ship.LabelSpec) v1.LabelRequest {
	return v1.LabelRequest{Format: optional(v1.LabelFormat(l.Format)), Size: optional(v1.LabelSize(l.Size))}
}

// Money is an amount of a request.
func Money(m v1.Money) ship.Money { return ship.Money{Minor: m.Amount, Currency: m.Currency} }

// ShowMoney is nil for an amount that nobody said.
func ShowMoney(m ship.Money) *v1.Money {
	if m.Currency == "" {
		return nil
	}
	return &v1.Money{Amount: m.Minor, Currency: m.Currency}
}

func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
