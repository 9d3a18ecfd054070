package callback

import (
	"math/rand/v2"
	"time"

	"github.com/fairlead/fairlead/shared/queue"
)

// Times holds every time of this package. Start from Standard; a value is complete only with every field set.
type Times struct {
	Connect       time.Duration   // for one connection: name, TCP; and again for TLS
	Total         time.Duration   // for one attempt, the reading of the answer included
	Retry         []time.Duration // pauses before the second and each later attempt, before jitter
	RetryAfterMax time.Duration   // the longest pause a receiver may ask for
	Keep          time.Duration   // how long a process trusts the endpoints it has read
	KeepNone      time.Duration   // the same when there was none: the first one should work soon
}

// Standard returns the times of the deployed platform.
func Standard() Times {
	return Times{
		Connect: 3 * time.Second, Total: 10 * time.Second,
		Retry:         []time.Duration{30 * time.Second, 60 * time.Second, 120 * time.Second, 300 * time.Second, 300 * time.Second},
		RetryAfterMax: queue.MaxDelay,
		Keep:          60 * time.Second, KeepNone: 5 * time.Second,
	}
}

// Divide returns t with every time n times shorter. Pauses stay whole seconds, rounded up, because a queue
// delays by whole seconds.
func (t Times) Divide(n int) Times {
	d := time.Duration(n)
	short := Times{
		Connect: t.Connect / d, Total: t.Total / d, RetryAfterMax: wholeSeconds(t.RetryAfterMax / d),
		Keep: t.Keep / d, KeepNone: t.KeepNone / d,
	}
	for _, pause := range t.Retry {
		short.Retry = append(short.Retry, wholeSeconds(pause/d))
	}
	return short
}

// Attempts is how often an event is sent before its delivery has failed.
func (t Times) Attempts() int { return len(t.Retry) + 1 }

// pause is the delay before the attempt that follows attempt n. The receiver's own wish counts when it is
// longer than the schedule: to come back sooner than planned would only use the attempts up.
func (t Times) pause(n int, asked time.Duration, jitter func(time.Duration) time.Duration) time.Duration {
	planned := t.Retry[min(max(n-1, 0), len(t.Retry)-1)]
	if jitter != nil {
		planned = jitter(planned)
	}
	return wholeSeconds(min(max(planned, min(asked, t.RetryAfterMax)), queue.MaxDelay))
}

// Spread is the jitter of the deployed platform: d ± 20 %, so that what failed together does not return together.
func Spread(d time.Duration) time.Duration {
	if d < 5 {
		return d
	}
	return d - d/5 + rand.N(2*(d/5)+1)
}

func wholeSeconds(d time.Duration) time.Duration {
	return (d + time.Second - 1) / time.Second * time.Second
}
