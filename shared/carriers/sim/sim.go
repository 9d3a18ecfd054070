// Package sim is a carrier that ships nothing: whoever has a test key can book with it at once, without an account at a
// carrier, on a deployed stack as well as here. It asks nobody and keeps nothing. All it answers follows from the order,
// from the words in the shipper's reference (Magic) and from the time: the same order has the same tracking numbers
// whenever it is booked or asked for, so it can't be booked twice.
package sim

import (
	"context"
	_ "embed"
	"encoding/json"
	"net/http"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// Name is the carrier's name in accounts and in the registry.
const Name = "sim"

// The times by which the markers act. An order does not say whether it is tried again, so what passes does so by the
// clock: each of these parts is over before the platform's waits can jump over the rest.
const (
	slowness  = 10 * time.Second // sim-slow
	tokenLife = 10 * time.Second // sim-unauthorized
	downUntil = 25               // seconds of every minute: sim-unreachable
	busyUntil = 40               // seconds of every minute: sim-throttled
	lossUntil = 35               // minutes of every hour: sim-unknown-absent, for those who book again
)

const (
	liveMode     = "live_mode"
	liveModeSaid = "The test carrier ships nothing, so it takes no live shipments: use a test key, or an account at a real carrier."
	lost         = "the connection was closed before an answer came (simulated)"
)

//go:embed carrier.json
var descriptor []byte

// Sim is the test carrier. Safe for concurrent use.
type Sim struct {
	desc carrier.Descriptor
	now  func() time.Time
}

var (
	_ carrier.Carrier        = (*Sim)(nil)
	_ carrier.Finder         = (*Sim)(nil)
	_ carrier.Documenter     = (*Sim)(nil)
	_ carrier.Voider         = (*Sim)(nil)
	_ carrier.Rater          = (*Sim)(nil)
	_ carrier.AddressChecker = (*Sim)(nil)
)

// New makes the carrier. No I/O.
func New(now func() time.Time) *Sim {
	s := &Sim{now: now}
	if err := json.Unmarshal(descriptor, &s.desc); err != nil {
		panic("sim: carrier.json: " + err.Error()) // it is embedded, and a test reads it
	}
	return s
}

// Describe gives the facts of carrier.json. The caller must not change them.
func (s *Sim) Describe() carrier.Descriptor { return s.desc }

// Login answers at once: the token is the time it was made at, and never expires.
func (s *Sim) Login(_ context.Context, acct carrier.Account) (carrier.Token, error) {
	if acct.Number == deniedNumber {
		return carrier.Token{}, &carrier.LoginRefused{Code: "sim_denied", Message: "The test carrier lets no account " + deniedNumber + " in."}
	}
	return carrier.Token{Value: s.now().UTC().Format(time.RFC3339Nano)}, nil
}

// Book answers as the words in the shipper's reference say, and yes without any. An order that can't be booked is
// refused without a call.
func (s *Sim) Book(ctx context.Context, o carrier.Order, c carrier.Call) carrier.Outcome {
	if o.Account.Mode != ship.Test {
		return carrier.Outcome{Kind: carrier.Refused, Code: liveMode, Message: liveModeSaid}
	}
	if p := s.checkOrder(o); len(p) > 0 {
		return carrier.Outcome{Kind: carrier.Refused, Code: "unsupported", Message: p[0].Field + ": " + p[0].Detail}
	}
	if err := s.closed(ctx, c); err != nil {
		return carrier.Outcome{Kind: carrier.NotSent, Message: "not sent: " + err.Error()}
	}
	start := s.now()
	out := s.answer(ctx, o, c, start)
	out.Raw.Duration = s.now().Sub(start)
	return out
}

// answer is Book's, once the request is on its way.
func (s *Sim) answer(ctx context.Context, o carrier.Order, c carrier.Call, now time.Time) carrier.Outcome {
	ref := o.Shipment.Reference
	switch {
	case marked(ref, unreachable) && now.Second() < downUntil:
		return carrier.Outcome{Kind: carrier.NotSent, Message: "not sent: connection refused (simulated)"}
	case marked(ref, throttled) && now.Second() < busyUntil:
		out := no(carrier.Throttled, http.StatusTooManyRequests, "sim_throttled", "Too many requests.")
		out.RetryAfter = time.Duration(busyUntil-now.Second()) * time.Second
		return out
	case marked(ref, unauthorized) && s.stale(c.Token):
		return no(carrier.Unauthenticated, http.StatusUnauthorized, "sim_token", "The token is too old.")
	case marked(ref, refused):
		return no(carrier.Refused, http.StatusBadRequest, "sim_refused", "The test carrier refuses a shipment whose reference says "+refused+".")
	case marked(ref, unknownBooked), marked(ref, unknownHeld), marked(ref, duplicate):
		return unknown(lost)
	case marked(ref, unknownAbsent) && !(o.Account.RebookOnAbsent && now.Minute() >= lossUntil):
		return unknown(lost)
	case marked(ref, slow) && !s.wait(ctx, c.Deadline):
		return unknown("no answer before the deadline (simulated)")
	}
	b := s.booking(o, 0)
	return carrier.Outcome{Kind: carrier.Done, Booking: &b, Raw: said(http.StatusCreated, "booked", b.TrackingNumber)}
}

// booking is what an order is booked as; nth is 0 but for what was booked twice.
func (s *Sim) booking(o carrier.Order, nth int) ship.Booking {
	list, ref := numbers(o, nth), o.Shipment.Reference
	b := ship.Booking{TrackingNumber: list[0], Numbers: list, Charge: s.rate(o.Shipment).Total, At: s.now()}
	if !marked(ref, labelLater) && !marked(ref, labelNever) {
		if l, err := s.draw(o, list); err == nil { // a label that can't be drawn does not make it less of a booking
			b.Label = &l
		}
	}
	return b
}

// closed says why no request may leave: nobody waits for its answer, or it is past its send-by.
func (s *Sim) closed(ctx context.Context, c carrier.Call) error {
	now := s.now().Round(0) // the wall clock: the monotonic one may have stood still
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case !c.SendBy.IsZero() && now.After(c.SendBy):
		return &carrier.ErrSendByPassed{SendBy: c.SendBy, Now: now}
	case !c.Deadline.IsZero() && !now.Before(c.Deadline):
		return context.DeadlineExceeded
	}
	return nil
}

// wait lets the slow answer take its time. It is false when the caller stops waiting before.
func (s *Sim) wait(ctx context.Context, deadline time.Time) bool {
	d, whole := slowness, true
	if left := deadline.Sub(s.now()); !deadline.IsZero() && left < d {
		d, whole = left, false
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return whole
	case <-ctx.Done():
		return false
	}
}

// stale tells whether sim-unauthorized refuses a token.
func (s *Sim) stale(t carrier.Token) bool {
	made, err := time.Parse(time.RFC3339Nano, t.Value)
	return err != nil || s.now().Sub(made) > tokenLife
}

// unknown is an outcome that nobody knows.
func unknown(why string) carrier.Outcome {
	return carrier.Outcome{Message: why, Raw: carrier.Answer{Sent: true, Error: why}}
}

// no is an answer that books nothing.
func no(k carrier.Kind, status int, code, message string) carrier.Outcome {
	return carrier.Outcome{Kind: k, Code: code, Message: message, Raw: said(status, code, message)}
}

// said is an answer as it is kept for a person.
func said(status int, code, message string) carrier.Answer {
	body, err := json.Marshal(map[string]string{"code": code, "message": message})
	if err != nil {
		panic("sim: two strings are no JSON: " + err.Error())
	}
	return carrier.Answer{Status: status, Body: string(body), Sent: true}
}
