package booking

import (
	"fmt"
	"time"
)

// Times holds every time of the protocol, in one place, so that a test can hold their relations (Check); those of
// callbacks are callback.Times, divided by the same Divisor.
// Template parameter TimeSet names one of TimeSets.
type Times struct {
	WorkerTimeout time.Duration // function timeout of book-shipment and recover-shipment
	Prepare       time.Duration // account and token, before the claim
	SendBy        time.Duration // after the claim: past it not a byte of a booking request is written
	CallDeadline  time.Duration // after the claim: an answer is waited for until then
	CallMargin    time.Duration // and at the latest until this long before the invocation's deadline
	LeaseMargin   time.Duration // the lease ends this long after the invocation's deadline
	Skew          time.Duration // the clocks of two machines differ by at most this: each by 90 s from the true time
	LeaseCheck    time.Duration // a message that met a live lease comes back this long after its end
	Visibility    time.Duration // of the queues

	DueFirst time.Duration // after a confirm: when wake looks for the first time
	DueMax   time.Duration // waits double up to this

	BackoffMax  time.Duration // 429 without Retry-After: min(BackoffMax, 2^n × BackoffUnit) with jitter
	BackoffUnit time.Duration
	Lookups     []time.Duration // between a call of unknown outcome and its look-ups
	LookupLast  time.Duration   // then every
	LookupEnd   time.Duration   // until, after the call
	AbsentGap   time.Duration   // between the two answers of a settled absence
	Audit       time.Duration   // after a rebooking: the look-up it owes
	GiveUp      time.Duration   // without a possible attempt

	Divisor int // what every time of the standard set was divided by; 1 in every deployable set

	RefreshLease time.Duration // one worker at a time logs in at a carrier
	DraftTTL     time.Duration // drafts expire and free their reference

	SlowAfter time.Duration // a call that runs longer is slow: several say that their carrier hangs
	SlowFor   time.Duration // its messages then go through the slow queue for so long
	SlowLook  time.Duration // a worker asks no more often which carriers hang
}

// StandardTimes is what is deployed.
func StandardTimes() Times {
	return Times{
		WorkerTimeout: 60 * time.Second,
		Prepare:       3 * time.Second,
		SendBy:        15 * time.Second,
		CallDeadline:  40 * time.Second,
		CallMargin:    5 * time.Second,
		LeaseMargin:   15 * time.Second,
		Skew:          3 * time.Minute,
		LeaseCheck:    5 * time.Second,
		Visibility:    6 * 60 * time.Second,

		DueFirst: 5 * time.Minute,
		DueMax:   time.Hour,

		BackoffMax:  300 * time.Second,
		BackoffUnit: time.Second,
		Lookups:     []time.Duration{30 * time.Second, 30 * time.Second, 60 * time.Second, 180 * time.Second}, // at 30, 60, 120 and 300 s
		LookupLast:  15 * time.Minute,
		LookupEnd:   24 * time.Hour,
		AbsentGap:   120 * time.Second,
		Audit:       24 * time.Hour,
		GiveUp:      24 * time.Hour,

		Divisor: 1,

		RefreshLease: 10 * time.Second,
		DraftTTL:     30 * 24 * time.Hour,

		SlowAfter: 5 * time.Second,
		SlowFor:   time.Minute,
		SlowLook:  3 * time.Second,
	}
}

// Shorter is the set with every time divided by n, for tests; the ends of look-ups and audits, a day long,
// by 60 n, so that a test can see them. Drafts live as long.
func (t Times) Shorter(n int) Times {
	d := time.Duration(n)
	for _, p := range []*time.Duration{
		&t.WorkerTimeout, &t.Prepare, &t.SendBy, &t.CallDeadline, &t.CallMargin, &t.LeaseMargin, &t.Skew, &t.LeaseCheck, &t.Visibility,
		&t.DueFirst, &t.DueMax, &t.BackoffMax, &t.BackoffUnit, &t.LookupLast, &t.AbsentGap, &t.GiveUp,
		&t.RefreshLease, &t.SlowAfter, &t.SlowFor, &t.SlowLook,
	} {
		*p /= d
	}
	for _, p := range []*time.Duration{&t.LookupEnd, &t.Audit} {
		*p /= 60 * d
	}
	t.Lookups = divided(t.Lookups, d)
	t.Divisor *= n
	return t
}

func divided(in []time.Duration, by time.Duration) []time.Duration {
	out := make([]time.Duration, len(in))
	for i, d := range in {
		out[i] = d / by
	}
	return out
}

// TimeSet finds a set by the value of template parameter TimeSet: standard, or short (a twentieth, for tests).
func TimeSet(name string) (Times, error) {
	switch name {
	case "standard":
		return StandardTimes(), nil
	case "short":
		return StandardTimes().Shorter(20), nil
	}
	return Times{}, fmt.Errorf("TIME_SET is %q; it can be standard or short", name)
}

// Check tells which relation of the protocol does not hold between the times.
func (t Times) Check() error {
	for _, r := range []struct {
		ok  bool
		say string
	}{
		{t.Prepare < t.SendBy, "the preparation must be shorter than send-by"},
		{t.SendBy < t.CallDeadline, "send-by must come before the call's deadline"},
		{t.CallDeadline+t.CallMargin < t.WorkerTimeout, "the call and its margin must fit the function timeout"},
		{t.LeaseMargin > t.CallMargin, "the lease must outlast the invocation by more than the call's margin"},
		{t.Visibility == 6*t.WorkerTimeout, "queue visibility must be six function timeouts"},
		{t.WorkerTimeout%time.Second == 0 && t.Visibility%time.Second == 0, "function timeout and visibility are whole seconds"},
		{t.DueFirst > t.WorkerTimeout+t.LeaseMargin, "wake must not look while the first attempt can be running"},
		{t.DueFirst <= t.DueMax, "waits double upwards"},
		{len(t.Lookups) > 0 && t.LookupLast <= 900*time.Second, "look-ups are messages: at most 900 s apart"},
		{t.AbsentGap < t.LookupEnd && t.LookupLast < t.LookupEnd, "two absent answers must fit the look-ups"},
		{t.SlowAfter+t.SlowLook < t.CallDeadline, "that a carrier hangs must be known while its call runs"},
		{t.SlowFor > t.CallDeadline, "that a carrier hangs must be known until its next calls have said it again"},
		{t.Settle(300) >= t.AbsentGap, "settling must not be shorter than the gap between two answers"},
	} {
		if !r.ok {
			return fmt.Errorf("times: %s", r.say)
		}
	}
	return nil
}

// Settle is a carrier's settle_s in this set.
func (t Times) Settle(settleS int) time.Duration {
	return time.Duration(settleS) * time.Second / time.Duration(max(t.Divisor, 1))
}
