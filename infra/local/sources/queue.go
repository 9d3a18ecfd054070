package sources

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/fairlead/fairlead/infra/local/runtime"
	"github.com/fairlead/fairlead/infra/local/template"
)

const (
	pollSeconds  = 1  // of one long poll, and so how long stopping may wait for it
	receiveMost  = 10 // SQS's own limit
	retryReceive = 500 * time.Millisecond
)

// Queue is one queue that invokes a function.
type Queue struct {
	Place
	Target
	Client *sqs.Client
	URL    string
	Source template.QueueSource
	// Concurrency is how many batches may run at once, at least 1.
	Concurrency int
}

// Run polls until ctx ends, and then until the batches that run are done.
func (q *Queue) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	slots := make(chan struct{}, max(q.Concurrency, 1))
	failing := false
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		if ctx.Err() != nil { // select chooses at random
			return
		}
		batch, err := q.collect(ctx)
		switch {
		case err != nil:
			<-slots
			if !failing && ctx.Err() == nil {
				q.Log.ErrorContext(ctx, "queue cannot be read", "queue", q.Source.QueueName, "error", err)
			}
			if failing = true; !pause(ctx, retryReceive) {
				return
			}
		case len(batch) == 0:
			failing = false
			<-slots
		default:
			failing = false
			running.Go(func() {
				defer func() { <-slots }()
				q.handle(context.WithoutCancel(ctx), batch)
			})
		}
	}
}

// collect receives one batch. It waits one long poll for the first message, then up to the window for more. The
// poll itself is not cancelled when ctx ends: the queue might hand out a message to nobody.
func (q *Queue) collect(ctx context.Context) ([]types.Message, error) {
	batch, err := q.receive(ctx, q.Source.BatchSize, pollSeconds)
	if err != nil || len(batch) == 0 || q.Source.Window == 0 {
		return batch, err
	}
	for end := time.Now().Add(q.Source.Window); len(batch) < q.Source.BatchSize && time.Now().Before(end) && ctx.Err() == nil; {
		more, err := q.receive(ctx, q.Source.BatchSize-len(batch), 0)
		if err != nil {
			break
		}
		if batch = append(batch, more...); len(more) == 0 && !pause(ctx, 20*time.Millisecond) {
			break
		}
	}
	return batch, nil
}

func (q *Queue) receive(ctx context.Context, most, wait int) ([]types.Message, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	out, err := q.Client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &q.URL, MaxNumberOfMessages: int32(min(max(most, 1), receiveMost)), WaitTimeSeconds: int32(wait),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll}, MessageAttributeNames: []string{"All"},
	})
	if err != nil {
		return nil, err
	}
	return out.Messages, nil
}

// handle invokes the function and deletes what it handled. What failed stays invisible until the queue's
// visibility timeout, as with Lambda; when the stack is stopping it is given back at once.
func (q *Queue) handle(ctx context.Context, batch []types.Message) {
	event, err := json.Marshal(q.event(batch))
	if err != nil {
		q.Log.ErrorContext(ctx, "event cannot be encoded", "queue", q.Source.QueueName, "error", err)
		return
	}
	res, err := q.Invoker.Invoke(ctx, q.Function, event)
	switch {
	case errors.Is(err, runtime.ErrClosed):
		q.giveBack(ctx, batch)
		return
	case err != nil:
		q.Log.ErrorContext(ctx, "batch not invoked", "queue", q.Source.QueueName, "function", q.Function, "messages", len(batch), "error", err)
		return
	case res.FunctionError != "":
		q.Log.WarnContext(ctx, "batch failed", "queue", q.Source.QueueName, "function", q.Function, "messages", len(batch), "answer", string(res.Payload))
		return
	}
	q.remove(ctx, q.handled(ctx, batch, res.Payload))
}

// handled is the part of the batch that the function did not report as failed.
func (q *Queue) handled(ctx context.Context, batch []types.Message, answer []byte) []types.Message {
	if !q.Source.ReportBatchItemFailures {
		return batch
	}
	ids, ok := failures(answer)
	failed := map[string]bool{}
	for _, id := range ids {
		failed[id] = true
	}
	var done []types.Message
	for _, m := range batch {
		if !failed[aws.ToString(m.MessageId)] {
			done = append(done, m)
		}
	}
	if !ok || len(batch)-len(done) != len(failed) { // unreadable, or an id that was not in the batch
		q.Log.WarnContext(ctx, "answer about partial failures not understood: the whole batch failed", "queue", q.Source.QueueName, "answer", string(answer))
		return nil
	}
	return done
}

func (q *Queue) remove(ctx context.Context, batch []types.Message) {
	for len(batch) > 0 {
		n := min(len(batch), receiveMost)
		in := &sqs.DeleteMessageBatchInput{QueueUrl: &q.URL}
		for i, m := range batch[:n] {
			in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle})
		}
		batch = batch[n:]
		if out, err := q.Client.DeleteMessageBatch(ctx, in); err != nil || len(out.Failed) > 0 {
			q.Log.ErrorContext(ctx, "handled messages not deleted: they come again", "queue", q.Source.QueueName, "error", err)
		}
	}
}

func (q *Queue) giveBack(ctx context.Context, batch []types.Message) {
	for _, m := range batch {
		_, _ = q.Client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: &q.URL, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: 0})
	}
}

type queueEvent struct {
	Records []queueRecord `json:"Records"`
}

type queueRecord struct {
	MessageID         string                    `json:"messageId"`
	ReceiptHandle     string                    `json:"receiptHandle"`
	Body              string                    `json:"body"`
	Attributes        map[string]string         `json:"attributes"`
	MessageAttributes map[string]queueAttribute `json:"messageAttributes"`
	MD5OfBody         string                    `json:"md5OfBody"`
	MD5OfAttributes   *string                   `json:"md5OfMessageAttributes,omitempty"`
	EventSource       string                    `json:"eventSource"`
	EventSourceARN    string                    `json:"eventSourceARN"`
	AWSRegion         string                    `json:"awsRegion"`
}

type queueAttribute struct {
	StringValue      *string  `json:"stringValue,omitempty"`
	BinaryValue      *string  `json:"binaryValue,omitempty"`
	StringListValues []string `json:"stringListValues"`
	BinaryListValues []string `json:"binaryListValues"`
	DataType         string   `json:"dataType"`
}

func (q *Queue) event(batch []types.Message) queueEvent {
	ev := queueEvent{Records: make([]queueRecord, 0, len(batch))}
	for _, m := range batch {
		r := queueRecord{
			MessageID: aws.ToString(m.MessageId), ReceiptHandle: aws.ToString(m.ReceiptHandle), Body: aws.ToString(m.Body),
			Attributes: m.Attributes, MessageAttributes: map[string]queueAttribute{}, MD5OfBody: aws.ToString(m.MD5OfBody),
			MD5OfAttributes: m.MD5OfMessageAttributes, EventSource: "aws:sqs", EventSourceARN: q.arn("sqs", q.Source.QueueName), AWSRegion: q.Region,
		}
		for name, a := range m.MessageAttributes {
			out := queueAttribute{StringValue: a.StringValue, StringListValues: []string{}, BinaryListValues: []string{}, DataType: aws.ToString(a.DataType)}
			if strings.HasPrefix(out.DataType, "Binary") {
				out.BinaryValue = aws.String(base64.StdEncoding.EncodeToString(a.BinaryValue))
			}
			r.MessageAttributes[name] = out
		}
		ev.Records = append(ev.Records, r)
	}
	return ev
}
