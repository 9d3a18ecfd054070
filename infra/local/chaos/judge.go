package chaos

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/infra/carriersim/fault"
	"github.com/fairlead/fairlead/infra/local/endtoend"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
)

// evidence is everything that is known of one reference when the faults have stopped.
type evidence struct {
	Reference string
	Shipment  string
	Answer    endtoend.Answer // what the API says of it
	History   []booking.Entry
	Ledger    carriersim.Entry      // what the carrier holds
	Strikes   []carriersim.Injected // what it did to the calls of this shipment, and to logins
	Blows     []blow                // all of the run
	TimedOut  bool                  // a booking process of the run outlasted its timeout and was killed by the platform
}

// finding is what one reference comes to.
type finding struct {
	outcome    string
	duplicates int // live bookings more than one
	lost       int // live bookings whose number the shipment does not show, unless it is held
	wrong      []string
}

// judge holds what a shipment says against the carrier's ledger, the faults that struck and what was killed.
func (e evidence) judge(t booking.Times) finding {
	now := sighted(e.Answer.JSON)
	number := e.Answer.Str("tracking_number")
	late, _ := e.Answer.JSON["late_tracking_numbers"].([]any)
	f := finding{outcome: now.status, duplicates: max(e.Ledger.Live-1, 0)}
	bad := func(format string, args ...any) { f.wrong = append(f.wrong, fmt.Sprintf(format, args...)) }
	if now.held {
		f.outcome = "held"
	}
	for _, n := range e.Ledger.Numbers {
		if n != number && !slices.Contains(late, any(n)) && !now.held {
			f.lost++
			bad("the carrier holds %s, and the shipment is %s and shows %q", n, now.status, number)
		}
	}
	last, struck := e.lastCall()
	switch {
	case f.duplicates > 0:
		bad("it is booked %d times: %v", e.Ledger.Live, e.Ledger.Numbers)
	case !now.ended():
		bad("it is %s, with document %q, and has not moved for %v", now.status, now.document, stall)
	case now.status == "booked" && !slices.Contains(e.Ledger.Numbers, number):
		bad("it is booked as %s, which the carrier does not know", number)
	case now.status == "failed" && last != fault.Refuse:
		bad("it failed, although its last call was not refused but %q", last)
	case now.held && e.Ledger.Live == 1 && !e.blind(t):
		bad("it is held, although the carrier holds %s and nothing struck the last look-up", e.Ledger.Numbers[0])
	case now.held && !(struck && reached(last)) && !e.broken(t):
		bad("it is held, although its last call was %q and nothing broke its booking off", last)
	}
	return f
}

// claim is when the last attempt began, and the change that ended it.
func (e evidence) claim() (began, ended booking.Entry) {
	for i, h := range slices.Backward(e.History) {
		if h.Cause == booking.CauseLabelRequested {
			if i+1 < len(e.History) {
				ended = e.History[i+1]
			}
			return h, ended
		}
	}
	return began, ended
}

// lastCall is what struck the last booking call, and whether that call was of the last attempt.
func (e evidence) lastCall() (kind fault.Kind, ofLast bool) {
	began, _ := e.claim()
	for _, s := range slices.Backward(e.Strikes) {
		if s.Operation == fault.Ship && s.Kind != fault.Lag {
			return s.Kind, !s.Time.Before(began.At)
		}
	}
	return "", false
}

// reached tells whether a struck call may have been carried out, as far as its caller can know.
func reached(k fault.Kind) bool {
	return slices.Contains([]fault.Kind{fault.ErrorBefore, fault.ErrorAfter, fault.Empty, fault.EmptyAfter, fault.DropBefore, fault.DropAfter, fault.Slow, fault.Late}, k)
}

// broken tells whether something else than a fault broke the last attempt off: a kill, or time on a slow machine.
func (e evidence) broken(t booking.Times) bool {
	began, ended := e.claim()
	if ended.Cause == booking.CauseOutcomeUnknown && ended.At.Sub(began.At) >= t.SendBy {
		return true // an answer was waited for, in vain
	}
	return e.TimedOut || slices.ContainsFunc(e.Blows, func(b blow) bool {
		return b.Kind != duplicated && !b.To.Before(began.At) && b.From.Before(began.At.Add(t.WorkerTimeout))
	})
}

// blind tells whether the last look-up before the hold was struck, or a login at that time.
func (e evidence) blind(t booking.Times) bool {
	for _, h := range slices.Backward(e.History) {
		if h.Cause == booking.CauseHeld {
			return slices.ContainsFunc(e.Strikes, func(s carriersim.Injected) bool {
				return s.Operation != fault.Ship && s.Time.After(h.At.Add(-t.WorkerTimeout)) && s.Time.Before(h.At.Add(time.Millisecond))
			})
		}
	}
	return false
}

// judge gathers the evidence and judges every reference.
func (r *run) judge(ctx context.Context) (*Report, error) {
	cases, err := r.gather(ctx)
	if err != nil {
		return nil, err
	}
	report := r.report()
	for _, e := range cases {
		f := e.judge(r.times)
		report.Outcomes[f.outcome]++
		if f.outcome == "held" && e.Ledger.Live > 0 {
			report.HeldLive++
		}
		if slices.ContainsFunc(e.History, func(h booking.Entry) bool { return h.Cause == booking.CauseAbsent }) {
			report.Rebooked++
		}
		report.Duplicates += f.duplicates
		report.Lost += f.lost
		if len(f.wrong) > 0 {
			report.Violations = append(report.Violations, r.explain(ctx, e, f.wrong, len(report.Violations) < explained))
		}
	}
	report.Violations = append(report.Violations, r.whole(cases)...)
	dead, err := r.deadLetters(ctx)
	if err != nil {
		return nil, err
	}
	report.DeadLetters = len(dead)
	for _, d := range dead {
		if d.reason != "" {
			report.Violations = append(report.Violations, fmt.Sprintf("a good message was buried on %s because %q: %s", d.queue, d.reason, d.body))
		}
	}
	report.judgeCounts(r.Plan)
	return report, nil
}

// whole finds what no single shipment shows.
func (r *run) whole(cases []evidence) []string {
	out := slices.Clone(r.board.refused)
	if len(cases) != r.Bookings {
		out = append(out, fmt.Sprintf("%d of %d orders were never accepted", r.Bookings-len(cases), r.Bookings))
	}
	if r.restless {
		out = append(out, "messages are still on the queues, or being handled, although nothing is left to do")
	}
	ours := map[string]bool{}
	for _, e := range cases {
		ours[booking.Reference(e.Shipment)] = true
	}
	for _, e := range r.sim.Ledger() {
		if !ours[e.Reference] {
			out = append(out, fmt.Sprintf("the carrier holds %v under %s, which no shipment has", e.Numbers, e.Reference))
		}
	}
	return out
}

// gather asks the API for every shipment, and brings what the carrier and the run know of it.
func (r *run) gather(ctx context.Context) ([]evidence, error) {
	ledger := map[string]carriersim.Entry{}
	for _, e := range r.sim.Ledger() {
		ledger[e.Reference] = e
	}
	strikes := map[string][]carriersim.Injected{}
	for _, i := range r.sim.Injected() {
		strikes[i.Reference] = append(strikes[i.Reference], i)
	}
	timedOut := r.timedOut() > 0
	store, err := r.stack.Store(ctx)
	if err != nil {
		return nil, err
	}
	ids := r.board.all()
	cases := make([]evidence, 0, len(ids))
	for ref, id := range ids {
		at := booking.Reference(id)
		e := evidence{Reference: ref, Shipment: id, Ledger: ledger[at], Strikes: slices.Concat(strikes[at], strikes[""]), Blows: r.strikes.list(), TimedOut: timedOut}
		slices.SortStableFunc(e.Strikes, func(a, b carriersim.Injected) int { return a.Time.Compare(b.Time) })
		cases = append(cases, e)
	}
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i := range cases {
		e := &cases[i]
		group.Go(func() error {
			a, err := r.shipper.Call(ctx, http.MethodGet, "/v1/shipments/"+e.Shipment, nil, nil)
			if err == nil && a.Status != http.StatusOK {
				err = fmt.Errorf("%d %s", a.Status, a.Body)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", e.Reference, err)
			}
			e.Answer = a
			rec, err := store.Record(ctx, r.shipper.Tenant, ship.Test, e.Shipment)
			if err == nil {
				e.History, err = store.History(ctx, r.shipper.Tenant, rec)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	slices.SortFunc(cases, func(a, b evidence) int { return strings.Compare(a.Reference, b.Reference) })
	return cases, nil
}
