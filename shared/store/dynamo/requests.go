package dynamo

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/api"
)

// maxAnswer is the largest answer kept, gzipped: an item may have 400 KB, its names and everything else included.
const maxAnswer = 350 << 10

// unfinished holds for an execution that is still its owner's and has no answer.
const unfinished = "own=:own AND attribute_not_exists(gz)"

// BeginRequest implements api.Requests.
func (s *Store) BeginRequest(ctx context.Context, tenant string, x api.Execution, instead string) (*api.Execution, error) {
	in := &dynamodb.PutItemInput{
		TableName: &s.Tables.Requests,
		Item: attrs{
			"pk": str(requestKey(tenant, x.Mode, x.Operation, x.Key)), "fv": num(ItemFormat), "fp": str(x.Fingerprint), "own": str(x.Owner),
			"bt": ms(x.Begun), "lx": ms(x.Lease), "ttl": num(x.Expires.Unix()),
		},
		// TTL takes days to delete what has expired.
		ConditionExpression:       new("attribute_not_exists(pk) OR #ttl<=:now"),
		ExpressionAttributeNames:  map[string]string{"#ttl": "ttl"},
		ExpressionAttributeValues: attrs{":now": num(s.Now().Unix())},

		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	if instead != "" {
		in.ConditionExpression = new(*in.ConditionExpression + " OR (" + unfinished + ")")
		in.ExpressionAttributeValues[":own"] = str(instead)
	}
	_, err := s.DB.PutItem(ctx, in)
	if old, no := refused(err); no {
		return readExecution(old, x)
	}
	if err != nil {
		return nil, fmt.Errorf("beginning a request: %w", err)
	}
	return nil, nil
}

// KeepAnswer implements api.Requests.
func (s *Store) KeepAnswer(ctx context.Context, tenant string, x api.Execution, a api.Answer) (*api.Execution, error) {
	plain, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("keeping an answer: %w", err)
	}
	packed := zip(plain)
	if len(packed) > maxAnswer {
		return nil, api.ErrAnswerTooLarge
	}
	in := s.whileMine(tenant, x, "SET gz=:gz")
	in.ExpressionAttributeValues[":gz"] = bin(packed)
	in.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	_, err = s.DB.UpdateItem(ctx, in)
	if old, no := refused(err); no && len(old) > 0 {
		return readExecution(old, x)
	} else if no || err == nil {
		return nil, nil
	}
	return nil, fmt.Errorf("keeping an answer: %w", err)
}

// ReleaseRequest implements api.Requests.
func (s *Store) ReleaseRequest(ctx context.Context, tenant string, x api.Execution) error {
	_, err := s.DB.UpdateItem(ctx, s.whileMine(tenant, x, "REMOVE lx"))
	if _, no := refused(err); no || err == nil {
		return nil
	}
	return fmt.Errorf("releasing a request: %w", err)
}

// ForgetRequest implements api.Requests.
func (s *Store) ForgetRequest(ctx context.Context, tenant string, x api.Execution) error {
	_, err := s.DB.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &s.Tables.Requests, Key: attrs{"pk": str(requestKey(tenant, x.Mode, x.Operation, x.Key))},
		ConditionExpression: new(unfinished), ExpressionAttributeValues: attrs{":own": str(x.Owner)},
	})
	if _, no := refused(err); no || err == nil {
		return nil
	}
	return fmt.Errorf("forgetting a request: %w", err)
}

// whileMine updates an execution, provided that it is its owner's and unfinished.
func (s *Store) whileMine(tenant string, x api.Execution, update string) *dynamodb.UpdateItemInput {
	return &dynamodb.UpdateItemInput{
		TableName: &s.Tables.Requests, Key: attrs{"pk": str(requestKey(tenant, x.Mode, x.Operation, x.Key))},
		UpdateExpression: &update, ConditionExpression: new(unfinished), ExpressionAttributeValues: attrs{":own": str(x.Owner)},
	}
}

// readExecution is what stands under the key of x.
func readExecution(it attrs, x api.Execution) (*api.Execution, error) {
	if err := readable("request", it); err != nil {
		return nil, err
	}
	d := decoder{it: it}
	x.Fingerprint, x.Owner, x.Begun, x.Lease, x.Expires = d.str("fp"), d.str("own"), d.time("bt"), d.time("lx"), time.Unix(d.num("ttl"), 0).UTC()
	if d.err != nil || it["gz"] == nil {
		return &x, d.err
	}
	plain, err := unzip(it)
	if err != nil {
		return nil, err
	}
	x.Answer = &api.Answer{}
	if err := json.Unmarshal(plain, x.Answer); err != nil {
		return nil, fmt.Errorf("a kept answer that is no JSON: %w", err)
	}
	return &x, nil
}
