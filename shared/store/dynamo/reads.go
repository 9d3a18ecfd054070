package dynamo

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
)

// Record reads a state item, strongly consistent: the shipper reads its own writes.
func (s *Store) Record(ctx context.Context, tenant string, mode ship.Mode, id string) (booking.Record, error) {
	out, err := s.DB.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.Tables.Shipments, Key: attrs{"pk": str(ShipmentKey(tenant, mode, id))}, ConsistentRead: aws.Bool(true)})
	if err != nil {
		return booking.Record{}, fmt.Errorf("reading shipment %s: %w", id, err)
	}
	if out.Item["st"] == nil { // nothing, or the alias of an Idempotency-Key
		return booking.Record{}, booking.ErrNotFound
	}
	return Decode(out.Item)
}

// position is the sort key of the list index, as a cursor carries it.
var position = regexp.MustCompile(`^\d{8}T\d{6}\.\d{3}Z#shp_[0-9a-z]{26}$`)

// List reads one page, newest first: one query of keys, then the items and their requests in batches.
func (s *Store) List(ctx context.Context, tenant string, mode ship.Mode, limit int, after string) ([]booking.Accepted, string, error) {
	in := &dynamodb.QueryInput{
		TableName: &s.Tables.Shipments, IndexName: ptr("list"), Limit: aws.Int32(int32(limit)), ScanIndexForward: aws.Bool(false),
		KeyConditionExpression: ptr("lp=:lp"), ExpressionAttributeValues: attrs{":lp": str(ListKey(tenant, mode))},
	}
	if after != "" {
		if !position.MatchString(after) {
			return nil, "", booking.ErrBadCursor
		}
		_, id, _ := strings.Cut(after, "#")
		in.ExclusiveStartKey = attrs{"lp": str(ListKey(tenant, mode)), "ls": str(after), "pk": str(ShipmentKey(tenant, mode, id))}
	}
	out, err := s.DB.Query(ctx, in)
	if err != nil {
		return nil, "", fmt.Errorf("listing shipments: %w", err)
	}
	var keys []attrs
	for _, it := range out.Items {
		keys = append(keys, attrs{"pk": it["pk"]})
	}
	items, err := s.batch(ctx, s.Tables.Shipments, keys)
	if err != nil {
		return nil, "", err
	}
	found, err := s.withRequests(ctx, tenant, mode, items)
	if err != nil {
		return nil, "", err
	}
	slices.SortFunc(found, func(a, b booking.Accepted) int {
		return strings.Compare(ListSort(b.Record.Created, b.Record.ID), ListSort(a.Record.Created, a.Record.ID))
	})
	next := decoder{it: out.LastEvaluatedKey}
	return found, next.str("ls"), nil
}

func (s *Store) withRequests(ctx context.Context, tenant string, mode ship.Mode, items []attrs) ([]booking.Accepted, error) {
	found := make([]booking.Accepted, len(items))
	keys := make([]attrs, len(items))
	for i, it := range items {
		r, err := Decode(it)
		if err != nil {
			return nil, err
		}
		found[i].Record = r
		keys[i] = attrs{"pk": it["pk"], "sk": str(requestDoc(r.RequestFP))}
	}
	docs, err := s.batch(ctx, s.Tables.Documents, keys)
	if err != nil {
		return nil, err
	}
	requests := map[string]attrs{}
	for _, doc := range docs {
		d := decoder{it: doc}
		requests[d.str("pk")] = doc
	}
	for i, f := range found {
		doc, ok := requests[ShipmentKey(tenant, mode, f.Record.ID)]
		if !ok { // the batch read lags behind a new one
			found[i].Shipment, err = s.Request(ctx, tenant, mode, f.Record.ID, f.Record.RequestFP)
		} else {
			found[i].Shipment, err = decodeRequest(doc)
		}
		if err != nil {
			return nil, fmt.Errorf("request of %s: %w", f.Record.ID, err)
		}
	}
	return found, nil
}

// batch reads items by key, at most 100 a call, until none is left unprocessed.
func (s *Store) batch(ctx context.Context, table string, keys []attrs) ([]attrs, error) {
	var out []attrs
	for len(keys) > 0 {
		n := min(len(keys), 100)
		ask := map[string]types.KeysAndAttributes{table: {Keys: keys[:n]}}
		keys = keys[n:]
		for len(ask) > 0 {
			got, err := s.DB.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: ask})
			if err != nil {
				return nil, fmt.Errorf("reading a page: %w", err)
			}
			out = append(out, got.Responses[table]...)
			ask = got.UnprocessedKeys
		}
	}
	return out, nil
}

// Open reads the shipments of one shard whose due has come: keys and due only. It is the platform's own look
// across all tenants; what it finds is acted on under the shipment's own tenant.
func (s *Store) Open(ctx context.Context, shard int, before time.Time, limit int) ([]booking.Record, error) {
	out, err := s.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &s.Tables.Shipments, IndexName: ptr("open"), Limit: aws.Int32(int32(limit)),
		KeyConditionExpression:    ptr("wk=:wk AND due<=:now"),
		ExpressionAttributeValues: attrs{":wk": str(ShardName(shard)), ":now": ms(before)},
	})
	if err != nil {
		return nil, fmt.Errorf("reading the open index: %w", err)
	}
	var found []booking.Record
	for _, it := range out.Items {
		d := decoder{it: it}
		var r booking.Record
		r.Tenant, r.Mode, r.ID = d.key()
		r.Due = d.time("due")
		if d.err != nil {
			return nil, d.err
		}
		found = append(found, r)
	}
	return found, nil
}
