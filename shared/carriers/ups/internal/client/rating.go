package client

// RateRequest is the body of POST /api/rating/v2409/{option}.
type RateRequest struct {
	RateRequest RateQuestion
}

// RateQuestion is what a price is asked for.
type RateQuestion struct {
	Request  RequestInfo
	Shipment RateShipment
}

// RateShipment is a shipment as far as its price depends on it: nobody's name or phone number.
type RateShipment struct {
	Shipper                 RateParty
	ShipTo                  RateParty
	ShipFrom                RateParty
	PaymentDetails          PaymentInformation
	ShipmentRatingOptions   RatingOptions
	Service                 *Code   `json:",omitempty"` // for one service only
	ShipmentTotalWeight     *Weight `json:",omitempty"` // between countries, with transit times
	DocumentsOnlyIndicator  string  `json:",omitempty"`
	Package                 []RatePackage
	InvoiceLineTotal        *LineTotal    `json:",omitempty"` // between countries, with transit times
	DeliveryTimeInformation *DeliveryTime `json:",omitempty"` // with transit times
}

// RateParty is where somebody is.
type RateParty struct {
	ShipperNumber string `json:",omitempty"` // of the shipper only
	Address       Address
}

// RatePackage is one parcel.
type RatePackage struct {
	PackagingType Code
	Dimensions    *Dimensions `json:",omitempty"`
	PackageWeight Weight
}

// DeliveryTime asks for transit times from a day on.
type DeliveryTime struct {
	PackageBillType string // 02 documents, 03 goods
	Pickup          Pickup
}

// Pickup is the day it is handed to UPS.
type Pickup struct {
	Date string // 20060102
}

// RateAnswer is the answer to a RateRequest.
type RateAnswer struct {
	RateResponse Maybe[RateResponse]
}

// RateResponse is one offer for each service.
type RateResponse struct {
	Response      Maybe[ResponseInfo]
	RatedShipment List[RatedShipment]
}

// RatedShipment is an offer.
type RatedShipment struct {
	Service               Maybe[Status]
	RatedShipmentAlert    List[Status]
	BillingWeight         Maybe[BillingWeight]
	TransportationCharges Maybe[Amount] // fuel included
	BaseServiceCharge     Maybe[Amount] // the same without fuel
	ServiceOptionsCharges Maybe[Amount]
	ItemizedCharges       List[ItemizedCharge] // fuel and options, one by one
	TotalCharges          Maybe[Amount]
	NegotiatedRateCharges Maybe[NegotiatedRates]
	RatedPackage          List[RatedPackage]
	TimeInTransit         Maybe[TimeInTransit]
	GuaranteedDelivery    Maybe[GuaranteedDelivery]
}

// BillingWeight is what is charged for.
type BillingWeight struct {
	UnitOfMeasurement Maybe[Status]
	Weight            Text
}

// ItemizedCharge is a part of a price.
type ItemizedCharge struct {
	Code        Text
	Description Text
	Amount
}

// NegotiatedRates are the account's own prices. Their parts are often missing.
type NegotiatedRates struct {
	BaseServiceCharge List[Amount]
	ItemizedCharges   List[ItemizedCharge]
	TotalCharge       Maybe[Amount]
}

// RatedPackage holds a package's own parts of the price, within the US.
type RatedPackage struct {
	ItemizedCharges   List[ItemizedCharge]
	NegotiatedCharges Maybe[PackageCharges]
}

// PackageCharges are a package's parts of the account's own price.
type PackageCharges struct {
	ItemizedCharges List[ItemizedCharge]
}

// TimeInTransit says when it would arrive.
type TimeInTransit struct {
	ServiceSummary Maybe[ServiceSummary]
}

// ServiceSummary is the arrival of one service.
type ServiceSummary struct {
	Service             Maybe[Status] // its name; it has no code
	GuaranteedIndicator Flag
	EstimatedArrival    Maybe[EstimatedArrival]
}

// EstimatedArrival is a day at the consignee and how many business days it takes.
type EstimatedArrival struct {
	Arrival               Maybe[Arrival]
	BusinessDaysInTransit Text
}

// Arrival is a local day, 20060102, and time, 150405 or 1504.
type Arrival struct {
	Date Text
	Time Text
}

// GuaranteedDelivery is the published commitment of a service; answers without transit times have it as well.
type GuaranteedDelivery struct {
	BusinessDaysInTransit Text
	DeliveryByTime        Text // "10:30 A.M."
	ScheduledDeliveryDate Text
}
