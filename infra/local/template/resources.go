package template

import (
	"cmp"
	"slices"
	"time"
)

// What SQS does when a queue does not say.
const (
	defaultVisibility = 30 * time.Second
	defaultRetention  = 4 * 24 * time.Hour
)

func (b *builder) table(res resource) error {
	r := &reader{n: res.props}
	name, err := b.e.reference(res.all, res.id)
	if err != nil {
		return err
	}
	t := Table{LogicalID: res.id, Name: name}
	if defs := res.props.get("AttributeDefinitions"); defs != nil {
		for _, d := range defs.items {
			a := &reader{n: d, err: r.err}
			t.Attributes = append(t.Attributes, Attribute{a.str("AttributeName", true), a.str("AttributeType", true)})
			r.err = a.err
		}
	}
	t.Hash, t.Range = r.keys(res.props)
	if gsis := res.props.get("GlobalSecondaryIndexes"); gsis != nil {
		for _, g := range gsis.items {
			ir := &reader{n: g, err: r.err}
			ix := Index{Name: ir.str("IndexName", true), Projection: text(g.at("Projection", "ProjectionType"))}
			ix.Hash, ix.Range = ir.keys(g)
			t.Indexes = append(t.Indexes, ix)
			r.err = ir.err
		}
	}
	for _, k := range t.keyAttributes() {
		if !slices.ContainsFunc(t.Attributes, func(a Attribute) bool { return a.Name == k }) {
			r.fail(res.props, "key attribute %s is not in AttributeDefinitions", k)
		}
	}
	t.StreamView = text(res.props.at("StreamSpecification", "StreamViewType"))
	if ttl := res.props.get("TimeToLiveSpecification"); text(ttl.get("Enabled")) == "true" {
		t.TTLAttribute = text(ttl.get("AttributeName"))
	}
	b.t.Tables = append(b.t.Tables, t)
	return r.err
}

// keys reads a KeySchema.
func (r *reader) keys(n *node) (hash, rng string) {
	schema := n.get("KeySchema")
	if schema == nil || len(schema.items) == 0 {
		r.fail(n, "KeySchema is missing")
		return "", ""
	}
	for _, k := range schema.items {
		kr := &reader{n: k, err: r.err}
		switch name := kr.str("AttributeName", true); kr.str("KeyType", true) {
		case "HASH":
			hash = name
		case "RANGE":
			rng = name
		default:
			kr.fail(k, "KeyType must be HASH or RANGE")
		}
		r.err = kr.err
	}
	return hash, rng
}

func (t Table) keyAttributes() []string {
	out := []string{t.Hash}
	if t.Range != "" {
		out = append(out, t.Range)
	}
	for _, ix := range t.Indexes {
		out = append(out, ix.Hash)
		if ix.Range != "" {
			out = append(out, ix.Range)
		}
	}
	return out
}

func (b *builder) queue(res resource) error {
	r := &reader{n: res.props}
	name, err := b.e.attribute(res.all, res.id, "QueueName")
	if err != nil {
		return err
	}
	q := Queue{
		LogicalID:  res.id,
		Name:       name,
		Visibility: r.seconds("VisibilityTimeout", defaultVisibility),
		Retention:  r.seconds("MessageRetentionPeriod", defaultRetention),
	}
	if redrive := res.props.get("RedrivePolicy"); redrive != nil {
		rr := &reader{n: redrive, err: r.err}
		q.DLQ, q.MaxReceive = rr.str("deadLetterTargetArn", true), rr.number("maxReceiveCount", 0)
		if q.MaxReceive < 1 {
			rr.fail(redrive, "maxReceiveCount must be at least 1")
		}
		if rr.err == nil {
			q.DLQ, rr.err = b.owner(redrive.get("deadLetterTargetArn"), "AWS::SQS::Queue", "Arn")
		}
		r.err = rr.err
	}
	b.t.Queues = append(b.t.Queues, q)
	return r.err
}

// nameDeadLetters fills in deployed names once all queues are known.
func (b *builder) nameDeadLetters() error {
	for i := range b.t.Queues {
		for _, d := range b.t.Queues {
			if d.LogicalID == b.t.Queues[i].DLQ {
				b.t.Queues[i].DLQName = d.Name
			}
		}
	}
	return nil
}

func (b *builder) bucket(res resource) error {
	name, err := b.e.reference(res.all, res.id)
	b.t.Buckets = append(b.t.Buckets, Bucket{res.id, name})
	return err
}

func (b *builder) key(res resource) error {
	id, err := b.e.reference(res.all, res.id)
	if err != nil {
		return err
	}
	arn, err := b.e.attribute(res.all, res.id, "Arn")
	b.t.Keys = append(b.t.Keys, Key{res.id, id, arn})
	return err
}

func (b *builder) logGroup(res resource) error {
	r := &reader{n: res.props}
	name, err := b.e.reference(res.all, res.id)
	b.t.LogGroups = append(b.t.LogGroups, LogGroup{res.id, name, r.number("RetentionInDays", 0)})
	return cmp.Or(err, r.err)
}

// owner is the logical id of the resource of a type whose attribute has the value of v.
func (b *builder) owner(v *node, typ, attr string) (string, error) {
	for _, r := range b.resources {
		if r.typ != typ {
			continue
		}
		s, err := b.e.attribute(v, r.id, attr)
		if alias := text(r.props.get("AutoPublishAlias")); alias != "" && v.text == s+":"+alias {
			return r.id, nil // by its alias, which here is the function itself
		}
		if err == nil && s == v.text {
			return r.id, nil
		}
	}
	return "", v.errorf("%q is the %s of no %s in this template", v.text, attr, typ)
}
