package booking_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/obs"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
)

// observed is the line of a unit of work.
func observed(t *testing.T, do func(context.Context) error) map[string]any {
	t.Helper()
	var log bytes.Buffer
	ctx, unit := obs.Begin(t.Context())
	if err := do(ctx); err != nil {
		t.Fatal(err)
	}
	unit.End(ctx, obs.Logger(&log, "info", "f", "stack"), slog.LevelInfo, "work")
	var line map[string]any
	if err := json.Unmarshal(log.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	return line
}

func TestBookingCallsAreMeasured(t *testing.T) {
	const words = "no such street: 1 Elm St, Jo Doe"
	for metric, o := range map[string]carrier.Outcome{
		"BookingsDone": done("1Z1"), "BookingsRefused": {Kind: carrier.Refused, Code: "120802", Message: words}, "BookingsUnknown": {Message: words},
		"BookingsNotSent": {Kind: carrier.NotSent}, "BookingsThrottled": {Kind: carrier.Throttled}, "BookingsUnauthenticated": {Kind: carrier.Unauthenticated},
	} {
		t.Run(metric, func(t *testing.T) {
			d := inMemory(t)
			o.Raw.Duration = 120 * time.Millisecond
			d.carrier.book = always(o)
			id := d.accepted()
			m := d.message(id, booking.TypeBook)
			d.tick(2 * time.Second)
			line := observed(t, func(ctx context.Context) error { return d.worker.Handle(ctx, m) })
			if line[metric] != 1.0 || line["BookingCalls"] != 1.0 || line["Carrier"] != "acme" || line["CarrierMs"] != 120.0 || line["outcome"] != o.Kind.String() || line["attempt"] != 1.0 {
				t.Errorf("%v", line)
			}
			if booked := o.Kind == carrier.Done; booked != (line["BookingMs"] == 2000.0) {
				t.Errorf("BookingMs %v", line["BookingMs"])
			}
			if all, _ := json.Marshal(line); strings.Contains(string(all), "Elm") {
				t.Errorf("the line has the carrier's words: %s", all)
			}
		})
	}
	t.Run("a message that finds its shipment booked is no call", func(t *testing.T) {
		d := inMemory(t)
		d.carrier.book = always(done("1Z1"))
		id := d.accepted()
		d.book(id)
		line := observed(t, func(ctx context.Context) error { return d.worker.Handle(ctx, d.message(id, booking.TypeBook)) })
		if line["ClaimsRefused"] != 1.0 || line["BookingCalls"] != nil || line["status"] != "booked" {
			t.Errorf("%v", line)
		}
	})
}

// outbound takes what is relayed.
type outbound struct{ recorder }

// SendBatch implements queue.BatchSender.
func (o *outbound) SendBatch(_ context.Context, messages []queue.Outgoing) []error {
	return make([]error, len(messages))
}

func TestChangesAreMeasured(t *testing.T) {
	at := time.UnixMilli(1_800_000_000_000).UTC()
	now := func(change func(*booking.Record)) booking.Record {
		r := booking.Record{ID: "shp_1", Tenant: tenant, Mode: ship.Test, Status: booking.Booked, Version: 5, TrackingNumber: "1Z1", History: []booking.Entry{{At: at.Add(-3 * time.Second)}}}
		change(&r)
		return r
	}
	same := func(*booking.Record) {}
	before := now(func(r *booking.Record) { r.Version, r.History = 4, []booking.Entry{{At: at.Add(-time.Hour)}} })
	unknown := now(func(r *booking.Record) { r.Status, r.TrackingNumber = booking.Unknown, "" })
	for name, c := range map[string]struct {
		old, now booking.Record
		want     map[string]any
	}{
		"how long a change waited":                {before, now(same), map[string]any{"RelayMs": 3000.0, "Changes": 1.0, "ChangesFailed": 0.0, "Duplicates": nil, "ShipmentsHeld": nil, "ShipmentsUnknown": nil}},
		"an outcome that became unknown":          {before, unknown, map[string]any{"ShipmentsUnknown": 1.0}},
		"one that was unknown before":             {with(unknown, func(r *booking.Record) { r.Version = 4 }), unknown, map[string]any{"ShipmentsUnknown": nil}},
		"one that waits for a person":             {unknown, with(unknown, func(r *booking.Record) { r.Version, r.Held = 6, "held" }), map[string]any{"ShipmentsHeld": 1.0}},
		"one that waited before":                  {with(unknown, func(r *booking.Record) { r.Held = "held" }), with(unknown, func(r *booking.Record) { r.Version, r.Held = 6, "held" }), map[string]any{"ShipmentsHeld": nil}},
		"a second number":                         {before, now(func(r *booking.Record) { r.Late = []string{"1Z2"} }), map[string]any{"Duplicates": 1.0}},
		"one that was known":                      {with(before, func(r *booking.Record) { r.Late = []string{"1Z2"} }), now(func(r *booking.Record) { r.Late = []string{"1Z2"} }), map[string]any{"Duplicates": nil}},
		"a moved due time, which is no new state": {with(before, func(r *booking.Record) { r.Version = 5 }), now(same), map[string]any{"RelayMs": nil}},
	} {
		t.Run(name, func(t *testing.T) {
			out := &outbound{}
			relay := &booking.Relay{Sender: out, Now: func() time.Time { return at }, Times: booking.StandardTimes(), Log: slog.New(slog.DiscardHandler)}
			line := observed(t, func(ctx context.Context) error {
				relay.Run(ctx, []booking.Change{{Old: &c.old, New: c.now}})
				return nil
			})
			for k, v := range c.want {
				if line[k] != v {
					t.Errorf("%s is %v, not %v", k, line[k], v)
				}
			}
		})
	}
}

func with(r booking.Record, change func(*booking.Record)) booking.Record { change(&r); return r }

func TestRunsOfWakeAreMeasured(t *testing.T) {
	d := inMemory(t)
	if line := observed(t, d.waker().Run); line["WakeRuns"] != 1.0 || line["OpenOverdue"] != 0.0 || line["Woken"] != 0.0 {
		t.Errorf("with nothing open: %v", line)
	}
	id := d.accepted()
	d.tick(d.record(id).Due.Sub(d.clock()) + 40*time.Second)
	if line := observed(t, d.waker().Run); line["OpenOverdue"] != 40.0 || line["Woken"] != 1.0 || line["WakeFailed"] != 0.0 {
		t.Errorf("40 s after it was due: %v", line)
	}
	if line := observed(t, d.waker().Run); line["OpenOverdue"] != 0.0 || line["Woken"] != 0.0 {
		t.Errorf("when it was woken: %v", line)
	}
}
