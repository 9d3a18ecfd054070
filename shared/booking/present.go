package booking

import (
	"fmt"
	"time"

	"github.com/fairlead/fairlead/shared/api/translate"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
)

// Present is a shipment as the API shows it.
func Present(a Accepted) v1.Shipment {
	r, s := a.Record, a.Shipment
	out := v1.Shipment{
		Id: r.ID, Object: v1.ShipmentObjectShipment, Mode: v1.Mode(r.Mode), Status: v1.Status(r.Status), Version: r.Version,
		Reference: optional(s.Reference), OrderNumber: optional(s.OrderNumber), Priority: v1.Priority(s.Priority), Service: s.Service,
		CarrierAccount: s.CarrierAccount, Filter: translate.ShowFilter(s.Filter), Customs: translate.ShowCustoms(s.Customs),
		Document: v1.DocumentState(documentOf(r)), TrackingNumber: optional(r.TrackingNumber), Charge: translate.ShowMoney(r.Charge),
		Attempts: r.Attempts, Held: r.Held != "", Cancellation: presentCancellation(r), Error: presentFailure(r.Failure), CreatedAt: r.Created.UTC(), UpdatedAt: r.Updated().UTC(),
		LabelUrl: labelURL(r),
	}
	if s.Erased {
		out.Erased = &s.Erased
	} else {
		out.ShipFrom, out.ShipTo = new(translate.ShowAddress(s.From)), new(translate.ShowAddress(s.To))
		out.Parcels, out.Label = new(translate.ShowParcels(s.Parcels)), new(translate.ShowLabel(s.Label))
	}
	if chosenLater(s.Service) && r.Service != "" {
		out.Service, out.RequestedService = r.Service, &s.Service
	}
	if s.Quote != nil {
		out.Rate = &s.Quote.ID
	}
	if len(r.Numbers) > 0 {
		all := append([]string{r.TrackingNumber}, r.Numbers...)
		out.TrackingNumbers = &all
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

// presentCancellation is how a cancellation stands that has not succeeded, nil when none was asked for.
func presentCancellation(r Record) *v1.Cancellation {
	out := v1.Cancellation{RequestedAt: optional(r.CancelWanted)}
	switch {
	case r.Status == Cancelling && r.Held != "":
		out.Status = v1.CancellationStatusUnknown
	case r.Status == Cancelling, r.Status == Booked && !r.CancelWanted.IsZero():
		out.Status = v1.CancellationStatusInProgress
	case !r.CancelWanted.IsZero():
		out.Status = v1.CancellationStatusRequested
	case r.Status == Booked && r.VoidRefused != nil:
		out.Status = v1.CancellationStatusRefused
	default:
		return nil
	}
	if f := r.VoidRefused; f != nil {
		out.Code, out.Detail = optional(f.Code), optional(f.Detail)
	}
	return &out
}

// unknownDetail says why nobody knows and what happens next.
func unknownDetail(r Record) string {
	if r.Held != "" {
		return fmt.Sprintf("The carrier may have booked it, and after %d look-ups does not say so. A person decides; it is not sent again.", r.Lookups)
	}
	return fmt.Sprintf("The request may have reached the carrier, and no usable answer came back. The carrier is asked by our reference (%d times so far); it is not sent again meanwhile.", r.Lookups)
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
	if !printable(r) {
		return nil
	}
	return optional("/v1/shipments/" + r.ID + "/label")
}

// presentEvent is the `data` of a callback: what the state item itself knows, so that telling it reads nothing.
func presentEvent(r Record) v1.EventData {
	out := v1.EventData{ShipmentId: r.ID, Reference: optional(r.Reference), Status: v1.Status(r.Status), Version: r.Version,
		TrackingNumber: optional(r.TrackingNumber), Charge: translate.ShowMoney(r.Charge), Document: optional(v1.DocumentState(documentOf(r))),
		LabelUrl: labelURL(r), Cancellation: presentCancellation(r), Error: presentFailure(r.Failure)}
	if r.Status == Unknown || r.Held != "" {
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
