package booking

import (
	"net/http"
	"regexp"
	"strconv"
	"testing"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/contract"
)

func TestIfMatch(t *testing.T) {
	for name, c := range map[string]struct {
		sent []string
		want int64 // 0: none
		code string
	}{
		"none is none":                  {nil, 0, ""},
		"an ETag of ours":               {[]string{`"12"`}, 12, ""},
		"one that a proxy made weak":    {[]string{`W/"12"`}, 12, ""},
		"its number alone":              {[]string{"12"}, 12, ""},
		"an empty one is refused":       {[]string{""}, 0, "invalid_if_match"},
		"any version is refused":        {[]string{"*"}, 0, "invalid_if_match"},
		"another's ETag is refused":     {[]string{`"abc"`}, 0, "invalid_if_match"},
		"no version is refused":         {[]string{"0"}, 0, "invalid_if_match"},
		"leading zeros are refused":     {[]string{"012"}, 0, "invalid_if_match"},
		"a sign is refused":             {[]string{"+1"}, 0, "invalid_if_match"},
		"half a quotation is refused":   {[]string{`"12`}, 0, "invalid_if_match"},
		"two quotations are refused":    {[]string{`""12""`}, 0, "invalid_if_match"},
		"a list is refused":             {[]string{`"1", "2"`}, 0, "invalid_if_match"},
		"the header twice is refused":   {[]string{`"1"`, `"1"`}, 0, "invalid_if_match"},
		"more than a number is refused": {[]string{"1234567890123456789"}, 0, "invalid_if_match"},
	} {
		t.Run(name, func(t *testing.T) {
			r := api.Request{Header: http.Header{"If-Match": c.sent}}
			got, err := ifMatch(r)
			e, _ := err.(*api.Error)
			if (e == nil) != (c.code == "") || e != nil && e.Code != c.code || value(got) != c.want {
				t.Errorf("got %v, %v; want %d %s", value(got), err, c.want, c.code)
			}
		})
	}
}

// The contract's pattern and the code take the same.
func FuzzParseETag(f *testing.F) {
	pattern := regexp.MustCompile(contract.Document().Components.Parameters["IfMatch"].Value.Schema.Value.Pattern)
	for _, s := range []string{`"3"`, `W/"12"`, "7", "", `""`, `"`, "W/", "01", "9999999999999999999", "*", "\"1\"\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		version, ok := parseETag(s)
		if ok != pattern.MatchString(s) {
			t.Errorf("%q: the code says %v, the contract's pattern %v", s, ok, !ok)
		}
		if again, _ := parseETag(strconv.Quote(strconv.FormatInt(version, 10))); ok && again != version {
			t.Errorf("%q is %d, and that is %d", s, version, again)
		}
	})
}
