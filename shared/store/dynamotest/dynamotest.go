// Package dynamotest gives tests a real database: dynoxide, in memory, one process for each test binary, and for
// each call tables of their own that nobody else knows.
package dynamotest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// server is the database of this test binary: started by the first test that asks for it. It ends with the binary,
// however that ends.
var server = sync.OnceValues(start)

// prefix numbers the sets of tables.
var prefix atomic.Int64

// New returns a Store with fresh, empty tables, on the real clock. Set its Now to have another.
func New(t testing.TB) *dynamo.Store {
	t.Helper()
	client := Client(t)
	return &dynamo.Store{DB: client, Tables: create(t, client), Now: time.Now}
}

// Client is the SDK's client of the test database, for what Store does not offer (streams' ARNs, raw items).
func Client(t testing.TB) *dynamodb.Client {
	t.Helper()
	return dynamodb.New(dynamodb.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(URL(t)), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
}

// URL is where the test database listens, for a streams client.
func URL(t testing.TB) string {
	t.Helper()
	url, err := server()
	if err != nil {
		t.Fatalf("starting the test database: %v", err)
	}
	return url
}

func create(t testing.TB, client *dynamodb.Client) dynamo.Tables {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	set := fmt.Sprintf("t%d-", prefix.Add(1))
	for _, table := range schema {
		if err := table.create(ctx, client, set); err != nil {
			t.Fatalf("creating table %s: %v", table.name, err)
		}
	}
	return dynamo.Tables{
		Shipments: set + shipments, Documents: set + documents, Accounts: set + accounts,
		Limits: set + limits, Deliveries: set + deliveries,
	}
}

// The tables by the end of their deployed names.
const (
	shipments  = "shipments"
	documents  = "documents"
	accounts   = "accounts"
	limits     = "limits"
	deliveries = "deliveries"
)

// table is a table of the template. Keys are "hash" or "hash range"; all are strings but those in numbers.
type table struct {
	name    string
	key     string
	indexes map[string]string // KEYS_ONLY, by name
	stream  bool              // NEW_AND_OLD_IMAGES
	ttl     bool              // by the attribute "ttl"
}

// schema says the same as template.yaml; a test compares them.
var schema = []table{
	{name: shipments, key: "pk", stream: true, ttl: true, indexes: map[string]string{"list": "lp ls", "open": "wk due", "number": "np"}},
	{name: documents, key: "pk sk"},
	{name: accounts, key: "pk sk"},
	{name: limits, key: "pk", ttl: true},
	{name: deliveries, key: "pk sk", ttl: true},
}

// numbers are the key attributes that are not strings.
var numbers = map[string]bool{"due": true}

func (tb table) create(ctx context.Context, client *dynamodb.Client, set string) error {
	in := &dynamodb.CreateTableInput{
		TableName: aws.String(set + tb.name), BillingMode: types.BillingModePayPerRequest, KeySchema: keySchema(tb.key),
		AttributeDefinitions: definitions(tb),
	}
	for name, key := range tb.indexes {
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName: aws.String(name), KeySchema: keySchema(key), Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly},
		})
	}
	if tb.stream {
		in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages}
	}
	out, err := client.CreateTable(ctx, in)
	if err != nil {
		return err
	}
	if out.TableDescription.TableStatus != types.TableStatusActive {
		waiter := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) {
			o.MinDelay, o.MaxDelay = 5*time.Millisecond, time.Second
		})
		if err := waiter.Wait(ctx, &dynamodb.DescribeTableInput{TableName: in.TableName}, 10*time.Second); err != nil {
			return err
		}
	}
	if !tb.ttl {
		return nil
	}
	_, err = client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{TableName: in.TableName,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String("ttl"), Enabled: aws.Bool(true)}})
	return err
}

func keySchema(key string) []types.KeySchemaElement {
	hash, rng, ranged := strings.Cut(key, " ")
	out := []types.KeySchemaElement{{AttributeName: aws.String(hash), KeyType: types.KeyTypeHash}}
	if ranged {
		out = append(out, types.KeySchemaElement{AttributeName: aws.String(rng), KeyType: types.KeyTypeRange})
	}
	return out
}

func definitions(tb table) []types.AttributeDefinition {
	names := strings.Fields(tb.key)
	for _, key := range tb.indexes {
		names = append(names, strings.Fields(key)...)
	}
	var out []types.AttributeDefinition
	for _, name := range names {
		kind := types.ScalarAttributeTypeS
		if numbers[name] {
			kind = types.ScalarAttributeTypeN
		}
		out = append(out, types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: kind})
	}
	return out
}
