package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fairlead/fairlead/infra/local/child"
	"github.com/fairlead/fairlead/infra/local/localtest"
)

func TestMain(m *testing.M) { localtest.Main(m) }

func newRuntime(t testing.TB, bin string, functions ...Function) (*Runtime, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	spawner := child.NewSpawner()
	logs := t.TempDir()
	r, err := New(Options{
		Bin: bin, Logs: logs, Region: "us-east-1", AccountID: "000000000000", Spawner: spawner,
		Env: map[string]string{"SHARED": "from the stack"},
	}, l.Addr().String(), functions)
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: r}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() {
		r.Close(0)
		_ = srv.Close()
		spawner.Close()
	})
	return r, logs
}

var probe = Function{Name: "stack-probe", Folder: "probe", Timeout: 5 * time.Second, MemoryMB: 128, MaxInstances: 3, Env: map[string]string{"OWN": "from the template"}}

type echo struct {
	Event     json.RawMessage `json:"event"`
	Pid       int             `json:"pid"`
	Served    int             `json:"served"`
	RequestID string          `json:"request_id"`
	ARN       string          `json:"arn"`
	LeftMS    int64           `json:"left_ms"`
}

func invoke(t testing.TB, r *Runtime, payload string) (Result, echo) {
	t.Helper()
	res, err := r.Invoke(context.Background(), "stack-probe", []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	var e echo
	_ = json.Unmarshal(res.Payload, &e)
	return res, e
}

func TestInvoke(t *testing.T) {
	r, logs := newRuntime(t, localtest.Bin(t), probe)

	t.Run("the function sees the event and who it is", func(t *testing.T) {
		_, e := invoke(t, r, `{"a":1}`)
		if string(e.Event) != `{"a":1}` || e.ARN != "arn:aws:lambda:us-east-1:000000000000:function:stack-probe" || e.RequestID == "" {
			t.Errorf("got %+v", e)
		}
		if e.LeftMS < 4000 || e.LeftMS > 5000 {
			t.Errorf("%d ms left of 5 s", e.LeftMS)
		}
	})
	t.Run("an idle instance is used again", func(t *testing.T) {
		_, a := invoke(t, r, `{}`)
		_, b := invoke(t, r, `{}`)
		if a.Pid != b.Pid || b.Served != a.Served+1 || a.RequestID == b.RequestID {
			t.Errorf("got %+v and %+v", a, b)
		}
		if n := len(r.Instances()); n != 1 {
			t.Errorf("%d instances", n)
		}
	})
	t.Run("the environment is the template's, the stack's and Lambda's, and no more", func(t *testing.T) {
		t.Setenv("NOT_FOR_FUNCTIONS", "x")
		for name, want := range map[string]string{
			"OWN": "from the template", "SHARED": "from the stack", "AWS_LAMBDA_FUNCTION_NAME": "stack-probe", "_HANDLER": "bootstrap",
			"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "AWS_REGION": "us-east-1", "NOT_FOR_FUNCTIONS": "",
		} {
			res, _ := invoke(t, r, `{"do":"env","name":"`+name+`"}`)
			if got := strings.Trim(string(res.Payload), `"`); got != want {
				t.Errorf("%s = %q, want %q", name, got, want)
			}
		}
	})
	t.Run("an error is the function's own", func(t *testing.T) {
		res, _ := invoke(t, r, `{"do":"error"}`)
		if res.FunctionError != "Unhandled" || !strings.Contains(string(res.Payload), `"errorMessage":"as told"`) {
			t.Errorf("got %s %s", res.FunctionError, res.Payload)
		}
	})
	for _, do := range []string{"exit", "panic"} {
		t.Run("after "+do+" the next invocation gets a fresh process", func(t *testing.T) {
			_, before := invoke(t, r, `{}`)
			res, _ := invoke(t, r, `{"do":"`+do+`"}`)
			if res.FunctionError != "Unhandled" {
				t.Errorf("got %q %s", res.FunctionError, res.Payload)
			}
			_, after := invoke(t, r, `{}`)
			if after.Pid == before.Pid || after.Served != 1 {
				t.Errorf("before %+v, after %+v", before, after)
			}
		})
	}
	t.Run("what the function writes is in its log", func(t *testing.T) {
		invoke(t, r, `{"do":"log"}`)
		raw, err := os.ReadFile(filepath.Join(logs, "probe.log"))
		if err != nil || !strings.Contains(string(raw), "a line of the function\n") {
			t.Errorf("log %q, error %v", raw, err)
		}
	})
	t.Run("a response over 6 MB is an error", func(t *testing.T) {
		res, _ := invoke(t, r, `{"do":"big","bytes":7000000}`)
		if res.FunctionError != "Unhandled" || !strings.Contains(string(res.Payload), "ResponseSizeTooLarge") {
			t.Errorf("got %q %.200s", res.FunctionError, res.Payload)
		}
	})
	t.Run("a payload over 6 MB is refused", func(t *testing.T) {
		if _, err := r.Invoke(t.Context(), "stack-probe", make([]byte, MaxPayload+1)); !errors.Is(err, ErrTooLarge) {
			t.Errorf("error = %v", err)
		}
	})
	t.Run("an unknown function is named", func(t *testing.T) {
		if _, err := r.Invoke(t.Context(), "nobody", nil); !errors.Is(err, ErrNoFunction) {
			t.Errorf("error = %v", err)
		}
	})
	t.Run("the start of each process was timed", func(t *testing.T) {
		starts := r.Starts()["probe"]
		if len(starts) < 3 || starts[0] <= 0 {
			t.Errorf("starts %v", starts)
		}
	})
}

func TestConcurrency(t *testing.T) {
	r, _ := newRuntime(t, localtest.Bin(t), probe)
	processes := func() int {
		var wg sync.WaitGroup
		var mu sync.Mutex
		pids := map[int]int{}
		for range 9 {
			wg.Go(func() {
				_, e := invoke(t, r, `{"sleep_ms":150}`)
				mu.Lock()
				pids[e.Pid]++
				mu.Unlock()
			})
		}
		wg.Wait()
		return len(pids)
	}
	for _, step := range []struct{ limit, want int }{{1, 1}, {2, 2}, {3, 3}} {
		if r.Limit("stack-probe", step.limit); processes() != step.want {
			t.Errorf("9 invocations at once did not run on %d processes", step.want)
		}
	}
	t.Run("without a limit the function's own holds", func(t *testing.T) {
		r, _ = newRuntime(t, localtest.Bin(t), probe)
		if n := processes(); n != probe.MaxInstances {
			t.Errorf("9 invocations at once ran on %d processes, want %d", n, probe.MaxInstances)
		}
	})
}

func TestTimeoutKills(t *testing.T) {
	f := probe
	f.Timeout = 200 * time.Millisecond
	r, _ := newRuntime(t, localtest.Bin(t), f)
	_, before := invoke(t, r, `{}`)
	begun := time.Now()
	res, _ := invoke(t, r, `{"sleep_ms":60000}`)
	if !strings.Contains(string(res.Payload), "Task timed out after 0.20 seconds") {
		t.Errorf("got %s", res.Payload)
	}
	if took := time.Since(begun); took > 3*time.Second {
		t.Errorf("took %s", took)
	}
	if err := syscall.Kill(before.Pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is still there: %v", before.Pid, err)
	}
	if _, after := invoke(t, r, `{}`); after.Pid == before.Pid {
		t.Error("the killed process served again")
	}
}

func TestKilledFromOutside(t *testing.T) {
	t.Run("while busy, the invocation fails and says so", func(t *testing.T) {
		r, _ := newRuntime(t, localtest.Bin(t), probe)
		go func() {
			localtest.Eventually(t, "an instance is busy", func() bool {
				for _, i := range r.Instances() {
					if i.Busy && i.RequestID != "" {
						return syscall.Kill(i.Pid, syscall.SIGKILL) == nil
					}
				}
				return false
			})
		}()
		res, _ := invoke(t, r, `{"sleep_ms":5000}`)
		if !strings.Contains(string(res.Payload), "signal: killed") {
			t.Errorf("got %s", res.Payload)
		}
	})
	t.Run("while idle, the next invocation does not notice", func(t *testing.T) {
		r, _ := newRuntime(t, localtest.Bin(t), probe)
		for range 20 {
			_, e := invoke(t, r, `{}`)
			_ = syscall.Kill(e.Pid, syscall.SIGKILL)
			localtest.Eventually(t, "the process is gone", func() bool { return len(r.Instances()) == 0 })
			if res, after := invoke(t, r, `{}`); res.FunctionError != "" || after.Pid == e.Pid {
				t.Fatalf("got %s", res.Payload)
			}
		}
	})
}

func TestBrokenStart(t *testing.T) {
	r, _ := newRuntime(t, localtest.Bin(t), Function{Name: "stack-probe", Folder: "broken", Timeout: time.Second, MaxInstances: 2})
	for range 3 {
		res, _ := invoke(t, r, `{}`)
		if res.FunctionError == "" || !strings.Contains(string(res.Payload), "exit status 7") {
			t.Errorf("got %s", res.Payload)
		}
	}
	t.Run("a missing program says what to run", func(t *testing.T) {
		_, err := New(Options{Bin: t.TempDir(), Logs: t.TempDir()}, "", []Function{probe})
		if err == nil || !strings.Contains(err.Error(), "make functions") {
			t.Errorf("error = %v", err)
		}
	})
}

func TestCallerLeaves(t *testing.T) {
	f := probe
	f.MaxInstances = 1
	r, _ := newRuntime(t, localtest.Bin(t), f)
	ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
	defer cancel()
	if _, err := r.Invoke(ctx, "stack-probe", []byte(`{"sleep_ms":600}`)); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("error = %v", err)
	}
	if _, e := invoke(t, r, `{}`); e.Served != 2 {
		t.Errorf("the abandoned invocation did not run on in the same process: %+v", e)
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	r, _ := newRuntime(t, localtest.Bin(t), probe)
	_, e := invoke(t, r, `{}`)
	done := make(chan Result, 1)
	go func() {
		res, _ := r.Invoke(context.Background(), "stack-probe", []byte(`{"sleep_ms":300}`))
		done <- res
	}()
	localtest.Eventually(t, "it runs", func() bool { return r.busy() })
	r.Close(5 * time.Second)
	if res := <-done; res.FunctionError != "" || res.Payload == nil {
		t.Errorf("the running invocation was not let finish: %+v", res)
	}
	if err := syscall.Kill(e.Pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is still there: %v", e.Pid, err)
	}
	if _, err := r.Invoke(t.Context(), "stack-probe", nil); !errors.Is(err, ErrClosed) {
		t.Errorf("error = %v", err)
	}
}

func BenchmarkInvoke(b *testing.B) {
	r, _ := newRuntime(b, localtest.Bin(b), probe)
	invoke(b, r, `{}`)
	for b.Loop() {
		invoke(b, r, `{"hello":"world"}`)
	}
}
