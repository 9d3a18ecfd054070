package ddbsim

import (
	"cmp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// index holds, for each value of its hash key, entries in the order of its range key, then of the table's key.
type index struct {
	Index
	parts map[string]*part
}

type part struct {
	entries []entry
	dead    int // entries that only stale reads see
}

// entry points from an index to an item. It was there from a time until a time (0: it still is).
type entry struct {
	slot        *slot
	rng         types.AttributeValue
	from, until int64
}

func newIndex(i Index) *index { return &index{Index: i, parts: map[string]*part{}} }

// keys are the names of the index key's attributes.
func (i *index) keys() []string {
	if i.Range == "" {
		return []string{i.Hash}
	}
	return []string{i.Hash, i.Range}
}

// key is where an item stands in the index: nowhere, unless it has all of the key's attributes.
func (i *index) key(item attrs) (hash, rng types.AttributeValue, ok bool) {
	hash = item[i.Hash]
	if i.Range != "" {
		rng = item[i.Range]
	}
	return hash, rng, hash != nil && (i.Range == "" || rng != nil)
}

// move brings the entry of a slot to where its new version belongs and returns what that costs, in thousandths of a unit: one
// write of the entry for each deletion and each insertion, nothing when it stays as it is.
func (i *index) move(t *table, s *slot, was attrs, v version, keep bool) (cost int64) {
	hash0, rng0, in0 := i.key(was)
	hash1, rng1, in1 := i.key(v.item)
	if in0 == in1 && (!in0 || (equal(hash0, hash1) && (i.Range == "" || equal(rng0, rng1)))) {
		return 0
	}
	if in0 {
		i.drop(scalar(hash0), entry{slot: s, rng: rng0}, v.at, keep)
		cost += 1000 * units(i.entrySize(t, s, hash0, rng0), writeUnit)
	}
	if in1 {
		i.add(scalar(hash1), entry{slot: s, rng: rng1, from: v.at})
		cost += 1000 * units(i.entrySize(t, s, hash1, rng1), writeUnit)
	}
	return cost
}

// project is an entry as a query shows it: the keys of the index and of the table.
func (i *index) project(t *table, hash types.AttributeValue, e entry) attrs {
	out := attrs{t.Hash: e.slot.hash, i.Hash: hash}
	if i.Range != "" {
		out[i.Range] = e.rng
	}
	if t.Range != "" {
		out[t.Range] = e.slot.rng
	}
	return out
}

// entrySize is the size of an entry: an attribute that is in both keys counts once.
func (i *index) entrySize(t *table, s *slot, hash, rng types.AttributeValue) int {
	n := len(i.Hash) + sizeOf(hash)
	if i.Range != "" {
		n += len(i.Range) + sizeOf(rng)
	}
	for _, k := range []struct {
		name  string
		value types.AttributeValue
	}{{t.Hash, s.hash}, {t.Range, s.rng}} {
		if k.name != "" && k.name != i.Hash && k.name != i.Range {
			n += len(k.name) + sizeOf(k.value)
		}
	}
	return n
}

func (i *index) add(hash string, e entry) {
	p := i.parts[hash]
	if p == nil {
		p = &part{}
		i.parts[hash] = p
	}
	at, _ := slices.BinarySearchFunc(p.entries, e, compareEntries)
	p.entries = slices.Insert(p.entries, at, e)
}

// drop ends an entry: for good, or only for reads that are not stale.
func (i *index) drop(hash string, e entry, now int64, keep bool) {
	p := i.parts[hash]
	at, _ := slices.BinarySearchFunc(p.entries, e, compareEntries)
	for p.entries[at].until != 0 {
		at++
	}
	if keep && p.entries[at].from < now {
		p.entries[at].until = now
		p.dead++
	} else {
		p.entries = slices.Delete(p.entries, at, at+1)
	}
	if p.dead > 16+len(p.entries)/2 {
		p.entries = slices.DeleteFunc(p.entries, func(e entry) bool { return e.until != 0 && e.until <= now-int64(window) })
		p.dead = 0
		for _, e := range p.entries {
			if e.until != 0 {
				p.dead++
			}
		}
	}
	if len(p.entries) == 0 {
		delete(i.parts, hash)
	}
}

// visible tells whether an entry was there at a time.
func (e entry) visible(when int64) bool {
	return e.from <= when && (e.until == 0 || e.until > when)
}

func compareEntries(a, b entry) int {
	return cmp.Or(compareKeys(a.rng, b.rng), strings.Compare(a.slot.id.hash, b.slot.id.hash), compareKeys(a.slot.rng, b.slot.rng))
}
