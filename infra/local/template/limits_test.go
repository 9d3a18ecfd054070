package template

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/shared/ratelimit"
)

func TestLimitsAreParameters(t *testing.T) {
	for _, c := range []struct {
		parameter, value string
		ok               bool
	}{
		{"TenantLimits", "read=1/day:1 write=10000/min:10000 book=7/h:20", true},
		{"TenantLimits", "read=0/s:200 write=50/s:100 book=50/s:100", false},
		{"TenantLimits", "read=10001/s:200 write=50/s:100 book=50/s:100", false},
		{"TenantLimits", "read=100/month:200 write=50/s:100 book=50/s:100", false},
		{"TenantLimits", "read=100/s:200 write=50/s:100", false},
		{"TenantLimits", "", false},
		{"ThrottleRate", "0", false},
		{"ThrottleRate", "20000", true},
		{"ThrottleBurst", "50001", false},
		{"UsageQuota", "0", false},
		{"UsageQuotaPeriod", "HOUR", false},
		{"UpsBookingsPerMinute", "0", false},
		{"UpsBookingsPerMinute", "10001", false},
		{"UpsBookingsPerMinute", "10000", true},
	} {
		t.Run(c.parameter+" "+c.value, func(t *testing.T) {
			_, err := Load(filepath.Join(root, "template.yaml"), Options{Parameters: map[string]string{c.parameter: c.value}})
			if (err == nil) != c.ok {
				t.Errorf("accepted: %t, want %t: %v", err == nil, c.ok, err)
			}
			if err != nil && !strings.Contains(err.Error(), c.parameter) {
				t.Errorf("the error does not name the parameter: %v", err)
			}
			if c.parameter == "TenantLimits" && c.ok {
				if _, err := ratelimit.ParseSet(c.value); err != nil {
					t.Errorf("the template takes what functions don't: %v", err)
				}
			}
		})
	}
}

func TestTheDefaultLimitsAreOnePlaceSaidTwice(t *testing.T) {
	tpl := ours(t, nil)
	if got := tpl.Parameters["TenantLimits"]; got != ratelimit.Defaults.String() {
		t.Errorf("the template's default is %q, the code's %q", got, ratelimit.Defaults)
	}
	for _, f := range tpl.Functions {
		if f.Env["TENANT_LIMITS"] != tpl.Parameters["TenantLimits"] || f.Env["UPS_BOOKINGS_PER_MINUTE"] != "100" {
			t.Errorf("%s is told the limits %q and %q", f.LogicalID, f.Env["TENANT_LIMITS"], f.Env["UPS_BOOKINGS_PER_MINUTE"])
		}
	}
}

// Every route that asks for a key counts against the usage plan, by the key that the authorizer names.
func TestEveryKeyedRouteIsMetered(t *testing.T) {
	tpl := ours(t, nil)
	for _, f := range tpl.Functions {
		for _, r := range f.Routes {
			if r.Metered == r.Open {
				t.Errorf("%s %s: open %t, metered %t", r.Method, r.Path, r.Open, r.Metered)
			}
		}
		if key := f.Env["USAGE_KEY"]; f.LogicalID == tpl.API.Authorizer.Function && (len(key) < 20 || !slices.Contains(tpl.API.UsageKeys, key)) {
			t.Errorf("the authorizer names %q, the plan's keys are %q", key, tpl.API.UsageKeys)
		}
	}
	if len(tpl.API.UsageKeys) != 1 {
		t.Errorf("%d keys count usage, want 1", len(tpl.API.UsageKeys))
	}
}

func TestTheOuterWallIsParameters(t *testing.T) {
	doc := raw(t)
	for _, c := range []struct {
		path []string
		want string
	}{
		{[]string{"Resources", "UsagePlan", "Properties", "Quota", "Limit"}, "UsageQuota"},
		{[]string{"Resources", "UsagePlan", "Properties", "Quota", "Period"}, "UsageQuotaPeriod"},
		{[]string{"Resources", "UsagePlan", "Properties", "Throttle", "RateLimit"}, "ThrottleRate"},
		{[]string{"Resources", "UsagePlan", "Properties", "Throttle", "BurstLimit"}, "ThrottleBurst"},
		{[]string{"Resources", "UsagePlanKey", "Properties", "KeyId"}, "UsageKey"},
		{[]string{"Resources", "UsagePlanKey", "Properties", "UsagePlanId"}, "UsagePlan"},
	} {
		n := doc.at(c.path...)
		if got := refersTo(n); got != c.want {
			t.Errorf("%s refers to %q, want %s", strings.Join(c.path, "."), got, c.want)
		}
	}
	settings := doc.at("Resources", "Api", "Properties", "MethodSettings")
	if settings == nil || len(settings.items) != 1 || refersTo(settings.items[0].get("ThrottlingRateLimit")) != "ThrottleRate" || refersTo(settings.items[0].get("ThrottlingBurstLimit")) != "ThrottleBurst" {
		t.Error("the stage's throttle is not ThrottleRate and ThrottleBurst for every method")
	}
}

// refersTo is the name in a Ref.
func refersTo(n *node) string {
	if n == nil || n.kind != callNode || n.fn != "Ref" {
		return ""
	}
	return n.items[0].text
}

// raw is the template before anything is resolved.
func raw(t *testing.T) *node {
	t.Helper()
	n, err := readYAML(filepath.Join(root, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
