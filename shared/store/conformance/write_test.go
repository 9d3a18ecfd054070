package conformance

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

const (
	allNew = types.ReturnValueAllNew
	allOld = types.ReturnValueAllOld
)

// TestUpdates makes one update of an item that is there, or that is not.
func TestUpdates(t *testing.T) {
	seed := []attrs{thing}
	entry := []any{[]byte{7}}
	run(t, []testCase{
		{name: "SET changes, adds and leaves alone", seed: []attrs{item("pk", "a", "x", 1, "y", 2)}, in: update(key, "SET x=:x, z=:z", with(":x", 5, ":z", "new")),
			answer: "ok", units: "1 table 1", after: `{pk:"a" x:5 y:2 z:"new"}`},
		{name: "ALL_NEW is the item as it left it", seed: []attrs{item("pk", "a", "x", 1)}, in: update(key, "SET x=:x", with(":x", 5), back(allNew)),
			answer: `ok {pk:"a" x:5}`, units: "1 table 1", after: `{pk:"a" x:5}`},
		{name: "ALL_OLD is the item as it found it", seed: []attrs{item("pk", "a", "x", 1)}, in: update(key, "SET x=:x", with(":x", 5), back(allOld)),
			answer: `ok {pk:"a" x:1}`, units: "1 table 1", after: `{pk:"a" x:5}`},
		{name: "what is not there is made", in: update(key, "SET x=:x", with(":x", 5), back(allNew)), answer: `ok {pk:"a" x:5}`, units: "1 table 1", after: `{pk:"a" x:5}`},
		{name: "of what is not there ALL_OLD is nothing", in: update(key, "SET x=:x", with(":x", 5), back(allOld)), answer: "ok", units: "1 table 1", after: `{pk:"a" x:5}`},
		{name: "without an expression the key alone is made", in: update(key, ""), answer: "ok", units: "1 table 1", after: `{pk:"a"}`},
		{name: "REMOVE alone makes the key as well", in: update(key, "REMOVE x"), answer: "ok", units: "1 table 1", after: `{pk:"a"}`},
		{name: "in a table with a key of two parts", seed: []attrs{item("pk", "a", "sk", "b", "x", 1)}, in: update(item("pk", "a", "sk", "b"), "SET x=x+:one", with(":one", 1), back(allNew)),
			answer: `ok {pk:"a" sk:"b" x:2}`, units: "1 table 1", after: `{pk:"a" sk:"b" x:2}`},
		{name: "a sum of an attribute and a value", seed: seed, in: update(key, "SET n10=n10+:v", with(":v", 5)), answer: "ok", units: "1 table 1", after: show(plus(thing, "n10", 15))},
		{name: "a difference may be negative", seed: seed, in: update(key, "SET n10=n10-:v", with(":v", 15)), answer: "ok", units: "1 table 1", after: show(plus(thing, "n10", -5))},
		{name: "sums are exact", seed: seed, in: update(key, "SET n10=ratio+:v", with(":v", number("0.0000000000000000000000000000001"))), answer: "ok", units: "1 table 1",
			after: show(plus(thing, "n10", number("1.5000000000000000000000000000001")))},
		{name: "operands are what the item held before", seed: []attrs{item("pk", "a", "x", 1, "y", 2)}, in: update(key, "SET x=y, y=x, z=x+y"), answer: "ok", units: "1 table 1", after: `{pk:"a" x:2 y:1 z:3}`},
		{name: "if_not_exists takes what is there", seed: seed, in: update(key, "SET n10=if_not_exists(n10,:zero)+:one", with(":zero", 0, ":one", 1)), answer: "ok", units: "1 table 1", after: show(plus(thing, "n10", 11))},
		{name: "if_not_exists takes the value otherwise", seed: []attrs{key}, in: update(key, "SET att=if_not_exists(att,:zero)+:one, ab=if_not_exists(ab,:t)", with(":zero", 0, ":one", 1, ":t", 9)),
			answer: "ok", units: "1 table 1", after: `{ab:9 att:1 pk:"a"}`},
		{name: "list_append to a list", seed: []attrs{item("pk", "a", "h", []any{[]byte{1}})}, in: update(key, "SET h=list_append(if_not_exists(h,:nil),:h)", with(":nil", []any{}, ":h", entry)),
			answer: "ok", units: "1 table 1", after: `{h:[0x01 0x07] pk:"a"}`},
		{name: "list_append to nothing", seed: []attrs{key}, in: update(key, "SET h=list_append(if_not_exists(h,:nil),:h)", with(":nil", []any{}, ":h", entry)),
			answer: "ok", units: "1 table 1", after: `{h:[0x07] pk:"a"}`},
		{name: "list_append before a list", seed: []attrs{item("pk", "a", "h", []any{[]byte{1}})}, in: update(key, "SET h=list_append(:h,h)", with(":h", entry)), answer: "ok", units: "1 table 1", after: `{h:[0x07 0x01] pk:"a"}`},
		{name: "ADD makes an attribute", seed: []attrs{key}, in: update(key, "ADD ep :one", with(":one", 1)), answer: "ok", units: "1 table 1", after: `{ep:1 pk:"a"}`},
		{name: "ADD makes an item", in: update(key, "ADD ep :one", with(":one", 1), back(allNew)), answer: `ok {ep:1 pk:"a"}`, units: "1 table 1", after: `{ep:1 pk:"a"}`},
		{name: "ADD adds", seed: []attrs{item("pk", "a", "ep", 41)}, in: update(key, "ADD ep :one", with(":one", 1)), answer: "ok", units: "1 table 1", after: `{ep:42 pk:"a"}`},
		{name: "ADD takes a negative number", seed: []attrs{item("pk", "a", "ep", 41)}, in: update(key, "ADD ep :one", with(":one", -42)), answer: "ok", units: "1 table 1", after: `{ep:-1 pk:"a"}`},
		{name: "REMOVE of an attribute that is not there", seed: seed, in: update(key, "REMOVE absent, s"), answer: "ok", units: "1 table 1",
			after: strings.Replace(show(thing), ` s:"abc"`, "", 1)},
		{name: "SET, REMOVE and ADD in one", seed: []attrs{item("pk", "a", "own", "w", "ep", 1)}, in: update(key, "SET st=:st REMOVE own, nx ADD ep :one", with(":st", "unknown", ":one", 1)),
			answer: "ok", units: "1 table 1", after: `{ep:2 pk:"a" st:"unknown"}`},
		{name: "keywords in any case and order", seed: []attrs{item("pk", "a", "own", "w")}, in: update(key, "add ep :one remove own set st=:one", with(":one", 1)), answer: "ok", units: "1 table 1", after: `{ep:1 pk:"a" st:1}`},
		{name: "a reserved word by a name", seed: []attrs{item("pk", "a", "ttl", 1)}, in: update(key, "SET #u=:u REMOVE #ttl", called(names{"#ttl": "ttl", "#u": "url"}), with(":u", "x")), answer: "ok", units: "1 table 1", after: `{pk:"a" url:"x"}`},
		{name: "a name of any characters", in: update(key, "SET #x=:u", called(names{"#x": "a b.c[0]"}), with(":u", "x")), answer: "ok", units: "1 table 1", after: `{a b.c[0]:"x" pk:"a"}`},
		{name: "an empty text and an empty binary are values", in: update(key, "SET e=:e, b=:b", with(":e", "", ":b", []byte{})), answer: "ok", units: "1 table 1", after: `{b:0x e:"" pk:"a"}`},
		{name: "numbers come back without what they don't need", in: update(key, "SET x=:x, y=:y, z=:z, l=:l", with(":x", number("+01.500"), ":y", number("1E3"), ":z", number("-0"), ":l", []any{number("2.0")})),
			answer: "ok", units: "1 table 1", after: `{l:[2] pk:"a" x:1.5 y:1000 z:0}`},
	})
}

// TestConditionalWrites are refused or not, with and without the item that refused them.
func TestConditionalWrites(t *testing.T) {
	pending := item("pk", "a", "st", "pending", "ver", 3)
	seed := []attrs{pending}
	isBooking := given("st=:want AND ver=:ver")
	run(t, []testCase{
		{name: "an update whose condition holds", seed: seed, in: update(key, "SET st=:st", isBooking, with(":want", "pending", ":ver", 3, ":st", "booking"), telling, back(allNew)),
			answer: `ok {pk:"a" st:"booking" ver:3}`, units: "1 table 1", after: `{pk:"a" st:"booking" ver:3}`},
		{name: "an update refused, silently", seed: seed, in: update(key, "SET st=:st", isBooking, with(":want", "pending", ":ver", 2, ":st", "booking")), answer: "refused", after: show(pending)},
		{name: "an update refused, with the item", seed: seed, in: update(key, "SET st=:st", isBooking, with(":want", "pending", ":ver", 2, ":st", "booking"), telling), answer: "refused by " + show(pending), after: show(pending)},
		{name: "an update refused by nothing", in: update(key, "SET st=:st", given("attribute_exists(pk)"), with(":st", "booking"), telling), answer: "refused", after: "nothing"},
		{name: "refused before what could not be done is noticed", seed: seed, in: update(key, "SET ver=absent", given("attribute_not_exists(pk)")), answer: "refused", after: show(pending)},
		{name: "a put of a new item", in: put(pending, given("attribute_not_exists(pk)"), telling), answer: "ok", units: "1 table 1", after: show(pending)},
		{name: "a put refused, silently", seed: seed, in: put(item("pk", "a", "st", "draft"), given("attribute_not_exists(pk)")), answer: "refused", after: show(pending)},
		{name: "a put refused, with the item", seed: seed, in: put(item("pk", "a", "st", "draft"), given("attribute_not_exists(pk)"), telling), answer: "refused by " + show(pending), after: show(pending)},
		{name: "a put of what is the same", seed: seed, in: put(pending, given("attribute_not_exists(pk) OR st=:st"), with(":st", "pending")), answer: "ok", units: "1 table 1", after: show(pending)},
		{name: "a put replaces all of the item", seed: []attrs{thing}, in: put(item("pk", "a", "x", 1), back(allOld)), answer: "ok " + show(thing), units: "1 table 1", after: `{pk:"a" x:1}`},
		{name: "a put of a new item has no old one", in: put(item("pk", "a", "x", 1), back(allOld)), answer: "ok", units: "1 table 1"},
		{name: "a put with the size of a list as condition", seed: []attrs{item("pk", "a", "h", []any{1, 2})}, in: put(item("pk", "a", "h", []any{1}), given("attribute_not_exists(pk) OR size(h)<=:n"), with(":n", 1)), answer: "refused"},
		{name: "a deletion", seed: seed, in: remove(key, back(allOld)), answer: "ok " + show(pending), units: "1 table 1", after: "nothing"},
		{name: "a deletion of nothing", in: remove(key, back(allOld)), answer: "ok", units: "1 table 1", after: "nothing"},
		{name: "a deletion whose condition holds", seed: seed, in: remove(key, given("st=:st"), with(":st", "pending")), answer: "ok", units: "1 table 1", after: "nothing"},
		{name: "a deletion refused, with the item", seed: seed, in: remove(key, given("st=:st"), with(":st", "draft"), telling), answer: "refused by " + show(pending), after: show(pending)},
		{name: "a deletion of nothing, refused", in: remove(key, given("st=:st"), with(":st", "draft"), telling), answer: "refused", after: "nothing"},
		{name: "every kind of value comes back", in: put(thing), answer: "ok", units: "1 table 1", after: show(thing)},
	})
}
