package rivals

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/queue"
)

// lockTime is how long a lock is valid: Redis documentation, "Distributed Locks with Redis"
// (redis.io/docs/latest/develop/use/patterns/distributed-locks), "Correct Implementation with a Single Instance":
// SET … NX PX 30000. Every section below is one of that page.
const lockTime = 30 * time.Second

var errLocked = errors.New("another worker has the lock")

// RedisLock books under a lock: the first worker to set the key books, the others come back later. One instance that
// never fails over stands for the page's five: nothing is lost between them, which is the best they can do.
func RedisLock(d Desk) queue.Handler {
	return func(ctx context.Context, m queue.Message) error {
		name := "lock:" + Key(m.Tenant, m.Mode, m.Shipment)
		// "Correct Implementation…": the value is unique among all clients and all requests, as a receipt is.
		token := m.Receipt
		// "The Redlock Algorithm", steps 1 and 4: validity counts from before the lock was asked for.
		valid := d.Now().Round(0).Add(lockTime)
		// "Correct Implementation…": set only if it is not there, and let it go by itself.
		held, err := d.Redis.SetNX(ctx, name, token, lockTime)
		if err == nil && !held {
			return errLocked // "Retry on Failure": try again later; the queue does
		}
		if err == nil {
			err = d.locked(ctx, m, valid)
		}
		// "Correct Implementation…": release by comparing and deleting, so that another's lock stays. "The Redlock
		// Algorithm", step 5: also when it seems not to have been acquired. A failed release costs a wait
		// ("Liveness Arguments"), nothing else.
		_ = d.Redis.CompareAndDelete(ctx, name, token)
		return err
	}
}

// locked is what is done under the lock. The answer is written however late it comes.
func (d Desk) locked(ctx context.Context, m queue.Message, valid time.Time) error {
	if ended, err := d.ended(ctx, m); ended || err != nil {
		return err
	}
	end := d.end(m)
	if valid.Before(end) {
		end = valid // "Is the Algorithm Asynchronous?": exclusion holds while the work ends within the validity
	}
	r, err := d.book(ctx, m, end, lockRetry)
	if err != nil {
		return err
	}
	return d.save(ctx, m, r)
}

// lockRetry is what is called again under the lock: 401, 504 and no answer. The lock is what makes an integrator
// think that it is safe: nobody else calls. The carrier may have booked all the same.
func lockRetry(o carrier.Outcome) bool {
	return unauthenticated(o) || unanswered(o) || o.Raw.Status == http.StatusGatewayTimeout
}
