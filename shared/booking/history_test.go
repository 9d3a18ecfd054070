package booking_test

import (
	"slices"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

func TestEventsAndAttempts(t *testing.T) {
	d := newDesk(t)
	yes := done("N1")
	yes.Raw = carrier.Answer{Status: 200, Body: "yes", Sent: true, Duration: 120 * time.Millisecond}
	outcomes := []carrier.Outcome{
		{Kind: carrier.Throttled, RetryAfter: time.Second},
		{Kind: carrier.Refused, Code: "120202", Raw: carrier.Answer{Status: 400, Body: "no", Sent: true}},
		{Kind: carrier.Unknown, Raw: carrier.Answer{Error: "timeout", Sent: true}},
		yes,
	}
	d.carrier.book = func(n int) carrier.Outcome { return outcomes[n-1] }
	d.carrier.find = always(absent)
	d.account.RebookOnAbsent = true
	id := d.accepted()
	d.book(id)
	d.tick(10 * time.Second)
	d.book(id)
	failed := d.want(id, booking.Failed)
	if _, err := d.service.Confirm(d.ctx, tenant, ship.Test, id, failed.Version, "again"); err != nil {
		t.Fatal(err)
	}
	d.book(id)
	d.want(id, booking.Unknown)
	for range 3 { // twice absent after the settling time: it may be booked again
		d.tick(20 * time.Minute)
		d.recover(id)
	}
	d.book(id)
	rec := d.want(id, booking.Booked)

	r := api.Request{Tenant: tenant, Mode: ship.Test, Params: map[string]string{"id": id}}
	events, err := d.http().Events(d.ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	var causes []string
	for i, e := range events.Body.(v1.ShipmentEventPage).Data {
		if causes = append(causes, e.Cause); e.Version != int64(i+1) || e.At.IsZero() {
			t.Errorf("event %d: %+v", i, e)
		}
	}
	want := []string{"initiated", "label_requested", "throttled", "label_requested", "refused", "confirmed", "label_requested", "outcome_unknown", "absent", "label_requested", "label_generated"}
	if !slices.Equal(causes, want) || int64(len(causes)) != rec.Version {
		t.Errorf("got %q at version %d\nwant %q", causes, rec.Version, want)
	}

	resp, err := d.http().Attempts(d.ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	got := resp.Body.(v1.AttemptPage).Data
	var ends []string
	for i, a := range got {
		if ends = append(ends, a.Outcome); a.Number != int64(i+1) || a.EndedAt == nil || a.EndedAt.Before(a.StartedAt) {
			t.Errorf("attempt %d: %+v", i, a)
		}
	}
	if !slices.Equal(ends, []string{"throttled", "refused", "outcome_unknown", "label_generated"}) || int64(len(got)) != rec.Attempts {
		t.Fatalf("got %q, %d attempts", ends, rec.Attempts)
	}
	if got[0].Answer != nil || *got[1].Answer.Body != "no" || *got[2].Answer.Error != "timeout" || *got[3].Answer.DurationMs != 120 {
		t.Errorf("answers: %s", text(t, got))
	}
	t.Run("another tenant's are not found", func(t *testing.T) {
		r.Tenant = "tn_2"
		for name, h := range map[string]api.Handler{"events": d.http().Events, "attempts": d.http().Attempts} {
			if _, err := h(d.ctx, r); err == nil {
				t.Errorf("%s: no error", name)
			}
		}
	})
}
