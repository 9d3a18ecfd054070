package dynamo

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
)

// encode makes a state item of a record. Absent attributes stay absent: the indexes are sparse.
func encode(r booking.Record, expires time.Time) attrs {
	key := ShipmentKey(r.Tenant, r.Mode, r.ID)
	it := attrs{
		"pk": str(key), "fv": num(ItemFormat), "st": str(string(r.Status)), "ver": num(r.Version), "fp0": str(r.RequestFP0), "fp": str(r.RequestFP),
		"pri": str(string(r.Priority)), "cid": str(r.Correlation), "rq": str(r.CreateRequest),
		"lp": str(ListKey(r.Tenant, r.Mode)), "ls": str(ListSort(r.Created, r.ID)), "h": history(r.History),
	}
	if !r.Confirmed.IsZero() {
		it["ct"] = ms(r.Confirmed)
	}
	if r.Reference != "" {
		it["ref"] = str(r.Reference)
	}
	if !r.Due.IsZero() {
		it["wk"], it["due"] = str(ShardOf(key)), ms(r.Due)
	}
	if !expires.IsZero() {
		it["ttl"] = num(expires.Unix())
	}
	return it
}

func history(h []booking.Entry) types.AttributeValue {
	l := &types.AttributeValueMemberL{Value: []types.AttributeValue{}}
	for _, e := range h {
		l.Value = append(l.Value, bin(e.Bytes()))
	}
	return l
}

func failure(f booking.Failure) types.AttributeValue {
	return &types.AttributeValueMemberM{Value: attrs{"s": str(f.Source), "c": str(f.Code), "d": str(clip(f.Detail, 300))}}
}

// clip cuts s to at most n bytes without breaking a character: a state item stays one write unit.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// Decode reads a state item, from the table or from its stream. It refuses an item that a newer version wrote.
func Decode(it map[string]types.AttributeValue) (booking.Record, error) {
	d := decoder{it: it}
	if fv := d.num("fv"); fv > ItemFormat {
		return booking.Record{}, fmt.Errorf("item format %d is newer than this version reads (%d): deploy the newer version", fv, ItemFormat)
	}
	var r booking.Record
	r.Tenant, r.Mode, r.ID = d.key()
	r.Status, r.Version = booking.Status(d.str("st")), d.num("ver")
	r.RequestFP0, r.RequestFP, r.Reference = d.str("fp0"), d.str("fp"), d.str("ref")
	r.Priority, r.Correlation, r.CreateRequest, r.ConfirmKey = ship.Priority(d.str("pri")), d.str("cid"), d.str("rq"), d.str("ck")
	r.Created, r.Confirmed = created(d.str("ls")), d.time("ct")
	r.Owner, r.Epoch, r.Lease, r.SendBy, r.RecoverLease = d.str("own"), d.num("ep"), d.time("lx"), d.time("sb"), d.time("rx")
	r.FirstAbsent, r.Lookups, r.Attempts, r.Account, r.Service = d.time("ab"), d.num("lk"), d.num("att"), d.str("acct"), d.str("svc")
	r.TrackingNumber, r.Document = d.str("trk"), booking.Document(d.str("doc"))
	r.Charge = ship.Money{Minor: d.num("amt"), Currency: d.str("cur")}
	r.NotBefore, r.Due, r.Held, r.CancelWanted = d.time("nx"), d.time("due"), d.str("hp"), d.time("cw")
	r.AuditOwed, r.AbsenceSettled, r.Moved = d.num("au") != 0, d.time("ua"), d.num("hb")
	r.Failure, r.VoidRefused = d.failure("err"), d.failure("vr")
	r.Late, r.Numbers = d.strs("late"), d.strs("nums")
	var err error
	if r.History, err = d.entries(); err != nil {
		return r, fmt.Errorf("shipment %s: %w", r.ID, err)
	}
	if r.Confirmed.IsZero() && r.Status != booking.Draft {
		r.Confirmed = r.Updated() // an item that an earlier version confirmed
	}
	return r, d.err
}

// decoder reads attributes and remembers the first that was not what it should be.
type decoder struct {
	it  attrs
	err error
}

func (d *decoder) str(name string) string {
	switch v := d.it[name].(type) {
	case nil:
		return ""
	case *types.AttributeValueMemberS:
		return v.Value
	}
	d.fail(name, "a string")
	return ""
}

func (d *decoder) num(name string) int64 {
	switch v := d.it[name].(type) {
	case nil:
		return 0
	case *types.AttributeValueMemberN:
		if n, err := strconv.ParseInt(v.Value, 10, 64); err == nil {
			return n
		}
	}
	d.fail(name, "a whole number")
	return 0
}

func (d *decoder) time(name string) time.Time {
	if n := d.num(name); n != 0 {
		return time.UnixMilli(n).UTC()
	}
	return time.Time{}
}

func (d *decoder) list(name string) []types.AttributeValue {
	switch v := d.it[name].(type) {
	case nil:
		return nil
	case *types.AttributeValueMemberL:
		return v.Value
	}
	d.fail(name, "a list")
	return nil
}

func (d *decoder) strs(name string) []string {
	var out []string
	for _, v := range d.list(name) {
		if s, ok := v.(*types.AttributeValueMemberS); ok {
			out = append(out, s.Value)
		}
	}
	return out
}

func (d *decoder) failure(name string) *booking.Failure {
	m, ok := d.it[name].(*types.AttributeValueMemberM)
	if !ok {
		return nil
	}
	e := decoder{it: m.Value}
	return &booking.Failure{Source: e.str("s"), Code: e.str("c"), Detail: e.str("d")}
}

func (d *decoder) entries() ([]booking.Entry, error) {
	var out []booking.Entry
	for _, v := range d.list("h") {
		b, ok := v.(*types.AttributeValueMemberB)
		if !ok {
			return nil, fmt.Errorf("the history holds something that is not binary")
		}
		e, err := booking.ParseEntry(b.Value)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func (d *decoder) key() (tenant string, mode ship.Mode, id string) {
	parts := strings.SplitN(d.str("pk"), "#", 3)
	if len(parts) != 3 {
		d.fail("pk", "tenant#mode#id")
		return "", "", ""
	}
	return parts[0], ship.Mode(parts[1]), parts[2]
}

func (d *decoder) fail(name, want string) {
	if d.err == nil {
		d.err = fmt.Errorf("state item: attribute %s is not %s", name, want)
	}
}

func created(ls string) time.Time {
	at, _, _ := strings.Cut(ls, "#")
	t, err := time.Parse(listTime, at)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
