package explore

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

type attrs = map[string]types.AttributeValue

// itemID names an item on the shelf; 0 is none.
type itemID uint32

// now is the moment at which everything happens: a tick moves the items' times instead.
var now = time.UnixMilli(1_800_000_000_000).UTC()

// steady are the version and the epoch of every item: they are only ever compared with one that was seen. One that
// was seen and is not the item's any more is stale.
const (
	steady = "9"
	stale  = "1"
)

// shelf holds every different item once, and what can become of it.
type shelf struct {
	floors map[string]int64 // how far back, in ticks, a time still makes a difference
	audit  int64            // the same for the last change of a shipment that owes an audit
	ids    map[string]itemID
	items  []attrs
	recs   []booking.Record
	old    map[itemID]itemID // by a tick
	other  map[variant]itemID
}

// variant is an item with something of it changed.
type variant struct {
	of       itemID
	what     uint8
	from, to string
}

func newShelf(c Config) *shelf {
	t := c.times()
	life := t.WorkerTimeout/unit + time.Duration(c.frozen()) // of whoever asked the carrier, and compares with that
	back := func(d time.Duration) int64 { return -int64(d/unit+life) - 1 }
	return &shelf{
		floors: map[string]int64{"nx": 0, "due": 0, "rx": -1, "lx": back(t.Settle(c.settle())), "sb": back(t.LookupEnd), "ab": back(t.AbsentGap)},
		audit:  -int64((t.Audit+t.LookupEnd)/unit) - 1,
		ids:    map[string]itemID{}, items: make([]attrs, 1), recs: make([]booking.Record, 1), old: map[itemID]itemID{}, other: map[variant]itemID{},
	}
}

// fixed are the attributes that never change, flags those of which only the presence says something, and plain those that
// are kept as they are; shelf.floors has the times. The rest decides nothing here and is left out: att, ct, lk, hb, np,
// amt, cur, err, acct and svc.
var (
	fixed = []string{"pk", "fv", "fp0", "fp", "pri", "cid", "rq", "lp", "ls"}
	flags = []string{"cw", "ua"}
	plain = []string{"st", "ver", "ep", "own", "ck", "trk", "doc", "late", "hp", "au", "wk"}
)

// put shelves an item, with its times moved by some ticks.
func (h *shelf) put(it attrs, moved int64) itemID {
	out := attrs{}
	for _, name := range slices.Concat(fixed, plain) {
		if v, ok := it[name]; ok {
			out[name] = v
		}
	}
	for _, name := range flags {
		if _, ok := it[name]; ok {
			out[name] = number(now.UnixMilli())
		}
	}
	for name, floor := range h.floors {
		if v, ok := it[name].(*types.AttributeValueMemberN); ok {
			out[name] = clipped(v.Value, moved, floor)
		}
	}
	h.history(it, out, moved)
	key := text(out)
	if id, ok := h.ids[key]; ok {
		return id
	}
	rec, err := dynamo.Decode(out)
	if err != nil {
		panic("explore: " + err.Error())
	}
	id := itemID(len(h.items))
	h.ids[key], h.items, h.recs = id, append(h.items, out), append(h.recs, rec)
	return id
}

// history keeps when the last change was, and that only while an audit waits for it.
func (h *shelf) history(it, out attrs, moved int64) {
	list, ok := it["h"].(*types.AttributeValueMemberL)
	if !ok || len(list.Value) == 0 {
		return
	}
	at := now
	if _, owed := it["au"]; owed {
		last := list.Value[len(list.Value)-1].(*types.AttributeValueMemberB)
		e, err := booking.ParseEntry(last.Value)
		if err != nil {
			panic("explore: " + err.Error())
		}
		at = now.Add(time.Duration(max(ticks(e.At.UnixMilli())+moved, h.audit)) * unit)
	}
	e := booking.Entry{At: at, Cause: booking.CauseInitiated}
	out["h"] = &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberB{Value: e.Bytes()}}}
}

func clipped(v string, moved, floor int64) types.AttributeValue {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		panic("explore: " + err.Error())
	}
	return number(now.UnixMilli() + max(ticks(n)+moved, floor)*unit.Milliseconds())
}

// ticks is a stored time as ticks from now. A time between two ticks would be another state each time.
func ticks(ms int64) int64 {
	d := ms - now.UnixMilli()
	if d%unit.Milliseconds() != 0 {
		panic(fmt.Sprintf("explore: %d ms is no whole tick", d))
	}
	return d / unit.Milliseconds()
}

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

// text is an item as a string, equal for equal items.
func text(it attrs) string {
	var b strings.Builder
	names := make([]string, 0, len(it))
	for name := range it {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		b.WriteString(name)
		spell(&b, it[name])
	}
	return b.String()
}

func spell(b *strings.Builder, v types.AttributeValue) {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		b.WriteString("=" + v.Value + ";")
	case *types.AttributeValueMemberN:
		b.WriteString("#" + v.Value + ";")
	case *types.AttributeValueMemberB:
		b.WriteString("." + string(v.Value) + ";")
	case *types.AttributeValueMemberL:
		b.WriteString("[")
		for _, e := range v.Value {
			spell(b, e)
		}
		b.WriteString("]")
	default:
		panic(fmt.Sprintf("explore: an attribute of type %T", v))
	}
}

// ticked is an item one tick later.
func (h *shelf) ticked(id itemID) itemID {
	if id == 0 {
		return 0
	}
	out, ok := h.old[id]
	if !ok {
		out = h.put(h.items[id], -1)
		h.old[id] = out
	}
	return out
}

// Kinds of variants.
const (
	ofOwner uint8 = iota
	ofVersion
	ofEpoch
	ofParts
)

// renamed is an item whose owner has another name.
func (h *shelf) renamed(id itemID, from, to string) itemID {
	if h.recs[id].Owner != from {
		return id
	}
	return h.variant(variant{id, ofOwner, from, to}, func(it attrs) { it["own"] = str(to) })
}

// outdated is a seen item after the real one's version or epoch moved.
func (h *shelf) outdated(id itemID, version, epoch bool) itemID {
	if id == 0 {
		return 0
	}
	if version && h.recs[id].Version != 0 {
		id = h.variant(variant{of: id, what: ofVersion}, func(it attrs) { it["ver"] = &types.AttributeValueMemberN{Value: stale} })
	}
	if epoch && h.recs[id].Epoch != 0 {
		id = h.variant(variant{of: id, what: ofEpoch}, func(it attrs) { it["ep"] = &types.AttributeValueMemberN{Value: stale} })
	}
	return id
}

// Parts of a record that a process still needs.
const (
	toBook   = "st own ep lx sb au late cw"
	toRecord = "st own ep au late cw"
	toFence  = "st own ep"
	toLook   = "st own ep lx sb ab ua au late cw"
	toSettle = "st ver au late cw trk doc"
	toDrop   = "st ver au"
	toCancel = "st au"
	toVoid   = "st own ep au late doc"
	toDecide = "st ver late au doc"
)

// part is what of an item a process still needs. Its owner is the process itself.
func (h *shelf) part(id itemID, names string) itemID {
	return h.variant(variant{of: id, what: ofParts, to: names}, func(it attrs) {
		for _, name := range slices.Concat(plain, flags, []string{"nx", "due", "rx", "lx", "sb", "ab", "h"}) {
			if !slices.Contains(strings.Fields(names), name) {
				delete(it, name)
			}
		}
		if _, owned := it["own"]; owned {
			it["own"] = str("me")
		}
	})
}

func (h *shelf) variant(v variant, change func(it attrs)) itemID {
	if id, ok := h.other[v]; ok {
		return id
	}
	it := attrs{}
	for name, value := range h.items[v.of] {
		it[name] = value
	}
	change(it)
	id := h.put(it, 0)
	h.other[v] = id
	return id
}

// whole is how many different items some states have.
func (h *shelf) whole(states []state) int {
	seen := map[itemID]bool{}
	for i := range states {
		seen[states[i].item] = true
	}
	return len(seen)
}
