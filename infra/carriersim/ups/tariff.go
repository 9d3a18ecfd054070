package ups

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fairlead/fairlead/infra/carriersim/state"
)

// The tariff is made up. It is in whole minor units, and rates and bookings share it, so that what was offered is what
// is billed.

// load is what of a package its price depends on. Weight is in hundredths of its unit, volume the product of three
// sides in hundredths of an inch (LBS) or a centimetre (KGS); a volume of 0 is not known.
type load struct {
	unit           string
	weight, volume int64
	letter         bool // in an envelope of UPS's
}

// UPS's published divisors: cubic inches for a pound, cubic centimetres for a kilogram (Rating.yaml, BillingWeight).
const (
	inches      = 139
	centimetres = 5000
	hundredths3 = 100 * 100 * 100
)

// steps is the billable weight in whole pounds or in halves of a kilogram: the actual or the dimensional one,
// whichever is more, rounded up.
func (l load) steps() int64 {
	switch l.unit {
	case "KGS":
		return max(1, ceil(l.weight, 50), ceil(2*l.volume, centimetres*hundredths3))
	case "OZS":
		return max(1, ceil(l.weight, 1600))
	}
	return max(1, ceil(l.weight, 100), ceil(l.volume, inches*hundredths3))
}

func ceil(a, b int64) int64 { return (a + b - 1) / b }

// billing is the BillingWeight of packages.
func billing(loads ...load) object {
	unit, name, tenths := "LBS", "Pounds", int64(0)
	for _, l := range loads {
		if l.unit == "KGS" {
			unit, name = "KGS", "Kilograms"
			tenths += 5 * l.steps()
		} else {
			tenths += 10 * l.steps()
		}
	}
	text := fmt.Sprintf("%d.%d", tenths/10, tenths%10)
	if len(text) > 5 { // as long as Rating.yaml lets it be
		text = fmt.Sprint(ceil(tenths, 10))
	}
	return object{"UnitOfMeasurement": object{"Code": unit, "Description": name}, "Weight": text}
}

// lane is where a shipment goes.
type lane struct{ from, to state.Party }

// tariff of a service: for a package, for each zone it crosses, and for each step of its weight.
type tariff struct{ first, zone, step int64 }

var tariffs = map[string]tariff{
	"01": {3100, 160, 190}, "02": {1900, 130, 140}, "03": {750, 60, 50}, "12": {1400, 100, 90}, "13": {2700, 150, 170},
	"14": {6100, 160, 190}, "59": {2200, 130, 150}, "07": {4600, 220, 260}, "08": {3300, 180, 190}, "11": {900, 70, 60},
	"54": {7900, 220, 260}, "65": {4100, 200, 230}, "70": {600, 50, 50}, "74": {5200, 210, 240}, "17": {1500, 80, 100},
	"72": {1700, 80, 100},
}

// other is the tariff of the freight, heavy and same day services.
var other = tariff{15000, 400, 300}

// fuelRate is the fuel surcharge in thousandths, residence the surcharge for each package to a residence.
const (
	fuelRate  = 145
	residence = 595
)

// fare is what a package costs, in minor units. UPS counts all three as transportation (recorded: base 253.65, fuel
// 65.12, residential 4.80 and a surge fee make transportation charges of 324.27).
type fare struct{ base, fuel, residential int64 }

func (f fare) total() int64 { return f.base + f.fuel + f.residential }

// fares are what the packages of a shipment cost, one after the other.
func (l lane) fares(service string, loads []load) []fare {
	t, ok := tariffs[service]
	if !ok {
		t = other
	}
	z := l.zone()
	all := make([]fare, len(loads))
	for i, box := range loads {
		f := fare{base: t.first + t.zone*z + t.step*box.steps()*(8+z)/10}
		f.fuel = (f.base*fuelRate + 500) / 1000
		if l.to.Residential {
			f.residential = residence
		}
		all[i] = f
	}
	return all
}

func sum(fares []fare) (all fare) {
	for _, f := range fares {
		all.base += f.base
		all.fuel += f.fuel
		all.residential += f.residential
	}
	return all
}

// negotiated is what a qualified account pays: a fifth less.
func negotiated(minor int64) int64 { return minor * 4 / 5 }

// parts of the world, for zones: those side by side are near.
var parts = []string{
	"US PR CA MX GU VI",
	"BR AR CL CO PE CR GT PA DO JM",
	"AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IT LI LT LU LV MC MT NL NO PL PT RO SE SI SK SM TR",
	"AE IL SA EG ZA NG KE MA IN",
	"AU CN HK JP KR NZ SG TH VN MY ID PH TW",
}

// zone is 2 to 8 within a country by how far apart the postal codes are, 9 to or from Puerto Rico, 10 to a neighbour
// and up to 16 around the world.
func (l lane) zone() int64 {
	from, to := l.from.Country, l.to.Country
	switch {
	case from == to:
		return min(8, 2+distance(l.from.Postcode, l.to.Postcode)/120)
	case unitedStates(from) && unitedStates(to):
		return 9
	}
	i, j := part(from), part(to)
	if i == j {
		return 10
	}
	return 11 + max(i-j, j-i)
}

func part(country string) int64 {
	return int64(slices.IndexFunc(parts, func(p string) bool { return slices.Contains(strings.Fields(p), country) }))
}

// distance compares the beginnings of two postal codes on a scale of a thousand.
func distance(a, b string) int64 {
	d := beginning(a) - beginning(b)
	return max(d, -d)
}

// beginning is a postal code's place on that scale: three digits as they are, a letter by the alphabet.
func beginning(postcode string) int64 {
	n := int64(0)
	for i := range 3 {
		n *= 10
		switch {
		case i >= len(postcode):
		case postcode[i] >= 'A' && postcode[i] <= 'Z':
			n += int64(postcode[i]-'A') * 10 / 26
		case postcode[i] >= '0' && postcode[i] <= '9':
			n += int64(postcode[i] - '0')
		}
	}
	return n
}

// amount writes minor units as UPS does, in the currency's own decimals.
func amount(currency string, minor int64) string {
	if currency == "JPY" || currency == "KRW" {
		return fmt.Sprint(minor)
	}
	return fmt.Sprintf("%d.%02d", minor/100, minor%100)
}

func money(currency string, minor int64) object {
	return object{"CurrencyCode": currency, "MonetaryValue": amount(currency, minor)}
}

// itemized are the charges that UPS names one by one.
func itemized(currency string, f fare) []any {
	item := func(code string, minor int64) object {
		m := money(currency, minor)
		m["Code"] = code
		return m
	}
	all := []any{item(chargeFuel, f.fuel)}
	if f.residential > 0 {
		all = append(all, item(chargeResidential, f.residential))
	}
	return all
}
