package booking

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/translate"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/ship"
)

// Edits writes a change of what is ordered.
type Edits interface {
	Edit(ctx context.Context, tenant string, old Record, fingerprint string, priority ship.Priority, now, expires time.Time) (Record, error) // EDIT
}

// Amendment makes of what is ordered what shall be ordered, with the rate it is then ordered by ("" for none).
type Amendment func(now ship.Shipment) (next ship.Shipment, rate string, err error)

// NotEditable is a change of a shipment that is with the carrier, or done with.
type NotEditable struct{ Current Accepted }

// Error names the state.
func (e *NotEditable) Error() string { return "the shipment is " + string(e.Current.Record.Status) }

// Update changes a draft or a failed shipment, at the version that the client has seen. A failed one stays failed, and a
// retried create is still answered with it. It returns ErrNotFound, *Stale, *NotEditable, *Invalid, or the amendment's own
// error.
func (s *Service) Update(ctx context.Context, tenant string, mode ship.Mode, id string, version int64, amend Amendment) (Accepted, error) {
	now, err := s.Get(ctx, tenant, mode, id)
	if err != nil {
		return Accepted{}, err
	}
	r := now.Record
	repeated := r.Version == version+1 && lastCause(r) == CauseEdited // perhaps by this very call, whose answer was lost
	switch {
	case r.Version != version && !repeated:
		return Accepted{}, &Stale{now}
	case !editable(r):
		return Accepted{}, &NotEditable{now}
	}
	next, fp, err := s.amended(ctx, tenant, mode, now, amend)
	switch {
	case repeated && (err != nil || fp != r.RequestFP):
		return Accepted{}, &Stale{now}
	case err != nil:
		return Accepted{}, err
	case fp == r.RequestFP: // it says so already
		now.Replayed = repeated
		return now, nil
	}
	return s.edit(ctx, tenant, now, next, fp)
}

// editable tells whether nothing is with the carrier and nothing can be.
func editable(r Record) bool {
	return r.Status == Draft || r.Status == Failed && len(r.Late) == 0
}

// amended is what is ordered after a change, and its fingerprint. The reference is the shipment's name, and stays. While
// an audit is owed, the account stays as well: it is where the audit looks.
func (s *Service) amended(ctx context.Context, tenant string, mode ship.Mode, now Accepted, amend Amendment) (next ship.Shipment, fp string, err error) {
	next, rate, err := amend(now.Shipment)
	if err != nil {
		return next, "", err
	}
	problems, err := s.complete(ctx, tenant, mode, &next, rate)
	if err != nil {
		return next, "", err
	}
	if next.Reference != now.Shipment.Reference {
		problems = append(problems, ship.Problem{Field: "reference", Code: "immutable", Detail: "The reference names this shipment for ever; for another one create another shipment."})
	}
	if now.Record.AuditOwed && next.CarrierAccount != now.Shipment.CarrierAccount {
		problems = append(problems, ship.Problem{Field: "carrier_account", Code: "audit_owed", Detail: "The carrier of this account is still being asked whether it booked an earlier attempt after all; the account can be changed a day after that attempt."})
	}
	if len(problems) > 0 {
		return next, "", &Invalid{problems}
	}
	fp, err = Fingerprint(next)
	return next, fp, err
}

// edit stores what is ordered now, then makes the one conditional write.
func (s *Service) edit(ctx context.Context, tenant string, now Accepted, next ship.Shipment, fp string) (Accepted, error) {
	r := now.Record
	if _, err := s.Intake.PutRequest(ctx, tenant, r.Mode, r.ID, fp, next); err != nil {
		return Accepted{}, err
	}
	at := wall(s.Now)
	edited, err := s.Edits.Edit(ctx, tenant, r, fp, next.Priority, at, at.Add(s.Times.DraftTTL))
	refused, ok := errors.AsType[*Refused](err)
	switch {
	case !ok && err != nil:
		return Accepted{}, err
	case !ok:
	case refused.Old == nil:
		return Accepted{}, ErrNotFound
	case refused.Old.Version == r.Version+1 && refused.Old.RequestFP == fp && lastCause(*refused.Old) == CauseEdited: // mine: its acknowledgement was lost
		edited = *refused.Old
	default:
		out, err := s.shown(ctx, tenant, *refused.Old, true)
		if err != nil {
			return Accepted{}, err
		}
		if out.Record.Version != r.Version {
			return Accepted{}, &Stale{out}
		}
		return Accepted{}, &NotEditable{out}
	}
	out := Accepted{Record: edited, Shipment: next}
	s.Answers.keep(tenant, r.Mode, out, "", at)
	return out, nil
}

func lastCause(r Record) Cause {
	if len(r.History) == 0 {
		return 0
	}
	return r.History[len(r.History)-1].Cause
}

// Update is PATCH /v1/shipments/{id}: a merge patch (RFC 7396) of the request that would create the shipment. What comes
// out is checked as a whole, by the rules of a create.
func (h *HTTP) Update(ctx context.Context, r api.Request) (api.Response, error) {
	id, err := shipmentID(r)
	if err != nil {
		return api.Response{}, err
	}
	version, err := requiredIfMatch(r)
	if err != nil {
		return api.Response{}, err
	}
	_, patch, err := api.Decode[map[string]any](r, "ShipmentPatch")
	if err != nil {
		return api.Response{}, err
	}
	if _, said := patch.(map[string]any)["confirm"]; said {
		return api.Response{}, api.Invalid("A change does not confirm.", ship.Problem{Field: "confirm", Code: "not_needed", Detail: "Leave it out; POST /v1/shipments/{id}/confirm confirms."})
	}
	out, err := h.Service.Update(ctx, r.Tenant, r.Mode, id, version, func(now ship.Shipment) (ship.Shipment, string, error) {
		return patched(r, now, patch)
	})
	if e, ok := errors.AsType[*Invalid](err); ok {
		return api.Response{}, api.Invalid("The shipment can't be booked as it would be; each problem is listed in errors with its place.", e.Problems...)
	}
	if e, ok := errors.AsType[*NotEditable](err); ok {
		return api.Response{}, &api.Error{Status: http.StatusConflict, Code: "not_editable", Header: etag(e.Current.Record), Extra: map[string]any{"shipment": Present(e.Current)}, Detail: whyNotEditable(e.Current.Record)}
	}
	if err != nil {
		return api.Response{}, changeError(err, id, &version)
	}
	return answer(http.StatusOK, out), nil
}

// patched is a shipment after a merge patch of its request.
func patched(r api.Request, now ship.Shipment, patch any) (ship.Shipment, string, error) {
	var doc any
	dec := json.NewDecoder(bytes.NewReader(raw(translate.Request(now))))
	dec.UseNumber()
	if err := dec.Decode(&doc); err != nil {
		return ship.Shipment{}, "", fmt.Errorf("the request of a shipment is no JSON: %w", err)
	}
	merged := r
	merged.Body = raw(merge(doc, patch))
	in, _, err := api.Decode[v1.ShipmentRequest](merged, "ShipmentRequest")
	return translate.Shipment(in), value(in.Rate), err
}

// merge is MergePatch of RFC 7396.
func merge(target, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	out := map[string]any{}
	if old, ok := target.(map[string]any); ok {
		for k, v := range old {
			out[k] = v
		}
	}
	for k, v := range changes {
		if v == nil {
			delete(out, k)
			continue
		}
		out[k] = merge(out[k], v)
	}
	return out
}

// whyNotEditable says what can be done instead.
func whyNotEditable(r Record) string {
	switch r.Status {
	case Booked:
		return "The shipment is booked. Cancel it, and order it under a new reference."
	case Cancelling, Cancelled, CancelledLocally:
		return fmt.Sprintf("The shipment is %s; order it anew under a new reference.", r.Status)
	case Failed:
		return "The carrier answered late that it may have booked this shipment; that is found out first."
	}
	return fmt.Sprintf("The shipment is %s: it is with the carrier, or on its way there. Cancel it, or wait: what fails can be changed.", r.Status)
}
