package dynamo_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

func TestEdit(t *testing.T) { dynamotest.Each(t, testEdit) }

func testEdit(t *testing.T) {
	edit := func(b *bench, r booking.Record) (booking.Record, error) {
		return b.Edit(b.ctx, tenant, r, "fp2", ship.Bulk, b.at, b.at.Add(time.Hour))
	}
	t.Run("a draft has other content and lives as long again", func(t *testing.T) {
		b := newBench(t)
		got := b.must(edit(b, b.create(booking.Draft)))
		if got.RequestFP != "fp2" || got.RequestFP0 != "fp0" || got.Priority != ship.Bulk || got.Status != booking.Draft || last(got).Cause != booking.CauseEdited {
			t.Errorf("%+v", got)
		}
		if n, ok := expires(b).(*types.AttributeValueMemberN); !ok || n.Value != "1800003600" {
			t.Errorf("expires %v", expires(b))
		}
	})
	t.Run("a failed one stays failed with its cause, and a service chosen for the old content is chosen anew", func(t *testing.T) {
		b := newBench(t)
		b.create(booking.Pending)
		r := b.must(b.Refused(b.ctx, tenant, b.must(b.claim("w1")), no, b.at, b.at))
		got := b.must(edit(b, r))
		if got.Status != booking.Failed || got.Failure == nil || got.Service != "" || got.Account != "ca_1" || expires(b) != nil {
			t.Errorf("%+v, expires %v", got, expires(b))
		}
	})
	t.Run("not what was seen in another version, is with the carrier, or has a late number", func(t *testing.T) {
		b := newBench(t)
		r := b.create(booking.Draft)
		b.must(edit(b, r))
		b.refused(edit(b, r))
		b = newBench(t)
		r = b.create(booking.Pending)
		b.refused(edit(b, r))
		b.must(b.Refused(b.ctx, tenant, b.must(b.claim("w1")), no, b.at, b.at))
		b.refused(edit(b, cameLate(b, "1Z9")))
	})
	t.Run("a claim of other content than is ordered is refused; one that comes back keeps its choice", func(t *testing.T) {
		b := newBench(t)
		b.create(booking.Draft)
		b.must(edit(b, b.must(b.Record(b.ctx, tenant, ship.Test, b.id))))
		b.must(b.Confirm(b.ctx, tenant, ship.Test, b.id, 2, "k", b.at, b.at))
		b.refused(b.claim("w1"))
		b = newBench(t)
		b.id += "2"
		b.create(booking.Pending)
		if got := b.must(b.Back(b.ctx, tenant, b.must(b.claim("w2")), booking.CauseThrottled, b.at, b.at, b.at)); got.Service == "" {
			t.Error("a choice that was claimed is made again")
		}
	})
}

// TestSize: the fullest of state items is written for one unit. Ten parcels beside the first and a refused void are more
// than most have.
func TestSize(t *testing.T) {
	b := newBench(t)
	b.create(booking.Pending)
	res := result("1Z12345E0205271600")
	for i := range 10 {
		res.Numbers = append(res.Numbers, "1Z12345E02052716"+string(rune('a'+i))+"0")
	}
	r := b.must(b.BookedOpen(b.ctx, tenant, b.must(b.claim("01JD3V5X8Z6Q4M2N7P9R0S1T2V")), res, b.at, b.at))
	if !slices.Equal(r.Numbers, res.Numbers) {
		t.Fatalf("numbers %v", r.Numbers)
	}
	r = b.must(b.void(b.must(b.Want(b.ctx, tenant, r, b.at, b.at)), "01JD3V5X8Z6Q4M2N7P9R0S1T2V"))
	b.must(b.VoidUnk(b.ctx, tenant, r, booking.Failure{Source: "fairlead", Code: "void_unknown", Detail: strings.Repeat("x", 400)}, b.at, b.at))
	out, err := b.DB.GetItem(b.ctx, &dynamodb.GetItemInput{TableName: &b.Tables.Shipments, Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: dynamo.ShipmentKey(tenant, ship.Test, b.id)}}})
	if err != nil {
		t.Fatal(err)
	}
	if n := dynamo.Size(out.Item); n > 1024 {
		t.Errorf("the item has %d bytes", n)
	}
}
