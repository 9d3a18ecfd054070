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

// VoidDeclared is VOIDED on a person's word about a void that is held.
func (s *Store) VoidDeclared(ctx context.Context, tenant string, r booking.Record, now, due time.Time) (booking.Record, error) {
	w := decided(r, cancelledAs(booking.Cancelled, r, now, booking.CauseVoidDeclared))
	w.name = "VOIDED"
	return s.apply(ctx, tenant, r.Mode, r.ID, ending(tenant, r, due, w), &r)
}

// VoidDenied is VOIDNO on a person's word about a void that is held.
func (s *Store) VoidDenied(ctx context.Context, tenant string, r booking.Record, why booking.Failure, now, due time.Time) (booking.Record, error) {
	w := decided(r, stillBooked(why, now, booking.CauseVoidDenied))
	w.name = "VOIDNO"
	return s.apply(ctx, tenant, r.Mode, r.ID, reopening(tenant, r, due, w), &r)
}

// ClearNamed is CLEAR on a person's word: the numbers that are not in rest are void at the carrier, or no booking of ours.
func (s *Store) ClearNamed(ctx context.Context, tenant string, r booking.Record, rest []string, now, due time.Time) (booking.Record, error) {
	return s.clear(ctx, tenant, r, rest, due, entry(now, r.Status, booking.CauseLateSettled))
}

// decided puts a write under the condition that the void is held as it was when a person decided about it.
func decided(r booking.Record, w write) write {
	w.cond = "st=:cancelling AND ver=:v AND attribute_exists(hp)"
	w.vals = with(w.vals, attrs{":cancelling": str("cancelling"), ":v": num(r.Version)})
	return w
}
