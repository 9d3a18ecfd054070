package ups

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carriers/ups/internal/client"
	"github.com/fairlead/fairlead/shared/ship"
)

const (
	deliveredDutyPaid = "DDP"
	invoiceForm       = "01"
	pieces            = "PCS" // the unit of every line: UPS's Product Unit of Measure Codes
	business          = "01"
	consumer          = "02"

	maxDescription = 50 // of a shipment
	maxProductLine = 35 // each of at most three lines of a product's description
	maxProductRows = 3

	deMinimis = 150_00 // euros in cents, up to which a shipment into the EU is a small one

	merchantID   = "0100" // a product's number is the merchant's own
	noStandardID = "01"   // and there is no standardised one
)

// exportReasons are UPS's words for why goods cross a border (Shipping.yaml, ReasonForExport).
var exportReasons = map[ship.Contents]string{
	ship.Merchandise: "SALE", ship.Gift: "GIFT", ship.Sample: "SAMPLE", ship.Returned: "RETURN", ship.Repair: "REPAIR",
}

// union are the members of the European Union.
var union = strings.Fields("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK")

// needsInvoice says whether customs wants to see an invoice of what is in the parcels. UPS makes none within what it
// takes for one country (128120), whatever border runs through it, and none of documents (128202).
func needsInvoice(s ship.Shipment) bool {
	return !domestic(country(s.From), country(s.To)) && ship.CustomsNeeded(s.From, s.To) && (s.Customs == nil || s.Customs.Contents != ship.Documents)
}

// documentsOnly sets the flag where UPS takes it: "origin not US and destination not CA, PR or MX" (Shipping.yaml; any
// other pair is refused with 120523).
func documentsOnly(s ship.Shipment) string {
	from, to := country(s.From), country(s.To)
	if s.Customs == nil || s.Customs.Contents != ship.Documents || from == to || from == "US" || slices.Contains([]string{"CA", "PR", "MX"}, to) {
		return ""
	}
	return client.Set
}

// crossBorder adds what a shipment between two countries has besides.
func crossBorder(sh *client.Shipment, o carrier.Order, today time.Time) {
	s := o.Shipment
	from, to := country(s.From), country(s.To)
	if from != to || from == "AE" { // UPS wants a description within the Emirates as well
		sh.Description = description(s)
	}
	if from == to {
		return
	}
	// Between countries UPS requires a person at both ends, also where that is the name above.
	sh.Shipper.AttentionName, sh.ShipFrom.AttentionName, sh.ShipTo.AttentionName = s.From.Name, s.From.Name, s.To.Name
	sh.DocumentsOnlyIndicator = documentsOnly(s)
	if t, ok := lineTotal(s.Customs); ok && from == "US" && (to == "CA" || to == "PR") {
		sh.InvoiceLineTotal = &t
	}
	if !needsInvoice(s) {
		return
	}
	sh.Shipper.TaxIdentificationNumber, sh.ShipFrom.TaxIdentificationNumber = taxID(s.From), taxID(s.From)
	sh.ShipTo.TaxIdentificationNumber = taxID(s.To)
	sh.ShipmentServiceOptions = &client.ServiceOptions{InternationalForms: invoice(o, sh.ShipTo, today)}
	if slices.Contains(union, to) && !slices.Contains(union, from) {
		intoUnion(sh, s)
	}
}

// intoUnion adds what Shipping.yaml calls required for EU inbound shipments: who they are from and for, whether they
// are small ones, and which product each line is.
func intoUnion(sh *client.Shipment, s ship.Shipment) {
	sh.ShipperType, sh.ConsigneeType = kind(s.From), kind(s.To)
	sh.ShipmentServiceOptions.EUDeMinimisIndicator = small(s.Customs)
	products := sh.ShipmentServiceOptions.InternationalForms.Product
	for i, item := range s.Customs.Items {
		if item.SKU != "" {
			products[i].ProductIdentifier = []client.ProductIdentifier{{ProductID: item.SKU, ProductIDTypeCode: merchantID}}
			products[i].CommodityFieldSpecialConditionCode = noStandardID
		}
	}
}

// invoice renders the data UPS makes the commercial invoice of. Its number is our reference when the shipper gave none.
// Its date is the shipper's, else the order's, else today: only the last may differ between attempts, and nothing at
// UPS depends on it.
func invoice(o carrier.Order, to client.Party, today time.Time) *client.InternationalForms {
	c := o.Shipment.Customs
	f := &client.InternationalForms{
		FormType:            []string{invoiceForm},
		Contacts:            client.Contacts{SoldTo: soldTo(to)},
		InvoiceNumber:       c.InvoiceNumber,
		InvoiceDate:         strings.ReplaceAll(c.InvoiceDate, "-", ""),
		PurchaseOrderNumber: o.Shipment.OrderNumber,
		TermsOfShipment:     c.Incoterm,
		ReasonForExport:     exportReasons[c.Contents],
		Comments:            c.Note,
		CurrencyCode:        c.Items[0].UnitValue.Currency,
	}
	if f.InvoiceNumber == "" {
		f.InvoiceNumber = o.Reference
	}
	if f.InvoiceDate == "" {
		f.InvoiceDate = day(today)
		if !o.ShipDate.IsZero() {
			f.InvoiceDate = day(o.ShipDate)
		}
	}
	for i, item := range c.Items {
		f.Product = append(f.Product, product(i, item))
	}
	return f
}

// day is a date in UPS's form, in UTC.
func day(t time.Time) string { return t.UTC().Format("20060102") }

// product renders a line of the invoice. UPS requires a part number on an invoice; a shipper without one has the
// line's.
func product(i int, item ship.CustomsItem) client.Product {
	p := client.Product{
		Description:       wrap(item.Description, maxProductLine),
		Unit:              client.ProductUnit{Number: itoa(item.Quantity), UnitOfMeasurement: client.Code{Code: pieces}, Value: client.Decimal(item.UnitValue)},
		CommodityCode:     item.HSCode,
		PartNumber:        item.SKU,
		OriginCountryCode: item.Origin,
	}
	if p.PartNumber == "" {
		p.PartNumber = itoa(int64(i) + 1)
	}
	return p
}

// soldTo is the consignee: nobody else is known to have bought the goods.
func soldTo(to client.Party) client.SoldTo {
	to.Address.ResidentialAddressIndicator = "" // SoldTo has none in Shipping.yaml
	return client.SoldTo{Name: to.Name, AttentionName: to.AttentionName, Phone: to.Phone, Address: to.Address, EMailAddress: to.EMailAddress}
}

// description is what UPS calls the goods: the names of the items, as far as they fit. Without items nobody was asked,
// for no customs looks at it; UPS requires a text all the same (120512).
func description(s ship.Shipment) string {
	c := s.Customs
	if c == nil {
		c = &ship.Customs{}
	}
	var names []string
	for _, i := range c.Items {
		names = append(names, i.Description)
	}
	switch lines := wrap(strings.Join(names, ", "), maxDescription); {
	case len(lines) > 0:
		return strings.TrimRight(lines[0], ",")
	case c.Contents == ship.Documents:
		return "Documents"
	}
	return "Merchandise"
}

// lineTotal is what all items are worth, in whole units of their currency, rounded up: UPS takes no decimals there
// (120539), and 1 at the least. false when nothing is known of it.
func lineTotal(c *ship.Customs) (client.LineTotal, bool) {
	if c == nil {
		return client.LineTotal{}, false
	}
	total, err := c.Total()
	if err != nil {
		return client.LineTotal{}, false
	}
	return client.LineTotal{CurrencyCode: total.Currency, MonetaryValue: itoa(max(1, client.Whole(total)))}, true
}

// small says whether a shipment into the EU is worth 150 euros at most. It is claimed of an invoice in euros alone: there
// is no rate of exchange here, and what is not a small shipment for certain is declared as any other.
func small(c *ship.Customs) string {
	if total, err := c.Total(); err == nil && total.Currency == "EUR" && total.Minor <= deMinimis {
		return "Y"
	}
	return "N"
}

// kind says whether a business or a consumer is at an address.
func kind(a ship.Address) string {
	if a.Company != "" {
		return business
	}
	return consumer
}

// taxID is a number without the blanks and points it is often written with.
func taxID(a ship.Address) string { return strings.NewReplacer(" ", "", ".", "").Replace(a.TaxID) }

// wrap breaks a text into lines of at most width characters, between words where it can.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for utf8.RuneCountInString(word) > width {
			head := cut(word, width)
			lines, word = append(lines, head), word[len(head):]
		}
		line = word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
