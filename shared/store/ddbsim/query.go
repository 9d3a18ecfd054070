package ddbsim

import (
	"math"
	"sort"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// maxPage is how many bytes a query reads before it ends a page.
const maxPage = 1 << 20

// query is a request that has been checked.
type query struct {
	table      *table
	index      *index // what is read: the table's own order, an index, or nil for a table without a range key
	secondary  bool   // of an index
	hash       types.AttributeValue
	place      func(rng types.AttributeValue) int // before, in or after the range asked for
	start      *entry                             // read on after this one
	backward   bool
	limit      int
	consistent bool
}

// page is what a query found: size is what was read, last where the next page begins.
type page struct {
	items []map[string]types.AttributeValue
	size  int
	last  attrs
}

// query checks a request.
func (db *DB) query(in *dynamodb.QueryInput) (*query, error) {
	if len(in.KeyConditions) > 0 || len(in.QueryFilter) > 0 || len(in.AttributesToGet) > 0 || in.ConditionalOperator != "" ||
		in.FilterExpression != nil || in.ProjectionExpression != nil || in.Select == types.SelectCount || in.Select == types.SelectSpecificAttributes {
		return nil, unsupported("filters, projections and the legacy parameters of Query")
	}
	t, err := db.table(in.TableName)
	if err != nil {
		return nil, err
	}
	q := &query{table: t, index: t.sorted, backward: in.ScanIndexForward != nil && !*in.ScanIndexForward, limit: math.MaxInt, consistent: aws.ToBool(in.ConsistentRead)}
	keys := Index{Hash: t.Hash, Range: t.Range}
	if in.IndexName != nil {
		if q.index = t.index(*in.IndexName); q.index == nil {
			return nil, invalid("The table does not have the specified index: %s", *in.IndexName)
		}
		if q.consistent {
			return nil, invalid("Consistent reads are not supported on global secondary indexes")
		}
		if in.Select == types.SelectAllAttributes {
			return nil, invalid("Select type ALL_ATTRIBUTES is not supported for an index that projects the keys only")
		}
		keys, q.secondary = q.index.Index, true
	} else if in.Select == types.SelectAllProjectedAttributes {
		return nil, invalid("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
	}
	if in.Limit != nil {
		if q.limit = int(*in.Limit); q.limit < 1 {
			return nil, invalid("Limit must be greater than or equal to 1")
		}
	}
	if in.KeyConditionExpression == nil {
		return nil, invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
	}
	p, err := db.parsed.compile(nil, nil, in.KeyConditionExpression)
	if err != nil {
		return nil, err
	}
	values, err := p.bind(in.ExpressionAttributeNames, in.ExpressionAttributeValues)
	if err != nil {
		return nil, err
	}
	if err := q.where(keys, p.key, &env{names: in.ExpressionAttributeNames, values: values}); err != nil {
		return nil, err
	}
	return q, q.after(keys, in.ExclusiveStartKey)
}

// where reads the key condition: the hash key equal to a value, and at most one condition on the range key.
func (q *query) where(keys Index, conditions []condition, e *env) error {
	q.place = func(types.AttributeValue) int { return 0 }
	ranged := false
	for _, c := range conditions {
		r, err := restrictionOf(c, e)
		if err != nil {
			return err
		}
		for _, v := range r.values {
			if want := q.table.keyKind(r.name); kind(v) != want {
				return invalid("One or more parameter values were invalid: Condition parameter type does not match schema type of %s", r.name)
			}
			if scalar(v) == "" {
				return invalid("One or more parameter values are not valid. A value specified for a key is an empty string: %s", r.name)
			}
		}
		switch {
		case r.name == keys.Hash && r.op == "=" && q.hash == nil:
			q.hash = r.values[0]
		case r.name == keys.Range && keys.Range != "" && !ranged:
			ranged, q.place = true, r.place
		default:
			return invalid("Query key condition not supported: %s", r.name)
		}
	}
	if q.hash == nil {
		return invalid("Query condition missed key schema element: %s", keys.Hash)
	}
	return nil
}

// restriction is one condition of a key condition.
type restriction struct {
	name, op string
	values   []types.AttributeValue
}

func restrictionOf(c condition, e *env) (restriction, error) {
	var at operand
	r := restriction{}
	var args []operand
	switch c := c.(type) {
	case parens:
		return restrictionOf(c.condition, e)
	case compareOp:
		at, r.op, args = c.a, c.op, []operand{c.b}
	case betweenOp:
		at, r.op, args = c.x, "BETWEEN", []operand{c.low, c.high}
	case prefixOp:
		at, r.op, args = c.of, "begins_with", []operand{c.prefix}
	}
	name, ok := at.(path)
	if !ok || r.op == "<>" {
		return r, invalid("Invalid operator used in KeyConditionExpression")
	}
	r.name = name.name(e.names)
	for _, a := range args {
		if _, ok := a.(literal); !ok {
			return r, invalid("Invalid operand in KeyConditionExpression")
		}
		r.values = append(r.values, a.value(e))
	}
	return r, nil
}

// place tells whether a range key comes before (-1), in (0) or after (1) what the restriction allows.
func (r restriction) place(rng types.AttributeValue) int {
	order := compareKeys(rng, r.values[0])
	switch r.op {
	case "begins_with":
		if hasPrefix(rng, r.values[0]) {
			return 0
		}
		return order
	case "BETWEEN":
		if order < 0 {
			return order
		}
		return max(0, compareKeys(rng, r.values[1]))
	case "=":
		return order
	}
	if ordered(r.op, order) {
		return 0
	}
	if r.op == "<" || r.op == "<=" {
		return 1
	}
	return -1
}

// after checks where to read on: a key of the index and of the table, in the partition asked for.
func (q *query) after(keys Index, key attrs) error {
	if key == nil {
		return nil
	}
	t := q.table
	names := union(t.keys(), (&index{Index: keys}).keys())
	if len(key) != len(names) {
		return invalid("The provided starting key is invalid")
	}
	for _, name := range names {
		if err := t.checkKey(name, key[name], maxHash); err != nil {
			return invalid("The provided starting key is invalid: %v", err)
		}
	}
	key, err := cleaned(key)
	if err != nil {
		return err
	}
	if !equal(key[keys.Hash], q.hash) || (keys.Range != "" && q.place(key[keys.Range]) != 0) {
		return invalid("The provided starting key is outside query boundaries based on provided conditions")
	}
	s := &slot{id: t.id(key), hash: key[t.Hash], rng: key[t.Range]}
	q.start = &entry{slot: s, rng: key[keys.Range]}
	return nil
}

// page reads a page as it was at a time.
func (db *DB) page(q *query, when int64) page {
	db.mu.Lock()
	defer db.mu.Unlock()
	out := page{items: []map[string]types.AttributeValue{}}
	entries := q.entries()
	low := sort.Search(len(entries), func(n int) bool { return q.place(entries[n].rng) >= 0 })
	high := sort.Search(len(entries), func(n int) bool { return q.place(entries[n].rng) > 0 })
	if q.start != nil && q.backward {
		high = min(high, sort.Search(len(entries), func(n int) bool { return compareEntries(entries[n], *q.start) >= 0 }))
	} else if q.start != nil {
		low = max(low, sort.Search(len(entries), func(n int) bool { return compareEntries(entries[n], *q.start) > 0 }))
	}
	for n := range high - low {
		e := entries[low+n]
		if q.backward {
			e = entries[high-1-n]
		}
		item, size := q.show(e, when)
		if item == nil {
			continue
		}
		out.items = append(out.items, item)
		if out.size += size; len(out.items) == q.limit || out.size > maxPage {
			out.last = q.position(e)
			break
		}
	}
	return out
}

// entries are those of the partition asked for.
func (q *query) entries() []entry {
	if q.index == nil {
		if s := q.table.slots[slotKey{hash: scalar(q.hash)}]; s != nil {
			return []entry{{slot: s}}
		}
		return nil
	}
	if p := q.index.parts[scalar(q.hash)]; p != nil {
		return p.entries
	}
	return nil
}

// show is what an entry showed at a time, nil if it was not there.
func (q *query) show(e entry, when int64) (attrs, int) {
	if !e.visible(when) {
		return nil, 0
	}
	if q.secondary {
		return q.index.project(q.table, q.hash, e), q.index.entrySize(q.table, e.slot, q.hash, e.rng)
	}
	v := e.slot.at(when)
	return v.item, v.size
}

// position is the key of an entry.
func (q *query) position(e entry) attrs {
	if q.secondary {
		return q.index.project(q.table, q.hash, e)
	}
	out := attrs{q.table.Hash: e.slot.hash}
	if q.table.Range != "" {
		out[q.table.Range] = e.slot.rng
	}
	return out
}
