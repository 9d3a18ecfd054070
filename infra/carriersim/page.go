package carriersim

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim/fault"
)

//go:embed page.html
var pageText string

type pageData struct {
	Entries  []Entry
	Live     int
	Bookings int
	Doubled  int // references with more than one live booking of which it is the first reference
	Injected []Injected
	Counts   []kindCount
	Faults   []Fault
	Inflight []Held
	Settings Settings
}

type kindCount struct {
	Kind  fault.Kind
	Count int
}

// pageRows is how many of the newest injected faults the page shows.
const pageRows = 500

// doubled tells whether one thing was booked more than once. A shipper's second reference, such as the number of an
// order of several boxes, may well stand on several bookings.
func doubled(e Entry) bool {
	live := 0
	for _, b := range e.Bookings {
		if b.Live() && len(b.References) > 0 && b.References[0] == e.Reference {
			live++
		}
	}
	return live > 1
}

// page shows the ledger, the faults and what is in hand.
func (s *Server) page(w http.ResponseWriter, _ *http.Request) {
	injected := s.Injected()
	d := pageData{Entries: s.Ledger(), Faults: s.Faults(), Inflight: s.Inflight(), Settings: s.Settings()}
	d.Bookings, d.Live = total(d.Entries)
	for _, e := range d.Entries {
		if doubled(e) {
			d.Doubled++
		}
	}
	struck := counts(injected)
	for _, k := range fault.Kinds() {
		d.Counts = append(d.Counts, kindCount{k, struck[k]})
	}
	slices.Reverse(injected)
	d.Injected = injected[:min(len(injected), pageRows)]
	// html/template escapes whatever callers sent.
	t := template.Must(template.New("page").Funcs(template.FuncMap{
		"clock":   func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000") },
		"doubled": doubled,
	}).Parse(pageText))
	var b bytes.Buffer
	if err := t.Execute(&b, d); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	_, _ = w.Write(b.Bytes())
}
