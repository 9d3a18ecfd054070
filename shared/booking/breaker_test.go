package booking_test

import (
	"context"
	"testing"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
)

// hung is a breaker that says what the test says and counts the calls it watches.
type hung struct {
	hangs           map[string]bool // by carrier and mode
	watched, inside int
}

// Hangs implements booking.Breaker.
func (h *hung) Hangs(_ context.Context, carrier string, mode ship.Mode) bool {
	return h.hangs[carrier+" "+string(mode)]
}

// Watch implements booking.Breaker.
func (h *hung) Watch(context.Context, string, ship.Mode) (stop func()) {
	h.watched++
	h.inside++
	return func() { h.inside-- }
}

func TestCarrierThatHangs(t *testing.T) {
	t.Run("its messages are set apart and claim nothing, and are booked from there", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(done("1Z1"))
		d.worker.Breaker = &hung{hangs: map[string]bool{"acme test": true}}
		id := d.accepted()
		m := d.message(id, booking.TypeBook)
		d.book(id)
		if r := d.want(id, booking.Pending); r.Attempts != 0 || d.carrier.booked != 0 {
			t.Errorf("%d attempts, %d calls", r.Attempts, d.carrier.booked)
		}
		if len(d.sent.sent) != 1 || d.sent.sent[0].To != queue.Slow || d.sent.sent[0].Delay != 0 || d.sent.sent[0].Envelope.ID != m.ID {
			t.Fatalf("sent %+v", d.sent.sent)
		}
		m.Queue = queue.Slow
		if err := d.worker.Handle(d.ctx, m); err != nil {
			t.Fatal(err)
		}
		d.want(id, booking.Booked)
	})
	t.Run("another carrier's, or its own in the other mode, are booked at once", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(done("1Z1"))
		d.worker.Breaker = &hung{hangs: map[string]bool{"acme live": true, "other test": true}}
		id := d.accepted()
		d.book(id)
		d.want(id, booking.Booked)
	})
	t.Run("the questions and the booking call are watched until they have ended", func(t *testing.T) {
		d := newDesk(t)
		h := &hung{}
		d.worker.Breaker = h
		during := func() {
			if h.inside != 1 {
				t.Errorf("%d calls are watched while one runs", h.inside)
			}
		}
		d.carrier.book = func(int) carrier.Outcome { during(); return done("1Z1") }
		d.worker.Carriers["acme"] = &offering{scripted: d.carrier, rates: func(int) carrier.RateAnswer {
			during()
			return carrier.RateAnswer{Kind: carrier.Answered, Rates: offers}
		}}
		id := d.ordered(func(s *ship.Shipment) { s.Service = ship.Cheapest })
		d.book(id)
		d.want(id, booking.Booked)
		if h.watched != 2 || h.inside != 0 {
			t.Errorf("%d calls were watched, %d still are", h.watched, h.inside)
		}
	})
}
