package account_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/oklog/ulid/v2"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/secret"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

// described is a carrier that can only say what it needs.
type described struct {
	carrier.Carrier
	credentials []string
}

func (d described) Describe() carrier.Descriptor {
	desc := carrier.Descriptor{Number: `^\S+$`, NumberHint: "no spaces", Credentials: d.credentials}
	if len(d.credentials) > 0 {
		desc.BookLimit = &carrier.Limit{PerMinute: 100, Credential: d.credentials[0]}
	}
	return desc
}

// world is one database with a service on it.
type world struct {
	*account.Service
	db    *dynamo.Store
	keys  *keys
	reads *atomic.Int64
	mu    sync.Mutex
	at    time.Time
}

func newWorld(t *testing.T) *world {
	w := &world{db: dynamotest.New(t), keys: &keys{}, reads: &atomic.Int64{}, at: time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)}
	w.Service = w.process()
	return w
}

// process is a service with a memory of its own.
func (w *world) process() *account.Service {
	return &account.Service{
		Store: counted{w.db, w.reads}, Box: &secret.Box{Keys: w.keys, Now: w.now}, Now: w.now, Random: rand.Reader,
		NewID:    func() string { return ulid.MustNew(ulid.Timestamp(w.now()), rand.Reader).String() },
		Carriers: carrier.Registry{"ups": described{credentials: []string{"client_id", "client_secret"}}, "sim": described{}},
	}
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

// tenantItem gives a tenant's item what an operator sets.
func (w *world) tenantItem(t *testing.T, tenant, limits string, suspended int64) {
	t.Helper()
	_, err := w.db.DB.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{TableName: &w.db.Tables.Accounts, Key: tenantKey(tenant), UpdateExpression: new("SET lim=:lim, sus=:sus"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":lim": &types.AttributeValueMemberS{Value: limits}, ":sus": &types.AttributeValueMemberN{Value: fmt.Sprint(suspended)}}})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) dropTenant(t *testing.T, tenant string) {
	t.Helper()
	if _, err := w.db.DB.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &w.db.Tables.Accounts, Key: tenantKey(tenant)}); err != nil {
		t.Fatal(err)
	}
}

func tenantKey(tenant string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: tenant}, "sk": &types.AttributeValueMemberS{Value: "tenant"}}
}

// counted counts reads.
type counted struct {
	account.Store
	reads *atomic.Int64
}

func (c counted) APIKey(ctx context.Context, id string) (account.Key, error) {
	c.reads.Add(1)
	return c.Store.APIKey(ctx, id)
}

func (c counted) CarrierAccount(ctx context.Context, tenant, id string) (account.Carrier, error) {
	c.reads.Add(1)
	return c.Store.CarrierAccount(ctx, tenant, id)
}

// keys is a key service in memory.
type keys struct {
	mu    sync.Mutex
	plain map[string][]byte
}

func (k *keys) Generate(_ context.Context, tenant string) ([]byte, []byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	plain, name := make([]byte, 32), rand.Text()
	_, _ = rand.Read(plain)
	if k.plain == nil {
		k.plain = map[string][]byte{}
	}
	k.plain[tenant+name] = plain
	return plain, []byte(name), nil
}

func (k *keys) Unwrap(_ context.Context, tenant string, wrapped []byte) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if plain, ok := k.plain[tenant+string(wrapped)]; ok {
		return plain, nil
	}
	return nil, errors.New("no such key")
}
