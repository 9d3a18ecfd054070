package sim

import (
	"net/http"
	"net/http/httptest"
	"time"
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
