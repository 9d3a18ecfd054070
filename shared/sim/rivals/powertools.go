package rivals

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/queue"
)

// expiry is how long a record counts. Powertools for AWS Lambda (Python), "Idempotency"
// (docs.aws.amazon.com/powertools/python/latest/utilities/idempotency), "Adjusting expiration window": an hour unless
// it is set, without a limit. After an hour it would book again for any repeated message; 30 days outlast every run.
// Every section below is one of that page.
const expiry = 30 * 24 * time.Hour

// retries is how often the library looks again at a record that ran out while it was looking: package
// @aws-lambda-powertools/idempotency, constants, MAX_RETRIES.
const retries = 2

const (
	inProgress = "INPROGRESS"
	completed  = "COMPLETED"
)

var (
	errInProgress   = errors.New("IdempotencyAlreadyInProgress")
	errInconsistent = errors.New("IdempotencyInconsistentState")
)

// Powertools books inside Powertools' idempotency utility. The idempotency key is the shipment ("Batch processing":
// choose what the producer set to be unique), not the message, whose id changes when wake sends it again.
func Powertools(d Desk) queue.Handler {
	return func(ctx context.Context, m queue.Message) error {
		for try := 0; ; try++ {
			err := d.idempotent(ctx, m)
			if try == retries || !errors.Is(err, errInconsistent) {
				return err
			}
		}
	}
}

// idempotent is one passage of "Idempotency request flow".
func (d Desk) idempotent(ctx context.Context, m queue.Message) error {
	old, err := d.start(ctx, m)
	if err != nil {
		return fmt.Errorf("IdempotencyPersistenceLayer: %w", err) // "Handling exceptions": errors of the store are raised
	}
	if old != nil {
		return d.standing(old)
	}
	r, err := d.book(ctx, m, d.end(m), unauthenticated)
	if err != nil {
		// "Handling exceptions": an unhandled exception deletes the record and is propagated. "Unhandled exception"
		// shows the delete by the key alone.
		if _, derr := d.DB.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &d.Table, Key: key(m)}); derr != nil {
			return fmt.Errorf("IdempotencyPersistenceLayer: %w, after %w", derr, err)
		}
		return err
	}
	return d.complete(ctx, m, r) // a definite no is a result of the function, not an exception: it is kept
}

// start puts the record of an execution in progress. It returns the record that stands in its way, nil when it may go
// on.
func (d Desk) start(ctx context.Context, m queue.Message) (map[string]types.AttributeValue, error) {
	now := d.Now()
	item := key(m)
	item[attrStatus] = str(inProgress)
	item[attrExpiration] = num(now.Add(expiry).Unix())
	// "Lambda timeouts": the record holds when the invocation's remaining time is over.
	item[attrInProgress] = num(m.Deadline.UnixMilli())
	_, err := d.DB.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &d.Table, Item: item,
		// "Limitations": a conditional PutItem locks. "IAM permissions": it puts new records and replaces expired ones.
		// "Lambda timeouts": INPROGRESS past its time counts as expired.
		ConditionExpression: aws.String("attribute_not_exists(pk) OR #expiration < :now OR (#status = :inprogress AND #inprogress < :ms)"),
		ExpressionAttributeNames: map[string]string{
			"#expiration": attrExpiration, "#status": attrStatus, "#inprogress": attrInProgress,
		},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":now": num(now.Unix()), ":ms": num(now.UnixMilli()), ":inprogress": str(inProgress),
		},
		// "Limitations": a failed put returns the record and saves a GetItem.
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if refused, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok && refused.Item != nil {
		return refused.Item, nil
	}
	return nil, err
}

// standing is what a record in the way leads to.
func (d Desk) standing(old map[string]types.AttributeValue) error {
	now := d.Now()
	switch {
	case number(old[attrExpiration]) < now.Unix():
		return errInconsistent // it expired after the put was refused
	case text(old[attrStatus]) == completed:
		return nil // "Idempotency request flow": complete and not expired, the same response is sent
	case number(old[attrInProgress]) < now.UnixMilli():
		return errInconsistent
	}
	return errInProgress // "Handling concurrent executions with the same payload": raised, and safe to retry
}

// complete keeps the response. "Idempotency request flow": the record is updated with the result and set to complete;
// no condition is named: whoever ends last has written it.
func (d Desk) complete(ctx context.Context, m queue.Message, r result) error {
	data, err := r.attribute()
	if err != nil {
		return err
	}
	_, err = d.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &d.Table, Key: key(m),
		UpdateExpression:         aws.String("SET #data = :data, #expiration = :expiration, #status = :status"),
		ExpressionAttributeNames: map[string]string{"#data": attrData, "#expiration": attrExpiration, "#status": attrStatus},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":data": data, ":expiration": num(d.Now().Add(expiry).Unix()), ":status": str(completed),
		},
	})
	if err != nil {
		return fmt.Errorf("IdempotencyPersistenceLayer: %w", err)
	}
	return nil
}

func num(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// number is a numeric attribute; what is missing or none is 0.
func number(v types.AttributeValue) int64 {
	n, _ := v.(*types.AttributeValueMemberN)
	if n == nil {
		return 0
	}
	i, _ := strconv.ParseInt(n.Value, 10, 64)
	return i
}

func text(v types.AttributeValue) string {
	s, _ := v.(*types.AttributeValueMemberS)
	if s == nil {
		return ""
	}
	return s.Value
}
