package local

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/infra/local/localtest"
)

func TestReplacingAProgram(t *testing.T) {
	w := newWorld(t)
	at := w.start(t).Where
	next := t.TempDir()
	raw, err := os.ReadFile(filepath.Join(localtest.Bin(t), "probe"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(next, "probe"), raw, 0o755); err != nil {
		t.Fatal(err)
	}
	version := func() string {
		_, _, body := call(t, "POST", at.Admin+"/2015-03-31/functions/probe/invocations", `{"do":"env","name":"AWS_LAMBDA_FUNCTION_VERSION"}`)
		return strings.Trim(body, `"`)
	}
	before := version()
	to, err := json.Marshal(Program{Bin: next, Version: "two"})
	if err != nil {
		t.Fatal(err)
	}
	if status, _, body := call(t, "PUT", at.Admin+"/_local/functions/probe/program", string(to)); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	if after := version(); before != "$LATEST" || after != "two" {
		t.Errorf("version %q, then %q", before, after)
	}
	_, _, served := call(t, "GET", at.Admin+"/_local/served", "")
	var counts map[string]map[string]int
	if err := json.Unmarshal([]byte(served), &counts); err != nil || counts["probe"]["$LATEST"] != 1 || counts["probe"]["two"] != 1 {
		t.Errorf("served %s", served)
	}
	for name, c := range map[string]struct{ function, body, want string }{
		"no such function":  {"nobody", string(to), "want the name of a function"},
		"no version":        {"probe", `{"bin":"x"}`, "want the name of a function"},
		"no JSON":           {"probe", `bin`, "want the name of a function"},
		"no program there":  {"probe", `{"bin":"/nowhere","version":"three"}`, "make functions"},
		"more than is read": {"probe", `{"bin":"` + strings.Repeat("x", 70<<10) + `","version":"v"}`, "want the name of a function"},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			status, _, body := call(t, "PUT", at.Admin+"/_local/functions/"+c.function+"/program", c.body)
			if status != http.StatusBadRequest || !strings.Contains(body, c.want) || version() != "two" {
				t.Errorf("%d %s", status, body)
			}
		})
	}
}

func TestThePartsOfAStack(t *testing.T) {
	t.Run("without functions there are the tables, queues, bucket and key", func(t *testing.T) {
		w := newWorld(t)
		w.Bin, w.NoFunctions, w.NoSources = t.TempDir(), true, true
		s := w.start(t)
		put(t, s.Where, "a", "new")
		send(t, s.Where, `{"id":"1"}`)
		if n := len(s.Runtime.Instances()); n != 0 || s.Where.KMS == "" || s.Where.S3 == "" {
			t.Errorf("%d instances at %+v", n, s.Where)
		}
	})
	t.Run("without sources a message invokes nothing, and a call does", func(t *testing.T) {
		w := newWorld(t)
		w.NoSources = true
		at := w.start(t).Where
		send(t, at, `{"id":"1"}`)
		if status, _, body := call(t, "POST", at.Admin+"/2015-03-31/functions/probe/invocations", `{}`); status != http.StatusOK {
			t.Errorf("%d %s", status, body)
		}
		if lines := localtest.Lines(t, w.journal); len(lines) != 0 {
			t.Errorf("consumed: %q", lines)
		}
	})
}
