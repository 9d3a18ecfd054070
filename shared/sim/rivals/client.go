package rivals

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/queue"
)

// calls is how often one receipt of a message calls the carrier at most: as often as Fairlead's worker does.
// AWS Well-Architected Framework, REL05-BP03 "Control and limit retry calls": limit the number of retries.
const calls = 2

// errShort is why no call is made late in an invocation: it would be cut off, and nobody would know what it did.
var errShort = errors.New("too little of the invocation is left for a booking call")

// book is the ordinary client: it calls until the carrier answers with a booking or a definite no, and calls again
// for what again names. Any other answer, or none, is an error. No call goes on past end.
func (d Desk) book(ctx context.Context, m queue.Message, end time.Time, again func(carrier.Outcome) bool) (result, error) {
	c, order, err := d.Order(ctx, m)
	if err != nil {
		return result{}, err
	}
	token, err := d.login(ctx, func(ctx context.Context) (carrier.Token, error) { return d.Tokens.Token(ctx, order.Account, c) })
	for call := 1; err == nil; call++ {
		if d.Now().Add(d.Times.SendBy).After(end) {
			return result{}, errShort
		}
		o := c.Book(ctx, order, carrier.Call{Token: token, Deadline: d.deadline(c, end)})
		switch {
		case o.Kind == carrier.Done:
			return result{Number: o.Booking.TrackingNumber}, nil
		case o.Kind == carrier.Refused:
			return result{Refused: cmp.Or(o.Code, "refused")}, nil
		case call == calls || !again(o):
			return result{}, fmt.Errorf("carrier: %s: HTTP %d: %s", o.Kind, o.Raw.Status, o.Message)
		case o.Kind == carrier.Unauthenticated:
			// RFC 6750, section 3.1, "invalid_token": a client may get a new token and send its request again.
			token, err = d.login(ctx, func(ctx context.Context) (carrier.Token, error) {
				return d.Tokens.Refresh(ctx, order.Account, c, token)
			})
		default:
			err = d.wait(ctx, o, end)
		}
	}
	if _, ok := errors.AsType[*carrier.LoginRefused](err); ok {
		return result{Refused: "login_refused"}, nil // as Fairlead's worker: only a person can help
	}
	return result{}, err
}

func (d Desk) login(ctx context.Context, get func(context.Context) (carrier.Token, error)) (carrier.Token, error) {
	bounded, cancel := context.WithTimeout(ctx, d.Times.Prepare)
	token, err := get(bounded)
	cancel()
	return token, err
}

// wait is the pause before the second call, the carrier's own when it names one.
// REL05-BP03: retry at growing intervals. RFC 6585, section 4: a 429 may say in Retry-After how long to wait.
func (d Desk) wait(ctx context.Context, o carrier.Outcome, end time.Time) error {
	pause := cmp.Or(o.RetryAfter, d.Times.BackoffUnit)
	if d.Now().Add(pause + d.Times.SendBy).After(end) {
		return errShort // the message comes back instead
	}
	return d.Sleep(ctx, pause)
}

// deadline is when a call that starts now is given up: the limit of Fairlead's worker.
func (d Desk) deadline(c carrier.Carrier, end time.Time) time.Time {
	limit := d.Times.CallDeadline
	if own := c.Describe().CallTimeout; own > 0 {
		limit = d.Times.Settle(own)
	}
	if at := d.Now().Round(0).Add(limit); at.Before(end) {
		return at
	}
	return end
}

// end is when the last call of an invocation has to have ended.
func (d Desk) end(m queue.Message) time.Time { return m.Deadline.Round(0).Add(-d.Times.CallMargin) }

// What an ordinary client sees of an outcome.

func unauthenticated(o carrier.Outcome) bool { return o.Kind == carrier.Unauthenticated }

// unanswered is no complete answer: refused connection, reset, time-out.
func unanswered(o carrier.Outcome) bool {
	return o.Kind == carrier.NotSent || o.Kind == carrier.Unknown && (o.Raw.Status == 0 || o.Raw.Error != "")
}
