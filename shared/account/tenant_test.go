package account_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/ship"
)

func TestOpenMode(t *testing.T) {
	w := newWorld(t)
	first, err := w.OperatorCreateTenant(t.Context(), account.TenantRequest{Name: "One", Mode: ship.Test})
	if err != nil {
		t.Fatal(err)
	}
	id := first.Tenant.ID
	refused := func(in account.TenantRequest, want string) {
		t.Helper()
		if _, err := w.OperatorCreateTenant(t.Context(), in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %q", in, err, want)
		}
	}
	t.Run("a tenant gets the first key of its other mode once", func(t *testing.T) {
		out, err := w.OperatorCreateTenant(t.Context(), account.TenantRequest{Tenant: id, Mode: ship.Live})
		if err != nil || out.Tenant != first.Tenant {
			t.Fatalf("%+v, %v", out.Tenant, err)
		}
		who, err := w.Authenticate(t.Context(), out.APIKey.Secret)
		if diff := cmp.Diff(api.Principal{Tenant: id, Mode: ship.Live, KeyID: out.APIKey.ID, Scopes: account.AllScopes()}, who); err != nil || diff != "" {
			t.Error(err, diff)
		}
		refused(account.TenantRequest{Tenant: id, Mode: ship.Live}, "use POST /v1/api-keys")
		refused(account.TenantRequest{Tenant: id, Mode: ship.Test}, "use POST /v1/api-keys")
	})
	t.Run("a key that was named and never written is replaced", func(t *testing.T) {
		other, err := w.OperatorCreateTenant(t.Context(), account.TenantRequest{Name: "Two", Mode: ship.Test})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.db.SaveAdmins(t.Context(), other.Tenant.ID, ship.Live, nil, []string{"aaaaaaaaaaaaaaaa"}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.OperatorCreateTenant(t.Context(), account.TenantRequest{Tenant: other.Tenant.ID, Mode: ship.Live}); err != nil {
			t.Error(err)
		}
	})
	t.Run("a tenant whose data is erased gets no key any more", func(t *testing.T) {
		gone, err := w.OperatorCreateTenant(t.Context(), account.TenantRequest{Name: "Gone", Mode: ship.Test})
		if err != nil {
			t.Fatal(err)
		}
		at := time.Unix(1_800_000_000, 0)
		for _, change := range []account.TenantChange{{Suspended: &at}, {Erased: &at}} {
			if _, err := w.db.UpdateTenant(t.Context(), gone.Tenant.ID, change); err != nil {
				t.Fatal(err)
			}
		}
		refused(account.TenantRequest{Tenant: gone.Tenant.ID, Mode: ship.Live}, "is erased")
	})
	t.Run("an unknown tenant, an unknown mode and a name are refused", func(t *testing.T) {
		refused(account.TenantRequest{Tenant: "tn_none", Mode: ship.Live}, "no tenant")
		refused(account.TenantRequest{Tenant: id, Mode: "prod"}, "mode:")
		refused(account.TenantRequest{Tenant: id, Name: "One", Mode: ship.Live}, "name:")
	})
}
