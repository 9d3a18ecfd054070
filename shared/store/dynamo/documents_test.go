package dynamo_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

func TestDocuments(t *testing.T) { dynamotest.Each(t, testDocuments) }

func testDocuments(t *testing.T) {
	b := newBench(t)
	b.Blobs = memory{}
	s := ship.Shipment{Reference: "r", Service: "ups_ground", Parcels: []ship.Parcel{{Weight: 5}}}
	for i, want := range []bool{true, false} {
		fresh, err := b.PutRequest(b.ctx, tenant, ship.Test, b.id, "fp", s)
		if err != nil || fresh != want {
			t.Fatalf("put %d: fresh %v, %v", i, fresh, err)
		}
	}
	got, err := b.Request(b.ctx, tenant, ship.Test, b.id, "fp")
	if err != nil || !cmp.Equal(got, s) {
		t.Fatalf("read back %v, %v", got, err)
	}
	if _, err := b.Request(b.ctx, tenant, ship.Test, b.id, "other"); !errors.Is(err, booking.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	big := make([]byte, 50_000)
	random := rand.New(rand.NewPCG(1, 2)) // nothing that gzip could shrink
	for i := range big {
		big[i] = byte(random.Uint32())
	}
	for number, data := range map[string][]byte{"1Zsmall": []byte("^XA^XZ"), "1Zlarge": big} {
		want := ship.Label{Format: ship.ZPL, Pages: [][]byte{data, []byte("second")}}
		if err := b.PutLabel(b.ctx, tenant, ship.Test, b.id, number, want, carrier.Answer{Status: 200}); err != nil {
			t.Fatal(err)
		}
		if got, err := b.Label(b.ctx, tenant, ship.Test, b.id, number); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s: %v", number, err)
		}
	}
	for number, data := range map[string][]byte{"1Zsmall": []byte("%PDF"), "1Zlarge": big} {
		want := ship.Label{Format: ship.PDF, Pages: [][]byte{data}}
		if err := b.PutInvoice(b.ctx, tenant, ship.Test, b.id, number, want); err != nil {
			t.Fatal(err)
		}
		if got, err := b.Invoice(b.ctx, tenant, ship.Test, b.id, number); err != nil || !cmp.Equal(got, want) {
			t.Errorf("invoice %s: %v", number, err)
		}
	}
	if _, err := b.Invoice(b.ctx, tenant, ship.Test, b.id, "1Znone"); !errors.Is(err, booking.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if len(b.Blobs.(memory)) != 2 {
		t.Errorf("%d labels and invoices went to the bucket, want the large ones", len(b.Blobs.(memory)))
	}
}

// memory is a bucket.
type memory map[string][]byte

func (m memory) Put(_ context.Context, _, key string, data []byte) error { m[key] = data; return nil }
func (m memory) Get(_ context.Context, _, key string) ([]byte, error)    { return m[key], nil }
