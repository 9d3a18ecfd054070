package template

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

type kind int

const (
	scalarNode kind = iota
	nullNode
	mapNode
	seqNode
	callNode   // an intrinsic function: fn and, as its only item, its argument
	absentNode // what AWS::NoValue leaves behind
)

// node is a piece of the template that knows where it stands. Scalars keep their text: what it means is decided
// where it is used.
type node struct {
	kind   kind
	line   int
	path   string // Resources.Api.Properties.StageName
	text   string
	fn     string // of a callNode, without "Fn::"
	fields []field
	items  []*node
}

type field struct {
	key string
	val *node
}

// get is the value under a key of a mapping, nil when there is none.
func (n *node) get(key string) *node {
	if n == nil || n.kind != mapNode {
		return nil
	}
	for _, f := range n.fields {
		if f.key == key {
			return f.val
		}
	}
	return nil
}

// at follows keys down.
func (n *node) at(keys ...string) *node {
	for _, k := range keys {
		n = n.get(k)
	}
	return n
}

// failure is the one kind of error of this package: one line, with the place.
type failure struct {
	file string
	line int
	path string
	msg  string
}

func (f *failure) Error() string {
	s := f.file
	if f.line > 0 {
		s = fmt.Sprintf("%s:%d", s, f.line)
	}
	if f.path != "" {
		s += ": " + f.path
	}
	return s + ": " + strings.Join(strings.Fields(f.msg), " ")
}

// errorf makes a failure at n; the file's name is filled in by Load.
func (n *node) errorf(format string, args ...any) error {
	f := &failure{msg: fmt.Sprintf(format, args...)}
	if n != nil {
		f.line, f.path = n.line, n.path
	}
	return f
}

// readYAML reads the file into nodes.
func readYAML(path string) (*node, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, &failure{file: path, msg: "there is no such file"}
		}
		return nil, &failure{file: path, msg: err.Error()}
	}
	file, err := parser.ParseBytes(b, 0)
	if err != nil {
		f := &failure{msg: "not valid YAML: " + err.Error()}
		if ye, ok := errors.AsType[yaml.Error](err); ok {
			f.msg = "not valid YAML: " + ye.GetMessage()
			if tk := ye.GetToken(); tk != nil && tk.Position != nil {
				f.line = tk.Position.Line
			}
		}
		return nil, f
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return nil, &failure{msg: "not a template: want one YAML document"}
	}
	return convert(file.Docs[0].Body, "")
}

func convert(a ast.Node, path string) (*node, error) {
	n := &node{path: path, line: lineOf(a.GetToken())}
	switch v := a.(type) {
	case *ast.TagNode:
		return convertTag(v, n)
	case *ast.MappingNode:
		return convertMap(n, v.Values)
	case *ast.MappingValueNode:
		return convertMap(n, []*ast.MappingValueNode{v})
	case *ast.SequenceNode:
		n.kind = seqNode
		for i, item := range v.Values {
			c, err := convert(item, fmt.Sprintf("%s[%d]", path, i))
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, c)
		}
	case *ast.NullNode:
		n.kind = nullNode
	case *ast.StringNode:
		n.text = v.Value
	case *ast.LiteralNode:
		n.text = v.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		n.text = a.GetToken().Value
	default:
		return nil, n.errorf("YAML %s are not supported; write the value out", strings.ToLower(a.Type().String()))
	}
	return n, nil
}

// convertTag reads the short form of an intrinsic function, such as !Ref.
func convertTag(v *ast.TagNode, n *node) (*node, error) {
	n.kind, n.fn, n.line = callNode, strings.TrimPrefix(v.Start.Value, "!"), lineOf(v.Start)
	if v.Value == nil {
		return nil, n.errorf("!%s has no value", n.fn)
	}
	arg, err := convert(v.Value, n.path)
	if err != nil {
		return nil, err
	}
	n.items = []*node{arg}
	return n, nil
}

// convertMap reads a mapping, and the long form of an intrinsic function, such as {Ref: X} or {"Fn::Sub": …}.
func convertMap(n *node, values []*ast.MappingValueNode) (*node, error) {
	n.kind = mapNode
	if len(values) > 0 {
		n.line = lineOf(values[0].Key.GetToken())
	}
	for _, mv := range values {
		key := mv.Key.GetToken().Value
		path := key
		if n.path != "" {
			path = n.path + "." + key
		}
		long := len(values) == 1 && (key == "Ref" || strings.HasPrefix(key, "Fn::"))
		if long {
			path = n.path
		}
		c, err := convert(mv.Value, path)
		if err != nil {
			return nil, err
		}
		if c.kind != callNode && len(c.fields) == 0 {
			c.line = lineOf(mv.Key.GetToken()) // a block scalar's own token is a line below its key
		}
		if long {
			n.kind, n.fn, n.items = callNode, strings.TrimPrefix(key, "Fn::"), []*node{c}
			return n, nil
		}
		n.fields = append(n.fields, field{key, c})
	}
	return n, nil
}

func lineOf(t *token.Token) int {
	if t == nil || t.Position == nil {
		return 0
	}
	return t.Position.Line
}

// merge lays over on top of base as SAM does with Globals: mappings are merged, lists joined, the rest replaced.
func merge(base, over *node) *node {
	switch {
	case base == nil:
		return over
	case over == nil:
		return base
	case base.kind == mapNode && over.kind == mapNode:
		out := *over
		out.fields = nil
		for _, f := range base.fields {
			out.fields = append(out.fields, field{f.key, merge(f.val, over.get(f.key))})
		}
		for _, f := range over.fields {
			if base.get(f.key) == nil {
				out.fields = append(out.fields, f)
			}
		}
		return &out
	case base.kind == seqNode && over.kind == seqNode:
		out := *over
		out.items = append(append([]*node(nil), base.items...), over.items...)
		return &out
	}
	return over
}
