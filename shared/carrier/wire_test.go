package carrier

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// listen serves raw connections with serve until the test ends and returns the base URL and how many there were.
func listen(t *testing.T, serve func(net.Conn)) (string, *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var n atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			n.Add(1)
			go func() { defer c.Close(); serve(c) }()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return "http://" + l.Addr().String(), &n
}

func post(url string, body []byte) Request {
	return Request{Method: http.MethodPost, URL: url + "/ship", Body: body,
		Header: http.Header{"Content-Type": {"application/json"}}}
}

func soon() Call {
	return Call{SendBy: time.Now().Add(15 * time.Second), Deadline: time.Now().Add(20 * time.Second)}
}

// kind judges e with a reading that knows one success and one error shape.
func kind(e Evidence) Kind { return Judge(e, plainReading()).Kind }

// reset closes a TCP connection so that its peer sees a reset.
func reset(c net.Conn) {
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
}

func readRequest(c net.Conn) error {
	r, err := http.ReadRequest(bufio.NewReader(c))
	if err == nil {
		_, err = io.Copy(io.Discard, r.Body)
	}
	return err
}

func TestBookOverSockets(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nbooked"
	answer := func(s string) func(net.Conn) {
		return func(c net.Conn) {
			if readRequest(c) == nil {
				io.WriteString(c, s)
			}
		}
	}
	cases := []struct {
		name  string
		serve func(net.Conn)
		want  Kind
	}{
		{"answered is done", answer(ok), Done},
		{"closed before the answer is unknown", answer(""), Unknown},
		{"reset before the answer is unknown", func(c net.Conn) { readRequest(c); reset(c) }, Unknown},
		{"half a status line is unknown", answer("HTTP/1.1 20"), Unknown},
		{"not HTTP is unknown", answer("220 mail ready\r\n"), Unknown},
		{"a body that breaks off is unknown", answer("HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\nbooked"), Unknown},
		{"a refusal that breaks off is unknown", answer("HTTP/1.1 400 Bad Request\r\nContent-Length: 60\r\n\r\nno:120202"), Unknown},
		{"a redirect is unknown", answer("HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"), Unknown},
		{"an endless body is unknown", func(c net.Conn) {
			readRequest(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			for {
				if _, err := c.Write(make([]byte, 4096)); err != nil {
					return
				}
			}
		}, Unknown},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			url, conns := listen(t, tc.serve)
			e := NewWire(WireOptions{MaxBody: 1 << 16}).Book(t.Context(), post(url, []byte(`{"a":1}`)), soon())
			if got := kind(e); got != tc.want || !e.Sent {
				t.Errorf("%v sent %v (%v), want %v sent", got, e.Sent, e.Err, tc.want)
			}
			if conns.Load() != 1 {
				t.Errorf("%d connections, want 1: it was repeated", conns.Load())
			}
		})
	}
}

func TestBookIsNeverReplayed(t *testing.T) {
	var requests atomic.Int64
	// The server answers the first request on a connection and drops the second: a pooled connection would be
	// found dead and the request replayed on another.
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if requests.Add(1)%2 == 0 {
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, "booked")
	}))
	t.Cleanup(srv.Close)
	w := NewWire(WireOptions{})
	for i := int64(1); i <= 6; i++ {
		e := w.Book(t.Context(), post(srv.URL, []byte("{}")), soon())
		want := Done
		if i%2 == 0 {
			want = Unknown
		}
		if kind(e) != want || requests.Load() != i {
			t.Fatalf("call %d: %v after %d requests, want %v after %d", i, kind(e), requests.Load(), want, i)
		}
	}
	hr, cancel, err := w.request(t.Context(), post(srv.URL, []byte("{}")), time.Time{})
	if err != nil || hr.GetBody != nil {
		t.Errorf("the request has a GetBody (%v): net/http could replay it", err)
	}
	cancel()
}

func TestBookRefusesAnIdempotencyKey(t *testing.T) {
	url, conns := listen(t, func(net.Conn) {})
	r := post(url, []byte("{}"))
	r.Header.Set("Idempotency-Key", "x")
	if e := NewWire(WireOptions{}).Book(t.Context(), r, soon()); kind(e) != NotSent || conns.Load() != 0 {
		t.Errorf("%v, %d connections; want NotSent, none", kind(e), conns.Load())
	}
}

func TestBookThatNeverLeftIsNotSent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	hangup, _ := listen(t, func(c net.Conn) { reset(c) })
	for name, url := range map[string]string{
		"connection refused":                   "http://" + l.Addr().String(),
		"certificate not trusted":              secure.URL,
		"server resets in the TLS handshake":   "https" + strings.TrimPrefix(hangup, "http"),
		"host name that does not resolve":      "http://no-such-host.invalid",
		"URL that cannot be parsed":            "http://[::1",
		"TLS spoken to a server without it":    "https" + strings.TrimPrefix(hangup, "http"),
		"scheme that no transport understands": "gopher://127.0.0.1",
	} {
		t.Run(name, func(t *testing.T) {
			if e := NewWire(WireOptions{}).Book(t.Context(), post(url, []byte("{}")), soon()); kind(e) != NotSent || e.Err == nil {
				t.Errorf("%v (%v), want NotSent", kind(e), e.Err)
			}
		})
	}
	t.Run("dialling past the deadline", func(t *testing.T) {
		w := NewWire(WireOptions{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}})
		c := Call{SendBy: time.Now().Add(time.Minute), Deadline: time.Now().Add(20 * time.Millisecond)}
		if e := w.Book(t.Context(), post("http://127.0.0.1:1", nil), c); kind(e) != NotSent {
			t.Errorf("%v (%v), want NotSent", kind(e), e.Err)
		}
	})
}

func TestBookOverTLS(t *testing.T) {
	var protos, resumed atomic.Value
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protos.Store(r.Proto)
		resumed.Store(r.TLS.DidResume)
		io.WriteString(w, "booked")
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	t.Cleanup(srv.Close)
	pool := x509.NewCertPool()
	pool.AddCert(srv.Certificate())
	w := NewWire(WireOptions{TLS: &tls.Config{RootCAs: pool}})
	for i := range 2 {
		e := w.Book(t.Context(), post(srv.URL, []byte("{}")), soon())
		if kind(e) != Done || protos.Load() != "HTTP/1.1" || !e.Written {
			t.Fatalf("%v over %v (%v), want Done over HTTP/1.1", kind(e), protos.Load(), e.Err)
		}
		if got := resumed.Load(); got != (i == 1) {
			t.Errorf("call %d: session resumed %v: the cache is not shared", i, got)
		}
	}
	e := w.Book(t.Context(), post(srv.URL, []byte("{}")), Call{SendBy: time.Now().Add(-time.Second)})
	if kind(e) != NotSent {
		t.Errorf("past send-by over TLS: %v, want NotSent", kind(e))
	}
}

func TestGate(t *testing.T) {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var skew atomic.Int64 // seconds the wall clock is ahead
	now := func() time.Time { return start.Add(time.Duration(skew.Load()) * time.Second) }
	c := Call{SendBy: start.Add(15 * time.Second), Deadline: start.Add(40 * time.Second)}
	url, _ := listen(t, func(c net.Conn) {
		if readRequest(c) == nil {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nbooked")
		}
	})
	// dial moves the clock when it has dialled, and again after the first write.
	var dials atomic.Int64
	dial := func(dialled, wrote int64) func(context.Context, string, string) (net.Conn, error) {
		return func(ctx context.Context, network, addr string) (net.Conn, error) {
			dials.Add(1)
			conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			skew.Store(dialled)
			return &slowConn{Conn: conn, after: func() { skew.Store(wrote) }}, err
		}
	}
	cases := []struct {
		name           string
		before         int64
		dialled, wrote int64
		size           int
		want           Kind
		dials          int64
	}{
		{"in time is done", 0, 5, 5, 1 << 20, Done, 1},
		{"exactly at send-by is done", 15, 15, 15, 10, Done, 1},
		{"slept before the call is not sent, and does not dial", 16, 0, 0, 10, NotSent, 0},
		{"slept while dialling is not sent", 0, 16, 16, 10, NotSent, 1},
		{"slept after the first bytes is unknown", 0, 5, 16, 1 << 20, Unknown, 1},
		{"slept after the last byte is done", 0, 5, 16, 10, Done, 1},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			skew.Store(tc.before)
			dials.Store(0)
			w := NewWire(WireOptions{Now: now, Dial: dial(tc.dialled, tc.wrote)})
			e := w.Book(t.Context(), post(url, make([]byte, tc.size)), c)
			if kind(e) != tc.want || dials.Load() != tc.dials {
				t.Errorf("%v (%v) after %d dials, want %v after %d", kind(e), e.Err, dials.Load(), tc.want, tc.dials)
			}
			late, ok := errors.AsType[*ErrSendByPassed](e.Err)
			if (tc.want != Done) != ok || ok && late.Partial != (tc.want == Unknown) {
				t.Errorf("error %v", e.Err)
			}
		})
	}
}

// slowConn runs after once the connection took its first bytes.
type slowConn struct {
	net.Conn
	after func()
}

func (c *slowConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.after()
	return n, err
}

func TestDeadlineEndsTheCall(t *testing.T) {
	gone := make(chan struct{})
	url, _ := listen(t, func(c net.Conn) {
		defer close(gone)
		readRequest(c)
		c.Read(make([]byte, 1)) // until the caller hangs up
	})
	c := Call{SendBy: time.Now().Add(time.Minute), Deadline: time.Now().Add(time.Second)}
	e := NewWire(WireOptions{}).Book(t.Context(), post(url, []byte("{}")), c)
	if kind(e) != Unknown || !e.Sent || !strings.Contains(e.Err.Error(), "deadline") {
		t.Errorf("%v sent %v (%v), want Unknown by its deadline", kind(e), e.Sent, e.Err)
	}
	<-gone // the connection was closed: nothing runs on
}

func TestCallThatIsCancelledWhileItWritesIsUnknown(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	url, _ := listen(t, func(c net.Conn) {
		c.Read(make([]byte, 1))
		cancel(errors.New("stopped by the test"))
		<-t.Context().Done() // it reads no further
	})
	e := NewWire(WireOptions{}).Book(ctx, post(url, make([]byte, 32<<20)), soon())
	if kind(e) != Unknown || !e.Sent || e.Written || !strings.Contains(e.Err.Error(), "stopped by the test") {
		t.Errorf("%v sent %v written %v (%v), want Unknown, partly sent", kind(e), e.Sent, e.Written, e.Err)
	}
}

func TestAnswerBeforeTheWholeRequestCounts(t *testing.T) {
	url, _ := listen(t, func(c net.Conn) {
		c.Read(make([]byte, 100))
		io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 9\r\n\r\nno:120202")
		<-t.Context().Done() // it reads no further and keeps the connection
	})
	e := NewWire(WireOptions{}).Book(t.Context(), post(url, make([]byte, 32<<20)), soon())
	if kind(e) != Refused || e.Written {
		t.Errorf("%v, whole request written %v (%v); want Refused before it was written", kind(e), e.Written, e.Err)
	}
}

func TestAskDropsConnectionsThatGrewStale(t *testing.T) {
	var skew atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(skew.Load())) }
	url, conns := listen(t, func(c net.Conn) {
		r := bufio.NewReader(c)
		for {
			if _, err := http.ReadRequest(r); err != nil {
				return
			}
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	w := NewWire(WireOptions{Now: now})
	steps := []struct {
		pause time.Duration
		conns int64
	}{{0, 1}, {time.Second, 1}, {4 * time.Second, 1}, {6 * time.Second, 2}, {0, 2}, {-time.Minute, 3}}
	for i, s := range steps {
		skew.Add(int64(s.pause))
		e := w.Ask(t.Context(), Request{Method: http.MethodGet, URL: url}, now().Add(10*time.Second))
		if e.Err != nil || e.Status != 200 || conns.Load() != s.conns {
			t.Fatalf("step %d: %d (%v) on connection %d, want 200 on %d", i, e.Status, e.Err, conns.Load(), s.conns)
		}
	}
}
