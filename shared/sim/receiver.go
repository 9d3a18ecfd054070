package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
)

// callback is an event that arrives at the shipper's endpoint.
func (w *World) callback(x *exchange) {
	f := w.strike(Callback)
	if f != "" {
		w.noteCall(x.call, f)
	}
	answer := func(status int) {
		rec := httptest.NewRecorder()
		rec.WriteHeader(status)
		w.reply(x, rec)
	}
	switch f {
	case CrashBefore:
		w.kill(x.in, "crashed while calling back")
		w.drop(x)
	case CrashAfter:
		w.rules.delivered(x)
		w.kill(x.in, "crashed while calling back")
		w.drop(x)
	case Freeze:
		w.freeze(x.in)
		w.rules.delivered(x)
		answer(http.StatusNoContent)
	case Delay, Slow:
		w.rules.delivered(x)
		w.after(w.between(time.Second, 40*time.Second), func() { answer(http.StatusNoContent) })
	case Throttle:
		answer(http.StatusTooManyRequests)
	case ErrorBefore:
		answer(http.StatusInternalServerError)
	case ErrorAfter:
		w.rules.delivered(x)
		answer(http.StatusInternalServerError)
	case DropBefore:
		w.drop(x)
	case DropAfter:
		w.rules.delivered(x)
		w.drop(x)
	default:
		w.rules.delivered(x)
		answer(http.StatusNoContent)
	}
}

// announced is what the shipper must hear of, by a rule of its own.
func (k *rules) announced(t *truth, old, now booking.Record) {
	expect := func(kind string) {
		t.events[kind+fmt.Sprintf("#%d", now.Version)] = booking.EventID(now.Tenant, now.Mode, now.ID, now.Version, kind)
	}
	voided := old.Status == booking.Cancelling
	if old.Status != now.Status {
		switch now.Status {
		case booking.Booked:
			if !voided {
				expect("shipment.booked")
			} else if now.VoidRefused != nil {
				expect("shipment.cancellation_refused")
			}
		case booking.Failed:
			expect("shipment.failed")
		case booking.Cancelled, booking.CancelledLocally:
			expect("shipment.cancelled")
		}
	}
	if voided && old.Held == "" && now.Held != "" {
		expect("shipment.cancellation_refused")
	}
	if old.AbsenceSettled.IsZero() && (!now.AbsenceSettled.IsZero() || now.Status == booking.Unknown && now.Held != "") {
		expect("shipment.unknown")
	}
}

// delivered notes an event at the shipper's endpoint.
func (k *rules) delivered(x *exchange) {
	var p struct {
		Type     string `json:"type"`
		Sequence int64  `json:"sequence"`
	}
	if err := json.Unmarshal(x.body, &p); err != nil {
		k.broken("callbacks can be read", "", "%v", err)
		return
	}
	id := x.req.Header.Get("webhook-id")
	key := fmt.Sprintf("%s#%d", p.Type, p.Sequence)
	if k.events[id] == nil {
		k.events[id] = map[string]int{}
	}
	if k.events[id][key]++; len(k.events[id]) > 1 {
		k.broken("one id for each event", "", "%s names %d events", id, len(k.events[id]))
	}
}
