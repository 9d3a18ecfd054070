package chaos

import (
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/infra/carriersim/fault"
	"github.com/fairlead/fairlead/infra/local/endtoend"
	"github.com/fairlead/fairlead/shared/booking"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// after is a time of the attempt, which began at noon.
func after(ms int) time.Time { return noon.Add(time.Duration(ms) * time.Millisecond) }

func says(fields map[string]any) endtoend.Answer { return endtoend.Answer{JSON: fields} }

func booked(number string) endtoend.Answer {
	return says(map[string]any{"status": "booked", "document": "ready", "tracking_number": number})
}

func heldAnswer() endtoend.Answer { return says(map[string]any{"status": "unknown", "held": true}) }

func struck(at int, op fault.Operation, k fault.Kind) carriersim.Injected {
	return carriersim.Injected{Time: after(at), Operation: op, Kind: k}
}

func live(numbers ...string) carriersim.Entry {
	return carriersim.Entry{Live: len(numbers), Numbers: numbers}
}

// attempt is a history whose claim was made at noon, ended by a cause so many milliseconds later, and held at 75 s.
func attempt(cause booking.Cause, ms int) []booking.Entry {
	return []booking.Entry{{At: after(-10), Status: booking.Pending, Cause: booking.CauseInitiated}, {At: noon, Status: booking.Booking, Cause: booking.CauseLabelRequested},
		{At: after(ms), Status: booking.Unknown, Cause: cause}, {At: after(75_000), Cause: booking.CauseHeld}}
}

func TestJudge(t *testing.T) {
	times, err := booking.TimeSet("short")
	if err != nil {
		t.Fatal(err)
	}
	died, unknown := attempt(booking.CauseLeaseExpired, 4000), attempt(booking.CauseOutcomeUnknown, 20)
	for name, c := range map[string]struct {
		evidence
		wrong            string // "": nothing
		duplicates, lost int
	}{
		"booked as the carrier has it is right":     {evidence{Answer: booked("A"), Ledger: live("A")}, "", 0, 0},
		"two live bookings are a duplicate":         {evidence{Answer: booked("A"), Ledger: live("A", "B")}, "booked 2 times", 1, 1},
		"a duplicate that is shown is not lost":     {evidence{Answer: says(map[string]any{"status": "booked", "document": "ready", "tracking_number": "A", "late_tracking_numbers": []any{"B"}}), Ledger: live("A", "B")}, "booked 2 times", 1, 0},
		"another number is lost":                    {evidence{Answer: booked("A"), Ledger: live("B")}, "which the carrier does not know", 0, 1},
		"a number that nobody has is wrong":         {evidence{Answer: booked("A")}, "which the carrier does not know", 0, 0},
		"a failure with a live booking is lost":     {evidence{Answer: says(map[string]any{"status": "failed"}), Ledger: live("A"), Strikes: []carriersim.Injected{struck(5, fault.Ship, fault.Refuse)}}, "the carrier holds A", 0, 1},
		"a failure after a refusal is right":        {evidence{Answer: says(map[string]any{"status": "failed"}), Strikes: []carriersim.Injected{struck(5, fault.Ship, fault.Throttled), struck(9, fault.Ship, fault.Refuse)}}, "", 0, 0},
		"a failure after anything else is wrong":    {evidence{Answer: says(map[string]any{"status": "failed"}), Strikes: []carriersim.Injected{struck(5, fault.Ship, fault.Refuse), struck(9, fault.Ship, fault.ErrorBefore)}}, "not refused", 0, 0},
		"a failure after nothing is wrong":          {evidence{Answer: says(map[string]any{"status": "failed"})}, "not refused", 0, 0},
		"what is still pending is wrong":            {evidence{Answer: says(map[string]any{"status": "pending"})}, "has not moved", 0, 0},
		"unknown but not held is wrong":             {evidence{Answer: says(map[string]any{"status": "unknown"}), History: unknown}, "has not moved", 0, 0},
		"booked without its document is wrong":      {evidence{Answer: says(map[string]any{"status": "booked", "document": "pending", "tracking_number": "A"}), Ledger: live("A")}, "has not moved", 0, 0},
		"held after a lost answer is right":         {evidence{Answer: heldAnswer(), History: unknown, Strikes: []carriersim.Injected{struck(5, fault.Ship, fault.DropBefore)}}, "", 0, 0},
		"held after a definite answer is wrong":     {evidence{Answer: heldAnswer(), History: unknown, Strikes: []carriersim.Injected{struck(5, fault.Ship, fault.Throttled)}}, "nothing broke", 0, 0},
		"held for a fault of another call is wrong": {evidence{Answer: heldAnswer(), History: unknown, Strikes: []carriersim.Injected{struck(-100, fault.Ship, fault.DropBefore)}}, "nothing broke", 0, 0},
		"held without any fault is wrong":           {evidence{Answer: heldAnswer(), History: unknown}, "nothing broke", 0, 0},
		"held after waiting in vain is right":       {evidence{Answer: heldAnswer(), History: attempt(booking.CauseOutcomeUnknown, 2000)}, "", 0, 0},
		"held after a death without a kill is wrong": {evidence{Answer: heldAnswer(), History: died, Blows: []blow{
			{From: after(-900), To: after(-800), Kind: killed}, {From: after(3500), To: after(3600), Kind: killed}, {From: after(5), To: after(6), Kind: duplicated}}}, "nothing broke", 0, 0},
		"held after a kill is right":               {evidence{Answer: heldAnswer(), History: died, Blows: []blow{{From: after(100), To: after(101), Kind: holding}}}, "", 0, 0},
		"held after a crash of the stack is right": {evidence{Answer: heldAnswer(), History: died, Blows: []blow{{From: after(-50), To: after(10), Kind: crashed}}}, "", 0, 0},
		"held on a slow machine is right":          {evidence{Answer: heldAnswer(), History: died, TimedOut: true}, "", 0, 0},
		"held with a live booking is wrong when the last look-up was answered": {evidence{Answer: heldAnswer(), Ledger: live("A"), History: unknown,
			Strikes: []carriersim.Injected{struck(5, fault.Ship, fault.DropAfter), struck(60_000, fault.Track, fault.Slow)}}, "nothing struck the last look-up", 0, 0},
		"held with a live booking is right when the last look-up was struck": {evidence{Answer: heldAnswer(), Ledger: live("A"), History: unknown,
			Strikes: []carriersim.Injected{struck(5, fault.Ship, fault.DropAfter), struck(74_990, fault.Track, fault.Slow)}}, "", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := c.evidence.judge(times)
			if got := strings.Join(f.wrong, "; "); (got == "") != (c.wrong == "") || !strings.Contains(got, c.wrong) || f.duplicates != c.duplicates || f.lost != c.lost {
				t.Errorf("%q, %d duplicates, %d lost; want %q, %d, %d", got, f.duplicates, f.lost, c.wrong, c.duplicates, c.lost)
			}
		})
	}
}

func TestMessagesAreThoseOfTheOutbox(t *testing.T) {
	times, err := booking.TimeSet("short")
	if err != nil {
		t.Fatal(err)
	}
	// What the relay announces, change by change.
	r := booking.Record{Tenant: "t", Mode: "test", ID: "shp_1", RequestFP: "fp", Correlation: "c", Priority: "urgent"}
	var want []string
	step := func(s booking.Status, change func(*booking.Record)) {
		before := r
		r.Status, r.Version = s, r.Version+1
		r.History = append(r.History[:len(r.History):len(r.History)], booking.Entry{At: after(int(r.Version) * 10), Status: s})
		change(&r)
		for _, m := range booking.Announce(&before, r, r.Updated(), times) {
			want = append(want, string(m.To)+" "+compact(m.Envelope))
		}
	}
	step(booking.Pending, func(*booking.Record) {})
	step(booking.Booking, func(r *booking.Record) { r.Owner, r.Epoch = "me", 1 })
	step(booking.Pending, func(r *booking.Record) { r.Owner, r.NotBefore = "", after(500) })
	step(booking.Booking, func(r *booking.Record) { r.Owner, r.Epoch, r.NotBefore = "me", 2, time.Time{} })
	step(booking.Unknown, func(r *booking.Record) { r.Owner, r.NotBefore = "", after(900) })
	step(booking.Booked, func(r *booking.Record) {
		r.TrackingNumber, r.Document, r.NotBefore = "A", booking.DocumentReady, time.Time{}
	})
	var got []string
	for _, m := range messages(r, times) {
		got = append(got, string(m.To)+" "+compact(m.Envelope))
	}
	if len(got) != 4 || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestRatesLeaveCallsThatSucceed(t *testing.T) {
	for seed := range uint64(20) {
		sim, err := endtoend.NewSimulator(t.Context(), seed)
		if err != nil {
			t.Fatal(err)
		}
		r := &run{Plan: Plan{Seed: seed}, sim: sim}
		strikes := map[fault.Kind]int{}
		for phase := range phases {
			if err := r.storm(phase); err != nil {
				t.Fatal(err)
			}
			shares := map[fault.Operation]int{}
			for _, f := range sim.Faults() {
				if f.Kind != fault.Lag {
					shares[f.Operation] += f.Probability
				}
				if f.Operation == fault.Ship {
					strikes[f.Kind]++
				}
				if f.Kind == fault.Refuse && f.Operation != fault.Ship {
					t.Errorf("%+v", f)
				}
			}
			for op, share := range shares {
				if share > 900 {
					t.Errorf("seed %d, phase %d: %d of 1000 %s calls are struck", seed, phase, share, op)
				}
			}
		}
		for _, k := range fault.Kinds() {
			if strikes[k] != phases {
				t.Errorf("seed %d: %s has a rate in %d phases", seed, k, strikes[k])
			}
		}
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	}
}
