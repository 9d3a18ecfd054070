package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// firstPause is the wait before the second attempt; each further one is twice as long. Half of it is by chance, so that
// many clients that failed together do not come back together.
const firstPause = 250 * time.Millisecond

// persist makes attempts until one is answered for good. doubt says that an earlier one may have done what was asked.
func (c *Client) persist(ctx context.Context, once func(doubt bool) (Answer, error)) (Answer, error) {
	doubt := false
	for attempt := 1; ; attempt++ {
		a, err := once(doubt)
		if err == nil {
			return a, nil
		}
		p, answered := errors.AsType[*Problem](err)
		if answered && !passing(p) {
			return a, err
		}
		if ctx.Err() != nil {
			return a, fmt.Errorf("client: %w in attempt %d: %w", ctx.Err(), attempt, err)
		}
		pause := c.pause(attempt, a.Header)
		end, limited := ctx.Deadline()
		if attempt >= c.attempts || pause > c.longest || !answered && hopeless(err) || limited && c.now().Add(pause).After(end) {
			if !answered {
				err = fmt.Errorf("client: no answer after %d attempts: %w", attempt, err)
			}
			return a, err
		}
		doubt = doubt || !answered || p.Status >= 500
		if stopped := c.sleep(ctx, pause); stopped != nil {
			return a, fmt.Errorf("client: %w after attempt %d: %w", stopped, attempt, err)
		}
	}
}

// passing tells whether the same request may be answered otherwise in a while.
func passing(p *Problem) bool {
	switch p.Status {
	case http.StatusTooManyRequests:
		return p.Code != "quota_exceeded" // the operator's to change
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return p.Code == "request_in_flight"
}

// hopeless tells whether a network error will not pass by itself.
func hopeless(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	dns, ok := errors.AsType[*net.DNSError](err)
	return ok && dns.IsNotFound
}

// pause is how long to wait after an attempt, the first being 1.
func (c *Client) pause(attempt int, h http.Header) time.Duration {
	grown := min(firstPause<<min(attempt-1, 20), c.longest)
	if asked, ok := retryAfter(h.Get("Retry-After"), c.now()); ok {
		return asked + c.chance(min(grown, max(c.longest-asked, 0)))
	}
	return grown/2 + c.chance(grown/2)
}

// retryAfter reads seconds or a date (RFC 9110, 10.2.3).
func retryAfter(v string, now time.Time) (time.Duration, bool) {
	if n, err := strconv.ParseUint(v, 10, 31); err == nil {
		return time.Duration(n) * time.Second, true
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(at.Sub(now), 0), true
	}
	return 0, false
}
