package sim

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

func TestCheckAddress(t *testing.T) {
	tried := map[string]bool{}
	for first, want := range map[string]struct {
		kind    carrier.AskKind
		verdict carrier.Verdict
		firsts  []string // of the candidates
		place   ship.Place
	}{
		"100 Main Street":  {carrier.Answered, carrier.AddressValid, []string{"100 Main Street"}, ship.Business},
		addressCorrected:   {carrier.Answered, carrier.AddressCorrected, []string{"1 TEST STREET"}, ship.Business},
		addressAmbiguous:   {carrier.Answered, carrier.AddressAmbiguous, []string{"1 TEST STREET", "1 TEST AVENUE", "1 TEST COURT"}, ship.Business},
		addressUnknown:     {carrier.Answered, carrier.AddressUnknown, nil, ship.UnknownPlace},
		addressDown:        {carrier.AskFailed, "", nil, ""},
		"SIM-Address-Down": {carrier.AskFailed, "", nil, ""},
	} {
		tried[first] = true
		t.Run(first, func(t *testing.T) {
			a := order("").Shipment.To
			a.Lines = []string{first, "Floor 2"}
			asked := ship.Address{Lines: append([]string(nil), a.Lines...)}
			got := at(0, 0).CheckAddress(t.Context(), a, order("").Account, carrier.Call{})
			var firsts []string
			for _, c := range got.Candidates {
				firsts = append(firsts, c.Lines[0])
				if c.Lines[1] != "Floor 2" || c.City != a.City {
					t.Errorf("candidate %+v", c)
				}
			}
			if d := cmp.Diff(want.firsts, firsts); got.Kind != want.kind || got.Verdict != want.verdict || got.Place != want.place || d != "" {
				t.Errorf("%+v: %s", got, d)
			}
			if d := cmp.Diff(asked.Lines, a.Lines); d != "" {
				t.Errorf("the address asked about was changed: %s", d)
			}
		})
	}
	for _, m := range MagicAddresses {
		if !tried[m.Name] {
			t.Errorf("nothing is said of %s", m.Name)
		}
	}
}

func TestPlace(t *testing.T) {
	yes, no := true, false
	for name, c := range map[string]struct {
		a    ship.Address
		want ship.Place
	}{
		"a person is a residence":      {ship.Address{}, ship.Residence},
		"a company is a business":      {ship.Address{Company: "Doe & Co"}, ship.Business},
		"what the shipper says counts": {ship.Address{Company: "Doe & Co", Residential: &yes}, ship.Residence},
		"both ways":                    {ship.Address{Residential: &no}, ship.Business},
	} {
		t.Run(name, func(t *testing.T) {
			if got := at(0, 0).CheckAddress(t.Context(), c.a, order("").Account, carrier.Call{}).Place; got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}
