package rivals

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/queue"
)

// saves is how often a result is written before it is given up: as often as Fairlead's worker does.
const saves = 4

// ended tells whether the shipment's durable record has a result. Then a repeated message has nothing to do.
// Amazon SQS Developer Guide, "Amazon SQS at-least-once delivery": a message may come twice, so be idempotent.
// Hohpe and Woolf, "Enterprise Integration Patterns", "Idempotent Receiver": remove duplicates explicitly.
func (d Desk) ended(ctx context.Context, m queue.Message) (bool, error) {
	out, err := d.DB.GetItem(ctx, &dynamodb.GetItemInput{TableName: &d.Table, Key: key(m), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return false, err
	}
	_, ended := resultOf(out.Item)
	return ended, nil
}

// save writes the durable record after the answer. A no never replaces a number.
func (d Desk) save(ctx context.Context, m queue.Message, r result) error {
	data, err := r.attribute()
	if err != nil {
		return err
	}
	in := &dynamodb.PutItemInput{TableName: &d.Table, Item: key(m)}
	in.Item[attrData] = data
	if r.Refused != "" {
		in.ConditionExpression = aws.String("attribute_not_exists(" + attrKey + ")")
	}
	for range saves {
		_, err = d.DB.PutItem(ctx, in)
		if _, there := errors.AsType[*types.ConditionalCheckFailedException](err); err == nil || there {
			return nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return err
}
