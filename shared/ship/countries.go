package ship

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

//go:generate go run ../../infra/cmd/genregions iso.gen.go

// country is what a country's addresses look like.
//
// Postcodes are the forms of postcode.go, several separated by "|", the common one first; none when the country has
// no postcodes. States are the codes of its first-level subdivisions that its addresses carry, by ISO 3166-2; none
// when they carry no such line: then what is given is kept and not checked. A "?" in front says that the field may be
// left out, and is checked when it is given.
type country struct {
	name     string // as it stands in a sentence
	postcode string
	example  string
	states   string
}

// countries are those that can be shipped from and to. To add one is to add a line.
//
// Postcodes are those of the UPU's addressing pages and the countries' own posts (USPS Publication 28, Canada Post's
// addressing guidelines, Royal Mail's PAF guide, An Post's Eircode specification, Deutsche Post and so on). They may be
// left out where carriers do without: UPS and FedEx count Ireland to the countries without, Vietnam's changed in 2018
// and few know theirs, and Chile's and Colombia's posts deliver without. A state has to be given where a carrier or
// the country's own post demands it: UPS and FedEx in US and CA, UPS in VN, Australia Post and Correios on the last
// line of the address. Elsewhere carriers take it and do without.
var countries = map[string]country{
	"AE": {"the United Arab Emirates", "", "", "?" + emirates},
	"AR": {"Argentina", "####|@####@@@", "1425 or C1425CLA", "?" + argentineProvinces},
	"AT": {"Austria", "####", "1010", ""},
	"AU": {"Australia", "####", "2000", australianStates},
	"BE": {"Belgium", "####", "1000", ""},
	"BG": {"Bulgaria", "####", "1000", ""},
	"BR": {"Brazil", "#####-###", "01310-100", brazilianStates},
	"CA": {"Canada", "d#c #c#", "K1A 0B1", canadianProvinces},
	"CH": {"Switzerland", "####", "8001", ""},
	"CL": {"Chile", "?#######", "8320000", ""},
	"CN": {"China", "######", "100000", "?" + chineseProvinces},
	"CO": {"Colombia", "?######", "110111", ""},
	"CY": {"Cyprus", "####", "1010", ""},
	"CZ": {"Czechia", "### ##", "110 00", ""},
	"DE": {"Germany", "#####", "10115", ""},
	"DK": {"Denmark", "####", "1050", ""},
	"EE": {"Estonia", "#####", "10111", ""},
	"ES": {"Spain", "#####", "28013", ""},
	"FI": {"Finland", "#####", "00100", ""},
	"FR": {"France", "#####", "75001", ""},
	"GB": {"the United Kingdom", "@# #bb|@#* #bb|@@# #bb|@@#* #bb|GIR 0AA", "SW1A 1AA", ""},
	"GG": {"Guernsey", "GY# #bb|GY## #bb", "GY1 1AA", ""},
	"GR": {"Greece", "### ##", "105 57", ""},
	"HK": {"Hong Kong", "", "", ""},
	"HR": {"Croatia", "#####", "10000", ""},
	"HU": {"Hungary", "####", "1051", ""},
	"ID": {"Indonesia", "#####", "10110", ""},
	"IE": {"Ireland", "?@## eeee|D6W eeee", "D02 AF30", "?" + irishCounties},
	"IL": {"Israel", "#######|#####", "9614303", ""},
	"IM": {"the Isle of Man", "IM# #bb|IM## #bb", "IM1 1AA", ""},
	"IN": {"India", "######", "110001", "?" + indianStates},
	"IS": {"Iceland", "###", "101", ""},
	"IT": {"Italy", "#####", "00184", "?" + italianProvinces},
	"JE": {"Jersey", "JE# #bb|JE## #bb", "JE2 3AB", ""},
	"JP": {"Japan", "###-####", "100-0001", "?" + japanesePrefectures},
	"KR": {"South Korea", "#####", "04524", ""},
	"LI": {"Liechtenstein", "948#|949#", "9490", ""},
	"LT": {"Lithuania", "#####", "01103", ""},
	"LU": {"Luxembourg", "####", "1009", ""},
	"LV": {"Latvia", "LV-####", "LV-1050", ""},
	"MC": {"Monaco", "980##", "98000", ""},
	"MT": {"Malta", "@@@ ####", "VLT 1117", ""},
	"MX": {"Mexico", "#####", "06000", "?" + mexicanStates},
	"MY": {"Malaysia", "#####", "50050", ""},
	"NL": {"the Netherlands", "#### @@", "1012 JS", ""},
	"NO": {"Norway", "####", "0150", ""},
	"NZ": {"New Zealand", "####", "6011", ""},
	"PH": {"the Philippines", "####", "1000", ""},
	"PL": {"Poland", "##-###", "00-950", ""},
	"PR": {"Puerto Rico", "006##|007##|009##|006##-####|007##-####|009##-####", "00901 or 00901-1234", ""},
	"PT": {"Portugal", "####-###", "1000-205", ""},
	"RO": {"Romania", "######", "010011", ""},
	"SA": {"Saudi Arabia", "#####|#####-####", "11564", ""},
	"SE": {"Sweden", "### ##", "114 55", ""},
	"SG": {"Singapore", "######", "018956", ""},
	"SI": {"Slovenia", "####", "1000", ""},
	"SK": {"Slovakia", "### ##", "811 01", ""},
	"TH": {"Thailand", "#####", "10200", ""},
	"TR": {"Türkiye", "#####", "34110", ""},
	"TW": {"Taiwan", "######|#####|###", "100001", ""},
	"US": {"the United States", "#####|#####-####", "10001 or 10001-1234", americanStates},
	"VN": {"Vietnam", "?#####|######", "11018", vietnameseProvinces},
	"ZA": {"South Africa", "####", "8001", ""},
}

// mistaken are codes that stand for a country elsewhere, in host names and in VAT numbers.
var mistaken = map[string]string{"UK": "GB", "EL": "GR"}

const (
	americanStates = "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY " +
		"AS GU MP PR VI AA AE AP" // territories, and the armed forces' post offices
	argentineProvinces  = "A B C D E F G H J K L M N P Q R S T U V W X Y Z"
	australianStates    = "ACT NSW NT QLD SA TAS VIC WA"
	brazilianStates     = "AC AL AM AP BA CE DF ES GO MA MG MS MT PA PB PE PI PR RJ RN RO RR RS SC SE SP TO"
	canadianProvinces   = "AB BC MB NB NL NS NT NU ON PE QC SK YT"
	chineseProvinces    = "AH BJ CQ FJ GD GS GX GZ HA HB HE HI HL HN JL JS JX LN NM NX QH SC SD SH SN SX TJ XJ XZ YN ZJ"
	emirates            = "AJ AZ DU FU RK SH UQ"
	indianStates        = "AN AP AR AS BR CG CH CT DH DL GA GJ HP HR JH JK KA KL LA LD MH ML MN MP MZ NL OD OR PB PY RJ SK TG TN TR TS UK UP UT WB" // with those renamed in 2023
	irishCounties       = "CE CN CO CW D DL G KE KK KY LD LH LK LM LS MH MN MO OY RN SO TA WD WH WW WX"
	italianProvinces    = "AG AL AN AO AP AQ AR AT AV BA BG BI BL BN BO BR BS BT BZ CA CB CE CH CI CL CN CO CR CS CT CZ EN FC FE FG FI FM FR GE GO GR IM IS KR LC LE LI LO LT LU MB MC ME MI MN MO MS MT NA NO NU OG OR OT PA PC PD PE PG PI PN PO PR PT PU PV PZ RA RC RE RG RI RM RN RO SA SI SO SP SR SS SU SV TA TE TN TO TP TR TS TV UD VA VB VC VE VI VR VS VT VV"
	japanesePrefectures = "01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47"
	mexicanStates       = "AGU BCN BCS CAM CHH CHP CMX COA COL DUR GRO GUA HID JAL MEX MIC MOR NAY NLE OAX PUE QUE ROO SIN SLP SON TAB TAM TLA VER YUC ZAC"
	vietnameseProvinces = "01 02 03 04 05 06 07 09 13 14 18 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 39 40 41 43 44 45 46 47 49 50 51 52 53 54 55 56 57 58 59 61 63 66 67 68 69 70 71 72 73 CT DN HN HP SG"
)

// stateCodes are the codes of the country's states; required tells whether an address must have one.
func (c country) stateCodes() (codes []string, required bool) {
	rest, optional := strings.CutPrefix(c.states, "?")
	return strings.Fields(rest), !optional && rest != ""
}

// unsupported says what to do about a country that there is no line for.
func unsupported(iso string) string {
	if right, ok := mistaken[iso]; ok {
		return fmt.Sprintf("The code of %s is %s, not %s.", countries[right].name, right, iso)
	}
	return fmt.Sprintf("%q is not a country shipped in yet; supported are %s.", iso, listed(slices.Sorted(maps.Keys(countries)), "and"))
}

// listed writes words as a sentence does: "a, b and c".
func listed(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	end := len(words) - 1
	return strings.Join(words[:end], ", ") + " " + last + " " + words[end]
}
