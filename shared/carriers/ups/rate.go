package ups

import (
	"context"
	"errors"
	"fmt"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carriers/ups/internal/client"
	"github.com/fairlead/fairlead/shared/ship"
)

// rateVersion is the SubVersion from which an answer has everything that is read: the parts of a price (1601), those
// of a package (1607), the base charge (1701) and the account's own (2201).
const rateVersion = "2409"

// Rates asks Rating in one call for the account's own prices with transit times: of one service, or of all. Taxes on
// the transport are in no total, as they are in no booking's charge.
func (u *UPS) Rates(ctx context.Context, s ship.Shipment, acct carrier.Account, c carrier.Call) carrier.RateAnswer {
	if p := append(u.checkRate(s), checkAccount(acct)...); len(p) > 0 {
		return rateAnswer(unaskable(p[0].Code, p[0].Field+": "+p[0].Detail))
	}
	base, err := u.url(acct)
	if err != nil {
		return rateAnswer(asked{message: err.Error()})
	}
	option, req := u.rateRequest(s, acct)
	e := u.client.Rate(ctx, client.Session{Base: base, Token: c.Token.Value}, option, req, c.Deadline)
	var out carrier.RateAnswer
	q := u.ask("Rating", e, acct, c, func(body []byte) (err error) {
		out.Rates, err = u.offers(s, body)
		return err
	})
	q.fillRates(&out)
	return out
}

func rateAnswer(q asked) (out carrier.RateAnswer) {
	q.fillRates(&out)
	return out
}

func (q asked) fillRates(out *carrier.RateAnswer) {
	out.Kind, out.Code, out.Message, out.RetryAfter, out.Raw = q.kind, q.code, q.message, q.retryAfter, q.raw
}

// checkRate tells what of a shipment keeps UPS from pricing it: less than what keeps it from being booked.
func (u *UPS) checkRate(s ship.Shipment) []ship.Problem {
	var p problems
	u.checkRoute(&p, s)
	u.checkParcels(&p, s)
	checkPriced(&p, s)
	checkValues(&p, s.Customs)
	return p
}

// rateRequest renders a question and the request option it is asked with. Between countries UPS refuses to give
// transit times without the value of the goods (111549); where a customs border waits and nobody said it, the price
// alone is asked for.
func (u *UPS) rateRequest(s ship.Shipment, acct carrier.Account) (string, client.RateRequest) {
	option := "Shop"
	sh := client.RateShipment{
		Shipper: rateParty(s.From), ShipTo: rateParty(s.To), ShipFrom: rateParty(s.From),
		PaymentDetails:        payment(s, shipperNumber(acct)),
		ShipmentRatingOptions: client.RatingOptions{NegotiatedRatesIndicator: client.Set},
	}
	sh.Shipper.ShipperNumber = shipperNumber(acct)
	sh.ShipTo.Address.ResidentialAddressIndicator = residential(s.To)
	if !open(s) {
		option, sh.Service = "Rate", &client.Code{Code: u.desc.Services[s.Service].Code}
	}
	var total int64
	for _, p := range s.Parcels {
		pkg := parcel(p, imperial(s.From))
		sh.Package = append(sh.Package, client.RatePackage{PackagingType: pkg.Packaging, Dimensions: withUnitName(pkg.Dimensions), PackageWeight: withName(pkg.PackageWeight)})
		total += tenths(p.Weight, imperial(s.From))
	}
	sh.DocumentsOnlyIndicator = documentsOnly(s)
	value, ok := contentsValue(s)
	if ok {
		option += "timeintransit"
		sh.DeliveryTimeInformation = &client.DeliveryTime{PackageBillType: billType(s), Pickup: client.Pickup{Date: day(u.now())}}
		if country(s.From) != country(s.To) {
			weight := client.Weight{UnitOfMeasurement: sh.Package[0].PackageWeight.UnitOfMeasurement, Weight: decimal(total)}
			sh.ShipmentTotalWeight, sh.InvoiceLineTotal = &weight, &value
		}
	}
	return option, client.RateRequest{RateRequest: client.RateQuestion{Request: client.RequestInfo{RequestOption: option, SubVersion: rateVersion}, Shipment: sh}}
}

// contentsValue is what the goods are worth, for transit times. Where no customs looks at it (within one territory, and
// for documents) the least that UPS takes stands for a value that nobody asked the shipper for.
func contentsValue(s ship.Shipment) (client.LineTotal, bool) {
	if t, ok := lineTotal(s.Customs); ok {
		return t, true
	}
	if needsInvoice(s) {
		return client.LineTotal{}, false
	}
	return client.LineTotal{CurrencyCode: "USD", MonetaryValue: "1"}, true
}

// billType says whether documents are shipped, or goods.
func billType(s ship.Shipment) string {
	if s.Customs != nil && s.Customs.Contents == ship.Documents {
		return "02"
	}
	return "03"
}

// rateParty is an address as Rating takes it: its states have two letters.
func rateParty(a ship.Address) client.RateParty {
	p := party(a)
	if len(p.Address.StateProvinceCode) != 2 {
		p.Address.StateProvinceCode = ""
	}
	return client.RateParty{Address: p.Address}
}

// unitNames are what Rating, unlike Shipping, requires beside a unit's code.
var unitNames = map[string]string{"LBS": "Pounds", "KGS": "Kilograms", "IN": "Inches", "CM": "Centimeters"}

func withName(w client.Weight) client.Weight {
	w.UnitOfMeasurement.Description = unitNames[w.UnitOfMeasurement.Code]
	return w
}

func withUnitName(d *client.Dimensions) *client.Dimensions {
	if d == nil {
		return nil
	}
	n := *d
	n.UnitOfMeasurement.Description = unitNames[n.UnitOfMeasurement.Code]
	return &n
}

// offers reads Rating's yes. Offers of services that we have no name for, and offers without an amount, are left out:
// nothing can be booked by them.
func (u *UPS) offers(s ship.Shipment, body []byte) ([]ship.Rate, error) {
	a, err := client.Parse[client.RateAnswer](body)
	if err != nil {
		return nil, err
	}
	resp := a.RateResponse.V
	if code := resp.Response.V.ResponseStatus.V.Code; code != "1" {
		return nil, fmt.Errorf("the body has response status %q", code)
	}
	if len(resp.RatedShipment) == 0 {
		return nil, errors.New("the body has no offer")
	}
	rates := []ship.Rate{}
	for _, r := range resp.RatedShipment {
		if rate, ok := u.offer(s, r); ok {
			rates = append(rates, rate)
		}
	}
	return rates, nil
}
