package dynamo

import (
	"context"
	"math"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
)

// Reading is what one DynamoDB call consumed, in thousandths of a capacity unit: DynamoDB bills halves.
type Reading struct {
	Operation string // PutItem, …
	Name      string // the protocol's name of a write of a state item, else ""
	Table     string
	Write     int64            // table and indexes
	Read      int64            //
	Indexes   map[string]int64 // the part of it that indexes took
	Refused   bool             // the condition failed: billed by the size of the item that was there
}

// Meter is SDK middleware that asks for consumed capacity with its indexes on every call and records it. A refused
// write returns none, so the size of the item that refused it is taken, as DynamoDB bills it.
func Meter(record func(context.Context, Reading)) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("FairleadMeter", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			op, table := ask(in.Parameters)
			out, meta, err := next.HandleInitialize(ctx, in)
			if op == "" {
				return out, meta, err
			}
			if old, ok := refused(err); ok {
				record(ctx, Reading{Operation: op, Name: WriteName(ctx), Table: table, Write: units(size(old), 1024) * 1000, Refused: true})
				return out, meta, err
			}
			for _, c := range consumed(out.Result) {
				r := reading(op, c)
				r.Name = WriteName(ctx)
				record(ctx, r)
			}
			return out, meta, err
		}), middleware.After)
	}
}

// ask sets ReturnConsumedCapacity and names the call.
func ask(params any) (op, table string) {
	switch p := params.(type) {
	case *dynamodb.PutItemInput:
		p.ReturnConsumedCapacity = types.ReturnConsumedCapacityIndexes
		return "PutItem", *p.TableName
	case *dynamodb.UpdateItemInput:
		p.ReturnConsumedCapacity = types.ReturnConsumedCapacityIndexes
		return "UpdateItem", *p.TableName
	case *dynamodb.DeleteItemInput:
		p.ReturnConsumedCapacity = types.ReturnConsumedCapacityIndexes
		return "DeleteItem", *p.TableName
	case *dynamodb.GetItemInput:
		p.ReturnConsumedCapacity = types.ReturnConsumedCapacityIndexes
		return "GetItem", *p.TableName
	case *dynamodb.QueryInput:
		p.ReturnConsumedCapacity = types.ReturnConsumedCapacityIndexes
		return "Query", *p.TableName
	case *dynamodb.BatchGetItemInput:
		p.ReturnConsumedCapacity = types.ReturnConsumedCapacityIndexes
		return "BatchGetItem", ""
	}
	return "", ""
}

func consumed(result any) []types.ConsumedCapacity {
	one := func(c *types.ConsumedCapacity) []types.ConsumedCapacity {
		if c == nil {
			return nil
		}
		return []types.ConsumedCapacity{*c}
	}
	switch r := result.(type) {
	case *dynamodb.PutItemOutput:
		return one(r.ConsumedCapacity)
	case *dynamodb.UpdateItemOutput:
		return one(r.ConsumedCapacity)
	case *dynamodb.DeleteItemOutput:
		return one(r.ConsumedCapacity)
	case *dynamodb.GetItemOutput:
		return one(r.ConsumedCapacity)
	case *dynamodb.QueryOutput:
		return one(r.ConsumedCapacity)
	case *dynamodb.BatchGetItemOutput:
		return r.ConsumedCapacity
	}
	return nil
}

func reading(op string, c types.ConsumedCapacity) Reading {
	r := Reading{Operation: op, Indexes: map[string]int64{}}
	if c.TableName != nil {
		r.Table = *c.TableName
	}
	for name, x := range c.GlobalSecondaryIndexes {
		r.Indexes[name] = milli(x.CapacityUnits)
	}
	switch op {
	case "PutItem", "UpdateItem", "DeleteItem":
		r.Write = milli(c.CapacityUnits)
	default:
		r.Read = milli(c.CapacityUnits)
	}
	return r
}

// milli leaves the SDK's floating point at once.
func milli(f *float64) int64 {
	if f == nil {
		return 0
	}
	return int64(math.Round(*f * 1000))
}

func units(bytes, per int) int64 { return int64(max(1, (bytes+per-1)/per)) }

// size is an item's size by DynamoDB's documented rules: names and values in UTF-8, numbers about one byte for
// two digits, three bytes of overhead for a list or map and one for each of its elements.
func size(it attrs) int {
	n := 0
	for name, v := range it {
		n += len(name) + sizeOf(v)
	}
	return n
}

func sizeOf(v types.AttributeValue) int {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberB:
		return len(v.Value)
	case *types.AttributeValueMemberN:
		return len(v.Value)/2 + 2
	case *types.AttributeValueMemberL:
		n := 3
		for _, x := range v.Value {
			n += 1 + sizeOf(x)
		}
		return n
	case *types.AttributeValueMemberM:
		return 3 + len(v.Value) + size(v.Value)
	}
	return 1
}
