package sim

import (
	"bufio"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// Coverage counts what was exercised: writes on shipments in each state, applied or refused, and faults at each port.
type Coverage struct {
	Writes map[[2]string]int // state ("absent" for no item), write
	Pairs  map[[2]string]int // port, fault
}

func newCoverage() *Coverage {
	return &Coverage{Writes: map[[2]string]int{}, Pairs: map[[2]string]int{}}
}

func (c *Coverage) write(st booking.Status, name string) {
	if st == "" {
		st = "absent"
	}
	c.Writes[[2]string{string(st), name}]++
}
func (c *Coverage) pair(p Port, f Fault) { c.Pairs[[2]string{string(p), string(f)}]++ }

// Add takes another run's counts in.
func (c *Coverage) Add(o *Coverage) {
	for k, n := range o.Writes {
		c.Writes[k] += n
	}
	for k, n := range o.Pairs {
		c.Pairs[k] += n
	}
}

// exclusions are the pairs that need not be exercised, each with its reason: "never" can't happen (and is a mistake of the
// list when it does), "rare" may not be met in a run.
//
//go:embed exclusions.txt
var exclusions string

// exclusion is one line of the list: a kind (write or fault), two patterns, whether it can happen at all, and why.
type exclusion struct {
	kind, first, second, word, reason string
}

func readExclusions() ([]exclusion, error) {
	var out []exclusion
	for n, line := 1, bufio.NewScanner(strings.NewReader(exclusions)); line.Scan(); n++ {
		text := strings.TrimSpace(line.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		f := strings.Split(text, "|")
		for i := range f {
			f[i] = strings.TrimSpace(f[i])
		}
		if len(f) != 5 || (f[0] != "write" && f[0] != "fault") || (f[3] != "never" && f[3] != "rare") || f[4] == "" {
			return nil, fmt.Errorf("exclusions.txt:%d: %q is not `write or fault | pattern | pattern | never or rare | reason`", n, text)
		}
		out = append(out, exclusion{f[0], f[1], f[2], f[3], f[4]})
	}
	return out, nil
}

func (e exclusion) matches(kind string, pair [2]string) bool {
	return e.kind == kind && named(e.first, pair[0]) && named(e.second, pair[1])
}

// named tells whether a list of names ("a, b" or "*") holds one.
func named(list, name string) bool {
	for one := range strings.SplitSeq(list, ", ") {
		if one == "*" || one == name {
			return true
		}
	}
	return false
}

// Gaps are the pairs of the code's own tables (states × writes, ports × faults) that were never exercised and are not
// excluded, and the exclusions that what happened contradicts.
func (c *Coverage) Gaps() (gaps []string, covered, all int, err error) {
	list, err := readExclusions()
	if err != nil {
		return nil, 0, 0, err
	}
	look := func(kind string, pair [2]string, n int) {
		all++
		i := slices.IndexFunc(list, func(e exclusion) bool { return e.matches(kind, pair) })
		switch {
		case n > 0 && i >= 0 && list[i].word == "never":
			gaps = append(gaps, fmt.Sprintf("%s %s × %s: excluded as impossible (%s), and exercised %d times", kind, pair[0], pair[1], list[i].reason, n))
		case n == 0 && i < 0:
			gaps = append(gaps, fmt.Sprintf("%s %s × %s: never exercised", kind, pair[0], pair[1]))
		case n > 0:
			covered++
		}
	}
	for _, st := range append([]booking.Status{"absent"}, booking.Statuses...) {
		for _, name := range dynamo.Writes {
			pair := [2]string{string(st), name}
			look("write", pair, c.Writes[pair])
		}
	}
	for _, pair := range slices.SortedFunc(maps.Keys(c.Writes), func(a, b [2]string) int { return strings.Compare(a[1], b[1]) }) {
		if !slices.Contains(dynamo.Writes, pair[1]) {
			gaps = append(gaps, fmt.Sprintf("write %s × %q: dynamo.Writes does not name it", pair[0], pair[1]))
		}
	}
	for _, p := range Ports() {
		for _, f := range Faults() {
			pair := [2]string{string(p), string(f)}
			look("fault", pair, c.Pairs[pair])
		}
	}
	return gaps, covered, all, nil
}
