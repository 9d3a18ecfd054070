package operating_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/operating"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

// tenant makes a tenant.
func (r *room) tenant(id string) {
	r.t.Helper()
	if err := r.PutTenant(r.ctx, id, account.Tenant{ID: id, Name: "Demo Ltd", CreatedAt: r.at}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) warden() *operating.Warden {
	return &operating.Warden{Tenants: r.Store, Keys: r.Store, Now: r.clock}
}

func TestUpdateTenant(t *testing.T) { dynamotest.Each(t, testUpdateTenant) }

func testUpdateTenant(t *testing.T) {
	r := newRoom(t)
	r.tenant("tn_1")
	update := func(t *testing.T, in operating.TenantUpdate) operating.TenantView {
		t.Helper()
		in.Caller, in.Tenant = ada, "tn_1"
		v, err := r.warden().Update(r.ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	t.Run("shown it is as it was made", func(t *testing.T) {
		if v := update(t, operating.TenantUpdate{}); v.Name != "Demo Ltd" || !v.Suspended.IsZero() || v.Limits != "" || v.Did != "shown" {
			t.Errorf("%+v", v)
		}
	})
	t.Run("suspended twice it is so since the first time, until it is resumed", func(t *testing.T) {
		since := r.at
		update(t, operating.TenantUpdate{Suspend: new(true)})
		r.at = r.at.Add(time.Hour)
		if v := update(t, operating.TenantUpdate{Suspend: new(true)}); !v.Suspended.Equal(since) {
			t.Errorf("since %s", v.Suspended)
		}
		if v := update(t, operating.TenantUpdate{Suspend: new(false)}); !v.Suspended.IsZero() {
			t.Errorf("since %s", v.Suspended)
		}
	})
	t.Run("limits are kept, and set back", func(t *testing.T) {
		if v := update(t, operating.TenantUpdate{Limits: new("book=5/min:10")}); v.Limits != "book=5/min:10" || v.Did != "limits set to book=5/min:10; what is not named has the deployment's default" {
			t.Errorf("%+v", v)
		}
		if v := update(t, operating.TenantUpdate{Limits: new("default")}); v.Limits != "" || v.Did != "limits set back to the deployment's defaults" {
			t.Errorf("%+v", v)
		}
	})
	t.Run("a key is revoked, be it the last", func(t *testing.T) {
		if err := r.PutAPIKey(r.ctx, "tn_1", account.Key{ID: "k1", Tenant: "tn_1", Mode: ship.Live, Name: "n", Scopes: account.AllScopes(), Hash: []byte("h"), CreatedAt: r.at}); err != nil {
			t.Fatal(err)
		}
		update(t, operating.TenantUpdate{RevokeKey: "k1"})
		if _, err := r.APIKey(r.ctx, "k1"); !errors.Is(err, account.ErrNotFound) {
			t.Errorf("%v", err)
		}
	})
	t.Run("what is wrong is refused with what is right", func(t *testing.T) {
		for say, in := range map[string]operating.TenantUpdate{
			"no API key k9": {Tenant: "tn_1", RevokeKey: "k9"}, "no tenant tn_9": {Tenant: "tn_9", Suspend: new(true)}, "is no id": {Tenant: "tn_1#x"},
			"10000": {Tenant: "tn_1", Limits: new("book=20000/s:1")}, "classes are read, write and book": {Tenant: "tn_1", Limits: new("all=1/s:1")}, "name at least one": {Tenant: "tn_1", Limits: new(" ")},
			"divide them by spaces": {Tenant: "tn_1", Limits: new("read=100/s:200,book=5/s:10")},
		} {
			in.Caller = ada
			if _, err := r.warden().Update(r.ctx, in); !isRefused(err) || !strings.Contains(err.Error(), say) {
				t.Errorf("%s: %v", say, err)
			}
		}
		if _, err := r.warden().Update(r.ctx, operating.TenantUpdate{Caller: operating.Caller{By: "ada"}, Tenant: "tn_1", Suspend: new(true)}); !isRefused(err) || !strings.Contains(err.Error(), "reason") {
			t.Errorf("without a reason: %v", err)
		}
	})
	t.Run("a blank reason is none", func(t *testing.T) {
		_, err := r.warden().Update(r.ctx, operating.TenantUpdate{Caller: operating.Caller{By: "ada", Reason: "  "}, Tenant: "tn_1", Suspend: new(true)})
		if !isRefused(err) || !strings.Contains(err.Error(), "say why") {
			t.Errorf("%v", err)
		}
	})
	t.Run("an erased tenant is not resumed", func(t *testing.T) {
		if _, err := r.Store.UpdateTenant(r.ctx, "tn_1", account.TenantChange{Erased: &r.at}); !errors.Is(err, account.ErrChanged) {
			t.Errorf("erased, though it works: %v", err)
		}
		update(t, operating.TenantUpdate{Suspend: new(true)})
		if _, err := r.Store.UpdateTenant(r.ctx, "tn_1", account.TenantChange{Erased: &r.at}); err != nil {
			t.Fatal(err)
		}
		_, err := r.warden().Update(r.ctx, operating.TenantUpdate{Caller: ada, Tenant: "tn_1", Suspend: new(false)})
		if !isRefused(err) || !strings.Contains(err.Error(), "stays suspended") {
			t.Errorf("%v", err)
		}
	})
}

func TestWholeKeyIsNotKept(t *testing.T) {
	const id, secret = "z2b6oyy6gt55b5tu", "tnz4mwbevh3b3lbdr3ynbzu7g3rali7waro43dkl"
	for _, pasted := range []string{id, "fl_test_" + id + "_" + secret, "Bearer fl_live_" + id + "_" + secret, id + "_" + secret} {
		sent, err := json.Marshal(operating.TenantUpdate{Tenant: "tn_1", RevokeKey: operating.KeyID(pasted)})
		if err != nil || strings.Contains(string(sent), secret) || !strings.Contains(string(sent), `"revoke_key":"`+id+`"`) {
			t.Errorf("%s is sent as %s, %v", pasted, sent, err)
		}
		var in operating.TenantUpdate
		if err := json.Unmarshal([]byte(`{"tenant":"tn_1","revoke_key":"`+pasted+`"}`), &in); err != nil || in.Target() != "tn_1 "+id {
			t.Errorf("%s is kept as %q, %v", pasted, in.Target(), err)
		}
	}
	if sent, err := json.Marshal(operating.TenantUpdate{Tenant: "tn_1"}); err != nil || strings.Contains(string(sent), "revoke_key") {
		t.Errorf("no key is sent as %s, %v", sent, err)
	}
}
