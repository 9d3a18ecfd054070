package operating_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/operating"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

func TestHeld(t *testing.T) { dynamotest.Each(t, testHeld) }

func testHeld(t *testing.T) {
	r := newRoom(t)
	l := r.lister()
	held, other := r.held("tn_1", "a"), r.held("tn_2", "a")
	void := r.heldVoid("tn_1", "b", "1Z2")
	unknown, late := r.unknown("tn_1", "c"), r.late("tn_1", "d", "1Z4", "1Z5")
	r.pending("tn_1", "e")
	r.booked("tn_1", "f", "1Z6")
	// all pages, one row a page
	list := func(t *testing.T, in operating.HeldRequest) (ids []string) {
		t.Helper()
		in.Caller, in.Limit = ada, 1
		for range 200 {
			page, err := l.List(r.ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range page.Shipments {
				ids = append(ids, string(s.Kind)+" "+s.Tenant+" "+s.ID)
			}
			if in.Cursor = page.Cursor; in.Cursor == "" {
				slices.Sort(ids)
				return ids
			}
		}
		t.Fatal("no end")
		return nil
	}
	row := func(kind string, rec booking.Record) string { return kind + " " + rec.Tenant + " " + rec.ID }
	for name, c := range map[string]struct {
		in   operating.HeldRequest
		want []string
	}{
		"over all tenants, what is held":  {operating.HeldRequest{}, []string{row("held", held), row("held", other), row("void", void)}},
		"of one tenant":                   {operating.HeldRequest{Tenant: "tn_2"}, []string{row("held", other)}},
		"of one kind":                     {operating.HeldRequest{Kinds: []operating.Kind{operating.KindVoid}}, []string{row("void", void)}},
		"what is asked, and what is late": {operating.HeldRequest{Kinds: []operating.Kind{operating.KindUnknown, operating.KindLate}}, []string{row("late", late), row("unknown", unknown)}},
		"of a tenant that has none":       {operating.HeldRequest{Tenant: "tn_3", Kinds: operating.Kinds()}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			slices.Sort(c.want)
			if diff := cmp.Diff(c.want, list(t, c.in)); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("a tenant that is mistyped is no all-clear", func(t *testing.T) {
		if _, err := l.List(r.ctx, operating.HeldRequest{Caller: ada, Tenant: "tn_01"}); err == nil || !strings.Contains(err.Error(), "there is no tenant tn_01") {
			t.Errorf("%v", err)
		}
	})
	t.Run("each with the evidence and the command that would settle it", func(t *testing.T) {
		got := one(t, r, l, held)
		if got.Carrier != "ups" || got.Number != "A1B2C3" || got.AtCarrier != booking.Reference(held.ID) || got.Attempts != 1 || len(got.History) != int(held.Version) {
			t.Errorf("%+v", got)
		}
		if len(got.Answers) != 1 || got.Answers[0].Raw.Body != "upstream gone" || !got.Answers[0].Began.Equal(r.at) {
			t.Errorf("answers %+v", got.Answers)
		}
		want := fmt.Sprintf("resolve -tenant tn_1 -mode test -id %s -version %d -decision declare -reason WHY", held.ID, held.Version)
		if len(got.Suggestion) != 2 || got.Suggestion[0] != want {
			t.Errorf("suggests %q, want %q", got.Suggestion, want)
		}
		if got := one(t, r, l, void); len(got.Voids) != 1 || got.Voids[0].Raw.Error != "deadline" || !strings.Contains(got.Why, "void_unknown") {
			t.Errorf("a void with %+v, %s", got.Voids, got.Why)
		}
		if got := one(t, r, l, late); !cmp.Equal(got.Late, []string{"1Z5"}) || !strings.Contains(got.Suggestion[0], "-decision clear -number 1Z5") {
			t.Errorf("late %v, %v", got.Late, got.Suggestion)
		}
	})
	t.Run("what cannot be asked is refused", func(t *testing.T) {
		for _, in := range []operating.HeldRequest{{Limit: 101}, {Limit: -1}, {Kinds: []operating.Kind{"lost"}}, {Tenant: "a#b"}, {ID: "shp_x"}, {Tenant: "tn_1", Mode: ship.Live, ID: held.ID}} {
			if _, err := l.List(r.ctx, in); !isRefused(err) {
				t.Errorf("%+v: %v", in, err)
			}
		}
		if _, err := l.List(r.ctx, operating.HeldRequest{Cursor: "eyJzIjo5OTl9"}); !errors.Is(err, operating.ErrBadCursor) { // source 999
			t.Error(err)
		}
		if _, err := l.List(r.ctx, operating.HeldRequest{Cursor: "eyJzIjowLCJhIjoieCJ9"}); !errors.Is(err, operating.ErrBadCursor) {
			t.Errorf("a strange cursor: %v", err)
		}
	})
}

func one(t *testing.T, r *room, l *operating.Lister, rec booking.Record) operating.Waiting {
	t.Helper()
	page, err := l.List(r.ctx, operating.HeldRequest{Caller: ada, Tenant: rec.Tenant, Mode: rec.Mode, ID: rec.ID})
	if err != nil || len(page.Shipments) != 1 {
		t.Fatalf("%+v, %v", page, err)
	}
	return page.Shipments[0]
}
