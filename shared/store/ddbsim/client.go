package ddbsim

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// ClientOptions is what one process's client does around its calls. All of it may be left out.
type ClientOptions struct {
	// Attempts is how often a call is made in all before its error is final; 0 is 4.
	Attempts int
	// Before is called before an attempt reaches the database. An error of it is the attempt's answer.
	Before func(ctx context.Context, op *Op) error
	// After is called when the database has answered an attempt, with its error, nil or not. What it returns is what
	// the attempt answers: another error than the given one is a lost acknowledgement.
	After func(ctx context.Context, op *Op, err error) error
	// Lag is how old a view an eventually consistent read or a query of an index has, two minutes at most.
	Lag func(ctx context.Context, op *Op) time.Duration
	// Sleep waits between attempts, and returns an error when ctx ends first; nil waits in real time.
	Sleep func(ctx context.Context, d time.Duration) error
	// Backoff is how long to wait after an attempt; nil: 50 ms, doubling up to 2 s, without jitter.
	Backoff func(attempt int) time.Duration
	// Record is told what each call costs, as dynamo.Meter tells it, in the units of its last attempt.
	Record func(ctx context.Context, r dynamo.Reading)
}

// Client is the database as one process sees it. It implements dynamo.API, with the SDK's retries and errors.
type Client struct {
	db    *DB
	o     ClientOptions
	retry *retry.Standard
}

var _ dynamo.API = (*Client)(nil)

// Client returns a client. Where it has a Lag, the database keeps earlier versions of its items from now on.
func (db *DB) Client(o ClientOptions) *Client {
	if o.Attempts == 0 {
		o.Attempts = 4
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Backoff == nil {
		o.Backoff = backoff
	}
	if o.Lag != nil {
		db.keeps.Store(true)
	}
	return &Client{db: db, o: o, retry: retry.NewStandard()}
}

func backoff(attempt int) time.Duration {
	return min(50*time.Millisecond<<min(attempt-1, 10), 2*time.Second)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// call makes the attempts of one call. do applies one of them.
func call[O any](ctx context.Context, c *Client, op Op, options []func(*dynamodb.Options), do func(op *Op) (O, []bill, error)) (O, error) {
	var none O
	failed := func(err error) (O, error) {
		return none, &smithy.OperationError{ServiceID: dynamodb.ServiceID, OperationName: op.Name, Err: err}
	}
	attempts := c.o.Attempts
	if len(options) > 0 {
		o := dynamodb.Options{RetryMaxAttempts: attempts}
		for _, f := range options {
			f(&o)
		}
		attempts = o.RetryMaxAttempts
	}
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			return failed(&aws.RequestCanceledError{Err: err})
		}
		one := op
		one.Attempt = n
		out, bills, err := attempt(ctx, c, &one, do)
		if err == nil {
			c.record(ctx, op.Name, bills)
			return out, nil
		}
		if ended := ctx.Err(); ended != nil && errors.Is(err, ended) {
			return failed(&aws.RequestCanceledError{Err: err})
		}
		if !c.retry.IsErrorRetryable(err) {
			if _, refused := errors.AsType[*types.ConditionalCheckFailedException](err); refused {
				c.record(ctx, op.Name, bills)
			}
			return failed(err)
		}
		if n >= attempts {
			return failed(&retry.MaxAttemptsError{Attempt: n, Err: err})
		}
		if err := c.o.Sleep(ctx, c.o.Backoff(n)); err != nil {
			return failed(&aws.RequestCanceledError{Err: err})
		}
	}
}

func attempt[O any](ctx context.Context, c *Client, op *Op, do func(op *Op) (O, []bill, error)) (O, []bill, error) {
	var none O
	if c.o.Before != nil {
		if err := c.o.Before(ctx, op); err != nil {
			return none, nil, err
		}
	}
	out, bills, err := do(op)
	if _, ok := errors.AsType[smithy.APIError](err); ok {
		err = answered(http.StatusBadRequest, err)
	}
	if c.o.After != nil {
		said := c.o.After(ctx, op, err)
		if said == nil && err != nil {
			said = fmt.Errorf("ddbsim: After made a success of: %w", err)
		}
		err = said
	}
	return out, bills, err
}

// view is the moment whose state a read sees.
func (c *Client) view(ctx context.Context, op *Op, consistent bool) int64 {
	if consistent || c.o.Lag == nil {
		return math.MaxInt64
	}
	lag := min(c.o.Lag(ctx, op), window)
	if lag <= 0 {
		return math.MaxInt64
	}
	return c.db.clock().Add(-lag).UnixNano()
}

func (c *Client) record(ctx context.Context, op string, bills []bill) {
	if c.o.Record == nil {
		return
	}
	for _, b := range bills {
		r := b.reading(op)
		r.Name = dynamo.WriteName(ctx)
		c.o.Record(ctx, r)
	}
}
