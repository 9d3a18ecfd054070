package ups

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carriers/ups/internal/client"
	"github.com/fairlead/fairlead/shared/ship"
)

// codeLoginRefused is UPS's answer to an unknown client id and to a wrong secret.
const codeLoginRefused client.Text = "10401"

// tokenCodes are the codes of a 401 or 403 that is about the token: 250002 invalid authentication (or a product the
// app lacks, which one refresh does not mend: the caller refreshes once), 250003 access licence, 251004 expired,
// UJ0001 missing or invalid, 10401 client id.
var tokenCodes = []string{"250002", "250003", "251004", "UJ0001", string(codeLoginRefused)}

// trace matches what only the answer to a booking holds.
var trace = regexp.MustCompile(`ShipmentResults|ShipmentIdentificationNumber|1Z[0-9A-Z]{16}`)

// number matches a tracking number: 7 to 34 characters (Tracking.yaml, inquiryNumber).
var number = regexp.MustCompile(`^[0-9A-Z]{7,34}$`)

// reading says how an answer to o's booking call is read.
func (u *UPS) reading(o carrier.Order, c carrier.Call) carrier.Reading {
	return carrier.Reading{
		Booking: func(e carrier.Evidence) (ship.Booking, error) { return booking(o, e.Body) },
		Errors:  func(e carrier.Evidence) []carrier.CarrierError { return carrierErrors(e.Body) },
		Unauthenticated: func(status int, code string) bool {
			// Any documented 401 is about the token; a 403 is not ("Blocked Merchant"), unless its code says so.
			return status == http.StatusUnauthorized && code != "" || slices.Contains(tokenCodes, code)
		},
		Trace:   trace.Match,
		Unsure:  u.desc.Unsure,
		Secrets: secrets(o.Account, c.Token.Value),
		Now:     u.now(),
	}
}

func carrierErrors(body []byte) []carrier.CarrierError {
	var errs []carrier.CarrierError
	for _, p := range client.Errors(body) {
		errs = append(errs, carrier.CarrierError{Code: string(p.Code), Message: string(p.Message)})
	}
	return errs
}

// booking reads a yes: status 1, the shipment's number, and a number for every parcel. A label that is missing or
// can't be read does not make it less of a yes; it is fetched later.
func booking(o carrier.Order, body []byte) (ship.Booking, error) {
	a, err := client.Parse[client.ShipAnswer](body)
	if err != nil {
		return ship.Booking{}, err
	}
	resp := a.ShipmentResponse.V
	if s := resp.Response.V.ResponseStatus.V; s.Code != "1" {
		return ship.Booking{}, fmt.Errorf("the body has response status %q", s.Code)
	}
	res := resp.ShipmentResults.V
	b := ship.Booking{TrackingNumber: string(res.ShipmentIdentificationNumber)}
	if !number.MatchString(b.TrackingNumber) {
		return ship.Booking{}, errors.New("the body has no shipment number")
	}
	if got, want := len(res.PackageResults), len(o.Shipment.Parcels); got != want {
		return ship.Booking{}, fmt.Errorf("the body of %s has %d packages instead of %d", b.TrackingNumber, got, want)
	}
	var images []client.Image
	for i, p := range res.PackageResults {
		if !number.MatchString(string(p.TrackingNumber)) {
			return ship.Booking{}, fmt.Errorf("the body of %s has no number for package %d", b.TrackingNumber, i+1)
		}
		b.Numbers = append(b.Numbers, string(p.TrackingNumber))
		images = append(images, p.ShippingLabel.V)
	}
	b.Charge = charge(res)
	b.Label, _ = label(o.Shipment.Label.Format, len(o.Shipment.Parcels), images)
	b.Invoice = form(res.Form.V.Image.V)
	return b, nil
}

// form is a customs invoice; nil when there is none or it can't be read, for it is no essential either.
func form(img client.Image) *ship.Label {
	d, err := decode(string(img.GraphicImage))
	if err != nil {
		return nil
	}
	f := sniff(d)
	if f != ship.PDF && f != ship.PNG {
		return nil
	}
	return &ship.Label{Format: f, Pages: [][]byte{d}}
}

// charge is what will be billed: the account's own price where it has one. Zero when it can't be read: a price is
// no essential.
func charge(r client.ShipmentResults) ship.Money {
	if m, err := r.NegotiatedRateCharges.V.TotalCharge.V.Money(); err == nil {
		return m
	}
	m, _ := r.ShipmentCharges.V.TotalCharges.V.Money()
	return m
}

// label decodes the labels of a shipment's packages, a page for each. What was ordered as an image comes as the image
// that UPS made, of whatever kind; ZPL is never anything else.
func label(want ship.LabelFormat, parcels int, images []client.Image) (*ship.Label, error) {
	l := &ship.Label{}
	for _, img := range images {
		if img.GraphicImage == "" {
			continue
		}
		d, err := decode(string(img.GraphicImage))
		if err != nil {
			return nil, err
		}
		got := sniff(d)
		if got != bookedAs(want) && (want == ship.ZPL || got != ship.PNG) || l.Format != "" && got != l.Format {
			return nil, fmt.Errorf("the label is %q instead of %q", got, bookedAs(want)) // UPS may answer GIF to ZPL
		}
		l.Format, l.Pages = got, append(l.Pages, d)
	}
	if len(l.Pages) != parcels {
		return nil, fmt.Errorf("%d labels instead of %d", len(l.Pages), parcels)
	}
	return l, nil
}

// decode reads base64, with or without line breaks.
func decode(s string) ([]byte, error) {
	d, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil || len(d) == 0 {
		return nil, errors.New("the label is not base64")
	}
	return d, nil
}

// sniff tells a document's format by its first bytes; "" when it is none of ours.
func sniff(d []byte) ship.LabelFormat {
	head := string(d[:min(len(d), 512)])
	switch {
	case strings.HasPrefix(head, "GIF8"):
		return ship.GIF
	case strings.HasPrefix(head, "\x89PNG\r\n\x1a\n"):
		return ship.PNG
	case strings.HasPrefix(head, "%PDF-"):
		return ship.PDF
	case strings.Contains(head, "^XA"):
		return ship.ZPL
	}
	return ""
}
