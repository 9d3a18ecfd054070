package ups

import (
	"slices"
	"strconv"
	"strings"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carriers/ups/internal/client"
	"github.com/fairlead/fairlead/shared/ship"
)

const (
	ownPackaging = "02"          // customer supplied package
	transport    = "01"          // a charge for transportation
	userAgent    = "Mozilla/4.5" // what UPS wants to see with a GIF
)

// render makes the request of an order that Check passed: the same order gives the same bytes. The ship date is
// left out on purpose: UPS takes today by default and refuses a past day, which a frozen one becomes overnight.
func render(o carrier.Order, service string) client.ShipRequest {
	s := o.Shipment
	from := party(s.From)
	shipper := from
	shipper.ShipperNumber = account(o)
	from.EMailAddress = "" // ShipFrom has none in Shipping.yaml
	ref := []client.ReferenceNumber{{Value: o.Reference}}
	sh := client.Shipment{
		Shipper: shipper, ShipTo: party(s.To), ShipFrom: from,
		PaymentInformation: client.PaymentInformation{ShipmentCharge: []client.ShipmentCharge{{
			Type: transport, BillShipper: client.BillShipper{AccountNumber: account(o)},
		}}},
		ShipmentRatingOptions: client.RatingOptions{NegotiatedRatesIndicator: "Y"},
		Service:               client.Code{Code: service},
	}
	onPackages := packageReference(s)
	if !onPackages {
		sh.ReferenceNumber = ref
	}
	for _, p := range s.Parcels {
		pkg := parcel(p, imperial(s.From))
		if onPackages {
			pkg.ReferenceNumber = ref
		}
		sh.Package = append(sh.Package, pkg)
	}
	return client.ShipRequest{ShipmentRequest: client.ShipmentRequest{
		Request: client.RequestInfo{
			RequestOption:        "nonvalidate",
			TransactionReference: &client.TransactionReference{CustomerContext: o.Reference},
		},
		Shipment:           sh,
		LabelSpecification: labelSpecification(bookedAs(s.Label.Format)),
	}}
}

// account is the shipper number as UPS writes it.
func account(o carrier.Order) string { return strings.ToUpper(o.Account.Number) }

// packageReference says where UPS takes a reference: on the packages from US to US and from PR to PR, on the
// shipment otherwise (Shipping.yaml). The other place is refused, 120541.
func packageReference(s ship.Shipment) bool {
	from, to := country(s.From), country(s.To)
	return from == to && (from == "US" || from == "PR")
}

// bookedAs is the format a label is booked in: PDF exists in Label Recovery only.
func bookedAs(f ship.LabelFormat) ship.LabelFormat {
	if f == ship.PDF {
		return ship.GIF
	}
	return f
}

// labelSpecification asks for a 4 by 6 inch label, the only size there is.
func labelSpecification(f ship.LabelFormat) client.LabelSpecification {
	l := client.LabelSpecification{
		LabelImageFormat: client.Code{Code: strings.ToUpper(string(f))},
		LabelStockSize:   &client.LabelStockSize{Height: "6", Width: "4"},
	}
	if f == ship.GIF {
		l.HTTPUserAgent = userAgent
	}
	return l
}

// party renders an address. UPS's Name is the company, or the person where there is none.
func party(a ship.Address) client.Party {
	p := client.Party{Name: a.Name, EMailAddress: a.Email, Address: client.Address{
		AddressLine: a.Lines, City: a.City, StateProvinceCode: state(a), PostalCode: postcode(a), CountryCode: country(a),
	}}
	if a.Company != "" {
		p.Name, p.AttentionName = a.Company, a.Name
	}
	if n := phone(a); n != "" {
		p.Phone = &client.Phone{Number: n}
	}
	return p
}

// country is UPS's country code: Puerto Rico has its own there, also when it was addressed as a state of the US.
func country(a ship.Address) string {
	if a.Country == "US" && strings.EqualFold(a.State, "PR") {
		return "PR"
	}
	return a.Country
}

// state is sent where UPS's addresses carry one.
func state(a ship.Address) string {
	if c := country(a); c == "US" || c == "CA" {
		return strings.ToUpper(a.State)
	}
	return ""
}

// postcode in UPS's form: nine characters hold no separator in the US, and CA is A#A#A#.
func postcode(a ship.Address) string {
	switch country(a) {
	case "US", "PR", "CA":
		return strings.NewReplacer("-", "", " ", "").Replace(strings.ToUpper(a.Postcode))
	}
	return strings.ToUpper(a.Postcode)
}

// phone is the digits of a number; in North America without the leading 1, which is no area code.
func phone(a ship.Address) string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, a.Phone)
	switch country(a) {
	case "US", "PR", "CA":
		if len(digits) == 11 {
			return strings.TrimPrefix(digits, "1")
		}
	}
	return digits
}

// imperial says whether a shipper's parcels are measured in pounds and inches: UPS wants the unit of the shipper's
// country.
func imperial(from ship.Address) bool {
	c := country(from)
	return c == "US" || c == "PR"
}

// parcel renders a parcel with its longest side as the length.
func parcel(p ship.Parcel, imperial bool) client.Package {
	unit, length := "KGS", "CM"
	if imperial {
		unit, length = "LBS", "IN"
	}
	pkg := client.Package{
		Packaging:     client.Code{Code: ownPackaging},
		PackageWeight: client.Weight{UnitOfMeasurement: client.Code{Code: unit}, Weight: decimal(tenths(p.Weight, imperial))},
	}
	if p.Length > 0 {
		d := sides(p, imperial)
		pkg.Dimensions = &client.Dimensions{UnitOfMeasurement: client.Code{Code: length},
			Length: itoa(d[0]), Width: itoa(d[1]), Height: itoa(d[2])}
	}
	return pkg
}

// tenths is a weight in tenths of a pound or of a kilogram, UPS's precision, rounded up: a label for less than the
// parcel weighs is corrected at a price. A pound is 453.59237 g, so
// tenths = ceil(g × 10 / 453.59237) = ceil(g × 1,000,000 / 45,359,237), and in kilograms ceil(g / 100).
func tenths(g ship.Grams, imperial bool) int64 {
	if imperial {
		return ceil(int64(g)*1_000_000, 45_359_237)
	}
	return ceil(int64(g), 100)
}

// sides are a parcel's sides in whole inches (25.4 mm) or centimetres, each rounded up, the longest first.
func sides(p ship.Parcel, imperial bool) [3]int64 {
	var d [3]int64
	for i, mm := range []ship.Millimetres{p.Length, p.Width, p.Height} {
		if imperial {
			d[i] = ceil(int64(mm)*10, 254)
		} else {
			d[i] = ceil(int64(mm), 10)
		}
	}
	slices.Sort(d[:])
	slices.Reverse(d[:])
	return d
}

// ceil divides positive numbers and rounds up.
func ceil(a, b int64) int64 { return (a + b - 1) / b }

func decimal(tenths int64) string { return itoa(tenths/10) + "." + itoa(tenths%10) }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
