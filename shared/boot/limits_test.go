package boot

import (
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/ratelimit"
)

func TestLimitsFromTheEnvironment(t *testing.T) {
	t.Run("are read as the template writes them", func(t *testing.T) {
		app, err := New([]string{"TENANT_LIMITS=read=5/min:7 book=1/h:2", "UPS_BOOKINGS_PER_MINUTE=250", "USAGE_KEY=the-key"})
		if err != nil {
			t.Fatal(err)
		}
		want := ratelimit.Set{Read: ratelimit.Rate{Count: 5, Per: time.Minute, Burst: 7}, Book: ratelimit.Rate{Count: 1, Per: time.Hour, Burst: 2}}
		if app.Env.TenantLimits.Set != want || app.Env.UPSPerMinute != 250 || app.Env.UsageKey != "the-key" {
			t.Errorf("%+v", app.Env)
		}
	})
	t.Run("may be left out", func(t *testing.T) {
		if app, err := New(nil); err != nil || app.Env.TenantLimits.Set != (ratelimit.Set{}) || app.Env.UPSPerMinute != 0 {
			t.Errorf("%+v, %v", app, err)
		}
	})
	t.Run("that can't be read keep a function from starting", func(t *testing.T) {
		if _, err := New([]string{"TENANT_LIMITS=read=0/s:1"}); err == nil || !strings.Contains(err.Error(), "1 to 10000") {
			t.Errorf("got %v", err)
		}
	})
}
