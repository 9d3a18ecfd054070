package client

// The requests as UPS's Shipping.yaml names them, cut down to what is sent. Numbers are strings there, and a flag is
// set by being there: its value means nothing.

// Set is what stands in a flag that is set.
const Set = "Y"

// ShipRequest is the body of POST /api/shipments/v2409/ship.
type ShipRequest struct {
	ShipmentRequest ShipmentRequest
}

// ShipmentRequest is what is booked and the label that is wanted.
type ShipmentRequest struct {
	Request            RequestInfo
	Shipment           Shipment
	LabelSpecification LabelSpecification
}

// RequestInfo is the common head of a request.
type RequestInfo struct {
	RequestOption        string                `json:",omitempty"`
	SubVersion           string                `json:",omitempty"`
	TransactionReference *TransactionReference `json:",omitempty"`
}

// TransactionReference is echoed in the answer.
type TransactionReference struct {
	CustomerContext string
}

// Shipment is one shipment of one or more packages.
type Shipment struct {
	Description            string `json:",omitempty"` // between countries
	DocumentsOnlyIndicator string `json:",omitempty"` // between countries
	Shipper                Party
	ShipTo                 Party
	ShipFrom               Party
	PaymentInformation     PaymentInformation
	ShipmentRatingOptions  RatingOptions
	ReferenceNumber        []ReferenceNumber `json:",omitempty"` // neither US to US nor PR to PR; at most two
	Service                Code
	InvoiceLineTotal       *LineTotal      `json:",omitempty"` // US to CA and US to PR only
	ShipperType            string          `json:",omitempty"` // into the EU: 01 business, 02 consumer
	ConsigneeType          string          `json:",omitempty"`
	ShipmentServiceOptions *ServiceOptions `json:",omitempty"`
	Package                []Package
}

// Party is a shipper, a sender or a consignee.
type Party struct {
	Name                    string
	AttentionName           string `json:",omitempty"`
	TaxIdentificationNumber string `json:",omitempty"`
	Phone                   *Phone `json:",omitempty"`
	ShipperNumber           string `json:",omitempty"` // of the shipper only
	EMailAddress            string `json:",omitempty"` // not of a sender
	Address                 Address
}

// Phone is digits only.
type Phone struct {
	Number string
}

// Address is a postal address.
type Address struct {
	AddressLine                 []string `json:",omitempty"`
	City                        string   `json:",omitempty"`
	StateProvinceCode           string   `json:",omitempty"`
	PostalCode                  string   `json:",omitempty"`
	CountryCode                 string
	ResidentialAddressIndicator string `json:",omitempty"` // of a consignee only
}

// PaymentInformation says who pays for what.
type PaymentInformation struct {
	ShipmentCharge []ShipmentCharge
}

// ShipmentCharge is one payer; type 01 is transportation, 02 duties and taxes.
type ShipmentCharge struct {
	Type        string
	BillShipper BillShipper
}

// BillShipper charges the shipper's account.
type BillShipper struct {
	AccountNumber string
}

// RatingOptions asks for the account's own prices.
type RatingOptions struct {
	NegotiatedRatesIndicator string
}

// ReferenceNumber is a customer's reference, at most 35 characters.
type ReferenceNumber struct {
	Code  string `json:",omitempty"` // what it is, e.g. PO
	Value string
}

// LineTotal is what all goods are worth, in whole units of the currency.
type LineTotal struct {
	CurrencyCode  string
	MonetaryValue string
}

// Code is a coded value.
type Code struct {
	Code string
}

// Package is one parcel.
type Package struct {
	Packaging       Code
	Dimensions      *Dimensions `json:",omitempty"`
	PackageWeight   Weight
	ReferenceNumber []ReferenceNumber `json:",omitempty"` // US to US and PR to PR only; at most two
}

// Dimensions are whole inches or centimetres, the longest first.
type Dimensions struct {
	UnitOfMeasurement     Unit
	Length, Width, Height string
}

// Weight is in pounds or kilograms, with one decimal.
type Weight struct {
	UnitOfMeasurement Unit
	Weight            string
}

// Unit is a unit of measurement. Rating wants its name as well.
type Unit struct {
	Code        string
	Description string `json:",omitempty"`
}

// LabelSpecification is the label that is wanted.
type LabelSpecification struct {
	LabelImageFormat Code
	HTTPUserAgent    string          `json:",omitempty"` // UPS requires it for GIF
	LabelStockSize   *LabelStockSize `json:",omitempty"`
}

// LabelStockSize is in whole inches.
type LabelStockSize struct {
	Height, Width string
}

// RecoveryRequest is the body of POST /api/labels/v1/recovery: by tracking number or by reference.
type RecoveryRequest struct {
	LabelRecoveryRequest LabelRecoveryRequest
}

// LabelRecoveryRequest names what is looked for and the format its label is wanted in.
type LabelRecoveryRequest struct {
	Request            RequestInfo
	LabelSpecification LabelSpecification
	TrackingNumber     string           `json:",omitempty"`
	ReferenceValues    *ReferenceValues `json:",omitempty"`
}

// ReferenceValues looks a shipment up by the customer's reference.
type ReferenceValues struct {
	ReferenceNumber ReferenceNumber
	ShipperNumber   string
}
