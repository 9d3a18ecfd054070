package dynamo

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/callback"
)

// deliveryLife is how long a delivery is kept, and so how far back a window can be replayed.
const deliveryLife = 30 * 24 * time.Hour

// deliverySpace is what the strings of a delivery may take together, in bytes: with its names and numbers the item
// stays under 1 KB, which is one write unit.
const deliverySpace = 900

// RecordDelivery writes what became of one event at one endpoint: one write unit, and the last word replaces the
// one before. Only DELIVERED is final: it is written without a condition, and another word that comes after it (from
// a copy of the message) changes nothing and returns callback.ErrDelivered. A replay takes back the DELIVERED that it was
// asked for over, and no later one, which is a copy's of its own.
func (s *Store) RecordDelivery(ctx context.Context, tenant string, d callback.Delivery) error {
	in := &dynamodb.PutItemInput{TableName: new(s.Tables.Deliveries), Item: deliveryItem(tenant, d)}
	if d.State != callback.Delivered {
		in.ConditionExpression = new("attribute_not_exists(st) OR st<>:delivered")
		in.ExpressionAttributeValues = attrs{":delivered": str(string(callback.Delivered))}
		in.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
		if !d.Over.IsZero() {
			*in.ConditionExpression += " OR #at<=:over"
			in.ExpressionAttributeNames = map[string]string{"#at": "at"} // a reserved word
			in.ExpressionAttributeValues[":over"] = ms(d.Over)
		}
	}
	_, err := s.DB.PutItem(ctx, in)
	if _, no := refused(err); no {
		return callback.ErrDelivered
	}
	if err != nil {
		return fmt.Errorf("writing delivery: %w", err)
	}
	return nil
}

// Deliveries returns an endpoint's deliveries of the events of one hour (UTC), by event id. Another tenant's are
// not among them.
func (s *Store) Deliveries(ctx context.Context, tenant, endpoint string, hour time.Time) ([]callback.Delivery, error) {
	in := &dynamodb.QueryInput{
		TableName: new(s.Tables.Deliveries), KeyConditionExpression: new("pk=:pk"), ConsistentRead: aws.Bool(true),
		ExpressionAttributeValues: attrs{":pk": str(deliveryPartition(endpoint, hour))},
	}
	var out []callback.Delivery
	for {
		page, err := s.DB.Query(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("reading deliveries: %w", err)
		}
		for _, item := range page.Items {
			d, owner, err := readDelivery(item, endpoint)
			if err != nil {
				return nil, err
			}
			if owner == tenant {
				out = append(out, d)
			}
		}
		if in.ExclusiveStartKey = page.LastEvaluatedKey; len(in.ExclusiveStartKey) == 0 {
			return out, nil
		}
	}
}

// DeliveriesOf finds the deliveries of one event at an endpoint among the events of some hours. Another tenant's are not
// among them.
func (s *Store) DeliveriesOf(ctx context.Context, tenant, endpoint, event string, hours []time.Time) ([]callback.Delivery, error) {
	keys := make([]attrs, len(hours))
	for i, h := range hours {
		keys[i] = attrs{"pk": str(deliveryPartition(endpoint, h)), "sk": str(event)}
	}
	items, err := s.batch(ctx, s.Tables.Deliveries, keys)
	if err != nil {
		return nil, err
	}
	var out []callback.Delivery
	for _, it := range items {
		d, owner, err := readDelivery(it, endpoint)
		if err != nil {
			return nil, err
		}
		if owner == tenant {
			out = append(out, d)
		}
	}
	return out, nil
}

// DisableEndpoint stops all deliveries to an endpoint, provided that it still has this URL: what a receiver says of
// an address that has been replaced meanwhile is no longer about the endpoint. It is no error when it was changed,
// deleted or disabled before.
func (s *Store) DisableEndpoint(ctx context.Context, tenant, endpoint, url string) error {
	_, err := s.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                           new(s.Tables.Accounts),
		Key:                                 attrs{"pk": str(tenant), "sk": str(endpointSort(endpoint))},
		UpdateExpression:                    new("SET #disabled=:true"),
		ConditionExpression:                 new("attribute_exists(pk) AND #url=:url"),
		ExpressionAttributeNames:            map[string]string{"#disabled": "disabled", "#url": "url"},
		ExpressionAttributeValues:           attrs{":true": &types.AttributeValueMemberBOOL{Value: true}, ":url": str(url)},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if _, no := refused(err); no || err == nil {
		return nil
	}
	return fmt.Errorf("disabling callback endpoint %s: %w", endpoint, err)
}

func deliveryItem(tenant string, d callback.Delivery) attrs {
	item := attrs{
		"pk": str(deliveryPartition(d.Endpoint, d.OccurredAt)), "sk": str(d.EventID), "fv": num(ItemFormat),
		"tenant": str(tenant), "type": str(d.Type), "shipment": str(d.Shipment), "oc": ms(d.OccurredAt),
		"st": str(string(d.State)), "att": num(int64(d.Attempt)), "status": num(int64(d.Status)),
		"at": ms(d.At), "ttl": num(d.At.Add(deliveryLife).Unix()),
	}
	if d.Reason != "" {
		item["reason"] = str(d.Reason)
	}
	used := len(d.Endpoint) + len(d.EventID) + len(tenant) + len(d.Type) + len(d.Shipment) + len(d.Reason)
	if answer := clip(d.Answer, max(deliverySpace-used, 0)); answer != "" {
		item["ans"] = str(answer)
	}
	return item
}

// readDelivery returns a delivery and whose it is.
func readDelivery(item attrs, endpoint string) (callback.Delivery, string, error) {
	if err := readable("delivery", item); err != nil {
		return callback.Delivery{}, "", err
	}
	d := decoder{it: item}
	out := callback.Delivery{
		Endpoint: endpoint, EventID: d.str("sk"), OccurredAt: d.time("oc"), Type: d.str("type"), Shipment: d.str("shipment"),
		State: callback.State(d.str("st")), Attempt: int(d.num("att")), Status: int(d.num("status")),
		Reason: d.str("reason"), Answer: d.str("ans"), At: d.time("at"),
	}
	return out, d.str("tenant"), d.err
}
