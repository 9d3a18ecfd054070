package endtoend_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/client"
	"github.com/fairlead/fairlead/shared/ship"
)

// badLine loses the answer of every first attempt of a request to the API, after the platform has acted on it.
type badLine struct {
	mu   sync.Mutex
	seen map[string]bool // requests by what makes them the same
	lost int
}

// RoundTrip implements http.RoundTripper.
func (l *badLine) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || r.Header.Get("Authorization") == "" {
		return resp, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	request := r.Method + r.URL.String() + r.Header.Get("Idempotency-Key") + r.Header.Get("If-Match")
	if l.seen[request] {
		return resp, nil
	}
	l.seen[request] = true
	l.lost++
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return nil, errors.New("the line broke")
}

// dial is the Go client over a bad line.
func (p *shipper) dial() (*client.Client, *badLine) {
	p.t.Helper()
	line := &badLine{seen: map[string]bool{}}
	c, err := client.New(p.Key, client.Options{BaseURL: p.Where().API, HTTP: &http.Client{Transport: line, Timeout: time.Minute}, LongestPause: 50 * time.Millisecond})
	if err != nil {
		p.t.Fatal(err)
	}
	return c, line
}

// goOrder is a good order as the Go client writes it.
func (p *shipper) goOrder(reference string) client.ShipmentRequest {
	at := client.Address{Name: "Jo Doe", Lines: []string{"100 Main Street"}, City: "New York", State: new("NY"), Postcode: new("10001"), Country: "US", Phone: new("2125550100")}
	return client.ShipmentRequest{Reference: &reference, Service: new("ups_ground"), CarrierAccount: &p.Account, ShipFrom: at, ShipTo: at,
		Parcels: []client.Parcel{{WeightG: 1200}}, Label: &client.LabelRequest{Format: new(client.LabelFormatZPL)}}
}

// goClient does the whole outbound job with the Go client, whose line loses the first answer to everything.
func goClient(t *testing.T, s *stack, sim *simulator) {
	p := s.shipper("Go client")
	ctx := t.Context()
	c, line := p.dial()
	id := booking.IDByReference(p.Tenant, ship.Test, "go-1")
	t.Run("an order by a rate is one label, however many answers are lost", func(t *testing.T) {
		order := p.goOrder("go-1")
		rates, err := c.CreateRates(ctx, client.RateRequest{ShipFrom: order.ShipFrom, ShipTo: order.ShipTo, Parcels: order.Parcels})
		if err != nil || len(rates.Data) == 0 {
			t.Fatalf("%+v, %v", rates, err)
		}
		order.Service, order.CarrierAccount, order.Rate = nil, nil, &rates.Data[0].ID
		booked, label, err := c.Book(ctx, order, time.Minute)
		if err != nil || booked.ID != id || !bytes.HasPrefix(label.Data, []byte("^XA")) {
			t.Fatalf("%+v, %.20q, %v", booked, label.Data, err)
		}
		if e := sim.entry(id); e == nil || len(e.Bookings) != 1 || e.Numbers[0] != *booked.TrackingNumber {
			t.Errorf("the carrier holds %+v", e)
		}
	})
	t.Run("a change is made once, and the shipment found and cancelled", func(t *testing.T) {
		draft, err := c.CreateShipment(ctx, p.goOrder("go-2"))
		if err != nil {
			t.Fatal(err)
		}
		changed, err := c.UpdateShipment(ctx, draft.ID, client.Patch{"order_number": "7"}, client.IfMatch(draft.Version))
		if err != nil || changed.Version != draft.Version+1 {
			t.Fatalf("%+v, %v", changed, err)
		}
		var found []string
		for s, err := range c.Shipments(ctx, client.ListShipmentsParams{Limit: new(client.Limit(1))}) {
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, s.ID)
		}
		if len(found) != 2 || found[0] != draft.ID || found[1] != id {
			t.Errorf("found %v", found)
		}
		if _, err := c.CancelShipment(ctx, id); err != nil {
			t.Fatal(err)
		}
		await(t, time.Minute, "the shipment to be cancelled", func() bool {
			s, err := c.GetShipment(ctx, id)
			return err == nil && s.Status == client.StatusCancelled
		}, nil)
		if e := sim.entry(id); e == nil || len(e.Bookings) != 1 || e.Live != 0 {
			t.Errorf("the carrier holds %+v", e)
		}
	})
	t.Run("a secret whose answer was lost is told as lost, and replaced", func(t *testing.T) { lostSecret(t, p.in(t), c) })
	if line.lost < 10 {
		t.Errorf("the line lost %d answers only", line.lost)
	}
}

// lostSecret adds an endpoint, whose signing secret is lost with the answer, takes another one, and verifies an event by it.
func lostSecret(t *testing.T, p *shipper, c *client.Client) {
	ctx := t.Context()
	type came struct {
		header http.Header
		body   []byte
	}
	events := make(chan came, 10)
	at := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil {
			events <- came{r.Header, body}
		}
	}))
	t.Cleanup(at.Close)
	_, err := c.CreateCallbackEndpoint(ctx, client.CallbackEndpointRequest{URL: at.URL})
	if !client.IsCode(err, "secret_shown_once") {
		t.Fatalf("%v", err)
	}
	no, _ := errors.AsType[*client.Problem](err)
	made := *no.ExistingID
	for endpoint, err := range c.CallbackEndpoints(ctx, client.ListCallbackEndpointsParams{}) {
		if err != nil || made != endpoint.ID {
			t.Fatalf("%+v, %v, made was %s", endpoint, err, made)
		}
	}
	// The answer to a rotation would be lost as well: this one is asked for on a good line.
	a := p.call("POST", "/v1/callback-endpoints/"+made+"/rotate-secret", map[string]any{"overlap_s": 0}, nil)
	p.want(a, 200, "")
	if _, err := c.TestCallbackEndpoint(ctx, made); err != nil {
		t.Fatal(err)
	}
	e := <-events
	for !bytes.Contains(e.body, []byte(`"type":"endpoint.test"`)) { // those of the shipment before may come late, by the first secret
		e = <-events
	}
	if d, err := client.VerifyWebhook([]string{a.Str("secret")}, e.header, e.body, time.Now(), client.WebhookTolerance); err != nil || d.ID == "" {
		t.Errorf("%+v, %v, %s", d, err, e.body)
	}
	if _, err := client.VerifyWebhook([]string{"whsec_" + "c2hhcmVk"}, e.header, e.body, time.Now(), client.WebhookTolerance); err == nil {
		t.Error("verified by another secret")
	}
}
