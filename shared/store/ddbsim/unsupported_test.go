package ddbsim_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/store/ddbsim"
)

// TestUnsupportedRequests are good requests, for the service: what is not done here is not ignored.
func TestUnsupportedRequests(t *testing.T) {
	table, key := aws.String("t"), attrs{"pk": str("a")}
	legacy := map[string]types.ExpectedAttributeValue{"c": {Exists: aws.Bool(false)}}
	query := func(in *dynamodb.QueryInput) func(context.Context, *ddbsim.Client) error {
		in.TableName, in.KeyConditionExpression, in.ExpressionAttributeValues = table, aws.String("pk=:pk"), attrs{":pk": str("a")}
		return func(ctx context.Context, c *ddbsim.Client) error { _, err := c.Query(ctx, in); return err }
	}
	update := func(in *dynamodb.UpdateItemInput) func(context.Context, *ddbsim.Client) error {
		in.TableName, in.Key = table, key
		return func(ctx context.Context, c *ddbsim.Client) error { _, err := c.UpdateItem(ctx, in); return err }
	}
	for name, call := range map[string]func(context.Context, *ddbsim.Client) error{
		"a filter":                        query(&dynamodb.QueryInput{FilterExpression: aws.String("attribute_exists(c)")}),
		"a projection of a query":         query(&dynamodb.QueryInput{ProjectionExpression: aws.String("c")}),
		"a count":                         query(&dynamodb.QueryInput{Select: types.SelectCount}),
		"UPDATED_NEW":                     update(&dynamodb.UpdateItemInput{ReturnValues: types.ReturnValueUpdatedNew}),
		"attribute updates":               update(&dynamodb.UpdateItemInput{AttributeUpdates: map[string]types.AttributeValueUpdate{"c": {Action: types.AttributeActionDelete}}}),
		"expectations":                    update(&dynamodb.UpdateItemInput{Expected: legacy}),
		"ADD to a set":                    update(&dynamodb.UpdateItemInput{UpdateExpression: aws.String("ADD s :s"), ExpressionAttributeValues: attrs{":s": &types.AttributeValueMemberSS{Value: []string{"x"}}}}),
		"the size of a text beyond ASCII": update(&dynamodb.UpdateItemInput{ConditionExpression: aws.String("size(s)>:n"), ExpressionAttributeValues: attrs{":n": num(1)}}),
		"expectations of a put": func(ctx context.Context, c *ddbsim.Client) error {
			_, err := c.PutItem(ctx, &dynamodb.PutItemInput{TableName: table, Item: key, Expected: legacy})
			return err
		},
		"expectations of a deletion": func(ctx context.Context, c *ddbsim.Client) error {
			_, err := c.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: table, Key: key, Expected: legacy})
			return err
		},
		"a projection of an item": func(ctx context.Context, c *ddbsim.Client) error {
			_, err := c.GetItem(ctx, &dynamodb.GetItemInput{TableName: table, Key: key, ProjectionExpression: aws.String("c")})
			return err
		},
		"a projection of a batch": func(ctx context.Context, c *ddbsim.Client) error {
			_, err := c.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{"t": {Keys: []map[string]types.AttributeValue{key}, ProjectionExpression: aws.String("c")}}})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.put(attrs{"pk": str("a"), "s": str("é")})
			made := 0
			client := w.client(ddbsim.ClientOptions{Before: func(context.Context, *ddbsim.Op) error { made++; return nil }})
			if err := call(t.Context(), client); err == nil || !strings.Contains(err.Error(), "ddbsim does not support") || made != 1 {
				t.Errorf("%d attempts, %v", made, err)
			}
			if it := w.Item("t", "a"); len(it) != 2 {
				t.Errorf("the item became %v", it)
			}
		})
	}
}
