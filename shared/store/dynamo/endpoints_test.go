package dynamo_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

func TestEndpoints(t *testing.T) { dynamotest.Each(t, testEndpoints) }

func testEndpoints(t *testing.T) {
	s := dynamotest.New(t)
	a := callback.Endpoint{ID: "ce_a", URL: "https://a.example", Secrets: []callback.Secret{{Sealed: []byte{1}}, {Sealed: []byte{2}, Until: made}}, Mode: ship.Test, Events: []string{"shipment.booked"}, CreatedAt: made}
	b := callback.Endpoint{ID: "ce_b", URL: "https://b.example", Secrets: []callback.Secret{{Sealed: []byte{3}}}, Mode: ship.Live, Disabled: true, CreatedAt: made}
	must(t, s.PutEndpoint(t.Context(), "tn_1", b))
	must(t, s.PutEndpoint(t.Context(), "tn_1", a))
	must(t, s.PutEndpoint(t.Context(), "tn_2", callback.Endpoint{ID: "ce_c", URL: "https://c.example", CreatedAt: made}))
	must(t, s.PutCarrierAccount(t.Context(), "tn_1", account.Carrier{ID: "ca_1", Sealed: []byte{1}, CreatedAt: made}))
	must(t, s.PutTenant(t.Context(), "tn_1", account.Tenant{ID: "tn_1", CreatedAt: made}))

	t.Run("a tenant's are listed by id, and nothing else is", func(t *testing.T) {
		got, err := s.Endpoints(t.Context(), "tn_1")
		if diff := cmp.Diff([]callback.Endpoint{a, b}, got); err != nil || diff != "" {
			t.Error(err, diff)
		}
	})
	t.Run("a tenant without any has none", func(t *testing.T) {
		if got, err := s.Endpoints(t.Context(), "tn_3"); err != nil || len(got) != 0 {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("more than a page are all listed", func(t *testing.T) {
		big := make([]byte, 300<<10)
		for i := range 5 {
			must(t, s.PutEndpoint(t.Context(), "tn_4", callback.Endpoint{ID: fmt.Sprintf("ce_%d", i), Secrets: []callback.Secret{{Sealed: big}}, CreatedAt: made}))
		}
		if got, err := s.Endpoints(t.Context(), "tn_4"); err != nil || len(got) != 5 {
			t.Errorf("got %d, %v", len(got), err)
		}
	})
	t.Run("one is found by id", func(t *testing.T) {
		got, err := s.Endpoint(t.Context(), "tn_1", "ce_a")
		if diff := cmp.Diff(a, got); err != nil || diff != "" {
			t.Error(err, diff)
		}
	})
	t.Run("another tenant's is none", func(t *testing.T) {
		if _, err := s.Endpoint(t.Context(), "tn_2", "ce_a"); !errors.Is(err, callback.ErrNoEndpoint) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("disabling one shows, while it has that URL", func(t *testing.T) {
		must(t, s.DisableEndpoint(t.Context(), "tn_1", "ce_a", "https://other.example"))
		if got, _ := s.Endpoint(t.Context(), "tn_1", "ce_a"); got.Disabled {
			t.Error("disabled for another URL")
		}
		must(t, s.DisableEndpoint(t.Context(), "tn_1", "ce_a", a.URL))
		if got, _ := s.Endpoint(t.Context(), "tn_1", "ce_a"); !got.Disabled {
			t.Error("not disabled")
		}
	})
	t.Run("of a newer item format are refused", func(t *testing.T) {
		setFormat(t, s.DB, s.Tables.Accounts, attrKey("tn_1", "endpoint#ce_b"), dynamo.ItemFormat+1)
		if _, err := s.Endpoints(t.Context(), "tn_1"); err == nil || !strings.Contains(err.Error(), "newer") {
			t.Errorf("got %v", err)
		}
	})
}

func TestEndpointChanges(t *testing.T) { dynamotest.Each(t, testEndpointChanges) }

func testEndpointChanges(t *testing.T) {
	s := dynamotest.New(t)
	first := callback.Endpoint{ID: "ce_a", URL: "https://a.example", Secrets: []callback.Secret{{Sealed: []byte{1}}}, Mode: ship.Test, Events: []string{"shipment.booked"}, CreatedAt: made}
	must(t, s.PutEndpoint(t.Context(), "tn_1", first))
	now := func(t *testing.T) callback.Endpoint {
		t.Helper()
		e, err := s.EndpointNow(t.Context(), "tn_1", "ce_a")
		must(t, err)
		return e
	}
	t.Run("a new one of the same id is refused", func(t *testing.T) {
		if err := s.PutEndpoint(t.Context(), "tn_1", callback.Endpoint{ID: "ce_a"}); !errors.Is(err, callback.ErrExists) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("what is not named stays", func(t *testing.T) {
		want := first
		for _, c := range []struct {
			change callback.EndpointChange
			apply  func()
		}{
			{callback.EndpointChange{URL: new("https://b.example")}, func() { want.URL = "https://b.example" }},
			{callback.EndpointChange{Disabled: new(true)}, func() { want.Disabled = true }},
			{callback.EndpointChange{Events: new([]string{"shipment.failed", "shipment.unknown"})}, func() { want.Events = []string{"shipment.failed", "shipment.unknown"} }},
			{callback.EndpointChange{Events: new([]string(nil)), Disabled: new(false)}, func() { want.Events, want.Disabled = nil, false }},
		} {
			c.apply()
			got, err := s.UpdateEndpoint(t.Context(), "tn_1", ship.Test, "ce_a", c.change)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
			if diff := cmp.Diff(want, now(t)); diff != "" {
				t.Error(diff)
			}
		}
	})
	t.Run("secrets are replaced by who has seen them, and outlive other changes", func(t *testing.T) {
		next := []callback.Secret{{Sealed: []byte{2}}, {Sealed: []byte{1}, Until: made}}
		got, err := s.ReplaceSecrets(t.Context(), "tn_1", ship.Test, "ce_a", first.Secrets, next)
		if diff := cmp.Diff(next, got.Secrets); err != nil || diff != "" {
			t.Error(err, diff)
		}
		if _, err := s.ReplaceSecrets(t.Context(), "tn_1", ship.Test, "ce_a", first.Secrets, nil); !errors.Is(err, callback.ErrRotated) {
			t.Errorf("got %v", err)
		}
		_, err = s.UpdateEndpoint(t.Context(), "tn_1", ship.Test, "ce_a", callback.EndpointChange{URL: new("https://c.example")})
		if diff := cmp.Diff(next, now(t).Secrets); err != nil || diff != "" {
			t.Error(err, diff)
		}
	})
	t.Run("one from before secrets had an end is read and rotated", func(t *testing.T) {
		must(t, s.PutEndpoint(t.Context(), "tn_1", callback.Endpoint{ID: "ce_old", Secrets: first.Secrets, Mode: ship.Test, CreatedAt: made}))
		_, err := s.DB.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{TableName: &s.Tables.Accounts, Key: attrKey("tn_1", "endpoint#ce_old"), UpdateExpression: aws.String("REMOVE ends")})
		must(t, err)
		old, err := s.EndpointNow(t.Context(), "tn_1", "ce_old")
		if diff := cmp.Diff(first.Secrets, old.Secrets); err != nil || diff != "" {
			t.Error(err, diff)
		}
		if _, err := s.ReplaceSecrets(t.Context(), "tn_1", ship.Test, "ce_old", old.Secrets, old.Secrets); err != nil {
			t.Error(err)
		}
	})
	wrong := map[string]struct {
		tenant, id string
		mode       ship.Mode
	}{
		"another tenant's":   {"tn_2", "ce_a", ship.Test},
		"the other mode's":   {"tn_1", "ce_a", ship.Live},
		"one that never was": {"tn_1", "ce_x", ship.Test},
	}
	for name, c := range wrong {
		t.Run(name+" is not found, changed or deleted", func(t *testing.T) {
			before := now(t)
			_, update := s.UpdateEndpoint(t.Context(), c.tenant, c.mode, c.id, callback.EndpointChange{Disabled: new(true)})
			_, replace := s.ReplaceSecrets(t.Context(), c.tenant, c.mode, c.id, before.Secrets, nil)
			for _, err := range []error{update, replace, s.DeleteEndpoint(t.Context(), c.tenant, c.mode, c.id)} {
				if !errors.Is(err, callback.ErrNoEndpoint) {
					t.Errorf("got %v", err)
				}
			}
			if diff := cmp.Diff(before, now(t)); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("a deleted one is gone, and no change brings it back", func(t *testing.T) {
		must(t, s.DeleteEndpoint(t.Context(), "tn_1", ship.Test, "ce_a"))
		_, update := s.UpdateEndpoint(t.Context(), "tn_1", ship.Test, "ce_a", callback.EndpointChange{Disabled: new(true)})
		_, read := s.EndpointNow(t.Context(), "tn_1", "ce_a")
		for _, err := range []error{update, read, s.DeleteEndpoint(t.Context(), "tn_1", ship.Test, "ce_a"), s.DisableEndpoint(t.Context(), "tn_1", "ce_a", "https://c.example")} {
			if err != nil && !errors.Is(err, callback.ErrNoEndpoint) {
				t.Errorf("got %v", err)
			}
		}
		if update == nil || read == nil || exists(t, s, "tn_1", "endpoint#ce_a") {
			t.Error("it is there")
		}
	})
	t.Run("of a newer item format are not changed, and say so", func(t *testing.T) {
		setFormat(t, s.DB, s.Tables.Accounts, attrKey("tn_1", "endpoint#ce_old"), dynamo.ItemFormat+1)
		_, err := s.UpdateEndpoint(t.Context(), "tn_1", ship.Test, "ce_old", callback.EndpointChange{Disabled: new(true)})
		if err == nil || !strings.Contains(err.Error(), "newer") {
			t.Errorf("got %v", err)
		}
	})
}

func TestEndpointPage(t *testing.T) { dynamotest.Each(t, testEndpointPage) }

func testEndpointPage(t *testing.T) {
	s := dynamotest.New(t)
	var want []string
	for i := range 5 {
		for _, mode := range []ship.Mode{ship.Live, ship.Test} {
			e := callback.Endpoint{ID: fmt.Sprintf("ce_%d%s", i, mode), Mode: mode, CreatedAt: made}
			must(t, s.PutEndpoint(t.Context(), "tn_1", e))
			if mode == ship.Test {
				want = append(want, e.ID)
			}
		}
	}
	for _, limit := range []int{1, 2, 5, 100} {
		t.Run(fmt.Sprintf("of %d shows each of this mode once, in order", limit), func(t *testing.T) {
			var got []string
			after, pages := "", 0
			for ; pages == 0 || after != ""; pages++ {
				found, next, err := s.EndpointPage(t.Context(), "tn_1", ship.Test, limit, after)
				must(t, err)
				for _, e := range found {
					got = append(got, e.ID)
				}
				after = next
			}
			if diff := cmp.Diff(want, got); diff != "" || pages != (4+limit)/limit {
				t.Error(pages, "pages", diff)
			}
		})
	}
	t.Run("after one that was deleted meanwhile goes on", func(t *testing.T) {
		must(t, s.DeleteEndpoint(t.Context(), "tn_1", ship.Test, "ce_1test"))
		found, _, err := s.EndpointPage(t.Context(), "tn_1", ship.Test, 1, "ce_1test")
		if err != nil || len(found) != 1 || found[0].ID != "ce_2test" {
			t.Errorf("got %v, %v", found, err)
		}
	})
}
