package dynamo

import (
	"context"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
)

// Declare is DECLARE: what `absent` does, on a person's word instead of a proof. Only a held shipment has outlived
// whatever its last attempt can have sent, and a number that came late is a proof of the contrary.
func (s *Store) Declare(ctx context.Context, tenant string, r booking.Record, now, due time.Time) (booking.Record, error) {
	w := rebook(tenant, r, now, due)
	w.name, w.cond = "DECLARE", "st=:unknown AND ver=:v AND attribute_exists(hp) AND attribute_not_exists(late)"
	w.vals = with(w.vals, attrs{":unknown": str("unknown"), ":v": num(r.Version)})
	w.entry = entry(now, booking.Pending, booking.CauseDeclared)
	return s.apply(ctx, tenant, r.Mode, r.ID, w, &r)
}

// AdoptNamed is ADOPT, in its form that leaves the shipment open as adopt+ does: whoever names a number brings no label, so
// that is left to be fetched, as are the numbers in rest to be voided, a cancellation that is wanted and an audit.
func (s *Store) AdoptNamed(ctx context.Context, tenant string, r booking.Record, res booking.Result, rest []string, now, due time.Time) (booking.Record, error) {
	w := s.adoptOpen(tenant, r, res, rest, due)
	w.name, w.cond = "ADOPT", "st=:unknown AND ver=:v AND "+w.cond
	w.vals = with(w.vals, attrs{":unknown": str("unknown"), ":v": num(r.Version)})
	w.entry = entry(now, booking.Booked, booking.CauseNamed)
	return s.apply(ctx, tenant, r.Mode, r.ID, w, &r)
}
