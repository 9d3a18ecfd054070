package ship

//go:generate go run ../../infra/cmd/genregions iso.gen.go

import (
	"fmt"
	"regexp"
	"strings"
)

// country holds what a country's addresses must look like. Postcode formats are those of the countries' own
// posts: USPS Publication 28, Canada Post's addressing guidelines, Royal Mail's PAF guide, Deutsche Post.
type country struct {
	postcode *regexp.Regexp
	example  string
	states   map[string]bool // nil: addresses carry none
}

var countries = map[string]country{
	"US": {regexp.MustCompile(`^[0-9]{5}(-?[0-9]{4})?$`), "10001 or 10001-1234", set("AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY AS GU MP PR VI AA AE AP")},
	"CA": {regexp.MustCompile(`^[ABCEGHJ-NPRSTVXY][0-9][ABCEGHJ-NPRSTV-Z] ?[0-9][ABCEGHJ-NPRSTV-Z][0-9]$`), "K1A 0B1", set("AB BC MB NB NL NS NT NU ON PE QC SK YT")},
	"GB": {regexp.MustCompile(`^(GIR ?0AA|[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][ABD-HJLNP-UW-Z]{2})$`), "SW1A 1AA", nil},
	"DE": {regexp.MustCompile(`^[0-9]{5}$`), "10115", nil},
}

// canadianDistrict is the first letter of a postcode by province (Canada Post).
var canadianDistrict = map[string]string{
	"NL": "A", "NS": "B", "PE": "C", "NB": "E", "QC": "GHJ", "ON": "KLMNP", "MB": "R", "SK": "S", "AB": "T", "BC": "V", "NT": "X", "NU": "X", "YT": "Y",
}

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// Normalised is the address as it is stored and sent: country, state and postcode in upper case, no blanks around.
func (a Address) Normalised() Address {
	a.Country = strings.ToUpper(strings.TrimSpace(a.Country))
	a.State = strings.ToUpper(strings.TrimSpace(a.State))
	a.Postcode = strings.ToUpper(strings.TrimSpace(a.Postcode))
	a.Name, a.Company, a.City = strings.TrimSpace(a.Name), strings.TrimSpace(a.Company), strings.TrimSpace(a.City)
	lines := make([]string, len(a.Lines))
	for i, l := range a.Lines {
		lines[i] = strings.TrimSpace(l)
	}
	a.Lines = lines
	return a
}

// Check tells what is wrong with a normalised address. path is its name in the request ("ship_to").
func (a Address) Check(path string) []Problem {
	var out []Problem
	add := func(field, code, format string, args ...any) {
		out = append(out, Problem{Field: path + "." + field, Code: code, Detail: fmt.Sprintf(format, args...)})
	}
	if a.Name == "" {
		add("name", "required", "The name has only blanks in it.")
	}
	if a.City == "" {
		add("city", "required", "The city has only blanks in it.")
	}
	for i, l := range a.Lines {
		if l == "" {
			add(fmt.Sprintf("lines[%d]", i), "required", "An address line has only blanks in it; leave it out.")
		}
	}
	c, ok := countries[a.Country]
	if !ok {
		add("country", "unsupported_country", "%q is not a country shipped in yet; supported are CA, DE, GB and US.", a.Country)
		return out
	}
	if !c.postcode.MatchString(a.Postcode) {
		add("postcode", "invalid_postcode", "%q is not a postcode of %s; one looks like %s.", a.Postcode, a.Country, c.example)
	}
	switch {
	case c.states == nil:
	case a.State == "":
		add("state", "required", "An address in %s needs its state or province code.", a.Country)
	case !c.states[a.State]:
		add("state", "invalid_state", "%q is not a state or province of %s; use its two-letter code.", a.State, a.Country)
	case a.Country == "CA" && a.Postcode != "" && !strings.Contains(canadianDistrict[a.State], a.Postcode[:1]):
		add("postcode", "invalid_postcode", "A postcode beginning with %s is not in %s.", a.Postcode[:1], a.State)
	}
	return out
}

// Check tells what is wrong with a shipment apart from what only its carrier can know. Paths are the request's.
func (s Shipment) Check() []Problem {
	out := append(s.From.Check("ship_from"), s.To.Check("ship_to")...)
	if s.From.Country != s.To.Country && countries[s.From.Country].postcode != nil && countries[s.To.Country].postcode != nil {
		out = append(out, Problem{Field: "ship_to.country", Code: "customs_unsupported", Detail: fmt.Sprintf("A shipment from %s to %s crosses a customs border, which is not supported yet; ship within one country.", s.From.Country, s.To.Country)})
	}
	for i, p := range s.Parcels {
		given := 0
		for _, d := range []Millimetres{p.Length, p.Width, p.Height} {
			if d > 0 {
				given++
			}
		}
		if given != 0 && given != 3 {
			out = append(out, Problem{Field: fmt.Sprintf("parcels[%d]", i), Code: "incomplete_dimensions", Detail: "Give length_mm, width_mm and height_mm together, or none of them."})
		}
	}
	return out
}
