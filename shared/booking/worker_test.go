package booking_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

func TestBooking(t *testing.T) {
	t.Run("a yes is booked with its label, and a repeated message books nothing", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(done("1Z1"))
		id := d.accepted()
		d.book(id)
		r := d.want(id, booking.Booked)
		if r.TrackingNumber != "1Z1" || r.Charge.Minor != 999 || r.Account != acct || r.Service != "ground" || !r.Due.IsZero() || r.Owner != "" {
			t.Errorf("%+v", r)
		}
		d.book(id)
		if d.carrier.booked != 1 {
			t.Errorf("%d calls", d.carrier.booked)
		}
		if ref := d.carrier.orders[0].Reference; len(ref) > 30 || ref != booking.Reference(id) {
			t.Errorf("reference %q", ref)
		}
	})
	t.Run("the numbers of all parcels are kept, and the customs invoice beside the label", func(t *testing.T) {
		d := newDesk(t)
		o := done("1Z1")
		o.Booking.Numbers, o.Booking.Invoice = []string{"1Z1", "1Z2", "1Z3"}, &ship.Label{Format: ship.PDF, Pages: [][]byte{[]byte("%PDF")}}
		d.carrier.book = always(o)
		id := d.accepted()
		d.book(id)
		if r := d.want(id, booking.Booked); r.TrackingNumber != "1Z1" || !slices.Equal(r.Numbers, []string{"1Z2", "1Z3"}) {
			t.Errorf("number %s, further %v", r.TrackingNumber, r.Numbers)
		}
		if l, err := d.store.Invoice(d.ctx, tenant, ship.Test, id, "1Z1"); err != nil || l.Format != ship.PDF {
			t.Errorf("invoice %v, %v", l, err)
		}
	})
	t.Run("an invoice that can't be stored delays nothing", func(t *testing.T) {
		d := newDesk(t)
		o := done("1Z1")
		o.Booking.Invoice = &ship.Label{Format: ship.PDF, Pages: [][]byte{[]byte("%PDF")}}
		d.carrier.book = always(o)
		d.worker.Papers = withoutInvoices{d.store}
		id := d.accepted()
		d.book(id)
		if r := d.want(id, booking.Booked); r.Document != booking.DocumentReady || !r.Due.IsZero() {
			t.Errorf("document %s, due %v", r.Document, r.Due)
		}
	})
	t.Run("a definite no is failed with the carrier's words, and its evidence is kept", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(carrier.Outcome{Kind: carrier.Refused, Code: "120802", Message: "Address validation error"})
		id := d.accepted()
		d.book(id)
		r := d.want(id, booking.Failed)
		if r.Failure == nil || *r.Failure != (booking.Failure{Source: "carrier", Code: "120802", Detail: "Address validation error"}) || !r.Due.IsZero() {
			t.Errorf("failure %v, due %v", r.Failure, r.Due)
		}
	})
	t.Run("an expired token is refreshed and the segment repeated, once", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = func(n int) carrier.Outcome {
			if n == 1 {
				return carrier.Outcome{Kind: carrier.Unauthenticated}
			}
			return done("1Z1")
		}
		id := d.accepted()
		d.book(id)
		if r := d.want(id, booking.Booked); r.Attempts != 1 || d.carrier.booked != 2 {
			t.Errorf("attempts %d, calls %d", r.Attempts, d.carrier.booked)
		}
	})
	t.Run("a 401 storm goes back to pending after one refresh and waits", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(carrier.Outcome{Kind: carrier.Unauthenticated})
		id := d.accepted()
		d.book(id)
		if r := d.want(id, booking.Pending); d.carrier.booked != 2 || !r.NotBefore.After(d.now) {
			t.Errorf("calls %d, not before %v", d.carrier.booked, r.NotBefore)
		}
	})
	t.Run("429 waits as long as the carrier asks, and a message before that comes back", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(carrier.Outcome{Kind: carrier.Throttled, RetryAfter: 42 * time.Second})
		id := d.accepted()
		d.book(id)
		if r := d.want(id, booking.Pending); !r.NotBefore.Equal(d.now.Add(42 * time.Second)) {
			t.Errorf("not before %v", r.NotBefore)
		}
		d.tick(2 * time.Second)
		d.book(id)
		if d.carrier.booked != 1 || len(d.sent.sent) != 1 || d.sent.sent[0].Delay != 40*time.Second {
			t.Errorf("calls %d, sent %v", d.carrier.booked, d.sent.sent)
		}
	})
	t.Run("a lost login ends the shipment with what to do; an unreachable one waits without a claim", func(t *testing.T) {
		d := newDesk(t)
		id := d.accepted()
		d.carrier.login = errors.New("token endpoint is down")
		d.book(id)
		if r := d.want(id, booking.Pending); r.Attempts != 0 || len(d.sent.sent) != 1 {
			t.Errorf("attempts %d, sent %d", r.Attempts, len(d.sent.sent))
		}
		d.carrier.login = &carrier.LoginRefused{Code: "10401", Message: "ClientId is Invalid"}
		d.book(id)
		if r := d.want(id, booking.Failed); r.Failure.Code != "login_refused" || !strings.Contains(r.Failure.Detail, "PATCH /v1/carrier-accounts/ca_1") || d.carrier.booked != 0 {
			t.Errorf("failure %v, calls %d", r.Failure, d.carrier.booked)
		}
	})
	t.Run("after a day without a possible attempt it is given up with the cause", func(t *testing.T) {
		d := newDesk(t)
		id := d.accepted()
		d.carrier.login = errors.New("token endpoint is down")
		d.tick(24*time.Hour + time.Second)
		d.book(id)
		if r := d.want(id, booking.Failed); r.Failure.Code != "login_unavailable" {
			t.Errorf("failure %v", r.Failure)
		}
	})
	t.Run("a deleted account fails the shipment", func(t *testing.T) {
		d := newDesk(t)
		id := d.accepted()
		d.account.ID = "ca_other"
		d.book(id)
		if r := d.want(id, booking.Failed); r.Failure.Code != "carrier_account_missing" {
			t.Errorf("failure %v", r.Failure)
		}
	})
	t.Run("a message for a shipment nobody has is poison, and nothing comes into being", func(t *testing.T) {
		d := newDesk(t)
		id := d.accepted()
		m := d.message(id, booking.TypeBook)
		for name, change := range map[string]func(*queue.Message){
			"unknown id": func(m *queue.Message) { m.Shipment = "shp_unknown" }, "foreign tenant": func(m *queue.Message) { m.Tenant = "tn_2" },
			"other mode": func(m *queue.Message) { m.Mode = ship.Live }, "wrong type": func(m *queue.Message) { m.Type = "recover" }, "no hint": func(m *queue.Message) { m.Data = nil },
		} {
			bad := m
			change(&bad)
			err := d.worker.Handle(d.ctx, bad)
			if reason, ok := queue.IsPoison(err); !ok || reason == "" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if d.carrier.booked != 0 {
			t.Errorf("%d carrier calls", d.carrier.booked)
		}
	})
}

// withoutInvoices is a store that takes none.
type withoutInvoices struct{ booking.Papers }

func (withoutInvoices) PutInvoice(context.Context, string, ship.Mode, string, string, ship.Label) error {
	return errors.New("the bucket is away")
}

// TestLostAcknowledgements applies each write and loses its acknowledgement, so that the worker makes it twice.
func TestLostAcknowledgements(t *testing.T) {
	t.Run("a claim whose acknowledgement was lost is held, and booked once", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(done("1Z1"))
		id := d.accepted()
		d.worker.Claimer = twice{d.store}
		d.book(id)
		if r := d.want(id, booking.Booked); r.Attempts != 1 || d.carrier.booked != 1 {
			t.Errorf("attempts %d, calls %d", r.Attempts, d.carrier.booked)
		}
	})
	t.Run("a result whose acknowledgement was lost is recognised by its number", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(done("1Z1"))
		id := d.accepted()
		d.worker.Results = twiceResults{d.store}
		d.book(id)
		if r := d.want(id, booking.Booked); r.Late != nil || r.Version != 3 {
			t.Errorf("late %v, version %d", r.Late, r.Version)
		}
	})
}

// twice makes each claim twice, as an SDK does that lost the first answer.
type twice struct{ booking.Claimer }

func (c twice) Claim(ctx context.Context, tenant string, cl booking.Claim) (booking.Record, error) {
	if _, err := c.Claimer.Claim(ctx, tenant, cl); err != nil {
		return booking.Record{}, err
	}
	return c.Claimer.Claim(ctx, tenant, cl)
}

type twiceResults struct{ booking.Results }

func (c twiceResults) Booked(ctx context.Context, tenant string, r booking.Record, res booking.Result, now time.Time) (booking.Record, error) {
	if _, err := c.Results.Booked(ctx, tenant, r, res, now); err != nil {
		return booking.Record{}, err
	}
	return c.Results.Booked(ctx, tenant, r, res, now)
}

func TestAWishToCancelGoesBeforeAnImpossibleAttempt(t *testing.T) {
	d := newDesk(t)
	id := d.accepted()
	_, err := d.store.DB.UpdateItem(d.ctx, &dynamodb.UpdateItemInput{
		TableName: &d.store.Tables.Shipments, Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: dynamo.ShipmentKey(tenant, ship.Test, id)}},
		UpdateExpression: aws.String("SET cw=:t"), ExpressionAttributeValues: map[string]types.AttributeValue{":t": &types.AttributeValueMemberN{Value: "1800000000000"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	d.account.ID = "ca_gone"
	d.book(id)
	d.want(id, booking.Cancelled) // not failed: a DROP would leave the wish behind, and cancel what is confirmed later
}
