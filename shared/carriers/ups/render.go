package ups

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carriers/ups/internal/client"
	"github.com/fairlead/fairlead/shared/ship"
)

const (
	ownPackaging  = "02"          // customer supplied package
	transport     = "01"          // a charge for transportation
	duties        = "02"          // a charge for duties and taxes
	userAgent     = "Mozilla/4.5" // what UPS wants to see with a GIF
	purchaseOrder = "PO"          // the code of a reference: purchase order number
)

// render makes the request of an order that Check passed: the same order gives the same bytes. The ship date is
// left out on purpose: UPS takes today by default and refuses a past day, which a frozen one becomes overnight. today
// is for an invoice that has no date of its own in an order that has none either.
func render(o carrier.Order, service string, today time.Time) client.ShipRequest {
	s := o.Shipment
	from := party(s.From)
	shipper, to := from, party(s.To)
	shipper.ShipperNumber = shipperNumber(o.Account)
	from.EMailAddress = "" // ShipFrom has none in Shipping.yaml
	to.Address.ResidentialAddressIndicator = residential(s.To)
	sh := client.Shipment{
		Shipper: shipper, ShipTo: to, ShipFrom: from,
		PaymentInformation:    payment(s, shipperNumber(o.Account)),
		ShipmentRatingOptions: client.RatingOptions{NegotiatedRatesIndicator: client.Set},
		Service:               client.Code{Code: service},
	}
	ref, onPackages := references(o), packageReference(s)
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
	crossBorder(&sh, o, today)
	return client.ShipRequest{ShipmentRequest: client.ShipmentRequest{
		Request: client.RequestInfo{
			RequestOption:        "nonvalidate",
			TransactionReference: &client.TransactionReference{CustomerContext: o.Reference},
		},
		Shipment:           sh,
		LabelSpecification: labelSpecification(bookedAs(s.Label.Format)),
	}}
}

// shipperNumber is the account's number as UPS writes it.
func shipperNumber(a carrier.Account) string { return strings.ToUpper(a.Number) }

// references are ours, which look-ups depend on and which is therefore the first and always the same, and the shipper's
// order number. UPS prints two and takes no more.
func references(o carrier.Order) []client.ReferenceNumber {
	refs := []client.ReferenceNumber{{Value: o.Reference}}
	if n := o.Shipment.OrderNumber; n != "" {
		refs = append(refs, client.ReferenceNumber{Code: purchaseOrder, Value: n})
	}
	return refs
}

// packageReference says where UPS takes a reference: on the packages from US to US and from PR to PR, on the
// shipment otherwise (Shipping.yaml). The other place is refused, 120541.
func packageReference(s ship.Shipment) bool {
	from, to := country(s.From), country(s.To)
	return from == to && (from == "US" || from == "PR")
}

// payment says who pays: the shipper the transport, and duties and taxes if the goods are sold so. Without a payer UPS
// bills those to the receiver; between two members of the EU it takes none, as within a country.
func payment(s ship.Shipment, number string) client.PaymentInformation {
	bill := client.BillShipper{AccountNumber: number}
	p := client.PaymentInformation{ShipmentCharge: []client.ShipmentCharge{{Type: transport, BillShipper: bill}}}
	within := slices.Contains(union, country(s.From)) && slices.Contains(union, country(s.To))
	if needsInvoice(s) && !within && s.Customs != nil && s.Customs.Incoterm == deliveredDutyPaid {
		p.ShipmentCharge = append(p.ShipmentCharge, client.ShipmentCharge{Type: duties, BillShipper: bill})
	}
	return p
}

// bookedAs is the format a label is booked in. Of images UPS makes GIF alone: Shipping.yaml names PNG in an answer and
// says in the same place that it is not supported, and PDF exists in Label Recovery only. What was ordered is made of
// the GIF when it is read.
func bookedAs(f ship.LabelFormat) ship.LabelFormat {
	if f == ship.ZPL {
		return ship.ZPL
	}
	return ship.GIF
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

// country is UPS's country code. Puerto Rico, the Virgin Islands and Guam have their own there (Shipping.yaml), also when
// they were addressed as states of the US.
func country(a ship.Address) string {
	if state := strings.ToUpper(a.State); a.Country == "US" && slices.Contains([]string{"PR", "VI", "GU"}, state) {
		return state
	}
	return a.Country
}

// state is sent where UPS asks for one: state or province of the US, Canada and Vietnam (there with the country before
// it, "VN-44"), the county of Ireland.
func state(a ship.Address) string {
	s := strings.ToUpper(a.State)
	switch c := country(a); {
	case c == "US" || c == "CA" || c == "IE":
		return s
	case c == "VN" && s != "":
		return "VN-" + strings.TrimPrefix(s, "VN-")
	}
	return ""
}

// residential sets the flag when the shipper said so; without it UPS takes the address for a business.
func residential(a ship.Address) string {
	if a.Residential != nil && *a.Residential {
		return client.Set
	}
	return ""
}

// postcode in UPS's form: nine characters hold no separator in the US, and CA is A#A#A#.
func postcode(a ship.Address) string {
	switch country(a) {
	case "US", "PR", "VI", "GU", "CA":
		return strings.NewReplacer("-", "", " ", "").Replace(strings.ToUpper(a.Postcode))
	}
	return strings.ToUpper(a.Postcode)
}

// northAmerica are the countries whose phone numbers have an area code and seven digits.
func northAmerica(a ship.Address) bool {
	return slices.Contains([]string{"US", "PR", "VI", "GU", "CA"}, country(a))
}

// phone is the digits of a number; in North America without the leading 1, which is no area code.
func phone(a ship.Address) string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, a.Phone)
	if northAmerica(a) && len(digits) == 11 {
		return strings.TrimPrefix(digits, "1")
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
		PackageWeight: client.Weight{UnitOfMeasurement: client.Unit{Code: unit}, Weight: decimal(tenths(p.Weight, imperial))},
	}
	if p.Length > 0 {
		d := sides(p, imperial)
		pkg.Dimensions = &client.Dimensions{UnitOfMeasurement: client.Unit{Code: length},
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

// cut shortens a text to n characters.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}
