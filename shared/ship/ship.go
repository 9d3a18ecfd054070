// Package ship is Fairlead's vocabulary: what a shipper orders and what a carrier answers. It imports the
// standard library only, holds no behaviour beyond checking its own values, and is understood by every other
// package. Weights are grams, lengths millimetres, money minor units of its currency: never floats.
package ship

import "time"

// Mode separates test traffic from live traffic; it is part of every key.
type Mode string

// The two modes. An API key belongs to exactly one.
const (
	Test Mode = "test"
	Live Mode = "live"
)

// Priority chooses the queue a shipment is booked from.
type Priority string

// The priorities, each with its own queue.
const (
	Urgent   Priority = "urgent"
	Standard Priority = "standard"
	Bulk     Priority = "bulk"
)

// Grams is a mass.
type Grams int64

// Millimetres is a length.
type Millimetres int64

// Money is an amount in minor units (cents, pence, yen) of an ISO 4217 currency.
type Money struct {
	Minor    int64  `json:"amount"`
	Currency string `json:"currency"`
}

// Address is a postal address with the person or company at it. Country is ISO 3166-1 alpha-2; State is the
// country's own subdivision code where the country's addresses carry one.
type Address struct {
	Name     string   `json:"name"`
	Company  string   `json:"company,omitempty"`
	Phone    string   `json:"phone,omitempty"`
	Email    string   `json:"email,omitempty"`
	Lines    []string `json:"lines"`
	City     string   `json:"city"`
	State    string   `json:"state,omitempty"`
	Postcode string   `json:"postcode"`
	Country  string   `json:"country"`
}

// Parcel is one box: mass in grams, outer dimensions in millimetres (all three or none).
type Parcel struct {
	Weight Grams       `json:"weight_g"`
	Length Millimetres `json:"length_mm,omitempty"`
	Width  Millimetres `json:"width_mm,omitempty"`
	Height Millimetres `json:"height_mm,omitempty"`
}

// LabelFormat is a document format a shipper may ask for.
type LabelFormat string

// The label formats.
const (
	ZPL LabelFormat = "zpl"
	GIF LabelFormat = "gif"
	PDF LabelFormat = "pdf"
)

// MediaType is the HTTP media type of a document in format f.
func (f LabelFormat) MediaType() string {
	switch f {
	case ZPL:
		return "application/zpl"
	case GIF:
		return "image/gif"
	case PDF:
		return "application/pdf"
	}
	return "application/octet-stream"
}

// LabelSpec is the label a shipper wants: format and stock size ("4x6", in inches as label stock is sold).
type LabelSpec struct {
	Format LabelFormat `json:"format"`
	Size   string      `json:"size"`
}

// Shipment is one physical shipment as ordered, with every default filled in. It is what the canonical request
// document stores and what a carrier adapter renders.
type Shipment struct {
	Reference      string            `json:"reference,omitempty"`
	OrderNumber    string            `json:"order_number,omitempty"`
	Priority       Priority          `json:"priority"`
	Service        string            `json:"service"`
	CarrierAccount string            `json:"carrier_account"`
	From           Address           `json:"ship_from"`
	To             Address           `json:"ship_to"`
	Parcels        []Parcel          `json:"parcels"`
	Label          LabelSpec         `json:"label"`
	Metadata       map[string]string `json:"metadata,omitempty"`
}

// Label is a document as a carrier made it.
type Label struct {
	Format LabelFormat
	Data   []byte
}

// Booking is a carrier's yes: the essentials without which an answer is not a yes.
type Booking struct {
	TrackingNumber string    // of the first parcel; what the shipment is known by
	Numbers        []string  // of every parcel, in order
	Charge         Money     // what will be billed (negotiated where there is one); zero Currency when not said
	Label          *Label    // nil when the document still has to be fetched
	At             time.Time // when the answer was read
}

// Problem says what is wrong with one field of a request. Field is a path as the shipper wrote it
// ("parcels[0].weight_g"); Detail says what was wrong and what to do.
type Problem struct {
	Field  string `json:"field"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}
