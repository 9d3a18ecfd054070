package account_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

// tenant makes a tenant and returns who its first key is.
func (w *world) tenant(t *testing.T, mode ship.Mode) api.Principal {
	t.Helper()
	out, err := w.OperatorCreateTenant(t.Context(), account.TenantRequest{Name: "One", Mode: mode})
	if err != nil {
		t.Fatal(err)
	}
	return w.who(t, out.APIKey.Secret)
}

func (w *world) who(t *testing.T, key string) api.Principal {
	t.Helper()
	p, err := w.Authenticate(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// key makes a key with some scopes and returns who it is.
func (w *world) key(t *testing.T, asking api.Principal, scopes ...string) api.Principal {
	t.Helper()
	_, whole, err := w.CreateAPIKey(t.Context(), asking.Tenant, asking.KeyID, account.KeyInput{Name: "k", Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	return w.who(t, whole)
}

func (w *world) works(t *testing.T, who api.Principal) bool {
	t.Helper()
	_, err := w.db.APIKey(t.Context(), who.KeyID)
	if err != nil && !errors.Is(err, account.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

// listed are the ids of the keys of all pages.
func (w *world) listed(t *testing.T, who api.Principal, limit int) []string {
	t.Helper()
	ids := []string{}
	r := by(who, "", "")
	r.Query = map[string][]string{"limit": {fmt.Sprint(limit)}}
	for {
		resp, err := w.ListAPIKeys(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		obeys(t, "ApiKeyPage", resp.Body)
		page := resp.Body.(v1.ApiKeyPage)
		for _, k := range page.Data {
			ids = append(ids, k.Id)
		}
		if page.NextCursor == nil {
			return ids
		}
		r.Query["cursor"] = []string{*page.NextCursor}
	}
}

func TestPostAPIKey(t *testing.T) { dynamotest.Each(t, testPostAPIKey) }

func testPostAPIKey(t *testing.T) {
	w := newWorld(t)
	admin := w.tenant(t, ship.Live)
	t.Run("is 201 with the whole key, which works", func(t *testing.T) {
		resp, err := w.PostAPIKey(t.Context(), by(admin, "", `{"name":" warehouse ","scopes":["admin","read"]}`))
		if err != nil || resp.Status != http.StatusCreated || !slices.Equal(resp.Secret, []string{"key"}) {
			t.Fatal(resp.Status, resp.Secret, err)
		}
		obeys(t, "ApiKeyWithSecret", resp.Body)
		got := resp.Body.(v1.ApiKeyWithSecret)
		want := api.Principal{Tenant: admin.Tenant, Mode: ship.Live, KeyID: got.Id, Scopes: []string{"read", "admin"}}
		if diff := cmp.Diff(want, w.who(t, got.Key)); diff != "" || got.Name != "warehouse" || got.Mode != "live" {
			t.Errorf("%+v %s", got, diff)
		}
		again, err := w.GetAPIKey(t.Context(), by(admin, got.Id, ""))
		shown := v1.ApiKey{Id: got.Id, Object: got.Object, Name: got.Name, Scopes: got.Scopes, Mode: got.Mode, CreatedAt: got.CreatedAt}
		if diff := cmp.Diff(shown, again.Body); err != nil || diff != "" {
			t.Error(err, diff)
		}
		obeys(t, "ApiKey", again.Body)
	})
	t.Run("without scopes it may read and ship", func(t *testing.T) {
		resp, err := w.PostAPIKey(t.Context(), by(admin, "", `{"name":"x"}`))
		if err != nil || !slices.Equal(resp.Body.(v1.ApiKeyWithSecret).Scopes, []v1.Scope{"read", "ship"}) {
			t.Error(resp, err)
		}
	})
	for name, c := range map[string]struct {
		body   string
		status int
		want   []string
	}{
		"no name":           {`{}`, 422, []string{"name required"}},
		"a blank name":      {`{"name":" "}`, 422, []string{"name invalid"}},
		"an empty list":     {`{"name":"x","scopes":[]}`, 422, []string{"scopes minItems"}},
		"an unknown scope":  {`{"name":"x","scopes":["root"]}`, 422, []string{"scopes[0] enum"}},
		"a scope twice":     {`{"name":"x","scopes":["read","read"]}`, 422, []string{"scopes uniqueItems"}},
		"a mode":            {`{"name":"x","mode":"test"}`, 422, []string{"mode unknown_field"}},
		"a name of 2 lines": {`{"name":"a\nb"}`, 422, []string{"name control_character"}},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			_, err := w.PostAPIKey(t.Context(), by(admin, "", c.body))
			if status, said := failed(err); status != c.status || !slices.Equal(said[1:], c.want) {
				t.Errorf("got %d %q", status, said)
			}
		})
	}
	t.Run("and so it is without the schema's help", func(t *testing.T) {
		_, _, err := w.CreateAPIKey(t.Context(), admin.Tenant, admin.KeyID, account.KeyInput{Name: "a\nb", Scopes: []string{"read", "root"}})
		if _, said := failed(err); !slices.Equal(said[1:], []string{"name invalid", "scopes[1] unknown_scope"}) {
			t.Errorf("got %q", said)
		}
		_, _, err = w.CreateAPIKey(t.Context(), admin.Tenant, admin.KeyID, account.KeyInput{Name: "a", Scopes: []string{}})
		if _, said := failed(err); !slices.Equal(said[1:], []string{"scopes required"}) {
			t.Errorf("got %q", said)
		}
	})
	t.Run("a key gives nothing that it lacks, whatever the gateway says of it", func(t *testing.T) {
		few := w.key(t, admin, "admin", "read")
		few.Scopes = account.AllScopes()
		for _, body := range []string{`{"name":"x"}`, `{"name":"x","scopes":["ship"]}`, `{"name":"x","scopes":["read","ship","admin"]}`} {
			_, err := w.PostAPIKey(t.Context(), by(few, "", body))
			if status, said := failed(err); status != 403 || said[0] != "scope_escalation" {
				t.Errorf("%s: got %d %q", body, status, said)
			}
		}
		if _, err := w.PostAPIKey(t.Context(), by(few, "", `{"name":"x","scopes":["read","admin"]}`)); err != nil {
			t.Error(err)
		}
	})
	t.Run("a revoked key leaves no other behind, though the gateway still knows it", func(t *testing.T) {
		gone := w.key(t, admin, "admin")
		if err := w.RevokeAPIKey(t.Context(), admin.Tenant, admin.Mode, admin.KeyID, gone.KeyID); err != nil {
			t.Fatal(err)
		}
		if status, said := failed(second(w.PostAPIKey(t.Context(), by(gone, "", `{"name":"x","scopes":["admin"]}`)))); status != 401 || said[0] != "unauthorized" {
			t.Errorf("got %d %q", status, said)
		}
	})
	t.Run("a repeated request makes one key, and says that its secret was shown", func(t *testing.T) {
		r := by(admin, "", `{"name":"x"}`)
		r.Seed = "seed-1"
		resp, err := w.PostAPIKey(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		first, before := resp.Body.(v1.ApiKeyWithSecret), w.listed(t, admin, 100)
		_, err = w.PostAPIKey(t.Context(), r)
		e, _ := errors.AsType[*api.Error](err)
		if e == nil || e.Status != 409 || e.Code != "secret_shown_once" || e.Extra["existing_id"] != first.Id {
			t.Errorf("got %v", err)
		}
		if _, err := w.Authenticate(t.Context(), first.Key); err != nil || len(w.listed(t, admin, 100)) != len(before) {
			t.Error("the first one does not work any more, or there is another", err)
		}
	})
}

func TestListAPIKeys(t *testing.T) {
	w := newWorld(t)
	admin := w.tenant(t, ship.Test)
	want := []string{admin.KeyID}
	for range 4 {
		want = append(want, w.key(t, admin).KeyID)
	}
	slices.Sort(want)
	for _, limit := range []int{1, 2, 5, 100} {
		t.Run(fmt.Sprintf("shows all in pages of %d", limit), func(t *testing.T) {
			if diff := cmp.Diff(want, w.listed(t, admin, limit)); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("shows neither the other mode's nor another tenant's", func(t *testing.T) {
		live := admin
		live.Mode = ship.Live
		for _, who := range []api.Principal{live, {Tenant: "tn_2", Mode: ship.Test, KeyID: admin.KeyID}} {
			if got := w.listed(t, who, 10); len(got) != 0 {
				t.Errorf("got %v", got)
			}
		}
	})
	t.Run("shows no hash and no secret", func(t *testing.T) {
		resp, err := w.ListAPIKeys(t.Context(), by(admin, "", ""))
		if err != nil || len(resp.Secret) > 0 || strings.Contains(fmt.Sprintf("%+v", resp.Body), "fl_") {
			t.Error(resp, err)
		}
	})
	t.Run("a cursor of another list is refused", func(t *testing.T) {
		r := by(admin, "", "")
		r.Query = map[string][]string{"cursor": {*api.NextCursor("ca_1")}}
		if status, said := failed(second(w.ListAPIKeys(t.Context(), r))); status != 400 || said[0] != "invalid_cursor" {
			t.Errorf("got %d %s", status, said)
		}
	})
}

func TestDeleteAPIKey(t *testing.T) { dynamotest.Each(t, testDeleteAPIKey) }

func testDeleteAPIKey(t *testing.T) {
	revoke := func(t *testing.T, w *world, asking, key api.Principal) error {
		t.Helper()
		resp, err := w.DeleteAPIKey(t.Context(), by(asking, key.KeyID, ""))
		if err == nil && (resp.Status != http.StatusNoContent || resp.Body != nil) {
			t.Error(resp)
		}
		return err
	}
	last := func(t *testing.T, err error) {
		t.Helper()
		if status, said := failed(err); status != 409 || said[0] != "last_admin_key" || !strings.Contains(err.Error(), "Make another one") {
			t.Errorf("got %d %v", status, err)
		}
	}
	t.Run("ends a key at once, and again is 404", func(t *testing.T) {
		w := newWorld(t)
		admin := w.tenant(t, ship.Test)
		k := w.key(t, admin)
		if err := revoke(t, w, admin, k); err != nil || w.works(t, k) {
			t.Error("it works", err)
		}
		if status, _ := failed(revoke(t, w, admin, k)); status != 404 {
			t.Errorf("again: %d", status)
		}
		if got := w.listed(t, admin, 10); !slices.Equal(got, []string{admin.KeyID}) {
			t.Errorf("listed: %v", got)
		}
	})
	t.Run("a key may end itself, but the last one that administers stays", func(t *testing.T) {
		w := newWorld(t)
		admin := w.tenant(t, ship.Test)
		w.key(t, admin, "read", "ship")
		last(t, revoke(t, w, admin, admin))
		other := w.key(t, admin, "admin")
		if err := revoke(t, w, admin, admin); err != nil || w.works(t, admin) {
			t.Error(err)
		}
		last(t, revoke(t, w, other, other))
		if !w.works(t, other) {
			t.Error("nobody is left")
		}
	})
	t.Run("a tenant from before keys had scopes keeps its only one, sees it, and may replace it", func(t *testing.T) {
		w := newWorld(t)
		admin := w.tenant(t, ship.Test)
		w.age(t, admin)
		if got := w.listed(t, admin, 10); !slices.Equal(got, []string{admin.KeyID}) {
			t.Errorf("listed: %v", got)
		}
		last(t, revoke(t, w, admin, admin))
		other := w.key(t, admin, "admin")
		both := []string{admin.KeyID, other.KeyID}
		slices.Sort(both)
		if got := w.listed(t, other, 10); !slices.Equal(got, both) {
			t.Errorf("listed: %v", got)
		}
		if err := revoke(t, w, other, admin); err != nil {
			t.Error(err)
		}
		last(t, revoke(t, w, other, other))
	})
	t.Run("of many that end each other one is left", func(t *testing.T) {
		for range 5 {
			w := newWorld(t)
			keys := []api.Principal{w.tenant(t, ship.Test)}
			for range 3 {
				keys = append(keys, w.key(t, keys[0], "admin"))
			}
			var group sync.WaitGroup
			for i, asking := range keys {
				for j := range keys {
					victim := keys[(i+j+1)%len(keys)]
					group.Go(func() {
						_ = w.RevokeAPIKey(context.Background(), asking.Tenant, asking.Mode, asking.KeyID, victim.KeyID)
					})
				}
			}
			group.Wait()
			if !slices.ContainsFunc(keys, func(k api.Principal) bool { return w.works(t, k) }) {
				t.Fatal("nobody is left")
			}
		}
	})
	t.Run("whichever write is lost, a key that works is listed, one that administers is left, and repeating ends it", func(t *testing.T) {
		for lost := 1; lost <= 8; lost++ {
			w := newWorld(t)
			admin := w.tenant(t, ship.Test)
			broken := &account.Service{Now: w.now, NewID: w.NewID, Random: w.Random,
				Store: &dynamo.Store{DB: &writes{API: w.db.DB, lost: lost}, Tables: w.db.Tables, Now: w.now}}
			k, _, made := broken.CreateAPIKey(t.Context(), admin.Tenant, admin.KeyID, account.KeyInput{Name: "k", Scopes: []string{"admin"}})
			if made == nil {
				_ = broken.RevokeAPIKey(t.Context(), admin.Tenant, admin.Mode, k.ID, admin.KeyID)
				_ = broken.RevokeAPIKey(t.Context(), admin.Tenant, admin.Mode, k.ID, k.ID)
			}
			working := 0
			for _, who := range []api.Principal{admin, {KeyID: k.ID}} {
				if who.KeyID == "" || !w.works(t, who) {
					continue
				}
				working++
				if !slices.Contains(w.listed(t, admin, 10), who.KeyID) {
					t.Errorf("write %d lost: a key works that is not listed", lost)
				}
			}
			if working == 0 {
				t.Errorf("write %d lost: nobody is left", lost)
			}
			if made == nil && w.works(t, admin) && w.works(t, api.Principal{KeyID: k.ID}) {
				if err := w.RevokeAPIKey(t.Context(), admin.Tenant, admin.Mode, k.ID, admin.KeyID); err != nil || w.works(t, admin) {
					t.Errorf("write %d lost: repeating it: %v", lost, err)
				}
			}
		}
	})
	t.Run("a key whose making was interrupted does not count as one that is left", func(t *testing.T) {
		w := newWorld(t)
		admin := w.tenant(t, ship.Test)
		broken := &account.Service{Now: w.now, NewID: w.NewID, Random: w.Random,
			Store: &dynamo.Store{DB: &writes{API: w.db.DB, lost: 2}, Tables: w.db.Tables, Now: w.now}}
		if _, _, err := broken.CreateAPIKey(t.Context(), admin.Tenant, admin.KeyID, account.KeyInput{Name: "k", Scopes: []string{"admin"}}); !errors.Is(err, errLost) {
			t.Fatal(err)
		}
		if ids, err := w.db.Admins(t.Context(), admin.Tenant, admin.Mode); err != nil || len(ids) != 2 {
			t.Fatal("the case does not arise", ids, err)
		}
		last(t, revoke(t, w, admin, admin))
	})
}

// age makes a tenant's first key one from before keys had names and scopes, and lists.
func (w *world) age(t *testing.T, who api.Principal) {
	t.Helper()
	key := func(pk, sk string) map[string]types.AttributeValue {
		return map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: pk}, "sk": &types.AttributeValueMemberS{Value: sk}}
	}
	_, err := w.db.DB.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{TableName: &w.db.Tables.Accounts, Key: key("KEY#"+who.KeyID, "key"),
		UpdateExpression: aws.String("REMOVE scopes, #name"), ExpressionAttributeNames: map[string]string{"#name": "name"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, sk := range []string{"key#" + who.KeyID, "admins#" + string(who.Mode)} {
		if _, err := w.db.DB.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &w.db.Tables.Accounts, Key: key(who.Tenant, sk)}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestScopes(t *testing.T) {
	w := newWorld(t)
	admin := w.tenant(t, ship.Test)
	t.Run("of the first key are all", func(t *testing.T) {
		if !slices.Equal(admin.Scopes, []string{"read", "ship", "admin"}) {
			t.Errorf("got %v", admin.Scopes)
		}
	})
	t.Run("of a key are those it was made with", func(t *testing.T) {
		if got := w.key(t, admin, "ship"); !slices.Equal(got.Scopes, []string{"ship"}) {
			t.Errorf("got %v", got.Scopes)
		}
	})
	t.Run("of a key from before there were any are all", func(t *testing.T) {
		_, k, whole, err := w.CreateTenant(t.Context(), "Old", ship.Live)
		if err != nil {
			t.Fatal(err)
		}
		w.age(t, api.Principal{Tenant: k.Tenant, Mode: k.Mode, KeyID: k.ID})
		if got := w.who(t, whole); !slices.Equal(got.Scopes, []string{"read", "ship", "admin"}) {
			t.Errorf("got %v", got.Scopes)
		}
	})
}
