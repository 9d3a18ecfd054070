package carrier

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fairlead/fairlead/shared/mutant"
)

// Limits of a wire that was given none.
const (
	DefaultDialTimeout = 5 * time.Second // connecting and the TLS handshake together
	DefaultMaxBody     = 8 << 20         // bytes of an answer's body
	IdleLimit          = 5 * time.Second // wall clock after which an idle connection is not used again
)

// ErrTooLarge is the Evidence.Err of an answer whose body is longer than the wire reads.
var ErrTooLarge = errors.New("answer is longer than the limit")

// WireOptions configures a Wire; its zero value is the real network.
type WireOptions struct {
	// Dial opens the transport connection, without TLS. Nil: TCP.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// TLS is the configuration to start from. Nil: the system's roots and a session cache shared by all calls.
	TLS *tls.Config
	// Now is the clock. Nil: time.Now. Send-by compares its wall clock, never its monotonic reading.
	Now         func() time.Time
	DialTimeout time.Duration
	MaxBody     int64
}

// Wire speaks HTTP/1.1 to a carrier and says what reached it. Book sends on a fresh connection behind the send-by
// gate; Ask, for every other call, reuses connections that are not stale. Safe for concurrent use.
type Wire struct {
	o    WireOptions
	pool pool
}

// NewWire completes the options and makes a wire. No I/O.
func NewWire(o WireOptions) *Wire {
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	if o.TLS == nil {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	} else {
		o.TLS = o.TLS.Clone()
	}
	if o.TLS.ClientSessionCache == nil {
		o.TLS.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	}
	// HTTP/1.1 only: on a multiplexed connection the gate could not tell whose bytes it sees.
	o.TLS.NextProtos = []string{"http/1.1"}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.DialTimeout == 0 {
		o.DialTimeout = DefaultDialTimeout
	}
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	w := &Wire{o: o}
	w.pool.transport = w.transport(w.dialPlain, w.dialTLS)
	w.pool.transport.IdleConnTimeout = IdleLimit
	if mutant.On(mutant.PooledBooking) {
		w.pool.transport.IdleConnTimeout = http.DefaultTransport.(*http.Transport).IdleConnTimeout
	}
	w.pool.transport.MaxIdleConnsPerHost = 16
	w.pool.now = o.Now
	return w
}

// Request is one request as it goes on the wire.
type Request struct {
	Method string
	URL    string
	Header http.Header
	Body   []byte // nil: none
}

// Evidence is what is known of one call once it is over: by it alone an outcome is judged.
type Evidence struct {
	Sent     bool        // at least one byte of the request was taken by the connection
	Written  bool        // the whole request was (an answer may come before that)
	Status   int         // 0: no answer
	Header   http.Header // of the answer
	Body     []byte      // of the answer, complete when Err is nil
	Err      error       // why there is no complete answer
	Duration time.Duration
}

// Book sends req once, on a connection of its own, and returns when the call is over for good: after it not one
// more byte leaves. It follows no redirect and repeats nothing. Past c.SendBy by the wall clock no byte is let out.
func (w *Wire) Book(ctx context.Context, req Request, c Call) Evidence {
	start := w.o.Now()
	g := &gate{sendBy: c.SendBy, now: w.o.Now}
	var e Evidence
	var written, headers atomic.Bool
	t, trace := w.fresh(g), &httptrace.ClientTrace{
		WroteRequest: func(i httptrace.WroteRequestInfo) { written.Store(i.Err == nil) },
	}
	if mutant.On(mutant.PooledBooking) {
		t, trace.WroteHeaders = w.pool.transport, func() { headers.Store(true) }
	}
	ctx = httptrace.WithClientTrace(ctx, trace)
	hr, cancel, err := w.request(ctx, req, c.Deadline)
	if err == nil {
		defer cancel()
		err = g.open() // a worker that slept before the call needn't dial
	}
	if err == nil {
		e = w.roundTrip(hr, t)
	} else {
		e.Err = err
	}
	// The order matters: with the connection closed and the gate shut, what was counted is final.
	n, refusal := g.shut()
	e.Sent, e.Written = n > 0 || headers.Load(), written.Load()
	if e.Err != nil && refusal != nil {
		e.Err = refusal
	}
	e.Duration = w.o.Now().Sub(start)
	return e
}

// Ask sends a request that may be repeated without harm (look-ups, logins, documents) on a pooled connection.
func (w *Wire) Ask(ctx context.Context, req Request, deadline time.Time) Evidence {
	start := w.o.Now()
	hr, cancel, err := w.request(ctx, req, deadline)
	if err != nil {
		return Evidence{Err: err}
	}
	defer cancel()
	e := w.roundTrip(hr, w.pool.use())
	e.Sent = true // a pooled connection can't tell; nothing is judged by it
	e.Written = e.Status != 0
	e.Duration = w.o.Now().Sub(start)
	return e
}

// request builds the net/http request. Its body has no GetBody, so that net/http can't replay it.
func (w *Wire) request(ctx context.Context, req Request, deadline time.Time) (*http.Request, context.CancelFunc, error) {
	if req.Header.Get("Idempotency-Key") != "" {
		return nil, nil, errors.New("no carrier defines the header Idempotency-Key, and net/http replays requests that have it")
	}
	cancel := context.CancelFunc(func() {})
	if !deadline.IsZero() {
		ctx, cancel = context.WithTimeoutCause(ctx, deadline.Sub(w.o.Now()), errors.New("the call's deadline passed"))
	}
	var b io.Reader
	if req.Body != nil {
		b = io.NopCloser(bytes.NewReader(req.Body)) // a bare bytes.Reader would be given a GetBody
	}
	hr, err := http.NewRequestWithContext(ctx, req.Method, req.URL, b)
	if err != nil {
		cancel()
		// The parse error would repeat the URL.
		return nil, nil, errors.New("the request cannot be built: invalid method or URL")
	}
	hr.ContentLength = int64(len(req.Body))
	for k, v := range req.Header {
		hr.Header[http.CanonicalHeaderKey(k)] = v
	}
	if hr.Header.Get("User-Agent") == "" {
		hr.Header.Set("User-Agent", "fairlead/1")
	}
	return hr, cancel, nil
}

// roundTrip sends hr and reads the whole answer.
func (w *Wire) roundTrip(hr *http.Request, t *http.Transport) (e Evidence) {
	resp, err := t.RoundTrip(hr)
	if err != nil {
		e.Err = causeOf(hr.Context(), err)
		return e
	}
	defer resp.Body.Close()
	e.Status, e.Header = resp.StatusCode, resp.Header
	e.Body, err = io.ReadAll(io.LimitReader(resp.Body, w.o.MaxBody+1))
	if err != nil {
		e.Err = fmt.Errorf("the answer broke off: %w", causeOf(hr.Context(), err))
	} else if int64(len(e.Body)) > w.o.MaxBody {
		e.Body, e.Err = e.Body[:w.o.MaxBody], ErrTooLarge
	}
	return e
}

// causeOf prefers the words of the context that ended the call.
func causeOf(ctx context.Context, err error) error {
	if c := context.Cause(ctx); c != nil {
		return c
	}
	return err
}

// fresh is a transport for one call whose only connection is behind g.
func (w *Wire) fresh(g *gate) *http.Transport {
	t := w.transport(
		func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := w.dialPlain(ctx, network, addr)
			return g.guard(c, c, err)
		},
		func(ctx context.Context, network, addr string) (net.Conn, error) {
			raw, c, err := w.handshake(ctx, network, addr)
			return g.guard(raw, c, err)
		})
	t.DisableKeepAlives = true
	t.WriteBufferSize = 64 << 10 // most requests are one write: either the gate lets all of it out or nothing
	return t
}

func (w *Wire) transport(plain, secure func(context.Context, string, string) (net.Conn, error)) *http.Transport {
	var only http.Protocols
	only.SetHTTP1(true)
	return &http.Transport{
		DialContext: plain, DialTLSContext: secure, Protocols: &only,
		TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
		// No proxy: it would read an https request's first bytes before the carrier does.
		Proxy: nil, DisableCompression: true,
	}
}

func (w *Wire) dialPlain(ctx context.Context, network, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, w.o.DialTimeout)
	defer cancel()
	return w.o.Dial(ctx, network, addr)
}

func (w *Wire) dialTLS(ctx context.Context, network, addr string) (net.Conn, error) {
	_, c, err := w.handshake(ctx, network, addr)
	return c, err
}

// handshake dials and shakes hands before net/http gets the connection: what is written to it afterwards is the
// request and nothing else.
func (w *Wire) handshake(ctx context.Context, network, addr string) (raw, secure net.Conn, err error) {
	ctx, cancel := context.WithTimeout(ctx, w.o.DialTimeout)
	defer cancel()
	raw, err = w.o.Dial(ctx, network, addr)
	if err != nil {
		return nil, nil, err
	}
	conf := w.o.TLS.Clone()
	if conf.ServerName == "" {
		conf.ServerName, _, _ = net.SplitHostPort(addr)
	}
	c := tls.Client(raw, conf)
	if err := c.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, nil, fmt.Errorf("TLS handshake: %w", err)
	}
	return raw, c, nil
}

// pool is the shared transport of calls that may be repeated.
type pool struct {
	transport *http.Transport
	now       func() time.Time
	mu        sync.Mutex
	last      time.Time
}

// use hands the transport out, without the connections a pause made doubtful. The wall clock decides: in a VM that
// was frozen the monotonic clock, and with it net/http's own idle timer, may have stood still.
func (p *pool) use() *http.Transport {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now().Round(0)
	if since := now.Sub(p.last); since > IdleLimit || since < 0 {
		p.transport.CloseIdleConnections()
	}
	p.last = now
	return p.transport
}
