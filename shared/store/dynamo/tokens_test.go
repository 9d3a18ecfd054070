package dynamo_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/oauth"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

func TestTokens(t *testing.T) { dynamotest.Each(t, testTokens) }

func testTokens(t *testing.T) {
	s := dynamotest.New(t)
	read := func(t *testing.T, tenant string) oauth.Record {
		t.Helper()
		r, err := s.Token(t.Context(), tenant, "ca_1")
		must(t, err)
		return r
	}
	t.Run("without a record is generation 0", func(t *testing.T) {
		if r := read(t, "tn_1"); r.Generation != 0 {
			t.Errorf("got %+v", r)
		}
	})
	two := oauth.Record{Generation: 2, Expires: made, Sealed: []byte("two")}
	t.Run("come back with all they hold, also without an expiry", func(t *testing.T) {
		one := oauth.Record{Generation: 1, Sealed: []byte("one")}
		must(t, s.SaveToken(t.Context(), "tn_1", "ca_1", one))
		if diff := cmp.Diff(one, read(t, "tn_1")); diff != "" {
			t.Error(diff)
		}
		must(t, s.SaveToken(t.Context(), "tn_1", "ca_1", two))
		if diff := cmp.Diff(two, read(t, "tn_1")); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("the same or an older generation changes nothing", func(t *testing.T) {
		for _, generation := range []int64{1, 2} {
			if err := s.SaveToken(t.Context(), "tn_1", "ca_1", oauth.Record{Generation: generation, Sealed: []byte("late")}); !errors.Is(err, oauth.ErrSuperseded) {
				t.Errorf("generation %d: %v", generation, err)
			}
		}
		if diff := cmp.Diff(two, read(t, "tn_1")); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("another tenant's record is another", func(t *testing.T) {
		if r := read(t, "tn_2"); r.Generation != 0 {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("of many writers of one generation one wins", func(t *testing.T) {
		var won atomic.Int64
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				err := s.SaveToken(t.Context(), "tn_1", "ca_1", oauth.Record{Generation: 3, Sealed: []byte("three")})
				if err == nil {
					won.Add(1)
				} else if !errors.Is(err, oauth.ErrSuperseded) {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if won.Load() != 1 {
			t.Errorf("%d writers won", won.Load())
		}
	})
	t.Run("of a newer item format are neither read nor replaced", func(t *testing.T) {
		setFormat(t, s.DB, s.Tables.Accounts, attrKey("tn_1", "token#ca_1"), dynamo.ItemFormat+1)
		if _, err := s.Token(t.Context(), "tn_1", "ca_1"); err == nil || !strings.Contains(err.Error(), "newer") {
			t.Errorf("read: %v", err)
		}
		if err := s.SaveToken(t.Context(), "tn_1", "ca_1", oauth.Record{Generation: 9, Sealed: []byte("x")}); err == nil {
			t.Error("an older version overwrote a newer one's record")
		}
	})
}

func TestTokensEnd(t *testing.T) { dynamotest.Each(t, testTokensEnd) }

func testTokensEnd(t *testing.T) {
	s := dynamotest.New(t)
	acct := account.Carrier{ID: "ca_1", Mode: ship.Test, Carrier: "ups", Number: "1", Sealed: []byte{1}, CreatedAt: made}
	must(t, s.PutCarrierAccount(t.Context(), "tn_1", acct))
	token := func(t *testing.T) oauth.Record {
		t.Helper()
		r, err := s.Token(t.Context(), "tn_1", "ca_1")
		must(t, err)
		return r
	}
	t.Run("with the credentials, and who logged in with those cannot bring one back", func(t *testing.T) {
		must(t, s.SaveToken(t.Context(), "tn_1", "ca_1", oauth.Record{Generation: 41, Sealed: []byte("old")}))
		c, err := s.UpdateCarrierAccount(t.Context(), "tn_1", ship.Test, "ca_1", account.CarrierChange{Sealed: []byte{2}})
		if err != nil || c.Revision != 1 || len(token(t).Sealed) != 0 {
			t.Error(c.Revision, err, "the old token is there")
		}
		if err := s.SaveToken(t.Context(), "tn_1", "ca_1", oauth.Record{Generation: 42, Sealed: []byte("late")}); !errors.Is(err, oauth.ErrSuperseded) {
			t.Errorf("a late one: %v", err)
		}
		must(t, s.SaveToken(t.Context(), "tn_1", "ca_1", oauth.Record{Generation: oauth.Floor(1) + 1, Sealed: []byte("new")}))
	})
	t.Run("not with other changes", func(t *testing.T) {
		_, err := s.UpdateCarrierAccount(t.Context(), "tn_1", ship.Test, "ca_1", account.CarrierChange{Name: new("x")})
		if string(token(t).Sealed) != "new" || err != nil {
			t.Error("the token is gone", err)
		}
	})
	t.Run("not in the other mode", func(t *testing.T) {
		if err := s.DeleteCarrierAccount(t.Context(), "tn_1", ship.Live, "ca_1"); !errors.Is(err, account.ErrNotFound) || string(token(t).Sealed) != "new" {
			t.Error("the token is gone", err)
		}
	})
	t.Run("with an account whose deletion was interrupted, when it is deleted again", func(t *testing.T) {
		b := &dynamo.Store{DB: &breaking{API: s.DB, at: 2}, Tables: s.Tables, Now: s.Now}
		if err := b.DeleteCarrierAccount(t.Context(), "tn_1", ship.Test, "ca_1"); !errors.Is(err, errBroken) || string(token(t).Sealed) != "new" {
			t.Fatal("not interrupted", err)
		}
		if err := s.DeleteCarrierAccount(t.Context(), "tn_1", ship.Test, "ca_1"); !errors.Is(err, account.ErrNotFound) || len(token(t).Sealed) != 0 {
			t.Error("the token is there", err)
		}
	})
	t.Run("with the account, for whoever still knows it", func(t *testing.T) {
		must(t, s.PutCarrierAccount(t.Context(), "tn_1", acct))
		must(t, s.DeleteCarrierAccount(t.Context(), "tn_1", ship.Test, "ca_1"))
		if err := s.SaveToken(t.Context(), "tn_1", "ca_1", oauth.Record{Generation: 1, Sealed: []byte("late")}); !errors.Is(err, oauth.ErrSuperseded) {
			t.Errorf("a late one: %v", err)
		}
	})
	t.Run("but not of an account that is made anew", func(t *testing.T) {
		must(t, s.PutCarrierAccount(t.Context(), "tn_1", acct))
		must(t, s.SaveToken(t.Context(), "tn_1", "ca_1", oauth.Record{Generation: 1, Sealed: []byte("first")}))
	})
	t.Run("and nothing is written for an account that never was", func(t *testing.T) {
		if err := s.DeleteCarrierAccount(t.Context(), "tn_1", ship.Test, "ca_x"); !errors.Is(err, account.ErrNotFound) || exists(t, s, "tn_1", "token#ca_x") {
			t.Error(err)
		}
	})
}
