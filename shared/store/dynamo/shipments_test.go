package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

const tenant = "tn_one"

// bench is a store and one shipment in it.
type bench struct {
	*dynamo.Store
	t   *testing.T
	ctx context.Context
	at  time.Time
	id  string
}

func newBench(t *testing.T) *bench {
	return &bench{Store: dynamotest.New(t), t: t, ctx: t.Context(), at: time.UnixMilli(1_800_000_000_000).UTC(), id: booking.IDByReference(tenant, ship.Test, t.Name())}
}

// tick moves the bench's clock on.
func (b *bench) tick(d time.Duration) time.Time { b.at = b.at.Add(d); return b.at }

func (b *bench) create(st booking.Status) booking.Record {
	b.t.Helper()
	r := booking.Record{Mode: ship.Test, ID: b.id, Status: st, Version: 1, RequestFP0: "fp0", RequestFP: "fp", Reference: b.t.Name(), Priority: ship.Standard,
		Correlation: "c", CreateRequest: "rq", Created: b.at, History: []booking.Entry{{At: b.at, Status: st, Cause: booking.CauseInitiated}}}
	if st == booking.Pending {
		r.Due, r.Confirmed = b.at.Add(5*time.Minute), b.at
	}
	return b.must(b.Create(b.ctx, tenant, r, time.Time{}))
}

func (b *bench) must(r booking.Record, err error) booking.Record {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

func (b *bench) claim(me string) (booking.Record, error) {
	return b.Claim(b.ctx, tenant, booking.Claim{Mode: ship.Test, ID: b.id, Me: me, Request: "fp", Now: b.at, Lease: b.at.Add(75 * time.Second), SendBy: b.at.Add(15 * time.Second), Account: "ca_1", Service: "ups_ground"})
}

// refused fails the test unless a write was refused, and returns what stood there.
func (b *bench) refused(_ booking.Record, err error) booking.Record {
	b.t.Helper()
	e, ok := errors.AsType[*booking.Refused](err)
	if !ok || e.Old == nil {
		b.t.Fatalf("got %v, want a refusal with the item", err)
	}
	return *e.Old
}

func (b *bench) now() booking.Record {
	b.t.Helper()
	return b.must(b.Record(b.ctx, tenant, ship.Test, b.id))
}

func result(number string) booking.Result {
	return booking.Result{TrackingNumber: number, Charge: ship.Money{Minor: 1234, Currency: "USD"}, Document: booking.DocumentReady}
}

func TestStateItem(t *testing.T) { dynamotest.Each(t, testStateItem) }

func testStateItem(t *testing.T) {
	t.Run("what is created is read back whole", func(t *testing.T) {
		b := newBench(t)
		want := b.create(booking.Pending)
		if diff := cmp.Diff(want, b.now()); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("version is the number of history entries in every write", func(t *testing.T) {
		b := newBench(t)
		b.create(booking.Pending)
		r := b.must(b.claim("w1"))
		b.must(b.Back(b.ctx, tenant, r, booking.CauseNotSent, b.tick(time.Second), b.at, b.at.Add(time.Minute)))
		r = b.must(b.claim("w2"))
		b.must(b.Unknown(b.ctx, tenant, r, b.tick(time.Second), b.at))
		r = b.must(b.Recover(b.ctx, tenant, ship.Test, b.id, "v1", b.tick(time.Second), b.at.Add(time.Minute)))
		b.must(b.Again(b.ctx, tenant, r, booking.Looked{Absent: true}, b.at, b.at))
		r = b.must(b.Recover(b.ctx, tenant, ship.Test, b.id, "v2", b.tick(time.Second), b.at.Add(time.Minute)))
		r = b.must(b.Adopt(b.ctx, tenant, r, result("1Z1"), b.at))
		if r.Version != r.Moved+int64(len(r.History)) || r.Version != 6 {
			t.Errorf("version %d with %d entries", r.Version, len(r.History))
		}
	})
	t.Run("a newer item format is refused, with what to do", func(t *testing.T) {
		_, err := dynamo.Decode(map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "t#test#shp_1"}, "fv": &types.AttributeValueMemberN{Value: fmt.Sprint(dynamo.ItemFormat + 1)}})
		if err == nil {
			t.Fatal("a newer format was read")
		}
	})
	t.Run("a long history moves to Documents and no version is lost", func(t *testing.T) {
		b := newBench(t)
		b.create(booking.Pending)
		var r booking.Record
		for i := range 12 {
			b.tick(time.Minute)
			r = b.must(b.claim(fmt.Sprint("w", i)))
			r = b.must(b.Back(b.ctx, tenant, r, booking.CauseThrottled, b.at, b.at, b.at.Add(time.Minute)))
		}
		if r.Version != 25 || r.Version != r.Moved+int64(len(r.History)) || len(r.History) > 13 || r.Moved == 0 {
			t.Fatalf("version %d, %d moved, %d in the item", r.Version, r.Moved, len(r.History))
		}
		moved, err := b.History(b.ctx, tenant, r)
		if err != nil || len(moved) != 25 {
			t.Fatalf("the whole history has %d entries (%v), want 25", len(moved), err)
		}
		if moved[0].Cause != booking.CauseInitiated || moved[24].Cause != booking.CauseThrottled {
			t.Errorf("history out of order: %v", moved)
		}
	})
}

func TestClaim(t *testing.T) { dynamotest.Each(t, testClaim) }

func testClaim(t *testing.T) {
	t.Run("one of many workers gets it", func(t *testing.T) {
		b := newBench(t)
		b.create(booking.Pending)
		var wg sync.WaitGroup
		var mu sync.Mutex
		won := 0
		for i := range 16 {
			wg.Go(func() {
				if _, err := b.claim(fmt.Sprint("w", i)); err == nil {
					mu.Lock()
					won++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if r := b.now(); won != 1 || r.Epoch != 1 || r.Attempts != 1 || r.Status != booking.Booking {
			t.Errorf("%d workers won, epoch %d, attempts %d, %s", won, r.Epoch, r.Attempts, r.Status)
		}
	})
	t.Run("it is refused before its time", func(t *testing.T) {
		b := newBench(t)
		b.create(booking.Pending)
		r := b.must(b.claim("w1"))
		b.must(b.Back(b.ctx, tenant, r, booking.CauseThrottled, b.at, b.at.Add(time.Second), b.at.Add(time.Minute)))
		if old := b.refused(b.claim("w2")); !old.NotBefore.After(b.at) {
			t.Errorf("refused although its time has come: %v", old.NotBefore)
		}
		b.tick(time.Second)
		b.must(b.claim("w2"))
	})
	t.Run("it is refused while a late answer is recorded", func(t *testing.T) {
		b := newBench(t)
		b.create(booking.Pending)
		b.must(b.Late(b.ctx, tenant, ship.Test, b.id, "1Z9", b.at, b.at))
		if old := b.refused(b.claim("w")); len(old.Late) != 1 {
			t.Errorf("late is %v", old.Late)
		}
	})
	t.Run("there is nothing to claim without a shipment, and nothing comes into being", func(t *testing.T) {
		b := newBench(t)
		_, err := b.claim("w")
		if e, ok := errors.AsType[*booking.Refused](err); !ok || e.Old != nil {
			t.Errorf("got %v", err)
		}
		if _, err := b.Record(b.ctx, tenant, ship.Test, b.id); !errors.Is(err, booking.ErrNotFound) {
			t.Errorf("reading it gives %v", err)
		}
	})
	t.Run("another tenant's shipment is not there", func(t *testing.T) {
		b := newBench(t)
		b.create(booking.Pending)
		if _, err := b.Record(b.ctx, "tn_two", ship.Test, b.id); !errors.Is(err, booking.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

// TestFence takes a booking over in every way there is, and holds that no result of the first owner is written.
func TestFence(t *testing.T) { dynamotest.Each(t, testFence) }

func testFence(t *testing.T) {
	writes := map[string]func(b *bench, r booking.Record) (booking.Record, error){
		"BOOKED": func(b *bench, r booking.Record) (booking.Record, error) {
			return b.Booked(b.ctx, tenant, r, result("1Z1"), b.at)
		},
		"BOOKED+": func(b *bench, r booking.Record) (booking.Record, error) {
			return b.BookedOpen(b.ctx, tenant, r, result("1Z1"), b.at, b.at)
		},
		"BACK": func(b *bench, r booking.Record) (booking.Record, error) {
			return b.Back(b.ctx, tenant, r, booking.CauseNotSent, b.at, b.at, b.at)
		},
		"REFUSED": func(b *bench, r booking.Record) (booking.Record, error) {
			return b.Refused(b.ctx, tenant, r, booking.Failure{Source: "carrier", Code: "1"}, b.at, b.at)
		},
		"UNKNOWN": func(b *bench, r booking.Record) (booking.Record, error) {
			return b.Unknown(b.ctx, tenant, r, b.at, b.at)
		},
	}
	for name, write := range writes {
		t.Run(name+" is refused after EXPIRE", func(t *testing.T) {
			b := newBench(t)
			b.create(booking.Pending)
			r := b.must(b.claim("w1"))
			b.refused(b.Expire(b.ctx, tenant, r, b.at, b.at)) // the lease still runs
			b.must(b.Expire(b.ctx, tenant, r, b.tick(76*time.Second), b.at))
			if old := b.refused(write(b, r)); old.Status != booking.Unknown {
				t.Errorf("state %s", old.Status)
			}
		})
		t.Run(name+" is refused after another claim", func(t *testing.T) {
			b := newBench(t)
			b.create(booking.Pending)
			r := b.must(b.claim("w1"))
			b.must(b.Back(b.ctx, tenant, r, booking.CauseNotSent, b.at, b.at, b.at))
			b.must(b.claim("w2"))
			if old := b.refused(write(b, r)); old.Owner != "w2" {
				t.Errorf("owner %s", old.Owner)
			}
		})
		t.Run(name+" is written by its owner", func(t *testing.T) {
			b := newBench(t)
			b.create(booking.Pending)
			b.must(write(b, b.must(b.claim("w1"))))
		})
	}
}

func TestLate(t *testing.T) { dynamotest.Each(t, testLate) }

func testLate(t *testing.T) {
	t.Run("a late number keeps BACK, REFUSED and BOOKED from closing the shipment", func(t *testing.T) {
		b := newBench(t)
		b.create(booking.Pending)
		r := b.must(b.claim("w1"))
		b.must(b.Late(b.ctx, tenant, ship.Test, b.id, "1Z9", b.at, b.at))
		b.refused(b.Back(b.ctx, tenant, r, booking.CauseNotSent, b.at, b.at, b.at))
		b.refused(b.Refused(b.ctx, tenant, r, booking.Failure{}, b.at, b.at))
		b.refused(b.Booked(b.ctx, tenant, r, result("1Z1"), b.at))
		got := b.must(b.BookedOpen(b.ctx, tenant, r, result("1Z1"), b.at, b.at))
		if got.TrackingNumber != "1Z1" || len(got.Late) != 1 || got.Due.IsZero() {
			t.Errorf("number %s, late %v, due %v", got.TrackingNumber, got.Late, got.Due)
		}
	})
	t.Run("the same number is kept once, and never beside itself", func(t *testing.T) {
		b := newBench(t)
		b.create(booking.Pending)
		b.must(b.Late(b.ctx, tenant, ship.Test, b.id, "1Z9", b.at, b.at))
		b.refused(b.Late(b.ctx, tenant, ship.Test, b.id, "1Z9", b.at, b.at))
		b.must(b.Reopen(b.ctx, tenant, b.now(), b.at, b.at))
		r := b.must(b.Recover(b.ctx, tenant, ship.Test, b.id, "v", b.tick(time.Second), b.at.Add(time.Minute)))
		r = b.must(b.Adopt(b.ctx, tenant, r, result("1Z9"), b.at))
		if r.Status != booking.Booked || r.Late != nil || !r.Due.IsZero() {
			t.Errorf("%s, late %v, due %v", r.Status, r.Late, r.Due)
		}
		b.refused(b.Late(b.ctx, tenant, ship.Test, b.id, "1Z9", b.at, b.at))
	})
	t.Run("adopt is refused when the list changed in between, and adopt+ keeps the rest", func(t *testing.T) {
		b := newBench(t)
		b.create(booking.Pending)
		r := b.must(b.claim("w1"))
		b.must(b.Unknown(b.ctx, tenant, r, b.at, b.at))
		r = b.must(b.Recover(b.ctx, tenant, ship.Test, b.id, "v", b.at, b.at.Add(time.Minute)))
		b.must(b.Late(b.ctx, tenant, ship.Test, b.id, "1Z9", b.at, b.at))
		r = b.refused(b.Adopt(b.ctx, tenant, r, result("1Z1"), b.at))
		r = b.must(b.AdoptOpen(b.ctx, tenant, r, result("1Z9"), []string{"1Z1"}, b.at, b.at))
		if r.TrackingNumber != "1Z9" || len(r.Late) != 1 || r.Late[0] != "1Z1" {
			t.Errorf("number %s, late %v", r.TrackingNumber, r.Late)
		}
		b.refused(b.Close(b.ctx, tenant, r, booking.DocumentReady, b.at))
	})
	t.Run("nobody confirms or drops what has a late number", func(t *testing.T) {
		b := newBench(t)
		r := b.create(booking.Pending)
		b.must(b.Late(b.ctx, tenant, ship.Test, b.id, "1Z9", b.at, b.at))
		b.refused(b.Drop(b.ctx, tenant, r, booking.Failure{}, b.at, b.at))
		b.refused(b.Cancel(b.ctx, tenant, r, b.at, b.at))
	})
}

func TestConfirm(t *testing.T) { dynamotest.Each(t, testConfirm) }

func testConfirm(t *testing.T) {
	t.Run("a draft is confirmed once; the same key again is known", func(t *testing.T) {
		b := newBench(t)
		b.create(booking.Draft)
		r := b.must(b.Confirm(b.ctx, tenant, ship.Test, b.id, 1, "k1", b.at, b.at.Add(time.Minute)))
		if r.Status != booking.Pending || r.Version != 2 || r.Due.IsZero() {
			t.Errorf("%s, version %d, due %v", r.Status, r.Version, r.Due)
		}
		if old := b.refused(b.Confirm(b.ctx, tenant, ship.Test, b.id, 1, "k1", b.at, b.at)); old.ConfirmKey != "k1" {
			t.Errorf("key %q", old.ConfirmKey)
		}
	})
	t.Run("a failed shipment needs a new key", func(t *testing.T) {
		b := newBench(t)
		b.create(booking.Draft)
		b.must(b.Confirm(b.ctx, tenant, ship.Test, b.id, 1, "k1", b.at, b.at))
		r := b.must(b.Refused(b.ctx, tenant, b.must(b.claim("w")), booking.Failure{Source: "carrier", Code: "120202", Detail: "no"}, b.at, b.at))
		if r.Failure == nil || r.Failure.Code != "120202" {
			t.Fatalf("failure %v", r.Failure)
		}
		b.refused(b.Confirm(b.ctx, tenant, ship.Test, b.id, r.Version, "k1", b.at, b.at))
		r = b.must(b.Confirm(b.ctx, tenant, ship.Test, b.id, r.Version, "k2", b.at, b.at))
		if r.Failure != nil || r.Status != booking.Pending {
			t.Errorf("%s, failure %v", r.Status, r.Failure)
		}
	})
}

func TestWakeMovesDueOnce(t *testing.T) { dynamotest.Each(t, testWakeMovesDueOnce) }

func testWakeMovesDueOnce(t *testing.T) {
	b := newBench(t)
	r := b.create(booking.Pending)
	next := r.Due.Add(time.Minute)
	if err := b.Wake(b.ctx, tenant, ship.Test, b.id, r.Due, next); err != nil {
		t.Fatal(err)
	}
	if err := b.Wake(b.ctx, tenant, ship.Test, b.id, r.Due, next.Add(1)); err == nil {
		t.Fatal("the same due was moved twice")
	}
	if got := b.now(); !got.Due.Equal(next) || got.Version != 1 {
		t.Errorf("due %v, version %d", got.Due, got.Version)
	}
	var found int
	for shard := range dynamo.Shards {
		open, err := b.Open(b.ctx, shard, next, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range open {
			if o.ID == b.id && o.Tenant == tenant && o.Due.Equal(next) {
				found++
			}
		}
	}
	if found != 1 {
		t.Errorf("found %d times in the open index", found)
	}
}
