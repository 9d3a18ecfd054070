package ups

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim/fault"
)

// addressVersions are the versions of Address Validation. Before v2 a list of one is sent as an object.
var addressVersions = []string{"v1", "v2"}

const firstAddressArrays = "v2"

// keyNames are the element names of an AddressKeyFormat; BuildingName is in UPS's example only.
var keyNames = strings.Fields(`ConsigneeName AttentionName BuildingName AddressLine Region PoliticalDivision2 PoliticalDivision1
	PostcodePrimaryLow PostcodeExtendedLow Urbanization CountryCode`)

// place is an address as Address Validation is asked for it.
type place struct {
	consignee, urbanization   string
	lines                     []string
	city, state, zip, further string
	country                   string
	regional                  bool // validate city, state and postal code only
	option                    int  // 1 validation, 2 classification, 3 both
	most                      int  // candidates
}

// address validates or classifies a street address in the United States or Puerto Rico.
func (u *UPS) address(w http.ResponseWriter, r *http.Request) {
	v, ok := body(w, r)
	if !ok {
		return
	}
	version := r.PathValue("version")
	if !slices.Contains(addressVersions, version) {
		refuse(w, http.StatusBadRequest, noSuchVersion("XAV", version))
		return
	}
	p, errs, ok := readQuestioned(v, r.PathValue("option"), r.URL.Query())
	switch {
	case !ok:
		malformed(w)
		return
	case len(errs) > 0:
		refuse(w, http.StatusBadRequest, errs...)
		return
	}
	polymorphic := u.o.Switches.Get().Polymorphic || version < firstAddressArrays
	u.o.Runner.Run(w, r, call(fault.Address, r, "", func(time.Duration) fault.Answer { return p.validated(polymorphic) }))
}

// readQuestioned reads an address validation request. A body that is none is malformed (false).
func readQuestioned(v any, option string, query url.Values) (p place, errs []wireError, ok bool) {
	c := &checker{}
	whole, isObject := v.(object)
	if !isObject || whole["XAVRequest"] == nil {
		return place{}, nil, false
	}
	if p.option, _ = strconv.Atoi(option); !slices.Contains([]string{"1", "2", "3"}, option) {
		c.add(codeAddressOption, "Invalid or missing request option.")
	}
	root := c.object(v, "", []string{"XAVRequest"}).object("XAVRequest", true, "AddressKeyFormat")
	keys := root.objects("AddressKeyFormat", keyNames...) // an array of one is taken, and more of it ignored
	if len(keys) == 0 {
		root.missing("AddressKeyFormat", "")
		return p, c.errs, true
	}
	n := keys[0]
	p.consignee = n.may("ConsigneeName", 1, 40, "")
	n.may("AttentionName", 1, 40, "")
	p.lines = n.texts("AddressLine", 100, "")
	if len(p.lines) > 3 {
		n.wrong("AddressLine", p.lines[3], "at most three lines")
	}
	p.city, p.state = n.may("PoliticalDivision2", 1, 30, ""), strings.ToUpper(n.may("PoliticalDivision1", 1, 30, ""))
	p.zip, p.further = n.may("PostcodePrimaryLow", 1, 10, ""), n.may("PostcodeExtendedLow", 1, 10, "")
	p.urbanization = n.may("Urbanization", 1, 30, "")
	if region := n.may("Region", 1, 100, ""); region != "" {
		p.readRegion(region)
	}
	if p.country = n.need("CountryCode", 2, 2, codeAddressCountry); p.country != "" && !unitedStates(p.country) {
		c.add(codeAddressCountry, "The country or territory %q is not supported: US or PR.", p.country)
	}
	p.regional = strings.EqualFold(query.Get("regionalrequestindicator"), "true")
	p.most = 15
	if text := query.Get("maximumcandidatelistsize"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > 50 {
			c.add(codeInvalid, "The field, maximumcandidatelistsize, contains invalid data, %q: 0 to 50.", text)
		}
		p.most = n
	}
	return p, c.errs, true
}

// readRegion reads "ROSWELL,GA,30076-1521", which stands for city, state and postal code and overrules them.
func (p *place) readRegion(region string) {
	parts := append(strings.Split(region, ","), "", "")
	p.city, p.state = strings.TrimSpace(parts[0]), strings.ToUpper(strings.TrimSpace(parts[1]))
	p.zip, p.further, _ = strings.Cut(strings.TrimSpace(parts[2]), "-")
}

// words of the address lines, in capitals.
func (p place) words() []string { return strings.Fields(strings.ToUpper(strings.Join(p.lines, " "))) }

// candidates are what UPS finds, and whether it is a match. The package comment says by what.
func (p place) candidates() (found []place, match bool) {
	words := p.words()
	located := (p.state == "" || p.zip == "" || len(p.zip) == 5 && postcodeFits(p.country, p.zip) && together(p.country, p.state, p.zip)) && (p.city != "" || p.zip != "")
	at := slices.Index(words, "AMBIGUOUS")
	switch {
	case !located, slices.Contains(words, "NOWHERE"), len(words) == 0 && !p.regional:
		return nil, false
	case at >= 0:
		n := 3
		if at+1 < len(words) {
			if wish, err := strconv.Atoi(words[at+1]); err == nil && wish > 0 {
				n = min(wish, 50)
			}
		}
		for i := range n {
			c := p.standard()
			c.lines = append([]string{}, c.lines...)
			c.lines[0] += fmt.Sprintf(" STE %d", 100*(i+1))
			found = append(found, c)
		}
		return found, false
	}
	return []place{p.standard()}, true
}

// standard is the address as the post writes it.
func (p place) standard() place {
	lines := make([]string, len(p.lines))
	for i, l := range p.lines {
		lines[i] = strings.ReplaceAll(strings.Join(strings.Fields(strings.ToUpper(l)), " "), "MISSPELT", "MAIN")
	}
	p.lines, p.city, p.urbanization = lines, strings.ToUpper(p.city), strings.ToUpper(p.urbanization)
	if p.further == "" && p.zip != "" && !p.regional {
		h := fnv.New32a()
		_, _ = h.Write([]byte(strings.Join(lines, " ") + p.zip))
		p.further = fmt.Sprintf("%04d", h.Sum32()%9999+1)
	}
	return p
}

// classification is what kind of address it is.
func (p place) classification() object {
	words := p.words()
	has := func(marks ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(marks, w) })
	}
	switch {
	case has("APT", "UNIT", "HOME"):
		return object{"Code": "2", "Description": "Residential"}
	case has("STE", "SUITE", "FL", "DOCK", "BLDG") || p.consignee != "":
		return object{"Code": "1", "Description": "Commercial"}
	}
	return object{"Code": "0", "Description": "UnClassified"}
}

// key is the address as AddressKeyFormat. One line is a string before v2.
func (p place) key(polymorphic bool) object {
	k := object{"CountryCode": p.country}
	set := func(name, value string) {
		if value != "" {
			k[name] = value
		}
	}
	set("PoliticalDivision2", p.city)
	set("PoliticalDivision1", p.state)
	set("PostcodePrimaryLow", p.zip)
	set("PostcodeExtendedLow", p.further)
	set("Urbanization", p.urbanization)
	set("Region", strings.TrimSpace(p.city+" "+p.state+" "+strings.Trim(p.zip+"-"+p.further, "-")))
	if p.regional {
		return k
	}
	set("ConsigneeName", p.consignee)
	lines := make([]any, len(p.lines))
	for i, l := range p.lines {
		lines[i] = l
	}
	k["AddressLine"] = many(lines, polymorphic)
	return k
}

// validated answers a request: candidates for options 1 and 3, classifications for 2 and 3.
func (p place) validated(polymorphic bool) fault.Answer {
	body := object{"Response": object{"ResponseStatus": object{"Code": "1", "Description": "Success"}}}
	found, match := p.candidates()
	if p.option != 1 {
		body["AddressClassification"] = object{"Code": "0", "Description": "UnClassified"}
		if match {
			body["AddressClassification"] = p.classification()
		}
	}
	switch {
	case p.option == 2:
	case match:
		body["ValidAddressIndicator"] = ""
	case len(found) > 0:
		body["AmbiguousAddressIndicator"] = ""
	default:
		body["NoCandidatesIndicator"] = ""
	}
	var list []any
	for _, c := range found[:min(len(found), p.most)] {
		candidate := object{"AddressKeyFormat": c.key(polymorphic)}
		if p.option == 3 {
			candidate["AddressClassification"] = c.classification()
		}
		list = append(list, candidate)
	}
	if p.option != 2 && len(list) > 0 {
		body["Candidate"] = many(list, polymorphic)
	}
	return answer(object{"XAVResponse": body})
}
