package sources

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/fairlead/fairlead/infra/local/localtest"
	"github.com/fairlead/fairlead/infra/local/template"
)

func TestQueue(t *testing.T) {
	b := newBench(t)
	seen := func(what string) int {
		n := 0
		for _, line := range localtest.Lines(t, b.journal) {
			if strings.Contains(line, what) {
				n++
			}
		}
		return n
	}
	source := func(url, name string) *Queue {
		return &Queue{Place: here, Target: b.target(), Client: b.queues, URL: url, Concurrency: 2,
			Source: template.QueueSource{QueueName: name, BatchSize: 10, ReportBatchItemFailures: true}}
	}

	t.Run("a message arrives as Lambda shows it, once, and is deleted", func(t *testing.T) {
		url, _ := b.queue(t, template.Queue{LogicalID: "A", Name: "stack-a", Visibility: 30 * time.Second, MaxReceive: 5})
		run(t, source(url, "stack-a").Run)
		_, err := b.queues.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("hello"),
			MessageAttributes: map[string]types.MessageAttributeValue{"reason": {DataType: aws.String("String"), StringValue: aws.String("why")}}})
		if err != nil {
			t.Fatal(err)
		}
		localtest.Eventually(t, "it was handled and deleted", func() bool { return seen("hello") == 1 && b.count(t, url) == "0+0" })
		var r queueRecord
		if err := json.Unmarshal([]byte(localtest.Lines(t, b.journal)[0]), &r); err != nil {
			t.Fatal(err)
		}
		if r.EventSourceARN != "arn:aws:sqs:us-east-1:000000000000:stack-a" || r.EventSource != "aws:sqs" || r.Attributes["ApproximateReceiveCount"] != "1" ||
			r.Attributes["SentTimestamp"] == "" || *r.MessageAttributes["reason"].StringValue != "why" || r.MessageAttributes["reason"].DataType != "String" {
			t.Errorf("record %+v", r)
		}
	})
	t.Run("poison goes to the dead-letter queue and does not stop its batch", func(t *testing.T) {
		url, dlq := b.queue(t, template.Queue{LogicalID: "B", Name: "stack-b", Visibility: time.Second, MaxReceive: 2})
		b.send(t, url, "poison")
		for i := range 9 {
			b.send(t, url, fmt.Sprintf("good-b-%d", i))
		}
		run(t, source(url, "stack-b").Run)
		localtest.Eventually(t, "the others are handled, the poison is buried", func() bool {
			return seen("good-b-") == 9 && b.count(t, url) == "0+0" && b.count(t, dlq) == "1+0"
		})
	})
	t.Run("what a crash left is received again", func(t *testing.T) {
		mend := b.breakIt(t)
		url, dlq := b.queue(t, template.Queue{LogicalID: "C", Name: "stack-c", Visibility: time.Second, MaxReceive: 50})
		b.send(t, url, "crash")
		run(t, source(url, "stack-c").Run)
		localtest.Eventually(t, "it fails", func() bool { return b.count(t, url) == "0+1" })
		mend()
		localtest.Eventually(t, "it is handled", func() bool { return seen(`"crash"`) == 1 && b.count(t, url) == "0+0" })
		if got := b.count(t, dlq); got != "0+0" {
			t.Errorf("dead letters %s", got)
		}
	})
	t.Run("a window gathers one batch", func(t *testing.T) {
		url, _ := b.queue(t, template.Queue{LogicalID: "D", Name: "stack-d", Visibility: 30 * time.Second, MaxReceive: 5})
		s := source(url, "stack-d")
		s.Source.Window = 2 * time.Second
		for range 3 {
			b.send(t, url, "w")
		}
		batch, err := s.collect(t.Context())
		if err != nil || len(batch) != 3 {
			t.Errorf("%d messages, error %v", len(batch), err)
		}
	})
	t.Run("stopping leaves nothing in flight", func(t *testing.T) {
		url, _ := b.queue(t, template.Queue{LogicalID: "E", Name: "stack-e", Visibility: 300 * time.Second, MaxReceive: 5})
		stop := run(t, source(url, "stack-e").Run)
		b.send(t, url, "first-e")
		localtest.Eventually(t, "it runs", func() bool { return seen("first-e") == 1 })
		stop()
		b.send(t, url, "second-e")
		if got := b.count(t, url); got != "1+0" {
			t.Errorf("visible+in flight %s", got)
		}
	})
}

func TestHandledPart(t *testing.T) {
	batch := []types.Message{{MessageId: aws.String("m1")}, {MessageId: aws.String("m2")}}
	q := &Queue{Target: (&bench{}).target(), Source: template.QueueSource{ReportBatchItemFailures: true}}
	for name, c := range map[string]struct {
		answer string
		want   int
	}{
		"no failures, all handled":            {`{"batchItemFailures":[]}`, 2},
		"null, all handled":                   {`null`, 2},
		"an empty object, all handled":        {`{}`, 2},
		"one failure, the other is handled":   {`{"batchItemFailures":[{"itemIdentifier":"m2"}]}`, 1},
		"an unknown id, nothing handled":      {`{"batchItemFailures":[{"itemIdentifier":"m9"}]}`, 0},
		"an empty id, nothing handled":        {`{"batchItemFailures":[{"itemIdentifier":""}]}`, 0},
		"a wrong key, nothing handled":        {`{"batchItemFailures":[{"id":"m1"}]}`, 0},
		"not what was asked, nothing handled": {`"done"`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := len(q.handled(t.Context(), batch, []byte(c.answer))); got != c.want {
				t.Errorf("%d handled, want %d", got, c.want)
			}
		})
	}
}
