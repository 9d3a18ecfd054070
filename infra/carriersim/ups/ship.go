package ups

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim/fault"
	"github.com/fairlead/fairlead/infra/carriersim/label"
	"github.com/fairlead/fairlead/infra/carriersim/state"
)

// shipVersions are the versions of Shipping. Before v2403 a list of one is sent as an object.
var shipVersions = []string{"v1", "v1601", "v1607", "v1701", "v1707", "v1801", "v1807", "v2108", "v2205", "v2403", "v2409"}

const firstArrays = "v2403"

// ship books.
func (u *UPS) ship(w http.ResponseWriter, r *http.Request) {
	v, ok := body(w, r)
	if !ok {
		return
	}
	version := r.PathValue("version")
	if !slices.Contains(shipVersions, version) {
		refuse(w, http.StatusBadRequest, noSuchVersion("Ship", version))
		return
	}
	o, errs, ok := u.readOrder(v)
	switch {
	case !ok:
		malformed(w)
		return
	case len(errs) > 0:
		refuse(w, http.StatusBadRequest, errs...)
		return
	}
	o.booking.RequestID = r.Header.Get("transId")
	polymorphic := u.o.Switches.Get().Polymorphic || version < firstArrays
	u.o.Runner.Run(w, r, call(fault.Ship, r, o.reference(), func(lag time.Duration) fault.Answer {
		return u.book(o, lag, polymorphic)
	}))
}

// book numbers the packages, draws their labels and records the booking, in this order: what is recorded always
// has its labels.
func (u *UPS) book(o order, lag time.Duration, polymorphic bool) fault.Answer {
	for {
		b := o.booking
		b.Lag, b.BookedAt = lag, u.o.Now().UTC()
		b.Parcels = slices.Clone(b.Parcels)
		for i := range b.Parcels {
			b.Parcels[i].Number = Number(b.Account, b.Service, u.nextSerial())
		}
		b.ID = b.Parcels[0].Number
		result, err := u.booked(o, b, polymorphic)
		if err != nil {
			return u.broken(err)
		}
		switch err := u.o.Ledger.Book(b); {
		case errors.Is(err, state.ErrTaken): // by an earlier run with another seed
		case err != nil:
			return u.broken(err)
		default:
			a := answer(result)
			a.Garbled = answer(without(result, "ShippingLabel")).Write // Label Recovery still has them
			a.Booked = true
			return a
		}
	}
}

// nextSerial walks through the seven digits in steps that meet every one of them once, from where the seed says.
func (u *UPS) nextSerial() int64 {
	return (int64(u.o.Seed%10_000_000) + u.serial.Add(1)*7919) % 10_000_000
}

// booked is the answer to a booking.
func (u *UPS) booked(o order, b state.Booking, polymorphic bool) (object, error) {
	fares, cur := lane{b.From, b.To}.fares(b.Service, o.loads), currency(b.From.Country)
	packages := make([]any, len(b.Parcels))
	for i := range b.Parcels {
		img, err := shippingLabel(b, i, o.format)
		if err != nil {
			return nil, err
		}
		result := packageResult(o, b, i, fares[i], polymorphic)
		result["ShippingLabel"] = img
		packages[i] = result
	}
	results := object{
		"ShipmentIdentificationNumber": b.ID,
		"ShipmentCharges":              charges(o.subVersion, cur, sum(fares), polymorphic),
		"BillingWeight":                billing(o.loads...),
		"PackageResults":               many(packages, polymorphic),
	}
	head := object{
		"ResponseStatus":       object{"Code": "1", "Description": "Success"},
		"TransactionReference": transaction(o.context),
	}
	var alerts []any
	if qualified := u.o.Switches.Get().Qualified(b.Account); o.negotiated && qualified {
		results["NegotiatedRateCharges"] = object{"TotalCharge": money(cur, negotiated(sum(fares).total()))}
	} else if o.negotiated {
		alerts = append(alerts, alert(alertNotQualified))
	}
	if !single(b.From.Country, b.To.Country) {
		alerts = append(alerts, alert(alertInvoice))
	}
	if len(alerts) > 0 {
		head["Alert"] = many(alerts, polymorphic)
	}
	if o.invoice != nil {
		form, err := invoiceForm(*o.invoice, b.ID)
		if err != nil {
			return nil, err
		}
		results["Form"] = form
	}
	return object{"ShipmentResponse": object{"Response": head, "ShipmentResults": results}}, nil
}

// packageResult is what a package is told of itself; its own charges come with the SubVersions that have them, those
// named one by one within the United States only.
func packageResult(o order, b state.Booking, i int, f fare, polymorphic bool) object {
	cur := currency(b.From.Country)
	result := object{"TrackingNumber": b.Parcels[i].Number, "ServiceOptionsCharges": money(cur, 0)}
	if o.subVersion >= "1701" {
		result["BaseServiceCharge"] = money(cur, f.base)
	}
	if o.subVersion >= "1607" && unitedStates(b.From.Country) && unitedStates(b.To.Country) {
		result["ItemizedCharges"] = many(itemized(cur, f), polymorphic)
	}
	return result
}

// invoiceForm holds the invoice that UPS made of the customs data.
func invoiceForm(i label.Invoice, number string) (object, error) {
	data, err := i.PDF(number)
	if err != nil {
		return nil, err
	}
	return object{
		"Code": "01", "Description": "All Requested International Forms",
		"Image":       object{"ImageFormat": object{"Code": "PDF", "Description": "PDF"}, "GraphicImage": base64.StdEncoding.EncodeToString(data)},
		"FormGroupId": number,
	}, nil
}

// shippingLabel is the label of the ith package in the format that was asked for.
func shippingLabel(b state.Booking, i int, format string) (object, error) {
	data, err := render(b, i, format)
	if err != nil {
		return nil, err
	}
	img := object{
		"ImageFormat":  object{"Code": format, "Description": format},
		"GraphicImage": base64.StdEncoding.EncodeToString(data),
	}
	if format == "GIF" || format == "PNG" {
		img["HTMLImage"] = base64.StdEncoding.EncodeToString([]byte(page(b.Parcels[i].Number, format)))
	}
	return img, nil
}

func page(number, format string) string {
	return fmt.Sprintf("<html><head><title>View/Print Label</title></head><body><img src=\"./label%s.%s\" alt=\"%s\"></body></html>",
		number, strings.ToLower(format), number)
}

// render draws the label of the ith package.
func render(b state.Booking, i int, format string) ([]byte, error) {
	l := picture(b, i)
	switch format {
	case "GIF":
		return l.GIF()
	case "PNG":
		return l.PNG()
	case "ZPL":
		return l.ZPL(), nil
	case "EPL":
		return l.EPL(), nil
	case "SPL":
		return l.SPL(), nil
	}
	return nil, fmt.Errorf("no label in format %q", format)
}

// shown is how many references stand on a label (Shipping.yaml, Package.ReferenceNumber).
const shown = 2

// picture is what stands on the label of the ith package: its own references, or the shipment's.
func picture(b state.Booking, i int) label.Label {
	p := b.Parcels[i]
	references := p.References
	if len(references) == 0 {
		references = b.References
	}
	return label.Label{Carrier: "UPS", Service: "UPS " + strings.TrimPrefix(b.ServiceName, "UPS "), From: lines(b.From), To: lines(b.To),
		Number: p.Number, Piece: i + 1, Pieces: len(b.Parcels), Weight: p.Weight + " " + p.Unit, References: references[:min(len(references), shown)]}
}

func lines(p state.Party) []string {
	var all []string
	if p.Attention != "" && p.Attention != p.Name {
		all = append(all, p.Attention)
	}
	all = append(append(all, p.Name), p.Lines...)
	return append(all, strings.Join(strings.Fields(p.City+" "+p.State+" "+p.Postcode), " "), p.Country)
}

// charges are the charges of a shipment, as far as its SubVersion asks for them.
func charges(subVersion, cur string, f fare, polymorphic bool) object {
	all := object{
		"TransportationCharges": money(cur, f.total()),
		"ServiceOptionsCharges": money(cur, 0),
		"TotalCharges":          money(cur, f.total()),
	}
	if subVersion >= "1601" {
		all["ItemizedCharges"] = many(itemized(cur, f), polymorphic)
	}
	if subVersion >= "1701" {
		all["BaseServiceCharge"] = money(cur, f.base)
	}
	return all
}

func noSuchVersion(service, version string) wireError {
	return wireError{codeNoSuchVersion, fmt.Sprintf("The specified service name, %s, and version number, %s, combination is invalid.", service, version)}
}
