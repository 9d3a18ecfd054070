package ups

import (
	"regexp"
	"strings"
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

var (
	zipForm      = regexp.MustCompile(`^[0-9]{5}([0-9]{4})?$`)
	canadianForm = regexp.MustCompile(`^[A-Z][0-9][A-Z][0-9][A-Z][0-9]$`)
	germanForm   = regexp.MustCompile(`^[0-9]{5}$`)
	britishForm  = regexp.MustCompile(`^[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}$`)
	otherForm    = regexp.MustCompile(`^[A-Za-z0-9 -]{1,9}$`)
	countryForm  = regexp.MustCompile(`^[A-Z]{2}$`)
	phoneForm    = regexp.MustCompile(`^[0-9]{1,15}$`)
)

// postcodeForm is how a country's postal codes are written, and whether they are required.
func postcodeForm(country string) (*regexp.Regexp, bool) {
	switch country {
	case "US", "PR":
		return zipForm, true
	case "CA":
		return canadianForm, true
	case "DE":
		return germanForm, true
	case "GB":
		return britishForm, true
	}
	return otherForm, false
}

// stateForm tells whether a state is one of a country's; only the countries for which UPS requires one are known.
func stateForm(country, state string) bool {
	switch country {
	case "US":
		return zips[state] != ""
	case "CA":
		return provinces[state] != ""
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
