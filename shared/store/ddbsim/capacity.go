package ddbsim

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// readBill is what reading some bytes of a table costs: half for an eventually consistent read.
func readBill(t *table, bytes int, consistent bool) bill {
	b := bill{table: t, base: 500 * units(bytes, readUnit)}
	if consistent {
		b.base *= 2
	}
	return b
}

func (b bill) total() int64 {
	sum := b.base
	for _, milli := range b.indexes {
		sum += milli
	}
	return sum
}

// capacity is a bill as an answer shows it, nil when nobody asked.
func (b bill) capacity(asked types.ReturnConsumedCapacity) *types.ConsumedCapacity {
	if asked != types.ReturnConsumedCapacityIndexes && asked != types.ReturnConsumedCapacityTotal {
		return nil
	}
	c := &types.ConsumedCapacity{TableName: new(b.table.Name), CapacityUnits: shown(b.total())}
	if asked == types.ReturnConsumedCapacityTotal {
		return c
	}
	c.Table = &types.Capacity{CapacityUnits: shown(b.base)}
	for n, milli := range b.indexes {
		if milli == 0 {
			continue
		}
		if c.GlobalSecondaryIndexes == nil {
			c.GlobalSecondaryIndexes = map[string]types.Capacity{}
		}
		c.GlobalSecondaryIndexes[b.table.indexes[n].Name] = types.Capacity{CapacityUnits: shown(milli)}
	}
	return c
}

// shown is thousandths as the SDK's floating point.
func shown(milli int64) *float64 { return new(float64(milli) / 1000) }

// reading is a bill as the meter tells it.
func (b bill) reading(op string) dynamo.Reading {
	r := dynamo.Reading{Operation: op, Table: b.table.Name, Indexes: map[string]int64{}, Refused: b.refused}
	for n, milli := range b.indexes {
		if milli > 0 {
			r.Indexes[b.table.indexes[n].Name] = milli
		}
	}
	if b.write {
		r.Write = b.total()
	} else {
		r.Read = b.total()
	}
	return r
}
