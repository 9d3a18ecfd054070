package infra_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fuzzedBy names the fuzzer of a parser that no fuzzer of its own package calls by its name.
var fuzzedBy = map[string]string{
	"shared/api.Decode":          "shared/api/contract.FuzzDecode",  // needs a checker of bodies, which is there
	"shared/carriers/ups.decode": "shared/carriers/ups.FuzzBooking", // the labels and invoices of an answer
	"shared/document.decode":     "shared/document.FuzzConvertPNG",  // the first step of a conversion
}

// notOutside are parsers that nothing from outside reaches, and why.
var notOutside = map[string]string{
	"shared/client.parse": "reads what its only caller has just written",
}

// parserRoots are the folders whose parsers read what comes from outside: from clients, carriers, queues, streams and
// tables. Those of tools read our own files.
var parserRoots = []string{"shared", "infra/local/gateway"}

// TestEveryParserHasAFuzzer lists the functions whose name begins with Parse or Decode, in any case, and the fuzzers that
// call them.
func TestEveryParserHasAFuzzer(t *testing.T) {
	parsers, fuzzers := map[string]bool{}, map[string]bool{}
	called := map[string]bool{} // by a fuzzer of the same package
	for _, root := range parserRoots {
		for dir, files := range sources(t, root) {
			for _, f := range files {
				for _, fn := range functions(f.syntax) {
					name := dir + "." + fn.Name.Name
					switch {
					case f.test && strings.HasPrefix(fn.Name.Name, "Fuzz"):
						fuzzers[name] = true
						for _, callee := range calls(fn, f.pkg) {
							called[dir+"."+callee] = true
						}
					case !f.test && isParser(fn.Name.Name):
						parsers[name] = true
					}
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(parsers)) {
		by, mapped := fuzzedBy[name]
		switch {
		case mapped && !fuzzers[by]:
			t.Errorf("%s is said to be fuzzed by %s, which is not there", name, by)
		case !mapped && !called[name] && notOutside[name] == "":
			t.Errorf("%s has no fuzzer: write a Fuzz test that calls it, or name in fuzzedBy the one that reaches it", name)
		}
	}
	for _, name := range slices.Concat(slices.Sorted(maps.Keys(fuzzedBy)), slices.Sorted(maps.Keys(notOutside))) {
		if !parsers[name] {
			t.Errorf("the tables name %s, which is no parser", name)
		} else if called[name] {
			t.Errorf("the tables name %s, which a fuzzer of its package calls: leave it out", name)
		}
	}
	if len(parsers) < 10 || len(fuzzers) < 20 {
		t.Errorf("only %d parsers and %d fuzzers were found", len(parsers), len(fuzzers))
	}
	t.Logf("%d parsers, %d fuzzers", len(parsers), len(fuzzers))
}

func isParser(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "parse") || strings.HasPrefix(name, "decode")
}

// source is a file of Go.
type source struct {
	syntax *ast.File
	pkg    string // the package's name, without _test
	test   bool
}

// sources reads the Go files below a folder of the repository, by folder.
func sources(t *testing.T, root string) map[string][]source {
	t.Helper()
	all := map[string][]source{}
	err := filepath.WalkDir(filepath.Join("..", root), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(strings.TrimPrefix(filepath.Dir(path), ".."+string(filepath.Separator)))
		all[dir] = append(all[dir], source{f, strings.TrimSuffix(f.Name.Name, "_test"), strings.HasSuffix(path, "_test.go")})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func functions(f *ast.File) []*ast.FuncDecl {
	var out []*ast.FuncDecl
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok {
			out = append(out, fn)
		}
	}
	return out
}

// calls are the functions of its own package that a function calls, by their bare name or that of the package.
func calls(fn *ast.FuncDecl, pkg string) []string {
	var out []string
	ast.Inspect(fn, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		callee := call.Fun
		if generic, ok := callee.(*ast.IndexExpr); ok {
			callee = generic.X
		}
		switch callee := callee.(type) {
		case *ast.Ident:
			out = append(out, callee.Name)
		case *ast.SelectorExpr:
			if of, ok := callee.X.(*ast.Ident); ok && of.Name == pkg {
				out = append(out, callee.Sel.Name)
			}
		}
		return true
	})
	return out
}
