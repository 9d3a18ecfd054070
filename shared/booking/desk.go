package booking

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/obs"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
)

// Desk is what booking and recovery have in common: the account, the token and the order of a shipment.
type Desk struct {
	Reader   Reader
	Accounts Accounts
	Tokens   Tokens
	Carriers carrier.Registry
	Sender   queue.Sender
	Papers   Papers
	Late     Latecomers
	Claimer  Claimer
	Tenants  Tenants          // nil: every tenant is in good standing
	Now      func() time.Time // the wall clock
	Times    Times
	Log      *slog.Logger
}

// job is one shipment ready to be booked or looked up.
type job struct {
	request ship.Shipment
	account carrier.Account
	carrier carrier.Carrier
	token   carrier.Token
}

// order is what the carrier is asked for, the same on every attempt.
func (j job) order(id string) carrier.Order {
	return carrier.Order{Shipment: j.request, Reference: Reference(id), Account: j.account}
}

// prepare does everything that can be done before the claim: request, account, token. What a claim has frozen is asked
// about as it was then, whatever was edited since. why is a reason for which no attempt is possible, now or ever.
func (d *Desk) prepare(ctx context.Context, m queue.Message, fp string, frozen Record) (j job, used string, why *impossible, err error) {
	j.request, err = d.Reader.Request(ctx, m.Tenant, m.Mode, m.Shipment, fp)
	if errors.Is(err, ErrNotFound) {
		r, rerr := d.named(ctx, m)
		if rerr != nil {
			return j, fp, nil, rerr
		}
		fp = r.RequestFP
		j.request, err = d.Reader.Request(ctx, m.Tenant, m.Mode, m.Shipment, fp)
		if errors.Is(err, ErrNotFound) {
			return j, fp, &impossible{final: true, why: Failure{"fairlead", "personal_data_erased", "The order's personal data was erased, addresses included. PATCH the shipment with the whole order, and confirm it again."}}, nil
		}
	}
	if err != nil {
		return j, fp, nil, fmt.Errorf("reading the request: %w", err)
	}
	j.request.CarrierAccount = cmp.Or(frozen.Account, j.request.CarrierAccount)
	j.request.Service = cmp.Or(frozen.Service, j.request.Service)
	why, err = d.login(ctx, m, &j)
	return j, fp, why, err
}

// named reads the shipment that a message names, strongly consistent. A message of one that is not there is poison.
func (d *Desk) named(ctx context.Context, m queue.Message) (Record, error) {
	r, err := d.Reader.Record(ctx, m.Tenant, m.Mode, m.Shipment)
	if errors.Is(err, ErrNotFound) {
		err = &queue.Poison{Reason: "there is no shipment " + m.Shipment + " of this tenant and mode"}
	}
	return r, err
}

// impossible is why no attempt can be made. Final ones need a person; the others pass.
type impossible struct {
	final bool
	waits bool // for a person: the message does not come back, wake brings another
	why   Failure
}

func (d *Desk) login(ctx context.Context, m queue.Message, j *job) (*impossible, error) {
	ctx, cancel := context.WithTimeout(ctx, d.Times.Prepare)
	defer cancel()
	var err error
	j.account, err = d.Accounts.CarrierAccount(ctx, m.Tenant, j.request.CarrierAccount)
	if errors.Is(err, ErrNotFound) || (err == nil && j.account.Mode != m.Mode) {
		return &impossible{final: true, why: Failure{"fairlead", "carrier_account_missing", "The carrier account " + j.request.CarrierAccount + " does not exist any more. PATCH the shipment with a carrier_account that does, and confirm it again."}}, nil
	}
	if err != nil {
		d.Log.ErrorContext(ctx, "account not read", "tenant", m.Tenant, "account", j.request.CarrierAccount, "error", err)
		return &impossible{final: false, why: Failure{"fairlead", "account_unavailable", "The carrier account could not be read. Confirm again; if it fails again, tell the operator the request id."}}, nil
	}
	c, ok := d.Carriers[j.account.Carrier]
	if !ok {
		return &impossible{final: true, why: Failure{"fairlead", "carrier_unsupported", "There is no carrier " + j.account.Carrier + "."}}, nil
	}
	j.carrier = c
	obs.Note(ctx, "carrier", j.account.Carrier)
	j.token, err = d.Tokens.Token(ctx, j.account, c)
	if refused, ok := errors.AsType[*carrier.LoginRefused](err); ok {
		return &impossible{final: true, why: Failure{"carrier", "login_refused", loginRefused(j.account, refused)}}, nil
	}
	if err != nil {
		d.Log.WarnContext(ctx, "no token", "tenant", m.Tenant, "account", j.account.ID, "error", err)
		return &impossible{final: false, why: Failure{"carrier", "login_unavailable", "The carrier's login could not be reached for a day. Confirm again when it can."}}, nil
	}
	return nil, nil
}

// standing is why nothing is booked for a tenant now: it is suspended, or its data is erased.
func (d *Desk) standing(ctx context.Context, tenant string) (*impossible, error) {
	if d.Tenants == nil {
		return nil, nil
	}
	suspended, erased, err := d.Tenants.Standing(ctx, tenant)
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the tenant: %w", err)
	case erased:
		return &impossible{final: true, why: Failure{"fairlead", "tenant_erased", "The tenant's data was erased before it could be booked."}}, nil
	case suspended:
		return &impossible{waits: true, why: Failure{"fairlead", "tenant_suspended", "The account was suspended by the operator of this platform, for a day and longer. Confirm again when it works again."}}, nil
	}
	return nil, nil
}

// gone tells whether a message is of a tenant whose data is erased: there is nothing left that it could be about.
func (d *Desk) gone(ctx context.Context, m queue.Message) (bool, error) {
	why, err := d.standing(ctx, m.Tenant)
	if err != nil || why == nil || !why.final {
		return false, err
	}
	d.Log.WarnContext(ctx, "message of an erased tenant acknowledged", "tenant", m.Tenant, "shipment", m.Shipment, "message", m.ID, "type", m.Type)
	return true, nil
}

func loginRefused(a carrier.Account, e *carrier.LoginRefused) string {
	return e.Advice(a) + " Then confirm again."
}

// resend sends a consumer's own message again, for another attempt: a slot that it carries is not that one's. A longer wait
// than a message can have is the shipment's `due`.
func (d *Desk) resend(ctx context.Context, m queue.Message, wait time.Duration) error {
	if wait > queue.MaxDelay {
		return nil
	}
	var hint Hint
	if err := json.Unmarshal(m.Data, &hint); err == nil && hint.Slot != 0 {
		hint.Slot = 0
		m.Data = raw(hint)
	}
	return d.Sender.Send(ctx, m.Queue, m.Envelope, wait)
}

// repeated tells whether a message has come back because something could not be done.
func repeated(m queue.Message) (bool, error) {
	var hint Hint
	if err := json.Unmarshal(m.Data, &hint); err != nil {
		return false, &queue.Poison{Reason: "a message without its hint: " + err.Error()}
	}
	return hint.Tries > 0, nil
}

// dueAfter is when wake looks at what is to be tried again at nx: some time after its message, or then, for no message
// waits longer than MaxDelay.
func dueAfter(nx, now time.Time, t Times) time.Time {
	if nx.Sub(now) > queue.MaxDelay {
		return nx
	}
	return nx.Add(t.DueFirst)
}

// retry sends the message again after a growing wait, at most maxTries times; wake comes after that.
func (d *Desk) retry(ctx context.Context, m queue.Message) error {
	var hint Hint
	if err := json.Unmarshal(m.Data, &hint); err != nil {
		return &queue.Poison{Reason: "a message without its hint: " + err.Error()}
	}
	if hint.Tries++; hint.Tries > maxTries {
		return nil
	}
	m.Data = raw(hint)
	return d.Sender.Send(ctx, m.Queue, m.Envelope, Backoff(m.Shipment, int64(hint.Tries)+1, 0, d.Times))
}

// until is when a call that is no booking must have ended, so that the invocation outlives it.
func (d *Desk) until(m queue.Message) time.Time {
	end := d.wall().Add(d.Times.CallDeadline)
	if last := m.Deadline.Round(0).Add(-d.Times.CallMargin); last.Before(end) {
		return last
	}
	return end
}

func (d *Desk) refresh(ctx context.Context, j job, until time.Time) (carrier.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, until.Sub(d.wall()))
	defer cancel()
	return d.Tokens.Refresh(ctx, j.account, j.carrier, j.token)
}

// late keeps a number that came too late. Refused means that it is there already.
func (d *Desk) late(ctx context.Context, tenant string, r Record, number string) error {
	_, err := d.Late.Late(ctx, tenant, r.Mode, r.ID, number, d.wall(), d.due())
	if err == nil {
		obs.Measure(ctx, obs.LateNumbers, 1, "")
		d.Log.WarnContext(ctx, "late answer kept", "tenant", tenant, "shipment", r.ID, "number", number)
	}
	return ignoreRefused(err)
}

// wall is the wall clock in milliseconds, as items hold it; the monotonic clock may stand still in a frozen machine.
func (d *Desk) wall() time.Time { return wall(d.Now) }

func wall(now func() time.Time) time.Time { return now().Round(0).Truncate(time.Millisecond) }

func (d *Desk) due() time.Time { return d.wall().Add(d.Times.DueFirst) }

// ignoreRefused: somebody else moved the shipment on; the condition decided.
func ignoreRefused(err error) error {
	if _, ok := errors.AsType[*Refused](err); ok {
		return nil
	}
	return err
}
