package dynamo

import (
	"context"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
)

// Declare is DECLARE: what `absent` does, on a person's word instead of a proof. Only a held shipment has outlived
// whatever its last attempt can have sent, and a number that came late is a proof of the contrary.
func (s *Store) Declare(ctx context.Context, tenant string, r booking.Record, now, due time.Time) (booking.Record, error) {
	return s.apply(ctx, tenant, r.Mode, r.ID, write{
		name: "DECLARE", set: "st=:pending, wk=:wk, due=:due, au=:au, ct=:ct", remove: "hp, own, lx, rx, sb, nx, ab, ua, lk",
		cond: "st=:unknown AND ver=:v AND attribute_exists(hp) AND attribute_not_exists(late)",
		vals: attrs{":unknown": str("unknown"), ":v": num(r.Version), ":pending": str("pending"), ":wk": shard(tenant, r.Mode, r.ID), ":due": ms(due),
			":au": num(1), ":ct": ms(now)},
		entry: entry(now, booking.Pending, booking.CauseDeclared),
	}, &r)
}

// AdoptNamed is ADOPT, in its form that leaves the shipment open as adopt+ does: whoever names a number brings no label, so
// that is left to be fetched, as are the numbers in rest to be voided, a cancellation that is wanted and an audit.
func (s *Store) AdoptNamed(ctx context.Context, tenant string, r booking.Record, res booking.Result, rest []string, now, due time.Time) (booking.Record, error) {
	set, vals := s.result(tenant, r, res)
	cond, more := seen(r)
	remove := "nx, own, lx, sb, ab, hp, rx"
	if len(rest) > 0 {
		set += ", late=:rest"
		vals[":rest"] = strs(rest)
	} else {
		remove += ", late"
	}
	return s.apply(ctx, tenant, r.Mode, r.ID, write{
		name: "ADOPT", set: set + ", due=:due, wk=:wk", remove: remove,
		cond:  "st=:unknown AND ver=:v AND " + cond,
		vals:  with(with(vals, more), attrs{":unknown": str("unknown"), ":v": num(r.Version), ":due": ms(due), ":wk": shard(tenant, r.Mode, r.ID)}),
		entry: entry(now, booking.Booked, booking.CauseNamed),
	}, &r)
}
