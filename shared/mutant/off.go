//go:build !mutants

package mutant

// On is false: a release contains no mutant.
func On(Mutant) bool { return false }
