package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/infra/local/localtest"
)

func TestMain(m *testing.M) { localtest.Main(m) }

func TestRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{
			"-template", "../../local/testdata/template.yaml", "-bin", localtest.Bin(t), "-tools", "../../local", "-data", t.TempDir(),
			"-listen", "127.0.0.1:0", "-admin", "127.0.0.1:0", "-sim", "127.0.0.1:0", "-params", "Journal=j", "-no-demo",
		}, w, io.Discard)
		_ = w.Close()
	}()
	var said bytes.Buffer
	buf := make([]byte, 4096)
	for !strings.Contains(said.String(), "Serving.") {
		n, err := out.Read(buf)
		if err != nil {
			t.Fatalf("ended: %v, after %s", <-done, said.String())
		}
		said.Write(buf[:n])
	}
	for _, want := range []string{"API", "carrier simulator", "DynamoDB", "logs"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("nothing is said of %s:\n%s", want, said.String())
		}
	}
	cancel()
	go func() { _, _ = io.Copy(io.Discard, out) }()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it does not stop")
	}
}

func TestParse(t *testing.T) {
	t.Run("parameters are gathered, LISTEN counts", func(t *testing.T) {
		t.Setenv("LISTEN", "127.0.0.1:9999")
		o, err := parse([]string{"-params", "A=1", "-params", "B=x=y", "-schedule-every", "3s"}, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{"A": "1", "B": "x=y"}, o.Params); diff != "" {
			t.Error(diff)
		}
		if o.Listen != "127.0.0.1:9999" || o.ScheduleEvery != 3*time.Second {
			t.Errorf("listen %s, schedules every %s", o.Listen, o.ScheduleEvery)
		}
	})
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"a parameter without a value": {[]string{"-params", "A"}, "name=value"},
		"an argument":                 {[]string{"now"}, `unexpected argument "now"`},
		"an unknown flag":             {[]string{"-nope"}, "-nope"},
		"no process":                  {[]string{"-instances", "0"}, "give -instances 1 or more"},
		"fewer processes than none":   {[]string{"-instances", "-1"}, "give -instances 1 or more"},
		"an interval below nothing":   {[]string{"-schedule-every", "-1s"}, "give -schedule-every a time such as 10s"},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			if _, err := parse(c.args, io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want one that holds %q", err, c.want)
			}
		})
	}
}
