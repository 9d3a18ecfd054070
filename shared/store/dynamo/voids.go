package dynamo

import (
	"context"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/mutant"
)

// CancelSeen is CANCEL as a client asks for it: of the version that was looked at.
func (s *Store) CancelSeen(ctx context.Context, tenant string, old booking.Record, now, audit time.Time) (booking.Record, error) {
	w := cancel(tenant, old, now, audit)
	w.cond += " AND ver=:v"
	w.vals = with(w.vals, attrs{":v": num(old.Version)})
	return s.apply(ctx, tenant, old.Mode, old.ID, w, &old)
}

// Want is CW. While the outcome is open the wish waits beside it, in the index or held; what is booked comes back into the
// index with it, for it is to be voided. Said twice it is written once.
func (s *Store) Want(ctx context.Context, tenant string, old booking.Record, now, due time.Time) (booking.Record, error) {
	w := write{
		name: "CW", set: "cw=:t", cond: "(st=:booking OR st=:unknown) AND attribute_not_exists(cw)",
		vals:  attrs{":t": ms(now), ":booking": str("booking"), ":unknown": str("unknown")},
		entry: entry(now, booking.Unchanged, booking.CauseCancelWanted),
	}
	if old.Status == booking.Booked {
		w.set, w.remove, w.cond = "cw=:t, wk=:wk, due=:due", "vr", "st=:booked AND ver=:v"
		w.vals = attrs{":t": ms(now), ":wk": shard(tenant, old.Mode, old.ID), ":due": ms(due), ":booked": str("booked"), ":v": num(old.Version)}
	}
	return s.apply(ctx, tenant, old.Mode, old.ID, w, &old)
}

// Void is VOID: this write is the intent to ask the carrier, and the lease under which it is done.
func (s *Store) Void(ctx context.Context, tenant string, r booking.Record, me string, now, lease, due time.Time) (booking.Record, error) {
	return s.apply(ctx, tenant, r.Mode, r.ID, write{
		name: "VOID", set: "st=:cancelling, own=:me, rx=:rx, wk=:wk, due=:due", remove: "nx", add: "ep :one",
		cond: "st=:booked AND ver=:v",
		vals: attrs{":cancelling": str("cancelling"), ":booked": str("booked"), ":v": num(r.Version), ":me": str(me), ":rx": ms(lease),
			":wk": shard(tenant, r.Mode, r.ID), ":due": ms(due), ":one": num(1)},
		entry: entry(now, booking.Cancelling, booking.CauseVoidRequested),
	}, &r)
}

// voiding is the fence of a void: nobody else has taken it over.
const voiding = "st=:cancelling AND own=:me AND ep=:ep"

// VoidBack is VOIDBACK: provably not void, by this call and, as the fence says, by no other. The shipment is booked and
// wanted cancelled, as it was before VOID, so that the next try starts without doubt: a shipment that stayed in cancelling
// without an owner could not be told from one whose owner died after asking.
func (s *Store) VoidBack(ctx context.Context, tenant string, r booking.Record, now, notBefore, due time.Time) (booking.Record, error) {
	return s.apply(ctx, tenant, r.Mode, r.ID, write{
		name: "VOIDBACK", set: "st=:booked, nx=:nx, wk=:wk, due=:due", remove: "own, rx",
		cond:  voiding,
		vals:  holdingVoid(r, attrs{":booked": str("booked"), ":nx": ms(notBefore), ":wk": shard(tenant, r.Mode, r.ID), ":due": ms(due)}),
		entry: entry(now, booking.Booked, booking.CauseVoidPostponed),
	}, &r)
}

// Voided is VOIDED. A document that was still to be fetched is not fetched any more.
func (s *Store) Voided(ctx context.Context, tenant string, r booking.Record, now, due time.Time) (booking.Record, error) {
	w := cancelledAs(booking.Cancelled, r, now, booking.CauseVoided)
	w.name = "VOIDED"
	if mutant.On(mutant.VoidedCloses) {
		return s.apply(ctx, tenant, r.Mode, r.ID, closing(tenant, r, due, mine(r, w)), &r)
	}
	return s.apply(ctx, tenant, r.Mode, r.ID, ending(tenant, r, due, mine(r, w)), &r)
}

// VoidProven is VOIDPROVEN: VOIDED by one who has been taken over since the carrier said yes, so without owner and epoch. What
// is void stays void, so that no answer to another makes it wrong: whoever took over is in doubt, and can end it with VOIDED
// or VOIDUNK only. What a person or VOIDNO has made booked again is not touched: st says so, and trk which booking it is.
func (s *Store) VoidProven(ctx context.Context, tenant string, r booking.Record, number string, now, due time.Time) (booking.Record, error) {
	w := cancelledAs(booking.Cancelled, r, now, booking.CauseVoided)
	w.name, w.cond = "VOIDPROVEN", "st=:cancelling AND trk=:n"
	w.vals = with(w.vals, attrs{":cancelling": str("cancelling"), ":n": str(number)})
	return s.apply(ctx, tenant, r.Mode, r.ID, ending(tenant, r, due, w), &r)
}

// Local is LOCAL: the carrier takes nothing back, so it may be billed.
func (s *Store) Local(ctx context.Context, tenant string, r booking.Record, now, due time.Time) (booking.Record, error) {
	w := cancelledAs(booking.CancelledLocally, r, now, booking.CauseLocal)
	w.name = "LOCAL"
	return s.apply(ctx, tenant, r.Mode, r.ID, ending(tenant, r, due, mine(r, w)), &r)
}

// VoidNo is VOIDNO: it is still booked, and why.
func (s *Store) VoidNo(ctx context.Context, tenant string, r booking.Record, why booking.Failure, now, due time.Time) (booking.Record, error) {
	w := stillBooked(why, now, booking.CauseVoidRefused)
	w.name = "VOIDNO"
	return s.apply(ctx, tenant, r.Mode, r.ID, reopening(tenant, r, due, mine(r, w)), &r)
}

// VoidUnk is VOIDUNK: whether it is void can't be found out here, so a person does.
func (s *Store) VoidUnk(ctx context.Context, tenant string, r booking.Record, why booking.Failure, now, due time.Time) (booking.Record, error) {
	return s.apply(ctx, tenant, r.Mode, r.ID, ending(tenant, r, due, mine(r, write{
		name: "VOIDUNK", set: "hp=:void, vr=:vr", remove: "own, rx, cw",
		vals:  attrs{":void": str("void"), ":vr": failure(why)},
		entry: entry(now, booking.Cancelling, booking.CauseVoidUnknown),
	})), &r)
}

// cancelledAs is what VOIDED, LOCAL and a person's VOIDED share.
func cancelledAs(st booking.Status, r booking.Record, now time.Time, why booking.Cause) write {
	w := write{set: "st=:ended", remove: "own, rx, cw, vr, hp", vals: attrs{":ended": str(string(st))}, entry: entry(now, st, why)}
	if r.Document == booking.DocumentPending {
		w.set, w.vals = w.set+", doc=:none", with(w.vals, attrs{":none": str(string(booking.NoDocument))})
	}
	return w
}

// stillBooked is what VOIDNO and a person's VOIDNO share.
func stillBooked(why booking.Failure, now time.Time, cause booking.Cause) write {
	return write{set: "st=:booked, vr=:vr", remove: "own, rx, cw, hp", vals: attrs{":booked": str("booked"), ":vr": failure(why)}, entry: entry(now, booking.Booked, cause)}
}

// mine puts a write under the fence of a void.
func mine(r booking.Record, w write) write {
	w.cond, w.vals = joined(" AND ", voiding, w.cond), holdingVoid(r, w.vals)
	return w
}

func holdingVoid(r booking.Record, more attrs) attrs {
	return with(attrs{":cancelling": str("cancelling"), ":me": str(r.Owner), ":ep": num(r.Epoch)}, more)
}

// ending takes a shipment whose void has come to its end out of the open index, unless a late number or an audit keeps it
// there.
func ending(tenant string, r booking.Record, due time.Time, w write) write {
	if len(r.Late) > 0 {
		return staying(tenant, r, due, w)
	}
	w.cond += " AND attribute_not_exists(late)"
	return closing(tenant, r, due, w)
}

// reopening is ending for a shipment that is booked after all: its document may still be missing.
func reopening(tenant string, r booking.Record, due time.Time, w write) write {
	if r.Document == booking.DocumentPending {
		return staying(tenant, r, due, w)
	}
	return ending(tenant, r, due, w)
}
