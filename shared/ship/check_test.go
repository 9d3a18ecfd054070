package ship

import "testing"

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
