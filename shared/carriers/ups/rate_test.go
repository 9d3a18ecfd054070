package ups

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carriers/ups/internal/client"
	"github.com/fairlead/fairlead/shared/ship"
)

const ratePath = "/api/rating/v2409/"

// anyService leaves the service to be chosen.
func anyService(o *carrier.Order) { o.Shipment.Service = "" }

// ratesAgainst asks a server that gives one reply to every question for rates.
func ratesAgainst(t *testing.T, o carrier.Order, r reply) (carrier.RateAnswer, sent) {
	t.Helper()
	replies := map[string][]reply{}
	for _, option := range []string{"Rate", "Shop", "Ratetimeintransit", "Shoptimeintransit"} {
		replies[ratePath+option] = []reply{r}
	}
	s := newServer(t, replies)
	got := adapter(s.URL).Rates(t.Context(), o.Shipment, o.Account, testCall())
	if len(s.seen) != 1 {
		t.Fatalf("%d requests, want one", len(s.seen))
	}
	return got, s.seen[0]
}

func usd(minor int64) ship.Money { return ship.Money{Minor: minor, Currency: "USD"} }

func TestRatesAreRead(t *testing.T) {
	const vary = "Your invoice may vary from the displayed reference rates"
	part := func(code ship.ChargeCode, own, title string, minor int64) ship.Charge {
		return ship.Charge{Code: code, Carrier: own, Title: title, Amount: usd(minor)}
	}
	second := ship.Rate{Service: "ups_2nd_day_air", Title: "UPS 2nd Day Air", Total: usd(3000), Weight: 1360, BusinessDays: 2,
		DeliveryDate: "2026-03-04", DeliveryTime: "20:00", Guaranteed: true, Notes: []string{vary}, Charges: []ship.Charge{part(ship.BaseCharge, "", "", 2000),
			part(ship.FuelCharge, "375", "", 400), part(ship.SignatureCharge, "120", "", 500), part(ship.HandlingCharge, "100", "", 100)}}
	cases := []struct {
		name, file string
		order      carrier.Order
		want       []ship.Rate
	}{
		{"all services, the account's own prices first", "shop", order(anyService), []ship.Rate{
			{Service: "ups_ground", Title: "UPS Ground", Total: usd(1375), Negotiated: true, Weight: 1360, BusinessDays: 3, DeliveryDate: "2026-03-05", DeliveryTime: "23:30", Notes: []string{vary},
				Charges: []ship.Charge{part(ship.BaseCharge, "", "", 800), part(ship.FuelCharge, "375", "", 160), part(ship.ResidentialCharge, "270", "", 400), part(ship.OtherCharge, "434", "Demand Surcharge", 15)}},
			{Service: "ups_next_day_air", Title: "UPS Next Day Air", Total: usd(4960), Negotiated: true, Weight: 1360, BusinessDays: 1, DeliveryDate: "2026-03-03", DeliveryTime: "10:30", Guaranteed: true, Notes: []string{vary},
				Charges: []ship.Charge{part(ship.BaseCharge, "", "", 5000), part(ship.FuelCharge, "375", "", 1200), part(ship.DiscountCharge, "", "", -1240)}},
			second,
		}},
		{"one offer as an object, without transit times", "published_object", order(anyService), []ship.Rate{
			{Service: "ups_next_day_air", Title: "UPS Next Day Air", Total: usd(6200), Weight: 1360, BusinessDays: 1, DeliveryTime: "10:30", Guaranteed: true, Notes: []string{vary},
				Charges: []ship.Charge{part(ship.BaseCharge, "", "", 6200)}},
		}},
		{"offers without an amount are left out, a list price never stands in", "missing_amounts", order(anyService), []ship.Rate{second}},
		{"parts that do not add up are balanced, and what can't be read is not said", "odd", order(anyService), []ship.Rate{
			{Service: "ups_ground", Title: "UPS Ground", Total: usd(2000), Weight: 1250, Notes: []string{vary},
				Charges: []ship.Charge{part(ship.BaseCharge, "", "", 1200), part(ship.OptionsCharge, "", "", 100), part(ship.OtherCharge, "", "", 700)}},
		}},
		{"an own price in another currency has no parts", "other_currency", order(anyService), []ship.Rate{
			{Service: "ups_ground", Title: "UPS Ground", Total: ship.Money{Minor: 750, Currency: "CAD"}, Negotiated: true, Weight: 1360, Notes: []string{vary}},
		}},
		{"an own price above the list price", "dearer_than_list", order(anyService), []ship.Rate{
			{Service: "ups_ground", Title: "UPS Ground", Total: usd(1100), Negotiated: true, Weight: 1360, Notes: []string{vary},
				Charges: []ship.Charge{part(ship.BaseCharge, "", "", 800), part(ship.FuelCharge, "375", "", 200), part(ship.OtherCharge, "", "", 100)}},
		}},
		{"services that have no name here are left out", "nameless", order(anyService), []ship.Rate{}},
		{"one service, with duties", "one_service", order(abroad(germany, "ups_express"), paidDuties), []ship.Rate{
			{Service: "ups_express", Title: "UPS Worldwide Express", Total: usd(11500), Negotiated: true, Weight: 1360, BusinessDays: 2, DeliveryDate: "2026-03-04", DeliveryTime: "12:00", Guaranteed: true, Notes: []string{vary},
				Charges: []ship.Charge{part(ship.BaseCharge, "", "", 9000), part(ship.FuelCharge, "375", "", 1500), part(ship.CustomsCharge, "378", "", 1000)}},
		}},
		{"an offer of another service than the one asked for is left out", "one_service", order(), []ship.Rate{}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			got, _ := ratesAgainst(t, tc.order, reply{status: 200, body: file(t, "rate/"+tc.file+".json")})
			if got.Kind != carrier.Answered || got.Code != "" || got.Message != "" || got.Raw.Status != 200 {
				t.Errorf("kind %d, code %q, message %q", got.Kind, got.Code, got.Message)
			}
			if d := cmp.Diff(tc.want, got.Rates); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestRatesThatWereNotAnswered(t *testing.T) {
	malformed := http.Header{"APIErrorCode": {"1"}}
	cases := []struct {
		name, file string
		status     int
		header     http.Header
		want       carrier.AskKind
		code       string
	}{
		{"400 111285 is refused", "rate/refused", 400, nil, carrier.AskRefused, "111285"},
		{"400 112111 is refused", "rate/shipper", 400, nil, carrier.AskRefused, "112111"},
		{"403 blocked merchant is refused", "ship/blocked_merchant", 403, nil, carrier.AskRefused, "10403"},
		{"401 250002 is unauthorized", "ship/unauthorized_250002", 401, nil, carrier.AskUnauthorized, "250002"},
		{"401 without a body is unauthorized", "", 401, nil, carrier.AskUnauthorized, ""},
		{"403 251004 is unauthorized", "ship/unauthorized_251004", 403, nil, carrier.AskUnauthorized, "251004"},
		{"429 is throttled", "ship/too_many_requests", 429, http.Header{"Retry-After": {"7"}}, carrier.AskThrottled, "10429"},
		{"400 10004 is failed", "ship/unavailable", 400, nil, carrier.AskFailed, "10004"},
		{"503 is failed", "rate/refused", 503, nil, carrier.AskFailed, "111285"},
		{"408 is failed", "rate/refused", 408, nil, carrier.AskFailed, "111285"},
		{"a page instead of an error is failed", "", 400, nil, carrier.AskFailed, ""},
		{"an empty 200 is failed", "", 200, malformed, carrier.AskFailed, ""},
		{"a refusal with 200 is failed", "rate/refused", 200, nil, carrier.AskFailed, "111285"},
		{"no offer at all is failed", "rate/none", 200, nil, carrier.AskFailed, ""},
		{"status other than 1 is failed", "rate/status_not_one", 200, nil, carrier.AskFailed, ""},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			body := ""
			if tc.file != "" {
				body = file(t, tc.file+".json")
			}
			got, _ := ratesAgainst(t, order(anyService), reply{status: tc.status, body: body, header: tc.header})
			if got.Kind != tc.want || got.Code != tc.code || got.Message == "" || got.Rates != nil || got.Raw.Status != tc.status {
				t.Errorf("kind %d code %q (%s) with %d rates, want %d %q", got.Kind, got.Code, got.Message, len(got.Rates), tc.want, tc.code)
			}
			if (got.RetryAfter == 7*time.Second) != (tc.want == carrier.AskThrottled) {
				t.Errorf("retry after %v", got.RetryAfter)
			}
		})
	}
}

func TestRatesThatUPSCannotGiveAreNotAskedFor(t *testing.T) {
	for name, o := range map[string]carrier.Order{
		"another country": order(anyService, from(place{country: "RU", postcode: "101000"})),
		"unknown service": order(func(o *carrier.Order) { o.Shipment.Service = "ups_moon" }),
		"too heavy":       order(anyService, func(o *carrier.Order) { o.Shipment.Parcels[0].Weight = 69_000 }),
		"no sides in GB":  order(parcels(2), within("GB", "", "SW1A 1AA", "ups_standard")),
		"account number":  order(anyService, func(o *carrier.Order) { o.Account.Number = "1" }),
		"too dear":        order(abroad(germany, ""), func(o *carrier.Order) { o.Shipment.Customs.Items[0].UnitValue.Minor = 1 << 62 }),
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, nil)
			got := adapter(s.URL).Rates(t.Context(), o.Shipment, o.Account, testCall())
			if got.Kind != carrier.AskImpossible || got.Code == "" || got.Message == "" || len(s.seen) != 0 {
				t.Errorf("kind %d %q after %d requests, want a refusal after none", got.Kind, got.Message, len(s.seen))
			}
		})
	}
	t.Run("a mode without an address fails", func(t *testing.T) {
		o := order(anyService, func(o *carrier.Order) { o.Account.Mode = ship.Live })
		if got := adapter("").Rates(t.Context(), o.Shipment, o.Account, testCall()); got.Kind != carrier.AskFailed || got.Message == "" {
			t.Errorf("kind %d %q", got.Kind, got.Message)
		}
	})
}

func TestRateQuestions(t *testing.T) {
	value := func(v, c string) *client.LineTotal { return &client.LineTotal{CurrencyCode: c, MonetaryValue: v} }
	for name, tc := range map[string]struct {
		o       carrier.Order
		option  string
		service string
		value   *client.LineTotal
		weight  string
		bill    string
		charges int
	}{
		"every service":                       {order(anyService), "Shoptimeintransit", "", nil, "", "03", 1},
		"the cheapest":                        {order(func(o *carrier.Order) { o.Shipment.Service = ship.Cheapest }), "Shoptimeintransit", "", nil, "", "03", 1},
		"one service":                         {order(), "Ratetimeintransit", "03", nil, "", "03", 1},
		"goods abroad":                        {order(abroad(germany, ""), parcels(2)), "Shoptimeintransit", "", value("69", "USD"), "4.2", "03", 1},
		"goods abroad, duties paid":           {order(abroad(germany, ""), paidDuties), "Shoptimeintransit", "", value("69", "USD"), "3.0", "03", 2},
		"goods abroad that nobody valued":     {order(abroad(germany, ""), noCustoms), "Shop", "", nil, "", "", 1},
		"one service for goods nobody valued": {order(abroad(germany, "ups_express"), noCustoms), "Rate", "07", nil, "", "", 1},
		"within the EU":                       {order(from(germany), abroad(france, ""), noCustoms), "Shoptimeintransit", "", value("1", "USD"), "1.4", "03", 1},
		"documents that are worth nothing":    {order(from(germany), abroad(america, ""), documents), "Shoptimeintransit", "", value("1", "EUR"), "1.4", "02", 1},
		"US to Puerto Rico":                   {order(abroad(puertoRico, "")), "Shoptimeintransit", "", value("69", "USD"), "3.0", "03", 1},
		"a currency without decimals is no cents": {order(abroad(germany, ""), func(o *carrier.Order) {
			o.Shipment.Customs.Items = []ship.CustomsItem{{Quantity: 2, UnitValue: ship.Money{Minor: 1500, Currency: "JPY"}}}
		}), "Shoptimeintransit", "", value("3000", "JPY"), "3.0", "03", 1},
	} {
		t.Run(name, func(t *testing.T) {
			_, r := ratesAgainst(t, tc.o, reply{status: 400, body: file(t, "rate/refused.json")})
			if got := strings.TrimPrefix(r.URL.Path, ratePath); got != tc.option {
				t.Errorf("asked %s, want %s", got, tc.option)
			}
			var q client.RateRequest
			if err := json.Unmarshal([]byte(r.body), &q); err != nil {
				t.Fatal(err)
			}
			sh := q.RateRequest.Shipment
			service, weight, bill := "", "", ""
			if sh.Service != nil {
				service = sh.Service.Code
			}
			if sh.ShipmentTotalWeight != nil {
				weight = sh.ShipmentTotalWeight.Weight
			}
			if d := sh.DeliveryTimeInformation; d != nil {
				bill = d.PackageBillType
				if d.Pickup.Date != "20260302" {
					t.Errorf("from %s on", d.Pickup.Date)
				}
			}
			if service != tc.service || weight != tc.weight || bill != tc.bill || len(sh.PaymentDetails.ShipmentCharge) != tc.charges {
				t.Errorf("service %q, weight %q, bill type %q, charges %v", service, weight, bill, sh.PaymentDetails.ShipmentCharge)
			}
			if d := cmp.Diff(tc.value, sh.InvoiceLineTotal); d != "" {
				t.Error(d)
			}
			if sh.ShipmentRatingOptions.NegotiatedRatesIndicator == "" || sh.Shipper.ShipperNumber != "A1B2C3" || q.RateRequest.Request.SubVersion != rateVersion {
				t.Errorf("asked for somebody else's prices: %s", r.body)
			}
			if strings.Contains(r.body, "Receiver") || strings.Contains(r.body, "555") {
				t.Errorf("a name or a phone number is in the question: %s", r.body)
			}
			if id := r.Header.Get("transId"); len(id) != 32 {
				t.Errorf("transId %q, want 32 characters", id)
			}
		})
	}
}

func TestBillingWeightIsRoundedDown(t *testing.T) {
	for in, want := range map[string]ship.Grams{
		"3.0 LBS": 1360, "1 LBS": 453, "0.1 LBS": 45, "150.0 LBS": 68_038, "1.25 KGS": 1250, "70.0 KGS": 70_000, "0.0 LBS": 0,
		"x LBS": 0, "-1 LBS": 0, "1.2345 KGS": 0, "1 STONE": 0, " KGS": 0, "1234567 KGS": 0, "1.2.3 KGS": 0,
	} {
		w, unit, _ := strings.Cut(in, " ")
		b := client.BillingWeight{Weight: client.Text(w)}
		b.UnitOfMeasurement.V.Code = client.Text(unit)
		got := billed(b)
		if got != want {
			t.Errorf("%s is %d g, want %d", in, got, want)
		}
		// What is charged for and rendered again is charged for in the same way.
		if unit == "LBS" && want > 0 && decimal(tenths(got, true)) != w && !strings.HasPrefix(decimal(tenths(got, true)), w+".0") {
			t.Errorf("%s is %d g, which is %s lb", in, got, decimal(tenths(got, true)))
		}
	}
}

// FuzzRates holds that whatever Rating answers, every offer can be booked by and its parts add up to its total.
func FuzzRates(f *testing.F) {
	seeds(f, "rate")
	u := adapter("")
	f.Fuzz(func(t *testing.T, body []byte) {
		rates, err := u.offers(order(anyService).Shipment, body)
		if err != nil && rates != nil {
			t.Error("offers beside an error")
		}
		for _, r := range rates {
			if _, ok := u.desc.Services[r.Service]; !ok || r.Total.Currency == "" || r.Total.Minor < 0 || r.Weight < 0 || r.BusinessDays < 0 {
				t.Errorf("offer %+v", r)
			}
			var sum int64
			for _, c := range r.Charges {
				sum += c.Amount.Minor
				if c.Amount.Currency != r.Total.Currency || c.Code == "" {
					t.Errorf("charge %+v of %+v", c, r.Total)
				}
			}
			if len(r.Charges) > 0 && sum != r.Total.Minor {
				t.Errorf("parts of %d make %d: %+v", r.Total.Minor, sum, r.Charges)
			}
		}
	})
}
