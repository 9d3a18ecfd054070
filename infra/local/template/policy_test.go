package template

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// granted is what a function's role allows on one resource.
func (f Function) granted(resource string) []string {
	var out []string
	for _, actions := range f.grants(resource) {
		out = append(out, actions...)
	}
	slices.Sort(out)
	return out
}

// grants are what a function's role allows on one resource, by the keys that it is bound to; "" is every key.
func (f Function) grants(resource string) map[string][]string {
	out := map[string][]string{}
	for _, s := range f.Policies {
		if slices.Contains(s.Resources, resource) {
			keys := strings.Join(s.LeadingKeys, " ")
			out[keys] = append(out[keys], s.Actions...)
		}
	}
	return out
}

// bounds name the keys that a grant may be bound to as calls does.
var bounds = map[string]string{"": "", "AUDIT#*": "/audit"}

const testAccount = ":us-east-1:000000000000:"

// existing are the ARNs that policies may name: those of the template's own resources.
func existing(tpl *Template) map[string]bool {
	out := map[string]bool{}
	for _, t := range tpl.Tables {
		arn := "arn:aws:dynamodb" + testAccount + "table/" + t.Name
		out[arn] = true
		for _, i := range t.Indexes {
			out[arn+"/index/"+i.Name] = true
		}
		if t.StreamView != "" {
			out[arn+"/stream/local"] = true
		}
	}
	for _, q := range tpl.Queues {
		out["arn:aws:sqs"+testAccount+q.Name] = true
	}
	for _, b := range tpl.Buckets {
		out["arn:aws:s3:::"+b.Name+"/*"] = true // objects have no ARNs of their own to name
		out["arn:aws:s3:::"+b.Name] = true      // to list them
		out[downloads(b.Name)] = true
	}
	for _, k := range tpl.Keys {
		out[k.ARN] = true
	}
	return out
}

// downloads are the objects that links are made for; a lifecycle rule removes them.
func downloads(bucket string) string { return "arn:aws:s3:::" + bucket + "/files/*" }

func TestPoliciesAreSingleActionsOnWhatExists(t *testing.T) {
	tpl := ours(t, nil)
	known := existing(tpl)
	action := regexp.MustCompile(`^(dynamodb|sqs|s3|kms|logs):[A-Z][A-Za-z]+$`)
	for _, f := range tpl.Functions {
		logs := "arn:aws:logs" + testAccount + "log-group:" + f.LogGroup + ":*" // its streams
		if diff := cmp.Diff([]string{"logs:CreateLogStream", "logs:PutLogEvents"}, f.granted(logs)); diff != "" {
			t.Errorf("%s and its log group: %s", f.LogicalID, diff)
		}
		for _, s := range f.Policies {
			for _, a := range s.Actions {
				if !action.MatchString(a) {
					t.Errorf("%s: action %q is not a single one", f.LogicalID, a)
				}
			}
			for _, r := range s.Resources {
				if r != logs && !known[r] {
					t.Errorf("%s: there is no %q in the template", f.LogicalID, r)
				}
				service := strings.Split(r, ":")[2]
				if slices.ContainsFunc(s.Actions, func(a string) bool { return !strings.HasPrefix(a, service+":") }) {
					t.Errorf("%s: actions %v on %s", f.LogicalID, s.Actions, r)
				}
			}
		}
	}
}

// stores names the ARNs of tables, indexes, the stream, the bucket, its downloads and the key as calls does.
func stores(tpl *Template) map[string]string {
	out := map[string]string{}
	for _, t := range tpl.Tables {
		arn := "arn:aws:dynamodb" + testAccount + "table/" + t.Name
		out[arn] = t.LogicalID
		for _, i := range t.Indexes {
			out[arn+"/index/"+i.Name] = t.LogicalID + "/" + i.Name
		}
		out[arn+"/stream/local"] = t.LogicalID + "/stream"
	}
	for _, b := range tpl.Buckets {
		out["arn:aws:s3:::"+b.Name+"/*"] = b.LogicalID
		out["arn:aws:s3:::"+b.Name] = b.LogicalID + "/list"
		out[downloads(b.Name)] = b.LogicalID + "/files"
	}
	for _, k := range tpl.Keys {
		out[k.ARN] = k.LogicalID
	}
	return out
}

func TestPoliciesGrantWhatTheCodeCallsAndNoMore(t *testing.T) {
	tpl := ours(t, nil)
	names := stores(tpl)
	for _, f := range tpl.Functions {
		t.Run(f.Folder, func(t *testing.T) {
			var want, got []string
			for line := range strings.Lines(calls[f.LogicalID]) {
				name, actions, _ := strings.Cut(strings.TrimSpace(line), ": ")
				for a := range strings.FieldsSeq(actions) {
					want = append(want, name+" "+a)
				}
			}
			for arn, name := range names {
				for keys, actions := range f.grants(arn) {
					bound, known := bounds[keys]
					if !known {
						t.Errorf("%v on %s is bound to the keys %q, which no code uses", actions, name, keys)
					}
					for _, a := range actions {
						_, action, _ := strings.Cut(a, ":")
						got = append(got, name+bound+" "+action)
					}
				}
			}
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("called (-) and granted (+) differ:\n%s", diff)
			}
		})
	}
}

// A misspelt condition binds nothing, at AWS as well: ForAllValues holds where its key is not in a request.
func TestConditionsThatBindNothingAreRefused(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range [][2]string{{"dynamodb:LeadingKeys", "dynamodb:LeadingKey"}, {"ForAllValues:StringLike", "ForAllValue:StringLike"}, {"kms:EncryptionContext:tenant", "kms:EncryptionContext:tenat"}} {
		file := filepath.Join(t.TempDir(), "template.yaml")
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), wrong[0], wrong[1])), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(file, Options{}); err == nil || !strings.Contains(err.Error(), "of a statement is not known") {
			t.Errorf("%s: %v", wrong[1], err)
		}
	}
}

// What an operator's function writes into Accounts is the audit, unless it is there to change a tenant.
func TestOperatorsWriteNothingButTheAudit(t *testing.T) {
	tpl := ours(t, nil)
	changes := []string{"CreateTenant", "UpdateTenant", "EraseTenantData"}
	var accounts string
	for arn, name := range stores(tpl) {
		if name == "AccountsTable" {
			accounts = arn
		}
	}
	for _, f := range tpl.Functions {
		if f.Invoke != InvokeOperator || slices.Contains(changes, f.LogicalID) {
			continue
		}
		for _, a := range []string{"dynamodb:PutItem", "dynamodb:UpdateItem"} {
			if !slices.Contains(f.grants(accounts)["AUDIT#*"], a) {
				t.Errorf("%s may not %s the audit", f.LogicalID, a)
			}
		}
		for _, a := range f.grants(accounts)[""] {
			if !slices.Contains([]string{"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}, a) {
				t.Errorf("%s may %s whatever is in %s", f.LogicalID, a, accounts)
			}
		}
	}
}

// A queue in a function's environment is one it sends to, and the other way round; a source is one it consumes.
func TestQueuesInEnvironmentPoliciesAndSourcesAgree(t *testing.T) {
	tpl := ours(t, nil)
	for _, f := range tpl.Functions {
		t.Run(f.Folder, func(t *testing.T) {
			for _, q := range tpl.Queues {
				role := strings.TrimPrefix(q.Name, "fairlead-")
				variable := "QUEUE_" + constant(role)
				if source, dead := strings.CutSuffix(role, "-dlq"); dead {
					variable = "DLQ_" + constant(source)
				}
				actions := f.granted("arn:aws:sqs" + testAccount + q.Name)
				url, named := f.Env[variable]
				if named && !strings.HasSuffix(url, "/"+q.Name) {
					t.Errorf("%s is %s, want the URL of %s", variable, url, q.Name)
				}
				if sends := slices.Contains(actions, "sqs:SendMessage"); sends != named {
					t.Errorf("%s: in the environment %v, may send %v", q.LogicalID, named, sends)
				}
				source := slices.ContainsFunc(f.Queues, func(s QueueSource) bool { return s.Queue == q.LogicalID })
				if of, dead := strings.CutSuffix(role, "-dlq"); dead { // an operator reads it
					_, reads := f.Env["GRAVE_"+constant(of)]
					source = source || reads
				}
				for _, a := range []string{"sqs:ReceiveMessage", "sqs:DeleteMessage"} {
					if slices.Contains(actions, a) != source {
						t.Errorf("%s: is a source %v, may %s %v", q.LogicalID, source, a, !source)
					}
				}
				watched := slices.ContainsFunc(strings.Split(f.Env["WATCHED_QUEUES"], ","), func(url string) bool { return strings.HasSuffix(url, "/"+q.Name) })
				if may := slices.Contains(actions, "sqs:GetQueueAttributes"); may != (source || watched) {
					t.Errorf("%s: is a source %v, is watched %v, may be asked for its attributes %v", q.LogicalID, source, watched, may)
				}
				if f.LogicalID == "Wake" && !watched {
					t.Errorf("the depth of %s is not measured", q.LogicalID)
				}
				if source && f.Env["DLQ_"+constant(role)] == "" && !strings.HasSuffix(role, "-dlq") {
					t.Errorf("%s is a source, and its dead-letter queue is not in the environment", q.LogicalID)
				}
			}
			for variable := range f.Env {
				if strings.HasPrefix(variable, "QUEUE_") || strings.HasPrefix(variable, "DLQ_") {
					if !slices.ContainsFunc(tpl.Queues, func(q Queue) bool { return strings.HasSuffix(f.Env[variable], "/"+q.Name) }) {
						t.Errorf("%s names no queue", variable)
					}
				}
			}
		})
	}
}

// constant turns callback-retries into CALLBACK_RETRIES.
func constant(role string) string { return strings.ToUpper(strings.ReplaceAll(role, "-", "_")) }

func TestTheEnvironmentNamesWhatExists(t *testing.T) {
	tpl := ours(t, nil)
	for _, f := range tpl.Functions {
		for _, table := range tpl.Tables {
			variable := "TABLE_" + strings.ToUpper(strings.TrimSuffix(table.LogicalID, "Table"))
			if f.Env[variable] != table.Name {
				t.Errorf("%s: %s is %q, want %q", f.LogicalID, variable, f.Env[variable], table.Name)
			}
		}
		for variable, want := range map[string]string{
			"LABEL_BUCKET": tpl.Buckets[0].Name, "DATA_KEY_ID": tpl.Keys[0].ID, "STAGE": "dev", "STACK": "fairlead", "TIME_SET": "standard", "LOG_LEVEL": "INFO",
			"UPS_TEST_URL": "https://wwwcie.ups.com", "UPS_LIVE_URL": "https://onlinetools.ups.com",
		} {
			if f.Env[variable] != want {
				t.Errorf("%s: %s is %q, want %q", f.LogicalID, variable, f.Env[variable], want)
			}
		}
	}
}

// The stream announces, nothing else: what answers the API commits by a conditional write and sends no message.
func TestFunctionsThatAnswerTheAPISendNothing(t *testing.T) {
	for _, f := range ours(t, nil).Functions {
		if len(f.Routes) == 0 {
			continue
		}
		for _, s := range f.Policies {
			for _, a := range s.Actions {
				if strings.HasPrefix(a, "sqs:") {
					t.Errorf("%s answers the API and may %s", f.LogicalID, a)
				}
			}
		}
	}
}

// What a function may do with the data key it may do for a tenant only: without the context a wrapped key opens for
// nobody, and who asks without it is not code of ours.
func TestTheDataKeyIsNeverUsedWithoutATenant(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	const grant, bound = "Resource: !GetAtt DataKey.Arn", `Condition: {"Null": {"kms:EncryptionContext:tenant": "false"}}`
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		if strings.TrimSpace(line) == grant && !strings.HasPrefix(strings.TrimSpace(lines[i+1]), bound) {
			t.Errorf("line %d grants the key without a tenant", i+1)
		}
	}
	if got := strings.Count(string(text), grant); got == 0 {
		t.Error("nothing grants the key: the test looks for other words than the template has")
	}
}

func TestEveryQueueIsAnOutput(t *testing.T) {
	tpl := ours(t, nil)
	for _, q := range tpl.Queues {
		if tpl.Outputs[q.LogicalID] == "" {
			t.Errorf("an operator does not find %s among the outputs", q.LogicalID)
		}
	}
}
