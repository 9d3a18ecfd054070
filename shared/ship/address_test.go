package ship

import (
	"slices"
	"testing"
)

func TestAddressCheck(t *testing.T) {
	at := func(country, state, postcode string) Address {
		return Address{Name: "Jo Doe", Lines: []string{"1 High Street"}, City: "Town", State: state, Postcode: postcode, Country: country}
	}
	for name, c := range map[string]struct {
		in   Address
		want []string // field:code
	}{
		"a US address is accepted":                        {at("us", "ny", "10001"), nil},
		"ZIP+4 is accepted":                               {at("US", "NY", "10001-1234"), nil},
		"a Canadian address is accepted":                  {at("CA", "ON", "k1a 0b1"), nil},
		"a British address is accepted without a state":   {at("GB", "", "SW1A 1AA"), nil},
		"a German address is accepted":                    {at("DE", "", "10115"), nil},
		"an impossible country is refused":                {at("XX", "", "1"), []string{"a.country:unsupported_country"}},
		"a short ZIP is refused":                          {at("US", "NY", "1001"), []string{"a.postcode:invalid_postcode"}},
		"a US address without state is refused":           {at("US", "", "10001"), []string{"a.state:required"}},
		"a state that does not exist is refused":          {at("US", "ZZ", "10001"), []string{"a.state:invalid_state"}},
		"a postcode of another province is refused":       {at("CA", "BC", "K1A 0B1"), []string{"a.postcode:invalid_postcode"}},
		"a Canadian postcode with a D is refused":         {at("CA", "ON", "D1A 0B1"), []string{"a.postcode:invalid_postcode", "a.postcode:invalid_postcode"}},
		"a British postcode in American form is refused":  {at("GB", "", "10001"), []string{"a.postcode:invalid_postcode"}},
		"a four-digit German postcode is refused":         {at("DE", "", "1011"), []string{"a.postcode:invalid_postcode"}},
		"an address line of blanks is refused with place": {Address{Name: "Jo", Lines: []string{"x", "  "}, City: "Town", Postcode: "10115", Country: "DE"}, []string{"a.lines[1]:required"}},
		"full-width digits are refused":                   {at("DE", "", "１０１１５"), []string{"a.postcode:invalid_postcode"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, p := range c.in.Normalised().Check("a") {
				got = append(got, p.Field+":"+p.Code)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("problems %v, want %v", got, c.want)
			}
		})
	}
}

func TestShipmentCheck(t *testing.T) {
	us := Address{Name: "A", Lines: []string{"1"}, City: "NYC", State: "NY", Postcode: "10001", Country: "US"}
	de := Address{Name: "A", Lines: []string{"1"}, City: "Berlin", Postcode: "10115", Country: "DE"}
	for name, c := range map[string]struct {
		in   Shipment
		want string
	}{
		"a domestic shipment is accepted":             {Shipment{From: us, To: us, Parcels: []Parcel{{Weight: 1}}}, ""},
		"a shipment across a customs border is not":   {Shipment{From: us, To: de, Parcels: []Parcel{{Weight: 1}}}, "customs_unsupported"},
		"a box with two of three dimensions is not":   {Shipment{From: us, To: us, Parcels: []Parcel{{Weight: 1, Length: 1, Width: 2}}}, "incomplete_dimensions"},
		"a box with all three dimensions is accepted": {Shipment{From: us, To: us, Parcels: []Parcel{{Weight: 1, Length: 1, Width: 2, Height: 3}}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			for _, p := range c.in.Check() {
				got += p.Code
			}
			if got != c.want {
				t.Errorf("problems %q, want %q", got, c.want)
			}
		})
	}
}
