package carrier

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/mutant"
	"github.com/fairlead/fairlead/shared/ship"
)

// CarrierError is one error in a carrier's documented error shape.
type CarrierError struct{ Code, Message string }

// Reading is how one carrier's answers to a booking call are read. Every function is pure; nil means never.
type Reading struct {
	// Booking parses an answer with a 2xx status. It errs unless all the essentials are there.
	Booking func(e Evidence) (ship.Booking, error)
	// Errors parses the carrier's documented error shape; nil when the body does not have it.
	Errors func(e Evidence) []CarrierError
	// Unauthenticated says whether a 401 or 403 with this code is about the token.
	Unauthenticated func(status int, code string) bool
	// Trace finds any sign of a shipment in a body.
	Trace func(body []byte) bool
	// Unsure are the codes that do not prove that nothing was booked.
	Unsure []string
	// Secrets are cut out of everything that is kept.
	Secrets []string
	// Now is the time that a Retry-After date is compared with.
	Now time.Time
}

// Judge turns the evidence of a booking call into its outcome by the table of PROTOCOL §6. What it can't prove is
// Unknown.
func Judge(e Evidence, r Reading) Outcome {
	o := Outcome{Raw: Head(e, r.Secrets...)}
	o.judge(e, r)
	o.Code, o.Message = Redact(o.Code, r.Secrets...), Redact(o.Message, r.Secrets...)
	return o
}

func (o *Outcome) judge(e Evidence, r Reading) {
	switch {
	case !e.Sent:
		o.Kind, o.Message = NotSent, "not sent"
		if e.Err != nil {
			o.Message += ": " + e.Err.Error()
		}
		return
	case e.Err != nil:
		o.Message = "no complete answer: " + e.Err.Error()
		return
	}
	if e.Status/100 == 2 {
		o.accept(e, r)
		return
	}
	var errs []CarrierError
	if r.Errors != nil {
		errs = r.Errors(e)
	}
	o.Message = "HTTP " + strconv.Itoa(e.Status)
	if len(errs) > 0 {
		o.Code, o.Message = errs[0].Code, errs[0].Message
	}
	// A "no" that names a shipment is no "no".
	if r.Trace != nil && r.Trace(e.Body) {
		o.Message += " (the answer names a shipment)"
		return
	}
	o.decline(e, r, errs)
}

// accept judges a 2xx: the body decides, for a carrier may answer 200 to a request it did not understand.
func (o *Outcome) accept(e Evidence, r Reading) {
	b, err := r.Booking(e)
	if err != nil {
		o.Message = "HTTP " + strconv.Itoa(e.Status) + ", but " + err.Error()
		if r.Errors != nil {
			if errs := r.Errors(e); len(errs) > 0 {
				o.Code, o.Message = errs[0].Code, errs[0].Message
			}
		}
		return
	}
	o.Kind, o.Booking = Done, &b
}

// decline judges any other complete answer. It leaves Unknown what no rule names: 3xx, 5xx, a 4xx nobody can parse.
func (o *Outcome) decline(e Evidence, r Reading, errs []CarrierError) {
	unsure := slices.ContainsFunc(errs, func(c CarrierError) bool { return c.Code == "" || slices.Contains(r.Unsure, c.Code) })
	auth := r.Unauthenticated != nil && slices.ContainsFunc(errs, func(c CarrierError) bool { return r.Unauthenticated(e.Status, c.Code) })
	switch s := e.Status; {
	case s == http.StatusTooManyRequests:
		o.Kind, o.RetryAfter = Throttled, RetryAfter(e.Header, r.Now)
	case (s == http.StatusUnauthorized || s == http.StatusForbidden) && auth:
		o.Kind = Unauthenticated
	case s == http.StatusRequestTimeout, s == http.StatusConflict, s == http.StatusTooEarly:
		return
	case s/100 == 5 && mutant.On(mutant.ServerErrorRefused):
		o.Kind = Refused
	case s/100 == 4 && len(errs) > 0 && !unsure:
		o.Kind = Refused
	}
}

// RetryAfter reads the header Retry-After, seconds or an HTTP date, as a wait from now. 0: absent, past or not
// understood.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.ParseUint(v, 10, 31); err == nil {
		return time.Duration(s) * time.Second
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(0, t.Sub(now))
	}
	return 0
}
