package dynamo_test

import (
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

func TestRecover(t *testing.T) { dynamotest.Each(t, testRecover) }

func testRecover(t *testing.T) {
	unknown := func(t *testing.T) (*bench, booking.Record) {
		b := newBench(t)
		b.create(booking.Pending)
		return b, b.must(b.Unknown(b.ctx, tenant, b.must(b.claim("w1")), b.at, b.at.Add(30*time.Second)))
	}
	t.Run("it waits for its time, then one recovery has it", func(t *testing.T) {
		b, _ := unknown(t)
		b.refused(b.Recover(b.ctx, tenant, ship.Test, b.id, "v1", b.at, b.at.Add(time.Minute)))
		b.tick(30 * time.Second)
		b.must(b.Recover(b.ctx, tenant, ship.Test, b.id, "v1", b.at, b.at.Add(time.Minute)))
		b.refused(b.Recover(b.ctx, tenant, ship.Test, b.id, "v2", b.at, b.at.Add(time.Minute)))
		b.tick(61 * time.Second)
		b.must(b.Recover(b.ctx, tenant, ship.Test, b.id, "v2", b.at, b.at.Add(time.Minute)))
	})
	t.Run("absent is refused until the lease has settled", func(t *testing.T) {
		b, _ := unknown(t)
		b.tick(30 * time.Second)
		r := b.must(b.Recover(b.ctx, tenant, ship.Test, b.id, "v", b.at, b.at.Add(time.Hour)))
		b.refused(b.Absent(b.ctx, tenant, r, r.Lease, b.at, b.at))
		got := b.must(b.Absent(b.ctx, tenant, r, r.Lease.Add(time.Millisecond), b.at, b.at))
		if got.Status != booking.Pending || !got.AuditOwed || got.Owner != "" {
			t.Errorf("%s, audit %v, owner %q", got.Status, got.AuditOwed, got.Owner)
		}
		booked := b.must(b.claim("w2"))
		b.refused(b.Booked(b.ctx, tenant, booked, result("1Z2"), b.at)) // an audit is owed: it stays open
		open := b.must(b.BookedOpen(b.ctx, tenant, booked, result("1Z2"), b.at, b.at.Add(24*time.Hour)))
		closed := b.must(b.Close(b.ctx, tenant, open, booking.DocumentReady, b.at))
		if closed.AuditOwed || !closed.Due.IsZero() {
			t.Errorf("audit %v, due %v", closed.AuditOwed, closed.Due)
		}
	})
	t.Run("held takes it out of open, and a late number brings it back", func(t *testing.T) {
		b, _ := unknown(t)
		b.tick(30 * time.Second)
		r := b.must(b.Recover(b.ctx, tenant, ship.Test, b.id, "v", b.at, b.at.Add(time.Hour)))
		r = b.must(b.Hold(b.ctx, tenant, r, r.Lease.Add(1e6), b.at))
		if r.Held == "" || !r.Due.IsZero() || r.AbsenceSettled.IsZero() {
			t.Errorf("held %q, due %v, announced %v", r.Held, r.Due, r.AbsenceSettled)
		}
		b.refused(b.Recover(b.ctx, tenant, ship.Test, b.id, "v2", b.tick(time.Hour), b.at))
		b.must(b.Late(b.ctx, tenant, ship.Test, b.id, "1Z9", b.at, b.at))
		b.must(b.Recover(b.ctx, tenant, ship.Test, b.id, "v2", b.at, b.at.Add(time.Minute)))
	})
	t.Run("again moves neither version nor history, and only an absence sets ab", func(t *testing.T) {
		b, u := unknown(t)
		b.tick(30 * time.Second)
		r := b.must(b.Recover(b.ctx, tenant, ship.Test, b.id, "v", b.at, b.at.Add(time.Minute)))
		r = b.must(b.Again(b.ctx, tenant, r, booking.Looked{}, b.at, b.at))
		if r.Version != u.Version || len(r.History) != len(u.History) || r.Lookups != 1 || !r.FirstAbsent.IsZero() {
			t.Errorf("version %d, %d entries, %d look-ups, ab %v", r.Version, len(r.History), r.Lookups, r.FirstAbsent)
		}
		r = b.must(b.Recover(b.ctx, tenant, ship.Test, b.id, "v2", b.tick(time.Second), b.at.Add(time.Minute)))
		first := b.at
		r = b.must(b.Again(b.ctx, tenant, r, booking.Looked{Absent: true}, b.at, b.at))
		r = b.must(b.Recover(b.ctx, tenant, ship.Test, b.id, "v3", b.tick(time.Second), b.at.Add(time.Minute)))
		r = b.must(b.Again(b.ctx, tenant, r, booking.Looked{Absent: true}, b.at, b.at))
		if !r.FirstAbsent.Equal(first) {
			t.Errorf("ab is %v, want the first absence %v", r.FirstAbsent, first)
		}
	})
}

// TestAuditStaysOpen: a shipment that owes an audit look-up never leaves the open index before it was made.
func TestAuditStaysOpen(t *testing.T) { dynamotest.Each(t, testAuditStaysOpen) }

func testAuditStaysOpen(t *testing.T) {
	rebooked := func(t *testing.T) (*bench, booking.Record) {
		b := newBench(t)
		b.create(booking.Pending)
		b.must(b.Unknown(b.ctx, tenant, b.must(b.claim("w1")), b.at, b.at))
		r := b.must(b.Recover(b.ctx, tenant, ship.Test, b.id, "v", b.at, b.at.Add(time.Hour)))
		return b, b.must(b.Absent(b.ctx, tenant, r, r.Lease.Add(time.Millisecond), b.at, b.at))
	}
	audit := time.UnixMilli(1_900_000_000_000).UTC()
	for name, write := range map[string]func(b *bench, r booking.Record) (booking.Record, error){
		"REFUSED": func(b *bench, r booking.Record) (booking.Record, error) {
			return b.Refused(b.ctx, tenant, b.must(b.claim("w2")), booking.Failure{}, b.at, audit)
		},
		"DROP": func(b *bench, r booking.Record) (booking.Record, error) {
			return b.Drop(b.ctx, tenant, r, booking.Failure{}, b.at, audit)
		},
		"CANCEL": func(b *bench, r booking.Record) (booking.Record, error) {
			return b.Cancel(b.ctx, tenant, r, b.at, audit)
		},
		"CLEAR": func(b *bench, _ booking.Record) (booking.Record, error) {
			r := b.must(b.claim("w2"))
			b.must(b.Late(b.ctx, tenant, ship.Test, b.id, "1Z2", b.at, b.at))
			return b.Clear(b.ctx, tenant, b.must(b.BookedOpen(b.ctx, tenant, r, result("1Z2"), b.at, b.at)), nil, b.at, audit)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, r := rebooked(t)
			got := b.must(write(b, r))
			if !got.AuditOwed || !got.Due.Equal(audit) {
				t.Errorf("audit owed %v, due %v", got.AuditOwed, got.Due)
			}
			closed := b.must(b.Close(b.ctx, tenant, got, booking.NoDocument, b.at))
			if closed.AuditOwed || !closed.Due.IsZero() {
				t.Errorf("closed: audit owed %v, due %v", closed.AuditOwed, closed.Due)
			}
		})
	}
	t.Run("a writer that does not know of the audit is refused", func(t *testing.T) {
		b, r := rebooked(t)
		r.AuditOwed = false
		b.refused(b.Drop(b.ctx, tenant, r, booking.Failure{}, b.at, audit))
	})
}
