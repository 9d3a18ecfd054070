package carriersim_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/infra/carriersim/fault"
)

func TestFaultsStrikeBeforeOrAfterTheBooking(t *testing.T) {
	for name, c := range map[string]struct {
		rule   fault.Fault
		status int // 0: the connection is lost
		has    string
		live   int
	}{
		"401":                 {fault.Fault{Kind: fault.Unauthorized}, 401, `"250002"`, 0},
		"429":                 {fault.Fault{Kind: fault.Throttled}, 429, `"10429"`, 0},
		"refusal":             {fault.Fault{Kind: fault.Refuse}, 400, `"120802"`, 0},
		"refusal with a code": {fault.Fault{Kind: fault.Refuse, Code: "111111"}, 400, `"111111"`, 0},
		"500 before":          {fault.Fault{Kind: fault.ErrorBefore}, 500, `"10004"`, 0},
		"502 before":          {fault.Fault{Kind: fault.ErrorBefore, Status: 502}, 502, "<html>", 0},
		"503 after":           {fault.Fault{Kind: fault.ErrorAfter, Status: 503}, 503, `"10004"`, 1},
		"empty 200":           {fault.Fault{Kind: fault.Empty}, 200, "", 0},
		"dropped before":      {fault.Fault{Kind: fault.DropBefore}, 0, "", 0},
		"dropped after":       {fault.Fault{Kind: fault.DropAfter}, 0, "", 1},
		"empty 200 after":     {fault.Fault{Kind: fault.EmptyAfter}, 200, "", 1},
		"garbled":             {fault.Fault{Kind: fault.Garbled}, 200, `"1Z`, 1},
		"slow":                {fault.Fault{Kind: fault.Slow, DelayMS: 1}, 200, `"1Z`, 1},
		"lag":                 {fault.Fault{Kind: fault.Lag, DelayMS: 60_000}, 200, `"1Z`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, carriersim.Options{})
			c.rule.Operation, c.rule.Times = fault.Ship, 1
			if err := r.sim.SetFaults(c.rule); err != nil {
				t.Fatal(err)
			}
			g := r.book(t.Context(), "ref", "")
			if g.status != c.status || !strings.Contains(g.body, c.has) || (g.err != nil) != (c.status == 0) {
				t.Errorf("%d %q %v, want %d %q", g.status, g.body, g.err, c.status, c.has)
			}
			if n := r.sim.Live("ref"); n != c.live {
				t.Errorf("%d live, want %d", n, c.live)
			}
			struck := r.sim.Injected()
			if len(struck) != 1 || struck[0].Kind != c.rule.Kind || struck[0].Booked != (c.live == 1) || struck[0].Reference != "ref" || struck[0].RequestID != "trans-1" {
				t.Errorf("injected %+v", struck)
			}
			if g := r.book(t.Context(), "next", ""); g.status != 200 || len(r.sim.Faults()) != 0 {
				t.Errorf("the rule struck more than once: %d, rules %v", g.status, r.sim.Faults())
			}
		})
	}
}

func TestEmptyAnswerHasUPSHeaders(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	if g := r.book(t.Context(), "ref", "empty"); g.body != "" || g.header.Get("APIErrorCode") != "1" || g.header.Get("Content-Length") != "0" {
		t.Errorf("%+v", g)
	}
}

func TestRetryAfterIsSentOnlyWhenTheRuleSaysSo(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	if g := r.book(t.Context(), "ref", "throttled"); g.header.Get("Retry-After") != "" {
		t.Errorf("%v", g.header)
	}
	_ = r.sim.SetFaults(fault.Fault{Kind: fault.Throttled, RetryAfter: 7})
	if g := r.book(t.Context(), "ref", ""); g.header.Get("Retry-After") != "7" {
		t.Errorf("%v", g.header)
	}
}

func TestSlowIsHeldAndStaysBookedWhenTheCallerLeaves(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	_ = r.sim.SetFaults(fault.Fault{Kind: fault.Slow, Operation: fault.Ship}) // 45 s
	ctx, leave := context.WithCancel(t.Context())
	done := make(chan got, 1)
	go func() { done <- r.book(ctx, "ref", "") }()
	eventually(t, "the call is held", func() bool { h := r.sim.Inflight(); return len(h) == 1 && h[0].Kind == fault.Slow })
	held := r.sim.Inflight()[0]
	if held.Operation != fault.Ship || held.Reference != "ref" || !held.Booked || !strings.HasPrefix(held.Remote, "127.0.0.1:") {
		t.Errorf("held %+v", held)
	}
	if n := r.sim.Live("ref"); n != 1 {
		t.Errorf("%d live while held, want 1", n)
	}
	leave()
	if g := <-done; !errors.Is(g.err, context.Canceled) {
		t.Errorf("%+v", g)
	}
	eventually(t, "the caller is noticed to have left", func() bool { return len(r.sim.Inflight()) == 0 && r.sim.Injected()[0].Left })
	if n := r.sim.Live("ref"); n != 1 {
		t.Errorf("%d live, want 1", n)
	}
}

func TestLateExecutesAfterTheConnectionIsLost(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	_ = r.sim.SetFaults(fault.Fault{Kind: fault.Late, DelayMS: 150})
	if g := r.book(t.Context(), "ref", ""); g.err == nil {
		t.Errorf("answered %d", g.status)
	}
	if n, held := r.sim.Live("ref"), r.sim.Inflight(); n != 0 || len(held) != 1 || held[0].Kind != fault.Late {
		t.Errorf("at once: %d live, held %+v", n, held)
	}
	eventually(t, "it is executed", func() bool { return r.sim.Live("ref") == 1 && len(r.sim.Inflight()) == 0 })
	if i := r.sim.Injected(); len(i) != 1 || !i[0].Booked {
		t.Errorf("injected %+v", i)
	}
}

func TestLagHidesOneBookingFromLookUps(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	_ = r.sim.SetFaults(fault.Fault{Kind: fault.Lag, Reference: "hidden", DelayMS: 60_000}, fault.Fault{Kind: fault.DropAfter, Operation: fault.Ship})
	for _, ref := range []string{"hidden-1", "seen-1"} {
		if g := r.book(t.Context(), ref, ""); g.err == nil {
			t.Errorf("%s: answered %d", ref, g.status)
		}
	}
	if g := r.recover("hidden-1"); g.status != 400 {
		t.Errorf("hidden: %+v", g)
	}
	if g := r.recover("seen-1"); g.status != 200 {
		t.Errorf("seen: %+v", g)
	}
	if n := len(r.sim.Injected()); n != 3 { // two drops and one lag
		t.Errorf("%d faults: %+v", n, r.sim.Injected())
	}
}

func TestFaultsStrikeOtherOperationsToo(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	r.book(t.Context(), "ref", "")
	_ = r.sim.SetFaults(fault.Fault{Kind: fault.Unauthorized, Operation: fault.Recovery, Times: 1}, fault.Fault{Kind: fault.DropBefore, Operation: fault.Recovery})
	if g := r.recover("ref"); g.status != 401 {
		t.Errorf("%+v", g)
	}
	if g := r.recover("ref"); g.err == nil {
		t.Errorf("%+v", g)
	}
	if g := r.book(t.Context(), "other", ""); g.status != 200 {
		t.Errorf("%+v", g)
	}
}

func TestChancesAreTheSeedsAndReachTheirShare(t *testing.T) {
	rules := []fault.Fault{
		{Kind: fault.ErrorAfter, Operation: fault.Ship, Probability: 100}, {Kind: fault.Refuse, Operation: fault.Ship, Probability: 100},
		{Kind: fault.DropAfter, Operation: fault.Ship, Probability: 100}, {Kind: fault.Empty, Operation: fault.Ship, Probability: 100},
	}
	strike := func(seed uint64, backwards bool) map[string]fault.Kind {
		r := newRig(t, carriersim.Options{Seed: seed})
		_ = r.sim.SetFaults(rules...)
		for i := range 400 {
			if backwards {
				i = 399 - i
			}
			r.book(t.Context(), fmt.Sprintf("ref-%d", i), "")
		}
		kinds := map[string]fault.Kind{}
		for _, i := range r.sim.Injected() {
			kinds[i.Reference] = i.Kind
		}
		return kinds
	}
	a, b, c := strike(1, false), strike(1, true), strike(2, false)
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("another order struck others:\n%s", diff)
	}
	if cmp.Equal(a, c) {
		t.Error("another seed struck the same")
	}
	counts := map[fault.Kind]int{}
	for _, k := range a {
		counts[k]++
	}
	for _, rule := range rules { // 40 expected, 6 the standard deviation
		if n := counts[rule.Kind]; n < 20 || n > 60 {
			t.Errorf("%s struck %d of 400, want about 40", rule.Kind, n)
		}
	}
}

func TestLedgerAndFaultsAgreeUnderLoad(t *testing.T) {
	r := newRig(t, carriersim.Options{Seed: 3})
	_ = r.sim.SetFaults(fault.Fault{Kind: fault.DropAfter, Probability: 200}, fault.Fault{Kind: fault.DropBefore, Probability: 200}, fault.Fault{Kind: fault.ErrorAfter, Probability: 200})
	answers := make([]got, 120)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := w; i < len(answers); i += 8 {
				answers[i] = r.book(t.Context(), fmt.Sprintf("ref-%d", i), "")
			}
		})
	}
	wg.Wait()
	want := 0
	for _, g := range answers {
		if g.status == 200 {
			want++
		}
	}
	for _, i := range r.sim.Injected() {
		if i.Booked {
			want++
		}
	}
	numbers, live := map[string]bool{}, 0
	for _, e := range r.sim.Ledger() {
		live += e.Live
		for _, n := range e.Numbers {
			numbers[n] = true
		}
	}
	if live != want || len(numbers) != want {
		t.Errorf("%d live with %d numbers, want %d", live, len(numbers), want)
	}
}

func TestFaultsStrikeBeforeOrAfterTheVoid(t *testing.T) {
	for name, c := range map[string]struct {
		rule   fault.Fault
		status int // 0: the connection is lost
		has    string
		live   int
	}{
		"401":                         {fault.Fault{Kind: fault.Unauthorized}, 401, `"250002"`, 1},
		"429":                         {fault.Fault{Kind: fault.Throttled}, 429, `"10429"`, 1},
		"refusal":                     {fault.Fault{Kind: fault.Refuse}, 400, `"190102"`, 1},
		"502 before":                  {fault.Fault{Kind: fault.ErrorBefore, Status: 502}, 502, "<html>", 1},
		"executed, then 503":          {fault.Fault{Kind: fault.ErrorAfter, Status: 503}, 503, `"10004"`, 0},
		"empty 200":                   {fault.Fault{Kind: fault.Empty}, 200, "", 1},
		"executed, then empty 200":    {fault.Fault{Kind: fault.EmptyAfter}, 200, "", 0},
		"garbled":                     {fault.Fault{Kind: fault.Garbled}, 200, "&#xD;1", 0},
		"dropped before":              {fault.Fault{Kind: fault.DropBefore}, 0, "", 1},
		"executed, then dropped":      {fault.Fault{Kind: fault.DropAfter}, 0, "", 0},
		"executed, and answered late": {fault.Fault{Kind: fault.Slow, DelayMS: 1}, 200, `"Voided"`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, carriersim.Options{})
			r.book(t.Context(), "ref", "")
			c.rule.Operation, c.rule.Reference, c.rule.Times = fault.Void, "ref", 1
			if err := r.sim.SetFaults(c.rule); err != nil {
				t.Fatal(err)
			}
			g := r.void(t.Context(), "ref", "")
			if g.status != c.status || !strings.Contains(g.body, c.has) || (g.err != nil) != (c.status == 0) {
				t.Errorf("%d %q %v, want %d %q", g.status, g.body, g.err, c.status, c.has)
			}
			if n := r.sim.Live("ref"); n != c.live {
				t.Errorf("%d live, want %d", n, c.live)
			}
			struck := r.sim.Injected()
			if len(struck) != 1 || struck[0].Operation != fault.Void || struck[0].Voided != (c.live == 0) || struck[0].Booked || struck[0].Reference != "ref" {
				t.Errorf("injected %+v", struck)
			}
			if g := r.void(t.Context(), "ref", ""); g.status != 200 || r.sim.Live("ref") != 0 {
				t.Errorf("asked again: %d, %d live", g.status, r.sim.Live("ref"))
			}
		})
	}
}

func TestAVoidIsHeldOrExecutedLate(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	r.book(t.Context(), "held", "")
	r.book(t.Context(), "late", "")
	_ = r.sim.SetFaults(fault.Fault{Kind: fault.Slow, Operation: fault.Void, Reference: "held"}, fault.Fault{Kind: fault.Late, Operation: fault.Void, Reference: "late", DelayMS: 150})
	ctx, leave := context.WithCancel(t.Context())
	done := make(chan got, 1)
	go func() { done <- r.void(ctx, "held", "") }()
	eventually(t, "the void is held", func() bool { h := r.sim.Inflight(); return len(h) == 1 && h[0].Kind == fault.Slow && h[0].Voided })
	leave()
	<-done
	if n := r.sim.Live("held"); n != 0 {
		t.Errorf("%d live after the caller left", n)
	}
	if g := r.void(t.Context(), "late", ""); g.err == nil || r.sim.Live("late") != 1 {
		t.Errorf("at once: %+v, %d live", g, r.sim.Live("late"))
	}
	eventually(t, "it is executed", func() bool { i := r.sim.Injected(); return r.sim.Live("late") == 0 && i[len(i)-1].Voided })
}

func TestFaultsStrikeRatesAndAddresses(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	address := `{"XAVRequest":{"AddressKeyFormat":{"AddressLine":["1 Main St"],"PoliticalDivision2":"Timonium","PoliticalDivision1":"MD","PostcodePrimaryLow":"21093","CountryCode":"US"}}}`
	place := `{"Address":{"City":"Timonium","StateProvinceCode":"MD","PostalCode":"21093","CountryCode":"US"}}`
	rate := fmt.Sprintf(`{"RateRequest":{"Request":{"TransactionReference":{"CustomerContext":"quote-1"}},"Shipment":{"Shipper":%[1]s,"ShipTo":%[1]s,
		"Package":{"PackagingType":{"Code":"02"},"PackageWeight":{"UnitOfMeasurement":{"Code":"LBS"},"Weight":"1"}}}}}`, place)
	for _, c := range []struct {
		op         fault.Operation
		path, body string
		refusal    string
	}{{fault.Rate, "/api/rating/v2409/Shop", rate, `"111210"`}, {fault.Address, "/api/addressvalidation/v2/3", address, `"9264028"`}} {
		ask := func() got { return r.send(t.Context(), http.MethodPost, c.path, c.body, "") }
		_ = r.sim.SetFaults(fault.Fault{Kind: fault.ErrorBefore, Operation: c.op, Status: 503, Times: 1}, fault.Fault{Kind: fault.Refuse, Operation: c.op, Times: 1},
			fault.Fault{Kind: fault.DropBefore, Operation: c.op, Times: 1}, fault.Fault{Kind: fault.Garbled, Operation: c.op, Times: 1}, fault.Fault{Kind: fault.Refuse, Operation: fault.Ship})
		for i, want := range []struct {
			status int
			has    string
		}{{503, `"10004"`}, {400, c.refusal}, {0, ""}, {200, "Success"}, {200, "Success"}} {
			if g := ask(); g.status != want.status || !strings.Contains(g.body, want.has) {
				t.Errorf("%s %d: %+v, want %d %s", c.op, i, g, want.status, want.has)
			}
		}
		if n := r.sim.Calls()[c.op]; n != 5 {
			t.Errorf("%s: %d calls, want 5", c.op, n)
		}
	}
	if n, none := r.sim.CallsFor(fault.Rate, "quote-1"), r.sim.CallsFor(fault.Rate, "quote"); n != 5 || none != 0 {
		t.Errorf("%d calls about quote-1 and %d about quote, want 5 and 0", n, none)
	}
	if first := r.sim.Injected()[0]; first.Reference != "quote-1" {
		t.Errorf("a rate is known by its context: %+v", first)
	}
}
