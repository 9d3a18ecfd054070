package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const goodReport = `{"schemathesis_version": "4", "seed": 7, "stop_reason": "completed",
	"operations": {"total": 2, "tested": 2, "errored": 0, "skipped": 0},
	"phases": {"examples": {"status": "success"}, "coverage": {"status": "success"}, "fuzzing": {"status": "success"}, "stateful": {"status": "success"}},
	"test_cases": {"generated": 40, "unique_failures": 0, "errored": 0}, "failures": [], "errors": [],
	"valid_rates": {"GET /a": {"examples": {"accepted": 1}}, "POST /a": {"coverage": {"accepted": 0, "rejected": 4}, "fuzzing": {"accepted": 3, "conflicts": 1}}}}`

func TestReport(t *testing.T) {
	for name, c := range map[string]struct{ old, with, want string }{
		"all is tried and well":   {"", "", ""},
		"a failure":               {`"failures": []`, `"failures": [{"title": "Server error", "count": 3, "operations": ["GET /a"]}]`, "Server error: 3 times, GET /a"},
		"an error":                {`"errors": []`, `"errors": [{"title": "Network Error", "count": 1}]`, "Network Error: 1 times"},
		"an operation not tried":  {`"tested": 2`, `"tested": 1`, "1 of 2 operations"},
		"stopped too soon":        {`"completed"`, `"interrupted"`, "not complete: interrupted"},
		"a phase left out":        {`"fuzzing": {"status": "success"}`, `"fuzzing": {"status": "skip"}`, "the phase fuzzing: skip"},
		"a phase that is gone":    {`"stateful": {"status": "success"}`, `"walks": {"status": "success"}`, "the phase stateful: is not there"},
		"only refusals":           {`"accepted": 3`, `"accepted": 0`, "POST /a never succeeded"},
		"nothing that is allowed": {`"GET /a": {"examples": {"accepted": 1}}, `, ``, "1 of 2 operations got a request"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), reportFile)
			if err := os.WriteFile(file, []byte(strings.Replace(goodReport, c.old, c.with, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := readReport(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := r.verdict(); (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("verdict %v, want %q", err, c.want)
			}
			if !strings.Contains(r.String(), "seed 7: 40 cases") {
				t.Errorf("said %s", r)
			}
			if got := r.total("POST /a"); c.want == "" && got != (rate{Accepted: 3, Conflicts: 1, Rejected: 4}) {
				t.Errorf("POST /a was answered %+v", got)
			}
		})
	}
	t.Run("none is an error", func(t *testing.T) {
		if _, err := readReport(filepath.Join(t.TempDir(), "nothing")); err == nil {
			t.Error("no error")
		}
	})
}

func TestFits(t *testing.T) {
	document, err := os.ReadFile("../../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	good := known{Examples: map[string]string{"ups_ground": "x"}, Operations: map[string]map[string]string{"getLabel": nil}, Bodies: map[string]map[string]object{"createRates": nil}}
	if err := good.fits(string(document)); err != nil {
		t.Error(err)
	}
	stale := known{Examples: map[string]string{"shp_gone": "x"}, Operations: map[string]map[string]string{"getLab": nil}, Bodies: map[string]map[string]object{"gone": nil}}
	err = stale.fits(string(document))
	for _, want := range []string{"shp_gone", "getLab", "gone"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not tell of %s", err, want)
		}
	}
}

func TestRules(t *testing.T) {
	hooks, err := os.ReadFile("../../contract/hooks.py")
	if err != nil {
		t.Fatal(err)
	}
	errorsPage, err := os.ReadFile("../../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rules, _ := strings.Cut(string(hooks), "RULES = {\n")
	rules, _, found := strings.Cut(rules, "\n}\n")
	if !found {
		t.Fatal("hooks.py has no RULES")
	}
	for line := range strings.Lines(rules) {
		code, reason, ok := strings.Cut(strings.TrimSpace(line), `": "`)
		if code = strings.TrimPrefix(code, `"`); !ok || len(reason) < 10 {
			t.Errorf("%q has no reason", line)
		}
		if !strings.Contains(string(errorsPage), "`"+code+"`") {
			t.Errorf("there is no code %s, whose refusals are passed over", code)
		}
	}
}

func TestParse(t *testing.T) {
	program := filepath.Join(t.TempDir(), "st")
	if err := os.WriteFile(program, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	const root = "../../.."
	t.Run("what follows the flags is for schemathesis", func(t *testing.T) {
		o, err := parse([]string{"-root", root, "-schemathesis", program, "-examples", "3", "--", "--phases", "coverage"}, io.Discard)
		if err != nil || o.examples != 3 || strings.Join(o.more, " ") != "--phases coverage" {
			t.Errorf("%+v, %v", o, err)
		}
	})
	for name, args := range map[string][]string{
		"no examples":       {"-root", root, "-schemathesis", program, "-examples", "0"},
		"no repository":     {"-root", t.TempDir(), "-schemathesis", program},
		"no schemathesis":   {"-root", root, "-schemathesis", program + "x"},
		"an unknown option": {"-nope"},
	} {
		t.Run(name+" is refused before anything is started", func(t *testing.T) {
			if _, err := parse(args, io.Discard); err == nil {
				t.Error("accepted")
			}
		})
	}
}
