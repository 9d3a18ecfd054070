package state

import (
	"slices"
	"sync"
	"time"
)

// Settings are the switches that hold for every call until they are changed. Times are milliseconds.
type Settings struct {
	LagMS        int64 `json:"lag_ms"`        // bookings are hidden from look-ups for so long
	SlowMS       int64 `json:"slow_ms"`       // default of the fault slow
	LateMS       int64 `json:"late_ms"`       // default of the fault late
	FaultLagMS   int64 `json:"fault_lag_ms"`  // default of the fault lag
	Polymorphic  bool  `json:"polymorphic"`   // a list of one is answered as an object, as old API versions do
	NoNegotiated bool  `json:"no_negotiated"` // no account is qualified for negotiated rates
	// Unqualified are the accounts that are not qualified for negotiated rates while others are.
	Unqualified []string `json:"unqualified,omitempty"`
	NoVoid      bool     `json:"no_void"`   // every void is refused as too late
	VoidDays    int64    `json:"void_days"` // days after the booking in which a void is taken
}

// Qualified tells whether an account gets negotiated rates.
func (s Settings) Qualified(account string) bool {
	return !s.NoNegotiated && !slices.Contains(s.Unqualified, account)
}

// VoidPeriod is VoidDays as a duration.
func (s Settings) VoidPeriod() time.Duration { return time.Duration(s.VoidDays) * 24 * time.Hour }

// Lag is LagMS as a duration.
func (s Settings) Lag() time.Duration { return time.Duration(s.LagMS) * time.Millisecond }

// Switches holds the settings. It is safe for concurrent use.
type Switches struct {
	mu  sync.RWMutex
	set Settings
}

// NewSwitches starts from s.
func NewSwitches(s Settings) *Switches { return &Switches{set: s} }

// Get returns the settings as they are now.
func (s *Switches) Get() Settings {
	s.mu.RLock()
	defer s.mu.RUnlock()
	n := s.set
	n.Unqualified = slices.Clone(n.Unqualified)
	return n
}

// Set replaces them.
func (s *Switches) Set(n Settings) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n.Unqualified = slices.Clone(n.Unqualified)
	s.set = n
}
