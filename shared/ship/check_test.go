package ship

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
)

func TestShipmentCheck(t *testing.T) {
	us := place("US", "NY", "10001")
	at := func(change func(*Shipment)) Shipment {
		s := Shipment{Service: "ups_ground", From: us, To: us, Parcels: []Parcel{{Weight: 1}}, Label: LabelSpec{Format: ZPL, Size: Size4x6}}
		change(&s)
		return s
	}
	price := func(amount int64, currency string) *Filter { return &Filter{MaxTotal: &Money{amount, currency}} }
	for name, c := range map[string]struct {
		in   Shipment
		want []string
	}{
		"a domestic shipment is accepted":             {at(func(*Shipment) {}), nil},
		"a box with two of three dimensions is not":   {at(func(s *Shipment) { s.Parcels[0].Length, s.Parcels[0].Width = 1, 2 }), []string{"parcels[0]:incomplete_dimensions"}},
		"a box with all three dimensions is accepted": {at(func(s *Shipment) { s.Parcels[0] = Parcel{1, 1, 2, 3} }), nil},
		"a pdf on a sheet is accepted":                {at(func(s *Shipment) { s.Label = LabelSpec{PDF, SizeA4} }), nil},
		"a thermal label on a sheet is not":           {at(func(s *Shipment) { s.Label = LabelSpec{ZPL, SizeA4} }), []string{"label.size:unsupported"}},
		"a picture on a sheet is not":                 {at(func(s *Shipment) { s.Label = LabelSpec{PNG, SizeLetter} }), []string{"label.size:unsupported"}},
		"the cheapest of any is accepted":             {at(func(s *Shipment) { s.Service = Cheapest }), nil},
		"the cheapest of some is accepted": {at(func(s *Shipment) {
			s.Service, s.Filter = Cheapest, &Filter{Services: []string{"ups_ground"}, MaxBusinessDays: 3, MaxTotal: &Money{2000, "USD"}}
		}), nil},
		"the fastest for a price is accepted":     {at(func(s *Shipment) { s.Service, s.Filter = Fastest, price(0, "JPY") }), nil},
		"a filter beside a service is not":        {at(func(s *Shipment) { s.Filter = &Filter{} }), []string{"filter:not_needed"}},
		"a filter of a service without a name":    {at(func(s *Shipment) { s.Service, s.Filter = Fastest, &Filter{Services: []string{"a", ""}} }), []string{"filter.services:invalid"}},
		"a filter of days before today is not":    {at(func(s *Shipment) { s.Service, s.Filter = Fastest, &Filter{MaxBusinessDays: -1} }), []string{"filter.max_business_days:invalid"}},
		"a filter of a price below nothing isn't": {at(func(s *Shipment) { s.Service, s.Filter = Fastest, price(-1, "USD") }), []string{"filter.max_total.amount:invalid"}},
		"a filter in no currency is not":          {at(func(s *Shipment) { s.Service, s.Filter = Fastest, price(1, "") }), []string{"filter.max_total.currency:invalid"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := told(c.in.Check()); !slices.Equal(got, c.want) {
				t.Errorf("problems %v, want %v", got, c.want)
			}
		})
	}
}

// FuzzShipment reads anything that has the shape of a shipment: nothing panics, what is normalised stays so, and every
// problem says what and where.
func FuzzShipment(f *testing.F) {
	for _, s := range []Shipment{abroad(), {}, {From: place("GB", "", "bt11aa"), To: place("CA", "ca-on", "k1a0b1"), Customs: &Customs{}}} {
		seed, err := json.Marshal(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	f.Add([]byte(`{"ship_from":{"country":"lv","postcode":"1050","lines":["\u0000"]},"ship_to":{"country":"US","state":"us-us-ny"},"customs":{"items":[{"quantity":-1,"unit_weight_g":9223372036854775807}]},"parcels":[{"weight_g":9223372036854775807},{"weight_g":1}]}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		var given Shipment
		if json.Unmarshal(document, &given) != nil {
			return
		}
		s := given.Normalised()
		for _, p := range s.Check() {
			if p.Field == "" || p.Code == "" || p.Detail == "" {
				t.Errorf("a problem says too little: %+v", p)
			}
		}
		if again := s.Normalised(); !reflect.DeepEqual(s, again) {
			t.Errorf("normalised twice %+v becomes %+v", s, again)
		}
		if CustomsNeeded(s.From, s.From) && s.From.territory() != armedForces {
			t.Error("there is a border between an address and itself")
		}
		if s.Customs != nil {
			if _, err := s.Customs.Total(); err != nil && told(s.Check()) == nil {
				t.Errorf("a declaration without a problem has no total: %v", err)
			}
		}
	})
}
