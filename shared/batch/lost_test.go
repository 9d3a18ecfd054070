package batch_test

import (
	"context"
	"encoding/hex"
	"math/rand/v2"
	"strings"
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

// cursed is a shop in which one row always fails: by a panic, or after it was created.
type cursed struct {
	batch.Shop
	key   string
	panic bool
}

func (c cursed) Create(ctx context.Context, tenant string, mode ship.Mode, id string, row string, key string) (string, string, *batch.Reject, error) {
	if key == c.key && c.panic {
		panic("a defect")
	}
	made, reference, no, err := c.Shop.Create(ctx, tenant, mode, id, row, key)
	if key == c.key {
		return "", reference, nil, errStruck
	}
	return made, reference, no, err
}

func TestARowThatAlwaysFailsIsGivenUpAndTheOthersGoOn(t *testing.T) {
	for name, panics := range map[string]bool{"when it panics": true, "when nobody knows whether it was created": false} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			s.expander.Shop = cursed{s.expander.Shop, batch.RowKey(batchID, 2), panics}
			if _, err := s.post(order("a"), order(""), order("c")); err != nil {
				t.Fatal(err)
			}
			for s.received = 1; s.received < 3; s.received++ {
				if err := s.deliver(time.Minute); err == nil || s.get().Status != "processing" {
					t.Fatalf("receipt %d: %v, %s", s.received, err, asJSON(t, s.get()))
				}
				s.tick(6 * time.Minute)
			}
			if err := s.deliver(time.Minute); err != nil {
				t.Fatal(err)
			}
			row := s.rows()[1]
			if got := s.get(); got.Status != "created" || got.Created != 2 || got.Rejected != 1 || row.Problem == nil || row.Problem.Code != "internal_error" || !strings.Contains(row.Problem.Detail, batch.RowKey(batchID, 2)) {
				t.Fatalf("%s, row 2 %s", asJSON(t, got), asJSON(t, row))
			}
			s.cancel()
			if err := s.deliver(time.Minute); err != nil {
				t.Fatal(err)
			}
			if open, _ := s.left(); open != 0 || s.get().Status != "cancelled" {
				t.Errorf("%d are left: %s", open, asJSON(t, s.get()))
			}
		})
	}
	t.Run("a row that came too late is not its own fault", func(t *testing.T) {
		s := newShop(t)
		if _, err := s.post(order("a")); err != nil {
			t.Fatal(err)
		}
		s.received = 4
		thaw := s.freeze()
		s.tick(2 * time.Minute)
		_ = thaw()
		if got := s.get(); got.Rejected != 0 {
			t.Errorf("%s", asJSON(t, got))
		}
	})
}

func TestARowIsRejectedHoweverLongItsTextsAre(t *testing.T) {
	noise := make([]byte, 450_000) // that nothing compresses
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
	long := hex.EncodeToString(noise)
	s := newShop(t)
	if _, err := s.post(order(long), strings.Replace(order("b"), "{", `{"metadata":{"`+long+`":"x"},`, 1), order("c")); err != nil {
		t.Fatal(err)
	}
	if err := s.deliver(time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := s.get(); got.Status != "created" || got.Created != 1 || got.Rejected != 2 {
		t.Errorf("%s", asJSON(t, got))
	}
	for _, r := range s.rows()[:2] {
		if r.Problem == nil || r.Problem.Code != "invalid_request" || len(asJSON(t, r)) > 2000 {
			t.Errorf("row %d: %.2000s", r.Row, asJSON(t, r))
		}
	}
}
