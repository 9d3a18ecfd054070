package booking

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/ship"
)

func TestPresentCancellation(t *testing.T) {
	said := &Failure{Source: "carrier", Code: "190102", Detail: "too late"}
	code, detail := said.Code, said.Detail
	for name, c := range map[string]struct {
		r    Record
		want *v1.Cancellation
	}{
		"nobody asked":                         {Record{Status: Booked}, nil},
		"it succeeded: the status says so":     {Record{Status: Cancelled}, nil},
		"wanted while it is booked":            {Record{Status: Booking, CancelWanted: t0}, &v1.Cancellation{Status: "requested", RequestedAt: &t0}},
		"wanted while nobody knows":            {Record{Status: Unknown, CancelWanted: t0}, &v1.Cancellation{Status: "requested", RequestedAt: &t0}},
		"wanted of a booked one":               {Record{Status: Booked, CancelWanted: t0}, &v1.Cancellation{Status: "in_progress", RequestedAt: &t0}},
		"the carrier is asked":                 {Record{Status: Cancelling, CancelWanted: t0}, &v1.Cancellation{Status: "in_progress", RequestedAt: &t0}},
		"the carrier said no":                  {Record{Status: Booked, VoidRefused: said}, &v1.Cancellation{Status: "refused", Code: &code, Detail: &detail}},
		"nobody knows whether it is void":      {Record{Status: Cancelling, Held: "void", VoidRefused: said}, &v1.Cancellation{Status: "unknown", Code: &code, Detail: &detail}},
		"refused once, and nobody knows since": {Record{Status: Unknown, CancelWanted: t0}, &v1.Cancellation{Status: "requested", RequestedAt: &t0}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, presentCancellation(c.r)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.want, presentEvent(c.r).Cancellation); diff != "" {
				t.Error("an event:", diff)
			}
		})
	}
}

func TestPresent(t *testing.T) {
	s := ship.Shipment{Service: ship.Cheapest, Filter: &ship.Filter{MaxBusinessDays: 3}, Quote: &ship.Quote{ID: "rate_1", Expires: time.Now()}}
	t.Run("a service that is not chosen yet is shown as it was ordered", func(t *testing.T) {
		if got := Present(Accepted{Shipment: s}); got.Service != "cheapest" || got.RequestedService != nil || *got.Filter.MaxBusinessDays != 3 || *got.Rate != "rate_1" || got.TrackingNumbers != nil {
			t.Errorf("%+v", got)
		}
	})
	t.Run("a chosen one beside what was ordered, and a number for each parcel", func(t *testing.T) {
		got := Present(Accepted{Shipment: s, Record: Record{Service: "ground", TrackingNumber: "1Z1", Numbers: []string{"1Z2"}}})
		if got.Service != "ground" || *got.RequestedService != "cheapest" {
			t.Errorf("%+v", got)
		}
		if diff := cmp.Diff(&[]string{"1Z1", "1Z2"}, got.TrackingNumbers); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a service that was ordered by its name stands", func(t *testing.T) {
		if got := Present(Accepted{Shipment: ship.Shipment{Service: "air"}, Record: Record{Service: "air"}}); got.Service != "air" || got.RequestedService != nil {
			t.Errorf("%+v", got)
		}
	})
}
