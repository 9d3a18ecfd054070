package operate_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/infra/local"
	"github.com/fairlead/fairlead/infra/operate"
)

// ops runs a command line against a stack that answers every call with the same words. It returns what was printed, how the
// program ended and how many calls were made.
func ops(t *testing.T, answer string, args ...string) (said string, code, calls int) {
	t.Helper()
	stack := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls++
		_, _ = w.Write([]byte(answer))
	}))
	defer stack.Close()
	data := t.TempDir()
	where, err := json.Marshal(local.Where{Admin: stack.URL})
	if err == nil {
		err = os.WriteFile(filepath.Join(data, "stack.json"), where, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	env := func(name string) string { return map[string]string{"USER": "ada"}[name] }
	code = operate.Run(t.Context(), append(args, "-data", data), operate.World{Out: &out, ErrOut: &out, Env: env})
	return out.String(), code, calls
}

func TestCommandLinesThatAreWrong(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "verdicts.json")
	if err := os.WriteFile(empty, []byte("[]"), 0o600); err != nil {
		t.Fatal(err)
	}
	misspelt := filepath.Join(t.TempDir(), "misspelt.json")
	if err := os.WriteFile(misspelt, []byte(`[{"tenant":"tn_1","mode":"test","id":"shp_1","version":3,"decision":"adopt","number":"1Z1"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		say  string
		args []string
	}{
		{"no verdicts", []string{"resolve", "-file", empty, "-reason", "x", "-yes"}},
		{"-decision, -tenant", []string{"resolve", "-file", empty, "-tenant", "tn_1", "-decision", "declare", "-reason", "x", "-yes"}},
		{`unknown field "number"`, []string{"resolve", "-file", misspelt, "-reason", "x", "-yes"}},
		{"-by", []string{"held", "-by", ""}},
		{"in the place of NUMBER", []string{"resolve", "-tenant", "tn_1", "-mode", "test", "-id", "shp_1", "-version", "4", "-decision", "adopt", "-number", "NUMBER", "-reason", "seen there", "-yes"}},
		{"in the place of WHY", []string{"resolve", "-tenant", "tn_1", "-mode", "test", "-id", "shp_1", "-version", "4", "-decision", "declare", "-reason", "WHY", "-yes"}},
		{"on the local stack at http://127.0.0.1:", []string{"tenant", "suspend", "tn_1", "-reason", "unpaid"}},
		{`unexpected argument "shp_1"`, []string{"resolve", "shp_1", "-decision", "declare", "-yes"}},
		{`unexpected argument "evt_1"`, []string{"replay", "evt_1", "-tenant", "tn_1", "-yes"}},
		{`unexpected argument "2026-11-21"`, []string{"audit", "2026-11-21"}},
		{"-reason: say why it is done", []string{"tenant", "resume", "tn_1", "-reason", "  "}},
		{"it is written as in 2026-11-21T00:00:00Z", []string{"replay", "-tenant", "tn_1", "-from", "2026-11-21", "-yes"}},
	} {
		if said, code, calls := ops(t, "{}", c.args...); code != 2 || calls != 0 || !strings.Contains(said, c.say) {
			t.Errorf("%q ends with %d after %d calls and says %s", c.args, code, calls, said)
		}
	}
}

func TestNothingIsDoneOnAWSUnlessAskedFor(t *testing.T) {
	// What would be reached, were AWS asked.
	aws := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("AWS is asked") }))
	defer aws.Close()
	t.Setenv("AWS_REGION", "eu-central-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "a")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "b")
	t.Setenv("AWS_ENDPOINT_URL", aws.URL)
	var out bytes.Buffer
	env := func(name string) string { return map[string]string{"USER": "ada"}[name] }
	code := operate.Run(t.Context(), []string{"redrive", "standard", "-reason", "x", "-yes", "-data", t.TempDir()}, operate.World{Out: &out, ErrOut: &out, Env: env})
	if code != 1 || !strings.Contains(out.String(), "no local stack runs") || !strings.Contains(out.String(), "-stack or -aws") {
		t.Errorf("it ends with %d and says %s", code, out.String())
	}
}

func TestWhatIsPrintedToDecideIsAboutTheSameStack(t *testing.T) {
	page := `{"shipments":[{"kind":"held","tenant":"tn_1","mode":"test","id":"shp_1","version":4,"suggestion":["resolve -id shp_1 -reason WHY"]}]}`
	if said, code, _ := ops(t, page, "held", "-evidence"); code != 0 || !strings.Contains(said, `-reason WHY -yes -data "/`) || !strings.Contains(said, "the local stack at http://127.0.0.1:") {
		t.Errorf("it ends with %d and says %s", code, said)
	}
}

func TestNothingWaitsIsSaidInEveryForm(t *testing.T) {
	for _, args := range [][]string{{"held"}, {"held", "-evidence"}} {
		if said, code, _ := ops(t, `{"shipments":[]}`, args...); code != 0 || !strings.Contains(said, "Nothing waits for a person") {
			t.Errorf("%q ends with %d and says %q", args, code, said)
		}
	}
}

func TestLettersThatCannotBeShownAreCounted(t *testing.T) {
	said, code, _ := ops(t, `{"counts":[{"queue":"standard","waiting":1,"hidden":2}],"letters":[],"unseen":3}`, "dead-letters", "standard")
	if code != 0 || !strings.Contains(said, "3 more are there and can't be shown right now") || !strings.Contains(said, "look again") {
		t.Errorf("it ends with %d and says %q", code, said)
	}
}
