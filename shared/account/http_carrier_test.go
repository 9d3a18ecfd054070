package account_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/contract"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

// by is a request of a tenant's key.
func by(who api.Principal, id, body string) api.Request {
	return api.Request{
		Check: contract.Check, Tenant: who.Tenant, Mode: who.Mode, KeyID: who.KeyID, Scopes: who.Scopes, Body: []byte(body), Params: map[string]string{"id": id},
	}
}

// obeys holds an answer against the contract.
func obeys(t *testing.T, schema string, body any) {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	var parsed any
	if err := json.Unmarshal(raw, &parsed); err != nil {
		t.Fatal(err)
	}
	if err := contract.Document().Components.Schemas[schema].Value.VisitJSON(parsed, openapi3.MultiErrors(), openapi3.VisitAsResponse()); err != nil {
		t.Errorf("%s does not obey the contract: %v", schema, err)
	}
}

// failed tells the status and the code of an error, and field and code of each problem.
func failed(err error) (int, []string) {
	e, ok := errors.AsType[*api.Error](err)
	if !ok {
		return 0, []string{fmt.Sprint(err)}
	}
	said := []string{e.Code}
	for _, p := range e.Problems {
		said = append(said, p.Field+" "+p.Code)
	}
	return e.Status, said
}

var tester = api.Principal{Tenant: "tn_1", Mode: ship.Test, KeyID: "aaaaaaaaaaaaaaaa", Scopes: account.AllScopes()}

func TestCarrierAccountLife(t *testing.T) { dynamotest.Each(t, testCarrierAccountLife) }

func testCarrierAccountLife(t *testing.T) {
	w := newWorld(t)
	resp, err := w.PostCarrierAccount(t.Context(), by(tester, "", strings.Replace(added, "{", `{"name":" East ",`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	want := resp.Body.(v1.CarrierAccount)
	if want.Name == nil || *want.Name != "East" {
		t.Errorf("got %+v", want)
	}
	get := func(t *testing.T) v1.CarrierAccount {
		t.Helper()
		resp, err := w.GetCarrierAccount(t.Context(), by(tester, want.Id, ""))
		if err != nil || resp.Status != http.StatusOK {
			t.Fatal(resp.Status, err)
		}
		obeys(t, "CarrierAccount", resp.Body)
		return resp.Body.(v1.CarrierAccount)
	}
	t.Run("is read as it was made", func(t *testing.T) {
		if diff := cmp.Diff(want, get(t)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a change changes what it names", func(t *testing.T) {
		resp, err := w.PatchCarrierAccount(t.Context(), by(tester, want.Id, `{"name":"West","rebook_on_absent":true}`))
		if err != nil || resp.Status != http.StatusOK {
			t.Fatal(resp.Status, err)
		}
		west := "West"
		want.Name, want.RebookOnAbsent = &west, true
		if diff := cmp.Diff(want, get(t)); diff != "" {
			t.Error(diff)
		}
		got, err := w.process().CarrierAccount(t.Context(), "tn_1", want.Id)
		if err != nil || got.Credentials["client_secret"] != "hush-1" || got.Revision != 0 {
			t.Errorf("credentials changed: revision %d, %v", got.Revision, err)
		}
	})
	t.Run("null takes the name away, as in any merge patch", func(t *testing.T) {
		if _, err := w.PatchCarrierAccount(t.Context(), by(tester, want.Id, `{"name":null}`)); err != nil {
			t.Fatal(err)
		}
		if got := get(t); got.Name != nil {
			t.Errorf("the name is %q", *got.Name)
		}
		if _, err := w.PatchCarrierAccount(t.Context(), by(tester, want.Id, `{"name":"West"}`)); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("new credentials replace the old ones whole, and are in no answer", func(t *testing.T) {
		resp, err := w.PatchCarrierAccount(t.Context(), by(tester, want.Id, `{"name":"","credentials":{"client_id":"id-2","client_secret":"hush-2"}}`))
		if err != nil || strings.Contains(fmt.Sprintf("%+v", resp), "hush") {
			t.Fatal("credentials in the answer", err)
		}
		want.Name = nil
		if diff := cmp.Diff(want, get(t)); diff != "" {
			t.Error(diff)
		}
		got, err := w.process().CarrierAccount(t.Context(), "tn_1", want.Id)
		if err != nil || got.Credentials["client_secret"] != "hush-2" || got.Credentials["client_id"] != "id-2" || got.Revision != 1 {
			t.Errorf("revision %d, %v", got.Revision, err)
		}
	})
	t.Run("its own number of bookings a minute is shown and booked with, until null takes it away", func(t *testing.T) {
		for body, pace := range map[string]int64{`{"bookings_per_minute":250}`: 250, `{"bookings_per_minute":null}`: 0} {
			if _, err := w.PatchCarrierAccount(t.Context(), by(tester, want.Id, body)); err != nil {
				t.Fatal(err)
			}
			got, err := w.process().CarrierAccount(t.Context(), "tn_1", want.Id)
			if shown := get(t).BookingsPerMinute; err != nil || got.BookingsPerMinute != pace || (shown == nil) != (pace == 0) || shown != nil && *shown != pace {
				t.Errorf("%s: booked with %d, shown %v, %v", body, got.BookingsPerMinute, shown, err)
			}
		}
		if _, err := w.PatchCarrierAccount(t.Context(), by(tester, want.Id, `{"bookings_per_minute":null}`)); err != nil {
			t.Fatal(err)
		}
	})
	for name, c := range map[string]struct {
		body string
		want []string
	}{
		"to no bookings a minute":  {`{"bookings_per_minute":0}`, []string{"bookings_per_minute minimum"}},
		"to too many a minute":     {`{"bookings_per_minute":10001}`, []string{"bookings_per_minute maximum"}},
		"nothing":                  {`{}`, []string{" minProperties"}},
		"the number":               {`{"number":"B2"}`, []string{"number immutable"}},
		"the carrier":              {`{"carrier":"sim","name":"x"}`, []string{"carrier immutable"}},
		"the mode":                 {`{"mode":"live"}`, []string{"mode unknown_field"}},
		"half the credentials":     {`{"credentials":{"client_id":"id-3"}}`, []string{"credentials.client_secret required"}},
		"others' credentials":      {`{"credentials":{"client_id":"i","client_secret":"s","token":"t"}}`, []string{"credentials.token unknown_field"}},
		"a name that is too long":  {`{"name":"` + strings.Repeat("x", 101) + `"}`, []string{"name maxLength"}},
		"null for the credentials": {`{"credentials":null}`, []string{"credentials nullable"}},
	} {
		t.Run("changing "+name+" is refused and changes nothing", func(t *testing.T) {
			_, err := w.PatchCarrierAccount(t.Context(), by(tester, want.Id, c.body))
			if status, said := failed(err); status != 422 || !slices.Equal(said[1:], c.want) {
				t.Errorf("got %d %q", status, said)
			}
			if diff := cmp.Diff(want, get(t)); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("what never changes is said with what to do", func(t *testing.T) {
		_, err := w.PatchCarrierAccount(t.Context(), by(tester, want.Id, `{"number":"B2"}`))
		if e, _ := errors.AsType[*api.Error](err); e == nil || !strings.Contains(e.Problems[0].Detail, "Add another account") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("is deleted once", func(t *testing.T) {
		resp, err := w.DeleteCarrierAccount(t.Context(), by(tester, want.Id, ""))
		if err != nil || resp.Status != http.StatusNoContent || resp.Body != nil {
			t.Fatal(resp, err)
		}
		for name, call := range map[string]api.Handler{"get": w.GetCarrierAccount, "patch": w.PatchCarrierAccount, "delete": w.DeleteCarrierAccount} {
			if status, _ := failed(second(call(t.Context(), by(tester, want.Id, `{"name":"x"}`)))); status != 404 {
				t.Errorf("%s: %d", name, status)
			}
		}
	})
}

func TestCarrierAccountsOwnPace(t *testing.T) {
	w := newWorld(t)
	t.Run("may be given from the beginning", func(t *testing.T) {
		resp, err := w.PostCarrierAccount(t.Context(), by(tester, "", strings.Replace(added, "{", `{"bookings_per_minute":30,`, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if got := resp.Body.(v1.CarrierAccount).BookingsPerMinute; got == nil || *got != 30 {
			t.Errorf("shown %v", got)
		}
	})
	t.Run("is refused where the carrier has no limit", func(t *testing.T) {
		_, err := w.PostCarrierAccount(t.Context(), by(tester, "", `{"carrier":"sim","number":"1","bookings_per_minute":30}`))
		if status, said := failed(err); status != 422 || !slices.Equal(said[1:], []string{"bookings_per_minute unsupported"}) {
			t.Errorf("got %d %q", status, said)
		}
	})
}

func second(_ api.Response, err error) error { return err }

func TestCarrierAccountSeed(t *testing.T) {
	w := newWorld(t)
	post := func(t *testing.T, who api.Principal, seed string) string {
		t.Helper()
		r := by(who, "", added)
		r.Seed = seed
		resp, err := w.PostCarrierAccount(t.Context(), r)
		if err != nil || resp.Status != http.StatusCreated {
			t.Fatal(resp.Status, err)
		}
		return resp.Body.(v1.CarrierAccount).Id
	}
	first := post(t, tester, "seed-1")
	t.Run("the same request makes the same account", func(t *testing.T) {
		if again := post(t, tester, "seed-1"); again != first {
			t.Errorf("%s and %s", first, again)
		}
		if list := accounts(t, w, tester, 100); len(list) != 1 {
			t.Errorf("got %v", list)
		}
	})
	t.Run("another one makes another", func(t *testing.T) {
		if other := post(t, tester, "seed-2"); other == first {
			t.Errorf("got %s", other)
		}
	})
	t.Run("none makes one each", func(t *testing.T) {
		if a, b := post(t, tester, ""), post(t, tester, ""); a == b {
			t.Errorf("got %s twice", a)
		}
	})
}

// accounts are the ids of all pages.
func accounts(t *testing.T, w *world, who api.Principal, limit int) []string {
	t.Helper()
	var ids []string
	r := by(who, "", "")
	r.Query = map[string][]string{"limit": {fmt.Sprint(limit)}}
	for {
		resp, err := w.ListCarrierAccounts(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		obeys(t, "CarrierAccountPage", resp.Body)
		page := resp.Body.(v1.CarrierAccountPage)
		for _, c := range page.Data {
			ids = append(ids, c.Id)
		}
		if page.NextCursor == nil {
			return ids
		}
		r.Query["cursor"] = []string{*page.NextCursor}
	}
}

func TestListCarrierAccounts(t *testing.T) {
	w := newWorld(t)
	live, other := tester, tester
	live.Mode, other.Tenant = ship.Live, "tn_2"
	var want []string
	for range 5 {
		w.pass(1e6) // ids grow with the time
		for _, who := range []api.Principal{tester, live} {
			resp, err := w.PostCarrierAccount(t.Context(), by(who, "", added))
			if err != nil {
				t.Fatal(err)
			}
			if who.Mode == ship.Test {
				want = append(want, resp.Body.(v1.CarrierAccount).Id)
			}
		}
	}
	for _, limit := range []int{1, 2, 4, 5, 100} {
		t.Run(fmt.Sprintf("shows those of this mode in pages of %d", limit), func(t *testing.T) {
			if diff := cmp.Diff(want, accounts(t, w, tester, limit)); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("shows another tenant none, as an empty list", func(t *testing.T) {
		if got := accounts(t, w, other, 10); len(got) != 0 {
			t.Errorf("got %v", got)
		}
	})
	for name, cursor := range map[string]string{"no base64": "%%", "another list's": *api.NextCursor("ce_1"), "of odd bytes": *api.NextCursor("ca_\x00#"), "endless": *api.NextCursor("ca_" + strings.Repeat("x", 62))} {
		t.Run("a cursor that is "+name+" is refused", func(t *testing.T) {
			r := by(tester, "", "")
			r.Query = map[string][]string{"cursor": {cursor}}
			if status, said := failed(second(w.ListCarrierAccounts(t.Context(), r))); status != 400 || said[0] != "invalid_cursor" {
				t.Errorf("got %d %s", status, said)
			}
		})
	}
}

// TestForeign calls every operation on one thing with ids that are not the caller's.
func TestForeign(t *testing.T) { dynamotest.Each(t, testForeign) }

// another is an id that nothing has.
func another(id string) string {
	last := "7"
	if strings.HasSuffix(id, last) {
		last = "5"
	}
	return id[:len(id)-1] + last
}

func testForeign(t *testing.T) {
	w := newWorld(t)
	out, err := w.OperatorCreateTenant(t.Context(), account.TenantRequest{Name: "One", Mode: ship.Test})
	if err != nil {
		t.Fatal(err)
	}
	owner, err := w.Authenticate(t.Context(), out.APIKey.Secret)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := w.PostCarrierAccount(t.Context(), by(owner, "", added))
	if err != nil {
		t.Fatal(err)
	}
	acct, key := resp.Body.(v1.CarrierAccount).Id, out.APIKey.ID
	live, other := owner, owner
	live.Mode, other.Tenant = ship.Live, "tn_2"
	calls := map[string]struct {
		call api.Handler
		id   string
	}{
		"GetCarrierAccount": {w.GetCarrierAccount, acct}, "PatchCarrierAccount": {w.PatchCarrierAccount, acct}, "DeleteCarrierAccount": {w.DeleteCarrierAccount, acct},
		"GetAPIKey": {w.GetAPIKey, key}, "DeleteAPIKey": {w.DeleteAPIKey, key},
	}
	for name, c := range calls {
		for whose, r := range map[string]api.Request{
			"another tenant's":   by(other, c.id, `{"name":"x"}`),
			"the other mode's":   by(live, c.id, `{"name":"x"}`),
			"one that never was": by(owner, another(c.id), `{"name":"x"}`),
			"none":               by(owner, "", `{"name":"x"}`),
			"an endless one":     by(owner, strings.Repeat("ca_", 2000), `{"name":"x"}`),
			"one of odd bytes":   by(owner, "ca_\x00#\xff", `{"name":"x"}`),
			"another kind's":     by(owner, map[bool]string{true: key, false: acct}[c.id == acct], `{"name":"x"}`),
		} {
			t.Run(name+" with "+whose+" is 404", func(t *testing.T) {
				if status, said := failed(second(c.call(t.Context(), r))); status != 404 || said[0] != "not_found" {
					t.Errorf("got %d %s", status, said)
				}
			})
		}
	}
	t.Run("and nothing has changed", func(t *testing.T) {
		resp, err := w.GetCarrierAccount(t.Context(), by(owner, acct, ""))
		if err != nil || resp.Body.(v1.CarrierAccount).Name != nil {
			t.Error(resp, err)
		}
		if _, err := w.Authenticate(t.Context(), out.APIKey.Secret); err != nil {
			t.Error(err)
		}
	})
}
