package sim

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/store/ddbsim"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// Violation is a broken rule.
type Violation struct {
	Rule     string // its name
	Shipment string
	Detail   string
}

// Error says it in one line.
func (v *Violation) Error() string {
	return fmt.Sprintf("%s: shipment %s: %s", v.Rule, v.Shipment, v.Detail)
}

// The rules that hold after every step.
const (
	RuleOneLabel   = "at most one live booking"
	RuleFixed      = "number and account of a booked shipment never change"
	RuleEpoch      = "no write of a stale epoch"
	RuleNoByte     = "what never left is never unknown"
	RuleCreated    = "no item that CREATE did not make"
	RuleWakeOnce   = "wake sends once for each due"
	RuleHistory    = "history folds to the state"
	RuleTransition = "only the protocol's transitions"
	RuleUnknown    = "unknown only what was struck"
	RuleAsked      = "who can't be asked is not asked"
	RuleTold       = "what a worker was answered is shown"
	RuleLate       = "what came late is settled first"
	RuleEarly      = "no attempt before its time"
	RuleOrder      = "what is booked is what was ordered"
	RuleLive       = "booked has a live label"
	RuleVoid       = "cancelled has none"
	RuleDoubt      = "a refusal after a void without an answer is not believed"
)

// truth is what the simulator knows of a shipment: its item as it is, and what really happened.
type truth struct {
	record   booking.Record
	lease    time.Time         // the booking's lease in true time
	claimer  string            // the task that claimed
	arrived  []*atomic.Bool    // by connection made since the claim: whether a byte arrived at the carrier
	requests map[string]bool   // processes whose booking requests arrived while it was not settled what came of them
	told     map[string]string // tracking numbers a worker was answered, by its task
	numbers  []string          // live bookings at the carrier
	made     []string          // all there ever were
	twice    bool              // there were several live ones at once
	voider   string            // the task that has a void in hand
	doubt    bool              // the void may have been carried out, or may yet be, and nobody knows
	flying   int               // voids on their way at the carrier
	refused  bool              // the carrier said a definite no
	troubled bool              // something struck between the last claim and its result
	beyond   bool              // the carrier acted, or showed it, after its settling time
	waited   time.Duration     // from the confirm to the failure
	events   map[string]string
	held     time.Time
}

// rules watches every write and every booking.
type rules struct {
	w      *World
	ships  map[string]*truth         // by pk
	open   map[string]booking.Record // what wake can find
	byRef  map[string]string         // our reference at the carrier -> pk
	refs   map[string]string         // a tracking number -> our reference
	woke   map[string]int64          // by process and shipment: the due it moved
	wakes  map[string]int            // messages by shipment and due
	events map[string]map[string]int // deliveries by event, then by webhook-id

	loginRefused bool // some login was
}

func newRules(w *World) *rules {
	return &rules{w: w, ships: map[string]*truth{}, open: map[string]booking.Record{}, byRef: map[string]string{}, refs: map[string]string{}, woke: map[string]int64{}, wakes: map[string]int{}, events: map[string]map[string]int{}}
}

// broken records the first violation of a run.
func (k *rules) broken(rule, shipment, detail string, args ...any) {
	if k.w.violation == nil {
		k.w.violation = &Violation{rule, shipment, fmt.Sprintf(detail, args...)}
		k.w.note("rule", k.w.violation.Error())
	}
}

// fenced are the writes that carry the owner and epoch they were decided under.
var fenced = map[string]bool{"BOOKED": true, "BOOKED+": true, "BACK": true, "REFUSED": true, "UNKNOWN": true, "again": true, "adopt": true, "adopt+": true, "absent": true, "hold": true,
	"VOIDED": true, "LOCAL": true, "VOIDNO": true, "VOIDUNK": true, "VOIDBACK": true}

// refusedWrite counts a write that its condition refused.
func (k *rules) refusedWrite(ctx context.Context, op *ddbsim.Op) {
	name := dynamo.WriteName(ctx)
	if name == "" {
		return
	}
	st := booking.Status("")
	if t := k.ships[op.Key]; t != nil {
		st = t.record.Status
	}
	k.w.cover.write(st, name)
}

// unversioned are the writes that leave version and history alone.
var unversioned = map[string]bool{"WAKE": true, "RECOVER": true, "again": true}

// wrote looks at one change of the shipments table.
func (k *rules) wrote(ctx context.Context, c ddbsim.Change) {
	pk := c.New["pk"].(*types.AttributeValueMemberS).Value
	name := dynamo.WriteName(ctx)
	if c.New["st"] == nil { // the alias of an Idempotency-Key
		return
	}
	now, err := dynamo.Decode(c.New)
	if err != nil {
		k.broken(RuleCreated, pk, "an item nobody can read: %v", err)
		return
	}
	t := k.ships[pk]
	if t == nil {
		if name != "CREATE" {
			k.broken(RuleCreated, pk, "made by %q", name)
		}
		t = &truth{events: map[string]string{}, told: map[string]string{}, requests: map[string]bool{}}
		k.ships[pk] = t
		k.byRef[booking.Reference(now.ID)] = pk
	}
	old := t.record
	k.w.cover.write(old.Status, name)
	t.record = now
	if now.Due.IsZero() {
		delete(k.open, pk)
	} else {
		k.open[pk] = now
	}
	if k.w.Rival != "" && name == "" { // see recorded
		return
	}
	k.folds(pk, name, old, now)
	k.fixed(pk, name, old, now)
	k.fence(pk, name, old, c.Op)
	k.late(pk, name, old, now)
	k.happened(ctx, pk, name, t, old, now)
	k.voids(ctx, pk, name, t, old, now)
	k.w.noteWrite(ctx, name, now)
}

// folds holds history and version against the state.
func (k *rules) folds(pk, name string, old, now booking.Record) {
	if now.Version != now.Moved+int64(len(now.History)) {
		k.broken(RuleHistory, pk, "%s left version %d with %d entries and %d moved", name, now.Version, len(now.History), now.Moved)
	}
	grown := now.Version - old.Version
	if grown != 1 && !(grown == 0 && unversioned[name]) {
		k.broken(RuleHistory, pk, "%s moved the version from %d to %d", name, old.Version, now.Version)
	}
	for _, e := range slices.Backward(now.History) {
		if e.Status != booking.Unchanged {
			if e.Status != now.Status {
				k.broken(RuleHistory, pk, "%s left state %s with a history that ends in %s", name, now.Status, e.Status)
			}
			return
		}
	}
}

// legal are the protocol's transitions.
var legal = map[booking.Status][]booking.Status{
	"":                       {booking.Draft, booking.Pending},
	booking.Draft:            {booking.Pending, booking.Cancelled},
	booking.Failed:           {booking.Pending, booking.Unknown},
	booking.Pending:          {booking.Booking, booking.Failed, booking.Unknown, booking.Cancelled},
	booking.Booking:          {booking.Booked, booking.Failed, booking.Pending, booking.Unknown},
	booking.Unknown:          {booking.Booked, booking.Pending},
	booking.Booked:           {booking.Cancelling},
	booking.Cancelling:       {booking.Cancelled, booking.Booked, booking.CancelledLocally},
	booking.Cancelled:        {},
	booking.CancelledLocally: {},
}

func (k *rules) fixed(pk, name string, old, now booking.Record) {
	if old.Status != now.Status && !slices.Contains(legal[old.Status], now.Status) {
		k.broken(RuleTransition, pk, "%s went from %s to %s", name, old.Status, now.Status)
	}
	if old.TrackingNumber != "" && (old.TrackingNumber != now.TrackingNumber || old.Account != now.Account) {
		k.broken(RuleFixed, pk, "%s changed %s of %s to %s of %s", name, old.TrackingNumber, old.Account, now.TrackingNumber, now.Account)
	}
	if now.Epoch < old.Epoch {
		k.broken(RuleEpoch, pk, "%s set the epoch back from %d to %d", name, old.Epoch, now.Epoch)
	}
}

// late holds what a write does to a shipment with numbers that came late: wake finds it until they are settled, and it is
// looked into or booked, but neither given up nor tried again.
func (k *rules) late(pk, name string, old, now booking.Record) {
	if len(now.Late) > 0 && now.Due.IsZero() {
		k.broken(RuleLate, pk, "%s closed it with %v", name, now.Late)
	}
	if settled := old.Status == booking.Booked || old.Status == booking.Cancelling; len(old.Late) > 0 && !settled && now.Status != old.Status && now.Status != booking.Unknown && now.Status != booking.Booked {
		k.broken(RuleLate, pk, "%s made it %s with %v", name, now.Status, old.Late)
	}
}

// fence holds what a write says of its owner against who owns the item.
func (k *rules) fence(pk, name string, old booking.Record, op *ddbsim.Op) {
	in, ok := op.Input.(*dynamodb.UpdateItemInput)
	if !ok || !fenced[name] {
		return
	}
	me, _ := in.ExpressionAttributeValues[":me"].(*types.AttributeValueMemberS)
	ep, _ := in.ExpressionAttributeValues[":ep"].(*types.AttributeValueMemberN)
	if _, word := in.ExpressionAttributeValues[":v"]; word && old.Held != "" { // a person's, of the version that was seen
		return
	}
	if me == nil || ep == nil || me.Value != old.Owner || ep.Value != fmt.Sprint(old.Epoch) {
		k.broken(RuleEpoch, pk, "%s was written over an item of another owner in epoch %d", name, old.Epoch)
	}
}

// happened keeps what the later judgement of the shipment needs.
func (k *rules) happened(ctx context.Context, pk, name string, t *truth, old, now booking.Record) {
	who := taskOf(ctx)
	switch name {
	case "CLAIM":
		t.lease = now.Lease
		if who.in != nil {
			t.lease = now.Lease.Add(-who.in.skew)
			if old.NotBefore.After(who.in.now()) {
				k.broken(RuleEarly, pk, "claimed %s before its time", old.NotBefore.Sub(who.in.now()))
			}
		}
		t.claimer, t.arrived, t.troubled, t.refused = who.name, nil, false, false
		k.w.claims[who.name] = t
	case "UNKNOWN":
		if len(old.Late) == 0 && t.claimer == who.name && !t.left(who.in) {
			k.broken(RuleNoByte, pk, "UNKNOWN although not a byte of the request arrived")
		}
		if len(old.Late) == 0 && !t.troubled {
			k.broken(RuleUnknown, pk, "UNKNOWN, and nothing struck its attempt")
		}
	case "EXPIRE":
		k.expired(pk, t)
	case "DROP", "REFUSED":
		t.waited = time.Since(old.Confirmed)
	case "LATE":
		k.w.clearLate(pk)
	case "hold":
		t.held = time.Now()
		k.w.operate(pk)
	case "WAKE":
		if who.in != nil {
			k.woke[who.in.name+" "+pk] = old.Due.UnixMilli()
		}
	}
	if old.Status == booking.Booking && now.Status != booking.Booking {
		clear(t.requests)
	}
	k.announced(t, old, now)
}

// expired judges the end of a lease by true time: no clock is wrong by more than 90 s.
func (k *rules) expired(pk string, t *truth) {
	switch early := time.Until(t.lease); {
	case early > 180*time.Second:
		k.broken(RuleUnknown, pk, "EXPIRE %s before the end of the lease", early)
	case early > 0:
		t.troubled = true // by clocks that differ
	case !t.troubled:
		k.broken(RuleUnknown, pk, "EXPIRE, although nothing struck its worker")
	}
}

// left tells whether a byte of a process's booking request arrived at the carrier since the claim.
func (t *truth) left(in *instance) bool {
	return t.requests[in.name] || slices.ContainsFunc(t.arrived, (*atomic.Bool).Load)
}

// sent watches what wake sends.
func (k *rules) sent(in *instance, e queue.Envelope) {
	if in.role != roleWake {
		return
	}
	pk := dynamo.ShipmentKey(e.Tenant, e.Mode, e.Shipment)
	due, moved := k.woke[in.name+" "+pk]
	if !moved {
		k.broken(RuleWakeOnce, pk, "sent by a wake that did not move due")
	}
	key := fmt.Sprintf("%s %d", pk, due)
	if k.wakes[key]++; k.wakes[key] > 1 {
		k.broken(RuleWakeOnce, pk, "%d messages for one due", k.wakes[key])
	}
}

// booked looks at the carrier's ledger after a booking.
func (k *rules) booked(x *exchange, ref string, numbers []string, lag time.Duration) {
	k.w.counts.Made++
	t := k.ships[k.byRef[ref]]
	if t == nil {
		k.broken(RuleOneLabel, ref, "a booking for no shipment")
		return
	}
	// Beyond the settling time only by what the carrier did: what came too late was sent too late.
	limit := x.lease.Add(settleS * time.Second)
	t.beyond = t.beyond || x.came.Before(x.lease) && time.Now().Add(lag).After(limit)
	t.numbers, t.made = numbers, append(t.made, numbers[len(numbers)-1])
	if !t.beyond && k.w.Rival == "" {
		k.ordered(x, t.record)
	}
	k.w.mu.Lock()
	k.refs[numbers[len(numbers)-1]] = ref
	k.w.mu.Unlock()
	if len(numbers) > 1 {
		t.twice = true
		k.w.counts.Duplicates++
		if !t.beyond && k.w.Rival == "" {
			k.broken(RuleOneLabel, k.byRef[ref], "%s booked it as %s", x.host, strings.Join(numbers, " and "))
		}
	}
}

// ordered holds what the carrier was sent against the order as the shipment names it. Shippers change the order number.
func (k *rules) ordered(x *exchange, r booking.Record) {
	store := &dynamo.Store{DB: k.w.db.Client(ddbsim.ClientOptions{}), Tables: k.w.tables, Now: time.Now}
	order, err := store.Request(context.Background(), r.Tenant, r.Mode, r.ID, r.RequestFP)
	if err != nil || !bytes.Contains(x.body, []byte(strconv.Quote(order.OrderNumber))) && order.OrderNumber != "" {
		k.broken(RuleOrder, r.ID, "%s was sent another order than number %q: %v", x.host, order.OrderNumber, err)
	}
}

// refused notes a definite no.
func (k *rules) refused(x *exchange, f Fault) {
	if f == Refusal && x.call.port == CarrierLogin {
		k.loginRefused = true
	}
	if t := k.ships[k.byRef[x.reference()]]; t != nil && f == Refusal && x.call.port == CarrierBook {
		t.refused = true
	}
}

// lease is the end of the lease, in true time, of the claim a request is made under.
func (k *rules) lease(x *exchange) time.Time {
	if t := k.ships[k.byRef[x.reference()]]; t != nil {
		return t.lease
	}
	return time.Now()
}

// struck notes that something struck a shipment's booking.
func (k *rules) struck(task, ref string, p Port, f Fault) {
	if harmless(p, f) {
		return
	}
	for _, t := range []*truth{k.w.claims[task], k.ships[k.byRef[ref]]} {
		if t != nil && t.record.Status == booking.Booking {
			t.troubled = true
		}
	}
}

// harmless tells whether a fault leaves no doubt that nothing was booked.
func harmless(p Port, f Fault) bool {
	switch p {
	case DBWrite, QueueSend, Clock:
		return false
	case CarrierDial:
		return f == DropBefore || f == Delay
	case CarrierBook:
		return f == Refusal || f == Throttle || f == Storm
	}
	return true
}

// disturbed notes that a process was killed or stood still, for every booking it has in hand.
func (k *rules) disturbed(in *instance) {
	for task, t := range k.w.claims {
		if t.claimer == task && t.record.Status == booking.Booking && strings.HasPrefix(task, in.name+"/") {
			t.troubled = true
		}
	}
}
