//go:build !mutants

package mutant_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/fairlead/fairlead/shared/mutant"
)

// functions are those whose code has mutants: a booking, its recovery, and wake.
var functions = []string{"book-shipment", "recover-shipment", "wake"}

// built is the functions' binaries one after the other, with a listing of their symbols.
func built(t *testing.T, flags ...string) (code, symbols []byte) {
	t.Helper()
	dir := t.TempDir()
	args := append([]string{"build", "-ldflags=-w", "-o", dir + string(filepath.Separator)}, flags...)
	for _, f := range functions {
		args = append(args, "../../functions/"+f)
	}
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, f := range functions {
		path := filepath.Join(dir, f)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		list, err := exec.Command("go", "tool", "nm", path).Output()
		if err != nil {
			t.Fatal(err)
		}
		code, symbols = append(code, text...), append(symbols, list...)
	}
	return code, symbols
}

func TestReleaseContainsNoMutant(t *testing.T) {
	symbol := []byte("shared/mutant.")
	release, symbols := built(t)
	if bytes.Contains(symbols, symbol) {
		t.Error("a release contains a symbol of package mutant")
	}
	// A build with the tag contains them all: this test would see one.
	mutated, its := built(t, "-tags=mutants")
	if !bytes.Contains(its, symbol) {
		t.Error("a build with mutants contains no symbol of package mutant")
	}
	for _, m := range mutant.All() {
		if bytes.Contains(release, []byte(m)) {
			t.Errorf("a release contains %q", m)
		}
		if !bytes.Contains(mutated, []byte(m)) {
			t.Errorf("a build with mutants does not contain %q: no function has its guard", m)
		}
	}
}
