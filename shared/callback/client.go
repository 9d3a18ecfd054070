package callback

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"code.dny.dev/ssrf"
)

const (
	userAgent = "Fairlead-Callbacks/1"
	// maxAnswer is how much of an answer is read, and keptAnswer how much of that is kept, in bytes.
	maxAnswer  = 64 << 10
	keptAnswer = 1 << 10
	// maxIdle is the wall-clock time after which a connection is not used again: behind a frozen VM it may be
	// long dead, and a POST on a dead one looks like a failing receiver.
	maxIdle = 5 * time.Second
)

// Client sends signed events to addresses that tenants chose: to public addresses only, without proxy and without
// following redirects, within bounds of time and size. It is safe for concurrent use.
type Client struct {
	http          *http.Client
	transport     *http.Transport
	total         time.Duration
	now           func() time.Time
	allowLoopback bool

	mu   sync.Mutex
	last time.Time
}

// ClientOptions are what a Client depends on. AllowLoopback is for the local runtime only. Roots are the
// certificate authorities to trust; nil means the system's. Dial replaces the guarded dialer in simulations, where there
// is no network; nil in functions.
type ClientOptions struct {
	Times         Times
	Now           func() time.Time
	AllowLoopback bool
	Roots         *x509.CertPool
	Dial          func(ctx context.Context, network, addr string) (net.Conn, error)
}

// NewClient makes a Client. It opens no connection.
func NewClient(o ClientOptions) *Client {
	dialer := &net.Dialer{Timeout: o.Times.Connect, Control: newGuard(o.AllowLoopback).Safe}
	if o.Dial == nil {
		o.Dial = dialer.DialContext
	}
	transport := &http.Transport{
		Proxy:                  nil, // a proxy would dial in our place, unguarded
		DialContext:            o.Dial,
		TLSHandshakeTimeout:    o.Times.Connect,
		TLSClientConfig:        &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
		MaxIdleConnsPerHost:    2, // as many as are in flight per endpoint
		MaxIdleConns:           50,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true,
	}
	return &Client{
		http: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}},
		transport: transport, total: o.Times.Total, now: o.Now, allowLoopback: o.AllowLoopback,
	}
}

// answer is what one attempt came to. Reason is empty exactly when the receiver accepted the event.
type answer struct {
	Status     int
	Reason     string
	Head       string        // of the body, when it was not accepted
	RetryAfter time.Duration // 0: nothing asked
}

// post makes one attempt. What went wrong is told by a Reason only: the errors of net/http may hold the URL,
// which may hold a token, or pieces of the answer.
func (c *Client) post(ctx context.Context, url, id string, body []byte, keys [][]byte) answer {
	if code, _ := checkURL(url, c.allowLoopback); code != "" {
		return answer{Reason: ReasonProhibited}
	}
	c.closeIdle()
	ctx, cancel := context.WithTimeout(ctx, c.total)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return answer{Reason: ReasonConnection}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", userAgent)
	sign(req.Header, id, c.now(), body, keys)
	res, err := c.http.Do(req)
	if err != nil {
		return answer{Reason: reasonOf(err)}
	}
	defer res.Body.Close()
	// Its status has decided; what is wrong with the body changes nothing. Read, so that the connection can be used again.
	text, _ := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if res.StatusCode/100 == 2 {
		return answer{Status: res.StatusCode}
	}
	a := answer{Status: res.StatusCode, Reason: ReasonStatus, Head: head(text), RetryAfter: retryAfter(res.Header.Get("Retry-After"), c.now())}
	if res.StatusCode == http.StatusGone {
		a.Reason = ReasonGone
	}
	return a
}

// closeIdle drops connections that rested too long. The time is the wall clock's: the monotonic one may stop in
// a frozen VM.
func (c *Client) closeIdle() {
	now := c.now().Round(0)
	c.mu.Lock()
	idle := now.Sub(c.last)
	c.last = now
	c.mu.Unlock()
	if idle > maxIdle || idle < 0 {
		c.transport.CloseIdleConnections()
	}
}

func reasonOf(err error) string {
	timeout, isNet := errors.AsType[net.Error](err)
	_, isDNS := errors.AsType[*net.DNSError](err)
	switch {
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedPort), errors.Is(err, ssrf.ErrProhibitedNetwork):
		return ReasonProhibited
	case errors.Is(err, context.DeadlineExceeded), isNet && timeout.Timeout():
		return ReasonTimeout
	case isDNS:
		return ReasonDNS
	case isTLS(err):
		return ReasonTLS
	}
	return ReasonConnection
}

func isTLS(err error) bool {
	_, verification := errors.AsType[*tls.CertificateVerificationError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	// The far side's alerts have no type of their own.
	return verification || record || alert || errors.Is(err, http.ErrSchemeMismatch) || strings.Contains(err.Error(), "remote error: tls:")
}

// retryAfter reads the header's two forms, seconds and a date. What it cannot read, it ignores.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(strings.TrimSpace(value)); err == nil {
		return time.Duration(min(max(seconds, 0), 1<<20)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// head is the beginning of a body as text: what is not UTF-8 is replaced.
func head(body []byte) string {
	return strings.ToValidUTF8(string(body[:min(len(body), keptAnswer)]), "\uFFFD")
}
