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

// Peek reads a state item, eventually consistent: half the price, and perhaps an older one.
func (s *Store) Peek(ctx context.Context, tenant string, mode ship.Mode, id string) (booking.Record, error) {
	out, err := s.DB.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.Tables.Shipments, Key: attrs{"pk": str(ShipmentKey(tenant, mode, id))}})
	if err != nil {
		return booking.Record{}, fmt.Errorf("reading shipment %s: %w", id, err)
	}
	if out.Item["st"] == nil {
		return booking.Record{}, booking.ErrNotFound
	}
	return Decode(out.Item)
}

// mostPages is how many pages of the list one call looks through for a status. The cursor goes on from there.
const mostPages = 3

// pageOfKeys is how many keys such a page has.
const pageOfKeys = 100

// List reads one page, newest first: one query of keys, then the items and their requests in batches. With a status it
// looks through at most mostPages × pageOfKeys shipments.
func (s *Store) List(ctx context.Context, tenant string, mode ship.Mode, q booking.Query) ([]booking.Accepted, string, error) {
	in, err := s.listing(tenant, mode, q)
	if err != nil {
		return nil, "", err
	}
	pages := 1
	if q.Status != "" {
		pages, in.Limit = mostPages, aws.Int32(pageOfKeys)
	}
	var found []attrs
	for range pages {
		out, err := s.DB.Query(ctx, in)
		if err != nil {
			return nil, "", fmt.Errorf("listing shipments: %w", err)
		}
		items, err := s.itemsOf(ctx, out.Items)
		if err != nil {
			return nil, "", err
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
		for i, it := range items {
			if d := (decoder{it: it}); q.Status != "" && d.str("st") != string(q.Status) {
				continue
			}
			if found = append(found, it); len(found) == q.Limit && (i < len(items)-1 || len(in.ExclusiveStartKey) > 0) {
				in.ExclusiveStartKey = attrs{"ls": it["ls"]}
				break
			}
		}
		if len(in.ExclusiveStartKey) == 0 || len(found) == q.Limit {
			break
		}
	}
	page, err := s.withRequests(ctx, tenant, mode, found)
	next := decoder{it: in.ExclusiveStartKey}
	return page, next.str("ls"), err
}

// listing is the query of the list index for q.
func (s *Store) listing(tenant string, mode ship.Mode, q booking.Query) (*dynamodb.QueryInput, error) {
	lp := str(ListKey(tenant, mode))
	in := &dynamodb.QueryInput{
		TableName: &s.Tables.Shipments, IndexName: new("list"), Limit: aws.Int32(int32(q.Limit)), ScanIndexForward: aws.Bool(false),
		KeyConditionExpression: new("lp=:lp"), ExpressionAttributeValues: attrs{":lp": lp},
	}
	from, before := "0", behind // "0" is in front of every time
	if !q.From.IsZero() || !q.Before.IsZero() {
		if !q.From.IsZero() {
			from = bound(q.From)
		}
		if !q.Before.IsZero() {
			before = bound(q.Before)
		}
		in.KeyConditionExpression = new("lp=:lp AND ls BETWEEN :from AND :before")
		in.ExpressionAttributeValues[":from"], in.ExpressionAttributeValues[":before"] = str(from), str(before)
	}
	if q.After != "" {
		if !position.MatchString(q.After) || q.After < from || q.After > before { // DynamoDB starts nowhere outside the range
			return nil, booking.ErrBadCursor
		}
		_, id, _ := strings.Cut(q.After, "#")
		in.ExclusiveStartKey = attrs{"lp": lp, "ls": str(q.After), "pk": str(ShipmentKey(tenant, mode, id))}
	}
	return in, nil
}

// behind sorts behind every time of the list.
const behind = "~"

// bound is a time as the list sorts it. A sort key is a time, # and an id: a time alone sorts before everything made at
// it. A year of five digits would sort in front of this one, and DynamoDB refuses a range that ends before it begins.
func bound(t time.Time) string {
	if t = t.Add(time.Millisecond - 1).UTC(); t.Year() > 9999 {
		return behind
	}
	return t.Format(listTime)
}

// itemsOf reads the state items of keys that an index gave, in their order. What the index still shows and the table no
// longer has is left out.
func (s *Store) itemsOf(ctx context.Context, index []attrs) ([]attrs, error) {
	keys, place := make([]attrs, len(index)), map[string]int{}
	for i, it := range index {
		keys[i] = attrs{"pk": it["pk"]}
		d := decoder{it: it}
		place[d.str("pk")] = i
	}
	items, err := s.batch(ctx, s.Tables.Shipments, keys)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(items, func(a, b attrs) int {
		da, db := decoder{it: a}, decoder{it: b}
		return place[da.str("pk")] - place[db.str("pk")]
	})
	return items, nil
}

// shipmentsOf reads the shipments of some ids: a batch, or the alias of an Idempotency-Key, is none.
func (s *Store) shipmentsOf(ctx context.Context, tenant string, mode ship.Mode, ids []string) ([]attrs, error) {
	items, err := s.itemsOf(ctx, keysOf(tenant, mode, ids))
	return slices.DeleteFunc(items, func(it attrs) bool { return it["st"] == nil }), err
}

// Many reads the shipments of some ids, in their order.
func (s *Store) Many(ctx context.Context, tenant string, mode ship.Mode, ids []string) ([]booking.Accepted, error) {
	items, err := s.shipmentsOf(ctx, tenant, mode, ids)
	if err != nil {
		return nil, err
	}
	return s.withRequests(ctx, tenant, mode, items)
}

// Count counts the shipments of some ids by status.
func (s *Store) Count(ctx context.Context, tenant string, mode ship.Mode, ids []string) (map[booking.Status]int64, error) {
	items, err := s.shipmentsOf(ctx, tenant, mode, ids)
	n := map[booking.Status]int64{}
	for _, it := range items {
		d := decoder{it: it}
		n[booking.Status(d.str("st"))]++
	}
	return n, err
}

// keysOf are the keys of state items, each once: a batch read takes none twice.
func keysOf(tenant string, mode ship.Mode, ids []string) []attrs {
	var keys []attrs
	seen := map[string]bool{}
	for _, id := range ids {
		if !seen[id] {
			keys = append(keys, attrs{"pk": str(ShipmentKey(tenant, mode, id))})
		}
		seen[id] = true
	}
	return keys
}

// ByNumber reads the shipments booked under a tracking number.
func (s *Store) ByNumber(ctx context.Context, tenant string, mode ship.Mode, number string) ([]booking.Accepted, error) {
	out, err := s.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &s.Tables.Shipments, IndexName: new("number"), Limit: aws.Int32(10),
		KeyConditionExpression: new("np=:np"), ExpressionAttributeValues: attrs{":np": str(NumberKey(tenant, mode, number))},
	})
	if err != nil {
		return nil, fmt.Errorf("looking for number %s: %w", number, err)
	}
	items, err := s.itemsOf(ctx, out.Items)
	if err != nil {
		return nil, err
	}
	return s.withRequests(ctx, tenant, mode, items)
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
		if !ok || s.perished(doc) { // the batch read lags behind a new one, or it was erased
			found[i].Shipment, err = booking.Requested(ctx, s, tenant, f.Record)
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
		TableName: &s.Tables.Shipments, IndexName: new("open"), Limit: aws.Int32(int32(limit)),
		KeyConditionExpression:    new("wk=:wk AND due<=:now"),
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
