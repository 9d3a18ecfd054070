package booking_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// A person who settles a void decides by what the carrier answered, and by what it did not.
func TestEvidenceOfVoids(t *testing.T) {
	d := newDesk(t)
	v := d.takes(says(carrier.VoidUnknown))
	id := d.unwanted()
	asked := d.clock()
	answers := func(n int) []booking.VoidAnswer {
		t.Helper()
		got, err := d.store.VoidAnswers(d.ctx, tenant, ship.Test, id)
		if err != nil || len(got) != n {
			t.Fatalf("%+v, %v", got, err)
		}
		return got
	}
	d.recover(id)
	if a := answers(1)[0]; a.Kind != "Unknown" || !a.At.Equal(asked) || a.Number != d.record(id).TrackingNumber {
		t.Errorf("%+v", a)
	}
	v.void = says(carrier.VoidRefused)
	d.tick(10 * time.Minute)
	d.recover(id)
	if a := answers(2)[0]; a.Kind != "Refused" || a.Message != "the carrier's words" {
		t.Errorf("%+v", a)
	}
	if r := d.want(id, booking.Cancelling); r.Held == "" {
		t.Error("it is not held")
	}
}

// That the evidence can't be kept does not keep the result from being written.
func TestEvidenceThatCannotBeKept(t *testing.T) {
	d := newDesk(t)
	d.takes(says(carrier.VoidRefused))
	id := d.unwanted()
	d.recovery.Evidence = lostEvidence{d.store}
	d.recover(id)
	if r := d.want(id, booking.Booked); r.VoidRefused == nil {
		t.Errorf("%+v", r)
	}
}

type lostEvidence struct{ booking.VoidEvidence }

func (lostEvidence) PutVoidAnswer(context.Context, string, ship.Mode, string, booking.VoidAnswer) error {
	return errors.New("away")
}
