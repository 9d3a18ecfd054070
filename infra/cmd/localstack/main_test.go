package main

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatIsMissingIsSaid(t *testing.T) {
	t.Setenv("PATH", t.TempDir()) // no Docker
	t.Chdir(t.TempDir())
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	for name, c := range map[string]struct {
		has  setting
		want string
	}{
		"nothing":             {setting{}, "There is no LocalStack here: LOCALSTACK_URL and FAIRLEAD_LOCALSTACK are not set, and docker is not on the PATH"},
		"nobody at the URL":   {setting{url: "http://127.0.0.1:1"}, "LOCALSTACK_URL is http://127.0.0.1:1, where no LocalStack answers"},
		"another at the URL":  {setting{url: other.URL}, "what answers is no LocalStack"},
		"no such command":     {setting{command: "/nowhere/localstack"}, "FAIRLEAD_LOCALSTACK is /nowhere/localstack, which can't be run"},
		"how to get it":       {setting{}, "docker pull " + image},
		"how to name one":     {setting{}, "LOCALSTACK_URL=http://127.0.0.1:4566 make localstack"},
		"how to have it made": {setting{}, "FAIRLEAD_LOCALSTACK=/path/to/command make localstack"},
	} {
		t.Run(name, func(t *testing.T) {
			err := run(t.Context(), c.has, io.Discard)
			if _, ok := errors.AsType[*missing](err); !ok || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestACommandThatEndsIsNoLocalStack(t *testing.T) {
	t.Chdir(t.TempDir())
	file := filepath.Join(t.TempDir(), "ends")
	if err := os.WriteFile(file, []byte("#!/bin/sh\necho no Java here\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := byCommand(t.Context(), file, "127.0.0.1:0", io.Discard); err == nil || !strings.Contains(err.Error(), "LocalStack ended while starting") || !strings.Contains(err.Error(), "its log is") {
		t.Errorf("%v", err)
	}
	taken := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(taken.Close)
	if _, err := byCommand(t.Context(), file, taken.Listener.Addr().String(), io.Discard); err == nil || !strings.Contains(err.Error(), "is in use") {
		t.Errorf("on an address that is taken: %v", err)
	}
}

func TestDescendantsAreFoundInOtherSessions(t *testing.T) {
	cmd := exec.Command("sh", "-c", "setsid sleep 600 & echo started; wait")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	found := descendants(cmd.Process.Pid)
	if len(found) != 1 || !found[0].lives() {
		t.Errorf("found %+v", found)
	}
	for _, p := range found {
		child, err := os.FindProcess(p.pid)
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Kill(); err != nil {
			t.Error(err)
		}
	}
	_ = cmd.Wait() // by the signal that ended its child
	if len(found) == 1 && found[0].lives() {
		t.Error("it lives still")
	}
}

func TestResultsAreCounted(t *testing.T) {
	var r results
	shown := 0
	for _, line := range []string{
		"=== RUN   TestDataPlane/identity", "    --- PASS: TestDataPlane/identity (1.00s)", "        --- PASS: TestDataPlane/identity/an_order (0.50s)",
		"        --- FAIL: TestDataPlane/poison/x (0.50s)", "    scenario_test.go:1: --- PASS", "--- PASS: TestDataPlane (2.00s)",
	} {
		if r.read(line) {
			shown++
		}
	}
	if r.groups != 1 || r.passed != 2 || shown != 2 {
		t.Errorf("%+v, %d shown", r, shown)
	}
}
