package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fairlead/fairlead/shared/queue"
)

// message is one message in a simulated queue.
type message struct {
	id       string
	body     string
	visible  time.Time
	received int
}

// sqs is one queue as SQS has it: at least once, in no order, invisible while somebody works on it.
type sqs struct {
	name     queue.Name
	consumer role
	messages []*message
	next     time.Time // when it is looked at; zero: not until something happens
}

// maxReceives is the queues' redrive policy.
const maxReceives = 5

// consumers are the roles that work on the queues.
var consumers = map[queue.Name]role{
	queue.Urgent: roleBook, queue.Standard: roleBook, queue.Bulk: roleBook, queue.Recovery: roleRecover, queue.Events: roleFanOut,
	queue.Callbacks: roleDeliver, queue.CallbackRetries: roleDeliver,
}

// batches are how many messages a process takes at once. Of callbacks one: their goroutines would race for the
// receiver's connections, and the order in which events arrive is promised to nobody.
var batches = map[role]int{roleBook: 10, roleRecover: 10, roleFanOut: 10, roleDeliver: 1}

// queueNames is their order.
var queueNames = []queue.Name{queue.Urgent, queue.Standard, queue.Bulk, queue.Recovery, queue.Events, queue.Callbacks, queue.CallbackRetries}

// errQueue is what a queue's failed call answers.
var errQueue = errors.New("the queue did not answer")

// sender is a process's client of the queues: queue.Sender, queue.BatchSender and queue.DeadLetter.
type sender struct {
	w  *World
	in *instance
}

// call passes a queue call through the faults and does it.
func (s sender) call(ctx context.Context, what string, do func()) error {
	t := taskOf(ctx)
	c := &call{in: s.in, task: t.name, port: QueueSend, what: what}
	var outcome Fault
	c.then = func() { s.w.pass(c, &outcome, func(Fault) error { return errQueue }) }
	if err := s.w.park(ctx, c); err != nil {
		return err
	}
	do()
	return s.w.acknowledge(ctx, c, outcome, errQueue)
}

// Send implements queue.Sender.
func (s sender) Send(ctx context.Context, to queue.Name, e queue.Envelope, delay time.Duration) error {
	body, err := queue.Encode(e)
	if err != nil {
		return err
	}
	return s.call(ctx, "send "+string(to)+" "+e.ID, func() {
		s.w.rules.sent(s.in, e)
		if s.w.Rival != "" && s.in.role == roleWake && s.w.waiting(e.Shipment) {
			return
		}
		s.w.enqueue(to, body, delay)
	})
}

// SendBatch implements queue.BatchSender: ten messages a call, each of which may be refused by itself.
func (s sender) SendBatch(ctx context.Context, messages []queue.Outgoing) []error {
	errs := make([]error, len(messages))
	for start := 0; start < len(messages); start += 10 {
		chunk := messages[start:min(start+10, len(messages))]
		err := s.call(ctx, "send batch "+chunk[0].Envelope.ID, func() {
			for i, m := range chunk {
				body, err := queue.Encode(m.Envelope)
				if err == nil && s.w.chance(QueueSend, Throttle) {
					err = errQueue
				}
				if errs[start+i] = err; err == nil {
					s.w.enqueue(m.To, body, m.Delay)
				}
			}
		})
		if err != nil {
			for i := range chunk {
				errs[start+i] = err
			}
		}
	}
	return errs
}

// Bury implements queue.DeadLetter.
func (s sender) Bury(ctx context.Context, from queue.Name, body, reason string) error {
	return s.call(ctx, "bury "+string(from)+" "+reason, func() { s.w.buried = append(s.w.buried, body) })
}

// enqueue puts a message into a queue.
func (w *World) enqueue(to queue.Name, body string, delay time.Duration) {
	w.messageSerial++
	delay = (delay + time.Second - 1) / time.Second * time.Second
	q := w.queues[to]
	q.messages = append(q.messages, &message{id: fmt.Sprintf("m%06d", w.messageSerial), body: body, visible: time.Now().Add(delay)})
	w.counts.Messages++
	w.pump(q)
}

// pump makes a queue's next message be looked at when it is visible.
func (w *World) pump(q *sqs) {
	if len(q.messages) == 0 {
		return
	}
	first := q.messages[0].visible
	for _, m := range q.messages {
		if m.visible.Before(first) {
			first = m.visible
		}
	}
	if now := time.Now(); first.Before(now) {
		first = now
	}
	if !q.next.IsZero() && !first.Before(q.next) {
		return
	}
	q.next = first
	w.after(time.Until(first)+w.between(time.Millisecond, cmp.Or(w.Gather, 60*time.Millisecond)), func() {
		if q.next.Equal(first) {
			q.next = time.Time{}
			w.receive(q)
		}
	})
}

// pumpAll looks at every queue again: a process has become free.
func (w *World) pumpAll() {
	for _, name := range queueNames {
		w.pump(w.queues[name])
	}
	w.pumpStream()
}

// receive hands visible messages to a free process.
func (w *World) receive(q *sqs) {
	var ready []*message
	for _, m := range q.messages {
		if !m.visible.After(time.Now()) {
			ready = append(ready, m)
		}
	}
	if len(ready) == 0 {
		w.pump(q)
		return
	}
	in := w.idle(q.consumer)
	if in == nil {
		return // whoever becomes free looks again
	}
	w.rand.Shuffle(len(ready), func(i, j int) { ready[i], ready[j] = ready[j], ready[i] })
	w.deliver(q, in, ready[:1+w.rand.IntN(min(len(ready), batches[q.consumer]))])
	w.pump(q)
}

// deliver starts an invocation with a batch.
func (w *World) deliver(q *sqs, in *instance, batch []*message) {
	ev := events.SQSEvent{}
	var taken []*message
	for _, m := range batch {
		switch {
		case w.chance(QueueReceive, Reorder):
			m.visible = time.Now().Add(w.between(time.Second, time.Minute))
			continue
		case w.chance(QueueReceive, Delay):
			m.visible = time.Now().Add(w.between(time.Second, 20*time.Minute))
			continue
		case m.received >= maxReceives:
			w.dead(q, m)
			continue
		case w.chance(QueueReceive, Duplicate):
			copied := *m
			copied.visible = time.Now().Add(w.between(0, 2*time.Minute))
			q.messages = append(q.messages, &copied)
		}
		m.received++
		m.visible = time.Now().Add(w.Times.Visibility)
		taken = append(taken, m)
		ev.Records = append(ev.Records, events.SQSMessage{MessageId: m.id, Body: m.body, EventSourceARN: "arn:aws:sqs:sim:0:fairlead-" + string(q.name),
			Attributes: map[string]string{"ApproximateReceiveCount": fmt.Sprint(m.received)}})
	}
	if len(taken) == 0 {
		return
	}
	w.note(in.name, fmt.Sprintf("receives %d of %s", len(taken), q.name))
	w.invoke(in, w.Times.WorkerTimeout, func(ctx context.Context) any {
		resp, err := in.consumer(q.name).Lambda(ctx, ev)
		must(err) // it answers failures message by message
		return resp
	}, func(result any, ok bool) {
		if !ok {
			return
		}
		r := result.(events.SQSEventResponse)
		for _, m := range taken {
			failed := slices.ContainsFunc(r.BatchItemFailures, func(f events.SQSBatchItemFailure) bool { return f.ItemIdentifier == m.id })
			if !failed {
				q.messages = slices.DeleteFunc(q.messages, func(x *message) bool { return x == m })
			}
		}
	})
}

// dead moves a message that was received too often to the dead-letter queue. Of events an operator sends it again;
// shipments are woken.
func (w *World) dead(q *sqs, m *message) {
	w.note("queue", "dead letter on "+string(q.name))
	w.counts.DeadLetters++
	q.messages = slices.DeleteFunc(q.messages, func(x *message) bool { return x == m })
	if q.consumer == roleFanOut || q.consumer == roleDeliver {
		w.after(w.between(time.Minute, time.Hour), func() { w.enqueue(q.name, m.body, 0) })
	}
}

// pumpStream makes the relay look at the outbox.
func (w *World) pumpStream() {
	for shard := range w.shards {
		s := &w.shards[shard]
		if s.busy || s.pumping || s.done >= len(s.records) {
			continue
		}
		s.pumping = true
		wait := w.between(20*time.Millisecond, 400*time.Millisecond)
		if w.chance(Stream, Delay) {
			wait += w.between(time.Second, 3*time.Minute)
		}
		w.after(wait, func() {
			s.pumping = false
			w.relay(s)
		})
	}
}

// shardOf spreads shipments over the stream's shards: order holds within a shipment only.
func (w *World) shardOf(pk string) *shard {
	return &w.shards[int(pk[len(pk)-1])%len(w.shards)]
}
