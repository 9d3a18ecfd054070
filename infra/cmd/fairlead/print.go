package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/fairlead/fairlead/shared/client"
	"github.com/fairlead/fairlead/shared/ship"
)

// clean takes out what would do something to a terminal: texts come from carriers and from who ordered.
func clean(s string) string {
	return strings.Map(func(c rune) rune {
		if c == '\t' || c == '\n' {
			return ' '
		}
		if unicode.IsPrint(c) {
			return c
		}
		return -1
	}, s)
}

// table prints rows with their columns aligned, under a heading or none. A column that is empty in all rows is left out.
func (t *task) table(heading []string, rows [][]string) {
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	filled := func(i int) bool { return slices.ContainsFunc(rows, func(r []string) bool { return r[i] != "" }) }
	for _, r := range slices.Concat([][]string{heading}, rows) {
		var cells []string
		for i, c := range r {
			if filled(i) {
				cells = append(cells, clean(c))
			}
		}
		if cells == nil {
			continue
		}
		_, _ = fmt.Fprintln(w, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
	}
	_ = w.Flush()
}

// note says something on the way that is no result.
func (t *task) note(format string, args ...any) {
	_, _ = fmt.Fprintln(t.errOut, clean(fmt.Sprintf(format, args...)))
}

// raw prints an answer as it came, as one line.
func (t *task) raw(body []byte) { _, _ = fmt.Fprintf(t.out, "%s\n", strings.TrimSpace(string(body))) }

// tell prints a problem: what is wrong, where, and what to name when asking for help.
func tell(w io.Writer, p *client.Problem) {
	who := ""
	if p.Source == client.SourceCarrier {
		who = ", says the carrier"
	}
	_, _ = fmt.Fprintf(w, "fairlead: %s\n%s\n", clean(strings.TrimSpace(fmt.Sprintf("%d %s%s", p.Status, p.Code, who))), clean(p.Detail))
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, e := range p.Errors {
		_, _ = fmt.Fprintf(tw, "  %s\t%s\n", clean(e.Field), clean(e.Detail))
	}
	_ = tw.Flush()
	if p.ExistingID != nil {
		_, _ = fmt.Fprintf(w, "existing: %s\n", clean(*p.ExistingID))
	}
	if p.RequestID != "" {
		_, _ = fmt.Fprintf(w, "request:  %s\n", clean(p.RequestID))
	}
}

// shipment prints a shipment; body is the answer it came in.
func (t *task) shipment(s client.Shipment, body []byte) {
	if t.json {
		t.raw(body)
		return
	}
	rows := [][]string{{"shipment", s.ID}, {"status", string(s.Status)}}
	add := func(name string, v *string) {
		if v != nil && *v != "" {
			rows = append(rows, []string{name, *v})
		}
	}
	if s.Held {
		rows = append(rows, []string{"held", "a person has to decide"})
	}
	add("reference", s.Reference)
	add("order", s.OrderNumber)
	switch {
	case len(s.TrackingNumbers) > 1:
		rows = append(rows, []string{"tracking", strings.Join(s.TrackingNumbers, " ")})
	default:
		add("tracking", s.TrackingNumber)
	}
	if len(s.LateTrackingNumbers) > 0 {
		rows = append(rows, []string{"late", strings.Join(s.LateTrackingNumbers, " ")})
	}
	rows = append(rows, []string{"service", s.Service + " by " + s.CarrierAccount})
	if s.Charge != nil {
		rows = append(rows, []string{"charge", money(*s.Charge)})
	}
	rows = append(rows, []string{"to", place(s.ShipTo)})
	if s.Status == client.StatusBooked {
		rows = append(rows, []string{"label", string(s.Document)})
	}
	if c := s.Cancellation; c != nil {
		why := strings.TrimSpace(text(c.Code) + ": " + text(c.Detail))
		rows = append(rows, []string{"cancelling", strings.TrimSuffix(string(c.Status)+", "+why, ", :")})
	}
	if s.Error != nil {
		rows = append(rows, []string{"error", fmt.Sprintf("%s, %s: %s", s.Error.Code, s.Error.Source, s.Error.Detail)})
	}
	if s.NextAttemptAt != nil && !s.Ended() {
		rows = append(rows, []string{"next try", when(*s.NextAttemptAt)})
	}
	t.table(nil, append(rows, []string{"version", fmt.Sprint(s.Version)}))
}

func place(a *client.Address) string {
	if a == nil {
		return "(erased)"
	}
	parts := []string{a.Name, a.City}
	if a.State != nil {
		parts = append(parts, *a.State)
	}
	return strings.Join(append(parts, a.Country), ", ")
}

// money is an amount as people write it: 1234 USD is 12.34 USD, and 1234 JPY stays.
func money(m client.Money) string {
	digits, _ := ship.MinorDigits(m.Currency)
	sign, whole := "", fmt.Sprint(m.Amount)
	if m.Amount < 0 {
		sign, whole = "-", whole[1:]
	}
	if digits > 0 {
		whole = strings.Repeat("0", max(digits+1-len(whole), 0)) + whole
		whole = whole[:len(whole)-digits] + "." + whole[len(whole)-digits:]
	}
	return sign + whole + " " + m.Currency
}

func when(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }

// text is what there is, "" when there is nothing.
func text[T ~string](p *T) string {
	if p == nil {
		return ""
	}
	return string(*p)
}

// line prints an item of a list as JSON.
func (t *task) line(v any) error { return json.NewEncoder(t.out).Encode(v) }
