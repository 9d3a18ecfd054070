package template

import (
	"strings"
	"testing"
)

func TestParameterConstraints(t *testing.T) {
	const text = `
Parameters:
  Stage: {Type: String, Default: dev, AllowedValues: [dev, prod]}
  Url: {Type: String, Default: "http://a", AllowedPattern: "https?://[a-z]+", ConstraintDescription: must be a URL}
  Days: {Type: Number, Default: 7, MinValue: 1, MaxValue: 30}
  Name: {Type: String, Default: ab, MinLength: 2, MaxLength: 3}
Resources: {}
`
	for name, c := range map[string]struct {
		params map[string]string
		want   string // "" is accepted
	}{
		"defaults":                  {nil, ""},
		"all given":                 {map[string]string{"Stage": "prod", "Url": "https://b", "Days": "30", "Name": "abc"}, ""},
		"value not allowed":         {map[string]string{"Stage": "live"}, `Parameters.Stage: parameter Stage is "live": must be one of dev, prod`},
		"pattern must match it all": {map[string]string{"Url": "http://a/b"}, `parameter Url is "http://a/b": must be a URL`},
		"too small":                 {map[string]string{"Days": "0"}, "must be at least 1"},
		"too large":                 {map[string]string{"Days": "31"}, "must be at most 30"},
		"not a number":              {map[string]string{"Days": "x"}, `Parameters.Days: parameter Days is "x": must be a number`},
		"NaN is no number":          {map[string]string{"Days": "NaN"}, "must be a number"},
		"a number out of all range": {map[string]string{"Days": "1e999"}, "must be a number"},
		"length is of characters":   {map[string]string{"Name": "äöü"}, ""},
		"too short":                 {map[string]string{"Name": "a"}, "must be at least this long: 2"},
		"too long":                  {map[string]string{"Name": "abcd"}, "must be at most this long: 3"},
		"unknown":                   {map[string]string{"Nmae": "x"}, `there is no parameter "Nmae"; the template has Stage, Url, Days, Name`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := loadText(t, text, Options{Parameters: c.params})
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	t.Run("without default", func(t *testing.T) {
		_, err := loadText(t, "Parameters:\n  P: {Type: String}\nResources: {}\n", Options{})
		if err == nil || !strings.Contains(err.Error(), "parameter P has no default; give it a value") {
			t.Errorf("got %v", err)
		}
	})
}

func TestATemplatesOwnFaultsAreNotTheGiversFault(t *testing.T) {
	for name, c := range map[string]struct{ parameter, want string }{
		"a type that is not known":        {"Type: CommaDelimitedList", `parameter P: parameters of type "CommaDelimitedList" are not supported locally`},
		"a pattern that cannot be read":   {`Type: String, AllowedPattern: "("`, "parameter P: its AllowedPattern cannot be read"},
		"a bound that is no number":       {"Type: String, MinLength: short", "parameter P: its MinLength is not a number"},
		"a default that is out of bounds": {"Type: Number, MinValue: 8", `parameter P is "7": as I say`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := loadText(t, "Parameters:\n  P: {Default: 7, ConstraintDescription: as I say, "+c.parameter+"}\nResources: {}\n", Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// TestOurParameters holds every constraint of the repository's own template: a value on each side of it.
func TestOurParametersRefuseWhatCannotBe(t *testing.T) {
	for name, c := range map[string]struct {
		params map[string]string
		want   string
	}{
		"a stage nobody has":        {map[string]string{"Stage": "live"}, `parameter Stage is "live": must be one of dev, staging, prod`},
		"drafts kept for no time":   {map[string]string{"DraftDays": "0"}, `parameter DraftDays is "0": DraftDays is a whole number of days from 1 to 90`},
		"drafts kept for two years": {map[string]string{"DraftDays": "730"}, `parameter DraftDays is "730": DraftDays is a whole number of days from 1 to 90`},
		"a part of a day":           {map[string]string{"DocumentDays": "91.5"}, `parameter DocumentDays is "91.5": DocumentDays is a whole number of days from 90 to 3650`},
		"a number in other words":   {map[string]string{"DraftDays": "1e1"}, `parameter DraftDays is "1e1": DraftDays is a whole number of days from 1 to 90`},
		"documents for less":        {map[string]string{"DocumentDays": "89"}, `from 90 to 3650`},
		"documents for more":        {map[string]string{"DocumentDays": "3651"}, `from 90 to 3650`},
		"a half of a request":       {map[string]string{"ThrottleRate": "1.5"}, `parameter ThrottleRate is "1.5": ThrottleRate is a whole number from 1 to 100000`},
		"a rate beyond":             {map[string]string{"ThrottleRate": "100001"}, `from 1 to 100000`},
		"a burst in other words":    {map[string]string{"ThrottleBurst": "4e3"}, `parameter ThrottleBurst is "4e3": ThrottleBurst is a whole number from 1 to 50000`},
		"a burst beyond":            {map[string]string{"ThrottleBurst": "50001"}, `from 1 to 50000`},
		"a quota of nothing":        {map[string]string{"UsageQuota": "0"}, `from 1 to 2147483647`},
		"a quota with a fraction":   {map[string]string{"UsageQuota": "2000.0"}, `parameter UsageQuota is "2000.0": UsageQuota is a whole number from 1 to 2147483647`},
		"a quota beyond":            {map[string]string{"UsageQuota": "2147483648"}, `from 1 to 2147483647`},
		"a quota of one more digit": {map[string]string{"UsageQuota": "10000000000"}, `from 1 to 2147483647`},
		"restored in month 13":      {map[string]string{"Restored": "2026-13-22T10:00:00Z/2026-11-24T10:00:00Z"}, `Restored is empty, or two moments in UTC`},
		"restored on no day":        {map[string]string{"Restored": "2026-11-00T10:00:00Z/2026-11-24T10:00:00Z"}, `Restored is empty, or two moments in UTC`},
		"restored at 24 o'clock":    {map[string]string{"Restored": "2026-11-22T10:00:00Z/2026-11-24T24:00:00Z"}, `Restored is empty, or two moments in UTC`},
		"restored at one moment":    {map[string]string{"Restored": "2026-11-22T10:00:00Z"}, `Restored is empty, or two moments in UTC`},
		"restored by another clock": {map[string]string{"Restored": "2026-11-22T10:00:00+01:00/2026-11-24T10:00:00Z"}, `Restored is empty, or two moments in UTC`},
		"a pace of nothing":         {map[string]string{"UpsBookingsPerMinute": "0"}, `from 1 to 10000`},
		"a pace beyond":             {map[string]string{"UpsBookingsPerMinute": "10001"}, `from 1 to 10000`},
		"logs kept for eight days":  {map[string]string{"LogRetentionDays": "8"}, `parameter LogRetentionDays is "8": must be one of 1, 3, 5, 7`},
		"a carrier with a path":     {map[string]string{"UpsLiveUrl": "https://ups.com/x"}, `parameter UpsLiveUrl is "https://ups.com/x": must be a scheme and a host, without a path`},
		"an emulator for prod":      {map[string]string{"Stage": "prod", "AwsEndpointUrl": "http://a"}, `AwsEndpointUrl must be empty on the prod stage (AwsEndpointUrl is "http://a", Stage is "prod")`},
		"short times for staging":   {map[string]string{"Stage": "staging", "TimeSet": "short"}, `TimeSet short is for the dev stage only (Stage is "staging", TimeSet is "short")`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(root+"/template.yaml", Options{Parameters: c.params})
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestRules(t *testing.T) {
	rule := func(body string) string {
		return "Parameters:\n  A: {Type: String, Default: x}\n  B: {Type: String, Default: y}\nConditions:\n  IsX: !Equals [!Ref A, x]\nRules:\n  R:\n    " + body + "\nResources: {}\n"
	}
	for name, c := range map[string]struct{ body, want string }{
		"an assertion that holds":           {"Assertions: [{Assert: !Equals [!Ref A, x]}]", ""},
		"the values are told":               {"Assertions: [{Assert: !Equals [!Ref A, !Ref B], AssertDescription: A and B must agree}]", `Rules.R.Assertions[0]: A and B must agree (A is "x", B is "y")`},
		"without a description":             {"Assertions: [{Assert: !Equals [!Ref A, z]}]", `rule R forbids this combination (A is "x")`},
		"the second assertion":              {"Assertions: [{Assert: !Equals [!Ref A, x]}, {Assert: !Equals [!Ref A, z], AssertDescription: no}]", "Rules.R.Assertions[1]: no"},
		"a condition that does not apply":   {"RuleCondition: !Equals [!Ref A, z]\n    Assertions: [{Assert: !Equals [a, b]}]", ""},
		"Contains, one of them":             {"Assertions: [{Assert: !Contains [[x, y], !Ref A]}]", ""},
		"Contains, none of them":            {"Assertions: [{Assert: {\"Fn::Contains\": [[z], !Ref A]}, AssertDescription: no}]", "no (A is"},
		"Not, And and Or":                   {"Assertions: [{Assert: !And [!Not [!Equals [!Ref A, z]], !Or [!Equals [!Ref B, q], !Equals [!Ref B, y]]]}]", ""},
		"no assertions":                     {"Assertions: []", "rule R asserts nothing"},
		"an assertion without one":          {"Assertions: [{AssertDescription: x}]", "an assertion has an Assert"},
		"an assertion that is no condition": {"Assertions: [{Assert: yes}]", "want a condition"},
		"an assertion that gives a text":    {"Assertions: [{Assert: !Ref A}]", `Ref gives "x", which is neither true nor false`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := loadText(t, rule(c.body), Options{})
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestOurParametersTakeTheirEnds(t *testing.T) {
	for name, ends := range map[string][]string{
		"DraftDays": {"1", "9", "10", "90"}, "DocumentDays": {"90", "99", "100", "999", "1000", "3599", "3649", "3650"}, "UpsBookingsPerMinute": {"1", "9999", "10000"},
		"Restored":     {"", "2026-01-01T00:00:00Z/2026-12-31T23:59:59Z", "2029-10-09T19:30:00Z/2030-02-28T20:05:59Z"},
		"ThrottleRate": {"1", "99999", "100000"}, "ThrottleBurst": {"1", "9999", "10000", "49999", "50000"},
		"UsageQuota": {"1", "999999999", "1999999999", "2000000000", "2099999999", "2139999999", "2146999999", "2147399999", "2147479999", "2147482999", "2147483599", "2147483639", "2147483647"},
	} {
		for _, end := range ends {
			if _, err := Load(root+"/template.yaml", Options{Parameters: map[string]string{name: end}}); err != nil {
				t.Errorf("%s %s: %v", name, end, err)
			}
		}
	}
}
