package operating

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/queue"
)

// Deliveries reads what became of events, by endpoint and hour.
type Deliveries interface {
	Deliveries(ctx context.Context, tenant, endpoint string, hour time.Time) ([]callback.Delivery, error)
	DeliveriesOf(ctx context.Context, tenant, endpoint, event string, hours []time.Time) ([]callback.Delivery, error)
	Endpoints(ctx context.Context, tenant string) ([]callback.Endpoint, error)
}

// Replayer sends events to their endpoints again. What a delivery said is not kept, so the event is made again from the
// history of its shipment.
type Replayer struct {
	Deliveries Deliveries
	Reader     booking.Reader
	Past       booking.Past
	Queue      queue.Sender
	Now        func() time.Time
	Log        *slog.Logger
}

// ReplayRequest names events: one by its id, or those of an endpoint in a window.
type ReplayRequest struct {
	Caller
	Tenant     string    `json:"tenant"`
	Event      string    `json:"event,omitempty"`    // evt_…, the webhook-id
	Endpoint   string    `json:"endpoint,omitempty"` // ce_…; with event none: every one it was sent to
	From       time.Time `json:"from,omitzero"`      // of the window, by when the events occurred; up to 30 days back
	To         time.Time `json:"to,omitzero"`        // none: now
	OnlyFailed bool      `json:"only_failed,omitempty"`
	Limit      int       `json:"limit,omitempty"`
	Cursor     string    `json:"cursor,omitempty"`
}

// Target implements Input.
func (r ReplayRequest) Target() string {
	return strings.TrimSpace(r.Tenant + " " + r.Endpoint + " " + r.Event)
}

// Replayed is an event, and what became of it now.
type Replayed struct {
	Event      string         `json:"event"`
	Type       string         `json:"type"`
	Endpoint   string         `json:"endpoint"`
	Shipment   string         `json:"shipment"`
	OccurredAt time.Time      `json:"occurred_at"`
	Was        callback.State `json:"was"`
	Problem    string         `json:"problem,omitempty"` // why it is not sent; none: it is
}

// ReplayAnswer is what was sent.
type ReplayAnswer struct {
	Events   []Replayed `json:"events"`
	Sent     int        `json:"sent"`
	Problems int        `json:"problems"`
	Cursor   string     `json:"cursor,omitempty"` // with it the next call goes on
}

// Summary implements Told.
func (a ReplayAnswer) Summary() (target, said string) {
	return "", fmt.Sprintf("%d events sent again, %d not", a.Sent, a.Problems)
}

const (
	deliveriesKept = 30 * 24 * time.Hour
	mostHours      = 100 // that one call looks into
)

// spot is where a window goes on.
type spot struct {
	Hour  time.Time `json:"h"`
	After string    `json:"a,omitempty"` // the event that was sent last
}

// Replay is replay-callbacks. Events keep their ids, by which receivers know repetitions.
func (p *Replayer) Replay(ctx context.Context, in ReplayRequest) (ReplayAnswer, error) {
	limit, err := bounded(in.Limit, 100, 500)
	if err == nil {
		err = p.check(&in)
	}
	if err != nil {
		return ReplayAnswer{}, err
	}
	endpoints, err := p.endpoints(ctx, in)
	if err != nil {
		return ReplayAnswer{}, err
	}
	out := ReplayAnswer{Events: []Replayed{}}
	if in.Event != "" {
		return out, p.event(ctx, in, endpoints, &out)
	}
	return out, p.window(ctx, in, endpoints[0], limit, &out)
}

// check holds a request against what can be replayed.
func (p *Replayer) check(in *ReplayRequest) error {
	if err := checkID("tenant", in.Tenant); err != nil {
		return err
	}
	now := p.Now()
	if in.To.IsZero() {
		in.To = now
	}
	switch {
	case in.Event != "" && (!in.From.IsZero() || in.Cursor != ""):
		return refuse("event: one event has no window; give the event, or an endpoint with from and to")
	case in.Event != "" && in.OnlyFailed:
		return refuse("only_failed: it chooses from a window, and one event is sent whatever became of it; leave it out")
	case in.Event != "":
		return checkID("event", in.Event)
	case in.Endpoint == "" || in.From.IsZero():
		return refuse("give the id of an event, or an endpoint with the begin of a window")
	case in.From.After(in.To):
		return refuse("from: the window begins at %s, after its end at %s", in.From.Format(time.RFC3339), in.To.Format(time.RFC3339))
	case now.Sub(in.From) > deliveriesKept+time.Hour:
		return refuse("from: deliveries are kept for 30 days; the window can begin at %s", now.Add(-deliveriesKept).Format(time.RFC3339))
	}
	return nil
}

// isDisabled says why an endpoint is sent nothing: deliver-callback would only write down that it is disabled.
func isDisabled(e callback.Endpoint) error {
	return refuse("callback endpoint %s is disabled: have it enabled first", e.ID)
}

// endpoints are those that a request is about. One that it names takes events.
func (p *Replayer) endpoints(ctx context.Context, in ReplayRequest) ([]callback.Endpoint, error) {
	all, err := p.Deliveries.Endpoints(ctx, in.Tenant)
	if err != nil || in.Endpoint == "" {
		return all, err
	}
	i := slices.IndexFunc(all, func(e callback.Endpoint) bool { return e.ID == in.Endpoint })
	switch {
	case i < 0:
		return nil, refuse("tenant %s has no callback endpoint %s", in.Tenant, in.Endpoint)
	case all[i].Disabled:
		return nil, isDisabled(all[i])
	}
	return all[i : i+1], nil
}

// event looks for one event among all that is kept.
func (p *Replayer) event(ctx context.Context, in ReplayRequest, endpoints []callback.Endpoint, out *ReplayAnswer) error {
	var hours []time.Time
	for h := p.Now().Truncate(time.Hour); p.Now().Sub(h) <= deliveriesKept+time.Hour; h = h.Add(-time.Hour) {
		hours = append(hours, h)
	}
	for _, e := range endpoints {
		found, err := p.Deliveries.DeliveriesOf(ctx, in.Tenant, e.ID, in.Event, hours)
		if err != nil {
			return err
		}
		for _, d := range found {
			p.again(ctx, in.Tenant, e, d, out)
		}
	}
	if len(out.Events) == 0 {
		return refuse("no delivery of event %s is kept for tenant %s; deliveries are kept for 30 days, and an event that no endpoint wanted has none", in.Event, in.Tenant)
	}
	return nil
}

// window goes through the hours of a window, up to a number of events and of hours.
func (p *Replayer) window(ctx context.Context, in ReplayRequest, e callback.Endpoint, limit int, out *ReplayAnswer) error {
	at := spot{Hour: in.From.UTC().Truncate(time.Hour)}
	if err := unpack(in.Cursor, &at); err != nil {
		return err
	}
	for read := 0; !at.Hour.After(in.To); read++ {
		if read == mostHours {
			out.Cursor = pack(at)
			return nil
		}
		found, err := p.Deliveries.Deliveries(ctx, in.Tenant, e.ID, at.Hour)
		if err != nil {
			return err
		}
		slices.SortFunc(found, func(a, b callback.Delivery) int { return cmp.Compare(a.EventID, b.EventID) })
		for _, d := range found {
			if d.EventID <= at.After || d.OccurredAt.Before(in.From) || d.OccurredAt.After(in.To) || in.OnlyFailed && d.State != callback.Failed {
				continue
			}
			if len(out.Events) == limit {
				out.Cursor = pack(at)
				return nil
			}
			p.again(ctx, in.Tenant, e, d, out)
			at.After = d.EventID
		}
		at = spot{Hour: at.Hour.Add(time.Hour)}
	}
	return nil
}

// again makes the event of a delivery again and sends it to its endpoint.
func (p *Replayer) again(ctx context.Context, tenant string, e callback.Endpoint, d callback.Delivery, out *ReplayAnswer) {
	r := Replayed{Event: d.EventID, Type: d.Type, Endpoint: e.ID, Shipment: d.Shipment, OccurredAt: d.OccurredAt, Was: d.State}
	if err := p.send(ctx, tenant, e, d); err != nil {
		r.Problem = err.Error()
		out.Problems++
		p.Log.WarnContext(ctx, "event not sent again", "tenant", tenant, "shipment", d.Shipment, "event", d.EventID, "endpoint", e.ID, "error", err)
	} else {
		out.Sent++
	}
	out.Events = append(out.Events, r)
}

func (p *Replayer) send(ctx context.Context, tenant string, e callback.Endpoint, d callback.Delivery) error {
	if e.Disabled {
		return isDisabled(e)
	}
	rec, err := p.Reader.Record(ctx, tenant, e.Mode, d.Shipment)
	if errors.Is(err, booking.ErrNotFound) {
		return fmt.Errorf("there is no shipment %s any more", d.Shipment)
	}
	if err != nil {
		return err
	}
	history, err := p.Past.History(ctx, tenant, rec)
	if err != nil {
		return err
	}
	version, event, ok := booking.FindEvent(rec, history, d.EventID)
	if !ok {
		return errors.New("it is no event of a shipment's history")
	}
	made, err := booking.Retell(rec, history, version, event)
	if err != nil {
		return err
	}
	message, err := callback.Readdress(made, e.ID, d.At)
	if err != nil {
		return err
	}
	return p.Queue.Send(ctx, queue.Callbacks, message, 0)
}
