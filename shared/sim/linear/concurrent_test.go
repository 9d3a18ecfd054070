package linear_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/sim/linear"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

// wanted is what the histories of TestTheServiceIsLinearizable must hold at least once, lest they show nothing.
var wanted = map[linear.Kind][]int{
	linear.Create:  {0, 200, 201, 202, 422, 500},
	linear.Update:  {200, 404, 409, 412},
	linear.Confirm: {0, 200, 202, 404, 409, 412, 500},
	linear.Cancel:  {200, 202, 404, 412},
	linear.Get:     {200, 404},
}

// TestTheServiceIsLinearizable judges three histories, and more while an answer is still missing: which answers a history holds is the machine's
// scheduling as well as the seed's. A history in which too much happened at once to be judged counts for nothing.
func TestTheServiceIsLinearizable(t *testing.T) {
	dynamotest.Each(t, func(t *testing.T) {
		said := map[linear.Kind]map[int]int{linear.Create: {}, linear.Update: {}, linear.Confirm: {}, linear.Cancel: {}, linear.Get: {}}
		missing := func() (answers []string) {
			for kind, statuses := range wanted {
				for _, status := range statuses {
					if said[kind][status] == 0 {
						answers = append(answers, fmt.Sprintf("%s answered %d", kind, status))
					}
				}
			}
			return answers
		}
		judged := 0
		for seed := uint64(0); seed < 30 && (judged < 3 || len(missing()) > 0); seed++ {
			ops := newOffice(t, func(in intake) intake { return in }).run(seed, 6, 120)
			err := linear.Check(ops)
			if errors.Is(err, linear.ErrTangled) {
				continue
			}
			if judged++; err != nil {
				t.Error(err)
			}
			for _, o := range ops {
				said[o.Kind][o.Status]++
			}
		}
		if lacks := missing(); judged < 3 || len(lacks) > 0 {
			t.Errorf("of 30 histories %d could be judged; none of them had a call of %v", judged, lacks)
		}
		t.Logf("%d histories judged: %v", judged, said)
	})
}

// TestMutantsAreCaught breaks one promise at a time, in what the service stands on.
func TestMutantsAreCaught(t *testing.T) {
	for name, mutate := range map[string]func(*mutant) intake{
		"a create that is answered and not written":        func(m *mutant) intake { return losesCreates{m} },
		"a confirm that is answered and not written":       func(m *mutant) intake { return losesConfirms{m} },
		"a read of what was so before":                     func(m *mutant) intake { return readsOld{m} },
		"another body taken for the same":                  func(m *mutant) intake { return takesAnyBody{m} },
		"a confirm of whatever version there is":           func(m *mutant) intake { return confirmsAnyVersion{m} },
		"a confirm replayed to whom it does not belong":    func(m *mutant) intake { return replaysToAnybody{m} },
		"a key that names whatever comes with it":          func(m *mutant) intake { return bindsNothing{m} },
		"a shipment created anew over the one that exists": func(m *mutant) intake { return createsOver{m} },
		"a change that is answered and not written":        func(m *mutant) intake { return losesChanges{m} },
		"a change of whatever version there is":            func(m *mutant) intake { return changesAnyVersion{m} },
		"a cancellation that is answered and not written":  func(m *mutant) intake { return losesCancellations{m} },
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(10) {
				o := newOffice(t, func(in intake) intake {
					return mutate(&mutant{intake: in, old: map[string]booking.Record{}})
				})
				if err := linear.Check(o.run(seed, 4, 80)); err != nil && !errors.Is(err, linear.ErrTangled) {
					t.Log(err)
					return
				}
			}
			t.Error("never caught")
		})
	}
}

// mutant is an intake that breaks one promise now and then.
type mutant struct {
	intake
	mu  sync.Mutex
	n   int
	old map[string]booking.Record
}

// strikes tells whether to break it: every third time.
func (m *mutant) strikes() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.n++
	return m.n%3 == 0
}

type losesCreates struct{ *mutant }

func (m losesCreates) Create(ctx context.Context, tenant string, r booking.Record, expires time.Time) (booking.Record, error) {
	if m.strikes() {
		return r, nil
	}
	return m.intake.Create(ctx, tenant, r, expires)
}

type createsOver struct{ *mutant }

func (m createsOver) Create(ctx context.Context, tenant string, r booking.Record, expires time.Time) (booking.Record, error) {
	out, err := m.intake.Create(ctx, tenant, r, expires)
	if _, ok := errors.AsType[*booking.Refused](err); ok {
		return r, nil
	}
	return out, err
}

type losesConfirms struct{ *mutant }

func (m losesConfirms) Confirm(ctx context.Context, tenant string, mode ship.Mode, id string, version int64, key string, now, due time.Time) (booking.Record, error) {
	if r, err := m.Record(ctx, tenant, mode, id); err == nil && r.Status == booking.Draft && r.Version == version && m.strikes() {
		r.Status, r.Version = booking.Pending, version+1
		return r, nil
	}
	return m.intake.Confirm(ctx, tenant, mode, id, version, key, now, due)
}

type confirmsAnyVersion struct{ *mutant }

func (m confirmsAnyVersion) Confirm(ctx context.Context, tenant string, mode ship.Mode, id string, version int64, key string, now, due time.Time) (booking.Record, error) {
	out, err := m.intake.Confirm(ctx, tenant, mode, id, version, key, now, due)
	if refused, ok := errors.AsType[*booking.Refused](err); ok && refused.Old != nil {
		return m.intake.Confirm(ctx, tenant, mode, id, refused.Old.Version, key, now, due)
	}
	return out, err
}

type replaysToAnybody struct{ *mutant }

func (m replaysToAnybody) Confirm(ctx context.Context, tenant string, mode ship.Mode, id string, version int64, key string, now, due time.Time) (booking.Record, error) {
	out, err := m.intake.Confirm(ctx, tenant, mode, id, version, key, now, due)
	if refused, ok := errors.AsType[*booking.Refused](err); ok && refused.Old != nil {
		refused.Old.ConfirmKey = key
	}
	return out, err
}

type readsOld struct{ *mutant }

func (m readsOld) Record(ctx context.Context, tenant string, mode ship.Mode, id string) (booking.Record, error) {
	r, err := m.intake.Record(ctx, tenant, mode, id)
	strikes := m.strikes()
	m.mu.Lock()
	defer m.mu.Unlock()
	if old, seen := m.old[id]; seen && strikes {
		return old, nil
	}
	if err == nil {
		m.old[id] = r
	}
	return r, err
}

type takesAnyBody struct{ *mutant }

func (m takesAnyBody) Create(ctx context.Context, tenant string, r booking.Record, expires time.Time) (booking.Record, error) {
	out, err := m.intake.Create(ctx, tenant, r, expires)
	if refused, ok := errors.AsType[*booking.Refused](err); ok && refused.Old != nil {
		refused.Old.RequestFP0 = r.RequestFP0
	}
	return out, err
}

type bindsNothing struct{ *mutant }

func (m bindsNothing) Alias(context.Context, string, ship.Mode, string, string) error { return nil }

type losesChanges struct{ *mutant }

func (m losesChanges) Edit(ctx context.Context, tenant string, old booking.Record, fp string, p ship.Priority, now, expires time.Time) (booking.Record, error) {
	if m.strikes() {
		old.Version, old.RequestFP = old.Version+1, fp
		return old, nil
	}
	return m.intake.Edit(ctx, tenant, old, fp, p, now, expires)
}

type changesAnyVersion struct{ *mutant }

func (m changesAnyVersion) Record(ctx context.Context, tenant string, mode ship.Mode, id string) (booking.Record, error) {
	r, err := m.intake.Record(ctx, tenant, mode, id)
	if err == nil && r.Version > 1 && r.Status == booking.Draft && m.strikes() {
		r.Version--
	}
	return r, err
}

func (m changesAnyVersion) Edit(ctx context.Context, tenant string, old booking.Record, fp string, p ship.Priority, now, expires time.Time) (booking.Record, error) {
	if now, err := m.intake.Record(ctx, tenant, old.Mode, old.ID); err == nil {
		old = now
	}
	return m.intake.Edit(ctx, tenant, old, fp, p, now, expires)
}

type losesCancellations struct{ *mutant }

func (m losesCancellations) CancelSeen(ctx context.Context, tenant string, old booking.Record, now, audit time.Time) (booking.Record, error) {
	old.Status, old.Version = booking.Cancelled, old.Version+1
	return old, nil
}
