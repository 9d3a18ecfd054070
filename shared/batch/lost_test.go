package batch_test

import (
	"context"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/batch"
	"github.com/fairlead/fairlead/shared/ship"
)

// deaf does not hear the answer to any write of the counters, and makes it again, as the SDK does.
type deaf struct{ batch.Writer }

func (d deaf) AdvanceBatch(ctx context.Context, tenant string, b batch.Batch, done, accepted, rejected int64, now time.Time) (batch.Batch, error) {
	if _, err := d.Writer.AdvanceBatch(ctx, tenant, b, done, accepted, rejected, now); err != nil {
		return batch.Batch{}, err
	}
	return d.Writer.AdvanceBatch(ctx, tenant, b, done, accepted, rejected, now)
}

func (d deaf) UndoBatch(ctx context.Context, tenant string, b batch.Batch, undone, accepted, rejected int64, now time.Time) (batch.Batch, error) {
	if _, err := d.Writer.UndoBatch(ctx, tenant, b, undone, accepted, rejected, now); err != nil {
		return batch.Batch{}, err
	}
	return d.Writer.UndoBatch(ctx, tenant, b, undone, accepted, rejected, now)
}

func TestALostAnswerToACountStopsNobody(t *testing.T) {
	s := newShop(t)
	s.expander.Writer = deaf{s.store}
	rows, created, rejected := mixed()
	if _, err := s.post(rows...); err != nil {
		t.Fatal(err)
	}
	if err := s.deliver(time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := s.get(); got.Status != "created" || got.Created != int64(created) || got.Rejected != int64(rejected) {
		t.Fatalf("after one message: %s", asJSON(t, got))
	}
	s.cancel()
	if err := s.deliver(time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := s.get(); got.Status != "cancelled" || got.Created != int64(created) || got.Progress.Pending != 0 {
		t.Errorf("after the message of the wish: %s", asJSON(t, got))
	}
}

// interrupted has the batch cancelled just before a chunk is recorded.
type interrupted struct {
	batch.Writer
	wish func()
}

func (i interrupted) PutOutcomes(ctx context.Context, tenant string, mode ship.Mode, id string, chunk int64, o []batch.Outcome) error {
	i.wish()
	return i.Writer.PutOutcomes(ctx, tenant, mode, id, chunk, o)
}

func TestRowsThatWereCreatedWhileTheBatchWasCancelledAreCounted(t *testing.T) {
	s := newShop(t)
	s.expander.Writer = interrupted{s.store, s.cancel}
	if _, err := s.post(order("a"), order("b"), order("c"), "{}"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.deliver(time.Minute); err != nil {
			t.Fatal(err)
		}
		s.tick(10 * time.Minute)
	}
	got := s.get()
	if got.Status != "cancelled" || got.Created != 3 || got.Rejected != 1 || got.Progress.Cancelled != 3 {
		t.Errorf("%s", asJSON(t, got))
	}
	for i, r := range s.rows() {
		if want := map[bool]string{true: "created", false: "rejected"}[i < 3]; string(r.Status) != want {
			t.Errorf("row %d is %s, want %s", r.Row, r.Status, want)
		}
	}
}
