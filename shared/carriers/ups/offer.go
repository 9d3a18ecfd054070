package ups

import (
	"strconv"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/carriers/ups/internal/client"
	"github.com/fairlead/fairlead/shared/ship"
)

// offer reads one of Rating's offers; false when it can't be booked by.
func (u *UPS) offer(s ship.Shipment, r client.RatedShipment) (ship.Rate, bool) {
	service := u.serviceOf(string(r.Service.V.Code), country(s.From), country(s.To))
	if service == "" || !open(s) && service != s.Service {
		return ship.Rate{}, false
	}
	rate := ship.Rate{Service: service, Title: u.desc.Services[service].Title, Weight: billed(r.BillingWeight.V)}
	var ok bool
	if rate.Total, rate.Charges, rate.Negotiated, ok = price(r); !ok {
		return ship.Rate{}, false
	}
	if title := firstText(r.Service.V.Description, r.TimeInTransit.V.ServiceSummary.V.Service.V.Description); title != "" {
		rate.Title = title
	}
	arrival(&rate, r)
	for _, alert := range r.RatedShipmentAlert {
		if d := string(alert.Description); d != "" {
			rate.Notes = append(rate.Notes, d)
		}
	}
	return rate, true
}

// arrival fills in when an offer would arrive. What UPS says for this shipment goes before what it publishes for the
// service.
func arrival(rate *ship.Rate, r client.RatedShipment) {
	sum, published := r.TimeInTransit.V.ServiceSummary.V, r.GuaranteedDelivery.V
	est := sum.EstimatedArrival.V
	days, err := strconv.ParseInt(firstText(est.BusinessDaysInTransit, published.BusinessDaysInTransit), 10, 16)
	if err == nil && days > 0 {
		rate.BusinessDays = days
	}
	rate.DeliveryDate = reformat(firstText(est.Arrival.V.Date, published.ScheduledDeliveryDate), "2006-01-02", "20060102", "2006-01-02")
	clock := strings.ReplaceAll(strings.ToUpper(firstText(est.Arrival.V.Time, published.DeliveryByTime)), ".", "")
	rate.DeliveryTime = reformat(clock, "15:04", "150405", "1504", "3:04 PM", "15:04:05")
	rate.Guaranteed = bool(sum.GuaranteedIndicator)
	if est == (client.EstimatedArrival{}) { // without transit times the published commitment is all there is
		rate.Guaranteed = published.BusinessDaysInTransit != "" || published.DeliveryByTime != ""
	}
}

// reformat reads a date or a time in the first layout that fits; "" when none does.
func reformat(s, to string, layouts ...string) string {
	for _, l := range layouts {
		if t, err := time.Parse(l, s); err == nil {
			return t.Format(to)
		}
	}
	return ""
}

func firstText(texts ...client.Text) string {
	for _, t := range texts {
		if t != "" {
			return string(t)
		}
	}
	return ""
}

// billed is the billing weight in grams, rounded down: a pound is 453.59237 g, and a gram more would be charged as the
// next tenth of a pound. 0 when it can't be read.
func billed(w client.BillingWeight) ship.Grams {
	whole, frac, _ := strings.Cut(string(w.Weight), ".")
	if len(whole) < 1 || len(whole) > 6 || len(frac) > 3 {
		return 0
	}
	thousandths, err := strconv.ParseUint(whole+frac+strings.Repeat("0", 3-len(frac)), 10, 32)
	if err != nil {
		return 0
	}
	switch w.UnitOfMeasurement.V.Code {
	case "KGS":
		return ship.Grams(thousandths)
	case "LBS":
		return ship.Grams(thousandths * 45_359_237 / 100_000_000)
	}
	return 0
}
