package template

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What only a deployment to AWS could show (a table that is not deleted, a version that goes back, a key that stays
// shut) is held here to what the template says of it.

// deployed are the resources of our template, resolved.
func deployed(t *testing.T, parameters map[string]string) *builder {
	t.Helper()
	b, err := resolved(filepath.Join(root, "template.yaml"), Options{Parameters: parameters})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *builder) of(types ...string) []resource {
	return slices.DeleteFunc(slices.Clone(b.resources), func(r resource) bool { return !slices.Contains(types, r.typ) })
}

func TestWhatIsKeptOutlivesTheStack(t *testing.T) {
	for _, r := range deployed(t, nil).of("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key") {
		want := "Retain"
		if r.id == "LimitsTable" { // leases and limits of a few minutes
			want = "Delete"
		}
		if d, u := text(r.all.get("DeletionPolicy")), text(r.all.get("UpdateReplacePolicy")); d != want || u != want {
			t.Errorf("%s: deletion policy %q, update replace policy %q, want %s", r.id, d, u, want)
		}
	}
}

func TestTablesAreProtectedUnlessToldOtherwise(t *testing.T) {
	for given, parameters := range map[string]map[string]string{"true": nil, "false": {"ProtectData": "false"}} {
		for _, r := range deployed(t, parameters).of("AWS::DynamoDB::Table") {
			want := given
			if r.id == "LimitsTable" {
				want = ""
			}
			if p := text(r.props.get("DeletionProtectionEnabled")); p != want {
				t.Errorf("ProtectData %s, %s: deletion protection %q", given, r.id, p)
			}
			if p := text(r.props.at("PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled")); p != want {
				t.Errorf("ProtectData %s, %s: point-in-time recovery %q", given, r.id, p)
			}
		}
	}
	_, err := Load(filepath.Join(root, "template.yaml"), Options{Parameters: map[string]string{"Stage": "prod", "ProtectData": "false"}})
	if err == nil || !strings.Contains(err.Error(), "ProtectData must be true on the prod stage") {
		t.Errorf("prod without protection: %v", err)
	}
}

func TestNothingInvokesAFunctionPastItsAlias(t *testing.T) {
	b := deployed(t, map[string]string{"Rollout": "Canary10Percent5Minutes"})
	functions := b.of("AWS::Serverless::Function")
	for _, f := range functions {
		if text(f.props.get("AutoPublishAlias")) != "live" || text(f.props.get("AutoPublishAliasAllProperties")) != "true" {
			t.Errorf("%s: a change of its code or settings publishes no version behind the alias live", f.id)
		}
		if got := text(f.props.at("DeploymentPreference", "Type")); got != "Canary10Percent5Minutes" {
			t.Errorf("%s rolls out %q", f.id, got)
		}
	}
	if arn := text(b.of("AWS::Serverless::Api")[0].props.at("Auth", "Authorizers", "KeyAuthorizer", "FunctionArn")); !strings.HasSuffix(arn, ":function:fairlead-authorizer:live") {
		t.Errorf("the authorizer is %s", arn)
	}
	for name, value := range b.t.Outputs {
		for _, f := range functions {
			if deployedName := text(f.props.get("FunctionName")); strings.HasSuffix(value, deployedName) {
				t.Errorf("output %s names %s without its alias", name, value)
			}
		}
	}
}

func TestARolloutGoesBackByAlarmsThatExist(t *testing.T) {
	for _, f := range deployed(t, map[string]string{"Rollout": "AllAtOnce"}).of("AWS::Serverless::Function") {
		if named := (&reader{n: f.props.get("DeploymentPreference")}).list("Alarms"); len(named) != 0 {
			t.Errorf("%s can't be mended while one of %v is on", f.id, named)
		}
	}
	b := deployed(t, map[string]string{"Rollout": "Canary10Percent5Minutes"})
	nested := b.of("AWS::CloudFormation::Stack")
	if len(nested) != 1 || text(nested[0].props.get("TemplateURL")) != "infra/alarms.yaml" {
		t.Fatalf("the alarms are not nested: %v", nested)
	}
	given := map[string]string{}
	for _, f := range nested[0].props.get("Parameters").fields {
		given[f.key] = text(f.val)
	}
	alarms, err := resolved(filepath.Join(root, "infra/alarms.yaml"), Options{Parameters: given})
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, a := range alarms.of("AWS::CloudWatch::Alarm") {
		known[text(a.props.get("AlarmName"))] = true
	}
	// A function that can't start tells nothing: these are counted by AWS.
	outside := []string{"fairlead-gateway-errors", "fairlead-function-errors"}
	for _, f := range b.of("AWS::Serverless::Function") {
		named := (&reader{n: f.props.get("DeploymentPreference")}).list("Alarms")
		for _, name := range outside {
			if !slices.Contains(named, name) {
				t.Errorf("%s rolls out without %s", f.id, name)
			}
		}
		if len(named) > 10 { // CodeDeploy takes ten
			t.Errorf("%s rolls out by %d alarms", f.id, len(named))
		}
		for _, name := range named {
			if !known[name] {
				t.Errorf("%s rolls out by %q, which is no alarm", f.id, name)
			}
		}
	}
}

func TestTheGuideToDeployingTellsEveryParameter(t *testing.T) {
	guide, err := os.ReadFile(filepath.Join(root, "infra/docs/deploy.md"))
	if err != nil {
		t.Fatal(err)
	}
	parameters := deployed(t, nil).e.params
	for name, value := range parameters {
		if value = "`" + value + "`"; value == "``" {
			value = "empty"
		}
		if row := "| `" + name + "` | " + value + " |"; !strings.Contains(string(guide), "\n"+row) {
			t.Errorf("no line in deploy.md begins with %q", row)
		}
	}
	if rows := strings.Count(string(guide), "\n| `"); rows < len(parameters) {
		t.Errorf("%d lines for %d parameters", rows, len(parameters))
	}
}

// usesOfTheKey are what opens or makes something with a KMS key, or lets somebody do so. All other actions administer it.
var usesOfTheKey = []string{"kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"}

func TestTheDataKeyOpensForItsFunctionsAlone(t *testing.T) {
	b := deployed(t, nil)
	for _, s := range b.of("AWS::KMS::Key")[0].props.at("KeyPolicy", "Statement").items {
		r := &reader{n: s}
		conditions := s.get("Condition")
		restricted := text(conditions.at("StringEquals", "aws:PrincipalTag/fairlead-data-key")) == "fairlead" && text(conditions.at("Null", "kms:EncryptionContext:tenant")) == "false"
		for _, granted := range r.list("Action") {
			for _, use := range usesOfTheKey {
				if prefix, wild := strings.CutSuffix(granted, "*"); (granted == use || wild && strings.HasPrefix(use, prefix)) && !restricted {
					t.Errorf("statement %s lets everybody in the account %s", text(s.get("Sid")), use)
				}
			}
		}
		if r.err != nil {
			t.Fatal(r.err)
		}
	}
	var tagged, users []string
	for _, role := range b.of("AWS::IAM::Role") {
		if tags := role.props.get("Tags"); tags != nil && slices.ContainsFunc(tags.items, func(n *node) bool {
			return text(n.get("Key")) == "fairlead-data-key" && text(n.get("Value")) == "fairlead"
		}) {
			tagged = append(tagged, role.id)
		}
	}
	tpl := ours(t, nil)
	for _, f := range tpl.Functions {
		if len(f.granted(tpl.Keys[0].ARN)) > 0 {
			users = append(users, f.LogicalID+"Role")
		}
	}
	if diff := cmp.Diff(users, tagged); diff != "" || len(users) == 0 {
		t.Errorf("roles that may use the key by their policy (-), and by their tag (+):\n%s", diff)
	}
}

func TestTheStackIsNoLargerThanCloudFormationTakes(t *testing.T) {
	const most = 500 // resources of a stack: AWS CloudFormation quotas
	b := deployed(t, nil)
	n := len(b.resources) + 4 // deployment and stage of the API; application and role of CodeDeploy
	for _, f := range b.of("AWS::Serverless::Function") {
		n += 3 // version, alias, deployment group
		if events := f.props.get("Events"); events != nil {
			n += 2 * len(events.fields) // at most a mapping or rule, and a permission
		}
	}
	if t.Logf("%d resources at most", n); n > most {
		t.Errorf("%d resources: a stack has at most %d", n, most)
	}
}

// SAM makes a version when the function's zip or the text of its block changes, and looks at no parameter's value: a change of
// parameters alone would leave the alias on the version that has the old ones.
func TestAChangeOfParametersMakesVersions(t *testing.T) {
	cmd := exec.Command("make", "-n", "build-Wake", "ARTIFACTS_DIR=out")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil || !strings.Contains(string(out), `cp samconfig.toml "out/"`) {
		t.Errorf("the parameters are in no zip (%v): %s", err, out)
	}
}
