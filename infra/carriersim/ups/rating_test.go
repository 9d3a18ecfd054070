package ups_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/infra/carriersim/fault"
)

// inquiry is a good rate request from Maryland to Georgia, for Ground.
func inquiry(weights ...string) object {
	if len(weights) == 0 {
		weights = []string{"2.5"}
	}
	var packages []any
	for _, w := range weights {
		p := pack(w, "")
		p["PackagingType"] = p["Packaging"]
		delete(p, "Packaging")
		packages = append(packages, p)
	}
	place := func(name, line, city, state, zip string) object {
		return object{"Name": name, "Address": object{"AddressLine": []any{line}, "City": city, "StateProvinceCode": state, "PostalCode": zip, "CountryCode": "US"}}
	}
	shipper := place("Acme", "2311 York Rd", "Timonium", "MD", "21093")
	shipper["ShipperNumber"] = "A1B2C3"
	return object{"RateRequest": object{
		"Request": object{"SubVersion": "2409", "TransactionReference": object{"CustomerContext": "ctx"}},
		"Shipment": object{
			"Shipper": shipper, "ShipTo": place("Happy Dog", "1 Peachtree St", "Atlanta", "GA", "30301"),
			"ShipFrom":              place("Acme Dock", "2311 York Rd", "Timonium", "MD", "21093"),
			"PaymentDetails":        object{"ShipmentCharge": []any{object{"Type": "01", "BillShipper": object{"AccountNumber": "A1B2C3"}}}},
			"ShipmentRatingOptions": object{"NegotiatedRatesIndicator": ""},
			"Service":               object{"Code": "03"}, "Package": packages,
		},
	}}
}

// rated changes an inquiry by paths ("Shipment/ShipTo/Address/City").
func rated(changes ...func(object)) object {
	v := inquiry()
	for _, change := range changes {
		change(v)
	}
	return v
}

// ask changes a member of a rate request as set does one of a ship request.
func ask(path string, value any) func(object) {
	return func(root object) { set(path, value)(object{"ShipmentRequest": root["RateRequest"]}) }
}

// route leads from one place to another, with the units of the origin.
func route(from, fromState, fromZip, to, toState, toZip string, units ...string) func(object) {
	optional := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	var changes []func(object)
	for _, p := range []string{"Shipper", "ShipFrom"} {
		changes = append(changes, ask("Shipment/"+p+"/Address/CountryCode", from), ask("Shipment/"+p+"/Address/StateProvinceCode", optional(fromState)),
			ask("Shipment/"+p+"/Address/PostalCode", optional(fromZip)))
	}
	return all(append(changes, ask("Shipment/ShipTo/Address/CountryCode", to), ask("Shipment/ShipTo/Address/StateProvinceCode", optional(toState)),
		ask("Shipment/ShipTo/Address/PostalCode", optional(toZip)), ask("Shipment/Package/PackageWeight/UnitOfMeasurement/Code", units[0]),
		ask("Shipment/Package/Dimensions/UnitOfMeasurement/Code", units[1]))...)
}

func (r *rig) rate(path string, v object) object {
	r.t.Helper()
	resp, body := r.call(http.MethodPost, "/api/rating/"+path, v)
	if resp.StatusCode != http.StatusOK || body == nil {
		r.t.Fatalf("%d %v", resp.StatusCode, body)
	}
	return dig(r.t, body, "RateResponse").(object)
}

func TestRateIsWhatTheBookingCosts(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	got := dig(t, r.rate("v2409/Rate", inquiry("2.5", "80")), "RatedShipment", 0)
	booked := dig(t, r.ship(request("ZPL", "ref", "2.5", "80")), "ShipmentResults")
	for name, pair := range map[string][2]any{
		"published":  {dig(t, got, "TotalCharges"), dig(t, booked, "ShipmentCharges", "TotalCharges")},
		"negotiated": {dig(t, got, "NegotiatedRateCharges", "TotalCharge"), dig(t, booked, "NegotiatedRateCharges", "TotalCharge")},
		"weight":     {dig(t, got, "BillingWeight"), dig(t, booked, "BillingWeight")},
	} {
		if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestRateOfOnePackageToAResidence(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	got := r.rate("v2409/Rate", rated(ask("Shipment/ShipTo/Address/ResidentialAddressIndicator", "")))
	usd := func(v string) object { return object{"CurrencyCode": "USD", "MonetaryValue": v} }
	item := func(code, v string) object { return object{"Code": code, "CurrencyCode": "USD", "MonetaryValue": v} }
	reference := []any{object{"Code": "110971", "Description": "Your invoice may vary from the displayed reference rates"}}
	weight := object{"UnitOfMeasurement": object{"Code": "LBS", "Description": "Pounds"}, "Weight": "5.0"} // 12 x 8 x 6 inches by 139
	items := []any{item("375", "1.62"), item("270", "5.95")}
	want := object{
		"Response": object{"ResponseStatus": object{"Code": "1", "Description": "Success"}, "Alert": reference, "TransactionReference": object{"CustomerContext": "ctx"}},
		"RatedShipment": []any{object{
			"Service": object{"Code": "03", "Description": ""}, "Zone": "002", "RatedShipmentAlert": reference, "BillingWeight": weight,
			"BaseServiceCharge": usd("11.20"), "TransportationCharges": usd("18.77"), "ServiceOptionsCharges": usd("0.00"), "TotalCharges": usd("18.77"),
			"ItemizedCharges":       items,
			"NegotiatedRateCharges": object{"TotalCharge": usd("15.01"), "BaseServiceCharge": []any{usd("8.96")}},
			"RatedPackage": []any{object{"BaseServiceCharge": usd("11.20"), "TransportationCharges": usd("18.77"), "ServiceOptionsCharges": usd("0.00"),
				"TotalCharges": usd("18.77"), "ItemizedCharges": items, "Weight": "2.5", "BillingWeight": weight}},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestShopOffersTheServicesBetweenTwoCountries(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	for name, c := range map[string]struct {
		change func(object)
		codes  string
		money  string
	}{
		"within the US":      {func(object) {}, "01 02 03 12 13 14 59", "USD"},
		"to Puerto Rico":     {route("US", "MD", "21093", "PR", "", "00901", "LBS", "IN"), "01 02 03 12 13 14 59", "USD"},
		"to Canada":          {route("US", "MD", "21093", "CA", "ON", "K1A0B1", "LBS", "IN"), "07 08 11 54 65", "USD"},
		"from Canada":        {route("CA", "ON", "K1A0B1", "US", "MD", "21093", "KGS", "CM"), "07 08 11 12 54 65", "CAD"},
		"to Germany":         {route("US", "MD", "21093", "DE", "", "10115", "LBS", "IN"), "07 08 54 65", "USD"},
		"Germany to France":  {route("DE", "", "10115", "FR", "", "75001", "KGS", "CM"), "07 08 11 54 65", "EUR"},
		"Britain to Norway":  {route("GB", "", "SW1A 1AA", "NO", "", "0150", "KGS", "CM"), "07 08 11 54 65", "GBP"},
		"Japan to Australia": {route("JP", "", "100-0001", "AU", "", "2000", "KGS", "CM"), "07 08 54 65", "JPY"},
		"Hong Kong to Dubai": {route("HK", "", "", "AE", "", "", "KGS", "CM"), "07 08 54 65", "HKD"},
	} {
		t.Run(name, func(t *testing.T) {
			var codes []string
			var before string
			for _, s := range dig(t, r.rate("v2409/Shop", rated(c.change, ask("Shipment/Service", nil))), "RatedShipment").([]any) {
				codes = append(codes, dig(t, s, "Service", "Code").(string))
				if got := dig(t, s, "TotalCharges", "CurrencyCode"); got != c.money {
					t.Errorf("%v, want %s", got, c.money)
				}
				if price := dig(t, s, "TotalCharges", "MonetaryValue").(string); price == before || strings.Contains(price, ".") == (c.money == "JPY") {
					t.Errorf("price %s after %s", price, before)
				} else {
					before = price
				}
			}
			if got := strings.Join(codes, " "); got != c.codes {
				t.Errorf("services %s, want %s", got, c.codes)
			}
		})
	}
}

func TestPricesGrowWithWeightSizeDistanceAndSpeed(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	price := func(changes ...func(object)) (cents int) {
		t.Helper()
		text := dig(t, r.rate("v2409/Rate", rated(changes...)), "RatedShipment", 0, "TotalCharges", "MonetaryValue").(string)
		if _, err := fmt.Sscan(strings.ReplaceAll(text, ".", ""), &cents); err != nil {
			t.Fatal(err)
		}
		return cents
	}
	least := price()
	for name, change := range map[string]func(object){
		"heavier":     ask("Shipment/Package/PackageWeight/Weight", "20"),
		"larger":      ask("Shipment/Package/Dimensions/Length", "60.5"),
		"farther":     all(ask("Shipment/ShipTo/Address/StateProvinceCode", "WA"), ask("Shipment/ShipTo/Address/PostalCode", "98101")),
		"overseas":    route("US", "MD", "21093", "PR", "", "00901", "LBS", "IN"),
		"faster":      ask("Shipment/Service/Code", "02"),
		"a residence": ask("Shipment/ShipTo/Address/ResidentialAddressIndicator", "anything"),
	} {
		if p := price(change); p <= least {
			t.Errorf("%s: %d, want more than %d", name, p, least)
		}
	}
	if a, b := price(), price(); a != b {
		t.Errorf("%d and then %d", a, b)
	}
}

func TestListsOfOneByVersion(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	list := func(v any) bool { _, ok := v.([]any); return ok }
	check := func(version string, shipments, others bool) {
		t.Helper()
		got := r.rate(version+"/Rate", inquiry())
		s := got["RatedShipment"]
		if list(s) != shipments {
			t.Errorf("%s: RatedShipment is a list: %t", version, list(s))
		}
		if list(s) {
			s = s.([]any)[0]
		}
		for name, v := range map[string]any{"Alert": dig(t, got, "Response", "Alert"), "RatedPackage": dig(t, s, "RatedPackage"),
			"ItemizedCharges": dig(t, s, "ItemizedCharges"), "RatedShipmentAlert": dig(t, s, "RatedShipmentAlert")} {
			if list(v) != others {
				t.Errorf("%s: %s is a list: %t", version, name, list(v))
			}
		}
	}
	check("v2409", true, true)
	check("v2403", false, true)
	check("v2205", false, false)
	check("v1", false, false)
	if got := r.rate("v1/Shop", inquiry("1", "2")); !list(got["RatedShipment"]) || !list(dig(t, got, "RatedShipment", 0, "RatedPackage")) {
		t.Error("v1: several are no list")
	}
	r.sim.Set(carriersim.Settings{Polymorphic: true})
	check("v2409", false, false)
}

func TestNegotiatedRatesAreForThoseWhoAskAndQualify(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	check := func(why string, v object, negotiated, alert bool) {
		t.Helper()
		got := r.rate("v2409/Rate", v)
		if has := dig(t, got, "RatedShipment", 0).(object)["NegotiatedRateCharges"] != nil; has != negotiated {
			t.Errorf("%s: negotiated %t, want %t", why, has, negotiated)
		}
		for _, list := range []any{dig(t, got, "Response", "Alert"), dig(t, got, "RatedShipment", 0, "RatedShipmentAlert")} {
			if has := slices.ContainsFunc(list.([]any), func(a any) bool { return dig(t, a, "Code") == "120900" }); has != alert {
				t.Errorf("%s: alert %t, want %t", why, has, alert)
			}
		}
	}
	check("asked", inquiry(), true, false)
	check("not asked", rated(ask("Shipment/ShipmentRatingOptions", nil)), false, false)
	r.sim.Set(carriersim.Settings{Unqualified: []string{"A1B2C3"}})
	check("this account is not qualified", inquiry(), false, true)
	check("another is", rated(ask("Shipment/Shipper/ShipperNumber", "ZZZZZZ"), ask("Shipment/PaymentDetails", nil)), true, false)
	if head := dig(t, r.ship(request("ZPL", "r")), "Response"); dig(t, head, "Alert", 0, "Code") != "120900" {
		t.Errorf("booking: %v", head)
	}
	r.sim.Set(carriersim.Settings{NoNegotiated: true})
	check("no account is", inquiry(), false, true)
}

func TestSubVersionDecidesWhatIsItemized(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	for version, want := range map[string]string{"": "", "1601": "ItemizedCharges", "1701": "BaseServiceCharge ItemizedCharges", "2409": "BaseServiceCharge ItemizedCharges Zone"} {
		got := dig(t, r.rate("v2409/Rate", rated(ask("Request/SubVersion", version))), "RatedShipment", 0).(object)
		var has []string
		for _, name := range []string{"BaseServiceCharge", "ItemizedCharges", "Zone"} {
			if got[name] != nil {
				has = append(has, name)
			}
		}
		if strings.Join(has, " ") != want {
			t.Errorf("%q: %v, want %s", version, has, want)
		}
	}
}

func TestTimeInTransit(t *testing.T) {
	friday := time.Date(2026, 3, 6, 10, 0, 0, 0, time.UTC)
	r := newRig(t, carriersim.Options{Clock: at(friday)})
	wish := ask("Shipment/DeliveryTimeInformation", object{"PackageBillType": "03", "Pickup": object{"Date": "20260307", "Time": "1616"}})
	nextDay := rated(wish, ask("Shipment/Service/Code", "01"))
	want := object{"PickupDate": "20260307", "PackageBillType": "03", "ServiceSummary": object{
		"Service": object{"Description": "UPS Next Day Air"}, "GuaranteedIndicator": "", "SaturdayDelivery": "0",
		"EstimatedArrival": object{"Arrival": object{"Date": "20260310", "Time": "103000"}, "BusinessDaysInTransit": "1",
			"Pickup": object{"Date": "20260309", "Time": "161600"}, "DayOfWeek": "TUE", "CustomerCenterCutoff": "170000"},
	}}
	for _, path := range []string{"v2409/Ratetimeintransit", "v2409/ratetimeintransit", "v2409/Rate?additionalinfo=timeintransit"} {
		got := dig(t, r.rate(path, nextDay), "RatedShipment", 0)
		if diff := cmp.Diff(want, dig(t, got, "TimeInTransit")); diff != "" {
			t.Errorf("%s:\n%s", path, diff)
		}
		if diff := cmp.Diff(object{"BusinessDaysInTransit": "1", "DeliveryByTime": "10:30 A.M."}, dig(t, got, "GuaranteedDelivery")); diff != "" {
			t.Error(diff)
		}
	}
	for why, c := range map[string]struct {
		path string
		v    object
	}{"not asked for": {"v2409/Rate", nextDay}, "no DeliveryTimeInformation": {"v2409/Ratetimeintransit", inquiry()}} {
		if got := dig(t, r.rate(c.path, c.v), "RatedShipment", 0).(object); got["TimeInTransit"] != nil {
			t.Errorf("%s: %v", why, got["TimeInTransit"])
		}
	}
	goods := all(ask("Shipment/ShipmentTotalWeight", object{"UnitOfMeasurement": object{"Code": "LBS"}, "Weight": "2.5"}),
		ask("Shipment/InvoiceLineTotal", object{"CurrencyCode": "USD", "MonetaryValue": "100"}),
		ask("Shipment/DeliveryTimeInformation", object{"PackageBillType": "03"}))
	abroad := dig(t, r.rate("v2409/Shoptimeintransit", rated(route("US", "MD", "21093", "DE", "", "10115", "LBS", "IN"), goods)), "RatedShipment")
	express := dig(t, abroad, 0, "TimeInTransit", "ServiceSummary", "EstimatedArrival")
	if dig(t, express, "TotalTransitDays") != "4" || dig(t, express, "RestDays") != "2" || dig(t, express, "DayOfWeek") != "TUE" {
		t.Errorf("from Friday over a weekend: %v", express)
	}
	if _, guaranteed := dig(t, abroad, 1).(object)["GuaranteedDelivery"]; guaranteed {
		t.Error("Expedited is guaranteed")
	}
}

func TestWrongRateRequestsAreRefused(t *testing.T) {
	r := newRig(t, carriersim.Options{Accounts: []string{"A1B2C3"}})
	abroad := route("US", "MD", "21093", "DE", "", "10115", "LBS", "IN")
	britain := all(route("GB", "", "SW1A 1AA", "GB", "", "M1 1AE", "KGS", "CM"), ask("Shipment/Service/Code", "11"))
	to, box := "Shipment/ShipTo/Address/", "Shipment/Package/"
	for name, c := range map[string]struct {
		path   string
		change func(object)
		code   string
	}{
		"a postcode of another state":           {"Rate", ask(to+"PostalCode", "98101"), "111285"},
		"a postcode that is none":               {"Rate", ask(to+"PostalCode", "3030"), "111285"},
		"no postcode":                           {"Rate", ask(to+"PostalCode", nil), "111285"},
		"no city where there are no postcodes":  {"Rate", all(route("US", "MD", "21093", "HK", "", "", "LBS", "IN"), ask("Shipment/ShipTo/Address/City", nil)), "110205"},
		"no country":                            {"Rate", ask(to+"CountryCode", nil), "110208"},
		"a country that is none":                {"Rate", ask(to+"CountryCode", "XX"), "110208"},
		"negotiated rates without a number":     {"Rate", ask("Shipment/Shipper/ShipperNumber", nil), "112111"},
		"an account that is none":               {"Rate", ask("Shipment/Shipper/ShipperNumber", "ZZZZZZ"), "112111"},
		"five characters of account":            {"Rate", ask("Shipment/Shipper/ShipperNumber", "A1B2C"), "112111"},
		"another payer":                         {"Rate", ask("Shipment/PaymentDetails/ShipmentCharge/BillShipper/AccountNumber", "999999"), "112111"},
		"negotiated rates without a state":      {"Rate", ask("Shipment/ShipFrom/Address/StateProvinceCode", nil), "110306"},
		"no service":                            {"Rate", ask("Shipment/Service", nil), "20007"},
		"a service that is none":                {"Rate", ask("Shipment/Service/Code", "99"), "111100"},
		"a service of another origin":           {"Rate", ask("Shipment/Service/Code", "11"), "111210"},
		"a domestic service abroad":             {"Rate", abroad, "111210"},
		"no package":                            {"Rate", ask("Shipment/Package", []any{}), "110002"},
		"Shipping's name for packaging":         {"Rate", ask(box+"Packaging", object{"Code": "02"}), "10002"},
		"a packaging that is none":              {"Rate", ask(box+"PackagingType/Code", "99"), "20008"},
		"a weight of nothing":                   {"Rate", ask(box+"PackageWeight/Weight", "0"), "20008"},
		"over 150 pounds":                       {"Shop", ask(box+"PackageWeight/Weight", "150.1"), "111035"},
		"kilograms from the US":                 {"Rate", ask(box+"PackageWeight/UnitOfMeasurement/Code", "KGS"), "121057"},
		"a side too long":                       {"Rate", ask(box+"Dimensions/Length", "108.5"), "20008"},
		"Britain without dimensions":            {"Rate", all(britain, ask(box+"Dimensions", nil)), "20007"},
		"an unknown element":                    {"Rate", ask("Shipment/PaymentInformation", object{}), "10002"},
		"a subversion that is none":             {"Rate", ask("Request/SubVersion", "9999"), "20008"},
		"no Request":                            {"Rate", ask("Request", nil), "20007"},
		"an option that is none":                {"Guess", func(object) {}, "20008"},
		"additional information that is none":   {"Rate?additionalinfo=weather", func(object) {}, "20008"},
		"time abroad without a weight":          {"Shoptimeintransit", abroad, "111546"},
		"time abroad without a value":           {"Shoptimeintransit", all(abroad, ask("Shipment/ShipmentTotalWeight", object{"UnitOfMeasurement": object{"Code": "LBS"}, "Weight": "1"})), "111549"},
		"a bill type that is none":              {"Ratetimeintransit", ask("Shipment/DeliveryTimeInformation", object{"PackageBillType": "01"}), "20008"},
		"a pickup more than 60 days ahead":      {"Ratetimeintransit", ask("Shipment/DeliveryTimeInformation", object{"PackageBillType": "03", "Pickup": object{"Date": "20990101"}}), "20008"},
		"a pickup day that is none":             {"Ratetimeintransit", ask("Shipment/DeliveryTimeInformation", object{"PackageBillType": "03", "Pickup": object{"Date": "2026-3-7"}}), "20008"},
		"a charge that is neither of the three": {"Rate", ask("Shipment/PaymentDetails/ShipmentCharge/Type", "04"), "20008"},
	} {
		t.Run(name, func(t *testing.T) {
			resp, body := r.call(http.MethodPost, "/api/rating/v2409/"+c.path, rated(c.change))
			if resp.StatusCode != http.StatusBadRequest || code(t, body) != c.code {
				t.Errorf("%d %v, want %s first", resp.StatusCode, body, c.code)
			}
		})
	}
	if resp, body := r.call(http.MethodPost, "/api/rating/v9/Rate", inquiry()); resp.StatusCode != 400 || code(t, body) != "20002" {
		t.Errorf("version: %v", body)
	}
	if resp, body := r.call(http.MethodPost, "/api/rating/v2409/Rate", `{"Rate": {}}`); resp.StatusCode != 200 || body != nil || resp.Header.Get("APIErrorCode") != "1" {
		t.Errorf("no rate request: %d %v", resp.StatusCode, body)
	}
}

func TestAGarbledRateHasNoAmount(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	if err := r.sim.SetFaults(fault.Fault{Kind: fault.Garbled, Operation: fault.Rate, Reference: "ctx", Times: 1}); err != nil {
		t.Fatal(err)
	}
	rates := dig(t, r.rate("v2409/Shop", inquiry()), "RatedShipment").([]any)
	for i, has := range map[int]bool{0: false, 1: true} {
		for _, path := range [][]any{{"TotalCharges"}, {"TransportationCharges"}, {"NegotiatedRateCharges", "TotalCharge"}} {
			if got := dig(t, rates[i], path...).(object)["MonetaryValue"] != nil; got != has {
				t.Errorf("rate %d, %v: amount %t", i, path, got)
			}
		}
	}
	if got := dig(t, r.rate("v2409/Rate", inquiry()), "RatedShipment", 0, "TotalCharges").(object)["MonetaryValue"]; got == nil {
		t.Error("the rule struck twice")
	}
}
