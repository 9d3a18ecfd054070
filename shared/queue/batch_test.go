package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// grave keeps what is buried; it is full when err is set.
type grave struct {
	mu     sync.Mutex
	buried []string
	err    error
}

func (g *grave) Bury(_ context.Context, from Name, body, reason string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.buried = append(g.buried, string(from)+": "+reason)
	return g.err
}

func batch(t *testing.T, bodies ...string) events.SQSEvent {
	t.Helper()
	var ev events.SQSEvent
	for i, b := range bodies {
		ev.Records = append(ev.Records, events.SQSMessage{MessageId: string(rune('a' + i)), Body: b, EventSourceARN: "arn:aws:sqs:us-east-1:1:stack-callback-retries", Attributes: map[string]string{"ApproximateReceiveCount": "3"}})
	}
	return ev
}

func TestConsumer(t *testing.T) {
	good, err := Encode(envelope())
	if err != nil {
		t.Fatal(err)
	}
	as := func(id string) string { return strings.Replace(good, "shp_1#2", id, 1) }
	run := func(g *grave, h Handler, bodies ...string) []string {
		resp, err := Consumer{Handle: h, Dead: g, NewID: ids(), Log: slog.New(slog.DiscardHandler)}.Lambda(t.Context(), batch(t, bodies...))
		if err != nil {
			t.Fatal(err)
		}
		var failed []string
		for _, f := range resp.BatchItemFailures {
			failed = append(failed, f.ItemIdentifier)
		}
		return failed
	}
	t.Run("one that fails and one that panics are received again, the others not", func(t *testing.T) {
		var mu sync.Mutex
		receipts := map[string]bool{}
		failed := run(&grave{}, func(_ context.Context, m Message) error {
			mu.Lock()
			receipts[m.Receipt] = true
			mu.Unlock()
			if m.Queue != CallbackRetries || m.Received != 3 {
				t.Errorf("queue %s, received %d", m.Queue, m.Received)
			}
			switch m.ID {
			case "bad":
				return errors.New("no")
			case "panic":
				panic("oops")
			}
			return nil
		}, as("ok"), as("bad"), as("panic"), as("ok2"))
		if !slices.Equal(failed, []string{"b", "c"}) || len(receipts) != 4 {
			t.Errorf("failed %v, %d receipts", failed, len(receipts))
		}
	})
	t.Run("poison is buried with its reason and acknowledged", func(t *testing.T) {
		g := &grave{}
		failed := run(g, func(context.Context, Message) error { return &Poison{"no such shipment"} }, "junk", as("x"))
		if len(failed) != 0 || len(g.buried) != 2 || !slices.Contains(g.buried, "callback-retries: no such shipment") {
			t.Errorf("failed %v, buried %v", failed, g.buried)
		}
	})
	t.Run("what an operator sent again is buried with how often", func(t *testing.T) {
		g := &grave{}
		ev := batch(t, "junk", as("x"))
		for i := range ev.Records {
			ev.Records[i].MessageAttributes = map[string]events.SQSMessageAttribute{Redriven: {StringValue: new("2"), DataType: "Number"}}
		}
		c := Consumer{Handle: func(context.Context, Message) error { return &Poison{"no such shipment"} }, Dead: g, NewID: ids(), Log: slog.New(slog.DiscardHandler)}
		if _, err := c.Lambda(t.Context(), ev); err != nil || len(g.buried) != 2 {
			t.Fatalf("%v, %v", g.buried, err)
		}
		for _, b := range g.buried {
			if _, reason, _ := strings.Cut(b, ": "); TimesAgain(reason) != 2 || TimesAgain("no such shipment") != 0 {
				t.Errorf("%s", b)
			}
		}
	})
	t.Run("poison that can't be buried is received again", func(t *testing.T) {
		if failed := run(&grave{err: errors.New("full")}, nil, "junk"); len(failed) != 1 {
			t.Errorf("failed %v", failed)
		}
	})
	t.Run("a group has at most so many at once", func(t *testing.T) {
		var mu sync.Mutex
		now, most := 0, 0
		release := make(chan struct{})
		c := Consumer{Dead: &grave{}, NewID: ids(), Log: slog.New(slog.DiscardHandler), Group: func(Message) string { return "g" }, PerGroup: 2, Handle: func(context.Context, Message) error {
			mu.Lock()
			now++
			most = max(most, now)
			full := now == 2
			mu.Unlock()
			if full {
				select {
				case release <- struct{}{}: // two are in: let one go on, then the next comes in
				default:
				}
			}
			mu.Lock()
			now--
			mu.Unlock()
			return nil
		}}
		if _, err := c.Lambda(t.Context(), batch(t, as("1"), as("2"), as("3"), as("4"), as("5"))); err != nil || most > 2 {
			t.Errorf("%d at once, %v", most, err)
		}
	})
}

// A consumer that does not know its own queue can neither bury nor send again.
func TestEveryQueueOfTheTemplateIsKnownToItsConsumer(t *testing.T) {
	template, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	known := 0
	for _, m := range regexp.MustCompile(`QueueName: !Sub "\$\{AWS::StackName\}-([a-z-]+)"`).FindAllStringSubmatch(string(template), -1) {
		role := Name(m[1])
		if strings.HasSuffix(m[1], "-dlq") { // nobody consumes it
			continue
		}
		known++
		if got := queueOf("arn:aws:sqs:us-east-1:000000000000:some-stack-" + string(role)); got != role {
			t.Errorf("%s is taken for %q", role, got)
		}
	}
	if known != len(queues) {
		t.Errorf("template.yaml has %d queues, this package names %d", known, len(queues))
	}
}

// ids numbers receipts.
func ids() func() string {
	var n atomic.Int64
	return func() string { return fmt.Sprint("receipt-", n.Add(1)) }
}
