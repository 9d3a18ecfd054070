package dynamo_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

func TestRefreshLease(t *testing.T) { dynamotest.Each(t, testRefreshLease) }

func testRefreshLease(t *testing.T) {
	s := dynamotest.New(t)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s.Now = func() time.Time { return now }
	acquire := func(t *testing.T, tenant, account, owner string, lease time.Duration) bool {
		t.Helper()
		ok, err := s.AcquireRefresh(t.Context(), tenant, account, owner, s.Now().Add(lease))
		must(t, err)
		return ok
	}

	t.Run("of many that ask one gets it", func(t *testing.T) {
		var got atomic.Int64
		var group sync.WaitGroup
		for i := range 20 {
			group.Go(func() {
				if acquire(t, "tn_1", "ca_many", string(rune('a'+i)), time.Minute) {
					got.Add(1)
				}
			})
		}
		group.Wait()
		if got.Load() != 1 {
			t.Errorf("%d got it", got.Load())
		}
	})
	t.Run("another tenant's or account's is another lease", func(t *testing.T) {
		if !acquire(t, "tn_1", "ca_1", "a", time.Minute) || !acquire(t, "tn_1", "ca_2", "b", time.Minute) || !acquire(t, "tn_2", "ca_1", "c", time.Minute) {
			t.Error("refused")
		}
	})
	t.Run("is free when its owner releases it, and only then", func(t *testing.T) {
		must(t, s.ReleaseRefresh(t.Context(), "tn_1", "ca_1", "stranger"))
		if acquire(t, "tn_1", "ca_1", "d", time.Minute) {
			t.Fatal("a stranger released it")
		}
		must(t, s.ReleaseRefresh(t.Context(), "tn_1", "ca_1", "a"))
		if !acquire(t, "tn_1", "ca_1", "d", time.Minute) {
			t.Error("still taken")
		}
	})
	t.Run("is free when it is over, and its late owner cannot release the next one's", func(t *testing.T) {
		now = now.Add(time.Minute - time.Millisecond)
		if acquire(t, "tn_1", "ca_1", "e", time.Minute) {
			t.Fatal("taken a millisecond early")
		}
		now = now.Add(time.Millisecond)
		if !acquire(t, "tn_1", "ca_1", "e", time.Minute) {
			t.Fatal("not free")
		}
		must(t, s.ReleaseRefresh(t.Context(), "tn_1", "ca_1", "d"))
		if acquire(t, "tn_1", "ca_1", "f", time.Minute) {
			t.Error("released by the owner before")
		}
	})
	t.Run("releasing what is not there is no error", func(t *testing.T) {
		must(t, s.ReleaseRefresh(t.Context(), "tn_9", "ca_9", "a"))
	})
	t.Run("of a newer item format is left alone and says so", func(t *testing.T) {
		setFormat(t, s.DB, s.Tables.Limits, attrKey("refresh#tn_1#ca_1", ""), dynamo.ItemFormat+1)
		_, err := s.AcquireRefresh(t.Context(), "tn_1", "ca_1", "g", now.Add(time.Minute))
		if err == nil || !strings.Contains(err.Error(), "newer") {
			t.Errorf("got %v", err)
		}
	})
}
