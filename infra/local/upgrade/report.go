package upgrade

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"
)

// Print prints the counts.
func (t *Report) Print(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	row := func(name string, format string, args ...any) {
		_, _ = fmt.Fprintf(w, "  %s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	row("functions", "%d, replaced %d times, in %v", t.Functions, t.Replaced, t.Took.Round(time.Second))
	row("requests", "%d, failed %d", t.Requests, len(t.Failed))
	row("orders", "%d, booked %d, duplicates %d, lost %d", t.Orders, t.Booked, t.Duplicates, t.Lost)
	row("read back", "%d shipments with their labels, by the version rolled back to", t.Reread)
	row("callbacks", "%d events, %d of them once more", t.Callbacks, t.CallbacksAgain)
	row("dead letters", "%d", t.Dead)
	for _, phase := range slices.Sorted(maps.Keys(t.Phases)) {
		row("ordered "+phase, "%d", t.Phases[phase])
	}
	for _, format := range slices.Sorted(maps.Keys(t.Formats)) {
		row(fmt.Sprintf("items of format %d", format), "%d", t.Formats[format])
	}
	_ = w.Flush()
	_, _ = fmt.Fprintf(out, "\n  invocations by version   %s   %s   %s\n", before, after, back)
	for _, f := range slices.Sorted(maps.Keys(t.Served)) {
		_, _ = fmt.Fprintf(out, "  %-28s %5d %5d %5d\n", f, t.Served[f][before], t.Served[f][after], t.Served[f][back])
	}
}
