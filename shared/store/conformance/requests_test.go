package conformance

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// key is the key that most cases write.
var key = item("pk", "a")

// names are expression attribute names.
type names = map[string]string

// option is what else a request says.
type option func(*extras)

type extras struct {
	cond    *string
	names   names
	values  attrs
	returns types.ReturnValue
	tell    types.ReturnValuesOnConditionCheckFailure
}

func given(expr string) option           { return func(x *extras) { x.cond = &expr } }
func with(pairs ...any) option           { return func(x *extras) { x.values = item(pairs...) } }
func called(n names) option              { return func(x *extras) { x.names = n } }
func back(want types.ReturnValue) option { return func(x *extras) { x.returns = want } }

// telling asks for the item that makes the condition fail.
func telling(x *extras) { x.tell = types.ReturnValuesOnConditionCheckFailureAllOld }

func all(options []option) extras {
	var x extras
	for _, o := range options {
		o(&x)
	}
	return x
}

func update(key attrs, expr string, options ...option) *dynamodb.UpdateItemInput {
	x := all(options)
	in := &dynamodb.UpdateItemInput{Key: key, ConditionExpression: x.cond, ExpressionAttributeNames: x.names, ExpressionAttributeValues: x.values,
		ReturnValues: x.returns, ReturnValuesOnConditionCheckFailure: x.tell}
	if expr != "" {
		in.UpdateExpression = &expr
	}
	return in
}

func put(it attrs, options ...option) *dynamodb.PutItemInput {
	x := all(options)
	return &dynamodb.PutItemInput{Item: it, ConditionExpression: x.cond, ExpressionAttributeNames: x.names, ExpressionAttributeValues: x.values,
		ReturnValues: x.returns, ReturnValuesOnConditionCheckFailure: x.tell}
}

func remove(key attrs, options ...option) *dynamodb.DeleteItemInput {
	x := all(options)
	return &dynamodb.DeleteItemInput{Key: key, ConditionExpression: x.cond, ExpressionAttributeNames: x.names, ExpressionAttributeValues: x.values,
		ReturnValues: x.returns, ReturnValuesOnConditionCheckFailure: x.tell}
}

func get(key attrs, consistent bool) *dynamodb.GetItemInput {
	return &dynamodb.GetItemInput{Key: key, ConsistentRead: aws.Bool(consistent)}
}

// query asks the table ranged, or an index of single.
func query(index, expr string, values attrs, more ...func(*dynamodb.QueryInput)) *dynamodb.QueryInput {
	in := &dynamodb.QueryInput{KeyConditionExpression: &expr, ExpressionAttributeValues: values}
	if index != "" {
		in.IndexName = &index
	}
	for _, f := range more {
		f(in)
	}
	return in
}

func limit(n int32) func(*dynamodb.QueryInput) {
	return func(in *dynamodb.QueryInput) { in.Limit = &n }
}

func from(key attrs) func(*dynamodb.QueryInput) {
	return func(in *dynamodb.QueryInput) { in.ExclusiveStartKey = key }
}

func backward(in *dynamodb.QueryInput)   { in.ScanIndexForward = aws.Bool(false) }
func consistent(in *dynamodb.QueryInput) { in.ConsistentRead = aws.Bool(true) }
