package ddbsim_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/store/ddbsim"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// script answers attempt after attempt with its errors, then with what the database says.
func script(errs ...error) func(context.Context, *ddbsim.Op, error) error {
	return func(_ context.Context, op *ddbsim.Op, err error) error {
		if op.Attempt <= len(errs) {
			return errs[op.Attempt-1]
		}
		return err
	}
}

func TestRetries(t *testing.T) {
	for _, c := range []struct {
		name     string
		fault    error
		attempts int // made, of four
	}{
		{"a throttled call is repeated", ddbsim.Throttled(), 4},
		{"a failure of the service is repeated", ddbsim.Unavailable(), 4},
		{"a lost answer is repeated", ddbsim.LostAnswer(), 4},
		{"a conflict is not", ddbsim.Conflict(), 1},
		{"an error of nobody knows what is not", errors.New("what"), 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			made := 0
			client := w.client(ddbsim.ClientOptions{Before: func(_ context.Context, op *ddbsim.Op) error {
				made++
				return c.fault
			}})
			_, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("t"), Key: attrs{"pk": str("a")}})
			if made != c.attempts || !errors.Is(err, c.fault) {
				t.Errorf("%d attempts, %v", made, err)
			}
			if used, ok := errors.AsType[*retry.MaxAttemptsError](err); ok != (c.attempts > 1) || ok && used.Attempt != c.attempts {
				t.Errorf("attempts used up: %v", err)
			}
			if op, ok := errors.AsType[*smithy.OperationError](err); !ok || op.OperationName != "GetItem" {
				t.Errorf("no error of an operation: %v", err)
			}
		})
	}
	t.Run("the faults are the SDK's own errors", func(t *testing.T) {
		if _, ok := errors.AsType[*types.ProvisionedThroughputExceededException](ddbsim.Throttled()); !ok {
			t.Error("throttled")
		}
		if _, ok := errors.AsType[*types.TransactionConflictException](ddbsim.Conflict()); !ok {
			t.Error("conflict")
		}
		if _, ok := errors.AsType[*types.InternalServerError](ddbsim.Unavailable()); !ok {
			t.Error("unavailable")
		}
	})
	t.Run("waits grow between attempts, and not after the last", func(t *testing.T) {
		w := newWorld(t)
		var waits []time.Duration
		client := w.client(ddbsim.ClientOptions{Attempts: 8,
			Before: func(context.Context, *ddbsim.Op) error { return ddbsim.Throttled() },
			Sleep:  func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }})
		_, _ = client.UpdateItem(t.Context(), count(1))
		const ms = time.Millisecond
		if diff := cmp.Diff([]time.Duration{50 * ms, 100 * ms, 200 * ms, 400 * ms, 800 * ms, 1600 * ms, 2000 * ms}, waits); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a call may ask for fewer attempts", func(t *testing.T) {
		w := newWorld(t)
		made := 0
		client := w.client(ddbsim.ClientOptions{Before: func(context.Context, *ddbsim.Op) error { made++; return ddbsim.Throttled() }})
		_, _ = client.UpdateItem(t.Context(), count(1), func(o *dynamodb.Options) { o.RetryMaxAttempts = 1 })
		if made != 1 {
			t.Errorf("%d attempts", made)
		}
	})
}

func TestLostAcknowledgement(t *testing.T) {
	w := newWorld(t)
	w.put(attrs{"pk": str("a"), "c": num(1)})
	t.Run("the repetition of a conditional write is refused by the first one's own work", func(t *testing.T) {
		var seen []string
		client := w.client(ddbsim.ClientOptions{After: func(ctx context.Context, op *ddbsim.Op, err error) error {
			seen = append(seen, fmt.Sprintf("%d %s %v", op.Attempt, op.Key, err == nil))
			return script(ddbsim.LostAnswer())(ctx, op, err)
		}})
		_, err := client.UpdateItem(t.Context(), count(1))
		refused, ok := errors.AsType[*types.ConditionalCheckFailedException](err)
		if !ok || text(refused.Item, "c") != "2" {
			t.Fatalf("got %v", err)
		}
		if diff := cmp.Diff([]string{"1 a true", "2 a false"}, seen); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a write that never arrived is made by its repetition", func(t *testing.T) {
		client := w.client(ddbsim.ClientOptions{Before: func(_ context.Context, op *ddbsim.Op) error {
			if op.Attempt < 3 {
				return ddbsim.LostAnswer()
			}
			return nil
		}})
		out, err := client.UpdateItem(t.Context(), count(2))
		if err != nil || text(out.Attributes, "c") != "3" {
			t.Errorf("%v, %v", out, err)
		}
	})
	t.Run("with all answers lost nobody knows, and it is written", func(t *testing.T) {
		client := w.client(ddbsim.ClientOptions{Attempts: 1, After: script(ddbsim.LostAnswer())})
		if _, err := client.UpdateItem(t.Context(), count(3)); err == nil || text(w.Item("t", "a"), "c") != "4" {
			t.Errorf("%v, %s", err, text(w.Item("t", "a"), "c"))
		}
	})
	t.Run("a hook can't make a success of a refusal", func(t *testing.T) {
		client := w.client(ddbsim.ClientOptions{After: func(context.Context, *ddbsim.Op, error) error { return nil }})
		if out, err := client.UpdateItem(t.Context(), count(1)); err == nil {
			t.Errorf("got %v", out)
		}
	})
}

func TestContext(t *testing.T) {
	t.Run("what is over before it begins does not begin", func(t *testing.T) {
		w := newWorld(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		client := w.client(ddbsim.ClientOptions{Before: func(context.Context, *ddbsim.Op) error { t.Error("an attempt"); return nil }})
		if _, err := client.UpdateItem(ctx, count(1)); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("an end while waiting is the answer", func(t *testing.T) {
		w := newWorld(t)
		ctx, cancel := context.WithCancel(t.Context())
		client := w.client(ddbsim.ClientOptions{Before: func(context.Context, *ddbsim.Op) error { cancel(); return ddbsim.Throttled() }})
		if _, err := client.UpdateItem(ctx, count(1)); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a deadline that a hook reports is not repeated", func(t *testing.T) {
		w := newWorld(t)
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		cancel()
		made := 0
		client := w.client(ddbsim.ClientOptions{Before: func(ctx context.Context, _ *ddbsim.Op) error { made++; return ctx.Err() }})
		if _, err := client.UpdateItem(ctx, count(1)); !errors.Is(err, context.DeadlineExceeded) || made > 1 {
			t.Errorf("%d attempts, %v", made, err)
		}
	})
}

func TestRecord(t *testing.T) {
	w := newWorld(t)
	var got []dynamo.Reading
	client := w.client(ddbsim.ClientOptions{After: script(ddbsim.Throttled()), Record: func(_ context.Context, r dynamo.Reading) { got = append(got, r) }})
	ctx := t.Context()
	_, _ = client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("t"), Item: attrs{"pk": str("a"), "g": str("x"), "n": num(1), "c": num(1)}})
	_, _ = client.UpdateItem(ctx, count(1))
	_, _ = client.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("t"), Key: attrs{"pk": str("a")}})
	_, _ = client.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: aws.String("t"), Key: attrs{}})
	want := []dynamo.Reading{
		{Operation: "PutItem", Table: "t", Write: 1000, Indexes: map[string]int64{}}, // its first attempt, whose answer was lost, made the entry
		{Operation: "UpdateItem", Table: "t", Write: 1000, Indexes: map[string]int64{}, Refused: true},
		{Operation: "GetItem", Table: "t", Read: 500, Indexes: map[string]int64{}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
