package dynamo_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fairlead/fairlead/shared/batch"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

func TestReads(t *testing.T) { dynamotest.Each(t, testReads) }

func testReads(t *testing.T) {
	s := dynamotest.New(t)
	t.Run("what is no shipment is not among shipments", func(t *testing.T) {
		id := "bat_00000000000000000000000001"
		if _, err := s.OpenBatch(t.Context(), "tn_1", batch.Batch{Tenant: "tn_1", Mode: ship.Test, ID: id, Status: batch.Processing, Version: 1, Rows: 1, Created: made, Updated: made, Due: made}); err != nil {
			t.Fatal(err)
		}
		_, err := s.DB.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &s.Tables.Shipments, Item: attrKey("tn_1#test#shp_alias", "")})
		must(t, err)
		ids := []string{id, "shp_alias", "shp_none"}
		if got, err := s.Many(t.Context(), "tn_1", ship.Test, ids); err != nil || len(got) != 0 {
			t.Errorf("%v, %v", got, err)
		}
		if got, err := s.Count(t.Context(), "tn_1", ship.Test, ids); err != nil || len(got) != 0 {
			t.Errorf("%v, %v", got, err)
		}
	})
	t.Run("a cursor outside the range that is asked for is no cursor", func(t *testing.T) {
		at := "20260301T120000.000Z#shp_00000000000000000000000001"
		march := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		for name, c := range map[string]struct {
			from, before time.Time
			bad          bool
		}{
			"in front":              {march.AddDate(0, 1, 0), time.Time{}, true},
			"behind":                {time.Time{}, march, true},
			"inside":                {march, march.AddDate(0, 1, 0), false},
			"without any":           {time.Time{}, time.Time{}, false},
			"in front, with both":   {march.AddDate(0, 1, 0), march.AddDate(0, 2, 0), true},
			"at its very beginning": {march.Add(12 * time.Hour), time.Time{}, false},
		} {
			t.Run(name, func(t *testing.T) {
				_, _, err := s.List(t.Context(), "tn_1", ship.Test, booking.Query{Limit: 10, From: c.from, Before: c.before, After: at})
				if errors.Is(err, booking.ErrBadCursor) != c.bad || err != nil && !c.bad {
					t.Errorf("got %v", err)
				}
			})
		}
	})
}
