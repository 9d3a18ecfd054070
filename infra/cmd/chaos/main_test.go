package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"too few bookings":    {[]string{"-bookings", "99"}, "fewer than 100"},
		"no number":           {[]string{"-bookings", "many"}, "invalid value"},
		"a negative seed":     {[]string{"-seed", "-1"}, "invalid value"},
		"an argument":         {[]string{"now"}, `unexpected argument "now"`},
		"an unknown flag":     {[]string{"-nope"}, "not defined"},
		"another folder":      {[]string{"-root", t.TempDir()}, "is not the repository"},
		"a folder of nothing": {[]string{"-root", "/nowhere"}, "is not the repository"},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			if err := run(t.Context(), c.args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestInterruptedItLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	running := 0
	out := told(func(line string) {
		if strings.Contains(line, "the stack runs") {
			running = len(processes(t, dir))
			cancel()
		}
	})
	if err := run(ctx, []string{"-bookings", "100", "-seed", "1", "-root", "../../.."}, out, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if running == 0 {
		t.Error("no process was seen while it ran")
	}
	if left := processes(t, dir); len(left) > 0 {
		t.Errorf("left running: %q", left)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "fairlead-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// processes are the command lines that name a folder.
func processes(t *testing.T, dir string) (found []string) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range all {
		if line, err := os.ReadFile(file); err == nil && bytes.Contains(line, []byte(dir)) {
			found = append(found, string(line))
		}
	}
	return found
}

// told is called with what is printed.
type told func(string)

func (t told) Write(p []byte) (int, error) { t(string(p)); return len(p), nil }
