package booking_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

func usd(minor int64) ship.Money { return ship.Money{Minor: minor, Currency: "USD"} }

var offers = []ship.Rate{
	{Service: "ground", Total: usd(900), BusinessDays: 5},
	{Service: "saver", Total: usd(900), BusinessDays: 3},
	{Service: "air", Total: usd(2500), BusinessDays: 1, DeliveryTime: "12:00"},
	{Service: "early", Total: usd(4000), BusinessDays: 1, DeliveryTime: "09:00"},
	{Service: "late", Total: usd(1000), BusinessDays: 1},
	{Service: "economy", Total: usd(700)}, // says nothing of its time
	{Service: "abroad", Total: ship.Money{Minor: 100, Currency: "EUR"}, BusinessDays: 1, DeliveryTime: "08:00"},
}

func TestChoose(t *testing.T) {
	for name, c := range map[string]struct {
		want   string
		filter *ship.Filter
		offers []ship.Rate
		chosen string
	}{
		"the cheapest of all":                               {ship.Cheapest, nil, offers, "economy"},
		"of two that cost the same the faster":              {ship.Cheapest, &ship.Filter{Services: []string{"ground", "saver"}}, offers, "saver"},
		"of two alike the one that comes first by its code": {ship.Cheapest, nil, []ship.Rate{{Service: "b", Total: usd(1)}, {Service: "a", Total: usd(1)}}, "a"},
		"the fastest of all":                                {ship.Fastest, nil, offers, "early"},
		"a time that is not said is the end of the day":     {ship.Fastest, &ship.Filter{Services: []string{"late", "air"}}, offers, "air"},
		"of two as fast the cheaper":                        {ship.Fastest, nil, []ship.Rate{{Service: "a", Total: usd(2), BusinessDays: 1}, {Service: "b", Total: usd(1), BusinessDays: 1}}, "b"},
		"days that are not said are last":                   {ship.Fastest, &ship.Filter{Services: []string{"economy", "ground"}}, offers, "ground"},
		"days that are not said fit no bound":               {ship.Cheapest, &ship.Filter{MaxBusinessDays: 5}, offers, "saver"},
		"the bound on days holds":                           {ship.Cheapest, &ship.Filter{MaxBusinessDays: 2}, offers, "late"},
		"the bound on the total holds, itself included":     {ship.Fastest, &ship.Filter{MaxTotal: &ship.Money{Minor: 2500, Currency: "USD"}}, offers, "air"},
		"a bound in another currency compares that alone":   {ship.Fastest, &ship.Filter{MaxTotal: &ship.Money{Minor: 2500, Currency: "EUR"}}, offers, "abroad"},
		"currencies are not compared":                       {ship.Cheapest, nil, []ship.Rate{{Service: "a", Total: usd(500)}, {Service: "b", Total: ship.Money{Minor: 400, Currency: "JPY"}}}, "a"},
		"nothing fits the services":                         {ship.Cheapest, &ship.Filter{Services: []string{"rail"}}, offers, ""},
		"nothing fits the total":                            {ship.Cheapest, &ship.Filter{MaxTotal: &ship.Money{Minor: 1, Currency: "USD"}}, offers, ""},
		"nothing is offered":                                {ship.Fastest, nil, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := booking.Choose(c.want, c.filter, c.offers)
			if got.Service != c.chosen || ok != (c.chosen != "") {
				t.Errorf("chose %q, want %q", got.Service, c.chosen)
			}
		})
	}
}

// offering is a carrier that tells prices as the test says.
type offering struct {
	*scripted
	rates func(n int) carrier.RateAnswer
	asked int
	call  carrier.Call
}

// Rates implements carrier.Rater.
func (o *offering) Rates(_ context.Context, _ ship.Shipment, _ carrier.Account, c carrier.Call) carrier.RateAnswer {
	o.asked++
	o.call = c
	return o.rates(o.asked)
}

// ordered creates and confirms a shipment that change has made of the usual one.
func (d *desk) ordered(change func(s *ship.Shipment)) string {
	d.t.Helper()
	o := d.order(d.t.Name(), true)
	change(&o.Shipment)
	a, err := d.service.Create(d.ctx, tenant, ship.Test, o)
	if err != nil {
		d.t.Fatal(err)
	}
	return a.Record.ID
}

func TestChosenService(t *testing.T) {
	cheapest := func(s *ship.Shipment) { s.Service = ship.Cheapest }
	desk := func(t *testing.T, rates func(int) carrier.RateAnswer) (*desk, *offering) {
		d := newDesk(t)
		d.carrier.book = always(done("1Z1"))
		o := &offering{scripted: d.carrier, rates: rates}
		d.worker.Carriers["acme"] = o
		return d, o
	}
	answered := always(carrier.RateAnswer{Kind: carrier.Answered, Rates: offers})
	t.Run("the best offer is booked, frozen by the claim, and shown", func(t *testing.T) {
		d, o := desk(t, answered)
		id := d.ordered(cheapest)
		d.book(id)
		r := d.want(id, booking.Booked)
		if r.Service != "economy" || d.carrier.orders[0].Shipment.Service != "economy" {
			t.Errorf("claimed %q, booked %q", r.Service, d.carrier.orders[0].Shipment.Service)
		}
		if left := o.call.Deadline.Sub(d.clock()); left != 20*time.Second {
			t.Errorf("asked with %v left", left)
		}
	})
	t.Run("a later attempt books what an earlier one has chosen, whatever the offers are by then", func(t *testing.T) {
		d, o := desk(t, answered)
		d.carrier.book = func(n int) carrier.Outcome {
			if n == 1 {
				return carrier.Outcome{Kind: carrier.Throttled}
			}
			return done("1Z1")
		}
		id := d.ordered(cheapest)
		d.book(id)
		d.want(id, booking.Pending)
		o.rates = always(carrier.RateAnswer{Kind: carrier.Answered, Rates: offers[:1]})
		d.tick(time.Hour)
		d.book(id)
		if r := d.want(id, booking.Booked); r.Service != "economy" || d.carrier.orders[1].Shipment.Service != "economy" || o.asked != 1 {
			t.Errorf("claimed %q, booked %q, asked %d times", r.Service, d.carrier.orders[1].Shipment.Service, o.asked)
		}
	})
	t.Run("what was refused and is confirmed again is chosen for anew", func(t *testing.T) {
		d, o := desk(t, answered)
		d.carrier.book = always(carrier.Outcome{Kind: carrier.Refused, Code: "1"})
		id := d.ordered(cheapest)
		d.book(id)
		r := d.want(id, booking.Failed)
		if _, err := d.service.Confirm(d.ctx, tenant, ship.Test, id, r.Version, "again"); err != nil {
			t.Fatal(err)
		}
		o.rates = always(carrier.RateAnswer{Kind: carrier.Answered, Rates: offers[:2]}) // economy is no longer on offer
		d.carrier.book = always(done("1Z1"))
		d.book(id)
		if r := d.want(id, booking.Booked); r.Service != "saver" || o.asked != 2 {
			t.Errorf("booked %q, asked %d times", r.Service, o.asked)
		}
	})
	t.Run("unless an earlier attempt may yet turn up: that was made with what is frozen", func(t *testing.T) {
		d, o := desk(t, answered)
		id := d.failedAfterAbsence(cheapest)
		r := d.record(id)
		if _, err := d.service.Confirm(d.ctx, tenant, ship.Test, id, r.Version, "again"); err != nil {
			t.Fatal(err)
		}
		if _, err := d.service.Confirm(d.ctx, tenant, ship.Test, id, r.Version, "another"); !isStale(err) {
			t.Errorf("confirmed with another key: %v", err)
		}
		d.cameLate(id, "1Z1")
		d.recover(id)
		d.recover(id)
		if r := d.want(id, booking.Booked); r.Service != "economy" || o.asked != 1 {
			t.Errorf("shown as %q, asked %d times", r.Service, o.asked)
		}
	})
	t.Run("an edited order is chosen for anew", func(t *testing.T) {
		d, _ := desk(t, answered)
		d.carrier.book = func(n int) carrier.Outcome {
			if n == 1 {
				return carrier.Outcome{Kind: carrier.Refused, Code: "1"}
			}
			return done("1Z1")
		}
		id := d.ordered(cheapest)
		old := d.message(id, booking.TypeBook)
		d.book(id)
		r := d.want(id, booking.Failed)
		a, err := d.service.Update(d.ctx, tenant, ship.Test, id, r.Version, func(s ship.Shipment) (ship.Shipment, string, error) {
			s.Service = ship.Fastest
			return s, "", nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.service.Confirm(d.ctx, tenant, ship.Test, id, a.Record.Version, "again"); err != nil {
			t.Fatal(err)
		}
		old.Receipt = "again" // a message of the old content
		if err := d.worker.Handle(d.ctx, old); err != nil {
			t.Fatal(err)
		}
		if r := d.want(id, booking.Booked); r.Service != "early" {
			t.Errorf("booked %q", r.Service)
		}
	})
	t.Run("what was ordered before an edit chooses nothing for what is ordered now, whoever dies", func(t *testing.T) {
		d, o := desk(t, answered)
		d.account.RebookOnAbsent = true
		d.carrier.book = always(carrier.Outcome{Kind: carrier.Refused, Code: "1"})
		id := d.ordered(func(s *ship.Shipment) { s.Service = "air" })
		before := d.record(id).RequestFP
		d.book(id)
		r := d.want(id, booking.Failed)
		a, err := d.service.Update(d.ctx, tenant, ship.Test, id, r.Version, func(s ship.Shipment) (ship.Shipment, string, error) {
			s.Service = ship.Cheapest
			return s, "", nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.service.Confirm(d.ctx, tenant, ship.Test, id, a.Record.Version, "again"); err != nil {
			t.Fatal(err)
		}
		// A worker that a message of the old content reached, and that dies after its claim.
		_, err = d.store.Claim(d.ctx, tenant, booking.Claim{Mode: ship.Test, ID: id, Me: "dead", Request: before, Now: d.clock(), Lease: d.clock().Add(75 * time.Second),
			SendBy: d.clock().Add(15 * time.Second), Account: acct, Service: "air"})
		if _, refused := errors.AsType[*booking.Refused](err); !refused {
			t.Fatalf("it claimed: %v", err)
		}
		d.carrier.book = always(done("1Z1"))
		d.book(id)
		if r := d.want(id, booking.Booked); r.Service != "economy" || o.asked != 1 {
			t.Errorf("booked %q, asked %d times", r.Service, o.asked)
		}
	})
	t.Run("no offer that fits ends it, with what there was", func(t *testing.T) {
		d, _ := desk(t, answered)
		id := d.ordered(func(s *ship.Shipment) { s.Service, s.Filter = ship.Fastest, &ship.Filter{Services: []string{"rail"}} })
		d.book(id)
		if r := d.want(id, booking.Failed); r.Failure.Code != "no_rate" || !strings.Contains(r.Failure.Detail, "ground for 9.00 USD in 5 business days") || d.carrier.booked != 0 {
			t.Errorf("failure %v", r.Failure)
		}
	})
	t.Run("a refused question ends it with the carrier's words; one that can't be asked comes back", func(t *testing.T) {
		d, o := desk(t, always(carrier.RateAnswer{Kind: carrier.AskThrottled}))
		id := d.ordered(cheapest)
		d.book(id)
		if r := d.want(id, booking.Pending); r.Attempts != 0 || len(d.sent.sent) != 1 {
			t.Errorf("attempts %d, sent %d", r.Attempts, len(d.sent.sent))
		}
		o.rates = always(carrier.RateAnswer{Kind: carrier.AskRefused, Code: "111210", Message: "unavailable between these locations"})
		d.book(id)
		if r := d.want(id, booking.Failed); *r.Failure != (booking.Failure{Source: "carrier", Code: "111210", Detail: "unavailable between these locations"}) {
			t.Errorf("failure %v", r.Failure)
		}
	})
	t.Run("what the adapter can't ask is Fairlead's own no", func(t *testing.T) {
		d, _ := desk(t, always(carrier.RateAnswer{Kind: carrier.AskImpossible, Code: "too_heavy", Message: "70 kg at most"}))
		id := d.ordered(cheapest)
		d.book(id)
		if r := d.want(id, booking.Failed); *r.Failure != (booking.Failure{Source: "fairlead", Code: "too_heavy", Detail: "70 kg at most"}) {
			t.Errorf("failure %v", r.Failure)
		}
	})
	t.Run("a refused token is refreshed once, and books as well", func(t *testing.T) {
		d, o := desk(t, func(n int) carrier.RateAnswer {
			if n == 1 {
				return carrier.RateAnswer{Kind: carrier.AskUnauthorized}
			}
			return carrier.RateAnswer{Kind: carrier.Answered, Rates: offers}
		})
		id := d.ordered(cheapest)
		d.book(id)
		if d.want(id, booking.Booked); o.asked != 2 {
			t.Errorf("asked %d times", o.asked)
		}
	})
	t.Run("a carrier without prices ends it, and says what to do", func(t *testing.T) {
		d := newDesk(t)
		id := d.ordered(cheapest)
		d.book(id)
		if r := d.want(id, booking.Failed); r.Failure.Code != "rates_unsupported" {
			t.Errorf("failure %v", r.Failure)
		}
	})
	t.Run("nothing is asked for what is not pending", func(t *testing.T) {
		d, o := desk(t, answered)
		id := d.cancelled(d.ordered(cheapest))
		d.book(id)
		if d.want(id, booking.Cancelled); o.asked != 0 || len(d.sent.sent) != 0 {
			t.Errorf("asked %d times, sent %v", o.asked, d.sent.sent)
		}
	})
	t.Run("a look-up, a label and a void are asked for with what was claimed", func(t *testing.T) {
		d, _ := desk(t, answered)
		d.carrier.book, d.carrier.find = always(carrier.Outcome{Kind: carrier.Unknown}), always(foundAt("1Z1"))
		id := d.ordered(cheapest)
		d.book(id)
		var seen carrier.Order
		d.worker.Carriers["acme"] = watched{d.carrier, &seen}
		d.tick(time.Minute)
		d.recover(id)
		if d.want(id, booking.Booked); seen.Shipment.Service != "economy" {
			t.Errorf("looked up as %q", seen.Shipment.Service)
		}
	})
	t.Run("a rate that has expired books nothing", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(done("1Z1"))
		id := d.ordered(func(s *ship.Shipment) {
			s.Quote = &ship.Quote{ID: "rate_1", Total: usd(5), Expires: d.clock().Add(time.Minute)}
		})
		d.tick(time.Minute)
		d.book(id)
		if r := d.want(id, booking.Failed); r.Failure.Code != "rate_expired" || d.carrier.booked != 0 {
			t.Errorf("failure %v, %d calls", r.Failure, d.carrier.booked)
		}
	})
	t.Run("one that has not is booked", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(done("1Z1"))
		id := d.ordered(func(s *ship.Shipment) {
			s.Quote = &ship.Quote{ID: "rate_1", Total: usd(5), Expires: d.clock().Add(time.Minute)}
		})
		d.book(id)
		d.want(id, booking.Booked)
	})
}

// watched remembers the order that a look-up was made with.
type watched struct {
	*scripted
	seen *carrier.Order
}

// Find implements carrier.Finder.
func (w watched) Find(ctx context.Context, o carrier.Order, c carrier.Call) carrier.Finding {
	*w.seen = o
	return w.scripted.Find(ctx, o, c)
}
