package sim

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// outcome is what a shipment under a marker meets, call by call.
type outcome struct {
	book     carrier.Kind // early in a minute, with an old token
	later    carrier.Kind // in its last 20 seconds, with a new one
	code     string
	document bool // whether the booking has its label
	find     carrier.FindKind
	found    int
	label    bool
	void     carrier.VoidKind
	rates    carrier.AskKind
}

// plain is what a shipment without a marker meets.
var plain = outcome{book: carrier.Done, later: carrier.Done, document: true, find: carrier.Found, found: 1, label: true, void: carrier.Voided, rates: carrier.Answered}

func but(change func(*outcome)) outcome {
	o := plain
	change(&o)
	return o
}

var outcomes = map[string]outcome{
	"":           plain,
	unreachable:  but(func(o *outcome) { o.book = carrier.NotSent }),
	throttled:    but(func(o *outcome) { o.book, o.code = carrier.Throttled, "sim_throttled" }),
	unauthorized: but(func(o *outcome) { o.book, o.code = carrier.Unauthenticated, "sim_token" }),
	refused: but(func(o *outcome) {
		o.book, o.later, o.code, o.find, o.found = carrier.Refused, carrier.Refused, "sim_refused", carrier.Absent, 0
	}),
	unknownBooked: but(func(o *outcome) { o.book, o.later = carrier.Unknown, carrier.Unknown }),
	unknownAbsent: but(func(o *outcome) {
		o.book, o.later, o.find, o.found = carrier.Unknown, carrier.Unknown, carrier.Absent, 0
	}),
	unknownHeld: but(func(o *outcome) {
		o.book, o.later, o.find, o.found = carrier.Unknown, carrier.Unknown, carrier.FindFailed, 0
	}),
	duplicate:   but(func(o *outcome) { o.book, o.later, o.found = carrier.Unknown, carrier.Unknown, 2 }),
	slow:        plain, // but for the time: TestSlowAnswer
	labelLater:  but(func(o *outcome) { o.document = false }),
	labelNever:  but(func(o *outcome) { o.document, o.label = false, false }),
	voidRefused: but(func(o *outcome) { o.void = carrier.VoidRefused }),
	voidUnknown: but(func(o *outcome) { o.void = carrier.VoidUnknown }),
	noRates:     but(func(o *outcome) { o.rates = carrier.AskRefused }),
	ratesDown:   but(func(o *outcome) { o.rates = carrier.AskFailed }),
}

func TestMagic(t *testing.T) {
	tried := map[string]bool{}
	for name, want := range outcomes {
		tried[name] = true
		for _, reference := range []string{name, "box-7 " + name, strings.ToUpper("A/" + name + "-2")} {
			t.Run(reference, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { meet(t, reference, want) }) })
		}
	}
	for _, m := range Magic {
		if !tried[m.Name] {
			t.Errorf("nothing is said of %s", m.Name)
		}
	}
	if len(tried) != len(Magic)+1 {
		t.Errorf("%d markers are tried, there are %d", len(tried)-1, len(Magic))
	}
}

// meet sends an order through every call.
func meet(t *testing.T, reference string, want outcome) {
	o, early, late := order(reference), at(0, 10), at(0, 40)
	out := early.Book(t.Context(), o, call(early, time.Hour))
	if out.Kind != want.book || out.Code != want.code || out.Raw.Sent != (want.book != carrier.NotSent) {
		t.Errorf("book: %v %q (%s), sent %v; want %v %q", out.Kind, out.Code, out.Message, out.Raw.Sent, want.book, want.code)
	}
	if out.Kind == carrier.Throttled && out.RetryAfter != 30*time.Second {
		t.Errorf("retry after %v, want 30s", out.RetryAfter)
	}
	if out.Kind != carrier.Done && (out.Message == "" || out.Booking != nil) {
		t.Errorf("%v says %q, booking %v", out.Kind, out.Message, out.Booking)
	}
	if out = late.Book(t.Context(), o, call(late, 10*time.Second)); out.Kind != want.later {
		t.Errorf("book later: %v (%s), want %v", out.Kind, out.Message, want.later)
	}
	if out.Booking != nil && (out.Booking.Label != nil) != want.document {
		t.Errorf("booked with a label: %v, want %v", out.Booking.Label != nil, want.document)
	}
	f := late.Find(t.Context(), o, carrier.Call{})
	if f.Kind != want.find || len(f.Bookings) != want.found {
		t.Errorf("find: %d with %d bookings (%s), want %d with %d", f.Kind, len(f.Bookings), f.Message, want.find, want.found)
	}
	for _, b := range append(f.Bookings, late.booking(o, 0)) {
		if _, err := late.Label(t.Context(), o, b.TrackingNumber, carrier.Call{}); (err == nil) != want.label {
			t.Errorf("label of %s: %v, want one: %v", b.TrackingNumber, err, want.label)
		}
		for range 2 { // what is void already is void
			if v := late.Void(t.Context(), o, b.TrackingNumber, carrier.Call{}); v.Kind != want.void {
				t.Errorf("void of %s: %v (%s), want %v", b.TrackingNumber, v.Kind, v.Message, want.void)
			}
		}
	}
	if r := late.Rates(t.Context(), o.Shipment, o.Account, carrier.Call{}); r.Kind != want.rates || (len(r.Rates) == 1) != (want.rates == carrier.Answered) {
		t.Errorf("rates: %d with %d (%s), want %d", r.Kind, len(r.Rates), r.Message, want.rates)
	}
}

func TestWhatIsBookedTwiceHasTwoSetsOfNumbers(t *testing.T) {
	o := order(duplicate)
	o.Shipment.Parcels = append(o.Shipment.Parcels, ship.Parcel{Weight: 400})
	f := at(0, 0).Find(t.Context(), o, carrier.Call{})
	all := slices.Concat(f.Bookings[0].Numbers, f.Bookings[1].Numbers)
	if slices.Sort(all); len(slices.Compact(all)) != 4 {
		t.Errorf("%v, want four numbers", all)
	}
	if first := at(0, 0).booking(o, 0); f.Bookings[0].TrackingNumber != first.TrackingNumber {
		t.Errorf("the first found is %s, booked is %s", f.Bookings[0].TrackingNumber, first.TrackingNumber)
	}
}

func TestMarkersActTogether(t *testing.T) {
	o, s := order("box-7-sim-throttled-sim-label-later+sim-void-refused"), at(0, 0)
	if out := s.Book(t.Context(), o, call(s, 0)); out.Kind != carrier.Throttled {
		t.Errorf("book: %v", out.Kind)
	}
	s = at(0, 50)
	if out := s.Book(t.Context(), o, call(s, 0)); out.Kind != carrier.Done || out.Booking.Label != nil {
		t.Errorf("book later: %v, want Done without a label", out.Kind)
	}
	if v := s.Void(t.Context(), o, s.booking(o, 0).TrackingNumber, carrier.Call{}); v.Kind != carrier.VoidRefused {
		t.Errorf("void: %v", v.Kind)
	}
}

// TestLostRequestIsBookedWithRebookOnAbsent holds what the table promises against the platform's own decisions and
// times: whenever it is ordered, the lossy part of the hour is over when it is booked again, and at the latest after 41
// minutes.
func TestLostRequestIsBookedWithRebookOnAbsent(t *testing.T) {
	times, o := booking.StandardTimes(), order(unknownAbsent)
	o.Account.RebookOnAbsent = true
	const promised = 41 * time.Minute
	for minute := range 60 {
		now := time.Date(2026, 11, 20, 15, minute, 30, 0, time.UTC)
		s := New(func() time.Time { return now })
		for ordered := now; ; now = absent(t, s, o, &now, times) {
			out := s.Book(t.Context(), o, call(s, 0))
			if took := now.Sub(ordered); took > promised {
				t.Fatalf("ordered in minute %d: %v after %v", minute, out.Kind, took)
			}
			if out.Kind == carrier.Done {
				break
			}
		}
	}
}

// absent looks until the absence of a booking that was tried at now is settled, and tells when that was.
func absent(t *testing.T, s *Sim, o carrier.Order, now *time.Time, times booking.Times) time.Time {
	until(t, s, o, now, times, booking.LookAbsent)
	return *now
}

// until makes look-ups after a booking that was tried at now, at the platform's times, until one leads to step.
func until(t *testing.T, s *Sim, o carrier.Order, now *time.Time, times booking.Times, step booking.LookStep) {
	r := booking.Record{SendBy: now.Add(times.SendBy), Lease: now.Add(times.WorkerTimeout + times.LeaseMargin)}
	d := s.Describe()
	for range 200 {
		*now = now.Add(booking.NextLookup(r.Lookups, times) + time.Second)
		look := booking.Look{Finding: s.Find(t.Context(), o, carrier.Call{}), Asked: *now, Absence: d.Absence, SettleS: d.SettleS, Rebook: o.Account.RebookOnAbsent}
		looked := booking.AfterLook(r, look, times)
		if looked.Step == step {
			return
		}
		if looked.Step == booking.LookAnnounce {
			r.AbsenceSettled = *now
		}
		if r.Lookups++; looked.Absent && r.FirstAbsent.IsZero() {
			r.FirstAbsent = *now
		}
	}
	t.Fatalf("no look-up leads to step %d", step)
}

// TestUnreachableIsOverBeforeTheMinuteIs holds the waits of the platform against the seconds in which nothing leaves.
func TestUnreachableIsOverBeforeTheMinuteIs(t *testing.T) {
	times := booking.StandardTimes()
	for ordered := range 60 {
		for id := range 20 {
			now := time.Date(2026, 11, 20, 15, 0, ordered, 0, time.UTC)
			s := New(func() time.Time { return now })
			for n := int64(1); s.Book(t.Context(), order(unreachable), call(s, 0)).Kind != carrier.Done; n++ {
				now = now.Add(booking.Backoff(strconv.Itoa(id), n, 0, times))
			}
			if now.Minute() > 0 {
				t.Errorf("ordered in second %d, shipment %d is booked in second %d of a later minute", ordered, id, now.Second())
			}
		}
	}
}

func TestUnknownIsToldAndHeldWhenTheTableSaysSo(t *testing.T) {
	for name, c := range map[string]struct {
		marker string
		step   booking.LookStep
		after  time.Duration
	}{
		"an absence is told after 20 minutes": {unknownAbsent, booking.LookAnnounce, 20 * time.Minute},
		"an absence is held after a day":      {unknownAbsent, booking.LookHold, 24 * time.Hour},
		"no answer is held after a day":       {unknownHeld, booking.LookHold, 24 * time.Hour},
		"a booking is adopted after 30 s":     {unknownBooked, booking.LookAdopt, 30 * time.Second},
		"two bookings as well":                {duplicate, booking.LookAdoptOpen, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC)
			now := start
			until(t, New(func() time.Time { return now }), order(c.marker), &now, booking.StandardTimes(), c.step)
			if took := now.Sub(start); took < c.after || took > c.after+c.after/20+time.Minute {
				t.Errorf("after %v, want %v", took, c.after)
			}
		})
	}
}

func TestMarked(t *testing.T) {
	for text, want := range map[string]bool{
		"sim-refused": true, "box-7-sim-refused": true, "sim-refused/2": true, "SIM-Refused": true, "_sim-refused_": true, "箱 sim-refused 1": true,
		"": false, "box-7": false, "sim-refused2": false, "xsim-refused": false, "sim-refuse": false, "sim-refusedé": false, "sim refused": false,
		"xsim-refused sim-refused": true, "sim-sim-refused": true,
	} {
		if got := marked(text, refused); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestNoMarkerSpeaksForAnother(t *testing.T) {
	all := slices.Concat(Magic, MagicAddresses)
	for _, a := range all {
		if a.Name != strings.ToLower(a.Name) || a.Does == "" || a.Ends == "" {
			t.Errorf("%+v is not whole", a)
		}
		for _, b := range all {
			if a.Name != b.Name && marked(a.Name, b.Name) {
				t.Errorf("%s is read as %s as well", a.Name, b.Name)
			}
		}
	}
}

func FuzzMarked(f *testing.F) {
	for _, m := range Magic {
		f.Add(m.Name, "box-7-"+m.Name)
	}
	f.Add("sim-slow", "İsim-slow\xff")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, name, text string) {
		if !slices.ContainsFunc(Magic, func(m Marker) bool { return m.Name == name }) {
			return
		}
		got := marked(text, name)
		if got && !strings.Contains(strings.ToLower(text), name) {
			t.Errorf("%q does not hold %s", text, name)
		}
		// The words of a text, taken apart where no letter, digit or hyphen stands, are a second opinion that can only say yes.
		if words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }); slices.Contains(words, name) && !got {
			t.Errorf("%q holds the word %s", text, name)
		}
		if !marked(text+" "+name, name) || !marked(name+"-"+text, name) {
			t.Errorf("%s is not seen beside %q", name, text)
		}
	})
}
