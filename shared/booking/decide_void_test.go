package booking

import (
	"slices"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
)

func TestAfterVoid(t *testing.T) {
	for name, c := range map[string]struct {
		d    Voiding
		want VoidStep
	}{
		"void is cancelled": {Voiding{Answer: carrier.VoidAnswer{Kind: carrier.Voided}}, VoidDone},
		"void already, after one that was not answered, is cancelled":  {Voiding{Answer: carrier.VoidAnswer{Kind: carrier.Voided}, Doubt: true, Over: true}, VoidDone},
		"refused is still booked":                                      {Voiding{Answer: carrier.VoidAnswer{Kind: carrier.VoidRefused}}, VoidNo},
		"refused after one that was not answered is not known":         {Voiding{Answer: carrier.VoidAnswer{Kind: carrier.VoidRefused}, Doubt: true}, VoidHold},
		"no answer is left to whoever takes over":                      {Voiding{Answer: carrier.VoidAnswer{Kind: carrier.VoidUnknown}}, VoidLeave},
		"an answer nobody filled in is none":                           {Voiding{}, VoidLeave},
		"no answer for too long is a person's":                         {Voiding{Over: true}, VoidHold},
		"not sent is tried again":                                      {Voiding{Answer: carrier.VoidAnswer{Kind: carrier.VoidNotSent}}, VoidPostpone},
		"throttled is tried again":                                     {Voiding{Answer: carrier.VoidAnswer{Kind: carrier.VoidThrottled}}, VoidPostpone},
		"unauthenticated is tried again":                               {Voiding{Answer: carrier.VoidAnswer{Kind: carrier.VoidUnauthenticated}}, VoidPostpone},
		"never sent for too long is still booked":                      {Voiding{Answer: carrier.VoidAnswer{Kind: carrier.VoidThrottled}, Over: true}, VoidNo},
		"not sent after one that was not answered keeps the doubt":     {Voiding{Answer: carrier.VoidAnswer{Kind: carrier.VoidNotSent}, Doubt: true}, VoidLeave},
		"and for too long it is a person's":                            {Voiding{Answer: carrier.VoidAnswer{Kind: carrier.VoidThrottled}, Doubt: true, Over: true}, VoidHold},
		"refused at last, with nothing unanswered before, is believed": {Voiding{Answer: carrier.VoidAnswer{Kind: carrier.VoidRefused}, Over: true}, VoidNo},
	} {
		t.Run(name, func(t *testing.T) {
			if got := AfterVoid(c.d); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestOnCancel(t *testing.T) {
	late := []string{"1Z"}
	for name, c := range map[string]struct {
		r    Record
		want CancelStep
	}{
		"a draft is cancelled":                               {Record{Status: Draft}, CancelNow},
		"pending is cancelled":                               {Record{Status: Pending}, CancelNow},
		"pending with a late number is found out first":      {Record{Status: Pending, Late: late}, CancelReopen},
		"failed with a late number is found out first":       {Record{Status: Failed, Late: late}, CancelReopen},
		"failed has nothing to cancel":                       {Record{Status: Failed}, CancelRefuse},
		"booking is found out first":                         {Record{Status: Booking}, CancelWant},
		"unknown is found out first":                         {Record{Status: Unknown}, CancelWant},
		"held is decided first":                              {Record{Status: Unknown, Held: "held"}, CancelWant},
		"booked is to be voided":                             {Record{Status: Booked}, CancelWant},
		"booked with late numbers as well":                   {Record{Status: Booked, Late: late}, CancelWant},
		"booked after a refused void is to be voided anew":   {Record{Status: Booked, VoidRefused: &Failure{}}, CancelWant},
		"wanted cancelled, said again":                       {Record{Status: Booking, CancelWanted: t0}, CancelReplay},
		"wanted cancelled, and back to pending, said again":  {Record{Status: Pending, CancelWanted: t0}, CancelNow},
		"cancelling, said again":                             {Record{Status: Cancelling}, CancelReplay},
		"cancelled, said again":                              {Record{Status: Cancelled}, CancelReplay},
		"cancelled, a late number or not":                    {Record{Status: Cancelled, Late: late}, CancelReplay},
		"cancelled locally, said again":                      {Record{Status: CancelledLocally}, CancelReplay},
		"a void that a person settles, said again":           {Record{Status: Cancelling, Held: "void"}, CancelReplay},
		"a late number and a wish to cancel, said once more": {Record{Status: Pending, Late: late, CancelWanted: t0}, CancelReplay},
	} {
		t.Run(name, func(t *testing.T) {
			if got := OnCancel(c.r); got != c.want {
				t.Errorf("step %d, want %d", got, c.want)
			}
		})
	}
}

func TestLeftOver(t *testing.T) {
	r := Record{TrackingNumber: "1Z1", Numbers: []string{"1Z2"}, Late: []string{"1Z1", "1Z2", "1Z3", "1Z4"}}
	if got := Outstanding(r); !slices.Equal(got, []string{"1Z3", "1Z4"}) {
		t.Errorf("outstanding %v: the shipment's own numbers must never be voided as duplicates", got)
	}
	if got := LeftOver(r, []string{"1Z3"}); !slices.Equal(got, []string{"1Z4"}) {
		t.Errorf("left over %v", got)
	}
}

func TestVoidTimes(t *testing.T) {
	times := StandardTimes()
	t.Run("the waits between voids grow with the time that it has been wanted, up to five minutes", func(t *testing.T) {
		for wanted, most := range map[time.Duration]time.Duration{0: time.Second, 3 * time.Second: 4 * time.Second, time.Minute: 64 * time.Second, 20 * time.Hour: 300 * time.Second} {
			got := VoidBackoff(Record{ID: "shp_1", CancelWanted: t0.Add(-wanted)}, 0, t0, times)
			if got > most || got < most/2 {
				t.Errorf("wanted for %v: waits %v, want %v to %v", wanted, got, most/2, most)
			}
		}
		if got := VoidBackoff(Record{CancelWanted: after(9)}, 7*time.Second, t0, times); got != 7*time.Second {
			t.Errorf("waits %v, want what the carrier asked for", got)
		}
	})
	t.Run("wake leaves a postponed void to its message", func(t *testing.T) {
		r := Record{Status: Booked, CancelWanted: t0, NotBefore: after(60)}
		if next, send := NextWake(r, t0, times); send || !next.Equal(after(60+300)) {
			t.Errorf("next %v, send %v", next, send)
		}
		r.CancelWanted = time.Time{}
		if _, send := NextWake(r, t0, times); !send {
			t.Error("what is booked and open is not woken")
		}
	})
	t.Run("wake does not wait with a cancellation for the time of the next attempt", func(t *testing.T) {
		r := Record{Status: Pending, NotBefore: after(3600)}
		if _, send := NextWake(r, t0, times); send {
			t.Error("what waits for its time is woken")
		}
		r.CancelWanted = t0
		if _, send := NextWake(r, t0, times); !send {
			t.Error("the wish to cancel waits for an attempt that will not be made")
		}
		r.Status = Unknown
		if _, send := NextWake(r, t0, times); send {
			t.Error("a look-up comes before its time")
		}
	})
	t.Run("an owed audit alone is looked at in a day", func(t *testing.T) {
		r := Record{Status: Cancelling, CancelWanted: t0, AuditOwed: true}
		if got := DueAfterVoid(r, t0, times); !got.Equal(t0.Add(times.Audit)) {
			t.Errorf("due %v", got)
		}
		r.Late = []string{"1Z"}
		if got := DueAfterVoid(r, t0, times); !got.Equal(t0.Add(times.DueFirst)) {
			t.Errorf("with a late number due %v", got)
		}
	})
}
