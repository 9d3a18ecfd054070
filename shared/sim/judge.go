package sim

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/sim/linear"
	"github.com/fairlead/fairlead/shared/store/ddbsim"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// The rules that hold at the end of a run, when the faults have stopped.
const (
	RuleEnd       = "everything comes to its end"
	RuleLost      = "no booking is lost"
	RuleReported  = "every duplicate is found and told"
	RuleFailed    = "failed only what was refused"
	RuleHeld      = "held only what was struck"
	RuleCalm      = "without faults everything is booked"
	RuleCallbacks = "every event is delivered"
	RuleBuried    = "bad messages are buried, and only those"
	RuleLinear    = "what clients saw is linearizable"
)

// judge holds the end of a run against what happened.
func (w *World) judge() {
	if w.Rival != "" {
		w.judgeRival()
		return
	}
	for _, pk := range slices.Sorted(maps.Keys(w.rules.ships)) {
		w.shipment(pk, w.rules.ships[pk])
	}
	w.messages()
	if err := linear.Check(w.history); errors.Is(err, linear.ErrTangled) {
		w.counts.Unjudged++
	} else if err != nil {
		w.rules.broken(RuleLinear, "", "%v", err)
	}
}

func (w *World) shipment(pk string, t *truth) {
	r, k := t.record, w.rules
	switch {
	case r.Status == booking.Draft:
		w.counts.Drafts++
	case r.Status == booking.Booked && r.CancelWanted.IsZero():
		w.counts.Booked++
	case r.Status == booking.Failed:
		w.counts.Failed++
	case r.Status == booking.Cancelled, r.Status == booking.CancelledLocally:
		w.counts.Cancelled++
	case (r.Status == booking.Unknown || r.Status == booking.Cancelling) && r.Held != "":
		w.counts.Held++
	default:
		k.broken(RuleEnd, pk, "it is %s, since %s", r.Status, r.Updated().Format(time.TimeOnly))
	}
	if !t.held.IsZero() {
		w.counts.Asked++
	}
	w.counts.Attempts += int(r.Attempts)
	if r.TrackingNumber != "" {
		w.waits = append(w.waits, bookedAt(r).Sub(r.Created))
	}
	calm := []booking.Status{booking.Booked, booking.Draft, booking.Cancelled, booking.CancelledLocally}
	if len(w.Rates) == 0 && !w.Storms && w.Limit == 0 && !slices.Contains(calm, r.Status) {
		k.broken(RuleCalm, pk, "it is %s", r.Status)
	}
	if r.Status == booking.Failed && !t.refused {
		switch code := r.Failure.Code; code {
		case "given_up", "account_unavailable", "login_unavailable":
			if t.waited < w.Times.GiveUp-180*time.Second {
				k.broken(RuleFailed, pk, "given up after %s", t.waited)
			}
		case "login_refused":
			if !w.rules.loginRefused {
				k.broken(RuleFailed, pk, "a login that nobody refused")
			}
		default:
			k.broken(RuleFailed, pk, "failed with %s: %s", code, r.Failure.Detail)
		}
	}
	if r.Held != "" && !t.troubled && r.Status == booking.Unknown {
		k.broken(RuleHeld, pk, "held, although nothing struck its last attempt")
	}
	w.numbers(pk, t)
	w.folded(pk, r)
}

// bookedAt is when the shipment was booked, or the earliest time its item still knows.
func bookedAt(r booking.Record) time.Time {
	for _, e := range r.History {
		if e.Status == booking.Booked {
			return e.At
		}
	}
	return r.Updated()
}

// numbers holds what is live at the carrier against what the shipment shows.
func (w *World) numbers(pk string, t *truth) {
	r := t.record
	if r.TrackingNumber != "" && !slices.Contains(t.made, r.TrackingNumber) {
		w.rules.broken(RuleLost, pk, "it shows %s, which the carrier never booked", r.TrackingNumber)
	}
	if strings.HasPrefix(strings.Join(t.numbers, ""), strings.ToUpper(silent)) && t.beyond {
		return // it can't be asked, and acted after its settling time: nobody can know
	}
	for _, n := range t.numbers {
		if n == r.TrackingNumber && r.Status != booking.Cancelled || slices.Contains(r.Late, n) || r.Held != "" {
			continue
		}
		w.counts.Lost++
		w.rules.broken(RuleLost, pk, "%s is live at the carrier; the shipment is %s and shows %q %v", n, r.Status, r.TrackingNumber, r.Late)
	}
	if t.twice && r.Held == "" {
		for v := range r.Version + 1 {
			if w.rules.events[booking.EventID(r.Tenant, r.Mode, r.ID, v, "shipment.duplicate")] != nil {
				w.counts.Reported++
				return
			}
		}
		w.rules.broken(RuleReported, pk, "%v were live at once, and nobody was told", t.made)
	}
}

// folded reads the whole history and holds its length against the version.
func (w *World) folded(pk string, r booking.Record) {
	store := &dynamo.Store{DB: w.db.Client(ddbsim.ClientOptions{}), Tables: w.tables, Now: time.Now}
	h, err := store.History(context.Background(), r.Tenant, r)
	if err != nil || int64(len(h)) != r.Version {
		w.rules.broken(RuleHistory, pk, "%d entries for version %d: %v", len(h), r.Version, err)
	}
}

// messages judges callbacks and dead letters.
func (w *World) messages() {
	failed := map[string]bool{}
	for _, it := range w.db.Items(w.tables.Deliveries) {
		if st, ok := it["st"].(*types.AttributeValueMemberS); ok && st.Value == "FAILED" {
			failed[it["sk"].(*types.AttributeValueMemberS).Value] = true
		}
	}
	for _, pk := range slices.Sorted(maps.Keys(w.rules.ships)) {
		t := w.rules.ships[pk]
		for _, name := range slices.Sorted(maps.Keys(t.events)) {
			w.counts.Events++
			id := t.events[name]
			switch {
			case w.rules.events[id] != nil:
			case failed[id]:
				w.counts.Undelivered++
			default:
				w.rules.broken(RuleCallbacks, pk, "%s (%s) never arrived", name, id)
			}
		}
	}
	for _, body := range w.buried {
		if !slices.Contains(w.planted, body) {
			w.rules.broken(RuleBuried, "", "buried: %s", body)
		}
	}
	for _, body := range w.planted {
		if !slices.Contains(w.buried, body) {
			w.rules.broken(RuleBuried, "", "not buried: %s", body)
		}
	}
}

// operate lets a person look at a held shipment, who sees what the carrier has and says so. Some are left to the end.
func (w *World) operate(pk string) {
	if w.rand.IntN(5) == 0 {
		return
	}
	w.after(w.between(10*time.Minute, 3*time.Hour), func() {
		t := w.rules.ships[pk]
		r := t.record
		if r.Held == "" || r.Status != booking.Unknown {
			return
		}
		store := &dynamo.Store{DB: w.db.Client(ddbsim.ClientOptions{}), Tables: w.tables, Now: time.Now}
		op := &booking.Operator{Reader: store, Decisions: store, Settler: store, Now: time.Now, Times: w.Times}
		var err error
		if len(t.numbers) > 0 {
			_, err = op.Adopt(context.Background(), r.Tenant, r.Mode, r.ID, r.Version, t.numbers[0])
		} else {
			_, err = op.Declare(context.Background(), r.Tenant, r.Mode, r.ID, r.Version)
		}
		w.note("operator", fmt.Sprintf("%s: %d live: %v", r.ID, len(t.numbers), err))
		w.pumpStream()
	})
}
