package ship

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// The bounds of a customs declaration.
const (
	maxItems    = 100
	maxQuantity = 1_000_000
)

// contents are the reasons there are.
var contents = []Contents{Merchandise, Gift, Sample, Documents, Returned, Repair}

// The rules of Incoterms 2020. Those of the sea pass the risk at a ship's side or rail, which a parcel never sees.
var (
	incoterms    = []string{"CIP", "CPT", "DAP", "DDP", "DPU", "EXW", "FCA"}
	seaIncoterms = []string{"CFR", "CIF", "FAS", "FOB"}
)

// Total is the value of all items, in minor units of their currency. It is an error when there are no items, when
// their currencies differ, or when the sum is beyond what 64 bits hold.
func (c Customs) Total() (Money, error) {
	if len(c.Items) == 0 {
		return Money{}, errors.New("customs has no items to add up")
	}
	total := Money{Currency: c.Items[0].UnitValue.Currency}
	for i, item := range c.Items {
		if item.UnitValue.Currency != total.Currency {
			return Money{}, fmt.Errorf("customs.items[%d] is in %s, those before it in %s", i, item.UnitValue.Currency, total.Currency)
		}
		sum, ok := addTimes(total.Minor, item.Quantity, item.UnitValue.Minor)
		if !ok {
			return Money{}, fmt.Errorf("customs.items[%d] makes the sum of the values too large, or it is negative", i)
		}
		total.Minor = sum
	}
	return total, nil
}

// addTimes is sum + n × each; ok is false when one of them is negative or the result does not fit.
func addTimes(sum, n, each int64) (total int64, ok bool) {
	if sum < 0 || n < 0 || each < 0 || n > 0 && each > (math.MaxInt64-sum)/n {
		return 0, false
	}
	return sum + n*each, true
}

// Normalised is the declaration as it is stored and sent: no blanks around, codes in upper case, Harmonized System
// codes without points.
func (c Customs) Normalised() Customs {
	c.Incoterm = strings.ToUpper(strings.TrimSpace(c.Incoterm))
	c.InvoiceNumber, c.InvoiceDate, c.Note = strings.TrimSpace(c.InvoiceNumber), strings.TrimSpace(c.InvoiceDate), strings.TrimSpace(c.Note)
	c.Items = slices.Clone(c.Items)
	for i := range c.Items {
		item := &c.Items[i]
		item.Description, item.SKU = strings.TrimSpace(item.Description), strings.TrimSpace(item.SKU)
		item.UnitValue.Currency = strings.ToUpper(strings.TrimSpace(item.UnitValue.Currency))
		item.Origin = strings.ToUpper(strings.TrimSpace(item.Origin))
		item.HSCode = strings.NewReplacer(".", "", " ", "").Replace(item.HSCode)
	}
	return c
}

// check tells what is wrong with a declaration for parcels that weigh gross together.
func (c Customs) check(p *problems, gross Grams) {
	if !slices.Contains(contents, c.Contents) {
		p.add("customs.contents", "invalid", "%q is not a reason to send goods abroad; use %s.", c.Contents, listed(words(contents), "or"))
	}
	switch {
	case slices.Contains(seaIncoterms, c.Incoterm):
		p.add("customs.incoterm", "unsupported", "%s is a rule for goods that a ship is loaded with; for parcels use %s.", c.Incoterm, listed(incoterms, "or"))
	case !slices.Contains(incoterms, c.Incoterm):
		p.add("customs.incoterm", "invalid", "%q is not a rule of Incoterms 2020; use DAP when the receiver pays duties and taxes, DDP when the shipper does, or one of %s.", c.Incoterm, listed(incoterms, "and"))
	}
	if _, err := time.Parse(time.DateOnly, c.InvoiceDate); c.InvoiceDate != "" && err != nil {
		p.add("customs.invoice_date", "invalid", "%q is not a date; write it as 2027-01-31, or leave it out for the day of the booking.", c.InvoiceDate)
	}
	if n := len(c.Items); n < 1 || n > maxItems {
		p.add("customs.items", "invalid", "A customs declaration has 1 to %d items, this has %d; documents are an item too.", maxItems, n)
		return
	}
	for i, item := range c.Items {
		item.check(p, fmt.Sprintf("customs.items[%d]", i))
	}
	c.checkWeight(p, gross)
	c.checkValue(p)
}

// checkWeight tells whether the items weigh more than the parcels they are in.
func (c Customs) checkWeight(p *problems, gross Grams) {
	var net int64
	for _, item := range c.Items {
		sum, ok := addTimes(net, max(item.Quantity, 0), int64(max(item.UnitWeight, 0)))
		if !ok || Grams(sum) > gross {
			p.add("customs.items", "too_heavy", "The items weigh more together than the parcels they are in, %d g; unit_weight_g is the net weight of one piece.", gross)
			return
		}
		net = sum
	}
}

// checkValue tells what is wrong with the values of the items together, once each of them is right.
func (c Customs) checkValue(p *problems) {
	first := c.Items[0].UnitValue.Currency
	for i, item := range c.Items {
		if item.UnitValue.Currency != first {
			p.add(fmt.Sprintf("customs.items[%d].unit_value.currency", i), "mixed_currencies", "All items of an invoice are in one currency; this is in %s, the first in %s.", item.UnitValue.Currency, first)
			return
		}
		if item.Quantity < 1 || item.UnitValue.Minor < 0 {
			return // it is told at the item
		}
	}
	switch total, err := c.Total(); {
	case err != nil:
		p.add("customs.items", "too_large", "The values of the items are too large to be added up.")
	case total.Minor == 0 && c.Contents != Documents:
		p.add("customs.items", "no_value", "Goods have a value for customs also when nobody pays for them: give what they would cost. Only documents may be worth nothing.")
	}
}

// check tells what is wrong with one item.
func (i CustomsItem) check(p *problems, path string) {
	if strings.TrimSpace(i.Description) == "" {
		p.add(path+".description", "required", "Say what the item is, as customs has to understand it: \"cotton shirt\".")
	}
	if i.Quantity < 1 || i.Quantity > maxQuantity {
		p.add(path+".quantity", "invalid", "The quantity is 1 to %d pieces.", maxQuantity)
	}
	if i.UnitValue.Minor < 0 {
		p.add(path+".unit_value.amount", "invalid", "The value of one piece is 0 or more, in minor units of its currency.")
	}
	if _, ok := MinorDigits(i.UnitValue.Currency); !ok {
		p.add(path+".unit_value.currency", "invalid", "%q is not a currency of ISO 4217; use three letters like EUR.", i.UnitValue.Currency)
	}
	if i.UnitWeight < 1 {
		p.add(path+".unit_weight_g", "invalid", "One piece weighs at least 1 g.")
	}
	if !isRegion(i.Origin) {
		p.add(path+".origin_country", "invalid", "%q is not a country of ISO 3166-1; use the two letters of where the item was made, like CN.", i.Origin)
	}
	if n := len(i.HSCode); n > 0 && (n < 6 || n > 10 || strings.Trim(i.HSCode, "0123456789") != "") {
		p.add(path+".hs_code", "invalid", "%q is not a code of the Harmonized System, which has 6 to 10 digits; leave it out when it is not known.", i.HSCode)
	}
}

// words are the names of values, for a sentence.
func words[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}
