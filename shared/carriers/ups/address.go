package ups

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carriers/ups/internal/client"
	"github.com/fairlead/fairlead/shared/ship"
)

// maxConsignee is the longest name that Address Validation takes, in characters.
const maxConsignee = 40

// CheckAddress asks UPS whether an address exists and what stands there. UPS checks against the United States Postal
// Service's data: the US and Puerto Rico only (AddressValidation.yaml). Its test environment knows New York and
// California alone.
func (u *UPS) CheckAddress(ctx context.Context, a ship.Address, acct carrier.Account, c carrier.Call) carrier.AddressAnswer {
	if cc := country(a); cc != "US" && cc != "PR" {
		return addressAnswer(unaskable("unsupported_country", fmt.Sprintf("UPS checks addresses in the US and Puerto Rico, not in %s.", cc)))
	}
	if n := len(a.Lines); n < 1 || n > maxLines {
		return addressAnswer(unaskable("unsupported", fmt.Sprintf("lines: UPS takes 1 to %d address lines, this has %d.", maxLines, n)))
	}
	base, err := u.url(acct)
	if err != nil {
		return addressAnswer(asked{message: err.Error()})
	}
	e := u.client.CheckAddress(ctx, client.Session{Base: base, Token: c.Token.Value}, addressRequest(a), c.Deadline)
	var out carrier.AddressAnswer
	q := u.ask("Address Validation", e, acct, c, func(body []byte) (err error) {
		out, err = verdict(a, body)
		return err
	})
	q.fill(&out)
	return out
}

func addressAnswer(q asked) (out carrier.AddressAnswer) {
	q.fill(&out)
	return out
}

func (q asked) fill(out *carrier.AddressAnswer) {
	out.Kind, out.Code, out.Message, out.RetryAfter, out.Raw = q.kind, q.code, q.message, q.retryAfter, q.raw
}

func addressRequest(a ship.Address) client.AddressRequest {
	zip := postcode(a)
	primary, extended := zip[:min(5, len(zip))], zip[min(5, len(zip)):]
	return client.AddressRequest{XAVRequest: client.XAVRequest{AddressKeyFormat: client.AddressKey{
		ConsigneeName: cut(party(a).Name, maxConsignee), AddressLine: a.Lines, PoliticalDivision2: a.City, PoliticalDivision1: strings.ToUpper(a.State),
		PostcodePrimaryLow: primary, PostcodeExtendedLow: extended, CountryCode: country(a),
	}}}
}

// verdict reads what UPS says of an address. It errs when the body says nothing.
func verdict(a ship.Address, body []byte) (carrier.AddressAnswer, error) {
	parsed, err := client.Parse[client.AddressAnswer](body)
	if err != nil {
		return carrier.AddressAnswer{}, err
	}
	x := parsed.XAVResponse.V
	if code := x.Response.V.ResponseStatus.V.Code; code != "1" {
		return carrier.AddressAnswer{}, fmt.Errorf("the body has response status %q", code)
	}
	out := carrier.AddressAnswer{Place: placeOf(x)}
	for _, cand := range x.Candidate {
		if key := cand.AddressKeyFormat.V; len(key.AddressLine) > 0 {
			out.Candidates = append(out.Candidates, candidate(a, key))
		}
	}
	switch n := len(out.Candidates); {
	case bool(x.AmbiguousAddressIndicator), bool(x.ValidAddressIndicator) && n > 1:
		out.Verdict = carrier.AddressAmbiguous
	case bool(x.NoCandidatesIndicator):
		out.Verdict, out.Candidates = carrier.AddressUnknown, nil
	case !bool(x.ValidAddressIndicator):
		return carrier.AddressAnswer{}, errors.New("the body has none of the three indicators")
	case n == 1 && !sameAddress(a, out.Candidates[0]):
		out.Verdict = carrier.AddressCorrected
	default:
		out.Verdict = carrier.AddressValid
	}
	return out, nil
}

// placeOf is UPS's classification of the address, or of the only one that can be meant.
func placeOf(x client.XAVResponse) ship.Place {
	code := x.AddressClassification.V.Code
	if code == "" && len(x.Candidate) == 1 {
		code = x.Candidate[0].AddressClassification.V.Code
	}
	switch code {
	case "1":
		return ship.Business
	case "2":
		return ship.Residence
	}
	return ship.UnknownPlace
}

// candidate is the address a with a candidate's place in it: UPS knows nothing of who is there. Puerto Rico stays what
// the shipper called it, a country or a state of the US.
func candidate(a ship.Address, key client.CandidateKey) ship.Address {
	a.Lines = nil
	for _, l := range key.AddressLine {
		a.Lines = append(a.Lines, string(l))
	}
	a.City, a.Postcode = string(key.PoliticalDivision2), string(key.PostcodePrimaryLow)
	if ext := string(key.PostcodeExtendedLow); ext != "" {
		a.Postcode += "-" + ext
	}
	if country(a) != "PR" {
		a.State = string(key.PoliticalDivision1)
	}
	return a
}

// sameAddress says whether two addresses differ in nothing but case, blanks and the four digits that UPS adds to a ZIP
// code that was given without them.
func sameAddress(given, found ship.Address) bool {
	parts := func(a ship.Address) []string {
		p := append(slices.Clone(a.Lines), a.City, a.State)
		for i, s := range p {
			p[i] = strings.ToUpper(strings.Join(strings.Fields(s), " "))
		}
		return p
	}
	zip, other := postcode(given), postcode(found)
	if len(zip) == 5 && len(other) > 5 {
		other = other[:5]
	}
	return zip == other && slices.Equal(parts(given), parts(found))
}
