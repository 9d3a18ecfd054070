package ups

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// rendered is the order's request, as JSON.
func rendered(t *testing.T, o carrier.Order) string {
	t.Helper()
	b, err := json.MarshalIndent(render(o, adapter("").Describe().Services[o.Shipment.Service].Code), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b) + "\n"
}

func TestRenderIsFrozen(t *testing.T) {
	for name, o := range map[string]carrier.Order{
		"us_zpl":         order(),
		"us_two_parcels": order(parcels(2), format(ship.PDF)),
		"gb_gif":         order(format(ship.GIF), within("GB", "", "sw1a 1aa", "ups_express_saver")),
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(file(t, "render/"+name+".json"), rendered(t, o)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestReferenceIsWhereUPSTakesIt(t *testing.T) {
	const onPackage, onShipment = "package", "shipment"
	for name, tc := range map[string]struct {
		o    carrier.Order
		want string
	}{
		"US to US is on the package":                            {order(parcels(2)), onPackage},
		"PR to PR is on the package":                            {order(within("PR", "", "00907", "ups_ground")), onPackage},
		"PR as a state of the US is on the package":             {order(within("US", "PR", "00907", "ups_ground")), onPackage},
		"GB to GB is on the shipment":                           {order(within("GB", "", "SW1A 1AA", "ups_standard")), onShipment},
		"DE to DE is on the shipment":                           {order(within("DE", "", "10117", "ups_standard")), onShipment},
		"CA to CA is on the shipment":                           {order(within("CA", "ON", "K1A 0B1", "ups_standard")), onShipment},
		"US to Puerto Rico, were it booked, is on the shipment": {order(func(o *carrier.Order) { o.Shipment.To.State = "PR" }), onShipment},
	} {
		t.Run(name, func(t *testing.T) {
			sh := render(tc.o, "03").ShipmentRequest.Shipment
			got := ""
			if len(sh.ReferenceNumber) == 1 && sh.ReferenceNumber[0].Value == "FL-REF-1" {
				got += onShipment
			}
			with := 0
			for _, p := range sh.Package {
				if len(p.ReferenceNumber) == 1 && p.ReferenceNumber[0].Value == "FL-REF-1" {
					with++
				}
			}
			if with == len(sh.Package) {
				got += onPackage
			}
			if got != tc.want {
				t.Errorf("reference is on the %s, want %s", got, tc.want)
			}
		})
	}
}

func TestWeightsAndSidesAreRoundedUp(t *testing.T) {
	weights := []struct {
		g             ship.Grams
		pounds, kilos string
	}{
		{1, "0.1", "0.1"}, {45, "0.1", "0.1"}, {46, "0.2", "0.1"}, {100, "0.3", "0.1"}, {101, "0.3", "0.2"},
		{453, "1.0", "0.5"}, {454, "1.1", "0.5"}, {1000, "2.3", "1.0"}, {68_038, "150.0", "68.1"}, {70_000, "154.4", "70.0"},
	}
	for _, tc := range weights {
		if got := decimal(tenths(tc.g, true)); got != tc.pounds {
			t.Errorf("%d g is %s lb, want %s", tc.g, got, tc.pounds)
		}
		if got := decimal(tenths(tc.g, false)); got != tc.kilos {
			t.Errorf("%d g is %s kg, want %s", tc.g, got, tc.kilos)
		}
	}
	p := ship.Parcel{Length: 100, Width: 254, Height: 255}
	if got := sides(p, true); got != [3]int64{11, 10, 4} {
		t.Errorf("inches %v, want [11 10 4]: rounded up, the longest first", got)
	}
	if got := sides(p, false); got != [3]int64{26, 26, 10} {
		t.Errorf("centimetres %v, want [26 26 10]", got)
	}
}

func TestParty(t *testing.T) {
	cases := []struct {
		name string
		a    ship.Address
		want [5]string // name, attention, phone, state, postcode
	}{
		{"a company and a person", ship.Address{Name: "Ann", Company: "Acme", Country: "GB", Postcode: "sw1a 1aa", Phone: "+44 20 7946 0000"}, [5]string{"Acme", "Ann", "442079460000", "", "SW1A 1AA"}},
		{"a person", ship.Address{Name: "Ann", Country: "DE", State: "BE", Postcode: "10117"}, [5]string{"Ann", "", "", "", "10117"}},
		{"a US number without its 1", ship.Address{Name: "Ann", Country: "US", State: "md", Postcode: "21030-1234", Phone: "+1 (410) 555-0101"}, [5]string{"Ann", "", "4105550101", "MD", "210301234"}},
		{"a CA postcode without its space", ship.Address{Name: "Ann", Country: "CA", State: "ON", Postcode: "k1a 0b1"}, [5]string{"Ann", "", "", "ON", "K1A0B1"}},
		{"Puerto Rico is a country", ship.Address{Name: "Ann", Country: "US", State: "pr", Postcode: "00907"}, [5]string{"Ann", "", "", "", "00907"}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			p := party(tc.a)
			got := [5]string{p.Name, p.AttentionName, "", p.Address.StateProvinceCode, p.Address.PostalCode}
			if p.Phone != nil {
				got[2] = p.Phone.Number
			}
			if got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	long := strings.Repeat("x", 36)
	cases := []struct {
		name  string
		mod   func(*ship.Shipment)
		field string // "": no problem
	}{
		{"a good order", func(s *ship.Shipment) {}, ""},
		{"35 characters are not 35 bytes", func(s *ship.Shipment) { s.To.Name = strings.Repeat("ü", 35) }, ""},
		{"unknown service", func(s *ship.Shipment) { s.Service = "ups_moon" }, "service"},
		{"service of another country", func(s *ship.Shipment) { s.Service = "ups_standard" }, "service"},
		{"country it does not serve", func(s *ship.Shipment) { s.From.Country = "JP" }, "ship_from.country"},
		{"another country", func(s *ship.Shipment) { s.To.Country = "CA"; s.To.State = "ON"; s.To.Postcode = "K1A 0B1" }, "ship_to.country"},
		{"US to Puerto Rico", func(s *ship.Shipment) { s.To.State = "PR" }, "ship_to.country"},
		{"name", func(s *ship.Shipment) { s.To.Name = long }, "ship_to.name"},
		{"no name", func(s *ship.Shipment) { s.To.Name = "" }, "ship_to.name"},
		{"company", func(s *ship.Shipment) { s.From.Company = long }, "ship_from.company"},
		{"first line", func(s *ship.Shipment) { s.To.Lines = []string{long} }, "ship_to.lines[0]"},
		{"second line", func(s *ship.Shipment) { s.To.Lines = []string{"1", long} }, "ship_to.lines[1]"},
		{"empty line", func(s *ship.Shipment) { s.To.Lines = []string{"1", ""} }, "ship_to.lines[1]"},
		{"four lines", func(s *ship.Shipment) { s.To.Lines = []string{"1", "2", "3", "4"} }, "ship_to.lines"},
		{"no line", func(s *ship.Shipment) { s.To.Lines = nil }, "ship_to.lines"},
		{"city", func(s *ship.Shipment) { s.To.City = long }, "ship_to.city"},
		{"email", func(s *ship.Shipment) { s.To.Email = long + long }, "ship_to.email"},
		{"phone without digits", func(s *ship.Shipment) { s.To.Phone = "ask" }, "ship_to.phone"},
		{"phone without its area code", func(s *ship.Shipment) { s.To.Phone = "555-0101" }, "ship_to.phone"},
		{"phone of 16 digits", func(s *ship.Shipment) { s.To.Phone = strings.Repeat("4", 16) }, "ship_to.phone"},
		{"no state", func(s *ship.Shipment) { s.To.State = "" }, "ship_to.state"},
		{"US postcode", func(s *ship.Shipment) { s.To.Postcode = "2103" }, "ship_to.postcode"},
		{"no parcel", func(s *ship.Shipment) { s.Parcels = nil }, "parcels"},
		{"21 parcels", func(s *ship.Shipment) { s.Parcels = make([]ship.Parcel, 21) }, "parcels"},
		{"no weight", func(s *ship.Shipment) { s.Parcels[0].Weight = 0 }, "parcels[0].weight_g"},
		{"negative weight", func(s *ship.Shipment) { s.Parcels[0].Weight = -1 }, "parcels[0].weight_g"},
		{"150.1 lb", func(s *ship.Shipment) { s.Parcels[0].Weight = 68_039 }, "parcels[0].weight_g"},
		{"a weight that would overflow", func(s *ship.Shipment) { s.Parcels[0].Weight = 1 << 62 }, "parcels[0].weight_g"},
		{"109 inches", func(s *ship.Shipment) { s.Parcels[0].Length = 2744 }, "parcels[0].length_mm"},
		{"girth", func(s *ship.Shipment) { s.Parcels[0] = ship.Parcel{Weight: 1, Length: 1200, Width: 800, Height: 800} }, "parcels[0].length_mm"},
		{"two sides of three", func(s *ship.Shipment) { s.Parcels[0].Height = 0 }, "parcels[0].length_mm"},
		{"unknown format", func(s *ship.Shipment) { s.Label.Format = "png" }, "label.format"},
		{"gif for two parcels", func(s *ship.Shipment) {
			s.Label.Format = ship.GIF
			s.Parcels = append(s.Parcels, ship.Parcel{Weight: 1})
		}, "label.format"},
		{"label size", func(s *ship.Shipment) { s.Label.Size = "a4" }, "label.size"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			s := order().Shipment
			tc.mod(&s)
			got := adapter("").Check(s)
			found := tc.field == "" && len(got) == 0
			for _, p := range got {
				found = found || p.Field == tc.field && p.Code != "" && p.Detail != ""
			}
			if !found {
				t.Errorf("problems %v, want one of %q", got, tc.field)
			}
		})
	}
	t.Run("all problems are told at once", func(t *testing.T) {
		if got := adapter("").Check(ship.Shipment{}); len(got) < 8 {
			t.Errorf("%d problems of an empty shipment", len(got))
		}
	})
}
