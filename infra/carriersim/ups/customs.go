package ups

import (
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim/label"
	"github.com/fairlead/fairlead/infra/carriersim/state"
)

// The element names of Shipping.yaml for customs.
var (
	formNames = strings.Fields(`FormType UserCreatedForm UPSPremiumCareForm CN22Form AdditionalDocumentIndicator FormGroupIdName
		EEIFilingOption Contacts Product InvoiceNumber InvoiceDate PurchaseOrderNumber TermsOfShipment ReasonForExport Comments
		DeclarationStatement Discount FreightCharges InsuranceCharges OtherCharges CurrencyCode BlanketPeriod ExportDate
		ExportingCarrier CarrierID InBondCode EntryNumber PointOfOrigin PointOfOriginType ModeOfTransport PortOfExport
		PortOfUnloading LoadingPier PartiesToTransaction RoutedExportTransactionIndicator ContainerizedIndicator
		OverridePaperlessIndicator ShipperMemo HazardousMaterialsIndicator`)
	productNames = strings.Fields(`Description Unit CommodityCode PartNumber OriginCountryCode JointProductionIndicator NetCostCode
		NetCostDateRange PreferenceCriteria ProducerInfo MarksAndNumbers NumberOfPackagesPerCommodity ProductWeight VehicleID
		ScheduleB ExportType SEDTotalValue TaxesPaid ExcludeFromForm PackingListInfo EEIInformation DDSReferenceNumber
		ProductIdentifier CommodityFieldSpecialConditionCode`)
	soldToNames = strings.Fields("Name AttentionName TaxIdentificationNumber Phone Option Address EMailAddress AccountNumber")
	formTypes   = strings.Fields("01 03 04 05 06 07 08 09 10 11")
	terms       = strings.Fields("CFR CIF CIP CPT DAF DDP DAP DEQ DES EXW FAS FCA FOB")
)

// The form types that matter here.
const (
	formInvoice     = "01"
	formPartial     = "05" // for returns only
	formUserCreated = "07"
)

// maxProducts of a commercial invoice (Shipping.yaml, InternationalForms.Product).
const maxProducts = 100

var (
	commodityForm = regexp.MustCompile(`^[A-Za-z0-9]{6,15}$`)
	numberForm    = regexp.MustCompile(`^[0-9]{1,7}$`)
	valueForm     = regexp.MustCompile(`^[0-9]{1,12}(\.[0-9]{1,6})?$`)
	chargeForm    = regexp.MustCompile(`^[0-9]{1,12}(\.[0-9]{1,2})?$`)
	currencyForm  = regexp.MustCompile(`^[A-Z]{3}$`)
	documentForm  = regexp.MustCompile(`^.{26}$`)
)

func (n node) wrong(name, value, why string) {
	n.c.add(codeInvalid, "The field, %s, contains invalid data, %.60q: %s.", n.at(name), value, why)
}

// formed is need for a member that must match.
func (n node) formed(name string, min, max int, form *regexp.Regexp, why string) string {
	text := n.need(name, min, max, "")
	if text != "" && !form.MatchString(text) {
		n.wrong(name, text, why)
	}
	return text
}

// listed is need for a member that must be one of a list.
func (n node) listed(name string, list ...string) string {
	text := n.need(name, 1, 20, "")
	if text != "" && !slices.Contains(list, text) {
		n.wrong(name, text, "one of "+strings.Join(list, ", "))
	}
	return text
}

// readBorder checks what UPS wants to know of a shipment that crosses a border. Nothing of it says that a shipment
// needs an invoice: without one UPS books all the same, and tells that one must come with the goods.
func readBorder(n node, o *order) {
	b := o.booking
	n.may("Description", 1, 50, "")
	options := n.object("ShipmentServiceOptions", false)
	forms := options.object("InternationalForms", false, formNames...)
	if b.From.Country == "" || b.To.Country == "" {
		return
	}
	if needsDescription(o) && !n.has("Description") {
		n.missing("Description", "")
	}
	if n.has("DocumentsOnlyIndicator") && (b.From.Country == b.To.Country || b.From.Country == "US" && slices.Contains([]string{"CA", "PR", "MX"}, b.To.Country)) {
		n.c.add(codeInvalid, "The field, %s, contains invalid data: it is not valid between these countries.", n.at("DocumentsOnlyIndicator"))
	}
	readInvoiceLineTotal(n, b.From.Country == "US" && (b.To.Country == "CA" || b.To.Country == "PR") && !n.has("ReturnService"))
	if !forms.there {
		return
	}
	if b.From.Country == b.To.Country {
		n.c.add(codeInvalid, "The field, %s, contains invalid data: the shipment crosses no border.", forms.path)
	}
	products := readForms(n, forms, o)
	if o.invoice != nil && slices.Contains(union, b.To.Country) && !slices.Contains(union, b.From.Country) {
		readEuropeanImport(n, options, products)
	}
}

// needsDescription is Shipping.yaml's rule for Shipment.Description.
func needsDescription(o *order) bool {
	from, to := o.booking.From.Country, o.booking.To.Country
	if from == "AE" || to == "AE" {
		return true
	}
	letters := !slices.ContainsFunc(o.loads, func(l load) bool { return !l.letter })
	inUnion := slices.Contains(union, from) && slices.Contains(union, to)
	return from != to && !letters && !(inUnion && o.booking.Service == "11")
}

func readInvoiceLineTotal(n node, required bool) {
	total := n.object("InvoiceLineTotal", required, "CurrencyCode", "MonetaryValue")
	if !total.there {
		return
	}
	total.formed("CurrencyCode", 3, 3, currencyForm, "a currency code")
	value := total.formed("MonetaryValue", 1, 11, chargeForm, "an amount of at most two decimals")
	if cents, ok := hundredths(value); ok && (cents < 100 || cents > 99999999_00) {
		total.wrong("MonetaryValue", value, "1 to 99999999")
	}
}

// readForms checks the international forms and reads the invoice, when one is asked for. It returns the products.
func readForms(shipment, n node, o *order) []node {
	asked := n.texts("FormType", 2, "")
	if len(asked) == 0 {
		n.missing("FormType", "")
	}
	for _, form := range asked {
		switch {
		case !slices.Contains(formTypes, form):
			n.wrong("FormType", form, "no form of UPS")
		case form == formPartial && !shipment.has("ReturnService"):
			n.wrong("FormType", form, "for returns only")
		case form == formUserCreated:
			created := n.object("UserCreatedForm", true, "DocumentID")
			ids := created.texts("DocumentID", 26, "")
			if created.there && (len(ids) == 0 || slices.ContainsFunc(ids, func(id string) bool { return !documentForm.MatchString(id) })) {
				created.wrong("DocumentID", strings.Join(ids, ","), "26 characters each")
			}
		}
	}
	products := n.objects("Product", productNames...)
	if len(products) == 0 {
		n.missing("Product", "")
	}
	if slices.Contains(asked, formInvoice) {
		readInvoice(n, products, o)
	}
	return products
}

func readInvoice(n node, products []node, o *order) {
	b := &o.booking
	i := &label.Invoice{From: lines(b.From), To: lines(b.To)}
	i.Number = n.need("InvoiceNumber", 1, 35, "")
	i.Date = n.need("InvoiceDate", 8, 8, "")
	if _, err := time.Parse("20060102", i.Date); i.Date != "" && err != nil {
		n.wrong("InvoiceDate", i.Date, "yyyyMMdd")
	}
	i.Reason = n.need("ReasonForExport", 1, 20, "")
	i.Currency = n.formed("CurrencyCode", 3, 3, currencyForm, "a currency code")
	if n.has("TermsOfShipment") {
		i.Terms = n.listed("TermsOfShipment", terms...)
	}
	n.may("PurchaseOrderNumber", 1, 35, "")
	n.may("Comments", 1, 150, "")
	n.may("DeclarationStatement", 1, 550, "")
	for _, name := range []string{"Discount", "FreightCharges", "InsuranceCharges", "OtherCharges"} {
		if c := n.object(name, false, "MonetaryValue", "Description"); c.there {
			c.formed("MonetaryValue", 1, 15, chargeForm, "an amount of at most two decimals")
			if name == "OtherCharges" {
				c.need("Description", 1, 10, "")
			}
		}
	}
	i.SoldTo = readSoldTo(n.object("Contacts", true, "ForwardAgent", "UltimateConsignee", "IntermediateConsignee", "Producer", "SoldTo"), b.To.Country)
	if len(products) > maxProducts {
		n.wrong("Product", "", "at most 100 on an invoice")
	}
	total := new(big.Int)
	for _, p := range products {
		i.Lines = append(i.Lines, readProduct(p, total))
	}
	i.Total = millionths(total)
	b.Invoice = i.Number
	o.invoice = i
}

// readSoldTo checks the buyer, who sits in the country the goods go to.
func readSoldTo(contacts node, country string) []string {
	n := contacts.object("SoldTo", true, soldToNames...)
	p := state.Party{Name: n.need("Name", 1, 35, ""), Attention: n.need("AttentionName", 1, 35, "")}
	if phone := n.object("Phone", false, "Number", "Extension"); phone.there {
		phone.need("Number", 1, 15, "")
	}
	a := n.object("Address", true, "AddressLine", "City", "StateProvinceCode", "Town", "PostalCode", "CountryCode")
	p.Lines = a.texts("AddressLine", 35, "")
	if a.there && (len(p.Lines) == 0 || len(p.Lines) > 3) {
		a.missing("AddressLine", "")
	}
	p.City, p.Country = a.need("City", 1, 30, ""), a.need("CountryCode", 2, 2, "")
	p.State, p.Postcode = a.may("StateProvinceCode", 1, 5, ""), a.may("PostalCode", 1, 9, "")
	switch {
	case p.Country == "":
	case p.Country != country && country != "CA":
		a.wrong("CountryCode", p.Country, "the buyer must be in "+country+", where the goods go")
	case !stateFits(p.Country, p.State):
		a.wrong("StateProvinceCode", p.State, "no state of "+p.Country)
	case p.Postcode != "" && !postcodeFits(p.Country, p.Postcode):
		a.wrong("PostalCode", p.Postcode, "no postal code of "+p.Country)
	}
	return lines(p)
}

// readProduct checks a line of an invoice and adds its value to the total, in millionths.
func readProduct(n node, total *big.Int) label.InvoiceLine {
	l := label.InvoiceLine{Part: n.need("PartNumber", 1, 35, "")}
	words := n.texts("Description", 35, "")
	if len(words) == 0 || len(words) > 3 {
		n.c.add(codeMissing, "Missing Required field, %s: one to three of at most 35 characters.", n.at("Description"))
	}
	l.Description = strings.Join(words, " ")
	if l.Commodity = n.may("CommodityCode", 6, 15, ""); l.Commodity != "" && !commodityForm.MatchString(l.Commodity) {
		n.wrong("CommodityCode", l.Commodity, "6 to 15 letters and digits")
	}
	if l.Origin = n.may("OriginCountryCode", 2, 2, ""); l.Origin != "" && !known(l.Origin) {
		n.wrong("OriginCountryCode", l.Origin, "no country")
	}
	unit := n.object("Unit", true, "Number", "UnitOfMeasurement", "Value")
	l.Quantity = unit.formed("Number", 1, 7, numberForm, "digits")
	measure := unit.object("UnitOfMeasurement", true, "Code", "Description")
	if l.Unit = measure.need("Code", 1, 3, ""); l.Unit == "OTH" {
		measure.need("Description", 1, 3, "")
	}
	l.Value = unit.formed("Value", 1, 19, valueForm, "an amount of at most six decimals")
	worth := inMillionths(l.Value)
	if valueForm.MatchString(l.Value) && worth.Sign() == 0 {
		unit.wrong("Value", l.Value, "more than 0")
	}
	if count, ok := new(big.Int).SetString(l.Quantity, 10); ok {
		total.Add(total, worth.Mul(worth, count))
	}
	return l
}

// inMillionths reads a decimal of at most six decimals; what is none is nothing.
func inMillionths(s string) *big.Int {
	whole, fraction, _ := strings.Cut(s, ".")
	n, ok := new(big.Int).SetString(whole+(fraction + "000000")[:6], 10)
	if !ok || !valueForm.MatchString(s) {
		return new(big.Int)
	}
	return n
}

// millionths writes such a number with as many decimals as it has, at least two.
func millionths(n *big.Int) string {
	s := n.String()
	s = strings.Repeat("0", max(0, 7-len(s))) + s
	whole, fraction := s[:len(s)-6], s[len(s)-6:]
	return whole + "." + fraction[:2] + strings.TrimRight(fraction[2:], "0")
}

// readEuropeanImport checks what Shipping.yaml requires of goods on an invoice that come into the European Union.
func readEuropeanImport(shipment, options node, products []node) {
	shipment.listed("ShipperType", "01", "02", "NA")
	shipment.listed("ConsigneeType", "01", "02", "NA")
	options.listed("EUDeMinimisIndicator", "Y", "N")
	for _, p := range products {
		if len(p.objects("ProductIdentifier", "ProductID", "ProductIDTypeCode")) == 0 {
			p.listed("CommodityFieldSpecialConditionCode", "01")
		}
	}
}
