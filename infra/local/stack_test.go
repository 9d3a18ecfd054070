package local

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/fairlead/fairlead/infra/local/localtest"
	"github.com/fairlead/fairlead/infra/local/runtime"
)

// childConfig, when set in the environment, makes the test binary run a stack until it is killed: the way to
// try what SIGKILL does to a whole stack.
const childConfig = "FAIRLEAD_TEST_STACK"

func TestMain(m *testing.M) {
	if raw := os.Getenv(childConfig); raw != "" {
		var cfg Config
		err := json.Unmarshal([]byte(raw), &cfg)
		if err == nil {
			cfg.Simulator = noSimulator
			_, err = Start(context.Background(), cfg)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		select {}
	}
	localtest.Main(m)
}

type nothing struct{ http.Handler }

func (nothing) Close() error { return nil }

func noSimulator(string, *slog.Logger) (Simulator, error) {
	return nothing{http.NotFoundHandler()}, nil
}

// world is a data folder and what the consumer function wrote, over several stacks.
type world struct {
	Config
	journal, broken string
}

func newWorld(t *testing.T) world {
	t.Helper()
	dir := t.TempDir()
	w := world{journal: filepath.Join(dir, "journal"), broken: filepath.Join(dir, "broken")}
	w.Config = Config{
		Template: "testdata/template.yaml", Params: map[string]string{"Journal": w.journal, "Broken": w.broken}, Bin: localtest.Bin(t),
		Data: filepath.Join(dir, "data"), Tools: ".", Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", SimListen: "127.0.0.1:0",
		Instances: 2, Simulator: noSimulator,
	}
	return w
}

func (w world) start(t *testing.T) *Stack {
	t.Helper()
	s, err := Start(t.Context(), w.Config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

func (w world) seen(t *testing.T, what string) int {
	t.Helper()
	n := 0
	for _, line := range localtest.Lines(t, w.journal) {
		if strings.Contains(line, what) {
			n++
		}
	}
	return n
}

var anybody = credentials.NewStaticCredentialsProvider("local", "local", "")

func send(t *testing.T, at Where, body string) {
	t.Helper()
	c := sqs.New(sqs.Options{Region: region, BaseEndpoint: &at.SQS, Credentials: anybody})
	if _, err := c.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(at.SQS + "/" + accountID + "/fairlead-work"), MessageBody: &body}); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, at Where, pk, st string) {
	t.Helper()
	c := dynamodb.New(dynamodb.Options{Region: region, BaseEndpoint: &at.DynamoDB, Credentials: anybody})
	_, err := c.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("fairlead-things"), Item: map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: pk}, "st": &types.AttributeValueMemberS{Value: st},
	}})
	if err != nil {
		t.Fatal(err)
	}
}

func call(t *testing.T, method, url, body string, header ...string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(raw)
}

func TestStack(t *testing.T) {
	w := newWorld(t)
	w.ScheduleEvery = 100 * time.Millisecond
	s := w.start(t)
	at := s.Where

	t.Run("serves the template's routes through its authorizer", func(t *testing.T) {
		status, _, body := call(t, "GET", at.API+"/v1/things/7", "", "Authorization", "Bearer key")
		if status != 200 || !strings.Contains(body, `"principalId":"somebody"`) {
			t.Errorf("%d %s", status, body)
		}
		if status, _, body := call(t, "GET", at.API+"/nowhere", ""); status != 404 || body != `{"code":"no_such_route"}` {
			t.Errorf("%d %s", status, body)
		}
	})
	t.Run("carriers are called on the simulator, AWS on the emulators", func(t *testing.T) {
		for name, want := range map[string]string{
			"CARRIER": at.Simulator, "TABLE": "fairlead-things", "QUEUE": at.SQS + "/" + accountID + "/fairlead-work", "CALLBACK_ALLOW_LOOPBACK": "true",
			"AWS_ENDPOINT_URL_DYNAMODB": at.DynamoDB, "AWS_ENDPOINT_URL_KMS": at.KMS, "METER": "",
		} {
			var got string
			if err := s.Invoke(t.Context(), "probe", map[string]string{"do": "env", "name": name}, &got); err != nil || got != want {
				t.Errorf("%s = %q, error %v", name, got, err)
			}
		}
	})
	t.Run("KMS answers for the template's key", func(t *testing.T) {
		c := kms.New(kms.Options{Region: region, BaseEndpoint: &at.KMS, Credentials: anybody})
		out, err := c.GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{KeyId: &s.Template.Keys[0].ID, KeySpec: kmstypes.DataKeySpecAes256})
		if err != nil || len(out.Plaintext) != 32 {
			t.Errorf("error = %v", err)
		}
	})
	t.Run("a queue, a filtered stream and a schedule invoke the consumer", func(t *testing.T) {
		send(t, at, "from the queue")
		put(t, at, "filtered-out", "no")
		put(t, at, "let-through", "yes")
		localtest.Eventually(t, "all three", func() bool {
			return w.seen(t, "from the queue") == 1 && w.seen(t, "let-through") == 1 && w.seen(t, "Scheduled Event") > 0
		})
		if n := w.seen(t, "filtered-out"); n != 0 {
			t.Errorf("the filter let %d through", n)
		}
	})
	t.Run("functions are invoked by the Lambda API, by any of their names", func(t *testing.T) {
		for _, name := range []string{"Probe", "probe", "fairlead-probe", s.Runtime.ARN("fairlead-probe")} {
			status, h, body := call(t, "POST", at.Admin+"/2015-03-31/functions/"+name+"/invocations", `{"do":"echo"}`)
			if status != 200 || h.Get("X-Amz-Function-Error") != "" || !strings.Contains(body, `"event":{"do":"echo"}`) {
				t.Errorf("%s: %d %s", name, status, body)
			}
		}
		status, h, body := call(t, "POST", at.Admin+"/2015-03-31/functions/probe/invocations", `{"do":"error"}`)
		if status != 200 || h.Get("X-Amz-Function-Error") != "Unhandled" || !strings.Contains(body, "as told") {
			t.Errorf("%d %v %s", status, h, body)
		}
		if status, _, _ := call(t, "POST", at.Admin+"/2015-03-31/functions/probe/invocations", `{}`, "X-Amz-Invocation-Type", "Event"); status != 202 {
			t.Errorf("event invocation: %d", status)
		}
		if status, h, _ := call(t, "POST", at.Admin+"/2015-03-31/functions/nobody/invocations", `{}`); status != 404 || h.Get("X-Amzn-ErrorType") != "ResourceNotFoundException" {
			t.Errorf("unknown function: %d %v", status, h)
		}
	})
	t.Run("instances and start times are listed", func(t *testing.T) {
		_, _, body := call(t, "GET", at.Admin+"/_local/instances", "")
		var list []runtime.Info
		if err := json.Unmarshal([]byte(body), &list); err != nil || !slices.ContainsFunc(list, func(i runtime.Info) bool { return i.Function == "probe" && i.Pid > 0 }) {
			t.Errorf("%s, error %v", body, err)
		}
		_, _, body = call(t, "GET", at.Admin+"/_local/starts", "")
		var starts map[string][]float64
		if err := json.Unmarshal([]byte(body), &starts); err != nil || len(starts["probe"]) == 0 {
			t.Errorf("%s, error %v", body, err)
		}
	})
	t.Run("a function's processes can be limited", func(t *testing.T) {
		for path, want := range map[string]int{"/_local/functions/probe/most/2": 200, "/_local/functions/nobody/most/2": 400, "/_local/functions/probe/most/0": 400} {
			if status, _, body := call(t, "PUT", at.Admin+path, ""); status != want {
				t.Errorf("%s: %d %s, want %d", path, status, body, want)
			}
		}
	})
	t.Run("a second stack on the same data is refused", func(t *testing.T) {
		if _, err := Start(t.Context(), w.Config); err == nil || !strings.Contains(err.Error(), "-data") {
			t.Errorf("error = %v", err)
		}
	})
	t.Run("stopping leaves no process", func(t *testing.T) {
		pids := children(t, os.Getpid())
		if len(pids) < 4 {
			t.Fatalf("only %v run", pids)
		}
		s.Stop()
		for _, pid := range pids {
			if alive(pid) {
				t.Errorf("process %d is left", pid)
			}
		}
		if _, err := os.Stat(filepath.Join(at.Data, "stack.json")); err == nil {
			t.Error("stack.json is left")
		}
	})
}

func TestSurvivesSIGKILL(t *testing.T) {
	w := newWorld(t)
	if err := os.WriteFile(w.broken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := json.Marshal(struct {
		Config
		Simulator, Tee, Log *int `json:",omitempty"`
	}{Config: w.Config})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childConfig+"="+string(cfg))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	var at Where
	localtest.Eventually(t, "the stack is up", func() bool {
		raw, err := os.ReadFile(filepath.Join(w.Data, "stack.json"))
		return err == nil && json.Unmarshal(raw, &at) == nil
	})
	put(t, at, "first", "yes")
	localtest.Eventually(t, "the first record is handled", func() bool { return w.seen(t, `"first"`) == 1 })
	send(t, at, "fail") // in flight when the stack dies
	localtest.Eventually(t, "its message was tried", func() bool { return len(children(t, at.Pid)) >= 3 })
	pids := children(t, at.Pid)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	localtest.Eventually(t, "every child died with it", func() bool { return !slices.ContainsFunc(pids, alive) })

	if err := os.Remove(w.broken); err != nil {
		t.Fatal(err)
	}
	s := w.start(t)
	put(t, s.Where, "second", "yes")
	localtest.Eventually(t, "the message and the next record are handled", func() bool { return w.seen(t, `"fail"`) == 1 && w.seen(t, `"second"`) == 1 })
	if n := w.seen(t, `"first"`); n != 1 {
		t.Errorf("the first record was handled %d times: the checkpoint was lost", n)
	}
	var key string
	if err := s.Invoke(t.Context(), "probe", map[string]string{"do": "env", "name": "KEY"}, &key); err != nil || key == "" {
		t.Errorf("key %q, error %v", key, err)
	}
}

func TestStartErrors(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = busy.Close() })
	broken := filepath.Join(t.TempDir(), "template.yaml")
	if err := os.WriteFile(broken, []byte("Parameters: {TenantLimits: {Type: String}}\nResources:\n  A:\n    Type: AWS::SQS::Queue\n    Properties: {QueueName: !Select [0, [a]]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"a port in use":             {func(c *Config) { c.Listen = busy.Addr().String() }, "is in use: stop what listens there, or choose another address with LISTEN"},
		"the admin port in use":     {func(c *Config) { c.Admin = busy.Addr().String() }, "with -admin"},
		"missing emulators":         {func(c *Config) { c.Tools = t.TempDir() }, "run `npm ci --prefix"},
		"missing programs":          {func(c *Config) { c.Bin = t.TempDir() }, "run `make functions`"},
		"no template":               {func(c *Config) { c.Template = "nowhere.yaml" }, "nowhere.yaml"},
		"an unknown intrinsic":      {func(c *Config) { c.Template, c.Params = broken, nil }, "Select"},
		"an unknown parameter":      {func(c *Config) { c.Params = map[string]string{"Nope": "1"} }, "Nope"},
		"an address that is no one": {func(c *Config) { c.Listen = "nonsense" }, "cannot listen"},
	} {
		t.Run(name+" is one line that says what to do", func(t *testing.T) {
			w := newWorld(t)
			c.change(&w.Config)
			_, err := Start(t.Context(), w.Config)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error = %v", err)
			}
			if left := children(t, os.Getpid()); len(left) != 0 {
				t.Errorf("processes %v are left", left)
			}
		})
	}
}

// children lists the processes whose parent is pid.
func children(t *testing.T, pid int) []int {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	var out []int
	for _, file := range dirs {
		raw, err := os.ReadFile(file)
		if err != nil {
			continue // it ended meanwhile
		}
		head, rest, _ := strings.Cut(string(raw), ") ") // the name, in parentheses, may hold spaces
		fields := strings.Fields(rest)
		if len(fields) > 1 && fields[1] == strconv.Itoa(pid) && fields[0] != "Z" {
			id, _, _ := strings.Cut(head, " ")
			n, _ := strconv.Atoi(id)
			out = append(out, n)
		}
	}
	return out
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }
