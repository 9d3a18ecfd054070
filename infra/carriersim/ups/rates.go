package ups

import (
	"fmt"

	"github.com/fairlead/fairlead/infra/carriersim/fault"
)

// rateForm is how a version of Rating sends lists of one: the rated shipment, and every other list.
type rateForm struct{ object, parts bool }

// rates answers an enquiry. Garbled, the first rate of the answer has no amount, as it happens with UPS.
func (u *UPS) rates(e enquiry, form rateForm) fault.Answer {
	if len(e.services) == 0 {
		return refusal(wireError{codeRateService, noService})
	}
	qualified := u.o.Switches.Get().Qualified(e.account)
	alerts := []any{alert(alertReference)}
	if e.negotiated && !qualified {
		alerts = append(alerts, alert(alertNotQualified))
	}
	rated := make([]any, len(e.services))
	for i, service := range e.services {
		rated[i] = e.rated(service, alerts, e.negotiated && qualified, form)
	}
	head := object{
		"ResponseStatus":       object{"Code": "1", "Description": "Success"},
		"Alert":                many(alerts, form.parts),
		"TransactionReference": transaction(e.context),
	}
	body := func(rated []any) object {
		return object{"RateResponse": object{"Response": head, "RatedShipment": many(rated, form.object)}}
	}
	a := answer(body(rated))
	spoilt := append([]any{without(rated[0], "MonetaryValue")}, rated[1:]...)
	a.Garbled = answer(body(spoilt)).Write
	return a
}

// rated is one service's rate.
func (e enquiry) rated(service string, alerts []any, qualified bool, form rateForm) object {
	fares, cur := e.lane.fares(service, e.loads), currency(e.lane.from.Country)
	whole := sum(fares)
	r := charges(e.subVersion, cur, whole, form.parts)
	r["Service"] = object{"Code": service, "Description": ""}
	r["RatedShipmentAlert"] = many(alerts, form.parts)
	r["BillingWeight"] = billing(e.loads...)
	if e.subVersion >= "2409" {
		r["Zone"] = fmt.Sprintf("%03d", e.lane.zone())
	}
	if e.chart {
		r["RateChart"] = "1"
	}
	if qualified {
		n := object{"TotalCharge": money(cur, negotiated(whole.total()))}
		if e.subVersion >= "2201" {
			n["BaseServiceCharge"] = many([]any{money(cur, negotiated(whole.base))}, form.parts)
		}
		r["NegotiatedRateCharges"] = n
	}
	packages := make([]any, len(fares))
	for i, f := range fares {
		packages[i] = e.ratedPackage(e.loads[i], f, cur, form)
	}
	r["RatedPackage"] = many(packages, form.parts)
	if p := paces[service]; p.guaranteed {
		g := object{"BusinessDaysInTransit": fmt.Sprint(e.lane.days(service))}
		if p.by != "" {
			g["DeliveryByTime"] = p.by
		}
		r["GuaranteedDelivery"] = g
	}
	if !e.pickup.IsZero() {
		r["TimeInTransit"] = e.timeInTransit(service)
	}
	return r
}

func (e enquiry) ratedPackage(l load, f fare, cur string, form rateForm) object {
	p := object{
		"TransportationCharges": money(cur, f.total()),
		"ServiceOptionsCharges": money(cur, 0),
		"TotalCharges":          money(cur, f.total()),
		"Weight":                decimal(l.weight),
		"BillingWeight":         billing(l),
	}
	if e.subVersion >= "1607" {
		p["ItemizedCharges"] = many(itemized(cur, f), form.parts)
	}
	if e.subVersion >= "1701" {
		p["BaseServiceCharge"] = money(cur, f.base)
	}
	return p
}

// decimal writes hundredths with one decimal, or two where they are needed.
func decimal(hundredths int64) string {
	if hundredths%10 == 0 {
		return fmt.Sprintf("%d.%d", hundredths/100, hundredths/10%10)
	}
	return fmt.Sprintf("%d.%02d", hundredths/100, hundredths%100)
}
