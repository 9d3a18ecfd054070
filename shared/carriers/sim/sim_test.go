package sim

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

const ourReference = "k5ql4vdyx2mvkx4w7m3bq2c6ee"

// order is one that the test carrier books, under a shipper's reference.
func order(reference string) carrier.Order {
	return carrier.Order{
		Reference: ourReference,
		Account:   carrier.Account{ID: "ca_1", Tenant: "t_1", Mode: ship.Test, Carrier: Name, Number: "TEST"},
		Shipment: ship.Shipment{
			Reference: reference, Service: "sim_ground", CarrierAccount: "ca_1",
			From:    ship.Address{Name: "Cedar Books", Lines: []string{"1208 SE Hawthorne Blvd"}, City: "Portland", State: "OR", Postcode: "97214", Country: "US"},
			To:      ship.Address{Name: "Jo Doe", Company: "Doe & Co", Lines: []string{"100 Main Street", "Floor 2"}, City: "New York", State: "NY", Postcode: "10001", Country: "US"},
			Parcels: []ship.Parcel{{Weight: 1200, Length: 300, Width: 200, Height: 100}},
			Label:   ship.LabelSpec{Format: ship.ZPL, Size: ship.Size4x6},
		},
	}
}

// at is a carrier whose clock stands at a minute and second of an hour.
func at(minute, second int) *Sim {
	now := time.Date(2026, 11, 20, 15, minute, second, 0, time.UTC)
	return New(func() time.Time { return now })
}

// call is one with a token made age ago.
func call(s *Sim, age time.Duration) carrier.Call {
	made := &Sim{desc: s.desc, now: func() time.Time { return s.now().Add(-age) }}
	token, err := made.Login(context.Background(), order("").Account)
	if err != nil {
		panic(err)
	}
	return carrier.Call{Token: token, SendBy: s.now().Add(15 * time.Second), Deadline: s.now().Add(40 * time.Second)}
}

func TestTheSameOrderIsTheSameBookingWhereverItIsMadeOrAskedFor(t *testing.T) {
	for _, f := range []ship.LabelFormat{ship.ZPL, ship.GIF, ship.PNG, ship.PDF} {
		t.Run(string(f), func(t *testing.T) {
			o := order("box-1")
			o.Shipment.Label.Format = f
			o.Shipment.Parcels = append(o.Shipment.Parcels, ship.Parcel{Weight: 400})
			first := at(0, 0).Book(t.Context(), o, call(at(0, 0), 0))
			if first.Kind != carrier.Done || len(first.Booking.Numbers) != 2 || len(first.Booking.Label.Pages) != 2 || first.Booking.At.IsZero() {
				t.Fatalf("%v %s %+v, want Done with two numbers and pages", first.Kind, first.Message, first.Booking)
			}
			again := at(0, 0).Book(t.Context(), o, call(at(0, 0), time.Hour))
			if d := cmp.Diff(first, again); d != "" {
				t.Errorf("booked again: %s", d)
			}
			found := at(0, 0).Find(t.Context(), o, carrier.Call{})
			if d := cmp.Diff([]ship.Booking{*first.Booking}, found.Bookings); found.Kind != carrier.Found || d != "" {
				t.Errorf("found %d: %s", found.Kind, d)
			}
			for _, n := range first.Booking.Numbers {
				label, err := at(0, 0).Label(t.Context(), o, n, carrier.Call{})
				if d := cmp.Diff(*first.Booking.Label, label); err != nil || d != "" {
					t.Errorf("label of %s: %v %s", n, err, d)
				}
			}
		})
	}
}

func TestAnotherOrderHasOtherNumbers(t *testing.T) {
	o := order("")
	o.Reference = "k5ql4vdyx2mvkx4w7m3bq2c6ef"
	one, other := order(""), o
	s := at(0, 0)
	if a, b := s.booking(one, 0), s.booking(other, 0); a.TrackingNumber == b.TrackingNumber {
		t.Errorf("both are %s", a.TrackingNumber)
	}
	foreign := s.booking(other, 0).TrackingNumber
	if _, err := s.Label(t.Context(), one, foreign, carrier.Call{}); err == nil {
		t.Error("it has the label of another order's number")
	}
	if v := s.Void(t.Context(), one, foreign, carrier.Call{}); v.Kind != carrier.VoidRefused || v.Code != "sim_not_found" {
		t.Errorf("void of another order's number: %v %s", v.Kind, v.Code)
	}
}

func TestWhatIsTooLateIsNotSent(t *testing.T) {
	s := at(0, 0)
	gone, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("stopped by the test"))
	late, over := call(s, 0), call(s, 0)
	late.SendBy, over.Deadline = s.now().Add(-time.Millisecond), s.now()
	for name, c := range map[string]struct {
		ctx  context.Context
		call carrier.Call
		want carrier.Kind
	}{
		"in time is done":           {t.Context(), call(s, 0), carrier.Done},
		"without bounds is done":    {t.Context(), carrier.Call{Token: call(s, 0).Token}, carrier.Done},
		"past send-by is not sent":  {t.Context(), late, carrier.NotSent},
		"past deadline is not sent": {t.Context(), over, carrier.NotSent},
		"cancelled is not sent":     {gone, call(s, 0), carrier.NotSent},
	} {
		t.Run(name, func(t *testing.T) {
			if out := s.Book(c.ctx, order(""), c.call); out.Kind != c.want || out.Raw.Sent != (c.want == carrier.Done) {
				t.Errorf("%v (%s), sent %v; want %v", out.Kind, out.Message, out.Raw.Sent, c.want)
			}
			want := carrier.VoidNotSent
			if c.want == carrier.Done {
				want = carrier.Voided
			}
			if v := s.Void(c.ctx, order(""), s.booking(order(""), 0).TrackingNumber, c.call); v.Kind != want {
				t.Errorf("void: %v (%s), want %v", v.Kind, v.Message, want)
			}
		})
	}
}

func TestLiveShipmentsAreRefused(t *testing.T) {
	s, o := at(0, 0), order("")
	o.Account.Mode = ship.Live
	n := s.booking(o, 0).TrackingNumber
	if out := s.Book(t.Context(), o, call(s, 0)); out.Kind != carrier.Refused || out.Code != "live_mode" || out.Message == "" {
		t.Errorf("book: %+v", out)
	}
	if f := s.Find(t.Context(), o, carrier.Call{}); f.Kind != carrier.FindFailed {
		t.Errorf("find: %d", f.Kind)
	}
	if _, err := s.Label(t.Context(), o, n, carrier.Call{}); err == nil {
		t.Error("it hands out a label")
	}
	if v := s.Void(t.Context(), o, n, carrier.Call{}); v.Kind != carrier.VoidRefused || v.Code != "live_mode" {
		t.Errorf("void: %+v", v)
	}
	if r := s.Rates(t.Context(), o.Shipment, o.Account, carrier.Call{}); r.Kind != carrier.AskRefused || r.Code != "live_mode" || len(r.Rates) > 0 {
		t.Errorf("rates: %+v", r)
	}
	if a := s.CheckAddress(t.Context(), o.Shipment.To, o.Account, carrier.Call{}); a.Kind != carrier.AskRefused || a.Code != "live_mode" {
		t.Errorf("address: %+v", a)
	}
}

func TestOrderThatCanNeverBeBookedIsRefused(t *testing.T) {
	s := at(0, 0)
	for name, c := range map[string]struct {
		change func(*carrier.Order)
		find   carrier.FindKind
	}{
		"service of another carrier": {func(o *carrier.Order) { o.Shipment.Service = "ups_ground" }, carrier.Absent},
		"service not chosen":         {func(o *carrier.Order) { o.Shipment.Service = ship.Cheapest }, carrier.FindFailed},
		"no parcel":                  {func(o *carrier.Order) { o.Shipment.Parcels = nil }, carrier.Absent},
		"unknown format":             {func(o *carrier.Order) { o.Shipment.Label.Format = "png8" }, carrier.Absent},
		"no reference of ours":       {func(o *carrier.Order) { o.Reference = "" }, carrier.Absent},
	} {
		t.Run(name, func(t *testing.T) {
			o := order("")
			c.change(&o)
			if out := s.Book(t.Context(), o, call(s, 0)); out.Kind != carrier.Refused || out.Code != "unsupported" || out.Message == "" || out.Raw.Sent {
				t.Errorf("%v %s %q", out.Kind, out.Code, out.Message)
			}
			if f := s.Find(t.Context(), o, carrier.Call{}); f.Kind != c.find {
				t.Errorf("find: %d, want %d", f.Kind, c.find)
			}
		})
	}
}

func TestCheckTellsWhatIsNotTaken(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*ship.Shipment)
		want   map[string]string // field: code
	}{
		"cheapest is chosen later": {func(s *ship.Shipment) { s.Service = ship.Cheapest }, nil},
		"a pdf on a sheet":         {func(s *ship.Shipment) { s.Label = ship.LabelSpec{Format: ship.PDF, Size: ship.SizeA4} }, nil},
		"abroad":                   {func(s *ship.Shipment) { s.To.Country = "NZ" }, nil},
		"another size":             {func(s *ship.Shipment) { s.Label.Size = "4x8" }, map[string]string{"label.size": "unsupported"}},
		"too many parcels":         {func(s *ship.Shipment) { s.Parcels = make([]ship.Parcel, 21) }, map[string]string{"parcels": "invalid", "parcels[0].weight_g": "invalid", "parcels[20].weight_g": "invalid"}},
		"a service that it lacks":  {func(s *ship.Shipment) { s.Service = "sim_rocket" }, map[string]string{"service": "unknown"}},
		"a filter for services that it lacks": {func(s *ship.Shipment) {
			s.Service, s.Filter = ship.Cheapest, &ship.Filter{Services: []string{"sim_ground", "sim_rocket"}}
		}, map[string]string{"filter.services[1]": "unknown"}},
		"heavy and long": {func(s *ship.Shipment) {
			s.Parcels[0] = ship.Parcel{Weight: 70_001, Length: 10, Width: 2741, Height: 10}
		},
			map[string]string{"parcels[0].weight_g": "too_heavy", "parcels[0].length_mm": "too_large"}},
	} {
		t.Run(name, func(t *testing.T) {
			sh := order("").Shipment
			c.change(&sh)
			got := map[string]string{}
			for _, p := range at(0, 0).Check(sh) {
				got[p.Field] = p.Code
			}
			for field, code := range c.want {
				if got[field] != code {
					t.Errorf("%s: %q, want %q", field, got[field], code)
				}
			}
			if len(c.want) == 0 && len(got) > 0 {
				t.Errorf("problems %v, want none", got)
			}
		})
	}
}

func TestSlowAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		deadline, cancel time.Duration
		want             carrier.Kind
		took             time.Duration
	}{
		"comes after ten seconds":                  {40 * time.Second, time.Minute, carrier.Done, 10 * time.Second},
		"is not waited for past the deadline":      {2 * time.Second, time.Minute, carrier.Unknown, 2 * time.Second},
		"is not waited for by a caller that stops": {40 * time.Second, 3 * time.Second, carrier.Unknown, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := New(time.Now)
				ctx, cancel := context.WithTimeout(t.Context(), c.cancel)
				defer cancel()
				bounds := call(s, 0)
				bounds.Deadline = time.Now().Add(c.deadline)
				out := s.Book(ctx, order("sim-slow"), bounds)
				if out.Kind != c.want || out.Raw.Duration != c.took || !out.Raw.Sent {
					t.Errorf("%v after %v, sent %v; want %v after %v", out.Kind, out.Raw.Duration, out.Raw.Sent, c.want, c.took)
				}
				if f := s.Find(t.Context(), order("sim-slow"), carrier.Call{}); f.Kind != carrier.Found {
					t.Errorf("asked for it: %d, want Found", f.Kind)
				}
			})
		})
	}
}

func TestLogin(t *testing.T) {
	s, acct := at(0, 0), order("").Account
	if token, err := s.Login(t.Context(), acct); err != nil || token.Value == "" || !token.Expires.IsZero() {
		t.Errorf("%+v %v, want a token that never expires", token, err)
	}
	acct.Number = "DENIED"
	if _, err := s.Login(t.Context(), acct); err == nil {
		t.Error("DENIED is let in")
	} else if _, ok := errors.AsType[*carrier.LoginRefused](err); !ok {
		t.Errorf("%v, want *carrier.LoginRefused", err)
	}
}
