package dynamo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
)

// This file takes a tenant's personal data out of the tables. Each of its writes may be made again.

// TenantKeys reads a page of all that a tenant ever made in a mode, shipments or batches: keys only, at most limit after a
// position, and the next one, "" on the last page.
func (s *Store) TenantKeys(ctx context.Context, tenant string, mode ship.Mode, batches bool, limit int, after string) ([]booking.Record, string, error) {
	partition := ListKey(tenant, mode)
	if batches {
		partition = BatchListKey(tenant, mode)
	}
	return s.keysIn(ctx, "list", "lp", partition, "ls", limit, after)
}

// EraseDocuments deletes what was stored beside a shipment or a batch, but for its moved history, which holds times and
// causes only. It returns how many documents went.
func (s *Store) EraseDocuments(ctx context.Context, tenant string, mode ship.Mode, id string) (int, error) {
	in := &dynamodb.QueryInput{
		TableName: &s.Tables.Documents, KeyConditionExpression: aws.String("pk=:pk"), ConsistentRead: aws.Bool(true),
		ExpressionAttributeValues: attrs{":pk": str(ShipmentKey(tenant, mode, id))},
	}
	n := 0
	for {
		page, err := s.DB.Query(ctx, in)
		if err != nil {
			return n, fmt.Errorf("reading the documents of %s: %w", id, err)
		}
		for _, it := range page.Items {
			d := decoder{it: it}
			if strings.HasPrefix(d.str("sk"), historyPrefix) {
				continue
			}
			if err := s.remove(ctx, s.Tables.Documents, attrs{"pk": it["pk"], "sk": it["sk"]}); err != nil {
				return n, err
			}
			n++
		}
		if in.ExclusiveStartKey = page.LastEvaluatedKey; len(in.ExclusiveStartKey) == 0 {
			return n, nil
		}
	}
}

// Scrub takes out of the state item of a shipment or a batch what a person wrote or a carrier said: the reference, the
// request's ids, the texts of failures. It is no change of either: version and history stay, and nothing is announced.
func (s *Store) Scrub(ctx context.Context, tenant string, mode ship.Mode, id string) error {
	_, err := s.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.Tables.Shipments, Key: attrs{"pk": str(ShipmentKey(tenant, mode, id))},
		UpdateExpression: aws.String("REMOVE #ref, cid, rq, err, vr"), ConditionExpression: aws.String("attribute_exists(pk)"), ExpressionAttributeNames: map[string]string{"#ref": "ref"},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if _, gone := refused(err); gone || err == nil {
		return nil
	}
	return fmt.Errorf("scrubbing %s: %w", id, err)
}

// Retire takes shipments and batches of an erased tenant out of the indexes `open` and `held`: neither wake nor an operator
// finds them again. It is no change of them either. An erasure is never taken back, so that it is enough to read it first;
// of any other tenant nothing is touched. It returns how many were in one of them.
func (s *Store) Retire(ctx context.Context, tenant string, keys []booking.Record) (int, error) {
	t, err := s.Tenant(ctx, tenant)
	if err != nil {
		return 0, fmt.Errorf("retiring shipments: %w", err)
	}
	if t.Erased.IsZero() {
		return 0, fmt.Errorf("retiring shipments: tenant %s is not erased", tenant)
	}
	n := 0
	for _, k := range keys {
		_, err := s.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: &s.Tables.Shipments, Key: attrs{"pk": str(ShipmentKey(tenant, k.Mode, k.ID))},
			UpdateExpression: aws.String("REMOVE wk, due, hp"), ConditionExpression: aws.String("attribute_exists(wk) OR attribute_exists(hp)"),
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		})
		if _, none := refused(err); none {
			continue
		}
		if err != nil {
			return n, fmt.Errorf("retiring %s: %w", k.ID, err)
		}
		n++
	}
	return n, nil
}

// EraseDeliveries deletes the deliveries of an endpoint of one hour.
func (s *Store) EraseDeliveries(ctx context.Context, tenant, endpoint string, hour time.Time) (int, error) {
	found, err := s.Deliveries(ctx, tenant, endpoint, hour)
	if err != nil {
		return 0, err
	}
	for _, d := range found {
		if err := s.remove(ctx, s.Tables.Deliveries, attrs{"pk": str(deliveryPartition(endpoint, hour)), "sk": str(d.EventID)}); err != nil {
			return 0, err
		}
	}
	return len(found), nil
}

// EraseSettings deletes up to limit of a tenant's keys, carrier accounts with their credentials and tokens, and callback
// endpoints. An API key ends before its listing goes. It returns how many went; fewer than limit: that was all.
func (s *Store) EraseSettings(ctx context.Context, tenant string, limit int) (int, error) {
	out, err := s.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &s.Tables.Accounts, KeyConditionExpression: aws.String("pk=:pk"), ConsistentRead: aws.Bool(true), Limit: aws.Int32(int32(limit) + 1),
		ExpressionAttributeValues: attrs{":pk": str(tenant)},
	})
	if err != nil {
		return 0, fmt.Errorf("reading the settings of %s: %w", tenant, err)
	}
	n := 0
	for _, it := range out.Items {
		d := decoder{it: it}
		sort := d.str("sk")
		if sort == tenantSort || n == limit {
			continue
		}
		if key, ok := strings.CutPrefix(sort, apiKeyListSort("")); ok {
			if err := s.remove(ctx, s.Tables.Accounts, attrs{"pk": str(apiKeyPartition(key)), "sk": str(apiKeySort)}); err != nil {
				return n, err
			}
		}
		if err := s.remove(ctx, s.Tables.Accounts, attrs{"pk": it["pk"], "sk": it["sk"]}); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// EraseName takes a tenant's name away. The tenant stays, erased: its id is in the keys of its shipments.
func (s *Store) EraseName(ctx context.Context, tenant string) error {
	_, err := s.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.Tables.Accounts, Key: attrs{"pk": str(tenant), "sk": str(tenantSort)},
		UpdateExpression: aws.String("REMOVE #name"), ConditionExpression: aws.String("attribute_exists(era)"), ExpressionAttributeNames: map[string]string{"#name": "name"},
	})
	if err != nil {
		return fmt.Errorf("erasing the name of %s: %w", tenant, err)
	}
	return nil
}

func (s *Store) remove(ctx context.Context, table string, key attrs) error {
	if _, err := s.DB.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &table, Key: key}); err != nil {
		return fmt.Errorf("erasing: %w", err)
	}
	return nil
}
