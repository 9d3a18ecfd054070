package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/oauth"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

var made = time.Date(2026, 3, 1, 12, 0, 0, 123e6, time.UTC)

func TestAPIKeys(t *testing.T) { dynamotest.Each(t, testAPIKeys) }

func testAPIKeys(t *testing.T) {
	s := dynamotest.New(t)
	key := account.Key{ID: "k1", Tenant: "tn_1", Mode: ship.Live, Hash: []byte{1, 2, 3}, CreatedAt: made}
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
		if err := s.PutAPIKey(t.Context(), "tn_2", account.Key{ID: "k1", Tenant: "tn_2", Hash: []byte{1}}); err == nil {
			t.Error("another tenant took over the key")
		}
		if got, _ := s.APIKey(t.Context(), "k1"); got.Tenant != "tn_1" {
			t.Errorf("the key is %s's", got.Tenant)
		}
	})
}

func TestTenants(t *testing.T) { dynamotest.Each(t, testTenants) }

func testTenants(t *testing.T) {
	s := dynamotest.New(t)
	must(t, s.PutTenant(t.Context(), "tn_1", account.Tenant{ID: "tn_1", Name: "One", CreatedAt: made}))
	t.Run("are never overwritten", func(t *testing.T) {
		if err := s.PutTenant(t.Context(), "tn_1", account.Tenant{ID: "tn_1", Name: "Two", CreatedAt: made}); err == nil {
			t.Error("written twice")
		}
	})
}

func TestCarrierAccounts(t *testing.T) { dynamotest.Each(t, testCarrierAccounts) }

func testCarrierAccounts(t *testing.T) {
	s := dynamotest.New(t)
	acct := account.Carrier{ID: "ca_1", Mode: ship.Test, Carrier: "ups", Number: "A1B2C3", Sealed: []byte{9, 8}, RebookOnAbsent: true, CreatedAt: made}
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
		if err := s.PutCarrierAccount(t.Context(), "tn_1", account.Carrier{ID: "ca_1", Sealed: []byte{1}, CreatedAt: made}); err == nil {
			t.Error("written twice")
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

func TestEndpoints(t *testing.T) { dynamotest.Each(t, testEndpoints) }

func testEndpoints(t *testing.T) {
	s := dynamotest.New(t)
	a := callback.Endpoint{ID: "ce_a", URL: "https://a.example", Sealed: [][]byte{{1}, {2}}, Mode: ship.Test, Events: []string{"shipment.booked"}, CreatedAt: made}
	b := callback.Endpoint{ID: "ce_b", URL: "https://b.example", Sealed: [][]byte{{3}}, Mode: ship.Live, Disabled: true, CreatedAt: made}
	must(t, s.PutEndpoint(t.Context(), "tn_1", b))
	must(t, s.PutEndpoint(t.Context(), "tn_1", a))
	must(t, s.PutEndpoint(t.Context(), "tn_2", callback.Endpoint{ID: "ce_c", URL: "https://c.example", CreatedAt: made}))
	must(t, s.PutCarrierAccount(t.Context(), "tn_1", account.Carrier{ID: "ca_1", Sealed: []byte{1}, CreatedAt: made}))
	must(t, s.PutTenant(t.Context(), "tn_1", account.Tenant{ID: "tn_1", CreatedAt: made}))

	t.Run("a tenant's are listed by id, and nothing else is", func(t *testing.T) {
		got, err := s.Endpoints(t.Context(), "tn_1")
		if diff := cmp.Diff([]callback.Endpoint{a, b}, got); err != nil || diff != "" {
			t.Error(err, diff)
		}
	})
	t.Run("a tenant without any has none", func(t *testing.T) {
		if got, err := s.Endpoints(t.Context(), "tn_3"); err != nil || len(got) != 0 {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("more than a page are all listed", func(t *testing.T) {
		big := make([]byte, 300<<10)
		for i := range 5 {
			must(t, s.PutEndpoint(t.Context(), "tn_4", callback.Endpoint{ID: fmt.Sprintf("ce_%d", i), Sealed: [][]byte{big}, CreatedAt: made}))
		}
		if got, err := s.Endpoints(t.Context(), "tn_4"); err != nil || len(got) != 5 {
			t.Errorf("got %d, %v", len(got), err)
		}
	})
	t.Run("one is found by id", func(t *testing.T) {
		got, err := s.Endpoint(t.Context(), "tn_1", "ce_a")
		if diff := cmp.Diff(a, got); err != nil || diff != "" {
			t.Error(err, diff)
		}
	})
	t.Run("another tenant's is none", func(t *testing.T) {
		if _, err := s.Endpoint(t.Context(), "tn_2", "ce_a"); !errors.Is(err, callback.ErrNoEndpoint) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("disabling one shows, while it has that URL", func(t *testing.T) {
		must(t, s.DisableEndpoint(t.Context(), "tn_1", "ce_a", "https://other.example"))
		if got, _ := s.Endpoint(t.Context(), "tn_1", "ce_a"); got.Disabled {
			t.Error("disabled for another URL")
		}
		must(t, s.DisableEndpoint(t.Context(), "tn_1", "ce_a", a.URL))
		if got, _ := s.Endpoint(t.Context(), "tn_1", "ce_a"); !got.Disabled {
			t.Error("not disabled")
		}
	})
	t.Run("of a newer item format are refused", func(t *testing.T) {
		setFormat(t, s.DB, s.Tables.Accounts, attrKey("tn_1", "endpoint#ce_b"), dynamo.ItemFormat+1)
		if _, err := s.Endpoints(t.Context(), "tn_1"); err == nil || !strings.Contains(err.Error(), "newer") {
			t.Errorf("got %v", err)
		}
	})
}

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
