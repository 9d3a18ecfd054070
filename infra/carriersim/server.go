// Package carriersim simulates carriers on their real wire formats: stateful, so that it knows what it booked and
// how often under each reference, and unreliable on demand. Each carrier's wire is a package below it (ups); the
// ledger, the faults and the admin pages under /_sim/ are common to all. It is a development tool: it has no
// access control beyond taking admin calls from this machine only.
package carriersim

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim/fault"
	"github.com/fairlead/fairlead/infra/carriersim/state"
	"github.com/fairlead/fairlead/infra/carriersim/ups"
)

// What a test works with, under this package's name.
type (
	Fault    = fault.Fault     // a rule, see SetFaults
	Injected = fault.Injected  // a fault that struck
	Held     = fault.Held      // a request in hand
	Entry    = state.Entry     // what was booked under a reference
	Booking  = state.Booking   // one shipment
	Settings = state.Settings  // switches for every call
	Clock    = fault.Clock     // time
	Op       = fault.Operation // what a caller asks
)

// Options of a simulator; the zero value is a good one.
type Options struct {
	Clock     Clock             // nil: the system's
	Seed      uint64            // decides every chance and where the tracking numbers start
	Data      string            // journal file for Open; New keeps everything in memory
	Clients   map[string]string // client ids and their secrets; empty: any id, and any secret without "wrong" in it
	Accounts  []string          // shipper numbers that exist; empty: every well-formed one
	TokenLife time.Duration     // 0: as the carrier's (UPS 14399 s)
	Settings  Settings          // zero delays: slow 45 s, late 10 s, lag (the fault) 60 s; zero days to void: 28
	Log       *slog.Logger      // nil: none
}

// Server is the simulator: an http.Handler. It is safe for concurrent use.
type Server struct {
	clock    Clock
	ledger   *state.Ledger
	tokens   *state.Tokens
	switches *state.Switches
	injector *fault.Injector
	runner   *fault.Runner
	journal  *state.Journal
	mux      *http.ServeMux
}

// New returns a simulator that keeps its state in memory.
func New(o Options) *Server {
	s := assemble(o)
	s.serve(o)
	return s
}

// Open returns one whose bookings, tokens and injected faults are kept in the file o.Data, and read back from it.
// Rules and settings are not kept. An empty o.Data is New.
func Open(o Options) (*Server, error) {
	s := assemble(o)
	if o.Data != "" {
		j, err := state.OpenJournal(o.Data, s.apply)
		if err != nil {
			return nil, fmt.Errorf("carrier simulator: %w", err)
		}
		s.journal = j
		s.ledger.Keep(j)
		s.tokens.Keep(j)
		s.injector.Keep(func(i Injected) error { return j.Append(fault.KindInjected, i) })
	}
	s.serve(o)
	return s, nil
}

func assemble(o Options) *Server {
	s := &Server{
		clock: o.Clock, ledger: state.NewLedger(), tokens: state.NewTokens(),
		switches: state.NewSwitches(withDefaults(o.Settings)), injector: fault.NewInjector(o.Seed),
	}
	if s.clock == nil {
		s.clock = system{}
	}
	s.runner = fault.NewRunner(s.injector, s.clock, s.delay)
	return s
}

func (s *Server) serve(o Options) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s.mux = http.NewServeMux()
	s.register()
	ups.New(ups.Options{
		Now: s.clock.Now, Seed: o.Seed, Ledger: s.ledger, Tokens: s.tokens, Switches: s.switches, Runner: s.runner,
		Log: o.Log, Clients: o.Clients, Accounts: o.Accounts, TokenLife: o.TokenLife,
	}).Register(s.mux)
}

// apply takes back one line of the journal.
func (s *Server) apply(kind string, data json.RawMessage) error {
	for _, apply := range []func(string, json.RawMessage) (bool, error){s.ledger.Apply, s.tokens.Apply, s.injector.Apply} {
		if mine, err := apply(kind, data); mine || err != nil {
			return err
		}
	}
	return errors.New("unknown kind")
}

// ServeHTTP answers carriers' callers, and admin calls under /_sim/.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Release drops the connections whose answers are held and gives up what was to be executed late. Call it before
// the HTTP server is shut down, which waits for them.
func (s *Server) Release() { s.runner.Close() }

// Close lets held answers go without one, gives up what was to be executed late, and closes the journal.
func (s *Server) Close() error {
	s.runner.Close()
	return s.journal.Close()
}

// Ledger is what was booked, by reference.
func (s *Server) Ledger() []Entry { return s.ledger.Entries() }

// Live is how many live bookings there are under a reference, whatever the account.
func (s *Server) Live(reference string) int {
	n := 0
	for _, b := range s.ledger.ByReference(ups.Carrier, "", reference) {
		if b.Live() {
			n++
		}
	}
	return n
}

// Injected is every fault that struck, in order.
func (s *Server) Injected() []Injected { return s.injector.Injected() }

// SetFaults replaces the rules; none turns faults off. Rules are tried in their order; those that match a call
// share its 1000 chances. It fails, and changes nothing, when a rule is not valid.
func (s *Server) SetFaults(rules ...Fault) error { return s.injector.SetFaults(rules...) }

// Faults are the rules that can still strike.
func (s *Server) Faults() []Fault { return s.injector.Faults() }

// Calls counts the well-formed and authorized calls, by operation.
func (s *Server) Calls() map[Op]int { return s.injector.Calls() }

// CallsFor counts those of Calls that were about one reference.
func (s *Server) CallsFor(op Op, reference string) int { return s.injector.CallsFor(op, reference) }

// Inflight is every request in hand, the oldest first. Those a fault holds have its Kind.
func (s *Server) Inflight() []Held { return s.runner.Inflight() }

// Settings are the switches as they are.
func (s *Server) Settings() Settings { return s.switches.Get() }

// Set replaces the switches. A delay, or days to void, of 0 becomes its default; a lag of 0 is none.
func (s *Server) Set(n Settings) { s.switches.Set(withDefaults(n)) }

// RevokeTokens makes every token issued so far invalid and returns how many there were.
func (s *Server) RevokeTokens() (int, error) { return s.tokens.Revoke() }

// voidDays is how long UPS's help pages say a shipment can be voided.
const voidDays = 28

func withDefaults(n Settings) Settings {
	for _, d := range []struct {
		set  *int64
		that int64
	}{{&n.SlowMS, 45_000}, {&n.LateMS, 10_000}, {&n.FaultLagMS, 60_000}, {&n.VoidDays, voidDays}} {
		if *d.set == 0 {
			*d.set = d.that
		}
	}
	return n
}

// delay of a fault whose rule has none.
func (s *Server) delay(k fault.Kind) time.Duration {
	n, ms := s.switches.Get(), int64(0)
	switch k {
	case fault.Slow:
		ms = n.SlowMS
	case fault.Late:
		ms = n.LateMS
	case fault.Lag:
		ms = n.FaultLagMS
	}
	return time.Duration(ms) * time.Millisecond
}

// system is the machine's clock.
type system struct{}

func (system) Now() time.Time                         { return time.Now() }
func (system) After(d time.Duration) <-chan time.Time { return time.After(d) }
