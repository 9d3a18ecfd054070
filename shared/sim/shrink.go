package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// shrinkRuns bounds how often a failing run is tried anew.
const shrinkRuns = 40

// Shrink leaves out the strikes that a violation does not need: halves of them first, then ever smaller parts. It answers
// the smallest run that still breaks the same rule, with its trace, and the numbers left out.
func Shrink(t *testing.T, p Plan, r Result) (Result, map[int]bool) {
	t.Helper()
	rule := r.Violation.Rule
	keep := func(skip map[int]bool) (Result, bool) {
		q := p
		q.Skip = skip
		got := Run(t, q, true)
		return got, got.Violation != nil && got.Violation.Rule == rule
	}
	skip := map[int]bool{}
	for n := range p.Skip {
		skip[n] = true
	}
	best, ok := keep(skip)
	if !ok {
		return r, nil // it does not happen again: that is another bug
	}
	tries := 0
	for part := max(1, best.Struck/2); tries < shrinkRuns; {
		removed := false
		for from := 1; from <= best.Struck && tries < shrinkRuns; from += part {
			with := map[int]bool{}
			for n := range skip {
				with[n] = true
			}
			for n := from; n < from+part; n++ {
				with[n] = true
			}
			if len(with) == len(skip) {
				continue
			}
			tries++
			if got, still := keep(with); still {
				best, skip, removed = got, with, true
			}
		}
		if part == 1 && !removed {
			break
		}
		part = max(1, part/2)
	}
	return best, skip
}

// Numbers writes strikes as Skipped reads them: 1-40,55.
func Numbers(skip map[int]bool) string {
	var parts []string
	sorted := slices.Sorted(maps.Keys(skip))
	for i := 0; i < len(sorted); {
		j := i
		for j+1 < len(sorted) && sorted[j+1] == sorted[j]+1 {
			j++
		}
		parts = append(parts, fmt.Sprintf("%d-%d", sorted[i], sorted[j]))
		i = j + 1
	}
	return strings.Join(parts, ",")
}

// Skipped reads what Numbers wrote.
func Skipped(text string) map[int]bool {
	skip := map[int]bool{}
	for part := range strings.SplitSeq(text, ",") {
		var from, to int
		if n, _ := fmt.Sscanf(part, "%d-%d", &from, &to); n == 2 {
			for i := from; i <= to; i++ {
				skip[i] = true
			}
		}
	}
	return skip
}

// excerpt is the part of a trace that concerns the shipment of a violation.
func excerpt(r Result) string {
	name := r.Violation.Shipment
	if m := ours.FindString(name); m != "" {
		name = m
	}
	var out []string
	for line := range strings.Lines(r.Trace) {
		if name == "" || strings.Contains(line, name) || strings.Contains(line, "the faults stop") {
			out = append(out, line)
		}
	}
	const most = 150
	if len(out) > most {
		out = append(append(slices.Clone(out[:20]), "...\n"), out[len(out)-most+20:]...)
	}
	return strings.Join(out, "")
}
