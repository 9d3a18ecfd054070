package api_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/contract"
)

const (
	root   = "../.."
	module = "github.com/fairlead/fairlead/"
)

// TestCodes holds the table against the source: every code that an answer of ours can hold is explained, and nothing is
// explained that no answer holds.
func TestCodes(t *testing.T) {
	used := source(t)
	maps.Copy(used, schemaWords())
	maps.Copy(used, gatewayCodes(t))
	for _, name := range slices.Sorted(maps.Keys(used)) {
		if _, ok := api.FindCode(name); !ok {
			t.Errorf("%s: the code %q is not in the table of shared/api/codes.go; add its line", used[name].at, name)
		}
	}
	for _, c := range api.Codes {
		u, ok := used[c.Name]
		if !ok {
			t.Errorf("the table explains %q, which is used nowhere", c.Name)
		}
		if u.status != 0 && c.Status != u.status {
			t.Errorf("the table says that %q comes with %d, and %s says %d", c.Name, c.Status, u.at, u.status)
		}
		if c.Title == "" || !strings.HasSuffix(c.Cause, ".") || !strings.HasSuffix(c.Remedy, ".") {
			t.Errorf("%s: a title, a cause and a remedy in whole sentences are wanted", c.Name)
		}
	}
	if !slices.IsSortedFunc(api.Codes, func(a, b api.Code) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the table is not sorted by name")
	}
}

// use is where a code is used, and the status it comes with; 0 is not known.
type use struct {
	at     string
	status int
}

// gatewayCodes are those of the template's GatewayResponses.
func gatewayCodes(t *testing.T) map[string]use {
	raw, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]use{}
	for _, m := range regexp.MustCompile(`"code":"([a-z_]+)"`).FindAllSubmatch(raw, -1) {
		out[string(m[1])] = use{at: "template.yaml"}
	}
	return out
}

// schemaWords are the words of the contract's request schemas: what a body breaks is told by the schema's own word.
func schemaWords() map[string]use {
	out := map[string]use{"nullable": {at: "infra/openapi.yaml"}}
	seen := map[*openapi3.Schema]bool{}
	var walk func(refs ...*openapi3.SchemaRef)
	walk = func(refs ...*openapi3.SchemaRef) {
		for _, ref := range refs {
			if ref == nil || seen[ref.Value] {
				continue
			}
			s := ref.Value
			seen[s] = true
			for word, is := range map[string]bool{
				"type": s.Type != nil, "required": len(s.Required) > 0, "enum": len(s.Enum) > 0, "minimum": s.Min != nil, "maximum": s.Max != nil, "minLength": s.MinLength > 0,
				"maxLength": s.MaxLength != nil, "pattern": s.Pattern != "", "minItems": s.MinItems > 0, "maxItems": s.MaxItems != nil, "uniqueItems": s.UniqueItems, "minProperties": s.MinProps > 0,
				"maxProperties": s.MaxProps != nil, "oneOf": len(s.OneOf) > 0, "anyOf": len(s.AnyOf) > 0, "not": s.Not != nil, "multipleOf": s.MultipleOf != nil,
			} {
				if is {
					out[word] = use{at: "infra/openapi.yaml"}
				}
			}
			walk(slices.Collect(maps.Values(s.Properties))...)
			walk(s.Items, s.AdditionalProperties.Schema, s.Not)
			walk(slices.Concat(s.AllOf, s.AnyOf, s.OneOf)...)
		}
	}
	for _, item := range contract.Document().Paths.Map() {
		for _, op := range item.Operations() {
			if op.RequestBody != nil {
				for _, media := range op.RequestBody.Value.Content {
					walk(media.Schema)
				}
			}
		}
	}
	return out
}

// notOurs are folders under shared whose codes no API answer holds.
var notOurs = []string{"shared/sim", "shared/store", "shared/api/v1", "shared/carrier/carriertest"}

// coded are the types whose Code is one of ours.
var coded = []string{"Error", "Problem", "Failure", "ShipmentError", "Outcome"}

// scan reads the source for codes. It knows literals and constants, and follows them through parameters and results that
// are called code.
type scan struct {
	t      *testing.T
	fset   *token.FileSet
	files  map[string][]*ast.File // by folder
	consts map[string]string      // folder.Name -> value
	params map[string]int         // folder.function -> which parameter is a code
	others map[string]bool        // folder.function, of those without one; methods of several types share a name
	found  map[string]use
}

func source(t *testing.T) map[string]use {
	s := &scan{t: t, fset: token.NewFileSet(), files: map[string][]*ast.File{}, consts: map[string]string{}, params: map[string]int{}, others: map[string]bool{}, found: map[string]use{}}
	err := filepath.WalkDir(filepath.Join(root, "shared"), func(name string, d fs.DirEntry, err error) error {
		folder, _ := filepath.Rel(root, filepath.Dir(name))
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") ||
			slices.ContainsFunc(notOurs, func(f string) bool { return folder == f || strings.HasPrefix(folder, f+"/") }) {
			return err
		}
		f, err := parser.ParseFile(s.fset, name, nil, parser.SkipObjectResolution)
		s.files[folder] = append(s.files[folder], f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s.each(s.declare)
	s.each(s.collect)
	return s.found
}

func (s *scan) each(visit func(folder string, f *ast.File, n ast.Node)) {
	for _, folder := range slices.Sorted(maps.Keys(s.files)) {
		for _, f := range s.files[folder] {
			ast.Inspect(f, func(n ast.Node) bool { visit(folder, f, n); return true })
		}
	}
}

// declare notes constants, and functions with a parameter that is a code.
func (s *scan) declare(folder string, _ *ast.File, n ast.Node) {
	switch n := n.(type) {
	case *ast.ValueSpec:
		for i, name := range n.Names {
			if i < len(n.Values) {
				if lit, ok := n.Values[i].(*ast.BasicLit); ok && lit.Kind == token.STRING {
					s.consts[folder+"."+name.Name], _ = strconv.Unquote(lit.Value)
				}
			}
		}
	case *ast.FuncDecl:
		s.parameter(folder, n.Name.Name, n.Type)
	case *ast.AssignStmt:
		for i, right := range n.Rhs {
			if lit, ok := right.(*ast.FuncLit); ok && len(n.Lhs) == len(n.Rhs) {
				if name, ok := n.Lhs[i].(*ast.Ident); ok {
					s.parameter(folder, name.Name, lit.Type)
				}
			}
		}
	}
}

func (s *scan) parameter(folder, name string, typ *ast.FuncType) {
	if i := indexOfCode(typ.Params); i >= 0 {
		s.params[folder+"."+name] = i
	} else {
		s.others[folder+"."+name] = true
	}
}

// indexOfCode is the place of a field called code, -1 without one.
func indexOfCode(fields *ast.FieldList) int {
	i := 0
	if fields == nil {
		return -1
	}
	for _, f := range fields.List {
		for _, name := range f.Names {
			if name.Name == "code" {
				return i
			}
			i++
		}
	}
	return -1
}

// collect notes the codes a node uses.
func (s *scan) collect(folder string, f *ast.File, n ast.Node) {
	switch n := n.(type) {
	case *ast.CompositeLit:
		s.literal(folder, f, n)
	case *ast.AssignStmt:
		for i, left := range n.Lhs {
			if sel, ok := left.(*ast.SelectorExpr); ok && sel.Sel.Name == "Code" && len(n.Lhs) == len(n.Rhs) {
				s.note(folder, f, n.Rhs[i], 0, true)
			}
		}
	case *ast.CallExpr:
		target, name := folder, ""
		switch fun := n.Fun.(type) {
		case *ast.Ident:
			name = fun.Name
		case *ast.SelectorExpr:
			name = fun.Sel.Name
			if x, ok := fun.X.(*ast.Ident); ok {
				target = s.imported(folder, f, x.Name)
			}
		}
		if i, ok := s.params[target+"."+name]; ok && i < len(n.Args) {
			status := 0
			if name == "Malformed" {
				status = http.StatusBadRequest
			}
			s.note(folder, f, n.Args[i], status, s.others[target+"."+name])
		}
	case *ast.FuncDecl:
		s.results(folder, f, n)
	}
}

// literal notes the code of a value whose type has one. What is written without a type is an element of a list.
func (s *scan) literal(folder string, f *ast.File, n *ast.CompositeLit) {
	typ := ""
	switch x := n.Type.(type) {
	case *ast.Ident:
		typ = x.Name
	case *ast.SelectorExpr:
		typ = x.Sel.Name
	}
	if n.Type != nil && !slices.Contains(coded, typ) {
		return
	}
	var code ast.Expr
	status := 0
	for i, e := range n.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			if typ == "Failure" && i == 1 {
				code = e
			}
			continue
		}
		switch key, _ := kv.Key.(*ast.Ident); {
		case key != nil && key.Name == "Code":
			code = kv.Value
		case key != nil && key.Name == "Status":
			status = statusOf(kv.Value)
		}
	}
	if code != nil {
		s.note(folder, f, code, status, typ == "Outcome")
	}
}

// statusOf is what http.StatusNotFound stands for, 0 for another expression.
func statusOf(e ast.Expr) int {
	sel, ok := e.(*ast.SelectorExpr)
	for code := 400; ok && code < 600; code++ {
		if sel.Sel.Name == "Status"+strings.NewReplacer(" ", "", "-", "", "'", "").Replace(http.StatusText(code)) {
			return code
		}
	}
	return 0
}

// results notes what a function returns as its result called code.
func (s *scan) results(folder string, f *ast.File, fn *ast.FuncDecl) {
	at := indexOfCode(fn.Type.Results)
	if at < 0 || fn.Body == nil {
		return
	}
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		if r, ok := n.(*ast.ReturnStmt); ok && at < len(r.Results) {
			s.note(folder, f, r.Results[at], 0, false)
		}
		_, inner := n.(*ast.FuncLit)
		return !inner
	})
}

// note resolves an expression. What is computed can only be what was noted elsewhere: a parameter or result called code,
// the Code of another value, a word of the schema; or, as said by carriers, the carrier's own.
func (s *scan) note(folder string, f *ast.File, e ast.Expr, status int, carriers bool) {
	at := strings.TrimPrefix(s.fset.Position(e.Pos()).String(), root+"/")
	value, known := "", carriers
	switch x := e.(type) {
	case *ast.BasicLit:
		value, _ = strconv.Unquote(x.Value)
		known = true
	case *ast.Ident:
		constant, ok := s.consts[folder+"."+x.Name]
		value, known = constant, known || ok || x.Name == "code"
	case *ast.SelectorExpr:
		known = known || x.Sel.Name == "Code" || x.Sel.Name == "SchemaField"
		if pkg, ok := x.X.(*ast.Ident); ok && !known {
			value, known = s.consts[s.imported(folder, f, pkg.Name)+"."+x.Sel.Name]
		}
	}
	if !known {
		s.t.Errorf("%s: a code that this test can't follow; write it as a literal, a constant, or a parameter called code", at)
	}
	if value == "" {
		return
	}
	if old := s.found[value]; old.status != 0 {
		status = old.status
	}
	s.found[value] = use{at, status}
}

// imported is the folder of a package by its name in a file, the file's own folder when it is none of ours: then the
// name is a value's.
func (s *scan) imported(folder string, f *ast.File, name string) string {
	for _, i := range f.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		if own, ok := strings.CutPrefix(p, module); ok && (i.Name == nil && path.Base(own) == name || i.Name != nil && i.Name.Name == name) {
			return own
		}
	}
	return folder
}
