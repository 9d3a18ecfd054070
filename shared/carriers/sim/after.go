package sim

import (
	"context"
	"fmt"
	"net/http"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// Find answers what Book would have answered, for nothing is kept: every order is booked but those that are refused or
// lost.
func (s *Sim) Find(_ context.Context, o carrier.Order, _ carrier.Call) carrier.Finding {
	ref := o.Shipment.Reference
	switch {
	case o.Account.Mode != ship.Test:
		return carrier.Finding{Message: liveModeSaid}
	case open(o.Shipment.Service): // the claim would have chosen one: whatever this is, it proves no absence
		return carrier.Finding{Message: unchosen}
	case marked(ref, unknownHeld):
		return carrier.Finding{Message: lost, Raw: carrier.Answer{Sent: true, Error: lost}}
	case len(s.checkOrder(o)) > 0, marked(ref, refused), marked(ref, unknownAbsent):
		none := "The test carrier knows no booking under this reference."
		return carrier.Finding{Kind: carrier.Absent, Message: none, Raw: said(http.StatusNotFound, "sim_not_found", none)}
	}
	f := carrier.Finding{Kind: carrier.Found, Bookings: []ship.Booking{s.booking(o, 0)}, Raw: carrier.Answer{Status: http.StatusOK, Sent: true}}
	if marked(ref, duplicate) {
		f.Bookings = append(f.Bookings, s.booking(o, 1))
	}
	return f
}

// Label draws a booking's label again.
func (s *Sim) Label(_ context.Context, o carrier.Order, trackingNumber string, _ carrier.Call) (ship.Label, error) {
	nth, ok := owner(o, trackingNumber)
	switch {
	case o.Account.Mode != ship.Test:
		return ship.Label{}, fmt.Errorf("label of %s: %s", trackingNumber, liveModeSaid)
	case !ok:
		return ship.Label{}, fmt.Errorf("the test carrier knows no booking %s under this reference", trackingNumber)
	case marked(o.Shipment.Reference, labelNever):
		return ship.Label{}, fmt.Errorf("the test carrier never has the label of a shipment whose reference says %s", labelNever)
	}
	return s.draw(o, numbers(o, nth))
}

// Void voids every booking, as often as it is asked to.
func (s *Sim) Void(ctx context.Context, o carrier.Order, trackingNumber string, c carrier.Call) carrier.VoidAnswer {
	refuse := func(code, message string) carrier.VoidAnswer {
		return carrier.VoidAnswer{Kind: carrier.VoidRefused, Code: code, Message: message, Raw: said(http.StatusBadRequest, code, message)}
	}
	if err := s.closed(ctx, c); err != nil {
		return carrier.VoidAnswer{Kind: carrier.VoidNotSent, Message: "not sent: " + err.Error()}
	}
	if o.Account.Mode != ship.Test {
		return refuse(liveMode, liveModeSaid)
	}
	_, ok := owner(o, trackingNumber)
	switch {
	case !ok:
		return refuse("sim_not_found", "The test carrier knows no booking "+trackingNumber+" under this reference.")
	case marked(o.Shipment.Reference, voidUnknown):
		return carrier.VoidAnswer{Message: lost, Raw: carrier.Answer{Sent: true, Error: lost}}
	case marked(o.Shipment.Reference, voidRefused):
		return refuse("sim_collected", "The parcels have been collected.")
	}
	return carrier.VoidAnswer{Kind: carrier.Voided, Raw: carrier.Answer{Status: http.StatusNoContent, Sent: true}}
}
