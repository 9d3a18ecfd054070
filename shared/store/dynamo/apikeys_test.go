package dynamo_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

func TestAPIKeys(t *testing.T) { dynamotest.Each(t, testAPIKeys) }

func testAPIKeys(t *testing.T) {
	s := dynamotest.New(t)
	key := account.Key{ID: "k1", Tenant: "tn_1", Name: "one", Mode: ship.Live, Scopes: []string{"read", "ship"}, Hash: []byte{1, 2, 3}, CreatedAt: made}
	must(t, s.PutAPIKey(t.Context(), "tn_1", key))

	t.Run("are found by id with all they hold", func(t *testing.T) {
		got, err := s.APIKey(t.Context(), "k1")
		if diff := cmp.Diff(key, got); err != nil || diff != "" {
			t.Error(err, diff)
		}
	})
	t.Run("unknown is not found", func(t *testing.T) {
		if _, err := s.APIKey(t.Context(), "k2"); !errors.Is(err, account.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("are never overwritten", func(t *testing.T) {
		err := s.PutAPIKey(t.Context(), "tn_2", account.Key{ID: "k1", Tenant: "tn_2", Hash: []byte{1}})
		if got, _ := s.APIKey(t.Context(), "k1"); got.Tenant != "tn_1" || !errors.Is(err, account.ErrExists) {
			t.Errorf("the key is %s's, %v", got.Tenant, err)
		}
		if got, _, err := s.APIKeys(t.Context(), "tn_2", ship.Live, 10, ""); err != nil || len(got) != 0 {
			t.Errorf("another tenant lists %v, %v", got, err)
		}
	})
	t.Run("without scopes, from before there were any, have all", func(t *testing.T) {
		_, err := s.DB.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &s.Tables.Accounts, Item: attrKey("KEY#old", "key")})
		must(t, err)
		if got, err := s.APIKey(t.Context(), "old"); err != nil || !slices.Equal(got.Scopes, []string{"read", "ship", "admin"}) {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("with an empty list of scopes have none", func(t *testing.T) {
		must(t, s.PutAPIKey(t.Context(), "tn_5", account.Key{ID: "none", Tenant: "tn_5", Hash: []byte{1}}))
		if got, err := s.APIKey(t.Context(), "none"); err != nil || len(got.Scopes) != 0 {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

func TestAPIKeyList(t *testing.T) { dynamotest.Each(t, testAPIKeyList) }

func testAPIKeyList(t *testing.T) {
	s := dynamotest.New(t)
	var want []string
	for i := range 7 {
		for _, mode := range []ship.Mode{ship.Test, ship.Live} {
			id := fmt.Sprintf("k%d%s", i, mode)
			must(t, s.PutAPIKey(t.Context(), "tn_1", account.Key{ID: id, Tenant: "tn_1", Mode: mode, Hash: []byte{1}, CreatedAt: made}))
			if mode == ship.Live {
				want = append(want, id)
			}
		}
	}
	list := func(t *testing.T, tenant string, limit int) (ids []string, pages int) {
		t.Helper()
		for after := ""; pages == 0 || after != ""; pages++ {
			found, next, err := s.APIKeys(t.Context(), tenant, ship.Live, limit, after)
			must(t, err)
			for _, k := range found {
				ids = append(ids, k.ID)
			}
			after = next
		}
		return ids, pages
	}
	for limit, pages := range map[int]int{1: 7, 2: 4, 3: 3, 7: 1, 100: 1} {
		t.Run(fmt.Sprintf("is read whole in pages of %d, this mode only", limit), func(t *testing.T) {
			got, n := list(t, "tn_1", limit)
			if diff := cmp.Diff(want, got); diff != "" || n != pages {
				t.Error(n, "pages", diff)
			}
		})
	}
	t.Run("is another tenant's own", func(t *testing.T) {
		if got, _ := list(t, "tn_2", 10); len(got) != 0 {
			t.Errorf("got %v", got)
		}
	})
	t.Run("loses a key that is revoked, which another tenant and another mode cannot do", func(t *testing.T) {
		for _, wrong := range []error{s.DeleteAPIKey(t.Context(), "tn_2", ship.Live, "k0live"), s.DeleteAPIKey(t.Context(), "tn_1", ship.Test, "k0live")} {
			if !errors.Is(wrong, account.ErrNotFound) {
				t.Errorf("got %v", wrong)
			}
		}
		if got, _ := list(t, "tn_1", 10); len(got) != 7 {
			t.Errorf("got %v", got)
		}
		must(t, s.DeleteAPIKey(t.Context(), "tn_1", ship.Live, "k0live"))
		if got, _ := list(t, "tn_1", 10); !slices.Equal(got, want[1:]) {
			t.Errorf("got %v", got)
		}
		if _, err := s.APIKey(t.Context(), "k0live"); !errors.Is(err, account.ErrNotFound) {
			t.Errorf("it still works: %v", err)
		}
		if err := s.DeleteAPIKey(t.Context(), "tn_1", ship.Live, "k0live"); !errors.Is(err, account.ErrNotFound) {
			t.Errorf("revoked again: %v", err)
		}
	})
	t.Run("holds a key that works at every moment of its making and its end", func(t *testing.T) {
		k := account.Key{ID: "kx", Tenant: "tn_3", Mode: ship.Live, Hash: []byte{1}, CreatedAt: made}
		listed := func(when string) {
			_, err := s.APIKey(t.Context(), "kx")
			if got, _ := list(t, "tn_3", 10); (err == nil) != (len(got) == 1) {
				t.Errorf("%s: key %v, listed %v", when, err, got)
			}
		}
		for cut := 1; cut <= 4; cut++ { // the write that fails
			broken := &breaking{API: s.DB, at: cut}
			b := &dynamo.Store{DB: broken, Tables: s.Tables, Now: s.Now}
			_ = b.PutAPIKey(t.Context(), "tn_3", k)
			listed(fmt.Sprintf("making, write %d failed", cut))
			_ = b.DeleteAPIKey(t.Context(), "tn_3", ship.Live, "kx")
			listed(fmt.Sprintf("ending, write %d failed", cut))
			_ = s.DeleteAPIKey(t.Context(), "tn_3", ship.Live, "kx")
		}
	})
	t.Run("what an interrupted revocation left goes when it is repeated", func(t *testing.T) {
		k := account.Key{ID: "ky", Tenant: "tn_4", Mode: ship.Live, CreatedAt: made}
		must(t, s.EnlistAPIKey(t.Context(), "tn_4", k))
		if err := s.DeleteAPIKey(t.Context(), "tn_4", ship.Live, "ky"); !errors.Is(err, account.ErrNotFound) {
			t.Errorf("got %v", err)
		}
		if exists(t, s, "tn_4", "key#ky") {
			t.Error("it is still there")
		}
	})
	t.Run("a key that is being made stays listed, whoever revokes its id", func(t *testing.T) {
		must(t, s.EnlistAPIKey(t.Context(), "tn_4", account.Key{ID: "kz", Mode: ship.Live, CreatedAt: s.Now()}))
		_ = s.DeleteAPIKey(t.Context(), "tn_4", ship.Live, "kz")
		if !exists(t, s, "tn_4", "key#kz") {
			t.Error("it would work without being listed")
		}
	})
}

func TestAdmins(t *testing.T) { dynamotest.Each(t, testAdmins) }

func testAdmins(t *testing.T) {
	s := dynamotest.New(t)
	read := func(t *testing.T, mode ship.Mode) []string {
		t.Helper()
		ids, err := s.Admins(t.Context(), "tn_1", mode)
		must(t, err)
		return ids
	}
	t.Run("are nil before any is named", func(t *testing.T) {
		if got := read(t, ship.Test); got != nil {
			t.Errorf("got %v", got)
		}
	})
	t.Run("are replaced by who has seen them, each mode by itself", func(t *testing.T) {
		must(t, s.SaveAdmins(t.Context(), "tn_1", ship.Test, nil, []string{"a"}))
		must(t, s.SaveAdmins(t.Context(), "tn_1", ship.Test, []string{"a"}, []string{"a", "b"}))
		if got := read(t, ship.Test); !slices.Equal(got, []string{"a", "b"}) || read(t, ship.Live) != nil {
			t.Errorf("got %v", got)
		}
	})
	t.Run("stay as they are for who has seen others", func(t *testing.T) {
		for _, seen := range [][]string{nil, {}, {"a"}, {"b", "a"}} {
			if err := s.SaveAdmins(t.Context(), "tn_1", ship.Test, seen, []string{"x"}); !errors.Is(err, account.ErrChanged) {
				t.Errorf("seen %v: %v", seen, err)
			}
		}
	})
	t.Run("of many who have seen the same one wins", func(t *testing.T) {
		var won atomic.Int64
		var group sync.WaitGroup
		for i := range 10 {
			group.Go(func() {
				err := s.SaveAdmins(t.Context(), "tn_1", ship.Test, []string{"a", "b"}, []string{"a", fmt.Sprint(i)})
				if err == nil {
					won.Add(1)
				} else if !errors.Is(err, account.ErrChanged) {
					t.Error(err)
				}
			})
		}
		if group.Wait(); won.Load() != 1 {
			t.Errorf("%d won", won.Load())
		}
	})
}
