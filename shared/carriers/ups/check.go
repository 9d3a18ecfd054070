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
	maxReference = 30 // UPS takes 35; 30 is what every carrier takes
)

// size limits of one parcel, in the units it is rendered in.
type size struct {
	tenths, length, girth int64
	unit, side            string
}

var (
	imperialSize = size{1500, 108, 165, "150 lb", "in"}
	metricSize   = size{700, 270, 330, "70 kg", "cm"}
)

var (
	usPostcode    = regexp.MustCompile(`^\d{5}(\d{4})?$`)
	caPostcode    = regexp.MustCompile(`^[A-Z]\d[A-Z]\d[A-Z]\d$`)
	accountNumber = regexp.MustCompile(`^[0-9A-Za-z]{6}$`)
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
	if n := len(s.Parcels); n < 1 || n > u.desc.MaxParcels {
		p.add("parcels", "invalid", "UPS takes 1 to %d parcels in one shipment, this has %d.", u.desc.MaxParcels, n)
	}
	for i, parcel := range s.Parcels {
		checkParcel(&p, "parcels["+strconv.Itoa(i)+"]", parcel, imperial(s.From))
	}
	u.checkLabel(&p, s)
	return p
}

func (u *UPS) checkRoute(p *problems, s ship.Shipment) {
	from, to := country(s.From), country(s.To)
	if !slices.Contains(u.desc.Countries, from) {
		p.add("ship_from.country", "unsupported", "UPS shipments can start in %v.", u.desc.Countries)
	} else if from != to {
		p.add("ship_to.country", "unsupported", "UPS shipments from %s to %s need customs data, which is not supported yet.", from, to)
	}
	switch svc, ok := u.desc.Services[s.Service]; {
	case !ok:
		p.add("service", "unknown", "UPS has no service %q; its services are %s.", s.Service, strings.Join(slices.Sorted(maps.Keys(u.desc.Services)), ", "))
	case len(svc.From) > 0 && !slices.Contains(svc.From, from):
		p.add("service", "unsupported", "%s starts in %v, not in %s.", svc.Title, svc.From, from)
	}
}

func (u *UPS) checkLabel(p *problems, s ship.Shipment) {
	if !slices.Contains(u.desc.Formats, s.Label.Format) {
		p.add("label.format", "unsupported", "UPS labels come as %v.", u.desc.Formats)
	} else if s.Label.Format == ship.GIF && len(s.Parcels) > 1 {
		p.add("label.format", "unsupported", "UPS makes one GIF for each parcel: ask for zpl or pdf when there are several.")
	}
	if s.Label.Size != "4x6" {
		p.add("label.size", "unsupported", "UPS labels are 4x6.")
	}
}

func checkAddress(p *problems, at string, a ship.Address) {
	if a.Name == "" {
		p.add(at+".name", "required", "UPS needs a name.")
	}
	p.length(at+".name", a.Name, maxName)
	p.length(at+".company", a.Company, maxName)
	p.length(at+".city", a.City, maxCity)
	p.length(at+".email", a.Email, maxEmail)
	if a.City == "" {
		p.add(at+".city", "required", "UPS needs a city.")
	}
	if n := len(a.Lines); n < 1 || n > maxLines {
		p.add(at+".lines", "invalid", "UPS takes 1 to %d address lines, this has %d.", maxLines, n)
	}
	for i, l := range a.Lines {
		if l == "" {
			p.add(fmt.Sprintf("%s.lines[%d]", at, i), "required", "An address line is empty: leave it out.")
		}
		p.length(fmt.Sprintf("%s.lines[%d]", at, i), l, maxLine)
	}
	if a.Phone != "" {
		least := 1
		if c := country(a); c == "US" || c == "PR" || c == "CA" {
			least = minPhoneUS
		}
		if n := len(phone(a)); n < least || n > maxPhone {
			p.add(at+".phone", "invalid", "UPS takes %d to %d digits here, this has %d.", least, maxPhone, n)
		}
	}
	checkRegion(p, at, a)
}

func checkRegion(p *problems, at string, a ship.Address) {
	p.length(at+".state", state(a), maxState)
	code := postcode(a)
	switch country(a) {
	case "US", "CA":
		if a.State == "" {
			p.add(at+".state", "required", "UPS needs the state or province.")
		}
	}
	switch country(a) {
	case "US", "PR":
		if !usPostcode.MatchString(code) {
			p.add(at+".postcode", "invalid", "UPS takes 5 or 9 digits here.")
		}
	case "CA":
		if !caPostcode.MatchString(code) {
			p.add(at+".postcode", "invalid", "UPS takes six characters like K1A0B1 here.")
		}
	default:
		if code == "" {
			p.add(at+".postcode", "required", "UPS needs the postcode.")
		}
		p.length(at+".postcode", code, maxPostcode)
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
		p.add(at+".length_mm", "too_large", "UPS takes parcels up to %d %s long, this is %d.", most.length, most.side, d[0])
	}
	if g := d[0] + 2*(d[1]+d[2]); g > most.girth {
		p.add(at+".length_mm", "too_large", "Length and girth together, length + 2 × (width + height), may be %d %s; this has %d.", most.girth, most.side, g)
	}
}

// checkOrder tells what of an order beyond its shipment can't be rendered: no shipper can mend it by the shipment.
func checkOrder(o carrier.Order) []ship.Problem {
	var p problems
	if !accountNumber.MatchString(o.Account.Number) {
		p.add("carrier_account", "invalid", "A UPS account number has six letters or digits.")
	}
	if n := utf8.RuneCountInString(o.Reference); n < 1 || n > maxReference {
		p.add("reference", "invalid", "UPS takes a reference of 1 to %d characters, this has %d.", maxReference, n)
	}
	return p
}
