package conformance

import (
	"fmt"
	"testing"
)

// TestReads are single items and batches of them, and what they cost.
func TestReads(t *testing.T) {
	big := item("pk", "big", "x", text(4100))
	both := []attrs{item("pk", "a", "x", 1), item("pk", "b", "x", 2), big, item("pk", "a", "sk", "s", "x", 3)}
	run(t, []testCase{
		{name: "an item", seed: both, in: get(key, true), answer: `ok {pk:"a" x:1}`, units: "1 table 1"},
		{name: "an item, eventually consistent", seed: both, in: get(key, false), answer: `ok {pk:"a" x:1}`, units: "0.5 table 0.5"},
		{name: "an item of more than 4 KB", seed: both, in: get(item("pk", "big"), true), answer: `ok {pk:"big" x:(4100 bytes)}`, units: "2 table 2"},
		{name: "an item of more than 4 KB, eventually consistent", seed: both, in: get(item("pk", "big"), false), answer: `ok {pk:"big" x:(4100 bytes)}`, units: "1 table 1"},
		{name: "an item that is not there", in: get(key, true), answer: "ok", units: "1 table 1"},
		{name: "an item that is not there, eventually consistent", in: get(key, false), answer: "ok", units: "0.5 table 0.5"},
		{name: "an item of two keys", seed: both, in: get(item("pk", "a", "sk", "s"), true), answer: `ok {pk:"a" sk:"s" x:3}`, units: "1 table 1"},
		{name: "an item of another range key", seed: both, in: get(item("pk", "a", "sk", "t"), true), answer: "ok", units: "1 table 1"},
		{name: "a batch of two and one that is not there", seed: both, in: batch{keys: []attrs{key, item("pk", "b"), item("pk", "c")}}, answer: `{pk:"a" x:1} {pk:"b" x:2}`, units: "single 1.5 table 1.5"},
		{name: "a consistent batch, each item rounded up", seed: both, in: batch{keys: []attrs{key, item("pk", "big")}, consistent: true}, answer: `{pk:"a" x:1} {pk:"big" x:(4100 bytes)}`, units: "single 3 table 3"},
		{name: "a batch of two tables", seed: both, in: batch{keys: []attrs{key, item("pk", "a", "sk", "s")}}, answer: `{pk:"a" sk:"s" x:3} {pk:"a" x:1}`, units: "ranged 0.5 table 0.5, single 0.5 table 0.5"},
		{name: "a batch of what is not there", in: batch{keys: []attrs{key}}, answer: "", units: "single 0.5 table 0.5"},
	})
}

// TestQueries of a table: five items in one partition, one in another.
func TestQueries(t *testing.T) {
	var seed []attrs
	for _, sk := range []string{"b#2", "a#1", "b#10", "c", "b#1"} {
		seed = append(seed, item("pk", "p", "sk", sk))
	}
	seed = append(seed, item("pk", "q", "sk", "a#1"))
	show := func(sks ...string) string {
		out := fmt.Sprintf("%d of %d: ", len(sks), len(sks))
		for i, sk := range sks {
			if i > 0 {
				out += " "
			}
			out += fmt.Sprintf(`{pk:"p" sk:%q}`, sk)
		}
		return out
	}
	on := func(sk string) string { return fmt.Sprintf(` and on from {pk:"p" sk:%q}`, sk) }
	q := func(expr string, values ...any) any { return query("", "pk=:p"+expr, plus(item(":p", "p"), values...)) }
	p := item(":p", "p")
	var pages []attrs
	for _, sk := range []string{"1", "2", "3", "4", "5"} {
		pages = append(pages, item("pk", "p", "sk", sk, "x", text(300_000)))
	}
	const half = "0.5 table 0.5"
	run(t, []testCase{
		{name: "a partition, in order", seed: seed, in: q(""), answer: show("a#1", "b#1", "b#10", "b#2", "c"), units: half},
		{name: "consistent", seed: seed, in: query("", "pk=:p", p, consistent), answer: show("a#1", "b#1", "b#10", "b#2", "c"), units: "1 table 1"},
		{name: "backward", seed: seed, in: query("", "pk=:p", p, backward), answer: show("c", "b#2", "b#10", "b#1", "a#1"), units: half},
		{name: "nothing there", in: q(""), answer: "0 of 0: ", units: half},
		{name: "equal", seed: seed, in: q(" AND sk=:a", ":a", "b#1"), answer: show("b#1"), units: half},
		{name: "less", seed: seed, in: q(" AND sk<:a", ":a", "b#10"), answer: show("a#1", "b#1"), units: half},
		{name: "less or equal", seed: seed, in: q(" AND sk<=:a", ":a", "b#10"), answer: show("a#1", "b#1", "b#10"), units: half},
		{name: "greater", seed: seed, in: q(" AND sk>:a", ":a", "b#10"), answer: show("b#2", "c"), units: half},
		{name: "greater or equal", seed: seed, in: q(" AND sk>=:a", ":a", "b#10"), answer: show("b#10", "b#2", "c"), units: half},
		{name: "between", seed: seed, in: q(" AND sk BETWEEN :a AND :b", ":a", "b", ":b", "b#10"), answer: show("b#1", "b#10"), units: half},
		{name: "begins_with", seed: seed, in: q(" AND begins_with(sk,:a)", ":a", "b#"), answer: show("b#1", "b#10", "b#2"), units: half},
		{name: "begins_with nothing that is there", seed: seed, in: q(" AND begins_with(sk,:a)", ":a", "bb"), answer: "0 of 0: ", units: half},
		{name: "the range key first, in parentheses", seed: seed, in: query("", "(sk>:a) AND (pk=:p)", item(":p", "p", ":a", "b#2")), answer: show("c"), units: half},
		{name: "a first page", seed: seed, in: query("", "pk=:p", p, limit(2)), answer: show("a#1", "b#1") + on("b#1"), units: half},
		{name: "the next page", seed: seed, in: query("", "pk=:p", p, limit(2), from(item("pk", "p", "sk", "b#1"))), answer: show("b#10", "b#2") + on("b#2"), units: half},
		{name: "the last page", seed: seed, in: query("", "pk=:p", p, limit(2), from(item("pk", "p", "sk", "b#2"))), answer: show("c"), units: half},
		{name: "a page that ends with the last item", seed: seed, in: query("", "pk=:p", p, limit(5)), answer: show("a#1", "b#1", "b#10", "b#2", "c") + on("c"), units: half},
		{name: "on from what is not there any more", seed: seed, in: query("", "pk=:p", p, from(item("pk", "p", "sk", "b#11"))), answer: show("b#2", "c"), units: half},
		{name: "backward, page by page", seed: seed, in: query("", "pk=:p", p, backward, limit(2), from(item("pk", "p", "sk", "b#2"))), answer: show("b#10", "b#1") + on("b#1"), units: half},
		{name: "a page of a range", seed: seed, in: query("", "pk=:p AND begins_with(sk,:a)", plus(p, ":a", "b#"), limit(2), from(item("pk", "p", "sk", "b#1"))), answer: show("b#10", "b#2") + on("b#2"), units: half},
		{name: "the cost is that of all sizes together", seed: []attrs{item("pk", "p", "sk", "1", "x", text(3000)), item("pk", "p", "sk", "2", "x", text(3000))}, in: q(""),
			answer: `2 of 2: {pk:"p" sk:"1" x:(3000 bytes)} {pk:"p" sk:"2" x:(3000 bytes)}`, units: "1 table 1"},
		{name: "a page ends with the item that goes beyond 1 MB", seed: pages, in: q(""),
			answer: `4 of 4: {pk:"p" sk:"1" x:(300000 bytes)} {pk:"p" sk:"2" x:(300000 bytes)} {pk:"p" sk:"3" x:(300000 bytes)} {pk:"p" sk:"4" x:(300000 bytes)} and on from {pk:"p" sk:"4"}`,
			units:  "146.5 table 146.5"},
	})
}

// TestIndexQueries read keys only, of what has all of the index's key.
func TestIndexQueries(t *testing.T) {
	seed := []attrs{
		item("pk", "a", "g", "p", "n", 9, "x", 1), item("pk", "b", "g", "p", "n", 10, "x", 1), item("pk", "c", "g", "p", "n", -1), item("pk", "d", "g", "p", "n", number("9.5")),
		item("pk", "e", "g", "p"), item("pk", "f", "n", 1), item("pk", "g", "g", "q", "n", 1, "f", "yes"),
	}
	entry := func(pk, n string) string { return fmt.Sprintf(`{g:"p" n:%s pk:%q}`, n, pk) }
	on := func(pk, n string) string { return " and on from " + entry(pk, n) }
	p := item(":p", "p")
	const half = "0.5 table 0 group 0.5"
	run(t, []testCase{
		{name: "numbers in the order of numbers, sparse, keys only", seed: seed, in: query("group", "g=:p", p),
			answer: "4 of 4: " + entry("c", "-1") + " " + entry("a", "9") + " " + entry("d", "9.5") + " " + entry("b", "10"), units: half},
		{name: "backward", seed: seed, in: query("group", "g=:p", p, backward, limit(3)), answer: "3 of 3: " + entry("b", "10") + " " + entry("d", "9.5") + " " + entry("a", "9") + on("a", "9"), units: half},
		{name: "up to a number", seed: seed, in: query("group", "g=:p AND n<=:n", plus(p, ":n", 9)), answer: "2 of 2: " + entry("c", "-1") + " " + entry("a", "9"), units: half},
		{name: "up to a number, limited", seed: seed, in: query("group", "g=:p AND n<=:n", plus(p, ":n", 9), limit(1)), answer: "1 of 1: " + entry("c", "-1") + on("c", "-1"), units: half},
		{name: "between numbers", seed: seed, in: query("group", "g=:p AND n BETWEEN :n AND :m", plus(p, ":n", 9, ":m", 10)), answer: "3 of 3: " + entry("a", "9") + " " + entry("d", "9.5") + " " + entry("b", "10"), units: half},
		{name: "the next page", seed: seed, in: query("group", "g=:p", p, limit(2), from(item("g", "p", "n", 9, "pk", "a"))), answer: "2 of 2: " + entry("d", "9.5") + " " + entry("b", "10") + on("b", "10"), units: half},
		{name: "backward, the next page", seed: seed, in: query("group", "g=:p", p, backward, from(item("g", "p", "n", 9, "pk", "a"))), answer: "1 of 1: " + entry("c", "-1"), units: half},
		{name: "an index without a range key", seed: seed, in: query("flag", "f=:p", item(":p", "yes")), answer: `1 of 1: {f:"yes" pk:"g"}`, units: "0.5 table 0 flag 0.5"},
		{name: "a partition of nothing", seed: seed, in: query("flag", "f=:p", item(":p", "no")), answer: "0 of 0: ", units: "0.5 table 0 flag 0.5"},
	})
}
