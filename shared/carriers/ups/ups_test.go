package ups

import (
	"embed"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

//go:embed testdata
var answers embed.FS

var testTime = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

const testToken = "access-token-of-the-test"

func file(t testing.TB, name string) string {
	t.Helper()
	b, err := answers.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// order is a one-parcel order within the US; mod changes it.
func order(mod ...func(*carrier.Order)) carrier.Order {
	o := carrier.Order{
		Reference: "FL-REF-1", ShipDate: testTime,
		Account: carrier.Account{ID: "ca_1", Tenant: "t1", Mode: ship.Test, Carrier: Name, Number: "A1B2C3",
			Credentials: map[string]string{"client_id": "client-id-of-the-test", "client_secret": "client-secret-of-the-test"}},
		Shipment: ship.Shipment{
			Reference: "order-1001", Service: "ups_ground", CarrierAccount: "ca_1", Priority: ship.Standard,
			From: ship.Address{Name: "Ann Sender", Company: "Small Wares Inc", Phone: "+1 (410) 555-0101", Email: "ann@example.com",
				Lines: []string{"2311 York Rd"}, City: "Timonium", State: "MD", Postcode: "21093", Country: "US"},
			To: ship.Address{Name: "Bob Receiver", Phone: "9225550171", Lines: []string{"123 Main St", "Apt 4"},
				City: "Timonium", State: "MD", Postcode: "21030-1234", Country: "US"},
			Parcels: []ship.Parcel{{Weight: 1360, Length: 100, Width: 300, Height: 200}},
			Label:   ship.LabelSpec{Format: ship.ZPL, Size: "4x6"},
		},
	}
	for _, m := range mod {
		m(&o)
	}
	return o
}

func format(f ship.LabelFormat) func(*carrier.Order) {
	return func(o *carrier.Order) { o.Shipment.Label.Format = f }
}

func parcels(n int) func(*carrier.Order) {
	return func(o *carrier.Order) {
		for len(o.Shipment.Parcels) < n {
			o.Shipment.Parcels = append(o.Shipment.Parcels, ship.Parcel{Weight: 500})
		}
	}
}

// within moves an order to another country.
func within(cc, state, postcode, service string) func(*carrier.Order) {
	return func(o *carrier.Order) {
		for _, a := range []*ship.Address{&o.Shipment.From, &o.Shipment.To} {
			a.Country, a.State, a.Postcode = cc, state, postcode
		}
		o.Shipment.Service = service
	}
}

// reply is an answer of the server under upsServer.
type reply struct {
	status int
	body   string
	header http.Header
}

// sent is a request as the server got it.
type sent struct {
	*http.Request
	body string
}

// upsServer plays UPS: it answers each path with its replies in turn, the last one again and again.
type upsServer struct {
	*httptest.Server
	mu   sync.Mutex
	seen []sent
}

const (
	shipPath  = "/api/shipments/v2409/ship"
	recPath   = "/api/labels/v1/recovery"
	trackPath = "/api/track/v1/reference/details/FL-REF-1"
	tokenPath = "/security/v1/oauth/token"
)

func newServer(t testing.TB, replies map[string][]reply) *upsServer {
	t.Helper()
	s := &upsServer{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.seen = append(s.seen, sent{r, string(b)})
		list := replies[r.URL.Path]
		if len(list) == 0 {
			http.Error(w, "no reply for "+r.URL.Path, http.StatusTeapot)
			return
		}
		if len(list) > 1 {
			replies[r.URL.Path] = list[1:]
		}
		for k, v := range list[0].header {
			w.Header()[k] = v
		}
		w.WriteHeader(list[0].status)
		io.WriteString(w, list[0].body)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// requests lists what was sent to a path.
func (s *upsServer) requests(path string) []sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []sent
	for _, r := range s.seen {
		if r.URL.Path == path {
			list = append(list, r)
		}
	}
	return list
}

func adapter(base string) *UPS {
	return New(Options{BaseURL: map[ship.Mode]string{ship.Test: base}, Now: func() time.Time { return testTime }})
}

func testCall() carrier.Call {
	return carrier.Call{Token: carrier.Token{Value: testToken}, SendBy: testTime.Add(15 * time.Second), Deadline: testTime.Add(20 * time.Second)}
}

const (
	number1 = "1ZA1B2C30312345678"
	number2 = "1ZA1B2C30312345687"
)

// bookAgainst books o against a server that gives one reply.
func bookAgainst(t *testing.T, o carrier.Order, r reply) carrier.Outcome {
	t.Helper()
	s := newServer(t, map[string][]reply{shipPath: {r}})
	return adapter(s.URL).Book(t.Context(), o, testCall())
}

func hasPrefix(l *ship.Label, prefix string) bool {
	return l != nil && strings.HasPrefix(strings.TrimSpace(string(l.Pages[0])), prefix)
}
