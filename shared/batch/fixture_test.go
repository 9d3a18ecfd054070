package batch_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/contract"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/batch"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/ddbsim"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

const (
	tenant  = "tn_1"
	batchID = "bat_00000000000000000000000001"
)

var errStruck = errors.New("the database went away")

// shop is the feature over a database in memory that can be struck, and the API's own way to create shipments.
type shop struct {
	t        *testing.T
	ctx      context.Context
	store    *dynamo.Store
	shipping *booking.Service
	service  *batch.Service
	expander *batch.Expander
	http     *batch.HTTP

	mu       sync.Mutex
	now      time.Time
	calls    int // to the database
	strike   int // the call that fails, 0: none
	after    bool
	received int // how often the message that deliver hands out was received
	sent     []queue.Outgoing
}

// blobs is a bucket in memory.
type blobs struct {
	mu sync.Mutex
	m  map[string][]byte
}

func (b *blobs) Put(_ context.Context, tenant, key string, data []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.m[tenant+key] = data
	return nil
}

func (b *blobs) Get(_ context.Context, tenant, key string) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.m[tenant+key], nil
}

// pliant is a carrier that takes every order.
type pliant struct{ carrier.Carrier }

func (pliant) Check(ship.Shipment) []ship.Problem { return nil }

func newShop(t *testing.T) *shop {
	s := &shop{t: t, ctx: t.Context(), now: time.UnixMilli(1_800_000_000_000).UTC()}
	tables, names := ddbsim.Template("")
	hit := func(at bool) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !at {
			s.calls++
		}
		if s.calls == s.strike && s.after == at {
			s.strike = 0
			return errStruck
		}
		return nil
	}
	client := ddbsim.New(ddbsim.Options{Tables: tables, Now: s.clock}).Client(ddbsim.ClientOptions{Attempts: 1,
		Before: func(context.Context, *ddbsim.Op) error { return hit(false) }, After: func(_ context.Context, _ *ddbsim.Op, err error) error {
			if struck := hit(true); struck != nil {
				return struck
			}
			return err
		}})
	s.store = &dynamo.Store{DB: client, Tables: names, Now: s.clock, Blobs: &blobs{m: map[string][]byte{}}}
	times := booking.StandardTimes()
	s.shipping = &booking.Service{Intake: s.store, Reader: s.store, Accounts: s, Carriers: carrier.Registry{"acme": pliant{}}, Now: s.clock, NewID: func() string { return ulid.Make().String() }, Times: times}
	counter := batch.Counter{Post: (&booking.HTTP{Service: s.shipping}).Create, Check: contract.Check, Void: s.void, Names: batch.Names{ByReference: booking.IDByReference, ByKey: booking.IDByKey}}
	s.expander = &batch.Expander{Reader: s.store, Writer: s.store, Shop: counter, Sender: s, Now: s.clock, Margin: 15 * time.Second, Skew: times.Skew, Due: 5 * time.Minute, Log: slog.New(slog.DiscardHandler)}
	s.service = &batch.Service{Reader: s.store, Writer: s.store, Now: s.clock, Due: 5 * time.Minute}
	s.http = &batch.HTTP{Service: s.service, Shipments: s, NewID: func(api.Request) string { return batchID }}
	return s
}

func (s *shop) clock() time.Time { s.mu.Lock(); defer s.mu.Unlock(); return s.now }

func (s *shop) tick(d time.Duration) { s.mu.Lock(); defer s.mu.Unlock(); s.now = s.now.Add(d) }

// CarrierAccount implements booking.Accounts.
func (s *shop) CarrierAccount(_ context.Context, _, id string) (carrier.Account, error) {
	if id != "ca_1" {
		return carrier.Account{}, booking.ErrNotFound
	}
	return carrier.Account{ID: id, Tenant: tenant, Mode: ship.Test, Carrier: "acme"}, nil
}

// Send implements queue.Sender.
func (s *shop) Send(_ context.Context, to queue.Name, e queue.Envelope, delay time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, queue.Outgoing{To: to, Envelope: e, Delay: delay})
	return nil
}

// void cancels what is pending, as far as that goes without a carrier.
func (s *shop) void(ctx context.Context, tenant string, mode ship.Mode, batch, id string) error {
	r, err := s.store.Record(ctx, tenant, mode, id)
	if errors.Is(err, booking.ErrNotFound) || err == nil && (r.Correlation != batch || r.Status != booking.Pending) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = s.store.Cancel(ctx, tenant, r, s.clock(), s.clock())
	return err
}

// Show implements batch.Shipments.
func (s *shop) Show(ctx context.Context, tenant string, mode ship.Mode, ids []string) (map[string]v1.Shipment, error) {
	out := map[string]v1.Shipment{}
	for _, id := range ids {
		r, err := s.store.Record(ctx, tenant, mode, id)
		if err != nil {
			return nil, err
		}
		out[id] = v1.Shipment{Id: id, Status: v1.Status(r.Status)}
	}
	return out, nil
}

// Count implements batch.Shipments.
func (s *shop) Count(ctx context.Context, tenant string, mode ship.Mode, ids []string) (map[v1.Status]int64, error) {
	shown, err := s.Show(ctx, tenant, mode, ids)
	n := map[v1.Status]int64{}
	for _, sh := range shown {
		n[sh.Status]++
	}
	return n, err
}

// Labels implements batch.Shipments.
func (s *shop) Labels(_ context.Context, _ api.Request, ids []string, name string) (api.Response, error) {
	return api.Response{Status: http.StatusOK, Body: append([]string{name}, ids...)}, nil
}

const orderFields = `"service":"ground","carrier_account":"ca_1",
	"ship_from":{"name":"A","lines":["1 St"],"city":"New York","state":"NY","postcode":"10001","country":"US"},
	"ship_to":{"name":"A","lines":["1 St"],"city":"New York","state":"NY","postcode":"10001","country":"US"},"parcels":[{"weight_g":500}]`

// order is a row; without a reference it is named by the batch.
func order(reference string) string {
	if reference == "" {
		return "{" + strings.ReplaceAll(orderFields, "\n\t", "") + "}"
	}
	return fmt.Sprintf(`{"reference":%q,%s}`, reference, strings.ReplaceAll(orderFields, "\n\t", ""))
}

// post sends rows as JSON Lines.
func (s *shop) post(rows ...string) (v1.Batch, error) {
	resp, err := s.http.Create(s.ctx, api.Request{Tenant: tenant, Mode: ship.Test, Body: []byte(strings.Join(rows, "\n")), Header: http.Header{"Content-Type": {"application/x-ndjson"}}})
	if err != nil {
		return v1.Batch{}, err
	}
	return resp.Body.(v1.Batch), nil
}

// cancel asks for the batch to be cancelled.
func (s *shop) cancel() {
	s.t.Helper()
	resp, err := s.http.Cancel(s.ctx, api.Request{Tenant: tenant, Mode: ship.Test, Params: map[string]string{"id": batchID}})
	if err != nil || resp.Status != http.StatusAccepted {
		s.t.Fatal(resp, err)
	}
}

// calm lets the test look without being struck, until what it returns is called.
func (s *shop) calm() func() {
	strike, calls := s.strike, s.calls
	s.strike = 0
	return func() { s.strike, s.calls = strike, calls }
}

func (s *shop) get() v1.Batch {
	s.t.Helper()
	defer s.calm()()
	resp, err := s.http.Get(s.ctx, api.Request{Tenant: tenant, Mode: ship.Test, Params: map[string]string{"id": batchID}})
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.Body.(v1.Batch)
}

// deliver hands the batch's message to a worker with so much of an invocation left.
func (s *shop) deliver(left time.Duration) error {
	b, err := s.store.Batch(s.ctx, tenant, ship.Test, batchID)
	if err != nil {
		return err
	}
	m := queue.Message{Envelope: batch.Envelope(b), Queue: queue.Batches, Receipt: ulid.Make().String(), Received: s.received, Deadline: s.clock().Add(left)}
	return s.expander.Handle(s.ctx, m)
}

// rows are all of the batch's, page by page.
func (s *shop) rows() []v1.BatchRow {
	s.t.Helper()
	var out []v1.BatchRow
	query := map[string][]string{"limit": {"7"}}
	for {
		resp, err := s.http.Rows(s.ctx, api.Request{Tenant: tenant, Mode: ship.Test, Params: map[string]string{"id": batchID}, Query: query})
		if err != nil {
			s.t.Fatal(err)
		}
		page := resp.Body.(v1.BatchRowPage)
		if out = append(out, page.Data...); page.NextCursor == nil {
			return out
		}
		query["cursor"] = []string{*page.NextCursor}
	}
}

// shipments counts what lies in the table.
func (s *shop) shipments() int {
	s.t.Helper()
	defer s.calm()()
	found, _, err := s.store.List(s.ctx, tenant, ship.Test, booking.Query{Limit: 100})
	if err != nil {
		s.t.Fatal(err)
	}
	return len(found)
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
