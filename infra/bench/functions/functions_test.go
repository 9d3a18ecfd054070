package functions

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMakefileFlags(t *testing.T) {
	file := filepath.Join(t.TempDir(), "Makefile")
	text := "WORK := somewhere\nGOFLAGS_FUNCTIONS := -trimpath -tags a,b -ldflags \"-s -w\"\n\nx:\n\tgo build $(GOFLAGS_FUNCTIONS)\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("quoted flags stay one", func(t *testing.T) {
		got, err := makefileFlags(file)
		if diff := cmp.Diff([]string{"-trimpath", "-tags", "a,b", "-ldflags", "-s -w"}, got); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
	})
	t.Run("a Makefile without them is an error", func(t *testing.T) {
		if err := os.WriteFile(file, []byte("x:\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := makefileFlags(file); err == nil {
			t.Errorf("no error, %q", got)
		}
	})
	t.Run("the repository's Makefile has them", func(t *testing.T) {
		if got, err := makefileFlags("../../../Makefile"); err != nil || len(got) == 0 {
			t.Errorf("%v, %q", err, got)
		}
	})
}
