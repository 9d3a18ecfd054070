package dynamo

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fairlead/fairlead/shared/quoting"
	"github.com/fairlead/fairlead/shared/ship"
)

// quoteLitter is how long an expired quote stays, so that who books by it is told that it has expired.
const quoteLitter = 7 * 24 * time.Hour

// PutQuote keeps offers until they have expired.
func (s *Store) PutQuote(ctx context.Context, tenant string, mode ship.Mode, q quoting.Quote) error {
	body, err := json.Marshal(q)
	if err != nil {
		return err
	}
	_, err = s.DB.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.Tables.Requests, Item: attrs{
		"pk": str(quoteKey(tenant, mode, q.ID)), "fv": num(ItemFormat), "gz": bin(zip(body)), "ttl": num(q.Expires.Add(quoteLitter).Unix()),
	}})
	if err != nil {
		return fmt.Errorf("storing a quote: %w", err)
	}
	return nil
}

// Quote reads offers, strongly consistent: they may be booked at once. It returns quoting.ErrUnknownRate when there are
// none.
func (s *Store) Quote(ctx context.Context, tenant string, mode ship.Mode, id string) (quoting.Quote, error) {
	var q quoting.Quote
	out, err := s.DB.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.Tables.Requests, Key: attrs{"pk": str(quoteKey(tenant, mode, id))}, ConsistentRead: aws.Bool(true)})
	if err != nil {
		return q, fmt.Errorf("reading a quote: %w", err)
	}
	if out.Item == nil {
		return q, quoting.ErrUnknownRate
	}
	if err := readable("quote", out.Item); err != nil {
		return q, err
	}
	body, err := unzip(out.Item)
	if err != nil {
		return q, err
	}
	return q, json.Unmarshal(body, &q)
}
