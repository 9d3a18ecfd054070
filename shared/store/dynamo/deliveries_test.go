package dynamo_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

func TestDeliveries(t *testing.T) { dynamotest.Each(t, testDeliveries) }

func testDeliveries(t *testing.T) {
	s := dynamotest.New(t)
	hour := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	delivery := func(endpoint, event string, state callback.State, attempt int) callback.Delivery {
		return callback.Delivery{
			Endpoint: endpoint, EventID: event, OccurredAt: hour.Add(59 * time.Minute), Type: "shipment.booked", Shipment: "shp_1",
			State: state, Attempt: attempt, Status: 500, Reason: callback.ReasonStatus, Answer: "no", At: hour.Add(2 * time.Hour),
		}
	}
	record := func(t *testing.T, d callback.Delivery) error {
		t.Helper()
		err := s.RecordDelivery(t.Context(), "ten_1", d)
		if err != nil && !errors.Is(err, callback.ErrDelivered) {
			t.Fatal(err)
		}
		return err
	}
	read := func(t *testing.T, tenant, endpoint string, at time.Time) []callback.Delivery {
		t.Helper()
		got, err := s.Deliveries(t.Context(), tenant, endpoint, at)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}

	t.Run("are found by the hour of their event, in order, with all they hold", func(t *testing.T) {
		b, a := delivery("ce_1", "evt_b", callback.Pending, 2), delivery("ce_1", "evt_a", callback.Delivered, 1)
		a.Status, a.Reason, a.Answer = 204, "", ""
		record(t, b)
		record(t, a)
		record(t, delivery("ce_2", "evt_c", callback.Failed, 6))
		if diff := cmp.Diff([]callback.Delivery{a, b}, read(t, "ten_1", "ce_1", hour)); diff != "" {
			t.Error(diff)
		}
		if got := read(t, "ten_1", "ce_1", hour.Add(time.Hour)); len(got) != 0 {
			t.Errorf("the next hour has %+v", got)
		}
	})
	t.Run("are not shown to another tenant", func(t *testing.T) {
		if got := read(t, "ten_2", "ce_1", hour); len(got) != 0 {
			t.Errorf("got %+v", got)
		}
	})
	transitions := []struct {
		name   string
		states []callback.State
		want   callback.State
		late   bool // the last word comes too late
	}{
		{"pending, then delivered", []callback.State{callback.Pending, callback.Delivered}, callback.Delivered, false},
		{"pending, pending, then failed", []callback.State{callback.Pending, callback.Pending, callback.Failed}, callback.Failed, false},
		{"delivered, then a late pending", []callback.State{callback.Delivered, callback.Pending}, callback.Delivered, true},
		{"delivered, then a late failed", []callback.State{callback.Delivered, callback.Failed}, callback.Delivered, true},
		{"delivered twice", []callback.State{callback.Delivered, callback.Delivered}, callback.Delivered, false},
		{"failed, then delivered by a replay", []callback.State{callback.Failed, callback.Pending, callback.Delivered}, callback.Delivered, false},
	}
	for i, tt := range transitions {
		t.Run(tt.name, func(t *testing.T) {
			endpoint := "ce_transition_" + string(rune('a'+i))
			var last error
			for n, state := range tt.states {
				last = record(t, delivery(endpoint, "evt_1", state, n+1))
			}
			if got := read(t, "ten_1", endpoint, hour); len(got) != 1 || got[0].State != tt.want || errors.Is(last, callback.ErrDelivered) != tt.late {
				t.Errorf("got %+v, %v", got, last)
			}
		})
	}
	t.Run("of a replay take back what it was asked for over, and no later word", func(t *testing.T) {
		was := delivery("ce_over", "evt_1", callback.Delivered, 1)
		record(t, was)
		again := delivery("ce_over", "evt_1", callback.Pending, 1)
		again.At, again.Over = was.At.Add(2*time.Second), was.At.Add(-time.Millisecond)
		if err := record(t, again); !errors.Is(err, callback.ErrDelivered) {
			t.Errorf("over an earlier word than it was: %v", err)
		}
		again.Over = was.At
		if err := record(t, again); err != nil {
			t.Error(err)
		}
		if got := read(t, "ten_1", "ce_over", hour); len(got) != 1 || got[0].State != callback.Pending {
			t.Errorf("got %+v", got)
		}
		later := was
		later.At = was.At.Add(3 * time.Second)
		record(t, later)
		if err := record(t, again); !errors.Is(err, callback.ErrDelivered) {
			t.Errorf("after a copy of it was delivered: %v", err)
		}
	})
	t.Run("cost one write unit, however long the answer was", func(t *testing.T) {
		d := delivery("ce_"+strings.Repeat("1", 26), "evt_"+strings.Repeat("2", 26), callback.Failed, 6)
		d.Answer = strings.Repeat("é", 512)
		s := metered(s)
		if err := s.store.RecordDelivery(t.Context(), "ten_"+strings.Repeat("3", 26), d); err != nil {
			t.Fatal(err)
		}
		if s.units != 1 {
			t.Errorf("%v units", s.units)
		}
		got := read(t, "ten_"+strings.Repeat("3", 26), d.Endpoint, hour)
		if len(got) != 1 || !strings.HasPrefix(d.Answer, got[0].Answer) || len(got[0].Answer) < 500 {
			t.Errorf("kept %d bytes of the answer", len(got[0].Answer))
		}
	})
	t.Run("expire 30 days after they were written", func(t *testing.T) {
		out, err := s.DB.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &s.Tables.Deliveries, Key: map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: "ce_1#2026030112"}, "sk": &types.AttributeValueMemberS{Value: "evt_a"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		want := &types.AttributeValueMemberN{Value: "1774965600"} // 2026-03-31T14:00:00Z
		if diff := cmp.Diff(want.Value, out.Item["ttl"].(*types.AttributeValueMemberN).Value); diff != "" {
			t.Error(diff)
		}
	})
}

// meteredStore adds up the write units of its puts and updates.
type meteredStore struct {
	dynamo.API
	store *dynamo.Store
	units float64
}

func metered(s *dynamo.Store) *meteredStore {
	m := &meteredStore{API: s.DB}
	other := *s
	other.DB, m.store = m, &other
	return m
}

func (m *meteredStore) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityIndexes
	out, err := m.API.PutItem(ctx, in, o...)
	if err == nil {
		m.units += *out.ConsumedCapacity.CapacityUnits
	}
	return out, err
}

func (m *meteredStore) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityIndexes
	out, err := m.API.UpdateItem(ctx, in, o...)
	if err == nil {
		m.units += *out.ConsumedCapacity.CapacityUnits
	}
	return out, err
}
