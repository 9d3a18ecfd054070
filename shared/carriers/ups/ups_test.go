package ups

import (
	"embed"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
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

// sized gives every parcel its three sides.
func sized(o *carrier.Order) {
	for i := range o.Shipment.Parcels {
		p := &o.Shipment.Parcels[i]
		p.Length, p.Width, p.Height = 300, 200, 100
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

// place is where an order goes to or comes from.
type place struct{ country, state, postcode, city, phone string }

var (
	america    = place{"US", "MD", "21030-1234", "Timonium", "9225550171"}
	puertoRico = place{"US", "PR", "00907", "San Juan", "7875550101"}
	canada     = place{"CA", "ON", "M5C 2M6", "Toronto", "4165550101"}
	germany    = place{"DE", "", "10117", "Berlin", "+49 30 5550101"}
	france     = place{"FR", "", "75001", "Paris", "+33 1 55501010"}
	britain    = place{"GB", "", "SW1A 1AA", "London", "+44 20 7946 0000"}
)

func (p place) put(a *ship.Address) {
	a.Country, a.State, a.Postcode, a.City, a.Phone = p.country, p.state, p.postcode, p.city, p.phone
}

// from lets an order start in p.
func from(p place) func(*carrier.Order) {
	return func(o *carrier.Order) { p.put(&o.Shipment.From) }
}

// abroad sends an order with two kinds of goods to a company in p.
func abroad(p place, service string) func(*carrier.Order) {
	return func(o *carrier.Order) {
		p.put(&o.Shipment.To)
		o.Shipment.To.Company, o.Shipment.To.TaxID, o.Shipment.Service = "Large Imports", "12 345.678", service
		o.Shipment.Customs = &ship.Customs{Contents: ship.Merchandise, Incoterm: "DAP", InvoiceNumber: "INV-9", InvoiceDate: "2026-02-27", Note: "Handle with care.",
			Items: []ship.CustomsItem{
				{Description: "Cotton shirt with long sleeves, blue, without buttons", Quantity: 3, UnitValue: ship.Money{Minor: 1999, Currency: "USD"}, UnitWeight: 200, Origin: "PT", HSCode: "610510", SKU: "SHIRT-1"},
				{Description: "Mug", Quantity: 1, UnitValue: ship.Money{Minor: 850, Currency: "USD"}, UnitWeight: 350, Origin: "US", HSCode: "691110", SKU: "MUG-1"},
			}}
	}
}

func paidDuties(o *carrier.Order) { o.Shipment.Customs.Incoterm = "DDP" }

func documents(o *carrier.Order) {
	o.Shipment.Customs = &ship.Customs{Contents: ship.Documents, Incoterm: "DAP",
		Items: []ship.CustomsItem{{Description: "Annual report", Quantity: 2, UnitValue: ship.Money{Currency: "EUR"}, UnitWeight: 300, Origin: "DE"}}}
}

func residence(o *carrier.Order) {
	yes := true
	o.Shipment.To.Residential, o.Shipment.To.Company = &yes, ""
}

func ordered(number string) func(*carrier.Order) {
	return func(o *carrier.Order) { o.Shipment.OrderNumber = number }
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

// seeds adds the hand-written answers of a folder of testdata to a fuzzer.
func seeds(f *testing.F, folder string) {
	f.Helper()
	files, err := os.ReadDir("testdata/" + folder)
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range files {
		f.Add([]byte(file(f, folder+"/"+e.Name())))
	}
}
