// Package operating is what an operator does: see what waits for a person and decide it, send again what got stuck, suspend
// a tenant, erase its data. Nothing of it has a route: who may invoke the function is an operator. Every call, a refused one
// too, is written to the audit before it acts.
package operating

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fairlead/fairlead/shared/ship"
)

// Caller is who asks, and why. Lambda does not tell a function who invoked it, so By is what the caller says; CloudTrail
// has the principal beside it.
type Caller struct {
	By     string `json:"by"`               // a person, or the program that acts for one
	Reason string `json:"reason,omitempty"` // required where something is changed
}

// caller implements Input.
func (c Caller) caller() Caller { return c }

// Input is what an operator sends.
type Input interface {
	caller() Caller
	// Target is what the call is about, as the audit lists it.
	Target() string
}

// Refused is a call, or a part of it, that is not carried out: nothing was done, and the text says what would be.
type Refused struct{ Say string }

// Error says why.
func (r *Refused) Error() string { return r.Say }

func refuse(format string, args ...any) error { return &Refused{fmt.Sprintf(format, args...)} }

// ErrBadCursor is a position that none of our answers held.
var ErrBadCursor = errors.New("the cursor is none that an answer held; leave it out to begin anew")

const (
	longestBy     = 200
	longestReason = 1000
)

// check holds who asks against what an audit needs to know.
func (c Caller) check(reason bool) error {
	switch {
	case !line(c.By, longestBy):
		return refuse("by: say who asks, in 1 to %d characters on one line", longestBy)
	case strings.TrimSpace(c.Reason) == "" && reason:
		return refuse("reason: say why, in 1 to %d characters on one line", longestReason)
	case c.Reason != "" && !line(c.Reason, longestReason):
		return refuse("reason: it has at most %d characters on one line", longestReason)
	}
	return nil
}

// line tells whether a text is one line, not empty and not too long.
func line(s string, most int) bool {
	return strings.TrimSpace(s) != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && !strings.ContainsFunc(s, unicode.IsControl)
}

// Item names one shipment.
type Item struct {
	Tenant string    `json:"tenant"`
	Mode   ship.Mode `json:"mode"`
	ID     string    `json:"id"`
}

func checkMode(mode ship.Mode) error {
	if mode != ship.Test && mode != ship.Live {
		return refuse("mode: it is %q, and can be %q or %q", mode, ship.Test, ship.Live)
	}
	return nil
}

// longestID is longer than any id of ours.
const longestID = 64

// checkID tells what cannot be an id of ours: nothing of it must get into a key of the database.
func checkID(field, id string) error {
	if id == "" || len(id) > longestID || strings.ContainsFunc(id, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-'
	}) {
		return refuse("%s: %.80q is no id", field, id)
	}
	return nil
}

// pack makes a cursor of a position, and unpack reads one. "" is the begin.
func pack(position any) string {
	b, err := json.Marshal(position)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func unpack(cursor string, position any) error {
	if cursor == "" {
		return nil
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || json.Unmarshal(b, position) != nil {
		return ErrBadCursor
	}
	return nil
}

// bounded is how many rows a call is to answer.
func bounded(limit, usual, most int) (int, error) {
	switch {
	case limit == 0:
		return usual, nil
	case limit < 1 || limit > most:
		return 0, refuse("limit: it is %d, and can be 1 to %d", limit, most)
	}
	return limit, nil
}

// Operation is what a function of this package does.
type Operation[I Input, O any] func(ctx context.Context, in I) (O, error)
