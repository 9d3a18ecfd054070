package quoting_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/contract"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carriers/sim"
	"github.com/fairlead/fairlead/shared/quoting"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

const tenant = "tn_1"

// desk is the feature over a real database, with the test carrier and others that do as each test says.
type desk struct {
	t        *testing.T
	http     *quoting.HTTP
	accounts map[string]carrier.Account
	now      time.Time
	logins   atomic.Int64
	refused  error // of a login
	drafts   map[string]ship.Shipment
	listed   []string // the ids of the accounts of the mode
}

// odd is a carrier whose answers a test writes.
type odd struct {
	carrier.Carrier
	rates   func(n int) carrier.RateAnswer
	address func() carrier.AddressAnswer
	check   []ship.Problem
	asked   *atomic.Int64
}

func (odd) Describe() carrier.Descriptor {
	return carrier.Descriptor{Name: "odd", Title: "Odd", Countries: []string{"DE", "PK"}}
}

func (o odd) Check(ship.Shipment) []ship.Problem { return o.check }

func (o odd) Rates(_ context.Context, _ ship.Shipment, _ carrier.Account, c carrier.Call) carrier.RateAnswer {
	n := int(o.asked.Add(1))
	if c.Deadline.IsZero() {
		panic("a question without an end")
	}
	return o.rates(n)
}

func (o odd) CheckAddress(context.Context, ship.Address, carrier.Account, carrier.Call) carrier.AddressAnswer {
	return o.address()
}

// mute is a carrier that can only book.
type mute struct{ carrier.Carrier }

func (mute) Describe() carrier.Descriptor { return carrier.Descriptor{Name: "mute"} }

func newDesk(t *testing.T, o odd) *desk {
	d := &desk{t: t, now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), accounts: map[string]carrier.Account{}, drafts: map[string]ship.Shipment{}, listed: []string{"ca_odd", "ca_sim"}}
	o.asked = new(atomic.Int64)
	for _, c := range []string{"sim", "odd", "mute"} {
		d.accounts["ca_"+c] = carrier.Account{ID: "ca_" + c, Tenant: tenant, Mode: ship.Test, Carrier: c, Number: "1", Credentials: map[string]string{"client_id": c}}
	}
	d.accounts["ca_live"] = carrier.Account{ID: "ca_live", Tenant: tenant, Mode: ship.Live, Carrier: "sim"}
	clock := func() time.Time { return d.now }
	d.http = &quoting.HTTP{Orders: d, Service: &quoting.Service{
		Accounts: d, Tokens: d, Quotes: dynamotest.New(t), Now: clock, NewID: func() string { return strings.ToLower(ulid.Make().String()) }, Log: slog.New(slog.DiscardHandler),
		Carriers: carrier.Registry{"sim": sim.New(clock), "odd": o, "mute": mute{}},
	}}
	return d
}

// CarrierAccount implements quoting.Accounts.
func (d *desk) CarrierAccount(_ context.Context, t, id string) (carrier.Account, error) {
	if a, ok := d.accounts[id]; ok && t == tenant {
		return a, nil
	}
	return carrier.Account{}, quoting.ErrNoAccount
}

// AccountIDs implements quoting.Accounts.
func (d *desk) AccountIDs(_ context.Context, _ string, _ ship.Mode, limit int) ([]string, error) {
	return d.listed[:min(limit, len(d.listed))], nil
}

// Token implements quoting.Tokens.
func (d *desk) Token(context.Context, carrier.Account, carrier.Carrier) (carrier.Token, error) {
	d.logins.Add(1)
	return carrier.Token{Value: "t", Expires: d.now.Add(time.Hour)}, d.refused
}

// Refresh implements quoting.Tokens.
func (d *desk) Refresh(ctx context.Context, a carrier.Account, c carrier.Carrier, _ carrier.Token) (carrier.Token, error) {
	return d.Token(ctx, a, c)
}

// Order implements quoting.Orders.
func (d *desk) Order(_ context.Context, t string, _ ship.Mode, id string) (ship.Shipment, bool, error) {
	s, ok := d.drafts[t+id]
	if !ok {
		return s, false, quoting.ErrNoShipment
	}
	return s, s.Reference != "booked", nil
}

const parcels = `"ship_from":{"name":"A","lines":["1 St"],"city":"New York","state":"NY","postcode":"10001","country":"US"},
	"ship_to":{"name":"B","lines":["2 St"],"city":"Boston","state":"MA","postcode":"02108","country":"US"},"parcels":[{"weight_g":500}]`

func (d *desk) ask(more string) (v1.RateList, error) {
	d.t.Helper()
	resp, err := d.http.Rates(d.t.Context(), api.Request{Tenant: tenant, Mode: ship.Test, Body: []byte("{" + parcels + more + "}"), Check: contract.Check})
	if err != nil {
		return v1.RateList{}, err
	}
	d.obeys("RateList", resp.Body)
	return resp.Body.(v1.RateList), nil
}

// obeys holds an answer against the contract.
func (d *desk) obeys(schema string, body any) {
	d.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		d.t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		d.t.Fatal(err)
	}
	if err := contract.Document().Components.Schemas[schema].Value.VisitJSON(v); err != nil {
		d.t.Errorf("%v in %s", err, b)
	}
}

func rated(minor int64, service string) carrier.RateAnswer {
	return carrier.RateAnswer{Kind: carrier.Answered, Rates: []ship.Rate{{Service: service, Title: service, Total: ship.Money{Minor: minor, Currency: "USD"}}}}
}

func always(a carrier.RateAnswer) func(int) carrier.RateAnswer {
	return func(int) carrier.RateAnswer { return a }
}

// stood is the shipment that the body above asks about.
func (d *desk) stood() ship.Shipment {
	a := ship.Address{Name: "A", Lines: []string{"1 St"}, City: "New York", State: "NY", Postcode: "10001", Country: "US"}.Normalised()
	b := ship.Address{Name: "B", Lines: []string{"2 St"}, City: "Boston", State: "MA", Postcode: "02108", Country: "US"}.Normalised()
	return ship.Shipment{From: a, To: b, Parcels: []ship.Parcel{{Weight: 500}}, Label: ship.LabelSpec{Format: ship.ZPL, Size: ship.Size4x6}}
}
