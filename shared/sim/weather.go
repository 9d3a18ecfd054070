package sim

import (
	"maps"
	"slices"
	"time"
)

// outage is how long a carrier is away at a time, and away how often it happens: together they leave it available for
// 99.46 % of the time.
const (
	outage = 30 * time.Second
	away   = outage * 10_000 / 54
)

// forecast makes the carriers fall away now and then.
func (w *World) forecast() {
	for _, name := range slices.Sorted(maps.Keys(w.carriers)) {
		var next func()
		next = func() {
			if !w.calm {
				w.carriers[name].outage = time.Now().Add(outage)
				w.counts.Outages++
				w.after(w.between(outage, 2*away), next)
			}
		}
		w.after(w.between(0, 2*away), next)
	}
}

// weather answers a request in the carrier's stead when it is away or has too much to do. It tells whether it did.
func (w *World) weather(x *exchange, h *host) bool {
	now := time.Now()
	if w.Storms && now.Before(h.outage) {
		w.rules.struck("", x.reference(), x.call.port, ErrorAfter)
		w.counts.Faults[ErrorAfter]++
		if x.call.port == CarrierBook && w.rand.IntN(2) == 0 {
			w.act(x, 0)
		}
		if w.rand.IntN(2) == 0 {
			w.drop(x)
		} else {
			w.status(x, 503)
		}
		return true
	}
	if w.Limit == 0 || x.call.port != CarrierBook {
		return false
	}
	h.calls = slices.DeleteFunc(h.calls, func(at time.Time) bool { return now.Sub(at) > time.Minute })
	if len(h.calls) >= w.Limit {
		w.counts.Faults[Throttle]++
		w.reply(x, h.fail(x, Throttle))
		return true
	}
	h.calls = append(h.calls, now)
	return false
}
