package dynamo_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

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
	a := callback.Endpoint{ID: "ce_a", URL: "https://a.example", Sealed: [][]byte{{1}, {2}}, Mode: ship.Test, Events: []string{"shipment.booked"}, CreatedAt: made}
	b := callback.Endpoint{ID: "ce_b", URL: "https://b.example", Sealed: [][]byte{{3}}, Mode: ship.Live, Disabled: true, CreatedAt: made}
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
			must(t, s.PutEndpoint(t.Context(), "tn_4", callback.Endpoint{ID: fmt.Sprintf("ce_%d", i), Sealed: [][]byte{big}, CreatedAt: made}))
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

func ptr[T any](v T) *T { return &v }
