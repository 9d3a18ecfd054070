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
	Doubled  int // references with more than one live booking
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

// page shows the ledger, the faults and what is in hand.
func (s *Server) page(w http.ResponseWriter, _ *http.Request) {
	injected := s.Injected()
	d := pageData{Entries: s.Ledger(), Faults: s.Faults(), Inflight: s.Inflight(), Settings: s.Settings()}
	for _, e := range d.Entries {
		d.Live += e.Live
		d.Bookings += len(e.Bookings)
		if e.Live > 1 && e.Reference != "" {
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
		"clock": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000") },
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
