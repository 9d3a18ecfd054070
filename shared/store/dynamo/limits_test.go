package dynamo_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/ratelimit"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

func TestLimits(t *testing.T) { dynamotest.Each(t, testLimits) }

func testLimits(t *testing.T) {
	s := dynamotest.New(t)
	var limits ratelimit.Store = s.TenantLimits()
	check := func(t *testing.T, what string, tat int64, held bool, err error, wantTAT int64, wantHeld bool) {
		t.Helper()
		if err != nil || tat != wantTAT || held != wantHeld {
			t.Errorf("%s: %d, %t, %v; want %d, %t", what, tat, held, err, wantTAT, wantHeld)
		}
	}
	const now = 1_800_000_000_000_000
	advance := func(t *testing.T, key string, floor, ceil, inc, wantTAT int64, wantHeld bool) {
		t.Helper()
		tat, held, err := limits.Advance(t.Context(), key, floor, ceil, inc)
		check(t, "advance", tat, held, err, wantTAT, wantHeld)
	}
	anchor := func(t *testing.T, key string, floor, to, wantTAT int64, wantHeld bool) {
		t.Helper()
		tat, held, err := limits.Anchor(t.Context(), key, floor, to)
		check(t, "anchor", tat, held, err, wantTAT, wantHeld)
	}
	t.Run("a key nobody knows is idle", func(t *testing.T) {
		advance(t, "a", 0, now, 5, 0, false)
		anchor(t, "a", now, now+7, now+7, true)
	})
	t.Run("a time is advanced between floor and ceil, both included", func(t *testing.T) {
		anchor(t, "b", 1, now, now, true)
		advance(t, "b", now+1, now+9, 5, now, false)
		advance(t, "b", now-9, now-1, 5, now, false)
		advance(t, "b", now, now+9, 5, now+5, true)
		advance(t, "b", now, now+5, 5, now+10, true)
	})
	t.Run("a time is anchored anew before floor only", func(t *testing.T) {
		anchor(t, "b", now+10, now+20, now+10, false)
		anchor(t, "b", now+11, now+20, now+20, true)
	})
	t.Run("a tenant's key is none of a carrier's", func(t *testing.T) {
		tat, held, err := s.CarrierSlots().Advance(t.Context(), "b", 0, now+100, 1)
		check(t, "slot", tat, held, err, 0, false)
	})
	t.Run("an item outlives its time by an hour", func(t *testing.T) {
		out, err := s.DB.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &s.Tables.Limits, Key: attrKey("limit#b", "")})
		must(t, err)
		want := strconv.FormatInt(time.UnixMicro(now+20).Add(time.Hour).Unix(), 10)
		if ttl, _ := out.Item["ttl"].(*types.AttributeValueMemberN); ttl == nil || ttl.Value != want {
			t.Errorf("ttl is %v, want %s", out.Item["ttl"], want)
		}
	})
	t.Run("of a newer item format it says so", func(t *testing.T) {
		setFormat(t, s.DB, s.Tables.Limits, attrKey("limit#b", ""), dynamo.ItemFormat+1)
		for _, ceil := range []int64{now, now + 100} { // refused, and held
			if _, _, err := limits.Advance(t.Context(), "b", 0, ceil, 1); err == nil || !strings.Contains(err.Error(), "newer") {
				t.Errorf("got %v", err)
			}
		}
	})
}

// options notes how calls are to be tried.
type options struct {
	dynamo.API
	attempts []int
}

func (o *options) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, fns ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	var opts dynamodb.Options
	for _, fn := range fns {
		fn(&opts)
	}
	o.attempts = append(o.attempts, opts.RetryMaxAttempts)
	return o.API.UpdateItem(ctx, in, fns...)
}

func TestTenantLimitsAreTriedOnce(t *testing.T) {
	s := dynamotest.New(t)
	db := &options{API: s.DB}
	s.DB = db
	_, _, err := s.TenantLimits().Anchor(t.Context(), "a", 1, 1)
	must(t, err)
	_, _, err = s.CarrierSlots().Anchor(t.Context(), "a", 1, 1)
	must(t, err)
	if len(db.attempts) != 2 || db.attempts[0] != 1 || db.attempts[1] != 0 {
		t.Errorf("attempts %v, want 1 for a tenant's limit and the client's own for a slot", db.attempts)
	}
}
