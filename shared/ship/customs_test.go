package ship

import (
	"math"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func shirts() *Customs {
	return &Customs{Contents: Merchandise, Incoterm: "DAP", InvoiceNumber: "R-1", InvoiceDate: "2026-02-28", Items: []CustomsItem{
		{Description: "Cotton shirt", Quantity: 2, UnitValue: Money{Minor: 1999, Currency: "EUR"}, UnitWeight: 250, Origin: "PT", HSCode: "610910", SKU: "S-1"},
		{Description: "Leather belt", Quantity: 1, UnitValue: Money{Minor: 2500, Currency: "EUR"}, UnitWeight: 500, Origin: "IT"},
	}}
}

func abroad() Shipment {
	return Shipment{Service: "ups_standard", From: place("DE", "", "10115"), To: place("US", "NY", "10001"), Customs: shirts(), Parcels: []Parcel{{Weight: 600}, {Weight: 400}}, Label: LabelSpec{Format: PDF, Size: Size4x6}}
}

func TestCustomsCheck(t *testing.T) {
	item := func(change func(*CustomsItem)) func(*Shipment) {
		return func(s *Shipment) { change(&s.Customs.Items[1]) }
	}
	for name, c := range map[string]struct {
		change func(*Shipment)
		want   []string
	}{
		"a declaration of goods that weigh as much as their parcels is accepted": {func(*Shipment) {}, nil},
		"documents without a value are accepted": {func(s *Shipment) {
			s.Customs = &Customs{Contents: Documents, Incoterm: "DAP", Items: []CustomsItem{{Description: "Contracts", Quantity: 1, UnitValue: Money{0, "EUR"}, UnitWeight: 100, Origin: "DE"}}}
		}, nil},
		"a gift with a free item beside one of value is accepted": {func(s *Shipment) { s.Customs.Contents, s.Customs.Items[1].UnitValue.Minor = Gift, 0 }, nil},
		"no declaration is refused":                               {func(s *Shipment) { s.Customs = nil }, []string{"customs:required"}},
		"no phone of either side is refused":                      {func(s *Shipment) { s.From.Phone, s.To.Phone = "", " " }, []string{"ship_from.phone:required", "ship_to.phone:required"}},
		"contents of another kind are refused":                    {func(s *Shipment) { s.Customs.Contents = "stuff" }, []string{"customs.contents:invalid"}},
		"no incoterm is refused":                                  {func(s *Shipment) { s.Customs.Incoterm = "" }, []string{"customs.incoterm:invalid"}},
		"an incoterm of Incoterms 2010 is refused":                {func(s *Shipment) { s.Customs.Incoterm = "DAT" }, []string{"customs.incoterm:invalid"}},
		"an incoterm of the sea is refused":                       {func(s *Shipment) { s.Customs.Incoterm = "FOB" }, []string{"customs.incoterm:unsupported"}},
		"a day that is none is refused":                           {func(s *Shipment) { s.Customs.InvoiceDate = "2026-02-29" }, []string{"customs.invoice_date:invalid"}},
		"a date in another form is refused":                       {func(s *Shipment) { s.Customs.InvoiceDate = "28.02.2026" }, []string{"customs.invoice_date:invalid"}},
		"no items are refused":                                    {func(s *Shipment) { s.Customs.Items = nil }, []string{"customs.items:invalid"}},
		"101 items are refused":                                   {func(s *Shipment) { s.Customs.Items = make([]CustomsItem, 101) }, []string{"customs.items:invalid"}},
		"a description of blanks is refused":                      {item(func(i *CustomsItem) { i.Description = " " }), []string{"customs.items[1].description:required"}},
		"a quantity of none is refused":                           {item(func(i *CustomsItem) { i.Quantity = 0 }), []string{"customs.items[1].quantity:invalid"}},
		"a quantity of more than a million is refused":            {item(func(i *CustomsItem) { i.Quantity = 1_000_001 }), []string{"customs.items[1].quantity:invalid", "customs.items:too_heavy"}},
		"a negative value is refused":                             {item(func(i *CustomsItem) { i.UnitValue.Minor = -1 }), []string{"customs.items[1].unit_value.amount:invalid"}},
		"a currency that is none is refused": {func(s *Shipment) {
			s.Customs.Items = s.Customs.Items[:1]
			s.Customs.Items[0].UnitValue.Currency = "EURO"
		}, []string{"customs.items[0].unit_value.currency:invalid"}},
		"two currencies are refused":                          {item(func(i *CustomsItem) { i.UnitValue.Currency = "USD" }), []string{"customs.items[1].unit_value.currency:mixed_currencies"}},
		"goods without any value are refused":                 {func(s *Shipment) { s.Customs.Items[0].UnitValue.Minor, s.Customs.Items[1].UnitValue.Minor = 0, 0 }, []string{"customs.items:no_value"}},
		"values beyond 64 bits are refused":                   {item(func(i *CustomsItem) { i.UnitValue.Minor = math.MaxInt64 }), []string{"customs.items:too_large"}},
		"an item without a weight is refused":                 {item(func(i *CustomsItem) { i.UnitWeight = 0 }), []string{"customs.items[1].unit_weight_g:invalid"}},
		"items of a gram more than their parcels are refused": {item(func(i *CustomsItem) { i.UnitWeight++ }), []string{"customs.items:too_heavy"}},
		"weights beyond 64 bits are refused":                  {item(func(i *CustomsItem) { i.Quantity, i.UnitWeight = 2, math.MaxInt64 }), []string{"customs.items:too_heavy"}},
		"an origin that is no country is refused":             {item(func(i *CustomsItem) { i.Origin = "EU" }), []string{"customs.items[1].origin_country:invalid"}},
		"an origin nobody ships from is accepted":             {item(func(i *CustomsItem) { i.Origin = "BD" }), nil},
		"an HS code of five digits is refused":                {item(func(i *CustomsItem) { i.HSCode = "61091" }), []string{"customs.items[1].hs_code:invalid"}},
		"an HS code of ten digits with points is accepted":    {item(func(i *CustomsItem) { i.HSCode = "4203.30.00.00" }), nil},
		"an HS code with letters is refused":                  {item(func(i *CustomsItem) { i.HSCode = "6109AB" }), []string{"customs.items[1].hs_code:invalid"}},
		"every problem of an item is told at once": {func(s *Shipment) { s.Customs.Items = []CustomsItem{{}} }, []string{
			"customs.items[0].description:required", "customs.items[0].quantity:invalid", "customs.items[0].unit_value.currency:invalid", "customs.items[0].unit_weight_g:invalid", "customs.items[0].origin_country:invalid"}},
		"a declaration within the European Union is accepted": {func(s *Shipment) { s.To = place("FR", "", "75001") }, nil},
		"a wrong one within the European Union is refused":    {func(s *Shipment) { s.To, s.Customs.Items = place("FR", "", "75001"), nil }, []string{"customs.items:invalid"}},
		"a declaration to Puerto Rico is accepted":            {func(s *Shipment) { s.From, s.To = place("US", "NY", "10001"), place("PR", "", "00901") }, nil},
		"a declaration to a part outside it is accepted":      {func(s *Shipment) { s.To = place("FR", "", "97400") }, nil},
		"nothing is told of a border to a country not known":  {func(s *Shipment) { s.To.Country, s.Customs = "XX", nil }, []string{"ship_to.country:unsupported_country"}},
		"neither phones nor customs are asked for at home":    {func(s *Shipment) { s.To, s.Customs = s.From, nil; s.To.Phone = "" }, nil},
		"a border between two states of one country is known": {func(s *Shipment) {
			s.From, s.To, s.Customs = place("US", "NY", "10001"), place("US", "GU", "96910"), nil
		}, []string{"customs:required"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := abroad()
			c.change(&s)
			if got := told(s.Normalised().Check()); !slices.Equal(got, c.want) {
				t.Errorf("problems %v, want %v", got, c.want)
			}
		})
	}
}

func TestEveryIncotermIsKnown(t *testing.T) {
	if n := len(incoterms) + len(seaIncoterms); n != 11 {
		t.Errorf("%d incoterms instead of 11", n)
	}
	for _, term := range incoterms {
		s := abroad()
		s.Customs.Incoterm = strings.ToLower(term)
		if got := told(s.Normalised().Check()); got != nil {
			t.Errorf("%s has %v", term, got)
		}
	}
}

func TestCustomsNormalised(t *testing.T) {
	in := Customs{Contents: Gift, Incoterm: " ddp", InvoiceNumber: " 1 ", InvoiceDate: " 2026-01-01", Note: " n ", Items: []CustomsItem{{Description: " a ", UnitValue: Money{1, "eur "}, Origin: " cn", HSCode: "6109.10 00", SKU: " s "}}}
	want := Customs{Contents: Gift, Incoterm: "DDP", InvoiceNumber: "1", InvoiceDate: "2026-01-01", Note: "n", Items: []CustomsItem{{Description: "a", UnitValue: Money{1, "EUR"}, Origin: "CN", HSCode: "61091000", SKU: "s"}}}
	if got := in.Normalised(); !reflect.DeepEqual(got, want) {
		t.Errorf("it is %+v", got)
	}
	if in.Items[0].Description != " a " {
		t.Error("the items that were given are changed")
	}
}

func TestCustomsTotal(t *testing.T) {
	if got, err := shirts().Total(); err != nil || got != (Money{2*1999 + 2500, "EUR"}) {
		t.Errorf("the total is %v, %v", got, err)
	}
	for name, c := range map[string]Customs{
		"no items":         {},
		"two currencies":   {Items: []CustomsItem{{Quantity: 1, UnitValue: Money{1, "EUR"}}, {Quantity: 1, UnitValue: Money{1, "USD"}}}},
		"a negative value": {Items: []CustomsItem{{Quantity: 1, UnitValue: Money{-1, "EUR"}}}},
	} {
		if got, err := c.Total(); err == nil || got != (Money{}) {
			t.Errorf("%s have the total %v, %v", name, got, err)
		}
	}
}

func TestTotalIsExactOrAnError(t *testing.T) {
	amount := rapid.OneOf(rapid.Int64Range(0, 100_000), rapid.Int64Range(0, math.MaxInt64), rapid.Just(int64(math.MaxInt64)))
	rapid.Check(t, func(t *rapid.T) {
		var c Customs
		want := new(big.Int)
		for range rapid.IntRange(1, 5).Draw(t, "items") {
			item := CustomsItem{Quantity: rapid.Int64Range(0, maxQuantity).Draw(t, "quantity"), UnitValue: Money{amount.Draw(t, "value"), "EUR"}}
			c.Items = append(c.Items, item)
			want.Add(want, new(big.Int).Mul(big.NewInt(item.Quantity), big.NewInt(item.UnitValue.Minor)))
		}
		got, err := c.Total()
		if (err == nil) != want.IsInt64() || err == nil && got.Minor != want.Int64() {
			t.Fatalf("the total is %v, %v; it should be %v", got, err, want)
		}
	})
}
