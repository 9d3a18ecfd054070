package template

import (
	"strings"
	"time"
)

// What Lambda does when a function does not say.
const (
	defaultTimeout  = 3 * time.Second
	defaultMemoryMB = 128
)

func (b *builder) function(res resource) error {
	r := &reader{n: res.props}
	name, err := b.e.reference(res.all, res.id)
	if err != nil {
		return err
	}
	f := Function{
		LogicalID: res.id,
		Name:      name,
		Folder:    kebab(res.id),
		Timeout:   r.seconds("Timeout", defaultTimeout),
		MemoryMB:  r.number("MemorySize", defaultMemoryMB),
		Env:       r.texts(res.props.at("Environment", "Variables")),
		LogGroup:  text(res.props.at("LoggingConfig", "LogGroup")),
	}
	if invoke := res.all.at("Metadata", "Invoke"); invoke != nil {
		f.Invoke = invoke.text
		if f.Invoke != InvokeAuthorizer && f.Invoke != InvokeOperator {
			r.fail(invoke, "Invoke must be %s or %s", InvokeAuthorizer, InvokeOperator)
		}
	}
	if events := res.props.get("Events"); events != nil && r.err == nil {
		for _, ev := range events.fields {
			if err := b.event(&f, ev.val); err != nil {
				return err
			}
		}
	}
	if role := res.props.get("Role"); role != nil && r.err == nil {
		f.Policies, r.err = b.statements(role)
	}
	b.t.Functions = append(b.t.Functions, f)
	return r.err
}

// statements are what the role with this ARN allows.
func (b *builder) statements(role *node) ([]Statement, error) {
	id, err := b.owner(role, "AWS::IAM::Role", "Arn")
	if err != nil {
		return nil, err
	}
	var out []Statement
	for _, res := range b.resources {
		policies := res.props.get("Policies")
		if res.id != id || policies == nil {
			continue
		}
		for _, p := range policies.items {
			list := p.at("PolicyDocument", "Statement")
			if list == nil || list.kind != seqNode {
				return nil, p.errorf("a policy has a PolicyDocument with a list of statements")
			}
			for _, s := range list.items {
				r := &reader{n: s}
				if st := (Statement{r.list("Action"), r.list("Resource"), r.leadingKeys()}); r.str("Effect", true) == "Allow" {
					out = append(out, st)
				}
				if r.err != nil {
					return nil, r.err
				}
			}
		}
	}
	return out, nil
}

// bounded are the conditions that a statement may have, with what they are about: what is misspelt would bind nothing.
var bounded = map[string]string{"ForAllValues:StringLike": "dynamodb:LeadingKeys", "Null": "kms:EncryptionContext:tenant"}

// leadingKeys are the partition keys that a statement is bound to.
func (r *reader) leadingKeys() []string {
	conditions := r.n.get("Condition")
	if conditions == nil {
		return nil
	}
	var keys []string
	for _, c := range conditions.fields {
		about, known := bounded[c.key]
		if !known || len(c.val.fields) != 1 || c.val.fields[0].key != about {
			r.fail(c.val, "condition %s of a statement is not known; known are Null of kms:EncryptionContext:tenant and ForAllValues:StringLike of dynamodb:LeadingKeys", c.key)
			return nil
		}
		if c.key != "Null" {
			of := &reader{n: c.val, err: r.err}
			keys, r.err = of.list(about), of.err
		}
	}
	return keys
}

func (b *builder) event(f *Function, ev *node) error {
	props := ev.get("Properties")
	if props == nil {
		return ev.errorf("the event has no Properties")
	}
	r := &reader{n: props}
	if err := knownEvent(ev, props); err != nil {
		return err
	}
	switch typ := text(ev.get("Type")); typ {
	case "Api":
		route := Route{Method: strings.ToUpper(r.str("Method", true)), Path: r.str("Path", true)}
		if auth := props.at("Auth", "Authorizer"); auth != nil {
			if route.Open = auth.text == "NONE"; !route.Open {
				r.fail(auth, "a route has the API's default authorizer, or NONE, not %q", auth.text)
			}
		}
		auth := &reader{n: props.get("Auth"), err: r.err}
		if route.Metered = b.t.API.Metered; auth.n != nil {
			route.Metered = auth.flag("ApiKeyRequired", route.Metered)
		}
		r.err = auth.err
		f.Routes = append(f.Routes, route)
	case "SQS":
		b.queueSource(f, r)
	case "DynamoDB":
		b.streamSource(f, r)
	case "Schedule":
		s := Schedule{Enabled: r.flag("Enabled", true)}
		if r.str("Schedule", true); r.err == nil {
			s.Every, r.err = every(props.get("Schedule"))
		}
		f.Schedules = append(f.Schedules, s)
	default:
		return ev.errorf("event type %q is not supported locally; supported are Api, SQS, DynamoDB, Schedule", typ)
	}
	return r.err
}

func (b *builder) queueSource(f *Function, r *reader) {
	s := QueueSource{
		BatchSize:               r.number("BatchSize", 10),
		Window:                  r.seconds("MaximumBatchingWindowInSeconds", 0),
		ReportBatchItemFailures: r.reportsFailures(),
		Enabled:                 r.flag("Enabled", true),
	}
	if scaling := r.n.get("ScalingConfig"); scaling != nil {
		sr := &reader{n: scaling, err: r.err}
		s.MaxConcurrency = sr.number("MaximumConcurrency", 0)
		r.err = sr.err
	}
	if r.str("Queue", true); r.err == nil {
		s.Queue, r.err = b.owner(r.n.get("Queue"), "AWS::SQS::Queue", "Arn")
	}
	for _, q := range b.t.Queues {
		if q.LogicalID == s.Queue {
			s.QueueName = q.Name
		}
	}
	f.Queues = append(f.Queues, s)
}

func (b *builder) streamSource(f *Function, r *reader) {
	s := StreamSource{
		StartingPosition:        r.str("StartingPosition", true),
		BatchSize:               r.number("BatchSize", 100),
		Window:                  r.seconds("MaximumBatchingWindowInSeconds", 0),
		Retries:                 r.number("MaximumRetryAttempts", -1),
		Bisect:                  r.flag("BisectBatchOnFunctionError", false),
		ReportBatchItemFailures: r.reportsFailures(),
		Enabled:                 r.flag("Enabled", true),
	}
	if filters := r.n.at("FilterCriteria", "Filters"); filters != nil {
		for _, filter := range filters.items {
			fr := &reader{n: filter, err: r.err}
			pattern := fr.str("Pattern", true)
			if _, err := parsePattern(pattern); err != nil {
				fr.fail(filter, "%v", err)
			}
			s.Patterns = append(s.Patterns, pattern)
			r.err = fr.err
		}
	}
	if r.str("Stream", true); r.err == nil {
		s.Table, r.err = b.owner(r.n.get("Stream"), "AWS::DynamoDB::Table", "StreamArn")
	}
	for _, t := range b.t.Tables {
		if t.LogicalID != s.Table {
			continue
		}
		s.TableName = t.Name
		if t.StreamView == "" {
			r.fail(r.n, "table %s has no stream", t.LogicalID)
		}
	}
	f.Streams = append(f.Streams, s)
}

func (r *reader) reportsFailures() bool {
	for _, t := range r.list("FunctionResponseTypes") {
		if t == "ReportBatchItemFailures" {
			return true
		}
		r.fail(r.n, "FunctionResponseTypes knows ReportBatchItemFailures, not %q", t)
	}
	return false
}
