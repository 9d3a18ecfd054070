package booking

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
)

var t0 = time.UnixMilli(1_800_000_000_000).UTC()

func after(s int) time.Time { return t0.Add(time.Duration(s) * time.Second) }

func TestTimes(t *testing.T) {
	for _, name := range []string{"standard", "short"} {
		t.Run("the relations hold in set "+name, func(t *testing.T) {
			times, err := TimeSet(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := times.Check(); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("a set that nobody knows is refused", func(t *testing.T) {
		if _, err := TimeSet("quick"); err == nil {
			t.Error("accepted")
		}
	})
	t.Run("a relation that is broken is named", func(t *testing.T) {
		times := StandardTimes()
		times.LeaseMargin = times.CallMargin
		if times.Check() == nil {
			t.Error("accepted")
		}
	})
}

func TestAfterClaimRefused(t *testing.T) {
	times := StandardTimes()
	for name, c := range map[string]struct {
		old  Record
		step ClaimStep
		wait time.Duration
	}{
		"my own claim is held":                             {Record{Status: Booking, Owner: "me", Lease: after(75)}, StepHold, 0},
		"another's live lease is waited for":               {Record{Status: Booking, Owner: "x", Lease: after(60)}, StepResend, 65 * time.Second},
		"a lease that ran out is expired":                  {Record{Status: Booking, Owner: "x", Lease: after(-1)}, StepExpire, 0},
		"a lease that ends now still lives":                {Record{Status: Booking, Owner: "x", Lease: t0}, StepResend, 5 * time.Second},
		"a shipment whose time has not come is sent later": {Record{Status: Pending, NotBefore: after(9)}, StepResend, 9 * time.Second},
		"a late answer goes before waiting":                {Record{Status: Pending, NotBefore: after(9), Late: []string{"1Z"}}, StepReopen, 0},
		"a wish to cancel is fulfilled":                    {Record{Status: Pending, CancelWanted: t0}, StepCancel, 0},
		"a late answer goes before a cancellation":         {Record{Status: Pending, CancelWanted: t0, Late: []string{"1Z"}}, StepReopen, 0},
		"what was edited since is sent anew":               {Record{Status: Pending, RequestFP: "fp2"}, StepAnew, 0},
		"an edit waits for its time like the rest":         {Record{Status: Pending, RequestFP: "fp2", NotBefore: after(9)}, StepResend, 9 * time.Second},
		"what is claimed as it was is no edit":             {Record{Status: Pending, RequestFP: "fp"}, StepAcknowledge, 0},
		"booked is acknowledged":                           {Record{Status: Booked}, StepAcknowledge, 0},
		"unknown is acknowledged":                          {Record{Status: Unknown}, StepAcknowledge, 0},
		"failed is acknowledged":                           {Record{Status: Failed}, StepAcknowledge, 0},
		"a draft is acknowledged":                          {Record{Status: Draft}, StepAcknowledge, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if step, wait := AfterClaimRefused(c.old, Claim{Me: "me", Request: "fp", Now: t0}, times); step != c.step || wait != c.wait {
				t.Errorf("step %d after %v, want %d after %v", step, wait, c.step, c.wait)
			}
		})
	}
}

func TestAfterCall(t *testing.T) {
	done := carrier.Outcome{Kind: carrier.Done, Booking: &ship.Booking{TrackingNumber: "1Z"}}
	for name, c := range map[string]struct {
		r     Record
		o     carrier.Outcome
		ready bool
		want  ResultWrite
	}{
		"yes with its label is booked":           {Record{}, done, true, WriteBooked},
		"yes without its label stays open":       {Record{}, done, false, WriteBookedOpen},
		"yes with an audit owed stays open":      {Record{AuditOwed: true}, done, true, WriteBookedOpen},
		"yes with a wish to cancel stays open":   {Record{CancelWanted: t0}, done, true, WriteBookedOpen},
		"yes with a late number stays open":      {Record{Late: []string{"1Z1"}}, done, true, WriteBookedOpen},
		"not one byte sent goes back":            {Record{}, carrier.Outcome{Kind: carrier.NotSent}, false, WriteBack},
		"throttled goes back":                    {Record{}, carrier.Outcome{Kind: carrier.Throttled}, false, WriteBack},
		"unauthenticated goes back":              {Record{}, carrier.Outcome{Kind: carrier.Unauthenticated}, false, WriteBack},
		"a definite no is failed":                {Record{}, carrier.Outcome{Kind: carrier.Refused}, false, WriteRefused},
		"anything else is unknown":               {Record{}, carrier.Outcome{Kind: carrier.Unknown}, false, WriteUnknown},
		"an outcome nobody filled in is unknown": {Record{}, carrier.Outcome{}, false, WriteUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			if got, _ := AfterCall(c.r, c.o, c.ready); got != c.want {
				t.Errorf("write %d, want %d", got, c.want)
			}
		})
	}
}

func TestAfterResultRefused(t *testing.T) {
	f := Fence{Me: "me", Epoch: 3}
	mine := Record{Status: Booking, Owner: "me", Epoch: 3}
	with := func(r Record, f func(*Record)) Record { f(&r); return r }
	for name, c := range map[string]struct {
		old    Record
		write  ResultWrite
		number string
		want   ResultStep
	}{
		"BOOKED refused under my fence is written open":    {with(mine, func(r *Record) { r.Late = []string{"x"} }), WriteBooked, "1Z", ResultOpen},
		"BACK refused under my fence becomes unknown":      {with(mine, func(r *Record) { r.Late = []string{"x"} }), WriteBack, "", ResultUnknown},
		"REFUSED refused under my fence becomes unknown":   {with(mine, func(r *Record) { r.Late = []string{"x"} }), WriteRefused, "", ResultUnknown},
		"my own number is there: it was my write":          {Record{Status: Booked, TrackingNumber: "1Z"}, WriteBooked, "1Z", ResultDone},
		"a number that is not there is kept as late":       {Record{Status: Booked, TrackingNumber: "1Y"}, WriteBooked, "1Z", ResultLate},
		"a number is kept in unknown as well":              {Record{Status: Unknown, Epoch: 4}, WriteBookedOpen, "1Z", ResultLate},
		"a number is kept under another's booking":         {Record{Status: Booking, Owner: "you", Epoch: 4}, WriteBooked, "1Z", ResultLate},
		"the same owner in another epoch is somebody else": {Record{Status: Booking, Owner: "me", Epoch: 4}, WriteBack, "", ResultDone},
		"without a number there is nothing to keep":        {Record{Status: Unknown}, WriteUnknown, "", ResultDone},
		"back to pending is not mine any more":             {Record{Status: Pending}, WriteBack, "", ResultDone},
	} {
		t.Run(name, func(t *testing.T) {
			if got := AfterResultRefused(c.old, f, c.write, c.number); got != c.want {
				t.Errorf("step %d, want %d", got, c.want)
			}
		})
	}
}

func TestAfterLook(t *testing.T) {
	times := StandardTimes()
	absent := carrier.Finding{Kind: carrier.Absent}
	found := func(numbers ...string) carrier.Finding {
		f := carrier.Finding{Kind: carrier.Found}
		for _, n := range numbers {
			f.Bookings = append(f.Bookings, ship.Booking{TrackingNumber: n})
		}
		return f
	}
	// The call was sent at t0 at the latest, its lease ended at 75 s, and the carrier settles in 300 s, and clocks differ by 180 s: 555 s.
	r := Record{Status: Unknown, SendBy: t0, Lease: after(75), FirstAbsent: after(100)}
	look := func(f carrier.Finding, asked int, a carrier.Absence) Look {
		return Look{Finding: f, Asked: after(asked), Absence: a, SettleS: 300, Document: DocumentReady}
	}
	for name, c := range map[string]struct {
		r    Record
		l    Look
		want LookStep
		num  string
		rest []string
	}{
		"what is found is adopted, whatever absence means":           {r, look(found("1Z1"), 30, carrier.NoAbsence), LookAdopt, "1Z1", nil},
		"of several the first is adopted, the rest is late":          {r, look(found("1Z1", "1Z2"), 30, carrier.Advisory), LookAdoptOpen, "1Z1", []string{"1Z2"}},
		"a late number is adopted without being found":               {Record{Late: []string{"1Z9"}}, look(carrier.Finding{}, 30, carrier.Advisory), LookAdopt, "1Z9", nil},
		"a late number goes before a found one":                      {Record{Late: []string{"1Z9"}}, look(found("1Z1"), 30, carrier.Advisory), LookAdoptOpen, "1Z9", []string{"1Z1"}},
		"a late number that a parcel found has is no second booking": {Record{Late: []string{"1Z2"}}, look(carrier.Finding{Kind: carrier.Found, Bookings: []ship.Booking{{TrackingNumber: "1Z1", Numbers: []string{"1Z1", "1Z2"}}}}, 30, carrier.Advisory), LookAdopt, "1Z2", nil},
		"adopting with a wish to cancel stays open":                  {Record{CancelWanted: t0}, look(found("1Z1"), 30, carrier.Advisory), LookAdoptOpen, "1Z1", nil},
		"adopting with an audit owed stays open":                     {Record{AuditOwed: true}, look(found("1Z1"), 30, carrier.Advisory), LookAdoptOpen, "1Z1", nil},
		"an error is not an absence":                                 {r, look(carrier.Finding{Kind: carrier.FindFailed}, 556, carrier.Conclusive), LookAgain, "", nil},
		"a refused token is not an absence":                          {r, look(carrier.Finding{Kind: carrier.FindUnauthorized}, 556, carrier.Conclusive), LookAgain, "", nil},
		"a conclusive absence counts after settling":                 {r, look(absent, 556, carrier.Conclusive), LookAbsent, "", nil},
		"not before the lease has settled":                           {r, look(absent, 555, carrier.Conclusive), LookAgain, "", nil},
		"not at the first absence":                                   {Record{SendBy: t0, Lease: after(75)}, look(absent, 9999, carrier.Conclusive), LookAgain, "", nil},
		"not when two absences are too close":                        {Record{SendBy: t0, Lease: after(75), FirstAbsent: after(500)}, look(absent, 419+380, carrier.Conclusive), LookAgain, "", nil},
		"an advisory absence is told to the shipper once":            {r, look(absent, 556, carrier.Advisory), LookAnnounce, "", nil},
		"and looked for further":                                     {Record{SendBy: t0, Lease: after(75), FirstAbsent: after(100), AbsenceSettled: after(400)}, look(absent, 2000, carrier.Advisory), LookAgain, "", nil},
		"until a day has passed: then a person decides":              {r, look(absent, 86401, carrier.Advisory), LookHold, "", nil},
		"a carrier that only answers errors ends with a person":      {r, look(carrier.Finding{}, 86401, carrier.Advisory), LookHold, "", nil},
		"with the tenant's consent it is booked again":               {r, func() Look { l := look(absent, 556, carrier.Advisory); l.Rebook = true; return l }(), LookAbsent, "", nil},
		"a carrier that can't be asked is held once settled":         {r, look(carrier.Finding{}, 556, carrier.NoAbsence), LookHold, "", nil},
		"and not before": {r, look(carrier.Finding{}, 555, carrier.NoAbsence), LookAgain, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := AfterLook(c.r, c.l, times)
			if got.Step != c.want || got.Number != c.num || !slices.Equal(got.Rest, c.rest) {
				t.Errorf("step %d number %q rest %v, want %d %q %v", got.Step, got.Number, got.Rest, c.want, c.num, c.rest)
			}
			if !got.Settled.IsZero() && !got.Settled.Equal(c.l.Asked.Add(-480*time.Second)) {
				t.Errorf("settled is %v: it must be the time before the look-up was sent, less settle_s and the clocks' skew", got.Settled)
			}
		})
	}
}

func TestAfterRecoverRefused(t *testing.T) {
	times := StandardTimes()
	for name, c := range map[string]struct {
		old  Record
		step RecoverStep
		wait time.Duration
	}{
		"my own lease is held":                  {Record{Status: Unknown, Owner: "me", RecoverLease: after(9)}, RecoverHold, 0},
		"another's lease is waited for":         {Record{Status: Unknown, Owner: "x", RecoverLease: after(9)}, RecoverResend, 14 * time.Second},
		"its time has not come":                 {Record{Status: Unknown, NotBefore: after(30)}, RecoverResend, 30 * time.Second},
		"held is a person's":                    {Record{Status: Unknown, Held: "held", NotBefore: after(30)}, RecoverAcknowledge, 0},
		"pending with a late number reopens":    {Record{Status: Pending, Late: []string{"1Z"}}, RecoverReopen, 0},
		"failed with a late number reopens":     {Record{Status: Failed, Late: []string{"1Z"}}, RecoverReopen, 0},
		"failed is over":                        {Record{Status: Failed}, RecoverAcknowledge, 0},
		"a dead booking is expired":             {Record{Status: Booking, Lease: after(-1)}, RecoverExpire, 0},
		"a live booking is left alone":          {Record{Status: Booking, Lease: after(1)}, RecoverAcknowledge, 0},
		"booked with something open is settled": {Record{Status: Booked, Due: after(1)}, RecoverSettle, 0},
		"booked and closed is over":             {Record{Status: Booked}, RecoverAcknowledge, 0},
		"booked and not wanted is settled":      {Record{Status: Booked, Due: after(1), CancelWanted: t0}, RecoverSettle, 0},
		"a postponed void waits for its time":   {Record{Status: Booked, Due: after(1), CancelWanted: t0, NotBefore: after(9)}, RecoverResend, 9 * time.Second},
		"a later one is announced again":        {Record{Status: Booked, Due: after(1), CancelWanted: t0, NotBefore: after(900)}, RecoverAcknowledge, 0},
		"a void of mine is held":                {Record{Status: Cancelling, Owner: "me", RecoverLease: after(9)}, RecoverHold, 0},
		"another's void is waited for":          {Record{Status: Cancelling, Owner: "x", RecoverLease: after(9)}, RecoverResend, 14 * time.Second},
		"a held void is a person's":             {Record{Status: Cancelling, Held: "void"}, RecoverAcknowledge, 0},
		"but its late numbers are not":          {Record{Status: Cancelling, Held: "void", Due: after(1), Late: []string{"1Z"}}, RecoverSettle, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if step, wait := AfterRecoverRefused(c.old, "me", t0, times); step != c.step || wait != c.wait {
				t.Errorf("step %d after %v, want %d after %v", step, wait, c.step, c.wait)
			}
		})
	}
}

func TestAnnounce(t *testing.T) {
	base := Record{Tenant: "tn", Mode: ship.Test, ID: "shp_1", Priority: ship.Standard, Version: 2, RequestFP: "fp", History: []Entry{{At: t0}}}
	with := func(f func(*Record)) Record { r := base; f(&r); return r }
	pending := with(func(r *Record) { r.Status = Pending })
	booking := with(func(r *Record) { r.Status = Booking })
	unknown := with(func(r *Record) { r.Status = Unknown; r.NotBefore = after(30) })
	booked := with(func(r *Record) { r.Status, r.TrackingNumber, r.Document = Booked, "1Z1", DocumentReady })
	unwanted := with(func(r *Record) { *r = booked; r.CancelWanted = t0 })
	cancelling := with(func(r *Record) { *r = unwanted; r.Status, r.Owner = Cancelling, "v" })
	for name, c := range map[string]struct {
		old  *Record
		now  Record
		want []string // queue/type/delay in seconds
	}{
		"a new draft calls for nothing":                                     {nil, with(func(r *Record) { r.Status = Draft }), nil},
		"a confirmed one is booked":                                         {nil, pending, []string{"standard/book/0"}},
		"an urgent one from its own queue":                                  {nil, with(func(r *Record) { r.Status, r.Priority = Pending, ship.Urgent }), []string{"urgent/book/0"}},
		"one that went back waits":                                          {&booking, with(func(r *Record) { r.Status, r.NotBefore = Pending, after(7) }), []string{"standard/book/7"}},
		"a wait longer than a message can is due":                           {&booking, with(func(r *Record) { r.Status, r.NotBefore = Pending, after(1081) }), nil},
		"a wait as long as a message can is announced though clocks differ": {&booking, with(func(r *Record) { r.Status, r.NotBefore = Pending, after(901) }), []string{"standard/book/900"}},
		"a claim calls for nothing":                                         {&pending, booking, nil},
		"one that went back and is not wanted any more does not wait":       {&booking, with(func(r *Record) { r.Status, r.NotBefore, r.CancelWanted = Pending, after(3600), t0 }), []string{"standard/book/0"}},
		"a moved due calls for nothing":                                     {&pending, pending, nil},
		"an unknown one is looked up at its time":                           {&booking, unknown, []string{"recovery/recover/30"}},
		"a recovery's lease calls for nothing":                              {&unknown, with(func(r *Record) { r.Status, r.Owner = Unknown, "v" }), nil},
		"the end of a look-up calls for the next":                           {ptrTo(with(func(r *Record) { r.Status, r.Owner = Unknown, "v" })), unknown, []string{"recovery/recover/30"}},
		"booked is told":                                                    {&booking, booked, []string{"events/shipment.booked/0"}},
		"booked without its label is fetched and told":                      {&booking, with(func(r *Record) { r.Status, r.TrackingNumber, r.Document = Booked, "1Z1", DocumentPending }), []string{"recovery/recover/0", "events/shipment.booked/0"}},
		"closing what is booked is not told again":                          {&booked, booked, nil},
		"failed is told":                                                    {&booking, with(func(r *Record) { r.Status = Failed }), []string{"events/shipment.failed/0"}},
		"a settled absence is told":                                         {&unknown, with(func(r *Record) { r.Status, r.NotBefore, r.AbsenceSettled = Unknown, after(30), t0 }), []string{"events/shipment.unknown/0"}},
		"held is told when nothing was told before":                         {&unknown, with(func(r *Record) { r.Status, r.Held, r.AbsenceSettled = Unknown, "held", t0 }), []string{"events/shipment.unknown/0"}},
		"a late number beside a booked one is a duplicate":                  {&booked, with(func(r *Record) { r.Status, r.TrackingNumber, r.Late = Booked, "1Z1", []string{"1Z2"} }), []string{"recovery/recover/0", "events/shipment.duplicate/0"}},
		"a late number of a failed one is looked into":                      {ptrTo(with(func(r *Record) { r.Status = Failed })), with(func(r *Record) { r.Status, r.Late = Failed, []string{"1Z2"} }), []string{"recovery/recover/0"}},
		"a wish to cancel what is booked is acted upon":                     {&booked, unwanted, []string{"recovery/recover/0"}},
		"booked with that wish is told and acted upon":                      {&booking, unwanted, []string{"recovery/recover/0", "events/shipment.booked/0"}},
		"the wish alone, while the outcome is open, calls for nothing":      {&booking, with(func(r *Record) { r.Status, r.CancelWanted = Booking, t0 }), nil},
		"a late number that may have stopped a void begins it again":        {&unwanted, with(func(r *Record) { *r = unwanted; r.Late = []string{"1Z2"} }), []string{"recovery/recover/0", "events/shipment.duplicate/0"}},
		"a void calls for nothing":                                          {&unwanted, cancelling, nil},
		"a postponed void is announced for its time, and nothing is told":   {&cancelling, with(func(r *Record) { *r = unwanted; r.NotBefore = after(7) }), []string{"recovery/recover/7"}},
		"voided is told":                                                    {&cancelling, with(func(r *Record) { r.Status = Cancelled }), []string{"events/shipment.cancelled/0"}},
		"cancelled locally is told":                                         {&cancelling, with(func(r *Record) { r.Status = CancelledLocally }), []string{"events/shipment.cancelled/0"}},
		"a refused void is told, and is no second booking":                  {&cancelling, with(func(r *Record) { *r = booked; r.VoidRefused = &Failure{} }), []string{"events/shipment.cancellation_refused/0"}},
		"with its label missing it is fetched":                              {&cancelling, with(func(r *Record) { *r = booked; r.VoidRefused, r.Document = &Failure{}, DocumentPending }), []string{"recovery/recover/0", "events/shipment.cancellation_refused/0"}},
		"a held void is told":                                               {&cancelling, with(func(r *Record) { *r = cancelling; r.Held, r.VoidRefused = "void", &Failure{} }), []string{"events/shipment.cancellation_refused/0"}},
		"a person's word that it is booked is told":                         {ptrTo(with(func(r *Record) { *r = cancelling; r.Held, r.VoidRefused = "void", &Failure{} })), with(func(r *Record) { *r = booked; r.VoidRefused = &Failure{} }), []string{"events/shipment.cancellation_refused/0"}},
		"voided with late numbers goes on, and they are told once":          {ptrTo(with(func(r *Record) { *r = cancelling; r.Late = []string{"1Z2"} })), with(func(r *Record) { *r = cancelling; r.Status, r.Late = Cancelled, []string{"1Z2"} }), []string{"recovery/recover/0", "events/shipment.cancelled/0"}},
		"a late number during a void is told, its void goes on":             {&cancelling, with(func(r *Record) { *r = cancelling; r.Late = []string{"1Z2"} }), []string{"events/shipment.duplicate/0"}},
		"a number taken off the list calls for nothing":                     {ptrTo(with(func(r *Record) { *r = booked; r.Late = []string{"1Z2", "1Z3"} })), with(func(r *Record) { *r = booked; r.Late = []string{"1Z3"} }), nil},
		"a number of a further parcel is no duplicate":                      {&booked, with(func(r *Record) { *r = booked; r.Numbers, r.Late = []string{"1Z2"}, []string{"1Z2"} }), []string{"recovery/recover/0"}},
		"an edit calls for nothing":                                         {ptrTo(with(func(r *Record) { r.Status = Failed })), with(func(r *Record) { r.Status, r.RequestFP = Failed, "fp2" }), nil},
		"two of one version have two ids":                                   {&unknown, with(func(r *Record) { r.Status, r.TrackingNumber, r.Late = Booked, "1Z1", []string{"1Z2"} }), []string{"recovery/recover/0", "events/shipment.booked/0", "events/shipment.duplicate/0"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			ids := map[string]bool{}
			for _, m := range Announce(c.old, c.now, t0, StandardTimes()) {
				got = append(got, string(m.To)+"/"+m.Envelope.Type+"/"+strconv.Itoa(int(m.Delay/time.Second)))
				ids[m.Envelope.ID] = true
				if _, err := queue.Decode(string(raw(m.Envelope))); err != nil {
					t.Errorf("its consumer would bury it: %v", err)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if len(ids) != len(got) {
				t.Errorf("%d messages have %d ids", len(got), len(ids))
			}
		})
	}
}

func TestIdentity(t *testing.T) {
	t.Run("a reference names one shipment per tenant and mode", func(t *testing.T) {
		ids := map[string]bool{IDByReference("a", ship.Test, "r"): true, IDByReference("b", ship.Test, "r"): true, IDByReference("a", ship.Live, "r"): true, IDByReference("a", ship.Test, "R"): true, IDByKey("a", ship.Test, "r"): true}
		if len(ids) != 5 {
			t.Errorf("%d ids, want 5", len(ids))
		}
		if got := IDByReference("tn_1", ship.Test, "order-1"); got != "shp_o6f7r72fmwbc5q3f42hohkfyem" || len(Reference(got)) > 30 {
			t.Errorf("the id of a reference changed: %s", got)
		}
	})
	t.Run("the fingerprint ignores confirm, order of keys and blanks, and nothing else", func(t *testing.T) {
		a := Fingerprint0(map[string]any{"a": "1", "b": map[string]any{"c": nil}, "confirm": true})
		if b := Fingerprint0(map[string]any{"b": map[string]any{"c": nil}, "a": "1"}); a != b {
			t.Error("confirm or order counts")
		}
		if b := Fingerprint0(map[string]any{"b": map[string]any{}, "a": "1"}); a == b {
			t.Error("a field does not count")
		}
	})
}

func TestBackoff(t *testing.T) {
	times := StandardTimes()
	for _, c := range []struct {
		n     int64
		after time.Duration
		low   time.Duration
		high  time.Duration
	}{{1, 0, time.Second, 2 * time.Second}, {5, 0, 16 * time.Second, 32 * time.Second}, {9, 0, 150 * time.Second, 300 * time.Second}, {1 << 40, 0, 150 * time.Second, 300 * time.Second}, {1, 7 * time.Second, 7 * time.Second, 7 * time.Second}, {1, 1 << 60, 24 * time.Hour, 24 * time.Hour}} {
		waits := map[time.Duration]bool{}
		for i := range 200 {
			got := Backoff(fmt.Sprint("shp_", i), c.n, c.after, times)
			if got < c.low || got > c.high {
				t.Errorf("attempt %d: %v, want %v to %v", c.n, got, c.low, c.high)
			}
			waits[got] = true
		}
		if c.low < c.high && len(waits) < 100 {
			t.Errorf("attempt %d: 200 shipments share %d waits", c.n, len(waits))
		}
	}
}

func ptrTo(r Record) *Record { return &r }
