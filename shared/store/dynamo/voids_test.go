package dynamo_test

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

var no = booking.Failure{Source: "carrier", Code: "190102", Detail: "No shipment found within the allowed void period"}

// booked is a shipment that is booked with its label and has nothing open.
func booked(t *testing.T) (*bench, booking.Record) {
	b := newBench(t)
	b.create(booking.Pending)
	return b, b.must(b.Booked(b.ctx, tenant, b.must(b.claim("w1")), result("1Z1"), b.at))
}

// voiding is a booked shipment that nobody wants any more and whose void v1 has in hand.
func voiding(t *testing.T) (*bench, booking.Record) {
	b, r := booked(t)
	r = b.must(b.Want(b.ctx, tenant, r, b.at, b.at.Add(time.Minute)))
	return b, b.must(b.void(r, "v1"))
}

func (b *bench) void(r booking.Record, me string) (booking.Record, error) {
	return b.Void(b.ctx, tenant, r, me, b.at, b.at.Add(75*time.Second), b.at.Add(5*time.Minute))
}

func TestWish(t *testing.T) { dynamotest.Each(t, testWish) }

func testWish(t *testing.T) {
	t.Run("while it is booking or unknown it waits beside the outcome, and is written once", func(t *testing.T) {
		b := newBench(t)
		b.create(booking.Pending)
		claimed := b.must(b.claim("w1"))
		r := b.must(b.Want(b.ctx, tenant, claimed, b.at, b.at))
		if r.Status != booking.Booking || r.CancelWanted.IsZero() || !r.Due.Equal(claimed.Due) || last(r).Cause != booking.CauseCancelWanted {
			t.Errorf("%+v", r)
		}
		if old := b.refused(b.Want(b.ctx, tenant, claimed, b.tick(time.Second), b.at)); !old.CancelWanted.Equal(r.CancelWanted) {
			t.Errorf("wanted at %v, then at %v", r.CancelWanted, old.CancelWanted)
		}
		b.refused(b.Booked(b.ctx, tenant, claimed, result("1Z1"), b.at)) // it may not be closed over
		open := b.must(b.BookedOpen(b.ctx, tenant, claimed, result("1Z1"), b.at, b.at))
		if open.CancelWanted.IsZero() || !inOpenIndex(b) {
			t.Errorf("wanted %v, in the open index %v", open.CancelWanted, inOpenIndex(b))
		}
	})
	t.Run("what is held stays held, and a person's decision brings it to its end", func(t *testing.T) {
		b, r := onHold(t)
		r = b.must(b.Want(b.ctx, tenant, r, b.at, b.at))
		if r.Held == "" || !r.Due.IsZero() || inOpenIndex(b) {
			t.Errorf("held %q, due %v", r.Held, r.Due)
		}
		r = b.must(b.Declare(b.ctx, tenant, r, b.at, b.at))
		if r.CancelWanted.IsZero() || r.Due.IsZero() {
			t.Errorf("wanted %v, due %v", r.CancelWanted, r.Due)
		}
		b.refused(b.claim("w2"))
		if r = b.must(b.Cancel(b.ctx, tenant, r, b.at, b.at.Add(time.Hour))); r.Status != booking.Cancelled || !r.CancelWanted.IsZero() || !r.AuditOwed {
			t.Errorf("%s, wanted %v, audit owed %v", r.Status, r.CancelWanted, r.AuditOwed)
		}
	})
	t.Run("what is booked comes back into the open index", func(t *testing.T) {
		b, r := booked(t)
		if inOpenIndex(b) {
			t.Fatal("open already")
		}
		got := b.must(b.Want(b.ctx, tenant, r, b.at, b.at))
		if got.Status != booking.Booked || got.CancelWanted.IsZero() || !inOpenIndex(b) {
			t.Errorf("%s, wanted %v, in the open index %v", got.Status, got.CancelWanted, inOpenIndex(b))
		}
		b.refused(b.Want(b.ctx, tenant, r, b.at, b.at)) // of a version that has passed
		b.refused(b.Close(b.ctx, tenant, got, booking.DocumentReady, b.at))
	})
	t.Run("a draft, a failed and a cancelled shipment take no wish", func(t *testing.T) {
		b := newBench(t)
		r := b.create(booking.Draft)
		b.refused(b.Want(b.ctx, tenant, r, b.at, b.at))
		r = b.must(b.CancelSeen(b.ctx, tenant, r, b.at, b.at))
		b.refused(b.Want(b.ctx, tenant, r, b.at, b.at))
	})
}

func TestCancelSeen(t *testing.T) { dynamotest.Each(t, testCancelSeen) }

func testCancelSeen(t *testing.T) {
	t.Run("a draft is cancelled for good: it does not expire, and its reference stays its name", func(t *testing.T) {
		b := newBench(t)
		r := booking.Record{Mode: ship.Test, ID: b.id, Status: booking.Draft, Version: 1, RequestFP0: "fp0", RequestFP: "fp", CreateRequest: "rq", Created: b.at, History: []booking.Entry{{At: b.at, Status: booking.Draft, Cause: booking.CauseInitiated}}}
		r = b.must(b.Create(b.ctx, tenant, r, b.at.Add(time.Hour)))
		if expires(b) == nil {
			t.Fatal("a draft without its end")
		}
		if r = b.must(b.CancelSeen(b.ctx, tenant, r, b.at, b.at)); r.Status != booking.Cancelled || expires(b) != nil {
			t.Errorf("%s, expires %v", r.Status, expires(b))
		}
	})
	t.Run("only as it was seen", func(t *testing.T) {
		b := newBench(t)
		r := b.create(booking.Pending)
		seen := r
		seen.Version--
		b.refused(b.CancelSeen(b.ctx, tenant, seen, b.at, b.at))
		b.must(b.claim("w1"))
		b.refused(b.CancelSeen(b.ctx, tenant, r, b.at, b.at))
	})
	t.Run("not over a late number", func(t *testing.T) {
		b := newBench(t)
		b.create(booking.Pending)
		b.refused(b.CancelSeen(b.ctx, tenant, cameLate(b, "1Z9"), b.at, b.at))
	})
}

// expires is the bench's item's end.
func expires(b *bench) types.AttributeValue {
	b.t.Helper()
	out, err := b.DB.GetItem(b.ctx, &dynamodb.GetItemInput{TableName: &b.Tables.Shipments, Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: dynamo.ShipmentKey(tenant, ship.Test, b.id)}}})
	if err != nil {
		b.t.Fatal(err)
	}
	return out.Item["ttl"]
}

func TestVoid(t *testing.T) { dynamotest.Each(t, testVoid) }

func testVoid(t *testing.T) {
	later := time.UnixMilli(1_900_000_000_000).UTC()
	t.Run("one has it in hand; who died is taken over when the lease is over", func(t *testing.T) {
		b, r := voiding(t)
		if r.Status != booking.Cancelling || r.Owner != "v1" || r.CancelWanted.IsZero() || !inOpenIndex(b) {
			t.Errorf("%+v", r)
		}
		if old := b.refused(b.void(r, "v2")); old.Owner != "v1" {
			t.Errorf("owner %q", old.Owner)
		}
		b.refused(b.Recover(b.ctx, tenant, ship.Test, b.id, "v2", b.tick(75*time.Second), b.at.Add(time.Minute)))
		over := b.must(b.Recover(b.ctx, tenant, ship.Test, b.id, "v2", b.tick(time.Second), b.at.Add(time.Minute)))
		if over.Epoch != r.Epoch+1 || over.Version != r.Version {
			t.Errorf("epoch %d after %d, version %d after %d", over.Epoch, r.Epoch, over.Version, r.Version)
		}
		for _, stale := range results(b, r, later) {
			b.refused(stale())
		}
		b.must(b.Voided(b.ctx, tenant, over, b.at, later))
	})
	t.Run("voided, and cancelled locally, is over", func(t *testing.T) {
		for want, write := range map[booking.Status]func(b *bench, r booking.Record) (booking.Record, error){
			booking.Cancelled: func(b *bench, r booking.Record) (booking.Record, error) {
				return b.Voided(b.ctx, tenant, r, b.at, later)
			},
			booking.CancelledLocally: func(b *bench, r booking.Record) (booking.Record, error) {
				return b.Local(b.ctx, tenant, r, b.at, later)
			},
		} {
			b, r := voiding(t)
			got := b.must(write(b, r))
			if got.Status != want || !got.CancelWanted.IsZero() || got.Owner != "" || !got.Due.IsZero() || got.TrackingNumber != "1Z1" || inOpenIndex(b) {
				t.Errorf("%+v", got)
			}
			b.refused(write(b, r))
		}
	})
	t.Run("refused is booked as before, and why", func(t *testing.T) {
		b, r := voiding(t)
		got := b.must(b.VoidNo(b.ctx, tenant, r, no, b.at, later))
		if got.Status != booking.Booked || *got.VoidRefused != no || !got.CancelWanted.IsZero() || got.Owner != "" || inOpenIndex(b) {
			t.Errorf("%+v", got)
		}
		again := b.must(b.Want(b.ctx, tenant, got, b.tick(time.Second), b.at))
		if again.VoidRefused != nil {
			t.Error("the old refusal stands beside a new wish")
		}
	})
	t.Run("postponed is booked and still wanted cancelled, until its time", func(t *testing.T) {
		b, r := voiding(t)
		got := b.must(b.VoidBack(b.ctx, tenant, r, b.at, b.at.Add(time.Second), b.at.Add(time.Minute)))
		if got.Status != booking.Booked || got.CancelWanted.IsZero() || got.Owner != "" || got.NotBefore.IsZero() || !inOpenIndex(b) {
			t.Errorf("%+v", got)
		}
		next := b.must(b.void(got, "v2"))
		if !next.NotBefore.IsZero() || next.Epoch != r.Epoch+1 {
			t.Errorf("not before %v, epoch %d after %d", next.NotBefore, next.Epoch, r.Epoch)
		}
	})
	t.Run("unknown is a person's, out of the open index", func(t *testing.T) {
		b, r := voiding(t)
		got := b.must(b.VoidUnk(b.ctx, tenant, r, no, b.at, later))
		if got.Status != booking.Cancelling || got.Held == "" || *got.VoidRefused != no || !got.CancelWanted.IsZero() || !got.Due.IsZero() || inOpenIndex(b) {
			t.Errorf("%+v", got)
		}
		b.refused(b.Recover(b.ctx, tenant, ship.Test, b.id, "v2", b.tick(time.Hour), b.at))
	})
	t.Run("a document that was still to come is not fetched for what is cancelled", func(t *testing.T) {
		b := newBench(t)
		b.create(booking.Pending)
		res := result("1Z1")
		res.Document = booking.DocumentPending
		r := b.must(b.BookedOpen(b.ctx, tenant, b.must(b.claim("w1")), res, b.at, b.at))
		r = b.must(b.void(b.must(b.Want(b.ctx, tenant, r, b.at, b.at)), "v1"))
		if got := b.must(b.Voided(b.ctx, tenant, r, b.at, later)); got.Document != booking.NoDocument || inOpenIndex(b) {
			t.Errorf("document %s", got.Document)
		}
	})
	t.Run("booked after all, its document is still to be fetched", func(t *testing.T) {
		b := newBench(t)
		b.create(booking.Pending)
		res := result("1Z1")
		res.Document = booking.DocumentPending
		r := b.must(b.BookedOpen(b.ctx, tenant, b.must(b.claim("w1")), res, b.at, b.at))
		r = b.must(b.void(b.must(b.Want(b.ctx, tenant, r, b.at, b.at)), "v1"))
		if got := b.must(b.VoidNo(b.ctx, tenant, r, no, b.at, later)); got.Document != booking.DocumentPending || !got.Due.Equal(later) {
			t.Errorf("document %s, due %v", got.Document, got.Due)
		}
	})
}

// results are the writes a void can end with.
func results(b *bench, r booking.Record, due time.Time) map[string]func() (booking.Record, error) {
	return map[string]func() (booking.Record, error){
		"VOIDED":   func() (booking.Record, error) { return b.Voided(b.ctx, tenant, r, b.at, due) },
		"LOCAL":    func() (booking.Record, error) { return b.Local(b.ctx, tenant, r, b.at, due) },
		"VOIDNO":   func() (booking.Record, error) { return b.VoidNo(b.ctx, tenant, r, no, b.at, due) },
		"VOIDUNK":  func() (booking.Record, error) { return b.VoidUnk(b.ctx, tenant, r, no, b.at, due) },
		"VOIDBACK": func() (booking.Record, error) { return b.VoidBack(b.ctx, tenant, r, b.at, b.at, due) },
	}
}

// TestVoidStaysOpen: what a late number or an owed audit keeps open is not closed by the end of a void.
func TestVoidStaysOpen(t *testing.T) { dynamotest.Each(t, testVoidStaysOpen) }

func testVoidStaysOpen(t *testing.T) {
	due := time.UnixMilli(1_800_000_060_000).UTC()
	for _, name := range []string{"VOIDED", "LOCAL", "VOIDNO", "VOIDUNK"} {
		t.Run(name+" over a late number that came in between is refused, and with it stays open", func(t *testing.T) {
			b, r := voiding(t)
			cameLate(b, "1Z9")
			seen := b.refused(results(b, r, due)[name]())
			if !slices.Equal(seen.Late, []string{"1Z9"}) || seen.Owner != r.Owner || seen.Epoch != r.Epoch {
				t.Fatalf("%+v", seen)
			}
			got := b.must(results(b, seen, due)[name]())
			if !got.Due.Equal(due) || !inOpenIndex(b) || len(got.Late) != 1 {
				t.Errorf("due %v, late %v", got.Due, got.Late)
			}
			got = b.must(b.Clear(b.ctx, tenant, got, nil, b.at, due))
			if got.Late != nil || inOpenIndex(b) {
				t.Errorf("cleared: late %v, due %v", got.Late, got.Due)
			}
		})
		t.Run(name+" leaves an audit that is owed", func(t *testing.T) {
			b, r := onHold(t)
			b.must(b.Declare(b.ctx, tenant, r, b.at, b.at))
			r = b.must(b.BookedOpen(b.ctx, tenant, b.must(b.claim("w2")), result("1Z2"), b.at, b.at))
			r = b.must(b.void(b.must(b.Want(b.ctx, tenant, r, b.at, b.at)), "v1"))
			got := b.must(results(b, r, due)[name]())
			if !got.AuditOwed || !got.Due.Equal(due) {
				t.Errorf("audit owed %v, due %v", got.AuditOwed, got.Due)
			}
			if got = b.must(b.Close(b.ctx, tenant, got, got.Document, b.at)); got.AuditOwed || !got.Due.IsZero() {
				t.Errorf("closed: audit owed %v, due %v", got.AuditOwed, got.Due)
			}
		})
	}
}

func TestClear(t *testing.T) { dynamotest.Each(t, testClear) }

func testClear(t *testing.T) {
	due := time.UnixMilli(1_800_000_060_000).UTC()
	t.Run("what is left stays on the list and in the open index", func(t *testing.T) {
		b, _ := booked(t)
		cameLate(b, "1Z2")
		r := cameLate(b, "1Z3")
		got := b.must(b.Clear(b.ctx, tenant, r, []string{"1Z3"}, b.at, due))
		if !slices.Equal(got.Late, []string{"1Z3"}) || !got.Due.Equal(due) || last(got).Cause != booking.CauseCleared {
			t.Errorf("late %v, due %v", got.Late, got.Due)
		}
		b.refused(b.Clear(b.ctx, tenant, r, nil, b.at, due)) // the list is another one by now
	})
	t.Run("not over a number that nobody has seen", func(t *testing.T) {
		b, _ := booked(t)
		r := cameLate(b, "1Z2")
		cameLate(b, "1Z3")
		b.refused(b.Clear(b.ctx, tenant, r, nil, b.at, due))
	})
	t.Run("not while a cancellation is wanted: the void comes first", func(t *testing.T) {
		b, _ := booked(t)
		r := b.must(b.Want(b.ctx, tenant, cameLate(b, "1Z2"), b.at, b.at))
		b.refused(b.Clear(b.ctx, tenant, r, nil, b.at, due))
	})
	t.Run("a document that is still to come keeps it open", func(t *testing.T) {
		b := newBench(t)
		b.create(booking.Pending)
		res := result("1Z1")
		res.Document = booking.DocumentPending
		b.must(b.BookedOpen(b.ctx, tenant, b.must(b.claim("w1")), res, b.at, b.at))
		if got := b.must(b.Clear(b.ctx, tenant, cameLate(b, "1Z2"), nil, b.at, due)); got.Late != nil || !got.Due.Equal(due) {
			t.Errorf("late %v, due %v", got.Late, got.Due)
		}
	})
	t.Run("of an unknown shipment nothing is cleared: it is adopted", func(t *testing.T) {
		b, _ := onHold(t)
		b.refused(b.Clear(b.ctx, tenant, cameLate(b, "1Z2"), nil, b.at, due))
	})
}

func TestDecidedVoid(t *testing.T) { dynamotest.Each(t, testDecidedVoid) }

func testDecidedVoid(t *testing.T) {
	due := time.UnixMilli(1_800_000_060_000).UTC()
	held := func(t *testing.T) (*bench, booking.Record) {
		b, r := voiding(t)
		return b, b.must(b.VoidUnk(b.ctx, tenant, r, no, b.at, due))
	}
	t.Run("a person's word settles it", func(t *testing.T) {
		b, r := held(t)
		if got := b.must(b.VoidDeclared(b.ctx, tenant, r, b.at, due)); got.Status != booking.Cancelled || got.Held != "" || got.VoidRefused != nil || inOpenIndex(b) {
			t.Errorf("%+v", got)
		}
		b, r = held(t)
		if got := b.must(b.VoidDenied(b.ctx, tenant, r, no, b.at, due)); got.Status != booking.Booked || got.Held != "" || got.VoidRefused == nil || inOpenIndex(b) {
			t.Errorf("%+v", got)
		}
	})
	t.Run("not about what moved on, or is not held", func(t *testing.T) {
		b, r := held(t)
		cameLate(b, "1Z9")
		b.refused(b.VoidDeclared(b.ctx, tenant, r, b.at, due))
		b.refused(b.VoidDenied(b.ctx, tenant, r, no, b.at, due))
		b, r = voiding(t)
		b.refused(b.VoidDeclared(b.ctx, tenant, r, b.at, due))
		b.refused(b.VoidDenied(b.ctx, tenant, r, no, b.at, due))
	})
	t.Run("a late number stays to be voided", func(t *testing.T) {
		b, _ := held(t)
		if got := b.must(b.VoidDeclared(b.ctx, tenant, cameLate(b, "1Z9"), b.at, due)); len(got.Late) != 1 || !got.Due.Equal(due) {
			t.Errorf("late %v, due %v", got.Late, got.Due)
		}
	})
}
