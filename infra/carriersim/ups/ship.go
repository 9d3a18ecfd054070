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
	packages := make([]any, len(b.Parcels))
	for i, p := range b.Parcels {
		img, err := shippingLabel(b, i, o.format)
		if err != nil {
			return nil, err
		}
		packages[i] = object{
			"TrackingNumber":        p.Number,
			"BaseServiceCharge":     money(currency(b.From.Country), price(p)),
			"ServiceOptionsCharges": money(currency(b.From.Country), 0),
			"ShippingLabel":         img,
		}
	}
	results := object{
		"ShipmentIdentificationNumber": b.ID,
		"ShipmentCharges":              charges(o, b, polymorphic),
		"BillingWeight":                billingWeight(b),
		"PackageResults":               many(packages, polymorphic),
	}
	head := object{
		"ResponseStatus":       object{"Code": "1", "Description": "Success"},
		"TransactionReference": transaction(o.context),
	}
	if o.negotiated {
		if u.o.Switches.Get().NoNegotiated {
			head["Alert"] = many([]any{object{"Code": alertNotQualified, "Description": "User Id and Shipper Number combination is not qualified to receive negotiated rates"}}, polymorphic)
		} else {
			results["NegotiatedRateCharges"] = object{"TotalCharge": money(currency(b.From.Country), total(b)*4/5)}
		}
	}
	return object{"ShipmentResponse": object{"Response": head, "ShipmentResults": results}}, nil
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

// picture is what stands on the label of the ith package.
func picture(b state.Booking, i int) label.Label {
	p := b.Parcels[i]
	return label.Label{Carrier: "UPS", Service: "UPS " + strings.TrimPrefix(b.ServiceName, "UPS "), From: lines(b.From), To: lines(b.To),
		Number: p.Number, Piece: i + 1, Pieces: len(b.Parcels), Weight: p.Weight + " " + p.Unit, References: b.References}
}

func lines(p state.Party) []string {
	var all []string
	if p.Attention != "" && p.Attention != p.Name {
		all = append(all, p.Attention)
	}
	all = append(append(all, p.Name), p.Lines...)
	return append(all, strings.Join(strings.Fields(p.City+" "+p.State+" "+p.Postcode), " "), p.Country)
}

// price of a package in minor units: a made-up tariff that grows with its weight.
func price(p state.Parcel) int64 {
	weight, _ := hundredths(p.Weight)
	return 950 + 110*((weight+99)/100)
}

func total(b state.Booking) int64 {
	sum := int64(0)
	for _, p := range b.Parcels {
		sum += price(p)
	}
	return sum
}

func charges(o order, b state.Booking, polymorphic bool) object {
	cur := currency(b.From.Country)
	all := object{
		"TransportationCharges": money(cur, total(b)),
		"ServiceOptionsCharges": money(cur, 0),
		"TotalCharges":          money(cur, total(b)),
	}
	if o.subVersion >= "1601" {
		fuel := money(cur, total(b)/10)
		fuel["Code"] = "375"
		all["ItemizedCharges"] = many([]any{fuel}, polymorphic)
	}
	if o.subVersion >= "1701" {
		all["BaseServiceCharge"] = money(cur, total(b)-total(b)/10)
	}
	return all
}

func money(currency string, minor int64) object {
	return object{"CurrencyCode": currency, "MonetaryValue": decimal(minor)}
}

func decimal(hundredths int64) string { return fmt.Sprintf("%d.%02d", hundredths/100, hundredths%100) }

func billingWeight(b state.Booking) object {
	sum := int64(0)
	for _, p := range b.Parcels {
		weight, _ := hundredths(p.Weight)
		sum += weight
	}
	return object{"UnitOfMeasurement": object{"Code": b.Parcels[0].Unit, "Description": b.Parcels[0].Unit}, "Weight": decimal((sum + 9) / 10 * 10)}
}

func noSuchVersion(service, version string) wireError {
	return wireError{codeNoSuchVersion, fmt.Sprintf("The specified service name, %s, and version number, %s, combination is invalid.", service, version)}
}
