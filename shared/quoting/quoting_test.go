package quoting_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/contract"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/quoting"
	"github.com/fairlead/fairlead/shared/ship"
)

func TestRates(t *testing.T) {
	t.Run("every account of the mode is asked, and the cheapest comes first", func(t *testing.T) {
		d := newDesk(t, odd{rates: always(rated(1, "odd_one"))})
		got, err := d.ask("")
		if err != nil || len(got.Data) < 4 || got.Data[0].Service != "odd_one" || len(got.Problems) > 0 {
			t.Fatalf("%+v, %v", got, err)
		}
		if !slices.IsSortedFunc(got.Data, func(a, b v1.Rate) int { return int(a.Total.Amount - b.Total.Amount) }) || !got.ExpiresAt.Equal(d.now.Add(quoting.Life)) {
			t.Errorf("%+v", got)
		}
	})
	t.Run("only the services and accounts that are asked for", func(t *testing.T) {
		d := newDesk(t, odd{})
		got, err := d.ask(`,"carrier_accounts":["ca_sim"],"services":["sim_ground"]`)
		if err != nil || len(got.Data) != 1 || got.Data[0].Service != "sim_ground" || got.Data[0].CarrierAccount != "ca_sim" {
			t.Errorf("%+v, %v", got, err)
		}
	})
	for name, c := range map[string]struct {
		odd    odd
		more   string
		want   string // source and code
		detail string
	}{
		"a carrier's no, in its own words":          {odd{rates: always(carrier.RateAnswer{Kind: carrier.AskRefused, Code: "111285", Message: "no such postcode"})}, "", "carrier 111285", "no such postcode"},
		"what its adapter can't ask it":             {odd{rates: always(carrier.RateAnswer{Kind: carrier.AskImpossible, Code: "too_heavy", Message: "70 kg"})}, "", "fairlead too_heavy", "70 kg"},
		"a carrier that is down":                    {odd{rates: always(carrier.RateAnswer{Kind: carrier.AskFailed, Message: "HTTP 503"})}, "", "carrier carrier_unavailable", "HTTP 503"},
		"a carrier that takes no more":              {odd{rates: always(carrier.RateAnswer{Kind: carrier.AskThrottled})}, "", "carrier throttled", "in a moment"},
		"a carrier that offers nothing":             {odd{rates: always(carrier.RateAnswer{Kind: carrier.Answered})}, "", "fairlead no_rate", "no service"},
		"what a carrier can't ship, field by field": {odd{check: []ship.Problem{{Field: "parcels[0]", Code: "too_heavy", Detail: "d"}}}, "", "fairlead invalid_request", "can't ship"},
		"an adapter that panics":                    {odd{rates: func(int) carrier.RateAnswer { panic("oops") }}, "", "fairlead internal_error", "our side"},
		"a token that is refused twice":             {odd{rates: always(carrier.RateAnswer{Kind: carrier.AskUnauthorized, Message: "401"})}, "", "carrier carrier_unavailable", "401"},
	} {
		t.Run(name+" is told, and hides nobody else's rates", func(t *testing.T) {
			d := newDesk(t, c.odd)
			got, err := d.ask(c.more)
			if err != nil || len(got.Problems) != 1 || len(got.Data) == 0 {
				t.Fatalf("%+v, %v", got, err)
			}
			p := got.Problems[0]
			if said := string(p.Source) + " " + p.Code; said != c.want || p.CarrierAccount != "ca_odd" || !strings.Contains(p.Detail, c.detail) || (p.Errors != nil) != (c.odd.check != nil) {
				t.Errorf("%+v, want %s", p, c.want)
			}
		})
	}
	t.Run("a token that has expired is refreshed once", func(t *testing.T) {
		d := newDesk(t, odd{rates: func(n int) carrier.RateAnswer {
			if n == 1 {
				return carrier.RateAnswer{Kind: carrier.AskUnauthorized}
			}
			return rated(1, "odd_one")
		}})
		if got, err := d.ask(`,"carrier_accounts":["ca_odd"]`); err != nil || len(got.Data) != 1 || d.logins.Load() != 2 {
			t.Errorf("%+v, %v, %d logins", got, err, d.logins.Load())
		}
	})
	t.Run("a login that is refused says what to do", func(t *testing.T) {
		d := newDesk(t, odd{})
		d.refused = &carrier.LoginRefused{Code: "10401", Message: "ClientId is Invalid"}
		if got, err := d.ask(`,"carrier_accounts":["ca_odd"]`); err != nil || got.Problems[0].Code != "login_refused" || !strings.Contains(got.Problems[0].Detail, "PATCH /v1/carrier-accounts/ca_odd") {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("a login without credentials that is refused does not advise to replace them", func(t *testing.T) {
		d := newDesk(t, odd{})
		a := d.accounts["ca_odd"]
		a.Credentials = nil
		d.accounts["ca_odd"], d.refused = a, &carrier.LoginRefused{Code: "denied", Message: "Nobody comes in."}
		want := "The carrier refused the login of account ca_odd (denied: Nobody comes in). It has no credentials that could be replaced: use another account."
		if got, err := d.ask(`,"carrier_accounts":["ca_odd"]`); err != nil || got.Problems[0].Detail != want {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("accounts of another mode, of nobody, and without prices are told", func(t *testing.T) {
		d := newDesk(t, odd{})
		got, err := d.ask(`,"carrier_accounts":["ca_live","ca_none","ca_mute"]`)
		if err != nil || len(got.Problems) != 3 || len(got.Data) != 0 {
			t.Fatalf("%+v, %v", got, err)
		}
		for i, want := range []string{"unknown_carrier_account", "unknown_carrier_account", "rates_unsupported"} {
			if got.Problems[i].Code != want {
				t.Errorf("%+v, want %s", got.Problems[i], want)
			}
		}
	})
	t.Run("accounts beyond those that are asked at once are told", func(t *testing.T) {
		d := newDesk(t, odd{})
		d.listed = nil
		for range quoting.MostAccounts + 2 {
			d.listed = append(d.listed, "ca_sim")
		}
		got, err := d.ask("")
		if err != nil || len(got.Data) == 0 || len(got.Problems) != 2 || got.Problems[1].Code != "not_asked" {
			t.Errorf("%d rates, %+v, %v", len(got.Data), got.Problems, err)
		}
	})
	t.Run("without an account it is said that there is none", func(t *testing.T) {
		d := newDesk(t, odd{})
		d.listed = nil
		_, err := d.ask("")
		if e, ok := errors.AsType[*api.Error](err); !ok || e.Status != 422 || e.Problems[0].Field != "carrier_accounts" || !strings.Contains(e.Problems[0].Detail, "POST /v1/carrier-accounts") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("an account is asked once", func(t *testing.T) {
		d := newDesk(t, odd{})
		if _, err := d.ask(`,"carrier_accounts":["ca_sim","ca_sim"]`); err == nil {
			t.Error("the same account twice was taken")
		}
	})
	t.Run("an address that no carrier could ship to is 422 with its place", func(t *testing.T) {
		d := newDesk(t, odd{})
		_, err := d.http.Rates(t.Context(), api.Request{Tenant: tenant, Mode: ship.Test, Body: []byte("{" + strings.Replace(parcels, "02108", "2", 1) + "}"), Check: contract.Check})
		if e, ok := errors.AsType[*api.Error](err); !ok || e.Status != 422 || e.Problems[0].Field != "ship_to.postcode" {
			t.Errorf("got %v", err)
		}
	})
}

func TestARateIsBookedByItsID(t *testing.T) {
	d := newDesk(t, odd{rates: always(rated(1, "odd_one"))})
	rates, err := d.ask("")
	if err != nil {
		t.Fatal(err)
	}
	cheapest := rates.Data[0]
	find := func(tenant string, mode ship.Mode, id string, s ship.Shipment) (ship.Shipment, string) {
		t.Helper()
		got, problem, err := d.http.Service.Rate(t.Context(), tenant, mode, id, s)
		if err != nil {
			t.Fatal(err)
		}
		if problem != nil {
			return got, problem.Field + ":" + problem.Code
		}
		return got, ""
	}
	t.Run("it stands for service, account and price", func(t *testing.T) {
		got, problem := find(tenant, ship.Test, cheapest.Id, d.stood())
		if problem != "" || got.Service != "odd_one" || got.CarrierAccount != "ca_odd" || got.Quote.ID != cheapest.Id || got.Quote.Total.Minor != 1 {
			t.Errorf("%+v, %s", got, problem)
		}
	})
	heavier := d.stood()
	heavier.Parcels[0].Weight++
	for name, c := range map[string]struct {
		tenant string
		mode   ship.Mode
		id     string
		s      ship.Shipment
		want   string
	}{
		"another tenant's":         {"tn_2", ship.Test, cheapest.Id, d.stood(), "unknown_rate"},
		"the other mode's":         {tenant, ship.Live, cheapest.Id, d.stood(), "unknown_rate"},
		"one that was not offered": {tenant, ship.Test, strings.TrimSuffix(cheapest.Id, "0") + "99", d.stood(), "unknown_rate"},
		"one that is no id":        {tenant, ship.Test, "cheap", d.stood(), "unknown_rate"},
		"that of other parcels":    {tenant, ship.Test, cheapest.Id, heavier, "rate_mismatch"},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			if _, problem := find(c.tenant, c.mode, c.id, c.s); problem != "rate:"+c.want {
				t.Errorf("got %q, want %s", problem, c.want)
			}
		})
	}
	t.Run("after its time it has expired", func(t *testing.T) {
		d.now = d.now.Add(quoting.Life)
		if _, problem := find(tenant, ship.Test, cheapest.Id, d.stood()); problem != "rate:rate_expired" {
			t.Errorf("got %q", problem)
		}
	})
}

func TestRatesOfAShipment(t *testing.T) {
	d := newDesk(t, odd{rates: always(rated(1, "odd_one"))})
	d.drafts[tenant+"shp_1"] = d.stood()
	booked := d.stood()
	booked.Reference = "booked"
	d.drafts[tenant+"shp_2"] = booked
	for id, want := range map[string]int{"shp_1": 0, "shp_2": 409, "shp_3": 404} {
		resp, err := d.http.ShipmentRates(t.Context(), api.Request{Tenant: tenant, Mode: ship.Test, Params: map[string]string{"id": id}})
		status := 0
		if e, ok := errors.AsType[*api.Error](err); ok {
			status = e.Status
		}
		if status != want || want == 0 && (err != nil || len(resp.Body.(v1.RateList).Data) < 2) {
			t.Errorf("%s: %d, %v; want %d", id, status, err, want)
		}
	}
}

func TestValidateAddress(t *testing.T) {
	address := `{"carrier_account":%q,"address":{"name":"A","lines":["1 St"],"city":"New York","state":"NY","postcode":"10001","country":"US"}}`
	for name, c := range map[string]struct {
		account string
		answer  carrier.AddressAnswer
		want    string
	}{
		"an answer is shown":                          {"ca_odd", carrier.AddressAnswer{Kind: carrier.Answered, Verdict: carrier.AddressCorrected, Candidates: []ship.Address{{Name: "A", Lines: []string{"1 Street"}, City: "N", Country: "US"}}}, ""},
		"a no is 422 with the carrier's words":        {"ca_odd", carrier.AddressAnswer{Kind: carrier.AskRefused, Code: "9", Message: "m"}, "422 carrier_refused carrier 9: m"},
		"a country that it does not check is 422":     {"ca_odd", carrier.AddressAnswer{Kind: carrier.AskImpossible, Code: "unsupported_country", Message: "UPS checks no addresses there."}, "422 invalid_request fairlead UPS checks"},
		"what broke the question is told":             {"ca_odd", carrier.AddressAnswer{Kind: carrier.AskFailed, Message: "connection reset"}, "503 carrier_unavailable carrier The carrier gave no usable answer (connection reset). Ask"},
		"a carrier that is down is 503":               {"ca_odd", carrier.AddressAnswer{Kind: carrier.AskFailed}, "503 carrier_unavailable carrier The carrier gave"},
		"a carrier that knows no addresses is 422":    {"ca_mute", carrier.AddressAnswer{}, "422 validation_unsupported fairlead This carrier"},
		"an account that is not there is 422 by name": {"ca_none", carrier.AddressAnswer{}, "422 invalid_request fairlead There is no"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, odd{address: func() carrier.AddressAnswer { return c.answer }})
			resp, err := d.http.ValidateAddress(t.Context(), api.Request{Tenant: tenant, Mode: ship.Test, Body: fmt.Appendf(nil, address, c.account), Check: contract.Check})
			if e, ok := errors.AsType[*api.Error](err); ok {
				if got := fmt.Sprint(e.Status, " ", e.Code, " ", cmp.Or(e.Source, "fairlead"), " ", e.Detail); !strings.HasPrefix(got, c.want) || c.want == "" {
					t.Errorf("got %s, want %s", got, c.want)
				}
			} else if err != nil || c.want != "" {
				t.Errorf("got %v, want %s", err, c.want)
			} else {
				d.obeys("AddressValidation", resp.Body)
			}
		})
	}
}

func TestCarriers(t *testing.T) {
	d := newDesk(t, odd{})
	resp, err := quoting.Carriers(d.http.Service.Carriers)(t.Context(), api.Request{})
	if err != nil {
		t.Fatal(err)
	}
	d.obeys("CarrierPage", resp.Body)
	got := resp.Body.(v1.CarrierPage).Data
	if len(got) != 3 || got[2].Name != "sim" || len(got[2].Can) != 4 || len(got[2].Services) == 0 || len(got[0].Can) != 0 {
		t.Errorf("%+v", got)
	}
	if from := got[1].ShipFromCountries; !slices.Equal(from, []string{"DE"}) {
		t.Errorf("odd picks up in PK too, where no address of ours can be, and %v are listed", from)
	}
}

func FuzzParseRateID(f *testing.F) {
	f.Add("rate_01jd3v5x8z6q4m2n7p9r0s1t2v_0")
	f.Add("rate__-1")
	f.Fuzz(func(t *testing.T, id string) {
		quote, n, ok := quoting.ParseRateID(id)
		if ok && quoting.RateID(quote, n) != id {
			t.Errorf("%q is %q, %d", id, quote, n)
		}
	})
}
