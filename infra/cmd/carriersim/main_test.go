package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestServesUntilItIsStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"-listen", "127.0.0.1:0", "-data", t.TempDir() + "/journal"}, in, io.Discard)
	}()
	line := make([]byte, 200)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	where := regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+/_sim/`).FindString(string(line[:n]))
	if where == "" {
		t.Fatalf("it says %q, want where it listens", line[:n])
	}
	resp, err := http.Get(where)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("page: %d", resp.StatusCode)
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("stopped with %v", err)
	}
}

func TestPortInUseIsOneClearLine(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	var out, usage bytes.Buffer
	err = run(t.Context(), []string{"-listen", taken.Addr().String()}, &out, &usage)
	if err == nil || !strings.Contains(err.Error(), "in use") || !strings.Contains(err.Error(), "-listen") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v", err)
	}
	if out.Len()+usage.Len() > 0 {
		t.Errorf("also printed %q %q", out.String(), usage.String())
	}
}
