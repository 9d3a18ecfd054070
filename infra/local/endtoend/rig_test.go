// Package endtoend drives the whole platform from outside: the programs that deploy, the template, the emulators and
// the carrier simulator, over HTTP, as a shipper and an operator see them.
package endtoend

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/infra/local"
	"github.com/fairlead/fairlead/shared/api/contract"
)

// root is the repository's top folder, seen from here.
const root = "../../.."

// programs builds the functions and the local stack once, as `make run` does.
var programs = sync.OnceValues(func() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "fairlead-endtoend-"); err != nil {
		return "", err
	}
	for to, what := range map[string][]string{filepath.Join(dir, "functions") + "/": {"./functions/..."}, filepath.Join(dir, "local"): {"./infra/cmd/local"}} {
		if strings.HasSuffix(to, "/") {
			if err := os.MkdirAll(to, 0o755); err != nil {
				return "", err
			}
		}
		cmd := exec.Command("go", append([]string{"build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-o", to}, what...)...)
		cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("building %v: %w\n%s", what, err, out)
		}
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := programs(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// stack is a running local stack, a process of its own that a test may kill.
type stack struct {
	t      *testing.T
	data   string
	args   []string
	cmd    *exec.Cmd
	out    *lines
	at     *atomic.Pointer[local.Where] // another one after a restart, while killers and clients go on
	client *http.Client
}

// start runs the local stack on free ports with the times a twentieth as long, against sim, and waits until it serves.
func start(t *testing.T, sim *simulator, args ...string) *stack {
	t.Helper()
	s := &stack{t: t, data: t.TempDir(), at: &atomic.Pointer[local.Where]{}, args: append([]string{"-params", "TimeSet=short", "-ups", sim.url, "-no-demo", "-schedule-every", "1s"}, args...), client: &http.Client{Timeout: 40 * time.Second}}
	s.run()
	t.Cleanup(s.stop)
	return s
}

func (s *stack) run() {
	s.t.Helper()
	dir, err := programs()
	if err != nil {
		s.t.Fatal(err)
	}
	s.out = &lines{}
	s.cmd = exec.Command(filepath.Join(dir, "local"), append([]string{"-bin", filepath.Join(dir, "functions"), "-data", s.data, "-listen", "127.0.0.1:0", "-admin", "127.0.0.1:0", "-sim", "127.0.0.1:0"}, s.args...)...)
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = root, s.out, s.out
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	file := filepath.Join(s.data, "stack.json")
	await(s.t, 60*time.Second, "the stack to start", func() bool {
		b, err := os.ReadFile(file)
		var at local.Where
		if err != nil || json.Unmarshal(b, &at) != nil || at.Pid != s.cmd.Process.Pid {
			return false
		}
		s.at.Store(&at)
		return true
	}, s.out.String)
}

// where tells where everything listens.
func (s *stack) where() local.Where { return *s.at.Load() }

// stop ends the stack as Ctrl-C does.
func (s *stack) stop() {
	if s.cmd.ProcessState != nil {
		return
	}
	_ = s.cmd.Process.Signal(os.Interrupt)
	_ = s.cmd.Wait()
	if s.t.Failed() {
		s.t.Log(s.out.String())
	}
}

// kill ends the stack as a power cut does: at once, with everything it runs.
func (s *stack) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// lines collects what a process prints.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) { l.mu.Lock(); defer l.mu.Unlock(); return l.buf.Write(p) }
func (l *lines) String() string              { l.mu.Lock(); defer l.mu.Unlock(); return l.buf.String() }

// await polls a condition; the limit is generous, for machines are slow, and only a failure takes that long.
func await(t *testing.T, limit time.Duration, what string, ok func() bool, more func() string) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(limit); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			detail := ""
			if more != nil {
				detail = "\n" + more()
			}
			t.Fatalf("waited %v for %s%s", limit, what, detail)
		}
	}
}

// simulator is the carrier, outside the stack, so that its ledger outlives whatever a test kills.
type simulator struct {
	*carriersim.Server
	url string
}

func newSimulator(t *testing.T) *simulator {
	t.Helper()
	sim := carriersim.New(carriersim.Options{Seed: 1, Settings: carriersim.Settings{SlowMS: 45_000 / 20, FaultLagMS: 2_000}})
	srv := httptest.NewServer(sim)
	t.Cleanup(func() { sim.Release(); srv.Close(); _ = sim.Close() })
	return &simulator{sim, srv.URL}
}

// invoke calls a function as an operator does, by the Lambda Invoke API.
func (s *stack) invoke(function string, in, out any) {
	s.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := s.client.Post(s.where().Admin+"/2015-03-31/functions/"+function+"/invocations", "application/json", bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.Header.Get("X-Amz-Function-Error") != "" {
		s.t.Fatalf("%s: %v %s", function, err, answer)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		s.t.Fatalf("%s: %v in %s", function, err, answer)
	}
}

// shipper is a tenant with its key.
type shipper struct {
	*stack
	Tenant, Key, Account string
}

// shipper makes a tenant with an account at the simulator.
func (s *stack) shipper(name string) *shipper {
	s.t.Helper()
	var made struct {
		Tenant struct{ ID string }
		APIKey struct{ Secret string } `json:"api_key"`
	}
	s.invoke("create-tenant", map[string]string{"name": name, "mode": "test"}, &made)
	p := &shipper{stack: s, Tenant: made.Tenant.ID, Key: made.APIKey.Secret}
	a := p.call("POST", "/v1/carrier-accounts", map[string]any{"carrier": "ups", "number": "A1B2C3", "credentials": map[string]string{"client_id": "test", "client_secret": "test-secret"}}, nil)
	if a.Status != http.StatusCreated {
		s.t.Fatalf("adding the account: %d %s", a.Status, a.Body)
	}
	p.Account = a.str("id")
	return p
}

// answer is a response of the API, checked against the contract.
type answer struct {
	Status int
	Header http.Header
	Body   []byte
	JSON   map[string]any
}

func (a answer) str(field string) string { v, _ := a.JSON[field].(string); return v }
func (a answer) num(field string) int64  { v, _ := a.JSON[field].(float64); return int64(v) }

// call sends a request. body is JSON, unless it is []byte, which goes as it is. Every answer obeys the contract.
func (p *shipper) call(method, path string, body any, header map[string]string) answer {
	p.t.Helper()
	a, err := p.try(context.Background(), method, path, body, header)
	if err != nil {
		p.t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

func (p *shipper) try(ctx context.Context, method, path string, body any, header map[string]string) (answer, error) {
	send, ok := body.([]byte)
	if !ok && body != nil {
		var err error
		if send, err = json.Marshal(body); err != nil {
			return answer{}, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, p.where().API+path, bytes.NewReader(send))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Authorization", "Bearer "+p.Key)
	req.Header.Set("Content-Type", "application/json")
	for k, v := range header {
		if req.Header.Set(k, v); v == "" {
			req.Header.Del(k)
		}
	}
	return p.do(req)
}

// do sends a request as it is.
func (p *shipper) do(req *http.Request) (answer, error) {
	resp, err := p.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	a := answer{Status: resp.StatusCode, Header: resp.Header}
	if a.Body, err = io.ReadAll(resp.Body); err != nil {
		return a, err
	}
	if strings.Contains(resp.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(a.Body, &a.JSON); err != nil {
			return a, fmt.Errorf("%w in %q", err, a.Body)
		}
	}
	return a, obeys(req, a)
}

// router finds the operation of a request in the contract.
var router = sync.OnceValues(func() (routers.Router, error) {
	doc := *contract.Document()
	doc.Servers = nil // paths alone: the port is any
	return legacy.NewRouter(&doc)
})

// obeys holds an answer against infra/openapi.yaml. An answer to a route that is not in it is a problem document.
func obeys(req *http.Request, a answer) error {
	r, err := router()
	if err != nil {
		return err
	}
	route, params, err := r.FindRoute(req)
	if err != nil {
		return contract.Document().Components.Schemas["Problem"].Value.VisitJSON(map[string]any(a.JSON))
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route},
		Status:                 a.Status, Header: a.Header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: !strings.Contains(a.Header.Get("Content-Type"), "json")},
	}
	in.SetBodyBytes(a.Body)
	if err := openapi3filter.ValidateResponse(req.Context(), in); err != nil {
		return fmt.Errorf("%s %s: the answer %d %s disobeys the contract: %w", req.Method, req.URL.Path, a.Status, a.Body, err)
	}
	return nil
}

// order is a good order.
func (p *shipper) order(reference string) map[string]any {
	address := func(name string) map[string]any {
		return map[string]any{"name": name, "lines": []string{"100 Main Street"}, "city": "New York", "state": "NY", "postcode": "10001", "country": "US", "phone": "2125550100"}
	}
	return map[string]any{"reference": reference, "service": "ups_ground", "carrier_account": p.Account, "ship_from": address("Sender Ltd"), "ship_to": address("Jo Doe"),
		"parcels": []any{map[string]any{"weight_g": 1200, "length_mm": 300, "width_mm": 200, "height_mm": 100}}, "label": map[string]any{"format": "zpl", "size": "4x6"}}
}

// confirmed is a good order that is booked at once.
func (p *shipper) confirmed(reference string) map[string]any {
	o := p.order(reference)
	o["confirm"] = true
	return o
}
