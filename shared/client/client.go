package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// What is taken where Options say nothing.
const (
	usualAttempts = 6
	usualLongest  = 30 * time.Second
	usualTimeout  = 60 * time.Second // of one attempt: the API answers within 30 s, and a document has to travel
	usualAgent    = "fairlead-go"
)

// Options say where the API is and how patient to be.
type Options struct {
	// BaseURL is where the API is, such as https://abc123.execute-api.eu-central-1.amazonaws.com/prod; with /v1 or without.
	BaseURL string
	// HTTP sends the requests; nil is one of its own that gives each attempt 60 seconds. Its CheckRedirect is not used.
	HTTP *http.Client
	// Attempts is how often one request is sent at most; 0 is 6, and 1 means never again.
	Attempts int
	// LongestPause is the longest wait between two attempts; 0 is 30 s. A server that asks for more ends the call.
	LongestPause time.Duration
	// UserAgent tells the operator whose requests these are; "" is fairlead-go.
	UserAgent string
}

// Client is a connection to the API with one key. It may be used by many goroutines.
type Client struct {
	base      *url.URL
	authorize func(http.Header) // holds the key, out of reach of %v
	api       *http.Client      // follows no redirection
	files     *http.Client      // sends no key
	attempts  int
	longest   time.Duration
	agent     string

	now    func() time.Time
	sleep  func(context.Context, time.Duration) error
	newKey func() string
	chance func(time.Duration) time.Duration // up to it
}

// New returns a client for an API key, fl_test_… or fl_live_….
func New(key string, o Options) (*Client, error) {
	if key == "" || strings.ContainsFunc(key, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return nil, errors.New("client: the API key is missing or has characters that no key has; it looks like fl_test_… or fl_live_…")
	}
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, fmt.Errorf("client: the API's URL is %q; give one such as https://api.example.com", o.BaseURL)
	}
	if strings.HasPrefix(key, "fl_live_") && base.Scheme == "http" && !thisMachine(base.Hostname()) {
		return nil, fmt.Errorf("client: a live key does not go over the network in clear: the API's URL is %q, give one with https", o.BaseURL)
	}
	base.Path = strings.TrimSuffix(strings.TrimSuffix(base.Path, "/"), "/v1")
	base.RawPath = ""
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: usualTimeout}
	}
	c := &Client{
		base:      base,
		authorize: func(h http.Header) { h.Set("Authorization", "Bearer "+key) },
		attempts:  o.Attempts, longest: o.LongestPause, agent: o.UserAgent,
		now: time.Now, sleep: sleep, newKey: rand.Text, chance: chance,
	}
	if c.attempts <= 0 {
		c.attempts = usualAttempts
	}
	if c.longest <= 0 {
		c.longest = usualLongest
	}
	if c.agent == "" {
		c.agent = usualAgent
	}
	api, files := *o.HTTP, *o.HTTP
	// net/http takes another port of the same machine for the same place, and would send the key there.
	api.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	files.CheckRedirect = nil
	c.api, c.files = &api, &files
	return c, nil
}

// thisMachine tells whether what is sent to a host stays on this machine.
func thisMachine(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Option is something about one call.
type Option func(*sending)

// IdempotencyKey names the request: whoever sends it again with the same key, another process included, does not do it
// twice. Without one, a POST gets a key that lives as long as the call.
func IdempotencyKey(key string) Option {
	return func(s *sending) { s.header.Set("Idempotency-Key", key) }
}

// IfMatch does it only if the shipment still has this version.
func IfMatch(version int64) Option {
	return func(s *sending) { s.header.Set("If-Match", fmt.Sprintf(`"%d"`, version)) }
}

// Wait lets the server answer when the outcome is known, after d at the latest (at most 20 seconds).
func Wait(d time.Duration) Option {
	return func(s *sending) {
		if d > 0 {
			s.header.Set("Prefer", fmt.Sprintf("wait=%d", seconds(min(d, longestWait))))
		}
	}
}

// RequestID is what the operator's logs will call the request. Without one the server makes one for each attempt.
func RequestID(id string) Option { return func(s *sending) { s.header.Set("X-Request-Id", id) } }

// Into keeps the answer as it came, also when it said no.
func Into(a *Answer) Option { return func(s *sending) { s.into = a } }

// accept names the only media type that the answer may have.
func accept(media string) Option { return func(s *sending) { s.header.Set("Accept", media) } }

// seconds are whole ones, rounded up.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func chance(d time.Duration) time.Duration {
	n, err := rand.Int(rand.Reader, big.NewInt(int64(d)+1))
	if err != nil {
		return d
	}
	return time.Duration(n.Int64())
}
