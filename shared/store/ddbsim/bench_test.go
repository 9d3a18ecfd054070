package ddbsim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/store/ddbsim"
)

// wide is an item of 15 attributes, as a state item is.
func wide(pk string) attrs {
	it := attrs{"pk": str(pk), "due": num(1_800_000_000_000), "wk": str("w01"), "lp": str("tn#live"), "ls": str(pk), "ver": num(1), "st": str("pending"),
		"h": &types.AttributeValueMemberL{Value: []types.AttributeValue{str("a"), str("b"), str("c")}}}
	for n := len(it); n < 15; n++ {
		it[fmt.Sprint("a", n)] = str("0123456789abcdef")
	}
	return it
}

func benchmarked(b *testing.B, lag bool) (*ddbsim.Client, *string) {
	tables, names := ddbsim.Template("")
	now := time.UnixMilli(1_800_000_000_000)
	db := ddbsim.New(ddbsim.Options{Tables: tables, Now: func() time.Time { now = now.Add(50 * time.Millisecond); return now }})
	o := ddbsim.ClientOptions{}
	if lag {
		o.Lag = late(time.Second)
	}
	db.Restore(names.Shipments, wide("a"))
	b.ReportAllocs()
	return db.Client(o), &names.Shipments
}

func BenchmarkUpdateItem(b *testing.B) {
	for _, lag := range []bool{false, true} {
		b.Run(fmt.Sprintf("versions kept %v", lag), func(b *testing.B) {
			c, table := benchmarked(b, lag)
			key, values := attrs{"pk": str("a")}, attrs{":st": str("booking"), ":one": num(1), ":t": num(1_800_000_000_001), ":pending": str("pending"), ":me": str("w")}
			for b.Loop() {
				_, err := c.UpdateItem(b.Context(), &dynamodb.UpdateItemInput{
					TableName: table, Key: key, ExpressionAttributeValues: values, ReturnValues: types.ReturnValueAllNew,
					UpdateExpression:    aws.String("SET st=:st, ver=ver+:one, lx=:t, own=:me REMOVE nx, ab ADD ep :one"),
					ConditionExpression: aws.String("(st=:pending OR st=:st) AND (attribute_not_exists(nx) OR nx<=:t) AND attribute_not_exists(late)"),
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkGetItem(b *testing.B) {
	c, table := benchmarked(b, false)
	in := &dynamodb.GetItemInput{TableName: table, Key: attrs{"pk": str("a")}, ConsistentRead: aws.Bool(true)}
	for b.Loop() {
		if _, err := c.GetItem(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPutItem(b *testing.B) {
	c, table := benchmarked(b, false)
	in := &dynamodb.PutItemInput{TableName: table, Item: wide("a"), ConditionExpression: aws.String("attribute_not_exists(pk) OR st=:st"), ExpressionAttributeValues: attrs{":st": str("pending")}}
	for b.Loop() {
		if _, err := c.PutItem(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
}
