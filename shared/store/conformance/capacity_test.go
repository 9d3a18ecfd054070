package conformance

import "testing"

// TestCapacity is what writes cost: by the larger of the item before and after, and what their indexes take.
func TestCapacity(t *testing.T) {
	open := item("pk", "a", "g", "w01", "n", 5)
	large := item("pk", "a", "x", text(3000))
	old := item("pk", "a", "st", "old")
	indexed := []attrs{open}
	// filled is an item of n bytes, with attributes of which it is known how many they take.
	filled := func(n, taken int, pairs ...any) attrs {
		return plus(item("pk", "a", "x", text(n-taken-len("pk"+"a"+"x"))), pairs...)
	}
	run(t, []testCase{
		{name: "a put of 1 KB", in: put(filled(1024, 0)), answer: "ok", units: "1 table 1"},
		{name: "a put of one byte more", in: put(filled(1025, 0)), answer: "ok", units: "2 table 2"},
		{name: "a put in place of a larger item", seed: []attrs{large}, in: put(old), answer: "ok", units: "3 table 3"},
		{name: "an update of a large item", seed: []attrs{large}, in: update(key, "SET y=:y", with(":y", 1)), answer: "ok", units: "3 table 3"},
		{name: "an update that makes it small", seed: []attrs{large}, in: update(key, "REMOVE x"), answer: "ok", units: "3 table 3"},
		{name: "an update that makes it large", seed: []attrs{old}, in: update(key, "SET x=:x", with(":x", text(3000))), answer: "ok", units: "3 table 3"},
		{name: "a deletion of a large item", seed: []attrs{large}, in: remove(key), answer: "ok", units: "3 table 3"},
		{name: "a number takes a byte for two digits and one more", in: put(filled(1024, 1+20, "y", number("12345678901234567890123456789012345678"))), answer: "ok", units: "1 table 1"},
		{name: "a number, one byte more", in: put(filled(1025, 1+20, "y", number("12345678901234567890123456789012345678"))), answer: "ok", units: "2 table 2"},
		{name: "zeros at the end of a number take nothing", in: put(filled(1024, 1+2, "y", number("100000000000000000000"))), answer: "ok", units: "1 table 1"},
		{name: "a list takes three bytes and one for each element", in: put(filled(1024, 1+3+1+4+1+1, "l", []any{"text", true})), answer: "ok", units: "1 table 1"},
		{name: "a list, one byte more", in: put(filled(1025, 1+3+1+4+1+1, "l", []any{"text", true})), answer: "ok", units: "2 table 2"},
		{name: "a map takes its names as well", in: put(filled(1024, 1+3+1+3+4, "m", attrs{"key": value("text")})), answer: "ok", units: "1 table 1"},
		{name: "a map, one byte more", in: put(filled(1025, 1+3+1+3+4, "m", attrs{"key": value("text")})), answer: "ok", units: "2 table 2"},
		{name: "a text takes its bytes, not its letters", in: put(filled(1025, 1+6, "y", "ééé")), answer: "ok", units: "2 table 2"},

		{name: "a new item in an index", in: put(open), answer: "ok", units: "2 table 1 group 1"},
		{name: "a new item in two indexes", in: put(plus(open, "f", "yes")), answer: "ok", units: "3 table 1 flag 1 group 1"},
		{name: "a new item with half of an index's key", in: put(item("pk", "a", "g", "w01")), answer: "ok", units: "1 table 1"},
		{name: "an update beside the index", seed: indexed, in: update(key, "SET x=:x", with(":x", 1)), answer: "ok", units: "1 table 1"},
		{name: "an index key set to what it is", seed: indexed, in: update(key, "SET n=:n, g=:g", with(":n", 5, ":g", "w01")), answer: "ok", units: "1 table 1"},
		{name: "an index's range key moves", seed: indexed, in: update(key, "SET n=:n", with(":n", 6)), answer: "ok", units: "3 table 1 group 2"},
		{name: "an index's hash key moves", seed: indexed, in: update(key, "SET g=:g", with(":g", "w02")), answer: "ok", units: "3 table 1 group 2"},
		{name: "into an index", seed: []attrs{old}, in: update(key, "SET g=:g, n=:n", with(":g", "w01", ":n", 1)), answer: "ok", units: "2 table 1 group 1"},
		{name: "out of an index", seed: indexed, in: update(key, "REMOVE g, n"), answer: "ok", units: "2 table 1 group 1"},
		{name: "out of an index by half of its key", seed: indexed, in: update(key, "REMOVE n"), answer: "ok", units: "2 table 1 group 1"},
		{name: "out of one index and into another", seed: indexed, in: update(key, "SET f=:f REMOVE g", with(":f", "yes")), answer: "ok", units: "3 table 1 flag 1 group 1"},
		{name: "a put that moves an index's key", seed: indexed, in: put(plus(open, "n", 6)), answer: "ok", units: "3 table 1 group 2"},
		{name: "a put that leaves an index's key", seed: indexed, in: put(plus(open, "x", 6)), answer: "ok", units: "1 table 1"},
		{name: "a deletion of what is in an index", seed: indexed, in: remove(key), answer: "ok", units: "2 table 1 group 1"},
		{name: "a large item, a small entry", seed: []attrs{plus(open, "x", text(3000))}, in: update(key, "SET n=:n", with(":n", 6)), answer: "ok", units: "5 table 3 group 2"},
		{name: "ADD moves an index's key", seed: indexed, in: update(key, "ADD n :one", with(":one", 1)), answer: "ok", units: "3 table 1 group 2"},
	})
}
