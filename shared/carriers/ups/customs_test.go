package ups

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carriers/ups/internal/client"
	"github.com/fairlead/fairlead/shared/ship"
)

// renderedShipment is an order's shipment as it is sent.
func renderedShipment(o carrier.Order) client.Shipment {
	return render(o, "07", testTime).ShipmentRequest.Shipment
}

func noCustoms(o *carrier.Order) { o.Shipment.Customs = nil }

func worth(minor int64, currency string) func(*carrier.Order) {
	return func(o *carrier.Order) {
		o.Shipment.Customs.Items = o.Shipment.Customs.Items[:1]
		o.Shipment.Customs.Items[0].Quantity, o.Shipment.Customs.Items[0].UnitValue = 1, ship.Money{Minor: minor, Currency: currency}
	}
}

func TestWhatABorderAdds(t *testing.T) {
	// Of each: description, invoice, documents only, charges, line total, shipper and consignee type, small into the EU.
	for name, tc := range map[string]struct {
		o    carrier.Order
		want string
	}{
		"within the US":                            {order(), "||-|01||"},
		"within the US, customs or not":            {order(abroad(america, "ups_ground"), paidDuties), "||-|01||"},
		"US to CA":                                 {order(abroad(canada, "")), "Cotton shirt with long sleeves, blue, without|invoice|-|01|69 USD|"},
		"US to CA, duties paid":                    {order(abroad(canada, ""), paidDuties), "Cotton shirt with long sleeves, blue, without|invoice|-|01 02|69 USD|"},
		"US to MX has no line total":               {order(abroad(place{"MX", "", "06000", "Mexico", "5215555501"}, "")), "Cotton shirt with long sleeves, blue, without|invoice|-|01||"},
		"US to PR has no invoice":                  {order(abroad(puertoRico, ""), paidDuties), "Cotton shirt with long sleeves, blue, without||-|01|69 USD|"},
		"PR to US":                                 {order(from(puertoRico), abroad(america, ""), noCustoms), "Merchandise||-|01||"},
		"within the EU":                            {order(from(germany), abroad(france, ""), noCustoms), "Merchandise||-|01||"},
		"into the EU, in dollars":                  {order(abroad(germany, "")), "Cotton shirt with long sleeves, blue, without|invoice|-|01||01 01 N"},
		"into the EU, to a consumer":               {order(abroad(germany, ""), residence), "Cotton shirt with long sleeves, blue, without|invoice|-|01||01 02 N"},
		"into the EU, 150 euros":                   {order(abroad(germany, ""), worth(150_00, "EUR")), "Cotton shirt with long sleeves, blue, without|invoice|-|01||01 01 Y"},
		"into the EU, a cent more":                 {order(abroad(germany, ""), worth(150_01, "EUR")), "Cotton shirt with long sleeves, blue, without|invoice|-|01||01 01 N"},
		"a member of the EU outside its territory": {order(from(germany), abroad(place{"ES", "", "35001", "Las Palmas", "34928555010"}, ""), paidDuties), "Cotton shirt with long sleeves, blue, without|invoice|-|01||"},
		"a border within a country":                {order(from(germany), abroad(place{"DE", "", "27498", "Helgoland", "49472555010"}, "")), "||-|01||"},
		"US to the Virgin Islands":                 {order(abroad(place{"US", "VI", "00802", "St Thomas", "3405550101"}, "")), "Cotton shirt with long sleeves, blue, without|invoice|-|01||"},
		"out of the EU":                            {order(from(germany), abroad(britain, "")), "Cotton shirt with long sleeves, blue, without|invoice|-|01||"},
		"documents DE to US":                       {order(from(germany), abroad(america, ""), documents), "Annual report||Y|01||"},
		"documents DE to CA carry no flag":         {order(from(germany), abroad(canada, ""), documents), "Annual report||-|01||"},
		"documents US to DE carry no flag":         {order(abroad(germany, ""), documents), "Annual report||-|01||"},
		"documents have no duties":                 {order(from(germany), abroad(britain, ""), documents, paidDuties), "Annual report||Y|01||"},
		"nameless documents":                       {order(from(germany), abroad(britain, ""), documents, func(o *carrier.Order) { o.Shipment.Customs.Items = nil }), "Documents||Y|01||"},
		"within the Emirates":                      {order(within("AE", "", "", "ups_express")), "Merchandise||-|01||"},
		"less than a unit is a unit":               {order(abroad(canada, ""), worth(1, "USD")), "Cotton shirt with long sleeves, blue, without|invoice|-|01|1 USD|"},
		"a currency without decimals":              {order(abroad(canada, ""), worth(1999, "JPY")), "Cotton shirt with long sleeves, blue, without|invoice|-|01|1999 JPY|"},
		"nothing has overflowed at its top":        {order(abroad(canada, ""), worth(9_999_999_900, "USD")), "Cotton shirt with long sleeves, blue, without|invoice|-|01|99999999 USD|"},
	} {
		t.Run(name, func(t *testing.T) {
			sh := renderedShipment(tc.o)
			form, total, kinds := "", "", sh.ShipperType+" "+sh.ConsigneeType
			if so := sh.ShipmentServiceOptions; so != nil {
				form, kinds = "invoice", kinds+" "+so.EUDeMinimisIndicator
			}
			if t := sh.InvoiceLineTotal; t != nil {
				total = t.MonetaryValue + " " + t.CurrencyCode
			}
			var charges []string
			for _, c := range sh.PaymentInformation.ShipmentCharge {
				charges = append(charges, c.Type)
			}
			documents := sh.DocumentsOnlyIndicator
			if documents == "" {
				documents = "-"
			}
			got := strings.Join([]string{sh.Description, form, documents, strings.Join(charges, " "), total, strings.TrimSpace(kinds)}, "|")
			if got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
			person := country(tc.o.Shipment.From) != country(tc.o.Shipment.To)
			if person && (sh.Shipper.AttentionName == "" || sh.ShipFrom.AttentionName == "" || sh.ShipTo.AttentionName == "") {
				t.Error("a party without a person")
			}
		})
	}
}

func TestInvoiceFillsInWhatTheShipperLeftOut(t *testing.T) {
	o := order(abroad(canada, ""))
	shipped := testTime.AddDate(0, 0, -1)
	for name, tc := range map[string]struct {
		given   string
		ordered time.Time
		want    string
	}{
		"the shipper's day":                {"2026-02-27", shipped, "20260227"},
		"the order's day":                  {"", shipped, "20260301"},
		"the order's day in UTC":           {"", time.Date(2026, 3, 1, 23, 0, 0, 0, time.FixedZone("", -3*3600)), "20260302"},
		"the day of the call, without any": {"", time.Time{}, "20260302"},
	} {
		t.Run(name, func(t *testing.T) {
			o.Shipment.Customs.InvoiceDate, o.ShipDate = tc.given, tc.ordered
			if got := renderedShipment(o).ShipmentServiceOptions.InternationalForms.InvoiceDate; got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
	o.Shipment.Customs.InvoiceNumber, o.Shipment.Customs.Items[1].SKU = "", ""
	f := renderedShipment(o).ShipmentServiceOptions.InternationalForms
	if f.InvoiceNumber != "FL-REF-1" || f.Product[0].PartNumber != "SHIRT-1" || f.Product[1].PartNumber != "2" {
		t.Errorf("invoice %q with parts %q and %q", f.InvoiceNumber, f.Product[0].PartNumber, f.Product[1].PartNumber)
	}
}

func TestReasonsForExport(t *testing.T) {
	want := map[ship.Contents]string{ship.Merchandise: "SALE", ship.Gift: "GIFT", ship.Sample: "SAMPLE", ship.Returned: "RETURN", ship.Repair: "REPAIR"}
	if d := cmp.Diff(want, exportReasons); d != "" {
		t.Error(d)
	}
}

func TestWrap(t *testing.T) {
	for in, want := range map[string][]string{
		"":                    nil,
		"  ":                  nil,
		"short":               {"short"},
		"two  words":          {"two words"},
		"ten letter word":     {"ten letter", "word"},
		"unbreakableword":     {"unbreakabl", "eword"},
		"a unbreakableword b": {"a", "unbreakabl", "eword b"},
		"üüüüüüüüüüü":         {"üüüüüüüüüü", "ü"},
	} {
		if d := cmp.Diff(want, wrap(in, 10)); d != "" {
			t.Errorf("%q: %s", in, d)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text, width := rapid.String().Draw(t, "text"), rapid.IntRange(1, 40).Draw(t, "width")
		lines := wrap(text, width)
		if strings.Join(strings.Fields(strings.Join(lines, "")), "") != strings.Join(strings.Fields(text), "") {
			t.Fatalf("%q became %q", text, lines)
		}
		if slices.ContainsFunc(lines, func(l string) bool { return l == "" || utf8.RuneCountInString(l) > width }) {
			t.Fatalf("%q in lines of %d is %q", text, width, lines)
		}
	})
}
