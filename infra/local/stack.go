package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fairlead/fairlead/infra/local/child"
	"github.com/fairlead/fairlead/infra/local/emulators"
	"github.com/fairlead/fairlead/infra/local/gateway"
	"github.com/fairlead/fairlead/infra/local/kms"
	"github.com/fairlead/fairlead/infra/local/runtime"
	"github.com/fairlead/fairlead/infra/local/template"
)

// Stack is the running platform.
type Stack struct {
	cfg      Config
	Template *template.Template
	Runtime  *runtime.Runtime
	Where    Where

	spawner *child.Spawner
	closers []func() // in the order of starting; stopped in reverse
	failed  chan error
	stop    func()
}

// Where tells where everything listens. It is also written to stack.json in the data folder while the stack runs.
type Where struct {
	API       string         `json:"api"`
	Admin     string         `json:"admin"`
	Simulator string         `json:"simulator"`
	DynamoDB  string         `json:"dynamodb"`
	SQS       string         `json:"sqs"`
	S3        string         `json:"s3"`
	KMS       string         `json:"kms"`
	Data      string         `json:"data"`
	Logs      string         `json:"logs"`
	Stage     string         `json:"stage"`
	Pid       int            `json:"pid"`
	Emulators map[string]int `json:"emulators"` // process ids by name
}

// Start starts everything; nothing is left running when it returns an error. The error is one line that says
// what to do.
func Start(ctx context.Context, cfg Config) (*Stack, error) {
	s := &Stack{cfg: cfg.withDefaults(), failed: make(chan error, 4)}
	s.stop = sync.OnceFunc(s.stopAll)
	if err := s.start(ctx); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// Stop stops everything in order: no new calls, no new batches, running invocations finish within the grace
// time, then every process ends. It may be called again.
func (s *Stack) Stop() { s.stop() }

// Failed gives the reason when a part of the stack ends that should not.
func (s *Stack) Failed() <-chan error { return s.failed }

func (s *Stack) stopAll() {
	for i := len(s.closers) - 1; i >= 0; i-- {
		s.closers[i]()
	}
}

func (s *Stack) closer(f func()) { s.closers = append(s.closers, f) }

func (s *Stack) start(ctx context.Context) error {
	if err := s.check(); err != nil {
		return err
	}
	if err := s.claimData(); err != nil {
		return err
	}
	open, err := s.listen(ctx)
	if err != nil {
		return err
	}
	s.spawner = child.NewSpawner()
	s.closer(s.spawner.Close)
	if err := s.startSimulator(open.sim); err != nil {
		return err
	}
	at := fromEnvironment()
	if err := s.startEmulators(ctx, &at); err != nil {
		return err
	}
	ownKMS := at.KMS == ""
	if ownKMS {
		at.KMS = "http://" + open.inner.Addr().String() + "/kms"
	}
	if s.Template, err = s.load(at.SQS); err != nil {
		return err
	}
	s.Where.DynamoDB, s.Where.SQS, s.Where.S3, s.Where.KMS, s.Where.Stage = at.DynamoDB, at.SQS, at.S3, at.KMS, s.Template.API.Stage
	found, err := s.provision(ctx, at, ownKMS)
	if err != nil {
		return err
	}
	if err := s.startRuntime(open.inner, at, ownKMS); err != nil {
		return err
	}
	if s.cfg.NoFunctions {
		return s.announce()
	}
	g, err := gateway.New(gateway.Options{
		API: s.Template.API, Functions: s.Template.Functions, Invoker: s.Runtime, Region: region, AccountID: accountID, Log: s.cfg.Log, Now: time.Now,
	})
	if err != nil {
		return err
	}
	if !s.cfg.NoSources {
		s.startSources(found)
	}
	s.serve(open.admin, s.admin(), 0)
	s.serve(open.api, g, 2*time.Second)
	return s.announce()
}

// check finds what would fail later, before anything is started.
func (s *Stack) check() error {
	t, err := s.load("")
	if err != nil {
		return err
	}
	if s.cfg.NoFunctions {
		return nil
	}
	for _, f := range t.Functions {
		if _, err := os.Stat(filepath.Join(s.cfg.Bin, f.Folder)); err != nil {
			return fmt.Errorf("the program of function %s is not in %s: run `make functions`", f.Folder, s.cfg.Bin)
		}
	}
	return nil
}

// wide are limits that one tenant on this machine hardly reaches. What a deployment begins with is the template's default.
const wide = "read=10000/s:10000 write=10000/s:10000 book=10000/s:10000"

// load reads the template. Without a parameter that says otherwise, carriers are called on the simulator.
func (s *Stack) load(queues string) (*template.Template, error) {
	params := map[string]string{"TenantLimits": wide}
	if carrier := firstOf(s.cfg.CarrierURL, s.Where.Simulator); carrier != "" {
		params["UpsTestUrl"], params["UpsLiveUrl"] = carrier, carrier
		params["UpsBookingsPerMinute"] = "10000" // a simulator takes what comes
	}
	for k, v := range s.cfg.Params {
		params[k] = v
	}
	t, err := template.Load(s.cfg.Template, template.Options{
		Parameters: params, StackName: stackName, Region: region, AccountID: accountID,
		QueueURL: func(name string) string { return queues + "/" + accountID + "/" + name },
	})
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no template at %s: start in the repository's root, or name it with -template", s.cfg.Template)
	}
	return t, err
}

// claimData makes the data folder this process's own. The lock goes with the process, however it ends.
func (s *Stack) claimData() error {
	data, err := filepath.Abs(s.cfg.Data)
	if err != nil {
		return err
	}
	s.Where.Data, s.Where.Logs, s.Where.Pid, s.Where.Emulators = data, filepath.Join(data, "logs"), os.Getpid(), map[string]int{}
	for _, dir := range []string{data, s.Where.Logs, filepath.Join(data, "checkpoints")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("the data folder: %w", err)
		}
	}
	lock, err := os.OpenFile(filepath.Join(data, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("the data folder: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		return fmt.Errorf("another stack runs on %s: stop it, or choose another folder (make run ARGS=\"-data DIR\")", data)
	}
	s.closer(func() { _ = lock.Close() })
	return nil
}

// listeners are the ports of the stack itself, opened before anything is started.
type listeners struct{ api, admin, sim, inner net.Listener }

func (s *Stack) listen(ctx context.Context) (listeners, error) {
	var l listeners
	ports := []struct {
		at               *net.Listener
		addr, what, flag string
	}{
		{&l.api, s.cfg.Listen, "the API", "LISTEN or -listen"}, {&l.admin, s.cfg.Admin, "the Lambda Invoke API", "-admin"},
		{&l.sim, s.cfg.SimListen, "the carrier simulator", "-sim"}, {&l.inner, "127.0.0.1:0", "the Lambda Runtime API", "-"},
	}
	for _, p := range ports {
		if p.at == &l.sim && s.cfg.CarrierURL != "" {
			continue
		}
		opened, err := listen(ctx, p.addr, p.what, p.flag)
		if err != nil {
			return listeners{}, err
		}
		*p.at = opened
		s.closer(func() { _ = opened.Close() })
	}
	s.Where.API, s.Where.Admin = url(l.api), url(l.admin)
	return l, nil
}

// url is where to reach a listener from this machine.
func url(l net.Listener) string {
	addr := l.Addr().(*net.TCPAddr)
	host := addr.IP.String()
	if addr.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, fmt.Sprint(addr.Port))
}

// serve serves h until the stack stops, and then lets calls that run finish within grace.
func (s *Stack) serve(l net.Listener, h http.Handler, grace time.Duration) {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.fail(fmt.Errorf("serving on %s: %w", l.Addr(), err))
		}
	}()
	s.closer(func() {
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		if srv.Shutdown(ctx) != nil {
			_ = srv.Close()
		}
	})
}

func (s *Stack) fail(err error) {
	select {
	case s.failed <- err:
	default:
	}
}

func (s *Stack) startSimulator(l net.Listener) error {
	if s.cfg.CarrierURL != "" {
		s.Where.Simulator = strings.TrimSuffix(s.cfg.CarrierURL, "/")
		return nil
	}
	dir := filepath.Join(s.Where.Data, "carriersim")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	sim, err := s.cfg.Simulator(dir, s.cfg.Log)
	if err != nil {
		return fmt.Errorf("the carrier simulator: %w", err)
	}
	s.closer(func() { _ = sim.Close() })
	s.serve(l, sim, 0)
	s.Where.Simulator = url(l)
	return nil
}

// startEmulators starts what the environment does not name.
func (s *Stack) startEmulators(ctx context.Context, at *endpoints) error {
	if at.DynamoDB != "" && at.SQS != "" && at.S3 != "" {
		return nil
	}
	tools, err := emulators.Find(s.cfg.Tools)
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(s.Where.Logs, "emulators.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	s.closer(func() { _ = log.Close() })
	var db, queues *emulators.Emulator
	var group errgroup.Group
	if at.DynamoDB == "" {
		group.Go(func() (err error) {
			db, err = tools.DynamoDB(ctx, s.spawner, filepath.Join(s.Where.Data, "dynamodb"), s.cfg.DynamoDBPort, log)
			return err
		})
	}
	if at.SQS == "" || at.S3 == "" {
		group.Go(func() (err error) {
			queues, err = tools.QueuesAndBuckets(ctx, s.spawner, filepath.Join(s.Where.Data, "queues"), s.cfg.QueuePort, log)
			return err
		})
	}
	err = group.Wait()
	if db != nil {
		at.DynamoDB = db.URL
	}
	if queues != nil {
		at.SQS, at.S3 = firstOf(at.SQS, queues.URL), firstOf(at.S3, queues.URL)
	}
	for _, e := range []*emulators.Emulator{db, queues} {
		if e != nil {
			s.watch(e)
		}
	}
	return err
}

// watch reports an emulator that ends by itself.
func (s *Stack) watch(e *emulators.Emulator) {
	s.Where.Emulators[e.Name] = e.Pid()
	stopping := make(chan struct{})
	s.closer(func() { close(stopping); e.Stop() })
	go func() {
		<-e.Done()
		select {
		case <-stopping:
		default:
			s.fail(fmt.Errorf("%s ended unexpectedly; its log is in %s", e.Name, s.Where.Logs))
		}
	}()
}

// startRuntime serves the Lambda Runtime API, and KMS beside it, on a port that only the functions use.
func (s *Stack) startRuntime(l net.Listener, at endpoints, ownKMS bool) error {
	env := login()
	for k, v := range at.environment() {
		env[k] = v
	}
	env["CALLBACK_ALLOW_LOOPBACK"] = "true"
	if s.cfg.Meter {
		env["METER"] = "true"
	}
	var err error
	s.Runtime, err = runtime.New(runtime.Options{
		Bin: s.cfg.Bin, Logs: s.Where.Logs, Env: env, Region: region, AccountID: accountID, Spawner: s.spawner, Tee: s.cfg.Tee,
	}, l.Addr().String(), s.functions())
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", s.Runtime)
	if ownKMS {
		keys := make([]string, 0, len(s.Template.Keys))
		for _, k := range s.Template.Keys {
			keys = append(keys, k.ID)
		}
		h, err := kms.Open(filepath.Join(s.Where.Data, "kms.key"), keys, func(id string) string { return "arn:aws:kms:" + region + ":" + accountID + ":key/" + id })
		if err != nil {
			return err
		}
		mux.Handle("/kms", h) // the SDK sends to the endpoint's path as it is
		mux.Handle("/kms/", h)
	}
	s.serve(l, mux, 0)
	s.closer(func() { s.Runtime.Close(0) })
	return nil
}

// functions says how each function is run. A function behind queues may run as many batches at once as its
// queues together, so that one queue cannot take another's processes.
func (s *Stack) functions() []runtime.Function {
	out := make([]runtime.Function, 0, len(s.Template.Functions))
	if s.cfg.NoFunctions {
		return out
	}
	for _, f := range s.Template.Functions {
		most := 0
		for _, q := range f.Queues {
			most += s.concurrency(q)
		}
		out = append(out, runtime.Function{
			Name: f.Name, Folder: f.Folder, Timeout: f.Timeout, MemoryMB: f.MemoryMB, Env: f.Env, MaxInstances: max(most, s.cfg.Instances),
		})
	}
	return out
}

func (s *Stack) concurrency(q template.QueueSource) int {
	if q.MaxConcurrency > 0 {
		return min(q.MaxConcurrency, s.cfg.Instances)
	}
	return s.cfg.Instances
}
