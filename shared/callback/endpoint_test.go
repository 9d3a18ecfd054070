package callback_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/contract"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/ship"
)

func TestCreate(t *testing.T) {
	w := newWorld(t)
	tests := []struct {
		name, body string
		events     []v1.EventType
	}{
		{"with events answers them", `{"url":"https://example.com/hook","events":["shipment.booked","shipment.unknown"]}`, []v1.EventType{"shipment.booked", "shipment.unknown"}},
		{"with what an answer shows for all of them takes all", `{"url":"https://example.com/hook","events":[]}`, []v1.EventType{}},
		{"with null for events takes all", `{"url":"https://example.com/hook","events":null}`, []v1.EventType{}},
		{"without events answers none, which means all", `{"url":"https://example.com/hook"}`, []v1.EventType{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, err := w.service.Create(t.Context(), api.Request{Check: contract.Check, Method: "POST", Path: "/v1/callback-endpoints", Body: []byte(tt.body), Tenant: w.tenant, Mode: ship.Test})
			if err != nil || res.Status != http.StatusCreated {
				t.Fatalf("status %d, %v", res.Status, err)
			}
			asSchema(t, "CallbackEndpointWithSecret", res.Body)
			if !slices.Equal(res.Secret, []string{"secret"}) {
				t.Errorf("the secret is not marked: %v", res.Secret)
			}
			got := res.Body.(v1.CallbackEndpointWithSecret)
			if _, err := standardwebhooks.NewWebhook(got.Secret); err != nil || !strings.HasPrefix(got.Secret, "whsec_") {
				t.Errorf("not a secret of Standard Webhooks: %v", err)
			}
			if diff := cmp.Diff(tt.events, got.Events); diff != "" || got.Mode != "test" || got.Url != "https://example.com/hook" {
				t.Errorf("got %+v %s", got, diff)
			}
			stored, err := w.store.Endpoint(t.Context(), w.tenant, got.Id)
			if err != nil || stored.URL != got.Url || stored.Mode != ship.Test || !stored.CreatedAt.Equal(got.CreatedAt) || stored.Disabled {
				t.Errorf("stored %+v, %v", stored, err)
			}
			if len(stored.Secrets) != 1 || strings.Contains(string(stored.Secrets[0].Sealed), got.Secret) || !stored.Secrets[0].Until.IsZero() {
				t.Error("the secret is not stored sealed, once and without an end")
			}
			if _, err := w.store.Endpoint(t.Context(), "ten_other", got.Id); !errors.Is(err, callback.ErrNoEndpoint) {
				t.Errorf("another tenant finds it: %v", err)
			}
		})
	}
}

func TestCreateRefuses(t *testing.T) {
	w := newWorld(t)
	w.service.AllowLoopback = false
	tests := []struct {
		name, body string
		want       []string // field and code
	}{
		{"a missing url", `{}`, []string{"url required"}},
		{"http", `{"url":"http://example.com"}`, []string{"url insecure_url"}},
		{"loopback", `{"url":"https://localhost/"}`, []string{"url prohibited_host"}},
		{"a private address", `{"url":"https://192.168.1.1/"}`, []string{"url prohibited_host"}},
		{"an unknown event", `{"url":"https://example.com","events":["shipment.lost"]}`, []string{"events[0] enum"}},
		{"an event twice, and http, at once", `{"url":"http://example.com","events":["shipment.booked","shipment.booked"]}`, []string{"url insecure_url", "events[1] duplicate"}},
		{"wrong types, all at once", `{"url":7,"events":"all"}`, []string{"events type", "url type"}},
		{"a url that is too long", `{"url":"https://example.com/` + strings.Repeat("a", 2048) + `"}`, []string{"url maxLength"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := w.service.Create(t.Context(), api.Request{Check: contract.Check, Body: []byte(tt.body), Tenant: w.tenant, Mode: ship.Live})
			problem, ok := errors.AsType[*api.Error](err)
			if !ok || problem.Status != http.StatusUnprocessableEntity {
				t.Fatalf("got %v", err)
			}
			var got []string
			for _, p := range problem.Problems {
				got = append(got, p.Field+" "+p.Code)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("an unknown event without the schema's help", func(t *testing.T) {
		_, _, err := w.service.CreateEndpoint(t.Context(), w.tenant, ship.Live, callback.EndpointInput{URL: "https://example.com", Events: []string{"shipment.booked", "x"}})
		problem, _ := errors.AsType[*api.Error](err)
		if problem == nil || len(problem.Problems) != 1 || problem.Problems[0].Field != "events[1]" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("and stores nothing", func(t *testing.T) {
		if all, err := w.store.Endpoints(t.Context(), w.tenant); err != nil || len(all) != 0 {
			t.Errorf("got %v, %v", all, err)
		}
	})
}

// asSchema checks a value against the contract.
func asSchema(t *testing.T, name string, value any) {
	t.Helper()
	body, ok := value.([]byte)
	if !ok {
		var err error
		if body, err = json.Marshal(value); err != nil {
			t.Fatal(err)
		}
	}
	var parsed any
	if err := json.Unmarshal(body, &parsed); err != nil {
		t.Fatal(err)
	}
	if err := contract.Document().Components.Schemas[name].Value.VisitJSON(parsed, openapi3.MultiErrors(), openapi3.VisitAsResponse()); err != nil {
		t.Errorf("%s does not obey the contract: %v", name, err)
	}
}
