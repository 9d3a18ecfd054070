package template

import (
	"cmp"
	"errors"
	"path/filepath"
	"slices"
)

// Load reads the template at path, gives its parameters their values and resolves every reference. Its errors are
// one line each: file, line, where in the template, what is wrong.
func Load(path string, opt Options) (*Template, error) {
	t, err := load(path, opt)
	if f, ok := errors.AsType[*failure](err); ok && f.file == "" {
		f.file = filepath.Base(path)
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

func load(path string, opt Options) (*Template, error) {
	b, err := resolved(path, opt)
	if err != nil {
		return nil, err
	}
	if err := b.build(); err != nil {
		return nil, err
	}
	return b.t, nil
}

// resolved is the template with every reference resolved, before anything is made of it.
func resolved(path string, opt Options) (*builder, error) {
	root, err := readYAML(path)
	if err != nil {
		return nil, err
	}
	if root.kind != mapNode || root.get("Resources") == nil {
		return nil, root.errorf("not a template: it has no Resources")
	}
	opt.StackName = cmp.Or(opt.StackName, "fairlead")
	opt.Region = cmp.Or(opt.Region, "us-east-1")
	opt.AccountID = cmp.Or(opt.AccountID, "000000000000")
	e := &evaluator{root: root, opt: opt, conditions: map[string]bool{}, pending: map[string]bool{}}
	if e.params, err = parameters(root, opt.Parameters); err != nil {
		return nil, err
	}
	if err := e.checkRules(); err != nil {
		return nil, err
	}
	if conditions := root.get("Conditions"); conditions != nil {
		for _, f := range conditions.fields { // all of them: an unsupported function is told even if it is unused
			if _, err := e.condition(f.val, f.key); err != nil {
				return nil, err
			}
		}
	}
	b := &builder{e: e, t: &Template{Parameters: e.params, Outputs: map[string]string{}}}
	return b, b.resolve()
}

// global is the section of Globals that speaks for the resources of a type.
var global = map[string]string{"AWS::Serverless::Function": "Function", "AWS::Serverless::Api": "Api"}

// resource is a resource with everything resolved.
type resource struct {
	id, typ string
	all     *node
	props   *node
}

// builder turns resolved resources into the typed template.
type builder struct {
	e         *evaluator
	t         *Template
	resources []resource
}

// resolve resolves every resource that exists, and the outputs.
func (b *builder) resolve() error {
	for _, f := range b.e.root.get("Resources").fields {
		if here, err := b.e.present(f.val); err != nil {
			return err
		} else if !here {
			continue
		}
		r := resource{id: f.key, typ: text(f.val.get("Type"))}
		if r.typ == "" {
			return f.val.errorf("resource %s has no Type", f.key)
		}
		raw := f.val
		if g := b.e.root.at("Globals", global[r.typ]); g != nil {
			raw = merge(&node{kind: mapNode, fields: []field{{"Properties", g}}}, f.val)
		}
		var err error
		if r.all, err = b.e.eval(raw); err != nil {
			return err
		}
		if r.props = r.all.get("Properties"); r.props == nil {
			r.props = &node{kind: mapNode, line: f.val.line, path: f.val.path + ".Properties"}
		}
		if err := r.known(); err != nil {
			return err
		}
		b.resources = append(b.resources, r)
	}
	slices.SortFunc(b.resources, func(x, y resource) int { return cmp.Compare(x.id, y.id) })
	if outputs := b.e.root.get("Outputs"); outputs != nil {
		for _, f := range outputs.fields {
			v := f.val.get("Value")
			if v == nil {
				return f.val.errorf("output %s has no Value", f.key)
			}
			v, err := b.e.eval(v)
			if err != nil {
				return err
			}
			b.t.Outputs[f.key] = v.text
		}
	}
	return nil
}

// build makes the typed values: functions last, for their sources name tables, queues and the API.
func (b *builder) build() error {
	steps := []struct {
		typ string
		do  func(resource) error
	}{
		{"AWS::DynamoDB::Table", b.table},
		{"AWS::SQS::Queue", b.queue},
		{"AWS::S3::Bucket", b.bucket},
		{"AWS::KMS::Key", b.key},
		{"AWS::Logs::LogGroup", b.logGroup},
		{"AWS::CloudWatch::Alarm", b.alarm},
		{"AWS::CloudWatch::Dashboard", b.dashboard},
		{"AWS::Serverless::Api", b.api},
		{"AWS::Serverless::Function", b.function},
		{"AWS::ApiGateway::ApiKey", b.usageKey},
	}
	for _, s := range steps {
		for _, r := range b.resources {
			if r.typ != s.typ {
				continue
			}
			if err := s.do(r); err != nil {
				return err
			}
		}
	}
	return b.nameDeadLetters()
}
