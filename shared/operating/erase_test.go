package operating_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/batch"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/operating"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

// objects are what is in the bucket, by tenant.
type objects map[string]int

func (o objects) EraseTenant(_ context.Context, tenant string) (erased int, more bool, err error) {
	if o[tenant] == 0 {
		return 0, false, nil
	}
	o[tenant]--
	return 1, true, nil
}

// person is what must not be found anywhere when a tenant is erased.
const person = "Jo Doe"

// furnish gives a tenant all that it can have.
func (r *room) furnish(tenant string) {
	r.t.Helper()
	r.tenant(tenant)
	for i := range 120 { // several pages
		b := r.booked(tenant, fmt.Sprint(person, i), fmt.Sprint("1Z", i))
		if _, err := r.PutRequest(r.ctx, tenant, ship.Test, b.ID, "fp", ship.Shipment{To: ship.Address{Name: person}}); err != nil {
			r.t.Fatal(err)
		}
	}
	failed := r.must(r.Refused(r.ctx, tenant, r.claimed(tenant, "failed"), booking.Failure{Source: "carrier", Code: "1", Detail: person + " is not known there"}, r.at, r.at))
	for _, err := range []error{
		r.PutLabel(r.ctx, tenant, ship.Test, failed.ID, "1Z0", ship.Label{Format: ship.ZPL, Pages: [][]byte{[]byte(person)}}, answerOf(person)),
		r.PutRaw(r.ctx, tenant, ship.Test, failed.ID, 1, answerOf(person)),
		r.PutCarrierAccount(r.ctx, tenant, account.Carrier{ID: "ca_9", Mode: ship.Test, Carrier: "ups", Number: "A1B2C3", Sealed: []byte("credentials"), CreatedAt: r.at}),
		r.PutAPIKey(r.ctx, tenant, account.Key{ID: "k" + tenant, Tenant: tenant, Name: person, Mode: ship.Test, Scopes: account.AllScopes(), Hash: []byte("h"), CreatedAt: r.at}),
		r.PutEndpoint(r.ctx, tenant, callback.Endpoint{ID: "ce_" + tenant, URL: "https://example.com/", Mode: ship.Test, CreatedAt: r.at, Secrets: []callback.Secret{{Sealed: []byte("s")}}}),
		r.RecordDelivery(r.ctx, tenant, callback.Delivery{Endpoint: "ce_" + tenant, EventID: "evt_1", OccurredAt: r.at, Type: "shipment.booked", Shipment: failed.ID, State: callback.Failed, Answer: person, At: r.at}),
	} {
		if err != nil {
			r.t.Fatal(err)
		}
	}
}

// left counts what a tenant still has: documents, items of Accounts, deliveries.
func (r *room) left(tenant string) (documents, settings, deliveries int) {
	r.t.Helper()
	count := func(table, pk string) int {
		out, err := r.DB.Query(r.ctx, &dynamodb.QueryInput{TableName: &table, KeyConditionExpression: aws.String("pk=:pk"), ExpressionAttributeValues: map[string]types.AttributeValue{":pk": &types.AttributeValueMemberS{Value: pk}}})
		if err != nil {
			r.t.Fatal(err)
		}
		return len(out.Items)
	}
	for i := range 120 {
		documents += count(r.Tables.Documents, tenant+"#test#"+booking.IDByReference(tenant, ship.Test, fmt.Sprint(person, i)))
	}
	documents += count(r.Tables.Documents, tenant+"#test#"+booking.IDByReference(tenant, ship.Test, "failed"))
	return documents, count(r.Tables.Accounts, tenant) + count(r.Tables.Accounts, "KEY#k"+tenant), count(r.Tables.Deliveries, "ce_"+tenant+"#"+time.UnixMilli(1_800_000_000_000).UTC().Format("2006010215"))
}

// batch makes a batch, whose correlation id names a person.
func (r *room) batch(tenant, id string) batch.Batch {
	r.t.Helper()
	b, err := r.OpenBatch(r.ctx, tenant, batch.Batch{Tenant: tenant, Mode: ship.Test, ID: id, Status: batch.Processing, Version: 1, Correlation: "of " + person, Rows: 10, Due: r.at, Created: r.at, Updated: r.at})
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

// waiting are the items of a tenant that wake or an operator's list would find.
func (r *room) waiting(tenant string) (found []string) {
	r.t.Helper()
	keep := func(keys []booking.Record, _ string, err error) {
		if err != nil {
			r.t.Fatal(err)
		}
		for _, k := range keys {
			if k.Tenant == tenant {
				found = append(found, k.ID)
			}
		}
	}
	for shard := range dynamo.Shards {
		keep(r.Unfinished(r.ctx, shard, 100, ""))
	}
	for _, kind := range []string{"held", "void"} {
		keep(r.Held(r.ctx, kind, 100, ""))
	}
	return found
}

func (r *room) eraser(bucket objects) *operating.Eraser {
	return &operating.Eraser{Tenants: r.Store, Holdings: r.Store, Shredder: r.Store, Evictor: r.Store, Objects: bucket, Now: r.clock, Quiet: time.Minute}
}

// erased erases tenant tn_1, call by call, until it is done or refused.
func (r *room) erased(x *operating.Eraser, in operating.EraseRequest) (operating.EraseAnswer, error) {
	r.t.Helper()
	in.Caller, in.Tenant = ada, "tn_1"
	total := map[string]int{}
	for range 100 {
		out, err := x.Erase(r.ctx, in)
		for what, n := range out.Erased {
			total[what] += n
		}
		if out.Erased = total; err != nil || out.Done {
			return out, err
		}
		if in.Cursor = out.Cursor; in.Cursor == "" {
			r.t.Fatal("neither done nor to be gone on with")
		}
	}
	r.t.Fatal("no end")
	return operating.EraseAnswer{}, nil
}

func TestErase(t *testing.T) { dynamotest.Each(t, testErase) }

func testErase(t *testing.T) {
	r := newRoom(t)
	r.furnish("tn_1")
	r.furnish("tn_2")
	bucket := objects{"tn_1": 3, "tn_2": 3}
	x := r.eraser(bucket)
	erase := func(in operating.EraseRequest) (operating.EraseAnswer, error) { return r.erased(x, in) }
	refused := func(t *testing.T, say string) {
		t.Helper()
		if _, err := erase(operating.EraseRequest{}); !isRefused(err) || !strings.Contains(err.Error(), say) {
			t.Fatalf("%v, want %q", err, say)
		}
		if d, s, _ := r.left("tn_1"); d != 122 || s != 5 {
			t.Fatalf("%d documents and %d settings are left", d, s)
		}
	}
	t.Run("a tenant that works is not erased, nor one that was just suspended", func(t *testing.T) {
		refused(t, "not suspended")
		if _, err := r.UpdateTenant(r.ctx, "tn_1", account.TenantChange{Suspended: &r.at}); err != nil {
			t.Fatal(err)
		}
		refused(t, "was suspended 0s ago")
	})
	r.at = r.at.Add(time.Hour)
	t.Run("nor one with unfinished shipments: they are counted", func(t *testing.T) {
		held := r.held("tn_1", "held")
		if _, err := r.PutRequest(r.ctx, "tn_1", ship.Test, held.ID, "fp", ship.Shipment{}); err != nil {
			t.Fatal(err)
		}
		refused(t, "1 shipments and 0 batches of tenant tn_1 are unfinished, the first "+held.ID)
	})
	t.Run("told to abandon them it erases all, and nothing of another tenant", func(t *testing.T) {
		if _, err := erase(operating.EraseRequest{Abandon: true}); err != nil {
			t.Fatal(err)
		}
		if d, s, n := r.left("tn_1"); d != 0 || s != 1 || n != 0 || bucket["tn_1"] != 0 {
			t.Errorf("%d documents, %d settings, %d deliveries, %d objects are left", d, s, n, bucket["tn_1"])
		}
		if d, s, n := r.left("tn_2"); d != 122 || s != 5 || n != 1 || bucket["tn_2"] != 3 {
			t.Errorf("of another: %d documents, %d settings, %d deliveries, %d objects", d, s, n, bucket["tn_2"])
		}
		if _, err := r.APIKey(r.ctx, "ktn_1"); !errors.Is(err, account.ErrNotFound) {
			t.Errorf("its key: %v", err)
		}
		if who, err := r.Store.Tenant(r.ctx, "tn_1"); err != nil || who.Name != "" || who.Erased.IsZero() || who.Suspended.IsZero() {
			t.Errorf("%+v, %v", who, err)
		}
	})
	t.Run("what stays of a shipment names no person", func(t *testing.T) {
		b, err := r.Record(r.ctx, "tn_1", ship.Test, booking.IDByReference("tn_1", ship.Test, person+"7"))
		if err != nil || b.Status != booking.Booked || b.TrackingNumber != "1Z7" || b.Reference != "" || b.Correlation != "" || len(b.History) != int(b.Version) {
			t.Errorf("%+v, %v", b, err)
		}
		f, err := r.Record(r.ctx, "tn_1", ship.Test, booking.IDByReference("tn_1", ship.Test, "failed"))
		if err != nil || f.Failure != nil || f.Status != booking.Failed {
			t.Errorf("%+v, %v", f, err)
		}
	})
	t.Run("erased again it finds nothing", func(t *testing.T) {
		out, err := erase(operating.EraseRequest{Abandon: true})
		if err != nil || out.Erased["documents"]+out.Erased["settings"]+out.Erased["deliveries"]+out.Erased["objects"] != 0 {
			t.Errorf("%+v, %v", out, err)
		}
	})
	t.Run("a cursor of nobody's is refused", func(t *testing.T) {
		for _, c := range []string{"%", "eyJzIjo5fQ", "eyJwIjotMX0"} {
			if _, err := x.Erase(r.ctx, operating.EraseRequest{Caller: ada, Tenant: "tn_1", Cursor: c}); !errors.Is(err, operating.ErrBadCursor) {
				t.Errorf("%s: %v", c, err)
			}
		}
	})
}

func TestEraseWithBatches(t *testing.T) { dynamotest.Each(t, testEraseWithBatches) }

func testEraseWithBatches(t *testing.T) {
	r := newRoom(t)
	r.tenant("tn_1")
	open, stopped, done := r.batch("tn_1", "bat_open"), r.batch("tn_1", "bat_stopped"), r.batch("tn_1", "bat_done")
	if _, err := r.StopBatch(r.ctx, "tn_1", stopped, r.at, r.at); err != nil {
		t.Fatal(err)
	}
	if b, err := r.TakeBatch(r.ctx, "tn_1", done, "w1", r.at, r.at.Add(time.Minute), r.at); err != nil {
		t.Fatal(err)
	} else if _, err := r.AdvanceBatch(r.ctx, "tn_1", b, b.Rows, b.Rows, 0, r.at); err != nil {
		t.Fatal(err)
	}
	if _, err := r.UpdateTenant(r.ctx, "tn_1", account.TenantChange{Suspended: &r.at}); err != nil {
		t.Fatal(err)
	}
	r.at = r.at.Add(time.Hour)
	t.Run("unfinished batches are counted, and one is named", func(t *testing.T) {
		_, err := r.erased(r.eraser(objects{}), operating.EraseRequest{})
		if !isRefused(err) || !strings.Contains(err.Error(), "0 shipments and 2 batches of tenant tn_1 are unfinished, the first bat_o") {
			t.Errorf("%v", err)
		}
		if b, err := r.Batch(r.ctx, "tn_1", ship.Test, open.ID); err != nil || b.Correlation == "" {
			t.Errorf("%+v, %v", b, err)
		}
	})
	t.Run("what stays of a batch names no person", func(t *testing.T) {
		if _, err := r.erased(r.eraser(objects{}), operating.EraseRequest{Abandon: true}); err != nil {
			t.Fatal(err)
		}
		for id, status := range map[string]batch.Status{open.ID: batch.Processing, stopped.ID: batch.Cancelling, done.ID: batch.Created} {
			if b, err := r.Batch(r.ctx, "tn_1", ship.Test, id); err != nil || b.Correlation != "" || b.Status != status || b.Rows != 10 {
				t.Errorf("%+v, %v", b, err)
			}
		}
	})
}

// What was abandoned is found neither by wake nor by an operator's list, and a second erasure has nothing to do.
func TestEraseLeavesNothingOpen(t *testing.T) { dynamotest.Each(t, testEraseLeavesNothingOpen) }

func testEraseLeavesNothingOpen(t *testing.T) {
	r := newRoom(t)
	for _, tenant := range []string{"tn_1", "tn_2"} {
		r.tenant(tenant)
		r.pending(tenant, "pending")
		r.unknown(tenant, "unknown")
		r.held(tenant, "held")
		r.heldVoid(tenant, "void", "1Z1")
		r.late(tenant, "late", "1Z2", "1Z3")
		r.booked(tenant, "booked", "1Z4")
		r.batch(tenant, "bat_"+tenant)
	}
	if _, err := r.UpdateTenant(r.ctx, "tn_1", account.TenantChange{Suspended: &r.at}); err != nil {
		t.Fatal(err)
	}
	r.at = r.at.Add(time.Hour)
	before := len(r.waiting("tn_1"))
	t.Run("of a tenant that is not erased nothing is taken out", func(t *testing.T) {
		keys, _, err := r.TenantKeys(r.ctx, "tn_1", ship.Test, false, 100, "")
		if err != nil || len(keys) != 6 {
			t.Fatal(keys, err)
		}
		if n, err := r.Retire(r.ctx, "tn_1", keys); err == nil || n != 0 || len(r.waiting("tn_1")) != before || before < 6 {
			t.Errorf("%d, %v, and %v wait", n, err, r.waiting("tn_1"))
		}
	})
	t.Run("abandoned, nothing waits any more", func(t *testing.T) {
		out, err := r.erased(r.eraser(objects{}), operating.EraseRequest{Abandon: true})
		if err != nil || out.Erased["abandoned"] != 6 {
			t.Fatalf("%+v, %v", out, err)
		}
		if left := r.waiting("tn_1"); len(left) != 0 {
			t.Errorf("%v wait", left)
		}
		rec, err := r.Record(r.ctx, "tn_1", ship.Test, booking.IDByReference("tn_1", ship.Test, "unknown"))
		if err != nil || rec.Status != booking.Unknown || len(rec.History) != int(rec.Version) {
			t.Errorf("%+v, %v", rec, err)
		}
	})
	t.Run("another tenant's wait as before", func(t *testing.T) {
		if n := len(r.waiting("tn_2")); n != before {
			t.Errorf("%d of %d wait", n, before)
		}
	})
	t.Run("erased again, and not told to abandon, it ends well", func(t *testing.T) {
		out, err := r.erased(r.eraser(objects{}), operating.EraseRequest{})
		if err != nil || !out.Done {
			t.Fatalf("%+v, %v", out, err)
		}
		for what, n := range out.Erased {
			if n != 0 {
				t.Errorf("%d %s", n, what)
			}
		}
	})
	t.Run("what was under way and came back is taken out by another erasure", func(t *testing.T) {
		id := booking.IDByReference("tn_1", ship.Test, "booked")
		r.must(r.Late(r.ctx, "tn_1", ship.Test, id, "1Z9", r.at, r.at))
		if len(r.waiting("tn_1")) != 1 {
			t.Fatalf("%v wait", r.waiting("tn_1"))
		}
		if out, err := r.erased(r.eraser(objects{}), operating.EraseRequest{}); err != nil || out.Erased["abandoned"] != 1 || len(r.waiting("tn_1")) != 0 {
			t.Errorf("%+v, %v", out, err)
		}
	})
}
