package booking_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/oklog/ulid/v2"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/ddbsim"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

const (
	tenant = "tn_1"
	acct   = "ca_1"
)

// desk is the whole booking side over a real database, with a carrier that does as each test says.
type desk struct {
	t        *testing.T
	ctx      context.Context
	store    *dynamo.Store
	service  *booking.Service
	worker   *booking.Worker
	recovery *booking.Recovery
	carrier  *scripted
	sent     *recorder
	account  carrier.Account

	mu  sync.Mutex
	now time.Time
}

func newDesk(t *testing.T) *desk { return deskOn(t, dynamotest.New(t)) }

// inMemory is a desk on a database without a network, for tests of many days.
func inMemory(t *testing.T) *desk {
	tables, names := ddbsim.Template("")
	return deskOn(t, &dynamo.Store{DB: ddbsim.New(ddbsim.Options{Tables: tables}).Client(ddbsim.ClientOptions{Attempts: 1}), Tables: names, Now: time.Now})
}

func deskOn(t *testing.T, store *dynamo.Store) *desk {
	d := &desk{t: t, ctx: t.Context(), store: store, sent: &recorder{}, now: time.UnixMilli(1_800_000_000_000).UTC()}
	d.carrier = &scripted{desc: carrier.Descriptor{Name: "acme", Absence: carrier.Advisory, SettleS: 300}}
	d.account = carrier.Account{ID: acct, Tenant: tenant, Mode: ship.Test, Carrier: "acme", Number: "A1B2C3", Credentials: map[string]string{"client_id": "acme"}}
	registry := carrier.Registry{"acme": d.carrier}
	times := booking.StandardTimes()
	log := slog.New(slog.DiscardHandler)
	common := booking.Desk{Reader: d.store, Accounts: d, Tokens: d, Carriers: registry, Sender: d.sent, Papers: d.store, Late: d.store, Claimer: d.store,
		Now: d.clock, Times: times, Log: log}
	d.worker = &booking.Worker{Desk: common, Results: d.store}
	d.recovery = &booking.Recovery{Desk: common, Recoveries: d.store, Voids: d.store, Evidence: d.store}
	d.service = &booking.Service{Intake: d.store, Cancels: d.store, Edits: d.store, Reader: d.store, Accounts: d, Carriers: registry, Now: d.clock, NewID: func() string { return ulid.Make().String() }, Times: times}
	return d
}

func (d *desk) clock() time.Time { d.mu.Lock(); defer d.mu.Unlock(); return d.now }
func (d *desk) tick(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
}

// CarrierAccount implements booking.Accounts.
func (d *desk) CarrierAccount(_ context.Context, t, id string) (carrier.Account, error) {
	if t != tenant || id != d.account.ID {
		return carrier.Account{}, booking.ErrNotFound
	}
	return d.account, nil
}

// Token implements booking.Tokens.
func (d *desk) Token(ctx context.Context, a carrier.Account, c carrier.Carrier) (carrier.Token, error) {
	return c.Login(ctx, a)
}

// Refresh implements booking.Tokens.
func (d *desk) Refresh(ctx context.Context, a carrier.Account, c carrier.Carrier, _ carrier.Token) (carrier.Token, error) {
	return c.Login(ctx, a)
}

func (d *desk) waker() *booking.Waker {
	return &booking.Waker{Sleeper: d.store, Reader: d.store, Sender: d.sent, Shards: dynamo.Shards, Now: d.clock, Times: booking.StandardTimes(), Log: d.worker.Log}
}

func shipment(reference string) ship.Shipment {
	a := ship.Address{Name: "A", Lines: []string{"1 St"}, City: "New York", State: "NY", Postcode: "10001", Country: "US"}
	return ship.Shipment{Reference: reference, Priority: ship.Standard, Service: "ground", CarrierAccount: acct, From: a, To: a, Parcels: []ship.Parcel{{Weight: 500}}, Label: ship.LabelSpec{Format: ship.ZPL, Size: "4x6"}}
}

func (d *desk) order(reference string, confirm bool) booking.Order {
	return booking.Order{Shipment: shipment(reference), Fingerprint: booking.Fingerprint0(map[string]any{"reference": reference}), Confirm: confirm, Correlation: "c"}
}

// accepted creates and confirms a shipment and returns its id.
func (d *desk) accepted() string {
	d.t.Helper()
	a, err := d.service.Create(d.ctx, tenant, ship.Test, d.order(d.t.Name(), true))
	if err != nil {
		d.t.Fatal(err)
	}
	return a.Record.ID
}

func (d *desk) message(id, kind string) queue.Message {
	d.t.Helper()
	hint, err := json.Marshal(booking.Hint{Request: d.record(id).RequestFP})
	if err != nil {
		d.t.Fatal(err)
	}
	return queue.Message{Envelope: queue.Envelope{ID: id + "#1", Tenant: tenant, Mode: ship.Test, Shipment: id, Type: kind, Data: hint}, Queue: queue.Standard, Receipt: ulid.Make().String(), Received: 1, Deadline: d.clock().Add(60 * time.Second)}
}

func (d *desk) book(id string) {
	d.t.Helper()
	if err := d.worker.Handle(d.ctx, d.message(id, booking.TypeBook)); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) recover(id string) {
	d.t.Helper()
	m := d.message(id, booking.TypeRecover)
	m.Queue = queue.Recovery
	if err := d.recovery.Handle(d.ctx, m); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) record(id string) booking.Record {
	d.t.Helper()
	r, err := d.store.Record(d.ctx, tenant, ship.Test, id)
	if err != nil {
		d.t.Fatal(err)
	}
	return r
}

// want fails the test unless the shipment stands so, and returns it.
func (d *desk) want(id string, st booking.Status) booking.Record {
	d.t.Helper()
	r := d.record(id)
	if r.Status != st {
		d.t.Fatalf("shipment is %s, want %s (history %v)", r.Status, st, r.History)
	}
	if st == booking.Booked && r.Document == booking.DocumentReady {
		if _, err := d.store.Label(d.ctx, tenant, ship.Test, id, r.TrackingNumber); err != nil {
			d.t.Fatalf("its label can't be read: %v", err)
		}
	}
	return r
}

// scripted is a carrier that does what the test says and counts.
type scripted struct {
	desc   carrier.Descriptor
	book   func(n int) carrier.Outcome // n counts from 1
	find   func(n int) carrier.Finding
	label  func(n int) (ship.Label, error)
	login  error
	mu     sync.Mutex
	booked int
	looked int
	asked  int
	orders []carrier.Order
}

func (s *scripted) Describe() carrier.Descriptor       { return s.desc }
func (s *scripted) Check(ship.Shipment) []ship.Problem { return nil }
func (s *scripted) Login(context.Context, carrier.Account) (carrier.Token, error) {
	return carrier.Token{Value: "t"}, s.login
}

func (s *scripted) Book(_ context.Context, o carrier.Order, _ carrier.Call) carrier.Outcome {
	s.mu.Lock()
	s.booked++
	n := s.booked
	s.orders = append(s.orders, o)
	s.mu.Unlock()
	return s.book(n)
}

func (s *scripted) Find(context.Context, carrier.Order, carrier.Call) carrier.Finding {
	s.looked++
	return s.find(s.looked)
}

func (s *scripted) Label(context.Context, carrier.Order, string, carrier.Call) (ship.Label, error) {
	s.asked++
	return s.label(s.asked)
}

// taking is a carrier that takes bookings back as the test says.
type taking struct {
	*scripted
	void  func(n int, number string) carrier.VoidAnswer // n counts from 1
	asked []string                                      // numbers
	calls []carrier.Call
}

// Void implements carrier.Voider.
func (v *taking) Void(_ context.Context, _ carrier.Order, number string, c carrier.Call) carrier.VoidAnswer {
	v.mu.Lock()
	v.asked, v.calls = append(v.asked, number), append(v.calls, c)
	n := len(v.asked)
	v.mu.Unlock()
	return v.void(n, number)
}

// takes lets the desk's carrier take bookings back.
func (d *desk) takes(void func(n int, number string) carrier.VoidAnswer) *taking {
	v := &taking{scripted: d.carrier, void: void}
	d.worker.Carriers["acme"] = v
	return v
}

// says answers every void alike.
func says(kind carrier.VoidKind) func(int, string) carrier.VoidAnswer {
	return func(int, string) carrier.VoidAnswer {
		return carrier.VoidAnswer{Kind: kind, Code: "190102", Message: "the carrier's words"}
	}
}

// losing is a database whose answers to some writes get lost after they were applied.
type losing struct {
	dynamo.API
	lose map[string]int // how many, by the protocol's name; -1: all, refusals as well
}

var errLost = errors.New("connection reset after the write was applied")

func (l *losing) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	out, err := l.API.UpdateItem(ctx, in, o...)
	switch name := dynamo.WriteName(ctx); {
	case l.lose[name] < 0:
		return nil, errLost
	case err == nil && l.lose[name] > 0:
		l.lose[name]--
		return nil, errLost
	}
	return out, err
}

// loses makes the answers to the next writes of a name get lost.
func (d *desk) loses(name string, n int) {
	d.store.DB = &losing{API: d.store.DB, lose: map[string]int{name: n}}
}

func done(number string) carrier.Outcome {
	return carrier.Outcome{Kind: carrier.Done, Booking: &ship.Booking{TrackingNumber: number, Charge: ship.Money{Minor: 999, Currency: "USD"}, Label: &ship.Label{Format: ship.ZPL, Pages: [][]byte{[]byte("^XA" + number)}}}}
}

// always answers every call alike.
func always[T any](v T) func(int) T { return func(int) T { return v } }

var absent = carrier.Finding{Kind: carrier.Absent}

func foundAt(numbers ...string) carrier.Finding {
	f := carrier.Finding{Kind: carrier.Found}
	for _, n := range numbers {
		f.Bookings = append(f.Bookings, ship.Booking{TrackingNumber: n})
	}
	return f
}

// recorder is a queue that keeps what is sent.
type recorder struct {
	mu   sync.Mutex
	sent []queue.Outgoing
}

func (r *recorder) Send(_ context.Context, to queue.Name, e queue.Envelope, delay time.Duration) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, queue.Outgoing{To: to, Envelope: e, Delay: delay})
	return nil
}

// deaf stores a label and loses the answer to that.
type deaf struct{ booking.Papers }

func (p deaf) PutLabel(ctx context.Context, tenant string, mode ship.Mode, id, number string, l ship.Label, raw carrier.Answer) error {
	if err := p.Papers.PutLabel(ctx, tenant, mode, id, number, l, raw); err != nil {
		return err
	}
	return errors.New("connection reset after the write was applied")
}
