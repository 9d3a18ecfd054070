package booking

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/carrier"
)

// Past reads what a shipment went through.
type Past interface {
	// History is every change, oldest first: the one that made version n is at n-1.
	History(ctx context.Context, tenant string, r Record) ([]Entry, error)
	// Answers are the heads of what the carrier answered, by attempt, as far as they are kept: of refusals, of unknown
	// outcomes, and of the one that is booked.
	Answers(ctx context.Context, tenant string, r Record) (map[int64]carrier.Answer, error)
}

// Events is GET /v1/shipments/{id}/events.
func (h *HTTP) Events(ctx context.Context, r api.Request) (api.Response, error) {
	_, entries, err := h.past(ctx, r)
	if err != nil {
		return api.Response{}, err
	}
	page := v1.ShipmentEventPage{Object: v1.List, Data: make([]v1.ShipmentEvent, len(entries))}
	status := Draft
	for i, e := range entries {
		if e.Status != Unchanged {
			status = e.Status
		}
		page.Data[i] = v1.ShipmentEvent{Version: int64(i + 1), At: e.At, Status: v1.Status(status), Cause: e.Cause.String()}
	}
	return api.Response{Status: http.StatusOK, Body: page}, nil
}

// Attempts is GET /v1/shipments/{id}/attempts.
func (h *HTTP) Attempts(ctx context.Context, r api.Request) (api.Response, error) {
	rec, entries, err := h.past(ctx, r)
	if err != nil {
		return api.Response{}, err
	}
	answers, err := h.Past.Answers(ctx, r.Tenant, rec)
	if err != nil {
		return api.Response{}, err
	}
	page := v1.AttemptPage{Object: v1.List, Data: attempts(entries)}
	for i := range page.Data {
		if a, ok := answers[page.Data[i].Number]; ok {
			page.Data[i].Answer = presentAnswer(a)
		}
	}
	return api.Response{Status: http.StatusOK, Body: page}, nil
}

func (h *HTTP) past(ctx context.Context, r api.Request) (Record, []Entry, error) {
	id, err := shipmentID(r)
	if err != nil {
		return Record{}, nil, err
	}
	rec, err := h.Service.Reader.Record(ctx, r.Tenant, r.Mode, id)
	if errors.Is(err, ErrNotFound) {
		return rec, nil, api.NotFound("shipment", id)
	}
	if err != nil {
		return rec, nil, err
	}
	entries, err := h.Past.History(ctx, r.Tenant, rec)
	return rec, entries, err
}

// attempts reads a history as booking attempts: each begins with the claim that recorded its intent and ends with the
// change after it that is no late number.
func attempts(entries []Entry) []v1.Attempt {
	out, open := []v1.Attempt{}, false
	for _, e := range entries {
		switch {
		case e.Cause == CauseLabelRequested:
			out, open = append(out, v1.Attempt{Number: int64(len(out) + 1), StartedAt: e.At, Outcome: "in_progress"}), true
		case open && e.Status != Unchanged && e.Status != Booking:
			last := &out[len(out)-1]
			last.EndedAt, last.Outcome, open = optional(e.At), e.Cause.String(), false
		}
	}
	return out
}

func presentAnswer(a carrier.Answer) *v1.CarrierAnswer {
	out := &v1.CarrierAnswer{HttpStatus: optional(a.Status), Body: optional(a.Body), Error: optional(a.Error), Sent: &a.Sent, DurationMs: optional(int64(a.Duration / time.Millisecond))}
	if len(a.Header) > 0 {
		out.Headers = &a.Header
	}
	return out
}
