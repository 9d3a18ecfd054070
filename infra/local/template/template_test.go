package template

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/batch"
	"github.com/fairlead/fairlead/shared/booking"
)

// root is the repository.
const root = "../../.."

// ours loads the repository's own template.
func ours(t *testing.T, parameters map[string]string) *Template {
	t.Helper()
	got, err := Load(filepath.Join(root, "template.yaml"), Options{Parameters: parameters})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestEveryFunctionHasAFolderAnEventFileAndASource(t *testing.T) {
	tpl := ours(t, nil)
	var folders []string
	for _, f := range tpl.Functions {
		folders = append(folders, f.Folder)
		t.Run(f.Folder, func(t *testing.T) {
			if _, err := os.Stat(filepath.Join(root, "functions", f.Folder, "main.go")); err != nil {
				t.Errorf("function %s has no functions/%s/main.go", f.LogicalID, f.Folder)
			}
			if files, _ := filepath.Glob(filepath.Join(root, "events", f.Folder, "*.json")); len(files) == 0 {
				t.Errorf("function %s has no event in events/%s/", f.LogicalID, f.Folder)
			}
			sources := len(f.Routes) + len(f.Queues) + len(f.Streams) + len(f.Schedules)
			if (sources > 0) == (f.Invoke != "") {
				t.Errorf("function %s has %d routes and event sources, and Metadata Invoke %q: want one or the other", f.LogicalID, sources, f.Invoke)
			}
			if (f.Invoke == InvokeAuthorizer) != (tpl.API.Authorizer.Function == f.LogicalID) {
				t.Errorf("function %s has Metadata Invoke %q; the API's authorizer is %s", f.LogicalID, f.Invoke, tpl.API.Authorizer.Function)
			}
			if want := "fairlead-" + f.Folder; f.Name != want {
				t.Errorf("deployed name is %s, want %s", f.Name, want)
			}
		})
	}
	for _, dir := range []string{"functions", "events"} {
		t.Run("every folder in "+dir+" is a function's", func(t *testing.T) {
			entries, err := os.ReadDir(filepath.Join(root, dir))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if e.IsDir() && !slices.Contains(folders, e.Name()) {
					t.Errorf("%s/%s belongs to no function of template.yaml", dir, e.Name())
				}
			}
		})
	}
}

func TestTimesAgreeWithTheProtocol(t *testing.T) {
	for _, set := range []string{"standard", "short"} {
		t.Run(set, func(t *testing.T) {
			times, err := booking.TimeSet(set)
			if err != nil {
				t.Fatal(err)
			}
			tpl := ours(t, map[string]string{"TimeSet": set})
			reader := map[string]Function{}
			for _, f := range tpl.Functions {
				for _, s := range f.Queues {
					if other, taken := reader[s.Queue]; taken {
						t.Errorf("%s is read by %s and %s", s.Queue, other.LogicalID, f.LogicalID)
					}
					reader[s.Queue] = f
					most := 10
					if s.Queue == "BatchesQueue" {
						most = 1 // each is work for a whole invocation
					}
					if s.BatchSize != most || s.Window > time.Second || !s.ReportBatchItemFailures || s.MaxConcurrency < 2 || !s.Enabled {
						t.Errorf("%s of %s: want %d messages, a window of at most 1 s, partial failures and a maximum concurrency: %+v", s.Queue, f.LogicalID, most, s)
					}
				}
				if len(f.Queues) > 0 && f.Timeout != times.WorkerTimeout {
					t.Errorf("%s has a timeout of %s, want %s", f.LogicalID, f.Timeout, times.WorkerTimeout)
				}
			}
			for _, q := range tpl.Queues {
				f, read := reader[q.LogicalID]
				if !read {
					if q.DLQ != "" || !strings.HasSuffix(q.Name, "-dlq") {
						t.Errorf("nobody reads %s", q.LogicalID)
					}
					continue
				}
				if q.Visibility != 6*f.Timeout || q.Visibility != times.Visibility || q.MaxReceive != 5 {
					t.Errorf("%s: visibility %s with timeout %s, %d receives; want six times and 5", q.LogicalID, q.Visibility, f.Timeout, q.MaxReceive)
				}
			}
		})
	}
}

func TestEveryQueueHasADeadLetterQueueThatKeepsLonger(t *testing.T) {
	tpl := ours(t, nil)
	byID := map[string]Queue{}
	for _, q := range tpl.Queues {
		byID[q.LogicalID] = q
	}
	for _, q := range tpl.Queues {
		if strings.HasSuffix(q.Name, "-dlq") {
			continue
		}
		d, ok := byID[q.DLQ]
		if !ok || d.Name != q.Name+"-dlq" || q.DLQName != d.Name || d.Retention <= q.Retention {
			t.Errorf("%s keeps messages for %s; its dead-letter queue is %q for %s", q.Name, q.Retention, d.Name, d.Retention)
		}
	}
}

func TestTheStreamIsRelayedWithoutEndAndWithoutLoss(t *testing.T) {
	tpl := ours(t, nil)
	i := slices.IndexFunc(tpl.Functions, func(f Function) bool { return f.LogicalID == "RelayEvents" })
	want := []StreamSource{{
		Table: "ShipmentsTable", TableName: "fairlead-shipments", StartingPosition: "TRIM_HORIZON", BatchSize: 100,
		Retries: -1, Bisect: true, ReportBatchItemFailures: true, Enabled: true, Patterns: tpl.Functions[i].Streams[0].Patterns,
	}}
	if diff := cmp.Diff(want, tpl.Functions[i].Streams); diff != "" {
		t.Error(diff)
	}
	for status, passes := range map[booking.Status]bool{
		booking.Draft: false, booking.Pending: true, booking.Booking: false, booking.Booked: true, booking.Failed: true, booking.Unknown: true,
		booking.Cancelling: true, booking.Cancelled: true, booking.CancelledLocally: true,
	} {
		record := []byte(`{"dynamodb":{"NewImage":{"st":{"S":"` + string(status) + `"}}}}`)
		got, err := Match(want[0].Patterns[0], record)
		if err != nil || got != passes || len(want[0].Patterns) != 2 {
			t.Errorf("%s: relayed %v (%v), want %v", status, got, err, passes)
		}
	}
	for status, passes := range map[batch.Status]bool{batch.Processing: true, batch.Created: false, batch.Cancelling: true, batch.Cancelled: false} {
		record := []byte(`{"dynamodb":{"NewImage":{"bs":{"S":"` + string(status) + `"}}}}`)
		if got, err := Match(want[0].Patterns[1], record); err != nil || got != passes {
			t.Errorf("a batch that is %s: relayed %v (%v), want %v", status, got, err, passes)
		}
	}
}

func TestRoutesAreThoseOfTheContract(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(root, "infra/openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var contract struct {
		Paths map[string]map[string]any `yaml:"paths"` // operations, and what they share
	}
	if err := yaml.Unmarshal(b, &contract); err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for path, operations := range contract.Paths {
		for method, operation := range operations {
			if m := strings.ToUpper(method); slices.Contains([]string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}, m) {
				want = append(want, m+" "+path+open(openTo(operation)))
			}
		}
	}
	for _, f := range ours(t, nil).Functions {
		for _, r := range f.Routes {
			got = append(got, r.Method+" "+r.Path+open(r.Open))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("infra/openapi.yaml (-) and template.yaml (+) differ:\n%s", diff)
	}
}

// openTo tells whether an operation of the contract needs no key.
func openTo(operation any) bool {
	o, _ := operation.(map[string]any)
	security, said := o["security"].([]any)
	return said && len(security) == 0
}

func open(is bool) string {
	if is {
		return " (no key)"
	}
	return ""
}

func TestEveryFunctionHasALogGroupWithRetention(t *testing.T) {
	tpl := ours(t, map[string]string{"LogRetentionDays": "14"})
	for _, f := range tpl.Functions {
		i := slices.IndexFunc(tpl.LogGroups, func(g LogGroup) bool { return g.Name == f.LogGroup })
		if i < 0 || f.LogGroup != "/aws/lambda/"+f.Name || tpl.LogGroups[i].RetentionDays != 14 {
			t.Errorf("%s logs to %q: want its own group with a retention", f.LogicalID, f.LogGroup)
		}
	}
	if len(tpl.LogGroups) != len(tpl.Functions) {
		t.Errorf("%d log groups for %d functions", len(tpl.LogGroups), len(tpl.Functions))
	}
}

func TestErrorsOfTheGatewayAreProblems(t *testing.T) {
	for name, g := range ours(t, nil).API.GatewayResponses {
		var p struct {
			Type, Title, Code, Detail, Source string
			Status                            int
			RequestID                         string `json:"request_id"`
		}
		body := strings.NewReplacer("$context.requestId", "r-1", "$context.stage", "dev").Replace(g.Templates["application/json"])
		if err := json.Unmarshal([]byte(body), &p); err != nil {
			t.Errorf("%s: %v in %s", name, err, body)
			continue
		}
		code, known := api.FindCode(p.Code)
		if p.Status != g.Status || !known || p.Title != code.Title || p.Type != "/dev/v1/reference#error-"+p.Code || p.Detail == "" ||
			p.Source != "fairlead" || p.RequestID != "r-1" || strings.Contains(body, "$") {
			t.Errorf("%s with status %d: %s", name, g.Status, body)
		}
		if g.Headers["Content-Type"] != "application/problem+json" || g.Headers["X-Request-Id"] != "$context.requestId" || g.Headers["Cache-Control"] != "no-store" ||
			g.Headers["Api-Version"] != api.Versions[0] {
			t.Errorf("%s: headers %v", name, g.Headers)
		}
		if (g.Status == 429) && g.Headers["Retry-After"] == "" {
			t.Errorf("%s has no Retry-After", name)
		}
	}
}

func TestTheTemplateNeverOpensWhatIsForLocalUse(t *testing.T) {
	for _, f := range ours(t, nil).Functions {
		for _, variable := range []string{"CALLBACK_ALLOW_LOOPBACK", "METER"} {
			if v, set := f.Env[variable]; set {
				t.Errorf("function %s sets %s to %q", f.LogicalID, variable, v)
			}
		}
		if v := f.Env["AWS_ENDPOINT_URL"]; v != "" {
			t.Errorf("function %s calls AWS at %s by default", f.LogicalID, v)
		}
	}
	b, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "CALLBACK_ALLOW_LOOPBACK") {
		t.Error("template.yaml names CALLBACK_ALLOW_LOOPBACK")
	}
	for name, parameters := range map[string]map[string]string{
		"short times in prod":    {"Stage": "prod", "TimeSet": "short"},
		"short times in staging": {"Stage": "staging", "TimeSet": "short"},
		"an emulator in prod":    {"Stage": "prod", "AwsEndpointUrl": "http://localhost:4566"},
	} {
		if _, err := Load(filepath.Join(root, "template.yaml"), Options{Parameters: parameters}); err == nil {
			t.Errorf("%s is allowed", name)
		}
	}
}

// section is a table of samconfig.toml, by its keys; values keep their TOML form.
var (
	sectionLine = regexp.MustCompile(`^\[([a-z_]+)\.([a-z_]+)\.parameters\]$`)
	valueLine   = regexp.MustCompile(`^([a-z0-9_]+) = (.+)$`)
)

func TestSamconfigAgreesWithTheTemplate(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(root, "samconfig.toml"))
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]map[string]map[string]string{} // environment, command, key
	var current map[string]string
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if m := sectionLine.FindStringSubmatch(line); m != nil {
			current = map[string]string{}
			if settings[m[1]] == nil {
				settings[m[1]] = map[string]map[string]string{}
			}
			settings[m[1]][m[2]] = current
		} else if m := valueLine.FindStringSubmatch(line); m != nil && current != nil {
			current[m[1]] = m[2]
		}
	}
	if diff := cmp.Diff([]string{"default", "dev", "local", "prod", "staging"}, slices.Sorted(maps.Keys(settings))); diff != "" {
		t.Error(diff)
	}
	for environment, commands := range settings {
		t.Run(environment, func(t *testing.T) {
			if b := commands["build"]; b["cached"] != "false" || b["build_in_source"] != "true" {
				t.Errorf("build must be uncached and in source: %v", b)
			}
			for command, values := range commands {
				if _, ok := values["template_file"]; ok {
					t.Errorf("%s names a template_file, which wins over the one sam build wrote: sam would take the sources for the functions", command)
				}
				if o, ok := values["parameter_overrides"]; ok {
					checkOverrides(t, environment, command, o)
				}
			}
			if d, ok := commands["deploy"]; ok && d["stack_name"] != strconv.Quote("fairlead-"+environment) {
				t.Errorf("stack is %s", d["stack_name"])
			}
		})
	}
	for _, environment := range []string{"dev", "staging", "prod"} {
		if settings[environment]["deploy"] == nil {
			t.Errorf("no deploy settings for %s", environment)
		}
	}
}

// checkOverrides loads the template with the overrides of a command, which finds unknown and impossible ones.
func checkOverrides(t *testing.T, environment, command, quoted string) {
	t.Helper()
	text, err := strconv.Unquote(quoted)
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	parameters := map[string]string{}
	for pair := range strings.FieldsSeq(text) {
		k, v, _ := strings.Cut(pair, "=")
		parameters[k] = v
	}
	tpl := ours(t, parameters)
	if command == "deploy" && tpl.API.Stage != environment {
		t.Errorf("environment %s deploys stage %s", environment, tpl.API.Stage)
	}
}
