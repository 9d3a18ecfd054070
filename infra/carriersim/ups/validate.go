package ups

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim/label"
	"github.com/fairlead/fairlead/infra/carriersim/state"
)

// The element names of Shipping.yaml for the containers that are checked whole.
var (
	requestNames  = []string{"RequestOption", "SubVersion", "TransactionReference"}
	shipmentNames = strings.Fields(`Description ReturnService DocumentsOnlyIndicator Shipper ShipTo AlternateDeliveryAddress ShipFrom
		PaymentInformation FRSPaymentInformation GlobalTaxInformation WorldEase FreightShipmentInformation
		GoodsNotInFreeCirculationIndicator PromotionalDiscountInformation DGSignatoryInfo ShipmentRatingOptions
		MovementReferenceNumber ReferenceNumber Service InvoiceLineTotal ShipmentRiskEnteringEU NumOfPiecesInShipment
		USPSEndorsement MILabelCN22Indicator SubClassification CostCenter CostCenterBarcodeIndicator PackageID
		PackageIDBarcodeIndicator IrregularIndicator ShipmentIndicationType MIDualReturnShipmentKey
		MIDualReturnShipmentIndicator RatingMethodRequestedIndicator TaxInformationIndicator ShipmentServiceOptions Locale
		ShipmentValueThresholdCode ShipperType ConsigneeType MasterCartonID MasterCartonIndicator ShipmentDate Package QuoteID
		TradeDirect HealthcareIdentifier`)
	shipperNames = strings.Fields("Name AttentionName CompanyDisplayableName TaxIdentificationNumber Phone ShipperNumber FaxNumber EMailAddress Address")
	toNames      = strings.Fields("Name AttentionName CompanyDisplayableName TaxIdentificationNumber Phone FaxNumber EMailAddress Address LocationID")
	fromNames    = strings.Fields("Name AttentionName CompanyDisplayableName TaxIdentificationNumber TaxIDType Phone FaxNumber Address VendorInfo")
	addressNames = strings.Fields("AddressLine City StateProvinceCode PostalCode CountryCode ResidentialAddressIndicator POBoxIndicator")
	packageNames = strings.Fields(`Description PalletDescription NumOfPieces UnitPrice Packaging Dimensions DimWeight PackageWeight
		LargePackageIndicator OversizeIndicator MinimumBillableWeightIndicator ReferenceNumber AdditionalHandlingIndicator
		SimpleRate UPSPremier PackageServiceOptions Commodity HazMatPackageInformation`)
	chargeNames    = strings.Fields("Type BillShipper BillReceiver BillThirdParty ConsigneeBilledIndicator")
	referenceNames = strings.Fields("BarCodeIndicator Code Value")
	labelNames     = strings.Fields("LabelImageFormat HTTPUserAgent LabelStockSize Instruction CharacterSet")
)

var referenceCodeForm = regexp.MustCompile(`^[A-Za-z0-9]{1,2}$`)

// order is a ship request that UPS would take.
type order struct {
	booking    state.Booking // without numbers and times
	loads      []load        // of the booking's parcels
	context    string        // CustomerContext
	subVersion string
	negotiated bool
	invoice    *label.Invoice // nil: none was asked for
	format     string
}

// reference is what the order is known by to the rules of faults: the first one given.
func (o order) reference() string {
	if len(o.booking.References) == 0 {
		return ""
	}
	return o.booking.References[0]
}

// readOrder checks a ship request as UPS's documents say, and reads it. A body that is no ship request at all is
// malformed (false); every other problem is an error.
func (u *UPS) readOrder(v any) (o order, errs []wireError, ok bool) {
	c := &checker{}
	whole, isObject := v.(object)
	if !isObject || whole["ShipmentRequest"] == nil {
		return order{}, nil, false
	}
	root := c.object(v, "", []string{"ShipmentRequest"}).object("ShipmentRequest", true, "Request", "Shipment", "LabelSpecification", "ReceiptSpecification")
	u.readRequest(root.object("Request", true, requestNames...), &o)
	shipment := root.object("Shipment", true, shipmentNames...)
	o.booking.Carrier = Carrier
	u.readParties(shipment, &o.booking)
	u.readService(shipment, &o.booking)
	readPayment(shipment, o.booking)
	u.readDate(shipment)
	o.negotiated = shipment.object("ShipmentRatingOptions", false).has("NegotiatedRatesIndicator")
	readPackages(shipment, &o)
	readReferences(shipment, &o.booking)
	readBorder(shipment, &o)
	o.format = readLabel(root.object("LabelSpecification", true, labelNames...), []string{"GIF", "ZPL", "EPL", "SPL", "PNG"})
	o.booking.Format = o.format
	return o, c.errs, true
}

func (u *UPS) readRequest(n node, o *order) {
	if option := n.need("RequestOption", 1, 15, ""); option != "" && option != "nonvalidate" && option != "validate" {
		n.c.add(codeInvalid, "The field, %s, contains invalid data, %q.", n.at("RequestOption"), option)
	}
	o.subVersion = n.may("SubVersion", 4, 4, "")
	if o.subVersion != "" && !slices.Contains(subVersions, o.subVersion) {
		n.c.add(codeInvalid, "The field, %s, contains invalid data, %q.", n.at("SubVersion"), o.subVersion)
	}
	o.context = n.object("TransactionReference", false).may("CustomerContext", 0, 512, "")
}

func (u *UPS) readParties(n node, b *state.Booking) {
	shipper := n.object("Shipper", true, shipperNames...)
	codes := codesOf("1201")
	codes.name = "" // 120100 is the shipper number
	party := readParty(shipper, codes, codePostcodeState)
	b.Account = shipper.need("ShipperNumber", 6, 6, codeShipperNumber)
	if b.Account != "" && (!allUpperAlnum(b.Account) || len(u.o.Accounts) > 0 && !slices.Contains(u.o.Accounts, b.Account)) {
		n.c.add(codeShipperNumber, "Missing or invalid shipper number")
	}
	b.To = readParty(n.object("ShipTo", true, toNames...), codesOf("1202"), codeAddressToState)
	b.From = party
	from := n.object("ShipFrom", false, fromNames...)
	if from.there {
		b.From = readParty(from, codesOf("1203"), codePostcodeState)
	}
	if b.From.Country == "" || b.To.Country == "" || b.From.Country == b.To.Country {
		return
	}
	// Across a border UPS wants a person and a phone at both ends.
	to := codesOf("1202")
	if b.To.Attention == "" {
		n.c.add(to.attention, "Missing or invalid ship to attention name")
	}
	if b.To.Phone == "" {
		n.c.add(to.phone, "Missing or invalid ship to phone number")
	}
	if party.Attention == "" {
		n.c.add(codes.attention, "Missing or invalid shipper attention name")
	}
	if party.Phone == "" {
		n.c.add(codes.phone, "Missing or invalid shipper phone number")
	}
}

func readParty(n node, codes partyCodes, mismatch string) state.Party {
	p := state.Party{
		Name:      n.need("Name", 1, 35, codes.name),
		Attention: n.may("AttentionName", 1, 35, codes.attention),
	}
	n.may("CompanyDisplayableName", 1, 35, "")
	n.may("TaxIdentificationNumber", 1, 15, "")
	n.may("FaxNumber", 1, 15, "")
	n.may("EMailAddress", 1, 50, "")
	if phone := n.object("Phone", false, "Number", "Extension"); phone.there {
		p.Phone = phone.need("Number", 1, 15, codes.phone)
		phone.may("Extension", 1, 4, "")
	}
	a := n.object("Address", true, addressNames...)
	p.Lines = a.texts("AddressLine", 35, codes.line)
	if a.there && (len(p.Lines) == 0 || len(p.Lines) > 3 || strings.TrimSpace(p.Lines[0]) == "") {
		a.c.add(codes.line, "Missing or invalid %s: one to three lines", a.at("AddressLine"))
	}
	p.City = a.need("City", 1, 30, codes.city)
	p.Country = a.need("CountryCode", 2, 2, codes.country)
	p.State = a.may("StateProvinceCode", 1, 5, codes.state)
	p.Postcode = a.may("PostalCode", 1, 9, codes.postcode)
	p.Residential = a.has("ResidentialAddressIndicator")
	if p.Country != "" && !known(p.Country) {
		a.c.add(codes.country, "Missing or invalid %s", a.at("CountryCode"))
		p.Country = ""
	}
	if p.Country != "" {
		checkRegion(a, p, codes, mismatch)
	}
	if p.Phone != "" && (!phoneForm.MatchString(p.Phone) || (unitedStates(p.Country) || p.Country == "CA") && len(p.Phone) < 10) {
		a.c.add(codes.phone, "Missing or invalid %s/Phone/Number: digits only, with the area code", n.path)
		p.Phone = ""
	}
	return p
}

// checkRegion checks state and postal code by the country, and against each other.
func checkRegion(a node, p state.Party, codes partyCodes, mismatch string) {
	stateOK, postcodeOK := stateFits(p.Country, p.State), postcodeFits(p.Country, p.Postcode)
	if !stateOK {
		a.c.add(codes.state, "Missing or invalid %s", a.at("StateProvinceCode"))
	}
	if !postcodeOK {
		a.c.add(codes.postcode, "Missing or invalid %s", a.at("PostalCode"))
	}
	if stateOK && postcodeOK && !together(p.Country, p.State, p.Postcode) {
		a.c.add(mismatch, "The postal code %s is invalid for %s %s.", p.Postcode, p.State, p.Country)
	}
}

func (u *UPS) readService(n node, b *state.Booking) {
	s := n.object("Service", true, "Code", "Description")
	b.Service = s.need("Code", 2, 2, codeBadService)
	name, ok := services[b.Service]
	switch {
	case b.Service == "":
	case !ok:
		n.c.add(codeBadService, "The service %q is invalid.", b.Service)
	case b.From.Country != "" && b.To.Country != "" && !offered(b.Service, b.From.Country, b.To.Country):
		n.c.add(codeNoService, "The requested service is unavailable between the selected locations.")
	}
	b.ServiceName = name
}

// readPayment wants one payer of the transport, and takes one of duties and taxes where there are any (Shipping.yaml,
// ShipmentCharge.Type: it is invalid for a qualified domestic shipment).
func readPayment(n node, b state.Booking) {
	transport := 0
	charges := n.object("PaymentInformation", true, "ShipmentCharge", "SplitDutyVATIndicator").objects("ShipmentCharge", chargeNames...)
	for _, c := range charges {
		switch kind := c.need("Type", 2, 2, ""); kind {
		case "01":
			transport++
		case "02":
			if b.From.Country != "" && b.To.Country != "" && single(b.From.Country, b.To.Country) && !n.has("GoodsNotInFreeCirculationIndicator") {
				n.c.add(codeInvalid, "The field, %s, contains invalid data, %q: there are no duties within one customs territory.", c.at("Type"), kind)
			}
		case "03", "":
		default:
			n.c.add(codeInvalid, "The field, %s, contains invalid data, %q.", c.at("Type"), kind)
		}
		payers := 0
		for _, name := range chargeNames[1:] {
			if c.has(name) {
				payers++
			}
		}
		if c.there && payers != 1 {
			n.c.add(codePayerNumber, "%s needs exactly one of BillShipper, BillReceiver, BillThirdParty, ConsigneeBilledIndicator", c.path)
		}
		checkPayer(c, b.Account)
	}
	if n.has("PaymentInformation") && transport != 1 {
		n.c.add(codeMissing, "Missing Required field, %s: one charge of type 01.", n.at("PaymentInformation/ShipmentCharge"))
	}
}

func checkPayer(c node, account string) {
	if bill := c.object("BillShipper", false); bill.there && !bill.has("CreditCard") && !bill.has("AlternatePaymentMethod") {
		if payer := bill.need("AccountNumber", 6, 6, codePayerNumber); payer != "" && account != "" && payer != account {
			c.c.add(codePayerNumber, "%s must be the shipper number", bill.at("AccountNumber"))
		}
	}
	if bill := c.object("BillReceiver", false); bill.there {
		bill.need("AccountNumber", 6, 6, codePayerNumber)
	}
	if bill := c.object("BillThirdParty", false); bill.there {
		bill.may("AccountNumber", 6, 6, codePayerNumber)
		bill.object("Address", true)
	}
}

// readDate checks ShipmentDate: today to seven days ahead, in any time zone.
func (u *UPS) readDate(n node) {
	text := n.may("ShipmentDate", 8, 8, "")
	if text == "" {
		return
	}
	day, err := time.Parse("20060102", text)
	now := u.o.Now().UTC()
	if err != nil || day.Before(now.AddDate(0, 0, -2)) || day.After(now.AddDate(0, 0, 8)) {
		n.c.add(codeInvalid, "The field, %s, contains invalid data, %q: today to 7 days ahead.", n.at("ShipmentDate"), text)
	}
}

// readLabel checks a label specification and returns the format it asks for.
func readLabel(n node, formats []string) string {
	format := n.object("LabelImageFormat", true, "Code", "Description").need("Code", 1, 4, "")
	if format != "" && !slices.Contains(formats, format) {
		n.c.add(codeInvalid, "The field, %s, contains invalid data, %q.", n.at("LabelImageFormat/Code"), format)
	}
	n.may("HTTPUserAgent", 1, 64, "")
	thermal := format == "ZPL" || format == "EPL" || format == "SPL"
	size := n.object("LabelStockSize", thermal, "Height", "Width")
	if !size.there {
		return format
	}
	if high := size.need("Height", 1, 3, ""); high != "" && high != "6" && high != "8" {
		n.c.add(codeInvalid, "The field, %s, contains invalid data, %q: 6 or 8.", size.at("Height"), high)
	}
	if wide := size.need("Width", 1, 3, ""); wide != "" && wide != "4" {
		n.c.add(codeInvalid, "The field, %s, contains invalid data, %q: 4.", size.at("Width"), wide)
	}
	return format
}
