package rivals_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/sim/rivals"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

const (
	tenant   = "tn_1"
	shipment = "shp_1"
)

// world is one shipment, a carrier that answers as each test says, and a clock that moves when it is told to.
type world struct {
	t     *testing.T
	db    dynamo.API
	table string
	redis *rivals.Server

	mu        sync.Mutex
	now       time.Time
	receipts  int
	logins    int
	refreshes int
	slept     []time.Duration
	answers   []answer // by call; past the last one the carrier books
	booked    []string // numbers of the bookings that the carrier made
	calls     []carrier.Call
	during    func(call int) // runs while a call is with the carrier
	login     error
	order     error
	own       int // the carrier's own deadline, seconds
}

// answer is what the carrier says to a call and whether it booked.
type answer struct {
	outcome carrier.Outcome
	booked  bool
}

var (
	refused      = answer{carrier.Outcome{Kind: carrier.Refused, Code: "120100", Raw: carrier.Answer{Status: 400, Sent: true}}, false}
	expired      = answer{carrier.Outcome{Kind: carrier.Unauthenticated, Raw: carrier.Answer{Status: 401, Sent: true}}, false}
	busy         = answer{carrier.Outcome{Kind: carrier.Throttled, Raw: carrier.Answer{Status: 429, Sent: true}}, false}
	broken       = answer{carrier.Outcome{Kind: carrier.Unknown, Raw: carrier.Answer{Status: 500, Sent: true}}, false}
	unreachable  = answer{carrier.Outcome{Kind: carrier.NotSent, Raw: carrier.Answer{Error: "refused"}}, false}
	bookedReset  = answer{carrier.Outcome{Kind: carrier.Unknown, Raw: carrier.Answer{Error: "reset", Sent: true}}, true}
	booked504    = answer{carrier.Outcome{Kind: carrier.Unknown, Raw: carrier.Answer{Status: 504, Sent: true}}, true}
	booked500    = answer{carrier.Outcome{Kind: carrier.Unknown, Raw: carrier.Answer{Status: 500, Sent: true}}, true}
	bookedCutOff = answer{carrier.Outcome{Kind: carrier.Unknown, Raw: carrier.Answer{Status: 200, Error: "unexpected EOF", Sent: true}}, true}
)

func newWorld(t *testing.T, answers ...answer) *world {
	store := dynamotest.New(t)
	w := &world{t: t, db: store.DB, table: store.Tables.Limits, answers: answers, now: time.UnixMilli(1_800_000_000_000).UTC()}
	w.redis = rivals.NewRedis(w.clock)
	return w
}

func (w *world) clock() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now }

func (w *world) tick(by time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(by)
}

// desk is what one process has.
func (w *world) desk(db dynamo.API) rivals.Desk {
	return rivals.Desk{
		DB: db, Table: w.table, Tokens: w, Redis: rivals.Client{Server: w.redis}, Now: w.clock, Times: booking.StandardTimes(),
		Order: func(context.Context, queue.Message) (carrier.Carrier, carrier.Order, error) {
			return w, carrier.Order{Reference: "1"}, w.order
		},
		Sleep: func(_ context.Context, d time.Duration) error {
			w.slept = append(w.slept, d)
			w.tick(d)
			return nil
		},
	}
}

// receive handles the shipment's message once, with an invocation of its own.
func (w *world) receive(a rivals.Algorithm) error {
	return a.New(w.desk(w.db))(w.t.Context(), w.message())
}

func (w *world) message() queue.Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.receipts++
	return queue.Message{
		Envelope: queue.Envelope{ID: shipment + "#1", Tenant: tenant, Mode: ship.Test, Shipment: shipment, Type: booking.TypeBook},
		Receipt:  fmt.Sprint("receipt ", w.receipts), Received: w.receipts, Deadline: w.now.Add(time.Minute),
	}
}

// dies handles the message in a process that dies before its first write of a kind ("UpdateItem").
func (w *world) dies(a rivals.Algorithm, write string) {
	w.t.Helper()
	lived := false
	db := &tapped{API: w.db, write: write, before: func(int) error { runtime.Goexit(); return nil }}
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = a.New(w.desk(db))(w.t.Context(), w.message())
		lived = true
	})
	wg.Wait()
	if lived {
		w.t.Fatal("the process lived")
	}
}

// shows fails the test unless the durable record shows so.
func (w *world) shows(number string, failed bool) {
	w.t.Helper()
	out, err := w.db.GetItem(w.t.Context(), &dynamodb.GetItemInput{
		TableName: &w.table, ConsistentRead: aws.Bool(true),
		Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: rivals.Key(tenant, ship.Test, shipment)}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if n, f := rivals.Shown(out.Item); n != number || f != failed {
		w.t.Errorf("the record shows %q, failed %v; want %q, %v", n, f, number, failed)
	}
}

// made fails the test unless the carrier made so many bookings in so many calls.
func (w *world) made(bookings, calls int) {
	w.t.Helper()
	if len(w.booked) != bookings || len(w.calls) != calls {
		w.t.Errorf("%d bookings in %d calls, want %d in %d", len(w.booked), len(w.calls), bookings, calls)
	}
}

// Token and Refresh implement booking.Tokens.
func (w *world) Token(context.Context, carrier.Account, carrier.Carrier) (carrier.Token, error) {
	w.logins++
	return carrier.Token{Value: "old"}, w.login
}

func (w *world) Refresh(context.Context, carrier.Account, carrier.Carrier, carrier.Token) (carrier.Token, error) {
	w.refreshes++
	return carrier.Token{Value: "new"}, w.login
}

// Describe, Check, Login and Book implement carrier.Carrier.
func (w *world) Describe() carrier.Descriptor       { return carrier.Descriptor{CallTimeout: w.own} }
func (w *world) Check(ship.Shipment) []ship.Problem { return nil }
func (w *world) Login(context.Context, carrier.Account) (carrier.Token, error) {
	return carrier.Token{}, nil
}

func (w *world) Book(_ context.Context, _ carrier.Order, c carrier.Call) carrier.Outcome {
	w.mu.Lock()
	w.calls = append(w.calls, c)
	n := len(w.calls)
	a := answer{booked: true}
	if n <= len(w.answers) {
		a = w.answers[n-1]
	} else {
		a.outcome = carrier.Outcome{Kind: carrier.Done, Booking: &ship.Booking{TrackingNumber: number(n)}, Raw: carrier.Answer{Status: 200, Sent: true}}
	}
	if a.booked {
		w.booked = append(w.booked, number(n))
	}
	w.mu.Unlock()
	if w.during != nil {
		w.during(n)
	}
	return a.outcome
}

// number is the tracking number of the booking that the nth call made.
func number(n int) string { return fmt.Sprint("1Z", n) }

// tapped is a database client in which something happens before every write of a kind. nth counts from 1.
type tapped struct {
	dynamo.API
	write  string
	before func(nth int) error
	seen   int
}

func (d *tapped) tap(write string) error {
	if write != d.write {
		return nil
	}
	d.seen++
	return d.before(d.seen)
}

func (d *tapped) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	if err := d.tap("PutItem"); err != nil {
		return nil, err
	}
	return d.API.PutItem(ctx, in, o...)
}

func (d *tapped) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	if err := d.tap("UpdateItem"); err != nil {
		return nil, err
	}
	return d.API.UpdateItem(ctx, in, o...)
}

func (d *tapped) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, o ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	if err := d.tap("DeleteItem"); err != nil {
		return nil, err
	}
	return d.API.DeleteItem(ctx, in, o...)
}
