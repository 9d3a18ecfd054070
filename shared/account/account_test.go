package account_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/oklog/ulid/v2"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ratelimit"
	"github.com/fairlead/fairlead/shared/ship"
)

func TestCreateTenant(t *testing.T) {
	w := newWorld(t)
	t.Run("makes a tenant and a key that works", func(t *testing.T) {
		for _, mode := range []ship.Mode{ship.Test, ship.Live} {
			out, err := w.OperatorCreateTenant(t.Context(), account.TenantRequest{Name: " Ünal & Co ", Mode: mode})
			if err != nil {
				t.Fatal(err)
			}
			key := out.APIKey
			if out.Tenant.Name != "Ünal & Co" || !isID(out.Tenant.ID, "tn_") || key.Mode != mode || !out.Tenant.CreatedAt.Equal(w.now().Truncate(time.Millisecond)) {
				t.Errorf("got %+v", out.Tenant)
			}
			if !strings.HasPrefix(key.Secret, "fl_"+string(mode)+"_"+key.ID+"_") {
				t.Error("the key's form is not fl_<mode>_<key id>_<secret>")
			}
			who, err := w.Authenticate(t.Context(), key.Secret)
			if diff := cmp.Diff(api.Principal{Tenant: out.Tenant.ID, Mode: mode, KeyID: key.ID, Scopes: []string{"read", "ship", "admin"}}, who); err != nil || diff != "" {
				t.Error(err, diff)
			}
		}
	})
	t.Run("stores the hash, not the secret", func(t *testing.T) {
		_, key, whole, err := w.CreateTenant(t.Context(), "One", ship.Test)
		if err != nil {
			t.Fatal(err)
		}
		stored, err := w.db.APIKey(t.Context(), key.ID)
		secret := whole[strings.LastIndex(whole, "_")+1:]
		if err != nil || len(stored.Hash) != 32 || bytes.Contains(stored.Hash, []byte(secret)) || strings.Contains(fmt.Sprint(stored), secret) {
			t.Error(err)
		}
		if len(secret)*5 < 160 {
			t.Errorf("the secret has %d bits", len(secret)*5)
		}
	})
	for name, c := range map[string]struct {
		name string
		mode ship.Mode
		want []string
	}{
		"no name and no mode are told at once": {"", "", []string{"name:", "mode:"}},
		"a name of spaces is refused":          {"  ", ship.Test, []string{"name:"}},
		"a name of two lines is refused":       {"a\nb", ship.Test, []string{"name:"}},
		"a name that is too long is refused":   {strings.Repeat("ü", 101), ship.Test, []string{"name:"}},
		"a name of broken UTF-8 is refused":    {"a\xff", ship.Test, []string{"name:"}},
		"an unknown mode is refused":           {"One", "prod", []string{"mode:"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.OperatorCreateTenant(t.Context(), account.TenantRequest{Name: c.name, Mode: c.mode})
			if err == nil || strings.Count(err.Error(), ":") != len(c.want) {
				t.Fatalf("got %v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q lacks %q", err, want)
				}
			}
		})
	}
}

func isID(id, prefix string) bool {
	_, err := ulid.ParseStrict(strings.TrimPrefix(id, prefix))
	return strings.HasPrefix(id, prefix) && err == nil && id == strings.ToLower(id)
}

func TestAuthenticate(t *testing.T) {
	w := newWorld(t)
	_, key, whole, err := w.CreateTenant(t.Context(), "One", ship.Test)
	if err != nil {
		t.Fatal(err)
	}
	_, _, other, err := w.CreateTenant(t.Context(), "Two", ship.Live)
	if err != nil {
		t.Fatal(err)
	}
	last := whole[len(whole)-1:]
	swapped := map[bool]string{true: "b", false: "a"}[last == "a"]
	for name, key := range map[string]string{
		"nothing":                "",
		"one character":          "x",
		"no secret":              strings.Join(strings.Split(whole, "_")[:3], "_"),
		"an empty secret":        "fl_test_" + key.ID + "_",
		"a wrong secret":         whole[:len(whole)-1] + swapped,
		"a longer secret":        whole + "a",
		"upper case":             strings.ToUpper(whole),
		"another's secret":       "fl_test_" + key.ID + "_" + other[strings.LastIndex(other, "_")+1:],
		"the other mode":         strings.Replace(whole, "fl_test_", "fl_live_", 1),
		"an unknown mode":        strings.Replace(whole, "fl_test_", "fl_prod_", 1),
		"an unknown key":         "fl_test_aaaaaaaaaaaaaaaa_" + strings.Repeat("a", 40),
		"a part too many":        whole + "_a",
		"spaces around it":       " " + whole,
		"something very long":    strings.Repeat("fl_test_", 10000),
		"characters of no key":   strings.Replace(whole, key.ID, strings.Repeat("#", len(key.ID)), 1),
		"broken UTF-8":           "fl_test_\xff\xfe",
		"another's whole prefix": "KEY#" + whole,
	} {
		t.Run(name+" is refused like any other, after one read", func(t *testing.T) {
			before := w.reads.Load()
			who, err := w.Authenticate(t.Context(), key)
			if err != api.ErrUnknownKey || who.Tenant != "" || who.Scopes != nil {
				t.Errorf("got %+v, %v", who, err)
			}
			if n := w.reads.Load() - before; n != 1 {
				t.Errorf("%d reads", n)
			}
		})
	}
	t.Run("a key brings its tenant's limits, and that it is suspended", func(t *testing.T) {
		if who, err := w.Authenticate(t.Context(), whole); err != nil || who.Limits != (ratelimit.Set{}) || who.Suspended {
			t.Fatalf("%+v, %v", who, err)
		}
		w.tenantItem(t, key.Tenant, "read=1/min:2", 1_800_000_000_000)
		want := ratelimit.Set{Read: ratelimit.Rate{Count: 1, Per: time.Minute, Burst: 2}}
		if who, err := w.Authenticate(t.Context(), whole); err != nil || who.Limits != want || !who.Suspended {
			t.Errorf("%+v, %v", who, err)
		}
	})
	t.Run("a key whose tenant is gone is none", func(t *testing.T) {
		w.dropTenant(t, key.Tenant)
		if who, err := w.Authenticate(t.Context(), whole); !errors.Is(err, api.ErrUnknownKey) {
			t.Errorf("%+v, %v", who, err)
		}
	})
	t.Run("a database that is away is not the key's fault", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := w.Authenticate(ctx, whole); err == nil || errors.Is(err, api.ErrUnknownKey) {
			t.Errorf("got %v", err)
		}
	})
}

var upsAccount = account.Input{Carrier: "ups", Number: "A1B2C3", Credentials: map[string]string{"client_id": "id-1", "client_secret": "hush-1"}, RebookOnAbsent: true}

func TestCarrierAccount(t *testing.T) {
	w := newWorld(t)
	made, err := w.CreateCarrierAccount(t.Context(), "tn_1", ship.Live, upsAccount)
	if err != nil {
		t.Fatal(err)
	}
	want := carrier.Account{ID: made.ID, Tenant: "tn_1", Mode: ship.Live, Carrier: "ups", Number: "A1B2C3", Credentials: upsAccount.Credentials, RebookOnAbsent: true}

	t.Run("comes back whole in another process", func(t *testing.T) {
		got, err := w.process().CarrierAccount(t.Context(), "tn_1", made.ID)
		if diff := cmp.Diff(want, got); err != nil || diff != "" || !isID(made.ID, "ca_") {
			t.Error(made.ID, err, diff)
		}
	})
	t.Run("as facts needs no key and has no credentials", func(t *testing.T) {
		p := w.process()
		p.Box = nil
		facts := want
		facts.Credentials = nil
		got, err := p.Facts(t.Context(), "tn_1", made.ID)
		if diff := cmp.Diff(facts, got); err != nil || diff != "" {
			t.Error(err, diff)
		}
	})
	t.Run("is stored sealed", func(t *testing.T) {
		stored, err := w.db.CarrierAccount(t.Context(), "tn_1", made.ID)
		if err != nil || len(stored.Sealed) == 0 || bytes.Contains(stored.Sealed, []byte("hush-1")) || bytes.Contains(stored.Sealed, []byte("id-1")) {
			t.Error(err)
		}
	})
	t.Run("is read once a minute, also by many at once", func(t *testing.T) {
		p, before := w.process(), w.reads.Load()
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				if _, err := p.CarrierAccount(t.Context(), "tn_1", made.ID); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		w.pass(time.Minute - 1)
		_, _ = p.CarrierAccount(t.Context(), "tn_1", made.ID)
		if n := w.reads.Load() - before; n != 1 {
			t.Errorf("%d reads", n)
		}
		w.pass(1)
		_, _ = p.CarrierAccount(t.Context(), "tn_1", made.ID)
		if n := w.reads.Load() - before; n != 2 {
			t.Errorf("%d reads after a minute", n)
		}
		p.Forget("tn_2", made.ID)
		p.Forget("tn_1", made.ID)
		_, _ = p.CarrierAccount(t.Context(), "tn_1", made.ID)
		if n := w.reads.Load() - before; n != 3 {
			t.Errorf("%d reads after it was forgotten", n)
		}
	})
	t.Run("in memory is nobody's to change", func(t *testing.T) {
		p := w.process()
		for range 2 { // the first is loaded, the second is kept
			got, err := p.CarrierAccount(t.Context(), "tn_1", made.ID)
			if err != nil {
				t.Fatal(err)
			}
			clear(got.Credentials)
		}
		if got, _ := p.CarrierAccount(t.Context(), "tn_1", made.ID); !maps.Equal(got.Credentials, upsAccount.Credentials) {
			t.Error("somebody else's change shows")
		}
	})
	for name, c := range map[string][2]string{
		"another tenant's is not found":  {"tn_2", made.ID},
		"an unknown one is not found":    {"tn_1", "ca_none"},
		"an empty id is not found":       {"tn_1", ""},
		"an endless id is not found":     {"tn_1", strings.Repeat("x", 5000)},
		"an id of odd bytes is no error": {"tn_1", "ca_\x00#*"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := w.CarrierAccount(t.Context(), c[0], c[1]); !errors.Is(err, account.ErrNotFound) {
				t.Errorf("got %v", err)
			}
			if _, err := w.Facts(t.Context(), c[0], c[1]); !errors.Is(err, account.ErrNotFound) {
				t.Errorf("facts: %v", err)
			}
		})
	}
	t.Run("one that was not there is found as soon as it is", func(t *testing.T) {
		p := w.process()
		p.NewID = func() string { return "01ARZ3NDEKTSV4RRFFQ69G5FAV" }
		id := "ca_01arz3ndektsv4rrffq69g5fav"
		if _, err := p.CarrierAccount(t.Context(), "tn_1", id); !errors.Is(err, account.ErrNotFound) {
			t.Fatal(err)
		}
		if _, err := p.CreateCarrierAccount(t.Context(), "tn_1", ship.Test, upsAccount); err != nil {
			t.Fatal(err)
		}
		if _, err := p.CarrierAccount(t.Context(), "tn_1", id); err != nil {
			t.Error(err)
		}
	})
	t.Run("memory is bounded", func(t *testing.T) {
		p := w.process()
		first, before := made.ID, w.reads.Load()
		_, _ = p.CarrierAccount(t.Context(), "tn_1", first)
		sealed, err := w.db.CarrierAccount(t.Context(), "tn_1", first)
		if err != nil {
			t.Fatal(err)
		}
		p.Store = counted{same{w.db, sealed}, w.reads}
		for i := range 1000 {
			_, _ = p.Facts(t.Context(), "tn_1", fmt.Sprint("ca_", i))
		}
		_, _ = p.Facts(t.Context(), "tn_1", "ca_999")
		if n := w.reads.Load() - before; n != 1001 {
			t.Errorf("%d reads", n)
		}
		_, _ = p.Facts(t.Context(), "tn_1", "ca_1000")
		_, _ = p.Facts(t.Context(), "tn_1", "ca_0")
		if n := w.reads.Load() - before; n != 1003 {
			t.Errorf("%d reads: nothing was dropped", n)
		}
	})
}

// same knows one account by every id.
type same struct {
	account.Store
	c account.Carrier
}

func (s same) CarrierAccount(context.Context, string, string) (account.Carrier, error) {
	return s.c, nil
}
