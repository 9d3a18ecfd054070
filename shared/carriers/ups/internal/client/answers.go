package client

import (
	"encoding/json"
	"errors"
)

// ShipAnswer is the answer to a booking.
type ShipAnswer struct {
	ShipmentResponse Maybe[ShipmentResponse]
}

// ShipmentResponse is a status and, when it is a success, results.
type ShipmentResponse struct {
	Response        Maybe[ResponseInfo]
	ShipmentResults Maybe[ShipmentResults]
}

// ResponseInfo is the common head of an answer. UPS sends TransactionReference as "" or an object: it is not read.
type ResponseInfo struct {
	ResponseStatus Maybe[Status]
}

// Status is 1 for success.
type Status struct {
	Code        Text
	Description Text
}

// ShipmentResults is a booking.
type ShipmentResults struct {
	ShipmentIdentificationNumber Text // the number of the first package
	ShipmentCharges              Maybe[Charges]
	NegotiatedRateCharges        Maybe[NegotiatedCharges]
	PackageResults               List[PackageResult]
	Form                         Maybe[Form] // the customs invoice
}

// Form is a customs document.
type Form struct {
	Image Maybe[Image]
}

// Charges are list prices.
type Charges struct {
	TotalCharges Maybe[Amount]
}

// NegotiatedCharges are the account's own prices; absent when it has none.
type NegotiatedCharges struct {
	TotalCharge Maybe[Amount]
}

// Amount is money with a decimal point.
type Amount struct {
	CurrencyCode  Text
	MonetaryValue Text
}

// PackageResult is one package of a booking.
type PackageResult struct {
	TrackingNumber Text
	ShippingLabel  Maybe[Image]
}

// Image is a document in base64. The booking names its format ImageFormat, Label Recovery LabelImageFormat.
type Image struct {
	ImageFormat      Maybe[Status]
	LabelImageFormat Maybe[Status]
	GraphicImage     Text
}

// RecoveryAnswer is the answer of Label Recovery.
type RecoveryAnswer struct {
	LabelRecoveryResponse Maybe[LabelRecoveryResponse]
}

// LabelRecoveryResponse holds one shipment's labels, or candidates when several packages fit.
type LabelRecoveryResponse struct {
	Response                     Maybe[ResponseInfo]
	ShipmentIdentificationNumber Text
	LabelResults                 List[LabelResult]
	TrackingCandidate            List[Candidate]
}

// LabelResult is one package's label. As PDF only the first has one: it holds them all.
type LabelResult struct {
	TrackingNumber Text
	LabelImage     Maybe[Image]
}

// Candidate is a package that fits a reference.
type Candidate struct {
	TrackingNumber Text
}

// TrackAnswer is the answer of Track.
type TrackAnswer struct {
	TrackResponse Maybe[TrackResponse]
}

// TrackResponse has an entry for each thing found, or one with a warning.
type TrackResponse struct {
	Shipment List[TrackShipment]
}

// TrackShipment is packages or warnings.
type TrackShipment struct {
	InquiryNumber Text
	Warnings      List[Problem]
	Package       List[TrackPackage]
}

// TrackPackage is a package and where it is.
type TrackPackage struct {
	TrackingNumber Text
	CurrentStatus  Maybe[TrackStatus]
}

// TrackStatus is a package's status; type MV is voided.
type TrackStatus struct {
	Type Text
	Code Text
}

// Problem is one error or warning.
type Problem struct {
	Code    Text
	Message Text
}

// TokenAnswer is the answer of the login; every value is a string.
type TokenAnswer struct {
	AccessToken Text `json:"access_token"`
	ExpiresIn   Text `json:"expires_in"` // seconds
}

type errorAnswer struct {
	Response struct {
		Errors List[Problem]
	}
}

// ErrEmpty is a body that holds nothing: UPS answers 200 with it to a request it could not read.
var ErrEmpty = errors.New("the body is empty")

// Parse reads an answer as T.
func Parse[T any](body []byte) (T, error) {
	var v T
	if len(body) == 0 {
		return v, ErrEmpty
	}
	if err := json.Unmarshal(body, &v); err != nil {
		return v, errors.New("the body is not the JSON object that was expected")
	}
	return v, nil
}

// Errors reads UPS's error shape, response.errors[]; nil when the body does not have it.
func Errors(body []byte) []Problem {
	a, err := Parse[errorAnswer](body)
	if err != nil {
		return nil
	}
	return a.Response.Errors
}
