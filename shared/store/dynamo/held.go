package dynamo

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
)

// This file is what an operator looks for across tenants. Only the functions of operators have the permission to.

// Held reads a page of the shipments that are held as kind ("held", "void"), those made first in front: keys only, at most
// limit after a position ("" from the first), and the position to go on after, "" on the last page. A position that is none
// is booking.ErrBadCursor. The index is eventually consistent: the state item decides.
func (s *Store) Held(ctx context.Context, kind string, limit int, after string) ([]booking.Record, string, error) {
	return s.keysIn(ctx, "held", "hp", kind, "ls", limit, after)
}

// Unfinished reads a page of one shard of the shipments that something is left to do for, by when wake looks at them. It
// holds batches as well, which are no shipments.
func (s *Store) Unfinished(ctx context.Context, shard, limit int, after string) ([]booking.Record, string, error) {
	return s.keysIn(ctx, "open", "wk", ShardName(shard), "due", limit, after)
}

// keysIn reads a page of an index of shipments. A position is a sort key and a key: neither has a space.
func (s *Store) keysIn(ctx context.Context, index, hash, partition, sort string, limit int, after string) ([]booking.Record, string, error) {
	in := &dynamodb.QueryInput{
		TableName: &s.Tables.Shipments, IndexName: &index, Limit: aws.Int32(int32(limit)),
		KeyConditionExpression: aws.String(hash + "=:p"), ExpressionAttributeValues: attrs{":p": str(partition)},
	}
	if after != "" {
		at, key, ok := strings.Cut(after, " ")
		if !ok || strings.Count(key, "#") != 2 {
			return nil, "", booking.ErrBadCursor
		}
		in.ExclusiveStartKey = attrs{hash: str(partition), sort: str(at), "pk": str(key)}
		if sort == "due" {
			due, err := strconv.ParseInt(at, 10, 64)
			if err != nil {
				return nil, "", booking.ErrBadCursor
			}
			in.ExclusiveStartKey[sort] = num(due)
		}
	}
	out, err := s.DB.Query(ctx, in)
	if err != nil {
		return nil, "", fmt.Errorf("reading the index %s: %w", index, err)
	}
	found := make([]booking.Record, len(out.Items))
	for i, it := range out.Items {
		d := decoder{it: it}
		if found[i].Tenant, found[i].Mode, found[i].ID = d.key(); d.err != nil {
			return nil, "", d.err
		}
	}
	if len(out.LastEvaluatedKey) == 0 {
		return found, "", nil
	}
	last := decoder{it: out.LastEvaluatedKey}
	at := last.text(sort)
	return found, at + " " + last.str("pk"), last.err
}

// text is a string or a number as it stands in a key.
func (d *decoder) text(name string) string {
	if name == "due" {
		return strconv.FormatInt(d.num(name), 10)
	}
	return d.str(name)
}

// Records reads the state items of keys, strongly consistent, in their order. What is no shipment, or is no more, is left
// out.
func (s *Store) Records(ctx context.Context, keys []booking.Record) ([]booking.Record, error) {
	var out []booking.Record
	for _, k := range keys {
		got, err := s.DB.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.Tables.Shipments, Key: attrs{"pk": str(ShipmentKey(k.Tenant, k.Mode, k.ID))}, ConsistentRead: aws.Bool(true)})
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", k.ID, err)
		}
		if got.Item["st"] == nil {
			continue
		}
		r, err := Decode(got.Item)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// HoldersOf are the shipments booked under a tracking number, cancelled ones included: ids only, at most ten. The index is
// eventually consistent.
func (s *Store) HoldersOf(ctx context.Context, tenant string, mode ship.Mode, number string) ([]string, error) {
	out, err := s.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &s.Tables.Shipments, IndexName: aws.String("number"), Limit: aws.Int32(10),
		KeyConditionExpression: aws.String("np=:np"), ExpressionAttributeValues: attrs{":np": str(NumberKey(tenant, mode, number))},
	})
	if err != nil {
		return nil, fmt.Errorf("looking for number %s: %w", number, err)
	}
	ids := make([]string, len(out.Items))
	for i, it := range out.Items {
		d := decoder{it: it}
		if _, _, ids[i] = d.key(); d.err != nil {
			return nil, d.err
		}
	}
	return ids, nil
}
