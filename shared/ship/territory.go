package ship

import (
	"slices"
	"strings"
)

// The customs territories that are not a country of their own. A territory is named as in a sentence, and known by
// its name.
const (
	europeanUnion   = "the European Union"
	unitedKingdom   = "the United Kingdom"
	unitedStates    = "the United States"
	switzerland     = "Switzerland and Liechtenstein"
	northernIreland = "Northern Ireland"
	armedForces     = "the armed forces' post offices abroad"
)

// unions are the territories that countries share: the customs territory of the European Union with Monaco (Union
// Customs Code, article 4), the Swiss–Liechtenstein customs union of 1923, the United Kingdom with the Isle of Man
// (customs and excise agreement of 1979), the customs territory of the United States with Puerto Rico (19 CFR 101.1).
var unions = map[string][]string{
	europeanUnion: {"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV", "MC", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"},
	switzerland:   {"CH", "LI"},
	unitedKingdom: {"GB", "IM"},
	unitedStates:  {"PR", "US"},
}

// enclave is a part of a country that is not in its customs territory, or not in that of its value-added tax: a
// parcel needs its papers for either. It is known by its postcodes, and by its city where it shares them.
type enclave struct{ country, postcode, city, territory string }

// enclaves are those of the Commission's table "Territorial status of EU countries and certain territories", of the
// United Kingdom's Crown dependencies and forces, and of Norway. Madeira and the Azores are in both territories.
var enclaves = []enclave{
	{"DE", "27498", "", "Heligoland"},
	{"DE", "78266", "", switzerland}, // Büsingen, by the treaty of 1964
	{"DK", "39", "", "Greenland"},
	{"ES", "35", "", "the Canary Islands"},
	{"ES", "38", "", "the Canary Islands"},
	{"ES", "51", "", "Ceuta"},
	{"ES", "52", "", "Melilla"},
	{"FI", "22", "", "Åland"},
	{"FR", "971", "", "Guadeloupe"},
	{"FR", "972", "", "Martinique"},
	{"FR", "973", "", "French Guiana"},
	{"FR", "974", "", "Réunion"},
	{"FR", "975", "", "Saint Pierre and Miquelon"},
	{"FR", "976", "", "Mayotte"},
	{"FR", "977", "", "Saint-Barthélemy"},
	{"FR", "978", "", "Saint-Martin"},
	{"FR", "984", "", "the French Southern Territories"},
	{"FR", "986", "", "Wallis and Futuna"},
	{"FR", "987", "", "French Polynesia"},
	{"FR", "988", "", "New Caledonia"},
	{"GB", "BF", "", armedForces},
	{"GB", "BT", "", northernIreland},
	{"GB", "GX", "", "Gibraltar"},
	{"GB", "GY", "", "Guernsey"},
	{"GB", "JE", "", "Jersey"},
	{"GR", "630 86", "", "Mount Athos"},
	{"GR", "630 87", "", "Mount Athos"},
	{"IT", "00120", "", "Vatican City"},
	{"IT", "22060", "Campione", "Campione d'Italia"}, // its postcode until it had one of its own
	{"IT", "22061", "", "Campione d'Italia"},
	{"IT", "23030", "Livigno", "Livigno"}, // likewise
	{"IT", "23041", "", "Livigno"},
	{"IT", "4789", "", "San Marino"},
	{"NO", "8099", "", "Svalbard and Jan Mayen"},
	{"NO", "917", "", "Svalbard and Jan Mayen"},
}

// americanOutlying are the states of American addresses that are outside the customs territory (19 CFR 101.1): parcels
// there carry a declaration (Domestic Mail Manual 608.2.4 and 703.2.3).
var americanOutlying = map[string]string{
	"AA": armedForces, "AE": armedForces, "AP": armedForces,
	"AS": "American Samoa", "GU": "Guam", "MP": "the Northern Mariana Islands", "VI": "the US Virgin Islands",
}

// territory is the customs territory of a normalised address.
func (a Address) territory() string {
	if a.Country == "US" && americanOutlying[a.State] != "" {
		return americanOutlying[a.State]
	}
	for _, e := range enclaves {
		if e.country == a.Country && strings.HasPrefix(a.Postcode, e.postcode) && strings.HasPrefix(strings.ToUpper(a.City), strings.ToUpper(e.city)) {
			return e.territory
		}
	}
	for union, members := range unions {
		if slices.Contains(members, a.Country) {
			return union
		}
	}
	if c, ok := countries[a.Country]; ok {
		return c.name
	}
	return a.Country
}

// CustomsNeeded tells whether a shipment between two normalised addresses crosses a border of customs or of
// value-added tax, so that it has to say what is in it. One between two post offices of the armed forces does.
//
// Northern Ireland is in the customs territory of the United Kingdom and, for goods, under the rules of the European
// Union's (Windsor Framework): goods move freely between it and the Union, and from it to Great Britain. For a parcel
// to it from Great Britain carriers have had to ask for description, value and weight of every item since 1 May 2025,
// and to declare it when both sides are businesses, which an address does not tell: it needs customs here. A parcel
// with papers too many arrives; one with too few does not.
func CustomsNeeded(from, to Address) bool {
	a, b := from.territory(), to.territory()
	switch {
	case a == b:
		return a == armedForces
	case a == northernIreland:
		return b != europeanUnion && b != unitedKingdom
	case b == northernIreland:
		return a != europeanUnion
	}
	return true
}
