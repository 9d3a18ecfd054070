package chaos

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/fairlead/fairlead/infra/local/endtoend"
	"github.com/fairlead/fairlead/shared/queue"
)

// queues are all that have a dead-letter queue. The last is the stream, and only its dead letters are a queue.
var queues = []queue.Name{queue.Urgent, queue.Standard, queue.Bulk, queue.Slow, queue.Recovery, queue.Events, queue.Callbacks, queue.CallbackRetries, queue.Relay}

// idle tells whether no message is to be received now, or being handled. What waits for its time does not count.
func (r *run) idle(ctx context.Context) (bool, error) {
	client := r.stack.Queues()
	for _, q := range queues[:len(queues)-1] {
		url, err := endtoend.QueueURL(ctx, client, string(q))
		if err != nil {
			return false, err
		}
		out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
		if err != nil {
			return false, fmt.Errorf("queue %s: %w", q, err)
		}
		for _, count := range []types.QueueAttributeName{types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible} {
			if out.Attributes[string(count)] != "0" {
				return false, nil
			}
		}
	}
	return true, nil
}

// letter is a message on a dead-letter queue. Without a reason it was received too often.
type letter struct {
	queue        queue.Name
	body, reason string
}

// deadLetters takes all of them.
func (r *run) deadLetters(ctx context.Context) ([]letter, error) {
	client := r.stack.Queues()
	var all []letter
	for _, q := range queues {
		url, err := endtoend.QueueURL(ctx, client, string(q)+"-dlq")
		if err != nil {
			return nil, err
		}
		for {
			out, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10, VisibilityTimeout: 600, MessageAttributeNames: []string{"All"}})
			if err != nil {
				return nil, fmt.Errorf("dead letters of %s: %w", q, err)
			}
			if len(out.Messages) == 0 {
				break
			}
			for _, m := range out.Messages {
				all = append(all, letter{q, aws.ToString(m.Body), aws.ToString(m.MessageAttributes["reason"].StringValue)})
			}
		}
	}
	return all, nil
}
