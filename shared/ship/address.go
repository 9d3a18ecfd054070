package ship

import (
	"fmt"
	"slices"
	"strings"
)

// canadianDistrict is the first letter of a postcode by province (Canada Post).
var canadianDistrict = map[string]string{
	"NL": "A", "NS": "B", "PE": "C", "NB": "E", "QC": "GHJ", "ON": "KLMNP", "MB": "R", "SK": "S", "AB": "T", "BC": "V", "NT": "X", "NU": "X", "YT": "Y",
}

// Normalised is the address as it is stored and sent: no blanks around, country and state in upper case, a state
// without its country in front (NY for US-NY), the postcode as the country's post writes it (SW1A 1AA for sw1a1aa).
// What is already so stays as it is: fingerprints are made of it. What fits no rule is left for Check to tell.
func (a Address) Normalised() Address {
	a.Country = strings.ToUpper(strings.TrimSpace(a.Country))
	a.State = strings.ToUpper(strings.TrimSpace(a.State))
	a.Postcode = strings.ToUpper(strings.TrimSpace(a.Postcode))
	a.Name, a.Company, a.City = strings.TrimSpace(a.Name), strings.TrimSpace(a.Company), strings.TrimSpace(a.City)
	a.TaxID = strings.TrimSpace(a.TaxID)
	lines := make([]string, len(a.Lines))
	for i, l := range a.Lines {
		lines[i] = strings.TrimSpace(l)
	}
	a.Lines = lines
	c := countries[a.Country]
	a.Postcode, _ = c.ownPostcode(a.Country, a.Postcode)
	codes, _ := c.stateCodes()
	if bare, ok := strings.CutPrefix(a.State, a.Country+"-"); ok && slices.Contains(codes, bare) {
		a.State = bare
	}
	return a
}

// Check tells what is wrong with a normalised address. path is its name in the request ("ship_to").
func (a Address) Check(path string) []Problem {
	var p problems
	if a.Name == "" {
		p.add(path+".name", "required", "The name has only blanks in it.")
	}
	if a.City == "" {
		p.add(path+".city", "required", "The city has only blanks in it.")
	}
	for i, l := range a.Lines {
		if l == "" {
			p.add(fmt.Sprintf("%s.lines[%d]", path, i), "required", "An address line has only blanks in it; leave it out.")
		}
	}
	if c, ok := countries[a.Country]; ok {
		c.checkPostcode(&p, path, a)
		c.checkState(&p, path, a)
	} else {
		p.add(path+".country", "unsupported_country", "%s", unsupported(a.Country))
	}
	return p
}

func (c country) checkPostcode(p *problems, path string, a Address) {
	optional := c.postcode == "" || strings.HasPrefix(c.postcode, "?")
	_, fits := c.ownPostcode(a.Country, a.Postcode)
	switch {
	case a.Postcode == "" && optional:
	case a.Postcode == "":
		p.add(path+".postcode", "required", "An address in %s needs its postcode; one looks like %s.", c.name, c.example)
	case !fits:
		p.add(path+".postcode", "invalid_postcode", "%q is not a postcode of %s; one looks like %s.", a.Postcode, c.name, c.example)
	case a.Country == "CA" && canadianDistrict[a.State] != "" && !strings.Contains(canadianDistrict[a.State], a.Postcode[:1]):
		p.add(path+".postcode", "invalid_postcode", "A postcode beginning with %s is not in %s.", a.Postcode[:1], a.State)
	}
}

func (c country) checkState(p *problems, path string, a Address) {
	codes, required := c.stateCodes()
	switch {
	case len(codes) == 0:
	case a.State == "" && required:
		p.add(path+".state", "required", "An address in %s needs the code of its state or province: one of %s.", c.name, listed(codes, "and"))
	case a.State != "" && !slices.Contains(codes, a.State):
		p.add(path+".state", "invalid_state", "%q is not a state or province of %s; its codes are %s.", a.State, c.name, listed(codes, "and"))
	}
}

// supported tells whether shipments may start or end in the address's country.
func (a Address) supported() bool { return Supported(a.Country) }

// Supported tells whether shipments may start or end in a country, by its ISO 3166-1 code.
func Supported(iso string) bool {
	_, ok := countries[iso]
	return ok
}

// problems collects what is wrong.
type problems []Problem

func (p *problems) add(field, code, format string, args ...any) {
	*p = append(*p, Problem{Field: field, Code: code, Detail: fmt.Sprintf(format, args...)})
}
