// Package ship is Fairlead's vocabulary: what a shipper orders and what a carrier answers. It imports the
// standard library only, holds no behaviour beyond checking its own values, and is understood by every other
// package. Weights are grams, lengths millimetres, money minor units of its currency: never floats.
package ship

import (
	"strconv"
	"strings"
	"time"
)

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

// String is the amount as people write it: 13.46 USD. Of a currency that ISO 4217 does not know it is minor units.
func (m Money) String() string {
	digits, _ := MinorDigits(m.Currency)
	sign, n := "", strconv.FormatInt(m.Minor, 10)
	if strings.HasPrefix(n, "-") {
		sign, n = "-", n[1:]
	}
	if n = strings.Repeat("0", max(digits+1-len(n), 0)) + n; digits > 0 {
		n = n[:len(n)-digits] + "." + n[len(n)-digits:]
	}
	return sign + n + " " + m.Currency
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
	Postcode string   `json:"postcode,omitempty"` // empty where the country has none, or carriers do without
	Country  string   `json:"country"`
	TaxID    string   `json:"tax_id,omitempty"` // VAT, EORI, EIN or the like, for customs
	// Residential is said by the shipper; nil is not known, and carriers then decide for themselves.
	Residential *bool `json:"residential,omitempty"`
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
	PNG LabelFormat = "png"
	PDF LabelFormat = "pdf"
)

// MediaType is the HTTP media type of a document in format f.
func (f LabelFormat) MediaType() string {
	switch f {
	case ZPL:
		return "application/zpl"
	case GIF:
		return "image/gif"
	case PNG:
		return "image/png"
	case PDF:
		return "application/pdf"
	}
	return "application/octet-stream"
}

// LabelSpec is the label a shipper wants: format and the stock it is printed on.
type LabelSpec struct {
	Format LabelFormat `json:"format"`
	Size   string      `json:"size"`
}

// The sizes of label stock. A4 and Letter are sheets: a PDF holds the label of 4 by 6 inches on them.
const (
	Size4x6    = "4x6" // inches, as label stock is sold
	SizeA4     = "a4"
	SizeLetter = "letter"
)

// Cheapest and Fastest are services of no carrier: the service is chosen among the offers just before the booking is
// claimed, and frozen by the claim.
const (
	Cheapest = "cheapest"
	Fastest  = "fastest"
)

// Filter bounds what Cheapest and Fastest may choose. The zero value allows every service of the account.
type Filter struct {
	Services        []string `json:"services,omitempty"`          // our codes; empty: all
	MaxBusinessDays int64    `json:"max_business_days,omitempty"` // 0: any
	MaxTotal        *Money   `json:"max_total,omitempty"`
}

// Quote is the offer a shipment was ordered by.
type Quote struct {
	ID      string    `json:"id"` // "rate_…"
	Total   Money     `json:"total"`
	Expires time.Time `json:"expires"`
}

// Contents is why goods cross a border.
type Contents string

// The reasons.
const (
	Merchandise Contents = "merchandise"
	Gift        Contents = "gift"
	Sample      Contents = "sample"
	Documents   Contents = "documents"
	Returned    Contents = "return"
	Repair      Contents = "repair"
)

// Customs is what a border wants to know of a shipment.
type Customs struct {
	Contents      Contents      `json:"contents"`
	Incoterm      string        `json:"incoterm"`                 // Incoterms 2020, three letters; DDP: the shipper pays duties and taxes
	InvoiceNumber string        `json:"invoice_number,omitempty"` // of the commercial invoice
	InvoiceDate   string        `json:"invoice_date,omitempty"`   // 2006-01-02; empty: the day it is booked
	Note          string        `json:"note,omitempty"`           // printed on the invoice
	Items         []CustomsItem `json:"items"`
}

// CustomsItem is one line of the commercial invoice.
type CustomsItem struct {
	Description string `json:"description"`
	Quantity    int64  `json:"quantity"`
	UnitValue   Money  `json:"unit_value"`        // of one piece; all items share a currency
	UnitWeight  Grams  `json:"unit_weight_g"`     // of one piece, net
	Origin      string `json:"origin_country"`    // ISO 3166-1 alpha-2, where it was made
	HSCode      string `json:"hs_code,omitempty"` // Harmonized System, 6 to 10 digits, without points
	SKU         string `json:"sku,omitempty"`     // the shipper's part number
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
	Customs        *Customs          `json:"customs,omitempty"` // where CustomsNeeded says so; elsewhere for carriers that ask
	Label          LabelSpec         `json:"label"`
	Metadata       map[string]string `json:"metadata,omitempty"`
	Filter         *Filter           `json:"filter,omitempty"` // of Cheapest and Fastest
	Quote          *Quote            `json:"quote,omitempty"`  // the offer it was ordered by

	// Erased tells that the order is not kept any more, and that only what its shipment knows is here.
	Erased bool `json:"-"`
}

// Label is a document as a carrier made it: one page for each parcel, in the order of the parcels.
type Label struct {
	Format LabelFormat
	Pages  [][]byte
}

// Booking is a carrier's yes: the essentials without which an answer is not a yes.
type Booking struct {
	TrackingNumber string    // of the first parcel; what the shipment is known by
	Numbers        []string  // of every parcel, in order
	Charge         Money     // what will be billed (negotiated where there is one); zero Currency when not said
	Label          *Label    // nil when the document still has to be fetched
	Invoice        *Label    // the customs invoice, when the carrier made one
	At             time.Time // when the answer was read
}

// ChargeCode is what a part of a price is for, in one vocabulary for all carriers.
type ChargeCode string

// The charge codes.
const (
	BaseCharge        ChargeCode = "base"
	FuelCharge        ChargeCode = "fuel"
	ResidentialCharge ChargeCode = "residential"
	AreaCharge        ChargeCode = "delivery_area" // extended and remote areas as well
	SaturdayCharge    ChargeCode = "saturday"
	SignatureCharge   ChargeCode = "signature"
	ValueCharge       ChargeCode = "declared_value"
	HandlingCharge    ChargeCode = "additional_handling"
	OversizeCharge    ChargeCode = "oversize"
	PeakCharge        ChargeCode = "peak"
	CustomsCharge     ChargeCode = "duties_taxes_fees"
	TaxCharge         ChargeCode = "tax"      // VAT and sales tax on the transport
	DiscountCharge    ChargeCode = "discount" // its amount is negative
	OptionsCharge     ChargeCode = "options"  // what the carrier tells as one sum
	OtherCharge       ChargeCode = "other"
)

// Charge is a part of a price.
type Charge struct {
	Code    ChargeCode `json:"code"`
	Carrier string     `json:"carrier_code,omitempty"` // the carrier's own code
	Title   string     `json:"title,omitempty"`        // the carrier's own words
	Amount  Money      `json:"amount"`
}

// Rate is a carrier's offer for a shipment.
type Rate struct {
	Service      string   `json:"service"` // our code
	Title        string   `json:"title"`   // the service as the carrier calls it
	Total        Money    `json:"total"`   // what would be billed
	Charges      []Charge `json:"charges,omitempty"`
	Negotiated   bool     `json:"negotiated"`              // the account's own price
	Weight       Grams    `json:"billing_weight_g"`        // what is charged for; 0: not said
	BusinessDays int64    `json:"business_days,omitempty"` // in transit; 0: not said
	DeliveryDate string   `json:"delivery_date,omitempty"` // 2006-01-02
	DeliveryTime string   `json:"delivery_time,omitempty"` // 15:04 at the consignee, at the latest
	Guaranteed   bool     `json:"guaranteed"`
	Notes        []string `json:"notes,omitempty"` // the carrier's own warnings
}

// Place is what stands at an address.
type Place string

// The kinds of place.
const (
	Residence    Place = "residential"
	Business     Place = "commercial"
	UnknownPlace Place = "unknown"
)

// Problem says what is wrong with one field of a request. Field is a path as the shipper wrote it
// ("parcels[0].weight_g"); Detail says what was wrong and what to do.
type Problem struct {
	Field  string `json:"field"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}
