package template

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// loadText loads a template given as text.
func loadText(t *testing.T, text string, opt Options) (*Template, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "template.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(path, opt)
}

const small = `
Parameters:
  Stage: {Type: String, Default: dev}
Conditions:
  IsDev: !Equals [!Ref Stage, dev]
Mappings:
  Times:
    dev: {Seconds: 7}
Resources:
  Work:
    Type: AWS::SQS::Queue
    Properties: {QueueName: !Sub "${AWS::StackName}-work"}
  Labels: {Type: AWS::S3::Bucket}
  Secret: {Type: AWS::KMS::Key}
Outputs:
  Value:
    Value: `

func TestIntrinsicFunctions(t *testing.T) {
	for name, c := range map[string]struct{ expr, want string }{
		"Ref of a parameter":                       {"!Ref Stage", "dev"},
		"Ref in its long form":                     {"{Ref: Stage}", "dev"},
		"Ref of a pseudo parameter":                {`!Ref AWS::Region`, "eu-west-1"},
		"Ref of a queue is its URL":                {"!Ref Work", "http://127.0.0.1:9324/shop-work"},
		"Ref of a nameless bucket":                 {"!Ref Labels", "shop-labels"},
		"GetAtt":                                   {"!GetAtt Work.Arn", "arn:aws:sqs:eu-west-1:123456789012:shop-work"},
		"GetAtt as a list":                         {"!GetAtt [Work, QueueName]", "shop-work"},
		"GetAtt in its long form":                  {`{"Fn::GetAtt": [Work, Arn]}`, "arn:aws:sqs:eu-west-1:123456789012:shop-work"},
		"GetAtt answered by the caller":            {"!GetAtt Secret.Arn", "arn:from:caller"},
		"Sub":                                      {`!Sub "${Stage}/${Work.QueueName}/${AWS::AccountId}"`, "dev/shop-work/123456789012"},
		"Sub with variables":                       {`!Sub ["${a}-${Stage}", {a: !Ref Stage}]`, "dev-dev"},
		"Sub leaves what is marked as literal":     {`!Sub "${!Stage}"`, "${Stage}"},
		"Sub in its long form":                     {`{"Fn::Sub": "${Stage}"}`, "dev"},
		"Join":                                     {`!Join ["/", [a, !Ref Stage]]`, "a/dev"},
		"Join leaves out AWS::NoValue":             {`!Join ["/", [a, !Ref "AWS::NoValue", b]]`, "a/b"},
		"If takes the branch that holds":           {"!If [IsDev, yes-it-is, !Ref Nobody]", "yes-it-is"},
		"If in its long form":                      {`{"Fn::If": [IsDev, a, b]}`, "a"},
		"FindInMap":                                {"!FindInMap [Times, !Ref Stage, Seconds]", "7"},
		"a function in a function, both on a line": {`!Join [",", [!Sub "${Stage}", !GetAtt Work.QueueName]]`, "dev,shop-work"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := loadText(t, small+c.expr+"\n", Options{
				StackName: "shop", Region: "eu-west-1", AccountID: "123456789012",
				QueueURL: func(name string) string { return "http://127.0.0.1:9324/" + name },
				Attr: func(id, typ, attr string) (string, bool) {
					return "arn:from:caller", id == "Secret" && typ == "AWS::KMS::Key" && attr == "Arn"
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got.Outputs["Value"]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestErrorsAreOneLineWithThePlace(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"unknown function, short":         {small + "!Select [0, [a]]\n", "template.yaml:17: Outputs.Value.Value: function Select is not supported locally; supported are Ref, Sub, GetAtt, Join, If, Equals, FindInMap"},
		"unknown function, long":          {small + "{\"Fn::Split\": [a, b]}\n", "template.yaml:17: Outputs.Value.Value: function Split is not supported locally"},
		"unknown function deep inside":    {small + "!Join ['', [a, !Base64 b]]\n", "template.yaml:17: Outputs.Value.Value[1][1]: function Base64 is not supported"},
		"unknown reference":               {small + "!Ref Nobody\n", `template.yaml:17: Outputs.Value.Value: there is no parameter or resource "Nobody"`},
		"unknown reference in Sub":        {small + "!Sub '${Nobody.Arn}'\n", `there is no parameter or resource "Nobody"`},
		"unknown attribute":               {small + "!GetAtt Work.Colour\n", "attribute Colour of Work (AWS::SQS::Queue) has no local value"},
		"unknown condition":               {small + "!If [Nobody, a, b]\n", `there is no condition "Nobody"`},
		"missing mapping":                 {small + "!FindInMap [Times, prod, Seconds]\n", "Mappings has no Times.prod.Seconds"},
		"a reference in a circle":         {"Resources:\n  A:\n    Type: AWS::SQS::Queue\n    Properties: {QueueName: !GetAtt A.QueueName}\n", "circular reference through the name of A"},
		"a condition in a circle":         {"Conditions:\n  A: !Equals [!If [A, x, y], x]\nResources: {}\n", "circular reference through condition A"},
		"broken YAML":                     {"Resources:\n  A: [1, 2\nB: x\n", "not valid YAML"},
		"a key twice":                     {"Resources:\n  A: {Type: x}\n  A: {Type: y}\n", "template.yaml:3: not valid YAML"},
		"no resources":                    {"Description: x\n", "it has no Resources"},
		"no mapping at all":               {"- a\n", "not a template"},
		"an anchor":                       {"Resources:\n  A: &a {Type: x}\n", "are not supported; write the value out"},
		"a rule that is broken":           {"Parameters:\n  P: {Type: String, Default: x}\nRules:\n  R:\n    Assertions:\n      - Assert: !Equals [!Ref P, y]\n        AssertDescription: P must be y\nResources: {}\n", "template.yaml:6: Rules.R.Assertions[0]: P must be y"},
		"an event of an unknown type":     {fn("Type: S3\n          Properties: {Bucket: b}"), `event type "S3" is not supported locally`},
		"a cron schedule":                 {fn("Type: Schedule\n          Properties: {Schedule: cron(0 0 * * ? *)}"), "template.yaml:8: Resources.F.Properties.Events.E.Properties.Schedule: schedule \"cron(0 0 * * ? *)\" is not supported"},
		"a queue nobody has":              {fn("Type: SQS\n          Properties: {Queue: arn:aws:sqs:x}"), `"arn:aws:sqs:x" is the Arn of no AWS::SQS::Queue`},
		"a batch size that is no number":  {fn("Type: SQS\n          Properties: {Queue: q, BatchSize: many}"), `BatchSize must be a whole number, not "many"`},
		"a timeout that is no number":     {"Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties: {Timeout: soon}\n", `template.yaml:4: Resources.F.Properties.Timeout: Timeout must be a whole number`},
		"an Invoke nobody knows":          {"Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Metadata: {Invoke: me}\n", "Invoke must be authorizer or operator"},
		"an API without an authorizer":    {"Resources:\n  A:\n    Type: AWS::Serverless::Api\n    Properties: {StageName: s}\n", "no Auth.DefaultAuthorizer"},
		"a route with another authorizer": {fn("Type: Api\n          Properties: {Method: get, Path: /v1/x, Auth: {Authorizer: Other}}"), `the API's default authorizer, or NONE, not "Other"`},
		"a table without a key":           {"Resources:\n  T:\n    Type: AWS::DynamoDB::Table\n", "KeySchema is missing"},
		"a key that is no attribute":      {"Resources:\n  T:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      KeySchema: [{AttributeName: pk, KeyType: HASH}]\n", "key attribute pk is not in AttributeDefinitions"},
		"a stream of a table without one": {"Resources:\n  T:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]\n      KeySchema: [{AttributeName: pk, KeyType: HASH}]\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Events:\n        E:\n          Type: DynamoDB\n          Properties: {Stream: !GetAtt T.StreamArn, StartingPosition: LATEST}\n", "table T has no stream"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := loadText(t, c.text, Options{})
			if err == nil {
				t.Fatal("it was accepted")
			}
			if got := err.Error(); !strings.Contains(got, c.want) || strings.Contains(got, "\n") || !strings.HasPrefix(got, "template.yaml") {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	t.Run("no such file", func(t *testing.T) {
		_, err := Load(filepath.Join(t.TempDir(), "none.yaml"), Options{})
		if err == nil || !strings.HasSuffix(err.Error(), "none.yaml: there is no such file") {
			t.Errorf("got %v", err)
		}
	})
}

// fn is a template of one function with one event.
func fn(event string) string {
	return "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Events:\n        E:\n          " + event + "\n"
}

func TestRoutesAreOpenWhenTheySaySo(t *testing.T) {
	for auth, want := range map[string]bool{"": false, ", Auth: {Authorizer: NONE}": true, ", Auth: {ApiKeyRequired: false}": false} {
		got, err := loadText(t, fn("Type: Api\n          Properties: {Method: get, Path: /v1/x"+auth+"}"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]Route{{Method: "GET", Path: "/v1/x", Open: want}}, got.Functions[0].Routes); diff != "" {
			t.Errorf("%q: %s", auth, diff)
		}
	}
}

func TestRoutesAreMeteredAsTheAPISays(t *testing.T) {
	const api = `
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties: {StageName: dev, ApiKeySourceType: %s, Auth: {ApiKeyRequired: true, DefaultAuthorizer: A, Authorizers: {A: {FunctionPayloadType: TOKEN, FunctionArn: !GetAtt F.Arn}}}}
  Key: {Type: AWS::ApiGateway::ApiKey, Properties: {Enabled: %s, Value: !Join ["-", [!Ref Api.Stage, counts]]}}
  F:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        E: {Type: Api, Properties: {Method: get, Path: /v1/x%s}}
`
	for auth, want := range map[string]bool{"": true, ", Auth: {ApiKeyRequired: false}": false} {
		got, err := loadText(t, fmt.Sprintf(api, "AUTHORIZER", "true", auth), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got.Functions[0].Routes[0].Metered != want || !slices.Equal(got.API.UsageKeys, []string{"dev-counts"}) {
			t.Errorf("%q: %+v, keys %q", auth, got.Functions[0].Routes[0], got.API.UsageKeys)
		}
	}
	t.Run("a key that is switched off counts nothing", func(t *testing.T) {
		if got, err := loadText(t, fmt.Sprintf(api, "AUTHORIZER", "false", ""), Options{}); err != nil || len(got.API.UsageKeys) > 0 {
			t.Errorf("%q, %v", got.API.UsageKeys, err)
		}
	})
	t.Run("a key that callers send is refused", func(t *testing.T) {
		if _, err := loadText(t, fmt.Sprintf(api, "HEADER", "true", ""), Options{}); err == nil || !strings.Contains(err.Error(), "must be AUTHORIZER") {
			t.Errorf("got %v", err)
		}
	})
}

func TestParameterConstraints(t *testing.T) {
	const text = `
Parameters:
  Stage: {Type: String, Default: dev, AllowedValues: [dev, prod]}
  Url: {Type: String, Default: "http://a", AllowedPattern: "https?://[a-z]+", ConstraintDescription: must be a URL}
  Days: {Type: Number, Default: 7, MinValue: 1, MaxValue: 30}
  Name: {Type: String, Default: ab, MinLength: 2, MaxLength: 3}
Resources: {}
`
	for name, c := range map[string]struct {
		params map[string]string
		want   string // "" is accepted
	}{
		"defaults":                  {nil, ""},
		"all given":                 {map[string]string{"Stage": "prod", "Url": "https://b", "Days": "30", "Name": "abc"}, ""},
		"value not allowed":         {map[string]string{"Stage": "live"}, `Parameters.Stage: parameter Stage is "live": must be one of dev, prod`},
		"pattern must match it all": {map[string]string{"Url": "http://a/b"}, `parameter Url is "http://a/b": must be a URL`},
		"too small":                 {map[string]string{"Days": "0"}, "must be at least 1"},
		"too large":                 {map[string]string{"Days": "31"}, "must be at most 30"},
		"not a number":              {map[string]string{"Days": "x"}, "must be a number"},
		"too short":                 {map[string]string{"Name": "a"}, "must be at least this long: 2"},
		"too long":                  {map[string]string{"Name": "abcd"}, "must be at most this long: 3"},
		"unknown":                   {map[string]string{"Nmae": "x"}, `there is no parameter "Nmae"; the template has Stage, Url, Days, Name`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := loadText(t, text, Options{Parameters: c.params})
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	t.Run("without default", func(t *testing.T) {
		_, err := loadText(t, "Parameters:\n  P: {Type: String}\nResources: {}\n", Options{})
		if err == nil || !strings.Contains(err.Error(), "parameter P has no default; give it a value") {
			t.Errorf("got %v", err)
		}
	})
}

func TestGlobalsAreMerged(t *testing.T) {
	got, err := loadText(t, `
Globals:
  Function:
    Timeout: 10
    MemorySize: 256
    Environment: {Variables: {A: "1", B: "1", C: !Ref "AWS::NoValue"}}
Resources:
  DoThis:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: f
      Timeout: 5
      Environment: {Variables: {B: "2"}}
`, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []Function{{LogicalID: "DoThis", Name: "f", Folder: "do-this", Timeout: 5 * time.Second, MemoryMB: 256, Env: map[string]string{"A": "1", "B": "2"}}}
	if diff := cmp.Diff(want, got.Functions); diff != "" {
		t.Error(diff)
	}
}

func TestResourcesUnderAFalseConditionDoNotExist(t *testing.T) {
	const text = `
Parameters: {P: {Type: String, Default: no}}
Conditions: {Yes: !Equals [!Ref P, yes]}
Resources:
  Q: {Type: AWS::SQS::Queue, Condition: Yes}
`
	got, err := loadText(t, text, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Queues) != 0 {
		t.Errorf("got %v", got.Queues)
	}
	if _, err = loadText(t, text+"Outputs: {O: {Value: !Ref Q}}\n", Options{}); err == nil || !strings.Contains(err.Error(), "Q does not exist under condition Yes") {
		t.Errorf("got %v", err)
	}
}
