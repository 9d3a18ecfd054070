// Package figures keeps what the measurements found in infra/docs/figures.md: each command writes the part that is its own,
// and the words around stay.
package figures

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Document is where the figures are, below the repository.
var Document = filepath.Join("infra", "docs", "figures.md")

const to = "<!-- to here -->\n"

// Write puts text where the document at root keeps what a command found.
func Write(root, command, text string) error {
	file := filepath.Join(root, Document)
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	from := "<!-- " + command + " UPDATE=1 writes from here -->\n"
	before, rest, begins := strings.Cut(string(old), from)
	_, after, ends := strings.Cut(rest, to)
	if !begins || !ends {
		return fmt.Errorf("%s holds no part that begins with %q and ends with %q", file, strings.TrimSpace(from), strings.TrimSpace(to))
	}
	return os.WriteFile(file, []byte(before+from+text+to+after), 0o644)
}

// Machine is what the figures were measured on.
func Machine() string {
	return fmt.Sprintf("%d processor cores, %s/%s, %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
}
