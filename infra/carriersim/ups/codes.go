package ups

// UPS's error codes, each with what is known of it: [recorded] in real traffic, [official] in UPS's own documents,
// [third party] in other people's code or reports of it, [assumed] chosen here because nothing was found.
const (
	codeBadHeader       = "10400"   // [official] OAuth: invalid or missing header or parameter
	codeBadClient       = "10401"   // [official] OAuth: client id invalid; also a wrong secret
	codeTooMany         = "10429"   // [official] too many requests
	codeUnavailable     = "10004"   // [recorded] temporarily unavailable, with 503
	codeUnauthorized    = "250002"  // [recorded] invalid authentication information
	codeNotValid        = "10002"   // [official, general list] well formed, but the request is not valid
	codeTooLarge        = "10013"   // [official, general list] the message is too large
	codeNoSuchVersion   = "20002"   // [official, general list] service name and version number are no combination
	codeMissing         = "20007"   // [official, general list] missing required field
	codeInvalid         = "20008"   // [official, general list] a field contains invalid data
	codeNoPackage       = "110002"  // [third party] no package in the shipment
	codeUnitsMixed      = "110548"  // [third party] LBS with CM, or KGS with IN
	codeUnitsForeign    = "121057"  // [third party] measurement system not valid for the shipper's country
	codeOverweight      = "111035"  // [assumed] a package over 150 pounds or 70 kilograms
	codePostcodeState   = "111285"  // [recorded in Rating] the postal code is invalid for the state
	codeShipperNumber   = "120100"  // [third party] missing or invalid shipper number
	codePayerNumber     = "120412"  // [third party] the account to bill is not valid
	codeNoService       = "121210"  // [third party] the service is unavailable between the selected locations
	codeBadService      = "111100"  // [third party] the service is invalid from the origin
	codeAddressToState  = "120802"  // [recorded] address validation error on the ship to address
	codeShipmentRef     = "120541"  // [third party] Shipment/ReferenceNumber is not allowed for this shipment
	codePackageRef      = "120542"  // [third party] Package/ReferenceNumber is not allowed for this shipment
	codeNothingToVoid   = "190102"  // [recorded] no shipment found within the allowed void period
	codeVoidNumber      = "190100"  // [third party] the shipment number is not valid
	codeLabelNotFound   = "9801031" // [third party] Label Recovery has nothing under this reference and shipper number, or this tracking number
	codeLabelVoided     = "9801040" // [third party] what Label Recovery found has been voided
	codeTrackNoID       = "VSS002"  // [official for Track Alert, assumed for Track] missing transId
	codeTrackBadNumber  = "TV1002"  // [third party] invalid tracking number
	warningTrackNothing = "TW0001"  // [third party] tracking information not found: a warning under HTTP 200
	alertNotQualified   = "120900"  // [third party, from recorded traffic] the account is not qualified for negotiated rates
	alertInvoice        = "120016"  // [third party, from recorded traffic] an invoice must come with the goods
	alertReference      = "110971"  // [recorded] the invoice may vary from the rates
	chargeFuel          = "375"     // [recorded] fuel surcharge
	chargeResidential   = "270"     // [third party, from recorded traffic] surcharge for a residence

	codeRateShipper    = "112111"  // [recorded] missing or invalid shipper number, in Rating
	codeRateService    = "111210"  // [third party] the service is unavailable between the selected locations, in Rating
	codeTransitWeight  = "111546"  // [third party] no weight for the time in transit across a border
	codeTransitValue   = "111549"  // [official, by UPS's staff] no value of the goods for the time in transit across a border
	codeAddressOption  = "9264028" // [third party, from recorded traffic] invalid or missing request option of address validation
	codeAddressCountry = "9264029" // [assumed] address validation knows no such country
)

// alerts are UPS's words for its alerts.
var alerts = map[string]string{
	alertNotQualified: "User Id and Shipper Number combination is not qualified to receive negotiated rates",
	alertInvoice:      "A Customs Invoice is required when the shipment is tendered to UPS.",
	alertReference:    "Your invoice may vary from the displayed reference rates",
}

// partyCodes are the codes for the parts of an address. UPS counts them alike for its three parties: 1201xx
// shipper, 1202xx ship to, 1203xx ship from [third party; 120202 recorded]; in Rating 1101xx, 1102xx and 1103xx
// [third party for the countries' 08, assumed for the rest].
type partyCodes struct{ name, attention, line, city, state, postcode, country, phone string }

func codesOf(prefix string) partyCodes {
	return partyCodes{prefix + "00", prefix + "01", prefix + "02", prefix + "05", prefix + "06", prefix + "07", prefix + "08", prefix + "09"}
}
