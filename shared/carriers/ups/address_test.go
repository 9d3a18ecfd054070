package ups

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carriers/ups/internal/client"
	"github.com/fairlead/fairlead/shared/ship"
)

const xavPath = "/api/addressvalidation/v2/3"

func TestAddressVerdicts(t *testing.T) {
	given := order().Shipment.To // 123 Main St, Apt 4, Timonium, MD 21030-1234
	short := given
	short.Postcode = "21030"
	at := func(lines []string, city, state, postcode string) ship.Address {
		a := given
		a.Lines, a.City, a.State, a.Postcode = lines, city, state, postcode
		return a
	}
	same := at([]string{"123 MAIN ST", "APT 4"}, "TIMONIUM", "MD", "21030-1234")
	other := at([]string{"125 MAIN ST"}, "TIMONIUM", "MD", "21030-1236")
	island := given
	puertoRico.put(&island)
	found := island
	found.Lines, found.City, found.Postcode = []string{"123 CALLE MAYOR"}, "SAN JUAN", "00907-2001"
	for name, tc := range map[string]struct {
		file       string
		in         ship.Address
		want       carrier.Verdict
		place      ship.Place
		candidates []ship.Address
	}{
		"valid as it is":                               {"valid", given, carrier.AddressValid, ship.Residence, []ship.Address{same}},
		"valid, the candidate as an object":            {"valid_object", given, carrier.AddressValid, ship.Residence, []ship.Address{same}},
		"four more digits of the ZIP code are no news": {"valid", short, carrier.AddressValid, ship.Residence, []ship.Address{same}},
		"valid without a candidate":                    {"valid_without_candidate", given, carrier.AddressValid, ship.Business, nil},
		"valid and another one is corrected":           {"corrected", given, carrier.AddressCorrected, ship.Business, []ship.Address{at([]string{"123 MAIN ST APT 4"}, "LUTHERVILLE TIMONIUM", "MD", "21093-0001")}},
		"other four digits are a correction":           {"valid", at(given.Lines, given.City, given.State, "21030-9999"), carrier.AddressCorrected, ship.Residence, []ship.Address{same}},
		"several candidates":                           {"ambiguous", given, carrier.AddressAmbiguous, ship.UnknownPlace, []ship.Address{same, other}},
		"valid with several candidates is ambiguous":   {"valid_but_two", given, carrier.AddressAmbiguous, ship.UnknownPlace, []ship.Address{same, other}},
		"no candidate":                                 {"unknown", given, carrier.AddressUnknown, ship.UnknownPlace, nil},
		"Puerto Rico stays a state where it was one":   {"puerto_rico", island, carrier.AddressCorrected, ship.Business, []ship.Address{found}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, map[string][]reply{xavPath: {{status: 200, body: file(t, "address/"+tc.file+".json")}}})
			got := adapter(s.URL).CheckAddress(t.Context(), tc.in, order().Account, testCall())
			if got.Kind != carrier.Answered || got.Verdict != tc.want || got.Place != tc.place {
				t.Errorf("kind %d (%s), %q, %q; want %q, %q", got.Kind, got.Message, got.Verdict, got.Place, tc.want, tc.place)
			}
			if d := cmp.Diff(tc.candidates, got.Candidates); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestAddressesThatWereNotJudged(t *testing.T) {
	cases := []struct {
		name, file string
		status     int
		want       carrier.AskKind
		code       string
	}{
		{"none of the three indicators is failed", "address/no_verdict", 200, carrier.AskFailed, ""},
		{"status other than 1 is failed", "address/status_not_one", 200, carrier.AskFailed, ""},
		{"an empty 200 is failed", "", 200, carrier.AskFailed, ""},
		{"another answer is failed", "rate/shop", 200, carrier.AskFailed, ""},
		{"400 9264030 of the test environment is refused", "address/test_environment", 400, carrier.AskRefused, "9264030"},
		{"401 is unauthorized", "ship/unauthorized_250003", 401, carrier.AskUnauthorized, "250003"},
		{"429 is throttled", "ship/too_many_requests", 429, carrier.AskThrottled, "10429"},
		{"500 is failed", "ship/unavailable", 500, carrier.AskFailed, "10004"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			body := ""
			if tc.file != "" {
				body = file(t, tc.file+".json")
			}
			s := newServer(t, map[string][]reply{xavPath: {{status: tc.status, body: body}}})
			got := adapter(s.URL).CheckAddress(t.Context(), order().Shipment.To, order().Account, testCall())
			if got.Kind != tc.want || got.Code != tc.code || got.Message == "" || got.Verdict != "" || got.Candidates != nil {
				t.Errorf("kind %d, %q %q, verdict %q; want %d %q", got.Kind, got.Code, got.Message, got.Verdict, tc.want, tc.code)
			}
		})
	}
}

func TestAddressesThatUPSDoesNotKnowAreNotAskedFor(t *testing.T) {
	s := newServer(t, nil)
	german, long := order().Shipment.To, order().Shipment.To
	germany.put(&german)
	long.Lines = []string{"1", "2", "3", "4"}
	for want, a := range map[string]ship.Address{"unsupported_country": german, "unsupported": long} {
		if got := adapter(s.URL).CheckAddress(t.Context(), a, order().Account, testCall()); got.Kind != carrier.AskImpossible || got.Code != want || got.Message == "" || len(s.seen) != 0 {
			t.Errorf("kind %d %q after %d requests, want a refusal, %s", got.Kind, got.Code, len(s.seen), want)
		}
	}
}

func TestAddressQuestion(t *testing.T) {
	s := newServer(t, nil)
	adapter(s.URL).CheckAddress(t.Context(), order().Shipment.From, order().Account, testCall())
	var got client.AddressRequest
	if err := json.Unmarshal([]byte(s.requests(xavPath)[0].body), &got); err != nil {
		t.Fatal(err)
	}
	want := client.AddressRequest{XAVRequest: client.XAVRequest{AddressKeyFormat: client.AddressKey{ConsigneeName: "Small Wares Inc", AddressLine: []string{"2311 York Rd"},
		PoliticalDivision2: "Timonium", PoliticalDivision1: "MD", PostcodePrimaryLow: "21093", CountryCode: "US"}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// FuzzAddress holds that whatever is answered has a verdict that fits its candidates.
func FuzzAddress(f *testing.F) {
	seeds(f, "address")
	given := order().Shipment.To
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := verdict(given, body)
		if (err == nil) != (got.Verdict != "") {
			t.Errorf("verdict %q with error %v", got.Verdict, err)
		}
		if got.Verdict == carrier.AddressUnknown && got.Candidates != nil || got.Verdict == carrier.AddressCorrected && len(got.Candidates) != 1 {
			t.Errorf("%s with %d candidates", got.Verdict, len(got.Candidates))
		}
		for _, c := range got.Candidates {
			if c.Name != given.Name || c.Country != given.Country || len(c.Lines) == 0 {
				t.Errorf("candidate %+v", c)
			}
		}
	})
}
