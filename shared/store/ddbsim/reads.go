package ddbsim

import (
	"cmp"
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// What one BatchGetItem may ask for, and answer in bytes.
const (
	maxBatch     = 100
	maxBatchSize = 16 << 20
)

// GetItem is the SDK's, without projections.
func (c *Client) GetItem(ctx context.Context, in *dynamodb.GetItemInput, options ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	op := Op{Name: "GetItem", Table: aws.ToString(in.TableName), Key: c.db.keyText(in.TableName, in.Key), Input: in}
	return call(ctx, c, op, options, func(op *Op) (*dynamodb.GetItemOutput, []bill, error) {
		if len(in.AttributesToGet) > 0 || in.ProjectionExpression != nil || len(in.ExpressionAttributeNames) > 0 {
			return nil, nil, unsupported("projections in GetItem")
		}
		t, err := c.db.table(in.TableName)
		if err != nil {
			return nil, nil, err
		}
		key, err := t.primary(in.Key)
		if err != nil {
			return nil, nil, err
		}
		consistent := aws.ToBool(in.ConsistentRead)
		v := c.db.read(t, t.id(key), c.view(ctx, op, consistent))
		b := readBill(t, v.size, consistent)
		return &dynamodb.GetItemOutput{Item: v.item, ConsumedCapacity: b.capacity(in.ReturnConsumedCapacity)}, []bill{b}, nil
	})
}

// read is an item as it was at a time.
func (db *DB) read(t *table, id slotKey, when int64) version {
	db.mu.Lock()
	defer db.mu.Unlock()
	if s := t.slots[id]; s != nil {
		return s.at(when)
	}
	return version{}
}

// BatchGetItem is the SDK's, without projections. It answers in the order it was asked, and leaves keys unprocessed
// only beyond 16 MB.
func (c *Client) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, options ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	op := Op{Name: "BatchGetItem", Input: in}
	if len(in.RequestItems) == 1 {
		for name := range in.RequestItems {
			op.Table = name
		}
	}
	return call(ctx, c, op, options, func(op *Op) (*dynamodb.BatchGetItemOutput, []bill, error) {
		asked, err := c.db.batch(in)
		if err != nil {
			return nil, nil, err
		}
		out := &dynamodb.BatchGetItemOutput{Responses: map[string][]map[string]types.AttributeValue{}, UnprocessedKeys: map[string]types.KeysAndAttributes{}}
		var bills []bill
		space := maxBatchSize
		for _, a := range asked {
			consistent := aws.ToBool(a.request.ConsistentRead)
			when := c.view(ctx, op, consistent)
			total := bill{table: a.table}
			found := []map[string]types.AttributeValue{}
			for n, id := range a.ids {
				v := c.db.read(a.table, id, when)
				if v.size > space {
					rest := a.request
					rest.Keys = a.request.Keys[n:]
					out.UnprocessedKeys[a.table.Name] = rest
					break
				}
				space -= v.size
				total.base += readBill(a.table, v.size, consistent).base
				if v.item != nil {
					found = append(found, v.item)
				}
			}
			out.Responses[a.table.Name] = found
			bills = append(bills, total)
			if capacity := total.capacity(in.ReturnConsumedCapacity); capacity != nil {
				out.ConsumedCapacity = append(out.ConsumedCapacity, *capacity)
			}
		}
		return out, bills, nil
	})
}

// asked is what a batch wants of one table.
type asked struct {
	table   *table
	request types.KeysAndAttributes
	ids     []slotKey
}

// batch checks a batch and returns its tables in the order of their names.
func (db *DB) batch(in *dynamodb.BatchGetItemInput) ([]asked, error) {
	var out []asked
	keys := 0
	for name, request := range in.RequestItems {
		if len(request.AttributesToGet) > 0 || request.ProjectionExpression != nil || len(request.ExpressionAttributeNames) > 0 {
			return nil, unsupported("projections in BatchGetItem")
		}
		keys += len(request.Keys)
		if len(request.Keys) == 0 || keys > maxBatch {
			return nil, invalid("Too many or too few items requested for the BatchGetItem call: %d", keys)
		}
		t, err := db.table(&name)
		if err != nil {
			return nil, err
		}
		a := asked{table: t, request: request}
		seen := map[slotKey]bool{}
		for _, k := range request.Keys {
			key, err := t.primary(k)
			if err != nil {
				return nil, err
			}
			id := t.id(key)
			if seen[id] {
				return nil, invalid("Provided list of item keys contains duplicates")
			}
			seen[id] = true
			a.ids = append(a.ids, id)
		}
		out = append(out, a)
	}
	if keys == 0 {
		return nil, invalid("The requestItems parameter is required for BatchGetItem")
	}
	slices.SortFunc(out, func(a, b asked) int { return cmp.Compare(a.table.Name, b.table.Name) })
	return out, nil
}

// Query is the SDK's, of a table or an index, without filters and projections.
func (c *Client) Query(ctx context.Context, in *dynamodb.QueryInput, options ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	op := Op{Name: "Query", Table: aws.ToString(in.TableName), Index: aws.ToString(in.IndexName), Input: in}
	return call(ctx, c, op, options, func(op *Op) (*dynamodb.QueryOutput, []bill, error) {
		q, err := c.db.query(in)
		if err != nil {
			return nil, nil, err
		}
		page := c.db.page(q, c.view(ctx, op, q.consistent))
		b := readBill(q.table, page.size, q.consistent)
		if q.secondary {
			b.indexes = make([]int64, len(q.table.indexes))
			b.indexes[slices.Index(q.table.indexes, q.index)], b.base = b.base, 0
		}
		out := &dynamodb.QueryOutput{
			Items: page.items, Count: int32(len(page.items)), ScannedCount: int32(len(page.items)),
			LastEvaluatedKey: page.last, ConsumedCapacity: b.capacity(in.ReturnConsumedCapacity),
		}
		return out, []bill{b}, nil
	})
}
