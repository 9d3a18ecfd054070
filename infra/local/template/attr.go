package template

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

const partition = "aws"

// reference answers Ref: a parameter, a pseudo parameter or a resource.
func (e *evaluator) reference(n *node, name string) (string, error) {
	if v, ok := e.params[name]; ok {
		return v, nil
	}
	switch name {
	case "AWS::StackName":
		return e.opt.StackName, nil
	case "AWS::Region":
		return e.opt.Region, nil
	case "AWS::AccountId":
		return e.opt.AccountID, nil
	case "AWS::Partition":
		return partition, nil
	case "AWS::URLSuffix":
		return "amazonaws.com", nil
	}
	if api, ok := strings.CutSuffix(name, ".Stage"); ok { // SAM's name for the stage that it makes of an API
		stage := e.root.at("Resources", api, "Properties", "StageName")
		if stage == nil {
			return "", n.errorf("there is no API %q with a StageName", api)
		}
		v, err := e.eval(stage)
		if err != nil {
			return "", err
		}
		return v.text, nil
	}
	return e.attribute(n, name, "Ref")
}

// nameProperty is the property that holds a resource's own name.
var nameProperty = map[string]string{
	"AWS::DynamoDB::Table":      "TableName",
	"AWS::SQS::Queue":           "QueueName",
	"AWS::S3::Bucket":           "BucketName",
	"AWS::Serverless::Function": "FunctionName",
	"AWS::Logs::LogGroup":       "LogGroupName",
	"AWS::IAM::Role":            "RoleName",
	"AWS::KMS::Alias":           "AliasName",
}

// attribute answers an attribute of a resource; attr "Ref" is the reference itself.
func (e *evaluator) attribute(n *node, id, attr string) (string, error) {
	r := e.root.at("Resources", id)
	if r == nil {
		return "", n.errorf("there is no parameter or resource %q", id)
	}
	if here, err := e.present(r); err != nil {
		return "", err
	} else if !here {
		return "", n.errorf("resource %s does not exist under condition %s", id, r.get("Condition").text)
	}
	typ := text(r.get("Type"))
	if e.opt.Attr != nil {
		if v, ok := e.opt.Attr(id, typ, attr); ok {
			return v, nil
		}
	}
	name, err := e.name(r, id, typ)
	if err != nil {
		return "", err
	}
	if v, ok := e.local(typ, name, attr); ok {
		return v, nil
	}
	return "", n.errorf("attribute %s of %s (%s) has no local value", attr, id, typ)
}

// present tells whether a resource exists under its condition.
func (e *evaluator) present(r *node) (bool, error) {
	c := r.get("Condition")
	if c == nil {
		return true, nil
	}
	return e.condition(c, c.text)
}

// name is a resource's own name, made up from the stack and its logical id when it has none.
func (e *evaluator) name(r *node, id, typ string) (string, error) {
	if p := r.at("Properties", nameProperty[typ]); p != nil {
		leave, err := e.enter(p, "the name of "+id)
		if err != nil {
			return "", err
		}
		defer leave()
		v, err := e.eval(p)
		if err != nil {
			return "", err
		}
		return v.text, nil
	}
	switch typ {
	case "AWS::S3::Bucket":
		return e.opt.StackName + "-" + kebab(id), nil
	case "AWS::KMS::Key": // looks like the ids KMS gives, and is the same in every run
		sum := sha256.Sum256([]byte(e.opt.StackName + "/" + id))
		h := hex.EncodeToString(sum[:16])
		return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-"), nil
	case "AWS::Serverless::Api":
		return "local", nil
	}
	return e.opt.StackName + "-" + id, nil
}

// local is the value of an attribute of a resource that exists on this machine alone.
func (e *evaluator) local(typ, name, attr string) (string, bool) {
	switch typ + "." + attr {
	case "AWS::SQS::Queue.Ref", "AWS::SQS::Queue.QueueUrl":
		if e.opt.QueueURL != nil {
			return e.opt.QueueURL(name), true
		}
		return "https://sqs." + e.opt.Region + ".amazonaws.com/" + e.opt.AccountID + "/" + name, true
	case "AWS::SQS::Queue.QueueName":
		return name, true
	case "AWS::SQS::Queue.Arn":
		return e.arn("sqs", name), true
	case "AWS::DynamoDB::Table.Arn":
		return e.arn("dynamodb", "table/"+name), true
	case "AWS::DynamoDB::Table.StreamArn":
		return e.arn("dynamodb", "table/"+name+"/stream/local"), true
	case "AWS::S3::Bucket.Arn":
		return "arn:" + partition + ":s3:::" + name, true
	case "AWS::KMS::Key.Arn":
		return e.arn("kms", "key/"+name), true
	case "AWS::Serverless::Function.Arn":
		return e.arn("lambda", "function:"+name), true
	case "AWS::Logs::LogGroup.Arn":
		return e.arn("logs", "log-group:"+name+":*"), true
	case "AWS::IAM::Role.Arn":
		return "arn:" + partition + ":iam::" + e.opt.AccountID + ":role/" + name, true
	}
	return name, attr == "Ref"
}

func (e *evaluator) arn(service, resource string) string {
	return strings.Join([]string{"arn", partition, service, e.opt.Region, e.opt.AccountID, resource}, ":")
}

// kebab turns CreateShipment into create-shipment.
func kebab(id string) string {
	var b strings.Builder
	for i, c := range id {
		if c >= 'A' && c <= 'Z' {
			if i > 0 {
				b.WriteByte('-')
			}
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}

// text is a scalar's text, "" for anything else.
func text(n *node) string {
	if n == nil || n.kind != scalarNode {
		return ""
	}
	return n.text
}
