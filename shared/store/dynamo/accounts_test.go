package dynamo_test

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
	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

var made = time.Date(2026, 3, 1, 12, 0, 0, 123e6, time.UTC)

func TestTenants(t *testing.T) { dynamotest.Each(t, testTenants) }

func testTenants(t *testing.T) {
	s := dynamotest.New(t)
	must(t, s.PutTenant(t.Context(), "tn_1", account.Tenant{ID: "tn_1", Name: "One", CreatedAt: made}))
	t.Run("come back with all they hold", func(t *testing.T) {
		got, err := s.Tenant(t.Context(), "tn_1")
		if diff := cmp.Diff(account.Tenant{ID: "tn_1", Name: "One", CreatedAt: made}, got); err != nil || diff != "" {
			t.Error(err, diff)
		}
		if _, err := s.Tenant(t.Context(), "tn_2"); !errors.Is(err, account.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("are never overwritten", func(t *testing.T) {
		if err := s.PutTenant(t.Context(), "tn_1", account.Tenant{ID: "tn_1", Name: "Two", CreatedAt: made}); err == nil {
			t.Error("written twice")
		}
	})
}

func TestCarrierAccounts(t *testing.T) { dynamotest.Each(t, testCarrierAccounts) }

func testCarrierAccounts(t *testing.T) {
	s := dynamotest.New(t)
	acct := account.Carrier{ID: "ca_1", Name: "east", Mode: ship.Test, Carrier: "ups", Number: "A1B2C3", Sealed: []byte{9, 8}, RebookOnAbsent: true, CreatedAt: made}
	must(t, s.PutCarrierAccount(t.Context(), "tn_1", acct))

	t.Run("come back with all they hold", func(t *testing.T) {
		got, err := s.CarrierAccount(t.Context(), "tn_1", "ca_1")
		if diff := cmp.Diff(acct, got); err != nil || diff != "" {
			t.Error(err, diff)
		}
	})
	t.Run("another tenant's is not found", func(t *testing.T) {
		if _, err := s.CarrierAccount(t.Context(), "tn_2", "ca_1"); !errors.Is(err, account.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("are never overwritten", func(t *testing.T) {
		if err := s.PutCarrierAccount(t.Context(), "tn_1", account.Carrier{ID: "ca_1", Sealed: []byte{1}, CreatedAt: made}); !errors.Is(err, account.ErrExists) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("reads are eventually consistent, and strong only on a miss", func(t *testing.T) {
		reads := &readLog{API: s.DB}
		logged := &dynamo.Store{DB: reads, Tables: s.Tables, Now: s.Now}
		if _, err := logged.CarrierAccount(t.Context(), "tn_1", "ca_1"); err != nil {
			t.Fatal(err)
		}
		_, _ = logged.CarrierAccount(t.Context(), "tn_1", "ca_none")
		if diff := cmp.Diff([]bool{false, false, true}, reads.consistent); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("one that the replica does not know yet is found", func(t *testing.T) {
		behind := &dynamo.Store{DB: lagging{s.DB}, Tables: s.Tables, Now: s.Now}
		if _, err := behind.CarrierAccount(t.Context(), "tn_1", "ca_1"); err != nil {
			t.Error(err)
		}
	})
	t.Run("of a newer item format is refused and says so", func(t *testing.T) {
		setFormat(t, s.DB, s.Tables.Accounts, attrKey("tn_1", "carrier#ca_1"), dynamo.ItemFormat+1)
		_, err := s.CarrierAccount(t.Context(), "tn_1", "ca_1")
		if err == nil || !strings.Contains(err.Error(), "newer") || errors.Is(err, account.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

func TestCarrierAccountChanges(t *testing.T) { dynamotest.Each(t, testCarrierAccountChanges) }

func testCarrierAccountChanges(t *testing.T) {
	s := dynamotest.New(t)
	want := account.Carrier{ID: "ca_1", Name: "east", Mode: ship.Test, Carrier: "ups", Number: "A1B2C3", Sealed: []byte{9, 8}, CreatedAt: made}
	must(t, s.PutCarrierAccount(t.Context(), "tn_1", want))
	now := func(t *testing.T) account.Carrier {
		t.Helper()
		c, err := s.CarrierAccountNow(t.Context(), "tn_1", "ca_1")
		must(t, err)
		return c
	}
	t.Run("what is not named stays, and credentials raise the revision", func(t *testing.T) {
		for _, c := range []struct {
			change account.CarrierChange
			apply  func()
		}{
			{account.CarrierChange{Name: new("west")}, func() { want.Name = "west" }},
			{account.CarrierChange{RebookOnAbsent: new(true)}, func() { want.RebookOnAbsent = true }},
			{account.CarrierChange{Sealed: []byte{7}}, func() { want.Sealed, want.Revision = []byte{7}, 1 }},
			{account.CarrierChange{Sealed: []byte{6}, Name: new("")}, func() { want.Sealed, want.Revision, want.Name = []byte{6}, 2, "" }},
		} {
			c.apply()
			got, err := s.UpdateCarrierAccount(t.Context(), "tn_1", ship.Test, "ca_1", c.change)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
			if diff := cmp.Diff(want, now(t)); diff != "" {
				t.Error(diff)
			}
		}
	})
	for name, c := range map[string]struct {
		tenant, id string
		mode       ship.Mode
	}{
		"another tenant's":   {"tn_2", "ca_1", ship.Test},
		"the other mode's":   {"tn_1", "ca_1", ship.Live},
		"one that never was": {"tn_1", "ca_x", ship.Test},
	} {
		t.Run(name+" is not found, changed or deleted", func(t *testing.T) {
			_, update := s.UpdateCarrierAccount(t.Context(), c.tenant, c.mode, c.id, account.CarrierChange{Name: new("x"), Sealed: []byte{1}})
			for _, err := range []error{update, s.DeleteCarrierAccount(t.Context(), c.tenant, c.mode, c.id)} {
				if !errors.Is(err, account.ErrNotFound) {
					t.Errorf("got %v", err)
				}
			}
			if diff := cmp.Diff(want, now(t)); diff != "" || exists(t, s, c.tenant, "carrier#ca_x") {
				t.Error(diff)
			}
		})
	}
	t.Run("are listed by mode and page", func(t *testing.T) {
		for i := range 3 {
			must(t, s.PutCarrierAccount(t.Context(), "tn_1", account.Carrier{ID: fmt.Sprint("ca_2", i), Mode: ship.Live, Sealed: []byte{1}, CreatedAt: made}))
		}
		first, next, err := s.CarrierAccounts(t.Context(), "tn_1", ship.Live, 2, "")
		if err != nil || len(first) != 2 || first[0].ID != "ca_20" || next != "ca_21" {
			t.Fatalf("got %v, %q, %v", first, next, err)
		}
		rest, next, err := s.CarrierAccounts(t.Context(), "tn_1", ship.Live, 2, next)
		if err != nil || len(rest) != 1 || rest[0].ID != "ca_22" || next != "" {
			t.Errorf("got %v, %q, %v", rest, next, err)
		}
	})
	t.Run("a deleted one is gone, and no change brings it back", func(t *testing.T) {
		must(t, s.DeleteCarrierAccount(t.Context(), "tn_1", ship.Test, "ca_1"))
		_, err := s.UpdateCarrierAccount(t.Context(), "tn_1", ship.Test, "ca_1", account.CarrierChange{Name: new("x")})
		if !errors.Is(err, account.ErrNotFound) || exists(t, s, "tn_1", "carrier#ca_1") {
			t.Error(err)
		}
	})
}

// readLog notes how items are read.
type readLog struct {
	dynamo.API
	consistent []bool
}

func (r *readLog) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	r.consistent = append(r.consistent, aws.ToBool(in.ConsistentRead))
	return r.API.GetItem(ctx, in, o...)
}

// lagging is a database whose replicas know nothing yet.
type lagging struct{ dynamo.API }

func (l lagging) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	if !aws.ToBool(in.ConsistentRead) {
		return &dynamodb.GetItemOutput{}, nil
	}
	return l.API.GetItem(ctx, in, o...)
}

func attrKey(pk, sk string) map[string]types.AttributeValue {
	key := map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: pk}}
	if sk != "" {
		key["sk"] = &types.AttributeValueMemberS{Value: sk}
	}
	return key
}

// setFormat makes an item that exists look as if another version had written it.
func setFormat(t *testing.T, db dynamo.API, table string, key map[string]types.AttributeValue, format int) {
	t.Helper()
	_, err := db.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName: &table, Key: key, UpdateExpression: aws.String("SET fv=:fv"), ConditionExpression: aws.String("attribute_exists(pk)"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":fv": &types.AttributeValueMemberN{Value: fmt.Sprint(format)}},
	})
	must(t, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
