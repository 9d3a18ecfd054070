package ups

import (
	"fmt"
	"slices"

	"github.com/fairlead/fairlead/shared/carriers/ups/internal/client"
	"github.com/fairlead/fairlead/shared/ship"
)

// Limits of the commercial invoice, by Shipping.yaml.
const (
	maxItems         = 50 // by the schema; its text says 100
	maxQuantity      = 9_999_999
	maxLineTotal     = 99_999_999 // in whole units of the currency
	maxPartNumber    = 35
	maxInvoiceNumber = 35
	maxComments      = 150
)

// unknownIncoterm is the one of Incoterms 2020 that TermsOfShipment does not have.
const unknownIncoterm = "DPU"

// checkBorder tells what UPS wants of a shipment between two countries beyond what customs does (package ship).
func checkBorder(p *problems, s ship.Shipment) {
	from, to := country(s.From), country(s.To)
	switch {
	case from == to:
	case !ship.CustomsNeeded(s.From, s.To):
		for _, end := range []struct{ at, phone string }{{"ship_from", s.From.Phone}, {"ship_to", s.To.Phone}} {
			if end.phone == "" {
				p.add(end.at+".phone", "required", "UPS wants a phone number at both ends of a shipment between countries.")
			}
		}
		if from == "US" && to == "PR" && s.Customs == nil {
			p.add("customs", "required", "UPS wants to know what goods from the US to Puerto Rico are worth: give customs.items.")
		}
	case s.Customs != nil && needsInvoice(s):
		p.length("ship_from.tax_id", taxID(s.From), maxTaxID)
		p.length("ship_to.tax_id", taxID(s.To), maxTaxID)
		checkInvoice(p, s.Customs)
		if slices.Contains(union, to) && !slices.Contains(union, from) {
			checkIntoUnion(p, s)
		}
	}
	checkValues(p, s.Customs)
}

// checkInvoice tells what of an invoice UPS can't make.
func checkInvoice(p *problems, c *ship.Customs) {
	if c.Incoterm == unknownIncoterm {
		p.add("customs.incoterm", "unsupported", "UPS has no %s; DAP is the nearest that it has.", unknownIncoterm)
	}
	p.length("customs.invoice_number", c.InvoiceNumber, maxInvoiceNumber)
	p.length("customs.note", c.Note, maxComments)
	if n := len(c.Items); n > maxItems {
		p.add("customs.items", "too_many", "UPS takes up to %d lines on an invoice, this has %d.", maxItems, n)
	}
	for i, item := range c.Items {
		at := fmt.Sprintf("customs.items[%d]", i)
		if lines := wrap(item.Description, maxProductLine); len(lines) > maxProductRows {
			p.add(at+".description", "too_long", "UPS prints a description on up to %d lines of %d characters, this takes %d.", maxProductRows, maxProductLine, len(lines))
		}
		if item.UnitValue.Minor == 0 {
			p.add(at+".unit_value.amount", "invalid", "UPS takes no line of an invoice that is worth nothing.")
		}
		p.length(at+".sku", item.SKU, maxPartNumber)
	}
}

// checkIntoUnion tells what the European Union wants to know before goods leave for it: their Harmonized System codes
// (ICS2), and, of what a consumer bought, the seller's product numbers (UPS's guidance on EU Product Identifiers, for
// shipments from October 25, 2026).
func checkIntoUnion(p *problems, s ship.Shipment) {
	for i, item := range s.Customs.Items {
		at := fmt.Sprintf("customs.items[%d]", i)
		if item.HSCode == "" {
			p.add(at+".hs_code", "required", "Goods into the European Union need their Harmonized System code, six digits or more.")
		}
		if item.SKU == "" && kind(s.To) == consumer && s.Customs.Contents == ship.Merchandise {
			p.add(at+".sku", "required", "Goods that a consumer in the European Union bought need your product number; for a business give ship_to.company.")
		}
	}
}

// checkValues bounds what is added up and sent in whole units of the currency.
func checkValues(p *problems, c *ship.Customs) {
	if c == nil {
		return
	}
	var total int64
	for i, item := range c.Items {
		if item.Quantity < 0 || item.Quantity > maxQuantity {
			p.add(fmt.Sprintf("customs.items[%d].quantity", i), "invalid", "UPS takes a quantity of up to %d, this is %d.", maxQuantity, item.Quantity)
			return
		}
		each := client.Whole(item.UnitValue)
		if each > maxLineTotal || total+each*item.Quantity > maxLineTotal {
			p.add("customs.items", "too_large", "UPS takes goods of up to %d %s in one shipment.", maxLineTotal, item.UnitValue.Currency)
			return
		}
		total += each * item.Quantity
	}
}
