package operating

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Outcome is what came of an operator's call.
type Outcome string

// The outcomes.
const (
	Begun   Outcome = "begun"   // it acts, or died while it did: what it did is found where it acts
	Done    Outcome = "done"    //
	Turned  Outcome = "refused" // nothing was done
	Failed  Outcome = "failed"  // it broke off: some of it may be done
	Unheard Outcome = "unheard" // who asks, or why, was not said: nothing was done
)

// Entry is one call in the audit. Entries are kept for ever.
type Entry struct {
	ID        string    `json:"id"`
	At        time.Time `json:"at"`
	Operation string    `json:"operation"`
	By        string    `json:"by"`
	Reason    string    `json:"reason,omitempty"`
	Target    string    `json:"target,omitempty"`
	Arguments string    `json:"arguments,omitempty"` // as JSON; no operation takes a secret
	Outcome   Outcome   `json:"outcome"`
	Said      string    `json:"said,omitempty"` // what was answered, in short, or why it was refused
	Ended     time.Time `json:"ended,omitzero"`
}

// Journal keeps entries.
type Journal interface {
	BeginAudit(ctx context.Context, e Entry) error
	EndAudit(ctx context.Context, e Entry) error
	// Audits are those of a month, or of a day of it, the newest first: at most limit after a position, and the next one.
	Audits(ctx context.Context, month time.Time, day bool, limit int, after string) ([]Entry, string, error)
}

// Auditor writes what operators do.
type Auditor struct {
	Journal Journal
	Now     func() time.Time
	NewID   func() string // a fresh ULID
	Log     *slog.Logger
}

// Told is an answer that says of itself what the audit is to keep. The audit keeps no evidence and no secret.
type Told interface{ Summary() (target, said string) }

// Audited is an operation that is written to the audit before it acts, and its outcome after. changes says that a reason
// is needed. What can't be written is not done.
func Audited[I Input, O any](a *Auditor, name string, changes bool, do Operation[I, O]) Operation[I, O] {
	return func(ctx context.Context, in I) (out O, err error) {
		who := in.caller()
		e := Entry{ID: a.NewID(), At: a.Now().UTC().Truncate(time.Millisecond), Operation: name, By: clip(who.By, longestBy), Reason: clip(who.Reason, longestReason),
			Target: clip(in.Target(), longestReason), Outcome: Begun}
		var kept any = in
		if p, ok := kept.(interface{ Kept() any }); ok { // the audit is for ever
			kept = p.Kept()
		}
		if args, err := json.Marshal(kept); err == nil {
			e.Arguments = string(args)
		}
		unheard := who.check(changes)
		if unheard != nil {
			e.Outcome = Unheard
		}
		if err := a.Journal.BeginAudit(ctx, e); err != nil {
			a.Log.ErrorContext(ctx, "operator's call not audited, and so not done", "operation", name, "by", e.By, "error", err)
			return out, fmt.Errorf("the call could not be written to the audit, and so nothing was done: %w", err)
		}
		if err = unheard; err == nil {
			out, err = do(ctx, in)
		}
		a.end(ctx, e, any(out), err)
		return out, err
	}
}

// end writes what came of a call. It is done by then: that its outcome can't be written is a line in the log.
func (a *Auditor) end(ctx context.Context, e Entry, out any, err error) {
	e.Ended = a.Now().UTC().Truncate(time.Millisecond)
	refused, turned := errors.AsType[*Refused](err)
	switch told, tells := out.(Told); {
	case e.Outcome == Unheard:
		e.Said = err.Error()
	case turned:
		e.Outcome, e.Said = Turned, refused.Say
	case errors.Is(err, ErrBadCursor):
		e.Outcome, e.Said = Turned, err.Error()
	case err != nil:
		e.Outcome, e.Said = Failed, err.Error()
	case tells:
		target, said := told.Summary()
		if e.Outcome, e.Said = Done, said; target != "" {
			e.Target = target
		}
	default:
		e.Outcome = Done
	}
	if err := a.Journal.EndAudit(context.WithoutCancel(ctx), e); err != nil {
		a.Log.ErrorContext(ctx, "outcome not audited", "audit", e.ID, "operation", e.Operation, "outcome", e.Outcome, "error", err)
	}
	a.Log.InfoContext(ctx, "operator", "audit", e.ID, "operation", e.Operation, "by", e.By, "reason", e.Reason, "target", e.Target, "outcome", e.Outcome, "said", e.Said,
		"ms", e.Ended.Sub(e.At).Milliseconds())
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

// AuditRequest asks for what operators did.
type AuditRequest struct {
	Caller
	Month  string `json:"month,omitempty"` // 2026-11; the current one when neither is given
	Day    string `json:"day,omitempty"`   // 2026-11-22, instead of a month
	Limit  int    `json:"limit,omitempty"`
	Cursor string `json:"cursor,omitempty"`
}

// Target implements Input.
func (r AuditRequest) Target() string { return r.Month + r.Day }

// AuditPage is a page of entries, the newest first.
type AuditPage struct {
	Entries []Entry `json:"entries"`
	Cursor  string  `json:"cursor,omitempty"` // of the next page; none: this was the last
}

// Summary implements Told.
func (p AuditPage) Summary() (target, said string) {
	return "", fmt.Sprintf("%d entries", len(p.Entries))
}

// List is list-operations.
func (a *Auditor) List(ctx context.Context, in AuditRequest) (AuditPage, error) {
	limit, err := bounded(in.Limit, 50, 200)
	if err != nil {
		return AuditPage{}, err
	}
	at, day := a.Now(), in.Day != ""
	switch {
	case in.Month != "" && day:
		return AuditPage{}, refuse("month and day: give one of them")
	case day:
		if at, err = time.Parse(time.DateOnly, in.Day); err != nil {
			return AuditPage{}, refuse("day: it is %.40q, and is written like 2026-11-22", in.Day)
		}
	case in.Month != "":
		if at, err = time.Parse("2006-01", in.Month); err != nil {
			return AuditPage{}, refuse("month: it is %.40q, and is written like 2026-11", in.Month)
		}
	}
	var after string
	if err := unpack(in.Cursor, &after); err != nil {
		return AuditPage{}, err
	}
	found, next, err := a.Journal.Audits(ctx, at, day, limit, after)
	if err != nil {
		return AuditPage{}, err
	}
	out := AuditPage{Entries: found}
	if next != "" {
		out.Cursor = pack(next)
	}
	return out, nil
}
