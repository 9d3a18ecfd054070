package dynamo

import (
	"context"
	"errors"
	"fmt"
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

// ReserveNumber keeps a tracking number for a shipment until a time, and returns the shipment that has it now: id, or another
// one whose time is not over by this store's clock.
func (s *Store) ReserveNumber(ctx context.Context, tenant string, mode ship.Mode, number, id string, until time.Time) (holder string, err error) {
	_, err = s.DB.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.Tables.Limits,
		Item: attrs{
			"pk": str(numberLease(tenant, mode, number)), "fv": num(ItemFormat), "own": str(id), "lx": ms(until),
			"ttl": num(until.Add(leaseLitter).Unix()),
		},
		ConditionExpression:       new("attribute_not_exists(pk) OR own=:own OR lx<=:now"),
		ExpressionAttributeValues: attrs{":now": ms(s.Now()), ":own": str(id)},

		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if old, no := refused(err); no {
		d := decoder{it: old}
		return d.str("own"), errors.Join(readable("number's reservation", old), d.err)
	}
	if err != nil {
		return "", fmt.Errorf("reserving number %s: %w", number, err)
	}
	return id, nil
}
