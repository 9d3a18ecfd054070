package dynamo_test

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

// unheard is a database whose first answer to each write is lost, so that the SDK sends it again.
type unheard struct{ dynamo.API }

func (u unheard) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	if out, err := u.API.PutItem(ctx, in, o...); err != nil {
		return out, err
	}
	return u.API.PutItem(ctx, in, o...)
}

func TestALostAnswerToANewSettingIsSuccess(t *testing.T) { dynamotest.Each(t, testALostAnswer) }

func testALostAnswer(t *testing.T) {
	sure := dynamotest.New(t)
	s := *sure
	s.DB = unheard{sure.DB}
	key := account.Key{ID: "k1", Tenant: "tn_1", Name: "one", Mode: ship.Live, Scopes: []string{"read", "ship"}, Hash: []byte{1, 2, 3}, CreatedAt: made}
	endpoint := callback.Endpoint{ID: "ce_1", URL: "https://example.com/", Mode: ship.Test, Events: []string{"shipment.booked"}, Secrets: []callback.Secret{{Sealed: []byte{1}}}, CreatedAt: made}
	carrier := account.Carrier{ID: "ca_1", Name: "one", Mode: ship.Test, Carrier: "acme", Number: "1", Sealed: []byte{1}, CreatedAt: made}
	put := map[string]func(*dynamo.Store) error{
		"a tenant": func(s *dynamo.Store) error {
			return s.PutTenant(t.Context(), "tn_1", account.Tenant{ID: "tn_1", Name: "one", CreatedAt: made})
		},
		"an API key":          func(s *dynamo.Store) error { return s.PutAPIKey(t.Context(), "tn_1", key) },
		"a callback endpoint": func(s *dynamo.Store) error { return s.PutEndpoint(t.Context(), "tn_1", endpoint) },
		"a carrier account":   func(s *dynamo.Store) error { return s.PutCarrierAccount(t.Context(), "tn_1", carrier) },
	}
	for name, f := range put {
		t.Run(name, func(t *testing.T) { must(t, f(&s)) })
	}
	key.Hash, endpoint.Secrets, carrier.Sealed = []byte{4}, []callback.Secret{{Sealed: []byte{2}}}, []byte{2}
	delete(put, "a tenant")
	for name, f := range put {
		t.Run(name+" with another secret exists", func(t *testing.T) {
			if err := f(sure); !errors.Is(err, account.ErrExists) && !errors.Is(err, callback.ErrExists) {
				t.Errorf("got %v", err)
			}
		})
	}
}
