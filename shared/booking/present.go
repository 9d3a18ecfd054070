package booking

import (
	"fmt"
	"time"

	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/ship"
)

// present is a shipment as the API shows it.
func present(a Accepted) v1.Shipment {
	r, s := a.Record, a.Shipment
	out := v1.Shipment{
		Id: r.ID, Object: v1.ShipmentObjectShipment, Mode: v1.Mode(r.Mode), Status: v1.Status(r.Status), Version: r.Version,
		Reference: optional(s.Reference), OrderNumber: optional(s.OrderNumber), Priority: v1.Priority(s.Priority), Service: s.Service,
		CarrierAccount: s.CarrierAccount, ShipFrom: presentAddress(s.From), ShipTo: presentAddress(s.To),
		Label:    v1.LabelRequest{Format: optional(v1.LabelFormat(s.Label.Format)), Size: optional(v1.LabelSize(s.Label.Size))},
		Document: v1.DocumentState(documentOf(r)), TrackingNumber: optional(r.TrackingNumber), Charge: presentMoney(r.Charge),
		Attempts: r.Attempts, Held: r.Held != "", Error: presentFailure(r.Failure), CreatedAt: r.Created.UTC(), UpdatedAt: r.Updated().UTC(),
		LabelUrl: labelURL(r),
	}
	for _, p := range s.Parcels {
		out.Parcels = append(out.Parcels, v1.Parcel{WeightG: int64(p.Weight), LengthMm: optional(int64(p.Length)), WidthMm: optional(int64(p.Width)), HeightMm: optional(int64(p.Height))})
	}
	if r.Status == Unknown {
		out.Error = &v1.ShipmentError{Source: v1.SourceFairlead, Code: "outcome_unknown", Detail: unknownDetail(r)}
	}
	if len(s.Metadata) > 0 {
		out.Metadata = &s.Metadata
	}
	if len(r.Late) > 0 {
		out.LateTrackingNumbers = &r.Late
	}
	if !r.NotBefore.IsZero() && (r.Status == Pending || r.Status == Unknown) && r.Held == "" {
		out.NextAttemptAt = optional(r.NotBefore.UTC().Truncate(time.Millisecond))
	}
	return out
}

// unknownDetail says why nobody knows and what happens next.
func unknownDetail(r Record) string {
	if r.Held != "" {
		return fmt.Sprintf("The carrier may have booked it, and after %d look-ups does not say so. A person decides; it is not sent again.", r.Lookups)
	}
	return fmt.Sprintf("The request may have reached the carrier, and no usable answer came back. The carrier is asked by our reference (%d times so far); it is not sent again meanwhile.", r.Lookups)
}

func presentAddress(a ship.Address) v1.Address {
	return v1.Address{Name: a.Name, Company: optional(a.Company), Phone: optional(a.Phone), Email: optional(a.Email), Lines: a.Lines, City: a.City, State: optional(a.State), Postcode: optional(a.Postcode), Country: a.Country, TaxId: optional(a.TaxID), Residential: a.Residential}
}

func presentMoney(m ship.Money) *v1.Money {
	if m.Currency == "" {
		return nil
	}
	return &v1.Money{Amount: m.Minor, Currency: m.Currency}
}

func presentFailure(f *Failure) *v1.ShipmentError {
	if f == nil {
		return nil
	}
	return &v1.ShipmentError{Source: v1.Source(f.Source), Code: f.Code, Detail: f.Detail}
}

func documentOf(r Record) Document {
	if r.Document == "" {
		return NoDocument
	}
	return r.Document
}

func labelURL(r Record) *string {
	if r.Document != DocumentReady {
		return nil
	}
	return optional("/v1/shipments/" + r.ID + "/label")
}

// presentEvent is the `data` of a callback: what the state item itself knows, so that telling it reads nothing.
func presentEvent(r Record) v1.EventData {
	out := v1.EventData{ShipmentId: r.ID, Reference: optional(r.Reference), Status: v1.Status(r.Status), Version: r.Version,
		TrackingNumber: optional(r.TrackingNumber), Charge: presentMoney(r.Charge), Document: optional(v1.DocumentState(documentOf(r))),
		LabelUrl: labelURL(r), Error: presentFailure(r.Failure)}
	if r.Status == Unknown {
		held := r.Held != ""
		out.Held = &held
	}
	if len(r.Late) > 0 {
		out.LateTrackingNumbers = &r.Late
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
