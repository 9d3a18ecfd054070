package callback_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/oklog/ulid/v2"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/obs"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

var errDown = errors.New("injected: down")

// outbox is a queue as its sender sees it. Messages leave it as bytes, as they do in SQS.
type outbox struct {
	mu     sync.Mutex
	sent   []parcel
	refuse func(queue.Name, queue.Envelope) bool
}

type parcel struct {
	to    queue.Name
	body  string
	delay time.Duration
}

func (o *outbox) Send(_ context.Context, to queue.Name, e queue.Envelope, delay time.Duration) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.refuse != nil && o.refuse(to, e) {
		return errDown
	}
	body, err := json.Marshal(e)
	o.sent = append(o.sent, parcel{to, string(body), delay})
	return err
}

// take empties the outbox.
func (o *outbox) take() []parcel {
	o.mu.Lock()
	defer o.mu.Unlock()
	sent := o.sent
	o.sent = nil
	return sent
}

// received is a parcel as its consumer gets it.
func received(t *testing.T, p parcel) queue.Message {
	t.Helper()
	e, err := queue.Decode(p.body)
	if err != nil {
		t.Fatal(err)
	}
	return queue.Message{Envelope: e, Queue: p.to, Received: 1}
}

// box seals with a key of this test and binds the three names, as the platform's own box does.
type box struct{ aead cipher.AEAD }

func newBox(t *testing.T) *box {
	key := make([]byte, 32)
	rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	return &box{aead}
}

func (b *box) Seal(_ context.Context, tenant, purpose, id string, plaintext []byte) ([]byte, error) {
	return b.aead.Seal(nil, nil, plaintext, []byte(tenant+"\x00"+purpose+"\x00"+id)), nil
}

func (b *box) Open(_ context.Context, tenant, purpose, id string, sealed []byte) ([]byte, error) {
	return b.aead.Open(nil, nil, sealed, []byte(tenant+"\x00"+purpose+"\x00"+id))
}

// metered counts what reaches the database, in calls and in write units.
type metered struct {
	dynamo.API
	mu      sync.Mutex
	reads   int
	writes  int
	units   float64
	failPut func(*dynamodb.PutItemInput) bool
}

func (m *metered) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	if m.failPut != nil && m.failPut(in) {
		return nil, errDown
	}
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityIndexes
	out, err := m.API.PutItem(ctx, in, o...)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	if err == nil && out.ConsumedCapacity != nil {
		m.units += *out.ConsumedCapacity.CapacityUnits
	}
	return out, err
}

func (m *metered) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	m.mu.Lock()
	m.writes++
	m.mu.Unlock()
	return m.API.UpdateItem(ctx, in, o...)
}

func (m *metered) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	m.mu.Lock()
	m.reads++
	m.mu.Unlock()
	return m.API.GetItem(ctx, in, o...)
}

func (m *metered) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	m.mu.Lock()
	m.reads++
	m.mu.Unlock()
	return m.API.Query(ctx, in, o...)
}

// world is the part of the platform between an event and the shipper.
type world struct {
	t         *testing.T
	tenant    string
	store     *dynamo.Store
	db        *metered
	queue     *outbox
	log       *bytes.Buffer
	lines     *slog.Logger // to log
	roots     *x509.CertPool
	service   callback.Service
	fanOut    *callback.FanOut
	deliverer *callback.Deliverer
}

func newWorld(t *testing.T, trusted ...*x509.Certificate) *world {
	t.Helper()
	store := *dynamotest.New(t)
	w := &world{t: t, tenant: "ten_" + ulid.Make().String(), store: &store, queue: &outbox{}, log: &bytes.Buffer{}}
	w.db = &metered{API: store.DB}
	store.DB = w.db
	w.roots = x509.NewCertPool()
	for _, c := range trusted {
		w.roots.AddCert(c)
	}
	sealed := newBox(t)
	w.lines = obs.Logger(&locked{w: w.log}, "info", "deliver-callback", "stack")
	// Pauses twenty times shorter; what waits for a receiver keeps its time, so that a busy machine is no failure.
	times := callback.Standard()
	times.Retry, times.RetryAfterMax = times.Divide(20).Retry, times.Divide(20).RetryAfterMax
	w.service = callback.Service{
		Store: w.store, Box: sealed, Now: time.Now, NewID: func() string { return ulid.Make().String() }, Random: rand.Reader, AllowLoopback: true,
	}
	w.fanOut = &callback.FanOut{Endpoints: w.store, Queue: w.queue, Times: times, Now: time.Now}
	w.deliverer = &callback.Deliverer{
		Endpoints: w.store, Records: w.store, Box: sealed, Queue: w.queue, Times: times, Now: time.Now,
		Jitter: func(d time.Duration) time.Duration { return d },
	}
	w.patience(times.Total)
	return w
}

// patience sets the total time of an attempt.
func (w *world) patience(total time.Duration) {
	w.deliverer.Times.Total = total
	w.deliverer.Client = callback.NewClient(callback.ClientOptions{Times: w.deliverer.Times, Now: time.Now, AllowLoopback: true, Roots: w.roots})
	w.service.Client = w.deliverer.Client
}

// outside makes a client as a deployed function has it, which never reaches this machine.
func (w *world) outside() {
	w.service.Client = callback.NewClient(callback.ClientOptions{Times: w.deliverer.Times, Now: time.Now, Roots: w.roots})
}

type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// endpoint adds an endpoint of live mode and returns its id and secret.
func (w *world) endpoint(url string, events ...string) (string, string) {
	w.t.Helper()
	e, secret, err := w.service.CreateEndpoint(w.t.Context(), w.tenant, ship.Live, callback.EndpointInput{URL: url, Events: events})
	if err != nil {
		w.t.Fatal(err)
	}
	return e.ID, secret
}

// event is an event as the relay sends it.
func (w *world) event(n int, kind string) queue.Message {
	status := map[string]string{"shipment.booked": "booked", "shipment.failed": "failed"}[kind]
	return queue.Message{Queue: queue.Events, Received: 1, Envelope: queue.Envelope{
		ID: fmt.Sprintf("evt_%04d", n), Correlation: "cor_1", Tenant: w.tenant, Mode: ship.Live, Shipment: "shp_1", Version: int64(n),
		OccurredAt: time.Now().UTC().Truncate(time.Millisecond), Type: kind,
		Data: json.RawMessage(fmt.Sprintf(`{"shipment_id":"shp_1","status":%q,"version":%d,"reference":"<R&D> 1"}`, status, n)),
	}}
}

// fan hands an event to the fan-out and returns the messages it sent.
func (w *world) fan(m queue.Message) []parcel {
	w.t.Helper()
	if err := w.fanOut.Handle(w.t.Context(), m); err != nil {
		w.t.Fatal(err)
	}
	return w.queue.take()
}

// deliver hands a message to the deliverer and returns what it sent.
func (w *world) deliver(p parcel) []parcel {
	w.t.Helper()
	ctx, unit := obs.Begin(w.t.Context())
	if err := w.deliverer.Handle(ctx, received(w.t, p)); err != nil {
		w.t.Fatal(err)
	}
	unit.End(ctx, w.lines, slog.LevelInfo, "message")
	return w.queue.take()
}

// deliveries are an endpoint's records of the events around now.
func (w *world) deliveries(endpoint string) []callback.Delivery {
	w.t.Helper()
	var all []callback.Delivery
	now := time.Now()
	hours := []time.Time{now.Add(-time.Minute), now}
	if hours[0].Truncate(time.Hour).Equal(hours[1].Truncate(time.Hour)) {
		hours = hours[1:]
	}
	for _, hour := range hours {
		got, err := w.store.Deliveries(w.t.Context(), w.tenant, endpoint, hour)
		if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, got...)
	}
	return all
}

// receiver is a shipper's server that keeps what arrived.
type receiver struct {
	*httptest.Server
	mu   sync.Mutex
	got  []arrival
	most atomic.Int32 // requests at once
	now  atomic.Int32
}

type arrival struct {
	header http.Header
	body   []byte
}

// newReceiver answers by handler, once the request has been read and kept.
func newReceiver(t *testing.T, handler http.HandlerFunc) *receiver {
	r := &receiver{}
	r.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		n := r.now.Add(1)
		defer r.now.Add(-1)
		body, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		r.got = append(r.got, arrival{q.Header.Clone(), body})
		r.most.Store(max(r.most.Load(), n))
		r.mu.Unlock()
		handler(w, q)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) arrivals() []arrival {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]arrival(nil), r.got...)
}

// verified checks a delivery as a shipper would, with the standard's own library.
func verified(t *testing.T, secret string, a arrival) {
	t.Helper()
	hook, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := hook.Verify(a.body, a.header); err != nil {
		t.Errorf("%s: %v", a.header.Get("webhook-id"), err)
	}
}

func answering(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

func hanging(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
