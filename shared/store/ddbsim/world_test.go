package ddbsim_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/store/ddbsim"
)

type attrs = map[string]types.AttributeValue

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func num(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: fmt.Sprint(n)}
}

// late is a Lag that is always the same.
func late(d time.Duration) func(context.Context, *ddbsim.Op) time.Duration {
	return func(context.Context, *ddbsim.Op) time.Duration { return d }
}

// world is a database with a clock that stands still until it is moved. Table t has a stream and the index i by g and
// n; table r has a range key.
type world struct {
	*ddbsim.DB
	t   *testing.T
	now time.Time
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, now: time.UnixMilli(1_800_000_000_000).UTC()}
	w.DB = ddbsim.New(ddbsim.Options{Now: func() time.Time { return w.now }, Tables: []ddbsim.Table{
		{Name: "t", Hash: "pk", Stream: true, TTL: "ttl", Numbers: []string{"n"}, Indexes: []ddbsim.Index{{Name: "i", Hash: "g", Range: "n"}}},
		{Name: "r", Hash: "pk", Range: "sk"},
	}})
	return w
}

// client is a client that never sleeps.
func (w *world) client(o ddbsim.ClientOptions) *ddbsim.Client {
	if o.Sleep == nil {
		o.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	}
	return w.Client(o)
}

// put writes an item of table t.
func (w *world) put(it attrs) {
	w.t.Helper()
	if _, err := w.client(ddbsim.ClientOptions{}).PutItem(w.t.Context(), &dynamodb.PutItemInput{TableName: aws.String("t"), Item: it}); err != nil {
		w.t.Fatal(err)
	}
}

// count is an update that adds one to c, if c is what is expected: what must not happen twice.
func count(expect int64) *dynamodb.UpdateItemInput {
	return &dynamodb.UpdateItemInput{
		TableName: aws.String("t"), Key: attrs{"pk": str("a")}, UpdateExpression: aws.String("SET c=c+:one"), ConditionExpression: aws.String("c=:was"),
		ExpressionAttributeValues: attrs{":one": num(1), ":was": num(expect)}, ReturnValues: types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
}

// text is an attribute of an item, "" when either is missing.
func text(it attrs, name string) string {
	switch v := it[name].(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	}
	return ""
}
