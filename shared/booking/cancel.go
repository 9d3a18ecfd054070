package booking

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/ship"
)

// Cancels writes what a client's cancellation calls for.
type Cancels interface {
	CancelSeen(ctx context.Context, tenant string, old Record, now, audit time.Time) (Record, error) // CANCEL, of the version that was seen
	Want(ctx context.Context, tenant string, old Record, now, due time.Time) (Record, error)         // CW
	Reopen(ctx context.Context, tenant string, old Record, now, due time.Time) (Record, error)       // REOPEN
}

// NotCancellable is a cancellation of a shipment that is not booked and will not be.
type NotCancellable struct{ Current Accepted }

// Error names the state.
func (e *NotCancellable) Error() string { return "the shipment is " + string(e.Current.Record.Status) }

// cancelTries is how often a cancellation looks again after somebody else moved the shipment on.
const cancelTries = 6

// Cancel takes a shipment back. What is not with the carrier is cancelled at once; what is, or may be, is wanted
// cancelled: the recovery finds out and asks the carrier, for no API call does. version nil means as it is now. It
// returns ErrNotFound, *Stale or *NotCancellable; what is cancelled already, or wanted so, is replayed.
func (s *Service) Cancel(ctx context.Context, tenant string, mode ship.Mode, id string, version *int64) (Accepted, error) {
	r, err := s.Reader.Record(ctx, tenant, mode, id)
	if err != nil {
		return Accepted{}, err
	}
	for range cancelTries {
		step := OnCancel(r)
		if step == CancelReplay {
			return s.shown(ctx, tenant, r, true)
		}
		if !r.CancelWanted.IsZero() {
			version = nil // it was accepted before, and the shipment has moved on since
		}
		if version != nil && *version != r.Version || step == CancelRefuse {
			out, err := s.shown(ctx, tenant, r, true)
			if err != nil {
				return Accepted{}, err
			}
			if step == CancelRefuse && (version == nil || *version == r.Version) {
				return Accepted{}, &NotCancellable{out}
			}
			return Accepted{}, &Stale{out}
		}
		next, err := s.takeBack(ctx, tenant, r, step)
		refused, lost := errors.AsType[*Refused](err)
		switch {
		case lost && refused.Old == nil:
			return Accepted{}, ErrNotFound // a draft that has expired
		case lost:
			r = *refused.Old
		case err != nil:
			return Accepted{}, err
		case step == CancelReopen:
			r, version = next, nil // it is the version that was named, but for this
		default:
			return s.shown(ctx, tenant, next, false)
		}
	}
	return Accepted{}, fmt.Errorf("cancelling %s: somebody else moved it on %d times", id, cancelTries)
}

// takeBack makes the write of a step.
func (s *Service) takeBack(ctx context.Context, tenant string, r Record, step CancelStep) (Record, error) {
	now := wall(s.Now)
	switch step {
	case CancelNow:
		return s.Cancels.CancelSeen(ctx, tenant, r, now, now.Add(s.Times.Audit))
	case CancelReopen:
		return s.Cancels.Reopen(ctx, tenant, r, now, now.Add(s.Times.DueFirst))
	}
	return s.Cancels.Want(ctx, tenant, r, now, now.Add(s.Times.DueFirst))
}

// shown is a record with its request, remembered as an answer of this process.
func (s *Service) shown(ctx context.Context, tenant string, r Record, replayed bool) (Accepted, error) {
	asked := wall(s.Now)
	request, err := Requested(ctx, s.Reader, tenant, r)
	out := Accepted{Record: r, Shipment: request, Replayed: replayed}
	if err == nil {
		s.Answers.keep(tenant, r.Mode, out, "", asked)
	}
	return out, err
}

// Cancel is POST /v1/shipments/{id}/cancel.
func (h *HTTP) Cancel(ctx context.Context, r api.Request) (api.Response, error) {
	id, err := shipmentID(r)
	if err != nil {
		return api.Response{}, err
	}
	if _, err := api.IdempotencyKey(r); err != nil { // it changes nothing, but its sender relies on it
		return api.Response{}, err
	}
	version, err := ifMatch(r)
	if err != nil {
		return api.Response{}, err
	}
	out, err := h.Service.Cancel(ctx, r.Tenant, r.Mode, id, version)
	if e, ok := errors.AsType[*NotCancellable](err); ok {
		return api.Response{}, &api.Error{Status: http.StatusConflict, Code: "not_cancellable", Header: etag(e.Current.Record), Extra: map[string]any{"shipment": Present(e.Current)},
			Detail: fmt.Sprintf("The shipment is %s: nothing is booked, and nothing will be unless you confirm it again.", e.Current.Record.Status)}
	}
	if err != nil {
		return api.Response{}, changeError(err, id, version)
	}
	status := http.StatusAccepted
	if st := out.Record.Status; st == Cancelled || st == CancelledLocally {
		status = http.StatusOK
	}
	resp := answer(status, out)
	resp.Status = status // of a repetition as well: it may still be wanted
	return resp, nil
}

// ifMatch is the version that a request names, nil when it names none.
func ifMatch(r api.Request) (*int64, error) {
	sent := r.Header.Values("If-Match")
	if len(sent) == 0 {
		return nil, nil
	}
	version, ok := parseETag(sent[0])
	if !ok || len(sent) > 1 { // an empty one is refused as well: its sender does not mean any version
		return nil, api.Malformed("invalid_if_match", fmt.Sprintf("If-Match is %.100q; send the ETag of the shipment's last answer, such as \"3\".", strings.Join(sent, ", ")))
	}
	return &version, nil
}

// requiredIfMatch is the version that a request has to name.
func requiredIfMatch(r api.Request) (int64, error) {
	version, err := ifMatch(r)
	if err != nil {
		return 0, err
	}
	if version == nil {
		return 0, &api.Error{Status: http.StatusPreconditionRequired, Code: "if_match_required", Detail: "Send If-Match with the version you have seen: the ETag of the shipment's last answer."}
	}
	return *version, nil
}

// mostDigits are those of a version: what has more is no number of ours.
const mostDigits = 18

// parseETag reads a version as the contract's If-Match writes it: an ETag of ours, which a proxy may have marked as weak,
// or its number without the quotation marks that a shell so easily takes away.
func parseETag(s string) (int64, bool) {
	s = strings.TrimPrefix(s, "W/")
	if len(s) > 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	if len(s) > mostDigits || strings.HasPrefix(s, "0") || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	version, err := strconv.ParseInt(s, 10, 64)
	return version, err == nil
}

// changeError is how a change that could not be made is answered.
func changeError(err error, id string, version *int64) error {
	if errors.Is(err, ErrNotFound) {
		return api.NotFound("shipment", id)
	}
	if e, ok := errors.AsType[*Stale](err); ok {
		return &api.Error{Status: http.StatusPreconditionFailed, Code: "version_mismatch", Header: etag(e.Current.Record), Extra: map[string]any{"shipment": Present(e.Current)},
			Detail: fmt.Sprintf("The shipment is at version %d, not %d; its current state is in shipment. Look at it, then send its version.", e.Current.Record.Version, value(version))}
	}
	return err
}
