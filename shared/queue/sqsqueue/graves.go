package sqsqueue

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/fairlead/fairlead/shared/operating"
	"github.com/fairlead/fairlead/shared/queue"
)

// Graves are the dead-letter queues as an operator has them: read, emptied, and their messages sent back.
type Graves struct {
	Client *sqs.Client
	URL    map[queue.Name]string // of the source queues, by role
	Dead   map[queue.Name]string // of their dead-letter queues
}

func (g *Graves) dead(of queue.Name) (*string, error) {
	if url := g.Dead[of]; url != "" {
		return &url, nil
	}
	return nil, fmt.Errorf("no dead-letter queue configured for %q", of)
}

// Count implements operating.Graves. SQS counts roughly.
func (g *Graves) Count(ctx context.Context, of queue.Name) (waiting, hidden int, err error) {
	url, err := g.dead(of)
	if err != nil {
		return 0, 0, err
	}
	out, err := g.Client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: url,
		AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible}})
	if err != nil {
		return 0, 0, fmt.Errorf("counting the dead letters of %s: %w", of, err)
	}
	waiting, _ = strconv.Atoi(out.Attributes["ApproximateNumberOfMessages"])
	hidden, _ = strconv.Atoi(out.Attributes["ApproximateNumberOfMessagesNotVisible"])
	return waiting, hidden, nil
}

// Exhume implements operating.Graves.
func (g *Graves) Exhume(ctx context.Context, of queue.Name, n int, hide time.Duration) ([]operating.Letter, error) {
	url, err := g.dead(of)
	if err != nil {
		return nil, err
	}
	out, err := g.Client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: int32(min(n, maxBatch)), WaitTimeSeconds: 1, VisibilityTimeout: DelaySeconds(hide),
		MessageAttributeNames: []string{"All"}, MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameSentTimestamp}})
	if err != nil {
		return nil, fmt.Errorf("reading the dead letters of %s: %w", of, err)
	}
	found := make([]operating.Letter, len(out.Messages))
	for i, m := range out.Messages {
		sent, _ := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64)
		reason := aws.ToString(m.MessageAttributes["reason"].StringValue)
		times, _ := strconv.Atoi(aws.ToString(m.MessageAttributes[queue.Redriven].StringValue))
		found[i] = operating.Letter{ID: aws.ToString(m.MessageId), Receipt: aws.ToString(m.ReceiptHandle), Body: aws.ToString(m.Body), Reason: reason,
			Again: max(times, queue.TimesAgain(reason)), At: time.UnixMilli(sent).UTC()}
	}
	return found, nil
}

// returned is when a letter that was only looked at can be received again, in seconds. It is not 0: fauxqs 2.4.1 loses a
// message whose visibility is set to that while it keeps its data on disk.
const returned = 1

// Return implements operating.Graves.
func (g *Graves) Return(ctx context.Context, of queue.Name, l operating.Letter) error {
	url, err := g.dead(of)
	if err != nil {
		return err
	}
	_, err = g.Client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: &l.Receipt, VisibilityTimeout: returned})
	return err
}

// Remove implements operating.Graves.
func (g *Graves) Remove(ctx context.Context, of queue.Name, l operating.Letter) error {
	url, err := g.dead(of)
	if err != nil {
		return err
	}
	_, err = g.Client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: &l.Receipt})
	return err
}

// Resend implements operating.Graves.
func (g *Graves) Resend(ctx context.Context, to queue.Name, body, group string, times int) error {
	url := g.URL[to]
	if url == "" {
		return fmt.Errorf("no URL configured for queue %s", to)
	}
	in := &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body}
	if group != "" {
		in.MessageGroupId = &group
	}
	if times > 0 {
		in.MessageAttributes = map[string]types.MessageAttributeValue{queue.Redriven: {DataType: aws.String("Number"), StringValue: aws.String(strconv.Itoa(times))}}
	}
	_, err := g.Client.SendMessage(ctx, in)
	return err
}
