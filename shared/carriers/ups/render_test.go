package ups

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carriers/ups/internal/client"
	"github.com/fairlead/fairlead/shared/ship"
)

// rendered is the order's request, as JSON.
func rendered(t *testing.T, o carrier.Order) string {
	t.Helper()
	b, err := json.MarshalIndent(render(o, adapter("").Describe().Services[o.Shipment.Service].Code, testTime), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b) + "\n"
}

// goldens are the orders whose requests are written down in testdata/render.
func goldens() map[string]carrier.Order {
	return map[string]carrier.Order{
		"us_zpl":         order(),
		"us_two_parcels": order(parcels(2), format(ship.PDF)),
		"gb_gif":         order(format(ship.GIF), within("GB", "", "sw1a 1aa", "ups_express_saver")),
		"us_to_ca":       order(ordered("PO-77"), abroad(canada, "ups_standard"), paidDuties),
		"us_to_de":       order(format(ship.PNG), abroad(germany, "ups_express"), residence),
		"de_to_fr":       order(from(germany), abroad(france, "ups_standard"), noCustoms),
		"de_to_us_docs":  order(from(germany), abroad(america, "ups_express_saver"), documents),
	}
}

func TestRenderIsFrozen(t *testing.T) {
	for name, o := range goldens() {
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
		"US to US is on the package":                {order(parcels(2)), onPackage},
		"PR to PR is on the package":                {order(within("PR", "", "00907", "ups_ground")), onPackage},
		"PR as a state of the US is on the package": {order(within("US", "PR", "00907", "ups_ground")), onPackage},
		"GB to GB is on the shipment":               {order(within("GB", "", "SW1A 1AA", "ups_standard")), onShipment},
		"DE to DE is on the shipment":               {order(within("DE", "", "10117", "ups_standard")), onShipment},
		"CA to CA is on the shipment":               {order(within("CA", "ON", "K1A 0B1", "ups_standard")), onShipment},
		"US to Puerto Rico is on the shipment":      {order(func(o *carrier.Order) { o.Shipment.To.State = "PR" }), onShipment},
		"US to CA is on the shipment":               {order(abroad(canada, "ups_standard")), onShipment},
		"an order number comes second":              {order(ordered("PO-77"), parcels(2)), onPackage},
		"an order number comes second abroad":       {order(ordered("PO-77"), abroad(canada, "ups_standard")), onShipment},
	} {
		t.Run(name, func(t *testing.T) {
			sh := render(tc.o, "03", testTime).ShipmentRequest.Shipment
			want := []client.ReferenceNumber{{Value: "FL-REF-1"}}
			if n := tc.o.Shipment.OrderNumber; n != "" {
				want = append(want, client.ReferenceNumber{Code: "PO", Value: n})
			}
			got := ""
			if slices.Equal(sh.ReferenceNumber, want) {
				got += onShipment
			}
			with := 0
			for _, p := range sh.Package {
				if slices.Equal(p.ReferenceNumber, want) {
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
		{"the Virgin Islands are a country", ship.Address{Name: "Ann", Country: "US", State: "VI", Postcode: "00802-1234", Phone: "1 340 555 0101"}, [5]string{"Ann", "", "3405550101", "", "008021234"}},
		{"a Vietnamese province with its country", ship.Address{Name: "Ann", Country: "VN", State: "44", Postcode: "11018"}, [5]string{"Ann", "", "", "VN-44", "11018"}},
		{"an Irish county", ship.Address{Name: "Ann", Country: "IE", State: "CO", Postcode: "T12 X70A"}, [5]string{"Ann", "", "", "CO", "T12 X70A"}},
		{"an Australian state is no concern of UPS's", ship.Address{Name: "Ann", Country: "AU", State: "NSW", Postcode: "2000"}, [5]string{"Ann", "", "", "", "2000"}},
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
