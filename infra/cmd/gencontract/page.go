package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fairlead/fairlead/shared/api"
)

//go:embed page.html
var layout string

// page is what the layout is filled with.
type page struct {
	*contract
	Basics    []basic
	Groups    []group
	Callbacks []shownOperation
	Shared    []shownResponse
	Headers   []shownField
	Errors    []shownPlace
	Schemas   []shownSchema
}

// basic is a part of the contract's own description: what a paragraph that begins in bold is about, and its text. The
// first one, without a title, is all that stands before.
type basic struct{ ID, Title, Text string }

// group is a tag with its operations.
type group struct {
	ID, Tag, Title, Description string
	Operations                  []shownOperation
}

type shownOperation struct {
	operation
	Method, Path string
	Parameters   []shownField
	Bodies       []shownBody
	Answers      []shownResponse
	Calls        []string // the operations of its callbacks
}

// shownField is a parameter or a header: not a member of an object, but shown like one.
type shownField struct {
	field
	In string
}

// shownBody is a schema with the media types it is sent as.
type shownBody struct {
	Media    []string
	Schema   string // its name, "" when it has none
	Kind     kind
	Text     string
	Required bool
	Most     string // its size limit, "" where it is not the reader who sends it
	Closed   bool   // whether other members than the fields are refused
	Fields   []field
	Example  string // JSON
}

type shownResponse struct {
	Status, Text string
	Shared       string // its name among the components, "" when it is the operation's own
	Description  string
	Headers      []string
	Bodies       []shownBody
}

type shownPlace struct {
	ID          string
	Title, Text string
	Codes       []api.Code
}

type shownSchema struct {
	Name string
	shownBody
}

// render writes the page of a contract and of the codes that its problem documents hold.
func render(c *contract, codes []api.Code) ([]byte, error) {
	t, err := template.New("page").Funcs(template.FuncMap{"prose": prose, "inline": inline, "plain": plain, "statusText": http.StatusText}).Parse(layout)
	if err != nil {
		return nil, err
	}
	p := &page{contract: c, Basics: basics(c.Info.Description), Errors: places(codes)}
	for _, fill := range []func() error{p.operations, p.shared, p.schemas} {
		if err := fill(); err != nil {
			return nil, err
		}
	}
	var out bytes.Buffer
	if err := t.Execute(&out, p); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// basics takes the contract's description apart at the paragraphs that begin in bold. A title that is a sentence of its own,
// with a full stop, is not repeated in the text.
func basics(description string) []basic {
	out := []basic{{}}
	for _, p := range paragraphs(description) {
		if title, rest, ok := marked(p, "**"); ok {
			name, alone := strings.CutSuffix(title, ".")
			if alone {
				p = strings.TrimSpace(rest)
			}
			out = append(out, basic{ID: "about-" + slug(name), Title: name, Text: p})
			continue
		}
		last := &out[len(out)-1]
		last.Text = strings.TrimSpace(last.Text + "\n\n" + p)
	}
	return out
}

// slug makes an anchor of a name.
func slug(name string) string {
	return strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(name), "-"), "-")
}

func places(codes []api.Code) []shownPlace {
	var out []shownPlace
	for _, at := range api.Places {
		p := shownPlace{ID: "errors-" + string(at.In), Title: at.Title, Text: at.Text}
		for _, c := range codes {
			if c.In == at.In {
				p.Codes = append(p.Codes, c)
			}
		}
		out = append(out, p)
	}
	return out
}

// operations fills the groups, in the order of the tags, and the callbacks.
func (p *page) operations() error {
	for _, t := range p.Tags {
		p.Groups = append(p.Groups, group{ID: "tag-" + slug(t.Name), Tag: t.Name, Title: strings.ToUpper(t.Name[:1]) + t.Name[1:], Description: t.Description})
	}
	for _, path := range p.Paths {
		for _, method := range path.Value {
			op, err := p.operation(method.Value, method.Name, path.Name)
			if err != nil {
				return fmt.Errorf("%s %s: %w", method.Name, path.Name, err)
			}
			at := slices.IndexFunc(p.Groups, func(g group) bool { return slices.Contains(op.Tags, g.Tag) })
			if at < 0 {
				return fmt.Errorf("%s %s: give it a tag of those at the top", method.Name, path.Name)
			}
			p.Groups[at].Operations = append(p.Groups[at].Operations, op)
		}
	}
	return nil
}

func (p *page) operation(op operation, method, path string) (shownOperation, error) {
	out := shownOperation{operation: op, Method: strings.ToUpper(method), Path: path}
	for _, param := range op.Params {
		param, err := p.parameter(param)
		if err != nil {
			return out, err
		}
		f, err := p.shownField(field{Name: param.Name, Required: param.Required, Description: param.Description}, param.Schema, param.Example)
		if err != nil {
			return out, err
		}
		f.In = param.In
		out.Parameters = append(out.Parameters, f)
	}
	if op.Body != nil {
		var err error
		if out.Bodies, err = p.bodies(op.Body.Content, true); err != nil {
			return out, err
		}
		for i := range out.Bodies {
			out.Bodies[i].Required, out.Bodies[i].Most = op.Body.Required, fmt.Sprintf("%d MB", op.mostBytes()>>20)
		}
	}
	for _, r := range op.Responses {
		answer, err := p.response(r.Name, r.Value)
		if err != nil {
			return out, err
		}
		out.Answers = append(out.Answers, answer)
	}
	return out, p.callbacks(&out)
}

// callbacks are shown in a section of their own, and named where they begin.
func (p *page) callbacks(op *shownOperation) error {
	for _, c := range op.Callbacks {
		for _, url := range c.Value {
			for _, method := range url.Value {
				called, err := p.operation(method.Value, method.Name, "your URL")
				if err != nil {
					return err
				}
				for i := range called.Bodies { // no limits: it is we who send them
					called.Bodies[i].Most = ""
				}
				p.Callbacks, op.Calls = append(p.Callbacks, called), append(op.Calls, called.ID)
			}
		}
	}
	return nil
}

func (p *page) shownField(f field, s *schema, example json.RawMessage) (shownField, error) {
	k, err := p.kind(s)
	if err != nil {
		return shownField{}, err
	}
	if example != nil {
		k.Limits = append(k.Limits, limit{"such as", literals(example)})
	}
	f.Kind = k
	return shownField{field: f}, nil
}

// bodies shows what is sent. Media types of one and the same schema are shown together.
func (p *page) bodies(content ordered[media], deep bool) ([]shownBody, error) {
	var out []shownBody
	for _, m := range content {
		at := slices.IndexFunc(out, func(b shownBody) bool { return b.Schema != "" && strings.HasSuffix(m.Value.Schema.Ref, "/"+b.Schema) })
		if at >= 0 {
			out[at].Media = append(out[at].Media, m.Name)
			continue
		}
		b, err := p.body(m.Value, deep)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Name, err)
		}
		b.Media = []string{m.Name}
		out = append(out, b)
	}
	return out, nil
}

func (p *page) body(m media, deep bool) (shownBody, error) {
	at, err := p.follow(m.Schema)
	if err != nil {
		return shownBody{}, err
	}
	b := shownBody{Schema: at.name, Text: at.description, Closed: at.Others != nil && !at.Others.Allowed}
	if b.Kind, err = p.kind(m.Schema); err != nil {
		return b, err
	}
	if b.Fields, err = p.fields(m.Schema, deep); err != nil {
		return b, err
	}
	example := m.Example
	if example == nil && at.Type == "object" { // another's stands with its limits
		example = at.Example
	}
	if example != nil {
		var pretty bytes.Buffer
		err = json.Indent(&pretty, example, "", "  ")
		b.Example = pretty.String()
	}
	return b, err
}

func (p *page) response(status string, r response) (shownResponse, error) {
	out := shownResponse{Status: status}
	if r.Ref != "" {
		var err error
		if out.Shared, r, err = p.Components.Responses.get(r.Ref); err != nil {
			return out, err
		}
	}
	if code, err := strconv.Atoi(status); err == nil {
		out.Text = http.StatusText(code)
	}
	out.Description = r.Description
	for _, h := range r.Headers {
		if err := p.header(h.Name, h.Value.Ref); err != nil {
			return out, fmt.Errorf("header %s: %w", h.Name, err)
		}
		out.Headers = append(out.Headers, h.Name)
	}
	var err error
	out.Bodies, err = p.bodies(r.Content, false)
	return out, err
}

// header keeps a header for the table of all of them, where it is met first.
func (p *page) header(name, ref string) error {
	if slices.ContainsFunc(p.Headers, func(f shownField) bool { return f.Name == name }) {
		return nil
	}
	_, h, err := p.Components.Headers.get(ref)
	if err != nil {
		return err
	}
	f, err := p.shownField(field{Name: name, Description: h.Description}, h.Schema, h.Example)
	p.Headers = append(p.Headers, f)
	return err
}

// shared fills the answers that operations have in common.
func (p *page) shared() error {
	for _, r := range p.Components.Responses {
		answer, err := p.response("", r.Value)
		if err != nil {
			return fmt.Errorf("response %s: %w", r.Name, err)
		}
		answer.Shared = r.Name
		p.Shared = append(p.Shared, answer)
	}
	return nil
}

func (p *page) schemas() error {
	for _, s := range p.Components.Schemas {
		b, err := p.body(media{Schema: s.Value}, false)
		if err != nil {
			return fmt.Errorf("schema %s: %w", s.Name, err)
		}
		p.Schemas = append(p.Schemas, shownSchema{s.Name, b})
	}
	return nil
}
