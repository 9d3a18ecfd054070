package ups

import (
	"regexp"
	"strings"

	"golang.org/x/text/language"
)

// zips are the first three digits of the ZIP codes of each US state and territory that UPS takes as a state.
var zips = map[string]string{
	"AL": "350-369", "AK": "995-999", "AZ": "850-865", "AR": "716-729 755-755", "CA": "900-961", "CO": "800-816", "CT": "060-069",
	"DE": "197-199", "DC": "200-205 569-569", "FL": "320-349", "GA": "300-319 398-399", "HI": "967-968", "ID": "832-838",
	"IL": "600-629", "IN": "460-479", "IA": "500-528", "KS": "660-679", "KY": "400-427", "LA": "700-714", "ME": "039-049",
	"MD": "206-219", "MA": "010-027 055-055", "MI": "480-499", "MN": "550-567", "MS": "386-397", "MO": "630-658", "MT": "590-599",
	"NE": "680-693", "NV": "889-898", "NH": "030-038", "NJ": "070-089", "NM": "870-884", "NY": "005-005 063-063 100-149",
	"NC": "270-289", "ND": "580-588", "OH": "430-459", "OK": "730-732 734-749", "OR": "970-979", "PA": "150-196", "RI": "028-029",
	"SC": "290-299", "SD": "570-577", "TN": "370-385", "TX": "733-733 750-799 885-885", "UT": "840-847", "VT": "050-059",
	"VA": "201-201 220-246", "WA": "980-994", "WV": "247-268", "WI": "530-549", "WY": "820-831 834-834",
	"AA": "340-340", "AE": "090-098", "AP": "962-966", "GU": "969-969", "VI": "008-008",
}

const puertoRico = "006-007 009-009"

// provinces are the first letters of the postal codes of each Canadian province and territory.
var provinces = map[string]string{
	"NL": "A", "NS": "B", "PE": "C", "NB": "E", "QC": "GHJ", "ON": "KLMNP", "MB": "R", "SK": "S", "AB": "T", "BC": "V",
	"NT": "X", "NU": "X", "YT": "Y",
}

// postcodes are how countries write their postal codes: 9 is a digit, A a capital letter, - a space, a hyphen or
// nothing. A country that isn't here has none, or needs none: AE, HK, IE and the rest of the world.
var postcodes = map[string]string{
	"US": "99999 999999999", "PR": "99999 999999999", "CA": "A9A9A9", "MX": "99999", "BR": "99999-999",
	"GB": "A9-9AA A99-9AA AA9-9AA AA99-9AA A9A-9AA AA9A-9AA",
	"AT": "9999", "BE": "9999", "CH": "9999", "CZ": "999-99", "DE": "99999", "DK": "9999", "ES": "99999", "FI": "99999",
	"FR": "99999", "GR": "999-99", "HU": "9999", "IT": "99999", "LU": "9999", "NL": "9999-AA", "NO": "9999", "PL": "99-999",
	"PT": "9999-999", "RO": "999999", "SE": "999-99", "SI": "9999", "SK": "999-99", "TR": "99999",
	"AU": "9999", "CN": "999999", "IL": "9999999 99999", "IN": "999999", "JP": "999-9999", "KR": "99999", "NZ": "9999",
	"SG": "999999", "ZA": "9999",
}

var (
	otherForm = regexp.MustCompile(`^[A-Za-z0-9 -]{1,9}$`)
	phoneForm = regexp.MustCompile(`^[0-9]{1,15}$`)
)

// known tells whether a code is a country's (ISO 3166-1 alpha-2), in capitals.
func known(country string) bool {
	r, err := language.ParseRegion(country)
	return err == nil && r.IsCountry() && r.Canonicalize().String() == country
}

// postcodeFits tells whether a postal code is written as its country writes them. Shipping.yaml asks for one in US, PR
// and CA and calls it optional elsewhere; Rating.yaml asks for one wherever there are any, and so does this.
func postcodeFits(country, postcode string) bool {
	shapes, any := postcodes[country]
	if !any {
		return postcode == "" || otherForm.MatchString(postcode)
	}
	for shape := range strings.FieldsSeq(shapes) {
		if shaped(shape, postcode) {
			return true
		}
	}
	return false
}

func shaped(shape, s string) bool {
	for _, want := range []byte(shape) {
		switch {
		case want == '-' && (strings.HasPrefix(s, "-") || strings.HasPrefix(s, " ")):
		case want == '-':
			continue
		case s == "",
			want == '9' && (s[0] < '0' || s[0] > '9'),
			want == 'A' && (s[0] < 'A' || s[0] > 'Z'):
			return false
		}
		s = s[1:]
	}
	return s == ""
}

// stateFits tells whether a state is one of its country's: Shipping.yaml asks for one in US, CA and VN, and for the
// county in IE, which it doesn't list.
func stateFits(country, state string) bool {
	switch country {
	case "US":
		return zips[state] != ""
	case "CA":
		return provinces[state] != ""
	case "IE", "VN":
		return state != ""
	}
	return true
}

// together tells whether a well-formed postal code can lie in a state.
func together(country, state, postcode string) bool {
	switch country {
	case "US":
		return within(zips[state], postcode)
	case "PR":
		return within(puertoRico, postcode)
	case "CA":
		return strings.Contains(provinces[state], postcode[:1])
	}
	return true
}

func within(ranges, postcode string) bool {
	for r := range strings.FieldsSeq(ranges) {
		if postcode[:3] >= r[:3] && postcode[:3] <= r[4:] {
			return true
		}
	}
	return false
}
