package ups

import (
	"slices"
	"testing"

	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// TestSimulatedRates asks for the rates of every order in both ways: what is offered is what a booking is billed, and
// every offer can be booked by.
func TestSimulatedRates(t *testing.T) {
	for name, o := range orders() {
		t.Run(name, func(t *testing.T) {
			s := simulator(t, carriersim.Options{})
			one := s.Rates(t.Context(), o.Shipment, o.Account, s.call())
			if one.Kind != carrier.Answered || len(one.Rates) != 1 || one.Rates[0].Service != o.Shipment.Service {
				t.Fatalf("kind %d (%s %s): %+v", one.Kind, one.Code, one.Message, one.Rates)
			}
			all := o.Shipment
			all.Service = ship.Cheapest
			many := s.Rates(t.Context(), all, o.Account, s.call())
			i := slices.IndexFunc(many.Rates, func(r ship.Rate) bool { return r.Service == o.Shipment.Service })
			if many.Kind != carrier.Answered || i < 0 || many.Rates[i].Total != one.Rates[0].Total {
				t.Fatalf("kind %d (%s): %+v, want %+v among them", many.Kind, many.Message, many.Rates, one.Rates[0])
			}
			for _, r := range many.Rates {
				chosen := o.Shipment
				chosen.Service = r.Service
				if p := s.Check(chosen); len(p) > 0 || !r.Negotiated || r.BusinessDays == 0 || r.DeliveryDate == "" || r.Weight == 0 || len(r.Charges) == 0 || len(r.Notes) == 0 {
					t.Errorf("offer %+v: %v", r, p)
				}
			}
			if b := s.mustBook(t, o); b.Charge != one.Rates[0].Total {
				t.Errorf("offered for %+v, billed %+v", one.Rates[0].Total, b.Charge)
			}
		})
	}
	t.Run("goods that nobody valued have a price and no day", func(t *testing.T) {
		s := simulator(t, carriersim.Options{})
		o := order(abroad(germany, ""), noCustoms)
		got := s.Rates(t.Context(), o.Shipment, o.Account, s.call())
		if got.Kind != carrier.Answered || len(got.Rates) == 0 || got.Rates[0].DeliveryDate != "" {
			t.Errorf("kind %d (%s): %+v", got.Kind, got.Message, got.Rates)
		}
	})
	t.Run("an account without prices of its own has the list's", func(t *testing.T) {
		s := simulator(t, carriersim.Options{Settings: carriersim.Settings{Polymorphic: true, NoNegotiated: true}})
		got := s.Rates(t.Context(), order().Shipment, order().Account, s.call())
		if got.Kind != carrier.Answered || len(got.Rates) != 1 || got.Rates[0].Negotiated || got.Rates[0].Total.Minor == 0 {
			t.Errorf("kind %d (%s): %+v", got.Kind, got.Message, got.Rates)
		}
	})
	t.Run("a postcode of another state is refused", func(t *testing.T) {
		s := simulator(t, carriersim.Options{})
		o := order(anyService, func(o *carrier.Order) { o.Shipment.To.State = "CA" })
		if got := s.Rates(t.Context(), o.Shipment, o.Account, s.call()); got.Kind != carrier.AskRefused || got.Code != "111285" {
			t.Errorf("kind %d %s %s", got.Kind, got.Code, got.Message)
		}
	})
}

func TestSimulatedInvoice(t *testing.T) {
	for name, tc := range map[string]struct {
		o    carrier.Order
		want bool
	}{
		"goods to Canada":          {order(abroad(canada, "ups_standard"), parcels(3)), true},
		"goods to Germany":         {order(format(ship.PNG), abroad(germany, "ups_express"), parcels(3), paidDuties), true},
		"documents to the US":      {order(from(germany), abroad(america, "ups_express"), documents), false},
		"goods to Puerto Rico":     {order(abroad(puertoRico, "ups_ground")), false},
		"goods within the EU":      {order(from(germany), abroad(france, "ups_standard"), noCustoms), false},
		"goods within the country": {order(parcels(3)), false},
	} {
		t.Run(name, func(t *testing.T) {
			s := simulator(t, carriersim.Options{})
			b := s.mustBook(t, tc.o)
			if (b.Invoice != nil) != tc.want || tc.want && (b.Invoice.Format != ship.PDF || len(b.Invoice.Pages) != 1) {
				t.Errorf("invoice %v, want %v", b.Invoice != nil, tc.want)
			}
			if n := len(tc.o.Shipment.Parcels); b.Label == nil || len(b.Label.Pages) != n || len(b.Numbers) != n {
				t.Errorf("%d numbers, label %+v", len(b.Numbers), b.Label)
			}
			f := s.Find(t.Context(), tc.o, s.call())
			if f.Kind != carrier.Found || len(f.Bookings) != 1 || !slices.Equal(f.Bookings[0].Numbers, b.Numbers) {
				t.Errorf("kind %d (%s) %+v", f.Kind, f.Message, f.Bookings)
			}
		})
	}
}

func TestSimulatedVoids(t *testing.T) {
	cases := []struct {
		name  string
		fault carriersim.Fault
		want  carrier.VoidKind
		live  int
	}{
		{"no fault", carriersim.Fault{}, carrier.Voided, 0},
		{"the answer as the test environment writes it", carriersim.Fault{Kind: "garbled"}, carrier.Voided, 0},
		{"401 before", carriersim.Fault{Kind: "unauthorized"}, carrier.VoidUnauthenticated, 1},
		{"429 before", carriersim.Fault{Kind: "throttled", RetryAfter: 3}, carrier.VoidThrottled, 1},
		{"refusal", carriersim.Fault{Kind: "refuse"}, carrier.VoidRefused, 1},
		{"500 before", carriersim.Fault{Kind: "error_before"}, carrier.VoidUnknown, 1},
		{"503 after it voided", carriersim.Fault{Kind: "error_after", Status: 503}, carrier.VoidUnknown, 0},
		{"empty 200 before", carriersim.Fault{Kind: "empty"}, carrier.VoidUnknown, 1},
		{"empty 200 after it voided", carriersim.Fault{Kind: "empty_after"}, carrier.VoidUnknown, 0},
		{"drop before", carriersim.Fault{Kind: "drop_before"}, carrier.VoidUnknown, 1},
		{"drop after it voided", carriersim.Fault{Kind: "drop_after"}, carrier.VoidUnknown, 0},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			s := simulator(t, carriersim.Options{})
			o := order(parcels(3))
			b := s.mustBook(t, o)
			if tc.fault.Kind != "" {
				tc.fault.Operation = "void"
				if err := s.sim.SetFaults(tc.fault); err != nil {
					t.Fatal(err)
				}
			}
			got := s.Void(t.Context(), o, b.TrackingNumber, s.call())
			if got.Kind != tc.want || s.sim.Live(o.Reference) != tc.live || s.sim.Calls()["void"] != 1 {
				t.Errorf("%v (%s) with %d live after %d calls, want %v with %d", got.Kind, got.Message, s.sim.Live(o.Reference), s.sim.Calls()["void"], tc.want, tc.live)
			}
			if tc.want != carrier.VoidUnknown {
				return
			}
			// Asking again is what settles it: what is void already is voided.
			if err := s.sim.SetFaults(); err != nil {
				t.Fatal(err)
			}
			if got := s.Void(t.Context(), o, b.TrackingNumber, s.call()); got.Kind != carrier.Voided || s.sim.Live(o.Reference) != 0 {
				t.Errorf("asked again: %v (%s) with %d live", got.Kind, got.Message, s.sim.Live(o.Reference))
			}
		})
	}
	t.Run("a number that UPS does not know is refused", func(t *testing.T) {
		s := simulator(t, carriersim.Options{})
		b := s.mustBook(t, order(parcels(2)))
		for n, code := range map[string]string{number1: "190100", b.Numbers[1]: "190102"} { // a second box is no shipment
			if got := s.Void(t.Context(), order(), n, s.call()); got.Kind != carrier.VoidRefused || got.Code != code || s.sim.Live("FL-REF-1") != 1 {
				t.Errorf("%s: %v %s, want Refused %s", n, got.Kind, got.Code, code)
			}
		}
	})
	t.Run("what is void is not found", func(t *testing.T) {
		s := simulator(t, carriersim.Options{})
		o := order(abroad(canada, "ups_standard"))
		b := s.mustBook(t, o)
		if got := s.Void(t.Context(), o, b.TrackingNumber, s.call()); got.Kind != carrier.Voided {
			t.Fatalf("%v (%s)", got.Kind, got.Message)
		}
		if f := s.Find(t.Context(), o, s.call()); f.Kind == carrier.Found {
			t.Errorf("found %+v", f.Bookings)
		}
	})
}

func TestSimulatedAddresses(t *testing.T) {
	s := simulator(t, carriersim.Options{})
	to := order().Shipment.To
	with := func(lines ...string) ship.Address {
		a := to
		a.Lines = lines
		return a
	}
	elsewhere, island := to, to
	elsewhere.State = "CA"
	puertoRico.put(&island)
	for name, tc := range map[string]struct {
		a     ship.Address
		want  carrier.Verdict
		place ship.Place
		n     int
	}{
		"as it is":                     {to, carrier.AddressValid, ship.Residence, 1},
		"misspelt":                     {with("1 Misspelt St", "Ste 2"), carrier.AddressCorrected, ship.Business, 1},
		"ambiguous":                    {with("1 Ambiguous 4 St"), carrier.AddressAmbiguous, ship.UnknownPlace, 4},
		"nowhere":                      {with("1 Nowhere St"), carrier.AddressUnknown, ship.UnknownPlace, 0},
		"a ZIP code of another state":  {elsewhere, carrier.AddressUnknown, ship.UnknownPlace, 0},
		"Puerto Rico as a state of it": {island, carrier.AddressValid, ship.Residence, 1},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.CheckAddress(t.Context(), tc.a, order().Account, s.call())
			if got.Kind != carrier.Answered || got.Verdict != tc.want || got.Place != tc.place || len(got.Candidates) != tc.n {
				t.Errorf("kind %d (%s), %s, %s, %d candidates; want %s, %s, %d", got.Kind, got.Message, got.Verdict, got.Place, len(got.Candidates), tc.want, tc.place, tc.n)
			}
			for _, c := range got.Candidates {
				if p := c.Normalised().Check("a"); len(p) > 0 || c.Name != tc.a.Name {
					t.Errorf("candidate %+v: %v", c, p)
				}
			}
		})
	}
	t.Run("a revoked token is unauthorized", func(t *testing.T) {
		if _, err := s.sim.RevokeTokens(); err != nil {
			t.Fatal(err)
		}
		if got := s.CheckAddress(t.Context(), to, order().Account, s.call()); got.Kind != carrier.AskUnauthorized {
			t.Errorf("kind %d (%s)", got.Kind, got.Message)
		}
		if got := s.Rates(t.Context(), order().Shipment, order().Account, s.call()); got.Kind != carrier.AskUnauthorized {
			t.Errorf("kind %d (%s)", got.Kind, got.Message)
		}
		if got := s.Void(t.Context(), order(), number1, s.call()); got.Kind != carrier.VoidUnauthenticated {
			t.Errorf("%v (%s)", got.Kind, got.Message)
		}
	})
}
