package queue

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// Handler processes one message: nil acknowledges it, *Poison buries it with its reason, any other error leaves
// it to be received again.
type Handler func(ctx context.Context, m Message) error

// Consumer runs a Handler over SQS batches. Messages of a batch run side by side, each in a goroutine that
// recovers from panics; one that fails does not stop the others.
type Consumer struct {
	Handle Handler
	Dead   DeadLetter
	NewID  func() string // fresh for each receipt
	Log    *slog.Logger
	// Group names messages that belong together (nil or "": none do): of a group at most PerGroup run at once, begun in
	// the order they came.
	Group    func(Message) string
	PerGroup int
}

// Lambda is the function handler. It answers the message ids that are to be received again.
func (c Consumer) Lambda(ctx context.Context, ev events.SQSEvent) (events.SQSEventResponse, error) {
	deadline, _ := ctx.Deadline()
	failed := make([]bool, len(ev.Records))
	messages := make([]Message, len(ev.Records))
	var lanes lanes
	for i, rec := range ev.Records {
		m, err := c.read(rec, deadline)
		if err != nil {
			failed[i] = c.work(ctx, m, rec, func(context.Context) error { return err })
			continue
		}
		messages[i] = m
		lanes.add(c.group(m), i)
	}
	var wg sync.WaitGroup
	for _, lane := range lanes {
		next := make(chan int, len(lane.messages))
		for _, i := range lane.messages {
			next <- i
		}
		close(next)
		for range min(max(c.PerGroup, 1), len(lane.messages)) {
			wg.Go(func() {
				for i := range next {
					failed[i] = c.work(ctx, messages[i], ev.Records[i], func(ctx context.Context) error { return c.safely(ctx, messages[i]) })
				}
			})
		}
	}
	wg.Wait()
	var out events.SQSEventResponse
	for i, f := range failed {
		if f {
			out.BatchItemFailures = append(out.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: ev.Records[i].MessageId})
		}
	}
	return out, nil
}

// lane is the messages of a group, in the order they came; one without a group has a lane of its own.
type lane struct {
	group    string
	messages []int
}

type lanes []lane

func (l *lanes) add(group string, i int) {
	if group != "" {
		for k := range *l {
			if (*l)[k].group == group {
				(*l)[k].messages = append((*l)[k].messages, i)
				return
			}
		}
	}
	*l = append(*l, lane{group, []int{i}})
}

func (c Consumer) group(m Message) string {
	if c.Group == nil {
		return ""
	}
	return c.Group(m)
}

func (c Consumer) read(rec events.SQSMessage, deadline time.Time) (Message, error) {
	m := Message{Queue: queueOf(rec.EventSourceARN), Receipt: c.NewID(), Deadline: deadline}
	m.Received, _ = strconv.Atoi(rec.Attributes["ApproximateReceiveCount"])
	if n := rec.MessageAttributes[Redriven].StringValue; n != nil {
		m.Redriven, _ = strconv.Atoi(*n)
	}
	var err error
	m.Envelope, err = Decode(rec.Body)
	return m, err
}

// safely turns a panic into an error, so that it fails its own message and no other.
func (c Consumer) safely(ctx context.Context, m Message) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return c.Handle(ctx, m)
}

// queueOf finds the role in a queue's ARN: "arn:aws:sqs:…:stack-callback-retries" is callback-retries.
func queueOf(arn string) Name {
	for _, n := range queues {
		if strings.HasSuffix(arn, "-"+string(n)) {
			return n
		}
	}
	return ""
}
