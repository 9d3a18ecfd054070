package endtoend_test

import (
	"strings"
	"testing"

	"github.com/fairlead/fairlead/infra/local/chaos"
)

// TestKill is a small run of chaos: 200 orders, 20 processes killed and the whole stack once.
func TestKill(t *testing.T) {
	t.Parallel() // most of it waits
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	plan := chaos.Standard(200, 7)
	plan.Kills, plan.Restarts = 20, 1
	plan.Root, plan.Bin, plan.Data = root, bin, t.TempDir()
	report, err := chaos.Run(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Violations) > 0 {
		t.Fail()
	}
	out := &strings.Builder{}
	report.Print(out)
	t.Log(out)
}
