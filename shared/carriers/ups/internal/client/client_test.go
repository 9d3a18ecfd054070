package client

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/ship"
)

func TestMoney(t *testing.T) {
	cases := []struct {
		value, currency Text
		want            ship.Money
		ok              bool
	}{
		{"12.34", "USD", ship.Money{Minor: 1234, Currency: "USD"}, true},
		{"12.3", "USD", ship.Money{Minor: 1230, Currency: "USD"}, true},
		{"12", "EUR", ship.Money{Minor: 1200, Currency: "EUR"}, true},
		{"0.00", "GBP", ship.Money{Currency: "GBP"}, true},
		{"12.3400", "USD", ship.Money{Minor: 1234, Currency: "USD"}, true},
		{"1240.00", "JPY", ship.Money{Minor: 1240, Currency: "JPY"}, true},
		{"1.234", "KWD", ship.Money{Minor: 1234, Currency: "KWD"}, true},
		{"12.345", "USD", ship.Money{}, false},
		{"12.5", "JPY", ship.Money{}, false},
		{"99999999999999.99", "USD", ship.Money{Minor: 9999999999999999, Currency: "USD"}, true},
		{"99999999999999999999.99", "USD", ship.Money{}, false},
		{"-1.00", "USD", ship.Money{}, false},
		{"1,000.00", "USD", ship.Money{}, false},
		{"1.2.3", "USD", ship.Money{}, false},
		{".50", "USD", ship.Money{}, false},
		{"", "USD", ship.Money{}, false},
		{"1e3", "USD", ship.Money{}, false},
		{"1.00", "XXQ", ship.Money{}, false},
		{"1.00", "", ship.Money{}, false},
	}
	for _, tc := range cases {
		got, err := Amount{CurrencyCode: tc.currency, MonetaryValue: tc.value}.Money()
		if got != tc.want || (err == nil) != tc.ok {
			t.Errorf("%s %s: %+v (%v), want %+v", tc.value, tc.currency, got, err, tc.want)
		}
	}
}

func TestAmountsAreWrittenExactly(t *testing.T) {
	for _, tc := range []struct {
		m       ship.Money
		decimal string
		whole   int64
	}{
		{ship.Money{Minor: 1999, Currency: "USD"}, "19.99", 20},
		{ship.Money{Minor: 1900, Currency: "USD"}, "19.00", 19},
		{ship.Money{Minor: 5, Currency: "EUR"}, "0.05", 1},
		{ship.Money{Minor: 0, Currency: "EUR"}, "0.00", 0},
		{ship.Money{Minor: 1500, Currency: "JPY"}, "1500", 1500},
		{ship.Money{Minor: 1234, Currency: "KWD"}, "1.234", 2},
		{ship.Money{Minor: math.MaxInt64, Currency: "USD"}, "92233720368547758.07", 92233720368547759},
		{ship.Money{Minor: -1, Currency: "USD"}, "", 0},
		{ship.Money{Minor: 1, Currency: "XXQ"}, "", 0},
		{ship.Money{Minor: 1}, "", 0},
	} {
		if got := Decimal(tc.m); got != tc.decimal || Whole(tc.m) != tc.whole {
			t.Errorf("%+v is %q and %d, want %q and %d", tc.m, got, Whole(tc.m), tc.decimal, tc.whole)
		}
		if back, err := (Amount{Text(tc.m.Currency), Text(tc.decimal)}).Money(); tc.decimal != "" && (back != tc.m || err != nil) {
			t.Errorf("%q is read as %+v (%v)", tc.decimal, back, err)
		}
	}
}

func TestLenientTypes(t *testing.T) {
	type inner struct{ A Text }
	type outer struct {
		T Text
		M Maybe[inner]
		L List[inner]
		F Flag
		S Texts
	}
	x := func(s Text) inner { return inner{s} }
	cases := []struct {
		name, in string
		want     outer
	}{
		{"the usual", `{"T":"a","M":{"A":"b"},"L":[{"A":"c"},{"A":"d"}]}`, outer{T: "a", M: Maybe[inner]{x("b")}, L: List[inner]{x("c"), x("d")}}},
		{"an object for an array", `{"L":{"A":"c"}}`, outer{L: List[inner]{x("c")}}},
		{"empty strings", `{"T":"","M":"","L":""}`, outer{}},
		{"nulls", `{"T":null,"M":null,"L":null}`, outer{}},
		{"numbers for strings", `{"T":12.50,"M":{"A":-3}}`, outer{T: "12.50", M: Maybe[inner]{x("-3")}}},
		{"a flag is set by being there", `{"F":""}`, outer{F: true}},
		{"a flag that is an object is there", `{"F":{}}`, outer{F: true}},
		{"a flag that says no", `{"F":"N"}`, outer{}},
		{"a flag that is null", `{"F":null}`, outer{}},
		{"several texts", `{"S":["a",7]}`, outer{S: Texts{"a", "7"}}},
		{"one text for an array", `{"S":"a"}`, outer{S: Texts{"a"}}},
		{"no text for an array", `{"S":""}`, outer{}},
		{"an object for texts", `{"S":{"a":1}}`, outer{}},
		{"other types", `{"T":{"x":1},"M":[1],"L":7}`, outer{}},
		{"an element that can't be read keeps its place", `{"L":["",{"A":"c"},7]}`, outer{L: List[inner]{{}, x("c"), {}}}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			body := []byte(tc.in)
			got, err := Parse[outer](body)
			if string(body) != tc.in {
				t.Errorf("parsing changed the answer to %s", body)
			}
			if d := cmp.Diff(tc.want, got); d != "" || err != nil {
				t.Error(err, d)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	for in, want := range map[string]int{
		`{"response":{"errors":[{"code":"1","message":"a"}]}}`: 1,
		`{"response":{"errors":{"code":1,"message":"a"}}}`:     1,
		`{"response":{"errors":[]}}`:                           0,
		`{"response":"no"}`:                                    0,
		`{"errors":[{"code":"1"}]}`:                            0,
		`<html>`:                                               0,
		``:                                                     0,
		`{"response":{"errors":[{"code":"1"}]}} trailing`: 0,
	} {
		if got := Errors([]byte(in)); len(got) != want || want > 0 && got[0].Code != "1" {
			t.Errorf("%s: %v, want %d", in, got, want)
		}
	}
}

// FuzzAnswers holds that no answer, however strange, makes a parser panic or is changed by it: it is evidence.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`{"ShipmentResponse":{"ShipmentResults":{"PackageResults":{"TrackingNumber":1}}}}`))
	f.Add([]byte(`{"LabelRecoveryResponse":{"LabelResults":[{}],"TrackingCandidate":""}}`))
	f.Add([]byte(`{"trackResponse":{"shipment":[{"warnings":{"code":"TW0001"}}]}}`))
	f.Add([]byte(`{"response":{"errors":[7]}}`))
	f.Add([]byte(`{"RateResponse":{"RatedShipment":{"ItemizedCharges":null,"TimeInTransit":{"ServiceSummary":{"GuaranteedIndicator":""}}}}}`))
	f.Add([]byte(`{"VoidShipmentResponse":{"PackageLevelResult":{"Status":{"Code":"&#xD;1"}}}}`))
	f.Add([]byte(`{"XAVResponse":{"ValidAddressIndicator":"","Candidate":{"AddressKeyFormat":{"AddressLine":"1"}}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := string(b)
		defer func() {
			if string(b) != before {
				t.Errorf("parsing changed %q to %q", before, b)
			}
		}()
		if a, err := Parse[ShipAnswer](b); err == nil {
			if m, err := a.ShipmentResponse.V.ShipmentResults.V.ShipmentCharges.V.TotalCharges.V.Money(); err == nil && m.Minor < 0 {
				t.Errorf("negative charge %+v", m)
			}
			if _, err := json.Marshal(a); err != nil {
				t.Error(err)
			}
		}
		Parse[RecoveryAnswer](b)
		Parse[TrackAnswer](b)
		Parse[TokenAnswer](b)
		Parse[RateAnswer](b)
		Parse[VoidReply](b)
		Parse[AddressAnswer](b)
		Errors(b)
	})
}

// TestText holds the short way of reading a text against encoding/json's.
func TestText(t *testing.T) {
	for _, raw := range []string{`""`, `"a"`, `"12.50"`, `"a b~!"`, `"Stra\u00dfe"`, `"Straße"`, `"a\"b"`, `"a\\"`, `"\\"`, "\"\xff\"", `"a\n"`, `"\ud800"`, "\"\u2028\""} {
		var want string
		if err := json.Unmarshal([]byte(raw), &want); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		var got Text
		if err := json.Unmarshal([]byte(raw), &got); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v, want %q", raw, got, err, want)
		}
	}
	for raw, want := range map[string]Text{`7`: "7", `-1.50`: "-1.50", `1e3`: "1e3", `null`: "", `true`: "", `{"a":"b"}`: "", `["a"]`: ""} {
		got := Text("old")
		if err := json.Unmarshal([]byte(raw), &got); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", raw, got, err, want)
		}
	}
}
