package explore

import (
	"context"
	"errors"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/ddbsim"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// The shipment.
const (
	tenant   = "tn"
	shipment = "shp_1"
	table    = "shipments"
	firstKey = "k1"
	nextKey  = "k2"
)

// explorer makes the steps.
type explorer struct {
	Config
	t     booking.Times
	db    *ddbsim.DB
	store *dynamo.Store
	shelf *shelf
	made  map[attempt]result
	emit  func(next state, m move)
}

// attempt is everything that a write depends on.
type attempt struct {
	write string
	who   int
	p     proc
	item  itemID
}

// result is what became of a write. A refused one leaves the item as it is.
type result struct {
	ok             bool
	item           itemID
	version, epoch bool // moved
	hints          hints
	unfenced       bool // it was applied although its writer does not hold the shipment any more
}

func newExplorer(c Config) *explorer {
	db := ddbsim.New(ddbsim.Options{Now: func() time.Time { return now }, Tables: []ddbsim.Table{{Name: table, Hash: "pk"}}})
	api := dynamo.API(db.Client(ddbsim.ClientOptions{}))
	if rewrite := c.Without.rewrite(); rewrite != nil {
		api = &rewriting{API: api, rewrite: rewrite}
	}
	return &explorer{Config: c, t: c.times(), db: db, shelf: newShelf(c), made: map[attempt]result{},
		store: &dynamo.Store{DB: api, Tables: dynamo.Tables{Shipments: table}, Now: func() time.Time { return now }}}
}

// start is a shipment that was just created to be booked, and announced.
func (x *explorer) start() state {
	r := booking.Record{
		Mode: ship.Live, ID: shipment, Status: booking.Pending, Version: 9, RequestFP0: "fp", RequestFP: "fp", Priority: ship.Standard, Correlation: "c",
		CreateRequest: "rq", Created: now, Confirmed: now, Due: now.Add(x.t.DueFirst), History: []booking.Entry{{At: now, Status: booking.Pending, Cause: booking.CauseInitiated}},
	}
	if _, err := x.store.Create(context.Background(), tenant, r, time.Time{}); err != nil {
		panic("explore: " + err.Error())
	}
	if x.Thrice {
		return x.thrice()
	}
	return state{item: x.shelf.put(x.item(), 0), hints: bookHint, crashes: int8(x.Crashes)}
}

// thrice is Config.Thrice.
func (x *explorer) thrice() state {
	ctx, st := context.Background(), x.store
	r, err := st.Claim(ctx, tenant, booking.Claim{Mode: ship.Live, ID: shipment, Me: gone, Request: "fp", Now: now, Lease: now, SendBy: now, Account: "acct", Service: "svc"})
	if err == nil {
		_, err = st.Booked(ctx, tenant, r, booking.Result{TrackingNumber: name(1), Document: booking.DocumentReady}, now)
	}
	if err == nil {
		_, err = st.Late(ctx, tenant, ship.Live, shipment, name(2), now, now.Add(x.t.DueFirst))
	}
	if err != nil {
		panic("explore: " + err.Error())
	}
	it := attrs{}
	for name, v := range x.item() {
		it[name] = v
	}
	it["ver"], it["ep"] = number(9), number(9)
	s := state{item: x.shelf.put(it, 0), hints: recoverHint}
	for k := range s.reqs {
		s.reqs[k].is = booked
	}
	s.procs[0] = proc{phase: keeping, left: int8(x.t.WorkerTimeout / unit), nums: 1 << 2}
	return s
}

func (x *explorer) item() attrs {
	return x.db.Item(table, dynamo.ShipmentKey(tenant, ship.Live, shipment))
}

func (x *explorer) rec(id itemID) booking.Record { return x.shelf.recs[id] }

// clock is the time a process reads: a recovery's may be ahead.
func (x *explorer) clock(who int) time.Time {
	if who >= x.Workers && who < maxProcs {
		return now.Add(time.Duration(x.Ahead) * unit)
	}
	return now
}

// Who makes the writes of wake, of the client and of the operator.
const nobody = maxProcs

// do makes a write on the item of s, as process who in the state p would, and once for all states that agree in it.
func (x *explorer) do(s *state, write string, who int, p proc) result {
	key := attempt{write, who, p.needed(write), s.item}
	out, ok := x.made[key]
	if !ok {
		out = x.apply(key)
		x.made[key] = out
	}
	if out.ok {
		s.item = out.item
		s.hints |= out.hints
		for i := range s.procs {
			s.procs[i].seen = x.shelf.outdated(s.procs[i].seen, out.version, out.epoch)
		}
		s.op.seen = x.shelf.outdated(s.op.seen, out.version, out.epoch)
	}
	return out
}

// needed is what of a process a write depends on, so that more states share it.
func (p proc) needed(write string) proc {
	switch out := (proc{nums: p.nums, find: p.find, flag: p.flag, at: p.at, seen: p.seen}); write {
	case "CLAIM", "RECOVER":
		return proc{left: p.left, at: p.at}
	case "VOID":
		return proc{left: p.left, seen: p.seen}
	case "VOIDED", "LOCAL", "VOIDNO", "VOIDUNK", "VOIDBACK":
		return proc{seen: p.seen}
	case "VOIDPROVEN":
		return proc{nums: p.nums, seen: p.seen}
	case "LATE":
		return proc{nums: lowest(p.nums)}
	case "EXPIRE", "REOPEN":
		return proc{}
	case "again":
		out.nums, out.flag = 0, out.flag&blind
		return out
	default:
		return out
	}
}

// apply makes the write through the store.
func (x *explorer) apply(a attempt) result {
	x.db.Restore(table, x.shelf.items[a.item])
	old := x.rec(a.item)
	r := x.rec(a.p.seen)
	r.Mode, r.ID = ship.Live, shipment
	if a.who < maxProcs && r.Owner != "" {
		r.Owner = token(a.who)
	}
	after, err := x.write(a, r)
	if _, refused := errors.AsType[*booking.Refused](err); refused {
		return result{}
	} else if err != nil {
		panic("explore: " + a.write + ": " + err.Error())
	}
	out := result{ok: true, version: after.Version != old.Version, epoch: after.Epoch != old.Epoch}
	out.unfenced = fenced[a.write] && (r.Owner != old.Owner || r.Epoch != old.Epoch)
	for _, m := range booking.Announce(&old, after, now, x.t) {
		switch {
		case m.To == queue.Recovery:
			out.hints |= recoverHint
		case m.Envelope.Type == booking.TypeBook:
			out.hints |= bookHint
		}
	}
	it := attrs{}
	for name, v := range x.item() {
		it[name] = v
	}
	for name, moved := range map[string]int64{"ver": after.Version, "ep": after.Epoch} {
		if moved != 0 {
			it[name] = number(9)
		}
	}
	out.item = x.shelf.put(it, 0)
	return out
}

// fenced are the writes under an owner and an epoch.
var fenced = map[string]bool{
	"BOOKED": true, "BOOKED+": true, "BACK": true, "REFUSED": true, "UNKNOWN": true,
	"again": true, "adopt": true, "adopt+": true, "absent": true, "hold": true,
	"VOIDED": true, "LOCAL": true, "VOIDNO": true, "VOIDUNK": true, "VOIDBACK": true,
}

// write calls the store as package booking does: r is the record the writer works with.
func (x *explorer) write(a attempt, r booking.Record) (booking.Record, error) {
	ctx, st, p, at := context.Background(), x.store, a.p, x.clock(a.who)
	due, audit := at.Add(x.t.DueFirst), at.Add(x.t.Audit)
	end := at.Add(time.Duration(p.left) * unit)
	res := booking.Result{TrackingNumber: name(p.nums), Document: booking.DocumentPending}
	if p.flag&labelled != 0 {
		res.Document = booking.DocumentReady
	}
	why := booking.Failure{Source: "carrier", Code: "no"}
	switch a.write {
	case "CONFIRM":
		return st.Confirm(ctx, tenant, ship.Live, shipment, 9, nextKey, at, due)
	case "CLAIM":
		return st.Claim(ctx, tenant, booking.Claim{Mode: ship.Live, ID: shipment, Me: token(a.who), Request: "fp", Now: at, Lease: end.Add(x.t.LeaseMargin),
			SendBy: at.Add(time.Duration(p.at)*unit + x.t.SendBy), Account: "acct", Service: "svc"})
	case "BOOKED":
		return st.Booked(ctx, tenant, r, res, at)
	case "BOOKED+":
		return st.BookedOpen(ctx, tenant, r, res, at, booking.DueAfterBooked(r, res.Document, at, x.t))
	case "BACK":
		nx := at.Add(booking.Backoff(shipment, 1, time.Duration(p.flag)*unit, x.t))
		return st.Back(ctx, tenant, r, booking.CauseNotSent, at, nx, nx.Add(x.t.DueFirst))
	case "REFUSED":
		return st.Refused(ctx, tenant, r, why, at, audit)
	case "UNKNOWN":
		return st.Unknown(ctx, tenant, r, at, at.Add(booking.NextLookup(0, x.t)))
	case "EXPIRE":
		return st.Expire(ctx, tenant, x.rec(a.item), at, at.Add(booking.NextLookup(0, x.t)))
	case "REOPEN":
		return st.Reopen(ctx, tenant, x.rec(a.item), at, due)
	case "LATE":
		return st.Late(ctx, tenant, ship.Live, shipment, name(lowest(p.nums)), at, due)
	case "DROP":
		return st.Drop(ctx, tenant, r, why, at, audit)
	case "CANCEL":
		if a.who == nobody { // a client's
			return st.CancelSeen(ctx, tenant, x.current(a), at, audit)
		}
		return st.Cancel(ctx, tenant, r, at, audit)
	case "RECOVER":
		return st.Recover(ctx, tenant, ship.Live, shipment, token(a.who), at, end.Add(x.t.LeaseMargin))
	}
	return x.writeMore(a, r, res, at)
}

func (x *explorer) writeMore(a attempt, r booking.Record, res booking.Result, at time.Time) (booking.Record, error) {
	ctx, st, p, due := context.Background(), x.store, a.p, at.Add(x.t.DueFirst)
	doc := [...]booking.Document{booking.DocumentReady, booking.DocumentFailed}[p.flag&1]
	switch a.write {
	case "again":
		return st.Again(ctx, tenant, r, x.looked(r, p, a.who), at, at.Add(booking.NextLookup(r.Lookups+1, x.t)))
	case "adopt", "adopt+":
		d := x.looked(r, p, a.who)
		res.TrackingNumber = d.Number
		if d.Step == booking.LookAdopt {
			return st.Adopt(ctx, tenant, r, res, at)
		}
		rest := r
		rest.Late = d.Rest
		return st.AdoptOpen(ctx, tenant, r, res, d.Rest, at, booking.DueAfterBooked(rest, res.Document, at, x.t))
	case "absent":
		return st.Absent(ctx, tenant, r, x.looked(r, p, a.who).Settled, at, due)
	case "hold":
		return st.Hold(ctx, tenant, r, x.looked(r, p, a.who).Settled, at)
	case "CLEAR":
		rest := r
		rest.Late = booking.LeftOver(r, named(p.nums))
		return st.Clear(ctx, tenant, r, rest.Late, at, booking.DueAfterVoid(rest, at, x.t))
	case "CLOSE":
		return st.Close(ctx, tenant, r, doc, at)
	case "audited":
		return st.Audited(ctx, tenant, r, at, due)
	case "fetched":
		r.Document = doc
		return st.Fetched(ctx, tenant, r, at, booking.DueAfterBooked(r, doc, at, x.t))
	case "DECLARE":
		return st.Declare(ctx, tenant, r, at, due)
	case "ADOPT":
		r.TrackingNumber = name(p.nums)
		return st.AdoptNamed(ctx, tenant, r, booking.Result{TrackingNumber: r.TrackingNumber, Document: booking.DocumentPending}, booking.Outstanding(r), at, due)
	case "WAKE":
		old := x.rec(a.item)
		next, _ := booking.NextWake(old, at, x.t)
		err := st.Wake(ctx, tenant, ship.Live, shipment, old.Due, next)
		old.Due = next
		return old, err
	case "CW":
		return st.Want(ctx, tenant, x.current(a), at, due)
	}
	return x.writeVoid(a, r, at)
}

// writeVoid are the writes of a void.
func (x *explorer) writeVoid(a attempt, r booking.Record, at time.Time) (booking.Record, error) {
	ctx, st, later := context.Background(), x.store, booking.DueAfterVoid(r, at, x.t)
	why := booking.Failure{Source: "carrier", Code: "no"}
	switch a.write {
	case "VOID":
		end := at.Add(time.Duration(a.p.left) * unit)
		return st.Void(ctx, tenant, r, token(a.who), at, end.Add(x.t.LeaseMargin), at.Add(x.t.DueFirst))
	case "VOIDBACK":
		return st.VoidBack(ctx, tenant, r, at, at.Add(unit), at.Add(unit+x.t.DueFirst))
	case "VOIDED":
		return st.Voided(ctx, tenant, r, at, later)
	case "VOIDPROVEN":
		return st.VoidProven(ctx, tenant, r, name(a.p.nums), at, later)
	case "LOCAL":
		return st.Local(ctx, tenant, r, at, later)
	case "VOIDNO":
		return st.VoidNo(ctx, tenant, r, why, at, later)
	case "VOIDUNK":
		return st.VoidUnk(ctx, tenant, r, why, at, later)
	case "VOIDED by word":
		return st.VoidDeclared(ctx, tenant, r, at, later)
	case "CLEAR by word":
		rest := r
		rest.Late = booking.LeftOver(r, named(a.p.nums))
		return st.ClearNamed(ctx, tenant, r, rest.Late, at, booking.DueAfterVoid(rest, at, x.t))
	case "VOIDNO by word":
		return st.VoidDenied(ctx, tenant, r, why, at, later)
	}
	panic("explore: there is no write " + a.write)
}

// current is the item as whoever reads it now would have it. Its epoch and version are those of the shelf's items.
func (x *explorer) current(a attempt) booking.Record {
	r := x.rec(a.item)
	r.Mode, r.ID = ship.Live, shipment
	return r
}

// looked is the decision of a process that has asked the carrier.
func (x *explorer) looked(r booking.Record, p proc, who int) booking.Looked {
	l := booking.Look{
		Asked: x.clock(who).Add(time.Duration(p.at) * unit), Absence: x.Absence, SettleS: x.settle(), Rebook: x.Rebook,
		Finding: carrier.Finding{Kind: carrier.FindKind(p.find)}, Document: booking.DocumentPending,
	}
	for n := uint8(1); n <= p.nums; n <<= 1 {
		if p.nums&n != 0 {
			l.Finding.Bookings = append(l.Finding.Bookings, ship.Booking{TrackingNumber: name(n)})
		}
	}
	if p.flag&labelled != 0 {
		l.Document = booking.DocumentReady
	}
	if p.flag&blind != 0 {
		l.Absence, l.SettleS, l.Rebook = carrier.Advisory, 0, false
	}
	x.Without.look(&l, x.clock(who))
	return booking.AfterLook(r, l, x.t)
}

// name is the tracking number of a bit; bit is the other way round.
func name(n uint8) string {
	for k := range maxRequests {
		if n == 1<<k {
			return string(rune('A' + k))
		}
	}
	return ""
}

func bit(number string) uint8 {
	if number == "" {
		return 0
	}
	return 1 << (number[0] - 'A')
}

func numbers(list []string) uint8 {
	var out uint8
	for _, n := range list {
		out |= bit(n)
	}
	return out
}

// named are the tracking numbers of bits.
func named(nums uint8) []string {
	var out []string
	for n := uint8(1); n <= nums && n != 0; n <<= 1 {
		if nums&n != 0 {
			out = append(out, name(n))
		}
	}
	return out
}

func lowest(n uint8) uint8 { return n & -n }
