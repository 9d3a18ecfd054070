package main

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/infra/local"
	"github.com/fairlead/fairlead/infra/local/endtoend"
)

// The sample events are answered by the local stack as they are meant, so that sam local shows a difference of its own
// only.
func TestEventsAreAnsweredAsMeant(t *testing.T) {
	t.Chdir("../../..")
	bin := filepath.Join(".fairlead", "endtoend")
	if err := endtoend.Build(t.Context(), ".", bin); err != nil {
		t.Fatal(err)
	}
	s, err := local.Start(t.Context(), local.Config{Template: "template.yaml", Bin: bin, Data: t.TempDir(), Tools: filepath.Join("infra", "local"), NoSources: true,
		Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", SimListen: "127.0.0.1:0", Simulator: func(string, *slog.Logger) (local.Simulator, error) {
			return carriersim.New(carriersim.Options{}), nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	if err := seed(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	all, err := events(regexp.MustCompile(""))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		t.Run(e.name, func(t *testing.T) {
			body, err := e.read()
			if err != nil {
				t.Fatal(err)
			}
			if wrong := e.wrong(invoke(t.Context(), t, s.Where.Admin, e.function.Folder, body)); wrong != "" {
				t.Error(wrong)
			}
		})
	}
	t.Run("every exception is an event's", func(t *testing.T) {
		names := slices.Clone(unauthorized)
		for name := range meant {
			names = append(names, name)
		}
		names = slices.AppendSeq(names, maps.Keys(refused))
		for _, name := range names {
			if !slices.ContainsFunc(all, func(e event) bool { return e.name == name }) {
				t.Errorf("there is no event %s", name)
			}
		}
	})
}

func invoke(ctx context.Context, t *testing.T, admin, function string, body []byte) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, admin+"/2015-03-31/functions/"+function+"/invocations", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for name, c := range map[string]struct {
		env, value, want string
		do               func() error
	}{
		"no sam":            {"FAIRLEAD_SAM", "", "make sam-tools", func() error { _, err := findSAM(t.TempDir()); return err }},
		"another sam":       {"FAIRLEAD_SAM", "/nowhere/sam", "FAIRLEAD_SAM is /nowhere/sam", func() error { _, err := findSAM(t.TempDir()); return err }},
		"no engine":         {"FAIRLEAD_SAM_IMAGE", "", "no Docker engine answers", docker},
		"no such command":   {"FAIRLEAD_SAM_IMAGE", "/nowhere/image", "FAIRLEAD_SAM_IMAGE is /nowhere/image", docker},
		"a failing command": {"FAIRLEAD_SAM_IMAGE", failing(t), "what it said is in", docker},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("FAIRLEAD_SAM", "")
			t.Setenv("FAIRLEAD_SAM_IMAGE", "")
			t.Setenv(c.env, c.value)
			if err := c.do(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func docker() error {
	dir, err := os.MkdirTemp("", "fairlead-engine-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	_, err = openDocker(context.Background(), dir, func(string, ...any) {})
	return err
}

func failing(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "fails")
	if err := os.WriteFile(file, []byte("#!/bin/sh\nexit 3\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}
