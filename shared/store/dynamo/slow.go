package dynamo

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/ship"
)

// slowLitter is how long a mark that is over stays behind for TTL to find.
const slowLitter = time.Hour

// SlowUntil reads until when a carrier is to be taken for one that hangs, eventually consistent: it is asked often, and a
// second more or less is nothing. It implements breaker.Store.
func (s *Store) SlowUntil(ctx context.Context, carrier string, mode ship.Mode) (time.Time, error) {
	out, err := s.DB.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.Tables.Limits, Key: attrs{"pk": str(slowKey(carrier, mode))}})
	if err != nil {
		return time.Time{}, fmt.Errorf("reading whether %s hangs: %w", carrier, err)
	}
	if len(out.Item) == 0 {
		return time.Time{}, nil
	}
	d := decoder{it: out.Item}
	return d.time("until"), readable("the mark of a slow carrier", out.Item)
}

// MarkSlow implements breaker.Store.
func (s *Store) MarkSlow(ctx context.Context, carrier string, mode ship.Mode, until time.Time) error {
	_, err := s.DB.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.Tables.Limits, Item: attrs{
		"pk": str(slowKey(carrier, mode)), "fv": num(ItemFormat), "until": ms(until), "ttl": num(until.Add(slowLitter).Unix()),
	}})
	if err != nil {
		return fmt.Errorf("marking that %s hangs: %w", carrier, err)
	}
	return nil
}

// CountSlow implements breaker.Store.
func (s *Store) CountSlow(ctx context.Context, carrier string, mode ship.Mode, window time.Time) (int64, error) {
	out, err := s.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.Tables.Limits, Key: attrs{"pk": str(slowKey(carrier, mode) + "#" + strconv.FormatInt(window.Unix(), 10))},
		UpdateExpression: new("SET fv=:fv, #ttl=:ttl ADD n :one"), ExpressionAttributeNames: map[string]string{"#ttl": "ttl"},
		ExpressionAttributeValues: attrs{":fv": num(ItemFormat), ":ttl": num(window.Add(slowLitter).Unix()), ":one": num(1)}, ReturnValues: types.ReturnValueAllNew,
	})
	if err != nil {
		return 0, fmt.Errorf("counting a slow call of %s: %w", carrier, err)
	}
	d := decoder{it: out.Attributes}
	return d.num("n"), readable("the count of slow calls", out.Attributes)
}
