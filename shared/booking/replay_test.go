package booking_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

// The calls of creating and confirming, as metered says them.
const (
	putAlias   = "PutItem shipments 1"
	putRequest = "PutItem documents 1"
	putDraft   = "PutItem shipments 2" // with the list index
	putPending = "PutItem shipments 3" // with the open index as well
	refusedDoc = "PutItem documents 1 refused"
	readState  = "GetItem shipments 0"
	readDoc    = "GetItem documents 0"
	confirms   = "UpdateItem shipments 2"
	noConfirm  = "UpdateItem shipments 1 refused"
)

// metered is a desk whose every DynamoDB call is counted, with its whole write units.
type metered struct {
	*desk
	mu    sync.Mutex
	calls []string
}

func newMetered(t *testing.T) *metered {
	m := &metered{desk: newDesk(t)}
	m.store.DB = dynamodb.New(dynamodb.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(dynamotest.URL(t)), Retryer: dynamotest.OnlyConnections(), Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	}, dynamodb.WithAPIOptions(dynamo.Meter(m.record)))
	m.service.Answers = booking.NewAnswers(100)
	return m
}

func (m *metered) record(_ context.Context, r dynamo.Reading) {
	call := fmt.Sprintf("%s %s %d", r.Operation, r.Table[strings.LastIndex(r.Table, "-")+1:], r.Write/1000)
	if r.Refused {
		call += " refused"
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls = append(m.calls, call)
}

// costs fails the test unless what was done since the last time made exactly these calls.
func (m *metered) costs(t *testing.T, want ...string) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if got := m.calls; !cmp.Equal(got, want) && len(got)+len(want) > 0 {
		t.Errorf("calls %q, want %q", got, want)
	}
	m.calls = nil
}

// elsewhere is the same service in another process.
func (m *metered) elsewhere() *booking.Service {
	other := *m.service
	other.Answers = booking.NewAnswers(100)
	return &other
}

// is fails the test unless a call was answered so.
func is(t *testing.T, a booking.Accepted, err error, st booking.Status, replayed bool) {
	t.Helper()
	if err != nil || a.Record.Status != st || a.Replayed != replayed || a.Shipment.Service == "" {
		t.Errorf("%s, replayed %v, service %q, %v; want %s, replayed %v", a.Record.Status, a.Replayed, a.Shipment.Service, err, st, replayed)
	}
}

func (m *metered) create(t *testing.T, s *booking.Service, o booking.Order, st booking.Status, replayed bool) booking.Accepted {
	t.Helper()
	a, err := s.Create(m.ctx, tenant, ship.Test, o)
	is(t, a, err, st, replayed)
	return a
}

func (m *metered) confirm(t *testing.T, s *booking.Service, id, key string, st booking.Status, replayed bool) {
	t.Helper()
	a, err := s.Confirm(m.ctx, tenant, ship.Test, id, 1, key)
	is(t, a, err, st, replayed)
}

// forget drops the calls counted so far.
func (m *metered) forget() { m.mu.Lock(); defer m.mu.Unlock(); m.calls = nil }

func TestReplayOfACreate(t *testing.T) {
	t.Run("pending costs one read of the state, booked none for two seconds, then one", func(t *testing.T) {
		m := newMetered(t)
		m.carrier.book = always(done("1Z1"))
		o := m.order("r", true)
		first := m.create(t, m.service, o, booking.Pending, false)
		m.costs(t, putRequest, putPending)
		if again := m.create(t, m.service, o, booking.Pending, true); !cmp.Equal(again.Shipment, first.Shipment) || !cmp.Equal(again.Record, first.Record) {
			t.Errorf("the replay differs: %s", cmp.Diff(again, first))
		}
		m.costs(t, readState)
		m.book(first.Record.ID)
		m.forget()
		m.create(t, m.service, o, booking.Booked, true)
		m.costs(t, readState)
		for range 3 { // being shown does not make it younger
			m.tick(500 * time.Millisecond)
			m.create(t, m.service, o, booking.Booked, true)
		}
		m.costs(t)
		m.tick(500 * time.Millisecond)
		m.create(t, m.service, o, booking.Booked, true)
		m.costs(t, readState)
	})
	t.Run("cold it costs the refused document and the read of the state; a key one write more", func(t *testing.T) {
		m := newMetered(t)
		o := m.order("r", true)
		m.create(t, m.service, o, booking.Pending, false)
		m.forget()
		m.create(t, m.elsewhere(), o, booking.Pending, true)
		m.costs(t, refusedDoc, readState)
		o.Key = "k"
		m.create(t, m.service, o, booking.Pending, true)
		m.costs(t, putAlias, refusedDoc, readState)
		for range 2 {
			m.create(t, m.service, o, booking.Pending, true)
			m.costs(t, readState)
		}
		second := m.order("r2", true)
		second.Key = "k"
		if _, err := m.service.Create(m.ctx, tenant, ship.Test, second); !isTaken(err) {
			t.Errorf("a key that names another shipment: %v", err)
		}
	})
	t.Run("what another process confirms is seen after two seconds at the latest", func(t *testing.T) {
		m := newMetered(t)
		m.carrier.book = always(carrier.Outcome{Kind: carrier.Refused, Code: "1"})
		o := m.order("r", true)
		r := m.create(t, m.service, o, booking.Pending, false).Record
		m.book(r.ID)
		m.create(t, m.service, o, booking.Failed, true)
		if _, err := m.elsewhere().Confirm(m.ctx, tenant, ship.Test, r.ID, m.desk.record(r.ID).Version, "k"); err != nil {
			t.Fatal(err)
		}
		m.tick(2*time.Second - time.Millisecond)
		m.create(t, m.service, o, booking.Failed, true)
		m.tick(time.Millisecond)
		m.create(t, m.service, o, booking.Pending, true)
	})
	t.Run("what this process confirms is seen at once", func(t *testing.T) {
		m := newMetered(t)
		m.carrier.book = always(carrier.Outcome{Kind: carrier.Refused, Code: "1"})
		o := m.order("r", true)
		r := m.create(t, m.service, o, booking.Pending, false).Record
		m.book(r.ID)
		failed := m.create(t, m.service, o, booking.Failed, true).Record
		if _, err := m.service.Confirm(m.ctx, tenant, ship.Test, r.ID, failed.Version, "k"); err != nil {
			t.Fatal(err)
		}
		m.create(t, m.service, o, booking.Pending, true)
	})
	t.Run("a GET is never served from memory", func(t *testing.T) {
		m := newMetered(t)
		m.carrier.book = always(done("1Z1"))
		id := m.create(t, m.service, m.order("r", true), booking.Pending, false).Record.ID
		m.book(id)
		m.create(t, m.service, m.order("r", true), booking.Booked, true)
		m.forget()
		a, err := m.service.Get(m.ctx, tenant, ship.Test, id)
		is(t, a, err, booking.Booked, false)
		m.costs(t, readState, readDoc)
	})
	t.Run("cancelled is shown for an hour without a call", func(t *testing.T) {
		m := newMetered(t)
		o := m.order("r", true)
		r := m.create(t, m.service, o, booking.Pending, false).Record
		if _, err := m.store.Cancel(m.ctx, tenant, r, m.clock(), m.clock()); err != nil {
			t.Fatal(err)
		}
		m.create(t, m.service, o, booking.Cancelled, true)
		m.forget()
		m.tick(time.Hour - time.Millisecond)
		m.create(t, m.service, o, booking.Cancelled, true)
		m.costs(t)
		m.tick(time.Millisecond)
		m.create(t, m.service, o, booking.Cancelled, true)
		m.costs(t, readState)
	})
	t.Run("a retry is answered even when its account is gone", func(t *testing.T) {
		m := newMetered(t)
		m.create(t, m.service, m.order("r", true), booking.Pending, false)
		m.account.ID = "ca_gone"
		m.forget()
		m.create(t, m.service, m.order("r", true), booking.Pending, true)
		m.costs(t, readState)
	})
	t.Run("another body is refused as ever", func(t *testing.T) {
		m := newMetered(t)
		m.carrier.book = always(done("1Z1"))
		o := m.order("r", true)
		id := m.create(t, m.service, o, booking.Pending, false).Record.ID
		m.book(id)
		m.create(t, m.service, o, booking.Booked, true)
		o.Fingerprint, o.Shipment.Parcels = "other", []ship.Parcel{{Weight: 7}}
		if _, err := m.service.Create(m.ctx, tenant, ship.Test, o); !isTaken(err) {
			t.Errorf("another body: %v", err)
		}
	})
}

func isTaken(err error) bool { _, ok := errors.AsType[*booking.Taken](err); return ok }

func TestReplayOfADraft(t *testing.T) {
	t.Run("it is read each time", func(t *testing.T) {
		m := newMetered(t)
		m.create(t, m.service, m.order("r", false), booking.Draft, false)
		m.costs(t, putRequest, putDraft)
		for range 2 {
			m.create(t, m.service, m.order("r", false), booking.Draft, true)
			m.costs(t, readState)
		}
	})
	t.Run("with confirm it is confirmed", func(t *testing.T) {
		m := newMetered(t)
		m.create(t, m.service, m.order("r", false), booking.Draft, false)
		m.forget()
		m.create(t, m.service, m.order("r", true), booking.Pending, false)
		m.costs(t, readState, confirms)
		m.create(t, m.service, m.order("r", true), booking.Pending, true)
		m.costs(t, readState)
	})
	t.Run("once expired it is created anew, with another body as well", func(t *testing.T) {
		for name, change := range map[string]func(*booking.Order){
			"the same body": func(*booking.Order) {},
			"another":       func(o *booking.Order) { o.Fingerprint, o.Shipment.OrderNumber = "other", "7" },
		} {
			t.Run(name, func(t *testing.T) {
				m := newMetered(t)
				m.carrier.book = always(done("1Z1"))
				o := m.order("r", false)
				r := m.create(t, m.service, o, booking.Draft, false).Record
				m.create(t, m.service, o, booking.Draft, true)
				m.expire(t, r.ID)
				change(&o)
				o.Confirm = true
				made := m.create(t, m.service, o, booking.Pending, false)
				m.book(made.Record.ID)
				m.forget()
				again := m.create(t, m.service, o, booking.Booked, true)
				m.costs(t, readState)
				if again.Shipment.OrderNumber != o.Shipment.OrderNumber {
					t.Errorf("replayed with order number %q", again.Shipment.OrderNumber)
				}
			})
		}
	})
}

func TestReplayAfterAnotherTookTheReference(t *testing.T) {
	m := newMetered(t)
	o := m.order("r", false)
	r := m.create(t, m.service, o, booking.Draft, false).Record
	m.expire(t, r.ID)
	other := o
	other.Fingerprint = "other"
	m.create(t, m.elsewhere(), other, booking.Draft, false)
	if _, err := m.service.Create(m.ctx, tenant, ship.Test, o); !isTaken(err) {
		t.Errorf("the draft that has expired: %v", err)
	}
}

// expire takes a state item away as its TTL does.
func (m *metered) expire(t *testing.T, id string) {
	t.Helper()
	_, err := m.store.DB.DeleteItem(m.ctx, &dynamodb.DeleteItemInput{TableName: &m.store.Tables.Shipments,
		Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: dynamo.ShipmentKey(tenant, ship.Test, id)}}})
	if err != nil {
		t.Fatal(err)
	}
}

func TestReplayOfAConfirm(t *testing.T) {
	t.Run("pending costs one read of the state, booked none for two seconds", func(t *testing.T) {
		m := newMetered(t)
		m.carrier.book = always(done("1Z1"))
		id := m.create(t, m.elsewhere(), m.order("r", false), booking.Draft, false).Record.ID
		m.forget()
		m.confirm(t, m.service, id, "k", booking.Pending, false)
		m.costs(t, confirms, readDoc)
		m.confirm(t, m.service, id, "k", booking.Pending, true)
		m.costs(t, readState)
		m.book(id)
		m.forget()
		m.confirm(t, m.service, id, "k", booking.Booked, true)
		m.costs(t, readState)
		m.confirm(t, m.service, id, "k", booking.Booked, true)
		m.costs(t)
		for _, foreign := range []struct {
			tenant string
			mode   ship.Mode
		}{{"tn_2", ship.Test}, {tenant, ship.Live}} {
			if _, err := m.service.Confirm(m.ctx, foreign.tenant, foreign.mode, id, 1, "k"); !errors.Is(err, booking.ErrNotFound) {
				t.Errorf("%s in %s: %v", foreign.tenant, foreign.mode, err)
			}
		}
		m.forget()
		m.tick(2 * time.Second)
		m.confirm(t, m.service, id, "k", booking.Booked, true)
		m.costs(t, readState)
		m.confirm(t, m.elsewhere(), id, "k", booking.Booked, true)
		m.costs(t, noConfirm, readDoc)
		if _, err := m.service.Confirm(m.ctx, tenant, ship.Test, id, 1, "another"); !isStale(err) {
			t.Errorf("another key: %v", err)
		}
	})
	t.Run("a key that a later confirm replaced goes the whole way", func(t *testing.T) {
		m := newMetered(t)
		m.carrier.book = always(carrier.Outcome{Kind: carrier.Refused, Code: "1"})
		id := m.create(t, m.elsewhere(), m.order("r", false), booking.Draft, false).Record.ID
		m.confirm(t, m.service, id, "k", booking.Pending, false)
		m.book(id)
		if _, err := m.elsewhere().Confirm(m.ctx, tenant, ship.Test, id, m.desk.record(id).Version, "k2"); err != nil {
			t.Fatal(err)
		}
		if _, err := m.service.Confirm(m.ctx, tenant, ship.Test, id, 1, "k"); !isStale(err) {
			t.Errorf("%v", err)
		}
	})
}

// TestClaimCosts: the claim is the intent, in one call.
func TestClaimCosts(t *testing.T) {
	m := newMetered(t)
	made := m.create(t, m.service, m.order("r", true), booking.Pending, false).Record
	id, fp := made.ID, made.RequestFP
	claim := func(me string) error {
		_, err := m.store.Claim(m.ctx, tenant, booking.Claim{Mode: ship.Test, ID: id, Me: me, Request: fp, Now: m.clock(), Lease: m.clock().Add(time.Minute), SendBy: m.clock(), Account: acct, Service: "ground"})
		return err
	}
	m.forget()
	if err := claim("a"); err != nil {
		t.Fatal(err)
	}
	m.costs(t, "UpdateItem shipments 1")
	for _, me := range []string{"b", "a"} {
		if refused, ok := errors.AsType[*booking.Refused](claim(me)); !ok || refused.Old.Owner != "a" {
			t.Errorf("claimed again by %s: %v", me, refused)
		}
		m.costs(t, "UpdateItem shipments 1 refused")
	}
}
