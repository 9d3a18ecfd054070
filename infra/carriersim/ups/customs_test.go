package ups_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/infra/carriersim"
)

// goods is a good product line of an invoice.
func goods(description, number, value string) object {
	return object{"Description": []any{description}, "PartNumber": "P-1", "OriginCountryCode": "US", "CommodityCode": "49019900",
		"Unit": object{"Number": number, "UnitOfMeasurement": object{"Code": "PCS"}, "Value": value}, "CommodityFieldSpecialConditionCode": "01"}
}

// invoiced is a good order with a commercial invoice: from the US to a place in another country.
func invoiced(country, state, zip string, changes ...func(object)) object {
	v := request("ZPL", "ref")
	forms := object{"FormType": []any{"01"}, "InvoiceNumber": "INV-7", "InvoiceDate": "20260302", "ReasonForExport": "SALE", "TermsOfShipment": "DDP",
		"CurrencyCode": "USD", "Product": []any{goods("Books", "3", "12.50"), goods("Maps", "2", "0.333333")},
		"FreightCharges": object{"MonetaryValue": "10.00"}, "Contacts": object{"SoldTo": object{"Name": "Buyer", "AttentionName": "Bo Buyer",
			"Address": object{"AddressLine": []any{"Street 1"}, "City": "Town", "CountryCode": country}}}}
	all(abroad, set("Shipment/ShipTo/Address/CountryCode", country), set("Shipment/ShipTo/Address/PostalCode", zip),
		set("Shipment/ShipTo/Address/StateProvinceCode", state), set("Shipment/ShipperType", "01"), set("Shipment/ConsigneeType", "02"),
		set("Shipment/ShipmentServiceOptions", object{"InternationalForms": forms, "EUDeMinimisIndicator": "Y"}))(v)
	if state == "" {
		set("Shipment/ShipTo/Address/StateProvinceCode", nil)(v)
	} else {
		set(formsPath+"Contacts/SoldTo/Address/StateProvinceCode", state)(v)
	}
	if zip == "" {
		set("Shipment/ShipTo/Address/PostalCode", nil)(v)
	}
	all(changes...)(v)
	return v
}

const formsPath = "Shipment/ShipmentServiceOptions/InternationalForms/"

// duties makes somebody pay the duties.
func duties(payer object) func(object) {
	charge := object{"Type": "02"}
	for k, v := range payer {
		charge[k] = v
	}
	return set("Shipment/PaymentInformation/ShipmentCharge", []any{object{"Type": "01", "BillShipper": object{"AccountNumber": "A1B2C3"}}, charge})
}

func TestInvoiceIsMadeOfTheCustomsData(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	got := r.ship(invoiced("DE", "", "10115", duties(object{"BillShipper": object{"AccountNumber": "A1B2C3"}})))
	form := dig(t, got, "ShipmentResults", "Form").(object)
	if form["Code"] != "01" || dig(t, form, "Image", "ImageFormat", "Code") != "PDF" || form["FormGroupId"] == nil {
		t.Errorf("form %v", form)
	}
	pdf := image(t, dig(t, form, "Image", "GraphicImage"))
	if !bytes.HasPrefix(pdf, []byte("%PDF-1.")) || !bytes.Contains(pdf[len(pdf)-16:], []byte("%%EOF")) || len(pdf) > 20_000 {
		t.Errorf("no small PDF: %d bytes, %.10q", len(pdf), pdf)
	}
	if diff := cmp.Diff([]any{object{"Code": "120016", "Description": "A Customs Invoice is required when the shipment is tendered to UPS."}}, dig(t, got, "Response", "Alert")); diff != "" {
		t.Error(diff)
	}
	if b := r.sim.Ledger()[0].Bookings[0]; b.Invoice != "INV-7" || b.To.Country != "DE" {
		t.Errorf("the ledger has invoice %q to %s", b.Invoice, b.To.Country)
	}
	if _, form := dig(t, r.ship(request("ZPL", "home")), "ShipmentResults").(object)["Form"]; form {
		t.Error("an invoice within the country")
	}
}

// places is a good address in every country that UPS is asked to go to here, with a service from the US.
var places = map[string]struct{ state, zip string }{
	"AT": {"", "1010"}, "AU": {"", "2000"}, "BE": {"", "1000"}, "BR": {"", "01310-100"}, "CA": {"ON", "K1A0B1"}, "CH": {"", "8001"}, "CN": {"", "100000"},
	"CZ": {"", "110 00"}, "DE": {"", "10115"}, "DK": {"", "1050"}, "ES": {"", "28001"}, "FI": {"", "00100"}, "FR": {"", "75001"}, "GB": {"", "SW1A 1AA"},
	"GR": {"", "105 57"}, "HK": {"", ""}, "HU": {"", "1051"}, "IE": {"D", ""}, "IL": {"", "9414219"}, "IN": {"", "110001"}, "IT": {"", "00118"},
	"JP": {"", "100-0001"}, "KR": {"", "04524"}, "LU": {"", "1009"}, "MX": {"", "06000"}, "NL": {"", "1012 AB"}, "NO": {"", "0150"}, "NZ": {"", "6011"},
	"PL": {"", "00-001"}, "PT": {"", "1000-001"}, "RO": {"", "010011"}, "SE": {"", "111 20"}, "SG": {"", "018956"}, "SI": {"", "1000"}, "SK": {"", "811 01"},
	"TR": {"", "34000"}, "AE": {"", ""}, "ZA": {"", "8001"},
}

func TestEveryCountryIsReached(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	for country, p := range places {
		t.Run(country, func(t *testing.T) {
			total := func(object) {}
			if country == "CA" {
				total = set("Shipment/InvoiceLineTotal", object{"CurrencyCode": "USD", "MonetaryValue": "38"})
			}
			r.ship(invoiced(country, p.state, p.zip, total))
			for _, wrong := range []string{"1", "ABCDE", "1234567890"} {
				resp, body := r.call(http.MethodPost, shipPath, invoiced(country, p.state, wrong, total))
				if free := p.zip == "" && len(wrong) < 10; resp.StatusCode == 200 != free || !free && code(t, body) != "120207" {
					t.Errorf("postal code %s: %d %v", wrong, resp.StatusCode, body)
				}
			}
		})
	}
	if n := r.sim.Live("ref"); n < len(places) {
		t.Errorf("%d live, want %d and more", n, len(places))
	}
}

func TestServicesByPairOfCountries(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	europe := func(country, zip, service string) func(object) {
		return all(germany, onShipment, set("Shipment/Service/Code", service), set("Shipment/Description", "Books"),
			set("Shipment/ShipTo/Address/CountryCode", country), set("Shipment/ShipTo/Address/PostalCode", zip))
	}
	for name, c := range map[string]struct {
		v      func(object)
		booked bool
	}{
		"Express to Japan":               {all(abroad, set("Shipment/ShipTo/Address/CountryCode", "JP"), set("Shipment/ShipTo/Address/PostalCode", "100-0001"), set("Shipment/Service/Code", "07")), true},
		"Expedited to Germany":           {all(abroad, set("Shipment/Service/Code", "08")), true},
		"Express Plus to Germany":        {all(abroad, set("Shipment/Service/Code", "54")), true},
		"Ground to Germany":              {all(abroad, set("Shipment/Service/Code", "03")), false},
		"Standard to Germany":            {all(abroad, set("Shipment/Service/Code", "11")), false},
		"Standard, Germany to France":    {europe("FR", "75001", "11"), true},
		"Standard, Germany to Japan":     {europe("JP", "100-0001", "11"), false},
		"Saver, Germany to Switzerland":  {europe("CH", "8001", "65"), true},
		"Next Day Air, Germany to Japan": {europe("JP", "100-0001", "01"), false},
	} {
		t.Run(name, func(t *testing.T) {
			v := request("ZPL", "ref")
			c.v(v)
			if resp, body := r.call(http.MethodPost, shipPath, v); resp.StatusCode == 200 != c.booked || !c.booked && code(t, body) != "121210" {
				t.Errorf("%d %v, booked %t", resp.StatusCode, body, c.booked)
			}
		})
	}
}

func TestGoodCustomsDataIsTaken(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	for name, v := range map[string]object{
		"one form and product as objects": invoiced("DE", "", "10115", set(formsPath+"FormType", "01"), set(formsPath+"Product", goods("Books", "1", "5"))),
		"no terms":                        invoiced("DE", "", "10115", set(formsPath+"TermsOfShipment", nil)),
		"the receiver pays duties":        invoiced("DE", "", "10115", duties(object{"BillReceiver": object{"AccountNumber": "Z9Z9Z9"}})),
		"a product identifier":            invoiced("DE", "", "10115", set(formsPath+"Product/CommodityFieldSpecialConditionCode", nil), set(formsPath+"Product/ProductIdentifier", object{"ProductID": "1", "ProductIDTypeCode": "0300"})),
		"nothing European for Japan":      invoiced("JP", "", "100-0001", set("Shipment/ShipperType", nil), set("Shipment/ConsigneeType", nil), set("Shipment/ShipmentServiceOptions/EUDeMinimisIndicator", nil)),
		"documents without an invoice":    invoiced("JP", "", "100-0001", set("Shipment/ShipmentServiceOptions", nil), set("Shipment/DocumentsOnlyIndicator", "")),
		"a form of the shipper's own":     invoiced("DE", "", "10115", set(formsPath+"FormType", "07"), set(formsPath+"UserCreatedForm", object{"DocumentID": []any{strings.Repeat("d", 26)}})),
		"a letter without a description":  invoiced("DE", "", "10115", set("Shipment/Description", nil), set("Shipment/Package/Packaging/Code", "01")),
	} {
		t.Run(name, func(t *testing.T) {
			before := r.sim.Live("ref")
			if r.ship(v); r.sim.Live("ref") != before+1 {
				t.Error("not in the ledger")
			}
		})
	}
}

func TestWrongCustomsDataIsRefused(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	germany := func(path string, value any) object { return invoiced("DE", "", "10115", set(path, value)) }
	canada := func(changes ...func(object)) object { return invoiced("CA", "ON", "K1A0B1", changes...) }
	product, soldTo := formsPath+"Product/", formsPath+"Contacts/SoldTo/"
	for name, c := range map[string]struct {
		v    object
		code string
	}{
		"no form type":                   {germany(formsPath+"FormType", nil), "20007"},
		"a form that is none":            {germany(formsPath+"FormType", []any{"02"}), "20008"},
		"a partial invoice going out":    {germany(formsPath+"FormType", "05"), "20008"},
		"an own form without its id":     {germany(formsPath+"FormType", "07"), "20007"},
		"no product":                     {germany(formsPath+"Product", nil), "20007"},
		"no invoice number":              {germany(formsPath+"InvoiceNumber", nil), "20007"},
		"no invoice date":                {germany(formsPath+"InvoiceDate", nil), "20007"},
		"a date with hyphens":            {germany(formsPath+"InvoiceDate", "2026-3-2"), "20008"},
		"no reason for export":           {germany(formsPath+"ReasonForExport", nil), "20007"},
		"21 characters of reason":        {germany(formsPath+"ReasonForExport", strings.Repeat("x", 21)), "20008"},
		"terms that UPS doesn't know":    {germany(formsPath+"TermsOfShipment", "DPU"), "20008"},
		"no currency":                    {germany(formsPath+"CurrencyCode", nil), "20007"},
		"an amount that is a number":     {germany(formsPath+"FreightCharges/MonetaryValue", 10), "10002"},
		"three decimals of freight":      {germany(formsPath+"FreightCharges/MonetaryValue", "1.234"), "20008"},
		"an unknown element":             {germany(formsPath+"Products", []any{}), "10002"},
		"no buyer":                       {germany(formsPath+"Contacts", nil), "20007"},
		"a buyer without a contact":      {germany(soldTo+"AttentionName", nil), "20007"},
		"a buyer without a street":       {germany(soldTo+"Address/AddressLine", nil), "20007"},
		"a buyer elsewhere":              {germany(soldTo+"Address/CountryCode", "FR"), "20008"},
		"a product without description":  {germany(product+"Description", nil), "20007"},
		"36 characters of description":   {germany(product+"Description", []any{strings.Repeat("x", 36)}), "20008"},
		"a product without a unit":       {germany(product+"Unit", nil), "20007"},
		"a product without a part":       {germany(product+"PartNumber", nil), "20007"},
		"a value of nothing":             {germany(product+"Unit/Value", "0.00"), "20008"},
		"seven decimals":                 {germany(product+"Unit/Value", "1.1234567"), "20008"},
		"half a piece":                   {germany(product+"Unit/Number", "1.5"), "20008"},
		"another unit without its name":  {germany(product+"Unit/UnitOfMeasurement/Code", "OTH"), "20007"},
		"five digits of commodity":       {germany(product+"CommodityCode", "49019"), "20008"},
		"points in a commodity":          {germany(product+"CommodityCode", "4901.99"), "20008"},
		"made in no country":             {germany(product+"OriginCountryCode", "XX"), "20008"},
		"into the EU without a type":     {germany("Shipment/ShipperType", nil), "20007"},
		"into the EU without a receiver": {germany("Shipment/ConsigneeType", "03"), "20008"},
		"into the EU without a limit":    {germany("Shipment/ShipmentServiceOptions/EUDeMinimisIndicator", nil), "20007"},
		"into the EU without product id": {germany(product+"CommodityFieldSpecialConditionCode", nil), "20007"},
		"no recipient's phone":           {germany("Shipment/ShipTo/Phone", nil), "120209"},
		"no shipper's phone":             {germany("Shipment/Shipper/Phone", nil), "120109"},
		"no description of the goods":    {germany("Shipment/Description", nil), "20007"},
		"another payer of duties":        {invoiced("DE", "", "10115", duties(object{"BillShipper": object{"AccountNumber": "999999"}})), "120412"},
		"nobody pays duties":             {invoiced("DE", "", "10115", duties(nil)), "120412"},
		"to Canada without a total":      {canada(), "20007"},
		"to Canada with a total of 0":    {canada(set("Shipment/InvoiceLineTotal", object{"CurrencyCode": "USD", "MonetaryValue": "0"})), "20008"},
		"documents only to Canada":       {canada(set("Shipment/DocumentsOnlyIndicator", "")), "20008"},
		"Ireland without its county":     {invoiced("IE", "", ""), "120206"},
		"a country that is none":         {invoiced("XX", "", ""), "120208"},
		"a country by another name":      {invoiced("UK", "", "SW1A 1AA"), "120208"},
	} {
		t.Run(name, func(t *testing.T) {
			resp, body := r.call(http.MethodPost, shipPath, c.v)
			if resp.StatusCode != http.StatusBadRequest || code(t, body) != c.code {
				t.Errorf("%d %v, want %s first", resp.StatusCode, body, c.code)
			}
		})
	}
	home := request("ZPL", "ref")
	duties(object{"BillShipper": object{"AccountNumber": "A1B2C3"}})(home)
	if _, body := r.call(http.MethodPost, shipPath, home); code(t, body) != "20008" {
		t.Errorf("duties within the country: %v", body)
	}
	if n := len(r.sim.Ledger()); n != 0 {
		t.Errorf("%d references were booked", n)
	}
}
