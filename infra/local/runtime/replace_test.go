package runtime

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/infra/local/localtest"
)

// other is a folder with another binary of the probe.
func other(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(localtest.Bin(t), "probe"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "probe"), raw, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// versionOf is the version that a process says it is.
func versionOf(t *testing.T, r *Runtime) string {
	t.Helper()
	res, _ := invoke(t, r, `{"do":"env","name":"AWS_LAMBDA_FUNCTION_VERSION"}`)
	return strings.Trim(string(res.Payload), `"`)
}

func gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

func TestReplace(t *testing.T) {
	bin := localtest.Bin(t)
	r, _ := newRuntime(t, bin, probe)
	next := other(t)

	t.Run("the next invocation runs the new program, and the idle process of the old one ends", func(t *testing.T) {
		_, old := invoke(t, r, `{}`)
		if err := r.Replace("stack-probe", next, "2"); err != nil {
			t.Fatal(err)
		}
		if v := versionOf(t, r); v != "2" {
			t.Errorf("version %q served", v)
		}
		_, e := invoke(t, r, `{}`)
		if exe, err := os.Readlink("/proc/" + strconv.Itoa(e.Pid) + "/exe"); err != nil || filepath.Dir(exe) != next {
			t.Errorf("the process runs %s, %v", exe, err)
		}
		localtest.Eventually(t, "the old process has ended", func() bool { return gone(old.Pid) })
	})
	t.Run("an invocation that runs finishes in the old program, while new ones run in the new", func(t *testing.T) {
		done := make(chan echo)
		go func() { _, e := invoke(t, r, `{"sleep_ms":700}`); done <- e }()
		localtest.Eventually(t, "it runs", r.busy)
		if err := r.Replace("stack-probe", bin, "3"); err != nil {
			t.Fatal(err)
		}
		if v := versionOf(t, r); v != "3" || !r.busy() {
			t.Errorf("version %q served; the old one is busy: %v", v, r.busy())
		}
		e := <-done
		if e.Pid == 0 || e.Served < 2 {
			t.Errorf("the running invocation: %+v", e)
		}
		localtest.Eventually(t, "the old process has ended", func() bool { return gone(e.Pid) })
	})
	t.Run("what served is counted by version", func(t *testing.T) {
		if diff := cmp.Diff(map[string]map[string]int{"probe": {Latest: 1, "2": 3, "3": 1}}, r.Served()); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a program that is not there, or a function that is not, changes nothing", func(t *testing.T) {
		if err := r.Replace("stack-probe", t.TempDir(), "4"); err == nil || !strings.Contains(err.Error(), "make functions") {
			t.Errorf("error = %v", err)
		}
		if err := r.Replace("nobody", bin, "4"); !errors.Is(err, ErrNoFunction) {
			t.Errorf("error = %v", err)
		}
		if v := versionOf(t, r); v != "3" {
			t.Errorf("version %q serves", v)
		}
	})
}

func TestReplaceDoesNotWaitForTheOldProcesses(t *testing.T) {
	f := probe
	f.MaxInstances = 1
	r, _ := newRuntime(t, localtest.Bin(t), f)
	old, waits := make(chan echo, 1), make(chan echo, 1)
	go func() { _, e := invoke(t, r, `{"sleep_ms":1500}`); old <- e }()
	localtest.Eventually(t, "the only process is busy", r.busy)
	go func() { _, e := invoke(t, r, `{}`); waits <- e }()
	localtest.Eventually(t, "a caller waits for it", func() bool {
		p := r.pool["stack-probe"]
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.waiting) == 1
	})
	if err := r.Replace("stack-probe", other(t), "2"); err != nil {
		t.Fatal(err)
	}
	select {
	case e := <-waits:
		if e.Served != 1 {
			t.Errorf("%+v", e)
		}
	case <-old:
		t.Error("who waited was served after the old process only")
	}
}

// Under load, with versions that come and go, every invocation is answered once, and nothing old stays.
func TestReplaceUnderLoad(t *testing.T) {
	bin := localtest.Bin(t)
	r, _ := newRuntime(t, bin, probe)
	folders := []string{other(t), bin}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	var mu sync.Mutex
	answers := 0
	for range 6 {
		wg.Go(func() {
			for ctx.Err() == nil {
				res, e := invoke(t, r, `{"sleep_ms":5}`)
				if res.FunctionError != "" || e.Pid == 0 {
					t.Errorf("%s %s", res.FunctionError, res.Payload)
				}
				mu.Lock()
				answers++
				mu.Unlock()
			}
		})
	}
	for n := 0; ctx.Err() == nil; n++ {
		if err := r.Replace("stack-probe", folders[n%2], strconv.Itoa(n)); err != nil {
			t.Error(err)
		}
		served := func() bool { return r.Served()["probe"][strconv.Itoa(n)] > 0 }
		localtest.Eventually(t, "the new version serves", func() bool { return served() || ctx.Err() != nil })
	}
	wg.Wait()
	localtest.Eventually(t, "at most one generation is left", func() bool { return len(r.Instances()) <= probe.MaxInstances })
	counted := 0
	for _, n := range r.Served()["probe"] {
		counted += n
	}
	if versions := len(r.Served()["probe"]); counted != answers || versions < 3 {
		t.Errorf("%d invocations of %d versions were counted, %d answered", counted, versions, answers)
	}
}
