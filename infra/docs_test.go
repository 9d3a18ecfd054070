package infra_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	root = ".."
	door = "infra/docs/README.md"
)

var (
	fenced   = regexp.MustCompile("(?ms)^```.*?^```")
	indented = regexp.MustCompile(`(?m)^ {4}\S.*$`)
	inline   = regexp.MustCompile("`[^`\n]+`")
	links    = regexp.MustCompile(`\]\(([^)\s]+)\)|(?m)^\[[^\]]+\]: (\S+)`)
	heading  = regexp.MustCompile(`(?m)^#{1,6} +(.+)$`)
	anchorID = regexp.MustCompile(`<a id="([^"]+)">`)
	noSlug   = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	makes    = regexp.MustCompile(`\bmake ([a-z]+(?:-[a-z]+)*)`)
	target   = regexp.MustCompile(`(?m)^([a-z]+(?:-[a-z]+)*):`)
	ourPath  = regexp.MustCompile("^`((?:functions|shared|infra|events)/[A-Za-z0-9_./-]*)`$")
	goTest   = regexp.MustCompile(`\bgo test (?:-\S+ )*\./([a-z/]+)(?: -run '?\^?([A-Za-z]+))?`)
	quoted   = regexp.MustCompile(`"([^"]{10,})"`)
)

// document is a text for people, by its path from the root.
type document struct{ path, text string }

func documents(t *testing.T) []document {
	t.Helper()
	paths := []string{"README.md", "CONTRIBUTING.md"}
	found, err := filepath.Glob(filepath.Join(root, "infra/docs/*.md"))
	if err != nil || len(found) == 0 {
		t.Fatal(found, err)
	}
	for _, f := range found {
		paths = append(paths, filepath.Join("infra/docs", filepath.Base(f)))
	}
	out := make([]document, len(paths))
	for i, p := range paths {
		out[i] = document{p, read(t, p)}
	}
	return out
}

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// prose is a document without its code, in which nothing is a link.
func (d document) prose() string {
	return inline.ReplaceAllString(fenced.ReplaceAllString(d.text, ""), "")
}

// code is what a reader may type.
func (d document) code() []string {
	return slices.Concat(fenced.FindAllString(d.text, -1), indented.FindAllString(d.text, -1), inline.FindAllString(fenced.ReplaceAllString(d.text, ""), -1))
}

// leads are the links of a document to places in this repository.
func (d document) leads() []string {
	var out []string
	for _, m := range links.FindAllStringSubmatch(d.prose(), -1) {
		if to := m[1] + m[2]; !strings.Contains(to, "://") {
			out = append(out, to)
		}
	}
	return out
}

// anchors are the places in a document that a link can lead to.
func anchors(text string) []string {
	var out []string
	for _, m := range anchorID.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	for _, m := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		out = append(out, strings.ReplaceAll(noSlug.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return out
}

// follow tells what is wrong with a link from a document.
func follow(from, to string) error {
	path, anchor, _ := strings.Cut(to, "#")
	if path == "" {
		path = from
	} else {
		path = filepath.Join(filepath.Dir(from), path)
	}
	raw, err := os.ReadFile(filepath.Join(root, path))
	if info, statErr := os.Stat(filepath.Join(root, path)); statErr == nil && info.IsDir() && anchor == "" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("there is no file %s", path)
	}
	if anchor != "" && !slices.Contains(anchors(string(raw)), anchor) {
		return fmt.Errorf("%s has no place %q", path, anchor)
	}
	return nil
}

// TestDocuments holds what the documents say of this repository against it: where they lead, and what they tell a
// reader to type.
func TestDocuments(t *testing.T) {
	all := documents(t)
	targets := target.FindAllString(read(t, "Makefile"), -1)
	for _, d := range all {
		t.Run(d.path+" leads to places that exist", func(t *testing.T) {
			for _, to := range d.leads() {
				if err := follow(d.path, to); err != nil {
					t.Errorf("(%s): %v", to, err)
				}
			}
		})
		t.Run(d.path+" names targets, tests and files that exist", func(t *testing.T) {
			for _, code := range d.code() {
				for _, m := range makes.FindAllStringSubmatch(code, -1) {
					if !slices.Contains(targets, m[1]+":") {
						t.Errorf("%.60s: the Makefile has no target %s", code, m[1])
					}
				}
				for _, m := range goTest.FindAllStringSubmatch(code, -1) {
					if err := hasTest(m[1], m[2]); err != nil {
						t.Errorf("%.80s: %v", code, err)
					}
				}
				if m := ourPath.FindStringSubmatch(code); m != nil {
					if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
						t.Errorf("there is no %s", m[1])
					}
				}
			}
		})
	}
	t.Run("every document can be found through the door", func(t *testing.T) {
		i := slices.IndexFunc(all, func(d document) bool { return d.path == door })
		for _, d := range all {
			to, err := filepath.Rel(filepath.Dir(door), d.path)
			if err != nil {
				t.Fatal(err)
			}
			if d.path != door && !slices.Contains(all[i].leads(), to) {
				t.Errorf("%s does not lead to %s", door, d.path)
			}
		}
	})
}

// Someone new finds the room for a line of code in the README's table.
func TestTheReadmeNamesEveryFolder(t *testing.T) {
	text := read(t, "README.md")
	for _, house := range []string{"shared", "infra"} {
		rooms, err := os.ReadDir(filepath.Join(root, house))
		if err != nil {
			t.Fatal(err)
		}
		for _, room := range rooms {
			if name := house + "/" + room.Name() + "/"; room.IsDir() && !strings.Contains(text, "`"+name) {
				t.Errorf("`%s` is not in the table of folders", name)
			}
		}
	}
}

// hasTest tells whether a package has a test whose name begins so.
func hasTest(pkg, name string) error {
	files, err := filepath.Glob(filepath.Join(root, pkg, "*_test.go"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("%s has no tests", pkg)
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		if strings.Contains(string(raw), "\nfunc "+name) {
			return nil
		}
	}
	return fmt.Errorf("%s has no test %s", pkg, name)
}

// TestPeers holds the proofs that infra/docs/peers.md names against the tests: a subtest that was renamed or removed
// would leave a claim of ours without its proof.
func TestPeers(t *testing.T) {
	_, after, ok := strings.Cut(read(t, "infra/docs/peers.md"), "## What proves our column")
	proofs, _, end := strings.Cut(after, "\n## ")
	if !ok || !end {
		t.Fatal("the page has no proofs")
	}
	files, err := filepath.Glob("local/endtoend/*_test.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	have := read(t, "infra/docs/comparison.md")
	for _, f := range files {
		have += read(t, filepath.Join("infra", f))
	}
	named := quoted.FindAllStringSubmatch(proofs, -1)
	if len(named) == 0 {
		t.Error("the proofs name no subtest")
	}
	for _, m := range named {
		if !strings.Contains(have, m[1]) {
			t.Errorf("no test of infra/local/endtoend is called %q", m[1])
		}
	}
}
