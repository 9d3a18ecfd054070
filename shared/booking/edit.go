package booking

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
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
	case fp == r.RequestFP && !now.Shipment.Erased: // it says so already
		now.Replayed = repeated
		return now, nil
	}
	return s.edit(ctx, tenant, now, next, fp)
}

// editable tells whether nothing is with the carrier and nothing can be. While an audit is owed an earlier attempt may yet
// turn up, and would be adopted, looked up and shown as what the edit made of it.
func editable(r Record) bool {
	return r.Status == Draft || r.Status == Failed && len(r.Late) == 0 && !r.AuditOwed
}

// amended is what is ordered after a change, and its fingerprint. The reference is the shipment's name, and stays.
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
	refused, replayed := errors.AsType[*Refused](err)
	switch {
	case !replayed && err != nil:
		return Accepted{}, err
	case !replayed:
	case refused.Old == nil:
		return Accepted{}, ErrNotFound
	case refused.Old.Version == r.Version+1 && refused.Old.RequestFP == fp && lastCause(*refused.Old) == CauseEdited:
		edited = *refused.Old // my own, whose acknowledgement was lost, or the same change by somebody else
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
	out := Accepted{Record: edited, Shipment: next, Replayed: replayed}
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
		return api.Response{}, h.notEditable(e.Current)
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
	choose(doc.(map[string]any), patch.(map[string]any), now)
	if err := misnamed(r, doc, patch); err != nil {
		return ship.Shipment{}, "", err
	}
	merged := r
	merged.Body = raw(merge(doc, patch, false))
	in, _, err := api.Decode[v1.ShipmentRequest](merged, "ShipmentRequest")
	return translate.Shipment(in), value(in.Rate), err
}

// choose lets a patch name a rate, or a service and an account, without taking the other away first: a rate stands for
// both, and who says the one does not mean the other any more. What a rate stood for stays when it is taken away.
func choose(doc, patch map[string]any, now ship.Shipment) {
	given := func(name string) bool { return patch[name] != nil }
	rate, said := patch["rate"]
	switch own := given("service") || given("carrier_account"); {
	case own && rate != nil: // a contradiction of the patch's own
	case rate != nil:
		delete(doc, "service")
		delete(doc, "carrier_account")
		delete(doc, "filter")
	case now.Quote != nil && (said || own):
		delete(doc, "rate")
		doc["service"], doc["carrier_account"] = now.Service, now.CarrierAccount
	}
}

// misnamed refuses a null for a member that there never is: it would change nothing, and hide a slip of the pen.
func misnamed(r api.Request, doc, patch any) error {
	kept := r
	kept.Body = raw(merge(doc, patch, true))
	_, _, err := api.Decode[v1.ShipmentRequest](kept, "ShipmentRequest")
	e, ok := errors.AsType[*api.Error](err)
	if !ok {
		return err
	}
	unknown := slices.DeleteFunc(e.Problems, func(p ship.Problem) bool { return p.Code != "unknown_field" })
	if len(unknown) == 0 {
		return nil
	}
	e.Problems = unknown
	return e
}

// merge is MergePatch of RFC 7396; with nulls, it leaves every null where it takes a member away.
func merge(target, patch any, nulls bool) any {
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
		if v == nil && !nulls {
			delete(out, k)
			continue
		}
		out[k] = merge(out[k], v, nulls)
	}
	return out
}

// notEditable is how a change of what can't be changed is answered.
func (h *HTTP) notEditable(now Accepted) error {
	r, extra := now.Record, map[string]any{"shipment": Present(now)}
	if r.Status == Failed && len(r.Late) == 0 && r.AuditOwed {
		return &api.Error{Status: http.StatusConflict, Code: "audit_owed", Header: etag(r), Extra: extra,
			Detail: fmt.Sprintf("An earlier attempt was not answered, and the carrier is asked at %s whether it booked it after all; until then what was ordered stays as it is. It can be confirmed again as it is. To ship something else now, order it under a new reference.", r.Updated().Add(h.Service.Times.Audit).Format(time.RFC3339))}
	}
	return &api.Error{Status: http.StatusConflict, Code: "not_editable", Header: etag(r), Extra: extra, Detail: whyNotEditable(r)}
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
