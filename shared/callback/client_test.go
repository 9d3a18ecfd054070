package callback

import (
	"context"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPost(t *testing.T) {
	elsewhere, reached := countingServer(t)
	tests := []struct {
		name    string
		handler http.HandlerFunc
		want    answer
	}{
		{"200 is accepted", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "thanks") }, answer{Status: 200}},
		{"204 is accepted", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, answer{Status: 204}},
		{"a body that breaks off after 200 is accepted", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "short")
		}, answer{Status: 200}},
		{"a redirect is not followed", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", elsewhere)
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, answer{Status: 307, Reason: ReasonStatus}},
		{"500 is not accepted, its words are kept", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(500)
			io.WriteString(w, "out of paper")
		}, answer{Status: 500, Reason: ReasonStatus, Head: "out of paper"}},
		{"410 is gone", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) }, answer{Status: 410, Reason: ReasonGone}},
		{"503 may ask for time", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "77")
			w.WriteHeader(503)
		}, answer{Status: 503, Reason: ReasonStatus, RetryAfter: 77 * time.Second}},
		{"an endless answer is cut", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(500)
			for {
				if _, err := io.WriteString(w, strings.Repeat("x", 1000)); err != nil {
					return
				}
			}
		}, answer{Status: 500, Reason: ReasonStatus, Head: strings.Repeat("x", 1024)}},
		{"bytes that are not text are replaced", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(500)
			w.Write([]byte{'a', 0xff, 'b'})
		}, answer{Status: 500, Reason: ReasonStatus, Head: "a\uFFFDb"}},
		{"silence is a timeout", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, answer{Reason: ReasonTimeout}},
		{"a reset is a broken connection", func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				conn.Close()
			}
		}, answer{Reason: ReasonConnection}},
		{"what is not HTTP is a broken connection", func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				io.WriteString(conn, "220 mail.example.com ESMTP\r\n")
				conn.Close()
			}
		}, answer{Reason: ReasonConnection}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewTLSServer(drained(tt.handler))
			defer server.Close()
			c := localClient(server.Certificate())
			if tt.want.Reason == ReasonTimeout {
				c.total = 200 * time.Millisecond
			}
			began := time.Now()
			got := c.post(t.Context(), server.URL+"/hook?token=abc", "evt_1", []byte(`{}`), [][]byte{{1}})
			if took := time.Since(began); took >= 9*time.Second {
				t.Errorf("it took %v", took)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("a redirect led to %d requests", n)
	}
}

func TestPostSends(t *testing.T) {
	var got *http.Request
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r }))
	defer server.Close()
	localClient(server.Certificate()).post(t.Context(), server.URL, "evt_1", []byte(`{}`), [][]byte{{1}})
	want := map[string]string{"Content-Type": "application/json", "User-Agent": "Fairlead-Callbacks/1", "Webhook-Id": "evt_1", "Accept-Encoding": ""}
	for name, value := range want {
		if got.Header.Get(name) != value {
			t.Errorf("%s is %q, want %q", name, got.Header.Get(name), value)
		}
	}
	if got.Method != http.MethodPost {
		t.Errorf("method %s", got.Method)
	}
}

func TestPostWithoutReceiver(t *testing.T) {
	t.Run("an untrusted certificate is a TLS failure", func(t *testing.T) {
		url, reached := countingServer(t)
		if got := localClient().post(t.Context(), url, "evt_1", []byte(`{}`), [][]byte{{1}}); got.Reason != ReasonTLS || reached.Load() != 0 {
			t.Errorf("got %+v, %d requests arrived", got, reached.Load())
		}
	})
	t.Run("plain HTTP where TLS is spoken is a TLS failure", func(t *testing.T) {
		plain := httptest.NewServer(http.NotFoundHandler())
		defer plain.Close()
		url := strings.Replace(plain.URL, "http:", "https:", 1)
		if got := localClient().post(t.Context(), url, "evt_1", []byte(`{}`), [][]byte{{1}}); got.Reason != ReasonTLS {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("a closed port is a broken connection", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		if got := localClient().post(t.Context(), "https://"+l.Addr().String(), "evt_1", nil, [][]byte{{1}}); got.Reason != ReasonConnection {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("a handshake that never ends is a timeout within the time to connect", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		times := Standard()
		times.Connect, times.Total = 150*time.Millisecond, time.Minute
		c := NewClient(ClientOptions{Times: times, Now: time.Now, AllowLoopback: true})
		began := time.Now()
		got := c.post(t.Context(), "https://"+l.Addr().String(), "evt_1", nil, [][]byte{{1}})
		if took := time.Since(began); got.Reason != ReasonTimeout || took > times.Total/2 {
			t.Errorf("got %+v after %v", got, took)
		}
	})
	t.Run("plain http is not sent by a deployed client", func(t *testing.T) {
		c := NewClient(ClientOptions{Times: Standard(), Now: time.Now})
		if got := c.post(t.Context(), "http://example.com/", "evt_1", nil, [][]byte{{1}}); got.Reason != ReasonProhibited {
			t.Errorf("got %+v", got)
		}
	})
}

func TestConnections(t *testing.T) {
	var opened atomic.Int32
	server := httptest.NewUnstartedServer(drained(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	server.StartTLS()
	defer server.Close()
	now := time.Now()
	c := localClient(server.Certificate())
	c.now = func() time.Time { return now }
	post := func(after time.Duration) int32 {
		now = now.Add(after)
		if got := c.post(context.Background(), server.URL, "evt_1", []byte(`{}`), [][]byte{{1}}); got.Status != 200 {
			t.Fatalf("got %+v", got)
		}
		return opened.Load()
	}
	post(0)
	if n := post(5 * time.Second); n != 1 {
		t.Errorf("a connection used 5 s ago was not used again: %d were opened", n)
	}
	if n := post(6 * time.Second); n != 2 {
		t.Errorf("a connection idle for 6 s was used again: %d were opened", n)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	tests := map[string]time.Duration{
		"": 0, "0": 0, "120": 2 * time.Minute, " 5 ": 5 * time.Second, "-3": 0, "soon": 0, "1.5": 0,
		"99999999999": (1 << 20) * time.Second, "99999999999999999999999": 0,
		"Sun, 01 Mar 2026 12:01:30 GMT": 90 * time.Second, "Sun, 01 Mar 2026 11:00:00 GMT": 0,
	}
	for value, want := range tests {
		if got := retryAfter(value, now); got != want {
			t.Errorf("%q: got %v, want %v", value, got, want)
		}
	}
}

// countingServer is a TLS server that nobody should reach.
func countingServer(t *testing.T) (string, *atomic.Int32) {
	var n atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { n.Add(1) }))
	s.Config.ErrorLog = quiet
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL, &n
}

// drained reads the request first: a server notices that its client left only once it has.
func drained(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		h(w, r)
	}
}

// localClient trusts these certificates.
func localClient(trusted ...*x509.Certificate) *Client {
	roots := x509.NewCertPool()
	for _, c := range trusted {
		roots.AddCert(c)
	}
	return NewClient(ClientOptions{Times: Standard(), Now: time.Now, AllowLoopback: true, Roots: roots})
}
