package dynamo

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// API is what of the SDK's client this package uses, so that the in-memory database can stand in for it.
type API interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
}

// Tables names the deployed tables.
type Tables struct {
	Shipments  string `env:"TABLE_SHIPMENTS"`
	Documents  string `env:"TABLE_DOCUMENTS"`
	Accounts   string `env:"TABLE_ACCOUNTS"`
	Limits     string `env:"TABLE_LIMITS"`
	Deliveries string `env:"TABLE_DELIVERIES"`
	Requests   string `env:"TABLE_REQUESTS"`
}

// Store is the database. Now is the clock (time.Now in functions, virtual in simulations).
type Store struct {
	DB     API
	Tables Tables
	Now    func() time.Time
	Blobs  Blobs
	// Keep is how long documents with personal data are kept; 0 is for ever.
	Keep time.Duration
}

// attrs is an item or a set of expression values.
type attrs = map[string]types.AttributeValue

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func num(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}
func bin(b []byte) types.AttributeValue { return &types.AttributeValueMemberB{Value: b} }

// ms is a time as items hold it: milliseconds since the epoch.
func ms(t time.Time) types.AttributeValue { return num(t.UnixMilli()) }

// refused returns the item that made a conditional write fail (nil when there was none), and whether it did.
func refused(err error) (attrs, bool) {
	if c, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return c.Item, true
	}
	return nil, false
}
