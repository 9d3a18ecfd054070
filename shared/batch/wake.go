package batch

import (
	"context"
	"errors"
	"time"

	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
)

// Waker sends again the messages of batches that have not moved: lost ones, and those that ended on a dead-letter queue.
type Waker struct {
	Reader      Reader
	Writer      Writer
	Sender      queue.Sender
	Now         func() time.Time
	First, Most time.Duration // how long after the last change wake looks, and how long at most
}

// Wake moves `due` first, then sends: at most one message per due. It tells whether it sent one.
func (w *Waker) Wake(ctx context.Context, tenant string, mode ship.Mode, id string) (bool, error) {
	b, err := w.Reader.Batch(ctx, tenant, mode, id)
	if err != nil {
		return false, err
	}
	now := w.Now().Round(0).Truncate(time.Millisecond)
	if b.Due.IsZero() || b.Due.After(now) {
		return false, nil // the index lags behind
	}
	_, err = w.Writer.PostponeBatch(ctx, tenant, b, NextWake(b, now, w.First, w.Most))
	if _, refused := errors.AsType[*Refused](err); refused {
		return false, nil // another wake was faster, or it moved on
	}
	if err != nil {
		return false, err
	}
	return true, w.Sender.Send(ctx, queue.Batches, Envelope(b), 0)
}
