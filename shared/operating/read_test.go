package operating_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/shared/operating"
)

func TestRead(t *testing.T) {
	t.Run("what there is is read", func(t *testing.T) {
		in, err := operating.Read[operating.TenantUpdate](json.RawMessage(`{"by":"ada","reason":"unpaid","tenant":"tn_1","suspend":true}`))
		if err != nil || in.By != "ada" || in.Tenant != "tn_1" || in.Suspend == nil || !*in.Suspend {
			t.Errorf("%+v, %v", in, err)
		}
	})
	t.Run("a member that is none is named beside those that are, and the rest is read for the audit", func(t *testing.T) {
		in, err := operating.Read[operating.TenantUpdate](json.RawMessage(`{"by":"ada","tenant":"tn_1","suspended":true}`))
		if !isRefused(err) || in.By != "ada" || in.Tenant != "tn_1" {
			t.Fatalf("%+v, %v", in, err)
		}
		for _, say := range []string{`"suspended"`, "by, limits, reason, revoke_key, suspend, tenant"} {
			if !strings.Contains(err.Error(), say) {
				t.Errorf("%v does not say %s", err, say)
			}
		}
	})
	t.Run("so is one within a verdict", func(t *testing.T) {
		_, err := operating.Read[operating.ResolveRequest](json.RawMessage(`{"by":"ada","shipments":[{"tenant":"tn_1","number":"1Z1"}]}`))
		if !isRefused(err) || !strings.Contains(err.Error(), `"number"`) || !strings.Contains(err.Error(), "tracking_number") {
			t.Errorf("%v", err)
		}
	})
	t.Run("what is no such value is refused", func(t *testing.T) {
		for _, raw := range []string{``, `[]`, `"by"`, `{"tenant":7}`} {
			if _, err := operating.Read[operating.EraseRequest](json.RawMessage(raw)); !isRefused(err) {
				t.Errorf("%s: %v", raw, err)
			}
		}
	})
}

// The examples of calls hold nothing that is refused.
func TestExamplesAreRead(t *testing.T) {
	for folder, read := range map[string]func(json.RawMessage) error{
		"create-tenant": reads[operating.TenantRequest], "update-tenant": reads[operating.TenantUpdate], "erase-tenant-data": reads[operating.EraseRequest],
		"list-held-shipments": reads[operating.HeldRequest], "list-operations": reads[operating.AuditRequest], "redrive-dead-letters": reads[operating.LettersRequest],
		"replay-callbacks": reads[operating.ReplayRequest], "resolve-shipments": reads[operating.ResolveRequest],
	} {
		files, err := filepath.Glob("../../events/" + folder + "/*.json")
		if err != nil || len(files) == 0 {
			t.Errorf("%s has no examples: %v", folder, err)
		}
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err == nil {
				err = read(raw)
			}
			if err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}

func reads[I operating.Input](raw json.RawMessage) error {
	_, err := operating.Read[I](raw)
	return err
}
