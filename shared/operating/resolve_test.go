package operating_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/operating"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

func verdict(rec booking.Record, d booking.Decision, number string) operating.Verdict {
	return operating.Verdict{Item: operating.Item{Tenant: rec.Tenant, Mode: rec.Mode, ID: rec.ID}, Version: rec.Version, Decision: d, Number: number}
}

func TestResolve(t *testing.T) {
	resolve := func(t *testing.T, r *room, v ...operating.Verdict) []operating.Resolution {
		t.Helper()
		out, err := r.resolver().Resolve(r.ctx, operating.ResolveRequest{Caller: ada, Shipments: v})
		if err != nil || out.Done+out.Problems != len(v) {
			t.Fatalf("%+v, %v", out, err)
		}
		return out.Shipments
	}
	t.Run("in bulk each has its own outcome", func(t *testing.T) {
		r := newRoom(t)
		a, b, c, d, e := r.held("tn_1", "a"), r.held("tn_1", "b"), r.heldVoid("tn_1", "c", "1Z3"), r.heldVoid("tn_1", "d", "1Z4"), r.late("tn_1", "e", "1Z5", "1Z9")
		p := r.pending("tn_1", "p")
		var got []string
		for _, s := range resolve(t, r, verdict(a, "adopt", "1Z1"), verdict(b, "declare", ""), verdict(c, "void", ""), verdict(d, "booked", ""), verdict(e, "clear", "1Z9"),
			verdict(p, "adopt", "1Z8"), verdict(booking.Record{Tenant: "tn_9", Mode: ship.Test, ID: a.ID, Version: 1}, "declare", "")) {
			if s.Problem != nil {
				got = append(got, s.Problem.Code)
			} else {
				got = append(got, s.Status)
			}
		}
		if diff := cmp.Diff([]string{"booked", "pending", "cancelled", "booked", "booked", "not_allowed", "not_found"}, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a number that another shipment has is refused, and the other is named", func(t *testing.T) {
		r := newRoom(t)
		has, a := r.booked("tn_1", "has", "1Z1"), r.held("tn_1", "a")
		foreign := r.booked("tn_2", "has", "1Z7")
		got := resolve(t, r, verdict(a, "adopt", "1Z1"))[0]
		if got.Problem == nil || got.Problem.Code != "number_taken" || !strings.Contains(got.Problem.Detail, has.ID) {
			t.Errorf("%+v", got.Problem)
		}
		if now := r.must(r.Record(r.ctx, "tn_1", ship.Test, a.ID)); now.Version != a.Version {
			t.Errorf("it became %s", now.Status)
		}
		if got := resolve(t, r, verdict(a, "adopt", foreign.TrackingNumber))[0]; got.Problem != nil {
			t.Errorf("another tenant's number: %+v", got.Problem)
		}
	})
	t.Run("two of one call are not adopted under one number", func(t *testing.T) {
		r := newRoom(t)
		a, b := r.held("tn_1", "a"), r.held("tn_1", "b")
		got := resolve(t, r, verdict(a, "adopt", "1Z1"), verdict(b, "adopt", "1Z1"))
		if got[0].Problem != nil || got[1].Problem == nil || got[1].Problem.Code != "number_taken" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("two operators do not adopt one number while the index does not show it", func(t *testing.T) {
		r := newRoom(t)
		a, b := r.held("tn_1", "a"), r.held("tn_1", "b")
		o := r.resolver()
		o.Holders = behind{r.Store}
		for i, v := range []operating.Verdict{verdict(a, "adopt", "1Z1"), verdict(b, "adopt", "1Z1")} {
			out, err := o.Resolve(r.ctx, operating.ResolveRequest{Caller: ada, Shipments: []operating.Verdict{v}})
			if err != nil || out.Problems != i {
				t.Fatalf("%+v, %v", out, err)
			}
			if got := out.Shipments[0].Problem; i == 1 && (got.Code != "number_taken" || !strings.Contains(got.Detail, a.ID)) {
				t.Errorf("%+v", got)
			}
		}
	})
	t.Run("what the state does not allow says what it would", func(t *testing.T) {
		r := newRoom(t)
		a := r.heldVoid("tn_1", "a", "1Z1")
		got := resolve(t, r, verdict(a, "declare", ""))[0].Problem
		if got == nil || got.Code != "not_allowed" || !cmp.Equal(got.Allowed, []booking.Decision{booking.DeclareVoid, booking.DenyVoid}) || got.Version != a.Version {
			t.Errorf("%+v", got)
		}
		a.Version--
		if got := resolve(t, r, verdict(a, "void", ""))[0].Problem; got == nil || got.Code != "changed" || got.Version != a.Version+1 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("what is held is not said to be asked about still", func(t *testing.T) {
		r := newRoom(t)
		got := resolve(t, r, verdict(r.held("tn_1", "a"), "void", ""))[0].Problem
		if got == nil || got.Code != "not_allowed" || strings.Contains(got.Detail, "still being asked") || !strings.Contains(got.Detail, "it can be declared absent, or adopted") {
			t.Errorf("%+v", got)
		}
	})
	t.Run("what is wrong is told without a write", func(t *testing.T) {
		r := newRoom(t)
		a := r.held("tn_1", "a")
		for name, v := range map[string]operating.Verdict{
			"another word": verdict(a, "book", ""), "no number": verdict(a, "adopt", ""), "a number too many": verdict(a, "declare", "1Z1"), "no tracking number": verdict(a, "adopt", "1Z 1"),
			"no version": {Item: operating.Item{Tenant: "tn_1", Mode: ship.Test, ID: a.ID}, Decision: "declare"}, "no mode": {Item: operating.Item{Tenant: "tn_1", ID: a.ID}, Version: 1, Decision: "declare"},
		} {
			if got := resolve(t, r, v)[0].Problem; got == nil || got.Code != "invalid" {
				t.Errorf("%s: %+v", name, got)
			}
		}
		if _, err := r.resolver().Resolve(r.ctx, operating.ResolveRequest{Shipments: make([]operating.Verdict, 101)}); !isRefused(err) {
			t.Errorf("101: %v", err)
		}
	})
}

// behind is a store whose index of numbers shows nothing yet.
type behind struct{ *dynamo.Store }

func (behind) HoldersOf(context.Context, string, ship.Mode, string) ([]string, error) {
	return nil, nil
}
