package ups

import (
	"fmt"
	"strings"
	"time"
)

// pace is how fast a service goes: business days within a country and across a border (0: by zone), and until when it
// delivers, as UPS writes it.
type pace struct {
	within, abroad int64
	by             string // "10:30 A.M."; "": by the end of the day
	guaranteed     bool
}

var paces = map[string]pace{
	"01": {1, 2, "10:30 A.M.", true}, "02": {2, 3, "", true}, "03": {}, "12": {3, 3, "", true}, "13": {1, 2, "3:00 P.M.", true},
	"14": {1, 2, "8:30 A.M.", true}, "59": {2, 3, "12:00 P.M.", true}, "07": {1, 2, "10:30 A.M.", true}, "08": {3, 4, "", false},
	"11": {}, "54": {1, 2, "9:00 A.M.", true}, "65": {1, 2, "", true}, "74": {1, 2, "12:00 P.M.", true},
}

// endOfDay is when a service without a time delivers (recorded).
const endOfDay = "233000"

// days is how many business days a service needs.
func (l lane) days(service string) int64 {
	p, n := paces[service], int64(0)
	if l.from.Country == l.to.Country {
		n = p.within
	} else {
		n = p.abroad
	}
	if n == 0 {
		n = 1 + l.zone()/2
	}
	return n
}

// readTransit reads when the shipment is picked up. UPS answers no time in transit without DeliveryTimeInformation, and
// across a border wants the weight and the value of the whole shipment (Rating.yaml).
func (u *UPS) readTransit(n node, e *enquiry) {
	abroad := e.lane.from.Country != e.lane.to.Country
	if total := n.object("ShipmentTotalWeight", false, "UnitOfMeasurement", "Weight"); total.there {
		total.object("UnitOfMeasurement", true, "Code", "Description").listed("Code", "LBS", "KGS")
		if text := total.need("Weight", 1, 8, codeTransitWeight); text != "" && !decimalForm.MatchString(text) {
			n.c.add(codeTransitWeight, "Invalid Weight.")
		}
	} else if abroad {
		n.c.add(codeTransitWeight, "Invalid Weight.")
	}
	if value := n.object("InvoiceLineTotal", false, "CurrencyCode", "MonetaryValue"); value.there {
		value.formed("CurrencyCode", 3, 3, currencyForm, "a currency code")
		value.formed("MonetaryValue", 1, 19, chargeForm, "an amount of at most two decimals")
	} else if abroad {
		n.c.add(codeTransitValue, "Invalid Shipment Contents Value.")
	}
	wish := n.object("DeliveryTimeInformation", false, "PackageBillType", "Pickup", "ReturnContractServices")
	if !wish.there {
		return
	}
	e.billType = wish.listed("PackageBillType", "02", "03", "04", "07")
	e.hour, e.pickup = "180000", u.o.Now().UTC()
	pickup := wish.object("Pickup", false, "Date", "Time")
	if hour := pickup.may("Time", 4, 6, ""); hour != "" {
		e.hour = (hour + "00")[:6]
	}
	if !pickup.there {
		return
	}
	text := pickup.need("Date", 8, 8, "")
	day, err := time.Parse("20060102", text)
	today := e.pickup
	if text != "" && (err != nil || day.Before(today.AddDate(0, 0, -36)) || day.After(today.AddDate(0, 0, 61))) {
		pickup.wrong("Date", text, "35 days into the past to 60 days into the future")
	}
	e.pickup = day
}

// timeInTransit is a service's TimeInTransit, for a pickup on the next working day.
func (e enquiry) timeInTransit(service string) object {
	p, n := paces[service], e.lane.days(service)
	pickup := workday(e.pickup)
	arrival := pickup
	for range n {
		arrival = workday(arrival.AddDate(0, 0, 1))
	}
	total := int64(arrival.Sub(pickup).Hours()) / 24
	estimate := object{
		"Arrival":               object{"Date": arrival.Format("20060102"), "Time": clock(p.by)},
		"BusinessDaysInTransit": fmt.Sprint(n),
		"Pickup":                object{"Date": pickup.Format("20060102"), "Time": e.hour},
		"DayOfWeek":             strings.ToUpper(arrival.Weekday().String()[:3]),
		"CustomerCenterCutoff":  "170000",
	}
	whole := object{"PickupDate": e.pickup.Format("20060102"), "PackageBillType": e.billType}
	if e.lane.from.Country != e.lane.to.Country {
		estimate["TotalTransitDays"] = fmt.Sprint(total)
		estimate["RestDays"] = fmt.Sprint(total - n)
		estimate["HolidayCount"], estimate["DelayCount"] = "0", "0"
		whole["AutoDutyCode"] = "01"
	}
	summary := object{"Service": object{"Description": "UPS " + strings.TrimPrefix(services[service], "UPS ")}, "EstimatedArrival": estimate, "SaturdayDelivery": "0"}
	if p.guaranteed {
		summary["GuaranteedIndicator"] = ""
	}
	whole["ServiceSummary"] = summary
	return whole
}

// workday is the day, or the Monday after a weekend.
func workday(day time.Time) time.Time {
	for day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
		day = day.AddDate(0, 0, 1)
	}
	return day
}

// clock writes UPS's time of day as HHMMSS.
func clock(by string) string {
	t, err := time.Parse("3:04 PM", strings.NewReplacer("A.M.", "AM", "P.M.", "PM").Replace(by))
	if err != nil {
		return endOfDay
	}
	return t.Format("150405")
}
