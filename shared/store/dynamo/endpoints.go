package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/ship"
)

// PutEndpoint writes a callback endpoint, in place of the one of this id if there is one.
func (s *Store) PutEndpoint(ctx context.Context, tenant string, e callback.Endpoint) error {
	item := attrs{
		"pk": str(tenant), "sk": str(endpointSort(e.ID)), "fv": num(ItemFormat), "url": str(e.URL), "mode": str(string(e.Mode)),
		"disabled": yes(e.Disabled), "created": ms(e.CreatedAt),
	}
	sealed := &types.AttributeValueMemberL{Value: []types.AttributeValue{}}
	for _, b := range e.Sealed {
		sealed.Value = append(sealed.Value, bin(b))
	}
	item["sealed"] = sealed
	if len(e.Events) > 0 {
		item["events"] = strs(e.Events)
	}
	if _, err := s.DB.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.Tables.Accounts, Item: item}); err != nil {
		return fmt.Errorf("writing callback endpoint %s: %w", e.ID, err)
	}
	return nil
}

// Endpoints lists a tenant's callback endpoints of both modes, disabled ones included, by id. The read is
// eventually consistent.
func (s *Store) Endpoints(ctx context.Context, tenant string) ([]callback.Endpoint, error) {
	in := &dynamodb.QueryInput{
		TableName: &s.Tables.Accounts, KeyConditionExpression: ptr("pk=:pk AND begins_with(sk,:sk)"),
		ExpressionAttributeValues: attrs{":pk": str(tenant), ":sk": str(endpointSort(""))},
	}
	var out []callback.Endpoint
	for {
		page, err := s.DB.Query(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("reading callback endpoints: %w", err)
		}
		for _, item := range page.Items {
			e, err := endpoint(item)
			if err != nil {
				return nil, err
			}
			out = append(out, e)
		}
		if in.ExclusiveStartKey = page.LastEvaluatedKey; len(in.ExclusiveStartKey) == 0 {
			return out, nil
		}
	}
}

// Endpoint reads one callback endpoint, eventually consistent, and strongly on a miss. It returns
// callback.ErrNoEndpoint when there is none.
func (s *Store) Endpoint(ctx context.Context, tenant, id string) (callback.Endpoint, error) {
	d, err := s.accountItem(ctx, "callback endpoint", tenant, endpointSort(id))
	if errors.Is(err, account.ErrNotFound) {
		return callback.Endpoint{}, callback.ErrNoEndpoint
	}
	if err != nil {
		return callback.Endpoint{}, err
	}
	return endpoint(d.it)
}

func endpoint(item attrs) (callback.Endpoint, error) {
	if err := readable("callback endpoint", item); err != nil {
		return callback.Endpoint{}, err
	}
	d := decoder{it: item}
	e := callback.Endpoint{
		ID: d.str("sk")[min(len(endpointSort("")), len(d.str("sk"))):], URL: d.str("url"), Mode: ship.Mode(d.str("mode")),
		Disabled: d.flag("disabled"), CreatedAt: d.time("created"),
	}
	for _, v := range d.list("sealed") {
		one := decoder{it: attrs{"sealed": v}}
		e.Sealed = append(e.Sealed, one.bytes("sealed"))
		d.err = errors.Join(d.err, one.err)
	}
	for _, v := range d.list("events") {
		one := decoder{it: attrs{"events": v}}
		e.Events = append(e.Events, one.str("events"))
		d.err = errors.Join(d.err, one.err)
	}
	return e, d.err
}
