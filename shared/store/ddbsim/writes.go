package ddbsim

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

const allOld = types.ReturnValuesOnConditionCheckFailureAllOld

// table finds the table a request names.
func (db *DB) table(name *string) (*table, error) {
	if t := db.tables[aws.ToString(name)]; t != nil {
		return t, nil
	}
	return nil, &types.ResourceNotFoundException{Message: new("Requested resource not found: Table: " + aws.ToString(name) + " not found")}
}

// keyText is the key of a request or an item as an Op shows it. It may be that of a request that will be refused.
func (db *DB) keyText(name *string, key attrs) string {
	t := db.tables[aws.ToString(name)]
	if t == nil {
		return ""
	}
	return t.id(key).text()
}

// write commits a mutation and tells the watchers.
func (c *Client) write(ctx context.Context, op *Op, m *mutation) (result, error) {
	res, err := c.db.commit(op, m)
	if err == nil {
		c.db.tell(ctx, res.change)
	}
	return res, err
}

// returned is what an answer shows of the item.
func returned(want types.ReturnValue, c Change, ofUpdate bool) (attrs, error) {
	switch {
	case want == "" || want == types.ReturnValueNone:
		return nil, nil
	case want == types.ReturnValueAllOld:
		return c.Old, nil
	case want == types.ReturnValueAllNew && ofUpdate:
		return c.New, nil
	case ofUpdate && (want == types.ReturnValueUpdatedOld || want == types.ReturnValueUpdatedNew):
		return nil, unsupported("ReturnValues %s", want)
	}
	return nil, invalid("Return values set to invalid value: %s", want)
}

// UpdateItem is the SDK's, with SET, REMOVE and ADD of numbers. ReturnValues are NONE, ALL_OLD and ALL_NEW.
func (c *Client) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, options ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	op := Op{Name: "UpdateItem", Table: aws.ToString(in.TableName), Key: c.db.keyText(in.TableName, in.Key), Write: true, Input: in}
	return call(ctx, c, op, options, func(op *Op) (*dynamodb.UpdateItemOutput, []bill, error) {
		m, err := c.db.updating(in)
		if err != nil {
			return nil, nil, err
		}
		res, err := c.write(ctx, op, m)
		if err != nil {
			return nil, []bill{res.bill}, err
		}
		shown, _ := returned(in.ReturnValues, res.change, true)
		return &dynamodb.UpdateItemOutput{Attributes: shown, ConsumedCapacity: res.bill.capacity(in.ReturnConsumedCapacity)}, []bill{res.bill}, nil
	})
}

// updating makes the mutation of a request, or refuses it.
func (db *DB) updating(in *dynamodb.UpdateItemInput) (*mutation, error) {
	if len(in.AttributeUpdates) > 0 || len(in.Expected) > 0 || in.ConditionalOperator != "" || in.ReturnItemCollectionMetrics == types.ReturnItemCollectionMetricsSize {
		return nil, unsupported("the legacy parameters of UpdateItem")
	}
	if _, err := returned(in.ReturnValues, Change{}, true); err != nil {
		return nil, err
	}
	t, err := db.table(in.TableName)
	if err != nil {
		return nil, err
	}
	m, err := db.conditional(in.UpdateExpression, in.ConditionExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues)
	if err != nil {
		return nil, err
	}
	for _, a := range m.prog.actions {
		if name := a.target.name(m.names); name == t.Hash || name == t.Range {
			return nil, invalid("One or more parameter values were invalid: Cannot update attribute %s. This attribute is part of the key", name)
		}
	}
	m.update, m.tell = true, in.ReturnValuesOnConditionCheckFailure == allOld
	if m.key, err = t.primary(in.Key); err == nil {
		m.id = t.id(m.key)
	}
	return m, err
}

// conditional is the part of a mutation that its expressions make.
func (db *DB) conditional(update, cond *string, names map[string]string, values attrs) (*mutation, error) {
	p, err := db.parsed.compile(update, cond, nil)
	if err != nil {
		return nil, err
	}
	values, err = p.bind(names, values)
	return &mutation{prog: p, names: names, values: values}, err
}

// PutItem is the SDK's. ReturnValues are NONE and ALL_OLD.
func (c *Client) PutItem(ctx context.Context, in *dynamodb.PutItemInput, options ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	op := Op{Name: "PutItem", Table: aws.ToString(in.TableName), Key: c.db.keyText(in.TableName, in.Item), Write: true, Input: in}
	return call(ctx, c, op, options, func(op *Op) (*dynamodb.PutItemOutput, []bill, error) {
		m, err := c.db.putting(in)
		if err != nil {
			return nil, nil, err
		}
		res, err := c.write(ctx, op, m)
		if err != nil {
			return nil, []bill{res.bill}, err
		}
		shown, _ := returned(in.ReturnValues, res.change, false)
		return &dynamodb.PutItemOutput{Attributes: shown, ConsumedCapacity: res.bill.capacity(in.ReturnConsumedCapacity)}, []bill{res.bill}, nil
	})
}

func (db *DB) putting(in *dynamodb.PutItemInput) (*mutation, error) {
	if len(in.Expected) > 0 || in.ConditionalOperator != "" || in.ReturnItemCollectionMetrics == types.ReturnItemCollectionMetricsSize {
		return nil, unsupported("the legacy parameters of PutItem")
	}
	if _, err := returned(in.ReturnValues, Change{}, false); err != nil {
		return nil, err
	}
	t, err := db.table(in.TableName)
	if err != nil {
		return nil, err
	}
	m, err := db.conditional(nil, in.ConditionExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues)
	if err != nil {
		return nil, err
	}
	m.tell = in.ReturnValuesOnConditionCheckFailure == allOld
	if m.put, m.size, err = t.admit(in.Item); err != nil {
		return nil, err
	}
	m.id, m.key = t.id(m.put), m.put
	return m, t.indexable(nil, m.put)
}

// DeleteItem is the SDK's. ReturnValues are NONE and ALL_OLD.
func (c *Client) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, options ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	op := Op{Name: "DeleteItem", Table: aws.ToString(in.TableName), Key: c.db.keyText(in.TableName, in.Key), Write: true, Input: in}
	return call(ctx, c, op, options, func(op *Op) (*dynamodb.DeleteItemOutput, []bill, error) {
		m, err := c.db.deleting(in)
		if err != nil {
			return nil, nil, err
		}
		res, err := c.write(ctx, op, m)
		if err != nil {
			return nil, []bill{res.bill}, err
		}
		shown, _ := returned(in.ReturnValues, res.change, false)
		return &dynamodb.DeleteItemOutput{Attributes: shown, ConsumedCapacity: res.bill.capacity(in.ReturnConsumedCapacity)}, []bill{res.bill}, nil
	})
}

func (db *DB) deleting(in *dynamodb.DeleteItemInput) (*mutation, error) {
	if len(in.Expected) > 0 || in.ConditionalOperator != "" || in.ReturnItemCollectionMetrics == types.ReturnItemCollectionMetricsSize {
		return nil, unsupported("the legacy parameters of DeleteItem")
	}
	if _, err := returned(in.ReturnValues, Change{}, false); err != nil {
		return nil, err
	}
	t, err := db.table(in.TableName)
	if err != nil {
		return nil, err
	}
	m, err := db.conditional(nil, in.ConditionExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues)
	if err != nil {
		return nil, err
	}
	m.tell = in.ReturnValuesOnConditionCheckFailure == allOld
	if m.key, err = t.primary(in.Key); err == nil {
		m.id = t.id(m.key)
	}
	return m, err
}
