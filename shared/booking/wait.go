package booking

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/document"
	"github.com/fairlead/fairlead/shared/obs"
	"github.com/fairlead/fairlead/shared/ship"
)

// Watcher reads a state item as cheaply as can be: eventually consistent, so that it may be an older one.
type Watcher interface {
	Peek(ctx context.Context, tenant string, mode ship.Mode, id string) (Record, error)
}

const (
	longestWait  = 20 * time.Second
	firstLook    = 150 * time.Millisecond
	slowestLook  = time.Second
	waitMargin   = 2 * time.Second // before the invocation ends: an answer is better than none
	largestLabel = 1 << 20         // bytes of a label that go into an answer
)

// await is what `Prefer: wait=N` asks for: nothing is booked here and nothing is written, the state is watched until the
// shipment has come to an end. now is the answer without waiting; status is that of one that came to an end.
func (h *HTTP) await(ctx context.Context, r api.Request, a Accepted, now api.Response, status int) (api.Response, error) {
	wait := preferredWait(r.Header.Values("Prefer"))
	if wait == 0 || a.Record.Status == Draft {
		return now, nil
	}
	obs.Note(ctx, "waits_for", "outcome")
	seen := h.watch(ctx, a.Record, wait)
	if seen.RequestFP != a.Record.RequestFP { // it was changed meanwhile
		return h.answerNow(ctx, r, seen, now), nil
	}
	a.Record = seen
	if a.Replayed {
		status = http.StatusOK
	}
	if !ended(seen) {
		status, a.Replayed = http.StatusAccepted, false
	}
	out := answer(status, a)
	out.Header["Preference-Applied"] = "wait=" + strconv.Itoa(int(wait/time.Second))
	h.attach(ctx, r.Tenant, a, &out)
	return out, nil
}

// answerNow is the answer about a shipment whose request is another by now; where that can't be read, the answer without
// waiting. What was accepted is never answered with an error.
func (h *HTTP) answerNow(ctx context.Context, r api.Request, seen Record, otherwise api.Response) api.Response {
	out, err := h.Service.Get(ctx, r.Tenant, r.Mode, seen.ID)
	if err != nil {
		return otherwise
	}
	return answer(http.StatusOK, out)
}

// watch reads the state until it has ended or the time is up, at growing distances.
func (h *HTTP) watch(ctx context.Context, r Record, wait time.Duration) Record {
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(deadline)-waitMargin)
	}
	end, pause := time.Now().Add(wait), firstLook
	for left := wait; !ended(r) && left > 0; left = time.Until(end) { // the last look is when the time is up
		timer := time.NewTimer(min(pause, left))
		select {
		case <-ctx.Done():
			timer.Stop()
			return r
		case <-timer.C:
		}
		// A read that fails is like one that shows nothing new: the state that is known is still an answer.
		if now, err := h.Watcher.Peek(ctx, r.Tenant, r.Mode, r.ID); err == nil && now.Version >= r.Version {
			r = now
		}
		pause = min(pause*8/5, slowestLook)
	}
	return r
}

// ended tells whether waiting any longer is of no use: it is booked with its label, or will not be booked without
// somebody's doing.
func ended(r Record) bool {
	switch r.Status {
	case Booked:
		return r.Document != DocumentPending && r.CancelWanted.IsZero()
	case Draft, Failed, Cancelled, CancelledLocally:
		return true
	}
	return r.Held != ""
}

// attach puts the label into an answer that waited for it. Where that is not possible, for it can't be read or is too large,
// label_url says where it is.
func (h *HTTP) attach(ctx context.Context, tenant string, a Accepted, out *api.Response) {
	if a.Record.Status != Booked || a.Record.Document != DocumentReady {
		return
	}
	label, err := h.Labels.Label(ctx, tenant, a.Record.Mode, a.Record.ID, a.Record.TrackingNumber)
	if err != nil {
		return
	}
	doc, err := document.Convert(label, ordered(label, a.Shipment.Label))
	if err != nil || len(doc.Data) > largestLabel {
		return
	}
	body := out.Body.(v1.Shipment)
	body.LabelFile = &v1.LabelFile{MediaType: doc.MediaType, Content: doc.Data}
	out.Body = body
}

// preferredWait reads the preference wait of RFC 7240. What can't be read is ignored, as that asks for.
func preferredWait(headers []string) time.Duration {
	for _, h := range headers {
		for p := range strings.SplitSeq(h, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
			value, _, _ = strings.Cut(value, ";")
			if !strings.EqualFold(strings.TrimSpace(name), "wait") {
				continue
			}
			n, err := strconv.ParseUint(strings.Trim(strings.TrimSpace(value), `"`), 10, 31)
			if err != nil {
				return 0
			}
			return min(time.Duration(n)*time.Second, longestWait)
		}
	}
	return 0
}
