package ship

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// places is for every country a postcode as people write it, the same as its post does, one that is none there, and a
// state where one is needed.
var places = map[string]struct{ written, own, bad, state string }{
	"AE": {"", "", "", ""},
	"AR": {"c1425cla", "C1425CLA", "C142", ""},
	"AT": {"AT-1010", "1010", "10100", ""},
	"AU": {"2000", "2000", "200", "NSW"},
	"BE": {"BE-1000", "1000", "B10", ""},
	"BG": {"1000", "1000", "100", ""},
	"BR": {"01310100", "01310-100", "0131010", "SP"},
	"CA": {"k1a0b1", "K1A 0B1", "K1A 0O1", "ON"},
	"CH": {"CH-8001", "8001", "80010", ""},
	"CL": {"832 0000", "8320000", "832000", ""},
	"CN": {"100000", "100000", "10000", ""},
	"CO": {"110111", "110111", "11011", ""},
	"CY": {"1010", "1010", "101", ""},
	"CZ": {"11000", "110 00", "1100", ""},
	"DE": {"10115", "10115", "1011", ""},
	"DK": {"DK-1050", "1050", "105", ""},
	"EE": {"10111", "10111", "1011", ""},
	"ES": {"28013", "28013", "2801", ""},
	"FI": {"FI-00100", "00100", "0010", ""},
	"FR": {"75 001", "75001", "7500", ""},
	"GB": {"sw1a1aa", "SW1A 1AA", "SW1A 1AC", ""},
	"GG": {"gy11aa", "GY1 1AA", "JE1 1AA", ""},
	"GR": {"10557", "105 57", "1055", ""},
	"HK": {"", "", "", ""},
	"HR": {"HR-10000", "10000", "1000", ""},
	"HU": {"1051", "1051", "105", ""},
	"ID": {"10110", "10110", "1011", ""},
	"IE": {"d02af30", "D02 AF30", "D02 AB30", ""},
	"IL": {"9614303", "9614303", "961430", ""},
	"IM": {"IM99 1PS", "IM99 1PS", "M99 1PS", ""},
	"IN": {"110 001", "110001", "11001", ""},
	"IS": {"101", "101", "1010", ""},
	"IT": {"00184", "00184", "184", ""},
	"JE": {"je23ab", "JE2 3AB", "GY2 3AB", ""},
	"JP": {"1000001", "100-0001", "100-001", ""},
	"KR": {"04524", "04524", "100-011", ""},
	"LI": {"9490", "9490", "8001", ""},
	"LT": {"LT-01103", "01103", "0110", ""},
	"LU": {"1009", "1009", "L100", ""},
	"LV": {"1050", "LV-1050", "LV-105", ""},
	"MC": {"98000", "98000", "06000", ""},
	"MT": {"vlt1117", "VLT 1117", "VL 1117", ""},
	"MX": {"06000", "06000", "6000", ""},
	"MY": {"50050", "50050", "5005", ""},
	"NL": {"1012js", "1012 JS", "1012", ""},
	"NO": {"0150", "0150", "150", ""},
	"NZ": {"6011", "6011", "601", ""},
	"PH": {"1000", "1000", "10000", ""},
	"PL": {"00950", "00-950", "0095", ""},
	"PR": {"009011234", "00901-1234", "10001", ""},
	"PT": {"1000 205", "1000-205", "1000", ""},
	"RO": {"010011", "010011", "01001", ""},
	"SA": {"11564", "11564", "1156", ""},
	"SE": {"SE-114 55", "114 55", "1145", ""},
	"SG": {"018956", "018956", "18956", ""},
	"SI": {"SI-1000", "1000", "100", ""},
	"SK": {"81101", "811 01", "8110", ""},
	"TH": {"10200", "10200", "1020", ""},
	"TR": {"34110", "34110", "3411", ""},
	"TW": {"10048", "10048", "1004", ""},
	"US": {"100011234", "10001-1234", "1000", "NY"},
	"VN": {"11018", "11018", "110", "HN"},
	"ZA": {"8001", "8001", "801", ""},
}

func place(country, state, postcode string) Address {
	return Address{Name: "Jo Doe", Lines: []string{"1 High Street"}, City: "Town", State: state, Postcode: postcode, Country: country, Phone: "+1 212 555 0100"}
}

func everyCountry() []string { return slices.Sorted(maps.Keys(countries)) }

// told are the problems' fields and codes.
func told(problems []Problem) []string {
	var out []string
	for _, p := range problems {
		out = append(out, p.Field+":"+p.Code)
	}
	return out
}

func TestCountries(t *testing.T) {
	if missing := slices.DeleteFunc(everyCountry(), func(c string) bool { _, ok := places[c]; return ok }); len(missing) > 0 || len(places) != len(countries) {
		t.Errorf("%d countries, %d places; none for %v", len(countries), len(places), missing)
	}
	for code, p := range places {
		t.Run(code, func(t *testing.T) {
			a := place(code, p.state, p.written).Normalised()
			if a.Postcode != p.own {
				t.Errorf("%q is written %q, want %q", p.written, a.Postcode, p.own)
			}
			if got := told(a.Check("a")); got != nil {
				t.Errorf("a good address has %v", got)
			}
			if got := told(place(code, p.state, p.bad).Normalised().Check("a")); p.bad != "" && !slices.Equal(got, []string{"a.postcode:invalid_postcode"}) {
				t.Errorf("the postcode %q has %v", p.bad, got)
			}
			if !isRegion(code) {
				t.Error("it is not in ISO 3166-1")
			}
		})
	}
}

func TestPostcodeLeftOut(t *testing.T) {
	without := []string{"AE", "CL", "CO", "HK", "IE", "VN"}
	for code, p := range places {
		want := []string{"a.postcode:required"}
		if slices.Contains(without, code) {
			want = nil
		}
		if got := told(place(code, p.state, " ").Normalised().Check("a")); !slices.Equal(got, want) {
			t.Errorf("%s without a postcode has %v, want %v", code, got, want)
		}
	}
	if a := place("HK", "", "00000").Normalised(); a.Check("a") != nil || a.Postcode != "00000" {
		t.Errorf("the stopgap that forms demand is %q and has %v", a.Postcode, told(a.Check("a")))
	}
}

func TestStates(t *testing.T) {
	needed := []string{"AU", "BR", "CA", "US", "VN"}
	for code, c := range countries {
		codes, required := c.stateCodes()
		if required != slices.Contains(needed, code) || (places[code].state != "") != required {
			t.Errorf("%s: a state is required: %t", code, required)
		}
		if !slices.IsSorted(codes) && code != "US" || len(slices.Compact(slices.Sorted(slices.Values(codes)))) != len(codes) {
			t.Errorf("%s: the codes are not in order, or one is there twice: %v", code, codes)
		}
		for state, want := range map[string]string{"": "required", "ZZZ": "invalid_state", "Nowhere": "invalid_state"} {
			a := place(code, state, places[code].own).Normalised()
			if len(codes) == 0 || state == "" && !required {
				want = ""
			}
			if got := strings.Join(told(a.Check("a")), ""); got != strings.TrimSuffix("a.state:"+want, "a.state:") {
				t.Errorf("%s with the state %q has %q, want %q", code, state, got, want)
			}
		}
		for _, state := range codes {
			if code == "CA" {
				continue // a province has its own postcodes
			}
			a := place(code, strings.ToLower(code+"-"+state), places[code].own).Normalised()
			if got := told(a.Check("a")); got != nil || a.State != state {
				t.Errorf("%s-%s is stored as %q and has %v", code, state, a.State, got)
			}
		}
	}
}

// The forms that requests were stored in before postcodes had a form of their own. Fingerprints are made of them.
func TestPostcodesOfBefore(t *testing.T) {
	for code, was := range map[string]struct{ accepted, stays, alike string }{
		"US": {`[0-9]{5}(-?[0-9]{4})?`, `[0-9]{5}(-[0-9]{4})?`, `[0-9]{4,10}`},
		"CA": {`[ABCEGHJ-NPRSTVXY][0-9][ABCEGHJ-NPRSTV-Z] ?[0-9][ABCEGHJ-NPRSTV-Z][0-9]`, `[A-Z][0-9][A-Z] [0-9][A-Z][0-9]`, `([A-Z][0-9]){3}`},
		"GB": {`(GIR ?0AA|[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][ABD-HJLNP-UW-Z]{2})`, `[A-Z0-9]+ [0-9][A-Z]{2}`, `[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}`},
		"DE": {`[0-9]{5}`, `[0-9]{5}`, `[0-9]{4,6}`},
	} {
		t.Run("in "+code+" they are accepted and those in form are stored as they were", func(t *testing.T) {
			stays := regexp.MustCompile(`^` + was.stays + `$`)
			rapid.Check(t, func(t *rapid.T) {
				in := rapid.StringMatching(was.accepted).Draw(t, "postcode")
				own, ok := countries[code].ownPostcode(code, in)
				if !ok || !stays.MatchString(own) || stays.MatchString(in) && own != in {
					t.Fatalf("%q becomes %q, accepted: %t", in, own, ok)
				}
			})
		})
		t.Run("in "+code+" nothing else is accepted, blanks and hyphens apart", func(t *testing.T) {
			accepted := regexp.MustCompile(`^(` + code + `)?` + was.accepted + `$`)
			rapid.Check(t, func(t *rapid.T) {
				in := rapid.OneOf(rapid.StringMatching(`[A-Z0-9]{3,9}`), rapid.StringMatching(was.alike)).Draw(t, "postcode")
				if _, ok := countries[code].ownPostcode(code, in); ok != accepted.MatchString(in) {
					t.Fatalf("%q is accepted: %t", in, ok)
				}
			})
		})
	}
}

func TestUnsupported(t *testing.T) {
	for country, want := range map[string]string{"UK": "The code of the United Kingdom is GB, not UK.", "XX": `"XX" is not a country shipped in yet; supported are AE, AR, `} {
		p := place(country, "", "1").Check("a")
		if len(p) != 1 || p[0].Code != "unsupported_country" || !strings.HasPrefix(p[0].Detail, want) {
			t.Errorf("%s has %v", country, p)
		}
	}
}
