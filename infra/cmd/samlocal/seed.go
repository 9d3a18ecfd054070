package main

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/fairlead/fairlead/infra/local"
	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/batch"
	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carriers/ups"
	"github.com/fairlead/fairlead/shared/document/s3blobs"
	"github.com/fairlead/fairlead/shared/secret"
	"github.com/fairlead/fairlead/shared/secret/kmskeys"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// What the sample events speak of. They are made under the events' own ids.
const (
	sampleID     = "01jd3v5x8z6q4m2n7p9r0s1t2v" // of the tenant, its first key, its carrier account and its callback endpoint
	sampleTenant = "tn_" + sampleID
	sampleKey    = "k_" + sampleID    // who asks
	otherKey     = "k7m2q4x6z5w3n7p6" // who is read and revoked
	sampleBatch  = "bat_2okv25v7piaff6kokox6lujxo2"
)

func (p *plane) seed(ctx context.Context) error { return seed(ctx, p.stack) }

// seed makes the tenant of the sample events, two keys, a carrier account, a callback endpoint and a batch.
func seed(ctx context.Context, s *local.Stack) error {
	env := map[string]string{}
	for _, f := range s.Template.Functions {
		for k, v := range f.Env {
			env[k] = v
		}
	}
	login := credentials.NewStaticCredentialsProvider("local", "local", "")
	store := &dynamo.Store{DB: dynamodb.New(dynamodb.Options{Region: "us-east-1", BaseEndpoint: &s.Where.DynamoDB, Credentials: login}), Now: time.Now,
		Tables: dynamo.Tables{Shipments: env["TABLE_SHIPMENTS"], Documents: env["TABLE_DOCUMENTS"], Accounts: env["TABLE_ACCOUNTS"], Limits: env["TABLE_LIMITS"],
			Deliveries: env["TABLE_DELIVERIES"], Requests: env["TABLE_REQUESTS"]},
		Blobs: &s3blobs.Bucket{Name: env["LABEL_BUCKET"], Client: s3.New(s3.Options{Region: "us-east-1", BaseEndpoint: &s.Where.S3, UsePathStyle: true, Credentials: login})}}
	box := &secret.Box{Now: time.Now, Keys: kmskeys.Source{KeyID: env["DATA_KEY_ID"],
		Client: kms.New(kms.Options{Region: "us-east-1", BaseEndpoint: aws.String(s.Where.KMS), Credentials: login})}}
	id := func() string { return sampleID }
	accounts := &account.Service{Store: store, Box: box, Carriers: carrier.Registry{ups.Name: ups.New(ups.Options{Now: time.Now})}, Now: time.Now, NewID: id, Random: rand.Reader}
	if _, _, _, err := accounts.CreateTenant(ctx, "Sample", ship.Test); err != nil {
		return err
	}
	for _, key := range []string{sampleKey, otherKey} {
		k := account.Key{ID: key, Tenant: sampleTenant, Name: key, Mode: ship.Test, Scopes: account.AllScopes(), Hash: make([]byte, 32), CreatedAt: time.Now()}
		if err := store.EnlistAPIKey(ctx, sampleTenant, k); err != nil {
			return err
		}
		if err := store.PutAPIKey(ctx, sampleTenant, k); err != nil {
			return err
		}
	}
	if _, err := accounts.CreateCarrierAccount(ctx, sampleTenant, ship.Test, account.Input{Carrier: "ups", Number: "A1B2C3",
		Credentials: map[string]string{"client_id": "sample", "client_secret": "sample-secret"}}); err != nil {
		return err
	}
	endpoints := callback.Service{Store: store, Box: box, Now: time.Now, NewID: id, Random: rand.Reader}
	if _, _, err := endpoints.CreateEndpoint(ctx, sampleTenant, ship.Test, callback.EndpointInput{URL: "https://example.com/sample"}); err != nil {
		return err
	}
	batches := &batch.Service{Reader: store, Writer: store, Now: time.Now, Due: time.Minute}
	_, err := batches.Accept(ctx, sampleTenant, ship.Test, sampleBatch, []string{`{"reference":"SAMPLE-1"}`, `{"reference":"SAMPLE-2"}`})
	return err
}
