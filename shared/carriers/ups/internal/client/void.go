package client

import "strings"

// VoidReply is the answer to a void.
type VoidReply struct {
	VoidShipmentResponse Maybe[VoidShipmentResponse]
}

// VoidShipmentResponse is a result for the shipment and, maybe, one for each package. The schema names the latter
// PackageLevelResults, recorded answers PackageLevelResult.
type VoidShipmentResponse struct {
	Response            Maybe[ResponseInfo]
	SummaryResult       Maybe[VoidResult]
	PackageLevelResults List[VoidResult]
	PackageLevelResult  List[VoidResult]
}

// VoidResult is 1 for voided, now or before, and 0 for not voided.
type VoidResult struct {
	TrackingNumber Text
	Status         Maybe[Status]
}

// Clean is a text without the carriage returns that UPS's test environment puts into the answers to a void, escaped
// as for XML (UPS-API/api-documentation issue 63).
func (t Text) Clean() string {
	return strings.TrimSpace(strings.ReplaceAll(string(t), "&#xD;", ""))
}
