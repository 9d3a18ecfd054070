package operating_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/operating"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
)

// outbox keeps what is sent.
type outbox struct{ sent []queue.Envelope }

func (o *outbox) Send(_ context.Context, to queue.Name, e queue.Envelope, _ time.Duration) error {
	if to != queue.Callbacks {
		return fmt.Errorf("sent to %s", to)
	}
	o.sent = append(o.sent, e)
	return nil
}

func (r *room) endpoint(id string, disabled bool) {
	r.t.Helper()
	e := callback.Endpoint{ID: id, URL: "https://example.com/", Mode: ship.Test, Disabled: disabled, CreatedAt: r.at, Secrets: []callback.Secret{{Sealed: []byte("s")}}}
	if err := r.PutEndpoint(r.ctx, "tn_1", e); err != nil {
		r.t.Fatal(err)
	}
}

// told records a delivery of the event that a shipment's version announced.
func (r *room) told(rec booking.Record, version int64, event string, endpoint string, state callback.State, at time.Time) string {
	r.t.Helper()
	id := booking.EventID(rec.Tenant, rec.Mode, rec.ID, version, event)
	d := callback.Delivery{Endpoint: endpoint, EventID: id, OccurredAt: at, Type: event, Shipment: rec.ID, State: state, Attempt: 1, At: r.at}
	if err := r.RecordDelivery(r.ctx, "tn_1", d); err != nil {
		r.t.Fatal(err)
	}
	return id
}

func TestReplay(t *testing.T) {
	r := newRoom(t)
	r.endpoint("ce_1", false)
	r.endpoint("ce_2", false)
	r.endpoint("ce_off", true)
	var ids []string
	for i := range 3 {
		b := r.booked("tn_1", fmt.Sprint("b", i), fmt.Sprint("1Z", i))
		state := callback.Delivered
		if i == 1 {
			state = callback.Failed
		}
		ids = append(ids, r.told(b, b.Version, "shipment.booked", "ce_1", state, r.at.Add(time.Duration(i)*time.Hour)))
	}
	begin := r.at
	r.at = r.at.Add(5 * time.Hour)
	run := func(t *testing.T, in operating.ReplayRequest) (operating.ReplayAnswer, []queue.Envelope) {
		t.Helper()
		var out outbox
		in.Caller, in.Tenant = ada, "tn_1"
		p := &operating.Replayer{Deliveries: r.Store, Reader: r.Store, Past: r.Store, Queue: &out, Now: r.clock, Log: slog.New(slog.DiscardHandler)}
		a, err := p.Replay(r.ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		return a, out.sent
	}
	sentIDs := func(sent []queue.Envelope) (out []string) {
		for _, e := range sent {
			out = append(out, e.ID)
		}
		return out
	}
	t.Run("a window is sent again in pages, each event once and under its own id", func(t *testing.T) {
		var got []string
		in := operating.ReplayRequest{Endpoint: "ce_1", From: begin, Limit: 1}
		for range 10 {
			a, sent := run(t, in)
			got = append(got, sentIDs(sent)...)
			if in.Cursor = a.Cursor; in.Cursor == "" {
				break
			}
		}
		if diff := cmp.Diff(ids, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("of a window, only what failed", func(t *testing.T) {
		if _, sent := run(t, operating.ReplayRequest{Endpoint: "ce_1", From: begin, OnlyFailed: true}); !cmp.Equal(sentIDs(sent), ids[1:2]) {
			t.Errorf("%v", sentIDs(sent))
		}
	})
	t.Run("a window has an end", func(t *testing.T) {
		if _, sent := run(t, operating.ReplayRequest{Endpoint: "ce_1", From: begin, To: begin.Add(time.Minute)}); !cmp.Equal(sentIDs(sent), ids[:1]) {
			t.Errorf("%v", sentIDs(sent))
		}
	})
	t.Run("one by its id, to where it was sent, with the bytes that tell it", func(t *testing.T) {
		a, sent := run(t, operating.ReplayRequest{Event: ids[2]})
		if len(sent) != 1 || sent[0].ID != ids[2] || a.Events[0].Endpoint != "ce_1" {
			t.Fatalf("%+v", a)
		}
		var order struct {
			Endpoint string
			Attempt  int
			Again    time.Time
			Event    struct {
				Type     string
				Sequence int64
				Data     struct {
					Status         string
					TrackingNumber string `json:"tracking_number"`
				}
			}
		}
		if err := json.Unmarshal(sent[0].Data, &order); err != nil || order.Endpoint != "ce_1" || order.Attempt != 1 || !order.Again.Equal(begin) || order.Event.Type != "shipment.booked" || order.Event.Data.TrackingNumber != "1Z2" {
			t.Errorf("%+v, %v in %s", order, err, sent[0].Data)
		}
	})
	t.Run("one that was sent to a disabled endpoint too is named there, and not sent", func(t *testing.T) {
		b := r.booked("tn_1", "two", "1Z9")
		id := r.told(b, b.Version, "shipment.booked", "ce_1", callback.Delivered, r.at)
		r.told(b, b.Version, "shipment.booked", "ce_off", callback.Failed, r.at)
		a, sent := run(t, operating.ReplayRequest{Event: id})
		if len(sent) != 1 || a.Sent != 1 || a.Problems != 1 || a.Events[0].Problem != "" || a.Events[1].Endpoint != "ce_off" || !strings.Contains(a.Events[1].Problem, "disabled") {
			t.Errorf("%+v", a)
		}
	})
	t.Run("what is not known any more is named, and not made up", func(t *testing.T) {
		p := r.claimed("tn_1", "failed")
		failed := r.must(r.Refused(r.ctx, "tn_1", p, booking.Failure{Source: "carrier", Code: "1", Detail: "no"}, r.at, r.at))
		id := r.told(failed, failed.Version, "shipment.failed", "ce_2", callback.Failed, r.at)
		if a, sent := run(t, operating.ReplayRequest{Event: id}); len(sent) != 1 {
			t.Errorf("while it is known: %+v", a)
		}
		r.must(r.Confirm(r.ctx, "tn_1", ship.Test, failed.ID, failed.Version, "key", r.at, r.at))
		a, sent := run(t, operating.ReplayRequest{Endpoint: "ce_2", From: begin})
		if len(sent) != 0 || a.Problems != 1 || !strings.Contains(a.Events[0].Problem, "not kept") {
			t.Errorf("%+v", a)
		}
	})
	t.Run("what is wrong is refused", func(t *testing.T) {
		p := &operating.Replayer{Deliveries: r.Store, Reader: r.Store, Past: r.Store, Queue: &outbox{}, Now: r.clock, Log: slog.New(slog.DiscardHandler)}
		for say, in := range map[string]operating.ReplayRequest{
			"give the id": {}, "30 days": {Endpoint: "ce_1", From: r.at.Add(-40 * 24 * time.Hour)}, "after its end": {Endpoint: "ce_1", From: r.at, To: begin}, "no callback endpoint": {Endpoint: "ce_9", From: begin},
			"is disabled": {Endpoint: "ce_off", From: begin}, "no delivery": {Event: "evt_none"}, "no window": {Event: ids[0], From: begin},
		} {
			in.Caller, in.Tenant = ada, "tn_1"
			if _, err := p.Replay(r.ctx, in); !isRefused(err) || !strings.Contains(err.Error(), say) {
				t.Errorf("%s: %v", say, err)
			}
		}
	})
}
