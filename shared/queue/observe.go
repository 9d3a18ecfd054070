package queue

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fairlead/fairlead/shared/obs"
)

// work handles one message and writes its one line. Handlers add to it with obs.Note; outcome is theirs to say when the
// message is done. It tells whether the message is to be received again.
func (c Consumer) work(ctx context.Context, m Message, rec events.SQSMessage, handle func(context.Context) error) (again bool) {
	ctx, unit := obs.Begin(ctx)
	queue := string(m.Queue)
	obs.Measure(ctx, obs.Messages, 1, queue)
	attrs := []any{"queue", m.Queue, "message", m.ID, "type", m.Type, "tenant", m.Tenant, "mode", m.Mode, subject(m), m.Shipment, "correlation_id", m.Correlation, "received", m.Received}
	if sent, err := strconv.ParseInt(rec.Attributes["SentTimestamp"], 10, 64); err == nil {
		age := max(time.Since(time.UnixMilli(sent)), 0)
		obs.Measure(ctx, obs.MessageAge, int64(age/time.Second), queue)
		attrs = append(attrs, "age_ms", age.Milliseconds())
	}
	level := slog.LevelInfo
	err := handle(ctx)
	if reason, poison := IsPoison(err); poison {
		reason = Again(m.Redriven, reason)
		level = slog.LevelWarn
		obs.Note(ctx, "outcome", "buried")
		obs.Note(ctx, "reason", reason)
		if err = c.Dead.Bury(ctx, m.Queue, rec.Body, reason); err == nil {
			obs.Measure(ctx, obs.MessagesBuried, 1, queue)
		} else {
			err = fmt.Errorf("the dead-letter queue refused it: %w", err)
		}
	}
	switch {
	case err != nil:
		level = slog.LevelError
		obs.Note(ctx, "outcome", "failed")
		obs.Note(ctx, "error", err.Error())
		obs.Measure(ctx, obs.MessagesFailed, 1, queue)
	case unit.Noted("outcome") == "":
		obs.Note(ctx, "outcome", "done")
	}
	unit.End(ctx, c.Log, level, "message", attrs...)
	return err != nil
}

// subject is what a message is about.
func subject(m Message) string {
	if strings.HasPrefix(m.Shipment, "bat_") {
		return "batch"
	}
	return "shipment"
}
