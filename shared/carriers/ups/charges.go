package ups

import (
	"slices"

	"github.com/fairlead/fairlead/shared/carriers/ups/internal/client"
	"github.com/fairlead/fairlead/shared/ship"
)

// chargeCodes are what UPS's codes of itemized charges are for. UPS lists them under "Accessorial / Surcharge Codes" in
// the appendices of Rating and Shipping, which are not published with its OpenAPI files (UPS staff in
// UPS-API/api-documentation issue 151); these were read in public copies of that list, 2026-11-21. A code that is not
// here is "other", under its own code.
var chargeCodes = map[client.Text]ship.ChargeCode{
	"100": ship.HandlingCharge,    // additional handling
	"120": ship.SignatureCharge,   // delivery confirmation
	"121": ship.SignatureCharge,   // delivery confirmation of the shipment
	"190": ship.AreaCharge,        // extended area
	"270": ship.ResidentialCharge, // residential address
	"300": ship.SaturdayCharge,    // Saturday delivery
	"310": ship.SaturdayCharge,    // Saturday international processing fee
	"375": ship.FuelCharge,        // fuel surcharge
	"376": ship.AreaCharge,        // delivery area
	"377": ship.OversizeCharge,    // large package
	"378": ship.CustomsCharge,     // shipper pays duty and tax
	"379": ship.CustomsCharge,     // shipper pays duty, tax unpaid
	"400": ship.ValueCharge,       // insurance
	"401": ship.HandlingCharge,    // additional handling of the shipment
	"407": ship.AreaCharge,        // extended area at pickup
	"430": ship.PeakCharge,        // peak season
	"431": ship.PeakCharge,        // peak season, large package
	"432": ship.PeakCharge,        // peak season, additional handling
	"440": ship.OversizeCharge,    // large package of the shipment
}

// price is what an offer would be billed with and its parts, which add up to it exactly. UPS gives parts of the list
// price in several depths, and of the account's own price often none: then that is the list price less a discount.
func price(r client.RatedShipment) (total ship.Money, parts []ship.Charge, negotiated, ok bool) {
	list, err := r.TotalCharges.V.Money()
	listed := err == nil
	own := r.NegotiatedRateCharges.V
	if own.TotalCharge.V == (client.Amount{}) {
		if !listed {
			return ship.Money{}, nil, false, false
		}
		return list, listParts(r, list), false, true
	}
	total, err = own.TotalCharge.V.Money()
	if err != nil { // neither is it the list price that would be billed
		return ship.Money{}, nil, false, false
	}
	if parts, ok = ownParts(r, total); ok {
		return total, parts, true, true
	}
	if !listed || list.Currency != total.Currency {
		return total, nil, true, true
	}
	parts = listParts(r, list)
	if less := total.Minor - list.Minor; less < 0 && len(parts) > 0 {
		return total, append(parts, ship.Charge{Code: ship.DiscountCharge, Amount: ship.Money{Minor: less, Currency: total.Currency}}), true, true
	}
	return total, balance(parts, total), true, true
}

// ownParts are the parts of the account's own price, when UPS gives all of them.
func ownParts(r client.RatedShipment, total ship.Money) ([]ship.Charge, bool) {
	own := r.NegotiatedRateCharges.V
	var base client.Amount
	if len(own.BaseServiceCharge) == 1 {
		base = own.BaseServiceCharge[0]
	}
	var packages []client.ItemizedCharge
	for _, p := range r.RatedPackage {
		packages = append(packages, p.NegotiatedCharges.V.ItemizedCharges...)
	}
	return itemised(base, own.ItemizedCharges, packages, total)
}

// listParts are the parts of the list price: one by one if they add up, else as transportation and options.
func listParts(r client.RatedShipment, total ship.Money) []ship.Charge {
	var packages []client.ItemizedCharge
	for _, p := range r.RatedPackage {
		packages = append(packages, p.ItemizedCharges...)
	}
	for _, base := range []client.Amount{r.BaseServiceCharge.V, r.TransportationCharges.V} {
		if parts, ok := itemised(base, r.ItemizedCharges, packages, total); ok {
			return parts
		}
	}
	var parts []ship.Charge
	parts = add(parts, ship.BaseCharge, "", "", r.TransportationCharges.V)
	parts = add(parts, ship.OptionsCharge, "", "", r.ServiceOptionsCharges.V)
	return balance(parts, total)
}

// itemised is a base charge with itemized ones, if they add up to the total. Whether a shipment's list holds its
// packages' charges too is not documented: the sum tells.
func itemised(base client.Amount, shipment, packages []client.ItemizedCharge, total ship.Money) ([]ship.Charge, bool) {
	for _, items := range [][]client.ItemizedCharge{slices.Concat(shipment, packages), shipment, packages} {
		parts := add(nil, ship.BaseCharge, "", "", base)
		for _, i := range items {
			parts = add(parts, chargeCode(i.Code), i.Code, i.Description, i.Amount)
		}
		if len(parts) > 0 && sum(parts) == total.Minor && !slices.ContainsFunc(parts, func(c ship.Charge) bool { return c.Amount.Currency != total.Currency }) {
			return parts, true
		}
	}
	return nil, false
}

func chargeCode(code client.Text) ship.ChargeCode {
	if c, ok := chargeCodes[code]; ok {
		return c
	}
	return ship.OtherCharge
}

// add adds a charge that is more than nothing; several packages' charges of one kind become one.
func add(parts []ship.Charge, code ship.ChargeCode, own, title client.Text, a client.Amount) []ship.Charge {
	m, err := a.Money()
	if err != nil || m.Minor == 0 {
		return parts
	}
	for i := range parts {
		if p := &parts[i]; own != "" && p.Carrier == string(own) && p.Amount.Currency == m.Currency {
			p.Amount.Minor += m.Minor
			return parts
		}
	}
	return append(parts, ship.Charge{Code: code, Carrier: string(own), Title: string(title), Amount: m})
}

// balance makes parts add up to the total by what UPS did not itemise; without a part in the total's currency there
// are none.
func balance(parts []ship.Charge, total ship.Money) []ship.Charge {
	parts = slices.DeleteFunc(parts, func(c ship.Charge) bool { return c.Amount.Currency != total.Currency })
	if rest := total.Minor - sum(parts); len(parts) > 0 && rest != 0 {
		parts = append(parts, ship.Charge{Code: ship.OtherCharge, Amount: ship.Money{Minor: rest, Currency: total.Currency}})
	}
	return parts
}

func sum(parts []ship.Charge) (minor int64) {
	for _, p := range parts {
		minor += p.Amount.Minor
	}
	return minor
}
