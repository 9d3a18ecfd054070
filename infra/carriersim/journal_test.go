package carriersim_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/infra/carriersim"
)

func TestJournalSurvivesARestartAndATornLine(t *testing.T) {
	o := carriersim.Options{Data: filepath.Join(t.TempDir(), "journal"), Seed: 5}
	first := newRig(t, o)
	first.book(t.Context(), "kept", "")
	first.book(t.Context(), "lost-answer", "drop_after")
	first.book(t.Context(), "never", "drop_before")
	ledger, injected := first.sim.Ledger(), first.sim.Injected()
	first.stop()
	f, err := os.OpenFile(o.Data, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"kind":"booked","data":{"carrier":"u`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second start reads what the first left behind the torn line
		second := newRig(t, o)
		if diff := cmp.Diff(ledger, second.sim.Ledger()); diff != "" {
			t.Errorf("ledger:\n%s", diff)
		}
		if diff := cmp.Diff(injected, second.sim.Injected()); diff != "" {
			t.Errorf("injected:\n%s", diff)
		}
		old := second.token
		second.token = first.token
		if g := second.recover("lost-answer"); g.status != 200 {
			t.Errorf("with the token of before: %+v", g)
		}
		second.token = old
		second.stop()
	}
	third := newRig(t, o)
	third.book(t.Context(), "new", "")
	if got := len(third.sim.Ledger()); got != 3 {
		t.Errorf("%d references, want 3", got)
	}
	if text, err := os.ReadFile(o.Data); err != nil || bytes.Contains(text, []byte(first.token)) {
		t.Errorf("the journal holds a token, or can't be read: %v", err)
	}
}

func TestBrokenJournalIsOneClearError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	if err := os.WriteFile(path, []byte("{\"kind\":\"booked\",\"data\":{}}\nnot json\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := carriersim.Open(carriersim.Options{Data: path}); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("error %v", err)
	}
}
