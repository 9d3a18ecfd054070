package sim

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/sim/rivals"
	"github.com/fairlead/fairlead/shared/store/ddbsim"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// This file puts a published algorithm in the place of the booking worker. Everything around it stays: orders, outbox,
// queues, carriers, tokens, processes and their faults. Its shipments stay pending in our table; what counts is its own
// durable record.

// rivalTable holds the rival's durable records.
const rivalTable = "rivals"

var errRedis = errors.New("redis did not answer")

// rival is the handler of a process's booking queues when Plan.Rival books.
func (w *World) rival(in *instance, d booking.Desk) queue.Handler {
	i := slices.IndexFunc(rivals.All(), func(a rivals.Algorithm) bool { return a.Name == w.Rival })
	if i < 0 {
		panic("there is no algorithm " + w.Rival)
	}
	handle := rivals.All()[i].New(rivals.Desk{
		DB: w.database(in), Table: rivalTable, Tokens: d.Tokens, Redis: w.redisOf(in), Now: in.now, Sleep: sleep, Times: w.Times,
		Order: func(ctx context.Context, m queue.Message) (carrier.Carrier, carrier.Order, error) {
			return ordered(ctx, d, m)
		},
	})
	return func(ctx context.Context, m queue.Message) error {
		if t := w.rules.ships[dynamo.ShipmentKey(m.Tenant, m.Mode, m.Shipment)]; t != nil {
			// A late execution comes as late as it does for a lease of ours.
			t.lease = m.Deadline.Add(w.Times.LeaseMargin - in.skew)
		}
		return handle(ctx, m)
	}
}

// ordered reads what is to be booked, as our worker does before its claim.
func ordered(ctx context.Context, d booking.Desk, m queue.Message) (carrier.Carrier, carrier.Order, error) {
	var hint booking.Hint
	if err := json.Unmarshal(m.Data, &hint); err != nil || m.Type != booking.TypeBook {
		return nil, carrier.Order{}, &queue.Poison{Reason: "a message of type " + m.Type}
	}
	request, err := d.Reader.Request(ctx, m.Tenant, m.Mode, m.Shipment, hint.Request)
	if errors.Is(err, booking.ErrNotFound) {
		return nil, carrier.Order{}, &queue.Poison{Reason: "there is no shipment " + m.Shipment}
	}
	if err != nil {
		return nil, carrier.Order{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, d.Times.Prepare)
	defer cancel()
	account, err := d.Accounts.CarrierAccount(ctx, m.Tenant, request.CarrierAccount)
	return d.Carriers[account.Carrier], carrier.Order{Shipment: request, Reference: booking.Reference(m.Shipment), Account: account}, err
}

// redisOf is a process's client of the one Redis. Its commands are struck like the database's writes.
func (w *World) redisOf(in *instance) rivals.Client {
	flights := map[rivals.Command]*flight{}
	return rivals.Client{
		Server: w.redis,
		Before: func(ctx context.Context, c rivals.Command) error {
			f := &flight{call: &call{in: in, task: taskOf(ctx).name, port: DBWrite, what: "redis " + c.Name + " " + c.Key}}
			f.call.then = func() { w.pass(f.call, &f.outcome, func(Fault) error { return errRedis }) }
			if err := w.park(ctx, f.call); err != nil {
				return err
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			flights[c] = f
			return nil
		},
		After: func(ctx context.Context, c rivals.Command) error {
			w.mu.Lock()
			f := flights[c]
			delete(flights, c)
			w.mu.Unlock()
			return w.acknowledge(ctx, f.call, f.outcome, errRedis)
		},
	}
}

// recorded looks at a change of a rival's record. A shipment that has a result is taken out of wake's sight, and one
// whose result is gone comes back into it.
func (w *World) recorded(c ddbsim.Change) {
	had, has := ended(c.Old), ended(c.New)
	if had == has {
		return
	}
	item := c.New
	if item == nil {
		item = c.Old
	}
	in := &dynamodb.UpdateItemInput{TableName: &w.tables.Shipments, Key: map[string]types.AttributeValue{"pk": item["pk"]}, UpdateExpression: aws.String("REMOVE due")}
	if !has {
		due := strconv.FormatInt(time.Now().Add(w.Times.DueFirst).UnixMilli(), 10)
		in.UpdateExpression = aws.String("SET due=:due")
		in.ExpressionAttributeValues = map[string]types.AttributeValue{":due": &types.AttributeValueMemberN{Value: due}}
	}
	_, err := w.db.Client(ddbsim.ClientOptions{}).UpdateItem(context.Background(), in)
	must(err)
}

func ended(record map[string]types.AttributeValue) bool {
	number, failed := rivals.Shown(record)
	return number != "" || failed
}

// waiting tells whether a message of the shipment is in a booking queue. Wake then leaves a rival's shipment alone: it
// brings back what was forgotten, and never makes a second copy.
func (w *World) waiting(shipment string) bool {
	for _, q := range w.queues {
		if q.consumer == roleBook && slices.ContainsFunc(q.messages, func(m *message) bool { return strings.Contains(m.body, shipment) }) {
			return true
		}
	}
	return false
}

// judgeRival counts what a rival's records show of what is live at the carriers. Only without faults is a duplicate or
// a loss a broken rule.
func (w *World) judgeRival() {
	for _, pk := range slices.Sorted(maps.Keys(w.rules.ships)) {
		t := w.rules.ships[pk]
		if t.record.Status == booking.Draft {
			w.counts.Drafts++
			continue
		}
		number, failed := rivals.Shown(w.db.Item(rivalTable, pk))
		switch {
		case failed:
			w.counts.Failed++
		case number == "":
			w.rules.broken(RuleEnd, pk, "its record shows nothing")
		case !slices.Contains(t.numbers, number):
			w.rules.broken(RuleLost, pk, "its record shows %s, which the carrier never booked", number)
		default:
			w.counts.Booked++
		}
		for _, n := range t.numbers {
			if n != number {
				w.counts.Lost++
			}
		}
		if len(t.numbers) > 0 && number == "" {
			w.counts.Orphaned++
		}
		if len(w.Rates) == 0 && len(t.numbers) != 1 {
			w.rules.broken(RuleCalm, pk, "without a fault it is booked %d times: %v", len(t.numbers), t.numbers)
		}
	}
}
