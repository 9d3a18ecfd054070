package ups_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/infra/carriersim"
)

// where is a good address validation request, changed by members of its AddressKeyFormat; nil removes one.
func where(change object) object {
	key := object{"AddressLine": []any{"26601 Aliso Creek Road"}, "PoliticalDivision2": "Aliso Viejo", "PoliticalDivision1": "CA",
		"PostcodePrimaryLow": "92656", "PostcodeExtendedLow": "1521", "CountryCode": "US"}
	for k, v := range change {
		if key[k] = v; v == nil {
			delete(key, k)
		}
	}
	return object{"XAVRequest": object{"AddressKeyFormat": key}}
}

func lineOf(text string) object { return object{"AddressLine": []any{text}} }

func (r *rig) validate(path string, v object) object {
	r.t.Helper()
	resp, body := r.call(http.MethodPost, "/api/addressvalidation/"+path, v)
	if resp.StatusCode != http.StatusOK || body == nil {
		r.t.Fatalf("%d %v", resp.StatusCode, body)
	}
	return dig(r.t, body, "XAVResponse").(object)
}

func TestValidAddressIsAnsweredAsThePostWritesIt(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	class := object{"Code": "2", "Description": "Residential"}
	want := object{
		"Response":              object{"ResponseStatus": object{"Code": "1", "Description": "Success"}},
		"ValidAddressIndicator": "", "AddressClassification": class,
		"Candidate": []any{object{"AddressClassification": class, "AddressKeyFormat": object{
			"AddressLine": []any{"26601 ALISO CREEK ROAD APT 5"}, "PoliticalDivision2": "ALISO VIEJO", "PoliticalDivision1": "CA",
			"PostcodePrimaryLow": "92656", "PostcodeExtendedLow": "1521", "Region": "ALISO VIEJO CA 92656-1521", "CountryCode": "US"}}},
	}
	if diff := cmp.Diff(want, r.validate("v2/3", where(lineOf("26601 Aliso Creek  Road Apt 5")))); diff != "" {
		t.Error(diff)
	}
}

func TestWordsOfAnAddressDecideWhatIsFound(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	for name, c := range map[string]struct {
		change     object
		indicator  string
		candidates int
		class      string
		line       string
	}{
		"as it is":                        {nil, "ValidAddressIndicator", 1, "0", "26601 ALISO CREEK ROAD"},
		"a suite":                         {lineOf("1 Main St Ste 4"), "ValidAddressIndicator", 1, "1", "1 MAIN ST STE 4"},
		"a business":                      {object{"ConsigneeName": "Ritz"}, "ValidAddressIndicator", 1, "1", ""},
		"a home of a business":            {object{"ConsigneeName": "Ritz", "AddressLine": "1 Home Ln Unit 2"}, "ValidAddressIndicator", 1, "2", ""},
		"misspelt":                        {lineOf("1 misspelt St"), "ValidAddressIndicator", 1, "0", "1 MAIN ST"},
		"ambiguous":                       {lineOf("1 Ambiguous St"), "AmbiguousAddressIndicator", 3, "0", "1 AMBIGUOUS ST STE 100"},
		"ambiguous with one candidate":    {lineOf("Ambiguous 1"), "AmbiguousAddressIndicator", 1, "0", ""},
		"ambiguous beyond the default":    {lineOf("Ambiguous 20"), "AmbiguousAddressIndicator", 15, "0", ""},
		"nowhere":                         {lineOf("1 Nowhere Rd"), "NoCandidatesIndicator", 0, "0", ""},
		"a postcode of another state":     {object{"PoliticalDivision1": "MD"}, "NoCandidatesIndicator", 0, "0", ""},
		"no line":                         {object{"AddressLine": nil}, "NoCandidatesIndicator", 0, "0", ""},
		"neither city nor postcode":       {object{"PoliticalDivision2": nil, "PostcodePrimaryLow": nil}, "NoCandidatesIndicator", 0, "0", ""},
		"a region instead":                {object{"PoliticalDivision1": "MD", "Region": "ROSWELL,GA,30076-1521"}, "ValidAddressIndicator", 1, "0", ""},
		"Puerto Rico with urbanization":   {object{"CountryCode": "PR", "PoliticalDivision1": nil, "PostcodePrimaryLow": "00901", "Urbanization": "Porto"}, "ValidAddressIndicator", 1, "0", ""},
		"Puerto Rico without a good code": {object{"CountryCode": "PR", "PoliticalDivision1": "PR", "PostcodePrimaryLow": "30301"}, "NoCandidatesIndicator", 0, "0", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := r.validate("v2/3", where(c.change))
			list, _ := got["Candidate"].([]any)
			if _, ok := got[c.indicator]; !ok || len(list) != c.candidates || dig(t, got, "AddressClassification", "Code") != c.class {
				t.Errorf("%v, want %s with %d candidates of class %s", got, c.indicator, c.candidates, c.class)
			}
			if c.line != "" && dig(t, list[0], "AddressKeyFormat", "AddressLine", 0) != c.line {
				t.Errorf("%v, want %s", list[0], c.line)
			}
		})
	}
}

func TestOptionsDecideWhatIsAnswered(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	has := func(v object) string {
		var all []string
		for _, name := range []string{"AddressClassification", "AmbiguousAddressIndicator", "Candidate"} {
			if _, ok := v[name]; ok {
				all = append(all, name)
			}
		}
		return strings.Join(all, " ")
	}
	v := where(lineOf("1 Ambiguous St"))
	for option, want := range map[string]string{"1": "AmbiguousAddressIndicator Candidate", "2": "AddressClassification", "3": "AddressClassification AmbiguousAddressIndicator Candidate"} {
		got := r.validate("v2/"+option, v)
		if has(got) != want {
			t.Errorf("option %s: %s, want %s", option, has(got), want)
		}
		if got["Candidate"] != nil && (dig(t, got, "Candidate", 0).(object)["AddressClassification"] != nil) != (option == "3") {
			t.Errorf("option %s: class of the candidates: %v", option, got)
		}
	}
	if got := r.validate("v2/1?maximumcandidatelistsize=2", v); len(dig(t, got, "Candidate").([]any)) != 2 {
		t.Errorf("at most two: %v", got)
	}
	if got := dig(t, r.validate("v2/1?regionalrequestindicator=True", where(object{"AddressLine": nil})), "Candidate", 0, "AddressKeyFormat").(object); got["AddressLine"] != nil || got["PoliticalDivision2"] != "ALISO VIEJO" {
		t.Errorf("regional: %v", got)
	}
	one := r.validate("v1/1", where(nil))
	if _, text := dig(t, one, "Candidate", "AddressKeyFormat", "AddressLine").(string); !text {
		t.Errorf("v1: one candidate of one line: %v", one)
	}
	if _, list := r.validate("v1/1", v)["Candidate"].([]any); !list {
		t.Error("v1: several candidates are no list")
	}
	r.sim.Set(carriersim.Settings{Polymorphic: true})
	if _, one := r.validate("v2/1", where(nil))["Candidate"].(object); !one {
		t.Error("polymorphic: one candidate is no object")
	}
}

func TestWrongAddressRequestsAreRefused(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	for name, c := range map[string]struct {
		path string
		body object
		code string
	}{
		"no country":             {"v2/1", where(object{"CountryCode": nil}), "9264029"},
		"another country":        {"v2/1", where(object{"CountryCode": "CA"}), "9264029"},
		"an option that is none": {"v2/4", where(nil), "9264028"},
		"a version that is none": {"v9/1", where(nil), "20002"},
		"four lines":             {"v2/1", where(object{"AddressLine": []any{"1", "2", "3", "4"}}), "20008"},
		"101 characters":         {"v2/1", where(lineOf(strings.Repeat("x", 101))), "20008"},
		"51 candidates":          {"v2/1?maximumcandidatelistsize=51", where(nil), "20008"},
		"an unknown element":     {"v2/1", where(object{"City": "Roswell"}), "10002"},
		"no address":             {"v2/1", object{"XAVRequest": object{}}, "20007"},
	} {
		t.Run(name, func(t *testing.T) {
			if resp, body := r.call(http.MethodPost, "/api/addressvalidation/"+c.path, c.body); resp.StatusCode != 400 || code(t, body) != c.code {
				t.Errorf("%d %v, want %s", resp.StatusCode, body, c.code)
			}
		})
	}
	if resp, body := r.call(http.MethodPost, "/api/addressvalidation/v2/1", "[]"); resp.StatusCode != 200 || body != nil {
		t.Errorf("no request: %d %v", resp.StatusCode, body)
	}
}
