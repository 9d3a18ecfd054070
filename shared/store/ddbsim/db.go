// Package ddbsim is DynamoDB in memory, at the interface of the SDK's client, for tests and simulations: the
// operations and expressions the store uses, with the service's own refusals, billing, streams and stale reads, and
// with faults wherever a test wants them. What it does not support fails loudly; nothing is ignored.
//
// The maps and values it hands out are its own: they are shared, and whoever gets one must not change it.
package ddbsim

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// attrs is an item, a key or a set of expression values.
type attrs = map[string]types.AttributeValue

// window is how far back a stale read can see. A longer lag is cut to it.
const window = 2 * time.Minute

// streamLife is how long a stream keeps its records.
const streamLife = 24 * time.Hour

// Options says what a database holds. Now is its clock; nil is time.Now.
type Options struct {
	Now    func() time.Time
	Tables []Table
}

// Table is a table. Keys are strings, but for the attributes in Numbers. Range is "" when there is none. TTL names
// the attribute (seconds since the epoch) that Expire goes by.
type Table struct {
	Name, Hash, Range string
	Indexes           []Index
	Stream            bool
	TTL               string
	Numbers           []string
}

// Index is a global secondary index: sparse, and KEYS_ONLY.
type Index struct{ Name, Hash, Range string }

// Op is one attempt of one call, as hooks see it. Key is "pk" or "pk|sk", and "" for Query and BatchGetItem; Attempt
// counts from 1; Input is the SDK's input.
type Op struct {
	Name, Table, Index, Key string
	Attempt                 int
	Write                   bool
	Input                   any
}

// Change is a write as it was committed. Seq orders all writes of the database. Old is nil for a new item, New for a
// deleted one.
type Change struct {
	Seq      int64
	Table    string
	At       time.Time
	Old, New map[string]types.AttributeValue
	Op       *Op
}

// DB is a database. It is safe for concurrent use.
type DB struct {
	clock  func() time.Time
	keeps  atomic.Bool // somebody reads stale views: versions are kept
	parsed programs

	tables map[string]*table // the map itself never changes

	mu    sync.Mutex
	last  time.Time // of the newest write: the order of commits and of their times is one
	seq   int64
	watch []func(context.Context, Change)
}

// New makes an empty database. It panics when two tables or indexes have one name.
func New(o Options) *DB {
	db := &DB{clock: o.Now, tables: map[string]*table{}}
	if db.clock == nil {
		db.clock = time.Now
	}
	for _, spec := range o.Tables {
		if db.tables[spec.Name] != nil {
			panic("ddbsim: two tables are called " + spec.Name)
		}
		db.tables[spec.Name] = newTable(spec)
	}
	return db
}

// Watch has f told of every write that was committed, also of one that left the item as it was: in the writer's
// goroutine, before the writer has its answer, and under no lock of the database's. Concurrent writers' calls may
// come out of order; Seq tells it.
func (db *DB) Watch(f func(ctx context.Context, c Change)) {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.watch = append(slices.Clip(db.watch), f)
}

// Stream returns at most limit records of a table's stream after a sequence number, in the order of their commits
// (limit 0: all). Records live for a day of the database's clock. A write that changed nothing leaves none.
func (db *DB) Stream(table string, after int64, limit int) []Change {
	db.mu.Lock()
	defer db.mu.Unlock()
	records := db.must(table).stream
	from, _ := slices.BinarySearchFunc(records, after+1, func(c Change, seq int64) int { return int(c.Seq - seq) })
	records = records[from:]
	if limit > 0 && len(records) > limit {
		records = records[:limit]
	}
	return slices.Clone(records)
}

// Item peeks at an item, named by its hash key and its range key if the table has one. It is nil when there is none.
func (db *DB) Item(table string, key ...string) map[string]types.AttributeValue {
	db.mu.Lock()
	defer db.mu.Unlock()
	t := db.must(table)
	if want := len(t.keys()); len(key) != want {
		panic(fmt.Sprintf("ddbsim: a key of %s has %d parts, not %d", table, want, len(key)))
	}
	id := slotKey{hash: key[0]}
	if len(key) == 2 {
		id.rng = key[1]
	}
	if s := t.slots[id]; s != nil {
		return s.now.item
	}
	return nil
}

// Items peeks at all items of a table, in the order of their keys.
func (db *DB) Items(table string) []map[string]types.AttributeValue {
	db.mu.Lock()
	defer db.mu.Unlock()
	t := db.must(table)
	live := make([]*slot, 0, len(t.slots))
	for _, s := range t.slots {
		if s.now.item != nil {
			live = append(live, s)
		}
	}
	slices.SortFunc(live, compareSlots)
	items := make([]map[string]types.AttributeValue, len(live))
	for i, s := range live {
		items[i] = s.now.item
	}
	return items
}

// Restore replaces all items of a table, and forgets what was before: stale reads and the stream see nothing of it,
// and watchers hear nothing. It panics when an item could not have been written.
func (db *DB) Restore(table string, items ...map[string]types.AttributeValue) {
	now := db.clock()
	db.mu.Lock()
	defer db.mu.Unlock()
	t := db.must(table)
	t.reset()
	for _, item := range items {
		item, bytes, err := t.admit(item)
		if err != nil {
			panic(fmt.Sprintf("ddbsim: restoring %s: %v", table, err))
		}
		if _, err := t.store(t.slot(t.id(item), item), version{at: now.Add(-window).UnixNano(), item: item, size: bytes}, false); err != nil {
			panic(fmt.Sprintf("ddbsim: restoring %s: %v", table, err))
		}
	}
}

// Expire deletes what the table's TTL attribute says is over, as the service does some time later, and returns how
// many items that were. Stream and watchers hear of it, by an Op named "Expire".
func (db *DB) Expire(ctx context.Context, table string) int {
	t := db.must(table)
	now := attrs{":now": &types.AttributeValueMemberN{Value: strconv.FormatInt(db.clock().Unix(), 10)}}
	names := map[string]string{"#ttl": t.TTL}
	p, err := db.parsed.compile(nil, new("#ttl<=:now"), nil)
	if err != nil || t.TTL == "" {
		panic("ddbsim: nothing of " + table + " expires")
	}
	var over []slotKey
	db.mu.Lock()
	for id, s := range t.slots {
		if p.cond.holds(&env{item: s.now.item, names: names, values: now}) {
			over = append(over, id)
		}
	}
	db.mu.Unlock()
	slices.SortFunc(over, func(a, b slotKey) int { return strings.Compare(a.text(), b.text()) })
	deleted := 0
	for _, id := range over {
		op := &Op{Name: "Expire", Table: table, Key: id.text(), Attempt: 1, Write: true}
		if res, err := db.commit(op, &mutation{id: id, prog: p, names: names, values: now}); err == nil {
			db.tell(ctx, res.change)
			deleted++
		}
	}
	return deleted
}

func (db *DB) must(name string) *table {
	t := db.tables[name]
	if t == nil {
		panic("ddbsim: there is no table " + name)
	}
	return t
}

// tell hands a change to the watchers.
func (db *DB) tell(ctx context.Context, c Change) {
	if c.Seq == 0 {
		return
	}
	db.mu.Lock()
	watch := db.watch
	db.mu.Unlock()
	for _, f := range watch {
		f(ctx, c)
	}
}
