package rivals

import (
	"context"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/queue"
)

// PlainRetry is the algorithm of most integrations: look whether it is done, call, call again when that may help,
// write down the answer. What RFC 9110 says of it: section 9.2.2, a client should not by itself repeat a request whose
// method is not idempotent, and a POST is none, unless it knows that the first was never applied.
func PlainRetry(d Desk) queue.Handler {
	return func(ctx context.Context, m queue.Message) error {
		if ended, err := d.ended(ctx, m); ended || err != nil {
			return err
		}
		r, err := d.book(ctx, m, d.end(m), transient)
		if err != nil {
			return err // the message comes back
		}
		return d.save(ctx, m, r)
	}
}

// transient is what the AWS SDKs call so: AWS SDK for Python guide, "Retries", "Retryable errors": no response at
// socket level, 500, 502, 503, 504, throttling. Here every 5xx; 401 is repeated with a new token.
func transient(o carrier.Outcome) bool {
	return unauthenticated(o) || unanswered(o) || o.Kind == carrier.Throttled || o.Raw.Status/100 == 5
}
