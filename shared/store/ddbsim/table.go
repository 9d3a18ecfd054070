package ddbsim

import (
	"cmp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// maxItem is the largest item, in bytes.
const maxItem = 400 << 10

// slotKey is the primary key of an item, as text.
type slotKey struct{ hash, rng string }

func (k slotKey) text() string {
	if k.rng == "" {
		return k.hash
	}
	return k.hash + "|" + k.rng
}

// version is an item as it was from a time on (nanoseconds since the epoch); item is nil while there is none.
type version struct {
	at   int64
	item attrs
	size int
}

// slot is the place of one primary key. old are earlier versions, oldest first, for stale reads.
type slot struct {
	id        slotKey
	hash, rng types.AttributeValue
	now       version
	old       []version
}

// table is a table with its items and its indexes.
type table struct {
	Table
	slots   map[slotKey]*slot
	sorted  *index   // the table itself by its own range key; nil when it has none
	indexes []*index // in the order of their names
	stream  []Change
	gone    []*slot // deleted, oldest first: kept for stale reads
}

func newTable(spec Table) *table {
	t := &table{Table: spec, slots: map[slotKey]*slot{}}
	if spec.Range != "" {
		t.sorted = newIndex(Index{Hash: spec.Hash, Range: spec.Range})
	}
	for _, i := range spec.Indexes {
		t.indexes = append(t.indexes, newIndex(i))
	}
	slices.SortFunc(t.indexes, func(a, b *index) int { return cmp.Compare(a.Name, b.Name) })
	for i := 1; i < len(t.indexes); i++ {
		if t.indexes[i-1].Name == t.indexes[i].Name {
			panic("ddbsim: two indexes of " + spec.Name + " are called " + t.indexes[i].Name)
		}
	}
	return t
}

// reset forgets all that the table holds and held.
func (t *table) reset() {
	t.slots, t.stream, t.gone = map[slotKey]*slot{}, nil, nil
	for _, i := range t.indexes {
		i.parts = map[string]*part{}
	}
	if t.sorted != nil {
		t.sorted.parts = map[string]*part{}
	}
}

// keys are the names of the primary key's attributes.
func (t *table) keys() []string {
	if t.Range == "" {
		return []string{t.Hash}
	}
	return []string{t.Hash, t.Range}
}

func (t *table) index(name string) *index {
	for _, i := range t.indexes {
		if i.Name == name {
			return i
		}
	}
	return nil
}

// id is the key of an item that has been checked.
func (t *table) id(item attrs) slotKey {
	k := slotKey{hash: scalar(item[t.Hash])}
	if t.Range != "" {
		k.rng = scalar(item[t.Range])
	}
	return k
}

// slot returns the place of a key, a new one when there is none. item is any map that has the key's attributes.
func (t *table) slot(id slotKey, item attrs) *slot {
	if s := t.slots[id]; s != nil {
		return s
	}
	s := &slot{id: id, hash: item[t.Hash]}
	if t.Range != "" {
		s.rng = item[t.Range]
	}
	return s
}

// at is the item as it was at a time.
func (s *slot) at(when int64) version {
	if s.now.at <= when {
		return s.now
	}
	for i := len(s.old) - 1; i >= 0; i-- {
		if s.old[i].at <= when {
			return s.old[i]
		}
	}
	return version{at: when}
}

// store makes v the item of a slot, in the table and its indexes, and returns what the indexes charge, by index, in
// thousandths of a unit. keep says that what was before must stay visible to stale reads.
func (t *table) store(s *slot, v version, keep bool) ([]int64, error) {
	if err := t.indexable(s.now.item, v.item); err != nil {
		return nil, err
	}
	was := s.now.item
	t.remember(s, v, keep)
	t.slots[s.id] = s
	if t.sorted != nil && (was == nil) != (v.item == nil) {
		if v.item != nil {
			t.sorted.add(scalar(s.hash), entry{slot: s, rng: s.rng, from: v.at})
		} else {
			t.sorted.drop(scalar(s.hash), entry{slot: s, rng: s.rng}, v.at, keep)
		}
	}
	if v.item == nil && !keep {
		delete(t.slots, s.id)
	}
	var charged []int64
	for n, i := range t.indexes {
		if cost := i.move(t, s, was, v, keep); cost > 0 {
			if charged == nil {
				charged = make([]int64, len(t.indexes))
			}
			charged[n] = cost
		}
	}
	return charged, nil
}

// remember puts v on top of a slot's versions. Of two versions of one moment only the later one can ever be seen.
func (t *table) remember(s *slot, v version, keep bool) {
	if keep && v.at > s.now.at {
		if s.now.at > 0 {
			s.old = append(s.old, s.now)
		}
		done := 0
		for done+1 < len(s.old) && s.old[done+1].at <= v.at-int64(window) {
			done++
		}
		s.old = behead(s.old, done)
	} else if !keep {
		s.old = nil
	}
	s.now = v
	if keep && v.item == nil {
		t.gone = append(t.gone, s)
	}
	t.bury(v.at)
}

// bury forgets the slots whose item has been deleted for longer than any stale read sees.
func (t *table) bury(now int64) {
	done := 0
	for done < len(t.gone) && t.gone[done].now.at <= now-int64(window) {
		if s := t.gone[done]; s.now.item == nil && t.slots[s.id] == s {
			delete(t.slots, s.id)
		}
		done++
	}
	t.gone = behead(t.gone, done)
}

// record appends to the stream, and lets go of what is too old.
func (t *table) record(c Change) {
	done := 0
	for done < len(t.stream) && c.At.Sub(t.stream[done].At) > streamLife {
		done++
	}
	t.stream = append(behead(t.stream, done), c)
}

// behead takes n elements off the front without moving the others: appending leaves the dead space behind in time.
func behead[T any](s []T, n int) []T {
	clear(s[:n])
	return s[n:]
}

func compareSlots(a, b *slot) int {
	return cmp.Or(cmp.Compare(a.id.hash, b.id.hash), compareKeys(a.rng, b.rng))
}
