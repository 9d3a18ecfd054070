package conformance

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/ddbsim"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

// TestMeter books a shipment, refusals included, and holds that ddbsim tells the readings that dynamo.Meter tells.
func TestMeter(t *testing.T) {
	read := func(t *testing.T, b dynamotest.Backend) []dynamo.Reading {
		prefix := dynamotest.Prefix()
		tables, names := ddbsim.Template(prefix)
		var got []dynamo.Reading
		record := func(_ context.Context, r dynamo.Reading) {
			r.Table = strings.TrimPrefix(r.Table, prefix)
			got = append(got, r)
		}
		s := &dynamo.Store{DB: b.Open(t, tables...), Tables: names, Now: time.Now}
		if client, ok := s.DB.(*dynamodb.Client); ok {
			s.DB = dynamodb.New(client.Options(), func(o *dynamodb.Options) { o.APIOptions = append(o.APIOptions, dynamo.Meter(record)) })
		} else {
			s.DB = ddbsim.New(ddbsim.Options{Tables: tables}).Client(ddbsim.ClientOptions{Record: record})
		}
		lifeOf(t, s)
		return got
	}
	backends := dynamotest.Backends()
	want := read(t, backends[0])
	if len(want) < 8 {
		t.Errorf("only %d readings", len(want))
	}
	for _, b := range backends[1:] {
		t.Run(b.Name, func(t *testing.T) {
			if diff := cmp.Diff(want, read(t, b), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s (-) and %s (+):\n%s", backends[0].Name, b.Name, diff)
			}
		})
	}
}

// lifeOf makes calls of every kind.
func lifeOf(t *testing.T, s *dynamo.Store) {
	ctx, at := t.Context(), time.UnixMilli(1_800_000_000_000).UTC()
	p := turn{tenant: "tn", id: "shp_" + text(26), me: "w", number: "1Z", now: at, later: at.Add(time.Minute)}
	for _, name := range []string{"CREATE", "CREATE", "CLAIM", "CLAIM", "BOOKED+", "CLOSE", "CLOSE", "token", "refresh", "release", "release"} {
		r, err := writes[name](ctx, s, p)
		p.record = next(p.record, r, err)
	}
	if p.record.Status != booking.Booked {
		t.Fatalf("%s at the end", p.record.Status)
	}
	if _, err := s.PutRequest(ctx, p.tenant, ship.Test, p.id, "fp", ship.Shipment{Reference: "r"}); err != nil {
		t.Fatal(err)
	}
	if found, _, err := s.List(ctx, p.tenant, ship.Test, booking.Query{Limit: 10}); err != nil || len(found) != 1 {
		t.Fatalf("%d listed, %v", len(found), err)
	}
	for _, missing := range []string{"ca", "none"} {
		if _, err := s.Token(ctx, p.tenant, missing); err != nil {
			t.Fatal(err)
		}
	}
}
