package api_test

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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
//
// With source carrier there are codes of two kinds. What Fairlead itself says of a carrier's call (login_refused, throttled,
// carrier_unavailable) is in the table. A carrier's own vocabulary is not, neither numbers of UPS nor sim_refused or live_mode
// of the test carrier: it is the carrier's to explain and to change, and infra/docs/test-carrier.md does so for the test
// carrier. A problem document never has such a code, for its type would lead nowhere: it says carrier_refused and has the
// carrier's code in its detail.
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
var notOurs = []string{"shared/sim", "shared/store", "shared/carrier/carriertest", "shared/operating"}

// scan reads the source for codes. Ours stand beside a detail, a carrier's own beside a message; so a code is what is
// given to the field Code of a struct that has a Detail, to a parameter called code of a function that takes a detail (or
// its format), or returned as a result called code beside a detail.
type scan struct {
	t     *testing.T
	fset  *token.FileSet
	info  types.Info
	done  map[string]*types.Package
	found map[string]use
}

func source(t *testing.T) map[string]use {
	s := &scan{t: t, fset: token.NewFileSet(), done: map[string]*types.Package{}, found: map[string]use{}}
	s.info = types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	err := filepath.WalkDir(filepath.Join(root, "shared"), func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			folder, _ := filepath.Rel(root, name)
			_, err = s.Import(module + folder)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s.found
}

// Import implements types.Importer: of our own packages as they are, of all others as empty ones. What they lack is
// reported as errors, which nobody reads: no code of ours comes from there.
func (s *scan) Import(path string) (*types.Package, error) {
	if p := s.done[path]; p != nil {
		return p, nil
	}
	folder, own := strings.CutPrefix(path, module)
	if !own {
		p := types.NewPackage(path, base(path))
		p.MarkComplete()
		s.done[path] = p
		return p, nil
	}
	names, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(s.fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	check := types.Config{Importer: s, Error: func(error) {}, FakeImportC: true}
	s.done[path], _ = check.Check(path, s.fset, files, &s.info)
	if strings.HasPrefix(folder, "shared/") && !slices.ContainsFunc(notOurs, func(f string) bool { return folder == f || strings.HasPrefix(folder, f+"/") }) {
		for _, f := range files {
			ast.Inspect(f, s.visit)
		}
	}
	return s.done[path], nil
}

// base is the name of a package by its path: the last part that is no major version.
func base(path string) string {
	return regexp.MustCompile(`^.*?([^/]+)(/v\d+)?$`).FindStringSubmatch(path)[1]
}

func (s *scan) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CompositeLit:
		s.literal(n)
	case *ast.AssignStmt:
		for i, left := range n.Lhs {
			if sel, ok := left.(*ast.SelectorExpr); ok && sel.Sel.Name == "Code" && len(n.Lhs) == len(n.Rhs) && s.constant(n.Rhs[i]) != "" {
				s.note(n.Rhs[i], 0)
			}
		}
	case *ast.CallExpr:
		s.call(n)
	case *ast.FuncDecl:
		s.results(n)
	}
	return true
}

// literal notes the code of a struct that has a detail.
func (s *scan) literal(n *ast.CompositeLit) {
	typ := s.info.Types[n].Type
	if p, ok := typ.(*types.Pointer); ok { // &T left out, in a list of pointers
		typ = p.Elem()
	}
	if typ == nil {
		return
	}
	fields, ok := typ.Underlying().(*types.Struct)
	if !ok {
		return
	}
	at, detail := -1, false
	for i := range fields.NumFields() {
		f := fields.Field(i)
		detail = detail || f.Name() == "Detail"
		if f.Name() == "Code" && f.Type() == types.Typ[types.String] {
			at = i
		}
	}
	if at < 0 || !detail {
		return
	}
	var code ast.Expr
	status := 0
	for i, e := range n.Elts {
		kv, named := e.(*ast.KeyValueExpr)
		if !named {
			if i == at {
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
		s.note(code, status)
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

// call notes what is given as a parameter called code.
func (s *scan) call(n *ast.CallExpr) {
	signature, ok := s.info.Types[n.Fun].Type.(*types.Signature)
	if !ok {
		return
	}
	at, detail := -1, false
	for i := range signature.Params().Len() {
		switch p := signature.Params().At(i); {
		case p.Name() == "detail", p.Name() == "format":
			detail = true
		case p.Name() == "code" && p.Type() == types.Typ[types.String]:
			at = i
		}
	}
	if at < 0 || at >= len(n.Args) || !detail {
		return
	}
	status := 0
	if sel, ok := n.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Malformed" {
		status = http.StatusBadRequest
	}
	s.note(n.Args[at], status)
}

// results notes what a function returns as its result called code.
func (s *scan) results(fn *ast.FuncDecl) {
	at, i, detail := -1, 0, false
	if fn.Type.Results == nil || fn.Body == nil {
		return
	}
	for _, f := range fn.Type.Results.List {
		for _, name := range f.Names {
			if name.Name == "code" {
				at = i
			}
			detail = detail || name.Name == "detail"
			i++
		}
	}
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		if r, ok := n.(*ast.ReturnStmt); ok && at >= 0 && detail && len(r.Results) == i {
			s.note(r.Results[at], 0)
		}
		_, inner := n.(*ast.FuncLit)
		return !inner
	})
}

func (s *scan) constant(e ast.Expr) string {
	if v := s.info.Types[e].Value; v != nil && v.Kind() == constant.String {
		return constant.StringVal(v)
	}
	return ""
}

// note takes a code down. What is computed can only be what was noted elsewhere: a parameter or result called code, the
// Code of another value, a word of the schema.
func (s *scan) note(e ast.Expr, status int) {
	at := strings.TrimPrefix(s.fset.Position(e.Pos()).String(), root+"/")
	if s.info.Types[e].Value == nil {
		id, _ := e.(*ast.Ident)
		sel, _ := e.(*ast.SelectorExpr)
		if (id == nil || id.Name != "code") && (sel == nil || sel.Sel.Name != "Code" && sel.Sel.Name != "SchemaField") {
			s.t.Errorf("%s: a code that this test can't follow; write it as a literal, a constant, or a parameter called code", at)
		}
		return
	}
	value := s.constant(e)
	if value == "" {
		return
	}
	if old := s.found[value]; old.status != 0 {
		status = old.status
	}
	s.found[value] = use{at, status}
}
