package ups

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carriers/ups/internal/client"
	"github.com/fairlead/fairlead/shared/ship"
)

var (
	// voidUnsure are the codes of a void's error that prove nothing, beside those of carrier.json: UPS's list of error
	// codes calls them transient.
	voidUnsure = []string{"190001", "190002"}
	// voidedBefore is "The Shipment has already been voided" in the same list (Shipping developer's guide, appendix of
	// error codes; its wording of 190102 is the recorded one). 190102 itself is for what UPS does not know, for what is
	// too old and, in its test environment, for a fresh label: it proves nothing but that nothing was voided now.
	voidedBefore = []string{"190117"}
)

// Void takes the whole shipment back whose first package has this number. It goes out like a booking: once, on a
// connection of its own, behind the send-by gate.
func (u *UPS) Void(ctx context.Context, o carrier.Order, trackingNumber string, c carrier.Call) carrier.VoidAnswer {
	if !number.MatchString(trackingNumber) {
		return carrier.VoidAnswer{Kind: carrier.VoidRefused, Code: "invalid_number", Message: fmt.Sprintf("%q is no number of a UPS shipment", trackingNumber)}
	}
	s, err := u.session(o, c)
	if err != nil {
		return carrier.VoidAnswer{Kind: carrier.VoidNotSent, Message: err.Error()}
	}
	return u.judgeVoid(u.client.Void(ctx, s, trackingNumber, c), o, c)
}

// judgeVoid reads the evidence by the rules of a booking call: only a body says yes, and only a documented error whose
// code means it says no.
func (u *UPS) judgeVoid(e carrier.Evidence, o carrier.Order, c carrier.Call) carrier.VoidAnswer {
	r := u.reading(o, c)
	r.Booking = func(e carrier.Evidence) (ship.Booking, error) { return ship.Booking{}, voided(e.Body) }
	r.Trace = nil // UPS may well name the shipment that it does not void
	r.Unsure = slices.Concat(r.Unsure, voidUnsure)
	out := carrier.Judge(e, r)
	a := carrier.VoidAnswer{Code: out.Code, Message: out.Message, RetryAfter: out.RetryAfter, Raw: out.Raw}
	switch out.Kind {
	case carrier.NotSent:
		a.Kind = carrier.VoidNotSent
	case carrier.Unauthenticated:
		a.Kind = carrier.VoidUnauthenticated
	case carrier.Throttled:
		a.Kind = carrier.VoidThrottled
	case carrier.Done:
		a.Kind = carrier.Voided
	case carrier.Refused:
		a.Kind = carrier.VoidRefused
		switch {
		case says(e, voidedBefore):
			a.Kind = carrier.Voided
		case mentions(e, voidedBefore): // a yes and something else: of which of the two it is true, nobody knows
			a.Kind = carrier.VoidUnknown
		}
	}
	return a
}

// voided errs unless a body says that the whole shipment is void. A summary that says yes beside a package that says
// no is neither: some of the shipment may be live.
func voided(body []byte) error {
	a, err := client.Parse[client.VoidReply](body)
	if err != nil {
		return err
	}
	resp := a.VoidShipmentResponse.V
	if code := resp.Response.V.ResponseStatus.V.Code.Clean(); code != "1" {
		return fmt.Errorf("the body has response status %q", code)
	}
	if st := resp.SummaryResult.V.Status.V; st.Code.Clean() != "1" {
		return fmt.Errorf("the summary has status %q %s", st.Code.Clean(), st.Description.Clean())
	}
	for _, p := range slices.Concat(resp.PackageLevelResults, resp.PackageLevelResult) {
		if p.Status.V.Code.Clean() != "1" {
			return errors.New("the summary says voided, and package " + p.TrackingNumber.Clean() + " is not")
		}
	}
	return nil
}
