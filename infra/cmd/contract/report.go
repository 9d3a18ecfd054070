package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// report is what schemathesis writes of a run, as far as the verdict needs it.
type report struct {
	Version    string `json:"schemathesis_version"`
	Seed       int
	StopReason string `json:"stop_reason"`
	Operations struct{ Total, Tested, Errored, Skipped int }
	Phases     map[string]struct{ Status string }
	Cases      struct {
		Generated, Errored int
		Unique             int `json:"unique_failures"`
	} `json:"test_cases"`
	Failures []struct {
		Title      string
		Count      int
		Operations []string
	}
	Errors []struct {
		Title string
		Count int
	}
	// Rates tells, by operation and phase, how requests that the contract allows were answered.
	Rates map[string]map[string]rate `json:"valid_rates"`
}

// rate counts answers: success, 404, 409 and 412, and every other refusal.
type rate struct{ Accepted, Unreachable, Conflicts, Rejected int }

// total is an operation's rate in all phases.
func (r report) total(operation string) rate {
	var t rate
	for _, p := range r.Rates[operation] {
		t = rate{t.Accepted + p.Accepted, t.Unreachable + p.Unreachable, t.Conflicts + p.Conflicts, t.Rejected + p.Rejected}
	}
	return t
}

// phases are all that there are: good examples, limits of every schema, drawn cases, and walks through the operations.
var phases = []string{"examples", "coverage", "fuzzing", "stateful"}

func readReport(file string) (report, error) {
	var r report
	raw, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	if err != nil {
		return r, fmt.Errorf("its report can't be read: %w", err)
	}
	return r, nil
}

// String is the run in one line.
func (r report) String() string {
	return fmt.Sprintf("schemathesis %s, seed %d: %d cases for %d of %d operations, %d failures, %d errors", r.Version, r.Seed,
		r.Cases.Generated, r.Operations.Tested, r.Operations.Total, r.Cases.Unique, r.Cases.Errored+len(r.Errors))
}

// answers tells, a line for each operation, how the requests that the contract allows were answered.
func (r report) answers() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-48s%10s%10s%10s%10s", "requests that the contract allows", "succeeded", "not found", "conflict", "refused")
	for _, operation := range slices.Sorted(maps.Keys(r.Rates)) {
		t := r.total(operation)
		fmt.Fprintf(&b, "\n%-48s%10d%10d%10d%10d", operation, t.Accepted, t.Unreachable, t.Conflicts, t.Rejected)
	}
	return b.String()
}

// verdict is an error for whatever was found, and for whatever was not tried.
func (r report) verdict() error {
	var wrong []error
	for _, f := range r.Failures {
		wrong = append(wrong, fmt.Errorf("%s: %d times, %s", f.Title, f.Count, strings.Join(f.Operations, ", ")))
	}
	for _, e := range r.Errors {
		wrong = append(wrong, fmt.Errorf("%s: %d times", e.Title, e.Count))
	}
	for _, name := range phases {
		if status := r.Phases[name].Status; status != "success" {
			wrong = append(wrong, fmt.Errorf("the phase %s: %s", name, cmp.Or(status, "is not there")))
		}
	}
	if r.StopReason != "completed" || r.Operations.Total == 0 || r.Operations.Tested != r.Operations.Total || r.Cases.Errored > 0 {
		wrong = append(wrong, fmt.Errorf("it is not complete: %s, %d of %d operations, %d errors", r.StopReason, r.Operations.Tested, r.Operations.Total, r.Cases.Errored))
	}
	for _, operation := range slices.Sorted(maps.Keys(r.Rates)) {
		if r.total(operation).Accepted == 0 {
			wrong = append(wrong, fmt.Errorf("%s never succeeded: what is behind its first checks was not tried", operation))
		}
	}
	if len(r.Rates) != r.Operations.Total {
		wrong = append(wrong, fmt.Errorf("%d of %d operations got a request that the contract allows", len(r.Rates), r.Operations.Total))
	}
	return errors.Join(wrong...)
}
