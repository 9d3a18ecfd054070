package dynamo_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

// recovering is a shipment whose outcome is unknown and which a recovery holds, after a look-up that found nothing.
func recovering(t *testing.T) (*bench, booking.Record) {
	b := newBench(t)
	b.create(booking.Pending)
	b.must(b.Unknown(b.ctx, tenant, b.must(b.claim("w1")), b.at, b.at))
	r := b.must(b.Recover(b.ctx, tenant, ship.Test, b.id, "v1", b.at, b.at.Add(time.Minute)))
	b.must(b.Again(b.ctx, tenant, r, booking.Looked{Absent: true, Step: booking.LookAnnounce}, b.at, b.at))
	return b, b.must(b.Recover(b.ctx, tenant, ship.Test, b.id, "v2", b.tick(time.Minute), b.at.Add(time.Minute)))
}

// onHold is a shipment that a person decides about.
func onHold(t *testing.T) (*bench, booking.Record) {
	b, r := recovering(t)
	return b, b.must(b.Hold(b.ctx, tenant, r, r.Lease.Add(time.Millisecond), b.at))
}

func adoptNamed(b *bench, r booking.Record, number string, rest ...string) (booking.Record, error) {
	return b.AdoptNamed(b.ctx, tenant, r, booking.Result{TrackingNumber: number, Document: booking.DocumentPending}, rest, b.at, b.at.Add(time.Minute))
}

func cameLate(b *bench, number string) booking.Record {
	b.t.Helper()
	return b.must(b.Late(b.ctx, tenant, ship.Test, b.id, number, b.at, b.at))
}

// inOpenIndex tells whether wake would find the bench's shipment.
func inOpenIndex(b *bench) bool {
	b.t.Helper()
	for shard := range dynamo.Shards {
		open, err := b.Open(b.ctx, shard, b.at.Add(time.Hour), 10)
		if err != nil {
			b.t.Fatal(err)
		}
		if len(open) > 0 {
			return true
		}
	}
	return false
}

// nothing tells whether a write found no item.
func nothing(err error) bool {
	refused, ok := errors.AsType[*booking.Refused](err)
	return ok && refused.Old == nil
}

// unlike compares what two writes left of the same shipment, but for the history that led there.
func unlike(a, b booking.Record) string {
	for _, r := range []*booking.Record{&a, &b} {
		r.History, r.Version, r.Epoch = nil, 0, 0
	}
	return cmp.Diff(a, b)
}

func last(r booking.Record) booking.Entry { return r.History[len(r.History)-1] }

func TestDeclare(t *testing.T) { dynamotest.Each(t, testDeclare) }

func testDeclare(t *testing.T) {
	declare := func(b *bench, r booking.Record) (booking.Record, error) {
		return b.Declare(b.ctx, tenant, r, b.at, b.at.Add(time.Minute))
	}
	t.Run("it leaves what a proven absence leaves", func(t *testing.T) {
		b, r := onHold(t)
		if r.AbsenceSettled.IsZero() || r.Lookups == 0 || r.FirstAbsent.IsZero() || r.SendBy.IsZero() {
			t.Fatalf("nothing to reset: %+v", r)
		}
		got := b.must(declare(b, r))
		p, proven := recovering(t) // of the same id, in tables of its own
		want := p.must(p.Absent(p.ctx, tenant, proven, proven.Lease.Add(time.Millisecond), p.at, p.at.Add(time.Minute)))
		if diff := unlike(want, got); diff != "" {
			t.Error(diff)
		}
		if got.Status != booking.Pending || !got.AuditOwed || got.Version != r.Version+1 || last(got) != (booking.Entry{At: b.at, Status: booking.Pending, Cause: booking.CauseDeclared}) {
			t.Errorf("%s, audit %v, version %d, history %v", got.Status, got.AuditOwed, got.Version, got.History)
		}
		if !inOpenIndex(b) {
			t.Error("it is not in the open index")
		}
	})
	t.Run("what was declared stays open after its booking, until the audit", func(t *testing.T) {
		b, r := onHold(t)
		b.must(declare(b, r))
		claimed := b.must(b.claim("w2"))
		b.refused(b.Booked(b.ctx, tenant, claimed, result("1Z2"), b.at))
		b.must(b.BookedOpen(b.ctx, tenant, claimed, result("1Z2"), b.at, b.at))
	})
	for name, spoil := range map[string]func(b *bench, r booking.Record) booking.Record{
		"not held":                       nil,
		"another version":                func(_ *bench, r booking.Record) booking.Record { r.Version--; return r },
		"a number came late, unseen":     func(b *bench, r booking.Record) booking.Record { cameLate(b, "1Z9"); return r },
		"a number came late, and seen":   func(b *bench, _ booking.Record) booking.Record { return cameLate(b, "1Z9") },
		"it was declared already":        func(b *bench, r booking.Record) booking.Record { return b.must(declare(b, r)) },
		"it was adopted, the old record": func(b *bench, r booking.Record) booking.Record { b.must(adoptNamed(b, r, "1Z1")); return r },
	} {
		t.Run("refused: "+name, func(t *testing.T) {
			b, r := recovering(t)
			if spoil != nil {
				r = spoil(b, b.must(b.Hold(b.ctx, tenant, r, r.Lease.Add(time.Millisecond), b.at)))
			}
			before := b.now()
			b.refused(declare(b, r))
			if diff := cmp.Diff(before, b.now()); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("another tenant's or mode's shipment is not there", func(t *testing.T) {
		b, r := onHold(t)
		if _, err := b.Declare(b.ctx, "tn_two", r, b.at, b.at); !nothing(err) {
			t.Errorf("%v", err)
		}
		r.Mode = ship.Live
		if _, err := b.Declare(b.ctx, tenant, r, b.at, b.at); !nothing(err) {
			t.Errorf("%v", err)
		}
	})
	t.Run("a long history moves out in the same write", func(t *testing.T) {
		b, r := onHold(t)
		for range 9 {
			r = b.must(b.Declare(b.ctx, tenant, r, b.at, b.at))
			b.must(b.Unknown(b.ctx, tenant, b.must(b.claim("w")), b.at, b.at))
			r = b.must(b.Recover(b.ctx, tenant, ship.Test, b.id, "v", b.tick(time.Hour), b.at.Add(time.Minute)))
			r = b.must(b.Hold(b.ctx, tenant, r, r.Lease.Add(time.Millisecond), b.at))
		}
		all, err := b.History(b.ctx, tenant, r)
		if err != nil || int64(len(all)) != r.Version || r.Moved == 0 || r.Version != r.Moved+int64(len(r.History)) {
			t.Errorf("%d entries of version %d, %d moved, %v", len(all), r.Version, r.Moved, err)
		}
	})
}

func TestAdoptNamed(t *testing.T) { dynamotest.Each(t, testAdoptNamed) }

func testAdoptNamed(t *testing.T) {
	t.Run("it leaves what adopt+ leaves, whether held or not", func(t *testing.T) {
		b, r := recovering(t)
		pending := booking.Result{TrackingNumber: "1Z1", Document: booking.DocumentPending}
		p, found := recovering(t)
		want := p.must(p.AdoptOpen(p.ctx, tenant, found, pending, nil, p.at, p.at.Add(time.Minute)))
		got := b.must(adoptNamed(b, r, "1Z1"))
		if diff := unlike(want, got); diff != "" {
			t.Error(diff)
		}
		if got.Due.IsZero() || got.Version != r.Version+1 || last(got).Cause != booking.CauseNamed {
			t.Errorf("due %v, version %d, history %v", got.Due, got.Version, got.History)
		}
		b, r = onHold(t)
		if got := b.must(adoptNamed(b, r, "1Z1")); got.Held != "" || got.Status != booking.Booked || !inOpenIndex(b) {
			t.Errorf("held %q, %s, due %v", got.Held, got.Status, got.Due)
		}
	})
	t.Run("the other late numbers stay, its own does not", func(t *testing.T) {
		b, _ := onHold(t)
		cameLate(b, "1Z8")
		got := b.must(adoptNamed(b, cameLate(b, "1Z9"), "1Z9", "1Z8"))
		if !cmp.Equal(got.Late, []string{"1Z8"}) || got.TrackingNumber != "1Z9" {
			t.Errorf("booked under %s, late %v", got.TrackingNumber, got.Late)
		}
		b, _ = onHold(t)
		if got := b.must(adoptNamed(b, cameLate(b, "1Z9"), "1Z9")); len(got.Late) > 0 {
			t.Errorf("late %v", got.Late)
		}
	})
	t.Run("an audit that is owed keeps it open and stays owed", func(t *testing.T) {
		b, r := onHold(t)
		b.must(b.Declare(b.ctx, tenant, r, b.at, b.at))
		u := b.must(b.Unknown(b.ctx, tenant, b.must(b.claim("w2")), b.at, b.at))
		if got := b.must(adoptNamed(b, u, "1Z1")); !got.AuditOwed || got.Due.IsZero() {
			t.Errorf("audit owed %v, due %v", got.AuditOwed, got.Due)
		}
	})
	t.Run("it takes the shipment from a recovery, whose writes are then refused", func(t *testing.T) {
		b, r := recovering(t)
		b.must(adoptNamed(b, r, "1Z1"))
		b.refused(b.Absent(b.ctx, tenant, r, r.Lease.Add(time.Millisecond), b.at, b.at))
		b.refused(b.AdoptOpen(b.ctx, tenant, r, result("1Z2"), nil, b.at, b.at))
	})
	for name, spoil := range map[string]func(b *bench, r booking.Record) booking.Record{
		"another version":            func(_ *bench, r booking.Record) booking.Record { r.Version++; return r },
		"a number came late, unseen": func(b *bench, r booking.Record) booking.Record { cameLate(b, "1Z9"); return r },
		"a list that is not the one": func(b *bench, r booking.Record) booking.Record {
			r = cameLate(b, "1Z9")
			r.Late = []string{"1Z8"}
			return r
		},
		"it was declared absent": func(b *bench, r booking.Record) booking.Record {
			return b.must(b.Declare(b.ctx, tenant, r, b.at, b.at))
		},
		"it is booked under a number":  func(b *bench, r booking.Record) booking.Record { return b.must(adoptNamed(b, r, "1Z1")) },
		"it is booked, the old record": func(b *bench, r booking.Record) booking.Record { b.must(adoptNamed(b, r, "1Z1")); return r },
	} {
		t.Run("refused: "+name, func(t *testing.T) {
			b, r := onHold(t)
			r = spoil(b, r)
			before := b.now()
			b.refused(adoptNamed(b, r, "1Z7"))
			if diff := cmp.Diff(before, b.now()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
