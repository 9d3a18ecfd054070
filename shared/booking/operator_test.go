package booking_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

func TestAllowed(t *testing.T) {
	both, adopt, clear := []booking.Decision{booking.DeclareAbsent, booking.AdoptNumber}, []booking.Decision{booking.AdoptNumber}, []booking.Decision{booking.ClearNumber}
	for name, c := range map[string]struct {
		r    booking.Record
		want []booking.Decision
	}{
		"held: both":                            {booking.Record{Status: booking.Unknown, Held: "held"}, both},
		"held, but a number came late: adopt":   {booking.Record{Status: booking.Unknown, Held: "held", Late: []string{"1Z1"}}, adopt},
		"the carrier is still asked: adopt":     {booking.Record{Status: booking.Unknown}, adopt},
		"held in a void: void or booked":        {booking.Record{Status: booking.Cancelling, Held: "void"}, []booking.Decision{booking.DeclareVoid, booking.DenyVoid}},
		"a void in hand: nothing":               {booking.Record{Status: booking.Cancelling, Owner: "v"}, nil},
		"pending: nothing":                      {booking.Record{Status: booking.Pending}, nil},
		"booking: nothing":                      {booking.Record{Status: booking.Booking}, nil},
		"booked, with late numbers: clear":      {booking.Record{Status: booking.Booked, Late: []string{"1Z1"}}, clear},
		"booked, wanted cancelled: nothing":     {booking.Record{Status: booking.Booked, Late: []string{"1Z1"}, CancelWanted: time.UnixMilli(1)}, nil},
		"booked, its own number late: nothing":  {booking.Record{Status: booking.Booked, TrackingNumber: "1Z1", Late: []string{"1Z1"}}, nil},
		"cancelled, with late numbers: clear":   {booking.Record{Status: booking.Cancelled, Late: []string{"1Z1"}}, clear},
		"held in a void, a late number: all":    {booking.Record{Status: booking.Cancelling, Held: "void", Late: []string{"1Z1"}}, []booking.Decision{booking.DeclareVoid, booking.DenyVoid, booking.ClearNumber}},
		"failed: nothing":                       {booking.Record{Status: booking.Failed}, nil},
		"cancelled: nothing":                    {booking.Record{Status: booking.Cancelled}, nil},
		"draft, were it held by error: nothing": {booking.Record{Status: booking.Draft, Held: "held"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, booking.Allowed(c.r)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// held is a shipment that waits for a person: its carrier can't be asked.
func held(t *testing.T) (*desk, *booking.Operator, booking.Record) {
	d := newDesk(t)
	d.carrier.desc.Absence = carrier.NoAbsence
	d.carrier.book = func(n int) carrier.Outcome {
		if n == 1 {
			return carrier.Outcome{Kind: carrier.Unknown}
		}
		return done("1Z2")
	}
	d.carrier.label = func(int) (ship.Label, error) {
		return ship.Label{Format: ship.ZPL, Pages: [][]byte{[]byte("^XA")}}, nil
	}
	id := d.accepted()
	d.book(id)
	d.tick(time.Hour)
	d.recover(id)
	r := d.want(id, booking.Unknown)
	if r.Held == "" {
		t.Fatalf("not held: %+v", r)
	}
	return d, &booking.Operator{Reader: d.store, Decisions: d.store, Settler: d.store, Now: d.clock, Times: booking.StandardTimes()}, r
}

func TestDeclare(t *testing.T) {
	t.Run("what was declared is booked again and owes an audit", func(t *testing.T) {
		d, op, r := held(t)
		got, err := op.Declare(d.ctx, tenant, ship.Test, r.ID, r.Version)
		if err != nil || got.Status != booking.Pending || !got.Due.Equal(d.clock().Add(5*time.Minute)) {
			t.Fatalf("%+v, %v", got, err)
		}
		d.book(r.ID)
		if got := d.want(r.ID, booking.Booked); got.TrackingNumber != "1Z2" || !got.AuditOwed || got.Due.IsZero() {
			t.Errorf("booked under %s, audit owed %v, due %v", got.TrackingNumber, got.AuditOwed, got.Due)
		}
	})
	t.Run("said twice it is booked again once", func(t *testing.T) {
		d, op, r := held(t)
		if _, err := op.Declare(d.ctx, tenant, ship.Test, r.ID, r.Version); err != nil {
			t.Fatal(err)
		}
		if _, err := op.Declare(d.ctx, tenant, ship.Test, r.ID, r.Version); !isStale(err) {
			t.Errorf("the same version: %v", err)
		}
		if _, err := op.Declare(d.ctx, tenant, ship.Test, r.ID, r.Version+1); !isNotAllowed(err) {
			t.Errorf("the new version: %v", err)
		}
	})
	t.Run("a write whose acknowledgement was lost is done", func(t *testing.T) {
		d, op, r := held(t)
		op.Decisions = repeating{d.store}
		got, err := op.Declare(d.ctx, tenant, ship.Test, r.ID, r.Version)
		if err != nil || got.Version != r.Version+1 || got.Status != booking.Pending {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("a number that comes late in between is not overruled", func(t *testing.T) {
		d, op, r := held(t)
		op.Decisions = disturbed{d.store, func() {
			if _, err := d.store.Late(d.ctx, tenant, ship.Test, r.ID, "1Z9", d.clock(), d.clock()); err != nil {
				t.Error(err)
			}
		}}
		if _, err := op.Declare(d.ctx, tenant, ship.Test, r.ID, r.Version); !isStale(err) {
			t.Errorf("%v", err)
		}
		now := d.want(r.ID, booking.Unknown)
		_, err := op.Declare(d.ctx, tenant, ship.Test, r.ID, now.Version)
		if e, ok := errors.AsType[*booking.NotAllowed](err); !ok || !slices.Equal(e.Allowed, []booking.Decision{booking.AdoptNumber}) || !strings.Contains(e.Error(), "1Z9") {
			t.Errorf("%v", err)
		}
	})
	t.Run("while the carrier is still asked it is refused, with what can be done", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(carrier.Outcome{Kind: carrier.Unknown})
		id := d.accepted()
		d.book(id)
		op := &booking.Operator{Reader: d.store, Decisions: d.store, Settler: d.store, Now: d.clock, Times: booking.StandardTimes()}
		r := d.want(id, booking.Unknown)
		_, err := op.Declare(d.ctx, tenant, ship.Test, id, r.Version)
		if e, ok := errors.AsType[*booking.NotAllowed](err); !ok || !slices.Equal(e.Allowed, []booking.Decision{booking.AdoptNumber}) {
			t.Errorf("%v", err)
		}
	})
	t.Run("what is not there, or another's, is not found", func(t *testing.T) {
		d, op, r := held(t)
		for _, c := range []struct {
			tenant string
			mode   ship.Mode
			id     string
		}{{"tn_2", ship.Test, r.ID}, {tenant, ship.Live, r.ID}, {tenant, ship.Test, "shp_x"}} {
			if _, err := op.Declare(d.ctx, c.tenant, c.mode, c.id, r.Version); !errors.Is(err, booking.ErrNotFound) {
				t.Errorf("%v: %v", c, err)
			}
		}
	})
}

func isNotAllowed(err error) bool { _, ok := errors.AsType[*booking.NotAllowed](err); return ok }

func TestAdopt(t *testing.T) {
	t.Run("what is named is booked under that number, and its label is fetched", func(t *testing.T) {
		d, op, r := held(t)
		got, err := op.Adopt(d.ctx, tenant, ship.Test, r.ID, r.Version, "1Z1")
		if err != nil || got.TrackingNumber != "1Z1" || got.Held != "" || got.Document != booking.DocumentPending {
			t.Fatalf("%+v, %v", got, err)
		}
		d.recover(r.ID)
		if got := d.want(r.ID, booking.Booked); got.Document != booking.DocumentReady || !got.Due.IsZero() {
			t.Errorf("document %s, due %v", got.Document, got.Due)
		}
		if d.carrier.booked != 1 {
			t.Errorf("the carrier was asked to book %d times", d.carrier.booked)
		}
	})
	t.Run("the numbers that came late stay to be voided", func(t *testing.T) {
		d, op, r := held(t)
		for _, n := range []string{"1Z1", "1Z9"} {
			if _, err := d.store.Late(d.ctx, tenant, ship.Test, r.ID, n, d.clock(), d.clock()); err != nil {
				t.Fatal(err)
			}
		}
		got, err := op.Adopt(d.ctx, tenant, ship.Test, r.ID, r.Version+2, "1Z9")
		if err != nil || !cmp.Equal(got.Late, []string{"1Z1"}) {
			t.Errorf("late %v, %v", got.Late, err)
		}
	})
	t.Run("a write whose acknowledgement was lost is done; another's is not taken for it", func(t *testing.T) {
		d, op, r := held(t)
		op.Decisions = repeating{d.store}
		if got, err := op.Adopt(d.ctx, tenant, ship.Test, r.ID, r.Version, "1Z1"); err != nil || got.TrackingNumber != "1Z1" {
			t.Errorf("%+v, %v", got, err)
		}
		for name, first := range map[string]func(op *booking.Operator, r booking.Record) error{
			"of another number": func(op *booking.Operator, r booking.Record) error {
				_, err := op.Adopt(d.ctx, tenant, ship.Test, r.ID, r.Version, "1Z5")
				return err
			},
			"a declaration": func(op *booking.Operator, r booking.Record) error {
				_, err := op.Declare(d.ctx, tenant, ship.Test, r.ID, r.Version)
				return err
			},
		} {
			t.Run(name, func(t *testing.T) {
				e, op, r := held(t)
				other := *op
				op.Decisions = disturbed{e.store, func() {
					if err := first(&other, r); err != nil {
						t.Error(err)
					}
				}}
				if _, err := op.Adopt(e.ctx, tenant, ship.Test, r.ID, r.Version, "1Z1"); !isStale(err) {
					t.Errorf("%v", err)
				}
			})
		}
	})
	t.Run("a booked shipment keeps its number", func(t *testing.T) {
		d, op, r := held(t)
		got, err := op.Adopt(d.ctx, tenant, ship.Test, r.ID, r.Version, "1Z1")
		if err != nil {
			t.Fatal(err)
		}
		_, err = op.Adopt(d.ctx, tenant, ship.Test, r.ID, got.Version, "1Z2")
		if e, ok := errors.AsType[*booking.NotAllowed](err); !ok || len(e.Allowed) > 0 || e.Current.TrackingNumber != "1Z1" {
			t.Errorf("%v", err)
		}
	})
	t.Run("what is no tracking number is refused", func(t *testing.T) {
		d, op, r := held(t)
		for _, n := range []string{"", " ", "1Z 1", "1Z1\n", "1Zé", "1za1b2c30300079199", "../X", strings.Repeat("1", 65)} {
			if _, err := op.Adopt(d.ctx, tenant, ship.Test, r.ID, r.Version, n); !errors.Is(err, booking.ErrNumber) {
				t.Errorf("%q: %v", n, err)
			}
		}
	})
}

// repeating makes each write twice, as an SDK does that did not get the first answer.
type repeating struct{ booking.Decisions }

func (w repeating) Declare(ctx context.Context, tenant string, r booking.Record, now, due time.Time) (booking.Record, error) {
	_, _ = w.Decisions.Declare(ctx, tenant, r, now, due)
	return w.Decisions.Declare(ctx, tenant, r, now, due)
}

func (w repeating) AdoptNamed(ctx context.Context, tenant string, r booking.Record, res booking.Result, rest []string, now, due time.Time) (booking.Record, error) {
	_, _ = w.Decisions.AdoptNamed(ctx, tenant, r, res, rest, now, due)
	return w.Decisions.AdoptNamed(ctx, tenant, r, res, rest, now, due)
}

// disturbed makes each write after something else has happened.
type disturbed struct {
	booking.Decisions
	happens func()
}

func (w disturbed) Declare(ctx context.Context, tenant string, r booking.Record, now, due time.Time) (booking.Record, error) {
	w.happens()
	return w.Decisions.Declare(ctx, tenant, r, now, due)
}

func (w disturbed) AdoptNamed(ctx context.Context, tenant string, r booking.Record, res booking.Result, rest []string, now, due time.Time) (booking.Record, error) {
	w.happens()
	return w.Decisions.AdoptNamed(ctx, tenant, r, res, rest, now, due)
}

func (w repeating) VoidDeclared(ctx context.Context, tenant string, r booking.Record, now, due time.Time) (booking.Record, error) {
	_, _ = w.Decisions.VoidDeclared(ctx, tenant, r, now, due)
	return w.Decisions.VoidDeclared(ctx, tenant, r, now, due)
}

func (w repeating) VoidDenied(ctx context.Context, tenant string, r booking.Record, why booking.Failure, now, due time.Time) (booking.Record, error) {
	_, _ = w.Decisions.VoidDenied(ctx, tenant, r, why, now, due)
	return w.Decisions.VoidDenied(ctx, tenant, r, why, now, due)
}

func (w repeating) ClearNamed(ctx context.Context, tenant string, r booking.Record, rest []string, now, due time.Time) (booking.Record, error) {
	settler := w.Decisions.(booking.Settler)
	_, _ = settler.ClearNamed(ctx, tenant, r, rest, now, due)
	return settler.ClearNamed(ctx, tenant, r, rest, now, due)
}

// duplicated is a shipment that is booked under 1Z1, with two numbers that came late beside it.
func duplicated(t *testing.T) (*desk, *booking.Operator, booking.Record) {
	d := newDesk(t)
	d.carrier.book = always(done("1Z1"))
	id := d.accepted()
	d.book(id)
	for _, n := range []string{"1Z8", "1Z9"} {
		if _, err := d.store.Late(d.ctx, tenant, ship.Test, id, n, d.clock(), d.clock()); err != nil {
			t.Fatal(err)
		}
	}
	return d, &booking.Operator{Reader: d.store, Decisions: d.store, Settler: d.store, Now: d.clock, Times: booking.StandardTimes()}, d.want(id, booking.Booked)
}

func TestClear(t *testing.T) {
	t.Run("each late number goes by a word of its own, and the last closes the shipment", func(t *testing.T) {
		d, op, r := duplicated(t)
		got, err := op.Clear(d.ctx, tenant, ship.Test, r.ID, r.Version, "1Z8")
		if err != nil || !cmp.Equal(got.Late, []string{"1Z9"}) || got.Due.IsZero() {
			t.Fatalf("late %v, due %v, %v", got.Late, got.Due, err)
		}
		got, err = op.Clear(d.ctx, tenant, ship.Test, r.ID, got.Version, "1Z9")
		if err != nil || len(got.Late) > 0 || !got.Due.IsZero() || got.TrackingNumber != "1Z1" || got.Status != booking.Booked {
			t.Fatalf("%+v, %v", got, err)
		}
		if last := got.History[len(got.History)-1]; last.Cause != booking.CauseLateSettled {
			t.Errorf("the history says %s", last.Cause)
		}
	})
	t.Run("a number that is not late is refused, and so is its own", func(t *testing.T) {
		d, op, r := duplicated(t)
		for _, n := range []string{"1Z7", "1Z1"} {
			if _, err := op.Clear(d.ctx, tenant, ship.Test, r.ID, r.Version, n); !errors.Is(err, booking.ErrNotLate) {
				t.Errorf("%s: %v", n, err)
			}
		}
	})
	t.Run("a number that comes late in between is not cleared with it", func(t *testing.T) {
		d, op, r := duplicated(t)
		if _, err := d.store.Late(d.ctx, tenant, ship.Test, r.ID, "1Z7", d.clock(), d.clock()); err != nil {
			t.Fatal(err)
		}
		if _, err := op.Clear(d.ctx, tenant, ship.Test, r.ID, r.Version, "1Z8"); !isStale(err) {
			t.Errorf("%v", err)
		}
	})
	t.Run("a write whose acknowledgement was lost is done", func(t *testing.T) {
		d, op, r := duplicated(t)
		op.Settler = repeating{d.store}
		if got, err := op.Clear(d.ctx, tenant, ship.Test, r.ID, r.Version, "1Z8"); err != nil || got.Version != r.Version+1 {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("while the outcome is unknown a late number is adopted, not cleared", func(t *testing.T) {
		d, op, r := held(t)
		if _, err := d.store.Late(d.ctx, tenant, ship.Test, r.ID, "1Z9", d.clock(), d.clock()); err != nil {
			t.Fatal(err)
		}
		_, err := op.Clear(d.ctx, tenant, ship.Test, r.ID, r.Version+1, "1Z9")
		if e, ok := errors.AsType[*booking.NotAllowed](err); !ok || !slices.Equal(e.Allowed, []booking.Decision{booking.AdoptNumber}) {
			t.Errorf("%v", err)
		}
	})
}
