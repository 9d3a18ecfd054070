package operating_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/operating"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

func (r *room) auditor() *operating.Auditor {
	return &operating.Auditor{Journal: r.Store, Now: r.clock, NewID: r.id, Log: slog.New(slog.DiscardHandler)}
}

// entries are those of the month, the oldest first, as outcome, operation and what was said.
func (r *room) entries() (out []string) {
	r.t.Helper()
	page, err := r.auditor().List(r.ctx, operating.AuditRequest{Caller: ada})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, e := range page.Entries {
		out = append([]string{strings.TrimSpace(string(e.Outcome) + " " + e.Operation + " by " + e.By + ": " + e.Said)}, out...)
	}
	return out
}

func TestAudited(t *testing.T) { dynamotest.Each(t, testAudited) }

func testAudited(t *testing.T) {
	r := newRoom(t)
	answers := map[string]error{"fails": errors.New("the database is away"), "refused": &operating.Refused{Say: "not so"}}
	acted := 0
	do := operating.Audited(r.auditor(), "look", true, func(_ context.Context, in operating.HeldRequest) (operating.HeldPage, error) {
		acted++
		if got := r.entries(); !strings.HasPrefix(got[len(got)-1], "begun look by ada") {
			t.Errorf("when it acts the audit says %v", got)
		}
		return operating.HeldPage{}, answers[in.Tenant]
	})
	for _, tenant := range []string{"tn_1", "fails", "refused"} {
		r.at = r.at.Add(time.Second)
		if _, err := do(r.ctx, operating.HeldRequest{Caller: ada, Tenant: tenant}); !errors.Is(err, answers[tenant]) {
			t.Errorf("%s: %v", tenant, err)
		}
	}
	for _, who := range []operating.Caller{{By: "ada"}, {Reason: "x"}, {By: "a\nb", Reason: "x"}} {
		r.at = r.at.Add(time.Second)
		if _, err := do(r.ctx, operating.HeldRequest{Caller: who}); !isRefused(err) {
			t.Errorf("%+v: %v", who, err)
		}
	}
	want := []string{"done look by ada: 0 shipments", "failed look by ada: the database is away", "refused look by ada: not so",
		"unheard look by ada: reason: say why, in 1 to 1000 characters on one line", "unheard look by : by: say who asks, in 1 to 200 characters on one line",
		"unheard look by a\nb: by: say who asks, in 1 to 200 characters on one line"}
	if diff := cmp.Diff(want, r.entries()); diff != "" {
		t.Error(diff)
	}
	if acted != 3 {
		t.Errorf("it acted %d times", acted)
	}
}

// broken is a journal that can't be written.
type broken struct{ operating.Journal }

func (broken) BeginAudit(context.Context, operating.Entry) error { return errors.New("away") }

func TestWhatCannotBeAuditedIsNotDone(t *testing.T) {
	r := newRoom(t)
	a := r.auditor()
	a.Journal = broken{r.Store}
	do := operating.Audited(a, "look", false, func(context.Context, operating.HeldRequest) (operating.HeldPage, error) {
		t.Error("it acted")
		return operating.HeldPage{}, nil
	})
	if _, err := do(r.ctx, operating.HeldRequest{Caller: ada}); err == nil || !strings.Contains(err.Error(), "nothing was done") {
		t.Errorf("%v", err)
	}
}

func TestTheAuditHoldsNoSecret(t *testing.T) {
	r := newRoom(t)
	var log bytes.Buffer
	a := r.auditor()
	a.Log = slog.New(slog.NewTextHandler(&log, nil))
	do := operating.Audited(a, "create-tenant", false, func(context.Context, operating.TenantRequest) (operating.TenantAnswer, error) {
		var out account.TenantAnswer
		out.Tenant.ID, out.APIKey.ID, out.APIKey.Secret = "tn_1", "k1", "fl_test_k1_hush"
		return operating.TenantAnswer{TenantAnswer: out}, nil
	})
	if _, err := do(r.ctx, operating.TenantRequest{Caller: ada, TenantRequest: account.TenantRequest{Name: person, Mode: "live"}}); err != nil {
		t.Fatal(err)
	}
	page, err := a.List(r.ctx, operating.AuditRequest{Caller: ada})
	if err != nil || len(page.Entries) != 1 {
		t.Fatal(page, err)
	}
	if e := page.Entries[0]; strings.Contains(e.Arguments, person) || !strings.Contains(e.Arguments, "live") {
		t.Errorf("a tenant's name can be erased, and stays in the audit: %s", e.Arguments)
	}
	if kept := strings.Join(r.entries(), " ") + log.String(); strings.Contains(kept, "hush") || !strings.Contains(kept, "key k1") {
		t.Errorf("%s", kept)
	}
}

func TestListOperations(t *testing.T) {
	r := newRoom(t)
	r.at = time.Date(2026, 10, 31, 23, 59, 59, 0, time.UTC)
	do := operating.Audited(r.auditor(), "look", false, func(context.Context, operating.HeldRequest) (operating.HeldPage, error) {
		return operating.HeldPage{}, nil
	})
	for _, step := range []time.Duration{0, time.Second, 24 * time.Hour} { // October 31, November 1, November 2
		r.at = r.at.Add(step)
		if _, err := do(r.ctx, operating.HeldRequest{Caller: ada}); err != nil {
			t.Fatal(err)
		}
	}
	list := func(in operating.AuditRequest) operating.AuditPage {
		t.Helper()
		page, err := r.auditor().List(r.ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	for name, c := range map[string]struct {
		in   operating.AuditRequest
		want int
	}{"the current month": {operating.AuditRequest{}, 2}, "another": {operating.AuditRequest{Month: "2026-10"}, 1}, "a day": {operating.AuditRequest{Day: "2026-11-02"}, 1}, "a day without any": {operating.AuditRequest{Day: "2026-11-03"}, 0}} {
		if got := list(c.in); len(got.Entries) != c.want {
			t.Errorf("%s: %+v", name, got.Entries)
		}
	}
	first := list(operating.AuditRequest{Limit: 1})
	second := list(operating.AuditRequest{Limit: 1, Cursor: first.Cursor})
	if !first.Entries[0].At.After(second.Entries[0].At) {
		t.Errorf("%+v, then %+v", first, second)
	}
	for _, in := range []operating.AuditRequest{{Month: "11"}, {Day: "today"}, {Day: "2026-11-02", Month: "2026-11"}, {Limit: 201}} {
		if _, err := r.auditor().List(r.ctx, in); !isRefused(err) {
			t.Errorf("%+v: %v", in, err)
		}
	}
}
