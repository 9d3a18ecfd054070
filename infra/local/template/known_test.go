package template

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestConditions(t *testing.T) {
	const head = "Parameters: {A: {Type: String, Default: x}, B: {Type: String, Default: \"\"}}\nConditions:\n  IsX: !Equals [!Ref A, x]\n  HasB: !Not [!Equals [!Ref B, \"\"]]\n  C: "
	const tail = "\nResources: {Q: {Type: AWS::SQS::Queue, Condition: C}}\n"
	for name, c := range map[string]struct {
		expr, wrong string
		want        bool
	}{
		"Not":                             {expr: "!Not [!Condition HasB]", want: true},
		"And of both":                     {expr: "!And [!Condition IsX, !Condition HasB]"},
		"Or of both":                      {expr: "!Or [!Condition IsX, !Condition HasB]", want: true},
		"the long form":                   {expr: `{"Fn::And": [{Condition: IsX}, {"Fn::Not": [{Condition: HasB}]}]}`, want: true},
		"another one by its name":         {expr: "!Condition IsX", want: true},
		"Not of two":                      {expr: "!Not [!Condition IsX, !Condition HasB]", wrong: "Not takes a list of 1 to 1"},
		"And of one":                      {expr: "!And [!Condition IsX]", wrong: "And takes a list of 2 to 10"},
		"a text":                          {expr: "yes", wrong: "want a condition"},
		"a circle":                        {expr: "!Not [!Condition C]", wrong: "circular reference through condition C"},
		"another one that does not exist": {expr: "!Not [!Condition D]", wrong: `there is no condition "D"`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := loadText(t, head+c.expr+tail, Options{})
			switch {
			case c.wrong != "":
				if err == nil || !strings.Contains(err.Error(), c.wrong) {
					t.Errorf("got %v, want %s", err, c.wrong)
				}
			case err != nil:
				t.Error(err)
			case (len(got.Queues) == 1) != c.want:
				t.Errorf("%d queues", len(got.Queues))
			}
		})
	}
}

func TestMisspeltNamesAreTold(t *testing.T) {
	table := func(more string) string {
		return "Resources:\n  T:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]\n      KeySchema: [{AttributeName: pk, KeyType: HASH}]\n      " + more + "\n"
	}
	for name, c := range map[string]struct{ text, want string }{
		"of a function":           {"Resources:\n  F: {Type: AWS::Serverless::Function, Properties: {TimeOut: 3}}\n", `Resources.F.Properties.TimeOut: AWS::Serverless::Function has no property "TimeOut"; did you mean Timeout?`},
		"of a function's globals": {"Globals: {Function: {MemorySizes: 3}}\nResources:\n  F: {Type: AWS::Serverless::Function}\n", `has no property "MemorySizes"; did you mean MemorySize?`},
		"of an event":             {fn("Type: SQS\n          Properties: {Queue: q, BatchSiz: 3}"), `an event of type SQS has no property "BatchSiz"; did you mean BatchSize?`},
		"of a route":              {fn("Type: Api\n          Properties: {Methd: get, Path: /x}"), `an event of type Api has no property "Methd"; did you mean Method?`},
		"of a queue":              {"Resources:\n  Q: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeOuts: 3}}\n", `did you mean VisibilityTimeout?`},
		"of a redrive policy":     {"Resources:\n  Q: {Type: AWS::SQS::Queue, Properties: {RedrivePolicy: {deadLetterTargetARN: q, maxReceivesCount: 3}}}\n", `RedrivePolicy has no property "deadLetterTargetARN"; did you mean deadLetterTargetArn?`},
		"of a table":              {table("DeletionProtection: true"), `AWS::DynamoDB::Table has no property "DeletionProtection"`},
		"under a table":           {table("PointInTimeRecoverySpecification: {PointInTimeRecoverEnabled: true}"), `did you mean PointInTimeRecoveryEnabled?`},
		"of a table's index":      {table("GlobalSecondaryIndexes: [{IndexNam: x}]"), `GlobalSecondaryIndexes has no property "IndexNam"; did you mean IndexName?`},
		"of a type":               {"Resources:\n  Q: {Type: AWS::SQS::Queu}\n", `is of type "AWS::SQS::Queu", which is not known locally; did you mean AWS::SQS::Queue?`},
		"of an attribute":         {"Resources:\n  Q: {Type: AWS::SQS::Queue, DeletePolicy: Retain}\n", `a resource has no attribute "DeletePolicy"; did you mean DeletionPolicy?`},
		"of nothing that is":      {"Resources:\n  Q: {Type: AWS::SQS::Queue, Properties: {Colour: red}}\n", `AWS::SQS::Queue has no property "Colour"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := loadText(t, c.text, Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// What only a deployment has is read over: aliases and canaries, protection, plans, alarms and nested stacks.
func TestWhatDoesNotRunHereIsReadOver(t *testing.T) {
	got, err := loadText(t, `
Parameters:
  Stage: {Type: String, Default: dev}
  Protect: {Type: String, Default: "false"}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  Protected: !Or [!Condition IsProd, !Equals [!Ref Protect, "true"]]
Globals:
  Function:
    AutoPublishAlias: live
    DeploymentPreference:
      Type: !If [IsProd, Canary10Percent5Minutes, AllAtOnce]
      Alarms: !If [IsProd, [!Ref Failures], !Ref "AWS::NoValue"]
Resources:
  Do:
    Type: AWS::Serverless::Function
    Properties: {Environment: {Variables: {ME: !Ref Do.Alias, V: !Ref Do.Version, S: !Ref Api.Stage, T: !GetAtt Alarms.Outputs.Topic}}}
  Door: {Type: AWS::Serverless::Function, Metadata: {Invoke: authorizer}}
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: !Ref Stage
      Auth: {DefaultAuthorizer: A, Authorizers: {A: {FunctionPayloadType: TOKEN, FunctionArn: !Ref Door.Alias}}}
  T:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      TableName: t
      DeletionProtectionEnabled: !If [Protected, true, false]
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 35}
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
  Failures: {Type: AWS::CloudWatch::Alarm, Condition: IsProd, Properties: {MetricName: x, AlarmActions: [!Ref Topic]}}
  Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: !Sub "${AWS::StackName}-alarms"}}
  Alarms: {Type: AWS::Serverless::Application, Properties: {Location: infra/alarms.yaml, Parameters: {Api: !Ref Api}}}
  Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: x, Parameters: {Topic: !Ref Topic}}}
  Key: {Type: AWS::ApiGateway::ApiKey, DependsOn: Api, Properties: {Enabled: true}}
  Plan: {Type: AWS::ApiGateway::UsagePlan, Properties: {ApiStages: [{ApiId: !Ref Api, Stage: !Ref Api.Stage}]}}
  PlanKey: {Type: AWS::ApiGateway::UsagePlanKey, Properties: {KeyId: !Ref Key, KeyType: API_KEY, UsagePlanId: !Ref Plan}}
`, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"ME": "arn:aws:lambda:us-east-1:000000000000:function:fairlead-Do:live", "V": "arn:aws:lambda:us-east-1:000000000000:function:fairlead-Do:1", "S": "dev", "T": "fairlead-Alarms.Outputs.Topic"}
	if diff := cmp.Diff(want, got.Functions[0].Env); diff != "" {
		t.Error(diff)
	}
	if len(got.Functions) != 2 || len(got.Tables) != 1 || got.API.Authorizer.Function != "Door" {
		t.Errorf("got %+v", got)
	}
}
