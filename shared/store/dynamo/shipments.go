package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/mutant"
	"github.com/fairlead/fairlead/shared/ship"
)

// The writes below are those of the booking protocol, in its order and by its names. A condition here is the
// specification: change one, and the protocol's model goes first.

// Create is CREATE.
func (s *Store) Create(ctx context.Context, tenant string, r booking.Record, expires time.Time) (booking.Record, error) {
	r.Tenant = tenant
	_, err := s.DB.PutItem(naming(ctx, "CREATE"), &dynamodb.PutItemInput{
		TableName: &s.Tables.Shipments, Item: encode(r, expires), ConditionExpression: new("attribute_not_exists(pk)"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if old, ok := refused(err); ok {
		return booking.Record{}, s.refusal(old)
	}
	if err != nil {
		return booking.Record{}, fmt.Errorf("CREATE: %w", err)
	}
	return r, nil
}

// Alias binds an Idempotency-Key to a shipment for ever.
func (s *Store) Alias(ctx context.Context, tenant string, mode ship.Mode, key, id string) error {
	_, err := s.DB.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.Tables.Shipments, Item: attrs{"pk": str(AliasKey(tenant, mode, key)), "fv": num(ItemFormat), "sid": str(id)},
		ConditionExpression: new("attribute_not_exists(pk) OR sid=:sid"), ExpressionAttributeValues: attrs{":sid": str(id)},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if old, ok := refused(err); ok {
		d := decoder{it: old}
		return &booking.AliasTaken{ID: d.str("sid")}
	}
	if err != nil {
		return fmt.Errorf("alias: %w", err)
	}
	return nil
}

// Confirm is CONFIRM. A service that an earlier claim chose is chosen anew, for offers change. While an audit is owed it
// stays: an earlier attempt was made with it, and may yet turn up and be shown with it. One update can't tell the two apart,
// so the rarer one is a second write.
func (s *Store) Confirm(ctx context.Context, tenant string, mode ship.Mode, id string, version int64, key string, now, due time.Time) (booking.Record, error) {
	w := write{
		name:   "CONFIRM",
		set:    "st=:pending, ck=:ck, ct=:ct, wk=:wk, due=:due",
		remove: "cw, err, nx, ab, #ttl",
		cond:   "attribute_exists(pk) AND ver=:v AND attribute_not_exists(late) AND (st=:draft OR (st=:failed AND (attribute_not_exists(ck) OR ck<>:ck)))",
		vals: attrs{":pending": str("pending"), ":draft": str("draft"), ":failed": str("failed"), ":v": num(version), ":ck": str(key), ":ct": ms(now),
			":wk": shard(tenant, mode, id), ":due": ms(due)},
		entry: entry(now, booking.Pending, booking.CauseConfirmed),
	}
	anew, kept := w, w
	anew.remove, anew.cond = anew.remove+", svc", anew.cond+" AND attribute_not_exists(au)"
	kept.cond += " AND attribute_exists(au)"
	r, err := s.apply(ctx, tenant, mode, id, anew, nil)
	if refused, ok := errors.AsType[*booking.Refused](err); ok && refused.Old != nil && refused.Old.AuditOwed && refused.Old.Status == booking.Failed {
		return s.apply(ctx, tenant, mode, id, kept, nil)
	}
	return r, err
}

// Edit is EDIT: other content, stored before under its fingerprint. The service that a claim chose was chosen for the old
// one. While an audit is owed the old one stays: it is what an earlier attempt, which may yet turn up, was about. A draft
// lives as long again, until expires.
func (s *Store) Edit(ctx context.Context, tenant string, old booking.Record, fingerprint string, priority ship.Priority, now, expires time.Time) (booking.Record, error) {
	w := write{
		name: "EDIT", set: "fp=:fp, pri=:pri", remove: "svc",
		cond:  "ver=:v AND (st=:draft OR st=:failed) AND attribute_not_exists(late) AND attribute_not_exists(au)",
		vals:  attrs{":fp": str(fingerprint), ":pri": str(string(priority)), ":v": num(old.Version), ":draft": str("draft"), ":failed": str("failed")},
		entry: entry(now, booking.Unchanged, booking.CauseEdited),
	}
	if old.Status == booking.Draft {
		w.set, w.vals = w.set+", #ttl=:ttl", with(w.vals, attrs{":ttl": num(expires.Unix())})
	}
	return s.apply(ctx, tenant, old.Mode, old.ID, w, &old)
}

// Claim is CLAIM: this write is the intent. It is the intent to book what the claim names: a worker that has read what was
// ordered before an edit claims nothing.
func (s *Store) Claim(ctx context.Context, tenant string, c booking.Claim) (booking.Record, error) {
	return s.apply(ctx, tenant, c.Mode, c.ID, write{
		name:   "CLAIM",
		set:    "st=:booking, att=if_not_exists(att,:zero)+:one, own=:me, lx=:lx, sb=:sb, acct=:acct, svc=:svc",
		remove: "ab, nx",
		add:    "ep :one",
		cond:   "st=:pending AND (attribute_not_exists(nx) OR nx<=:now) AND attribute_not_exists(late) AND attribute_not_exists(cw) AND fp=:fp",
		vals: attrs{":booking": str("booking"), ":pending": str("pending"), ":zero": num(0), ":one": num(1), ":now": ms(c.Now), ":me": str(c.Me),
			":fp": str(c.Request), ":lx": ms(c.Lease), ":sb": ms(c.SendBy), ":acct": str(c.Account), ":svc": str(c.Service)},
		entry: entry(c.Now, booking.Booking, booking.CauseLabelRequested),
	}, nil)
}

// fence is FENCE: nobody else has taken the booking over.
const fence = "st=:booking AND own=:me AND ep=:ep"

func fenced(r booking.Record, more attrs) attrs {
	return with(attrs{":booking": str("booking"), ":me": str(r.Owner), ":ep": num(r.Epoch)}, more)
}

// result is what BOOKED and adopt set. What the carrier did not say, or what there is not, is left out.
func (s *Store) result(tenant string, r booking.Record, res booking.Result) (set string, vals attrs) {
	set = "st=:booked, trk=:trk, np=:np, doc=:doc"
	vals = attrs{":booked": str("booked"), ":trk": str(res.TrackingNumber), ":np": str(NumberKey(tenant, r.Mode, res.TrackingNumber)), ":doc": str(string(res.Document))}
	if res.Charge.Currency != "" {
		set += ", amt=:amt, cur=:cur"
		vals[":amt"], vals[":cur"] = num(res.Charge.Minor), str(res.Charge.Currency)
	}
	if len(res.Numbers) > 0 {
		set += ", nums=:nums"
		vals[":nums"] = strs(res.Numbers)
	}
	return set, vals
}

// Booked is BOOKED: nothing is left to do.
func (s *Store) Booked(ctx context.Context, tenant string, r booking.Record, res booking.Result, now time.Time) (booking.Record, error) {
	set, vals := s.result(tenant, r, res)
	return s.apply(ctx, tenant, r.Mode, r.ID, write{
		name: "BOOKED", set: set, remove: "wk, due, nx, own, lx, sb, ab",
		cond:  fence + " AND attribute_not_exists(late) AND attribute_not_exists(cw) AND attribute_not_exists(au)",
		vals:  fenced(r, vals),
		entry: entry(now, booking.Booked, booking.CauseLabelGenerated),
	}, &r)
}

// BookedOpen is BOOKED+: it stays in the open index.
func (s *Store) BookedOpen(ctx context.Context, tenant string, r booking.Record, res booking.Result, now, due time.Time) (booking.Record, error) {
	set, vals := s.result(tenant, r, res)
	return s.apply(ctx, tenant, r.Mode, r.ID, write{
		name: "BOOKED+", set: set + ", due=:due, wk=:wk", remove: "nx, own, lx, sb, ab",
		cond:  fence,
		vals:  fenced(r, with(vals, attrs{":due": ms(due), ":wk": shard(tenant, r.Mode, r.ID)})),
		entry: entry(now, booking.Booked, booking.CauseLabelGenerated),
	}, &r)
}

// Back is BACK: provably not booked.
func (s *Store) Back(ctx context.Context, tenant string, r booking.Record, why booking.Cause, now, notBefore, due time.Time) (booking.Record, error) {
	return s.apply(ctx, tenant, r.Mode, r.ID, write{
		name: "BACK", set: "st=:pending, nx=:nx, due=:due", remove: "own, lx, sb",
		cond:  fence + " AND attribute_not_exists(late)",
		vals:  fenced(r, attrs{":pending": str("pending"), ":nx": ms(notBefore), ":due": ms(due)}),
		entry: entry(now, booking.Pending, why),
	}, &r)
}

// Refused is REFUSED.
func (s *Store) Refused(ctx context.Context, tenant string, r booking.Record, why booking.Failure, now, audit time.Time) (booking.Record, error) {
	return s.apply(ctx, tenant, r.Mode, r.ID, closing(tenant, r, audit, write{
		name: "REFUSED", set: "st=:failed, err=:err", remove: "nx, own, lx, sb, cw",
		cond:  fence + " AND attribute_not_exists(late)",
		vals:  fenced(r, attrs{":failed": str("failed"), ":err": failure(why)}),
		entry: entry(now, booking.Failed, booking.CauseRefused),
	}), &r)
}

// closing takes a shipment out of the open index, unless it owes an audit look-up: then it stays until that is made.
func closing(tenant string, r booking.Record, audit time.Time, w write) write {
	if r.AuditOwed {
		return staying(tenant, r, audit, w)
	}
	w.remove = joined(", ", w.remove, "wk, due")
	w.cond += " AND attribute_not_exists(au)"
	return w
}

// staying keeps a shipment in the open index.
func staying(tenant string, r booking.Record, due time.Time, w write) write {
	w.set = joined(", ", w.set, "due=:later, wk=:wk")
	w.vals = with(w.vals, attrs{":later": ms(due), ":wk": shard(tenant, r.Mode, r.ID)})
	return w
}

// Unknown is UNKNOWN.
func (s *Store) Unknown(ctx context.Context, tenant string, r booking.Record, now, notBefore time.Time) (booking.Record, error) {
	return s.apply(ctx, tenant, r.Mode, r.ID, write{
		name: "UNKNOWN", set: "st=:unknown, nx=:nx", remove: "own",
		cond:  fence,
		vals:  fenced(r, attrs{":unknown": str("unknown"), ":nx": ms(notBefore)}),
		entry: entry(now, booking.Unknown, booking.CauseOutcomeUnknown),
	}, &r)
}

// Expire is EXPIRE: a lease that ran out never goes back to pending, for nobody knows what its worker sent.
func (s *Store) Expire(ctx context.Context, tenant string, old booking.Record, now, notBefore time.Time) (booking.Record, error) {
	to := booking.Unknown
	if mutant.On(mutant.ExpireToPending) {
		to = booking.Pending
	}
	return s.apply(ctx, tenant, old.Mode, old.ID, write{
		name: "EXPIRE", set: "st=:unknown, nx=:nx", remove: "own", add: "ep :one",
		cond:  "st=:booking AND lx<:now AND ep=:ep",
		vals:  attrs{":unknown": str(string(to)), ":booking": str("booking"), ":nx": ms(notBefore), ":now": ms(now), ":ep": num(old.Epoch), ":one": num(1)},
		entry: entry(now, to, booking.CauseLeaseExpired),
	}, &old)
}

// Late is LATE: a number that came too late is kept, in every state.
func (s *Store) Late(ctx context.Context, tenant string, mode ship.Mode, id, number string, now, due time.Time) (booking.Record, error) {
	return s.apply(ctx, tenant, mode, id, write{
		name: "LATE", set: "late=list_append(if_not_exists(late,:none),:x), wk=:wk, due=:due",
		cond:  "attribute_exists(pk) AND NOT contains(late,:x1) AND (attribute_not_exists(trk) OR trk<>:x1)",
		vals:  attrs{":none": strs(nil), ":x": strs([]string{number}), ":x1": str(number), ":wk": shard(tenant, mode, id), ":due": ms(due)},
		entry: entry(now, booking.Unchanged, booking.CauseLateAnswer),
	}, nil)
}

// Drop is DROP: no attempt is possible.
func (s *Store) Drop(ctx context.Context, tenant string, old booking.Record, why booking.Failure, now, audit time.Time) (booking.Record, error) {
	return s.apply(ctx, tenant, old.Mode, old.ID, closing(tenant, old, audit, write{
		name: "DROP", set: "st=:failed, err=:err", remove: "nx",
		cond:  "st=:pending AND ver=:v AND attribute_not_exists(late)",
		vals:  attrs{":failed": str("failed"), ":pending": str("pending"), ":v": num(old.Version), ":err": failure(why)},
		entry: entry(now, booking.Failed, booking.CauseDropped),
	}), &old)
}

// Cancel is CANCEL: nothing is booked.
func (s *Store) Cancel(ctx context.Context, tenant string, old booking.Record, now, audit time.Time) (booking.Record, error) {
	return s.apply(ctx, tenant, old.Mode, old.ID, cancel(tenant, old, now, audit), &old)
}

// cancel is CANCEL. A draft does not expire any more: its reference stays the name of what was cancelled.
func cancel(tenant string, old booking.Record, now, audit time.Time) write {
	return closing(tenant, old, audit, write{
		name: "CANCEL", set: "st=:cancelled", remove: "cw, nx, own, lx, #ttl",
		cond:  "(st=:draft OR st=:pending) AND attribute_not_exists(late)",
		vals:  attrs{":cancelled": str("cancelled"), ":draft": str("draft"), ":pending": str("pending")},
		entry: entry(now, booking.Cancelled, booking.CauseCancelled),
	})
}

// Wake is WAKE: neither a version nor history, and nothing else moves `due` without changing the state.
func (s *Store) Wake(ctx context.Context, tenant string, mode ship.Mode, id string, seen, next time.Time) error {
	_, err := s.apply(ctx, tenant, mode, id, write{
		name: "WAKE", set: "due=:next", cond: "due=:seen", vals: attrs{":next": ms(next), ":seen": ms(seen)},
	}, nil)
	return err
}

func shard(tenant string, mode ship.Mode, id string) types.AttributeValue {
	return str(ShardOf(ShipmentKey(tenant, mode, id)))
}

func strs(list []string) types.AttributeValue {
	l := &types.AttributeValueMemberL{Value: []types.AttributeValue{}}
	for _, s := range list {
		l.Value = append(l.Value, str(s))
	}
	return l
}
