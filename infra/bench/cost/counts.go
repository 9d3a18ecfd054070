package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// average is the mean over all bookings of a flow.
func (o outcome) average() count {
	c := count{writes: map[row]int64{}, reads: map[row]int64{}}
	n := int64(o.shipments())
	for _, readings := range o.bookings {
		one := sum(readings)
		for r, v := range one.writes {
			c.writes[r] += v
		}
		for r, v := range one.reads {
			c.reads[r] += v
		}
		c.label, c.apart, c.limits = c.label+one.label, c.apart+one.apart, c.limits+one.limits
	}
	for _, m := range []map[row]int64{c.writes, c.reads} {
		for r := range m {
			m[r] /= n
		}
	}
	c.label, c.apart, c.limits = c.label/n, c.apart/n, c.limits/n
	return c
}

// printCounts prints units for one booking, by operation and table, in a column for each flow.
func printCounts(out io.Writer, runs []outcome) {
	var columns []count
	for _, o := range runs {
		columns = append(columns, o.average())
	}
	_, _ = fmt.Fprintf(out, "DynamoDB units for one booking, mean of %d each and of a batch, with warm functions:\n\n", len(runs[0].bookings))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(a, b, c string, value func(count) int64) {
		_, _ = fmt.Fprintf(w, "  %s\t%s\t%s", a, b, c)
		for _, column := range columns {
			_, _ = fmt.Fprintf(w, "\t%s", units(value(column)))
		}
		_, _ = fmt.Fprintln(w)
	}
	_, _ = fmt.Fprint(w, "  function\tcall\ttable or index")
	for _, o := range runs {
		_, _ = fmt.Fprintf(w, "\t%s", o.name)
	}
	_, _ = fmt.Fprintln(w)
	section := func(part func(count) map[row]int64, title string) {
		for _, r := range rows(columns, part) {
			line(r.function, r.operation, r.place, func(c count) int64 { return part(c)[r] })
		}
		line(title, "", "", func(c count) int64 { return total(part(c)) })
		_, _ = fmt.Fprintln(w, strings.Repeat("\t", 2+len(columns)))
	}
	section(func(c count) map[row]int64 { return c.writes }, "WRITE UNITS")
	section(func(c count) map[row]int64 { return c.reads }, "READ UNITS")
	line("apart: writes", label.operation, "the label and the carrier's answer", func(c count) int64 { return c.label })
	line("apart: writes", "UpdateItem", "limits: the tenant's for each call of the API, the carrier's slot", func(c count) int64 { return c.limits })
	line("apart: reads", "", "authorizer; accounts, endpoints (kept a minute), carriers that hang (3 s)", func(c count) int64 { return c.apart })
	_ = w.Flush()
	_, _ = fmt.Fprintln(out)
}

// rows are all rows of a part, along the path of a booking.
func rows(columns []count, part func(count) map[row]int64) []row {
	all := map[row]bool{}
	for _, c := range columns {
		for r := range part(c) {
			all[r] = true
		}
	}
	return slices.SortedFunc(maps.Keys(all), compareRows)
}
