package conformance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/fairlead/fairlead/shared/store/ddbsim"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

// The cases' tables: one with a key of one part and indexes by group and number and by a flag, both sparse, and one
// with a key of two parts.
const (
	single = "single"
	ranged = "ranged"
	// nowhere is a table that does not exist.
	nowhere = "nowhere"
)

func tables(prefix string) []ddbsim.Table {
	return []ddbsim.Table{
		{Name: prefix + single, Hash: "pk", Numbers: []string{"n"}, Indexes: []ddbsim.Index{{Name: "group", Hash: "g", Range: "n"}, {Name: "flag", Hash: "f"}}},
		{Name: prefix + ranged, Hash: "pk", Range: "sk"},
	}
}

// testCase is one request and what comes of it. in is the SDK's input; its table is filled in: single, or ranged for
// items that have an sk.
type testCase struct {
	name   string
	seed   []attrs
	in     any
	answer string // as answered writes it
	units  string // as spent writes it; "" where the answer is an error
	after  string // the item of the request's key, or of the first seed's; "" is not looked at
}

// exception is where a backend departs from the service: what it says instead, and what is known of why.
type exception struct {
	answer, units, after string
	reason               string
}

// run holds each backend to the cases.
func run(t *testing.T, cases []testCase) {
	for _, b := range dynamotest.Backends() {
		t.Run(b.Name, func(t *testing.T) {
			for _, c := range cases {
				t.Run(c.name, func(t *testing.T) { c.run(t, b) })
			}
		})
	}
}

func (c testCase) run(t *testing.T, b dynamotest.Backend) {
	w := world{prefix: dynamotest.Prefix(), ctx: t.Context()}
	w.db = b.Open(t, tables(w.prefix)...)
	for _, it := range c.seed {
		if _, err := w.db.PutItem(w.ctx, &dynamodb.PutItemInput{TableName: w.tableOf(it), Item: it}); err != nil {
			t.Fatalf("seeding: %v", err)
		}
	}
	answer, units := w.call(c)
	after := ""
	if c.after != "" {
		after = w.look(t, c)
	}
	want := exception{answer: c.answer, units: c.units, after: c.after}
	if x, ok := exceptions[b.Name+": "+c.name]; ok {
		want = exception{answer: cmp.Or(x.answer, c.answer), units: cmp.Or(x.units, c.units), after: cmp.Or(x.after, c.after)}
		t.Logf("an exception: %s", x.reason)
	}
	if answer != want.answer {
		t.Errorf("answered %s\n    want %s", answer, want.answer)
	}
	if units != want.units {
		t.Errorf("took %s, want %s", units, want.units)
	}
	if after != want.after {
		t.Errorf("left %s\nwant %s", after, want.after)
	}
}

// world is a backend with the tables of one case.
type world struct {
	db     dynamo.API
	ctx    context.Context
	prefix string
}

func (w world) tableOf(it attrs) *string {
	if it["sk"] != nil {
		return aws.String(w.prefix + ranged)
	}
	return aws.String(w.prefix + single)
}

// table is the table of a request, but for a case that names another. Requests are used again on the next backend.
func (w world) table(named *string, it attrs) *string {
	if aws.ToString(named) == nowhere {
		return named
	}
	return w.tableOf(it)
}

// look reads the item a case was about.
func (w world) look(t *testing.T, c testCase) string {
	t.Helper()
	var it attrs
	switch in := c.in.(type) {
	case *dynamodb.UpdateItemInput:
		it = in.Key
	case *dynamodb.PutItemInput:
		it = in.Item
	case *dynamodb.DeleteItemInput:
		it = in.Key
	}
	key := attrs{"pk": it["pk"]}
	if it["sk"] != nil {
		key["sk"] = it["sk"]
	}
	out, err := w.db.GetItem(w.ctx, &dynamodb.GetItemInput{TableName: w.tableOf(it), Key: key, ConsistentRead: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	if out.Item == nil {
		return "nothing"
	}
	return show(out.Item)
}

// call makes a request, and says what it answered and cost.
func (w world) call(c testCase) (answer, units string) {
	const asked = types.ReturnConsumedCapacityIndexes
	switch in := c.in.(type) {
	case *dynamodb.UpdateItemInput:
		in.ReturnConsumedCapacity, in.TableName = asked, w.table(in.TableName, in.Key)
		out, err := w.db.UpdateItem(w.ctx, in)
		if err != nil {
			return failed(err), ""
		}
		return written(out.Attributes), spent(out.ConsumedCapacity)
	case *dynamodb.PutItemInput:
		in.ReturnConsumedCapacity, in.TableName = asked, w.table(in.TableName, in.Item)
		out, err := w.db.PutItem(w.ctx, in)
		if err != nil {
			return failed(err), ""
		}
		return written(out.Attributes), spent(out.ConsumedCapacity)
	case *dynamodb.DeleteItemInput:
		in.ReturnConsumedCapacity, in.TableName = asked, w.table(in.TableName, in.Key)
		out, err := w.db.DeleteItem(w.ctx, in)
		if err != nil {
			return failed(err), ""
		}
		return written(out.Attributes), spent(out.ConsumedCapacity)
	}
	return w.read(c)
}

func (w world) read(c testCase) (answer, units string) {
	const asked = types.ReturnConsumedCapacityIndexes
	switch in := c.in.(type) {
	case *dynamodb.GetItemInput:
		in.ReturnConsumedCapacity, in.TableName = asked, w.table(in.TableName, in.Key)
		out, err := w.db.GetItem(w.ctx, in)
		if err != nil {
			return failed(err), ""
		}
		return written(out.Item), spent(out.ConsumedCapacity)
	case *dynamodb.QueryInput:
		in.ReturnConsumedCapacity = asked
		if in.TableName = aws.String(w.prefix + ranged); in.IndexName != nil {
			in.TableName = aws.String(w.prefix + single)
		}
		out, err := w.db.Query(w.ctx, in)
		if err != nil {
			return failed(err), ""
		}
		answer = fmt.Sprintf("%d of %d: %s", out.Count, out.ScannedCount, showAll(out.Items))
		if out.LastEvaluatedKey != nil {
			answer += " and on from " + show(out.LastEvaluatedKey)
		}
		return answer, spent(out.ConsumedCapacity)
	case batch:
		return w.batch(in)
	}
	panic(fmt.Sprintf("no request: %T", c.in))
}

// batch is a BatchGetItem: the keys it asks for, and whether consistently.
type batch struct {
	keys       []attrs
	consistent bool
}

func (w world) batch(b batch) (answer, units string) {
	ask := map[string]types.KeysAndAttributes{}
	for _, k := range b.keys {
		name := *w.tableOf(k)
		one := ask[name]
		one.Keys, one.ConsistentRead = append(one.Keys, k), aws.Bool(b.consistent)
		ask[name] = one
	}
	out, err := w.db.BatchGetItem(w.ctx, &dynamodb.BatchGetItemInput{RequestItems: ask, ReturnConsumedCapacity: types.ReturnConsumedCapacityIndexes})
	if err != nil {
		return failed(err), ""
	}
	var all, costs []string
	for _, name := range slices.Sorted(maps.Keys(out.Responses)) {
		for _, it := range out.Responses[name] {
			all = append(all, show(it))
		}
	}
	for _, c := range out.ConsumedCapacity {
		costs = append(costs, strings.TrimPrefix(*c.TableName, w.prefix)+" "+spent(&c))
	}
	slices.Sort(all) // the service promises no order
	slices.Sort(costs)
	return strings.Join(all, " "), strings.Join(costs, ", ")
}

func written(it attrs) string {
	if it == nil {
		return "ok"
	}
	return "ok " + show(it)
}

// failed is the class of an error, with the item that made a condition fail.
func failed(err error) string {
	if c, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		if c.Item == nil {
			return "refused"
		}
		return "refused by " + show(c.Item)
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return "error: " + err.Error()
}

// spent is a capacity as text: all of it, and what the table and each index took.
func spent(c *types.ConsumedCapacity) string {
	if c == nil {
		return "nothing"
	}
	out := fmt.Sprint(*c.CapacityUnits)
	if c.Table != nil {
		out += fmt.Sprintf(" table %v", *c.Table.CapacityUnits)
	}
	for _, name := range slices.Sorted(maps.Keys(c.GlobalSecondaryIndexes)) {
		out += fmt.Sprintf(" %s %v", name, *c.GlobalSecondaryIndexes[name].CapacityUnits)
	}
	return out
}
