// Package carriertest is the suite every carrier runs: the rules of evidence of PROTOCOL §6, which no adapter may
// bend, and what the platform relies on besides. It speaks to the adapter over real sockets.
package carriertest

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
)

// Wiring is what the suite gives an adapter instead of the network and the clock.
type Wiring struct {
	BaseURL string
	Dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	Now     func() time.Time
}

// Answer is what the carrier says.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Harness is one carrier under test. Answers are in the carrier's own wire format.
type Harness struct {
	New func(Wiring) carrier.Carrier
	// Order is one the carrier can book, the same on every call. Its credentials must be unlike anything else.
	Order func() carrier.Order
	// Booked is a whole yes to Order.
	Booked Answer
	// Number is the tracking number in Booked.
	Number string
	// Refused is the documented error shape with a code that means no, Unsure one with a code that does not prove it.
	Refused, Unsure Answer
	// Unauthenticated is the documented answer to a token that is no longer good.
	Unauthenticated Answer
	// NotFound answers any look-up with the carrier's documented "not found". Nil when it can't be asked.
	NotFound func(*http.Request) Answer
	// Void, Rates and Address are for a carrier that can do these; nil when it can't.
	Void    *VoidHarness
	Rates   *AskHarness
	Address *AskHarness
}

// VoidHarness are the answers to a void of Number.
type VoidHarness struct {
	// Voided is a whole yes, VoidedBefore a documented "it is void already" that is not the same; its status 0: there
	// is none.
	Voided, VoidedBefore Answer
	// Refused is the documented error shape with a code that means no, Unsure one with a code that does not prove it.
	Refused, Unsure Answer
}

// AskHarness are the answers to a question without consequences.
type AskHarness struct {
	// Answered is a whole answer: to a question for the rates of Order without a service, or about the address it goes
	// to.
	Answered Answer
	// Refused is the documented error shape with a code that finds fault with the question.
	Refused Answer
}

// secretToken is the token of every call of the suite.
const secretToken = "tok-9f1c2d3e4b5a69788796a5b4c3d2e1f0"

// server is a carrier that says what the test tells it and keeps what it was sent.
type server struct {
	*httptest.Server
	mu     sync.Mutex
	answer func(http.ResponseWriter, *http.Request, []byte)
	seen   []*http.Request
	bodies []string
}

func serve(t *testing.T, answer func(http.ResponseWriter, *http.Request, []byte)) *server {
	t.Helper()
	s := &server{answer: answer}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.seen, s.bodies = append(s.seen, r), append(s.bodies, string(b))
		s.mu.Unlock()
		s.answer(w, r, b)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // the servers here break off on purpose
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// requests is what was sent so far.
func (s *server) requests() ([]*http.Request, []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen, s.bodies
}

// say answers every request with a.
func say(a Answer) func(http.ResponseWriter, *http.Request, []byte) {
	return func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		for k, v := range a.Header {
			w.Header()[k] = v
		}
		w.WriteHeader(a.Status)
		io.WriteString(w, a.Body)
	}
}

// hangUp closes the connection without an answer, with what was written so far.
func hangUp(w http.ResponseWriter, _ *http.Request, _ []byte) { panic(http.ErrAbortHandler) }

// resetBy closes the connection so that the caller sees a reset.
func resetBy(w http.ResponseWriter, _ *http.Request, _ []byte) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
}

func call() carrier.Call {
	now := time.Now()
	return carrier.Call{Token: carrier.Token{Value: secretToken, Expires: now.Add(time.Hour)},
		SendBy: now.Add(15 * time.Second), Deadline: now.Add(20 * time.Second)}
}

// Run runs the whole suite.
func Run(t *testing.T, h Harness) {
	t.Run("descriptor is sane", func(t *testing.T) { descriptor(t, h) })
	t.Run("what it can do is tried here", func(t *testing.T) { ports(t, h) })
	t.Run("check accepts the order and tells every fault of a bad one", func(t *testing.T) { check(t, h) })
	t.Run("the same order is the same bytes", func(t *testing.T) { deterministic(t, h) })
	t.Run("outcomes are judged by evidence", func(t *testing.T) { evidence(t, h) })
	t.Run("nothing that never left is anything but not sent", func(t *testing.T) { notSent(t, h) })
	t.Run("no credential is kept", func(t *testing.T) { secrets(t, h) })
	if h.NotFound != nil {
		t.Run("an error is not an absence", func(t *testing.T) { find(t, h) })
	}
	if h.Void != nil {
		t.Run("voids are judged by evidence", func(t *testing.T) { void(t, h) })
		t.Run("no void that never left is anything but not sent", func(t *testing.T) { voidNotSent(t, h) })
	}
	if h.Rates != nil {
		t.Run("questions for rates are answered or not", func(t *testing.T) { questions(t, h, *h.Rates, askRates) })
		t.Run("an offer can be booked by, and its parts are its price", func(t *testing.T) { offers(t, h) })
	}
	if h.Address != nil {
		t.Run("questions about addresses are answered or not", func(t *testing.T) { questions(t, h, *h.Address, askAddress) })
	}
}

// ports checks that the harness has the answers for every optional port there is.
func ports(t *testing.T, h Harness) {
	c := h.New(Wiring{BaseURL: "http://127.0.0.1:1"})
	_, voids := c.(carrier.Voider)
	_, rates := c.(carrier.Rater)
	_, addresses := c.(carrier.AddressChecker)
	if voids != (h.Void != nil) || rates != (h.Rates != nil) || addresses != (h.Address != nil) {
		t.Errorf("it is a voider %v, a rater %v, an address checker %v; the harness has the answers of %v, %v, %v", voids, rates, addresses, h.Void != nil, h.Rates != nil, h.Address != nil)
	}
}

func check(t *testing.T, h Harness) {
	c, o := h.New(Wiring{BaseURL: "http://127.0.0.1:1"}), h.Order()
	if p := c.Check(o.Shipment); len(p) > 0 {
		t.Fatalf("the harness's order is refused: %v", p)
	}
	bad := o.Shipment
	bad.Service, bad.Label.Format = "no_such_service", "png8"
	got := map[string]bool{}
	for _, p := range c.Check(bad) {
		got[p.Field] = true
		if p.Code == "" || p.Detail == "" {
			t.Errorf("%+v lacks its code or detail", p)
		}
	}
	if !got["service"] || !got["label.format"] {
		t.Errorf("problems at %v, want service and label.format", got)
	}
}

func deterministic(t *testing.T, h Harness) {
	s := serve(t, say(h.Booked))
	for range 3 {
		// A new adapter each time: attempts are made by different processes.
		if out := h.New(Wiring{BaseURL: s.URL}).Book(t.Context(), h.Order(), call()); out.Kind != carrier.Done {
			t.Fatalf("%v %s, want Done", out.Kind, out.Message)
		}
	}
	reqs, bodies := s.requests()
	for i, r := range reqs {
		if bodies[i] != bodies[0] || r.URL.String() != reqs[0].URL.String() {
			t.Errorf("request %d differs from the first", i)
		}
		if r.Header.Get("Idempotency-Key") != "" {
			t.Error("an Idempotency-Key was sent: net/http replays requests that have one")
		}
		if r.ProtoMajor != 1 {
			t.Errorf("sent over %s", r.Proto)
		}
	}
	ref := h.Order().Reference
	if len(ref) == 0 || len(ref) > 30 || !strings.Contains(bodies[0], ref) {
		t.Errorf("reference %q is not in the request, or has more than 30 characters", ref)
	}
}

func evidence(t *testing.T, h Harness) {
	with := func(status int) Answer { return Answer{Status: status, Body: h.Refused.Body, Header: h.Refused.Header} }
	cases := []struct {
		name   string
		answer func(http.ResponseWriter, *http.Request, []byte)
		want   carrier.Kind
	}{
		{"a whole yes is done", say(h.Booked), carrier.Done},
		{"a documented no is refused", say(h.Refused), carrier.Refused},
		{"a no with an unsure code is unknown", say(h.Unsure), carrier.Unknown},
		{"a refused token is unauthenticated", say(h.Unauthenticated), carrier.Unauthenticated},
		{"429 is throttled", say(Answer{Status: 429, Header: http.Header{"Retry-After": {"7"}}}), carrier.Throttled},
		{"an empty 200 is unknown", say(Answer{Status: 200}), carrier.Unknown},
		{"half a yes is unknown", say(Answer{Status: 200, Body: h.Booked.Body[:len(h.Booked.Body)/2]}), carrier.Unknown},
		{"a no with 200 is unknown", say(with(200)), carrier.Unknown},
		{"a no that names the shipment is unknown", say(Answer{Status: h.Refused.Status, Body: h.Booked.Body}), carrier.Unknown},
		{"a page instead of an error is unknown", say(Answer{Status: 400, Body: "<html>Bad Request</html>"}), carrier.Unknown},
		{"an empty 401 is unknown", say(Answer{Status: 401}), carrier.Unknown},
		{"a redirect is unknown and not followed", say(Answer{Status: 307, Header: http.Header{"Location": {"/"}}}), carrier.Unknown},
		{"408 is unknown", say(with(408)), carrier.Unknown},
		{"409 is unknown", say(with(409)), carrier.Unknown},
		{"425 is unknown", say(with(425)), carrier.Unknown},
		{"500 is unknown", say(with(500)), carrier.Unknown},
		{"503 is unknown", say(with(503)), carrier.Unknown},
		{"a yes with 500 is unknown", say(Answer{Status: 500, Body: h.Booked.Body}), carrier.Unknown},
		{"hanging up is unknown", hangUp, carrier.Unknown},
		{"a reset is unknown", resetBy, carrier.Unknown},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			s := serve(t, tc.answer)
			out := h.New(Wiring{BaseURL: s.URL}).Book(t.Context(), h.Order(), call())
			if out.Kind != tc.want || !out.Raw.Sent {
				t.Errorf("%v (%s), sent %v; want %v", out.Kind, out.Message, out.Raw.Sent, tc.want)
			}
			if reqs, _ := s.requests(); len(reqs) != 1 {
				t.Errorf("%d requests, want 1", len(reqs))
			}
			if (out.Booking != nil) != (tc.want == carrier.Done) {
				t.Errorf("booking %+v with %v", out.Booking, out.Kind)
			}
			switch tc.want {
			case carrier.Done:
				if out.Booking.TrackingNumber != h.Number || out.Booking.At.IsZero() {
					t.Errorf("booking %+v, want number %s and a time", out.Booking, h.Number)
				}
			case carrier.Throttled:
				if out.RetryAfter != 7*time.Second {
					t.Errorf("retry after %v, want 7s", out.RetryAfter)
				}
			case carrier.Refused:
				if out.Code == "" || out.Message == "" {
					t.Error("a refusal without the carrier's code and words")
				}
			}
		})
	}
}

func notSent(t *testing.T, h Harness) {
	s := serve(t, say(h.Booked))
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	c := call()
	c.SendBy = time.Now().Add(-time.Second)
	if out := h.New(Wiring{BaseURL: s.URL}).Book(t.Context(), h.Order(), c); out.Kind != carrier.NotSent || out.Raw.Sent {
		t.Errorf("past send-by: %v (%s), want NotSent", out.Kind, out.Message)
	}
	if out := h.New(Wiring{BaseURL: gone.URL}).Book(t.Context(), h.Order(), call()); out.Kind != carrier.NotSent {
		t.Errorf("connection refused: %v (%s), want NotSent", out.Kind, out.Message)
	}
	// The clock jumps while the connection is being made: the worker was frozen there.
	var late time.Duration
	slept := h.New(Wiring{BaseURL: s.URL, Now: func() time.Time { return time.Now().Add(late) },
		Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			late = time.Hour
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		}})
	c = call()
	if out := slept.Book(t.Context(), h.Order(), c); out.Kind != carrier.NotSent {
		t.Errorf("frozen while dialling: %v (%s), want NotSent", out.Kind, out.Message)
	}
	if reqs, _ := s.requests(); len(reqs) != 0 {
		t.Errorf("%d requests arrived, want none", len(reqs))
	}
}

func secrets(t *testing.T, h Harness) {
	o := h.Order()
	// A careless carrier that repeats what it was sent, credentials and all.
	echo := func(w http.ResponseWriter, r *http.Request, b []byte) {
		auth := r.Header.Get("Authorization")
		w.Header().Set("X-Echo", auth)
		w.WriteHeader(http.StatusBadRequest)
		words := []string{auth, string(b)}
		for _, v := range o.Account.Credentials {
			words = append(words, v)
		}
		json.NewEncoder(w).Encode(words)
	}
	s := serve(t, echo)
	c := h.New(Wiring{BaseURL: s.URL})
	out := c.Book(t.Context(), o, call())
	kept, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{string(kept)}
	if f, ok := c.(carrier.Finder); ok {
		found, err := json.Marshal(f.Find(t.Context(), o, call()))
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(found))
	}
	texts = append(texts, others(t, c, o, h.Number)...)
	if _, err := c.Login(t.Context(), o.Account); err == nil {
		t.Error("a login that was answered 400 succeeded")
	} else {
		texts = append(texts, err.Error())
	}
	for _, text := range texts {
		for _, secret := range append([]string{secretToken}, values(o.Account.Credentials)...) {
			if strings.Contains(text, secret) {
				t.Errorf("%q is in what is kept: %.300s", secret, text)
			}
		}
	}
	if n := len(out.Raw.Body); n == 0 || n > carrier.MaxRawBody {
		t.Errorf("%d bytes of the answer are kept, want 1 to %d", n, carrier.MaxRawBody)
	}
}

// others is what is kept of the other calls a carrier can make.
func others(t *testing.T, c carrier.Carrier, o carrier.Order, number string) (texts []string) {
	keep := func(v any) {
		kept, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(kept))
	}
	if v, ok := c.(carrier.Voider); ok {
		keep(v.Void(t.Context(), o, number, call()))
	}
	if r, ok := c.(carrier.Rater); ok {
		keep(r.Rates(t.Context(), o.Shipment, o.Account, call()))
	}
	if a, ok := c.(carrier.AddressChecker); ok {
		keep(a.CheckAddress(t.Context(), o.Shipment.To, o.Account, call()))
	}
	return texts
}

func values(m map[string]string) []string {
	var list []string
	for _, v := range m {
		list = append(list, v)
	}
	return list
}
