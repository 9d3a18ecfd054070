package operations

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/fairlead/fairlead/shared/batch"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/queues"
	"github.com/fairlead/fairlead/shared/operating"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/queue/sqsqueue"
	"github.com/fairlead/fairlead/shared/ship"
)

// Letters is redrive-dead-letters.
func Letters(a *boot.App) Handler[operating.LettersAnswer] {
	return audited(a, "redrive-dead-letters", false, func() operating.Operation[operating.LettersRequest, operating.LettersAnswer] {
		sender, store := queues.Sender(a), a.Store()
		graves := &sqsqueue.Graves{Client: sqs.NewFromConfig(a.AWS()), URL: sender.URL, Dead: queues.Graves(a)}
		again := &announcer{sender: sender, batches: store, shipments: &booking.Reteller{Reader: store, Past: store, Sender: sender, Now: time.Now, Times: a.Times}}
		return (&operating.Sexton{Graves: graves, Announcer: again, Now: time.Now, Log: a.Log}).Letters
	})
}

// Replay is replay-callbacks.
func Replay(a *boot.App) Handler[operating.ReplayAnswer] {
	return audited(a, "replay-callbacks", true, func() operating.Operation[operating.ReplayRequest, operating.ReplayAnswer] {
		store := a.Store()
		return (&operating.Replayer{Deliveries: store, Reader: store, Past: store, Queue: queues.Sender(a), Now: time.Now, Log: a.Log}).Replay
	})
}

// announcer announces shipments and batches, which lie in one table.
type announcer struct {
	sender    queue.BatchSender
	batches   batch.Reader
	shipments *booking.Reteller
}

// Announce implements operating.Announcer.
func (x *announcer) Announce(ctx context.Context, tenant string, mode ship.Mode, id string) (int, error) {
	if !strings.HasPrefix(id, "bat_") {
		n, err := x.shipments.Announce(ctx, tenant, mode, id)
		if errors.Is(err, booking.ErrNotFound) {
			err = operating.ErrGone
		}
		return n, err
	}
	b, err := x.batches.Batch(ctx, tenant, mode, id)
	if errors.Is(err, batch.ErrNotFound) {
		return 0, operating.ErrGone
	}
	if err != nil {
		return 0, fmt.Errorf("reading %s: %w", id, err)
	}
	out := batch.Announce(nil, b)
	return len(out), errors.Join(x.sender.SendBatch(ctx, out)...)
}
