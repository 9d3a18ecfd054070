package boot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/fairlead/fairlead/shared/obs"
)

func TestOperatorsCallsAreOneLineEach(t *testing.T) {
	for outcome, fails := range map[string]error{"done": nil, "failed": errors.New("name: give the tenant a name")} {
		t.Run(outcome, func(t *testing.T) {
			var log bytes.Buffer
			a := &App{Log: obs.Logger(&log, "info", "f", "stack")}
			call := Operator(a, "create-tenant", func(_ context.Context, in string) (string, error) { return in + "-secret", fails })
			if out, err := call(t.Context(), "asked"); out != "asked-secret" || !errors.Is(err, fails) {
				t.Errorf("%s, %v", out, err)
			}
			var line map[string]any
			if err := json.Unmarshal(log.Bytes(), &line); err != nil {
				t.Fatal(err)
			}
			if line["msg"] != "operator call" || line["operation"] != "create-tenant" || line["outcome"] != outcome || line["Operations"] != 1.0 || bytes.Contains(log.Bytes(), []byte("asked")) {
				t.Errorf("%v", line)
			}
		})
	}
}
