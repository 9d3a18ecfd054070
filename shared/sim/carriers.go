package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carriers/ups"
	"github.com/fairlead/fairlead/shared/ship"
)

// The hosts: UPS in its own wire format (its absence is advisory), and two carriers of the simulator's own with the
// other kinds of absence.
const (
	exact   = "exact"  // can be asked, and its "no" proves that nothing was booked
	silent  = "silent" // can't be asked
	shipper = "shipper"
)

// host is a carrier: its ledger, its tokens and its moods.
type host struct {
	name    string
	handler http.Handler
	live    func(reference string) []string // numbers of the live bookings
	storm   time.Time                       // every token is refused until then
	tokens  map[string]time.Time            // when a token is no longer taken
	calls   []time.Time                     // bookings of the last minute
	outage  time.Time                       // falls away until then
}

// stormy tells whether every token is refused.
func (h *host) stormy(now time.Time) bool { return now.Before(h.storm) }

// revoked tells whether the request's token is taken no more.
func (h *host) revoked(x *exchange) bool {
	until, known := h.tokens[bearer(x.req)]
	return known && !time.Now().Before(until)
}

// rotate makes the tokens issued before the last one invalid: at once, or in a minute.
func (h *host) rotate(grace bool) {
	until := time.Now()
	if grace {
		until = until.Add(time.Minute)
	}
	newest := h.tokens[""]
	for t, at := range h.tokens {
		if t != "" && !at.Equal(newest) && at.After(until) {
			h.tokens[t] = until
		}
	}
}

func bearer(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
}

// fail says a fault that happens before anything was done, in the carrier's own words.
func (h *host) fail(x *exchange, f Fault) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	kind := map[Fault]string{Storm: "unauthorized", Throttle: "throttled", Refusal: "refuse", ErrorBefore: "error_before", Empty: "empty"}[f]
	if x.call.port == CarrierLogin && f == Refusal {
		kind = "unauthorized" // credentials that are known no more
	}
	x.req.Header.Set("X-Sim-Fault", kind)
	h.serve(rec, x)
	return rec
}

// serve hands the request to the carrier's own code.
func (h *host) serve(rec *httptest.ResponseRecorder, x *exchange) {
	r := x.req.Clone(context.Background())
	r.Body = readCloser{bytes.NewReader(x.body)}
	r.RemoteAddr = "127.0.0.1:1"
	h.handler.ServeHTTP(rec, r)
}

type readCloser struct{ *bytes.Reader }

// Close does nothing.
func (readCloser) Close() error { return nil }

var issued = regexp.MustCompile(`"access_token":"([^"]+)"`)

// act lets the carrier carry a request out. What it books is hidden from look-ups for lag.
func (w *World) act(x *exchange, lag time.Duration) *httptest.ResponseRecorder {
	h := w.carriers[x.host]
	ref := x.reference()
	var before int
	if x.call.port == CarrierBook {
		before = len(h.live(ref))
		if lag > 0 {
			x.req.Header.Set("X-Sim-Fault", fmt.Sprintf("lag:%d", lag.Milliseconds()))
		}
	}
	rec := httptest.NewRecorder()
	h.serve(rec, x)
	if x.call.port == CarrierLogin {
		if m := issued.FindStringSubmatch(rec.Body.String()); m != nil {
			h.tokens[m[1]] = time.Now().Add(24 * time.Hour).Add(time.Duration(len(h.tokens)))
			h.tokens[""] = h.tokens[m[1]] // the newest
		}
	}
	if x.call.port == CarrierVoid {
		w.rules.took(x, ref, h.live(ref))
	}
	if x.call.port == CarrierBook {
		if now := h.live(ref); len(now) > before {
			w.note(x.host, fmt.Sprintf("books %s: %s (%d live)", ref, now[len(now)-1], len(now)))
			w.rules.booked(x, ref, now, lag)
		}
	}
	return rec
}

// portAt tells which port a request arrives at.
func portAt(to string, r *http.Request, body []byte) Port {
	switch p := r.URL.Path; {
	case to == shipper:
		return Callback
	case strings.HasSuffix(p, "/token"):
		return CarrierLogin
	case strings.HasSuffix(p, "/ship"), p == "/book":
		return CarrierBook
	case p == "/void", strings.Contains(p, "/void/"):
		return CarrierVoid
	case p == "/label", strings.HasSuffix(p, "/recovery") && !bytes.Contains(body, []byte("ReferenceValues")):
		return CarrierLabel
	}
	return CarrierFind
}

// hosts makes the carriers of a run.
func (w *World) hosts() map[string]*host {
	u := carriersim.New(carriersim.Options{Clock: now{}, Seed: w.Seed, TokenLife: 20 * time.Minute})
	out := map[string]*host{ups.Name: {name: ups.Name, handler: u, live: func(ref string) []string {
		var numbers []string
		for _, e := range u.Ledger() {
			if e.Reference == ref {
				numbers = append(numbers, e.Numbers...)
			}
		}
		return numbers
	}}}
	for _, name := range []string{exact, silent} {
		l := &ledger{name: name, bookings: map[string][]entry{}}
		out[name] = &host{name: name, handler: l.mux(), live: l.live}
	}
	for _, h := range out {
		h.tokens = map[string]time.Time{}
	}
	return out
}

// now is the virtual clock.
type now struct{}

// Now is the virtual time.
func (now) Now() time.Time { return time.Now() }

// After is time.After.
func (now) After(d time.Duration) <-chan time.Time { return time.After(d) }

// ledger is a carrier of the simulator's own: it books every well-formed request once more, as carriers do.
type ledger struct {
	name     string
	serial   int
	bookings map[string][]entry // by reference
}

type entry struct {
	number  string
	visible time.Time
	void    bool
}

func (l *ledger) live(ref string) []string {
	var out []string
	for _, e := range l.bookings[ref] {
		if !e.void {
			out = append(out, e.number)
		}
	}
	return out
}

// plainAnswer is the body of every answer.
type plainAnswer struct {
	Token   string   `json:"access_token,omitempty"`
	Numbers []string `json:"numbers,omitempty"`
	Label   []byte   `json:"label,omitempty"`
	Void    bool     `json:"void,omitempty"`
	Error   string   `json:"error,omitempty"`
}

// plainRequest is the body of a booking.
type plainRequest struct {
	Reference string        `json:"reference"`
	Shipment  ship.Shipment `json:"shipment"`
}

func (l *ledger) mux() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("POST /token", func(rw http.ResponseWriter, _ *http.Request) {
		l.serial++
		plainReply(rw, 200, plainAnswer{Token: fmt.Sprintf("%s-token-%d", l.name, l.serial)})
	})
	m.HandleFunc("POST /book", l.book)
	m.HandleFunc("GET /find", func(rw http.ResponseWriter, r *http.Request) {
		var found []string
		for _, e := range l.bookings[r.URL.Query().Get("reference")] {
			if !e.void && !time.Now().Before(e.visible) {
				found = append(found, e.number)
			}
		}
		if len(found) == 0 {
			plainReply(rw, 404, plainAnswer{Error: "none"})
			return
		}
		plainReply(rw, 200, plainAnswer{Numbers: found})
	})
	m.HandleFunc("POST /void", l.take)
	m.HandleFunc("GET /label", func(rw http.ResponseWriter, r *http.Request) {
		plainReply(rw, 200, plainAnswer{Label: []byte("^XA" + r.URL.Query().Get("number") + "^XZ")})
	})
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("X-Sim-Fault") {
		case "unauthorized":
			plainReply(rw, 401, plainAnswer{Error: "token"})
		case "throttled":
			plainReply(rw, 429, plainAnswer{Error: "slow down"})
		case "refuse":
			plainReply(rw, 400, plainAnswer{Error: "address"})
		case "error_before":
			plainReply(rw, 500, plainAnswer{Error: "internal"})
		case "empty":
			rw.WriteHeader(200)
		default:
			m.ServeHTTP(rw, r)
		}
	})
}

// book books. One answer in eight comes without its label, which is then fetched.
func (l *ledger) book(rw http.ResponseWriter, r *http.Request) {
	var in plainRequest
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Reference == "" || len(in.Shipment.Parcels) == 0 || in.Shipment.To.Postcode == "" {
		plainReply(rw, 400, plainAnswer{Error: "malformed"})
		return
	}
	l.serial++
	number := fmt.Sprintf("%s%06d", strings.ToUpper(l.name), l.serial)
	var ms int64
	_, _ = fmt.Sscanf(r.Header.Get("X-Sim-Fault"), "lag:%d", &ms)
	l.bookings[in.Reference] = append(l.bookings[in.Reference], entry{number: number, visible: time.Now().Add(time.Duration(ms) * time.Millisecond)})
	a := plainAnswer{Numbers: []string{number}}
	if l.serial%8 != 0 {
		a.Label = []byte("^XA" + number + "^XZ")
	}
	plainReply(rw, 200, a)
}

func plainReply(rw http.ResponseWriter, status int, a plainAnswer) {
	text, err := json.Marshal(a)
	if err != nil {
		panic(err)
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	_, _ = rw.Write(text)
}

// plain is the adapter of a simulator's own carrier, over the same wire as the real ones.
type plain struct {
	desc carrier.Descriptor
	wire *carrier.Wire
	now  func() time.Time
}

func newPlain(name string, absence carrier.Absence, dial func(context.Context, string, string) (net.Conn, error), now func() time.Time) *plain {
	return &plain{now: now, wire: carrier.NewWire(carrier.WireOptions{Dial: dial, Now: now}),
		desc: carrier.Descriptor{Name: name, Title: name, Absence: absence, SettleS: settleS, Services: map[string]carrier.Service{"ground": {Code: "1"}},
			Formats: []ship.LabelFormat{ship.ZPL}, Number: "^[0-9A-Za-z]{6}$", Credentials: []string{"client_id", "client_secret"}}}
}

// Describe implements carrier.Carrier.
func (p *plain) Describe() carrier.Descriptor { return p.desc }

// Check implements carrier.Carrier.
func (p *plain) Check(ship.Shipment) []ship.Problem { return nil }

// Login implements carrier.Carrier.
func (p *plain) Login(ctx context.Context, _ carrier.Account) (carrier.Token, error) {
	e := p.wire.Ask(ctx, carrier.Request{Method: "POST", URL: p.url("/token")}, p.now().Add(10*time.Second))
	a, err := plainRead(e)
	if err == nil && e.Status == http.StatusUnauthorized {
		return carrier.Token{}, &carrier.LoginRefused{Code: a.Error}
	}
	if err != nil || a.Token == "" {
		return carrier.Token{}, fmt.Errorf("login: HTTP %d: %w", e.Status, errors.Join(err, e.Err))
	}
	return carrier.Token{Value: a.Token, Expires: p.now().Add(20 * time.Minute)}, nil
}

// Book implements carrier.Carrier.
func (p *plain) Book(ctx context.Context, o carrier.Order, c carrier.Call) carrier.Outcome {
	body, err := json.Marshal(plainRequest{o.Reference, o.Shipment})
	if err != nil {
		panic(err)
	}
	e := p.wire.Book(ctx, carrier.Request{Method: "POST", URL: p.url("/book"), Header: authorized(c), Body: body}, c)
	out := carrier.Judge(e, carrier.Reading{
		Booking: func(e carrier.Evidence) (ship.Booking, error) {
			a, err := plainRead(e)
			if err != nil || len(a.Numbers) != 1 {
				return ship.Booking{}, errors.Join(errors.New("no number"), err)
			}
			b := ship.Booking{TrackingNumber: a.Numbers[0], Numbers: a.Numbers, Charge: ship.Money{Minor: 499, Currency: "USD"}}
			if len(a.Label) > 0 {
				b.Label = &ship.Label{Format: ship.ZPL, Pages: [][]byte{a.Label}}
			}
			return b, nil
		},
		Errors:          plainErrors,
		Unauthenticated: func(status int, _ string) bool { return status == http.StatusUnauthorized },
		Now:             p.now(),
	})
	return out
}

// Find implements carrier.Finder.
func (p *plain) Find(ctx context.Context, o carrier.Order, c carrier.Call) carrier.Finding {
	e := p.wire.Ask(ctx, carrier.Request{Method: "GET", URL: p.url("/find?reference=" + o.Reference), Header: authorized(c)}, c.Deadline)
	a, err := plainRead(e)
	f := carrier.Finding{Raw: carrier.Head(e)}
	switch {
	case e.Err != nil || err != nil:
	case e.Status == http.StatusUnauthorized:
		f.Kind = carrier.FindUnauthorized
	case e.Status == http.StatusNotFound && a.Error == "none":
		f.Kind = carrier.Absent
	case e.Status == http.StatusOK && len(a.Numbers) > 0:
		f.Kind = carrier.Found
		for _, n := range a.Numbers {
			f.Bookings = append(f.Bookings, ship.Booking{TrackingNumber: n, Numbers: []string{n}})
		}
	}
	return f
}

// Label implements carrier.Documenter.
func (p *plain) Label(ctx context.Context, _ carrier.Order, number string, c carrier.Call) (ship.Label, error) {
	e := p.wire.Ask(ctx, carrier.Request{Method: "GET", URL: p.url("/label?number=" + number), Header: authorized(c)}, c.Deadline)
	if e.Status == http.StatusUnauthorized {
		return ship.Label{}, &carrier.ErrUnauthorized{}
	}
	a, err := plainRead(e)
	if err != nil || len(a.Label) == 0 {
		return ship.Label{}, fmt.Errorf("no label: HTTP %d: %w", e.Status, errors.Join(err, e.Err))
	}
	return ship.Label{Format: ship.ZPL, Pages: [][]byte{a.Label}}, nil
}

func (p *plain) url(path string) string { return "http://" + p.desc.Name + ".sim" + path }

func authorized(c carrier.Call) http.Header {
	return http.Header{"Authorization": {"Bearer " + c.Token.Value}, "Content-Type": {"application/json"}}
}

// plainRead reads an answer's body.
func plainRead(e carrier.Evidence) (plainAnswer, error) {
	var a plainAnswer
	if e.Err != nil {
		return a, e.Err
	}
	return a, json.Unmarshal(e.Body, &a)
}
