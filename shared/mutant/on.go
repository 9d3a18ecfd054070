//go:build mutants

package mutant

import "sync/atomic"

// active is the mutant that is switched on; nil: none.
var active atomic.Pointer[Mutant]

// Set switches m on and every other one off; "" switches all off.
func Set(m Mutant) { active.Store(&m) }

// On tells whether m is switched on. It is kept out of line, so that a binary that contains a mutant names it.
//
//go:noinline
func On(m Mutant) bool {
	a := active.Load()
	return a != nil && *a == m
}
