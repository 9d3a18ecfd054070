package sim

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// currency is that of every price.
const currency = "USD"

// distance is how far a shipment goes.
type distance int

const (
	local    distance = iota // postcodes that begin with the same two characters
	national                 // within a country
	abroad
)

// tariff is what a service costs in cents and how many business days it takes, by distance.
type tariff struct {
	first, more [3]int64 // the first started 500 g of a parcel, and every further
	days        [3]int64
	until       string // the time of day at which it is delivered; "" for any
}

var tariffs = map[string]tariff{
	"sim_economy":   {[3]int64{450, 600, 1800}, [3]int64{20, 35, 250}, [3]int64{4, 6, 15}, ""},
	"sim_ground":    {[3]int64{650, 850, 2400}, [3]int64{30, 50, 320}, [3]int64{2, 4, 9}, ""},
	"sim_express":   {[3]int64{1400, 1900, 4200}, [3]int64{70, 110, 600}, [3]int64{1, 2, 4}, ""},
	"sim_overnight": {[3]int64{2600, 3400, 7900}, [3]int64{120, 180, 950}, [3]int64{1, 1, 2}, "12:00"},
}

const (
	step        = 500   // grams to a step of a tariff
	perKilogram = 5_000 // cubic millimetres that count as one gram: 5,000 cm³ count as a kilogram
	fuelPercent = 12
	toResidence = 395 // cents a parcel
)

// Rates offers every service, or the one that was asked for, cheapest first. A question for rates alone has no
// reference, so the first line of the consignee's address counts as well.
func (s *Sim) Rates(_ context.Context, sh ship.Shipment, acct carrier.Account, _ carrier.Call) carrier.RateAnswer {
	if p := s.checkLoad(sh); len(p) > 0 {
		return carrier.RateAnswer{Kind: carrier.AskImpossible, Code: "unsupported", Message: p[0].Field + ": " + p[0].Detail}
	}
	words := sh.Reference + "\n" + firstLine(sh.To)
	switch {
	case acct.Mode != ship.Test:
		return carrier.RateAnswer{Kind: carrier.AskRefused, Code: liveMode, Message: liveModeSaid}
	case marked(words, ratesDown):
		return carrier.RateAnswer{Message: lost, Raw: carrier.Answer{Sent: true, Error: lost}}
	case marked(words, noRates):
		a := carrier.RateAnswer{Kind: carrier.AskRefused, Code: "sim_no_service", Message: "The test carrier offers no service for a shipment that says " + noRates + "."}
		a.Raw = said(http.StatusBadRequest, a.Code, a.Message)
		return a
	}
	wanted := []string{sh.Service}
	if open(sh.Service) {
		wanted = slices.Sorted(maps.Keys(s.desc.Services))
	}
	a := carrier.RateAnswer{Kind: carrier.Answered, Raw: carrier.Answer{Status: http.StatusOK, Sent: true}}
	for _, service := range wanted {
		sh.Service = service
		a.Rates = append(a.Rates, s.rate(sh))
	}
	slices.SortStableFunc(a.Rates, func(x, y ship.Rate) int { return int(x.Total.Minor - y.Total.Minor) })
	return a
}

// open tells whether a service is still to be chosen.
func open(service string) bool {
	return service == "" || service == ship.Cheapest || service == ship.Fastest
}

// rate is the offer of a shipment's service as of now.
func (s *Sim) rate(sh ship.Shipment) ship.Rate {
	t, far := tariffs[sh.Service], reach(sh)
	r := ship.Rate{
		Service: sh.Service, Title: s.desc.Services[sh.Service].Title, BusinessDays: t.days[far],
		DeliveryDate: afterBusinessDays(s.now().UTC(), t.days[far]).Format(time.DateOnly), DeliveryTime: t.until, Guaranteed: t.until != "",
	}
	base := int64(0)
	for _, p := range sh.Parcels {
		billed := billable(p)
		r.Weight += billed
		base += t.first[far] + t.more[far]*((int64(billed)-1)/step)
	}
	add := func(code ship.ChargeCode, title string, cents int64) {
		r.Charges = append(r.Charges, ship.Charge{Code: code, Title: title, Amount: ship.Money{Minor: cents, Currency: currency}})
		r.Total = ship.Money{Minor: r.Total.Minor + cents, Currency: currency}
	}
	add(ship.BaseCharge, r.Title, base)
	add(ship.FuelCharge, "Fuel", (base*fuelPercent+99)/100)
	if sh.To.Residential != nil && *sh.To.Residential {
		add(ship.ResidentialCharge, "Delivery to a residence", toResidence*int64(len(sh.Parcels)))
	}
	return r
}

// reach is how far apart the two ends of a shipment are.
func reach(sh ship.Shipment) distance {
	from, to := sh.From, sh.To
	switch {
	case from.Country != to.Country:
		return abroad
	case len(from.Postcode) >= 2 && len(to.Postcode) >= 2 && from.Postcode[:2] == to.Postcode[:2]:
		return local
	}
	return national
}

// billable is what a parcel is charged for: its weight, or its volume where that counts as more.
func billable(p ship.Parcel) ship.Grams {
	volume := int64(p.Length) * int64(p.Width) * int64(p.Height)
	return max(p.Weight, ship.Grams((volume+perKilogram-1)/perKilogram))
}

// afterBusinessDays is the day n business days after t; Saturdays and Sundays are none.
func afterBusinessDays(t time.Time, n int64) time.Time {
	for n > 0 {
		t = t.AddDate(0, 0, 1)
		if d := t.Weekday(); d != time.Saturday && d != time.Sunday {
			n--
		}
	}
	return t
}
