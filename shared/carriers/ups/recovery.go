package ups

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carriers/ups/internal/client"
	"github.com/fairlead/fairlead/shared/ship"
)

// recoveryNotFound and recoveryVoided are the codes by which Label Recovery says that it knows no such label, and
// that it knows one that was voided. Shipping.yaml gives the error shape and no codes; these are from reports of
// others. An error with any other code is an error and no absence: that ends with a person, never with a second
// label.
var (
	recoveryNotFound = []string{"9801031"}
	recoveryVoided   = []string{"9801040"}
)

// says reports whether Label Recovery answered with these codes and nothing else.
func says(e carrier.Evidence, codes []string) bool {
	errs := client.Errors(e.Body)
	return e.Err == nil && (e.Status == http.StatusBadRequest || e.Status == http.StatusNotFound) && len(errs) > 0 &&
		!slices.ContainsFunc(errs, func(p client.Problem) bool { return !slices.Contains(codes, string(p.Code)) })
}

// mentions tells whether an error has one of the codes, alone or not.
func mentions(e carrier.Evidence, codes []string) bool {
	return slices.ContainsFunc(client.Errors(e.Body), func(p client.Problem) bool { return slices.Contains(codes, string(p.Code)) })
}

// recovery starts a request for labels in the format they were booked in.
func recovery(f ship.LabelFormat) client.RecoveryRequest {
	return client.RecoveryRequest{LabelRecoveryRequest: client.LabelRecoveryRequest{
		Request:            client.RequestInfo{SubVersion: "1903"},
		LabelSpecification: labelSpecification(bookedAs(f)),
	}}
}

// recovered reads Label Recovery's yes: labels of one shipment, or candidates.
func recovered(e carrier.Evidence) (client.LabelRecoveryResponse, error) {
	if e.Err != nil || e.Status != http.StatusOK {
		return client.LabelRecoveryResponse{}, errors.New("no answer")
	}
	a, err := client.Parse[client.RecoveryAnswer](e.Body)
	if err != nil {
		return client.LabelRecoveryResponse{}, err
	}
	resp := a.LabelRecoveryResponse.V
	if resp.Response.V.ResponseStatus.V.Code != "1" {
		return resp, fmt.Errorf("the body has response status %q", resp.Response.V.ResponseStatus.V.Code)
	}
	for _, c := range resp.TrackingCandidate {
		if !number.MatchString(string(c.TrackingNumber)) {
			return resp, errors.New("a candidate has no number")
		}
	}
	if len(resp.TrackingCandidate) > 0 {
		return resp, nil
	}
	if len(resp.LabelResults) == 0 || !number.MatchString(string(shipmentNumber(resp))) {
		return resp, errors.New("the body has no shipment")
	}
	return resp, nil
}

// shipmentNumber is the number of the first package; UPS may leave it to the labels to tell.
func shipmentNumber(r client.LabelRecoveryResponse) client.Text {
	if r.ShipmentIdentificationNumber == "" && len(r.LabelResults) > 0 {
		return r.LabelResults[0].TrackingNumber
	}
	return r.ShipmentIdentificationNumber
}

// named tells whether an answer says which shipment its packages belong to. Of one package that needs no saying; of
// several, a second box's number must never become the shipment's.
func named(o carrier.Order, r client.LabelRecoveryResponse) bool {
	return len(o.Shipment.Parcels) == 1 || r.ShipmentIdentificationNumber != ""
}

// recoveredBooking is the booking that Label Recovery's answer is about, with its label if that is all there.
func recoveredBooking(o carrier.Order, r client.LabelRecoveryResponse) ship.Booking {
	b := ship.Booking{TrackingNumber: string(shipmentNumber(r))}
	var images []client.Image
	for _, l := range r.LabelResults {
		if n := string(l.TrackingNumber); number.MatchString(n) && !slices.Contains(b.Numbers, n) {
			b.Numbers = append(b.Numbers, n)
		}
		images = append(images, l.LabelImage.V)
	}
	if len(b.Numbers) == 0 {
		b.Numbers = []string{b.TrackingNumber}
	}
	b.Label, _ = label(o.Shipment.Label.Format, len(o.Shipment.Parcels), images)
	return b
}

// Label fetches a booking's label in the format that it was booked in. It returns *carrier.ErrUnauthorized when the token
// was refused; every other error may pass.
func (u *UPS) Label(ctx context.Context, o carrier.Order, trackingNumber string, c carrier.Call) (ship.Label, error) {
	s, err := u.session(o, c)
	if err != nil {
		return ship.Label{}, err
	}
	r := recovery(o.Shipment.Label.Format)
	r.LabelRecoveryRequest.TrackingNumber = trackingNumber
	e := u.client.Recover(ctx, s, r, c.Deadline)
	resp, err := recovered(e)
	if err != nil {
		a := failed("Label Recovery", e)
		msg := carrier.Redact(a.message, secrets(o.Account, c.Token.Value)...)
		if a.kind == carrier.FindUnauthorized {
			return ship.Label{}, &carrier.ErrUnauthorized{Message: msg}
		}
		if e.Err == nil && e.Status == http.StatusOK {
			return ship.Label{}, fmt.Errorf("Label Recovery of %s: %w", trackingNumber, err)
		}
		return ship.Label{}, errors.New(msg)
	}
	var images []client.Image
	for _, l := range resp.LabelResults {
		images = append(images, l.LabelImage.V)
	}
	l, err := label(o.Shipment.Label.Format, len(o.Shipment.Parcels), images)
	if err != nil {
		return ship.Label{}, fmt.Errorf("Label Recovery of %s: %w", trackingNumber, err)
	}
	return *l, nil
}
