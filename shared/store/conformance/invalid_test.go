package conformance

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

const invalid = "ValidationException"

// text is a text of n bytes.
func text(n int) string { return strings.Repeat("x", n) }

// TestInvalidUpdates are refused for what they say, whatever the item is; by class, for the texts differ.
func TestInvalidUpdates(t *testing.T) {
	one := with(":v", 1)
	var cases []testCase
	for name, in := range map[string]*dynamodb.UpdateItemInput{
		"a value that is not given":               update(key, "SET s=:v"),
		"a value that is not used":                update(key, "SET s=:v", with(":v", 1, ":w", 2)),
		"values without an expression":            update(key, "", one),
		"a name that is not given":                update(key, "SET #s=:v", one),
		"a name that is not used":                 update(key, "SET s=:v", one, called(names{"#s": "s"})),
		"no values but a map of them":             update(key, "REMOVE s", with()),
		"an empty expression":                     withExpression(""),
		"an expression of blanks":                 withExpression("  "),
		"a reserved word":                         update(key, "SET ttl=:v", one),
		"a reserved word in any case":             update(key, "SET Status=:v", one),
		"a reserved word to be removed":           update(key, "REMOVE url"),
		"one attribute twice":                     update(key, "SET s=:v, s=:v", one),
		"one attribute set and removed":           update(key, "SET s=:v REMOVE s", one),
		"one attribute by two names":              update(key, "SET #s=:v REMOVE s", one, called(names{"#s": "s"})),
		"a section twice":                         update(key, "SET s=:v SET x=:v", one),
		"the hash key":                            update(key, "SET pk=:v", one),
		"the hash key by a name":                  update(key, "SET #p=:v", one, called(names{"#p": "pk"})),
		"the hash key to be removed":              update(key, "REMOVE pk"),
		"the range key":                           update(item("pk", "a", "sk", "b"), "SET sk=:v", with(":v", "c")),
		"ADD of a text":                           update(key, "ADD n10 :v", with(":v", "1")),
		"ADD to a text":                           update(key, "ADD s :v", one),
		"ADD of an attribute":                     update(key, "ADD n10 ratio"),
		"a sum with a text":                       update(key, "SET n10=n10+:v", with(":v", "1")),
		"a sum of a text":                         update(key, "SET n10=s+:v", one),
		"a sum with what is not there":            update(key, "SET n10=absent+:v", one),
		"a sum of three":                          update(key, "SET n10=n10+:v+:v", one),
		"from what is not there":                  update(key, "SET n10=absent"),
		"list_append of what is no list":          update(key, "SET li=list_append(li,:v)", one),
		"list_append to what is no list":          update(key, "SET s=list_append(s,:v)", with(":v", []any{1})),
		"list_append to what is not there":        update(key, "SET x=list_append(absent,:v)", with(":v", []any{1})),
		"list_append of three":                    update(key, "SET li=list_append(li,:v,:v)", with(":v", []any{1})),
		"if_not_exists of a value":                update(key, "SET x=if_not_exists(:v,:v)", one),
		"a function that there is not":            update(key, "SET x=nothing(s)"),
		"a function of conditions":                update(key, "SET x=size(s)"),
		"no assignment":                           update(key, "SET"),
		"an unfinished assignment":                update(key, "SET s="),
		"a comma at the end":                      update(key, "SET s=:v,", one),
		"no section":                              update(key, "s=:v", one),
		"something after the end":                 update(key, "REMOVE s )"),
		"ALL_NEW misspelt":                        update(key, "REMOVE s", back("EVERYTHING")),
		"an empty text in an index's key":         update(key, "SET g=:v", with(":v", "")),
		"a number in an index's key of texts":     update(key, "SET g=:v", one),
		"a text in an index's key of numbers":     update(key, "SET n=:v", with(":v", "1")),
		"an index's key of the wrong type, whole": update(key, "SET g=:g, n=:n", with(":g", "g", ":n", "1")),
		"ADD to a number beyond the range":        update(key, "SET n10=:v+:w", with(":v", number("9e125"), ":w", number("9e125"))),
		"a number of 39 digits":                   update(key, "SET n10=:v", with(":v", number(strings.Repeat("1", 39)))),
		"a number beyond the range":               update(key, "SET n10=:v", with(":v", number("1e126"))),
		"a number under the range":                update(key, "SET n10=:v", with(":v", number("1e-131"))),
		"an item that becomes too large":          update(key, "SET s=:v", with(":v", text(400<<10))),
		"an empty key":                            update(item("pk", ""), "SET s=:v", one),
		"a key that is a number":                  update(item("pk", 1), "SET s=:v", one),
		"a key of too many parts":                 update(item("pk", "a", "x", "b"), "SET s=:v", one),
		"a key of too few parts":                  update(item("sk", "b"), "SET s=:v", one),
		"no key":                                  update(item(), "SET s=:v", one),
		"a hash key that is too long":             update(item("pk", text(2049)), "SET s=:v", one),
		"a range key that is too long":            update(item("pk", "a", "sk", text(1025)), "SET s=:v", one),
		"a condition that is none":                update(key, "SET s=:v", one, given("s")),
		"a sum whose operands cannot be summed":   update(key, "SET n10=:v+:w", with(":v", 1, ":w", []any{})),
	} {
		cases = append(cases, testCase{name: name, seed: []attrs{thing}, in: in, answer: invalid})
	}
	cases = append(cases, testCase{name: "a table that does not exist", in: &dynamodb.UpdateItemInput{TableName: aws.String(nowhere), Key: key}, answer: "ResourceNotFoundException"})
	run(t, cases)
}

func withExpression(expr string) *dynamodb.UpdateItemInput {
	in := update(key, "x")
	in.UpdateExpression = &expr
	return in
}

// TestInvalidRequests are the refusals of everything but updates.
func TestInvalidRequests(t *testing.T) {
	many := []attrs{}
	for i := range 101 {
		many = append(many, item("pk", fmt.Sprint(i)))
	}
	at := item(":p", "p")
	var cases []testCase
	for name, in := range map[string]any{
		"a put without the key":                   put(item("x", 1)),
		"a put with an empty key":                 put(item("pk", "")),
		"a put with a key of another type":        put(item("pk", 1)),
		"a put without the range key's value":     put(item("pk", "a", "sk", "")),
		"a put with an empty index key":           put(item("pk", "a", "g", "")),
		"a put with an index key of another type": put(item("pk", "a", "n", "1")),
		"a put of an empty set":                   put(item("pk", "a", "x", stringSet{})),
		"a put of a set with something twice":     put(item("pk", "a", "x", numberSet{"1", "1.0"})),
		"a put of what is no number":              put(item("pk", "a", "x", number("one"))),
		"a put that is too large":                 put(item("pk", "a", "x", text(400<<10))),
		"a put that returns what is new":          put(item("pk", "a"), back(allNew)),
		"a deletion that returns what is new":     remove(key, back(allNew)),
		"a deletion without the range key":        &dynamodb.DeleteItemInput{Key: item("sk", "a")},
		"a read with too much of a key":           get(item("pk", "a", "x", "b"), true),
		"a read of an empty key":                  get(item("pk", ""), true),
		"a query without the hash key":            query("", "sk=:p", at),
		"a query by something else":               query("", "pk=:p AND x=:p", at),
		"a query by a range of hash keys":         query("", "pk>:p", at),
		"a query for what is not equal":           query("", "pk=:p AND sk<>:p", at),
		"a query with OR":                         query("", "pk=:p OR sk=:p", at),
		"a query with NOT":                        query("", "pk=:p AND NOT sk=:p", at),
		"a query with contains":                   query("", "pk=:p AND contains(sk,:p)", at),
		"a query of three conditions":             query("", "pk=:p AND sk>:p AND sk<:q", item(":p", "p", ":q", "q")),
		"a query with a value not used":           query("", "pk=:p", item(":p", "p", ":q", "q")),
		"a query with a value not given":          query("", "pk=:q", at),
		"a query with a key of another type":      query("", "pk=:p", item(":p", 1)),
		"a query with an empty key":               query("", "pk=:p", item(":p", "")),
		"a query with a limit of nothing":         query("", "pk=:p", at, limit(0)),
		"a query of an index that does not exist": query("nothing", "pk=:p", at),
		"a consistent query of an index":          query("group", "g=:p", at, consistent),
		"a query of an index by the table's key":  query("group", "pk=:p", at),
		"a query on from another partition":       query("", "pk=:p", at, from(item("pk", "q", "sk", "a"))),
		"a query on from half a key":              query("", "pk=:p", at, from(item("pk", "p"))),
		"a query on from a key of the table":      query("group", "g=:p", at, from(item("pk", "p"))),
		"a batch of nothing":                      batch{},
		"a batch of more than 100":                batch{keys: many},
		"a batch that asks twice":                 batch{keys: []attrs{key, key}},
		"a batch with a wrong key":                batch{keys: []attrs{item("pk", 1)}},
	} {
		cases = append(cases, testCase{name: name, seed: []attrs{key}, in: in, answer: invalid})
	}
	run(t, cases)
}
