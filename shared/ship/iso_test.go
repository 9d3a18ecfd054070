package ship

import (
	"math"
	"testing"
)

func TestISO(t *testing.T) {
	for code, want := range map[string]bool{"US": true, "SS": true, "PS": true, "TW": true, "AX": true, "SJ": true, "UK": false, "EU": false, "XK": false, "SU": false, "AN": false, "ZZ": false, "us": false, "": false} {
		if isRegion(code) != want {
			t.Errorf("%q is a country of ISO 3166-1: %t", code, !want)
		}
	}
	for code, want := range map[string]int{"USD": 2, "EUR": 2, "GBP": 2, "JPY": 0, "KRW": 0, "CLP": 0, "ISK": 0, "HUF": 2, "TWD": 2, "BHD": 3, "KWD": 3, "ZWG": 2, "XCG": 2, "BGN": -1, "HRK": -1, "XAU": -1, "usd": -1, "": -1, "XXX": -1} {
		digits, known := MinorDigits(code)
		if !known {
			digits = -1
		}
		if digits != want {
			t.Errorf("%q has %d digits, want %d", code, digits, want)
		}
	}
}

func TestMoneyIsWrittenAsPeopleDo(t *testing.T) {
	for want, m := range map[string]Money{
		"13.46 USD": {1346, "USD"}, "0.05 EUR": {5, "EUR"}, "0.00 EUR": {0, "EUR"}, "-0.50 USD": {-50, "USD"}, "1346 JPY": {1346, "JPY"}, "0.751 KWD": {751, "KWD"}, "7 XXX?": {7, "XXX?"},
		"-92233720368547758.08 USD": {math.MinInt64, "USD"},
	} {
		if got := m.String(); got != want {
			t.Errorf("%d %s is written %s, want %s", m.Minor, m.Currency, got, want)
		}
	}
}
