package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// table is one figure as it is printed.
type table struct {
	title string
	head  []string
	rows  [][]string
	notes []string // what it is of, and what limits it
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

// text prints the table for a terminal.
func (t *table) text(out io.Writer) {
	_, _ = fmt.Fprintf(out, "%s\n\n", strings.ToUpper(t.title))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{t.head}, t.rows...) {
		_, _ = fmt.Fprintf(w, "  %s\n", strings.Join(row, "\t"))
	}
	_ = w.Flush()
	for _, n := range t.notes {
		_, _ = fmt.Fprintf(out, "  %s\n", n)
	}
	_, _ = fmt.Fprintln(out)
}

// markdown prints the table for infra/docs.
func (t *table) markdown(out io.Writer) {
	_, _ = fmt.Fprintf(out, "\n## %s\n\n| %s |\n|%s\n", t.title, strings.Join(t.head, " | "), strings.Repeat(" --- |", len(t.head)))
	for _, row := range t.rows {
		_, _ = fmt.Fprintf(out, "| %s |\n", strings.Join(append(slices.Clone(row), make([]string, len(t.head)-len(row))...), " | "))
	}
	if len(t.notes) > 0 {
		_, _ = fmt.Fprintf(out, "\n%s\n", strings.Join(t.notes, "\n"))
	}
}

// figure is a figure that has a goal.
type figure struct {
	name, measured, goal string
	reached, asserted    bool // the run fails when one that is asserted is not reached
}

// summary holds every figure against its goal.
func summary(all []figure) *table {
	t := &table{title: "Against the goals", head: []string{"", "measured", "goal", "reached", "asserted"}}
	for _, f := range all {
		t.row(f.name, f.measured, f.goal, yes(f.reached), yes(f.asserted))
	}
	return t
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// spread is a set of times, from the shortest to the longest.
type spread []time.Duration

func spreadOf(d []time.Duration) spread { return slices.Sorted(slices.Values(d)) }

// at is the time that so many of a hundred do not exceed; 100 is the longest.
func (s spread) at(percent int) time.Duration {
	if len(s) == 0 {
		return 0
	}
	return s[max(0, (len(s)*percent+99)/100-1)]
}

// cells are p50, p95, p99 and the longest.
func (s spread) cells() []string {
	var out []string
	for _, p := range []int{50, 95, 99, 100} {
		out = append(out, took(s.at(p)))
	}
	return out
}

// took prints a time with as many digits as are worth reading.
func took(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return fmt.Sprintf("%d s", d.Round(time.Second)/time.Second)
	case d >= time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d >= 10*time.Millisecond:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond)/time.Millisecond)
	}
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}

func perSecond(n int, in time.Duration) float64 { return float64(n) / max(in.Seconds(), 0.001) }
