package dynamo_test

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// breaking is a database of which one write, counted from 1, never arrives.
type breaking struct {
	dynamo.API
	at, n int
}

var errBroken = errors.New("injected: the connection broke")

func (b *breaking) broken() bool { b.n++; return b.n == b.at }

func (b *breaking) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	if b.broken() {
		return nil, errBroken
	}
	return b.API.PutItem(ctx, in, o...)
}

func (b *breaking) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	if b.broken() {
		return nil, errBroken
	}
	return b.API.UpdateItem(ctx, in, o...)
}

func (b *breaking) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, o ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	if b.broken() {
		return nil, errBroken
	}
	return b.API.DeleteItem(ctx, in, o...)
}

// exists tells whether there is an item in Accounts.
func exists(t *testing.T, s *dynamo.Store, pk, sk string) bool {
	t.Helper()
	out, err := s.DB.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &s.Tables.Accounts, Key: attrKey(pk, sk), ConsistentRead: aws.Bool(true)})
	must(t, err)
	return len(out.Item) > 0
}
