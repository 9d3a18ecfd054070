// Package sqsqueue is the SQS driver behind queue.Sender and queue.DeadLetter.
package sqsqueue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/fairlead/fairlead/shared/queue"
)

// Sender sends to queues by their role.
type Sender struct {
	Client *sqs.Client
	URL    map[queue.Name]string // queue URLs by role
	Dead   map[queue.Name]string // dead-letter queue URLs by the role of their source
}

// Send implements queue.Sender.
func (s *Sender) Send(ctx context.Context, to queue.Name, e queue.Envelope, delay time.Duration) error {
	body, err := queue.Encode(e)
	if err != nil {
		return err
	}
	url := s.URL[to]
	if url == "" {
		return fmt.Errorf("no URL configured for queue %s", to)
	}
	_, err = s.Client.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: &url, MessageBody: &body, DelaySeconds: DelaySeconds(delay), MessageGroupId: &e.Tenant,
	})
	if err != nil {
		return fmt.Errorf("sending to %s: %w", to, err)
	}
	return nil
}

// maxBatch is how many messages SQS takes in one call.
const maxBatch = 10

// SendBatch implements queue.BatchSender: ten messages a call, in order for each queue. SQS answers such a call
// with success even when it refused some of its messages, so every entry is looked at.
func (s *Sender) SendBatch(ctx context.Context, messages []queue.Outgoing) []error {
	errs := make([]error, len(messages))
	byQueue := map[queue.Name][]int{}
	for i, m := range messages {
		byQueue[m.To] = append(byQueue[m.To], i)
	}
	for to, all := range byQueue {
		for chunk := range slices.Chunk(all, maxBatch) {
			s.sendChunk(ctx, to, messages, chunk, errs)
		}
	}
	return errs
}

func (s *Sender) sendChunk(ctx context.Context, to queue.Name, messages []queue.Outgoing, chunk []int, errs []error) {
	fail := func(err error) {
		for _, i := range chunk {
			errs[i] = fmt.Errorf("sending to %s: %w", to, err)
		}
	}
	url := s.URL[to]
	if url == "" {
		fail(errors.New("no URL configured"))
		return
	}
	in := &sqs.SendMessageBatchInput{QueueUrl: &url}
	for _, i := range chunk {
		m := messages[i]
		body, err := queue.Encode(m.Envelope)
		if err != nil {
			fail(err)
			return
		}
		in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), MessageBody: &body, DelaySeconds: DelaySeconds(m.Delay), MessageGroupId: aws.String(m.Envelope.Tenant),
		})
	}
	out, err := s.Client.SendMessageBatch(ctx, in)
	if err != nil {
		fail(err)
		return
	}
	for _, f := range out.Failed {
		if i, err := strconv.Atoi(aws.ToString(f.Id)); err == nil && i < len(errs) {
			errs[i] = fmt.Errorf("%s refused a message: %s %s", to, aws.ToString(f.Code), aws.ToString(f.Message))
			if f.SenderFault { // the message itself is at fault: no repetition helps
				errs[i] = &queue.Poison{Reason: errs[i].Error()}
			}
		}
	}
}

// DelaySeconds rounds a delay up to whole seconds, within SQS's limits: a message must not come too early.
func DelaySeconds(d time.Duration) int32 {
	return int32((min(max(d, 0), queue.MaxDelay) + time.Second - 1) / time.Second)
}

// Bury implements queue.DeadLetter. SQS refuses some characters and bodies over its size; the reason says so.
func (s *Sender) Bury(ctx context.Context, from queue.Name, body, reason string) error {
	url := s.Dead[from]
	if url == "" {
		return fmt.Errorf("no dead-letter queue configured for %q", from)
	}
	if body = clip(queue.ASCII(body), maxBuried); body == "" {
		body = "(empty)"
	}
	_, err := s.Client.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: &url, MessageBody: &body,
		MessageAttributes: map[string]types.MessageAttributeValue{"reason": {DataType: aws.String("String"), StringValue: aws.String(clip(queue.ASCII(reason), 1000))}},
	})
	if err != nil {
		return fmt.Errorf("burying a message of %s: %w", from, err)
	}
	return nil
}

// maxBuried is how much of a message is kept on a dead-letter queue, in bytes: SQS takes 256 KiB with attributes.
const maxBuried = 200 << 10

func clip(s string, n int) string {
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "")
	}
	return s
}
