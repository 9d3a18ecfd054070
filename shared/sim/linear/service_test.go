package linear_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/oklog/ulid/v2"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/contract"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/sim/linear"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

// intake is what the service writes to and reads from: the store, or a mutant of it.
type intake interface {
	booking.Intake
	booking.Cancels
	booking.Edits
	booking.Reader
}

// office is the API over a real database, used by clients at once while the platform moves shipments on.
type office struct {
	t     *testing.T
	store *dynamo.Store // never flaky: the platform's
	http  *booking.HTTP
	start time.Time

	mu  sync.Mutex
	ops []linear.Op
}

func newOffice(t *testing.T, mutate func(intake) intake) *office {
	o := &office{t: t, store: dynamotest.New(t), start: time.Now()}
	flaky := *o.store
	flaky.DB = &acknowledgements{API: o.store.DB}
	in := mutate(&flaky)
	o.http = &booking.HTTP{Service: &booking.Service{Intake: in, Cancels: in, Edits: in, Reader: in, Accounts: account{}, Carriers: carrier.Registry{"acme": anything{}},
		Now: time.Now, NewID: func() string { return ulid.Make().String() }, Times: booking.StandardTimes()}}
	return o
}

// acknowledgements loses some: as with the SDK's client, the same write is then made again, and fails at last.
type acknowledgements struct {
	dynamo.API
	mu sync.Mutex
	n  int
}

var errLost = errors.New("connection reset")

func again[T any](a *acknowledgements, write func() (T, error)) (T, error) {
	a.mu.Lock()
	a.n++
	n := a.n
	a.mu.Unlock()
	out, err := write()
	switch {
	case n%4 == 0:
		return write()
	case n%31 == 0:
		return out, errLost
	}
	return out, err
}

func (a *acknowledgements) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return again(a, func() (*dynamodb.PutItemOutput, error) { return a.API.PutItem(ctx, in, o...) })
}

func (a *acknowledgements) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	return again(a, func() (*dynamodb.UpdateItemOutput, error) { return a.API.UpdateItem(ctx, in, o...) })
}

type account struct{}

func (account) CarrierAccount(context.Context, string, string) (carrier.Account, error) {
	return carrier.Account{ID: "ca_1", Tenant: tenant, Mode: mode, Carrier: "acme"}, nil
}

// anything is a carrier that is only asked whether it takes an order.
type anything struct{ carrier.Carrier }

func (anything) Check(ship.Shipment) []ship.Problem { return nil }

// client makes calls of one kind of shipper: few references, shared with the other clients, and new ones as time goes.
func (o *office) client(n int, random *rand.Rand, calls int) {
	var wg sync.WaitGroup
	defer wg.Wait()
	seen := map[string]int64{} // the version last seen, by shipment
	for i := range calls {
		op := linear.Op{Client: n, Tenant: tenant, Mode: mode, Return: -1}
		reference := fmt.Sprintf("r%d", i/8+random.IntN(2))
		op.ID = booking.IDByReference(tenant, mode, reference)
		if random.IntN(3) == 0 {
			op.Key = fmt.Sprintf("k-%s-%d", reference, random.IntN(2))
		}
		request := api.Request{Tenant: tenant, Mode: mode, Header: http.Header{}, Params: map[string]string{"id": op.ID}, Check: contract.Check}
		call := o.http.Get
		switch random.IntN(16) {
		case 0, 13:
			op.Kind, op.Key, call = linear.Cancel, "", o.http.Cancel
			if random.IntN(2) == 0 {
				op.Version = max(1, seen[op.ID]-int64(random.IntN(5)/4))
				request.Header.Set("If-Match", fmt.Sprintf("%q", fmt.Sprint(op.Version)))
			}
		case 1, 2:
			op.Kind, op.Key, op.Version, call = linear.Update, "", max(1, seen[op.ID]-int64(random.IntN(5)/4)), o.http.Update
			request.Header.Set("If-Match", fmt.Sprintf("%q", fmt.Sprint(op.Version)))
			request.Body = fmt.Appendf(nil, `{"order_number":"%d"}`, random.IntN(4))
		case 3, 4, 5, 6, 7, 8, 9:
			op.Kind, op.ConfirmNow, call = linear.Create, random.IntN(3) == 0, o.http.Create
			if random.IntN(20) == 0 {
				op.Key = "k-shared" // by shippers who mix up their keys
			}
			op.Body, request.Body = o.body(reference, 500+random.IntN(8)/7, op.ConfirmNow)
		case 10, 11, 12:
			op.Kind, op.Version, call = linear.Confirm, max(1, seen[op.ID]-int64(random.IntN(5)/4)), o.http.Confirm
			request.Header.Set("If-Match", fmt.Sprintf("%q", fmt.Sprint(op.Version)))
		default:
			op.Kind, op.Key = linear.Get, ""
		}
		if op.Key != "" {
			request.Header.Set("Idempotency-Key", op.Key)
		}
		op.Call = time.Since(o.start)
		if random.IntN(12) == 0 { // gives up at once, and the call goes on without it
			wg.Go(func() { _, _ = call(o.t.Context(), request) })
			o.record(op)
			continue
		}
		r, err := call(o.t.Context(), request)
		if answered(&op, time.Since(o.start), r, err) {
			o.record(op)
		}
		seen[op.ID] = max(seen[op.ID], op.Answered)
	}
}

func (o *office) record(op linear.Op) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ops = append(o.ops, op)
}

func (o *office) body(reference string, weight int, confirm bool) (fingerprint string, body []byte) {
	a := map[string]any{"name": "A", "lines": []string{"1 St"}, "city": "New York", "state": "NY", "postcode": "10001", "country": "US"}
	body, err := json.Marshal(map[string]any{"reference": reference, "service": "ground", "carrier_account": "ca_1", "ship_from": a, "ship_to": a,
		"parcels": []any{map[string]any{"weight_g": weight}}, "confirm": confirm})
	if err != nil {
		o.t.Fatal(err)
	}
	return fmt.Sprint(weight), body
}

// platform moves shipments on by the store's own writes, as workers and recovery do, until done.
func (o *office) platform(ctx context.Context, random *rand.Rand) {
	for i := 0; ctx.Err() == nil; i++ {
		o.mu.Lock()
		var id string
		if len(o.ops) > 0 {
			id = o.ops[max(0, len(o.ops)-1-random.IntN(12))].ID
		}
		o.mu.Unlock()
		r, err := o.store.Record(ctx, tenant, mode, id)
		if err != nil {
			continue
		}
		_, err = o.move(ctx, r, random, fmt.Sprint("w", i))
		if _, ok := errors.AsType[*booking.Refused](err); err != nil && !ok && ctx.Err() == nil {
			o.t.Error(err)
		}
	}
}

// move makes one of the writes that a record of its status can meet.
func (o *office) move(ctx context.Context, r booking.Record, random *rand.Rand, me string) (booking.Record, error) {
	now, s := time.Now(), o.store
	ago, soon := now.Add(-time.Hour), now.Add(time.Minute)
	res := booking.Result{TrackingNumber: "1Z" + me, Document: booking.DocumentReady}
	n := random.IntN(12)
	switch {
	case r.Status == booking.Pending && len(r.Late) > 0, r.Status == booking.Failed && len(r.Late) > 0:
		return s.Reopen(ctx, tenant, r, now, soon)
	case r.Status == booking.Pending && !r.CancelWanted.IsZero():
		return s.Cancel(ctx, tenant, r, now, soon)
	case r.Status == booking.Pending && n == 0:
		return s.Drop(ctx, tenant, r, booking.Failure{Code: "expired"}, now, soon)
	case r.Status == booking.Pending && n == 1:
		return s.Cancel(ctx, tenant, r, now, soon)
	case r.Status == booking.Pending:
		return s.Claim(ctx, tenant, booking.Claim{Mode: r.Mode, ID: r.ID, Me: me, Request: r.RequestFP, Now: now, Lease: ago, SendBy: soon, Account: "ca_1", Service: "ground"})
	case r.Status == booking.Booking && n == 0, r.Status == booking.Failed && n == 0:
		return s.Late(ctx, tenant, r.Mode, r.ID, "L"+me, now, soon)
	case r.Status == booking.Booking && n < 3:
		return s.Unknown(ctx, tenant, r, now, now)
	case r.Status == booking.Booking && n < 6:
		return s.Back(ctx, tenant, r, booking.CauseThrottled, now, now, soon)
	case r.Status == booking.Booking && n < 9:
		return s.Refused(ctx, tenant, r, booking.Failure{Code: "refused"}, now, soon)
	case r.Status == booking.Booking:
		return s.BookedOpen(ctx, tenant, r, res, now, soon)
	case r.Status == booking.Booked && !r.CancelWanted.IsZero():
		return s.Void(ctx, tenant, r, me, now, soon, soon)
	case r.Status == booking.Cancelling && n < 4:
		return s.VoidNo(ctx, tenant, r, booking.Failure{Code: "no"}, now, soon)
	case r.Status == booking.Cancelling && n < 6:
		return s.VoidBack(ctx, tenant, r, now, now, soon)
	case r.Status == booking.Cancelling:
		return s.Voided(ctx, tenant, r, now, soon)
	case r.Status == booking.Unknown && r.Owner == "":
		return s.Recover(ctx, tenant, r.Mode, r.ID, me, now, soon)
	case r.Status == booking.Unknown && n < 6:
		return s.Absent(ctx, tenant, r, now, now, soon)
	case r.Status == booking.Unknown:
		return s.AdoptOpen(ctx, tenant, r, res, nil, now, soon)
	}
	return r, nil
}

// run lets clients and the platform work at once and returns what the clients saw.
func (o *office) run(seed uint64, clients, calls int) []linear.Op {
	ctx, stop := context.WithCancel(o.t.Context())
	var shippers, workers sync.WaitGroup
	for n := range clients {
		shippers.Go(func() { o.client(n, rand.New(rand.NewPCG(seed, uint64(n))), calls) })
	}
	for n := range 2 {
		workers.Go(func() { o.platform(ctx, rand.New(rand.NewPCG(seed, uint64(100+n)))) })
	}
	shippers.Wait()
	stop()
	workers.Wait()
	return o.ops
}
