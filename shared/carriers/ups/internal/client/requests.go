package client

// The requests as UPS's Shipping.yaml names them, cut down to what is sent. Numbers are strings there.

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
	Description           string `json:",omitempty"`
	Shipper               Party
	ShipTo                Party
	ShipFrom              Party
	PaymentInformation    PaymentInformation
	ShipmentRatingOptions RatingOptions
	ReferenceNumber       []ReferenceNumber `json:",omitempty"` // neither US to US nor PR to PR
	Service               Code
	Package               []Package
}

// Party is a shipper, a sender or a consignee.
type Party struct {
	Name          string
	AttentionName string `json:",omitempty"`
	Phone         *Phone `json:",omitempty"`
	ShipperNumber string `json:",omitempty"` // of the shipper only
	EMailAddress  string `json:",omitempty"` // not of a sender
	Address       Address
}

// Phone is digits only.
type Phone struct {
	Number string
}

// Address is a postal address.
type Address struct {
	AddressLine       []string
	City              string
	StateProvinceCode string `json:",omitempty"`
	PostalCode        string `json:",omitempty"`
	CountryCode       string
}

// PaymentInformation says who pays for what.
type PaymentInformation struct {
	ShipmentCharge []ShipmentCharge
}

// ShipmentCharge is one payer; type 01 is transportation.
type ShipmentCharge struct {
	Type        string
	BillShipper BillShipper
}

// BillShipper charges the shipper's account.
type BillShipper struct {
	AccountNumber string
}

// RatingOptions asks for the account's own prices: the presence of the indicator is the question.
type RatingOptions struct {
	NegotiatedRatesIndicator string
}

// ReferenceNumber is a customer's reference, at most 35 characters.
type ReferenceNumber struct {
	Value string
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
	ReferenceNumber []ReferenceNumber `json:",omitempty"` // US to US and PR to PR only
}

// Dimensions are whole inches or centimetres, the longest first.
type Dimensions struct {
	UnitOfMeasurement     Code
	Length, Width, Height string
}

// Weight is in pounds or kilograms, with one decimal.
type Weight struct {
	UnitOfMeasurement Code
	Weight            string
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
