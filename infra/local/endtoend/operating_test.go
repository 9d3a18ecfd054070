package endtoend_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/infra/operate"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/operating"
	"github.com/fairlead/fairlead/shared/ship"
)

// ops runs the operator's program against the stack, and returns what it printed and how it ended.
func (s *stack) ops(args ...string) (string, int) {
	s.t.Helper()
	var out bytes.Buffer
	env := func(name string) string { return map[string]string{"USER": "ada"}[name] }
	code := operate.Run(s.t.Context(), append(args, "-data", s.Where().Data), operate.World{Out: &out, ErrOut: &out, Env: env})
	return out.String(), code
}

// must runs it, and fails the test unless it is done and says all that.
func (s *stack) must(says []string, args ...string) string {
	s.t.Helper()
	out, code := s.ops(args...)
	if code != 0 {
		s.t.Fatalf("ops %v ended with %d:\n%s", args, code, out)
	}
	for _, w := range says {
		if !strings.Contains(out, w) {
			s.t.Errorf("ops %v does not say %q:\n%s", args, w, out)
		}
	}
	return out
}

// evidence is what make ops shows of a shipment, with -json.
func (s *stack) evidence(p *shipper, id string) operating.Waiting {
	s.t.Helper()
	var page operating.HeldPage
	if err := json.Unmarshal([]byte(s.must(nil, "held", "-tenant", p.Tenant, "-mode", "test", "-id", id, "-json")), &page); err != nil || len(page.Shipments) != 1 {
		s.t.Fatalf("%+v, %v", page, err)
	}
	return page.Shipments[0]
}

func (s *stack) resolve(p *shipper, id, decision string, more ...string) (string, int) {
	s.t.Helper()
	return s.ops(append([]string{"resolve", "-tenant", p.Tenant, "-mode", "test", "-id", id, "-version", fmt.Sprint(s.evidence(p, id).Version), "-decision", decision, "-reason", "seen at the carrier", "-yes"}, more...)...)
}

// TestOperating is what an operator does on a running stack, by the program that `make ops` runs.
func TestOperating(t *testing.T) {
	t.Parallel() // most of it waits
	sim := newSimulator(t)
	s := start(t, sim)
	p := s.shipper("Operated")
	account := p.testCarrier()
	order := func(reference string) string {
		t.Helper()
		a := p.call("POST", "/v1/shipments", p.atTestCarrier(account, reference), nil)
		p.fresh(a, 202)
		return a.Str("id")
	}
	// A minute until they are held: begun first.
	adopted, declared := order("adopt-sim-unknown-held"), order("declare-sim-unknown-held")
	t.Run("side by side", func(t *testing.T) { // each waits for a minute or two
		t.Run("a tenant is suspended with an order in flight, and resumed", func(t *testing.T) { t.Parallel(); suspending(t, s.in(t)) })
		t.Run("a tenant's data is erased", func(t *testing.T) { t.Parallel(); erasing(t, s.in(t)) })
	})
	t.Run("poison is redriven, and does not loop", func(t *testing.T) { redriving(t, s.in(t)) })
	t.Run("callbacks are replayed under their own ids", func(t *testing.T) { replaying(t, s.in(t)) })
	t.Run("a held void is settled by a word", func(t *testing.T) { heldVoid(t, s.in(t), p.in(t)) })
	t.Run("a late number that nobody voids is cleared", func(t *testing.T) { lateNumber(t, s.in(t), p.in(t)) })
	t.Run("what is held is shown, adopted and declared", func(t *testing.T) {
		s, p := s.in(t), p.in(t)
		for _, id := range []string{adopted, declared} {
			await(t, 3*time.Minute, id+" to be held", func() bool { return p.call("GET", "/v1/shipments/"+id, nil, nil).JSON["held"] == true }, nil)
		}
		s.must([]string{adopted, declared, "adopt-sim-unknown-held", "declare,adopt"}, "held", "-tenant", p.Tenant)
		s.must([]string{"answer to attempt 1", "make ops ARGS=\"resolve -tenant " + p.Tenant, "by reference " + booking.Reference(adopted)}, "held", "-tenant", p.Tenant, "-mode", "test", "-id", adopted)
		if out, code := s.ops("resolve", "-tenant", p.Tenant, "-mode", "test", "-id", adopted, "-version", "1", "-decision", "declare", "-reason", "x"); code != 2 || !strings.Contains(out, "-yes") {
			t.Errorf("without -yes: %d %s", code, out)
		}
		if out, code := s.resolve(p, adopted, "void"); code != 1 || !strings.Contains(out, "not_allowed") || !strings.Contains(out, "[declare adopt]") {
			t.Errorf("%d %s", code, out)
		}
		if out, code := s.resolve(p, adopted, "adopt", "-number", "SIM-NAMED-1"); code != 0 {
			t.Fatalf("%d %s", code, out)
		}
		if a := p.reaches(adopted, "booked", func(a answer) bool { return a.Str("status") == "booked" }); a.Str("tracking_number") != "SIM-NAMED-1" {
			t.Errorf("%s", a.Body)
		}
		if out, code := s.resolve(p, declared, "adopt", "-number", "SIM-NAMED-1"); code != 1 || !strings.Contains(out, "number_taken") || !strings.Contains(out, adopted) {
			t.Errorf("%d %s", code, out)
		}
		attempts := s.evidence(p, declared).Attempts
		if out, code := s.resolve(p, declared, "declare"); code != 0 {
			t.Fatalf("%d %s", code, out)
		}
		await(t, time.Minute, "another attempt", func() bool { return s.evidence(p, declared).Attempts > attempts }, nil)
	})
	t.Run("the audit has all of it", func(t *testing.T) {
		s, out, cursor := s.in(t), "", ""
		for range 50 { // looking is audited too
			page := s.must(nil, "audit", "-limit", "200", "-cursor", cursor)
			_, cursor, _ = strings.Cut(page, "add -cursor ")
			if out += page; cursor == "" {
				break
			}
			cursor = strings.TrimSpace(cursor)
		}
		for _, w := range []string{"create-tenant", "update-tenant", "erase-tenant-data", "resolve-shipments", "1 decided, 0 not", "number_taken", "ada", "seen at the carrier"} {
			if !strings.Contains(out, w) {
				t.Errorf("nothing is said of %s", w)
			}
		}
		if strings.Contains(out, p.Key) || strings.Contains(out, "test-secret") {
			t.Errorf("a secret is in the audit:\n%s", out)
		}
	})
	t.Run("what can't be done says what could", func(t *testing.T) {
		s := s.in(t)
		for _, c := range []struct {
			code int
			say  string
			args []string
		}{
			{2, "there is no command", []string{"hold"}}, {2, "help held", []string{"held", "now"}}, {1, "kinds", []string{"held", "-kinds", "lost"}},
			{1, "there is no tenant tn_none", []string{"erase", "tn_none", "-reason", "x", "-yes"}}, {1, "is not suspended", []string{"erase", p.Tenant, "-reason", "x", "-yes"}}, {2, "-yes", []string{"erase", p.Tenant}},
			{1, "the queues are", []string{"dead-letters", "mail"}}, {1, "give the id of an event", []string{"replay", "-tenant", p.Tenant, "-reason", "x", "-yes"}},
			{1, "there is no tenant", []string{"tenant", "show", "tn_none"}}, {1, "reason", []string{"tenant", "suspend", p.Tenant, "-yes"}}, {1, "limit \"book=0/s:1\"", []string{"tenant", "limits", p.Tenant, "book=0/s:1", "-reason", "x"}},
		} {
			if out, code := s.ops(c.args...); code != c.code || !strings.Contains(out, c.say) {
				t.Errorf("ops %v ended with %d, want %d and %q:\n%s", c.args, code, c.code, c.say, out)
			}
		}
		var out operating.TenantView
		err := s.Invoke(t.Context(), "update-tenant", map[string]any{"by": "ada", "reason": "x", "tenant": p.Tenant, "suspended": true}, &out)
		if err == nil || !strings.Contains(err.Error(), "suspended") || !strings.Contains(err.Error(), "revoke_key") {
			t.Errorf("a member that is none: %+v, %v", out, err)
		}
		s.must([]string{"suspended", "unknown field"}, "audit", "-limit", "3")
	})
}

// suspending suspends a tenant while an order waits.
func suspending(t *testing.T, s *stack) {
	p := s.shipper("Suspended")
	account := p.testCarrier()
	draft := p.atTestCarrier(account, "while-suspended")
	s.must([]string{"suspended since"}, "tenant", "suspend", p.Tenant, "-reason", "unpaid", "-yes")
	// The gateway's knowledge of a key is up to a minute old: this order comes through.
	a := p.call("POST", "/v1/shipments", draft, nil)
	if a.Status != 202 && a.Status != 403 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	id := booking.IDByReference(p.Tenant, ship.Test, "while-suspended")
	await(t, 90*time.Second, "the API to refuse", func() bool {
		a := p.call("GET", "/v1/shipments/"+id, nil, nil)
		return a.Status == 403 && a.Str("code") == "tenant_suspended"
	}, nil)
	if a.Status == 202 {
		if r, err := s.store().Record(t.Context(), p.Tenant, ship.Test, id); err != nil || r.Status != booking.Pending || r.Attempts != 0 {
			t.Errorf("%s after %d attempts, %v", r.Status, r.Attempts, err)
		}
	}
	s.must([]string{"works"}, "tenant", "resume", p.Tenant, "-reason", "paid")
	s.must([]string{"book=5/s:10"}, "tenant", "limits", p.Tenant, "book=5/s:10", "-reason", "a test")
	s.must([]string{"book=5/s:10", "works"}, "tenant", "show", p.Tenant)
	await(t, 2*time.Minute, "the order to be booked", func() bool {
		a := p.call("POST", "/v1/shipments", draft, nil)
		return a.Str("status") == "booked"
	}, func() string { return string(p.call("GET", "/v1/shipments/"+id, nil, nil).Body) })
}

// heldVoid settles a void whose outcome nobody knows. That takes a day: it is held here as recovery would after it.
func heldVoid(t *testing.T, s *stack, p *shipper) {
	id := p.ordered("held-void", "zpl", 1).Str("id")
	st := s.store()
	now := time.Now().UTC().Truncate(time.Millisecond)
	r, err := st.Record(t.Context(), p.Tenant, ship.Test, id)
	if err == nil {
		r, err = st.Void(t.Context(), p.Tenant, r, "test", now, now.Add(time.Minute), now.Add(time.Hour))
	}
	if err == nil {
		_, err = st.VoidUnk(t.Context(), p.Tenant, r, booking.Failure{Source: "fairlead", Code: "void_unknown", Detail: "not answered"}, now, now)
	}
	if err != nil {
		t.Fatal(err)
	}
	await(t, 10*time.Second, "the list to show it", func() bool { out, _ := s.ops("held", "-kinds", "void"); return strings.Contains(out, id) }, nil)
	if out, code := s.resolve(p, id, "booked"); code != 0 {
		t.Fatalf("%d %s", code, out)
	}
	if a := p.call("GET", "/v1/shipments/"+id, nil, nil); a.Str("status") != "booked" || cancellation(a) != "refused" {
		t.Errorf("%s", a.Body)
	}
}

// lateNumber clears a number that is not ours.
func lateNumber(t *testing.T, s *stack, p *shipper) {
	id := p.ordered("late-number", "zpl", 1).Str("id")
	now := time.Now().UTC().Truncate(time.Millisecond)
	if _, err := s.store().Late(t.Context(), p.Tenant, ship.Test, id, "1ZNOTOURS", now, now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	await(t, 10*time.Second, "the list to show it", func() bool {
		out, _ := s.ops("held", "-all", "-tenant", p.Tenant)
		return strings.Contains(out, "1ZNOTOURS")
	}, nil)
	if out, code := s.resolve(p, id, "clear", "-number", "1ZELSE"); code != 1 || !strings.Contains(out, "not_late") {
		t.Errorf("%d %s", code, out)
	}
	if out, code := s.resolve(p, id, "clear", "-number", "1ZNOTOURS"); code != 0 && !strings.Contains(out, "changed") {
		t.Fatalf("%d %s", code, out)
	}
	await(t, 10*time.Second, "the number to be gone", func() bool {
		r, err := s.store().Record(t.Context(), p.Tenant, ship.Test, id)
		if errors.Is(err, booking.ErrNotFound) {
			t.Fatal(err)
		}
		return len(r.Late) == 0
	}, nil)
}

// redriving sends what no consumer can read again, until it is refused.
func redriving(t *testing.T, s *stack) {
	s.mailbox().send("recovery", `{"id":"poison-of-an-operator"}`)
	comesBack := func(times int) {
		t.Helper()
		await(t, 60*time.Second, fmt.Sprintf("the poison to be buried after %d times", times), func() bool {
			out, _ := s.ops("dead-letters", "recovery", "-json")
			var a operating.LettersAnswer
			if json.Unmarshal([]byte(out), &a) != nil {
				return false
			}
			for _, l := range a.Letters {
				if strings.Contains(l.Body, "poison-of-an-operator") {
					return l.Again == times && strings.Contains(l.Reason, "tenant is missing")
				}
			}
			return false
		}, func() string { out, _ := s.ops("dead-letters", "recovery"); return out })
	}
	for times := range 2 {
		comesBack(times)
		await(t, 30*time.Second, "the letter to be sent again", func() bool { // who looks at it hides it for a second
			out, _ := s.ops("redrive", "recovery", "-reason", "a test", "-yes")
			return strings.Contains(out, "sent to recovery")
		}, nil)
	}
	comesBack(2)
	await(t, 30*time.Second, "it to be left where it is", func() bool {
		out, code := s.ops("redrive", "recovery", "-reason", "a test", "-yes")
		return code == 1 && strings.Contains(out, "sent again 2 times and came back")
	}, nil)
	comesBack(2)
}

// replaying sends events again, by their id and by a window.
func replaying(t *testing.T, s *stack) {
	p := s.shipper("Replayed")
	told := p.receiver(nil, "shipment.booked")
	begin := time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
	id := p.ordered("replayed", "zpl", 1).Str("id")
	first := told.gets(t, 1, id, "shipment.booked")[0]
	await(t, 30*time.Second, "the delivery to be recorded", func() bool { return told.record(p, first).State != "" }, nil)
	s.must([]string{first.ID, "1 sent, 0 not"}, "replay", "-tenant", p.Tenant, "-event", first.ID, "-reason", "lost", "-yes")
	told.gets(t, 2, id, "shipment.booked")
	s.must([]string{first.ID, "1 sent, 0 not"}, "replay", "-tenant", p.Tenant, "-endpoint", told.id, "-from", begin, "-reason", "lost", "-yes")
	all := told.gets(t, 3, id, "shipment.booked")
	for _, d := range all[1:] {
		if d.ID != first.ID || d.data()["tracking_number"] != first.data()["tracking_number"] || d.Event["sequence"] != first.Event["sequence"] {
			t.Errorf("%s became %s", first.Body, d.Body)
		}
	}
}

// erasing takes a tenant's data away, while it has an order that waits.
func erasing(t *testing.T, s *stack) {
	p := s.shipper("Erased")
	p.receiver(nil)
	id := p.ordered("erased", "zpl", 1).Str("id")
	st := s.store()
	booked, err := st.Record(t.Context(), p.Tenant, ship.Test, id)
	if err != nil {
		t.Fatal(err)
	}
	s.must(nil, "tenant", "suspend", p.Tenant, "-reason", "left", "-yes")
	await(t, time.Minute, "every process to know that it is suspended", func() bool {
		_, code := s.ops("erase", p.Tenant, "-reason", "left", "-yes")
		return code == 0
	}, func() string { out, _ := s.ops("erase", p.Tenant, "-reason", "left", "-yes"); return out })
	s.must([]string{"erased since"}, "tenant", "show", p.Tenant)
	s.must([]string{"erased: 0 abandoned, 0 documents"}, "erase", p.Tenant, "-reason", "to be sure", "-yes")
	if out, code := s.ops("tenant", "resume", p.Tenant, "-reason", "x"); code != 1 || !strings.Contains(out, "stays suspended") {
		t.Errorf("%d %s", code, out)
	}
	now, err := st.Record(t.Context(), p.Tenant, ship.Test, id)
	if err != nil || now.TrackingNumber != booked.TrackingNumber || now.Status != booking.Booked || now.Reference != "" || now.Version != booked.Version {
		t.Errorf("%+v, %v", now, err)
	}
	if _, err := st.Request(t.Context(), p.Tenant, ship.Test, id, now.RequestFP); !errors.Is(err, booking.ErrNotFound) {
		t.Errorf("its order can be read: %v", err)
	}
	await(t, 90*time.Second, "its key to be unknown", func() bool { return p.call("GET", "/v1/shipments/"+id, nil, nil).Status == 401 }, nil)
}
