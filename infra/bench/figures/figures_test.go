package figures

import (
	"os"
	"path/filepath"
	"testing"
)

func TestWrite(t *testing.T) {
	const document = "# Figures\n\n<!-- make one UPDATE=1 writes from here -->\nold\n<!-- to here -->\n\nwords\n\n<!-- make two UPDATE=1 writes from here -->\n<!-- to here -->\nend\n"
	for name, c := range map[string]struct {
		command, want string
		fails         bool
	}{
		"the first part is replaced, all else stays": {"make one", "# Figures\n\n<!-- make one UPDATE=1 writes from here -->\nnew\n<!-- to here -->\n\nwords\n\n<!-- make two UPDATE=1 writes from here -->\n<!-- to here -->\nend\n", false},
		"an empty part is filled":                    {"make two", "# Figures\n\n<!-- make one UPDATE=1 writes from here -->\nold\n<!-- to here -->\n\nwords\n\n<!-- make two UPDATE=1 writes from here -->\nnew\n<!-- to here -->\nend\n", false},
		"a command without a part is told":           {"make three", document, true},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			file := filepath.Join(root, Document)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(document), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := Write(root, c.command, "new\n"); (err != nil) != c.fails {
				t.Errorf("error %v", err)
			}
			if got, err := os.ReadFile(file); err != nil || string(got) != c.want {
				t.Errorf("got %q, %v\nwant %q", got, err, c.want)
			}
		})
	}
}

// TestCommandsHaveTheirParts holds the document itself: a command that finds no place of its own fails after minutes.
func TestCommandsHaveTheirParts(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", Document))
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"make bench", "make cost"} {
		root := t.TempDir()
		file := filepath.Join(root, Document)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := Write(root, command, "x\n"); err != nil {
			t.Error(err)
		}
	}
}
