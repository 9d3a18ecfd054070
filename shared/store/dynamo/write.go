package dynamo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/mutant"
	"github.com/fairlead/fairlead/shared/ship"
)

// write is one conditional update of a state item, in the words of the booking protocol. Every write answers the
// item as it left it (ALL_NEW) or the item that refused it (ALL_OLD).
type write struct {
	name   string // the protocol's name, for errors
	set    string // without ver and h, which append adds
	remove string
	add    string
	cond   string
	vals   attrs
	entry  *booking.Entry // nil: neither ver nor h move (WAKE, RECOVER, again)
}

// Writes are the writes of a state item by the protocol's names.
var Writes = []string{
	"CREATE", "EDIT", "CONFIRM", "CLAIM", "BOOKED", "BOOKED+", "BACK", "REFUSED", "UNKNOWN", "EXPIRE", "LATE", "DROP", "RECOVER", "again", "adopt", "adopt+",
	"absent", "hold", "REOPEN", "CLEAR", "CLOSE", "audited", "fetched", "DECLARE", "ADOPT", "CANCEL", "CW",
	"VOID", "VOIDBACK", "VOIDED", "VOIDPROVEN", "VOIDNO", "VOIDUNK", "LOCAL", "WAKE",
}

// writeName is the key of a write's name in its context.
type writeName struct{}

func naming(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, writeName{}, name)
}

// WriteName is the protocol's name of the write a database call is made for, "" for every other call.
func WriteName(ctx context.Context) string {
	name, _ := ctx.Value(writeName{}).(string)
	return name
}

// historyKeep is how many entries an item holds before the oldest move to Documents.
const historyKeep = 12

// historyTail is how many of them stay.
const historyTail = 4

// apply makes the write. image is the item as the writer last saw it, nil when it saw none: with it, a long
// history is moved out in the same write.
func (s *Store) apply(ctx context.Context, tenant string, mode ship.Mode, id string, w write, image *booking.Record) (booking.Record, error) {
	ctx = naming(ctx, w.name)
	w.cond = weakened(w.cond)
	if w.entry != nil && image != nil && len(image.History) >= historyKeep {
		r, err := s.trimmed(ctx, tenant, mode, id, w, *image)
		refused, ok := errors.AsType[*booking.Refused](err)
		if err == nil || (ok && (refused.Old == nil || refused.Old.Version == image.Version)) {
			return r, err
		}
		// Either the item moved on in between, so that the list would be the wrong one, or the documents can't be
		// written: a result does not wait for that. Append, and trim another time.
	}
	if w.entry != nil {
		w.set = joined(", ", w.set, "ver=ver+:one, h=list_append(if_not_exists(h,:nil),:h)")
		w.vals = with(w.vals, attrs{":one": num(1), ":nil": history(nil), ":h": history([]booking.Entry{*w.entry})})
	}
	return s.update(ctx, tenant, mode, id, w)
}

// weakened takes the guard of the mutant that is switched on out of a condition, whose values must still be used. A release
// knows no mutants.
func weakened(cond string) string {
	if mutant.On(mutant.NoFence) {
		return strings.ReplaceAll(cond, fence, "st=:booking AND (attribute_exists(pk) OR own=:me OR ep=:ep)")
	}
	if mutant.On(mutant.NoRecoveryFence) {
		cond = strings.ReplaceAll(cond, voiding, "st=:cancelling AND (attribute_exists(pk) OR own=:me OR ep=:ep)")
		return strings.ReplaceAll(cond, held, "st=:unknown AND (attribute_exists(pk) OR own=:me OR ep=:ep)")
	}
	if mutant.On(mutant.NoLate) {
		return strings.ReplaceAll(cond, "attribute_not_exists(late)", "attribute_exists(pk)")
	}
	if mutant.On(mutant.ClaimAnyOrder) {
		return strings.ReplaceAll(cond, "fp=:fp", "(attribute_exists(pk) OR fp=:fp)")
	}
	if mutant.On(mutant.NoNotBefore) {
		return strings.ReplaceAll(cond, "attribute_not_exists(nx)", "attribute_exists(pk)")
	}
	return cond
}

// trimmed makes the write with the oldest entries moved out: documents first, then the shorter list, which is
// only right for exactly the version that was seen.
func (s *Store) trimmed(ctx context.Context, tenant string, mode ship.Mode, id string, w write, image booking.Record) (booking.Record, error) {
	cut := len(image.History) - historyTail
	if err := s.putHistory(ctx, tenant, mode, id, image.Moved+1, image.History[:cut]); err != nil {
		return booking.Record{}, err
	}
	tail := append(image.History[cut:len(image.History):len(image.History)], *w.entry)
	w.set = joined(", ", w.set, "ver=ver+:one, h=:tail, hb=:hb")
	w.cond = "(" + w.cond + ") AND ver=:image"
	w.vals = with(w.vals, attrs{":one": num(1), ":tail": history(tail), ":hb": num(image.Moved + int64(cut)), ":image": num(image.Version)})
	return s.update(ctx, tenant, mode, id, w)
}

func (s *Store) update(ctx context.Context, tenant string, mode ship.Mode, id string, w write) (booking.Record, error) {
	expr := ""
	for _, part := range [][2]string{{"SET ", w.set}, {" REMOVE ", w.remove}, {" ADD ", w.add}} {
		if part[1] != "" {
			expr += part[0] + part[1]
		}
	}
	in := &dynamodb.UpdateItemInput{
		TableName: &s.Tables.Shipments, Key: attrs{"pk": str(ShipmentKey(tenant, mode, id))},
		UpdateExpression: ptr(strings.TrimSpace(expr)), ConditionExpression: &w.cond, ExpressionAttributeValues: w.vals,
		ReturnValues: types.ReturnValueAllNew, ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	if strings.Contains(expr, "#ttl") {
		in.ExpressionAttributeNames = map[string]string{"#ttl": "ttl"} // a reserved word
	}
	out, err := s.DB.UpdateItem(ctx, in)
	if old, ok := refused(err); ok {
		return booking.Record{}, s.refusal(old)
	}
	if err != nil {
		return booking.Record{}, fmt.Errorf("%s: %w", w.name, err)
	}
	return Decode(out.Attributes)
}

// refusal makes *booking.Refused of the item that refused a write.
func (s *Store) refusal(old attrs) error {
	if len(old) == 0 {
		return &booking.Refused{}
	}
	r, err := Decode(old)
	if err != nil {
		return err
	}
	return &booking.Refused{Old: &r}
}

func entry(at time.Time, st booking.Status, why booking.Cause) *booking.Entry {
	return &booking.Entry{At: at, Status: st, Cause: why}
}

func joined(sep string, parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, sep)
}

func with(a, b attrs) attrs {
	out := maps.Clone(a)
	if out == nil {
		out = attrs{}
	}
	maps.Copy(out, b)
	return out
}
