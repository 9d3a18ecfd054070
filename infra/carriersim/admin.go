package carriersim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/fairlead/fairlead/infra/carriersim/fault"
)

// register adds the admin paths.
func (s *Server) register() {
	admin := func(pattern string, h http.HandlerFunc) { s.mux.HandleFunc(pattern, local(h)) }
	admin("GET /_sim/{$}", s.page)
	admin("GET /_sim/ledger", s.getLedger)
	admin("GET /_sim/injected", s.getInjected)
	admin("GET /_sim/inflight", func(w http.ResponseWriter, _ *http.Request) { reply(w, map[string]any{"inflight": s.Inflight()}) })
	admin("GET /_sim/faults", func(w http.ResponseWriter, _ *http.Request) { s.replyFaults(w) })
	admin("POST /_sim/faults", s.postFaults)
	admin("DELETE /_sim/faults", s.deleteFaults)
	admin("GET /_sim/settings", func(w http.ResponseWriter, _ *http.Request) { reply(w, s.Settings()) })
	admin("POST /_sim/settings", s.postSettings)
	admin("POST /_sim/tokens/revoke", s.postRevoke)
}

// local lets only callers on this machine pass, and no web page of another origin that runs there.
func local(next http.HandlerFunc) http.HandlerFunc {
	guard := http.NewCrossOriginProtection()
	return func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
			http.Error(w, "admin calls are taken from this machine only", http.StatusForbidden)
			return
		}
		if err := guard.Check(r); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		next(w, r)
	}
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(v)
}

// getLedger answers the whole ledger, or one reference of it (?reference=).
func (s *Server) getLedger(w http.ResponseWriter, r *http.Request) {
	entries, only, one := s.Ledger(), r.URL.Query().Get("reference"), r.URL.Query().Has("reference")
	shown := []Entry{}
	for _, e := range entries {
		if !one || e.Reference == only {
			shown = append(shown, e)
		}
	}
	bookings, live := total(shown)
	reply(w, map[string]any{"references": shown, "bookings": bookings, "live": live})
}

// total counts bookings, each once however many references it stands under.
func total(entries []Entry) (bookings, live int) {
	seen := map[string]bool{}
	for _, e := range entries {
		for _, b := range e.Bookings {
			if !seen[b.ID] {
				seen[b.ID] = true
				bookings++
				if b.Live() {
					live++
				}
			}
		}
	}
	return bookings, live
}

func (s *Server) getInjected(w http.ResponseWriter, _ *http.Request) {
	injected := s.Injected()
	reply(w, map[string]any{"injected": injected, "counts": counts(injected), "calls": s.Calls()})
}

// counts says how often each kind struck, those that never did included.
func counts(injected []Injected) map[fault.Kind]int {
	all := map[fault.Kind]int{}
	for _, k := range fault.Kinds() {
		all[k] = 0
	}
	for _, i := range injected {
		all[i.Kind]++
	}
	return all
}

func (s *Server) replyFaults(w http.ResponseWriter) {
	rules := s.Faults()
	if rules == nil {
		rules = []Fault{}
	}
	reply(w, map[string]any{"faults": rules})
}

// postFaults adds one rule (an object), or replaces them all (an array).
func (s *Server) postFaults(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err == nil && bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		var rules []Fault
		if err = strict(text, &rules); err == nil {
			err = s.SetFaults(rules...)
		}
	} else if err == nil {
		var rule Fault
		if err = strict(text, &rule); err == nil {
			_, err = s.injector.AddFault(rule)
		}
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.replyFaults(w)
}

func (s *Server) deleteFaults(w http.ResponseWriter, _ *http.Request) {
	if err := s.SetFaults(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.replyFaults(w)
}

// postSettings changes the settings that the body names.
func (s *Server) postSettings(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	n := s.Settings()
	if err == nil {
		err = strict(text, &n)
	}
	if err == nil && min(n.LagMS, n.SlowMS, n.LateMS, n.FaultLagMS, n.VoidDays) < 0 {
		err = fmt.Errorf("times can't be negative")
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.Set(n)
	reply(w, s.Settings())
}

func (s *Server) postRevoke(w http.ResponseWriter, _ *http.Request) {
	n, err := s.RevokeTokens()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	reply(w, map[string]int{"revoked": n})
}

func strict(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("something follows the JSON value")
	}
	return nil
}
