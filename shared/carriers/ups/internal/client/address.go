package client

// AddressRequest is the body of POST /api/addressvalidation/v2/3.
type AddressRequest struct {
	XAVRequest XAVRequest
}

// XAVRequest is one address.
type XAVRequest struct {
	AddressKeyFormat AddressKey
}

// AddressKey is an address in the Postal Service's parts.
type AddressKey struct {
	ConsigneeName       string   `json:",omitempty"` // at most 40 characters
	AddressLine         []string // at most three of 100 characters
	PoliticalDivision2  string   `json:",omitempty"` // the city
	PoliticalDivision1  string   `json:",omitempty"` // the state
	PostcodePrimaryLow  string   `json:",omitempty"` // five digits
	PostcodeExtendedLow string   `json:",omitempty"` // four more
	CountryCode         string
}

// AddressAnswer is the answer to an AddressRequest.
type AddressAnswer struct {
	XAVResponse Maybe[XAVResponse]
}

// XAVResponse is a verdict, by which indicator is there, and the addresses that were meant.
type XAVResponse struct {
	Response                  Maybe[ResponseInfo]
	ValidAddressIndicator     Flag
	AmbiguousAddressIndicator Flag
	NoCandidatesIndicator     Flag
	AddressClassification     Maybe[Status]
	Candidate                 List[AddressCandidate]
}

// AddressCandidate is an address that may have been meant.
type AddressCandidate struct {
	AddressClassification Maybe[Status]
	AddressKeyFormat      Maybe[CandidateKey]
}

// CandidateKey is a candidate's address.
type CandidateKey struct {
	AddressLine         Texts
	PoliticalDivision2  Text
	PoliticalDivision1  Text
	PostcodePrimaryLow  Text
	PostcodeExtendedLow Text
	CountryCode         Text
}
