// Package dynamotest gives tests a database, and for each call tables of their own that nobody else knows: dynoxide in
// memory, one process for each test binary, and for those who ask every other backend as well.
package dynamotest

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/store/ddbsim"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// server is the database of this test binary: started by the first test that asks for it. It ends with the binary,
// however that ends.
var server = sync.OnceValues(start)

// prefix numbers the sets of tables.
var prefix atomic.Int64

// New returns a Store with fresh, empty tables, on the real clock. Set its Now to have another. Within Each it is on
// the backend of that subtest, else on dynoxide.
func New(t testing.TB) *dynamo.Store {
	t.Helper()
	tables, names := ddbsim.Template(Prefix())
	return &dynamo.Store{DB: backendOf(t).Open(t, tables...), Tables: names, Now: time.Now}
}

// Prefix begins the names of one set of tables, and of no other.
func Prefix() string { return fmt.Sprintf("t%d-%d-", os.Getpid(), prefix.Add(1)) }

// Client is the SDK's client of the test database, for what Store does not offer (streams' ARNs, raw items).
func Client(t testing.TB) *dynamodb.Client {
	t.Helper()
	return client(URL(t))
}

func client(url string) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(url), Retryer: OnlyConnections(),
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
}

// OnlyConnections retries a call whose connection broke, at once, and no refusal or failure of the database: a test sees
// those. smithy-go's body reader answers EOF to net/http once it is closed, which net/http takes for a failed write and
// closes the connection under an answer that is being read: seldom, and with bodies beyond 4 KB only.
func OnlyConnections() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.RateLimiter = 3, ratelimit.None
		o.Retryables = []retry.IsErrorRetryable{retry.RetryableConnectionError{}}
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
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

// create makes empty tables.
func create(t testing.TB, client *dynamodb.Client, tables []ddbsim.Table) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for _, table := range tables {
		if err := createTable(ctx, client, table); err != nil {
			t.Fatalf("creating table %s: %v", table.Name, err)
		}
	}
}

func createTable(ctx context.Context, client *dynamodb.Client, table ddbsim.Table) error {
	in := &dynamodb.CreateTableInput{
		TableName: &table.Name, BillingMode: types.BillingModePayPerRequest, KeySchema: keySchema(table.Hash, table.Range),
		AttributeDefinitions: definitions(table),
	}
	for _, i := range table.Indexes {
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName: &i.Name, KeySchema: keySchema(i.Hash, i.Range), Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly},
		})
	}
	if table.Stream {
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
	if table.TTL == "" {
		return nil
	}
	_, err = client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{TableName: in.TableName,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: &table.TTL, Enabled: aws.Bool(true)}})
	return err
}

func keySchema(hash, rng string) []types.KeySchemaElement {
	out := []types.KeySchemaElement{{AttributeName: aws.String(hash), KeyType: types.KeyTypeHash}}
	if rng != "" {
		out = append(out, types.KeySchemaElement{AttributeName: aws.String(rng), KeyType: types.KeyTypeRange})
	}
	return out
}

// definitions tell the types of all key attributes: strings, but for the table's numbers.
func definitions(table ddbsim.Table) []types.AttributeDefinition {
	names := []string{table.Hash, table.Range}
	for _, i := range table.Indexes {
		names = append(names, i.Hash, i.Range)
	}
	var out []types.AttributeDefinition
	defined := map[string]bool{"": true}
	for _, name := range names {
		if defined[name] {
			continue
		}
		defined[name] = true
		kind := types.ScalarAttributeTypeS
		if slices.Contains(table.Numbers, name) {
			kind = types.ScalarAttributeTypeN
		}
		out = append(out, types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: kind})
	}
	return out
}
