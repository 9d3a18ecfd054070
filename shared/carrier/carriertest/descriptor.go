package carriertest

import (
	"regexp"
	"slices"
	"testing"

	"github.com/fairlead/fairlead/shared/carrier"
)

var (
	dated       = regexp.MustCompile(`\b20\d\d-[01]\d-[0-3]\d\b`)
	serviceCode = regexp.MustCompile(`^[a-z][a-z0-9_]{1,49}$`)
	countryCode = regexp.MustCompile(`^[A-Z]{2}$`)
)

// descriptor checks that carrier.json holds together and that every fact in it says where it was read, and when.
func descriptor(t *testing.T, h Harness) {
	c := h.New(Wiring{BaseURL: "http://127.0.0.1:1"})
	d, o := c.Describe(), h.Order()
	if d.Name == "" || d.Name != o.Account.Carrier || d.Title == "" {
		t.Errorf("name %q, title %q; the order's account says %q", d.Name, d.Title, o.Account.Carrier)
	}
	if !slices.Contains([]carrier.Absence{carrier.Conclusive, carrier.Advisory, carrier.NoAbsence}, d.Absence) {
		t.Errorf("absence %q", d.Absence)
	}
	_, finder := c.(carrier.Finder)
	if finder != (h.NotFound != nil) || !finder && d.Absence == carrier.Advisory {
		t.Errorf("absence %q, finder %v, harness has not-found answers %v", d.Absence, finder, h.NotFound != nil)
	}
	if d.SettleS < 300 {
		t.Errorf("settle_s %d: deployable stages need at least 300", d.SettleS)
	}
	if len(d.Formats) == 0 || len(d.Countries) == 0 || len(d.Services) == 0 || d.MaxParcels < 1 {
		t.Errorf("something is empty: %+v", d)
	}
	for _, name := range d.Credentials {
		if o.Account.Credentials[name] == "" {
			t.Errorf("the order's account lacks the credential %q", name)
		}
	}
	if limit := d.BookLimit; limit != nil {
		if limit.PerMinute < 1 || !slices.Contains(d.Credentials, limit.Credential) {
			t.Errorf("book_limit %+v: a count, and one of the credentials %v", *limit, d.Credentials)
		}
		if !dated.MatchString(d.Sources["book_limit"]) {
			t.Errorf("book_limit has no source with its date: %q", d.Sources["book_limit"])
		}
	}
	for code, s := range d.Services {
		if !serviceCode.MatchString(code) || s.Code == "" || s.Title == "" {
			t.Errorf("service %q: %+v", code, s)
		}
		for _, from := range s.From {
			if !slices.Contains(d.Countries, from) {
				t.Errorf("service %q starts in %s, the carrier does not", code, from)
			}
		}
		for from, to := range s.To {
			if from != "*" && !slices.Contains(d.Countries, from) {
				t.Errorf("service %q goes on from %s, the carrier does not start there", code, from)
			}
			for _, cc := range to {
				if cc != carrier.ToHome && cc != carrier.ToAbroad && !countryCode.MatchString(cc) {
					t.Errorf("service %q goes to %q", code, cc)
				}
			}
		}
	}
	for _, cc := range d.Countries {
		if !countryCode.MatchString(cc) {
			t.Errorf("country %q", cc)
		}
	}
	for _, fact := range []string{"absence", "settle_s", "unsure", "services", "formats", "credentials", "countries", "max_parcels"} {
		if !dated.MatchString(d.Sources[fact]) {
			t.Errorf("%s has no source with its date: %q", fact, d.Sources[fact])
		}
	}
}
