package ups

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carriers/ups/internal/client"
)

// asked is what a question without consequences came to, before it is a RateAnswer or an AddressAnswer.
type asked struct {
	kind          carrier.AskKind
	code, message string
	retryAfter    time.Duration
	raw           carrier.Answer
}

// ask judges the answer to a question; read parses a 200 and errs unless it answers.
func (u *UPS) ask(what string, e carrier.Evidence, acct carrier.Account, c carrier.Call, read func(body []byte) error) asked {
	sec := secrets(acct, c.Token.Value)
	a := asked{message: fmt.Sprintf("%s: HTTP %d", what, e.Status), raw: carrier.Head(e, sec...)}
	var unread error
	if e.Err == nil && e.Status == http.StatusOK {
		if unread = read(e.Body); unread == nil {
			a.kind, a.message = carrier.Answered, ""
			return a
		}
	}
	errs := client.Errors(e.Body)
	if len(errs) > 0 {
		a.code, a.message = string(errs[0].Code), string(errs[0].Message)
	}
	switch {
	case e.Err != nil:
		a.code, a.message = "", what+": "+e.Err.Error()
	case unread != nil:
		a.message = what + ": " + unread.Error()
	case e.Status == http.StatusTooManyRequests:
		a.kind, a.retryAfter = carrier.AskThrottled, carrier.RetryAfter(e.Header, u.now())
	case tokenRefused(e, errs):
		a.kind = carrier.AskUnauthorized
	case u.refused(e.Status, errs):
		a.kind = carrier.AskRefused
	}
	a.code, a.message = carrier.Redact(a.code, sec...), carrier.Redact(a.message, sec...)
	return a
}

// refused says whether UPS found fault with the question: asking it again gives the same answer.
func (u *UPS) refused(status int, errs []client.Problem) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly:
		return false
	}
	return status/100 == 4 && len(errs) > 0 && !slices.ContainsFunc(errs, func(p client.Problem) bool {
		return p.Code == "" || slices.Contains(u.desc.Unsure, string(p.Code))
	})
}

// unaskable is a question that was not sent: UPS can't answer it.
func unaskable(code, message string) asked {
	return asked{kind: carrier.AskImpossible, code: code, message: message}
}
