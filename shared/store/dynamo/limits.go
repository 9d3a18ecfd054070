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

// leaseLitter is how long a lease nobody released stays behind for TTL to find.
const leaseLitter = time.Hour

// AcquireRefresh takes the right to refresh a carrier account's token until a time, and tells whether owner has
// it now. Somebody else's lease stands in its way until it is released or, by this store's clock, over.
func (s *Store) AcquireRefresh(ctx context.Context, tenant, carrierAccount, owner string, until time.Time) (bool, error) {
	_, err := s.DB.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.Tables.Limits,
		Item: attrs{
			"pk": str(refreshLease(tenant, carrierAccount)), "fv": num(ItemFormat), "own": str(owner), "lx": ms(until),
			"ttl": num(until.Add(leaseLitter).Unix()),
		},
		ConditionExpression:       new("attribute_not_exists(pk) OR lx<=:now"),
		ExpressionAttributeValues: attrs{":now": ms(s.Now())},

		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if old, no := refused(err); no {
		return false, readable("refresh lease", old)
	}
	if err != nil {
		return false, fmt.Errorf("taking the refresh lease of %s: %w", carrierAccount, err)
	}
	return true, nil
}

// ReleaseRefresh gives the right back. It is no error when owner has lost it meanwhile: then it is somebody else's
// and stays.
func (s *Store) ReleaseRefresh(ctx context.Context, tenant, carrierAccount, owner string) error {
	_, err := s.DB.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName:                 &s.Tables.Limits,
		Key:                       attrs{"pk": str(refreshLease(tenant, carrierAccount))},
		ConditionExpression:       new("own=:own"),
		ExpressionAttributeValues: attrs{":own": str(owner)},

		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if _, no := refused(err); no || err == nil {
		return nil
	}
	return fmt.Errorf("releasing the refresh lease of %s: %w", carrierAccount, err)
}

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
