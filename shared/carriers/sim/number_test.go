package sim

import (
	"regexp"
	"testing"
)

func TestNumber(t *testing.T) {
	shape, seen := regexp.MustCompile(`^SIM[A-Z2-7]{14}[0-9A-Z]$`), map[string]bool{}
	for nth := range times {
		for parcel := range 20 {
			n := number(ourReference, nth, parcel)
			if !shape.MatchString(n) || seen[n] {
				t.Errorf("number %q of parcel %d of booking %d", n, parcel, nth)
			}
			seen[n] = true
		}
	}
	// Numbers are for ever: a shipment that was booked by an older version is asked for by its number.
	for want, got := range map[string]string{
		"SIM5DX7CDJKTHKIV6L": number(ourReference, 0, 0), "SIMI4GH53TEXV56V25": number(ourReference, 0, 1), "SIMOTW5OQFBHZQZCSS": number(ourReference, 1, 0),
	} {
		if got != want {
			t.Errorf("number %s, want %s", got, want)
		}
	}
}

func TestCheckSignBetraysMistypedNumbers(t *testing.T) {
	// The standard's own kind of example: ISO 7064 MOD 37,36 as in the Global Release Identifier A1-2425G-ABC1234002-M.
	if got := checkSign("A12425GABC1234002"); got != 'M' {
		t.Errorf("check sign %c, want M", got)
	}
	n := number(ourReference, 0, 0)
	good := func(n string) bool { return checkSign(n[:len(n)-1]) == n[len(n)-1] }
	if !good(n) {
		t.Fatalf("%s is not good", n)
	}
	for i := range n {
		for _, c := range []byte(signs) {
			if wrong := n[:i] + string(c) + n[i+1:]; wrong != n && good(wrong) {
				t.Errorf("%s passes for %s", wrong, n)
			}
		}
		if i > 0 && n[i] != n[i-1] {
			if wrong := n[:i-1] + n[i:i+1] + n[i-1:i] + n[i+1:]; good(wrong) {
				t.Errorf("%s passes for %s", wrong, n)
			}
		}
	}
}
