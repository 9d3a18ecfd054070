// Package outbox wires what moves shipments on: the relay of the table's stream, and wake.
package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/batch"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/queues"
	"github.com/fairlead/fairlead/shared/obs"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/queue/sqsqueue"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// Relay consumes the stream of the shipments table. A partial failure names a sequence number, not a message id: the
// stream is read again from there.
func Relay(a *boot.App) func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	relay := sync.OnceValue(func() *booking.Relay {
		sender := queues.Sender(a)
		return &booking.Relay{Sender: sender, Dead: sender, Now: time.Now, Times: a.Times, Log: a.Log}
	})
	return func(ctx context.Context, ev events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
		ctx, unit := obs.Begin(ctx)
		level := slog.LevelInfo
		defer func() { unit.End(ctx, a.Log, level, "stream batch", "records", len(ev.Records)) }()
		changes := make([]booking.Change, 0, len(ev.Records))
		for _, r := range ev.Records {
			changes = append(changes, change(r))
		}
		var out events.DynamoDBEventResponse
		if first := relay().Run(ctx, changes); first < len(ev.Records) {
			level = slog.LevelError
			out.BatchItemFailures = []events.DynamoDBBatchItemFailure{{ItemIdentifier: ev.Records[first].Change.SequenceNumber}}
		}
		return out, nil
	}
}

// Wake runs on a schedule.
func Wake(a *boot.App) func(context.Context) error {
	wake := sync.OnceValue(func() *schedule {
		sender := queues.Sender(a)
		batches := &batch.Waker{Reader: a.Store(), Writer: a.Store(), Sender: sender, Now: time.Now, First: a.Times.DueFirst, Most: a.Times.DueMax}
		waker := booking.Waker{Sleeper: a.Store(), Reader: a.Store(), Sender: sender, Other: batches, Shards: dynamo.Shards, Now: time.Now, Times: a.Times, Log: a.Log}
		return &schedule{waker: waker, watch: queues.Watch(a), log: a.Log}
	})
	return func(ctx context.Context) error { return wake().run(ctx) }
}

// schedule is what each run of wake does.
type schedule struct {
	waker booking.Waker
	watch *sqsqueue.Watch
	log   *slog.Logger
}

// run wakes what is forgotten first, then measures the queues. Whatever failed is on its line. Its error, which Lambda counts
// as a failed invocation, is only that a shard could not be read: a shipment that can't be woken is measured (WakeFailed) and
// has an alarm of its own, and would otherwise keep that of failed functions on, minute by minute, and with it every canary off.
func (s *schedule) run(ctx context.Context) error {
	ctx, unit := obs.Begin(ctx)
	waker, looked := s.waker, &shards{Sleeper: s.waker.Sleeper}
	waker.Sleeper = looked
	level := slog.LevelInfo
	if err := errors.Join(waker.Run(ctx), s.watch.Measure(ctx)); err != nil {
		level = slog.LevelError
		obs.Note(ctx, "error", err.Error())
	}
	unit.End(ctx, s.log, level, "wake")
	return looked.unread
}

// shards keeps why a shard could not be read, the first of them. A run reads one after the other.
type shards struct {
	booking.Sleeper
	unread error
}

// Open implements booking.Sleeper.
func (s *shards) Open(ctx context.Context, shard int, before time.Time, limit int) ([]booking.Record, error) {
	open, err := s.Sleeper.Open(ctx, shard, before, limit)
	if err != nil && s.unread == nil {
		s.unread = fmt.Errorf("reading shard %d of open: %w", shard, err)
	}
	return open, err
}

func change(r events.DynamoDBEventRecord) (c booking.Change) {
	defer func() {
		if c.Err != nil {
			raw, err := json.Marshal(r.Change.Keys)
			if err != nil {
				raw = []byte("(keys that can't be written)")
			}
			c.Raw = fmt.Sprintf(`{"event_id":%q,"sequence_number":%q,"keys":%s}`, r.EventID, r.Change.SequenceNumber, raw)
		}
	}()
	if len(r.Change.NewImage) == 0 {
		c.Err = fmt.Errorf("a stream record without a new image (%s)", r.EventName)
		return c
	}
	now, before := image(r.Change.NewImage), image(r.Change.OldImage)
	if dynamo.IsBatch(now) {
		c.Other, c.Err = batchChange(before, now)
		return c
	}
	if c.New, c.Err = dynamo.Decode(now); c.Err != nil || len(before) == 0 {
		return c
	}
	old, err := dynamo.Decode(before)
	c.Old, c.Err = &old, err
	return c
}

// batchChange tells what a change of a batch calls for.
func batchChange(before, now map[string]types.AttributeValue) ([]queue.Outgoing, error) {
	b, err := dynamo.DecodeBatch(now)
	if err != nil || len(before) == 0 {
		return batch.Announce(nil, b), err
	}
	old, err := dynamo.DecodeBatch(before)
	return batch.Announce(&old, b), err
}

// image turns the attribute values of an event into the SDK's.
func image(in map[string]events.DynamoDBAttributeValue) map[string]types.AttributeValue {
	out := make(map[string]types.AttributeValue, len(in))
	for k, v := range in {
		out[k] = attribute(v)
	}
	return out
}

func attribute(v events.DynamoDBAttributeValue) types.AttributeValue {
	switch v.DataType() {
	case events.DataTypeString:
		return &types.AttributeValueMemberS{Value: v.String()}
	case events.DataTypeNumber:
		return &types.AttributeValueMemberN{Value: v.Number()}
	case events.DataTypeBinary:
		return &types.AttributeValueMemberB{Value: v.Binary()}
	case events.DataTypeBoolean:
		return &types.AttributeValueMemberBOOL{Value: v.Boolean()}
	case events.DataTypeMap:
		return &types.AttributeValueMemberM{Value: image(v.Map())}
	case events.DataTypeList:
		l := &types.AttributeValueMemberL{}
		for _, x := range v.List() {
			l.Value = append(l.Value, attribute(x))
		}
		return l
	}
	return &types.AttributeValueMemberNULL{Value: true}
}
