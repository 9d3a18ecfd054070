package ups

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// UPS's limits: lengths in characters by Shipping.yaml, sizes by its Dimensions and by UPS's published parcel limits.
// What every carrier needs of an address is checked by package ship.
const (
	maxName      = 35
	maxLine      = 35
	maxLines     = 3
	maxCity      = 30
	maxState     = 5
	maxPostcode  = 9
	maxPhone     = 15
	minPhoneUS   = 10 // in North America: area code and seven digits
	maxEmail     = 50
	maxTaxID     = 15
	maxOrder     = 35
	maxReference = 30 // UPS takes 35; 30 is what every carrier takes
)

// size limits of one parcel, in the units it is rendered in, and as a shipper writes them.
type size struct {
	tenths, length, girth int64
	unit, long, side      string
}

var (
	imperialSize = size{1500, 108, 165, "150 lb (68,038 g)", "108 in (2,743 mm)", "in"}
	metricSize   = size{700, 270, 330, "70 kg (70,000 g)", "270 cm (2,700 mm)", "cm"}
)

var (
	accountNumber = regexp.MustCompile(`^[0-9A-Za-z]{6}$`)
	// ourReference is what Fairlead's own references look like. Look-ups find every reference of a parcel, so that an
	// order number of this form could make another shipment's booking look like this one's.
	ourReference = regexp.MustCompile(`^[0-9A-Za-z]{26}$`)
)

// problems collects what is wrong.
type problems []ship.Problem

func (p *problems) add(field, code, format string, args ...any) {
	*p = append(*p, ship.Problem{Field: field, Code: code, Detail: fmt.Sprintf(format, args...)})
}

func (p *problems) length(field, value string, most int) {
	if n := utf8.RuneCountInString(value); n > most {
		p.add(field, "too_long", "UPS takes at most %d characters here, this has %d.", most, n)
	}
}

// Check tells what of a shipment UPS can't do, all of it at once.
func (u *UPS) Check(s ship.Shipment) []ship.Problem {
	var p problems
	u.checkRoute(&p, s)
	checkAddress(&p, "ship_from", s.From)
	checkAddress(&p, "ship_to", s.To)
	checkReferences(&p, s)
	u.checkParcels(&p, s)
	if open(s) {
		checkPriced(&p, s)
	}
	u.checkLabel(&p, s)
	checkBorder(&p, s)
	return p
}

func (u *UPS) checkRoute(p *problems, s ship.Shipment) {
	from, to := country(s.From), country(s.To)
	if !slices.Contains(u.desc.Countries, from) {
		known := slices.DeleteFunc(slices.Clone(u.desc.Countries), func(iso string) bool { return !ship.Supported(iso) })
		p.add("ship_from.country", "unsupported", "UPS shipments can start in %s.", strings.Join(known, ", "))
	}
	if s.Filter != nil {
		for i, name := range s.Filter.Services {
			u.checkService(p, fmt.Sprintf("filter.services[%d]", i), name, from, to)
		}
	}
	if !open(s) {
		u.checkService(p, "service", s.Service, from, to)
	}
}

// open says whether a shipment leaves the service to be chosen among the offers.
func open(s ship.Shipment) bool {
	return s.Service == "" || s.Service == ship.Cheapest || s.Service == ship.Fastest
}

func (u *UPS) checkService(p *problems, field, name, from, to string) {
	switch svc, ok := u.desc.Services[name]; {
	case !ok:
		p.add(field, "unknown", "UPS has no service %q; its services are %s.", name, strings.Join(slices.Sorted(maps.Keys(u.desc.Services)), ", "))
	case !offered(svc, from, to):
		var others []string
		for _, other := range slices.Sorted(maps.Keys(u.desc.Services)) {
			if offered(u.desc.Services[other], from, to) {
				others = append(others, other)
			}
		}
		p.add(field, "unsupported", "%s does not go from %s to %s; %s.", svc.Title, from, to, choice(others))
	}
}

// choice says what goes instead.
func choice(services []string) string {
	if len(services) == 0 {
		return "no service of UPS does"
	}
	return "these do: " + strings.Join(services, ", ")
}

func (u *UPS) checkParcels(p *problems, s ship.Shipment) {
	if n := len(s.Parcels); n < 1 || n > u.desc.MaxParcels {
		p.add("parcels", "invalid", "UPS takes 1 to %d parcels in one shipment, this has %d.", u.desc.MaxParcels, n)
	}
	for i, parcel := range s.Parcels {
		checkParcel(p, "parcels["+strconv.Itoa(i)+"]", parcel, imperial(s.From))
	}
}

// checkPriced tells what Rating wants of a shipment that is priced before it is booked: the size of every parcel within
// Great Britain and within Poland (Rating.yaml, Dimensions).
func checkPriced(p *problems, s ship.Shipment) {
	if c := country(s.From); c != country(s.To) || c != "GB" && c != "PL" {
		return
	}
	for i, parcel := range s.Parcels {
		if parcel.Length == 0 {
			p.add("parcels["+strconv.Itoa(i)+"].length_mm", "required", "UPS prices no parcel within this country without its three sides.")
		}
	}
}

func (u *UPS) checkLabel(p *problems, s ship.Shipment) {
	if !slices.Contains(u.desc.Formats, s.Label.Format) {
		p.add("label.format", "unsupported", "UPS labels come as %v.", u.desc.Formats)
	}
	if !slices.Contains([]string{ship.Size4x6, ship.SizeA4, ship.SizeLetter}, s.Label.Size) {
		p.add("label.size", "unsupported", "UPS labels are 4x6; as pdf they can be had on a4 and letter sheets.")
	}
}

func checkReferences(p *problems, s ship.Shipment) {
	p.length("order_number", s.OrderNumber, maxOrder)
	if ourReference.MatchString(s.OrderNumber) {
		p.add("order_number", "invalid", "An order number of 26 letters and digits can't be told from Fairlead's own references at UPS; add or leave out a character.")
	}
}

func checkAddress(p *problems, at string, a ship.Address) {
	p.length(at+".name", a.Name, maxName)
	p.length(at+".company", a.Company, maxName)
	p.length(at+".city", a.City, maxCity)
	p.length(at+".email", a.Email, maxEmail)
	p.length(at+".state", state(a), maxState)
	p.length(at+".postcode", postcode(a), maxPostcode)
	if n := len(a.Lines); n < 1 || n > maxLines {
		p.add(at+".lines", "invalid", "UPS takes 1 to %d address lines, this has %d.", maxLines, n)
	}
	for i, l := range a.Lines {
		p.length(fmt.Sprintf("%s.lines[%d]", at, i), l, maxLine)
	}
	if a.Phone != "" {
		least := 1
		if northAmerica(a) {
			least = minPhoneUS
		}
		if n := len(phone(a)); n < least || n > maxPhone {
			p.add(at+".phone", "invalid", "UPS takes %d to %d digits here, this has %d.", least, maxPhone, n)
		}
	}
}

func checkParcel(p *problems, at string, parcel ship.Parcel, imperial bool) {
	most := metricSize
	if imperial {
		most = imperialSize
	}
	if parcel.Weight < 1 {
		p.add(at+".weight_g", "invalid", "A parcel weighs at least 1 g.")
	} else if parcel.Weight > 1_000_000 || tenths(parcel.Weight, imperial) > most.tenths {
		p.add(at+".weight_g", "too_heavy", "UPS takes parcels up to %s.", most.unit)
	}
	l, w, h := parcel.Length, parcel.Width, parcel.Height
	if l == 0 && w == 0 && h == 0 {
		return
	}
	if min(l, w, h) < 1 || max(l, w, h) > 10_000 {
		p.add(at+".length_mm", "invalid", "Give all three sides of a parcel, or none; each is 1 to 10,000 mm.")
		return
	}
	d := sides(parcel, imperial)
	if d[0] > most.length {
		p.add(at+".length_mm", "too_large", "UPS takes parcels up to %s long, this is %d %s.", most.long, d[0], most.side)
	}
	if g := d[0] + 2*(d[1]+d[2]); g > most.girth {
		p.add(at+".length_mm", "too_large", "Length and girth together, length + 2 × (width + height), may be %d %s; this has %d %[2]s.", most.girth, most.side, g)
	}
}

// checkOrder tells what of an order beyond its shipment can't be rendered: no shipper can mend it by the shipment.
func (u *UPS) checkOrder(o carrier.Order) []ship.Problem {
	p := problems(checkAccount(o.Account))
	if n := utf8.RuneCountInString(o.Reference); n < 1 || n > maxReference {
		p.add("reference", "invalid", "UPS takes a reference of 1 to %d characters, this has %d.", maxReference, n)
	}
	if _, ok := u.desc.Services[o.Shipment.Service]; !ok {
		p.add("service", "unknown", "Nobody has chosen a service yet.")
	}
	if c := o.Shipment.Customs; needsInvoice(o.Shipment) && (c == nil || len(c.Items) == 0) {
		p.add("customs.items", "required", "UPS makes no invoice of nothing.")
	}
	return p
}

func checkAccount(a carrier.Account) []ship.Problem {
	var p problems
	if !accountNumber.MatchString(a.Number) {
		p.add("carrier_account", "invalid", "A UPS account number has six letters or digits.")
	}
	return p
}
