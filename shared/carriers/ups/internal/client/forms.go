package client

// ServiceOptions are what a shipment has besides being carried.
type ServiceOptions struct {
	EUDeMinimisIndicator string              `json:",omitempty"` // into the EU: Y up to 150 euros, N above
	InternationalForms   *InternationalForms `json:",omitempty"`
}

// InternationalForms are the data of the commercial invoice, form 01.
type InternationalForms struct {
	FormType            []string
	Contacts            Contacts
	Product             []Product // at most 50
	InvoiceNumber       string
	InvoiceDate         string // 20060102
	PurchaseOrderNumber string `json:",omitempty"`
	TermsOfShipment     string `json:",omitempty"` // an Incoterm
	ReasonForExport     string
	Comments            string `json:",omitempty"` // at most 150 characters
	CurrencyCode        string // of all amounts
}

// Contacts are the parties to the goods.
type Contacts struct {
	SoldTo SoldTo
}

// SoldTo is who bought the goods.
type SoldTo struct {
	Name          string
	AttentionName string
	Phone         *Phone `json:",omitempty"`
	Address       Address
	EMailAddress  string `json:",omitempty"`
}

// Product is one line of the invoice.
type Product struct {
	Description                        []string // one to three lines of at most 35 characters
	Unit                               ProductUnit
	CommodityCode                      string `json:",omitempty"` // 6 to 15 letters or digits
	PartNumber                         string
	OriginCountryCode                  string
	ProductIdentifier                  []ProductIdentifier `json:",omitempty"` // into the EU
	CommodityFieldSpecialConditionCode string              `json:",omitempty"` // 01: no standardised identifier is among them
}

// ProductIdentifier is a product's number and whose it is: 0100 the merchant's, 0200 the manufacturer's, 0300 a standard.
type ProductIdentifier struct {
	ProductID         string
	ProductIDTypeCode string
}

// ProductUnit is how many of a product there are and what one is worth.
type ProductUnit struct {
	Number            string
	UnitOfMeasurement Code
	Value             string // with a decimal point
}
