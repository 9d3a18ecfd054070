package endtoend_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/fairlead/fairlead/infra/carriersim/fault"
	"github.com/fairlead/fairlead/infra/local/endtoend"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
)

// mailbox is the stack's queues, as somebody with access to them has them.
type mailbox struct {
	*stack
	client *sqs.Client
}

func (s *stack) mailbox() mailbox { return mailbox{s, s.Queues()} }

// url finds a queue by its role.
func (m mailbox) url(role string) *string {
	m.t.Helper()
	url, err := endtoend.QueueURL(m.t.Context(), m.client, role)
	if err != nil {
		m.t.Fatal(err)
	}
	return &url
}

// send puts bodies on a queue in one call, so that one receive can bring them together.
func (m mailbox) send(role string, bodies ...string) {
	m.t.Helper()
	in := &sqs.SendMessageBatchInput{QueueUrl: m.url(role)}
	for i, b := range bodies {
		in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), MessageBody: &b})
	}
	if out, err := m.client.SendMessageBatch(m.t.Context(), in); err != nil || len(out.Failed) > 0 {
		m.t.Fatalf("sending to %s: %v", role, err)
	}
}

// buried waits for n messages on a queue's dead-letter queue and returns their reasons by body.
func (m mailbox) buried(role string, n int) map[string]string {
	m.t.Helper()
	url, got := m.url(role+"-dlq"), map[string]string{}
	await(m.t, 30*time.Second, fmt.Sprintf("%d messages on %s-dlq", n, role), func() bool {
		out, err := m.client.ReceiveMessage(m.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"}})
		if err != nil {
			m.t.Fatal(err)
		}
		for _, x := range out.Messages {
			got[*x.Body] = aws.ToString(x.MessageAttributes["reason"].StringValue)
			if _, err := m.client.DeleteMessage(m.t.Context(), &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: x.ReceiptHandle}); err != nil {
				m.t.Fatal(err)
			}
		}
		return len(got) >= n
	}, func() string { return fmt.Sprint(got) })
	return got
}

// emptied waits until nothing on a queue is to be received any more, now or later. On two queues other
// groups' look-ups and retries wait for their time: there only what is due counts.
func (m mailbox) emptied(role string) {
	m.t.Helper()
	url := m.url(role)
	count := func() string {
		out, err := m.client.GetQueueAttributes(m.t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
		if err != nil {
			m.t.Fatal(err)
		}
		n := []string{out.Attributes["ApproximateNumberOfMessages"], out.Attributes["ApproximateNumberOfMessagesNotVisible"], out.Attributes["ApproximateNumberOfMessagesDelayed"]}
		if role == "recovery" || role == "callback-retries" {
			n[2] = "0"
		}
		return strings.Join(n, " ")
	}
	await(m.t, 15*time.Second, role+" to be empty", func() bool { return count() == "0 0 0" }, count)
}

// message is a whole envelope, changed.
func (p *shipper) message(kind, shipment string, change map[string]any) string {
	p.t.Helper()
	m := map[string]any{"id": shipment + "#1", "correlation_id": "poison", "tenant": p.Tenant, "mode": "test", "shipment": shipment, "version": 1,
		"occurred_at": "2026-01-02T03:04:05Z", "type": kind, "data": map[string]any{"fp": "poison"}}
	for k, v := range change {
		if m[k] = v; v == nil {
			delete(m, k)
		}
	}
	b, err := json.Marshal(m)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(b)
}

// poisons is what can never be handled, by what its reason must say. kind is the queue's own message type.
func (p *shipper) poisons(kind, strange string, foreign string) map[string]string {
	const nowhere = "shp_aaaaaaaaaaaaaaaaaaaaaaaaaa"
	out := map[string]string{
		"{not JSON":  "not an envelope",
		`["a","b"]`:  "not an envelope",
		`{"wat": 1}`: "id is missing",
		p.message(kind, nowhere, map[string]any{"tenant": nil}):           "tenant is missing",
		p.message(kind, nowhere, map[string]any{"mode": "prod"}):          "mode is",
		p.message(kind, nowhere, map[string]any{"id": ""}):                "id is missing",
		p.message(strange, nowhere, map[string]any{"id": "strange-type"}): strange,
	}
	if kind == "book" || kind == "recover" {
		out[p.message(kind, nowhere, nil)] = "no shipment"
		out[p.message(kind, foreign, nil)] = "no shipment"
	}
	return out
}

func poison(t *testing.T, s *stack, sim *simulator) {
	p, other := s.shipper("Poisoned"), s.shipper("Poisoned's neighbour")
	foreign := other.call("POST", "/v1/shipments", other.Order("foreign"), nil).Str("id")
	old := p.call("POST", "/v1/shipments", p.Confirmed("old"), nil).Str("id")
	p.booked(old)
	for queue, kinds := range map[string][2]string{
		"urgent": {"book", "recover"}, "standard": {"book", "shipment.booked"}, "bulk": {"book", "deliver"}, "recovery": {"recover", "book"},
		"events": {"shipment.booked", "shipment.lost"}, "callbacks": {"deliver", "book"}, "callback-retries": {"deliver", "shipment.booked"},
	} {
		t.Run("poison on "+queue+" is buried with its reason, and what is good beside it is done", func(t *testing.T) {
			p, m := p.in(t), s.in(t).mailbox()
			bad := p.poisons(kinds[0], kinds[1], foreign)
			ledger := len(p.bookings(sim))
			var bodies []string
			for body := range maps.Keys(bad) {
				bodies = append(bodies, body)
			}
			m.send(queue, bodies[:4]...)
			good := p.Confirmed("good-" + queue)
			if queue == "urgent" || queue == "bulk" {
				good["priority"] = queue
			}
			id := p.call("POST", "/v1/shipments", good, nil).Str("id")
			m.send(queue, bodies[4:]...)
			p.booked(id)
			for body, reason := range m.buried(queue, len(bad)) {
				if want, ok := bad[body]; !ok || !strings.Contains(reason, want) {
					t.Errorf("%s was buried because %q, want %q", body, reason, want)
				}
			}
			m.emptied(queue)
			if c, l := sim.asked(fault.Ship, id), len(p.bookings(sim)); c != 1 || l != ledger+1 || sim.asked(fault.Ship, foreign) != 0 {
				t.Errorf("%d booking calls and %d bookings for one good shipment", c, l-ledger)
			}
		})
	}
	t.Run("in one batch poison fails nothing: it is buried and the rest acknowledged", func(t *testing.T) { oneBatch(t, p.in(t), old) })
	t.Run("an old message, and a copy of it, are acknowledged without a call", func(t *testing.T) {
		p, m := p.in(t), s.in(t).mailbox()
		before := p.call("GET", "/v1/shipments/"+old, nil, nil)
		m.send("standard", p.message("book", old, nil), p.message("book", old, nil), p.message("book", old, map[string]any{"version": 99}))
		m.send("recovery", p.message("recover", old, nil), p.message("recover", old, nil))
		for _, queue := range []string{"standard", "recovery"} {
			m.emptied(queue)
			m.emptied(queue + "-dlq")
		}
		if after := p.call("GET", "/v1/shipments/"+old, nil, nil); string(after.Body) != string(before.Body) || sim.asked(fault.Ship, old) != 1 {
			t.Errorf("%s became %s; %d calls", before.Body, after.Body, sim.asked(fault.Ship, old))
		}
	})
	t.Run("a change that can't be relayed is buried, and the stream goes on", func(t *testing.T) { unreadable(t, p.in(t)) })
}

// oneBatch invokes the function with a batch, so that it is certain what came together.
func oneBatch(t *testing.T, p *shipper, old string) {
	bodies := []string{"{", p.message("book", old, nil), p.message("book", old, map[string]any{"tenant": nil}), p.message("book", old, nil), p.message("recover", old, nil)}
	var ev events.SQSEvent
	for i, b := range bodies {
		ev.Records = append(ev.Records, events.SQSMessage{MessageId: fmt.Sprint("m", i), ReceiptHandle: "r", Body: b, EventSource: "aws:sqs",
			EventSourceARN: "arn:aws:sqs:us-east-1:000000000000:fairlead-standard", Attributes: map[string]string{"ApproximateReceiveCount": "1"}})
	}
	var out events.SQSEventResponse
	p.invoke("book-shipment", ev, &out)
	if len(out.BatchItemFailures) != 0 {
		t.Errorf("to be received again: %v", out.BatchItemFailures)
	}
	got := p.mailbox().buried("standard", 3)
	for _, i := range []int{0, 2, 4} {
		if got[bodies[i]] == "" {
			t.Errorf("%s is not among %v", bodies[i], got)
		}
	}
}

// unreadable puts items into the table that no code of ours can read.
func unreadable(t *testing.T, p *shipper) {
	m, db := p.mailbox(), p.Database()
	text := func(s string) dynamotypes.AttributeValue { return &dynamotypes.AttributeValueMemberS{Value: s} }
	number := func(s string) dynamotypes.AttributeValue { return &dynamotypes.AttributeValueMemberN{Value: s} }
	for i, change := range []map[string]dynamotypes.AttributeValue{
		{"fv": number("99")}, {"ver": text("one")}, {"pk": text("shp_poison")},
	} {
		item := map[string]dynamotypes.AttributeValue{"pk": text(fmt.Sprintf("%s#test#shp_poison%d", p.Tenant, i)), "st": text("pending"), "fv": number("1"), "ver": number("1")}
		maps.Copy(item, change)
		if _, err := db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("fairlead-shipments"), Item: item}); err != nil {
			t.Fatal(err)
		}
	}
	id := booking.IDByReference(p.Tenant, ship.Test, "behind-poison")
	p.fresh(p.call("POST", "/v1/shipments", p.Confirmed("behind-poison"), nil), 202)
	p.booked(id)
	for body, reason := range m.buried("relay", 3) {
		if reason == "" || !strings.Contains(body, "shp_poison") {
			t.Errorf("%s was buried because %q", body, reason)
		}
	}
}
