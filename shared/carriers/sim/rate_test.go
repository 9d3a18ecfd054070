package sim

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// usd is an amount in cents.
func usd(cents int64) ship.Money { return ship.Money{Minor: cents, Currency: "USD"} }

func TestRates(t *testing.T) {
	home := true
	for name, c := range map[string]struct {
		change func(*ship.Shipment)
		want   []ship.Rate // Service, Total, Weight, BusinessDays and DeliveryDate; ordered on Friday, 20 November 2026
	}{
		"every service, the cheapest first": {func(s *ship.Shipment) { s.Service = "" }, []ship.Rate{
			{Service: "sim_economy", Total: usd(751), Weight: 1200, BusinessDays: 6, DeliveryDate: "2026-11-30"},
			{Service: "sim_ground", Total: usd(1064), Weight: 1200, BusinessDays: 4, DeliveryDate: "2026-11-26"},
			{Service: "sim_express", Total: usd(2375), Weight: 1200, BusinessDays: 2, DeliveryDate: "2026-11-24"},
			{Service: "sim_overnight", Total: usd(4212), Weight: 1200, BusinessDays: 1, DeliveryDate: "2026-11-23"},
		}},
		"the one that was asked for": {func(*ship.Shipment) {}, []ship.Rate{{Service: "sim_ground", Total: usd(1064), Weight: 1200, BusinessDays: 4, DeliveryDate: "2026-11-26"}}},
		"next door costs less": {func(s *ship.Shipment) { s.To.Postcode = "97201" },
			[]ship.Rate{{Service: "sim_ground", Total: usd(796), Weight: 1200, BusinessDays: 2, DeliveryDate: "2026-11-24"}}},
		"abroad costs more": {func(s *ship.Shipment) { s.To.Country = "NZ" },
			[]ship.Rate{{Service: "sim_ground", Total: usd(3405), Weight: 1200, BusinessDays: 9, DeliveryDate: "2026-12-03"}}},
		"volume counts as weight": {func(s *ship.Shipment) { s.Parcels = []ship.Parcel{{Weight: 500, Length: 400, Width: 300, Height: 200}} },
			[]ship.Rate{{Service: "sim_ground", Total: usd(1456), Weight: 4800, BusinessDays: 4, DeliveryDate: "2026-11-26"}}},
		"each parcel for itself, to a residence": {func(s *ship.Shipment) {
			s.Parcels, s.To.Residential = []ship.Parcel{{Weight: 500}, {Weight: 501}}, &home
		}, []ship.Rate{{Service: "sim_ground", Total: usd(2750), Weight: 1001, BusinessDays: 4, DeliveryDate: "2026-11-26"}}},
	} {
		t.Run(name, func(t *testing.T) {
			s, o := at(0, 0), order("")
			c.change(&o.Shipment)
			a := s.Rates(t.Context(), o.Shipment, o.Account, carrier.Call{})
			var got []ship.Rate
			for _, r := range a.Rates {
				got = append(got, ship.Rate{Service: r.Service, Total: r.Total, Weight: r.Weight, BusinessDays: r.BusinessDays, DeliveryDate: r.DeliveryDate})
			}
			if d := cmp.Diff(c.want, got); a.Kind != carrier.Answered || d != "" {
				t.Errorf("%d (%s): %s", a.Kind, a.Message, d)
			}
		})
	}
}

func TestRatesOfWhatIsNotTakenAreRefused(t *testing.T) {
	s, o := at(0, 0), order("")
	o.Shipment.Service = "ups_ground"
	if a := s.Rates(t.Context(), o.Shipment, o.Account, carrier.Call{}); a.Kind != carrier.AskImpossible || a.Code != "unsupported" || a.Message == "" {
		t.Errorf("%+v", a)
	}
}

func TestMarkersOfRatesCountInTheAddressToo(t *testing.T) {
	s, o := at(0, 0), order("")
	for marker, want := range map[string]carrier.AskKind{noRates: carrier.AskRefused, ratesDown: carrier.AskFailed} {
		o.Shipment.To.Lines = []string{"100 Main Street " + marker, "Floor 2"}
		if a := s.Rates(t.Context(), o.Shipment, o.Account, carrier.Call{}); a.Kind != want {
			t.Errorf("%s: %d, want %d", marker, a.Kind, want)
		}
	}
}

func TestEveryServiceHasItsTariff(t *testing.T) {
	if d := cmp.Diff(slices.Sorted(maps.Keys(tariffs)), slices.Sorted(maps.Keys(at(0, 0).Describe().Services))); d != "" {
		t.Error(d)
	}
}

// TestPrices holds of any shipment that can be booked: a price is the sum of its parts, it is what a booking is charged,
// and what is heavier or faster is not cheaper.
func TestPrices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, o := at(0, 0), order("")
		side := rapid.Int64Range(1, maxSide)
		o.Shipment.Parcels = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) ship.Parcel {
			return ship.Parcel{Weight: ship.Grams(rapid.Int64Range(1, maxWeight-1).Draw(t, "weight")), Length: ship.Millimetres(side.Draw(t, "length")),
				Width: ship.Millimetres(side.Draw(t, "width")), Height: ship.Millimetres(side.Draw(t, "height"))}
		}), 1, 3).Draw(t, "parcels")
		o.Shipment.To.Country = rapid.SampledFrom([]string{"US", "CA"}).Draw(t, "country")
		asked := o.Shipment
		asked.Service = ship.Cheapest
		rates := s.Rates(t.Context(), asked, o.Account, carrier.Call{}).Rates
		for i, r := range rates {
			var sum int64
			for _, c := range r.Charges {
				sum += c.Amount.Minor
			}
			if r.Total != usd(sum) || sum <= 0 {
				t.Fatalf("%s: total %v, parts %v", r.Service, r.Total, r.Charges)
			}
			if i > 0 && (r.Total.Minor < rates[i-1].Total.Minor || r.BusinessDays > rates[i-1].BusinessDays) {
				t.Fatalf("%s costs %d for %d days, after %d for %d", r.Service, r.Total.Minor, r.BusinessDays, rates[i-1].Total.Minor, rates[i-1].BusinessDays)
			}
			o.Shipment.Service = r.Service
			if got := s.booking(o, 0).Charge; got != r.Total {
				t.Fatalf("%s is booked for %v, offered for %v", r.Service, got, r.Total)
			}
		}
		o.Shipment.Parcels = slices.Clone(o.Shipment.Parcels)
		before := s.rate(o.Shipment).Total.Minor
		if o.Shipment.Parcels[0].Weight++; s.rate(o.Shipment).Total.Minor < before {
			t.Fatalf("a gram more costs less than %d", before)
		}
	})
}
