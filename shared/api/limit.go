package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/fairlead/fairlead/shared/obs"
	"github.com/fairlead/fairlead/shared/ratelimit"
)

// Limiter decides whether a request is within its limit (ratelimit.Limiter).
type Limiter interface {
	Take(ctx context.Context, key string, r ratelimit.Rate) ratelimit.Decision
}

// Limits hold tenants to how often they may ask. Each tenant has a limit for each mode and class of operations.
type Limits struct {
	Limiter  Limiter
	Defaults ratelimit.Set // for classes of which a tenant has no limit of its own
}

// charge takes a request off its tenant's limit, whatever becomes of it afterwards. It returns the headers that every
// answer to it has, and an error when it is over the limit. An operation without a key has no limit.
func (l *Limits) charge(ctx context.Context, op Operation, r Request) (map[string]string, error) {
	if l == nil {
		return nil, nil
	}
	rate := r.Limits.Over(l.Defaults).Of(op.Class)
	if rate == (ratelimit.Rate{}) {
		return nil, nil
	}
	// The rate is part of the key: under another rate what was asked before would be held against the tenant at the old
	// one's pace, for days where that was a few a day, and however far an operator had raised it.
	d := l.Limiter.Take(ctx, r.Tenant+"#"+string(r.Mode)+"#"+string(op.Class)+"#"+rate.String(), rate)
	if d.Local {
		obs.Measure(ctx, obs.LimitsLocal, 1, "")
	}
	quota, window := rate.Window()
	header := map[string]string{ // draft-ietf-httpapi-ratelimit-headers: structured fields (RFC 9651)
		"RateLimit-Policy": fmt.Sprintf("%q;q=%d;w=%d", op.Class, quota, window),
		"RateLimit":        fmt.Sprintf("%q;r=%d;t=%d", op.Class, d.Left, seconds(d.Whole)),
	}
	if d.Allowed {
		return header, nil
	}
	wait := max(1, seconds(d.Retry))
	return header, &Error{Status: http.StatusTooManyRequests, Code: "rate_limited", Header: map[string]string{"Retry-After": strconv.FormatInt(wait, 10)},
		Detail: fmt.Sprintf("Your tenant's limit of requests of the class %s in %s mode is %s. Nothing was done; come back in %s.", op.Class, r.Mode, said(rate), counted(wait, "second"))}
}

// said is a rate as people say it.
func said(r ratelimit.Rate) string {
	unit := map[string]string{"s": "second", "min": "minute", "h": "hour"}[r.Unit()]
	if unit == "" {
		unit = r.Unit()
	}
	return fmt.Sprintf("%d a %s, and %d at once", r.Count, unit, r.Burst)
}

func counted(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.FormatInt(n, 10) + " " + what + "s"
}

// seconds rounds up: who comes back then is not early.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }
