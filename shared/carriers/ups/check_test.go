package ups

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

func TestCheck(t *testing.T) {
	long := strings.Repeat("x", 36)
	cases := []struct {
		name  string
		mod   func(*ship.Shipment)
		field string // "": no problem
	}{
		{"a good order", func(s *ship.Shipment) {}, ""},
		{"the cheapest service", func(s *ship.Shipment) { s.Service = ship.Cheapest }, ""},
		{"the fastest service", func(s *ship.Shipment) { s.Service = ship.Fastest }, ""},
		{"a pdf on a sheet", func(s *ship.Shipment) { s.Label = ship.LabelSpec{Format: ship.PDF, Size: ship.SizeA4} }, ""},
		{"gif for two parcels", func(s *ship.Shipment) {
			s.Label.Format = ship.GIF
			s.Parcels = append(s.Parcels, ship.Parcel{Weight: 1})
		}, ""},
		{"35 characters are not 35 bytes", func(s *ship.Shipment) { s.To.Name = strings.Repeat("ü", 35) }, ""},
		{"unknown service", func(s *ship.Shipment) { s.Service = "ups_moon" }, "service"},
		{"service of another country", func(s *ship.Shipment) { s.Service = "ups_standard" }, "service"},
		{"country it does not serve", func(s *ship.Shipment) { s.From.Country = "RU" }, "ship_from.country"},
		{"name", func(s *ship.Shipment) { s.To.Name = long }, "ship_to.name"},
		{"company", func(s *ship.Shipment) { s.From.Company = long }, "ship_from.company"},
		{"first line", func(s *ship.Shipment) { s.To.Lines = []string{long} }, "ship_to.lines[0]"},
		{"second line", func(s *ship.Shipment) { s.To.Lines = []string{"1", long} }, "ship_to.lines[1]"},
		{"four lines", func(s *ship.Shipment) { s.To.Lines = []string{"1", "2", "3", "4"} }, "ship_to.lines"},
		{"no line", func(s *ship.Shipment) { s.To.Lines = nil }, "ship_to.lines"},
		{"city", func(s *ship.Shipment) { s.To.City = long }, "ship_to.city"},
		{"email", func(s *ship.Shipment) { s.To.Email = long + long }, "ship_to.email"},
		{"phone without digits", func(s *ship.Shipment) { s.To.Phone = "ask" }, "ship_to.phone"},
		{"phone without its area code", func(s *ship.Shipment) { s.To.Phone = "555-0101" }, "ship_to.phone"},
		{"phone of 16 digits", func(s *ship.Shipment) { s.To.Phone = strings.Repeat("4", 16) }, "ship_to.phone"},
		{"no parcel", func(s *ship.Shipment) { s.Parcels = nil }, "parcels"},
		{"21 parcels", func(s *ship.Shipment) { s.Parcels = make([]ship.Parcel, 21) }, "parcels"},
		{"no weight", func(s *ship.Shipment) { s.Parcels[0].Weight = 0 }, "parcels[0].weight_g"},
		{"negative weight", func(s *ship.Shipment) { s.Parcels[0].Weight = -1 }, "parcels[0].weight_g"},
		{"150.1 lb", func(s *ship.Shipment) { s.Parcels[0].Weight = 68_039 }, "parcels[0].weight_g"},
		{"a weight that would overflow", func(s *ship.Shipment) { s.Parcels[0].Weight = 1 << 62 }, "parcels[0].weight_g"},
		{"109 inches", func(s *ship.Shipment) { s.Parcels[0].Length = 2744 }, "parcels[0].length_mm"},
		{"girth", func(s *ship.Shipment) { s.Parcels[0] = ship.Parcel{Weight: 1, Length: 1200, Width: 800, Height: 800} }, "parcels[0].length_mm"},
		{"two sides of three", func(s *ship.Shipment) { s.Parcels[0].Height = 0 }, "parcels[0].length_mm"},
		{"unknown format", func(s *ship.Shipment) { s.Label.Format = "webp" }, "label.format"},
		{"postcode", func(s *ship.Shipment) { s.From.Country, s.From.Postcode = "DE", "1234567890" }, "ship_from.postcode"},
		{"order number", func(s *ship.Shipment) { s.OrderNumber = long }, "order_number"},
		{"order number like a reference of ours", func(s *ship.Shipment) { s.OrderNumber = strings.Repeat("a", 26) }, "order_number"},
		{"service of the filter", func(s *ship.Shipment) {
			s.Service, s.Filter = ship.Cheapest, &ship.Filter{Services: []string{"ups_ground", "ups_moon"}}
		}, "filter.services[1]"},
		{"service of the filter that goes elsewhere", func(s *ship.Shipment) {
			s.Service, s.Filter = ship.Fastest, &ship.Filter{Services: []string{"ups_express"}}
		}, "filter.services[0]"},
		{"no sides of a parcel to be priced within Britain", func(s *ship.Shipment) {
			britain.put(&s.From)
			britain.put(&s.To)
			s.Service, s.Parcels = ship.Cheapest, []ship.Parcel{{Weight: 1}}
		}, "parcels[0].length_mm"},
		{"label size", func(s *ship.Shipment) { s.Label.Size = "a6" }, "label.size"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			s := order().Shipment
			tc.mod(&s)
			got := adapter("").Check(s)
			found := tc.field == "" && len(got) == 0
			for _, p := range got {
				found = found || p.Field == tc.field && p.Code != "" && p.Detail != ""
			}
			if !found {
				t.Errorf("problems %v, want one of %q", got, tc.field)
			}
		})
	}
	t.Run("all problems are told at once", func(t *testing.T) {
		if got := adapter("").Check(ship.Shipment{}); len(got) < 6 {
			t.Errorf("%d problems of an empty shipment", len(got))
		}
	})
}

func TestServicesGoWhereUPSTakesThem(t *testing.T) {
	domesticUS := []string{"ups_2nd_day_air", "ups_3_day_select", "ups_ground", "ups_next_day_air", "ups_next_day_air_saver"}
	worldwide := []string{"ups_expedited", "ups_express", "ups_express_plus", "ups_express_saver"}
	toPR := []string{"ups_2nd_day_air", "ups_ground", "ups_next_day_air"}
	withStandard := append(slices.Clone(worldwide), "ups_standard")
	for route, want := range map[string][]string{
		"US US": domesticUS, "US PR": toPR, "PR US": toPR, "PR PR": toPR, "PR DE": worldwide,
		"US DE": worldwide, "US CA": withStandard, "US MX": withStandard,
		"CA CA": {"ups_standard"}, "CA US": append([]string{"ups_3_day_select"}, withStandard...), "CA GB": worldwide,
		"DE DE": withStandard, "DE FR": withStandard, "GB US": withStandard, "JP US": withStandard,
	} {
		t.Run(route, func(t *testing.T) {
			from, to, _ := strings.Cut(route, " ")
			u := adapter("")
			var got []string
			for name, svc := range u.desc.Services {
				if offered(svc, from, to) {
					got = append(got, name)
				}
				if named := u.serviceOf(svc.Code, from, to); (named == name) != offered(svc, from, to) {
					t.Errorf("%s is called %q", svc.Code, named)
				}
			}
			slices.Sort(got)
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
	t.Run("a service that goes elsewhere is refused with those that go", func(t *testing.T) {
		s := order(abroad(germany, "ups_ground")).Shipment
		got := adapter("").Check(s)
		if len(got) != 1 || got[0].Field != "service" || !strings.Contains(got[0].Detail, "ups_express_saver") {
			t.Errorf("%v", got)
		}
	})
}

func TestCheckAcrossBorders(t *testing.T) {
	item := func(mod func(*ship.CustomsItem)) func(*carrier.Order) {
		return func(o *carrier.Order) { mod(&o.Shipment.Customs.Items[1]) }
	}
	customs := func(mod func(*ship.Customs)) func(*carrier.Order) {
		return func(o *carrier.Order) { mod(o.Shipment.Customs) }
	}
	to := func(p place, service string, mods ...func(*carrier.Order)) ship.Shipment {
		return order(append([]func(*carrier.Order){abroad(p, service)}, mods...)...).Shipment
	}
	noPhone := func(o *carrier.Order) { o.Shipment.To.Phone = "" }
	consumers := func(o *carrier.Order) { o.Shipment.To.Company = "" }
	for name, tc := range map[string]struct {
		s    ship.Shipment
		want []string // field:code
	}{
		"goods to Canada":                          {to(canada, "ups_standard"), nil},
		"goods to Germany":                         {to(germany, "ups_express"), nil},
		"goods from Germany to the US":             {to(america, "ups_express_saver", from(germany)), nil},
		"within the EU without customs":            {to(france, "ups_standard", from(germany), noCustoms), nil},
		"within the EU without a phone":            {to(france, "ups_standard", from(germany), noCustoms, noPhone), []string{"ship_to.phone:required"}},
		"documents that are worth nothing":         {to(germany, "ups_express", documents), nil},
		"US to Puerto Rico":                        {to(puertoRico, "ups_ground"), nil},
		"US to Puerto Rico without a value":        {to(puertoRico, "ups_ground", noCustoms), []string{"customs:required"}},
		"Puerto Rico to the US needs none":         {to(america, "ups_ground", from(puertoRico), noCustoms), nil},
		"a tax number of 15 characters and points": {to(canada, "ups_standard", func(o *carrier.Order) { o.Shipment.To.TaxID = "123.456.789 012345" }), nil},
		"a tax number that is too long":            {to(canada, "ups_standard", func(o *carrier.Order) { o.Shipment.To.TaxID = "1234567890123456" }), []string{"ship_to.tax_id:too_long"}},
		"an Incoterm that UPS has not":             {to(canada, "ups_standard", customs(func(c *ship.Customs) { c.Incoterm = "DPU" })), []string{"customs.incoterm:unsupported"}},
		"an invoice number":                        {to(canada, "ups_standard", customs(func(c *ship.Customs) { c.InvoiceNumber = strings.Repeat("1", 36) })), []string{"customs.invoice_number:too_long"}},
		"a note":                                   {to(canada, "ups_standard", customs(func(c *ship.Customs) { c.Note = strings.Repeat("n", 151) })), []string{"customs.note:too_long"}},
		"51 items": {to(canada, "ups_standard", customs(func(c *ship.Customs) {
			for len(c.Items) < 51 {
				c.Items = append(c.Items, c.Items[0])
			}
		})), []string{"customs.items:too_many"}},
		"a description of four lines":          {to(canada, "ups_standard", item(func(i *ship.CustomsItem) { i.Description = strings.Repeat("x", 106) })), []string{"customs.items[1].description:too_long"}},
		"a description of three lines":         {to(canada, "ups_standard", item(func(i *ship.CustomsItem) { i.Description = strings.Repeat("ü", 105) })), nil},
		"a part number":                        {to(canada, "ups_standard", item(func(i *ship.CustomsItem) { i.SKU = strings.Repeat("s", 36) })), []string{"customs.items[1].sku:too_long"}},
		"an item that is worth nothing":        {to(canada, "ups_standard", item(func(i *ship.CustomsItem) { i.UnitValue.Minor = 0 })), []string{"customs.items[1].unit_value.amount:invalid"}},
		"a quantity of eight digits":           {to(canada, "ups_standard", item(func(i *ship.CustomsItem) { i.Quantity = 10_000_000 })), []string{"customs.items[1].quantity:invalid"}},
		"goods worth a hundred million":        {to(canada, "ups_standard", item(func(i *ship.CustomsItem) { i.UnitValue.Minor, i.Quantity = 9_999_999_901, 1 })), []string{"customs.items:too_large"}},
		"a value that would overflow":          {to(canada, "ups_standard", item(func(i *ship.CustomsItem) { i.UnitValue.Minor, i.Quantity = 1<<62, 9_999_999 })), []string{"customs.items:too_large"}},
		"no commodity code to Canada":          {to(canada, "ups_standard", item(func(i *ship.CustomsItem) { i.HSCode = "" })), nil},
		"no commodity code into the EU":        {to(germany, "ups_express", item(func(i *ship.CustomsItem) { i.HSCode = "" })), []string{"customs.items[1].hs_code:required"}},
		"no product number for an EU business": {to(germany, "ups_express", item(func(i *ship.CustomsItem) { i.SKU = "" })), nil},
		"no product number for an EU consumer": {to(germany, "ups_express", consumers, item(func(i *ship.CustomsItem) { i.SKU = "" })), []string{"customs.items[1].sku:required"}},
		"a gift for an EU consumer has none":   {to(germany, "ups_express", consumers, customs(func(c *ship.Customs) { c.Contents = ship.Gift }), item(func(i *ship.CustomsItem) { i.SKU = "" })), nil},
		"no product number for a UK consumer":  {to(britain, "ups_express", consumers, item(func(i *ship.CustomsItem) { i.SKU = "" })), nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, p := range adapter("").Check(tc.s) {
				got = append(got, p.Field+":"+p.Code)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestLimitsAreToldAsAShipperWritesThem(t *testing.T) {
	for name, c := range map[string]struct {
		mod  func(*ship.Shipment)
		want string
	}{
		"weight in grams":         {func(s *ship.Shipment) { s.Parcels[0].Weight = 68_039 }, "UPS takes parcels up to 150 lb (68,038 g)."},
		"length in millimetres":   {func(s *ship.Shipment) { s.Parcels[0].Length = 2_744 }, "UPS takes parcels up to 108 in (2,743 mm) long, this is 109 in."},
		"countries that we know":  {func(s *ship.Shipment) { s.From.Country = "BG" }, "UPS shipments can start in AE, AR, AT, AU, BE, BR, CA, CH, CL, CN, CZ, "},
		"the most that is let go": {func(s *ship.Shipment) { s.Parcels[0].Weight, s.Parcels[0].Length = 68_038, 2_743 }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := order().Shipment
			c.mod(&s)
			p := adapter("").Check(s)
			if (len(p) == 0) != (c.want == "") || len(p) > 0 && !strings.HasPrefix(p[0].Detail, c.want) {
				t.Errorf("%v, want %s", p, c.want)
			}
		})
	}
}
