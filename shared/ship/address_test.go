package ship

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAddressCheck(t *testing.T) {
	for name, c := range map[string]struct {
		in   Address
		want []string // field:code
	}{
		"a US address is accepted":                        {place("us", "ny", "10001"), nil},
		"ZIP+4 is accepted":                               {place("US", "NY", "10001-1234"), nil},
		"a Canadian address is accepted":                  {place("CA", "ON", "k1a 0b1"), nil},
		"a British address is accepted without a state":   {place("GB", "", "SW1A 1AA"), nil},
		"a British address is accepted with a county":     {place("GB", "Kent", "SW1A 1AA"), nil},
		"a German address is accepted":                    {place("DE", "", "10115"), nil},
		"an impossible country is refused":                {place("XX", "", "1"), []string{"a.country:unsupported_country"}},
		"a short ZIP is refused":                          {place("US", "NY", "1001"), []string{"a.postcode:invalid_postcode"}},
		"a US address without state is refused":           {place("US", "", "10001"), []string{"a.state:required"}},
		"a state that does not exist is refused":          {place("US", "ZZ", "10001"), []string{"a.state:invalid_state"}},
		"a postcode of another province is refused":       {place("CA", "BC", "K1A 0B1"), []string{"a.postcode:invalid_postcode"}},
		"a postcode beside a wrong province is accepted":  {place("CA", "ZZ", "K1A 0B1"), []string{"a.state:invalid_state"}},
		"a Canadian postcode with a D is refused":         {place("CA", "ON", "D1A 0B1"), []string{"a.postcode:invalid_postcode"}},
		"a British postcode in American form is refused":  {place("GB", "", "10001"), []string{"a.postcode:invalid_postcode"}},
		"a four-digit German postcode is refused":         {place("DE", "", "1011"), []string{"a.postcode:invalid_postcode"}},
		"a name and a city of blanks are refused":         {Address{Name: " ", Lines: []string{"x"}, City: "\t", Postcode: "10115", Country: "DE"}, []string{"a.name:required", "a.city:required"}},
		"an address line of blanks is refused with place": {Address{Name: "Jo", Lines: []string{"x", "  "}, City: "Town", Postcode: "10115", Country: "DE"}, []string{"a.lines[1]:required"}},
		"full-width digits are refused":                   {place("DE", "", "１０１１５"), []string{"a.postcode:invalid_postcode"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := told(c.in.Normalised().Check("a")); !slices.Equal(got, c.want) {
				t.Errorf("problems %v, want %v", got, c.want)
			}
		})
	}
}

func TestAddressNormalised(t *testing.T) {
	in := Address{Name: " Jo ", Company: " Co ", Lines: []string{" 1 High Street "}, City: " Town ", State: " us-ny ", Postcode: " 100011234 ", Country: " us ", TaxID: " 12-3456789 "}
	want := Address{Name: "Jo", Company: "Co", Lines: []string{"1 High Street"}, City: "Town", State: "NY", Postcode: "10001-1234", Country: "US", TaxID: "12-3456789"}
	if got := in.Normalised(); !reflect.DeepEqual(got, want) {
		t.Errorf("it is %+v", got)
	}
	if in.Lines[0] != " 1 High Street " {
		t.Error("the lines that were given are changed")
	}
}

func TestNormalisingTwiceIsOnce(t *testing.T) {
	country := rapid.OneOf(rapid.SampledFrom(everyCountry()), rapid.StringN(0, 3, 8))
	text := rapid.OneOf(rapid.StringMatching(`[ A-Za-z0-9-]{0,12}`), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		a := place(country.Draw(t, "country"), text.Draw(t, "state"), text.Draw(t, "postcode")).Normalised()
		if b := a.Normalised(); !reflect.DeepEqual(a, b) {
			t.Fatalf("%+v becomes %+v", a, b)
		}
	})
}

// A postcode is the same however it is cut: with blanks or hyphens anywhere, in small letters, with its country.
func TestPostcodeHoweverWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.SampledFrom(everyCountry()).Draw(t, "country")
		own := places[code].own
		var written string
		for _, r := range own {
			written += rapid.SampledFrom([]string{"", "", " ", "-"}).Draw(t, "between") + string(r)
		}
		if rapid.Bool().Draw(t, "small letters") {
			written = strings.ToLower(written)
		}
		if got := place(code, "", written).Normalised().Postcode; got != own && countries[code].postcode != "" {
			t.Fatalf("%q is %q", written, got)
		}
	})
}
