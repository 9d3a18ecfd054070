package ups

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// simulated is the adapter against the simulator, with a token.
type simulated struct {
	*UPS
	sim  *carriersim.Server
	call func() carrier.Call
}

// clock is the system's, but for its date: UPS refuses days that are far from its own.
type clock struct{ start time.Time }

func (c clock) Now() time.Time { return testTime.Add(time.Since(c.start)) }

func (c clock) After(d time.Duration) <-chan time.Time { return time.After(d) }

func simulator(t *testing.T, o carriersim.Options) simulated {
	t.Helper()
	o.Clock = clock{time.Now()}
	sim := carriersim.New(o)
	srv := httptest.NewServer(sim)
	t.Cleanup(func() {
		sim.Release() // before Close, which waits for held answers
		srv.Close()
		sim.Close()
	})
	u := adapter(srv.URL)
	tok, err := u.Login(t.Context(), order().Account)
	if err != nil {
		t.Fatal(err)
	}
	return simulated{u, sim, func() carrier.Call {
		c := testCall()
		c.Token = tok
		return c
	}}
}

// mustBook books o and returns its tracking number.
func (s simulated) mustBook(t *testing.T, o carrier.Order) ship.Booking {
	t.Helper()
	out := s.Book(t.Context(), o, s.call())
	if out.Kind != carrier.Done {
		t.Fatalf("%v %s %s, want Done", out.Kind, out.Code, out.Message)
	}
	return *out.Booking
}

func TestSimulatorTakesEveryOrder(t *testing.T) {
	for name, o := range orders() {
		t.Run(name, func(t *testing.T) {
			s := simulator(t, carriersim.Options{})
			b := s.mustBook(t, o)
			if len(b.Numbers) != len(o.Shipment.Parcels) || b.Charge.Minor == 0 {
				t.Errorf("booking %+v", b)
			}
			l, err := s.Label(t.Context(), o, b.TrackingNumber, s.call())
			if err != nil || b.Label == nil {
				t.Fatalf("label with the booking %v, fetched again: %v", b.Label != nil, err)
			}
			for _, l := range []ship.Label{*b.Label, l} {
				if want := bookedAs(o.Shipment.Label.Format); l.Format != want || len(l.Pages) != len(o.Shipment.Parcels) || sniff(l.Pages[0]) != want {
					t.Errorf("%d pages of %s, want %d of %s", len(l.Pages), l.Format, len(o.Shipment.Parcels), want)
				}
			}
			found := s.Find(t.Context(), o, s.call())
			if found.Kind != carrier.Found || len(found.Bookings) != 1 {
				t.Fatalf("kind %d with %d bookings (%s)", found.Kind, len(found.Bookings), found.Message)
			}
			got := found.Bookings[0]
			if d := cmp.Diff(b.Numbers, got.Numbers); d != "" || got.TrackingNumber != b.TrackingNumber || got.Label == nil {
				t.Errorf("found %s with label %v\n%s", got.TrackingNumber, got.Label != nil, d)
			}
		})
	}
}

func TestSimulatorInOldFormat(t *testing.T) {
	s := simulator(t, carriersim.Options{Settings: carriersim.Settings{Polymorphic: true, NoNegotiated: true}})
	b := s.mustBook(t, order())
	if b.Label == nil || b.Charge.Minor == 0 {
		t.Errorf("booking %+v", b)
	}
	if f := s.Find(t.Context(), order(), s.call()); f.Kind != carrier.Found {
		t.Errorf("kind %d (%s), want Found", f.Kind, f.Message)
	}
}

func TestSimulatedFaults(t *testing.T) {
	cases := []struct {
		name   string
		fault  carriersim.Fault
		want   carrier.Kind
		booked int
		find   carrier.FindKind
	}{
		{"401 before", carriersim.Fault{Kind: "unauthorized"}, carrier.Unauthenticated, 0, carrier.Absent},
		{"429 before", carriersim.Fault{Kind: "throttled", RetryAfter: 3}, carrier.Throttled, 0, carrier.Absent},
		{"refusal", carriersim.Fault{Kind: "refuse"}, carrier.Refused, 0, carrier.Absent},
		{"500 before", carriersim.Fault{Kind: "error_before"}, carrier.Unknown, 0, carrier.Absent},
		{"502 before", carriersim.Fault{Kind: "error_before", Status: 502}, carrier.Unknown, 0, carrier.Absent},
		{"500 after it booked", carriersim.Fault{Kind: "error_after"}, carrier.Unknown, 1, carrier.Found},
		{"503 after it booked", carriersim.Fault{Kind: "error_after", Status: 503}, carrier.Unknown, 1, carrier.Found},
		{"empty 200", carriersim.Fault{Kind: "empty"}, carrier.Unknown, 0, carrier.Absent},
		{"drop before", carriersim.Fault{Kind: "drop_before"}, carrier.Unknown, 0, carrier.Absent},
		{"drop after it booked", carriersim.Fault{Kind: "drop_after"}, carrier.Unknown, 1, carrier.Found},
		{"booked and answered too late", carriersim.Fault{Kind: "slow", DelayMS: 60_000}, carrier.Unknown, 1, carrier.Found},
		{"booked and hidden from look-ups", carriersim.Fault{Kind: "lag", DelayMS: 600_000}, carrier.Done, 1, carrier.Absent},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			s := simulator(t, carriersim.Options{})
			tc.fault.Operation = "ship"
			if err := s.sim.SetFaults(tc.fault); err != nil {
				t.Fatal(err)
			}
			o, c := order(), s.call()
			if tc.fault.Kind == "slow" {
				c.Deadline = testTime.Add(time.Second)
			}
			out := s.Book(t.Context(), o, c)
			if out.Kind != tc.want || s.sim.Live(o.Reference) != tc.booked {
				t.Errorf("%v (%s) with %d bookings, want %v with %d", out.Kind, out.Message, s.sim.Live(o.Reference), tc.want, tc.booked)
			}
			if n := s.sim.Calls()["ship"]; n != 1 {
				t.Errorf("%d booking calls, want 1", n)
			}
			if f := s.Find(t.Context(), o, s.call()); f.Kind != tc.find || len(f.Bookings) != tc.booked && tc.find == carrier.Found {
				t.Errorf("found kind %d with %d bookings (%s), want %d", f.Kind, len(f.Bookings), f.Message, tc.find)
			}
		})
	}
}

func TestSimulatedDuplicatesAreAllFound(t *testing.T) {
	for name, o := range map[string]carrier.Order{
		"one parcel each": order(), "three parcels each": order(parcels(3)),
		"three parcels each, in GB": order(parcels(3), within("GB", "", "SW1A 1AA", "ups_standard")),
	} {
		t.Run(name, func(t *testing.T) {
			s := simulator(t, carriersim.Options{})
			want := map[string]int{s.mustBook(t, o).TrackingNumber: 1, s.mustBook(t, o).TrackingNumber: 1}
			f := s.Find(t.Context(), o, s.call())
			got := map[string]int{}
			for _, b := range f.Bookings {
				got[b.TrackingNumber]++
				if len(b.Numbers) != len(o.Shipment.Parcels) {
					t.Errorf("%s has numbers %v", b.TrackingNumber, b.Numbers)
				}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s\n%s", f.Message, d)
			}
		})
	}
}

func TestSimulatedTokens(t *testing.T) {
	s := simulator(t, carriersim.Options{})
	wrong := order().Account
	wrong.Credentials = map[string]string{"client_id": "someone", "client_secret": "a-wrong-secret"}
	_, err := s.Login(t.Context(), wrong)
	if _, refused := asLoginRefused(err); !refused {
		t.Errorf("%v, want a login that is refused", err)
	}
	b := s.mustBook(t, order())
	if _, err := s.sim.RevokeTokens(); err != nil {
		t.Fatal(err)
	}
	if out := s.Book(t.Context(), order(), s.call()); out.Kind != carrier.Unauthenticated || s.sim.Live("FL-REF-1") != 1 {
		t.Errorf("%v (%s), want Unauthenticated", out.Kind, out.Message)
	}
	if f := s.Find(t.Context(), order(), s.call()); f.Kind != carrier.FindUnauthorized {
		t.Errorf("kind %d (%s), want FindUnauthorized", f.Kind, f.Message)
	}
	if _, err := s.Label(t.Context(), order(), b.TrackingNumber, s.call()); err == nil {
		t.Error("a label with a revoked token")
	}
}
