package ddbsim

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// mutation is a write: of put, if it is not nil; else of the program's actions, if update is true; else a deletion.
type mutation struct {
	id     slotKey
	key    attrs // at least the key's attributes
	prog   *program
	names  map[string]string
	values attrs
	put    attrs
	size   int // of put
	update bool
	tell   bool // the refused item comes with the refusal
}

// result is what a write did, and what it costs.
type result struct {
	change Change
	bill   bill
}

// bill is what a call costs, in thousandths of a unit.
type bill struct {
	table   *table
	base    int64
	indexes []int64 // by table.indexes; nil: nothing
	refused bool
	write   bool
}

// commit makes a write: all of it, or nothing and an error.
func (db *DB) commit(op *Op, m *mutation) (result, error) {
	now := db.clock()
	keep := db.keeps.Load()
	t := db.tables[op.Table]
	db.mu.Lock()
	defer db.mu.Unlock()
	s := t.slot(m.id, m.key)
	old := s.now
	res := result{bill: bill{table: t, write: true}}
	v, err := m.next(old)
	if _, refused := err.(*types.ConditionalCheckFailedException); refused {
		res.bill.refused, res.bill.base = true, 1000*units(old.size, writeUnit)
	}
	if err != nil {
		return res, err
	}
	res.bill.base = 1000 * units(max(old.size, v.size), writeUnit)
	if old.item == nil && v.item == nil {
		return res, nil // there was nothing to delete
	}
	if now.Before(db.last) {
		now = db.last
	}
	v.at = now.UnixNano()
	if res.bill.indexes, err = t.store(s, v, keep); err != nil {
		return res, err
	}
	db.last = now
	db.seq++
	res.change = Change{Seq: db.seq, Table: op.Table, At: now, Old: old.item, New: v.item, Op: op}
	if t.Stream && !same(old.item, v.item) {
		t.record(res.change)
	}
	return res, nil
}

// next is the version that a mutation makes of an old one.
func (m *mutation) next(old version) (version, error) {
	e := &env{item: old.item, names: m.names, values: m.values}
	if m.prog != nil && m.prog.cond != nil {
		ok := m.prog.cond.holds(e)
		if e.err != nil {
			return version{}, e.err
		}
		if !ok {
			return version{}, refusal(old.item, m.tell)
		}
	}
	if !m.update {
		return version{item: m.put, size: m.size}, nil
	}
	item, size, err := apply(m.prog.actions, old.item, old.size, m.key, e)
	if err == nil && size > maxItem {
		err = invalid("Item size to update has exceeded the maximum allowed size")
	}
	return version{item: item, size: size}, err
}

func refusal(old attrs, tell bool) error {
	e := &types.ConditionalCheckFailedException{Message: new("The conditional request failed")}
	if tell {
		e.Item = old
	}
	return e
}
