package ups

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim/fault"
	"github.com/fairlead/fairlead/infra/carriersim/state"
)

// rateVersions are the versions of Rating. Before v2409 one rated shipment is sent as an object, before v2403 every
// other list of one.
var rateVersions = []string{"v1", "v1601", "v1607", "v1701", "1701", "v1707", "1707", "v2108", "v2205", "v2403", "v2409"}

const firstRateArrays = "v2409"

// The element names of Rating.yaml for the containers that are checked whole.
var (
	rateShipmentNames = strings.Fields(`OriginRecordTransactionTimestamp Shipper ShipTo ShipFrom AlternateDeliveryAddress
		ShipmentIndicationType PaymentDetails FRSPaymentInformation FreightShipmentInformation GoodsNotInFreeCirculationIndicator
		Service NumOfPieces ShipmentTotalWeight DocumentsOnlyIndicator Package ShipmentServiceOptions ShipmentRatingOptions
		InvoiceLineTotal RatingMethodRequestedIndicator TaxInformationIndicator PromotionalDiscountInformation
		DeliveryTimeInformation MasterCartonIndicator WWEShipmentIndicator`)
	ratePackageNames = strings.Fields(`PackagingType Dimensions DimWeight PackageWeight Commodity LargePackageIndicator
		PackageServiceOptions AdditionalHandlingIndicator SimpleRate UPSPremier OversizeIndicator MinimumBillableWeightIndicator`)
	rateShipperNames = strings.Fields("Name AttentionName ShipperNumber Address")
	ratePlaceNames   = strings.Fields("Name AttentionName Address")
)

// enquiry is a rate request that UPS would answer.
type enquiry struct {
	lane       lane
	account    string
	services   []string // those to rate
	loads      []load
	context    string // CustomerContext; rules of faults know the enquiry by it
	subVersion string
	negotiated bool
	chart      bool      // a RateChart is wanted
	pickup     time.Time // zero: no time in transit is wanted
	hour       string    // of the pickup
	billType   string
}

// rating tells what a shipment would cost.
func (u *UPS) rating(w http.ResponseWriter, r *http.Request) {
	v, ok := body(w, r)
	if !ok {
		return
	}
	version := r.PathValue("version")
	if !slices.Contains(rateVersions, version) {
		refuse(w, http.StatusBadRequest, noSuchVersion("Rate", version))
		return
	}
	e, errs, ok := u.readEnquiry(v, r.PathValue("option"), r.URL.Query().Get("additionalinfo"))
	switch {
	case !ok:
		malformed(w)
		return
	case len(errs) > 0:
		refuse(w, http.StatusBadRequest, errs...)
		return
	}
	polymorphic := u.o.Switches.Get().Polymorphic
	form := rateForm{object: polymorphic || version < firstRateArrays, parts: polymorphic || version < firstArrays}
	u.o.Runner.Run(w, r, call(fault.Rate, r, e.context, func(time.Duration) fault.Answer { return u.rates(e, form) }))
}

// readEnquiry checks a rate request as UPS's documents say, and reads it. A body that is no rate request at all is
// malformed (false).
func (u *UPS) readEnquiry(v any, option, additional string) (e enquiry, errs []wireError, ok bool) {
	c := &checker{}
	whole, isObject := v.(object)
	if !isObject || whole["RateRequest"] == nil {
		return enquiry{}, nil, false
	}
	shopping, transit, known := rateOption(option, additional)
	if !known {
		c.add(codeInvalid, "The request option %q is invalid.", option)
	}
	root := c.object(v, "", []string{"RateRequest"}).object("RateRequest", true, "Request", "PickupType", "CustomerClassification", "Shipment")
	head := root.object("Request", true, "RequestOption", "SubVersion", "TransactionReference")
	e.subVersion = head.may("SubVersion", 0, 4, "")
	if e.subVersion != "" && !slices.Contains(subVersions, e.subVersion) {
		head.wrong("SubVersion", e.subVersion, "no SubVersion of UPS")
	}
	e.context = head.object("TransactionReference", false).may("CustomerContext", 0, 512, "")
	for _, name := range []string{"PickupType", "CustomerClassification"} {
		if kind := root.object(name, false, "Code", "Description"); kind.there {
			kind.need("Code", 1, 35, "") // its length is not validated, says Rating.yaml
		}
	}
	n := root.object("Shipment", true, rateShipmentNames...)
	options := n.object("ShipmentRatingOptions", false)
	e.negotiated, e.chart = options.has("NegotiatedRatesIndicator"), options.has("RateChartIndicator")
	u.readRoute(n, &e)
	readRateService(n, shopping, &e)
	readRatePackages(n, &e)
	if transit {
		u.readTransit(n, &e)
	}
	return e, c.errs, true
}

// rateOption reads the request option in the path and the query that has the same effect.
func rateOption(option, additional string) (shopping, transit, known bool) {
	option = strings.ToLower(option)
	kind, transit := strings.CutSuffix(option, "timeintransit")
	switch additional {
	case "":
	case "timeintransit":
		transit = true
	default:
		return false, false, false
	}
	return kind == "shop", transit, kind == "shop" || kind == "rate"
}

// readRoute reads the addresses and who pays. Negotiated rates need the shipper's number and the origin's state
// (Rating.yaml, Shipper.ShipperNumber and ShipFrom.Address.StateProvinceCode).
func (u *UPS) readRoute(n node, e *enquiry) {
	shipper := n.object("Shipper", true, rateShipperNames...)
	e.account = shipper.may("ShipperNumber", 0, 6, codeRateShipper)
	switch {
	case e.account == "" && !e.negotiated:
	case len(e.account) != 6 || !allUpperAlnum(e.account) || len(u.o.Accounts) > 0 && !slices.Contains(u.o.Accounts, e.account):
		n.c.add(codeRateShipper, "Missing or invalid shipper number")
	}
	e.lane.to = readPlace(n.object("ShipTo", true, ratePlaceNames...), codesOf("1102"), false)
	from := n.object("ShipFrom", false, ratePlaceNames...)
	e.lane.from = readPlace(shipper, codesOf("1101"), e.negotiated && !from.there)
	if from.there {
		e.lane.from = readPlace(from, codesOf("1103"), e.negotiated)
	}
	payment := n.object("PaymentDetails", false, "ShipmentCharge", "SplitDutyVATIndicator")
	for _, c := range payment.objects("ShipmentCharge", chargeNames...) {
		c.listed("Type", "01", "02")
		if bill := c.object("BillShipper", false); bill.there {
			if payer := bill.need("AccountNumber", 6, 6, codeRateShipper); payer != "" && payer != e.account {
				n.c.add(codeRateShipper, "%s must be the shipper number", bill.at("AccountNumber"))
			}
		}
	}
}

// readPlace reads what of an address a price depends on.
func readPlace(n node, codes partyCodes, stateWanted bool) state.Party {
	a := n.object("Address", true, addressNames...)
	p := state.Party{
		Lines: a.texts("AddressLine", 200, ""), City: a.may("City", 1, 100, codes.city), State: a.may("StateProvinceCode", 1, 5, codes.state),
		Postcode: a.may("PostalCode", 1, 9, codePostcodeState), Country: a.need("CountryCode", 2, 2, codes.country),
		Residential: a.has("ResidentialAddressIndicator"),
	}
	_, coded := postcodes[p.Country]
	stateOK := p.State == "" && !stateWanted || stateFits(p.Country, p.State)
	switch {
	case p.Country == "":
	case !known(p.Country):
		a.c.add(codes.country, "Missing or invalid %s", a.at("CountryCode"))
		p.Country = ""
	case !coded && p.City == "":
		a.c.add(codes.city, "Missing or invalid %s: %s has no postal codes", a.at("City"), p.Country)
	case !stateOK:
		a.c.add(codes.state, "Missing or invalid %s", a.at("StateProvinceCode"))
	case !postcodeFits(p.Country, p.Postcode) || p.State != "" && !together(p.Country, p.State, p.Postcode):
		a.c.add(codePostcodeState, "The postal code %s is invalid for %s %s.", p.Postcode, p.State, p.Country)
	}
	return p
}

var serviceForm = regexp.MustCompile(`^0?[0-9]{2}$`)

const noService = "The requested service is unavailable between the selected locations."

// readRateService finds the services to rate: the one that is asked for, which Shop ignores, or all.
func readRateService(n node, shopping bool, e *enquiry) {
	from, to := e.lane.from.Country, e.lane.to.Country
	if shopping {
		e.services = shop(from, to)
		return
	}
	s := n.object("Service", true, "Code", "Description")
	code := s.need("Code", 2, 3, codeBadService)
	if len(code) == 3 { // Rating.yaml says three characters, its examples have two or "072"
		code = strings.TrimPrefix(code, "0")
	}
	switch {
	case code == "":
	case !serviceForm.MatchString(code) || services[code] == "":
		n.c.add(codeBadService, "The requested service is invalid from the selected origin.")
	case from != "" && to != "" && !offered(code, from, to):
		n.c.add(codeRateService, noService)
	}
	e.services = []string{code}
}

func readRatePackages(n node, e *enquiry) {
	packages := n.objects("Package", ratePackageNames...)
	countPackages(n, len(packages))
	from, to := e.lane.from.Country, e.lane.to.Country
	for _, p := range packages {
		kind := readPackaging(p.object("PackagingType", true, "Code", "Description"), append([]string{"00"}, packaging...))
		l, _ := readLoad(p, from, sizes{weight: 6, side: 9})
		l.letter = kind == "01"
		if from == to && (from == "GB" || from == "PL") && !p.has("Dimensions") {
			p.missing("Dimensions", "") // as Rating.yaml says
		}
		e.loads = append(e.loads, l)
	}
}
