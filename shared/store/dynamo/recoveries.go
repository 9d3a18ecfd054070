package dynamo

import (
	"context"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
)

// Recover is RECOVER: a lease on a shipment whose outcome is not known, or on a void whose owner gave no account. It moves
// neither version nor history: a look-up that changes nothing leaves nothing behind.
func (s *Store) Recover(ctx context.Context, tenant string, mode ship.Mode, id, me string, now, lease time.Time) (booking.Record, error) {
	return s.apply(ctx, tenant, mode, id, write{
		name: "RECOVER", set: "own=:me, rx=:rx", add: "ep :one",
		cond: "((st=:unknown AND (attribute_not_exists(hp) OR attribute_exists(late)) AND (nx<=:now OR attribute_exists(late))) OR (st=:cancelling AND attribute_not_exists(hp)))" +
			" AND (attribute_not_exists(own) OR rx<:now)",
		vals: attrs{":unknown": str("unknown"), ":cancelling": str("cancelling"), ":me": str(me), ":rx": ms(lease), ":now": ms(now), ":one": num(1)},
	}, nil)
}

// held is RF: nobody else has taken the recovery over.
const held = "st=:unknown AND own=:me AND ep=:ep"

func holding(r booking.Record, more attrs) attrs {
	return with(attrs{":unknown": str("unknown"), ":me": str(r.Owner), ":ep": num(r.Epoch)}, more)
}

// Again is `again`: asked, and nothing decided. ab is set by an absent answer only, for an error is not an absence.
// Once, when the absence has settled, it also tells the shipper (ua): that is a change, with version and history.
func (s *Store) Again(ctx context.Context, tenant string, r booking.Record, l booking.Looked, now, notBefore time.Time) (booking.Record, error) {
	w := write{
		name: "again", set: "nx=:nx, lk=if_not_exists(lk,:zero)+:onemore", remove: "own, rx",
		cond: held, vals: holding(r, attrs{":nx": ms(notBefore), ":zero": num(0), ":onemore": num(1)}),
	}
	if l.Absent {
		w.set += ", ab=if_not_exists(ab,:t)"
		w.vals[":t"] = ms(now)
	}
	if l.Step == booking.LookAnnounce {
		w.set += ", ua=:ua"
		w.vals[":ua"] = ms(now)
		w.entry = entry(now, booking.Unknown, booking.CauseAbsenceSettled)
	}
	return s.apply(ctx, tenant, r.Mode, r.ID, w, &r)
}

// seen is the condition that the list of late numbers is the one the decision was made with.
func seen(r booking.Record) (cond string, vals attrs) {
	if len(r.Late) == 0 {
		return "attribute_not_exists(late)", nil
	}
	return "(attribute_not_exists(late) OR late=:seen)", attrs{":seen": strs(r.Late)}
}

// Adopt is adopt: what was found is the booking, and nothing is left to do.
func (s *Store) Adopt(ctx context.Context, tenant string, r booking.Record, res booking.Result, now time.Time) (booking.Record, error) {
	set, vals := s.result(tenant, r, res)
	cond, more := seen(r)
	return s.apply(ctx, tenant, r.Mode, r.ID, write{
		name: "adopt", set: set, remove: "wk, due, nx, own, lx, sb, ab, late, hp, rx",
		cond:  held + " AND " + cond + " AND attribute_not_exists(cw) AND attribute_not_exists(au)",
		vals:  holding(r, with(vals, more)),
		entry: entry(now, booking.Booked, booking.CauseAdopted),
	}, &r)
}

// AdoptOpen is adopt+: the numbers in rest, a document or an audit are left.
func (s *Store) AdoptOpen(ctx context.Context, tenant string, r booking.Record, res booking.Result, rest []string, now, due time.Time) (booking.Record, error) {
	w := s.adoptOpen(tenant, r, res, rest, due)
	w.name, w.cond, w.vals = "adopt+", held+" AND "+w.cond, holding(r, w.vals)
	w.entry = entry(now, booking.Booked, booking.CauseAdopted)
	return s.apply(ctx, tenant, r.Mode, r.ID, w, &r)
}

// adoptOpen is what adopt+ and ADOPT share: all but who decides, and the condition that it is theirs to decide.
func (s *Store) adoptOpen(tenant string, r booking.Record, res booking.Result, rest []string, due time.Time) write {
	set, vals := s.result(tenant, r, res)
	cond, more := seen(r)
	w := write{
		set: set + ", due=:due, wk=:wk", remove: "nx, own, lx, sb, ab, hp, rx", cond: cond,
		vals: with(with(vals, more), attrs{":due": ms(due), ":wk": shard(tenant, r.Mode, r.ID)}),
	}
	if len(rest) > 0 {
		w.set += ", late=:rest"
		w.vals[":rest"] = strs(rest)
	} else {
		w.remove += ", late"
	}
	return w
}

// Absent is absent: provably not booked, so it may be booked again; an audit look-up is owed.
func (s *Store) Absent(ctx context.Context, tenant string, r booking.Record, settled, now, due time.Time) (booking.Record, error) {
	w := rebook(tenant, r, now, due)
	w.name, w.cond = "absent", held+" AND attribute_not_exists(late) AND lx<:settled"
	w.vals = holding(r, with(w.vals, attrs{":settled": ms(settled)}))
	w.entry = entry(now, booking.Pending, booking.CauseAbsent)
	return s.apply(ctx, tenant, r.Mode, r.ID, w, &r)
}

// rebook is what absent and DECLARE share: the shipment is as if never attempted, and owes an audit look-up.
func rebook(tenant string, r booking.Record, now, due time.Time) write {
	return write{
		set: "st=:pending, wk=:wk, due=:due, au=:au, ct=:ct", remove: "hp, own, lx, rx, sb, nx, ab, ua, lk",
		vals: attrs{":pending": str("pending"), ":wk": shard(tenant, r.Mode, r.ID), ":due": ms(due), ":au": num(1), ":ct": ms(now)},
	}
}

// Hold is hold: a person decides.
func (s *Store) Hold(ctx context.Context, tenant string, r booking.Record, settled, now time.Time) (booking.Record, error) {
	return s.apply(ctx, tenant, r.Mode, r.ID, write{
		name: "hold", set: "hp=:held, ua=if_not_exists(ua,:t)", remove: "own, rx, wk, due",
		cond:  held + " AND attribute_not_exists(late) AND lx<:settled",
		vals:  holding(r, attrs{":held": str("held"), ":t": ms(now), ":settled": ms(settled)}),
		entry: entry(now, booking.Unknown, booking.CauseHeld),
	}, &r)
}

// Reopen is REOPEN: somebody may hold a live label, so it is found out.
func (s *Store) Reopen(ctx context.Context, tenant string, old booking.Record, now, due time.Time) (booking.Record, error) {
	return s.apply(ctx, tenant, old.Mode, old.ID, write{
		name: "REOPEN", set: "st=:unknown, nx=:now, lx=:now, wk=:wk, due=:due", remove: "own, err", add: "ep :one",
		cond:  "(st=:pending OR st=:failed) AND attribute_exists(late)",
		vals:  attrs{":unknown": str("unknown"), ":pending": str("pending"), ":failed": str("failed"), ":now": ms(now), ":due": ms(due), ":wk": shard(tenant, old.Mode, old.ID), ":one": num(1)},
		entry: entry(now, booking.Unknown, booking.CauseReopened),
	}, &old)
}

// Clear is CLEAR: late numbers that are void at the carrier, or the shipment's own, go; those in rest stay.
func (s *Store) Clear(ctx context.Context, tenant string, r booking.Record, rest []string, now, due time.Time) (booking.Record, error) {
	return s.clear(ctx, tenant, r, rest, due, entry(now, r.Status, booking.CauseCleared))
}

// clear is CLEAR, by the carrier's word or a person's.
func (s *Store) clear(ctx context.Context, tenant string, r booking.Record, rest []string, due time.Time, why *booking.Entry) (booking.Record, error) {
	w := write{
		name: "CLEAR", remove: "late",
		cond: "ver=:v AND late=:seen AND attribute_not_exists(cw) AND (st=:booked OR st=:cancelled OR st=:local OR (st=:cancelling AND attribute_exists(hp)))",
		vals: attrs{":v": num(r.Version), ":seen": strs(r.Late), ":booked": str("booked"), ":cancelled": str("cancelled"), ":local": str("cancelled_locally"),
			":cancelling": str("cancelling")},
		entry: why,
	}
	switch {
	case len(rest) > 0:
		w.set, w.remove, w.vals[":rest"] = "late=:rest", "", strs(rest)
		w = staying(tenant, r, due, w)
	case r.Status == booking.Booked && r.Document == booking.DocumentPending:
		w = staying(tenant, r, due, w)
	default:
		w = closing(tenant, r, due, w)
	}
	return s.apply(ctx, tenant, r.Mode, r.ID, w, &r)
}

// Close is CLOSE: the document is fetched and the audit done, of a shipment that is not booked as well.
func (s *Store) Close(ctx context.Context, tenant string, r booking.Record, doc booking.Document, now time.Time) (booking.Record, error) {
	return s.apply(ctx, tenant, r.Mode, r.ID, write{
		name: "CLOSE", set: "doc=:doc", remove: "wk, due, au",
		cond: "ver=:v AND (st=:booked OR st=:failed OR st=:cancelled OR st=:local OR (st=:cancelling AND attribute_exists(hp))) AND attribute_not_exists(late) AND attribute_not_exists(cw)",
		vals: attrs{":v": num(r.Version), ":booked": str("booked"), ":failed": str("failed"), ":cancelled": str("cancelled"), ":local": str("cancelled_locally"),
			":cancelling": str("cancelling"), ":doc": str(string(doc))},
		entry: entry(now, r.Status, booking.CauseCompleted),
	}, &r)
}

// Audited takes the owed audit back once it is made, while a late number keeps the shipment open.
func (s *Store) Audited(ctx context.Context, tenant string, r booking.Record, now, due time.Time) (booking.Record, error) {
	return s.apply(ctx, tenant, r.Mode, r.ID, write{
		name: "audited", set: "due=:due, wk=:wk", remove: "au",
		cond:  "ver=:v AND attribute_exists(late)",
		vals:  attrs{":v": num(r.Version), ":due": ms(due), ":wk": shard(tenant, r.Mode, r.ID)},
		entry: entry(now, booking.Unchanged, booking.CauseCompleted),
	}, &r)
}

// Fetched stores what became of the document while something else keeps the shipment open.
func (s *Store) Fetched(ctx context.Context, tenant string, r booking.Record, now, due time.Time) (booking.Record, error) {
	return s.apply(ctx, tenant, r.Mode, r.ID, write{
		name: "fetched", set: "doc=:doc, due=:due",
		cond:  "ver=:v AND st=:booked",
		vals:  attrs{":v": num(r.Version), ":booked": str("booked"), ":doc": str(string(r.Document)), ":due": ms(due)},
		entry: entry(now, booking.Booked, booking.CauseCompleted),
	}, &r)
}
