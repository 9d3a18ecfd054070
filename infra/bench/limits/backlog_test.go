package limits

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carriers/ups"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ratelimit"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/ddbsim"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// What waits to be booked, and who books: as many batches at once as the template lets a queue have.
const (
	waiting = 500
	batches = 20
	tenant  = "tn_1"
)

// backlog drains what waits at UPS with the worker that deploys, the adapter that deploys on the wire simulator of UPS, a
// queue that delays by whole seconds, and wake every minute. The simulator refuses what is over its limit in any 60 s.
func backlog(t *testing.T, r *report) {
	synctest.Test(t, func(t *testing.T) {
		d := newDrain(t)
		took := d.drain()
		r.title(fmt.Sprintf("A backlog of %d bookings at UPS, %d a minute", waiting, d.limit))
		r.head("", "")
		r.row("booked", fmt.Sprint(d.carrier.booked))
		r.row("answers of 429", fmt.Sprint(d.carrier.refused))
		r.row("most calls in any minute", fmt.Sprint(d.carrier.most))
		r.row("drained in", took.Round(100*time.Millisecond).String())
		r.row("at the limit that is", (time.Duration(waiting-1) * time.Minute / time.Duration(d.limit)).Round(100*time.Millisecond).String())
		r.row("questions to the limiter", fmt.Sprint(d.reserved))
		r.row("its calls of the database", fmt.Sprint(d.calls))
		r.row("messages sent a second time, with their slot", fmt.Sprint(d.lane.sent))
		r.say("Virtual time, the worker and the adapter that deploy, %d batches at once, wake every minute; UPS answers in 0.2 to 1.5 s.", batches)
		best := time.Duration(waiting-1) * time.Minute / time.Duration(d.limit)
		if d.carrier.booked != waiting || d.carrier.refused != 0 {
			t.Errorf("%d booked, %d answers of 429", d.carrier.booked, d.carrier.refused)
		}
		// A process that knows nothing of the key yet takes it for idle, with each of the ten messages of its first batch.
		if d.reserved != waiting || d.calls > waiting+10*batches {
			t.Errorf("the limiter was asked %d times for %d bookings, by %d calls of the database", d.reserved, waiting, d.calls)
		}
		if took < best || took > best+5*time.Second {
			t.Errorf("drained in %v, the limit is %v", took, best)
		}
	})
}

// drain is everything that books.
type drain struct {
	t       *testing.T
	limit   int64
	store   *dynamo.Store
	ups     *ups.UPS
	carrier *limited
	lane    *lane
	log     *slog.Logger

	mu       sync.Mutex
	reserved int // questions to the limiter
	calls    int // its calls of the database
	token    carrier.Token
}

func newDrain(t *testing.T) *drain {
	d := &drain{t: t, log: slog.New(slog.DiscardHandler), lane: &lane{queue: make(chan queue.Envelope, 10*waiting)}}
	tables, names := ddbsim.Template("")
	db := &counting{API: ddbsim.New(ddbsim.Options{Now: time.Now, Tables: tables}).Client(ddbsim.ClientOptions{}), d: d, table: names.Limits}
	d.store = &dynamo.Store{DB: db, Tables: names, Now: time.Now}
	sim := carriersim.New(carriersim.Options{Clock: clock{}})
	t.Cleanup(func() { _ = sim.Close() })
	pipes := &pipes{accepted: make(chan net.Conn), closed: make(chan struct{})}
	d.carrier = &limited{next: sim, window: time.Minute}
	server := &http.Server{Handler: d.carrier}
	go func() { _ = server.Serve(pipes) }()
	t.Cleanup(func() { _ = server.Close() })
	d.ups = ups.New(ups.Options{BaseURL: map[ship.Mode]string{ship.Live: "http://ups.sim"}, Dial: pipes.dial, Now: time.Now})
	d.limit = d.ups.Describe().BookLimit.PerMinute
	d.carrier.limit = int(d.limit)
	return d
}

// clock is the bubble's.
type clock struct{}

func (clock) Now() time.Time                         { return time.Now() }
func (clock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// counting counts the calls on the limits.
type counting struct {
	dynamo.API
	d     *drain
	table string
}

func (c *counting) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	if *in.TableName == c.table {
		c.d.mu.Lock()
		c.d.calls++
		c.d.mu.Unlock()
	}
	return c.API.UpdateItem(ctx, in, o...)
}

// questions counts what a worker asks its limiter.
type questions struct {
	*ratelimit.Slots
	d *drain
}

func (q questions) Reserve(ctx context.Context, key string, every time.Duration) (time.Time, bool, error) {
	q.d.mu.Lock()
	q.d.reserved++
	q.d.mu.Unlock()
	return q.Slots.Reserve(ctx, key, every)
}

// limited is UPS with its limit: over so many bookings in any window it answers 429, as it does.
type limited struct {
	next   http.Handler
	limit  int
	window time.Duration

	mu                    sync.Mutex
	came                  []time.Time
	booked, refused, most int
	draw                  *rand.Rand
}

// ServeHTTP answers as the simulator does, within its limit.
func (l *limited) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/ship") {
		l.next.ServeHTTP(w, r)
		return
	}
	l.mu.Lock()
	if l.draw == nil {
		l.draw = rand.New(rand.NewPCG(1, 1))
	}
	now := time.Now()
	for len(l.came) > 0 && now.Sub(l.came[0]) >= l.window {
		l.came = l.came[1:]
	}
	over := len(l.came) >= l.limit
	if l.came = append(l.came, now); over {
		l.refused++
	} else {
		l.booked++
	}
	l.most = max(l.most, len(l.came))
	wait := 200*time.Millisecond + time.Duration(l.draw.Int64N(int64(1300*time.Millisecond)))
	l.mu.Unlock()
	if over {
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, `{"response":{"errors":[{"code":"10429","message":"Too Many Requests"}]}}`)
		return
	}
	time.Sleep(wait)
	l.next.ServeHTTP(w, r)
}

// pipes is a network of one listener.
type pipes struct {
	accepted chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.accepted <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accepted:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

// Addr implements net.Listener.
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "ups.sim"} }

// lane is a queue that delays by whole seconds, as SQS does.
type lane struct {
	queue chan queue.Envelope
	mu    sync.Mutex
	sent  int
}

// Send implements queue.Sender.
func (l *lane) Send(_ context.Context, _ queue.Name, e queue.Envelope, delay time.Duration) error {
	l.mu.Lock()
	l.sent++
	l.mu.Unlock()
	time.AfterFunc((delay + time.Second - 1).Truncate(time.Second), func() { l.queue <- e })
	return nil
}

// poll takes batches as an event source does, and works on the messages of each side by side.
func (d *drain) poll(ctx context.Context, process int) {
	w := d.worker()
	for n := 0; ; n++ {
		batch := d.batch(ctx)
		if len(batch) == 0 {
			return
		}
		var group sync.WaitGroup
		for i, e := range batch {
			m := queue.Message{Envelope: e, Queue: queue.Standard, Receipt: fmt.Sprintf("%d.%d.%d", process, n, i), Received: 1, Deadline: time.Now().Add(time.Minute)}
			group.Go(func() {
				if err := w.Handle(ctx, m); err != nil && ctx.Err() == nil {
					d.t.Errorf("%s: %v", m.Shipment, err)
				}
			})
		}
		group.Wait()
	}
}

// batch are at most ten messages, none when it is over.
func (d *drain) batch(ctx context.Context) []queue.Envelope {
	var out []queue.Envelope
	select {
	case e := <-d.lane.queue:
		out = append(out, e)
	case <-ctx.Done():
		return nil
	}
	for len(out) < 10 {
		select {
		case e := <-d.lane.queue:
			out = append(out, e)
		default:
			return out
		}
	}
	return out
}

func (d *drain) worker() *booking.Worker {
	return &booking.Worker{
		Desk: booking.Desk{Reader: d.store, Accounts: d, Tokens: d, Carriers: carrier.Registry{ups.Name: d.ups}, Sender: d.lane, Papers: d.store, Late: d.store, Claimer: d.store,
			Now: time.Now, Times: booking.StandardTimes(), Log: d.log},
		Results: d.store, Sleeper: d.store, Sleep: pause, Slots: questions{&ratelimit.Slots{Store: d.store.CarrierSlots(), Now: time.Now, Most: queue.MaxDelay}, d},
	}
}

func pause(_ context.Context, wait time.Duration) error {
	time.Sleep(wait)
	return nil
}

// CarrierAccount implements booking.Accounts.
func (d *drain) CarrierAccount(_ context.Context, _, id string) (carrier.Account, error) {
	return carrier.Account{ID: id, Tenant: tenant, Mode: ship.Live, Carrier: ups.Name, Number: "A1B2C3", Credentials: map[string]string{"client_id": "app", "client_secret": "hush"}}, nil
}

// Token implements booking.Tokens.
func (d *drain) Token(ctx context.Context, a carrier.Account, c carrier.Carrier) (carrier.Token, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var err error
	if d.token.Value == "" {
		d.token, err = c.Login(ctx, a)
	}
	return d.token, err
}

// Refresh implements booking.Tokens.
func (d *drain) Refresh(ctx context.Context, a carrier.Account, c carrier.Carrier, _ carrier.Token) (carrier.Token, error) {
	return c.Login(ctx, a)
}

// order accepts what waits, and has the relay announce it.
func (d *drain) order(ctx context.Context) {
	service := &booking.Service{Intake: d.store, Reader: d.store, Accounts: d, Carriers: carrier.Registry{ups.Name: d.ups}, Now: time.Now, NewID: func() string { return "id" }, Times: booking.StandardTimes()}
	from := ship.Address{Name: "Cedar Books", Lines: []string{"1208 SE Hawthorne Blvd"}, City: "Portland", State: "OR", Postcode: "97214", Country: "US", Phone: "5035550142"}
	to := ship.Address{Name: "Jo Doe", Lines: []string{"100 Main Street"}, City: "New York", State: "NY", Postcode: "10001", Country: "US"}
	for i := range waiting {
		reference := fmt.Sprintf("box-%d", i)
		a, err := service.Create(ctx, tenant, ship.Live, booking.Order{Confirm: true, Correlation: "c", Fingerprint: booking.Fingerprint0(map[string]any{"reference": reference}),
			Shipment: ship.Shipment{Reference: reference, Priority: ship.Standard, Service: "ups_ground", CarrierAccount: "ca_1", From: from, To: to,
				Parcels: []ship.Parcel{{Weight: 1200, Length: 300, Width: 200, Height: 100}}, Label: ship.LabelSpec{Format: ship.ZPL, Size: "4x6"}}})
		if err != nil {
			d.t.Fatal(err)
		}
		for _, m := range booking.Announce(nil, a.Record, time.Now(), booking.StandardTimes()) {
			d.lane.queue <- m.Envelope
		}
	}
}

// drain books what waits, and returns how long that took.
func (d *drain) drain() time.Duration {
	ctx, stop := context.WithCancel(d.t.Context())
	d.order(ctx)
	begun := time.Now()
	var running sync.WaitGroup
	for process := range batches {
		running.Go(func() { d.poll(ctx, process) })
	}
	wake := &booking.Waker{Sleeper: d.store, Reader: d.store, Sender: d.lane, Shards: dynamo.Shards, Now: time.Now, Times: booking.StandardTimes(), Log: d.log}
	running.Go(func() {
		for ctx.Err() == nil {
			time.Sleep(time.Minute)
			if err := wake.Run(ctx); err != nil && ctx.Err() == nil {
				d.t.Error(err)
			}
		}
	})
	for time.Since(begun) < 20*time.Minute && d.carrier.answered() < waiting {
		time.Sleep(100 * time.Millisecond)
	}
	took := time.Since(begun)
	time.Sleep(10 * time.Minute) // whatever is still on its way would come by then
	stop()
	running.Wait()
	return took
}

func (l *limited) answered() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.booked
}
